"""The article in a Word, OpenDocument or PDF file: its headline, then its paragraphs."""

import io
import logging
import re
import unicodedata
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from statistics import median
from typing import Any

from experiments.articles.page_layout import Line, paragraphs_of
from experiments.errors import InputError

ENDINGS = (".docx", ".odt", ".pdf")
UNPACKED = 200_000_000
"""Bytes that a file may unpack to: a few kilobytes of zeros can fill any memory."""

_BROKEN = (zipfile.BadZipFile, zlib.error, AttributeError, EOFError, KeyError, OSError, RuntimeError, ValueError)
"""What a broken archive makes its readers stumble over."""


@dataclass(frozen=True, slots=True)
class _Paragraph:
    text: str
    style: str = ""
    """``title``, ``heading 1`` and so on, or nothing for running text."""


def read_document(data: bytes, name: str, ending: str) -> str:
    """Return the text of a document, headline first, with a blank line between paragraphs.

    Headings and the cells of tables are paragraphs of their own. Footnotes, comments, tracked deletions, headers,
    footers, tables of contents and hidden text are left out.

    Parameters
    ----------
    data : bytes
        The file's content.
    name : str
        What to call the file in an error.
    ending : {".docx", ".odt", ".pdf"}
        What the file is.

    Raises
    ------
    InputError
        If the library that reads it isn't installed, or if the file is empty, damaged, cut off, protected by a
        password, unpacks to more than `UNPACKED` bytes, or holds no text.

    Notes
    -----
    PDF has lines on pages and no paragraphs. They are made again from distances, indents and sizes of letters, which
    is right for running text in columns, and less so for tables and for captions beside text.
    """
    if not data.strip():
        raise InputError(f"{name}: is empty")
    if ending == ".pdf":
        text = _from_pdf(data, name)
    else:
        paragraphs = list(_from_docx(data, name) if ending == ".docx" else _from_odt(data, name))
        text = "\n\n".join(paragraph.text for paragraph in _headline_first(paragraphs))
        if not text:
            raise InputError(f"{name}: holds no text")
    return text + "\n"


def _headline_first(paragraphs: list[_Paragraph]) -> list[_Paragraph]:
    """Put the title first, or the one heading of the first level: a date or a name may stand above it."""
    for style in ("title", "heading 1"):
        found = [paragraph for paragraph in paragraphs if paragraph.style == style]
        if len(found) == 1 or (found and style == "title"):
            return [found[0], *(paragraph for paragraph in paragraphs if paragraph is not found[0])]
    return paragraphs


def _library(module: str, name: str, kind: str) -> Any:
    try:
        return import_module(module)
    except ModuleNotFoundError:
        raise InputError(
            f"{name}: reading {kind} needs the extra documents: pip install 'framescope[documents]'"
        ) from None


def _archive(data: bytes, name: str, ending: str) -> zipfile.ZipFile:
    if data.startswith(b"\xd0\xcf\x11\xe0"):
        raise InputError(f"{name}: is protected by a password or an old .doc; save it as {ending} without a password")
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
    except _BROKEN:
        raise _damaged(name, ending) from None
    if sum(member.file_size for member in archive.infolist()) > UNPACKED:  # zipfile unpacks no more than it declares
        raise _too_big(name)
    return archive


def _damaged(name: str, ending: str) -> InputError:
    return InputError(f"{name}: is damaged, cut off or not {ending}; save it again as {ending}, or its text as .txt")


def _too_big(name: str) -> InputError:
    return InputError(
        f"{name}: unpacks to more than {UNPACKED // 1_000_000} MB, which no article does; save its text as .txt"
    )


def _squeezed(text: str) -> str:
    """Return a paragraph's text with single blanks; its line breaks stay."""
    return "\n".join(" ".join(line.split()) for line in text.split("\n")).strip()


# --------------------------------------------------------------------------------------------- Word

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
_NOT_OF_PARAGRAPH = frozenset((f"{_W}txbxContent", _FALLBACK, f"{_W}del", f"{_W}moveFrom", f"{_W}pPr", f"{_W}rPr"))
_SHOWN = {f"{_W}tab": " ", f"{_W}br": "\n", f"{_W}cr": "\n", f"{_W}noBreakHyphen": "-"}


def _from_docx(data: bytes, name: str) -> Iterator[_Paragraph]:
    docx = _library("docx", name, "Word files")
    from lxml.etree import LxmlError

    _archive(data, name, ".docx")
    try:
        document = docx.Document(io.BytesIO(data))
        styles = {style.style_id: style for style in document.styles}
        body = document.element.body
    except (*_BROKEN, docx.exceptions.PythonDocxError, LxmlError):
        raise _damaged(name, ".docx") from None
    if body is None:
        raise _damaged(name, ".docx")
    for paragraph in body.iter(f"{_W}p"):
        text = _squeezed("".join(_docx_text(paragraph)))
        style = _docx_style(styles.get(paragraph.style))
        if text and not style.startswith("toc") and next(paragraph.iterancestors(_FALLBACK), None) is None:
            yield _Paragraph(text, style)


def _docx_text(element: Any) -> Iterator[str]:
    for child in element:
        if child.tag == f"{_W}t":
            yield child.text or ""
        elif child.tag in _SHOWN:
            yield _SHOWN[child.tag]
        elif child.tag not in _NOT_OF_PARAGRAPH and not _docx_is_hidden(child):
            yield from _docx_text(child)


def _docx_is_hidden(run: Any) -> bool:
    mark = run.find(f"{_W}rPr/{_W}vanish")
    return mark is not None and mark.get(f"{_W}val") not in ("0", "false", "off")


def _docx_style(style: Any) -> str:
    """Return the name of the title or heading style that a style is or builds on."""
    for _ in range(20):  # a broken file's styles may build on each other
        if style is None:
            return ""
        if style.name and style.name.lower().startswith(("title", "heading", "toc")):
            return str(style.name.lower())
        style = getattr(style, "base_style", None)
    return ""


# ------------------------------------------------------------------------------------ OpenDocument

_OFFICE = "{urn:oasis:names:tc:opendocument:xmlns:office:1.0}"
_TEXT = "{urn:oasis:names:tc:opendocument:xmlns:text:1.0}"
_STYLE = "{urn:oasis:names:tc:opendocument:xmlns:style:1.0}"
_DRAW = "{urn:oasis:names:tc:opendocument:xmlns:drawing:1.0}"
_BREAKS = {f"{_TEXT}s": " ", f"{_TEXT}tab": " ", f"{_TEXT}line-break": "\n"}
_NOT_SHOWN = frozenset(
    (
        *(f"{_TEXT}{tag}" for tag in ("note", "tracked-changes", "hidden-text", "hidden-paragraph", "ruby-text")),
        *(f"{_TEXT}{tag}" for tag in ("table-of-content", "alphabetical-index", "illustration-index", "bibliography")),
        *(f"{_OFFICE}{tag}" for tag in ("annotation", "forms", "event-listeners")),
    )
)


def _from_odt(data: bytes, name: str) -> Iterator[_Paragraph]:
    from lxml import etree

    try:
        with _archive(data, name, ".odt") as archive:
            if b"encryption-data" in archive.read("META-INF/manifest.xml"):
                raise InputError(f"{name}: is protected by a password; save it without one")
            content = archive.read("content.xml")
        parser = etree.XMLParser(resolve_entities=False, no_network=True, remove_comments=True, remove_pis=True)
        root = etree.fromstring(content, parser)
    except (*_BROKEN, etree.LxmlError):
        raise _damaged(name, ".odt") from None
    body = root.find(f"{_OFFICE}body/{_OFFICE}text")
    if body is None:
        raise InputError(f"{name}: is an OpenDocument file, but not of text; save its text as .txt")
    parents = {
        style.get(f"{_STYLE}name"): style.get(f"{_STYLE}parent-style-name") for style in root.iter(f"{_STYLE}style")
    }
    yield from _odt_paragraphs(body, parents)


def _odt_paragraphs(element: Any, parents: Mapping[str, str]) -> Iterator[_Paragraph]:
    for child in element:
        if child.tag in _NOT_SHOWN:
            continue
        if child.tag in (f"{_TEXT}p", f"{_TEXT}h"):
            text = _squeezed("".join(_odt_text(child)))
            if text:
                yield _Paragraph(text, _odt_style(child, parents))
        yield from _odt_paragraphs(child, parents)  # a text box stands inside a paragraph


def _odt_text(element: Any) -> Iterator[str]:
    yield element.text or ""
    for child in element:
        if child.tag in _BREAKS:
            yield _BREAKS[child.tag]
        elif child.tag not in _NOT_SHOWN and not str(child.tag).startswith(_DRAW):
            yield from _odt_text(child)
        yield child.tail or ""


def _odt_style(paragraph: Any, parents: Mapping[str, str]) -> str:
    style = paragraph.get(f"{_TEXT}style-name")
    if "Title" in (style, parents.get(style)):
        return "title"
    level = paragraph.get(f"{_TEXT}outline-level", "1")
    return f"heading {level}" if paragraph.tag == f"{_TEXT}h" else ""


# --------------------------------------------------------------------------------------------- PDF


_STREAM = re.compile(rb"(?<!end)stream\r?\n")
_LIGATURE = re.compile("[\ufb00-\ufb06]")
_UNREADABLE = re.compile(r"\(cid:\d+\)")


def _from_pdf(data: bytes, name: str) -> str:
    pdfminer = _library("pdfminer.high_level", name, "PDF files")
    from pdfminer.layout import LAParams
    from pdfminer.pdfdocument import PDFEncryptionError

    if b"%PDF-" not in data[:1024] or b"%%EOF" not in data[-4096:]:
        raise _damaged(name, ".pdf")
    _check_streams(data, name)
    logging.getLogger("pdfminer").setLevel(logging.CRITICAL)  # it warns of every oddity that it can live with
    try:
        pages = [_lines(page) for page in pdfminer.extract_pages(io.BytesIO(data), laparams=LAParams(boxes_flow=None))]
    except PDFEncryptionError:
        raise InputError(f"{name}: is protected by a password; save it without one") from None
    except Exception:  # whatever a broken file makes the library stumble over
        raise _damaged(name, ".pdf") from None
    text = "\n\n".join(paragraphs_of(pages))
    if not text:
        raise InputError(f"{name}: holds no text (a scan?); run OCR first")
    if 20 * len("".join(_UNREADABLE.findall(text))) > len(text):
        raise InputError(f"{name}: doesn't say which letters its text stands for; run OCR first")
    return text


def _lines(page: Any) -> list[Line]:
    from pdfminer.layout import LTChar, LTTextBoxHorizontal, LTTextLineHorizontal

    lines = []
    for row in (row for box in page if isinstance(box, LTTextBoxHorizontal) for row in box):
        text = _LIGATURE.sub(lambda match: unicodedata.normalize("NFKC", match[0]), " ".join(row.get_text().split()))
        if text and isinstance(row, LTTextLineHorizontal):
            size = median(letter.size for letter in row if isinstance(letter, LTChar))
            lines.append(Line(text, row.x0, row.x1, row.y0, size or 1.0))
    return lines


def _check_streams(data: bytes, name: str) -> None:
    """Refuse a file with a stream that unpacks to more than `UNPACKED` bytes: the library would unpack it whole."""
    end = 0
    for match in _STREAM.finditer(data):
        if match.start() < end:
            continue
        end = data.find(b"endstream", match.end())
        if end < 0:
            return
        unpack = zlib.decompressobj()
        rest, unpacked = data[match.end() : end], 0
        try:
            while rest and not unpack.eof:
                unpacked += len(unpack.decompress(rest, 1_000_000))
                rest = unpack.unconsumed_tail
                if unpacked > UNPACKED:
                    raise _too_big(name)
        except zlib.error:
            continue  # another filter's
