"""From files to articles to sentences, with exact character offsets."""

import csv
import io
import json
import logging
import os
import re
import sys
from codecs import getincrementaldecoder, lookup
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from experiments.articles.markdown import from_markdown
from experiments.articles.sentences import Sentence, split_sentences
from experiments.errors import InputError
from experiments.files import decode, find_file, read_bytes
from experiments.notices import Warn, to_stderr

TEXT_ENDINGS = (".txt", ".md", ".markdown", ".html", ".htm")
TABLE_ENDINGS = (".jsonl", ".ndjson", ".csv", ".tsv", ".parquet")
ENDINGS = TEXT_ENDINGS + TABLE_ENDINGS
"""What can be read; anything else in a folder is passed over."""


@dataclass(frozen=True, slots=True)
class Article:
    """A text and its sentences.

    Attributes
    ----------
    id : str
        The file's path, or what the row of a table is called.
    text : str
        What the offsets of the sentences count in: a text file's content with its line ends as Python reads them,
        a row's cell as it is, Markdown without its marks, or what was extracted from HTML.
    sentences : tuple of Sentence
        In the order of the text.
    """

    id: str
    text: str
    sentences: tuple[Sentence, ...]


def read_articles(
    inputs: Sequence[str],
    text_column: str = "text",
    id_column: str = "id",
    encoding: str | None = None,
    warn: Warn = to_stderr,
) -> Iterator[Article]:
    """Read articles one after the other.

    Every input is looked for before the first is read, so that a typing error in the last one shows at once.

    Parameters
    ----------
    inputs : sequence of str
        Files (.txt, .md, .html: one article each; .jsonl, .csv, .tsv, .parquet: one article a row), folders,
        which are searched with their subfolders, and ``-`` for standard input.
    text_column, id_column : str
        Columns of a table. Rows without an id are called ``file:number``.
    encoding : str, optional
        Encoding of all files; by default UTF-8, and what is detected where a file isn't.
    warn : callable
        Called with a line for everything the user should know: a detected encoding, rows without text,
        a file in a folder that can't be used.

    Returns
    -------
    iterator of Article
        Lazy; tables are streamed, so memory holds one article at a time.

    Raises
    ------
    InputError
        If an input is missing, empty, binary or not what its ending says. Inside a folder that is a warning.
    """
    if not inputs:
        raise InputError("no input; name a file or a folder, or - for standard input")
    found: list[tuple[str, Path | None, bool]] = []
    for name in inputs:
        path = None if name == "-" else find_file(name)
        if path is None or not path.is_dir():
            found.append((name, path, False))
            continue
        files = [(str(Path(name) / file.relative_to(path)), file, True) for file in _files_in(path)]
        if not files:
            raise InputError(f"{name}: holds no article; files may end in {', '.join(ENDINGS)}")
        found += files

    def articles() -> Iterator[Article]:
        for name, path, in_folder in found:
            try:
                yield from _read(name, path, text_column, id_column, encoding, warn)
            except InputError as error:
                if not in_folder:
                    raise
                warn(f"{error}; skipped")

    return articles()


def make_article(article_id: str, text: str) -> Article:
    """Split a text into an article's sentences."""
    text = _SURROGATE.sub("\ufffd", text)  # half a character, from a broken JSON escape: no encoder writes it
    return Article(article_id, text, split_sentences(text))


# --------------------------------------------------------------------------------------------- files


def _files_in(folder: Path) -> Iterator[Path]:
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            if not name.startswith(".") and name.lower().endswith(ENDINGS):
                yield Path(place) / name


def _read(
    name: str, path: Path | None, text_column: str, id_column: str, encoding: str | None, warn: Warn
) -> Iterator[Article]:
    if path is None:
        yield from _from_stdin(text_column, id_column, encoding, warn)
        return
    suffix = path.suffix.lower()
    if suffix not in ENDINGS:
        raise InputError(f"{name}: {suffix or 'a file without ending'} can't be read; give {', '.join(ENDINGS)}")
    if suffix in TEXT_ENDINGS:
        yield make_article(name, _document(read_bytes(path), name, suffix, encoding, warn))
        return
    try:
        if path.stat().st_size == 0:
            raise InputError(f"{name}: is empty")
        if suffix == ".parquet":
            rows = _parquet_rows(path, name, text_column, id_column)
        else:
            rows = _text_rows(path, name, suffix, text_column, encoding, warn)
        yield from _articles_of(rows, name, text_column, id_column, warn)
    except OSError as error:
        raise InputError(f"{name}: can't be read: {error.strerror or error}") from None


def _from_stdin(text_column: str, id_column: str, encoding: str | None, warn: Warn) -> Iterator[Article]:
    name = "standard input"
    text, found = decode(sys.stdin.buffer.read(), name, encoding)
    if found not in ("utf-8", encoding):
        warn(f"{name}: is not UTF-8; read as {found}")
    head = text.lstrip()[:2000].lower()
    if head.startswith(("<!doctype html", "<html")):
        yield make_article("-", _from_html(text, name))
    elif head.startswith("{") and _is_object(text.lstrip().split("\n", 1)[0]):
        yield from _articles_of(_json_rows(io.StringIO(text), name), "-", text_column, id_column, warn)
    else:
        yield make_article("-", _plain(text, name))


def _document(data: bytes, name: str, suffix: str, encoding: str | None, warn: Warn) -> str:
    if not data.strip():
        raise InputError(f"{name}: is empty")
    html = suffix in (".html", ".htm")
    declared = _CHARSET.search(data[:4000]) if html and encoding is None else None
    try:
        text, found = decode(data, name, declared[1].decode("ascii") if declared else encoding)
    except InputError:
        if not declared:
            raise
        text, found = decode(data, name)  # the page declares what it isn't
    if found not in ("utf-8", encoding) and not declared:
        warn(f"{name}: is not UTF-8; read as {found}")
    if html:
        return _from_html(text, name)
    return _plain(from_markdown(text) if suffix in (".md", ".markdown") else text, name)


_CHARSET = re.compile(rb"""<meta[^>]{0,200}charset=["']?([A-Za-z0-9_.:-]{2,40})""", re.IGNORECASE)
_SURROGATE = re.compile("[\ud800-\udfff]")


def _plain(text: str, name: str) -> str:
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if not text.strip():
        raise InputError(f"{name}: is empty")
    return text


def _from_html(text: str, name: str) -> str:
    import trafilatura

    logging.getLogger("trafilatura").setLevel(logging.CRITICAL)  # it logs what the error below says better
    document = trafilatura.bare_extraction(text, include_comments=False, include_tables=False)
    body = (getattr(document, "text", None) or "").strip()
    if not body:
        raise InputError(f"{name}: no article text was found in the HTML; save the text as .txt")
    title = " ".join((getattr(document, "title", None) or "").split())
    paragraphs = [line.strip() for line in body.split("\n") if line.strip()]
    if title and paragraphs[0].casefold() != title.casefold():
        paragraphs.insert(0, title)
    return "\n\n".join(paragraphs) + "\n"


# -------------------------------------------------------------------------------------------- tables

Row = tuple[int, dict[str, Any]]


def _articles_of(rows: Iterator[Row], name: str, text_column: str, id_column: str, warn: Warn) -> Iterator[Article]:
    empty = read = 0
    columns: dict[str, None] = {}
    known = False
    for number, row in rows:
        read += 1
        if not known:
            columns.update(dict.fromkeys(row))
            known = text_column in row
        text = row.get(text_column)
        if not isinstance(text, str) or not text.strip():
            empty += 1
            continue
        row_id = row.get(id_column)
        yield make_article(f"{name}:{number}" if row_id is None or row_id == "" else str(row_id), text)
    if not read:
        raise InputError(f"{name}: holds no rows")
    if not known:
        _no_column(name, text_column, list(columns))
    if empty == read:
        raise InputError(f"{name}: column {text_column!r} holds no text in any of its {read} rows")
    if empty:
        warn(f"{name}: {empty} of {read} rows have no text in column {text_column!r}; skipped")


def _no_column(name: str, column: str, columns: Sequence[str]) -> None:
    shown = ", ".join(columns[:20]) + (", ..." if len(columns) > 20 else "")
    raise InputError(f"{name}: has no column {column!r} for the text; it has {shown} (name one with --text-column)")


def _parquet_rows(path: Path, name: str, text_column: str, id_column: str) -> Iterator[Row]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as file:
            columns = file.schema_arrow.names
            if text_column not in columns:
                _no_column(name, text_column, columns)
            wanted = [column for column in (text_column, id_column) if column in columns]
            number = 0
            for batch in file.iter_batches(batch_size=128, columns=wanted):
                for row in batch.to_pylist():
                    number += 1
                    yield number, row
    except pa.ArrowException as error:
        raise InputError(f"{name}: is not a readable Parquet file: {_first_line(error)}") from None


def _text_rows(path: Path, name: str, suffix: str, text_column: str, encoding: str | None, warn: Warn) -> Iterator[Row]:
    found, errors = _encoding_of(path, name, encoding)
    if found not in ("utf-8-sig", encoding):
        warn(f"{name}: is not UTF-8; read as {found}")
    try:
        with path.open(encoding=found, errors=errors, newline="") as file:
            if suffix in (".csv", ".tsv"):
                yield from _csv_rows(file, name, suffix, text_column)
            else:
                yield from _json_rows(file, name)
    except UnicodeError:
        raise InputError(f"{name}: is not {found}; leave the encoding out to detect it") from None


def _encoding_of(path: Path, name: str, encoding: str | None) -> tuple[str, str]:
    """Return a file's encoding and what to do about errors, reading it once but never as a whole."""
    if encoding:
        try:
            lookup(encoding)
        except LookupError:
            raise InputError(f"{name}: there is no encoding called {encoding!r}; try utf-8 or cp1252") from None
        return encoding, "strict"
    decoder = getincrementaldecoder("utf-8")()
    with path.open("rb") as file:
        head = chunk = file.read(1_000_000)
        if head.startswith((b"\xff\xfe", b"\xfe\xff")):
            return "utf-16", "strict"
        if b"\0" in head[:100_000]:
            decode(head, name)  # says that it is binary
        try:
            while chunk:
                decoder.decode(chunk)
                chunk = file.read(1_000_000)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return decode(chunk or head, name)[1], "replace"
    return "utf-8-sig", "strict"


def _csv_rows(file: Any, name: str, suffix: str, text_column: str) -> Iterator[Row]:
    csv.field_size_limit(min(sys.maxsize, 2**31 - 1))  # a cell holds a whole article
    header_line = file.readline()
    separators = ("\t",) if suffix == ".tsv" else (",", ";", "\t")  # spreadsheets of many countries write ;
    headers = {mark: next(csv.reader([header_line], delimiter=mark), []) for mark in separators}
    mark = next((mark for mark in separators if text_column in headers[mark]), separators[0])
    header = headers[mark]
    if text_column not in header:
        _no_column(name, text_column, header)
    reader = csv.reader(file, delimiter=mark, strict=True)
    try:
        for number, cells in enumerate((cells for cells in reader if cells), 1):
            yield number, dict(zip(header, cells, strict=False))
    except csv.Error as error:
        raise InputError(f"{name} line {reader.line_num + 1}: is not valid {suffix[1:].upper()}: {error}") from None


def _json_rows(file: Any, name: str) -> Iterator[Row]:
    for number, line in enumerate(file, 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (json.JSONDecodeError, RecursionError) as error:
            raise InputError(f"{name} line {number}: is not valid JSON: {getattr(error, 'msg', error)}") from None
        if not isinstance(row, dict):
            raise InputError(f'{name} line {number}: must be an object such as {{"id": "a1", "text": "..."}}')
        yield number, row


def _is_object(line: str) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except (json.JSONDecodeError, RecursionError):
        return False


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
