"""A saved model's folder: found, looked at, loaded."""

import os
from pathlib import Path

from experiments.errors import InputError
from experiments.model.card import CARD_FILE, Card, read_card
from experiments.model.classifier import SentenceClassifier
from experiments.model.digest import digest_of
from experiments.model.held_out import HELD_OUT_FILE, HeldOut, read_held_out
from experiments.model.pipeline_file import PIPELINE_FILE, load_pipeline
from experiments.model.seen import SEEN_FILE, read_seen
from experiments.notices import Warn, to_stderr
from experiments.untrusted.fitted import labels_of

FOLDER = "classifier"
"""What the saved folder is called inside an MLflow model's ``data``."""

_TRIED = ("", "The two governments signed an agreement on Monday.")
_TRIED_TARGET = "the agreement"


def load_model(folder: Path, say: Warn = to_stderr) -> SentenceClassifier:
    """Load a saved model from its folder, or from the MLflow model folder around it.

    Parameters
    ----------
    folder : Path
        The folder.
    say : callable, default standard error
        Called with a line if the list of training texts is missing or damaged, or the held-out rows are, which is no
        error.

    Raises
    ------
    InputError
        If the folder holds no framescope model, a broken one, one of a later format, one whose card doesn't fit its
        pipeline, or one whose pipeline holds something that the kit doesn't write. Nothing in the folder is executed.
    """
    home = _home(folder)
    if home is None:
        raise InputError(_no_model(folder))
    card = read_card(home / CARD_FILE)
    pipeline = load_pipeline(home / PIPELINE_FILE)
    classifier = SentenceClassifier(
        pipeline,
        card.task,
        card.thresholds,
        card.versions,
        card.targeted,
        trained_on=read_seen(home / SEEN_FILE, say),
        calibration=card.calibration,
        known_targets=card.known_targets,
        held_out=_held_out(home, say),
    )
    _check_together(home, card, classifier)
    return classifier


def model_digest(folder: Path) -> str:
    """Return the first 16 hex digits of a SHA-256 over a saved model's card and pipeline."""
    return digest_of(_home(folder) or folder)


def _check_together(home: Path, card: Card, classifier: SentenceClassifier) -> None:
    """Refuse a pipeline of other labels than the card's, by what it keeps of them and by what it says of two texts."""
    for labels in labels_of(classifier.pipeline):
        if labels != classifier.labels:
            raise InputError(
                f"{home / CARD_FILE}: task.labels are {', '.join(classifier.labels)}, and the pipeline's "
                f"{', '.join(labels)[:300]}; card and pipeline don't belong together: train or download the model again"
            )
    try:
        classifier.predict_proba(_TRIED, [_TRIED_TARGET] * len(_TRIED) if card.targeted else None)
    except InputError as error:
        raise InputError(f"{home}: {error}") from None
    except Exception as error:  # what a part that doesn't fit the others trips scikit-learn with is of many types
        line = (str(error).splitlines() or [""])[0][:300]
        raise InputError(
            f"{home / PIPELINE_FILE}: can't label a sentence ({type(error).__name__}: {line}); train or download the "
            "model again"
        ) from None


def _held_out(home: Path, say: Warn) -> HeldOut | None:
    """Return the held-out rows of a folder; without any the model isn't hashed."""
    file = home / HELD_OUT_FILE
    return read_held_out(file, digest_of(home), say) if os.path.lexists(file) else None


def _home(folder: Path) -> Path | None:
    """Return where in a folder a saved model is: there, or where MLflow puts it."""
    places = (folder, folder / "data" / FOLDER, folder / "model" / "data" / FOLDER)
    return next((place for place in places if (place / CARD_FILE).exists()), None)


def _no_model(folder: Path) -> str:
    if not folder.exists():
        return f"{folder}: no such model folder"
    pickles = [
        path.name for path in sorted(folder.rglob("*")) if path.suffix in (".pkl", ".pickle", ".joblib", ".bin", ".pt")
    ]
    if pickles:
        return (
            f"{folder}: holds a pickle ({pickles[0]}), not a framescope model; loading a pickle runs its "
            "code, so framescope reads none: train the model with framescope"
        )
    return (
        f"{folder}: holds no framescope model ({CARD_FILE} is missing); give a folder or URI that "
        "'framescope train' printed"
    )
