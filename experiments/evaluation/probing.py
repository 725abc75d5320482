"""What a model's answers do when a sentence is changed: whether they move that shouldn't, and stay that should move."""

import json
import random
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from experiments.config.schema import Data
from experiments.corpus.rows import load_sentences
from experiments.errors import InputError
from experiments.evaluation.probe_cases import ActorCase, Case, actor_cases, data_cases, template_cases
from experiments.evaluation.probes import Probes, Test, check_labels, read_probes, shipped_probes
from experiments.files import finite
from experiments.measures.proportions import proportion_bounds
from experiments.measures.resampling import MIN_GROUPS, resample
from experiments.model import SentenceClassifier
from experiments.notices import Warn

EXAMPLES = 5
"""Examples that are kept of each test, the worst first."""

NAMES_OF = "framing"
"""The task whose shipped file has the lists and changes for sentences of any task."""

_RESAMPLES = 1000


@dataclass(frozen=True)
class Example:
    """A case in which the model did what it shouldn't; in tests of the kind labels, ``labels_before`` is the truth."""

    before: str
    after: str
    labels_before: list[str]
    labels_after: list[str]


@dataclass(frozen=True)
class Outcome:
    """What came of one test.

    Attributes
    ----------
    name, kind, why : str
        As the file of probes says.
    should : str
        What is asked for, such as ``labels stay`` or ``denial appears``.
    cases, groups : int
        Sentences, and the templates or articles that they are from.
    moved : int
        Answers that changed: any label of those tested, or for the kind ``direction`` as they should.
    failed : int
        Answers that moved and shouldn't have, or should have and didn't.
    share, low, high : float
        Of ``failed`` in ``cases``, with 95% bounds; nan with no cases, bounds nan with fewer than five groups.
    untouched : int
        Sentences of the data that the change leaves as they are, and which are no cases.
    already : int
        For ``appear`` cases that had the label before, for ``disappear`` cases that hadn't; all of them failed.
    examples : list of Example
        The worst of the failed.
    """

    name: str
    kind: str
    should: str
    cases: int
    groups: int
    moved: int
    failed: int
    share: float
    low: float
    high: float
    untouched: int
    already: int
    why: str
    examples: list[Example]


@dataclass(frozen=True)
class ActorEffect:
    """How a name alone changes a label's probability, against the mean over all names in the same sentences.

    Attributes
    ----------
    slot, actor, label : str
        Whom it is about, and the label.
    change, low, high : float
        Mean change of the probability with 95% bounds (whole templates drawn); nan with fewer than five templates.
    cases : int
        Templates.
    """

    slot: str
    actor: str
    label: str
    change: float
    low: float
    high: float
    cases: int


@dataclass(frozen=True)
class Probing:
    """What came of all tests; ``data`` is the file whose sentences were changed, None for the templates."""

    model: str
    tests: list[Outcome]
    actors: list[ActorEffect] = field(default_factory=list)
    data: str | None = None

    def dump(self) -> dict[str, Any]:
        """Return the same as plain data, as ``--json`` and ``probe.json`` have it; nan is None."""
        return dict(finite(asdict(self)))

    def extremes(self, most: int = 5) -> list[ActorEffect]:
        """Return the effects that are farthest from nought, largest first, of each slot and label."""
        kinds = dict.fromkeys((each.slot, each.label) for each in self.actors)
        return [
            effect
            for kind in kinds
            for effect in sorted(
                (each for each in self.actors if (each.slot, each.label) == kind), key=lambda each: -abs(each.change)
            )[:most]
        ]


def probe_templates(
    classifier: SentenceClassifier, probes: Probes, place: str, model: str = "", say: Warn = lambda line: None
) -> Probing:
    """Fill the templates, change them, and see what the model makes of it.

    Parameters
    ----------
    classifier : SentenceClassifier
        The model.
    probes : Probes
        The templates and tests.
    place : str
        Their file, for messages.
    model : str, default ""
        What the model is called.
    say : callable, optional
        Called with a line that counts the sentences.

    Raises
    ------
    InputError
        If there are no templates, or the model doesn't know their labels.
    """
    if not probes.templates:
        raise InputError(f"{place}: has no templates to probe with; add some, or give sentences with --data FILE")
    check_labels(probes, classifier.labels, classifier.targeted, place)
    cases = [(test, template_cases(test, probes)) for test in probes.tests]
    actors = actor_cases(probes)
    answers = _answers(classifier, [case for _, found in cases for case in found], actors, say)
    outcomes = [_outcome(classifier, test, found, answers) for test, found in cases]
    return Probing(model, outcomes, _actor_effects(classifier, actors, answers, probes.seed))


def probe_data(
    classifier: SentenceClassifier,
    probes: Probes,
    source: str,
    settings: Data,
    most: int = 1000,
    model: str = "",
    say: Warn = lambda line: None,
) -> Probing:
    """Change a file's own sentences in ways that leave their meaning, and see what the model makes of it.

    Parameters
    ----------
    classifier : SentenceClassifier
        The model, of any task.
    probes : Probes
        The lists of names, and tests with the change ``rewrite`` or ``refill``; the others are for templates.
    source : str
        A table with sentences, labelled or not.
    settings : Data
        Its columns.
    most : int, default 1000
        Sentences that are probed; drawn at random from more.
    model, say
        As for :func:`probe_templates`.

    Raises
    ------
    InputError
        If the file can't be read, or no change touches any of its sentences.
    """
    target = (settings.columns.target or "target") if classifier.targeted else None
    columns = settings.columns.model_copy(update={"target": target})
    texts, groups, targets = load_sentences(source, settings.model_copy(update={"columns": columns}), say)
    if len(texts) > most:
        say(f"note: {most} of the {len(texts)} sentences of {source} are drawn; --most takes more")
        drawn = sorted(random.Random(probes.seed).sample(range(len(texts)), most))
        texts, groups = [texts[n] for n in drawn], [groups[n] for n in drawn]
        targets = targets and [targets[n] for n in drawn]
    tests = [test for test in probes.tests if test.kind == "invariance" and test.change and test.change.on_any_text]
    if not tests:
        raise InputError("no test has a change that can be made to any sentence (rewrite or refill)")
    cases = [(test, data_cases(test, probes, texts, groups, targets)) for test in tests]
    if not any(found for _, found in cases):
        raise InputError(
            f"{source}: no test's change touches any of its {len(texts)} sentences; they need a letter, a blank, or a "
            "name of the lists"
        )
    answers = _answers(classifier, [case for _, found in cases for case in found], [], say)
    return Probing(
        model,
        [_outcome(classifier, test, found, answers, len(texts) - len(found)) for test, found in cases],
        data=source,
    )


def probe_task(classifier: SentenceClassifier, model: str = "", say: Warn = lambda line: None) -> Probing | None:
    """Probe a model with the templates that come with the kit for its task.

    None, and a line that says why, if its labels are others; None if there are no templates for the task.
    """
    base = shipped_probes(classifier.task.name)
    if base is None:
        return None
    probes, place = read_probes(base)
    try:
        return probe_templates(classifier, probes, place, model)
    except InputError as error:
        say(f"note: not probed: {error}")
        return None


def save_probing(path: Path, probing: Probing) -> None:
    """Write a probing as JSON."""
    path.write_text(json.dumps(probing.dump(), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def _answers(
    classifier: SentenceClassifier, cases: Sequence[Case], actors: Sequence[ActorCase], say: Warn
) -> dict[tuple[str, str | None], np.ndarray]:
    """Return the probabilities of every different sentence, asked of the model once."""
    asked = dict.fromkeys(
        [
            *((text, case.target) for case in cases for text in (case.before, case.after)),
            *((case.text, case.target) for case in actors),
        ]
    )
    say(f"probing with {len(asked)} sentences")
    targets = [str(target) for _, target in asked] if classifier.targeted else None
    return dict(zip(asked, classifier.predict_proba([text for text, _ in asked], targets), strict=True))


def _outcome(
    classifier: SentenceClassifier,
    test: Test,
    cases: Sequence[Case],
    answers: dict[tuple[str, str | None], np.ndarray],
    untouched: int = 0,
) -> Outcome:
    nan = float("nan")
    should = _should(test)
    if not cases:
        return Outcome(test.name, test.kind, should, 0, 0, 0, 0, nan, nan, nan, untouched, 0, test.why, [])
    labels = classifier.labels
    before, after = (
        np.asarray([answers[text, case.target] for case, text in zip(cases, texts, strict=True)])
        for texts in ([case.before for case in cases], [case.after for case in cases])
    )
    given = classifier.decide(before).astype(bool)
    now = classifier.decide(after).astype(bool)
    already = np.zeros(len(cases), dtype=bool)
    if test.kind == "direction":
        at = labels.index(str(test.label))
        rise = after[:, at] - before[:, at]
        if test.should in ("rise", "fall"):
            moved = rise > 0 if test.should == "rise" else rise < 0
        else:
            wanted = test.should == "appear"
            already = given[:, at] == wanted
            moved = ~already & (now[:, at] == wanted)
        failed = ~moved
        worst = rise if test.should in ("appear", "rise") else -rise
    else:
        tested = [labels.index(label) for label in test.labels] or list(range(len(labels)))
        if test.kind == "labels":
            given = np.asarray([[label in case.labels for label in labels] for case in cases])
            before = given.astype(np.float64)
        moved = failed = (given[:, tested] != now[:, tested]).any(axis=1)
        worst = -np.abs(after - before)[:, tested].max(axis=1)
    names, member = np.unique([case.group for case in cases], return_inverse=True)
    low = high = float("nan")
    if len(names) >= MIN_GROUPS:
        low, high = proportion_bounds(np.bincount(member, weights=failed), np.bincount(member))
    order = [int(n) for n in np.argsort(worst, kind="stable") if failed[n]]
    was, has = classifier.names(given), classifier.names(now)
    return Outcome(
        name=test.name,
        kind=test.kind,
        should=should,
        cases=len(cases),
        groups=len(names),
        moved=int(moved.sum()),
        failed=int(failed.sum()),
        share=float(failed.mean()),
        low=low,
        high=high,
        untouched=untouched,
        already=int(already.sum()),
        why=test.why,
        examples=[Example(cases[n].before, cases[n].after, was[n], has[n]) for n in _one_a_group(order, member)],
    )


def _one_a_group(order: Sequence[int], member: np.ndarray) -> list[int]:
    """Return the first cases of an order, no two of one group."""
    return list({int(member[n]): n for n in reversed(order)}.values())[::-1][:EXAMPLES]


def _should(test: Test) -> str:
    if test.kind == "direction":
        return f"{test.label} {test.should}s"
    if test.kind == "labels":
        return "labels as given"
    return f"{', '.join(test.labels) or 'labels'} stay{'s' if len(test.labels) == 1 else ''}"


def _actor_effects(
    classifier: SentenceClassifier,
    cases: Sequence[ActorCase],
    answers: dict[tuple[str, str | None], np.ndarray],
    seed: int,
) -> list[ActorEffect]:
    """Return what each name changes; one that stands in a template's other slots has no case there."""
    effects = []
    for slot in dict.fromkeys(case.slot for case in cases):
        of_slot = [case for case in cases if case.slot == slot]
        actors = list(dict.fromkeys(case.actor for case in of_slot))
        groups = list(dict.fromkeys(case.group for case in of_slot))
        table = np.full((len(groups), len(actors), len(classifier.labels)), np.nan)
        for case in of_slot:
            table[groups.index(case.group), actors.index(case.actor)] = answers[case.text, case.target]
        change = table - np.nanmean(table, axis=1, keepdims=True)
        for number, actor in enumerate(actors):
            there = ~np.isnan(change[:, number, 0])
            found = change[there, number]
            low, high = _mean_bounds(found, seed)
            for column, label in enumerate(classifier.labels):
                mean = float(found[:, column].mean())
                bounds = float(low[column]), float(high[column])
                effects.append(ActorEffect(slot, actor, label, mean, *bounds, int(there.sum())))
    return effects


def _mean_bounds(values: np.ndarray, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return 95% bounds of the columns' means, by bootstrap over the rows; nan for fewer than five."""
    if len(values) < MIN_GROUPS:
        return np.full(values.shape[1], np.nan), np.full(values.shape[1], np.nan)
    weights = np.concatenate(list(resample([str(n) for n in range(len(values))], _RESAMPLES, seed)))
    low, high = np.percentile(weights @ values / len(values), [2.5, 97.5], axis=0)
    return low, high
