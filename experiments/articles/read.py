"""From files, folders, tables and standard input to articles."""

import io
import os
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from experiments.articles.html import decode_html, from_html
from experiments.articles.kinds import DOCUMENTS, ENDINGS, TABLES, TEXTS, ending_of, looks_like
from experiments.articles.markdown import from_markdown
from experiments.articles.sentences import Sentence, split_sentences
from experiments.encodings import decode
from experiments.errors import InputError, short
from experiments.files import find_file, read_bytes
from experiments.notices import Warn, to_stderr
from experiments.tables.cells import cell_key, cell_text, is_missing, mended
from experiments.tables.read import Rows, opened


@dataclass(frozen=True, slots=True)
class Article:
    """A text and its sentences.

    Attributes
    ----------
    id : str
        The file's path, or what the row of a table is called.
    text : str
        What the offsets of the sentences count in: a text file's content with its line ends as Python reads them,
        a row's cell as it is, Markdown without its marks, or what was extracted from HTML, Word, ODT or PDF.
    sentences : tuple of Sentence
        In the order of the text.
    kept : mapping of str to str
        Further columns of a table's row that are carried through to the output.
    """

    id: str
    text: str
    sentences: tuple[Sentence, ...]
    kept: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Columns:
    """Where a table has what.

    Attributes
    ----------
    text, id : str
        Columns with the text and with what the article is called. Rows without an id are called ``file:number``.
    keep : tuple of str
        Columns that are carried through to the output.
    header : bool
        Whether the first line of a CSV or TSV names the columns; else they are called 1, 2, 3 and so on.
    """

    text: str = "text"
    id: str = "id"
    keep: tuple[str, ...] = ()
    header: bool = True


def read_articles(
    inputs: Sequence[str],
    columns: Columns = Columns(),
    encoding: str | None = None,
    warn: Warn = to_stderr,
    input_format: str | None = None,
    skipped: list[str] | None = None,
) -> Iterator[Article]:
    """Read articles one after the other.

    Every input is looked for before the first is read, so that a typing error in the last one shows at once.

    Parameters
    ----------
    inputs : sequence of str
        Files (.txt, .md, .html, .docx, .odt, .pdf: one article each; .jsonl, .json, .csv, .tsv, .parquet: one article a
        row), folders, which are searched with their subfolders, and ``-`` for standard input.
    columns : Columns
        Where tables have the text, the id and what is kept.
    encoding : str, optional
        Encoding of all files; by default UTF-8, and what is detected where a file isn't.
    warn : callable
        Called with a line for everything the user should know: a detected encoding, rows without text, a file in a
        folder that can't be used, what standard input was taken for.
    input_format : str, optional
        What files that are named, and standard input, are read as: text, markdown, html, jsonl, json, csv, tsv,
        parquet, docx, odt or pdf. By default what the ending says, and what standard input looks like.
    skipped : list of str, optional
        Gets, while articles are read, the line of each file in a folder that can't be used.

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

    def skip(line: str) -> None:
        line = line.replace("\n", "\\n")  # of a file's name
        warn(f"{line}; skipped")
        if skipped is not None:
            skipped.append(line)

    forced = ending_of(input_format) if input_format else None
    found: list[tuple[str, Path | None, bool]] = []
    for name in inputs:
        path = None if name == "-" else find_file(name)
        if path is None or not path.is_dir():
            found.append((name, path, False))
        else:
            found += [
                (str(Path(name) / file.relative_to(path)), file, True) for file in _files_in(path, name, warn, skip)
            ]

    def articles() -> Iterator[Article]:
        for name, path, in_folder in found:
            try:
                if path is not None:
                    _check_readable(path, name, in_folder)
                if path is None:
                    yield from _from_stdin(columns, encoding, warn, forced)
                else:
                    yield from _from_file(name, path, columns, encoding, warn, None if in_folder else forced)
            except InputError as error:
                if not in_folder:
                    raise
                skip(str(error))

    return articles()


def make_article(article_id: str, text: str, kept: Mapping[str, str] | None = None) -> Article:
    """Split a text into an article's sentences."""
    text = mended(text)
    return Article(article_id, text, split_sentences(text), kept or {})


def _check_readable(path: Path, name: str, in_folder: bool) -> None:
    """Refuse a file whose name no output can hold, and in a folder what isn't a file: to read a FIFO may never end.

    Raises
    ------
    InputError
        That says so.
    """
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        raise InputError(f"{name}: the file's name is not UTF-8, as the names of articles are; rename it") from None
    if in_folder and path.exists() and not path.is_file():
        raise InputError(f"{name}: is a FIFO, socket or device and no file; take it out of the folder")


def _files_in(folder: Path, name: str, warn: Warn, skip: Warn) -> list[Path]:
    """Return the files of a folder that can be read, and tell of those that can't, and of folders that can't."""
    files: list[Path] = []
    others: list[Path] = []

    def closed(error: OSError) -> None:
        if Path(error.filename) == folder:
            raise InputError(f"{name}: can't be read: {error.strerror}")
        skip(f"{Path(name) / Path(error.filename).relative_to(folder)}: can't be read: {error.strerror}")

    for place, folders, names in os.walk(folder, onerror=closed):
        folders[:] = sorted(each for each in folders if not each.startswith("."))
        for each in sorted(names):
            if not each.startswith("."):
                (files if each.lower().endswith(ENDINGS) else others).append(Path(place) / each)
    if not files:
        raise InputError(f"{name}: holds no article; files may end in {', '.join(ENDINGS)}")
    if others:
        counts = Counter(path.suffix.lower() or "without an ending" for path in others)
        shown = ", ".join(f"{count} {ending}" for ending, count in sorted(counts.items()))
        few = ", ".join(str(path.relative_to(folder)) for path in others[:3]) + (", ..." if len(others) > 3 else "")
        warn(f"{name}: {len(others)} file(s) passed over ({shown}): {few}")
    return files


def _from_file(
    name: str, path: Path, columns: Columns, encoding: str | None, warn: Warn, forced: str | None
) -> Iterator[Article]:
    ending = forced or path.suffix.lower()
    if ending in TEXTS + DOCUMENTS:
        yield make_article(name, _document(read_bytes(path), name, ending, encoding, warn))
    elif ending in (*TABLES, ".json"):
        with opened(path, name, encoding, columns.header, warn, ending) as rows:
            yield from _articles_of(rows, name, columns, warn)
    else:
        raise InputError(f"{name}: {ending or 'a file without ending'} can't be read; give {', '.join(ENDINGS)}")


def _from_stdin(columns: Columns, encoding: str | None, warn: Warn, forced: str | None) -> Iterator[Article]:
    name = "standard input"
    data = sys.stdin.buffer.read()
    if not data.strip():
        raise InputError(f"{name}: is empty")
    binary = data.startswith((b"PAR1", b"%PDF", b"PK\x03\x04"))
    ending = forced or looks_like(data, None if binary else decode(data, name, encoding)[0], columns.text)
    if not forced and ending != ".txt":
        warn(f"{name}: read as {ending[1:].upper()} (--input-format says otherwise)")
    if ending in TEXTS + DOCUMENTS:
        yield make_article("-", _document(data, name, ending, encoding, warn))
        return
    with opened(io.BytesIO(data), name, encoding, columns.header, warn, ending) as rows:
        yield from _articles_of(rows, "-", columns, warn)


def _document(data: bytes, name: str, ending: str, encoding: str | None, warn: Warn) -> str:
    if not data.strip():
        raise InputError(f"{name}: is empty")
    if ending in DOCUMENTS:
        from experiments.articles.documents import read_document

        return read_document(data, name, ending)
    html = ending in (".html", ".htm", ".xhtml")
    text, note = decode_html(data, name, encoding) if html else decode(data, name, encoding)
    if note:
        warn(note)
    if html:
        return from_html(text, name)
    text = (from_markdown(text) if ending in (".md", ".markdown") else text).replace("\r\n", "\n").replace("\r", "\n")
    if not text.strip():
        raise InputError(f"{name}: is empty")
    return text


def _articles_of(table: Rows, name: str, columns: Columns, warn: Warn) -> Iterator[Article]:
    if table.columns is not None:
        _need(name, columns, table.columns)
    empty = read = 0
    seen: dict[str, None] = {}
    for number, row in table.rows:
        read += 1
        if table.columns is None and len(seen) < 1000:
            seen.update(dict.fromkeys(row))
        cell = row.get(columns.text)
        if is_missing(cell) or not (text := _text(cell, f"{name} {table.unit} {number}", columns.text)).strip():
            empty += 1
            continue
        kept = {column: cell_text(row.get(column)) for column in columns.keep}
        yield make_article(cell_key(row.get(columns.id)) or f"{name}:{read}", text, kept)
    if not read:
        raise InputError(f"{name}: holds no rows")
    if table.columns is None:
        _need(name, columns, list(seen))
    if empty == read:
        raise InputError(f"{name}: column {columns.text!r} holds no text in any of its {read} rows")
    if empty:
        warn(f"{name}: {empty} of {read} rows have no text in column {columns.text!r}; skipped")


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
