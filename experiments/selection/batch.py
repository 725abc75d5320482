"""From a file of sentences to the rows of the batch that is labelled next."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from experiments.config.schema import Data
from experiments.errors import InputError
from experiments.files import unguarded
from experiments.model import SentenceClassifier, fingerprint
from experiments.notices import Warn
from experiments.progress import Progress
from experiments.selection.candidates import LeftOut, Reader, columns_of, has_scores, key_of, wording
from experiments.selection.rows import read_done, to_label
from experiments.selection.scoring import doubted
from experiments.selection.selecting import Selection, TooFewError, Wanted, select
from experiments.selection.text import left_out_text


@dataclass(frozen=True)
class Batch:
    """What was chosen of a file, what was left out of it, and whether it was a scored one."""

    selection: Selection
    left_out: LeftOut
    scored: bool


def is_scored(name: str, data: Data) -> bool:
    """Return whether a file holds what ``framescope score`` says of sentences, so that it takes no model."""
    return has_scores(columns_of(name, data))


def batch_of(
    name: str,
    wanted: Wanted,
    classifier: SentenceClassifier | None,
    data: Data,
    done: Sequence[str] = (),
    jobs: int = 1,
    say: Warn = lambda line: None,
    shown: Progress | None = None,
) -> Batch:
    """Choose the sentences of a file to label next.

    Parameters
    ----------
    name : str
        A table of sentences, scored or not.
    wanted : Wanted
        What the batch shall be.
    classifier : SentenceClassifier or None
        Whose doubts count, and whose training sentences are left out. None for those of a scored file, or if all is
        drawn at random.
    data : Data
        Which column holds what.
    done : sequence of str
        Tables of what is labelled already.
    jobs : int, default 1
        Processes that score.
    say : callable
        Called with a line for what the user should know.
    shown : Progress, optional
        Told how far the reading is.

    Raises
    ------
    InputError
        If a table can't be read, or has too little to choose from.
    """
    targeted = classifier is not None and classifier.targeted
    pairs = [(text, target if targeted else None) for text, target in read_done(done, data, say)]
    reader = Reader(
        data,
        targeted,
        {key_of(*pair) for pair in pairs},
        _trained_on(classifier),
        rescored=classifier is not None,
        say=say,
    )
    texts = list(dict.fromkeys(wording(*pair) for pair in pairs))
    stream = doubted(reader.candidates(name, shown), classifier or reader, wanted.strategy, jobs)
    try:
        selection = select(stream, wanted, texts, None if classifier is None else classifier.pipeline, name)
    except TooFewError as error:
        left = left_out_text(vars(reader.left_out))
        raise InputError(f"{error} (left out: {left})" if left else str(error)) from None
    reader.left_out.near = selection.near
    _notes(reader, wanted, classifier, selection, name, say)
    return Batch(selection, reader.left_out, bool(reader.scored))


def batch_rows(batch: Batch, name: str, data: Data) -> Iterator[dict[str, Any]]:
    """Yield the rows of a batch as they are written: undecided, each with how it was chosen.

    ``probability`` is that with which a sentence came into the random part; null where it was not drawn at random.
    """
    for candidate in batch.selection.chosen:
        by = batch.selection.by[candidate.key]
        yield {
            **to_label(candidate, name, batch.scored, data),
            "selected_by": by,
            "probability": batch.selection.probability if by == "random" else None,
        }


def _trained_on(classifier: SentenceClassifier | None) -> Any:
    """Return what says whether a model was trained on a sentence; about a target, if it knows its targets."""
    if classifier is None or not classifier.trained_on:
        return lambda text, target: False
    known = classifier.known_targets

    def seen(text: str, target: str | None) -> bool:
        if target is not None and known is not None and not known.knows(target):
            return False
        return not classifier.trained_on.isdisjoint((fingerprint(text), fingerprint(unguarded(text))))

    return seen


def _notes(
    reader: Reader, wanted: Wanted, classifier: SentenceClassifier | None, selection: Selection, name: str, say: Warn
) -> None:
    if not reader.grouped and wanted.per_article is not None and wanted.strategy != "random":
        say(
            f"note: {name}: no row says which article it is of (column {reader.data.columns.group!r}, or another with "
            "--group): each counts as an article of its own, and --per-article limits nothing"
        )
    if classifier is None:
        whose = "the scores are the file's own" if wanted.strategy != "random" else "no model was named"
        say(
            f"note: {whose}: sentences that a model was trained on can't be told and may be among these; name it with "
            "--model, or its training rows with --labelled"
        )
    elif not classifier.trained_on:
        say("note: the model doesn't say on which sentences it was trained: name them with --labelled")
    if (missing := wanted.n - len(selection.chosen)) > 0:
        say(
            f"note: {missing} sentence(s) fewer than wanted: the most doubtful are too much like each other; select "
            "again once these are labelled"
        )
