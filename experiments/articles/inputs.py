"""From what the user names (files, folders, tables, archives, standard input) to documents, none of them held long."""

import io
import os
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, BinaryIO

from experiments.articles.archives import ARCHIVES, read_archive
from experiments.articles.kinds import DOCUMENTS, ENDINGS, TABLES, TEXTS, ending_of, looks_like
from experiments.encodings import find_encoding
from experiments.errors import InputError, short
from experiments.files import find_file
from experiments.notices import Warn, to_stderr
from experiments.tables.cells import cell_key, cell_text, is_missing
from experiments.tables.json_rows import LONGEST, read_lines
from experiments.tables.packed import endings_of
from experiments.tables.read import Rows, opened

_HEAD = 1_000_000  # bytes of standard input by which its kind is told
_ARCHIVE_COLUMNS = ("url", "date")


@dataclass(frozen=True)
class Columns:
    """Where a table has what.

    Attributes
    ----------
    text, id : str
        Columns with the text and with what the article is called. Rows without an id are called ``file:number``.
    keep : tuple of str
        Columns that are carried through to the output; of a web archive ``url`` and ``date``.
    header : bool
        Whether the first line of a CSV or TSV names the columns; else they are called 1, 2, 3 and so on.
    """

    text: str = "text"
    id: str = "id"
    keep: tuple[str, ...] = ()
    header: bool = True


PLAIN = Columns()
"""Where a table has what if nothing is said."""


@dataclass(frozen=True, slots=True)
class Document:
    """What an article is made of, before it is.

    Attributes
    ----------
    id : str
        What the article will be called.
    name : str
        What to call it in a message.
    ending : str
        What it is, such as ``.html``; empty for a text that is the article as it stands.
    path : str or None
        The file that it is; None if the content is here.
    content : str or bytes
        A text, or a file's bytes.
    encoding : str or None
        The one that the user declares.
    served : str or None
        The one that a server declared.
    kept : mapping of str to str
        Columns that are carried through.
    in_folder : bool
        Whether it was found in a folder: then it is left out if it can't be read.
    share : float or None
        How much of the input has been read with it, from 0 to 1.
    """

    id: str
    name: str
    ending: str = ""
    path: str | None = None
    content: str | bytes = ""
    encoding: str | None = None
    served: str | None = None
    kept: Mapping[str, str] = field(default_factory=dict)
    in_folder: bool = False
    share: float | None = None

    @property
    def size(self) -> int:
        """Characters or bytes that it has, some; none if they can't be told."""
        if self.path is None:
            return len(self.content)
        try:
            return os.stat(self.path).st_size
        except OSError:
            return 0


def read_documents(
    inputs: Sequence[str],
    columns: Columns = PLAIN,
    encoding: str | None = None,
    warn: Warn = to_stderr,
    input_format: str | None = None,
    skip: Warn | None = None,
    bad: Callable[[InputError], None] | None = None,
) -> Iterator[Document]:
    """Find the documents of inputs one after the other; files are found and not yet read, tables are read row by row.

    Every input is looked for before the first is read, so that a typing error in the last one shows at once.

    Parameters
    ----------
    inputs, columns, encoding, warn, input_format
        As for :func:`experiments.articles.read.read_articles`.
    skip : callable, optional
        Called with the line of a file in a folder that can't be used; by default `warn` is, with "; skipped".
    bad : callable, optional
        Called with the fault of a row of a table that is then left out; by default it is raised.

    Raises
    ------
    InputError
        If an input is missing, or a table, an archive or standard input can't be read.
    """
    if not inputs:
        raise InputError("no input; name a file or a folder, or - for standard input")
    forced = ending_of(input_format) if input_format else None
    named = [(name, None if name == "-" else find_file(name)) for name in inputs]
    folders: dict[int, list[str]] = {}
    leave_out = skip or (lambda line: warn(f"{line}; skipped"))

    def left(line: str) -> None:
        leave_out(line.replace("\n", "\\n"))  # of a file's name

    for at, (name, path) in enumerate(named):
        if path is not None and path.is_dir():
            folders[at] = _files_in(path, name, warn, left)
    reader = _Reader(columns, encoding, warn, bad)

    def documents() -> Iterator[Document]:
        done, total = 0, sum(len(folders[at]) if at in folders else 1 for at in range(len(named)))
        for at, (name, path) in enumerate(named):
            if at not in folders:
                _check_name(name)
                found = reader.of_stdin(forced) if path is None else reader.of_file(name, path, forced)
                yield from _shared(found, done, total)
                done += 1
                continue
            for file in folders[at]:
                own = str(Path(name) / file)
                try:
                    _check_name(own)
                    found = reader.of_file(own, find_file(name) / file, None, in_folder=True)
                    yield from _shared(found, done, total)
                except InputError as error:
                    left(str(error))
                done += 1

    return documents()


def _shared(found: Iterator[Document], done: int, total: int) -> Iterator[Document]:
    """Yield documents with their share of all inputs in place of that of their own."""
    for document in found:
        share = None if document.share is None else (done + document.share) / total
        yield replace(document, share=share)


def _check_name(name: str) -> None:
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        raise InputError(f"{name}: the file's name is not UTF-8, as the names of articles are; rename it") from None


def _files_in(folder: Path, name: str, warn: Warn, skip: Warn) -> list[str]:
    """Return the files of a folder that can be read, relative to it; tell of those, and of folders, that can't be."""
    files: list[str] = []
    others: list[str] = []
    counts: Counter[str] = Counter()

    def closed(error: OSError) -> None:
        if Path(error.filename) == folder:
            raise InputError(f"{name}: can't be read: {error.strerror}")
        skip(f"{Path(name) / Path(error.filename).relative_to(folder)}: can't be read: {error.strerror}")

    for place, folders, names in os.walk(folder, onerror=closed):
        folders[:] = sorted(each for each in folders if not each.startswith("."))
        inside = os.path.relpath(place, folder)
        for each in sorted(names):
            if each.startswith("."):
                continue
            own, _ = endings_of(each)
            file = each if inside == "." else os.path.join(inside, each)
            if own in ENDINGS:
                files.append(file)
                continue
            counts[Path(each).suffix.lower() or "without an ending"] += 1
            if len(others) < 4:
                others.append(file)
    if not files:
        raise InputError(f"{name}: holds no article; files may end in {', '.join(ENDINGS)}")
    if others:
        shown = ", ".join(f"{count} {ending}" for ending, count in sorted(counts.items()))
        few = ", ".join(others[:3]) + (", ..." if len(others) > 3 else "")
        warn(f"{name}: {counts.total()} file(s) passed over ({shown}): {few}")
    return files


@dataclass(frozen=True)
class _Reader:
    """Finds the documents of one input."""

    columns: Columns
    encoding: str | None
    warn: Warn
    bad: Callable[[InputError], None] | None

    def of_file(self, name: str, path: Path, forced: str | None, in_folder: bool = False) -> Iterator[Document]:
        own, packing = endings_of(path.name)
        ending = forced or own
        if in_folder and path.exists() and not path.is_file():
            raise InputError(f"{name}: is a FIFO, socket or device and no file; take it out of the folder")
        if ending in TEXTS + DOCUMENTS:
            if packing:
                raise InputError(f"{name}: of packed files only tables and archives are read; unpack it")
            yield Document(name, name, ending, str(path), encoding=self.encoding, in_folder=in_folder, share=1.0)
        elif ending in (*TABLES, ".json"):
            with opened(path, name, self.encoding, self.columns.header, self.warn, ending, self.bad) as rows:
                yield from self.of_rows(rows, name)
        elif ending in ARCHIVES:
            yield from self.of_archive(name, path, in_folder)
        else:
            raise InputError(f"{name}: {ending or 'a file without ending'} can't be read; give {', '.join(ENDINGS)}")

    def of_archive(self, name: str, path: Path, in_folder: bool) -> Iterator[Document]:
        for column in self.columns.keep:
            if column not in _ARCHIVE_COLUMNS:
                raise InputError(f"{name}: has no column {column!r} to keep; of an archive there are url and date")
        for page in read_archive(path, name, self.warn):
            kept = {column: getattr(page, column) for column in self.columns.keep}
            yield Document(
                page.url,
                f"{name} {page.url}",
                page.ending,
                None,
                page.content,
                self.encoding,
                page.encoding,
                kept,
                in_folder=True,
                share=page.share,
            )

    def of_rows(self, table: Rows, name: str) -> Iterator[Document]:
        columns = self.columns
        if table.columns is not None:
            _need(name, columns, table.columns)
        empty = read = 0
        seen: dict[str, None] = {}
        for number, row in table.rows:
            read += 1
            if table.columns is None and len(seen) < 1000:
                seen.update(dict.fromkeys(row))
            cell = row.get(columns.text)
            if is_missing(cell):
                empty += 1
                continue
            try:
                text = _text(cell, f"{name} {table.unit} {number}", columns.text)
            except InputError as error:
                if self.bad is None:
                    raise
                self.bad(error)
                continue
            if not text.strip():
                empty += 1
                continue
            kept = {column: cell_text(row.get(column)) for column in columns.keep}
            article = cell_key(row.get(columns.id)) or f"{name}:{read}"
            yield Document(article, f"{name} {table.unit} {number}", content=text, kept=kept, share=table.share())
        if not read:
            raise InputError(f"{name}: holds no rows")
        if table.columns is None:
            _need(name, columns, list(seen))
        if empty == read:
            raise InputError(f"{name}: column {columns.text!r} holds no text in any of its {read} rows")
        if empty:
            self.warn(f"{name}: {empty} of {read} rows have no text in column {columns.text!r}; skipped")

    def of_stdin(self, forced: str | None) -> Iterator[Document]:
        """JSON lines are read as they come, other tables from a file on disk, and a document whole."""
        name = "standard input"
        source: BinaryIO = sys.stdin.buffer
        head = _head(source, forced)
        if not head.strip() and not (rest := source.read(_HEAD)).strip():
            if not source.read(1):
                raise InputError(f"{name}: is empty")
            head += rest
        binary = head.startswith((b"PAR1", b"%PDF", b"PK\x03\x04"))
        if not forced and head.lstrip().startswith(b"["):  # a list of JSON, which is read whole anyway
            head += source.read()
        found = None if binary else find_encoding([head], name, self.encoding)
        text = None if found is None else head.decode(found.codec, "replace")
        ending = forced or looks_like(head, text, self.columns.text)
        if not forced and ending != ".txt":
            self.warn(f"{name}: read as {ending[1:].upper()} (--input-format says otherwise)")
        if (
            ending in (".jsonl", ".ndjson")
            and found is not None
            and text is not None
            and text.lstrip("\ufeff \t\r\n")[:1] != "["
        ):
            lines = _Lines(head, source, found.codec, found.errors, self.warn, name)
            if found.note:
                self.warn(found.note)
            yield from self.of_rows(Rows(None, "line", read_lines(lines, name, self.bad)), "-")
            lines.told()
        elif ending in TEXTS + DOCUMENTS:
            yield Document("-", name, ending, None, head + source.read(), self.encoding)
        else:
            with (
                _on_disk(head, source) as file,
                opened(file, name, self.encoding, self.columns.header, self.warn, ending, self.bad) as rows,
            ):
                yield from self.of_rows(rows, "-")


def _head(source: BinaryIO, forced: str | None) -> bytes:
    """Return the beginning of standard input: of JSON lines no more than has come, which may be all for a while."""
    head = b""
    read = getattr(source, "read1", source.read)
    while len(head) < _HEAD and (data := read(min(65_536, _HEAD - len(head)))):
        head += data
        lines = head.lstrip(b"\xef\xbb\xbf \t\r\n")
        if forced in (None, ".jsonl", ".ndjson") and lines.startswith(b"{") and b"\n" in lines:
            break
    return head


class _Lines:
    """The lines of standard input as text; bytes that aren't in its encoding become U+FFFD, and are counted."""

    def __init__(self, head: bytes, source: BinaryIO, codec: str, errors: str, warn: Warn, name: str) -> None:
        self.warn, self.name = warn, name
        self.bad = self.first = 0
        utf = codec.startswith("utf-8")
        raw = io.BufferedReader(_Joined(head, source))  # type: ignore[arg-type]
        self.text = io.TextIOWrapper(raw, encoding=codec, errors="surrogateescape" if utf else errors, newline="\n")

    def __iter__(self) -> Iterator[str]:
        number = 0
        while line := self.text.readline(LONGEST):
            number += 1
            if len(line) == LONGEST and not line.endswith("\n"):
                raise InputError(f"{self.name} line {number}: is longer than {LONGEST:,} characters; is it JSONL?")
            if not line.isascii():
                mended = line.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
                if mended != line:
                    self.bad, self.first = self.bad + 1, self.first or number
                    line = mended
            yield line

    def told(self) -> None:
        if self.bad:
            more = f" (and in {self.bad - 1} more)" if self.bad > 1 else ""
            self.warn(f"{self.name} line {self.first}: a byte that is not UTF-8 became \ufffd{more}")


class _Joined(io.RawIOBase):
    """What has been read of a stream already, then the rest of it, as it comes."""

    def __init__(self, head: bytes, source: BinaryIO) -> None:
        self._head, self._source = memoryview(head), source
        self._read: Callable[[int], bytes] = getattr(source, "read1", source.read)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if self._head:
            n = min(len(buffer), len(self._head))
            buffer[:n], self._head = self._head[:n], self._head[n:]
            return n
        data = self._read(len(buffer))
        buffer[: len(data)] = data
        return len(data)


@contextmanager
def _on_disk(head: bytes, source: BinaryIO) -> Iterator[BinaryIO]:
    with tempfile.TemporaryFile() as file:
        file.write(head)
        shutil.copyfileobj(source, file, 1 << 20)
        file.seek(0)
        yield file


def _text(cell: Any, where: str, column: str) -> str:
    if isinstance(cell, str | bytes):
        return cell_text(cell)
    raise InputError(f"{where}: column {column!r} has {short(str(cell))}, which is no text; name another with --text")


def _need(name: str, columns: Columns, there: Sequence[str]) -> None:
    shown = ", ".join(there[:20]) + (", ..." if len(there) > 20 else "")
    wanted = [(columns.text, "for the text", "--text")]
    if columns.id != Columns.id:
        wanted.append((columns.id, "for the id", "--id"))
    wanted += [(column, "to keep", "--keep") for column in columns.keep]
    for column, what, option in wanted:
        if column not in there:
            raise InputError(f"{name}: has no column {column!r} {what}; it has {shown} (name one with {option})")
