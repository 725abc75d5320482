"""Which model a command works with: the one named, or the champion."""

import re
from pathlib import Path

from experiments.model import SentenceClassifier, load_model

_URI = re.compile(r"^[A-Za-z][A-Za-z0-9+.-]*:/")


def resolve_model(model: str | None, task: str) -> tuple[str, SentenceClassifier]:
    """Return a model and its name, by MLflow URI or folder; without either, the champion of a task.

    Raises
    ------
    InputError
        If there is no such model, or it can't be loaded.
    """
    if model is not None and not _URI.match(model):
        return model, load_model(Path(model).expanduser())
    # MLflow takes a second to import, which a folder does without
    from experiments.tracking.artifacts import fetch_model
    from experiments.tracking.registry import champion_uri

    uri = model or champion_uri(task)
    return uri, load_model(fetch_model(uri))
