"""What a file holds: by the ending of its name, and for standard input by what it looks like."""

import csv
import io
import re
import zipfile

from experiments.articles.archives import ARCHIVES
from experiments.articles.html import is_html
from experiments.errors import InputError
from experiments.tables.json_rows import parsed

TEXTS = (".txt", ".md", ".markdown", ".html", ".htm", ".xhtml")
DOCUMENTS = (".docx", ".odt", ".pdf")
TABLES = (".jsonl", ".ndjson", ".csv", ".tsv", ".parquet")
ENDINGS = TEXTS + DOCUMENTS + TABLES + ARCHIVES
"""What is read of a folder; a file called otherwise is passed over, and said so."""

NAMED = {
    "text": ".txt",
    "markdown": ".md",
    "html": ".html",
    "jsonl": ".jsonl",
    "json": ".json",
    "csv": ".csv",
    "tsv": ".tsv",
    "parquet": ".parquet",
    "docx": ".docx",
    "odt": ".odt",
    "pdf": ".pdf",
    "warc": ".warc",
    "wet": ".wet",
}
"""What ``--input-format`` may say, and the ending that it stands for."""

_COLUMN = re.compile(r"\s*\"?[\w.#$/()-]{1,60}\"?\s*")


def ending_of(format: str) -> str:
    """Return the ending that a format's name stands for.

    Raises
    ------
    InputError
        If there is no such format.
    """
    if format.lower() not in NAMED:
        raise InputError(f"--input-format {format}: there is no such format; choose {', '.join(NAMED)}")
    return NAMED[format.lower()]


def looks_like(data: bytes, text: str | None, text_column: str) -> str:
    r"""Return the ending that standard input would have as a file.

    Parameters
    ----------
    data : bytes
        What came in.
    text : str or None
        The same as text; None if it is binary.
    text_column : str
        The column that a table is looked for: a first line that names it is a header.

    Examples
    --------
    >>> looks_like(b"", "id,text\n7,Talks.\n", "text"), looks_like(b"", "Talks resume.\n", "text")
    ('.csv', '.txt')
    """
    if data.startswith(b"PAR1"):
        return ".parquet"
    if data.startswith(b"%PDF"):
        return ".pdf"
    if data.startswith(b"PK\x03\x04"):
        return ".docx" if _holds(data, "word/document.xml") else ".odt"
    text = (text or "").lstrip("\ufeff \t\r\n")
    if is_html(text):
        return ".html"
    first, _, rest = text.partition("\n")
    if text.startswith("{") and _is_json(first, dict):
        return ".jsonl"
    if text.startswith("[") and _is_json(text, list):
        return ".json"
    return _table_ending(first.rstrip("\r"), rest, text_column) or ".txt"


def _holds(data: bytes, member: str) -> bool:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return member in archive.namelist()
    except zipfile.BadZipFile:
        return False


def _is_json(text: str, kind: type) -> bool:
    try:
        found = parsed(text)
    except ValueError:
        return False
    return isinstance(found, kind) and (not isinstance(found, list) or any(isinstance(each, dict) for each in found))


def _table_ending(first: str, rest: str, text_column: str) -> str | None:
    """Return ``.csv`` or ``.tsv`` if a first line names columns: the one asked for, or as many as the rows have."""
    if not rest.strip():
        return None
    for separator, ending in (("\t", ".tsv"), (",", ".csv"), (";", ".csv"), ("|", ".csv")):
        cells = next(csv.reader([first], delimiter=separator), [])
        names = [cell.strip() for cell in cells]
        if len(names) > 1 and (text_column in names or _same_width(cells, first, rest, separator)):
            return ending
    return ".csv" if first.strip().strip('"') == text_column else None


def _same_width(cells: list[str], first: str, rest: str, separator: str) -> bool:
    """Return whether a line is a list of single words, and the rows below it have as many cells."""
    if not all(_COLUMN.fullmatch(cell) for cell in first.split(separator)) or re.search(r",\s", first):
        return False
    try:
        rows = [row for row in csv.reader(io.StringIO(rest[:100_000]), delimiter=separator) if row]
    except csv.Error:
        return False
    return bool(rows) and all(len(row) == len(cells) for row in rows[:-1] or rows)
