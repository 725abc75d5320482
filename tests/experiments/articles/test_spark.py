"""Spark gives the rows that one machine gives; what can't be done there is said in one line, and nothing is left."""

import importlib.util
import json
import os
import pickle
import shutil
import signal
import socket
import subprocess
import sys
import threading
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from experiments.articles import cluster, spark
from experiments.articles.batches import Scorer
from experiments.articles.cluster import ClusterJob, check_job
from experiments.articles.inputs import PLAIN, Columns
from experiments.articles.write import row_format
from experiments.commands.main import app
from experiments.config.files import load_config
from experiments.corpus.rows import load_labelled
from experiments.errors import InputError, UnfinishedError
from experiments.training.fitting import fit
from tests.conftest import ROOT, write_jsonl

WORKERS = "local-cluster[2,1,1024]"
LACKING = [
    name
    for name, there in {"pyspark": importlib.util.find_spec("pyspark"), "Java": shutil.which("java")}.items()
    if not there
]
on_cluster = pytest.mark.skipif(bool(LACKING), reason=f"needs {' and '.join(LACKING)} (make test-spark)")
SENTENCES = [json.loads(line)["text"] for line in (ROOT / "seeds/framing/sentences.jsonl").open(encoding="utf-8")][:300]
ARTICLES = [
    {"key": f"a{at}", "body": " ".join(SENTENCES[5 * at : 5 * at + 5]), "outlet": f"The {at % 3}", "n": at / 2}
    for at in range(60)
] + [{"key": "quiet", "body": "", "outlet": "The 0", "n": 7.0}]


def by_place(table):
    return sorted(table.to_pylist(), key=lambda row: (row["article"], row["sentence"]))


def alike(row, other):
    """Whether two rows are the same, numbers to the fourth digit."""
    return list(row) == list(other) and all(
        abs(value - other[name]) < 5e-5 if isinstance(value, float) else value == other[name]
        for name, value in row.items()
    )


# On a cluster of two worker processes


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """Spark as pyspark brings it, in a folder where its workers may leave what they write."""
    there = os.path.dirname(importlib.util.find_spec("pyspark").origin)
    place = tmp_path_factory.mktemp("spark")
    for name in os.listdir(there):
        (place / name).symlink_to(os.path.join(there, name))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SPARK_HOME", str(place))
        patch.setenv("PYTHONPATH", str(ROOT))
        patch.setenv("PYSPARK_PYTHON", sys.executable)
        yield place


@pytest.fixture(scope="module")
def model(classifier, tmp_path_factory):
    folder = tmp_path_factory.mktemp("model") / "framing"
    classifier.save(folder)
    return folder


def score(folder, *options, **environment):
    command = [sys.executable, "-m", "experiments", "score", *map(str, options)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(folder / "tmp"), **environment}
    (folder / "tmp").mkdir(exist_ok=True)
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=300)


@on_cluster
@pytest.mark.slow
def test_cluster_gives_the_rows_of_a_local_run_and_leaves_nothing_else(home, model, tmp_path):
    write_jsonl(tmp_path / "articles.jsonl", ARTICLES)
    options = ["articles.jsonl", "-m", model, "--text", "body", "--id", "key", "--keep", "outlet,n", "--json"]
    one = score(tmp_path, *options, "-o", "one.parquet")
    many = score(tmp_path, *options, "-o", "scored/", "--engine", "spark", "--master", WORKERS)
    assert one.returncode == 0 and many.returncode == 0, many.stderr
    expected, found = pq.read_table(tmp_path / "one.parquet"), pq.read_table(tmp_path / "scored")
    assert found.schema.remove_metadata() == expected.schema.remove_metadata()
    assert found.num_rows == expected.num_rows > 250
    pairs = zip(by_place(found), by_place(expected), strict=True)
    assert [(row, other) for row, other in pairs if not alike(row, other)] == []
    say = json.loads(many.stdout)
    of_place = ("seconds", "output")
    assert {**say, **dict.fromkeys(of_place)} == {**json.loads(one.stdout), **dict.fromkeys(of_place)}
    assert "1 of 61 rows have no text in column 'body'; skipped" in many.stderr
    assert (tmp_path / "scored" / "_SUCCESS").exists()
    assert sorted(os.listdir(tmp_path)) == ["articles.jsonl", "one.parquet", "scored", "tmp"]
    assert [name for name in os.listdir(tmp_path / "tmp") if not name.startswith("hsperfdata")] == []


@on_cluster
@pytest.mark.slow
def test_bad_rows_end_the_job_with_their_place_or_are_left_out(home, model, tmp_path):
    (tmp_path / "in").mkdir()
    rows = [{"id": "a", "text": "The army will attack."}, {"id": None, "text": "They signed an accord."}]
    bad = write_jsonl(tmp_path / "in" / "bad.jsonl", rows)
    (tmp_path / "in" / "README").write_text("no table", encoding="utf-8")
    options = ["in", "-m", model, "-o", "scored", "--engine", "spark", "--master", "local[1]"]
    result = score(tmp_path, *options)
    assert result.returncode == 2 and "has no id in column 'id'" in result.stderr, result.stderr
    assert "in/bad.jsonl" in result.stderr and "Traceback" not in result.stderr
    assert not (tmp_path / "scored").exists()
    with bad.open("a", encoding="utf-8") as file:
        file.write('{"id": "b", "text": "They\n')
    result = score(tmp_path, *options)
    assert result.returncode == 2 and 'is no row of the table: {"id": "b", "text": "They' in result.stderr
    result = score(tmp_path, *options, "--on-error", "skip", "--json")
    assert result.returncode == 0, result.stderr
    assert json.loads(result.stdout)["rows_left_out"] == 2 and result.stderr.count("; left out") == 2
    assert pq.read_table(tmp_path / "scored")["article"].to_pylist() == ["a"]


@on_cluster
@pytest.mark.slow
def test_parquet_gives_the_same_rows_as_json_lines(home, model, tmp_path):
    write_jsonl(tmp_path / "articles.jsonl", ARTICLES[:9])
    (tmp_path / "in").mkdir()
    pq.write_table(pa.Table.from_pylist(ARTICLES[:5]), tmp_path / "in" / "one.parquet")
    pq.write_table(pa.Table.from_pylist(ARTICLES[5:9]), tmp_path / "in" / "two.parquet")
    options = ["-m", model, "--text", "body", "--id", "key", "--keep", "outlet,n"]
    one = score(tmp_path, "articles.jsonl", *options, "-o", "one.parquet")
    many = score(tmp_path, "in", *options, "-o", "scored", "--engine", "spark", "--master", "local[1]")
    assert one.returncode == 0 and many.returncode == 0, many.stderr
    pairs = zip(
        by_place(pq.read_table(tmp_path / "scored")), by_place(pq.read_table(tmp_path / "one.parquet")), strict=True
    )
    assert [(row, other) for row, other in pairs if not alike(row, other)] == []
    (tmp_path / "in" / "two.parquet").write_bytes((tmp_path / "in" / "two.parquet").read_bytes()[:-50])
    cut = score(tmp_path, "in", *options, "-o", "again", "--engine", "spark", "--master", "local[1]")
    assert cut.returncode in (1, 2) and "two.parquet" in cut.stderr and "Traceback" not in cut.stderr, cut.stderr
    assert not (tmp_path / "again").exists()


@pytest.fixture(scope="module")
def session(home, tmp_path_factory):
    from pyspark.sql import SparkSession

    warehouse = tmp_path_factory.mktemp("warehouse").as_uri()
    settings = {"spark.sql.warehouse.dir": warehouse, "spark.log.level": "OFF", "spark.ui.enabled": "false"}
    builder = SparkSession.builder.master(WORKERS).config(map=settings)
    session = builder.getOrCreate()
    yield session
    session.stop()
    cluster.end_java()


@pytest.fixture(scope="module")
def stance(tmp_path_factory):
    sides = {"favor": "We need", "against": "Nobody wants", "none": "The council lists"}
    rows = [
        {"text": f"{start} quays in district {n}.", "target": target, "label": label}
        for target in ("the harbour toll", "night buses")
        for label, start in sides.items()
        for n in range(6)
    ]
    path = write_jsonl(tmp_path_factory.mktemp("rows") / "rows.jsonl", rows)
    config = load_config("stance/default", [f"data.train={path}", "features=[{type: words, min_df: 1}]"])
    return fit(config, load_labelled(config.data.train, config.task, config.data, print))


@on_cluster
@pytest.mark.slow
def test_frame_of_ones_own_session_is_scored(session, stance):
    classifier = stance.towards("the harbour toll")
    rows = [(7, "Nobody wants a harbour toll. Tickets cost ten euros.\n\nPublished 12:03 GMT\n", "A"), (8, None, "B")]
    frame = session.createDataFrame(rows, "number int, `the.body` string, outlet string")
    found = spark.scored_frame(frame, classifier, text="the.body", id="number", keep=("outlet",)).collect()
    columns = Columns("the.body", "number", ("outlet",))
    assert [row.asDict() for row in found] == scored_here(
        classifier, [{"id": 7, "text": rows[0][1], "kept_0": "A"}], columns
    )
    assert [row["touches_target"] for row in found] == [True, False, None]
    assert found[0]["target_in_training"] is True and found[2]["boilerplate"] is True


def _end():
    os.kill(os.getpid(), signal.SIGKILL)


class Killer:
    """What ends the process that unpacks it."""

    def __reduce__(self):
        return _end, ()


@on_cluster
@pytest.mark.slow
def test_process_that_is_killed_ends_the_job_in_one_line(session, classifier):
    frame = session.createDataFrame([("a", "The army will attack.")], "id string, text string")
    with pytest.raises(UnfinishedError, match="was lost again and again") as error, cluster._in_one_line():
        spark.scored_frame(frame, replace(classifier, pipeline=Killer())).collect()
    assert "\n" not in str(error.value)
    assert spark.scored_frame(frame, classifier).count() == 1  # the cluster has another process for the next


def executors():
    """Return the processes below this one that work for Spark, by their number."""
    parents, backends = {}, set()
    for number in filter(str.isdigit, os.listdir("/proc")):
        with suppress(OSError):
            parents[int(number)] = int(Path("/proc", number, "stat").read_text().rpartition(")")[2].split()[1])
            command = Path("/proc", number, "cmdline").read_bytes().split(b"\0")
            if b"org.apache.spark.executor.CoarseGrainedExecutorBackend" in command and b"java" in command[0]:
                backends.add(int(number))

    def below(number):
        return number == os.getpid() or (number in parents and below(parents[number]))

    return sorted(each for each in backends if below(each))


@on_cluster
@pytest.mark.slow
def test_executor_that_is_lost_costs_no_row(session, classifier):
    rows = [(f"{at}", SENTENCES[at % 300]) for at in range(3000)]
    frame = session.createDataFrame(rows, "id string, text string").repartition(60)
    before = executors()
    assert len(before) == 2
    killer = threading.Timer(1.0, os.kill, (before[0], signal.SIGKILL))
    killer.start()
    found = spark.scored_frame(frame, classifier).collect()
    killer.join()
    assert before[0] not in executors()
    assert sorted({int(row["article"]) for row in found}) == list(range(3000))
    places = [(row["article"], row["sentence"]) for row in found]
    assert len(places) == len(set(places))


# Without a cluster


class Sent:
    """A broadcast."""

    def __init__(self, value):
        self.value = value


class Gathered:
    """An accumulator."""

    def __init__(self):
        self.value = spark.Tally()

    def add(self, tally):
        self.value = spark.Adding().addInPlace(self.value, tally)


def scored_here(classifier, rows, columns=PLAIN, lenient=False, tally=None):
    """What an executor would give for rows of id, text and maybe corrupt, file and kept_0."""
    content = pickle.dumps(Scorer(classifier, row_format(classifier, "parquet", columns.keep)))
    names = ["id", "text", "corrupt", "file", *(f"kept_{at}" for at in range(len(columns.keep)))]
    batches = [pa.RecordBatch.from_pylist([{name: row.get(name) for name in names}]) for row in rows]
    done = spark.score_task(batches, str(hash(content)), Sent(content), columns, lenient, tally)
    return [row for batch in done for row in batch.to_pylist()]


def test_task_counts_what_it_scores_and_what_it_leaves_out(classifier):
    tally = Gathered()
    rows = [
        {"id": 1.0, "text": "The army will attack. It rained on Monday."},
        {"id": "2", "text": " "},
        {"id": " ", "text": "They met.", "file": "f.csv"},
        {"id": "4", "text": "They met.", "corrupt": "4,They,met", "file": "f.csv"},
    ]
    found = scored_here(classifier, rows, lenient=True, tally=tally)
    assert [(row["article"], row["sentence"]) for row in found] == [("1", 0), ("1", 1)]
    counts = dict(tally.value.counts)
    assert counts == {
        "rows": 4, "empty": 1, "left_out": 2, "articles": 1, "sentences": 2, "boilerplate": 0, "untouched": 0,
        "label:threat": 1, "label:cooperation": 0,
    }  # fmt: skip
    assert [line.partition(":")[0] for line in tally.value.left_out] == ["f.csv", "f.csv row 4"]
    with pytest.raises(InputError, match="has no id in column 'id'"):
        scored_here(classifier, rows)


def test_task_unpacks_a_model_once_a_process(classifier, monkeypatch):
    monkeypatch.setattr(spark._Own, "digest", None)
    scorer = Scorer(classifier, row_format(classifier, "parquet"))
    assert spark._scorer("7", Sent(pickle.dumps(scorer))) is spark._scorer("7", None)
    spark._scorer("8", Sent(pickle.dumps(scorer)))
    assert spark._Own.digest == "8"


class Frame:
    """As much of a DataFrame as its columns."""

    dtypes = (("id", "bigint"), ("body", "string"), ("n", "double"))
    columns = ("id", "body", "n")


@pytest.mark.parametrize(
    ("columns", "line"),
    [
        (Columns("text"), "have no column 'text' for the text; they have id, body, n (name one with --text)"),
        (
            Columns("body", "key"),
            "no column 'key' for the id, which Spark needs; they have id, body, n (name one with --id)",
        ),
        (Columns("body", keep=("outlet",)), "no column 'outlet' to keep; they have id, body, n (name one with --keep)"),
        (Columns("n"), "column 'n' is of type 'double', which is no text; name another with --text"),
    ],
)
def test_columns_that_are_not_there_or_hold_no_text_are_told(columns, line):
    with pytest.raises(InputError) as error:
        spark.check_columns(Frame, columns)
    assert line in str(error.value)


@pytest.fixture
def ready(monkeypatch, tmp_path):
    """A machine on which pyspark and Java seem to be installed."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "java").touch(0o755)
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: name)
    monkeypatch.chdir(tmp_path)


def refused(**settings):
    with pytest.raises(InputError) as error:
        check_job(
            ClusterJob(**{"master": "local[1]", "inputs": ["a.csv"], "output": "out", "columns": Columns()} | settings)
        )
    assert "\n" not in str(error.value)
    return str(error.value)


def test_what_is_bound_to_fail_is_told_before_a_session_starts(ready, monkeypatch, tmp_path):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        place = f"spark://127.0.0.1:{closed.getsockname()[1]}"
        assert refused(master=place).startswith(f"--master {place}: nobody answers there")
    assert "is no address of a Spark cluster" in refused(master="mars")
    assert "'x' is no port" in refused(master="spark://mars:x")
    assert "Spark reads no standard input" in refused(inputs=["-"])
    assert "--input-format html: Spark reads tables here; choose jsonl, csv" in refused(format="html")
    (tmp_path / "out").mkdir()
    assert refused().startswith("out: is there already")
    monkeypatch.setenv("JAVA_HOME", "/nowhere")
    assert "Spark needs Java, and JAVA_HOME=/nowhere has no bin/java" in refused(output="other")
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert "pip install 'framescope[spark]'" in refused(output="other")


def test_machine_that_has_all_is_not_refused(ready):
    with socket.create_server(("127.0.0.1", 0)) as master:
        place = f"spark://127.0.0.1:1,127.0.0.1:{master.getsockname()[1]}"  # a standby, and one that answers
        check_job(ClusterJob(place, ["a.csv"], "s3a://bucket/out", Columns()))


SPARK = ["--engine", "spark", "--master", "local[1]", "-o", "out"]


@pytest.mark.parametrize(
    ("options", "line"),
    [
        ([*SPARK, "--resume"], "--resume: means nothing to --engine spark"),
        ([*SPARK, "--jobs", "2"], "--jobs: means nothing to --engine spark"),
        ([*SPARK, "--deduplicate"], "--deduplicate: means nothing to --engine spark"),
        ([*SPARK, "--format", "html"], "--format: means nothing to --engine spark"),
        ([*SPARK, "--encoding", "cp1252"], "--encoding: means nothing to --engine spark"),
        ([*SPARK, "--no-header"], "--no-header: means nothing to --engine spark"),
        ([*SPARK, "--on-error", "perhaps"], "--on-error perhaps: choose skip or stop"),
        (SPARK[:4], "name a new one with -o scored/"),
        ([*SPARK[:2], "-o", "out"], "add --master spark://HOST:7077"),
        (["--engine", "flink"], "--engine flink: choose local or spark"),
        (["--master", "yarn"], "--master yarn: goes with --engine spark"),
    ],
)
def test_options_that_make_no_sense_are_refused_in_one_line(options, line, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(app, ["score", "a.jsonl", *options])
    assert result.exit_code == 2 and line in result.stderr and result.stderr.count("\n") == 1, result.stderr
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(
    ("text", "kind", "line"),
    [
        ("x\n  File\nexperiments.errors.InputError: f.csv: no id\n\tat org.apache", InputError, "f.csv: no id"),
        (
            "Job aborted: Task 0 failed 4 times: ExecutorLostFailure (executor 1 exited)",
            UnfinishedError,
            "was lost again",
        ),
        ('java.io.IOException: Cannot run program "/x/python": error=2', InputError, "no Python at /x/python"),
        ("[PATH_NOT_FOUND] Path does not exist: file:/x\n\tat org", InputError, "Path does not exist: file:/x"),
        ("", UnfinishedError, "no reason given"),
    ],
)
def test_what_spark_says_becomes_one_line(text, kind, line):
    told = cluster._told(text)
    assert type(told) is kind and line in str(told) and "\n" not in str(told)
