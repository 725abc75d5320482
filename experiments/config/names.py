"""What labels, experiments and models may be called: what MLflow, folders and tables can hold and tell apart."""

import posixpath
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal, get_args

from experiments.tables.cells import cell_key

LABEL_METRICS = ("precision", "recall", "f1", "average_precision", "ece", "support")
"""What is measured of every label, as it stands after the label in the name of a metric."""

KEY_LENGTH = 250
"""Characters that MLflow takes in the name of a metric or parameter."""

CheckCode = Literal["FS001", "FS002", "FS003", "FS004", "FS005", "FS006", "FS007", "FS008", "FS009", "FS010"]
"""The codes of what is checked of a measured model (docs/checks.md)."""

CHECK_CODES: tuple[CheckCode, ...] = get_args(CheckCode)

SEPARATOR = ";"
"""Stands between the labels of a row in a scored table."""

_EXPERIMENT_LENGTH = 250
_MODEL_LENGTH = 250
_FOLDER_BYTES = 255
_SEEN_TOGETHER = {"labels": "the column of the labels given", "text": "the column of the text"}
_SEEN_WITH_TARGETS = {
    "target": "the column of the target",
    "target_in_training": "the column that says whether the target was in training",
    "touches_target": "the column that says whether the text touches the target",
}
_UNSEEN = ("Cc", "Cs", "Zl", "Zp")


def metric_key(name: str) -> str:
    """Return a name that MLflow takes: what else stands in a label, such as "&" or a comma, becomes "_"."""
    return re.sub(r"[^\w\-./ :]", "_", name)


def check_labels(labels: Sequence[str], targeted: bool, separator: str) -> None:
    """Make sure that labels can be told apart wherever they stand, and that they can be served.

    Raises
    ------
    ValueError
        Otherwise; the message begins with ``task.labels``.
    """
    for label in labels:
        check_text(label, "task.labels: ")
    columns = {**_SEEN_TOGETHER, **(_SEEN_WITH_TARGETS if targeted else {})}
    columns |= {_form(f"threshold_{label}"): f"the column of the threshold of {label!r}" for label in labels}
    forms: dict[str, str] = {}
    keys: dict[str, str] = {}
    for label in labels:
        form = _form(label)
        if form in columns:
            raise ValueError(
                f"task.labels: {label!r} is also {columns[form]} in served tables; call it something else, such as "
                f"'{label} frame', and map it in data.label_codes if the data says {label!r}"
            )
        if form in forms:
            by_case = label.casefold() == forms[form].casefold()
            how = "differ by case only, which Spark and MySQL don't see" if by_case else "are read as one"
            raise ValueError(
                f"task.labels: {forms[form]!r} and {label!r} {how}; rename one, and map it in data.label_codes"
            )
        forms[form] = label
        of_label = list(_metric_keys(label))
        if (excess := max(map(len, of_label)) - KEY_LENGTH) > 0:
            raise ValueError(
                f"task.labels: {label[:40]!r}... has {len(label)} characters, of which MLflow's metrics hold "
                f"{len(label) - excess}; shorten it, and map it in data.label_codes"
            )
        for key in of_label:
            if posixpath.normpath(key) != key:
                raise ValueError(
                    f"task.labels: {label!r} can't stand in the name of an MLflow metric, where // and .. make a path; "
                    f"write {_plain(label)!r}, and map it in data.label_codes"
                )
            if key in keys:
                raise ValueError(
                    f"task.labels: {keys[key]!r} and {label!r} would be one metric in MLflow ({key}); rename one, and "
                    "map it in data.label_codes"
                )
            keys[key] = label
        if any(
            between in label and all(part.strip() in labels for part in label.split(between))
            for between in (separator, SEPARATOR)
        ):
            raise ValueError(
                f"task.labels: {label!r} is also a list of other labels; rename it, or set another data.label_separator"
            )


def check_text(name: str, field: str = "") -> None:
    """Make sure that a name is more than blanks, begins and ends with none, and holds nothing that can't be seen.

    Raises
    ------
    ValueError
        Otherwise; the message begins with the field.
    """
    if not name.strip():
        raise ValueError(f"{field}{name!r} is empty; give it a name")
    if any(unicodedata.category(character) in _UNSEEN or character == "\ufeff" for character in name):
        clean = "".join(" " if unicodedata.category(each) in _UNSEEN else each for each in name.replace("\ufeff", ""))
        raise ValueError(f"{field}{name!r} holds a control character or line break; write {' '.join(clean.split())!r}")
    if name != name.strip():
        raise ValueError(f"{field}{name!r} begins or ends with a blank; write {name.strip()!r}")


def codes_as_keys(codes: Mapping[Any, Any]) -> dict[str, Any]:
    """Return what codes mean, with each code as the cells that hold it are read (``1.0`` as ``1``).

    Raises
    ------
    ValueError
        If two codes are one, or a code or meaning carries blanks, which cells are read without; the message begins with
        ``label_codes``.
    """
    meanings: dict[str, Any] = {}
    written: dict[str, str] = {}
    for code, label in codes.items():
        text = str(code)
        if text != text.strip():
            raise ValueError(
                f"label_codes: {text!r} begins or ends with a blank, and cells are read without; write {text.strip()!r}"
            )
        if isinstance(label, str):
            check_text(label, f"label_codes.{text}: ")
        key = cell_key(text) or text
        if meanings.get(key, label) != label:
            raise ValueError(
                f"label_codes: {written[key]} and {text} are one code, which means {meanings[key]!r} and {label!r}; "
                "keep one"
            )
        meanings[key] = label
        written[key] = text
    return meanings


def check_experiment(name: str) -> str:
    """Return an experiment's name, which is also its folder in ``mlartifacts``.

    Raises
    ------
    ValueError
        If the folder would be another one, or none.
    """
    check_text(name)
    right = "/".join(part for part in re.split(r"[/\\]", re.sub(r"^[A-Za-z]:", "", name)) if part.strip(". "))
    advice = f"write {right!r}" if right else "give it a name, such as 'framing'"
    if name.startswith("/") or re.match(r"[A-Za-z]:[/\\]", name):
        raise ValueError(f"{name!r} is an absolute path, and the name of an experiment is none; {advice}")
    if "\\" in name:
        raise ValueError(f"{name!r} holds a backslash, which is a folder on some machines only; {advice}")
    if any(part in (".", "..") for part in name.split("/")):
        raise ValueError(f"{name!r} leads out of the experiment's folder with . or ..; {advice}")
    if len(name) > _EXPERIMENT_LENGTH:
        raise ValueError(f"{name[:40]!r}... has {len(name)} characters; shorten it to {_EXPERIMENT_LENGTH}")
    for part in name.split("/"):
        if len(part.encode()) > _FOLDER_BYTES:
            raise ValueError(
                f"{name[:40]!r}... takes {len(part.encode())} bytes, of which a folder's name holds {_FOLDER_BYTES}; "
                "shorten it"
            )
    return name


def check_model(name: str) -> str:
    """Return a registered model's name, which can stand in ``models:/NAME/1`` and ``models:/NAME@champion``.

    Raises
    ------
    ValueError
        If it can't.
    """
    check_text(name)
    plain = re.sub(r"[/:?@]+", "-", name).strip("-. ")
    advice = f"write {plain!r}" if plain else "give it a name, such as 'framing'"
    if found := re.search(r"[/:?@]", name):
        raise ValueError(f"{name!r} holds {found[0]!r}, which models:/NAME@champion can't; {advice}")
    if name in (".", ".."):
        raise ValueError(f"{name!r} is a folder and no name; {advice}")
    if len(name) > _MODEL_LENGTH:
        raise ValueError(f"{name[:40]!r}... has {len(name)} characters; shorten it to {_MODEL_LENGTH}")
    return name


def check_task(name: str) -> str:
    """Return a task's name, after which its experiment and its model are called unless the config says otherwise.

    Raises
    ------
    ValueError
        If it holds anything but letters, digits and ``_ . -``, doesn't begin with a letter or digit, or is too long.
    """
    if not re.fullmatch(r"[A-Za-z0-9][\w.-]*", name):
        plain = re.sub(r"[^\w.-]+", "-", name).lstrip("-._") or "framing"
        raise ValueError(
            f"{name!r} must begin with a letter or digit (a-z, 0-9) and hold letters, digits, _ . - only; "
            f"write {plain!r}"
        )
    return check_experiment(name)


def _form(label: str) -> str:
    """Return what labels are told apart by."""
    return unicodedata.normalize("NFC", cell_key(label) or label).casefold()


def _metric_keys(label: str) -> Iterator[str]:
    """Yield the names of all MLflow metrics that speak of a label."""
    for metric in LABEL_METRICS:
        for bound in ("", ".low", ".high"):
            yield metric_key(f"test.{label}.{metric}{bound}")
    yield metric_key(f"threshold.{label}")


def _plain(label: str) -> str:
    """Return a label like the one given that holds no path."""
    return " - ".join(part for part in re.split(r":?/+", label) if part.strip(". ")) or "other"
