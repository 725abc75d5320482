"""The trained classifier: texts in, probabilities, labels and what they rest on out."""

import hashlib
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from experiments.config.schema import Task
from experiments.errors import InputError
from experiments.measures.calibration import Calibration
from experiments.measures.risk import confidence_of
from experiments.model.abstaining import WITHOUT, check_level, promise
from experiments.model.card import CARD_FILE, Card
from experiments.model.digest import digest_of
from experiments.model.explained import Explained, Explainer
from experiments.model.fast_pipeline import scorer_of
from experiments.model.held_out import HELD_OUT_FILE, HeldOut
from experiments.model.pipeline_file import PIPELINE_FILE, save_pipeline
from experiments.model.seen import SEEN_FILE, seen_text
from experiments.provenance import package_versions
from features.encoder import EncoderError
from features.normalise import normalise_text
from features.target_touch import KnownTargets

_TIMED_TEXTS, _TIMED_SECONDS, _FEWEST_TURNS, _MOST_TURNS = 1000, 2.0, 3, 50

DIGITS = 4
"""To how many digits scores are given out."""

ENCODER_FOLDER = "encoder"


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
    held_out : HeldOut or None
        What it came to on rows that it wasn't fitted to; None for models saved before it was kept, or without such
        rows.
    decides_from : float or None
        The confidence from which on it decides; texts of which it is less sure are left to a human. None for all.
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
    held_out: HeldOut | None = None
    decides_from: float | None = None

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
            If a text or target isn't a string, the model needs a target and none, or an empty one, is given, or the
            model gives no probabilities of its labels: it is damaged then.
        """
        if not len(texts):
            return np.zeros((0, len(self.labels)))
        _check_strings("text", texts)
        rows: list[Any] = list(texts)
        if self.targeted:
            if targets is None and self.target is None:
                raise InputError(f"the {self.task.name} model tells the stance to a target: name one with --target")
            named = [str(self.target)] * len(rows) if targets is None else list(targets)
            _check_strings("target", named)
            if empty := next((number for number, each in enumerate(named, 1) if not each.strip()), 0):
                raise InputError(f"the target of text {empty} is empty; name what the stance is about")
            rows = list(zip(rows, named, strict=True))
        try:
            found = np.asarray(self._scores(rows), dtype=np.float64)
        except EncoderError as error:  # a package that isn't installed here, or a damaged encoder
            raise InputError(f"the {self.task.name} model: {error}") from error
        if found.shape != (len(rows), len(self.labels)):
            raise InputError(
                f"the {self.task.name} model gives {' x '.join(map(str, found.shape))} numbers for {len(rows)} texts, "
                f"and its card names {len(self.labels)} labels; train or download it again"
            )
        if not np.isfinite(found).all():
            raise InputError(
                f"the {self.task.name} model gives probabilities that are no finite numbers; train or download it again"
            )
        return self.calibrated(found)

    @cached_property
    def _scores(self) -> Callable[[Sequence[Any]], np.ndarray]:
        """What reads rows for the pipeline; it keeps what it has learnt of their words."""
        return scorer_of(self.pipeline)

    def __getstate__(self) -> dict[str, Any]:
        """Return what is copied, or sent to another process: the fields, and not what is kept beside them."""
        return {each.name: getattr(self, each.name) for each in fields(self)}

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
        """Turn probabilities into labels: an indicator matrix of the same shape, int8; also where it abstains."""
        if self.task.multilabel:
            return np.asarray(probabilities >= self.thresholds, dtype=np.int8)
        return np.asarray(np.eye(len(self.labels), dtype=np.int8)[probabilities.argmax(axis=1)])

    def confidence(self, probabilities: np.ndarray) -> np.ndarray:
        """Return how likely all labels of each row are right, shape (n,), of probabilities of shape (n, n_labels)."""
        return confidence_of(probabilities, self.decide(probabilities), self.task.multilabel)

    def abstains(self, probabilities: np.ndarray) -> np.ndarray:
        """Return which rows are left to a human, shape (n,), bool; none unless the model is told from where it decides.

        Parameters
        ----------
        probabilities : ndarray of shape (n, n_labels)
            Not rounded.
        """
        if self.decides_from is None:
            return np.zeros(len(probabilities), dtype=bool)
        return np.asarray(self.confidence(probabilities) < self.decides_from)

    def abstaining(self, level: float) -> "SentenceClassifier":
        """Return the model as it leaves to a human the texts without which its errors stay below a level.

        Parameters
        ----------
        level : float
            A share between 0 and 1 of the texts that it decides, which with 95% confidence are wrong in any label at
            most, if they are like its held-out rows (docs/abstention.md).

        Raises
        ------
        InputError
            If it has no held-out rows, or they can't promise that.
        """
        check_level(level)
        if self.held_out is None:
            raise InputError(WITHOUT)
        return replace(self, decides_from=promise(self.held_out, level).cut.confidence)

    def names(self, decided: np.ndarray) -> list[list[str]]:
        """Turn an indicator matrix into one list of label names a row."""
        return [[label for label, given in zip(self.labels, row, strict=True) if given] for row in decided]

    def save(self, folder: Path) -> None:
        """Write the model to a folder: the pipeline as skops, and a card of labels, thresholds and versions."""
        folder.mkdir(parents=True, exist_ok=True)
        save_pipeline(self.pipeline, folder / PIPELINE_FILE)
        card = Card(
            self.task,
            self.thresholds,
            self.versions or package_versions(),
            self.targeted,
            self.calibration,
            self.known_targets,
        )
        (folder / CARD_FILE).write_text(card.text(), encoding="utf-8")
        for number, encoder in enumerate(_encoders(self.pipeline), 1):  # to go on with in transformers
            encoder.save_weights(folder / (ENCODER_FOLDER if number == 1 else f"{ENCODER_FOLDER}-{number}"))
        (folder / SEEN_FILE).write_text(seen_text(self.trained_on), encoding="utf-8")
        if self.held_out is not None:
            (folder / HELD_OUT_FILE).write_text(self.held_out.text(digest_of(folder)), encoding="utf-8")

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
            one that goes with it. Of a model that leaves texts to a human (``decides_from``) also ``abstained``; the
            ``labels`` of such a text are None: not decided.

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
            shown, left = rounded(probabilities, limits.values()), self.abstains(probabilities).tolist()
            for at, (text, row, given) in enumerate(zip(batch, shown.tolist(), labels, strict=True)):
                scores = dict(zip(self.labels, row, strict=True))
                thresholds = {"thresholds": dict(limits)} if limits else {}
                about_target = {name: column[at] for name, column in marks.items()}
                abstained = {} if self.decides_from is None else {"abstained": left[at]}
                named_labels = None if left[at] else given
                yield {
                    "text": text,
                    "labels": named_labels,
                    "scores": scores,
                    **thresholds,
                    **about_target,
                    **abstained,
                }

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

    def explain(self, texts: Sequence[str]) -> Iterator[Explained]:
        """Yield what the answer to each of n texts rests on, for ``self.target`` in a stance model.

        Exactly, as contributions of columns, for a model that adds these up, and else by leaving each word out: see
        :class:`experiments.model.explained.Explainer`.

        Raises
        ------
        InputError
            As :meth:`predict_proba` does.
        """
        _check_strings("text", texts)
        if self.targeted and self.target is None:
            raise InputError(f"the {self.task.name} model tells the stance to a target: name one with --target")
        yield from self._explainer.explain(texts)

    @property
    def explained_by(self) -> str:
        """How answers are explained: ``coefficients`` or ``erasure``."""
        return self._explainer.by

    @cached_property
    def _explainer(self) -> Explainer:
        return Explainer(self.pipeline, self.labels, self.target, self.targeted, self.predict_proba)

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


def _check_strings(what: str, values: Sequence[Any]) -> None:
    """Refuse what isn't a string: a missing value or a number has no words, but would have letters."""
    if isinstance(values, str):
        raise InputError(f"{what}s: is one string, {values[:40]!r}; give a list of them")
    for number, value in enumerate(values, 1):
        if not isinstance(value, str):
            raise InputError(f"{what} {number} is {str(value)[:40]!r}, of type {type(value).__name__}; give a string")


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


def fingerprint(text: str) -> str:
    """Return the first 16 hex digits of a text's SHA-256; case and typography don't count."""
    return hashlib.sha256(normalise_text(text, fold_digits=False).encode()).hexdigest()[:16]


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
        for classifier in map(replace, classifiers):  # copies, which know no word yet
            classifier.predict_proba(texts[:1], targets and targets[:1])
            began = time.perf_counter()
            classifier.predict_proba(texts, targets)
            turn.append(time.perf_counter() - began)
        turns.append(turn)
    return [len(texts) / max(min(each), 1e-9) for each in zip(*turns, strict=True)]
