"""How a config file, its parents and overrides become one validated config."""

import difflib
import json
import re
import sys
from collections.abc import Mapping, Sequence
from contextvars import ContextVar
from pathlib import Path
from typing import Any, TypeVar, get_args

import yaml
from pydantic import BaseModel, ValidationError

from experiments.classifiers import Member
from experiments.classifiers.lexicon import Lexicon
from experiments.config import written
from experiments.config.references import resolved
from experiments.config.schema import Config
from experiments.config.space import assign, check_space
from experiments.encodings import decode
from experiments.errors import InputError, cut, short
from experiments.files import ROOT, exists, find_file, is_file, path_of, read_bytes
from experiments.output import writing

_Reader = TypeVar("_Reader", Config, Member)

_read: ContextVar[list[Path] | None] = ContextVar("_read", default=None)


def load_config(name: str, overrides: Sequence[str] = ()) -> Config:
    """Read a config with its parents, apply overrides, validate it, and read the lexicons that it names.

    Parameters
    ----------
    name : str
        A YAML file; also a shipped one by its short name, such as ``framing/svm``.
    overrides : sequence of str
        Dotted assignments such as ``classifier.C=3`` or ``features.0.ngram=[1,3]``; values are YAML.

    Raises
    ------
    InputError
        If a file, key or value is wrong; one line a fault.
    """
    path = _find_config(name)
    raw = _with_members(_with_parents(path, ()), path)
    # a change of type drops the former type's settings, so it comes before settings for the new one
    for override in sorted(overrides, key=lambda each: not _names_a_type(each.partition("=")[0].strip())):
        raw = _with_members(_apply(raw, override), path)
    raw.pop("defaults", None)
    try:
        config = Config.model_validate(resolved(written.settle(raw, str(path)), str(path)))
    except ValidationError as error:
        raise InputError("\n".join(_faults(path, error, raw))) from None
    config = _read_lexicons(config)
    if config.sweep is not None:
        check_space(config, lambda values: with_values(config, values), str(path))
    return config


def load_single(name: str, overrides: Sequence[str] = ()) -> Config:
    """Read a config of one experiment.

    Raises
    ------
    InputError
        As :func:`load_config` does, and if it is a sweep: its base alone would look as if it had been chosen.
    """
    config = load_config(name, overrides)
    if config.sweep is not None:
        raise InputError(
            f"{name}: has a section sweep: try its settings with: framescope sweep {name}, or take its base alone "
            "with sweep=null"
        )
    return config


def with_values(config: Config, values: Mapping[str, Any]) -> Config:
    """Return a config with other values in some of its fields, and without its sweep.

    Parameters
    ----------
    config : Config
        As :func:`load_config` returned it.
    values : mapping of str to Any
        By dotted names of fields.

    Raises
    ------
    InputError
        If they don't go together; one line for the first fault, which names the field.
    """
    raw = {key: value for key, value in config.dump().items() if key != "sweep"}
    for field in sorted(values, key=lambda each: not each.endswith(".type")):
        raw = _with_members(assign(raw, field, values[field], field), Path(config.name))
    try:
        return _read_lexicons(Config.model_validate(raw))
    except ValidationError as error:
        path = Path("config")
        raise InputError(_faults(path, error, raw)[0].removeprefix(f"{path}: ")) from None


def config_files(name: str | None, overrides: Sequence[str] = ()) -> list[Path]:
    """Return every file that a config is read from: its own, its parents', its members' and the lexicons.

    None for no config, which is read from no file.

    Raises
    ------
    InputError
        As :func:`load_config` does.
    """
    if name is None:
        return []
    found: list[Path] = []
    token = _read.set(found)
    try:
        load_config(name, overrides)
    finally:
        _read.reset(token)
    return found


def config_schema() -> dict[str, Any]:
    """Return the JSON Schema of a config file, with which editors check and complete it."""
    schema = Config.model_json_schema(by_alias=True)
    parents = {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}
    schema["properties"]["defaults"] = {**parents, "description": "Config files that this one changes."}
    schema["required"] = []  # a parent may give any of them
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def write_schema(output: Path | None) -> None:
    """Write the JSON Schema to a file, or to standard output."""
    text = json.dumps(config_schema(), indent=2) + "\n"
    if output is None:
        sys.stdout.write(text)
        return
    with writing(output) as path:
        path.write_text(text, encoding="utf-8")


def _find_config(name: str) -> Path:
    path_of(name)
    if is_file(Path(name)):
        return Path(name)
    if shipped := _shipped(name):
        return shipped
    near = difflib.get_close_matches(name, shipped_configs(), n=1)
    hint = f"did you mean {near[0]}?" if near else f"shipped ones are {', '.join(shipped_configs())}"
    raise InputError(f"{name}: no such config in {Path.cwd()}; {hint}")


def _shipped(name: str) -> Path | None:
    """Return a config of the kit by its short name (``framing/svm``) or its path in the checkout."""
    for candidate in (name, f"{name}.yaml", f"configs/{name}", f"configs/{name}.yaml"):
        if is_file(ROOT / candidate):
            return ROOT / candidate
    return None


def shipped_configs() -> list[str]:
    """Return the short names of the configs that come with the kit, sorted."""
    folder = ROOT / "configs"
    return sorted(str(path.relative_to(folder).with_suffix("")) for path in folder.rglob("*.yaml"))


def read_yaml(path: Path) -> dict[str, Any]:
    """Return what a YAML file says, with what isn't a string or plain integer as :class:`written.Written`.

    Raises
    ------
    InputError
        If it can't be read, is no YAML, or holds anything but keys and values.
    """
    text, _ = decode(read_bytes(path), str(path))
    if (read := _read.get()) is not None:
        read.append(path)
    try:
        raw = written.load(text, str(path))
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f" line {mark.line + 1}:" if mark else ""
        raise InputError(f"{path}:{where} is not valid YAML: {_problem(error)}") from None
    if not isinstance(raw, dict):
        raise InputError(f"{path}: must hold keys and values, such as 'name: my-experiment'")
    return raw


def _problem(error: yaml.YAMLError) -> str:
    said = str(getattr(error, "problem", None) or error).splitlines()
    return said[0] if said else "it can't be read"


def _with_parents(path: Path, seen: tuple[Path, ...]) -> dict[str, Any]:
    """Return a config file merged onto the files that its ``defaults:`` names, first to last."""
    if path.resolve() in seen:
        raise InputError(f"{path}: defaults: names a file that is its own parent")
    own = _beside(read_yaml(path), path.parent)
    parents = own.pop("defaults", None) or []
    if not isinstance(parents, str | list):
        raise InputError(f"{path}: defaults: must name a file, or a list of files")
    merged: dict[str, Any] = {}
    for parent in [parents] if isinstance(parents, str) else parents:
        file = path.parent / path_of(str(parent))
        if not is_file(file):
            file = _shipped(str(parent)) or file
        if not is_file(file):
            raise InputError(f"{path}: defaults: {parent}: no such file beside it, nor a shipped config")
        merged = _merge(merged, _with_parents(file, (*seen, path.resolve())))
    result: dict[str, Any] = _merge(merged, own)
    return result


def _with_members(raw: dict[str, Any], path: Path, seen: tuple[str, ...] = ()) -> dict[str, Any]:
    """Return a raw config in which the configs that its classifier is made of stand in the place of their names."""
    classifier = raw.get("classifier")
    if not isinstance(classifier, dict):
        return raw

    def member(value: Any) -> Any:
        if isinstance(value, dict):
            return _with_members(value, path, seen)
        if not isinstance(value, str):
            return value
        file = path.parent / path_of(value)
        file = file if is_file(file) else _find_config(value)
        if str(file.resolve()) in (*seen, str(path.resolve())):
            raise InputError(f"{path}: classifier: {value} is made of itself")
        own = _with_members(_with_parents(file, ()), file, (*seen, str(path.resolve())))
        return {"features": own.get("features", []), "classifier": own.get("classifier")}

    made_of = {
        key: [member(each) for each in value] if isinstance(value, list) else member(value)
        for key, value in classifier.items()
        if key in ("first", "second", "teacher", "student", "members")
    }
    return {**raw, "classifier": {**classifier, **made_of}}


def _beside(value: Any, folder: Path, key: str = "") -> Any:
    """Return a raw config in which files that lie beside it, and not in the working directory, are named in full."""
    if isinstance(value, dict):
        return {name: _beside(inner, folder, str(name)) for name, inner in value.items()}
    if isinstance(value, list):
        return [_beside(inner, folder, key) for inner in value]
    named = key in ("train", "test", "unlabelled", "lexicon", "keywords") and isinstance(value, str)
    if named and not exists(path_of(value)) and is_file(folder / value):
        return str(folder / value)
    return value


def unknown_key(key: str, known: Sequence[str]) -> str:
    """Return what is to be said of a key that a file has and the kit doesn't know: the one that is meant, or all."""
    if not known:
        return "unknown key"
    near = difflib.get_close_matches(key, known, n=1)
    return f"unknown key; did you mean {near[0]!r}?" if near else f"unknown key; known here: {', '.join(known)}"


def _merge(base: Any, top: Any) -> Any:
    """Merge mappings key by key; anything else, and a mapping of another ``type``, replaces what was there."""
    if not (isinstance(base, dict) and isinstance(top, dict)):
        return top
    if "type" in top and top["type"] != base.get("type", top["type"]):
        return top
    return {**base, **{key: _merge(base.get(key), value) for key, value in top.items()}}


def _names_a_type(key: str) -> bool:
    return key.endswith(".type") and not key.startswith("sweep.")


def _apply(raw: dict[str, Any], override: str) -> dict[str, Any]:
    """Return the raw config with one dotted assignment carried out."""
    key, equals, text = override.partition("=")
    if not equals or not key.strip():
        raise InputError(f"{override}: an override is written key=value, such as classifier.C=3")
    try:
        value = written.load_value(text, override, key.strip())
    except yaml.YAMLError as error:
        raise InputError(
            f"{cut(override)}: the value is not valid YAML ({_problem(error)}); put quotes around it"
        ) from None
    return assign(raw, key.strip(), value, override)


def _faults(path: Path, error: ValidationError, raw: dict[str, Any]) -> list[str]:
    """Return one line a fault: the file, the field, what is wrong, and what would be right."""
    lines = []
    for fault, where in _of_the_meant_kind(error, raw):
        # pydantic names the chosen kind of a feature or classifier in the path; the YAML doesn't
        if where[:1] == ["classifier"] and len(where) > 2:
            del where[1]
        if where[:1] == ["features"] and len(where) > 3:
            del where[2]
        message = fault["msg"].removeprefix("Value error, ")
        if fault["type"] == "extra_forbidden":
            message = unknown_key(where[-1], _fields_at(where))
        elif fault["type"] == "union_tag_invalid":
            known = fault["ctx"]["expected_tags"].replace("'", "")
            where, message = [*where, "type"], f"there is no type {short(fault['ctx']['tag'])}; there are {known}"
        elif fault["type"] == "missing":
            message = "is missing"
        elif fault["type"] == "string_type":
            given = fault["input"]
            quotes = (
                "put quotes around it"
                if isinstance(given, list | dict)
                else written.quotes_needed(written.find(raw, where))
            )
            message = f"must be text, not {short(given)}; {quotes}"
        elif fault["type"] == "value_error":
            inner = re.match(r"([a-z_]+)([\w.]*): ", message)
            if inner and inner[1] in _fields_at([*where, ""]):  # a check of several fields names the one at fault
                where, message = [*where, inner[0][:-2]], message[inner.end() :]
        elif fault["type"] not in ("union_tag_invalid", "union_tag_not_found"):
            message = f"{message[0].lower()}{message[1:]}, not {short(fault['input'])}"
        lines.append(f"{path}: {'.'.join(where) or 'config'}: {message}")
    return lines


def _of_the_meant_kind(error: ValidationError, raw: dict[str, Any]) -> list[tuple[Any, list[str]]]:
    """Return faults with their places; where a value may be text, list or mapping, those of what was given only."""
    found: list[tuple[Any, list[str]]] = []
    for fault in error.errors():
        where = [str(part) for part in fault["loc"]]
        at = next(
            (n for n, part in enumerate(where) if re.fullmatch(r"str|(list|dict|function-before)\[.*\]", part)), None
        )
        if at is not None:
            given = written.find(raw, where[:at])
            kind = "list" if isinstance(given, list) else "dict" if isinstance(given, dict) else "text"
            read_as = where[at].partition("[")[0]
            if kind != (read_as if read_as in ("list", "dict") else "text"):
                continue
            del where[at]
        found.append((fault, where))
    return found or [(fault, [str(part) for part in fault["loc"]]) for fault in error.errors()[:1]]


def _fields_at(where: list[str]) -> list[str]:
    """Return the names of the keys allowed beside an unknown one."""
    model: Any = Config
    for part in where[:-1]:
        field = getattr(model, "model_fields", {}).get(part)
        annotation = field.annotation if field else None
        if type(None) in get_args(annotation):  # a section that may be left out
            annotation = next((each for each in get_args(annotation) if each is not type(None)), None)
        if not (isinstance(annotation, type) and issubclass(annotation, BaseModel)):
            return []
        model = annotation
    return [field.alias or name for name, field in model.model_fields.items()]


def _read_lexicons(model: _Reader) -> _Reader:
    """Put the content of every lexicon file in the place of its name, so that the config stands for itself."""
    features = []
    for feature in model.features:
        if feature.type == "cues" and isinstance(feature.lexicon, str):
            content = read_lexicon(feature.lexicon)
            frames = {f"frame_{label}": entries for label, entries in content.get("keywords", {}).items()}
            feature = feature.model_copy(update={"lexicon": {**content["cues"], **frames}})
        features.append(feature)
    classifier = model.classifier
    if isinstance(classifier, Lexicon) and isinstance(classifier.keywords, str):
        content = read_lexicon(classifier.keywords, needed="keywords")
        classifier = classifier.model_copy(update={"keywords": content["keywords"]})
    made_of: dict[str, Any] = {}
    for name in type(classifier).model_fields:
        part = getattr(classifier, name)
        if isinstance(part, Member):
            made_of[name] = _read_lexicons(part)
        elif isinstance(part, list) and any(isinstance(each, Member) for each in part):
            made_of[name] = [_read_lexicons(each) for each in part]
    classifier = classifier.model_copy(update=made_of)
    return model.model_copy(update={"features": features, "classifier": classifier})


def read_lexicon(name: str, needed: str = "cues") -> dict[str, dict[str, list[str]]]:
    """Read a lexicon file.

    Its section ``cues`` holds entries by category and its section ``keywords`` those that give a label by themselves.
    As cues, keywords become categories called ``frame_<label>``.

    Parameters
    ----------
    name : str
        A YAML file.
    needed : str, default "cues"
        The section that must be there.

    Returns
    -------
    dict of str to dict of str to list of str
        Section -> category -> entries.

    Raises
    ------
    InputError
        If the file or section is missing, or isn't lists of words under names.
    """
    path = find_file(name)
    sections = read_yaml(path)
    if not isinstance(sections.get(needed), dict) or not sections[needed]:
        raise InputError(f"{path}: has no section {needed!r} with categories and entries")
    for section, categories in sections.items():
        for category, entries in categories.items() if isinstance(categories, dict) else [("", None)]:
            if not isinstance(entries, list) or not all(isinstance(entry, str) for entry in entries):
                raise InputError(
                    f"{path}: {section}.{category}: must be a list of words (quote yes, no, true and numbers)"
                )
    return sections
