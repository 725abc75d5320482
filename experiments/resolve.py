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
    from experiments import registry, tracking  # MLflow takes a second to import, which a folder does without

    uri = model or registry.champion_uri(task)
    return uri, load_model(tracking.fetch_model(uri))
