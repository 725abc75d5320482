"""Packed files: ``.gz``, ``.bz2``, ``.xz`` and ``.zst``, unpacked as they are read."""

import bz2
import gzip
import io
import lzma
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from experiments.errors import InputError

PACKED = (".gz", ".bz2", ".xz", ".zst")
"""Endings behind a file's own, as in ``news.jsonl.gz``."""

_CUT_OFF = (EOFError, zlib.error, lzma.LZMAError, gzip.BadGzipFile)


def endings_of(name: str) -> tuple[str, str]:
    """Return a file's own ending and that of its packing, in lower case, each with its dot or empty.

    Examples
    --------
    >>> endings_of("news/2024.JSONL.gz"), endings_of("a.csv"), endings_of("README")
    (('.jsonl', '.gz'), ('.csv', ''), ('', ''))
    """
    path = Path(name)
    packing = path.suffix.lower()
    if packing not in PACKED:
        return packing, ""
    return Path(path.stem).suffix.lower(), packing


@contextmanager
def unpacked(source: BinaryIO, packing: str, name: str) -> Iterator[BinaryIO]:
    """Unpack an open file as it is read; it can be rewound (``seek(0)``), and memory holds a few blocks of it.

    Raises
    ------
    InputError
        When it is opened or read: if it isn't packed so, is cut off or damaged.
    """
    opener = _OPENERS[packing]
    try:
        with opener(source) as file:
            yield file
    except _CUT_OFF as error:
        raise _damaged(name, packing, error) from None
    except OSError as error:
        if error.errno is None:  # of the unpacker, not of the disk
            raise _damaged(name, packing, error) from None
        raise


def _damaged(name: str, packing: str, error: Exception) -> InputError:
    line = (str(error).splitlines() or [type(error).__name__])[0].rstrip(".")
    return InputError(f"{name}: is cut off or damaged, or no {packing[1:]} file ({line}); fetch or pack it again")


class _Zstandard(io.RawIOBase):
    """Reads Zstandard through pyarrow, which can't go back: to rewind is to open anew."""

    def __init__(self, source: BinaryIO) -> None:
        self._source = source
        self._stream: Any = None
        self._at = 0
        self.seek(0)

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        if (offset, whence) != (0, io.SEEK_SET):
            if (offset, whence) == (self._at, io.SEEK_SET) or (offset, whence) == (0, io.SEEK_CUR):
                return self._at
            raise io.UnsupportedOperation("a packed file is read from its beginning on")
        import pyarrow as pa

        if self._stream is None or self._at:
            self._source.seek(0)
            self._stream = pa.CompressedInputStream(pa.PythonFile(_KeptOpen(self._source), "r"), "zstd")
            self._at = 0
        return 0

    def readinto(self, buffer: Any) -> int:
        data = self._stream.read(len(buffer))
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)


class _KeptOpen:
    """A file that pyarrow doesn't close when it has done with it."""

    closed = False

    def __init__(self, source: BinaryIO) -> None:
        self.read = source.read

    def close(self) -> None:
        pass


_OPENERS: dict[str, Callable[[BinaryIO], Any]] = {
    ".gz": gzip.open,
    ".bz2": bz2.open,
    ".xz": lzma.open,
    ".zst": lambda source: io.BufferedReader(_Zstandard(source), 1 << 20),
}
