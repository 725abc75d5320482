"""Scores tables of articles on a Spark cluster: a session, the tables, a folder of Parquet parts."""

import importlib.util
import logging
import os
import re
import shutil
import socket
import sys
import tempfile
import threading
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from experiments.articles.inputs import Columns
from experiments.articles.score import known_target
from experiments.articles.spark import CORRUPT, Adding, Tally, check_columns, score_rows
from experiments.articles.write import ScoreSummary, row_format, unknown_target
from experiments.errors import InputError, UnfinishedError, cut
from experiments.model import SentenceClassifier
from experiments.notices import Warn
from experiments.tables.packed import endings_of

FORMATS = {"jsonl": (".jsonl", ".ndjson"), "csv": (".csv",), "tsv": (".tsv",), "parquet": (".parquet",)}
"""What Spark reads for us, and the endings of files that hold it."""

PACKED = ("", ".gz", ".bz2", ".zst")
"""How they may be packed; Hadoop has no ``.xz``."""

WAIT = 120.0
"""Seconds that a cluster has to give a first executor, before it is taken for one that has none to give."""

ANSWER = 5.0
"""Seconds that a master has to accept a connection."""

_SETTINGS = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.caseSensitive": "true",
    # a task: some 100,000 sentences, so that a lost one costs minutes and a file of a few MB has work for several cores
    "spark.sql.files.maxPartitionBytes": "16m",
    "spark.sql.files.openCostInBytes": "64k",
    "spark.sql.execution.arrow.maxRecordsPerBatch": "500",
}


@dataclass(frozen=True)
class ClusterJob:
    """What is scored where.

    Attributes
    ----------
    master : str
        The cluster's address, as Spark has it: ``spark://host:7077``, ``yarn``, ``k8s://https://host:443``,
        ``local[4]``.
    inputs : sequence of str
        Files, folders or patterns, all of one format, as Spark reads them: each executor must see them.
    output : str
        A folder that isn't there yet.
    columns : Columns
        Where the tables have what.
    format : str, optional
        One of :data:`FORMATS`; by default what the files' endings say.
    lenient : bool, default False
        Whether rows that can't be scored are left out.
    loud : bool, default False
        Whether Spark logs on standard error.
    """

    master: str
    inputs: Sequence[str]
    output: str
    columns: Columns
    format: str | None = None
    lenient: bool = False
    loud: bool = False


def check_job(job: ClusterJob) -> None:
    """Look for what can be known to fail before a session starts, which takes seconds.

    Raises
    ------
    InputError
        If pyspark or Java is missing, the master's address is none or nobody answers there, the output is there
        already, or the format isn't read in Spark.
    """
    if "-" in job.inputs:
        raise InputError("Spark reads no standard input; name files, folders or patterns that its executors see")
    if job.format is not None and job.format.lower() not in FORMATS:
        raise InputError(f"--input-format {job.format}: Spark reads tables here; choose {', '.join(FORMATS)}")
    if _is_local(job.output) and os.path.lexists(_plain(job.output)):
        raise InputError(f"{job.output}: is there already; name a new folder for the scores, or remove it")
    if importlib.util.find_spec("pyspark") is None:
        raise InputError("--engine spark needs pyspark; install it with: pip install 'framescope[spark]'")
    home = os.environ.get("JAVA_HOME")
    if not (os.access(Path(home, "bin", "java"), os.X_OK) if home else shutil.which("java")):
        where = f"JAVA_HOME={home} has no bin/java" if home else "no java is on the PATH"
        raise InputError(
            f"Spark needs Java, and {where}; install version 17 or later (Debian: apt-get install default-jre-headless)"
        )
    _check_master(job.master)


def score_cluster(classifier: SentenceClassifier, job: ClusterJob, warn: Warn) -> ScoreSummary:
    """Score tables of articles on a Spark cluster, and write a folder of Parquet parts.

    Rows are those that :func:`experiments.articles.write.score_to` writes as Parquet, in no order of parts.

    Parameters
    ----------
    classifier : SentenceClassifier
        Sent to each executor once.
    job : ClusterJob
        What is scored where.
    warn : callable
        Called with a line for what the user should know.

    Raises
    ------
    InputError
        As :func:`check_job` does; and if inputs are missing or of several formats, lack a column, hold a row at fault
        (which is then not to be left out) or no text at all, or executors can't import framescope. The output is
        removed then.
    UnfinishedError
        If the cluster gave no executor in :data:`WAIT` seconds, or one was lost again and again.
    """
    check_job(job)
    row_format(classifier, "parquet", job.columns.keep)
    if note := unknown_target(classifier):
        warn(f"note: {note}")
    with _session(job) as spark, _in_one_line():
        _check_executors(spark)
        if _exists(spark, job.output):
            raise InputError(f"{job.output}: is there already; name a new folder for the scores, or remove it")
        started = time.perf_counter()
        frame = _articles(spark, job)
        if not frame.columns:
            raise InputError(f"{', '.join(job.inputs)}: holds no rows")
        check_columns(frame, job.columns)
        from pyspark.sql import functions

        file = functions.input_file_name()
        if not job.lenient:
            _refuse_corrupt(frame, job.columns, file)
        tally = spark.sparkContext.accumulator(Tally(), Adding())
        try:
            scored = score_rows(frame, classifier, job.columns, job.lenient, tally, file)
            scored.write.mode("errorifexists").parquet(_place(job.output))
            if not tally.value.counts["articles"]:
                raise InputError(_nothing(job, tally.value.counts))
        except BaseException:
            with suppress(Exception):
                spark.sparkContext.cancelAllJobs()
            with suppress(Exception):
                _delete(spark, job.output)
            raise
    return _summary(classifier, job, tally.value, time.perf_counter() - started, warn)


def _nothing(job: ClusterJob, counts: Any) -> str:
    if not counts["rows"]:
        return f"{', '.join(job.inputs)}: holds no rows"
    if counts["left_out"]:
        return f"{', '.join(job.inputs)}: none of its {counts['rows']:,} rows can be scored"
    return f"column {job.columns.text!r} holds no text in any of the {counts['rows']:,} rows"


def _summary(classifier: SentenceClassifier, job: ClusterJob, tally: Tally, seconds: float, warn: Warn) -> ScoreSummary:
    counts = tally.counts
    for line in tally.left_out:
        warn(f"{line}; left out")
    if (more := counts["left_out"] - len(tally.left_out)) > 0:
        warn(f"... and {more:,} more like these")
    if counts["empty"]:
        warn(f"{counts['empty']} of {counts['rows']} rows have no text in column {job.columns.text!r}; skipped")
    summary = ScoreSummary(
        articles=counts["articles"],
        sentences=counts["sentences"],
        boilerplate=counts["boilerplate"],
        labels={label: counts[f"label:{label}"] for label in classifier.labels},
        target=classifier.target,
        rows_left_out=counts["left_out"],
        seconds=seconds,
        sentences_per_second=counts["sentences"] / seconds if seconds else 0.0,
    )
    if (known := known_target(classifier)) is not None:
        summary.target_in_training, summary.untouched = known, counts["untouched"]
    return summary


# The session


def _check_master(master: str) -> None:
    """Make sure that somebody answers at a master's address: Spark itself tries for minutes, or for ever."""
    if re.fullmatch(r"local(\[[\d*]+(,\s*\d+)?\])?|local-cluster\[\d+,\s*\d+,\s*\d+\]|yarn", master):
        return
    if not (found := re.fullmatch(r"(spark|k8s)://(?:https?://)?([^/]+)/?", master)):
        raise InputError(
            f"--master {master}: is no address of a Spark cluster; write spark://HOST:PORT, yarn, "
            "k8s://https://HOST:PORT or local[CORES]"
        )
    faults = []
    for place in found[2].split(","):
        host, _, port = place.rpartition(":") if ":" in place else (place, "", "443" if found[1] == "k8s" else "7077")
        if not port.isdecimal():
            raise InputError(f"--master {master}: {port!r} is no port; write spark://HOST:7077")
        try:
            socket.create_connection((host.strip("[]"), int(port)), ANSWER).close()
            return
        except (OSError, OverflowError, UnicodeError) as error:
            faults.append(f"{place}: {getattr(error, 'strerror', None) or error or 'no answer'}")
    raise InputError(
        f"--master {master}: nobody answers there ({'; '.join(faults)}); is the master up, and is that its address?"
    )


@contextmanager
def _session(job: ClusterJob) -> Iterator[Any]:
    """Start a session of our own, and end it with all that it has left on this machine."""
    from pyspark.sql import SparkSession

    if SparkSession.getActiveSession() is not None:
        raise InputError("a Spark session is open in this process; use experiments.articles.spark.scored_frame with it")
    former, disabled = os.environ.get("PYSPARK_PYTHON"), logging.root.manager.disable
    with tempfile.TemporaryDirectory(prefix="framescope-spark-") as place, warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # pyspark tells its users which pandas it would rather have
        # on one machine this interpreter has what is needed; elsewhere the user says which one does
        os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
        builder = SparkSession.builder.master(job.master).appName("framescope score")
        for name, value in _SETTINGS.items():
            builder = builder.config(name, value)
        builder = builder.config("spark.sql.warehouse.dir", Path(place, "warehouse").as_uri())
        builder = builder.config("spark.ui.showConsoleProgress", str(sys.stderr.isatty()).lower())
        spark = None
        if not job.loud:
            # an interrupt reaches py4j as a broken connection, of which it logs the traceback
            logging.disable(logging.CRITICAL)
            builder = builder.config("spark.log.level", "OFF")
        try:
            with _in_one_line():
                spark = builder.getOrCreate()
            yield spark
        finally:
            if spark is not None:
                with suppress(Exception):  # of a session that is broken already
                    spark.stop()
            if former is None:
                os.environ.pop("PYSPARK_PYTHON", None)
            end_java()
            logging.disable(disabled)


def end_java() -> None:
    """End the Java process that the session has started, and wait for it: it removes its own folders."""
    from pyspark import SparkContext

    gateway = SparkContext._gateway
    if gateway is None:
        return
    process = getattr(gateway, "proc", None)
    with suppress(Exception):
        gateway.shutdown()
    SparkContext._gateway = SparkContext._jvm = None
    if process is not None:
        with suppress(Exception):
            process.stdin.close()  # at which it ends
            process.wait(20)
        if process.poll() is None:
            process.kill()


def _check_executors(spark: Any) -> None:
    """Have an executor say whether it can work, within :data:`WAIT` seconds."""
    context = spark.sparkContext
    late = threading.Event()

    def give_up() -> None:
        late.set()
        context.cancelAllJobs()

    timer = threading.Timer(WAIT, give_up)
    timer.daemon = True
    timer.start()
    try:
        (fault,) = context.parallelize([0], 1).map(_probe()).collect()
    except Exception as error:
        if late.is_set():
            raise UnfinishedError(
                f"the cluster gave no executor within {WAIT:.0f} seconds: has it workers, with cores and memory free "
                "for spark.executor.cores and spark.executor.memory?"
            ) from None
        raise error
    finally:
        timer.cancel()
    if fault:
        raise InputError(
            f"an executor's Python can't load framescope ({fault}); install it there too, and name that Python in "
            "PYSPARK_PYTHON"
        )


def _probe() -> Callable[[int], str]:
    def probe(_: int) -> str:
        try:
            import experiments.articles.spark  # noqa: F401
        except Exception as error:
            return f"{type(error).__name__}: {error}"
        return ""

    return probe  # is sent as it stands, being no name of a module that an executor may not have


# What Spark says, in one line


@contextmanager
def _in_one_line() -> Iterator[None]:
    """Turn an exception of Spark's into one of ours."""
    try:
        yield
    except (InputError, UnfinishedError):
        raise
    except Exception as error:
        if not _of_spark(error):
            raise
        raise _told(str(error)) from error


def _of_spark(error: Exception) -> bool:
    return type(error).__module__.partition(".")[0] in ("pyspark", "py4j") or isinstance(error, ConnectionError)


def _told(text: str) -> Exception:
    r"""Return what an exception's text comes to.

    Examples
    --------
    >>> _told("... Traceback (most recent call last):\n  File ...\nexperiments.errors.InputError: a.csv: no\n\tat org")
    InputError('a.csv: no')
    """
    if found := re.findall(r"experiments\.errors\.InputError: (.+)", text):
        return InputError(found[-1].strip())
    if "ExecutorLostFailure" in text or "exited unexpectedly" in text or "MetadataFetchFailed" in text:
        return UnfinishedError(
            "an executor or its Python process was lost again and again, mostly since memory ran out; give each more "
            "(spark.executor.memoryOverhead) or fewer cores (spark.executor.cores); nothing is written"
        )
    if "Cannot run program" in text:
        program = re.findall(r'Cannot run program "([^"]*)"', text)
        return InputError(
            f"an executor has no Python at {', '.join(program[:1])}; name the one that has framescope in PYSPARK_PYTHON"
        )
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    causes = [line for line in lines if line.startswith(("Caused by:", "java.", "org.apache", ": "))]
    kind = (
        InputError
        if re.search(r"PATH_NOT_FOUND|PYTHON_VERSION_MISMATCH|UnknownHost|FAILED_READ_FILE", text)
        else UnfinishedError
    )
    said = [*lines[:1], *causes[-1:]] if lines else ["no reason given"]
    return kind("Spark: " + "; ".join(dict.fromkeys(line.removeprefix(": ") for line in said)))


# Files, as Spark sees them


def _articles(spark: Any, job: ClusterJob) -> Any:
    """Return the rows of the inputs, all columns of text files as what they look like."""
    named, format, partitioned = _looked_for(spark, job)
    endings = ",".join(ending.lstrip(".") + packing for ending in FORMATS[format] for packing in PACKED)
    reader = spark.read
    if job.format is None:
        reader = reader.option("pathGlobFilter", f"*.{{{endings}}}")
    if not partitioned:
        reader = reader.option("recursiveFileLookup", "true")
    if format == "parquet":
        return reader.parquet(*named)
    if format == "jsonl":
        return reader.option("columnNameOfCorruptRecord", CORRUPT).json(named)
    reader = reader.option("header", "true").option("sep", "\t" if format == "tsv" else ",")
    # texts have line breaks, and quotes are written twice
    reader = reader.option("multiLine", "true").option("quote", '"').option("escape", '"')
    from pyspark.sql.types import StringType, StructField, StructType

    fields = [StructField(name, StringType()) for name in reader.csv(named).columns]
    schema = StructType([*fields, StructField(CORRUPT, StringType())])
    reader = reader.option("enforceSchema", "false").option("columnNameOfCorruptRecord", CORRUPT)
    return reader.schema(schema).csv(named)


def _looked_for(spark: Any, job: ClusterJob) -> tuple[list[str], str, bool]:
    """Return the inputs as Spark names them, their format, and whether folders stand for columns (``year=2024``)."""
    named, formats, partitioned = [], dict[str, str](), False
    for name in job.inputs:
        place = _place(name)
        files, system = _found(spark, place)
        if not files:
            raise InputError(f"{name}: no such file or folder where Spark looks ({system})")
        format = job.format.lower() if job.format else next((kind for file in files if (kind := _format(file))), None)
        if format is None:
            read = ", ".join(ending for endings in FORMATS.values() for ending in endings)
            raise InputError(
                f"{name}: holds no table that Spark reads here ({read}; packed: {', '.join(PACKED[1:])}), such as "
                f"{files[0].rpartition('/')[2]} is none; name the format with --input-format"
            )
        formats[format] = name
        named.append(place)
        partitioned = partitioned or any("=" in part for part in files[0].split("/")[:-1])
    if len(formats) > 1:
        shown = ", ".join(f"{name} is {format}" for format, name in formats.items())
        raise InputError(f"inputs of several formats ({shown}); score each format by itself")
    return named, next(iter(formats)), partitioned


def _format(file: str) -> str | None:
    own, packing = endings_of(file)
    return next((name for name, endings in FORMATS.items() if own in endings and packing in PACKED), None)


def _found(spark: Any, place: str, most: int = 1000) -> tuple[list[str], str]:
    """Return some of the files that a path or pattern stands for, hidden ones left out, and their file system."""
    path, system = _system(spark, place)
    files: list[str] = []
    for state in system.globStatus(path) or ():
        if not state.isDirectory():
            files.append(state.getPath().toString())
            continue
        below = system.listFiles(state.getPath(), True)
        while below.hasNext() and len(files) < most:
            file = below.next().getPath().toString()
            inside = file.removeprefix(state.getPath().toString())
            if not any(part.startswith((".", "_")) for part in inside.split("/") if part):
                files.append(file)
            if files and _format(files[-1]):
                break
    return sorted(files, key=lambda file: _format(file) is None), str(system.getUri().toString())


def _system(spark: Any, place: str) -> tuple[Any, Any]:
    context = spark.sparkContext
    path = context._jvm.org.apache.hadoop.fs.Path(place)
    return path, path.getFileSystem(context._jsc.hadoopConfiguration())


def _exists(spark: Any, output: str) -> bool:
    path, system = _system(spark, _place(output))
    return bool(system.exists(path))


def _delete(spark: Any, output: str) -> None:
    path, system = _system(spark, _place(output))
    system.delete(path, True)


def _is_local(name: str) -> bool:
    return "://" not in name and not re.match(r"[a-z0-9]+:/", name)


def _plain(name: str) -> str:
    return os.path.abspath(os.path.expanduser(name))


def _place(name: str) -> str:
    """Return a path as Spark takes it: those without a scheme lie on this machine's disks, whatever a cluster's is."""
    return f"file://{_plain(name)}" if _is_local(name) else name


def _refuse_corrupt(frame: Any, columns: Columns, file: Any) -> None:
    """Raise at the first line that is no row, before hours have gone into those before it."""
    if CORRUPT not in frame.columns or frame.sparkSession is None:
        return
    found = frame.where(frame[CORRUPT].isNotNull()).select(file, *frame.columns).limit(1).collect()
    if found:
        line = cut(str(found[0][CORRUPT]).strip())
        raise InputError(
            f"{found[0][0]}: a line is no row of the table: {line} (mend it, or leave such lines out with "
            "--on-error skip)"
        )
