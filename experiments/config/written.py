"""YAML as it was written: where YAML reads more into a name than its letters, the letters are kept beside it.

All YAML of the kit is read here, and bounded: a few lines can stand for gigabytes, refer to themselves, or nest without
end.
"""

import datetime
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import yaml

from experiments.errors import InputError, cut, short

LARGEST = 2_000_000
"""Characters that a YAML may have."""

DEEPEST = 50
"""Levels to which values may be nested."""

MOST = 200_000
"""Values that a YAML may stand for, with those that its aliases repeat."""

_DIGITS = 100  # of a number; Python's own limit is thousands, and no setting has twenty
_SURROGATE = re.compile("[\ud800-\udfff]")
_TAKEN_AMISS = (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError)
"""What PyYAML raises of values that aren't what their form or tag says: month 13, ``!!int x``, ``"\\UFFFFFFFF"``."""

_DECIMAL = re.compile(r"-?\d+\.\d+")


@dataclass(frozen=True)
class Written:
    """A number, truth value or date of a YAML, with the text that stands for it there.

    ``yes`` is true to YAML, ``010`` eight, ``1:30`` ninety, and ``2024-01-01`` a date. As settings they are meant so,
    as labels and codes they aren't.
    """

    text: str
    value: Any = field(compare=False)

    def __str__(self) -> str:
        return self.text


class _Loader(yaml.SafeLoader):
    """Keeps the text of what isn't a string, and refuses a key that stands twice, of which YAML takes the last.

    Refuses also what is nested too deep, refers to itself, or stands for too many values or for none.
    """

    def __init__(self, text: str) -> None:
        self._depth = 0
        self._sizes: dict[int, tuple[int, int]] = {}  # of a finished node: how many values, on how many levels
        super().__init__(text)

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        event = self.peek_event()  # type: ignore[no-untyped-call]
        self._depth += 1
        if self._depth > DEEPEST:
            raise _fault(f"is nested deeper than {DEEPEST} levels", event)
        node = super().compose_node(parent, index)
        self._depth -= 1
        if isinstance(node, yaml.CollectionNode):
            if isinstance(event, yaml.AliasEvent):
                if id(node) not in self._sizes:
                    raise _fault(f"*{cut(str(event.anchor))} stands within what it names, which would never end", event)
            else:
                parts = [part for pair in node.value for part in (pair if isinstance(pair, tuple) else (pair,))]
                inner = [self._sizes.get(id(part), (1, 0)) for part in parts]
                values, levels = 1 + sum(size for size, _ in inner), 1 + max((deep for _, deep in inner), default=0)
                self._sizes[id(node)] = values, levels
            values, levels = self._sizes[id(node)]
            if values > MOST:
                raise _fault(f"stands for more than {MOST:,} values, which no config does", event)
            if self._depth + levels > DEEPEST:
                raise _fault(f"is nested deeper than {DEEPEST} levels", event)
        return node

    def construct_scalar(self, node: yaml.ScalarNode | yaml.MappingNode) -> Any:
        text = super().construct_scalar(node)
        if isinstance(text, str) and _SURROGATE.search(text):
            raise _fault(f"{short(text)} holds half a character; write it in full", node)
        return text

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        if node.tag.endswith(("2002:int", "2002:float")) and len(node.value) > _DIGITS:
            raise _fault(
                f"{cut(str(node.value))} is a number of {len(node.value)} characters; write a shorter one", node
            )
        try:
            value = super().construct_object(node, deep)
        except RecursionError:
            raise
        except _TAKEN_AMISS:
            kind = {"timestamp": "date", "bool": "truth value"}.get(node.tag.rpartition(":")[2], "number")
            raise _fault(f"{short(node.value)} looks like a {kind} and is none; put quotes around it", node) from None
        if isinstance(node, yaml.CollectionNode) and not node.tag.endswith((":map", ":seq")):
            raise _fault(f"the tag {cut(node.tag)} is not known here; leave it out", node)
        if not isinstance(node, yaml.ScalarNode) or value is None or isinstance(value, str | Written):
            return value
        return value if type(value) is int and str(value) == node.value else Written(node.value, value)

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        pairs = node.value if isinstance(node, yaml.MappingNode) else []
        nulls = [key for key, _ in pairs if key.tag == "tag:yaml.org,2002:null"]
        mapping: dict[Any, Any] = super().construct_mapping(node, deep)
        return {Written(nulls[0].value, None) if key is None else key: value for key, value in mapping.items()}

    def compose_mapping_node(self, anchor: Any) -> yaml.MappingNode:
        node = super().compose_mapping_node(anchor)
        seen: set[str] = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode) or key.tag == "tag:yaml.org,2002:merge":
                continue
            if key.value in seen:
                raise yaml.MarkedYAMLError(problem=f"{key.value!r} stands twice; keep one", problem_mark=key.start_mark)
            seen.add(key.value)
        return node


def _fault(problem: str, at: Any) -> yaml.MarkedYAMLError:
    return yaml.MarkedYAMLError(problem=problem, problem_mark=at.start_mark)


def _read(text: str, read: Callable[[_Loader], Any]) -> Any:
    """Return what a reading of a YAML gives.

    Raises
    ------
    yaml.YAMLError
        If it is no valid YAML, or beyond the bounds of this module.
    """
    if found := _SURROGATE.search(text):
        where = text.count("\n", 0, found.start()) + 1
        raise yaml.YAMLError(f"holds half a character in line {where}; write it in full")
    if len(text) > LARGEST:
        raise yaml.YAMLError(f"has {len(text):,} characters, and a YAML may have {LARGEST:,}")
    loader = _Loader(text)
    try:
        return read(loader)
    except _TAKEN_AMISS as error:
        raise yaml.MarkedYAMLError(problem=cut(str(error)), problem_mark=loader.get_mark()) from None
    finally:
        loader.dispose()


def load(text: str, place: str) -> Any:
    """Return what a YAML says, with what isn't a string or a plain integer as :class:`Written`; keys are strings.

    Raises
    ------
    yaml.YAMLError
        If it is no valid YAML, a key stands twice, or it is beyond the bounds of this module.
    InputError
        If YAML reads a key as something else than its letters.
    """
    return _with_string_keys(_read(text, _Loader.get_single_data), place, "")


def load_value(text: str, place: str, where: str) -> Any:
    """Return the value of an override, which is YAML, but whole where YAML would cut a plain string short.

    To YAML, ``framing/2024 #1`` ends before its comment, ``#1`` is nothing at all, and ``@`` and ``%`` begin nothing.
    """
    bare = text.strip()
    if bare.startswith(("@", "`", "%")) and not _SURROGATE.search(bare):
        return bare
    node = _read(text, _Loader.get_single_node)
    if isinstance(node, yaml.ScalarNode) and node.style is None and node.value != bare and not bare.startswith("!"):
        value = _read(text, _Loader.get_single_data)
        if value is None or isinstance(value, str):
            return bare
        return Written(bare, value.value if isinstance(value, Written) else value)
    if node is None and bare:
        return bare
    return _with_string_keys(_read(text, _Loader.get_single_data), place, where)


def settle(value: Any, place: str, where: tuple[str, ...] = ()) -> Any:
    """Return a config's plain values; of a column that is called by a number, its name as it was written.

    Raises
    ------
    InputError
        If a value is a date, which no setting is.
    """
    if isinstance(value, dict):
        return {key: settle(inner, place, (*where, key)) for key, inner in value.items()}
    if isinstance(value, list):
        return [settle(inner, place, (*where, str(number))) for number, inner in enumerate(value)]
    if not isinstance(value, Written):
        return value
    if where[:2] == ("data", "columns") and type(value.value) is int:
        return value.text
    if not isinstance(value.value, bool | int | float):
        raise InputError(f"{place}: {'.'.join(where)}: {quotes_needed(value)}")
    return value.value


def find(value: Any, where: Sequence[str]) -> Any:
    """Return what stands at a place of a config; None where there is nothing."""
    for part in where:
        if isinstance(value, dict):
            value = value.get(part)
        elif isinstance(value, list) and part.isdigit() and int(part) < len(value):
            value = value[int(part)]
        else:
            return None
    return value


def quotes_needed(value: Any) -> str:
    """Say that a value needs quotes to be the text that it is written as."""
    text = str(value) if isinstance(value, Written) else "null" if value is None else str(value).lower()
    meaning = value.value if isinstance(value, Written) else value
    if meaning is None or isinstance(meaning, bool):
        kind = {None: "nothing", True: "true", False: "false"}[meaning]
    elif isinstance(meaning, datetime.date):
        kind = "a date"
    else:
        kind = f"the number {meaning}" if isinstance(meaning, int | float) else "something else"
    quoted = '"' + (text or "").replace('"', "'") + '"'
    return f"put quotes around {text or 'it'}: without them YAML reads {kind}; write {quoted}"


def _with_string_keys(value: Any, place: str, where: str) -> Any:
    if isinstance(value, list):
        return [_with_string_keys(inner, place, f"{where}.{number}") for number, inner in enumerate(value)]
    if not isinstance(value, dict):
        return value
    result: dict[str, Any] = {}
    for key, inner in value.items():
        decimal = isinstance(key, Written) and isinstance(key.value, float) and _DECIMAL.fullmatch(key.text)
        if not (isinstance(key, str) or type(key) is int or decimal):
            raise InputError(f"{place}: {where.strip('.') or 'the top level'}: {quotes_needed(key)}")
        result[str(key)] = _with_string_keys(inner, place, f"{where}.{key}")
    return result
