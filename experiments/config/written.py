"""YAML as it was written: where YAML reads more into a name than its letters, the letters are kept beside it."""

import datetime
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import yaml

from experiments.errors import InputError

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
    """Keeps the text of what isn't a string, and refuses a key that stands twice, of which YAML takes the last."""

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        value = super().construct_object(node, deep)
        if not isinstance(node, yaml.ScalarNode) or value is None or isinstance(value, str | Written):
            return value
        return value if type(value) is int and str(value) == node.value else Written(node.value, value)

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        nulls = [key for key, _ in node.value if key.tag == "tag:yaml.org,2002:null"]
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


def load(text: str, place: str) -> Any:
    """Return what a YAML says, with what isn't a string or a plain integer as :class:`Written`; keys are strings.

    Raises
    ------
    yaml.YAMLError
        If it is no valid YAML, or a key stands twice.
    InputError
        If YAML reads a key as something else than its letters.
    """
    return _with_string_keys(yaml.load(text, _Loader), place, "")


def load_value(text: str, place: str, where: str) -> Any:
    """Return the value of an override, which is YAML, but whole where YAML would cut a plain string short.

    To YAML, ``framing/2024 #1`` ends before its comment, ``#1`` is nothing at all, and ``@`` and ``%`` begin nothing.
    """
    bare = text.strip()
    if bare.startswith(("@", "`", "%")):
        return bare
    node = yaml.compose(text, _Loader)
    if isinstance(node, yaml.ScalarNode) and node.style is None and node.value != bare and not bare.startswith("!"):
        value = yaml.load(text, _Loader)
        if value is None or isinstance(value, str):
            return bare
        return Written(bare, value.value if isinstance(value, Written) else value)
    if node is None and bare:
        return bare
    return _with_string_keys(yaml.load(text, _Loader), place, where)


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
