"""Web archives: the pages of a WARC file, and the texts of a WET file (Common Crawl)."""

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from experiments.errors import InputError
from experiments.notices import Warn
from experiments.tables.packed import endings_of, unpacked

ARCHIVES = (".warc", ".wet")
"""Endings of web archives; each also packed, as in ``.warc.gz``."""

_ENDINGS = {"text/html": ".html", "application/xhtml+xml": ".html", "text/plain": ".txt"}
_LAST = b"\r\n\r\n"  # what stands behind each record


@dataclass(frozen=True, slots=True)
class Page:
    """A page of an archive, as it was fetched.

    Attributes
    ----------
    url, date : str
        Where and when (ISO 8601) it was fetched.
    ending : {".html", ".txt"}
        What it is.
    content : bytes
        Without transfer and content encoding.
    encoding : str or None
        What the server said of it.
    share : float
        How much of the archive has been read then, from 0 to 1.
    """

    url: str
    date: str
    ending: str
    content: bytes
    encoding: str | None
    share: float


def read_archive(path: Path, name: str, warn: Warn) -> Iterator[Page]:
    """Yield the pages of an archive: answers with status 200 that are HTML or plain text, and texts made of such.

    Parameters
    ----------
    path : Path
        The file, packed or not.
    name : str
        What to call it in a message.
    warn : callable
        Called with a line that counts what was passed over.

    Raises
    ------
    InputError
        If the library (fastwarc) isn't installed, or the file is no archive, is damaged or cut off. All pages before
        the damage have been yielded then.
    """
    try:
        from fastwarc.warc import ArchiveIterator
    except ImportError:
        raise InputError(
            f"{name}: web archives need a library that isn't installed: pip install 'framescope[documents]'"
        ) from None
    _, packing = endings_of(path.name)
    passed = found = 0
    try:
        with path.open("rb") as raw:
            size = max(path.stat().st_size, 1)
            with unpacked(raw, packing, name) if packing else raw as file:
                watched = _Watched(file)
                last: Page | None = None  # held back until the archive goes on or ends well
                for record in ArchiveIterator(watched, parse_http=True, auto_decode="all"):
                    if last is not None:
                        yield last
                        last = None
                    page = _page(record, lambda: min(raw.tell() / size, 1.0))
                    if page is None:
                        passed += str(record.record_type) != "warcinfo"
                    else:
                        found, last = found + 1, page
                watched.check(name)
                if last is not None:
                    yield last
    except OSError as error:
        if error.errno is not None:
            raise InputError(f"{name}: can't be read: {error.strerror}") from None
        raise InputError(f"{name}: is no web archive, or is damaged ({error})") from None
    if not found:
        raise InputError(f"{name}: holds no page: {passed} records, none of them an answer of HTML or plain text")
    if passed:
        warn(f"{name}: {passed} records that are no page passed over, {found} read")


def _page(record: Any, share: Callable[[], float]) -> Page | None:
    kind = str(record.record_type)
    if kind == "response":
        if record.http_headers is None or record.http_headers.status_code != 200:
            return None
        ending = _ENDINGS.get((record.http_content_type or "").partition(";")[0].strip().lower())
    else:
        ending = ".txt" if kind == "conversion" else None
    if ending is None:
        return None
    content = record.reader.read()
    return Page(
        url=record.headers.get("WARC-Target-URI", "") or record.record_id,
        date=record.record_date.isoformat() if record.record_date else "",
        ending=ending,
        content=content,
        encoding=record.http_charset if kind == "response" else "utf-8",
        share=share(),
    )


class _Watched(io.RawIOBase):
    """A file of which the last bytes are remembered: the reader takes one that is cut off for one that ends there."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._end = b""

    def readable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._file.tell()

    def readinto(self, buffer: Any) -> int:
        data = self._file.read(len(buffer))
        buffer[: len(data)] = data
        if data:
            self._end = (self._end + data)[-len(_LAST) :]
        return len(data)

    def check(self, name: str) -> None:
        if self._end != _LAST:
            raise InputError(f"{name}: is cut off in its last record; fetch it again")
