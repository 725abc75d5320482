"""Labelled rows: from any file or hub to one checked table with an indicator matrix of labels."""

import ast
import csv
import hashlib
import io
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from datasets import Dataset

from experiments.config.schema import Columns, Config, Data, Task
from experiments.errors import InputError
from experiments.files import decode, find_file, read_bytes
from experiments.notices import Warn

_QUOTED = re.compile(r'"(?:[^"]|"")*"')
"""A cell with quotes around it."""


UNDECIDED = -1
"""In a matrix of labels: nobody decided whether the row has this one."""


@dataclass(frozen=True)
class Labelled:
    """Rows with their labels.

    Attributes
    ----------
    name : str
        The files or hub id they come from.
    rows : Dataset
        The rows as read, every column kept.
    ids, texts, groups : list of str
        One entry a row.
    targets : list of str or None
        What each row's stance is about, in a task with targets.
    y : ndarray of shape (n, n_labels), int8
        1 where the row has the label, 0 where it hasn't, -1 (`UNDECIDED`) where nobody decided; each row has a label
        that somebody decided. In a multiclass task each row holds exactly one 1, and no -1.
    undecided : int
        Rows of the files that are not among these, because nobody decided any of their labels.
    """

    name: str
    rows: Dataset
    ids: list[str]
    texts: list[str]
    groups: list[str]
    y: np.ndarray
    targets: list[str] | None = None
    undecided: int = 0

    def __len__(self) -> int:
        return len(self.texts)

    @property
    def whole(self) -> np.ndarray:
        """Numbers of the rows all of whose labels are decided."""
        return np.flatnonzero((self.y != UNDECIDED).all(axis=1))

    def take(self, indices: Sequence[int] | np.ndarray) -> "Labelled":
        """Return the rows of these numbers, in this order."""
        at = [int(i) for i in indices]
        return Labelled(
            self.name,
            self.rows.select(at),
            [self.ids[i] for i in at],
            [self.texts[i] for i in at],
            [self.groups[i] for i in at],
            self.y[at],
            None if self.targets is None else [self.targets[i] for i in at],
        )

    @property
    def inputs(self) -> list[Any]:
        """What a pipeline reads: the texts, or pairs (text, target) in a task with targets."""
        return self.texts if self.targets is None else list(zip(self.texts, self.targets, strict=True))

    @property
    def target(self) -> np.ndarray:
        """What a multiclass classifier is fitted to: the label's number of each row, shape (n,)."""
        return np.asarray(self.y.argmax(axis=1))

    @property
    def digest(self) -> str:
        """The first 16 hex digits of a SHA-256 over texts (and targets) and labels, whatever their order."""
        lines = sorted(f"{row}\t{labels.tolist()}" for row, labels in zip(self.inputs, self.y, strict=True))
        return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]


def load_data(config: Config, warn: Warn) -> tuple[Labelled, Labelled | None]:
    """Read the training rows and, if the config names any, the test rows."""
    train = load_labelled(config.data.train, config.task, config.data, warn)
    test = load_labelled(config.data.test, config.task, config.data, warn) if config.data.test else None
    return train, test


def load_labelled(source: str | Sequence[str], task: Task, data: Data, warn: Warn) -> Labelled:
    """Read labelled rows from files or the hub.

    Parameters
    ----------
    source : str or sequence of str
        Files (.jsonl, .csv, .tsv, .parquet) or ``hub:owner/name[:split]``; several are joined.
    task : Task
        Names the labels.
    data : Data
        Columns, codes and encoding.
    warn : callable
        Called with a line for everything the user should know, such as a detected encoding.

    Raises
    ------
    InputError
        If a file can't be read, a column is missing, a row has no text or a label that the task doesn't know.
    """
    names = [source] if isinstance(source, str) else list(source)
    if not names:
        raise InputError("data: names no file")
    parts = [_label(read_rows(name, data.encoding, warn), name, task, data) for name in names]
    if len(parts) == 1:
        return parts[0]
    ids = [row_id for part in parts for row_id in part.ids]
    if len(set(ids)) < len(ids):  # files that each number their rows from 1
        ids = [f"{number}:{row_id}" for number, part in enumerate(parts, 1) for row_id in part.ids]
    return Labelled(
        ", ".join(names),
        Dataset.from_pandas(
            pd.concat([part.rows.to_pandas() for part in parts], ignore_index=True), preserve_index=False
        ),
        ids,
        [text for part in parts for text in part.texts],
        [group for part in parts for group in part.groups],
        np.concatenate([part.y for part in parts]),
        [target for part in parts for target in part.targets or []] if data.columns.target else None,
    )


def load_unlabelled(config: Config, warn: Warn = lambda line: None) -> list[Any]:
    """Return the different sentences of ``data.unlabelled``: texts, or pairs (text, target) in a task with targets.

    Raises
    ------
    InputError
        If the config names no file, or a file can't be read or has no column with texts.
    """
    named = config.data.unlabelled
    if not named:
        raise InputError(
            f"config {config.name}: the {config.classifier.type} classifier learns from sentences without labels: set "
            "data.unlabelled to a file of them (.jsonl, .csv, .tsv or .parquet, with the column data.columns.text)"
        )
    found: dict[Any, None] = {}
    for name in [named] if isinstance(named, str) else named:
        rows = read_rows(name, config.data.encoding, warn)
        _need(rows, name, config.data.columns.text, "text")
        texts = [cell_text(value) for value in rows[config.data.columns.text]]
        targets = _targets(rows, name, config.data.columns)
        pairs = texts if targets is None else zip(texts, targets, strict=True)
        found |= dict.fromkeys(row for row, text in zip(pairs, texts, strict=True) if text.strip())
    return list(found)


def read_rows(name: str, encoding: str | None, warn: Warn) -> Dataset:
    """Read a table from a file by its ending, or from the hub.

    Raises
    ------
    InputError
        If there is no such file, or it isn't what its ending says; the message has the line where it can.
    """
    if name.startswith("hub:"):
        return _from_hub(name)
    path = find_file(name)
    if path.stat().st_size == 0:
        raise InputError(f"{name}: is empty")
    suffix = path.suffix.lower()
    if suffix == ".parquet":
        try:
            return Dataset.from_pandas(pd.read_parquet(path), preserve_index=False)
        except (OSError, ValueError) as error:
            raise InputError(f"{name}: is not a readable Parquet file: {str(error).splitlines()[0]}") from None
    if suffix not in (".jsonl", ".ndjson", ".json", ".csv", ".tsv"):
        raise InputError(
            f"{name}: {suffix or 'a file without ending'} is no table; give .jsonl, .csv, .tsv or .parquet"
        )
    text, found = decode(read_bytes(path), name, encoding)
    if found not in ("utf-8", encoding):
        warn(f"{name}: is not UTF-8; read as {found}")
    if suffix in (".csv", ".tsv"):
        return _from_csv(text, name, "\t" if suffix == ".tsv" else _separator(text))
    rows = list(json_rows(text, name))
    if not rows:
        raise InputError(f"{name}: holds no rows")
    try:
        return Dataset.from_pandas(pd.DataFrame(rows, dtype=object), preserve_index=False)
    except (ValueError, TypeError, OSError) as error:
        raise InputError(f"{name}: a column mixes kinds of values: {str(error).splitlines()[0]}") from None


def _from_hub(name: str) -> Dataset:
    from datasets import load_dataset

    _, hub_id, *split = name.split(":")
    try:
        return load_dataset(hub_id, split=split[0] if split else "train")
    except Exception as error:  # the hub client raises types of many libraries
        raise InputError(
            f"{name}: the hub gave no such data set: {(str(error).splitlines() or [type(error).__name__])[0]}"
        ) from None


def _separator(text: str) -> str:
    """Return what separates the columns of a .csv file: spreadsheets of many countries write semicolons or tabs."""
    header = text.partition("\n")[0]
    return max(",;\t", key=header.count)


def _from_csv(text: str, name: str, separator: str) -> Dataset:
    bare = separator == "\t" and _has_stray_quotes(text)
    quoting: Any = csv.QUOTE_NONE if bare else csv.QUOTE_MINIMAL  # an int to the csv module, a literal to the stubs
    try:
        table = pd.read_csv(io.StringIO(text), sep=separator, dtype=str, keep_default_na=False, quoting=quoting)
    except (ValueError, pd.errors.ParserError) as error:
        raise InputError(
            f"{name}: is not valid {'CSV' if separator == ',' else 'TSV'}: {str(error).splitlines()[0].strip()}"
        ) from None
    if table.empty:
        raise InputError(f"{name}: holds no rows")
    return Dataset.from_pandas(table, preserve_index=False)


def _has_stray_quotes(text: str) -> bool:
    """Return whether quotes are plain characters of tab-separated text, and not put around cells.

    Collections of tweets come as one row a line with whatever their authors typed. A cell that begins with a quote
    would then be read on to the next quote, lines further down. Whoever puts quotes around cells puts them around every
    cell that holds one, and doubles that.
    """
    lines = [line.removesuffix("\r") for line in text.split("\n")]
    if len({line.count("\t") for line in lines if line}) > 1:
        return False  # a cell holds a line break or a tab, which takes quotes around it
    return any('"' in cell and not _QUOTED.fullmatch(cell) for line in lines for cell in line.split("\t"))


def json_rows(text: str, name: str) -> Iterator[dict[str, Any]]:
    """Yield the objects of JSON lines, or of one JSON list."""
    if text.lstrip().startswith("["):
        try:
            rows: Iterator[tuple[int, Any]] = iter(enumerate(json.loads(text), 1))
        except json.JSONDecodeError as error:
            raise InputError(f"{name} line {error.lineno}: is not valid JSON: {error.msg}") from None
    else:
        rows = _json_lines(text, name)
    for number, row in rows:
        if not isinstance(row, dict):
            raise InputError(f'{name} row {number}: must be an object such as {{"text": "...", "labels": []}}')
        yield row


def _json_lines(text: str, name: str) -> Iterator[tuple[int, Any]]:
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            try:
                yield number, json.loads(line)
            except json.JSONDecodeError as error:
                raise InputError(f"{name} line {number}: is not valid JSON: {error.msg}") from None


def _label(rows: Dataset, name: str, task: Task, data: Data) -> Labelled:
    columns = data.columns
    _need(rows, name, columns.text, "text")
    texts = [cell_text(value) for value in rows[columns.text]]
    empty = [number for number, text in enumerate(texts, 1) if not text.strip()]
    if empty:
        raise InputError(
            f"{name}: {len(empty)} row(s) without text in column {columns.text!r}, the first is row "
            f"{empty[0]}; remove or fill them"
        )
    stem = Path(name).stem
    ids = [value or f"{stem}-{n}" for n, value in enumerate(_optional(rows, name, columns, "id"), 1)]
    # a row without a group is one of its own, which no row of another file shares
    groups = [value or f"{name}#{n}" for n, value in enumerate(_optional(rows, name, columns, "group"), 1)]
    return Labelled(name, rows, ids, texts, groups, indicator(rows, name, task, data), _targets(rows, name, columns))


def _optional(rows: Dataset, name: str, columns: Columns, field: str) -> list[str]:
    """Return a column that need not be there, as texts; but one that the user has named must be."""
    column = getattr(columns, field)
    if column in rows.column_names:
        return [cell_text(value).strip() for value in rows[column]]
    if column != Columns.model_fields[field].default:
        _need(rows, name, column, field)
    return [""] * len(rows)


def _targets(rows: Dataset, name: str, columns: Columns) -> list[str] | None:
    if columns.target is None:
        return None
    _need(rows, name, columns.target, "target")
    targets = [cell_text(value).strip() for value in rows[columns.target]]
    empty = [number for number, target in enumerate(targets, 1) if not target]
    if empty:
        raise InputError(
            f"{name}: {len(empty)} row(s) without a target in column {columns.target!r}, the first is row {empty[0]}; "
            "fill or remove them"
        )
    return targets


def cell_text(value: Any) -> str:
    """Return a cell as text; a missing value is the empty text."""
    return "" if value is None or (isinstance(value, float) and np.isnan(value)) else str(value)


def _need(rows: Dataset, name: str, column: str, what: str) -> None:
    if column not in rows.column_names:
        raise InputError(
            f"{name}: has no column {column!r} for the {what}; it has {', '.join(rows.column_names)} "
            "(set data.columns in the config)"
        )


def indicator(rows: Dataset, name: str, task: Task, data: Data) -> np.ndarray:
    """Return the labels as a matrix of shape (n, n_labels), from whichever form the file has them in."""
    y = np.zeros((len(rows), len(task.labels)), dtype=np.int8)
    number = {label: i for i, label in enumerate(task.labels)}
    if isinstance(data.columns.labels, str):
        column = data.columns.labels
        if column not in rows.column_names and column == Columns().labels and "label" in rows.column_names:
            column = "label"  # single-label files mostly call it so
        _need(rows, name, column, "labels")
        for row, value in enumerate(rows[column]):
            for label in label_names(value, data):
                if label not in number:
                    raise InputError(
                        f"{name} row {row + 1}: column {column!r} has the label {label!r}, which the "
                        f"task doesn't know; its labels are {', '.join(task.labels)} (map codes with data.label_codes)"
                    )
                y[row, number[label]] = 1
    else:
        names = data.columns.labels
        for label, column in names.items() if isinstance(names, dict) else [(name, name) for name in names]:
            if label not in number:
                raise InputError(
                    f"data.columns.labels: {label!r} is not one of the task's labels {', '.join(task.labels)}"
                )
            _need(rows, name, column, f"label {label!r}")
            y[:, number[label]] = [_flag(value, name, column, row) for row, value in enumerate(rows[column], 1)]
    if not task.multilabel and (wrong := np.flatnonzero(y.sum(axis=1) != 1)).size:
        raise InputError(
            f"{name} row {wrong[0] + 1}: has {y[wrong[0]].sum()} labels; a multiclass task needs "
            f"exactly one of {', '.join(task.labels)}"
        )
    return y


def label_names(value: Any, data: Data) -> Iterator[str]:
    """Yield the label names in one cell: a list, a string of one or several, or a code."""
    if value is None or (isinstance(value, float) and np.isnan(value)):
        return
    cells = value if isinstance(value, list | tuple | np.ndarray) else [str(value)]
    if isinstance(value, str) and value.startswith("[") and value.endswith("]"):
        try:
            cells = list(ast.literal_eval(value))  # as pandas writes a list into a cell; JSON reads alike
        except (ValueError, SyntaxError):
            cells = [value]
    elif isinstance(value, str) and value not in data.label_codes:
        cells = value.split(data.label_separator)
    for cell in cells:
        code = str(cell).strip()
        label = data.label_codes.get(code, code)
        if label:
            yield label


def _flag(value: Any, name: str, column: str, row: int) -> int:
    flags = {"1": 1, "1.0": 1, "true": 1, "yes": 1, "0": 0, "0.0": 0, "false": 0, "no": 0, "": 0}
    flag = flags.get(cell_text(value).strip().lower())
    if flag is None:
        raise InputError(f"{name} row {row}: column {column!r} has {value!r}; a label's column holds 0 or 1")
    return flag
