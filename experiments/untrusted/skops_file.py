"""Loads a pipeline from a skops file, after looking at how much it holds and of what kinds.

skops itself lets no foreign code in, but trusts every estimator of scikit-learn, unpacks whatever it is given, and
follows what the file says about its parts. Here the file's own plan of its parts (``schema.json``) is read first: only
the kinds that framescope's pipelines are made of may stand in it, and none of its parts may be larger than agreed.
"""

import io
import json
import sys
import zipfile
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from experiments.errors import InputError
from experiments.untrusted.fitted import check_fitted
from experiments.untrusted.regular import open_regular

SCHEMA = "schema.json"

FREE = 64_000_000
"""Bytes that any pipeline may unpack to, however small its file is."""

RATIO = 100
"""How many times its file's size a pipeline may unpack to, beyond that.

The kit's own unpack to 50 times their size at most (vocabularies deflate well, weights hardly at all), and deflating
can't do better than 1,000 times: who wants to fill memory has to send a hundredth of it.
"""

LARGEST = 4_000_000_000
"""Bytes that no pipeline may unpack to: a graph of ONNX can't exceed 2 GB."""

_NUMBERS = (
    *("bool", "bool_", "float32", "float64", "int8", "int16", "int32", "int64"),
    *("intp", "str_", "uint8", "uint16", "uint32", "uint64"),
)

KNOWN = frozenset(
    {
        *(f"builtins.{name}" for name in ("bool", "bytes", "dict", "float", "int", "list", "set", "str", "tuple")),
        *(f"numpy.{name}" for name in ("dtype", "ndarray", *_NUMBERS)),
        # the state of what drew at random in training
        "numpy.random._generator.Generator",
        "numpy.random.mtrand.RandomState",
        # boosting: what its loss is made of
        "sklearn._loss._loss.CyHalfBinomialLoss",
        "sklearn._loss._loss.CyHalfMultinomialLoss",
        "sklearn._loss.link.Interval",
        "sklearn._loss.link.LogitLink",
        "sklearn._loss.link.MultinomialLogit",
        "sklearn._loss.loss.HalfBinomialLoss",
        "sklearn._loss.loss.HalfMultinomialLoss",
        "sklearn.calibration.CalibratedClassifierCV",
        "sklearn.dummy.DummyClassifier",
        "sklearn.ensemble._hist_gradient_boosting.binning._BinMapper",
        "sklearn.ensemble._hist_gradient_boosting.gradient_boosting.HistGradientBoostingClassifier",
        "sklearn.feature_extraction.text.CountVectorizer",
        "sklearn.feature_extraction.text.TfidfTransformer",
        "sklearn.feature_extraction.text.TfidfVectorizer",
        "sklearn.linear_model._logistic.LogisticRegression",
        "sklearn.multiclass.OneVsRestClassifier",
        "sklearn.naive_bayes.ComplementNB",
        "sklearn.pipeline.FeatureUnion",
        "sklearn.pipeline.Pipeline",
        "sklearn.preprocessing._label.LabelBinarizer",
        "sklearn.preprocessing._label.LabelEncoder",
        "sklearn.svm._classes.LinearSVC",
    }
)
"""Types of other packages that the kit's pipelines are made of.

Others of scikit-learn are left out on purpose, though skops trusts them: a decision tree or a support vector machine
whose arrays don't fit each other is walked by compiled code that doesn't look.
"""

_SCALARS = frozenset(
    {*(f"builtins.{name}" for name in ("bool", "float", "int", "str")), *map("numpy.{}".format, _NUMBERS)}
)
_LOSSES = frozenset(name for name in KNOWN if name.startswith("sklearn._loss._loss."))
_DRAWN = frozenset(name for name in KNOWN if name.startswith("numpy.random."))

_LOADED_BY = {
    "BytesNode": frozenset({"builtins.bytes"}),
    "DTypeNode": frozenset({"numpy.dtype"}),
    "DictNode": frozenset({"builtins.dict"}),
    "JsonNode": frozenset({"builtins.bool", "builtins.float", "builtins.int", "builtins.str"}),
    "ListNode": frozenset({"builtins.list"}),
    "LossNode": _LOSSES,
    "NdArrayNode": frozenset({"numpy.ndarray", *map("numpy.{}".format, _NUMBERS)}),
    "RandomGeneratorNode": _DRAWN,
    "RandomStateNode": _DRAWN,
    "SetNode": frozenset({"builtins.set"}),
    "TupleNode": frozenset({"builtins.tuple"}),
    "TypeNode": _SCALARS,
}
"""Ways of loading a part that call something, and for what each is meant."""


def load_pipeline(path: Path, kit_types: Collection[str], former_names: Mapping[str, str]) -> Any:
    """Return the pipeline of a skops file; nothing in it is executed.

    Parameters
    ----------
    path : Path
        A regular file, or a link to one.
    kit_types : collection of str
        The kit's own types and functions that may stand in it, besides those of :data:`KNOWN`.
    former_names : mapping of str to str
        Modules of which the file may speak under a former name, and where they are now.

    Raises
    ------
    InputError
        If there is no such file, it is damaged, unpacks to more than agreed, or holds something that the kit doesn't
        write: another type, arrays that don't fit each other, trees that lead out of themselves.
    """
    try:
        with open_regular(path) as file:
            source = _with_present_names(file, path, former_names)
            with zipfile.ZipFile(source) as saved:
                _check_plan(path, saved, kit_types)
            source.seek(0)
            pipeline = skops().io.load(source, trusted=list(kit_types))
        check_fitted(pipeline)
    except InputError:
        raise
    except FileNotFoundError:
        raise InputError(f"{path}: is missing; train or download the model again") from None
    except Exception as error:  # what a damaged file trips zipfile, json, NumPy and skops with is of many types
        line = "its parts lie too deep in each other" if isinstance(error, RecursionError) else str(error)
        line = (line.splitlines() or [""])[0][:300]
        raise InputError(
            f"{path}: is no readable skops file ({type(error).__name__}: {line}); train or download the model again"
        ) from None
    return pipeline


def types_of(path: Path) -> set[str]:
    """Return the full names of all types and functions that a skops file holds.

    Raises
    ------
    InputError, OSError, ValueError, zipfile.BadZipFile
        If it isn't one.
    """
    with open_regular(path) as file, zipfile.ZipFile(file) as saved:
        _check_sizes(path, saved)
        return {name for _, name in _Plan(json.loads(saved.read(SCHEMA))).kinds}


def skops() -> Any:
    """Import skops, but not PyTorch: skops lists all modules of scikit-learn, of which one loads it, for seconds."""
    unloaded = "torch" not in sys.modules
    if unloaded:
        sys.modules["torch"] = None  # type: ignore[assignment]  # an import of it fails at once, and is passed over
    try:
        import skops.io
    finally:
        if unloaded:
            del sys.modules["torch"]
    return skops


def _check_sizes(path: Path, saved: zipfile.ZipFile) -> None:
    """Refuse a file that unpacks to more than agreed; no more of a part is ever unpacked than it says of itself."""
    parts = saved.infolist()
    if any(each.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) for each in parts):
        raise ValueError("it is packed as framescope packs nothing")  # unpacking others may take gigabytes by itself
    _check_total(path, saved, sum(each.file_size for each in parts))


def _check_total(path: Path, saved: zipfile.ZipFile, total: int) -> None:
    assert saved.fp is not None
    most = min(LARGEST, max(FREE, RATIO * saved.fp.seek(0, io.SEEK_END)))
    if total > most:
        raise InputError(
            f"{path}: unpacks to {total / 1e6:,.0f} MB, and a file of its size may to {most / 1e6:,.0f} MB at most; "
            "it is not loaded, since it would fill the memory"
        )


def _check_plan(path: Path, saved: zipfile.ZipFile, kit_types: Collection[str]) -> None:
    _check_sizes(path, saved)
    plan = _Plan(json.loads(saved.read(SCHEMA)))
    strangers = sorted({name for _, name in plan.kinds} - KNOWN - set(kit_types))
    if strangers:
        raise InputError(
            f"{path}: holds types that framescope doesn't know ({', '.join(strangers)[:500]}); it is not loaded, since "
            "they could run foreign code"
        )
    for loader, name in sorted(plan.kinds):
        if not _fits(loader, name, kit_types):
            raise ValueError(f"framescope saves no {name} by a {loader[:40]}")
    # a file that two parts name is unpacked twice
    _check_total(path, saved, sum(saved.getinfo(name).file_size for _, name in plan.files))
    for loader, name in set(plan.files):
        if loader == "NdArrayNode":
            _check_array(saved, name)


def _fits(loader: str, name: str, kit_types: Collection[str]) -> bool:
    if loader == "FunctionNode":
        return name in kit_types
    if loader == "ObjectNode":
        return name in kit_types or (name.startswith("sklearn.") and name not in _LOSSES)
    return name in _LOADED_BY.get(loader, ())


def _check_array(saved: zipfile.ZipFile, name: str) -> None:
    """Refuse an array that says it is larger than the bytes it comes with: its room would be taken before they are."""
    with saved.open(name) as file:
        version = np.lib.format.read_magic(file)
        read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        shape, _, dtype = read(file)
        count = 1
        for length in shape:  # in Python's integers, which don't overflow
            count *= int(length)
        room = saved.getinfo(name).file_size - file.tell()
        if dtype.hasobject or min(shape, default=0) < 0 or count * dtype.itemsize > room:
            raise ValueError(f"{name} is no array of the shape and type that it says")


class _Plan:
    """What a skops file says of its parts.

    Attributes
    ----------
    kinds : set of (str, str)
        How parts are loaded, and their types' full names.
    files : list of (str, str)
        How packed files are read, and their names, each as often as it is.

    Raises
    ------
    KeyError, TypeError, ValueError
        If it is none, or a part refers to another, by which a short plan could make up endless ones.
    """

    def __init__(self, schema: Any) -> None:
        self.kinds: set[tuple[str, str]] = set()
        self.files: list[tuple[str, str]] = []
        self._sizes: dict[Any, int] = {}
        self._walk(schema)

    def _walk(self, part: Any) -> int:
        """Return of how many parts a part is made."""
        if isinstance(part, list):
            return sum(map(self._walk, part))
        if not isinstance(part, dict):
            return 0
        inside = sum(self._walk(each) for each in part.values() if isinstance(each, dict | list))
        loader = part.get("__loader__")
        if not isinstance(loader, str):  # not a part, but what a dict holds
            return inside
        self.kinds.add((loader, f"{part['__module__']}.{part['__class__']}"))
        if isinstance(part.get("file"), str):
            self.files.append((loader, part["file"]))
        # skops writes a thing that stands in two places out in both, and reads the first alone
        if (key := part.get("__id__")) is not None and self._sizes.setdefault(key, inside) != inside:
            raise ValueError("two of its parts have one number")
        return inside + 1


def _with_present_names(file: BinaryIO, path: Path, former_names: Mapping[str, str]) -> BinaryIO:
    """Return the file; a copy in memory where former names of modules have to be replaced by the present ones."""
    with zipfile.ZipFile(file) as saved:
        _check_sizes(path, saved)
        schema = renamed = saved.read(SCHEMA)
        for former, present in former_names.items():
            renamed = renamed.replace(f'"__module__": "{former}"'.encode(), f'"__module__": "{present}"'.encode())
        if renamed == schema:
            file.seek(0)
            return file
        copy = io.BytesIO()
        with zipfile.ZipFile(copy, "w") as written:
            for name in saved.namelist():
                written.writestr(name, renamed if name == SCHEMA else saved.read(name))
    return copy
