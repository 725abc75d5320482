"""The article of an HTML page: its headline, then its paragraphs."""

import html
import logging
import re
from collections.abc import Iterator
from typing import Any

from experiments.encodings import decode
from experiments.errors import InputError

_CHARSET = re.compile(
    rb"""<meta[^>]{0,200}charset=["']?([A-Za-z0-9_.:-]{2,40})|\A\s*<\?xml[^>]{0,100}\bencoding=["']([A-Za-z0-9_.:-]{2,40})""",
    re.IGNORECASE,
)
_BEFORE_PAGE = r"\A(?>\s+|\ufeff|<\?.*?\?>|<!--.*?-->)*+"  # of a saved page: its address; of XHTML: its declaration
_PAGE = re.compile(rf"{_BEFORE_PAGE}<(?:!doctype\s+html|html|head|body)\b", re.IGNORECASE | re.DOTALL)
_LONG_TAG = 10_000
_ATTRIBUTES = 200
"""Attributes of one tag that are read. Parsers compare each with all others: a hundred thousand take minutes."""

_LONGEST_TITLE = 1000
"""Characters of a title from which on a site's name isn't looked for in it."""

_MOST_BLOCKS = 3000
"""Paragraphs, cells and the like from which on a page isn't also read in the second way, which compares them all."""

_BLOCK = re.compile(
    r"<(?:article|blockquote|br|dd|div|dl|dt|h[1-6]|li|ol|p|pre|section|table|td|th|tr|ul)\b", re.IGNORECASE
)
_TAG = re.compile(r"<(?P<name>[A-Za-z][^\s/>]{0,40})(?>=\s*+\"[^\"]*\"|=\s*+'[^']*'|[^>])*+>?")
_QUOTED = re.compile(r"=\s*+(?>\"[^\"]*\"|'[^']*')")
_WORD = re.compile(r"[^\W_]+")
_SEPARATOR = re.compile(r"\s+(?P<mark>[|·•»–—:-])+\s+|\s*(?P<glued>[|:])\s+")
_HOME = re.compile(r"(?:\w+:)?(?://[^/]*)?/?(?:index\.\w+)?", re.IGNORECASE)
_LONGEST_SITE = 4
"""Words in a site's name; what follows the last separator and is longer belongs to the headline."""


def is_html(text: str) -> bool:
    """Return whether a text is a page, whatever comments or XML declaration it begins with.

    Examples
    --------
    >>> is_html("<!-- saved from url=https://port.example --><html>"), is_html("<b>Ships</b> sail.")
    (True, False)
    """
    return _PAGE.match(text) is not None


def decode_html(
    data: bytes, name: str, encoding: str | None = None, served: str | None = None
) -> tuple[str, str | None]:
    """Decode a page, in the encoding that it declares if the user declares none, or else that its server declared.

    Returns
    -------
    tuple of (str, str or None)
        The page, and what the user should know of its encoding: nothing if the page or the user declared it.

    Raises
    ------
    InputError
        If the bytes are not text, or not in the encoding that the user declares.
    """
    declared = _CHARSET.search(data[:4000]) if encoding is None else None
    in_page = (declared[1] or declared[2]).decode("ascii") if declared else None
    for candidate in (in_page, served if encoding is None else None):
        if candidate:
            try:
                return decode(data, name, candidate)
            except InputError:
                pass  # it is declared to be what it isn't
    return decode(data, name, encoding)


def from_html(page: str, name: str) -> str:
    """Return the article of a page: its headline, then its paragraphs, with a blank line between them.

    The headline is the best of the page's ``<h1>``, ``og:title`` and ``<title>``, without the site's name. It comes
    first, wherever the page has it, and only once.

    Parameters
    ----------
    page : str
        HTML or XHTML.
    name : str
        What to call the page in an error.

    Raises
    ------
    InputError
        If no article is found in it.
    """
    import trafilatura

    page = _TAG.sub(_bounded, page)
    logging.getLogger("trafilatura").setLevel(logging.CRITICAL)  # it logs what the error below says better
    try:
        long = len(_BLOCK.findall(page)) > _MOST_BLOCKS
        document = trafilatura.bare_extraction(page, fast=long, include_comments=False, include_tables=False)
        tree = trafilatura.load_html(page)
    except Exception:  # whatever a broken page makes the library stumble over
        raise InputError(f"{name}: can't be read as HTML; save the text as .txt") from None
    body = (getattr(document, "text", None) or "").strip()
    if not body:
        raise InputError(f"{name}: no article text was found in the HTML; save the text as .txt")
    paragraphs = [line.strip() for line in body.split("\n") if line.strip()]
    titles = _Titles(tree) if tree is not None else None
    headline = (titles and titles.headline()) or _squeezed(getattr(document, "title", None))
    if not headline:
        return "\n\n".join(paragraphs) + "\n"
    repeated = {_words(text) for text in (headline, *((titles.shared, titles.window) if titles else ()))} - {()}
    return "\n\n".join([headline, *(text for text in paragraphs if _words(text) not in repeated)]) + "\n"


def _bounded(tag: re.Match[str]) -> str:
    """Return a tag as it is, or without its attributes if these are too many to be read."""
    text = tag[0]
    if len(text) < _LONG_TAG or len(re.split(r"[\s/]+", _QUOTED.sub("=v ", text), maxsplit=_ATTRIBUTES)) <= _ATTRIBUTES:
        return text
    return f"<{tag['name']}>"


class _Titles:
    """What a page calls itself, in its several places."""

    def __init__(self, tree: Any) -> None:
        headings = [(node, text) for node in tree.iter("h1") if (text := _squeezed(" ".join(node.itertext())))]
        self.headings = [text for _, text in headings]
        self.shared = next(_properties(tree, "og:title", "twitter:title"), "")
        self.window = next((text for node in tree.iterfind(".//head/title") if (text := _squeezed(node.text))), "")
        names = [*_properties(tree, "og:site_name", "application-name"), *(t for n, t in headings if _leads_home(n))]
        self.sites = {_words(name) for name in names}

    def headline(self) -> str:
        """Return the page's headline, or nothing if it has none."""
        headings = [text for text in self.headings if _words(text) not in self.sites]
        titles = [self._without_site(text) for text in (self.shared, self.window) if text]
        if not headings or not titles:
            return next(iter([*titles, *headings]), "")
        alike = [max(_likeness(heading, title) for title in titles) for heading in headings]
        if any(alike):
            return headings[alike.index(max(alike))]
        return headings[0] if len(_words(titles[0])) < 2 else titles[0]  # a heading that is alike none is a section's

    def _without_site(self, title: str) -> str:
        others = {_words(text) for text in (*self.headings, self.shared, self.window) if text != title} - self.sites
        separators = list(_SEPARATOR.finditer(title[: _LONGEST_TITLE + 1]))
        if len(title) > _LONGEST_TITLE or _words(title) in others:
            return title
        for separator in separators:
            parts = title[: separator.start()], title[separator.end() :]
            for part, other in (parts, parts[::-1]):
                if _words(part) in others or _words(other) in self.sites:
                    return part
        for separator in reversed(separators):
            head, site = title[: separator.start()], title[separator.end() :]
            length = len(_words(site))
            if separator["glued"] == ":" or length > min(_LONGEST_SITE, len(_words(head))) or not site[:1].isupper():
                break  # Talks go on: mayor
            title = head
            if "|" not in separator[0]:
                break  # Talks - What we know | World | The Daily
        return title


def _squeezed(text: str | None) -> str:
    return " ".join(html.unescape(text or "").split())  # some pages escape twice


def _words(text: str) -> tuple[str, ...]:
    return tuple(_WORD.findall(text.casefold()))


def _likeness(text: str, other: str) -> float:
    """Return the share of words that two titles have in common, or 0 if that is too little to tell."""
    one, two = set(_words(text)), set(_words(other))
    common = len(one & two)
    return common / len(one | two) if common >= max(2, min(len(one), len(two)) / 2) else 0.0


def _leads_home(heading: Any) -> bool:
    links = [*heading.iterancestors("a"), *heading.iter("a")]
    return any(_HOME.fullmatch(link.get("href", "-").strip()) for link in links)


def _properties(tree: Any, *names: str) -> Iterator[str]:
    for name in names:
        for node in tree.iter("meta"):
            if name in (node.get("property"), node.get("name")) and (text := _squeezed(node.get("content"))):
                yield text
