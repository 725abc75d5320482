"""Finds the files that a user names, and writes files so that a reader never sees half of one."""

import os
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from experiments.errors import InputError

CODE = Path(__file__).resolve().parent.parent
"""The folder that holds the packages ``features`` and ``experiments``."""

ROOT = CODE if (CODE / "configs").is_dir() else Path(sys.prefix) / "share" / "framescope"
"""The folder that holds ``configs/`` and ``seeds/``: the checkout, or where an installed wheel puts them."""


def find_file(name: str) -> Path:
    """Return the path of a file or folder that a user or a config names.

    Looked for in the working directory, then among the files that come with the kit.

    Raises
    ------
    InputError
        If it is in neither place.
    """
    path = Path(name).expanduser()
    places = [Path.cwd(), ROOT]
    for place in dict.fromkeys(places):
        if (place / path).exists():
            return path if place == Path.cwd() else place / path
    raise InputError(f"{name}: no such file; looked in {', '.join(map(str, dict.fromkeys(places)))}")


def decode(data: bytes, name: str, encoding: str | None = None) -> tuple[str, str]:
    """Decode a file's bytes and say in which encoding they were.

    UTF-8 (with or without a byte order mark) is tried first, then UTF-16 by its mark, then what is detected; a declared
    encoding comes before all of these.

    Parameters
    ----------
    data : bytes
        The file's content.
    name : str
        What to call the file in an error.
    encoding : str, optional
        The encoding that the user declares.

    Returns
    -------
    tuple of (str, str)
        The text, and the encoding's name.

    Raises
    ------
    InputError
        If the bytes are not text, or not in the declared encoding.
    """
    if encoding:
        try:
            return data.decode(encoding).removeprefix("\ufeff"), encoding
        except LookupError:
            raise InputError(f"{name}: there is no encoding called {encoding!r}; try utf-8 or cp1252") from None
        except UnicodeDecodeError as error:
            raise InputError(
                f"{name}: byte {error.start} is not {encoding}; leave the encoding out to detect it"
            ) from None
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        try:
            return data.decode("utf-16"), "utf-16"
        except UnicodeDecodeError:
            raise InputError(f"{name}: begins like UTF-16 but isn't; save it as UTF-8") from None
    try:
        text = data.decode("utf-8-sig")
        if "\0" not in text[:100_000]:
            return text, "utf-8"
    except UnicodeDecodeError:
        pass
    if b"\0" in data[:100_000]:
        raise InputError(f"{name}: is binary, not text; give a .txt, .md, .html, .jsonl, .csv or .parquet file")
    found = _detect(data)
    try:
        return data.decode(found), found
    except UnicodeDecodeError:
        return data.decode("cp1252", errors="replace"), "cp1252"


def _detect(data: bytes) -> str:
    """Return the likeliest encoding of bytes that are text but not Unicode.

    Detectors guess between the Western, Central European and old Macintosh pages from the few bytes in which these
    differ, and are often wrong on a short text. News in mostly ASCII letters is Windows-1252 far more often
    than anything else; charset-normalizer decides where other letters prevail, as in Cyrillic or Arabic.
    """
    high = sum(byte >= 0x80 for byte in data[:100_000])
    letters = sum(chr(byte).isalpha() for byte in data[:100_000] if byte < 0x80)
    if high < letters / 4:
        return "cp1252"
    from charset_normalizer import from_bytes

    best = from_bytes(data[:1_000_000]).best()
    return best.encoding if best else "cp1252"


def read_bytes(path: Path) -> bytes:
    """Return a file's bytes, or raise an `InputError` that says why it can't be read."""
    try:
        return path.read_bytes()
    except IsADirectoryError:
        raise InputError(f"{path}: is a folder, not a file") from None
    except OSError as error:
        raise InputError(f"{path}: can't be read: {error.strerror}") from None


@contextmanager
def writing(path: Path) -> Iterator[Path]:
    """Yield the path of a temporary file beside ``path``, which takes its place when the block ends well.

    Raises
    ------
    InputError
        If the folder can't be made or written to, or the disk is full. Nothing is left behind then.
    """
    temporary: Path | None = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.is_dir():
            raise InputError(f"{path}: is a folder; name a file in it")
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        os.close(handle)
        temporary = Path(name)
        yield temporary
        mask = os.umask(0)
        os.umask(mask)
        temporary.chmod(0o666 & ~mask)
        temporary.replace(path)
    except OSError as error:
        raise InputError(f"{path}: can't be written: {error.strerror or error}") from error
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)


FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet takes for the beginning of a formula."""


def harmless(cell: str) -> str:
    """Put an apostrophe before what a spreadsheet would run as a formula: texts come from anywhere."""
    return "'" + cell if cell.startswith(FORMULA) else cell


def finite(value: Any) -> Any:
    """Replace nan by None: JSON has no nan."""
    if isinstance(value, Mapping):
        return {key: finite(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [finite(inner) for inner in value]
    return None if isinstance(value, float) and value != value else value
