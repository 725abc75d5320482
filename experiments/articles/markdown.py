"""The text that Markdown shows, without its marks."""

import re
from collections.abc import Iterable
from functools import cache, partial
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.rules_core import StateCore
    from markdown_it.token import Token

BLOCK_DEPTH = 100
"""Lists and quotations that are nested deeper than this, counting two for a list, lose their text."""
INLINE_DEPTH = 10
"""Brackets that are nested deeper than this stay as they are: the time that the parser takes grows with it."""

_FRONT_MATTER = re.compile(
    r"""
    \A(---|\+\+\+)[ \t]*\n        # of YAML or of TOML
    (?=["'\w.-]+[ \t]*[:=])       # a key: otherwise it is a rule above text
    .*?
    ^(?:\1|\.\.\.)[ \t]*$
    """,
    re.VERBOSE | re.DOTALL | re.MULTILINE,
)
_NOT_SHOWN = re.compile(
    r"<!--.*?(?:-->|\Z) | <(script|style|pre|textarea)\b.*?(?:</\1\s*>|\Z)", re.VERBOSE | re.DOTALL | re.IGNORECASE
)
_TAG = re.compile(r"</?([a-z][a-z0-9]*)", re.IGNORECASE)
_BLANKS = re.compile(r"[ \t]+")


def from_markdown(text: str) -> str:
    r"""Return the text that Markdown shows.

    Parameters
    ----------
    text : str
        CommonMark with the tables, strikethrough and footnotes of GitHub, and front matter.

    Returns
    -------
    str
        A line for each paragraph, heading, list item, table row and footnote, with a blank line between them. What
        isn't running text is left out: code blocks, images, HTML tags and comments, front matter.

    Examples
    --------
    >>> from_markdown("# Harbour *talks*\n\n- The [ports](https://port.example) signed\n  an accord.\n- It holds.")
    'Harbour talks\n\nThe ports signed an accord.\n\nIt holds.\n'
    """
    parser = _parser()
    shown: list[str] = []
    row, year = 0, ""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    for token in parser.parse(_FRONT_MATTER.sub("", text)):
        if token.type == "inline":
            shown += _paragraphs(token.children or (), year)
            year = ""
        elif token.type == "html_block":  # tags with text between them; what the tags are, the inline parser knows
            (inline,) = parser.parseInline(_NOT_SHOWN.sub("", token.content))
            shown += _paragraphs(inline.children or ())
        elif token.type == "tr_open":
            row = len(shown)
        elif token.type == "tr_close":
            shown[row:] = [" ".join(shown[row:])]
        elif token.type == "list_item_open" and len(token.info) > 3:  # 2031. It was a good year.
            year = f"{token.info}{token.markup} "
    return "\n\n".join(paragraph for paragraph in shown if paragraph) + "\n"


@cache
def _parser() -> "MarkdownIt":
    from markdown_it import MarkdownIt  # only who reads Markdown waits for it
    from mdit_py_plugins.footnote import footnote_plugin

    parser = MarkdownIt("commonmark").enable(["table", "strikethrough"])
    parser.use(footnote_plugin, inline=False)  # notes inside a line recurse without a limit
    for rule, depth in (("block", BLOCK_DEPTH), ("inline", INLINE_DEPTH)):
        parser.core.ruler.before(rule, f"{rule}_depth", partial(_limit_nesting, depth))
    return parser


def _limit_nesting(depth: int, state: "StateCore") -> None:
    state.md.options.maxNesting = depth


def _paragraphs(tokens: Iterable["Token"], before: str = "") -> list[str]:
    lines = (before + "".join(_shown(token) for token in tokens)).split("\n")
    return [shown for line in lines if (shown := _BLANKS.sub(" ", line).strip())]


def _shown(token: "Token") -> str:
    """Return what an inline token shows; a newline ends the paragraph."""
    if token.type == "html_inline":
        return _space_of(token.content)
    if token.type in ("softbreak", "hardbreak"):
        return " "
    return "" if token.type == "image" else token.content


def _space_of(html: str) -> str:
    from markdown_it.common.html_blocks import block_names

    tag = _TAG.match(html)
    name = tag[1].lower() if tag else ""
    if name in ("br", "td", "th"):
        return " "
    return "\n" if name in block_names else ""
