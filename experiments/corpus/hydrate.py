"""Puts the texts back to labels that are shipped without them, because the texts belong to their publishers."""

import hashlib
import json
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from experiments.articles.sentences import split_sentences
from experiments.config.schema import Data
from experiments.encodings import decode
from experiments.errors import InputError
from experiments.files import find_file, read_bytes
from experiments.notices import Warn
from experiments.output import writing
from experiments.tables.cells import cell_key, cell_text
from experiments.tables.json_rows import parsed
from experiments.tables.read import opened, read_table

HASH, ARTICLE, START, END, PART = "sha256", "article", "start", "end", "part"
"""Columns of a file of labels without texts: the sentence's hash, where it stood, and which part of the data it is."""

FILES = (".txt", ".json")
"""What the files of a folder end in, each named after its article."""


@dataclass
class Hydrated:
    """What became of the labels.

    Attributes
    ----------
    rows : list of dict
        Those whose text was found, with ``text``, in the order of the file of labels.
    missing : list of str
        The ids of the others.
    without_source : int
        How many of these name no article, and can be found by their hash alone.
    """

    rows: list[dict[str, Any]] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    without_source: int = 0


def sentence_hash(text: str) -> str:
    r"""Return the first 32 hex digits of a sentence's SHA-256; white space counts as one blank, Unicode forms as one.

    Examples
    --------
    >>> sentence_hash("Talks  resume\non Monday.") == sentence_hash("Talks resume on Monday.")
    True
    """
    plain = " ".join(unicodedata.normalize("NFC", text).split())
    return hashlib.sha256(plain.encode("utf-8", "replace")).hexdigest()[:32]


def hydrate(labels: str, source: str, parts: Sequence[str], data: Data, warn: Warn) -> Hydrated:
    """Find the text of every labelled sentence, and check it by its hash.

    A sentence is looked for at its place in its article, then among the article's sentences (in another copy of the
    data white space may differ), and, if the source holds sentences, by its hash.

    Parameters
    ----------
    labels : str
        Labels without texts: rows with a ``sha256``, and, of a public source, with ``article``, ``start`` and ``end``.
    source : str
        ``hub:owner/name[:split]``, a table, or a folder of files named after their articles (.txt, or .json objects).
    parts : sequence of str
        Values of the column ``part`` to keep; all when empty.
    data : Data
        Which columns of the source hold an article's id and its text.
    warn : callable
        Called with a line for everything the user should know.

    Raises
    ------
    InputError
        If a file can't be read, the labels have no hashes, a part doesn't exist, or no text is found at all.
    """
    rows = _labels(labels, parts, warn)
    wanted = {row[HASH]: row for row in rows}
    by_article: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        if row.get(ARTICLE):
            by_article.setdefault(cell_key(row[ARTICLE]), []).append(row)
    found: dict[str, str] = {}
    for article, text in _source(source, set(by_article), data, warn):
        if len(text) < _LONGEST and (own := sentence_hash(text)) in wanted:
            found[own] = " ".join(text.split())
        for row in by_article.get(article, ()):
            if row[HASH] not in found and (sentence := _sentence(row, text)) is not None:
                found[row[HASH]] = sentence
    if not found:
        raise InputError(
            f"{source}: holds none of the {len(rows)} sentences of {labels}; name the columns of the articles' ids and "
            "texts with --id and --text, or give another copy of the data"
        )
    result = Hydrated()
    for row in rows:
        if row[HASH] in found:
            result.rows.append({**row, "text": found[row[HASH]]})
        else:
            result.missing.append(str(row.get("id", row[HASH])))
            result.without_source += not row.get(ARTICLE)
    return result


_LONGEST = 5000  # characters of a sentence at most; a longer text is an article


def _labels(name: str, parts: Sequence[str], warn: Warn) -> list[dict[str, Any]]:
    table = read_table(name, warn=warn)
    if HASH not in table.column_names:
        raise InputError(f"{name}: has no column {HASH!r}; it has {', '.join(table.column_names)}")
    rows = list(table.records())
    known = Counter(str(row.get(PART)) for row in rows)
    for part in parts:
        if part not in known:
            raise InputError(f"--part {part}: {name} has no such part; it has {', '.join(sorted(known))}")
    return [row for row in rows if not parts or str(row.get(PART)) in parts]


def _source(source: str, articles: set[str], data: Data, warn: Warn) -> Iterator[tuple[str, str]]:
    """Yield the id and the text of everything that the source holds; of a folder what is asked for."""
    if not source.startswith("hub:") and find_file(source).is_dir():
        yield from _folder(find_file(source), articles)
        return
    id_column, text_column = data.columns.id, data.columns.text
    if source.startswith("hub:"):
        table = read_table(source, warn=warn)
        columns, records = table.column_names, table.records()
        _check(source, columns, (id_column, text_column))
        yield from ((cell_key(row[id_column]), cell_text(row[text_column])) for row in records)
        return
    with opened(find_file(source), source, data.encoding, data.header, warn) as rows:
        for _, row in rows.rows:
            if text_column not in row:
                _check(source, list(row), (text_column,))
            yield cell_key(row.get(id_column)), cell_text(row[text_column])


def _check(source: str, there: Sequence[str], wanted: Sequence[str]) -> None:
    for column in wanted:
        if column not in there:
            raise InputError(f"{source}: has no column {column!r}; it has {', '.join(there)} (set --id and --text)")


def _folder(folder: Path, articles: set[str]) -> Iterator[tuple[str, str]]:
    for article in sorted(articles):
        path = next((folder / f"{article}{end}" for end in FILES if (folder / f"{article}{end}").is_file()), None)
        if path is None:
            continue
        text, _ = decode(read_bytes(path), str(path))
        if path.suffix == ".json":
            try:
                fields = parsed(text)
                text = next(str(fields[name]) for name in ("content", "text", "body") if name in fields)
            except (ValueError, TypeError, StopIteration):
                raise InputError(f"{path}: is no JSON object with content, text or body") from None
        yield article, text


def _sentence(row: dict[str, Any], article: str) -> str | None:
    start, end = row.get(START), row.get(END)
    if start is not None and end is not None:
        sentence = article[int(start) : int(end)]
        if sentence_hash(sentence) == row[HASH]:
            return " ".join(sentence.split())
    for each in split_sentences(article):
        if sentence_hash(each.text) == row[HASH]:
            return " ".join(each.text.split())
    return None


def save(result: Hydrated, output: Path) -> None:
    """Write the rows that have a text as JSON lines, without their hashes."""
    with writing(output) as path, path.open("w", encoding="utf-8") as lines:
        for row in result.rows:
            kept = {key: value for key, value in row.items() if key != HASH and value is not None}
            lines.write(json.dumps(kept, ensure_ascii=False) + "\n")
