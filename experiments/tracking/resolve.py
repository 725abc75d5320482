"""Which model a command works with: the one named, or the champion, or the starter that comes with the kit."""

import json
import re
import urllib.parse
from pathlib import Path

from experiments.errors import InputError
from experiments.files import MODELS, STARTER, path_of
from experiments.model import CARD_FILE, SentenceClassifier, load_model
from experiments.tracking.store import store_exists, store_files

_FIGURES = "figures.json"  # beside a starter: what it reaches on which set
_URI = re.compile(r"^[A-Za-z][A-Za-z0-9+.-]*:/")


def resolve_model(model: str | None, task: str) -> tuple[str, SentenceClassifier]:
    """Return a model and its name.

    Parameters
    ----------
    model : str or None
        An MLflow URI, a folder, or ``starter``. None for the champion of the task, and without one the starter.
    task : str
        Whose champion or starter.

    Raises
    ------
    InputError
        If there is no such model, or it can't be loaded.
    """
    if model == STARTER:
        return STARTER, load_starter(task)
    if model is not None and not is_uri(model):
        return model, load_model(path_of(model))
    if model is None and task in starters() and not store_exists():
        return STARTER, load_starter(task)
    # MLflow takes a second to import, which a folder does without
    from experiments.tracking.artifacts import fetch_model
    from experiments.tracking.registry import champion_uri, find_champion

    if model is None and task in starters() and find_champion(task) is None:
        return STARTER, load_starter(task)
    uri = model or champion_uri(task)
    return uri, load_model(fetch_model(uri))


def model_files(model: str | None, task: str) -> list[Path]:
    """Return the files and folders that a model is read from, as :func:`resolve_model` would take it."""
    if model is not None and model.startswith("file:"):
        return [Path(urllib.parse.unquote(urllib.parse.urlparse(model).path))]
    if model is not None and model != STARTER and not is_uri(model):
        return [Path(model).expanduser()]
    return [MODELS / task, *store_files()]


def is_uri(model: str) -> bool:
    """Return whether a model is named by an MLflow URI, and not by a folder or as the starter."""
    return bool(_URI.match(model))


def load_starter(task: str) -> SentenceClassifier:
    """Return the model of a task that comes with the kit.

    Raises
    ------
    InputError
        If there is none.
    """
    if task not in starters():
        known = ", ".join(starters()) or "none"
        raise InputError(
            f"there is no starter model for {task!r} (there are: {known}); train one, or name one of these"
        )
    return load_model(MODELS / task)


def starters() -> list[str]:
    """Return the tasks of which there is a starter model."""
    return sorted(path.parent.name for path in MODELS.glob(f"*/{CARD_FILE}"))


def starter_line(task: str) -> str:
    """Return what to tell a user who got the starter without asking for it."""
    file = MODELS / task / _FIGURES
    sets = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
    reached = ", ".join(f"{each[STARTER]:.2f} on {name}" for name, each in sets.items())
    return (
        f"no {task} model of your own yet: this is the starter model that comes with framescope"
        f"{f', of macro-F1 {reached}' if reached else ''} (its card: {MODELS / task / 'README.md'}); framescope train "
        "makes yours"
    )
