"""What a file of probes may say: names, sentences with slots for them, and what is changed to see what a model does."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from experiments.config import written
from experiments.config.files import read_yaml, unknown_key
from experiments.errors import InputError, short
from experiments.evaluation.perturb import REWRITES, SLOT, Name
from experiments.files import ROOT, path_of


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Entry(_Section):
    """A name of a list; in YAML a text, or a mapping of its forms with a list ``also``.

    Parameters
    ----------
    forms : dict of str to str
        Form -> text; a text alone is the form ``name``.
    also : list of str, default []
        Further ways of naming it, which have no match among the others' forms: sentences with one are left alone.
    """

    forms: dict[str, str] = Field(min_length=1)
    also: list[str] = []

    @model_validator(mode="before")
    @classmethod
    def _as_written(cls, value: Any) -> Any:
        if isinstance(value, Mapping):
            return {"forms": {k: v for k, v in value.items() if k != "also"}, "also": value.get("also", [])}
        return {"forms": {"name": str(value)}}

    @property
    def name(self) -> Name:
        """The same for :mod:`experiments.evaluation.perturb`."""
        return Name(self.forms, tuple(self.also))


class Template(_Section):
    """A sentence with slots, such as ``{actor} shelled villages in {target}``.

    Parameters
    ----------
    text : str
        The sentence. A slot is filled from the list of its name, or from the one that ``slots`` names for it.
    labels : list of str
        The labels that it has, whoever fills the slots.
    variants : dict of str to str, default {}
        The sentence otherwise, by what is otherwise: ``planned``, ``refused``.
    parts : dict of str to str, default {}
        Parts of the sentence, from which the file's ``variants`` are built.
    about : str, optional
        What the stance is about, for models that need a target.
    """

    text: str = Field(min_length=1)
    labels: list[str]
    variants: dict[str, str] = {}
    parts: dict[str, str] = {}
    about: str | None = None


class Change(_Section):
    """What is done to a sentence: one of these.

    Parameters
    ----------
    rewrite : str, optional
        A change of typography or casing, one of :data:`experiments.evaluation.perturb.REWRITES`.
    refill : list of str, optional
        Slots that get other names of their lists.
    exchange : pair of str, optional
        Two slots whose names change places.
    form : dict of str to str, optional
        Slot -> form by which it is named instead of by its name: ``{actor: capital}``.
    variant : str, optional
        The template's variant of this name takes the place of its text.
    append : str, optional
        Words that come before the full stop.
    """

    rewrite: Literal[tuple(REWRITES)] | None = None  # type: ignore[valid-type]
    refill: list[str] = []
    exchange: list[str] = Field(default=[], max_length=2)
    form: dict[str, str] = {}
    variant: str | None = None
    append: str | None = None

    @model_validator(mode="after")
    def _is_one(self) -> "Change":
        if (given := sum(bool(value) for _, value in self)) != 1:
            raise ValueError(f"names {given} changes; name one of {', '.join(type(self).model_fields)}")
        if len(self.exchange) == 1:
            raise ValueError("exchange: needs two slots, such as [actor, target]")
        return self

    @property
    def on_any_text(self) -> bool:
        """Whether it can be made to sentences that are no templates."""
        return bool(self.rewrite or self.refill)


class Test(_Section):
    """What a change should do, and to which templates it is made.

    Parameters
    ----------
    name : str
        What the test is called.
    kind : {"labels", "invariance", "direction"}
        ``labels``: a template has the labels that it is given. ``invariance``: a change leaves the labels as they are.
        ``direction``: it makes ``label`` appear or disappear, or its probability rise or fall.
    why : str
        Why that matters.
    change : Change, optional
        Left out in tests of the kind ``labels``.
    label, should : str
        What is to happen in tests of the kind ``direction``.
    labels : list of str, default []
        The labels that must not change in tests of the kind ``invariance``; all when left out.
    start : str, optional
        The variant that the change is made to, instead of the text.
    having : list of str, default []
        Only templates with all of these labels.
    """

    __test__ = False  # not one of pytest's

    name: str = Field(min_length=1)
    kind: Literal["labels", "invariance", "direction"]
    why: str
    change: Change | None = None
    label: str | None = None
    should: Literal["appear", "disappear", "rise", "fall"] | None = None
    labels: list[str] = []
    start: str | None = None
    having: list[str] = []

    @model_validator(mode="after")
    def _makes_sense(self) -> "Test":
        if (self.change is None) != (self.kind == "labels"):
            raise ValueError(f"change: {'is needed by' if self.change is None else 'has no place in'} kind {self.kind}")
        if (self.kind == "direction") != (self.label is not None and self.should is not None):
            raise ValueError("label and should: belong to kind direction, and both are needed there")
        if self.labels and self.kind != "invariance":
            raise ValueError("labels: belongs to kind invariance")
        return self


class Probes(_Section):
    """A file of probes.

    Parameters
    ----------
    extends : list of {"lists", "templates", "tests"}
        What of the shipped file is taken over; all of it when left out. Lists, variants and tests of the same name
        replace the shipped ones.
    seed : int, default 13
        Decides which names are drawn.
    cases : int, default 80
        About how many filled sentences a test has.
    lists : dict of str to list of Entry
        Names.
    slots : dict of str to str
        Slot -> the list that fills it, where it isn't called like the list.
    actors : list of str, default []
        Slots whose every name is tried, to see what a name alone does to the probabilities.
    variants : dict of str to str
        Variants built from parts, for templates that have these parts.
    templates : list of Template
        The sentences.
    tests : list of Test
        What is changed, and what should come of it.
    """

    extends: list[Literal["lists", "templates", "tests"]] = ["lists", "templates", "tests"]
    seed: int = Field(default=13, ge=0)
    cases: int = Field(default=80, ge=1)
    lists: dict[str, Annotated[list[Entry], Field(min_length=2)]] = {}
    slots: dict[str, str] = {}
    actors: list[str] = []
    variants: dict[str, str] = {}
    templates: list[Template] = []
    tests: list[Test] = []

    def names_for(self, slot: str) -> list[Name]:
        """Return the names of the list that fills a slot."""
        return [entry.name for entry in self.lists[self.list_of(slot)]]

    def list_of(self, slot: str) -> str:
        """Return the list that fills a slot."""
        return self.slots.get(slot, slot)

    def texts_of(self, template: Template) -> dict[str, str]:
        """Return the sentences of a template: its own under "", and its variants; only slots are left open."""
        built = {}
        for name, variant in self.variants.items():
            open_parts = {slot for slot, _ in SLOT.findall(variant) if self.list_of(slot) not in self.lists}
            if open_parts <= template.parts.keys():
                built[name] = SLOT.sub(lambda found: template.parts.get(found[1], found[0]), variant)
        return {"": template.text, **built, **template.variants}

    def forms_of(self, template: Template) -> dict[str, set[str]]:
        """Return the forms that a name must have to fill each slot of a template and its variants."""
        needed: dict[str, set[str]] = {}
        for text in self.texts_of(template).values():
            for slot, form in SLOT.findall(text):
                needed.setdefault(slot, set()).add(form or "name")
        return needed


def shipped_probes(task: str) -> Path | None:
    """Return the file of probes that comes with the kit for a task."""
    path = ROOT / "seeds" / task / "probes.yaml"
    return path if path.is_file() else None


def read_probes(base: Path | None, own: str | None = None) -> tuple[Probes, str]:
    """Read a file of probes, and what it adds to the shipped one.

    Parameters
    ----------
    base : Path or None
        The shipped file.
    own : str, optional
        A file of the user's.

    Returns
    -------
    Probes, str
        The probes, and where faults in them are to be looked for.

    Raises
    ------
    InputError
        If a file can't be read, has an unknown field, or names a slot, list, form or variant that isn't there.
    """
    place = own or str(base or "")
    probes = _parse(path_of(own)) if own else Probes()
    if base is not None and (not own or probes.extends):
        probes = _joined(_parse(base), probes)
    if fault := next(_faults(probes), None):
        raise InputError(f"{place}: {fault}")
    return probes, place


def check_labels(probes: Probes, labels: Sequence[str], targeted: bool, place: str) -> None:
    """Make sure that a model can be asked the templates.

    Raises
    ------
    InputError
        If they have a label that the model doesn't know, or no target where it needs one.
    """
    hint = "probe a model of the same task, give --data FILE, or templates of your own with --probes and extends: []"
    for template in probes.templates:
        if stranger := next((label for label in template.labels if label not in labels), None):
            raise InputError(
                f"{place}: templates: {_begins(template)} has the label {stranger!r}, which the model doesn't know "
                f"(it knows {', '.join(labels)}); {hint}"
            )
        if targeted and not template.about:
            raise InputError(
                f"{place}: templates: {_begins(template)} says nothing of what the stance is about; add about: to it"
            )
    for test in probes.tests:
        for label in [*test.labels, *test.having, *([test.label] if test.label else [])]:
            if label not in labels:
                raise InputError(
                    f"{place}: tests: {test.name!r} names the label {label!r}, which the model doesn't know (it knows "
                    f"{', '.join(labels)}); {hint}"
                )


def _parse(path: Path) -> Probes:
    raw = read_yaml(path)
    try:
        return Probes.model_validate(written.settle(raw, str(path)))
    except ValidationError as error:
        fault = error.errors()[0]
        where = [str(part) for part in fault["loc"]]
        message = fault["msg"].removeprefix("Value error, ")
        if fault["type"] == "extra_forbidden":
            message = unknown_key(where[-1], _fields_beside(where))
        elif fault["type"] == "missing":
            message = "is missing"
        elif fault["type"] != "value_error":
            message = f"{message[0].lower()}{message[1:]}, not {short(fault['input'])}"
        raise InputError(f"{path}: {'.'.join(where) or 'probes'}: {message}") from None


def _fields_beside(where: list[str]) -> list[str]:
    """Return the keys that are allowed where an unknown one stands."""
    sections: dict[str, type[BaseModel]] = {"templates": Template, "tests": Test}
    section = sections.get(where[0], Probes)
    if "change" in where[:-1]:
        section = Change
    return list(section.model_fields)


def _joined(base: Probes, own: Probes) -> Probes:
    def kept(part: str) -> Probes:
        return base if part in own.extends else Probes()

    names, sentences, tests = kept("lists"), kept("templates"), kept("tests")
    own_tests = {test.name: test for test in own.tests}
    return own.model_copy(
        update={
            "seed": own.seed if "seed" in own.model_fields_set else base.seed,
            "cases": own.cases if "cases" in own.model_fields_set else base.cases,
            "lists": {**names.lists, **own.lists},
            "slots": {**names.slots, **own.slots},
            "actors": own.actors if "actors" in own.model_fields_set else sentences.actors,
            "variants": {**sentences.variants, **own.variants},
            "templates": [*sentences.templates, *own.templates],
            "tests": [
                *(own_tests.pop(test.name, test) for test in tests.tests),
                *own_tests.values(),
            ],
        }
    )


def _faults(probes: Probes) -> Iterator[str]:
    """Yield what a file of probes names and doesn't have."""
    lists = ", ".join(probes.lists) or "none"
    for slot, name in probes.slots.items():
        if name not in probes.lists:
            yield f"slots.{slot}: there is no list {name!r}; there are {lists}"
    if not probes.tests:
        yield "tests: there are none; add some, or leave tests in extends"
    seen: set[str] = set()
    slots: set[str] = set()
    for template in probes.templates:
        texts = probes.texts_of(template)
        seen |= texts.keys()
        for which, text in texts.items():
            where = f"templates: {_begins(template)}{f' ({which})' if which else ''}"
            if "{" in SLOT.sub("", text) or "}" in SLOT.sub("", text):
                yield f"{where}: a brace that is no slot; write {{actor}} or {{actor.capital}}"
            for slot, _ in SLOT.findall(text):
                slots.add(slot)
                if probes.list_of(slot) not in probes.lists:
                    yield (
                        f"{where}: no list fills the slot {{{slot}}}; add one under lists, or name one under slots "
                        f"(lists are {lists})"
                    )
        for slot, forms in probes.forms_of(template).items():
            if not any(forms <= name.forms.keys() for name in probes.names_for(slot)):
                yield (
                    f"templates: {_begins(template)}: no name of the list {probes.list_of(slot)!r} has the form(s) "
                    f"{', '.join(sorted(forms))}"
                )
    for name in probes.variants:
        if probes.templates and name not in seen:
            yield f"variants.{name}: no template has the parts that it is built from"
    for slot in probes.actors:
        if probes.templates and slot not in slots:
            yield f"actors: no template has the slot {slot!r}"
    for test in probes.tests:
        yield from _test_faults(test, probes, seen, slots)


def _test_faults(test: Test, probes: Probes, variants: set[str], slots: set[str]) -> Iterator[str]:
    change = test.change or Change.model_construct()
    for slot in [*change.refill, *change.exchange, *change.form]:
        if probes.list_of(slot) not in probes.lists:
            yield f"tests: {test.name!r}: no list fills the slot {slot!r}; lists are {', '.join(probes.lists)}"
        elif probes.templates and slot not in slots and not (change.refill and slot in probes.lists):
            yield f"tests: {test.name!r}: no template has the slot {slot!r}"
    for slot, form in change.form.items():
        if not any(form in name.forms for name in probes.names_for(slot)):
            yield f"tests: {test.name!r}: no name of the list {probes.list_of(slot)!r} has the form {form!r}"
    for variant in filter(None, (test.start, change.variant)):
        if probes.templates and variant not in variants:
            known = ", ".join(sorted(variants - {""})) or "none"
            yield f"tests: {test.name!r}: no template has the variant {variant!r}; there are {known}"


def _begins(template: Template) -> str:
    return repr(template.text if len(template.text) <= 50 else template.text[:47] + "...")
