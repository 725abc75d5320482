"""What labels, experiments and models may be called: what MLflow, folders and tables can hold and tell apart."""

import posixpath
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence

LABEL_METRICS = ("precision", "recall", "f1", "average_precision", "ece", "support")
"""What is measured of every label, as it stands after the label in the name of a metric."""

KEY_LENGTH = 250
"""Characters that MLflow takes in the name of a metric or parameter."""

SEPARATOR = ";"
"""Stands between the labels of a row in a scored table."""

_EXPERIMENT_LENGTH = 250
_MODEL_LENGTH = 250
_FOLDER_BYTES = 255
_SEEN_TOGETHER = {"labels": "the column of the labels given", "text": "the column of the text"}
_UNSEEN = ("Cc", "Cs", "Zl", "Zp")
_CODE = re.compile(r"(-?(?:0|[1-9]\d*))\.0+")


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
    columns = {**_SEEN_TOGETHER, **({"target": "the column of the target"} if targeted else {})}
    forms: dict[str, str] = {}
    keys: dict[str, str] = {}
    for label in labels:
        form = unicodedata.normalize("NFC", label).casefold()
        if form in columns:
            raise ValueError(
                f"task.labels: {label!r} is also {columns[form]} in served tables; call it something else, such as "
                f"'{label} frame', and map it in data.label_codes if the data says {label!r}"
            )
        if form in forms:
            same = unicodedata.normalize("NFC", label) == unicodedata.normalize("NFC", forms[form])
            how = "are one in Unicode's normal form" if same else "differ by case only, which Spark and MySQL don't see"
            raise ValueError(
                f"task.labels: {forms[form]!r} and {label!r} {how}; rename one, and map it in data.label_codes"
            )
        forms[form] = label
        for key in _metric_keys(label):
            if len(key) > KEY_LENGTH:
                raise ValueError(
                    f"task.labels: {label[:40]!r}... has {len(label)} characters, of which MLflow's metrics hold "
                    f"{KEY_LENGTH - len(key) + len(label)}; shorten it, and map it in data.label_codes"
                )
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


def check_codes(codes: Mapping[str, str | None]) -> None:
    """Make sure that no two codes are one in the data, and that codes and meanings carry no blanks that cells don't.

    Raises
    ------
    ValueError
        Otherwise.
    """
    seen: dict[str, str] = {}
    for code, label in codes.items():
        if code != code.strip():
            raise ValueError(
                f"label_codes: {code!r} begins or ends with a blank, which cells are read without; "
                f"write {code.strip()!r}"
            )
        if label is not None:
            check_text(label, f"label_codes.{code}: ")
        number = _CODE.fullmatch(code)
        same = number[1] if number else code
        if same in seen and codes[seen[same]] != label:
            raise ValueError(
                f"label_codes: {seen[same]} and {code} are one code, and mean {codes[seen[same]]!r} and {label!r}; "
                "keep one"
            )
        seen.setdefault(same, code)


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
    plain = re.sub(r"[/\\:?#%@]+", "-", name).strip("-. ")
    advice = f"write {plain!r}" if plain else "give it a name, such as 'framing'"
    if found := re.search(r"[/\\:?#@]|%[0-9A-Fa-f]{2}", name):
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


def _metric_keys(label: str) -> Iterator[str]:
    """Yield the names of all MLflow metrics that speak of a label."""
    for metric in LABEL_METRICS:
        for bound in ("", ".low", ".high"):
            yield metric_key(f"test.{label}.{metric}{bound}")
    yield metric_key(f"threshold.{label}")


def _plain(label: str) -> str:
    """Return a label like the one given that holds no path."""
    return " - ".join(part for part in re.split(r":?/+", label) if part.strip(". ")) or "other"
