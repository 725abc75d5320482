"""Looks at a sweep's space when a config is read: that every field is there, and takes every value."""

import copy
import difflib
import itertools
import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from experiments.config.schema import Config
from experiments.config.sweep import Range, Sweep
from experiments.errors import InputError, short

MOST = 10_000
"""Combinations that a grid may have; of so many each is looked at when the config is read."""

_LOOKED_AT = 300  # combinations that are all tried on the schema: each takes a millisecond or two
_ELSEWHERE = ("name", "description", "task", "evaluation", "tracking", "sweep")
_DATA = ("data.validation_size", "data.unlabelled")  # what of the data training alone depends on
_WORDS = ("lexicon", "keywords")

Build = Callable[[Mapping[str, Any]], Config]
"""Returns the config with values in their fields; raises InputError."""


def assign(raw: Any, key: str, value: Any, place: str) -> dict[str, Any]:
    """Return a raw config with a value at a dotted place.

    A new ``type`` of a classifier or feature drops the former one's settings. What is on the way and isn't there is
    made.

    Raises
    ------
    InputError
        If the way leads through a single value, or a place of a list that isn't there.
    """
    parts = key.split(".")
    result: Any = copy.deepcopy(raw)
    at = result
    for depth, part in enumerate(parts):
        last = depth == len(parts) - 1
        if isinstance(at, list):
            if not part.isdigit() or int(part) >= len(at):
                raise InputError(f"{place}: {'.'.join(parts[:depth])} is a list of {len(at)}; give a number from 0")
            slot: Any = int(part)
        elif isinstance(at, dict):
            slot = part
        else:
            raise InputError(f"{place}: {'.'.join(parts[:depth])} is a single value and has no {part!r}")
        if last:
            if part == "type" and parts[0] in ("classifier", "features") and at.get("type") != value:
                at.clear()  # what belongs to the former type would be refused
            at[slot] = value
        else:
            if isinstance(at, dict) and at.get(slot) is None:
                at[slot] = {}
            at = at[slot]
    return dict(result)


def check_space(config: Config, build: Build, place: str) -> None:
    """Check a sweep's space against the schema.

    Parameters
    ----------
    config : Config
        With a sweep.
    build : callable
        Returns the config with values in their fields.
    place : str
        What to call the config in a message.

    Raises
    ------
    InputError
        If a field is unknown or can't be swept over, refuses a value, or combinations don't go together; if a grid has
        more than 10,000 of them.
    """
    sweep = config.sweep
    assert sweep is not None
    at = f"{place}: sweep.space"
    kinds = [config]
    for field in sorted(sweep.space, key=lambda each: not each.endswith(".type")):
        _check_name(field, kinds, at)
        for value in _ends(sweep.space[field]):
            kind = _tried(build, {field: value}, at, alone=field) if field.endswith(".type") else None
            if kind is not None:
                kinds.append(kind)
    types = {field: values for field, values in sweep.space.items() if field.endswith(".type")}
    if not types:
        for field, values in sweep.space.items():
            for value in _ends(values):
                _tried(build, {field: value}, at)
    if (size := combinations(sweep)) is not None and sweep.sampler == "grid" and size > MOST:
        raise InputError(f"{at}: has {size:,} combinations, and a grid may have {MOST:,}; take sampler: random")
    if size is not None and size <= _LOOKED_AT:
        for point in points(sweep):
            _tried(build, point, at)
        return
    first = {field: _ends(values)[0] for field, values in sweep.space.items()}
    for named in itertools.product(*(_ends(values) for values in types.values())):
        chosen = {**first, **dict(zip(types, named, strict=True))}
        for field, values in sweep.space.items():
            for value in _ends(values):
                _tried(build, {**chosen, **({} if field in types else {field: value})}, at)


def takes_fractions(build: Build, field: str, values: Range) -> bool:
    """Return whether numbers between two integers fit a field; where both ends are integers, that isn't said."""
    if any(isinstance(each, float) for each in (values.low, values.high, values.step)):
        return True
    if values.step is not None or values.low == values.high:
        return False
    try:
        build({field: values.low + 0.5})
    except InputError:
        return False
    return True


def combinations(sweep: Sweep) -> int | None:
    """Return how many combinations a space has; None where a range has no steps."""
    sizes = [_size(values) for values in sweep.space.values()]
    return None if None in sizes else math.prod(size for size in sizes if size is not None)


def points(sweep: Sweep) -> Iterator[dict[str, Any]]:
    """Yield every combination of a space without ranges that have no steps, the last field fastest."""
    for values in itertools.product(*(_listed(values) for values in sweep.space.values())):
        yield dict(zip(sweep.space, values, strict=True))


def _size(values: list[Any] | Range) -> int | None:
    if not isinstance(values, Range):
        return len(values)
    if values.low == values.high:
        return 1
    return None if values.step is None else int((values.high - values.low) / values.step + 1e-9) + 1


def _listed(values: list[Any] | Range) -> list[Any]:
    if not isinstance(values, Range):
        return list(values)
    step = values.step or 0
    found = [values.low + number * step for number in range(_size(values) or 0)]
    return [round(value, 12) if isinstance(value, float) else value for value in found]


def _ends(values: list[Any] | Range) -> list[Any]:
    return [values.low, values.high] if isinstance(values, Range) else list(values)


def _check_name(field: str, kinds: list[Config], at: str) -> None:
    """Refuse a field that isn't there with any of the types in question, or that trials can't differ in."""
    top = field.partition(".")[0]
    if top in _ELSEWHERE or (top == "data" and field not in _DATA):
        raise InputError(
            f"{at}: {field}: can't be swept over: it decides what is measured or how, and trials must be measured alike"
        )
    known = list(dict.fromkeys(name for kind in kinds for name in _names(kind.dump())))
    if field in known:
        return
    near = difflib.get_close_matches(field, known, n=1)
    hint = f"did you mean {near[0]}?" if near else "fields are written with dots, such as classifier.C"
    raise InputError(f"{at}: {field}: the config has no such field; {hint}")


def _names(value: Any, before: str = "") -> Iterator[str]:
    """Yield the dotted names of all that a config has; not the words of a lexicon."""
    if before.endswith(_WORDS) or not isinstance(value, dict | list):
        return
    for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
        name = f"{before}.{key}" if before else str(key)
        yield name
        yield from _names(inner, name)


def _tried(build: Build, values: Mapping[str, Any], at: str, alone: str = "") -> Config | None:
    """Return the config with these values; None if it needs others as well and ``alone`` is only a type."""
    try:
        return build(values)
    except InputError as error:
        if alone and "type" not in str(error):
            return None
        if len(values) == 1:
            raise InputError(f"{at}: {error}") from None
        said = ", ".join(f"{field}={short(value)}" for field, value in values.items())
        raise InputError(f"{at}: {said}: {error}") from None
