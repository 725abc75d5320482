"""Fits a config's pipeline and chooses what is chosen on held-out rows: thresholds, and an encoder's best epoch."""

from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn.pipeline import Pipeline

from experiments.classifiers.decided import heeding_undecided
from experiments.classifiers.members import fit_member
from experiments.classifiers.separate import SeparateTargets
from experiments.config.schema import Config
from experiments.corpus.checks import check_labels
from experiments.corpus.rows import UNDECIDED, Labelled, load_unlabelled
from experiments.corpus.splits import hold_out
from experiments.errors import InputError
from experiments.model import SentenceClassifier, fingerprint
from experiments.notices import Warn
from experiments.provenance import package_versions
from experiments.tables.cells import cell_key
from experiments.training.thresholds import at_natural_rates, choose_thresholds
from features import build_features
from features.encoder import EncoderError
from features.target_touch import KnownTargets
from features.targets import Reading


def pipeline_of(config: Config, undecided: bool = False) -> Callable[[], Any]:
    """Return a function that builds a fresh, unfitted pipeline of the config's features and classifier.

    ``undecided`` says that it will be fitted to rows of which some labels are not decided.
    """
    separate = config.targeted and config.targets == "separate"
    reading: Reading | None = (
        None if not config.targeted else "text" if config.targets == "separate" else config.targets
    )

    def build() -> Pipeline:
        try:
            classifier = config.classifier.build_for(config.task.labels, config.task.multilabel, config.seed, reading)
            features = build_features(config.features, reading) if config.features else None
        except ValueError as error:
            raise InputError(f"config {config.name}: {error}") from None
        if undecided or len(config.task.labels) == 1:
            classifier = heeding_undecided(classifier)
        if separate:
            return Pipeline([("classifier", SeparateTargets(features, classifier, config.task.labels))])
        steps = [("features", features)] if features is not None else []
        return Pipeline([*steps, ("classifier", classifier)])

    return build


def fit(
    config: Config, rows: Labelled, unseen: Labelled | None = None, say: Warn = lambda line: None
) -> SentenceClassifier:
    """Fit a config on training rows.

    Those of which a label is undecided are left out if the classifier can't take them; see :func:`learnable`.
    A part of them is set aside if something needs rows that the classifier was not fitted to; see :func:`set_aside`.
    Of the unlabelled sentences, those are left out that are among the ``unseen`` rows, on which the model will be
    measured.

    Raises
    ------
    InputError
        If the rows don't do for the config, or an encoder can't be used.
    """
    rows = learnable(config, rows, say)
    rest, held = set_aside(config, rows)
    build = pipeline_of(config, undecided=bool((rest.y == UNDECIDED).any()))
    try:
        validation = (held.inputs, answers(config, held)) if held else None
        wanted = config.classifier.needs_unlabelled or bool(config.data.unlabelled)
        unlabelled = _unlabelled(config, unseen, say) if config.classifier.reads_unlabelled and wanted else []
        more = auxiliary(config, rest)
        chosen = config.task.multilabel and config.thresholds.method == "validation"
        natural = at_natural_rates(config, held) if held and chosen else None
        pipeline = fit_member(build(), rest.inputs, answers(config, rest), validation, unlabelled, more, natural)
        # after the fit, which leaves the vectors of frozen encoders in their cache
        thresholds, calibration, held_out = choose_thresholds(config, build, rest, pipeline, held, say)
    except EncoderError as error:
        raise InputError(f"config {config.name}: {error}") from error
    except ValueError as error:
        raise InputError(
            f"config {config.name}: can't be fitted on {len(rows)} rows of {rows.name}: {str(error).splitlines()[0]}"
        ) from error
    seen = frozenset(map(fingerprint, rows.texts))
    return SentenceClassifier(
        pipeline,
        config.task,
        thresholds,
        package_versions(),
        config.targeted,
        trained_on=seen,
        calibration=calibration,
        held_out=held_out,
        known_targets=None if rest.targets is None else KnownTargets.learn(rest.texts, rest.targets),
    )


def learnable(config: Config, rows: Labelled, say: Warn = lambda line: None) -> Labelled:
    """Return the rows that the config's classifier can be fitted to: all, or those with every label decided.

    Raises
    ------
    InputError
        If it can't take rows that are decided in part, and too few others are left.
    """
    whole = rows.whole
    if config.classifier.takes_undecided or len(whole) == len(rows):
        return rows
    kind = config.classifier.type
    if not len(whole):
        raise InputError(
            f"{rows.name}: no row has every label decided, and the {kind} classifier learns from no others; decide "
            "more labels, or take another classifier, such as logistic"
        )
    say(
        f"note: {len(rows) - len(whole)} of {len(rows)} rows have an undecided label, which the {kind} classifier "
        "can't learn from: left out"
    )
    kept = rows.take(whole)
    check_labels(kept, config.task)
    return kept


def set_aside(config: Config, rows: Labelled) -> tuple[Labelled, Labelled | None]:
    """Return the rows to fit on, and those set aside for choices (None if nothing is chosen on any).

    Which rows these are depends on the seed and ``data.validation_size`` alone, so that a cascade sets aside the rows
    that its encoder was not fitted to.

    Raises
    ------
    InputError
        If thresholds are to be chosen on validation rows and there are to be none.
    """
    chosen = (config.task.multilabel or config.calibration != "none") and config.thresholds.method == "validation"
    if chosen and not config.data.validation_size:
        raise InputError(
            f"config {config.name}: thresholds.method=validation needs rows to choose on: set "
            "data.validation_size=0.1, or take thresholds.method=cv"
        )
    if not config.data.validation_size or not (chosen or _stops(config)):
        return rows, None
    return hold_out(rows, config.data.validation_size, config.seed)


def answers(config: Config, rows: Labelled) -> np.ndarray:
    """Return what a classifier is fitted to: an indicator matrix in a multilabel task, else label numbers."""
    return rows.y if config.task.multilabel else rows.target


def auxiliary(config: Config, rows: Labelled) -> list[list[str]]:
    """Return what else can be learned from each row, one string a column of ``data.columns.auxiliary``, "" if unknown.

    Raises
    ------
    InputError
        If the rows lack such a column.
    """
    named = config.data.columns.auxiliary
    if lacking := next((column for column in named if column not in rows.rows.column_names), None):
        known = ", ".join(rows.rows.column_names)
        raise InputError(f"{rows.name}: has no column {lacking!r} for data.columns.auxiliary; it has {known}")
    columns = [[cell_key(cell) for cell in rows.rows[column]] for column in named]
    return [list(values) for values in zip(*columns, strict=True)]


def _unlabelled(config: Config, unseen: Labelled | None, say: Warn) -> list[Any]:
    rows = load_unlabelled(config, say)
    barred = set(map(fingerprint, unseen.texts)) if unseen else set()
    kept = [row for row in rows if fingerprint(row if isinstance(row, str) else row[0]) not in barred]
    if len(kept) < len(rows):
        say(f"note: {len(rows) - len(kept)} sentence(s) of data.unlabelled are test rows: left out")
    return kept


def _stops(config: Config) -> bool:
    """Return whether the classifier chooses its best moment; one that is fitted anew for each target doesn't."""
    return config.classifier.stops_early and not (config.targeted and config.targets == "separate")
