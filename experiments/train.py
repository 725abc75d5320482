"""The whole program of a training run, from the config to the registered model."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from experiments.classifiers.separate import target_notes
from experiments.config.schema import Config
from experiments.corpus.checks import check_split, check_training, undecided_counts, undecided_lines
from experiments.corpus.rows import Labelled, load_data
from experiments.corpus.splits import hold_out
from experiments.evaluation.checks.run import Checked, check_run
from experiments.evaluation.evaluate import evaluate, save_evaluation, unknown_lines
from experiments.evaluation.gaps import Gaps, gap_lines
from experiments.evaluation.parts import measure_parts, parts_lines
from experiments.evaluation.probing import probe_task, save_probing
from experiments.evaluation.report import write_report
from experiments.model import sentences_per_second
from experiments.notices import Warn
from experiments.tracking.logged import log_record, recording
from experiments.tracking.registry import Registered
from experiments.tracking.runs import start_run
from experiments.training.fitting import fit
from experiments.training.thresholds import check_where


@dataclass(frozen=True)
class Trained:
    """What a training run leaves behind.

    ``thresholds`` has the probability from which on each label is given (empty in a multiclass task), ``undecided``
    what nobody decided of the training and the test rows.
    """

    run_id: str
    model_uri: str
    metrics: dict[str, float]
    thresholds: dict[str, float]
    registered: Registered | None
    seconds: float
    undecided: dict[str, dict[str, Any]]
    gaps: Gaps
    checked: Checked


def train(config: Config, say: Warn, tags: Mapping[str, str] = {}, remark: str = "") -> Trained:
    """Train, evaluate, track and register one experiment.

    Parameters
    ----------
    config : Config
        The experiment.
    say : callable
        Called with a line for each step and each thing the user should know.
    tags : mapping of str to str, default {}
        Further tags of the run, such as whose child it is.
    remark : str, default ""
        What the report says of how the config was come by.

    Raises
    ------
    InputError
        If the config, its data or the store can't be used. The run, if one was open, is marked failed.
    UnloggedError
        If the store can't be used any more once the model is fitted: all is in a folder then, for
        ``framescope log``.
    """
    began = time.perf_counter()
    with start_run(config, tags) as run, recording(run, config, tags, say) as record:
        run.log_config(config)
        say(f"reading {config.data.train}")
        train_rows, test_rows = prepare(config, say)
        for context, rows in (("train", train_rows), ("test", test_rows)):
            run.log_data(context, rows)
            record.keep_data(context, rows)

        say(f"fitting {config.classifier.type} on {len(train_rows)} rows")
        classifier = fit(config, train_rows, test_rows, say)
        fitted = time.perf_counter()
        for line in target_notes(classifier.pipeline):
            say(f"note: {line}")

        say("keeping the model")
        record.keep_model(classifier)
        kept = time.perf_counter()

        say(f"evaluating on {len(test_rows)} rows")
        evaluation = evaluate(classifier, test_rows, config.evaluation.bootstrap, config.seed, config.evaluation.slices)
        predicted = time.perf_counter()
        parts = measure_parts(classifier, evaluation)
        notes = [*unknown_lines(evaluation), *gap_lines(evaluation.gaps)]
        for line in [*parts_lines(parts), *(f"note: {line}" for line in notes)]:
            say(line)
        metrics = {**record.keep_metrics(evaluation.metrics), **parts}
        record.keep_values(parts)
        record.keep_values({"train.seconds": fitted - began, "test.seconds": predicted - kept})
        (speed,) = sentences_per_second([classifier], test_rows.texts, test_rows.targets)
        record.keep_values({"test.sentences_per_second": speed})
        record.keep_values(
            {f"threshold.{label}": float(t) for label, t in zip(classifier.labels, classifier.thresholds, strict=True)}
        )

        say("checking")
        checked = check_run(config, classifier, train_rows, evaluation)
        behaviour = probe_task(classifier, run.model_uri, say) if config.evaluation.probes else None

        say("writing the report")
        save_evaluation(record.files, classifier, evaluation)
        checked.save(record.files)
        if behaviour:
            save_probing(record.files / "probe.json", behaviour)
        said = " ".join([*([remark] if remark else []), *parts_lines(parts)])
        write_report(record.files, run.id, config, classifier, train_rows, evaluation, said, behaviour, checked, say)
        record.finish()

        say("logging")
        registered = log_record(record, config.tracking.patience, say, run)
    undecided = {
        "train": undecided_counts(train_rows, config.task.labels),
        "test": undecided_counts(test_rows, config.task.labels),
    }
    seconds = time.perf_counter() - began
    thresholds = classifier.given_from
    return Trained(run.id, run.model_uri, metrics, thresholds, registered, seconds, undecided, evaluation.gaps, checked)


def prepare(config: Config, say: Warn) -> tuple[Labelled, Labelled]:
    """Return checked training and test rows, as the config's files or its split give them."""
    train_rows, test_rows = load_data(config, say)
    notes = [line for rows in (train_rows, test_rows) if rows for line in undecided_lines(rows, config.task.labels)]
    check_where(config, train_rows)
    if test_rows is None:
        train_rows, test_rows = hold_out(train_rows, config.data.test_size, config.split_seed)
    for line in [
        *notes,
        *check_training(train_rows, config.task),
        *check_split(train_rows, test_rows, config.data.allow_leaks),
    ]:
        say(f"note: {line}")
    return train_rows, test_rows
