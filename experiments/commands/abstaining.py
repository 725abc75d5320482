"""``--abstain`` of score and evaluate: the promise, on which rows it is made, and what is said of it."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from experiments.commands.options import parts

if TYPE_CHECKING:
    from experiments.articles.write import ScoreSummary
    from experiments.config.schema import Config
    from experiments.corpus.rows import Labelled
    from experiments.model import Promise, SentenceClassifier
    from experiments.notices import Warn

Abstain = Annotated[
    float | None,
    typer.Option(
        "--abstain",
        help="Leave to a human what the model isn't sure of, so that with 95% confidence at most this share of the "
        "sentences that it decides is wrong, as 0.05 (docs/abstention.md).",
        show_default=False,
    ),
]
HeldOutFile = Annotated[
    str | None,
    typer.Option(
        "--held-out",
        help="With --abstain: labelled rows of your kind of text to make the promise on, which the model has not seen; "
        "those kept with the model when left out.",
        show_default=False,
    ),
]
HeldOutColumns = Annotated[
    str | None,
    typer.Option(
        "--held-out-columns",
        help="Columns of these, as text=sentence,labels=frame,group=article; text, labels and group when left out.",
        show_default=False,
    ),
]

_COLUMNS = ("text", "labels", "group", "target", "undecided")


def check_options(level: float | None, held_out: str | None, columns: str | None) -> None:
    """Make sure that the three options go together, before anything is loaded.

    Raises
    ------
    InputError
        If they don't, or the level is no share.
    """
    from experiments.errors import InputError
    from experiments.model import check_level

    if level is None and held_out is not None:
        raise InputError(f"--held-out {held_out}: goes with --abstain, which says the share of errors to promise")
    if held_out is None and columns is not None:
        raise InputError(f"--held-out-columns {columns}: goes with --held-out FILE")
    if level is not None:
        check_level(level)
        _columns(columns)


def promised(
    classifier: "SentenceClassifier",
    level: float | None,
    held_out: str | None,
    columns: str | None,
    config: "Config | str | None",
    say: "Warn",
    jobs: int,
) -> "tuple[SentenceClassifier, Promise | None, Labelled | None]":
    """Return the model as it leaves sentences to a human, what that promises, and the held-out rows of a file.

    Raises
    ------
    InputError
        If there are no held-out rows, they can't be used, or the level can't be promised on them.
    """
    if level is None:
        return classifier, None, None
    from experiments.corpus.settings import data_settings
    from experiments.errors import InputError
    from experiments.evaluation.abstention import held_out_rows
    from experiments.model import WITHOUT, promise

    rows = None
    if held_out is not None:
        data = data_settings(config)
        data = data.model_copy(update={"columns": data.columns.model_copy(update=_columns(columns))})
        held, rows = held_out_rows(classifier, held_out, data, say, jobs)
    elif classifier.held_out is None:
        raise InputError(WITHOUT)
    else:
        held = classifier.held_out
    found = promise(held, level)
    if not found.cut.confidence:
        say(f"note: at most {level:.4g} are wrong of all sentences already, so none needs to be left to a human")
    return replace(classifier, decides_from=found.cut.confidence), found, rows


def job_part(found: "Promise | None") -> Mapping[str, Any] | None:
    """Return what a promise adds to that which tells one job from another."""
    return None if found is None else {"level": found.level, "cut": found.cut.confidence, "held_out": found.source}


def abstained_json(found: "Promise | None", summary: "ScoreSummary") -> dict[str, Any]:
    """Return what was left to a human and why, as an entry ``abstained``; nothing where the model decides all.

    ``would_have_labels`` counts those left that would have got a label.
    """
    if found is None:
        return {}
    left = {"sentences": summary.abstained, "would_have_labels": summary.withheld}
    return {"abstained": {**left, **found.dump()}}


def abstained_text(found: "Promise | None", summary: "ScoreSummary") -> str:
    """Return the same as lines that go after a summary."""
    if found is None or summary.abstained is None:
        return ""
    read = summary.sentences - summary.boilerplate
    labelled = summary.labelled + summary.withheld
    share = f"; of the {labelled:,} to which the model would give a label, {summary.withheld:,} are left" * (
        labelled < read
    )
    return (
        f"\n{summary.abstained:,} of {read:,} sentences are left to a human (abstained){share}\n"
        f"promised of the others: {found.line}"
    )


def check_apart(rows: "Labelled | None", tested: list[str], source: str, say: "Warn") -> None:
    """Make sure that no row of a test is among those on which a promise was made: they can't test it.

    Raises
    ------
    InputError
        If any is.
    """
    if rows is None:
        return
    from experiments.errors import InputError
    from experiments.model import fingerprint

    known = set(map(fingerprint, rows.texts))
    shared = sum(fingerprint(text) in known for text in tested)
    if shared:
        raise InputError(
            f"{source}: {shared} of its {len(tested)} rows are among those of --held-out, and can't test what was "
            "promised on them; take them out of one of the two"
        )


def read_besides(held_out: str | None) -> list[str | Path]:
    """Return what is read besides the inputs, which no output may replace."""
    return [] if held_out is None else [held_out]


def _columns(option: str | None) -> dict[str, str]:
    from experiments.errors import InputError

    found = {}
    for pair in parts(option):
        name, equals, column = (part.strip() for part in pair.partition("="))
        if not equals or not column or name not in _COLUMNS:
            raise InputError(
                f"--held-out-columns {option}: {pair!r} says no column; write NAME=COLUMN, where NAME is one of "
                f"{', '.join(_COLUMNS)}"
            )
        found[name] = column
    return found
