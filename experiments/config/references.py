"""What ``${...}`` stands for in a config: another of its values, or a variable of the environment; and no more."""

import re
from collections.abc import Sequence
from typing import Any

from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException

from experiments.config.written import DEEPEST, find
from experiments.errors import InputError, cut, short

MOST = 1_000_000
"""Characters that a config's references may stand for: each of twenty that names the next twice doubles what it holds.
"""

_REFERENCE = re.compile(r"\$\{([^${}]*)\}")


def resolved(raw: dict[str, Any], place: str) -> dict[str, Any]:
    """Return a config with values in the place of references.

    Parameters
    ----------
    raw : dict
        Plain values, bounded as :mod:`experiments.config.written` reads them.
    place : str
        What to call the config in a message.

    Raises
    ------
    InputError
        If a reference names nothing or itself, stands within another, or all of them stand for more than `MOST`
        characters.
    """
    _Weights(raw, place).of((), raw)
    try:
        return OmegaConf.to_container(OmegaConf.create(raw), resolve=True)  # type: ignore[return-value]
    except OmegaConfBaseException as error:
        raise InputError(f"{place}: {cut((str(error).splitlines() or ['a reference is wrong'])[0])}") from None


class _Weights:
    """How many characters each value stands for, found out before any of them is put in its place."""

    def __init__(self, raw: dict[str, Any], place: str) -> None:
        self.raw, self.place = raw, place
        self.known: dict[tuple[str, ...], int] = {}
        self.open: list[tuple[str, ...]] = []

    def of(self, where: tuple[str, ...], value: Any) -> int:
        if where in self.known:
            return self.known[where]
        at = f"{self.place}: {cut('.'.join(where)) or 'config'}"
        if where in self.open or len(self.open) > 2 * DEEPEST:
            raise InputError(f"{at}: refers to itself, or from value to value without end; write the value itself")
        self.open.append(where)
        if isinstance(value, dict):
            weight = sum(self.of((*where, str(key)), inner) for key, inner in value.items())
        elif isinstance(value, list):
            weight = sum(self.of((*where, str(number)), inner) for number, inner in enumerate(value))
        elif isinstance(value, str) and "${" in value:
            if "${" in _REFERENCE.sub("", value):
                raise InputError(
                    f"{at}: {short(value)} has a reference within another, or one without end; write ${{key}}"
                )
            weight = len(value) + sum(self._target(found[1], where, at) for found in _REFERENCE.finditer(value))
        else:
            weight = len(value) if isinstance(value, str) else 1
        self.open.pop()
        if weight > MOST:
            raise InputError(f"{at}: its references stand for more than {MOST:,} characters, which no config holds")
        self.known[where] = weight
        return weight

    def _target(self, named: str, where: Sequence[str], at: str) -> int:
        if ":" in named:
            if not named.strip().startswith("oc.env:"):
                raise InputError(
                    f"{at}: {short('${' + named + '}')} is no reference; write ${{key}} or ${{oc.env:NAME}}"
                )
            return 1
        dots = len(named) - len(named.lstrip("."))
        begin = where[: max(len(where) - dots, 0)] if dots else ()
        target = (*begin, *(part for part in re.split(r"[.\[\]]+", named) if part))
        return self.of(target, find(self.raw, target))
