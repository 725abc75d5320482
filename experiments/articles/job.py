"""What tells one scoring job from another: parts of the one don't fit the other."""

import hashlib
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from experiments.articles.inputs import Columns
from experiments.errors import InputError
from experiments.files import find_file
from experiments.model import SentenceClassifier


def job_of(
    uri: str,
    classifier: SentenceClassifier,
    inputs: Sequence[str],
    columns: Columns,
    **settings: Any,
) -> Mapping[str, Any]:
    """Return what a job is made of, as plain values.

    Parameters
    ----------
    uri : str
        The model's.
    classifier : SentenceClassifier
        The model, since a folder may hold another one by now.
    inputs : sequence of str
        Files by name, size and time of change; folders by the names and sizes of all files in them.
    columns : Columns
        Where tables have what.
    **settings
        Further plain values on which rows depend.

    Raises
    ------
    InputError
        If an input is standard input, which can't be read a second time.
    """
    if "-" in inputs:
        raise InputError("standard input can't be read again from its beginning; --resume takes files and folders")
    return {
        "model": uri,
        "labels": classifier.labels,
        "thresholds": classifier.given_from,
        "target": classifier.target,
        "inputs": [_described(name) for name in inputs],
        "text": columns.text,
        "id": columns.id,
        "keep": list(columns.keep),
        "header": columns.header,
        **settings,
    }


def _described(name: str) -> list[Any]:
    path = find_file(name)
    if not path.is_dir():
        state = path.stat()
        return [name, state.st_size, state.st_mtime_ns]
    digest = hashlib.sha256()
    files = 0
    for place, folders, names in os.walk(path):
        folders[:] = sorted(each for each in folders if not each.startswith("."))
        for each in sorted(names):
            if each.startswith("."):
                continue
            file = Path(place, each)
            size = file.stat().st_size if file.is_file() else 0
            digest.update(os.fsencode(f"{os.path.relpath(file, path)}\0{size}\0"))
            files += 1
    return [name, files, digest.hexdigest()[:16]]
