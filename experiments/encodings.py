"""Which encoding text is in, and what becomes of bytes that are in none."""

from codecs import getincrementaldecoder, lookup
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import BinaryIO

from experiments.errors import InputError, short

_CHUNK = 1_000_000
_NO_TEXTS = frozenset(("idna", "punycode", "undefined", "unicode_escape", "raw_unicode_escape"))
"""Python's encodings of names and literals, in which no text is; to read long ones takes hours."""

_MARKS = {
    b"\xff\xfe\x00\x00": "utf-32",
    b"\x00\x00\xfe\xff": "utf-32",
    b"\xff\xfe": "utf-16",
    b"\xfe\xff": "utf-16",
}


@dataclass(frozen=True)
class Encoding:
    """How to read some bytes as text.

    Attributes
    ----------
    codec : str
        Python's name of the encoding.
    errors : {"strict", "replace"}
        What becomes of a byte that isn't in it.
    note : str or None
        What the user should know, in one line.
    """

    codec: str
    errors: str = "strict"
    note: str | None = None


def decode(data: bytes, name: str, encoding: str | None = None) -> tuple[str, str | None]:
    """Return a file's bytes as text, and what the user should know of its encoding (None if nothing).

    Parameters
    ----------
    data : bytes
        The file's content.
    name : str
        What to call the file in a message.
    encoding : str, optional
        What the user declares; found out when left out (see :func:`find_encoding`).

    Raises
    ------
    InputError
        If the bytes are no text, or not in the declared encoding.
    """
    found = find_encoding([data], name, encoding)
    try:
        return data.decode(found.codec, found.errors).removeprefix("\ufeff"), found.note
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        said = f"is not {encoding}; leave the encoding out to detect it" if encoding else f"is not {found.codec}"
        raise InputError(f"{name} line {line}: byte {data[error.start]:#04x} {said}") from None
    except (UnicodeError, LookupError) as error:
        raise InputError(f"{name}: can't be read as {encoding}: {error}; try utf-8 or cp1252") from None


def find_encoding(chunks: Iterable[bytes], name: str, encoding: str | None = None) -> Encoding:
    """Find out in which encoding bytes are, reading them once and holding one chunk at a time.

    A declared encoding counts. Else a byte order mark; else UTF-8, also if a few bytes are not (each becomes U+FFFD,
    and the note names the line); else what is detected.

    Raises
    ------
    InputError
        If the declared encoding doesn't exist or is none of texts (``base64``, ``idna``), or the bytes are binary.
    """
    if encoding:
        return Encoding(_codec(encoding, name))
    decoder = getincrementaldecoder("utf-8")("replace")
    lines, good, bad, first_bad = 1, 0, 0, 0
    suspect = b""
    first = True
    for chunk in chunks:
        if first:
            if mark := next((mark for mark in _MARKS if chunk.startswith(mark)), None):
                return Encoding(_MARKS[mark], note=f"{name}: is not UTF-8; read as {_MARKS[mark]}")
            if b"\0" in chunk[:100_000]:
                raise InputError(f"{name}: is binary, not text; give a .txt, .md, .html, .jsonl, .csv or .parquet file")
            first = False
        text = decoder.decode(chunk)
        if not text.isascii():
            wrong = text.count("\ufffd") - chunk.count(b"\xef\xbf\xbd")
            good += sum(map(len, text.split("\ufffd"))) - len(text.encode("ascii", "ignore"))
            if wrong > 0:
                if not bad:
                    first_bad = lines + text.count("\n", 0, text.index("\ufffd"))
                    suspect = chunk
                bad += wrong
        lines += text.count("\n")
    if decoder.decode(b"", final=True):
        first_bad, bad = first_bad or lines, bad + 1
    if not bad:
        return Encoding("utf-8-sig")
    if good > bad:
        more = f" (and {bad - 1} more)" if bad > 1 else ""
        note = f"{name} line {first_bad}: a byte that is not UTF-8 became \ufffd{more}; save the file as UTF-8"
        return Encoding("utf-8-sig", "replace", note)
    codec = _detect(suspect)
    return Encoding(codec, "replace", f"{name}: is not UTF-8; read as {codec}")


def _codec(encoding: str, name: str) -> str:
    try:
        found = lookup(encoding)
    except (LookupError, ValueError):
        raise InputError(f"{name}: there is no encoding called {short(encoding)}; try utf-8 or cp1252") from None
    # what makes bytes of bytes, or text of text, is marked so; Python itself asks no other way
    if not getattr(found, "_is_text_encoding", True) or found.name.replace("-", "_") in _NO_TEXTS:
        raise InputError(f"{name}: {encoding} is no encoding that texts are in; try utf-8 or cp1252")
    return "utf-8-sig" if found.name == "utf-8" else encoding


def chunks_of(file: BinaryIO) -> Iterator[bytes]:
    """Yield a file's bytes a million at a time."""
    while chunk := file.read(_CHUNK):
        yield chunk


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
