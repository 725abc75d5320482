"""The cases of a probe: sentences before and after a change, made from templates or from sentences of the user's."""

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from experiments.evaluation.perturb import REWRITES, SLOT, Name, NameSwap, append, exchange, fill
from experiments.evaluation.probes import Probes, Template, Test


@dataclass(frozen=True)
class Case:
    """One sentence before and after.

    Attributes
    ----------
    group : str
        The template, or the article, that it is from.
    before, after : str
        The sentence.
    target : str or None
        What its stance is about.
    labels : tuple of str
        What the template says that the sentence before is labelled.
    """

    group: str
    before: str
    after: str
    target: str | None = None
    labels: tuple[str, ...] = ()


@dataclass(frozen=True)
class ActorCase:
    """A template filled with one name in one slot, and the same fillings of its other slots as for every other name."""

    group: str
    slot: str
    actor: str
    text: str
    target: str | None = None


def template_cases(test: Test, probes: Probes) -> list[Case]:
    """Return the cases of a test, about as many from every template that it can be made to."""
    fitting = [each for each in probes.templates if _fits(test, each, probes) and _case(test, each, probes, 0)]
    cases: dict[Case, None] = {}
    for template in fitting:
        fillings = -(-probes.cases // len(fitting))
        for number in range(fillings):
            if case := _case(test, template, probes, number):
                cases[case] = None
    return list(cases)


def data_cases(
    test: Test, probes: Probes, texts: Sequence[str], groups: Sequence[str], targets: Sequence[str] | None
) -> list[Case]:
    """Return the cases that a test's change makes of sentences; those that it doesn't touch are left out."""
    change = test.change
    if change is None or not change.on_any_text:
        return []
    lists = dict.fromkeys(probes.list_of(slot) for slot in change.refill)
    swaps = [NameSwap(probes.names_for(each)) for each in lists]
    cases = []
    for number, text in enumerate(texts):
        rng = random.Random(f"{probes.seed} {number} {text}")
        after = REWRITES[change.rewrite](text) if change.rewrite else text
        for swap in swaps:
            after = swap(after, rng)
        if after != text:
            cases.append(Case(groups[number], text, after, targets[number] if targets else None))
    return cases


def actor_cases(probes: Probes) -> list[ActorCase]:
    """Return every template with each name of the list in a slot whose names are compared."""
    cases = []
    for slot in probes.actors:
        for template in probes.templates:
            if slot not in {found for found, _ in SLOT.findall(template.text)}:
                continue
            filling = _filling(template, probes, 0)
            others = {str(name) for key, name in filling.items() if key != slot}
            forms = {form or "name" for found, form in SLOT.findall(template.text) if found == slot}
            for name in probes.names_for(slot):
                if str(name) not in others and forms <= name.forms.keys():
                    text = fill(template.text, {**filling, slot: name})
                    cases.append(ActorCase(template.text, slot, str(name), text, template.about))
    return cases


def _fits(test: Test, template: Template, probes: Probes) -> bool:
    """Return whether a test's change can be made to a template."""
    texts = probes.texts_of(template)
    start = texts.get(test.start or "")
    if start is None or not set(test.having) <= set(template.labels):
        return False
    if test.change is None:
        return True
    slots = {slot for slot, _ in SLOT.findall(start)}
    change = test.change
    if change.refill:
        return bool(slots & set(change.refill))
    if change.variant:
        return change.variant in texts
    return {*change.exchange, *change.form} <= slots


def _case(test: Test, template: Template, probes: Probes, number: int) -> Case | None:
    """Return one filling of a template before and after the change; None where the change leaves it as it is."""
    change = test.change
    texts = probes.texts_of(template)
    text = texts[test.start or ""]
    filling = _filling(template, probes, number)
    before = fill(text, filling)
    if change is None:
        after = before
    elif change.rewrite:
        after = REWRITES[change.rewrite](before)
    elif change.append:
        after = append(before, change.append)
    elif change.variant:
        after = fill(texts[change.variant], filling)
    elif change.exchange:
        exchanged = exchange(filling, *change.exchange)
        if any((form or "name") not in exchanged[slot].forms for slot, form in SLOT.findall(text)):
            return None
        after = fill(text, exchanged)
    elif change.form:
        for slot, form in change.form.items():
            if form not in filling[slot].forms:
                return None
            text = text.replace(f"{{{slot}}}", f"{{{slot}.{form}}}")
        after = fill(text, filling)
    else:
        after = fill(text, _refilled(template, probes, number, change.refill, filling))
    if change is not None and after == before:
        return None
    return Case(template.text, before, after, template.about, tuple(template.labels))


def _filling(template: Template, probes: Probes, number: int) -> dict[str, Name]:
    """Return the names of a template's slots in its filling of this number, the same whatever is tested."""
    rng = random.Random(f"{probes.seed} {number} {template.text}")
    filling: dict[str, Name] = {}
    for slot, forms in probes.forms_of(template).items():
        fitting = [name for name in probes.names_for(slot) if forms <= name.forms.keys()]
        filling[slot] = rng.choice(_others(fitting, filling.values()) or fitting)
    return filling


def _refilled(
    template: Template, probes: Probes, number: int, slots: Sequence[str], filling: dict[str, Name]
) -> dict[str, Name]:
    """Return a filling with other names, none of which was in it, in these slots; as it was where there are none."""
    rng = random.Random(f"{probes.seed} {number} others {template.text}")
    new = dict(filling)
    needed = probes.forms_of(template)
    for slot in slots:
        if slot in filling:
            fitting = [name for name in probes.names_for(slot) if needed[slot] <= name.forms.keys()]
            if free := _others(fitting, [*filling.values(), *new.values()]):
                new[slot] = rng.choice(free)
    return new


def _others(names: Sequence[Name], taken: Iterable[Name]) -> list[Name]:
    away = {str(name) for name in taken}
    return [name for name in names if str(name) not in away]
