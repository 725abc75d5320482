"""The trained classifier as it is saved, loaded and served."""

import hashlib
import io
import json
import sys
import time
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import features.builder
from experiments import classifiers
from experiments.config.schema import Task
from experiments.errors import InputError
from experiments.measures.calibration import Calibration
from experiments.provenance import package_versions
from features.encoder import EncoderError
from features.normalise import normalise_text
from features.target_touch import KnownTargets

FORMAT = 2
"""Version of the saved form; a model of a later one is refused. One without calibration is written as version 1."""

_LARGE = 64_000_000  # bytes of a saved pipeline, beyond which deflating may take longer than the training took
_SAMPLE = 100_000  # bytes at each of nine places, by which it is judged

_TIMED_TEXTS, _TIMED_SECONDS, _FEWEST_TURNS, _MOST_TURNS = 1000, 2.0, 3, 50

DIGITS = 4
"""To how many digits scores are given out."""

FOLDER = "classifier"
"""What the saved folder is called inside an MLflow model's ``data``."""

PIPELINE_FILE = "pipeline.skops"
CARD_FILE = "framescope.json"
SEEN_FILE = "trained-on.txt"
ENCODER_FOLDER = "encoder"

_READ_BY_GRAPHS = {
    "features.embeddings.SentenceEmbeddings",
    "experiments.classifiers.convolution.ConvolutionClassifier",
    "experiments.classifiers.encoder.EncoderClassifier",
}

ALLOWED_TYPES = (
    *features.builder.ALLOWED_TYPES,
    *classifiers.ALLOWED_TYPES,
    "experiments.classifiers.separate.SeparateTargets",
)
"""What a saved pipeline may hold besides the scikit-learn, NumPy and SciPy types that skops trusts by itself."""


FORMER_NAMES = {"experiments.separate": "experiments.classifiers.separate"}
"""Modules of which saved models speak under a former name, and where they are now."""


@dataclass(frozen=True)
class SentenceClassifier:
    """A fitted pipeline with everything that is needed to label sentences.

    Attributes
    ----------
    pipeline : estimator
        Texts of shape (n,) in; ``predict_proba`` gives an array of shape (n, n_labels).
    task : Task
        What is predicted.
    thresholds : ndarray of shape (n_labels,)
        Probability from which a label is given; not used in multiclass tasks.
    versions : dict
        Versions of the packages that it was trained with.
    targeted : bool
        Whether the pipeline reads pairs (text, target).
    target : str or None
        The target of texts that come without one of their own.
    trained_on : frozenset of str
        Fingerprints of the training texts, by which an evaluation tells rows that the model has already seen.
    calibration : Calibration or None
        What the pipeline's probabilities become before anything is made of them.
    known_targets : KnownTargets or None
        The targets of the training rows; None in a task without targets, and for models saved before it was kept.
    """

    pipeline: Any
    task: Task
    thresholds: np.ndarray
    versions: dict[str, str] = field(default_factory=dict)
    targeted: bool = False
    target: str | None = None
    trained_on: frozenset[str] = frozenset()
    calibration: Calibration | None = None
    known_targets: KnownTargets | None = None

    @property
    def labels(self) -> list[str]:
        """The labels, in the order of the columns."""
        return list(self.task.labels)

    @property
    def given_from(self) -> dict[str, float]:
        """Label -> the probability from which on it is given; empty in multiclass tasks, where the likeliest is."""
        if not self.task.multilabel:
            return {}
        return dict(zip(self.labels, map(float, self.thresholds), strict=True))

    def predict_proba(self, texts: Sequence[str], targets: Sequence[str] | None = None) -> np.ndarray:
        """Return the probability of every label for every text, shape (n, n_labels), float64.

        Parameters
        ----------
        texts : sequence of str
            n texts.
        targets : sequence of str, optional
            n targets, for a model that needs them; ``self.target`` for all when left out.

        Raises
        ------
        InputError
            If the model needs a target and none, or an empty one, is given.
        """
        if not len(texts):
            return np.zeros((0, len(self.labels)))
        rows: list[Any] = list(texts)
        if self.targeted:
            if targets is None and self.target is None:
                raise InputError(f"the {self.task.name} model tells the stance to a target: name one with --target")
            named = [str(self.target)] * len(rows) if targets is None else list(targets)
            if empty := next((number for number, each in enumerate(named, 1) if not each.strip()), 0):
                raise InputError(f"the target of text {empty} is empty; name what the stance is about")
            rows = list(zip(rows, named, strict=True))
        try:
            return self.calibrated(np.asarray(self.pipeline.predict_proba(rows), dtype=np.float64))
        except EncoderError as error:  # a package that isn't installed here, or a damaged encoder
            raise InputError(f"the {self.task.name} model: {error}") from error

    def towards(self, target: str | None) -> "SentenceClassifier":
        """Return the same model with a target for texts that come without one.

        Raises
        ------
        InputError
            If the model knows no targets, or the target is empty.
        """
        if target is None:
            return self
        if not self.targeted:
            raise InputError(f"--target {target}: the {self.task.name} model knows no targets; leave it out")
        if not target.strip():
            raise InputError("--target: is empty; name what the stance is about, such as --target 'the treaty'")
        return replace(self, target=target)

    def calibrated(self, probabilities: np.ndarray) -> np.ndarray:
        """Return what the pipeline's probabilities mean, of the same shape (n, n_labels)."""
        return probabilities if self.calibration is None else self.calibration(probabilities)

    def decide(self, probabilities: np.ndarray) -> np.ndarray:
        """Turn probabilities into labels: an indicator matrix of the same shape, int8."""
        if self.task.multilabel:
            return np.asarray(probabilities >= self.thresholds, dtype=np.int8)
        return np.asarray(np.eye(len(self.labels), dtype=np.int8)[probabilities.argmax(axis=1)])

    def names(self, decided: np.ndarray) -> list[list[str]]:
        """Turn an indicator matrix into one list of label names a row."""
        return [[label for label, given in zip(self.labels, row, strict=True) if given] for row in decided]

    def save(self, folder: Path) -> None:
        """Write the model to a folder: the pipeline as skops, and a card of labels, thresholds and versions."""
        skops = _skops()
        folder.mkdir(parents=True, exist_ok=True)
        file = folder / PIPELINE_FILE
        skops.io.dump(self.pipeline, file)
        if _shrinks(file):
            skops.io.dump(self.pipeline, file, compression=zipfile.ZIP_DEFLATED, compresslevel=6)
        card = {
            "format": 1 if self.calibration is None else FORMAT,
            "task": self.task.model_dump(mode="json"),
            "thresholds": dict(zip(self.labels, (float(t) for t in self.thresholds), strict=True)),
            "versions": self.versions or package_versions(),
            "targeted": self.targeted,
            **({} if self.calibration is None else {"calibration": self.calibration.dump()}),
            **({} if self.known_targets is None else self.known_targets.dump()),
        }
        (folder / CARD_FILE).write_text(json.dumps(card, indent=2) + "\n", encoding="utf-8")
        for number, encoder in enumerate(_encoders(self.pipeline), 1):  # to go on with in transformers
            encoder.save_weights(folder / (ENCODER_FOLDER if number == 1 else f"{ENCODER_FOLDER}-{number}"))
        (folder / SEEN_FILE).write_text("".join(f"{each}\n" for each in sorted(self.trained_on)), encoding="utf-8")

    def score(
        self, texts: Iterable[str], targets: Iterable[str] | None = None, batch_size: int = 2048
    ) -> Iterator[dict[str, Any]]:
        """Yield what the model says of each text, in their order, as it goes.

        Parameters
        ----------
        texts : iterable of str
            Sentences; read a batch at a time, so any number will do.
        targets : iterable of str, optional
            As many targets, for a stance model; its own (:meth:`towards`) for all when left out.
        batch_size : int, default 2048
            Texts a call of the pipeline.

        Yields
        ------
        dict
            ``text``, ``labels`` (list of str), ``scores`` (label -> probability, to four digits) and, in a multilabel
            task, ``thresholds`` (label -> probability from which on it is given). Of a stance model that knows its
            targets also ``target_in_training``, and ``touches_target``: whether the text has a word of the target or
            one that goes with it.

        Raises
        ------
        InputError
            If the model needs a target and none is given, or there are fewer targets than texts.
        """
        named = None if targets is None else iter(targets)
        source = iter(texts)
        limits = self.given_from
        while batch := list(islice(source, batch_size)):
            about = None if named is None else list(islice(named, len(batch)))
            if about is not None and len(about) < len(batch):
                raise InputError("there are fewer targets than texts; give one a text")
            probabilities = self.predict_proba(batch, about)
            labels, marks = self.names(self.decide(probabilities)), self.target_marks(batch, about)
            shown = rounded(probabilities, limits.values())
            for at, (text, row, given) in enumerate(zip(batch, shown.tolist(), labels, strict=True)):
                scores = dict(zip(self.labels, row, strict=True))
                thresholds = {"thresholds": dict(limits)} if limits else {}
                about_target = {name: column[at] for name, column in marks.items()}
                yield {"text": text, "labels": given, "scores": scores, **thresholds, **about_target}

    def target_marks(self, texts: Sequence[str], targets: Sequence[str] | None = None) -> dict[str, list[bool]]:
        """Return what the answers to n texts rest on.

        Parameters
        ----------
        texts : sequence of str
            n texts.
        targets : sequence of str, optional
            n targets; ``self.target`` for all when left out.

        Returns
        -------
        dict of str to list of bool
            ``target_in_training``, and ``touches_target``: whether each text has a word of its target or one that goes
            with it. Empty for a model that doesn't know which targets it was trained on.
        """
        if self.known_targets is None:
            return {}
        rows: dict[str, list[int]] = {}
        for at in range(len(texts)):
            rows.setdefault(str(self.target) if targets is None else targets[at], []).append(at)
        known, touches = [False] * len(texts), [False] * len(texts)
        for target, places in rows.items():
            trained = self.known_targets.knows(target)
            touching = self.known_targets.touching([texts[at] for at in places], target)
            for at, found in zip(places, touching, strict=True):
                known[at], touches[at] = trained, found
        return {"target_in_training": known, "touches_target": touches}

    def seen(self, texts: Sequence[str]) -> int:
        """Return how many of the texts the model was trained on."""
        return sum(fingerprint(text) in self.trained_on for text in texts)


def rounded(probabilities: np.ndarray, thresholds: Iterable[float] = ()) -> np.ndarray:
    """Return probabilities as they are given out, to four digits, without lifting one to a threshold it lies below.

    Parameters
    ----------
    probabilities : ndarray of shape (n, n_labels)
        As a classifier gives them.
    thresholds : iterable of float, default ()
        The labels' thresholds; none in a multiclass task.

    Returns
    -------
    ndarray of shape (n, n_labels)
        Each is at or above its threshold if and only if it was before: who reads a table can tell why a label is there.
    """
    shown = probabilities.round(DIGITS)
    limits = np.fromiter(thresholds, dtype=np.float64)
    if not limits.size:
        return np.asarray(shown)
    step = 10.0**-DIGITS
    moved = np.where(probabilities < limits, shown - step, shown + step).round(DIGITS)
    return np.asarray(np.where((shown >= limits) == (probabilities >= limits), shown, moved))


def _shrinks(file: Path) -> bool:
    """Return whether deflating a saved pipeline pays: a vocabulary shrinks to a tenth, float weights hardly at all."""
    size = file.stat().st_size
    if size <= _LARGE:
        return True
    with file.open("rb") as stream:
        parts = []
        for tenth in range(1, 10):
            stream.seek(size * tenth // 10)
            parts.append(stream.read(_SAMPLE))
    sample = b"".join(parts)
    return len(zlib.compress(sample, 1)) < 0.8 * len(sample)


def _skops() -> Any:
    """Import skops, but not PyTorch: skops lists all modules of scikit-learn, of which one loads it, for seconds."""
    unloaded = "torch" not in sys.modules
    if unloaded:
        sys.modules["torch"] = None  # type: ignore[assignment]  # an import of it fails at once, and is passed over
    try:
        import skops.io
    finally:
        if unloaded:
            del sys.modules["torch"]
    return skops


def _encoders(pipeline: Any) -> Iterator[Any]:
    """Yield the fine-tuned encoders of a fitted pipeline, and of the models that it is made of."""
    step = getattr(pipeline, "named_steps", {}).get("classifier")
    if step is None:
        return
    if hasattr(step, "save_weights"):
        yield step
    for name in ("student_", "first_", "second_"):
        yield from _encoders(getattr(step, name, None))
    for member in getattr(step, "members_", []):
        yield from _encoders(member)


def needs_encoder(folder: Path) -> bool:
    """Return whether a saved model's pipeline reads text by an ONNX graph, and so needs what runs those."""
    skops = _skops()
    types = skops.io.get_untrusted_types(file=folder / PIPELINE_FILE)
    return bool(_READ_BY_GRAPHS & set(types))


def fingerprint(text: str) -> str:
    """Return the first 16 hex digits of a text's SHA-256; case and typography don't count."""
    return hashlib.sha256(normalise_text(text, fold_digits=False).encode()).hexdigest()[:16]


def model_digest(folder: Path) -> str:
    """Return the first 16 hex digits of a SHA-256 over a saved model's card and pipeline."""
    home = _home(folder) or folder
    whole = hashlib.sha256()
    for name in (CARD_FILE, PIPELINE_FILE):
        with (home / name).open("rb") as stream:
            whole.update(hashlib.file_digest(stream, "sha256").digest())
    return whole.hexdigest()[:16]


def _home(folder: Path) -> Path | None:
    """Return where in a folder a saved model is: there, or where MLflow puts it."""
    places = (folder, folder / "data" / FOLDER, folder / "model" / "data" / FOLDER)
    return next((place for place in places if (place / CARD_FILE).is_file()), None)


def load_model(folder: Path) -> SentenceClassifier:
    """Load a saved model from its folder, or from the MLflow model folder around it.

    Raises
    ------
    InputError
        If the folder holds no framescope model, a broken one, one of a later format, or one whose pipeline
        holds types that the kit doesn't know. Nothing in the folder is executed.
    """
    home = _home(folder)
    if home is None:
        raise InputError(_no_model(folder))
    try:
        card = json.loads((home / CARD_FILE).read_text(encoding="utf-8"))
        if card["format"] > FORMAT:
            raise InputError(
                f"{home}: was saved by a later framescope ({card['versions'].get('framescope')}); upgrade to load it"
            )
        task = Task.model_validate(card["task"])
        thresholds = np.asarray([card["thresholds"][label] for label in task.labels], dtype=np.float64)
        versions, targeted = dict(card["versions"]), bool(card.get("targeted", False))
        kept = card.get("calibration")
        calibration = None if kept is None else Calibration.load(kept, len(task.labels))
        known = KnownTargets.load(card)
    except (AttributeError, KeyError, TypeError, ValueError, UnicodeDecodeError) as error:
        raise InputError(f"{home / CARD_FILE}: is damaged ({error}); train or download the model again") from None
    seen = home / SEEN_FILE
    trained_on = frozenset(seen.read_text(encoding="utf-8").split()) if seen.is_file() else frozenset()
    pipeline = _load_pipeline(home / PIPELINE_FILE)
    return SentenceClassifier(
        pipeline,
        task,
        thresholds,
        versions,
        targeted,
        trained_on=trained_on,
        calibration=calibration,
        known_targets=known,
    )


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


def _load_pipeline(path: Path) -> Any:
    skops = _skops()
    try:
        file = _with_present_names(path)
        strangers = sorted(set(skops.io.get_untrusted_types(file=file)) - set(ALLOWED_TYPES))
        if strangers:
            raise InputError(
                f"{path}: holds types that framescope doesn't know ({', '.join(strangers)}); it is "
                "not loaded, since they could run foreign code"
            )
        return skops.io.load(file, trusted=list(ALLOWED_TYPES))
    except FileNotFoundError:
        raise InputError(f"{path}: is missing; train or download the model again") from None
    except (
        zipfile.BadZipFile,
        zlib.error,
        OSError,
        KeyError,
        ValueError,
        TypeError,
        EOFError,
        AttributeError,
        ModuleNotFoundError,
    ) as error:
        raise InputError(
            f"{path}: is no readable skops file ({type(error).__name__}: {error}); train or download the model again"
        ) from None


def _with_present_names(path: Path) -> Path | io.BytesIO:
    """Return a skops file; a copy in memory where former names of modules have to be replaced by the present ones."""
    with zipfile.ZipFile(path) as saved:
        schema = renamed = saved.read("schema.json")
        for former, present in FORMER_NAMES.items():
            renamed = renamed.replace(f'"__module__": "{former}"'.encode(), f'"__module__": "{present}"'.encode())
        if renamed == schema:
            return path
        copy = io.BytesIO()
        with zipfile.ZipFile(copy, "w") as written:
            for name in saved.namelist():
                written.writestr(name, renamed if name == "schema.json" else saved.read(name))
    return copy


def sentences_per_second(
    classifiers: Sequence[SentenceClassifier], texts: Sequence[str], targets: Sequence[str] | None = None
) -> list[float]:
    """Return how many sentences a second each model scores, here and now, when it is given them all at once.

    The models take turns, so that what else the machine does slows all of them down, and the fastest turn of each
    counts. They take three turns, and more as long as two seconds aren't spent, with the first 1,000 texts.
    """
    texts, targets = texts[:_TIMED_TEXTS], targets and targets[:_TIMED_TEXTS]
    turns: list[list[float]] = []
    while len(turns) < _FEWEST_TURNS or (sum(map(sum, turns)) < _TIMED_SECONDS and len(turns) < _MOST_TURNS):
        turn = []
        for classifier in classifiers:
            began = time.perf_counter()
            classifier.predict_proba(texts, targets)
            turn.append(time.perf_counter() - began)
        turns.append(turn)
    return [len(texts) / max(min(each), 1e-9) for each in zip(*turns, strict=True)]


class ServedModel:
    """The model as MLflow serves it: a table of ``text`` (and ``target``) in, labels, probabilities and more out."""

    def __init__(self, classifier: SentenceClassifier) -> None:
        self.classifier = classifier

    def predict(self, table: pd.DataFrame, params: dict[str, Any] | None = None) -> pd.DataFrame:
        """Return a table with a ``labels`` column (list of str) and one probability column a label.

        In a multilabel task ``threshold_<label>`` follows for each label; of a stance model that knows its targets
        ``target_in_training`` and ``touches_target``, as in :meth:`SentenceClassifier.score`.
        """
        texts = ["" if text is None else str(text) for text in table["text"]]
        targets = None
        if self.classifier.targeted:
            targets = ["" if pd.isna(target) else str(target) for target in table["target"]]
        probabilities = self.classifier.predict_proba(texts, targets)
        scored = pd.DataFrame(probabilities, columns=self.classifier.labels, index=table.index)
        scored.insert(
            0,
            "labels",
            pd.Series(self.classifier.names(self.classifier.decide(probabilities)), index=table.index, dtype=object),
        )
        for label, threshold in self.classifier.given_from.items():
            scored[f"threshold_{label}"] = threshold
        for name, marks in self.classifier.target_marks(texts, targets).items():
            scored[name] = pd.Series(marks, index=table.index, dtype=bool)
        return scored


def _load_pyfunc(path: str) -> ServedModel:
    """Load the model for MLflow, which calls this by its name (``loader_module`` in the MLmodel file)."""
    return ServedModel(load_model(Path(path)))
