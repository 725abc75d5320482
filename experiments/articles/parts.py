"""Finished parts of a long output: what a job that was ended has done stays, and the next goes on after it."""

import json
import os
import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, Any

from experiments.articles.batches import Counts
from experiments.articles.rows import RowFormat
from experiments.errors import InputError
from experiments.output import writing

MANIFEST = "manifest.json"

_KIND = "framescope scored parts, 1"
_PART = re.compile(r"part-\d{5,}\.(?:jsonl|csv|parquet)")

Job = Callable[[], Mapping[str, Any]]
"""Returns what tells a job from another: the model, the inputs and how they are read."""


@dataclass
class Parts:
    """The parts of an output that are finished.

    Attributes
    ----------
    folder : Path
        Where they are.
    rows : RowFormat
        Their form.
    whole : bool
        Whether each is a table of its own (with a header in CSV), or they are put together in the end.
    job : mapping
        What tells the job from another.
    done : list of dict
        File, counts and number of documents of each.
    complete : bool
        Whether all is done.
    """

    folder: Path
    rows: RowFormat
    whole: bool
    job: Mapping[str, Any]
    done: list[dict[str, Any]] = field(default_factory=list)
    complete: bool = False

    @property
    def documents(self) -> int:
        """How many documents the parts are made of."""
        return sum(part["documents"] for part in self.done)

    @property
    def share(self) -> float | None:
        """How much of the input that is."""
        return self.done[-1]["share"] if self.done else None

    @property
    def counts(self) -> Counts:
        """What they hold."""
        counts = Counts()
        for part in self.done:
            counts.add(Counts(**part["counts"]))
        return counts

    def add(self, content: list[Any], counts: Counts, documents: int, share: float | None) -> None:
        """Write a part, then say that it is there: a kill between the two leaves a file that is written anew."""
        name = f"part-{len(self.done):05d}.{self.rows.format}"
        write_rows(self.folder / name, self.rows, content, head=self.whole)
        self.done.append({"file": name, "documents": documents, "share": share, "counts": asdict(counts)})
        self._tell()

    def finish(self) -> None:
        """Say that no part is missing."""
        self.complete = True
        self._tell()

    def together(self, path: Path, rest: list[Any]) -> None:
        """Write all parts and what comes after them as one file."""
        with path.open("wb") as file:
            if self.rows.format != "parquet":
                file.write(self.rows.head.encode("utf-8"))
                for part in self.done:
                    with (self.folder / part["file"]).open("rb") as source:
                        shutil.copyfileobj(source, file, 1 << 20)
                for text in rest:
                    file.write(text.encode("utf-8"))
                return
            import pyarrow.parquet as pq

            with pq.ParquetWriter(file, self.rows.schema) as writer:
                for part in self.done:
                    with pq.ParquetFile(self.folder / part["file"]) as source:
                        for group in range(source.num_row_groups):
                            writer.write_table(source.read_row_group(group))
                for table in rest:
                    writer.write_table(table)

    def _tell(self) -> None:
        said = {
            "kind": _KIND,
            "complete": self.complete,
            "format": self.rows.format,
            "job": dict(self.job),
            "totals": asdict(self.counts) | {"documents": self.documents},
            "parts": self.done,
        }
        with writing(self.folder / MANIFEST) as temporary:
            temporary.write_text(json.dumps(said, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def write_rows(path: Path, rows: RowFormat, content: list[Any], head: bool = True) -> None:
    """Write what batches have as a file, which appears when it is whole."""
    with writing(path) as temporary:
        if rows.format == "parquet":
            import pyarrow.parquet as pq

            with pq.ParquetWriter(temporary, rows.schema) as writer:
                for table in content:
                    writer.write_table(table)
            return
        with temporary.open("w", encoding="utf-8", newline="") as stream:
            write_text(stream, rows, content, head)


def write_text(stream: IO[str], rows: RowFormat, content: list[Any], head: bool = True) -> None:
    """Write what batches have as text."""
    if head:
        stream.write(rows.head)
    for text in content:
        stream.write(text)


def folder_beside(output: Path) -> Path:
    """Return where the parts of an output wait that will be one file."""
    return output.parent / f".{output.name}.parts"


@contextmanager
def parts_in(folder: Path, rows: RowFormat, job: Mapping[str, Any], whole: bool, resume: bool) -> Iterator[Parts]:
    """Open the folder of an output's parts, for this process alone.

    Parameters
    ----------
    folder : Path
        Made if it isn't there.
    rows : RowFormat
        Their form.
    job : mapping
        What tells the job from another; compared with that of parts which are there.
    whole : bool
        Whether the folder is the output. What is in it is then never removed; else it is, unless the job goes on.
    resume : bool
        Whether to go on after the parts that are there.

    Raises
    ------
    InputError
        If the folder holds something else, parts of another job, or is written to by another process.
    """
    folder.mkdir(parents=True, exist_ok=True)
    handle = os.open(folder, os.O_RDONLY)
    try:
        _lock(handle, folder)
        there = [name for name in os.listdir(folder) if not name.endswith(".part")]
        said = _said(folder) if MANIFEST in there else None
        if whole and said is None and (strange := next((name for name in there if not _PART.fullmatch(name)), None)):
            raise InputError(
                f"{folder}: is a folder with something else in it, such as {strange}; name a new one for the parts"
            )
        if said is not None and not resume and whole:
            state = "a finished job" if said["complete"] else "parts of a job"
            advice = "name another" if said["complete"] else "go on with --resume, name another"
            raise InputError(f"{folder}: holds {state}; {advice}, or remove the folder")
        parts = Parts(folder, rows, whole, job)
        if said is not None and resume:
            _check_same(folder, said, rows, job)
            parts.done, parts.complete = list(said["parts"]), bool(said["complete"])
        known = {part["file"] for part in parts.done}
        for name in there:  # of a part that was being written, or of another job
            if _PART.fullmatch(name) and name not in known:
                (folder / name).unlink()
        if missing := next((name for name in known if name not in there), None):
            raise InputError(f"{folder / missing}: is missing; put it back, or remove the folder and begin anew")
        yield parts
    finally:
        os.close(handle)


def _lock(handle: int, folder: Path) -> None:
    try:
        import fcntl

        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise InputError(
            f"{folder}: another framescope writes there at this moment; wait for it, or name another"
        ) from None
    except (ImportError, OSError):  # a system or a disk without locks
        return


def _said(folder: Path) -> dict[str, Any]:
    path = folder / MANIFEST
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
        if said["kind"] != _KIND:
            raise ValueError
        for part in said["parts"]:
            Counts(**part["counts"])
            part["file"], part["documents"] + 0, part["share"]
        said["job"], said["format"], said["complete"]
    except (OSError, ValueError, TypeError, KeyError):
        raise InputError(f"{path}: is no list of scored parts any more; remove the folder and begin anew") from None
    return dict(said)


def _check_same(folder: Path, said: Mapping[str, Any], rows: RowFormat, job: Mapping[str, Any]) -> None:
    now = json.loads(json.dumps({**job, "format": rows.format}))
    then = {**said["job"], "format": said["format"]}
    for name in dict.fromkeys([*then, *now]):
        if then.get(name) != now.get(name):
            raise InputError(
                f"{folder}: its parts were made otherwise ({name} was {_shown(then.get(name))}, and is "
                f"{_shown(now.get(name))} now); give what it was, or remove the folder and begin anew"
            )


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) < 80 else text[:77] + "..."
