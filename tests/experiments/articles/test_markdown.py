"""Markdown becomes the text that it shows, a paragraph a block, in time that grows with it and no faster."""

import subprocess
import sys

import pytest

from experiments.articles.markdown import from_markdown
from tests.growth import grows_no_faster


def paragraphs(markdown: str) -> list[str]:
    text = from_markdown(markdown)
    assert text.endswith("\n")
    return [paragraph for paragraph in text[:-1].split("\n\n") if paragraph]


SHOWN = {
    "headings": ("# Talks #\n## Resume\nThe ports met.", ["Talks", "Resume", "The ports met."]),
    "underlined headings": ("Talks\n=====\nResume\n---\nIt rained.", ["Talks", "Resume", "It rained."]),
    "paragraphs": ("One\nport.\n\nTwo\n\n\n\nports.", ["One port.", "Two", "ports."]),
    "hard breaks": ("One  \nport\\\nonly<br>here.", ["One port only here."]),
    "list": ("* One\n* Two\n  ports\n\n  met.\n  - In", ["One", "Two ports", "met.", "In"]),
    "numbered list": ("1. One\n2) Two", ["One", "Two"]),
    "year": ("2031. It rained.\n\n2. It rained.", ["2031. It rained.", "It rained."]),
    "quotation": ("> One\nport\n>> Two\n>\n> - three", ["One port", "Two", "three"]),
    "rules": ("One\n\n***\n- - -\n\nTwo", ["One", "Two"]),
    "table": (
        "| Port | Ships |\n|:-----|------:|\n| *East* | 3 |\n| West | |\n\nAfter.",
        ["Port Ships", "East 3", "West", "After."],
    ),
    "emphasis": ("*a* **b** ***c*** _d_ __e__ ~~f~~ `g`", ["a b c d e f g"]),
    "across lines": ("**two\nports** and re*open*ed", ["two ports and reopened"]),
    "no emphasis": ("2 * 3 * 4 = 24, a_b_c and 5*", ["2 * 3 * 4 = 24, a_b_c and 5*"]),
    "escapes": (
        "\\*not\\* \\[a\\] \\# 1986\\. AT&amp;T &copy; &#8211; x&nbsp;y",
        ["*not* [a] # 1986. AT&T © – x\xa0y"],
    ),
    "links": (
        '[a](x) [b](<x y> "T") [*c*](x_(y)) [d][r] [e][] [r] [f]\n\n[r]: http://x.example\n  "T"\n[e]: <>',
        ["a b c d e r [f]"],
    ),
    "autolinks": ("<https://x.example/a_b_c> <me@x.example>", ["https://x.example/a_b_c me@x.example"]),
    "no definition": ("[note]: this is no definition.", ["[note]: this is no definition."]),
    "images": ("![a](x) One ![b][r] port [![c](x)](y) .\n\n![d](x)\n\n[r]: x", ["One port ."]),
    "fenced code": ("A\n```py\nb = 1\n\n```\nC\n~~~~\n~~~\nd\n~~~~\nE", ["A", "C", "E"]),
    "indented code": ("A\n\n    b = 1\n\nC\n    goes on", ["A", "C goes on"]),
    "tags in a line": ("A <b class='x>y'>bold</b> <!-- no --> w<i>or</i>d, 3 < 4", ["A bold word, 3 < 4"]),
    "blocks of HTML": (
        "<div>\n<h1>One</h1><p>Two\nports</p>\n<ul><li>A</li><li>B</li></ul>\n</div>\n\nC",
        ["One", "Two ports", "A", "B", "C"],
    ),
    "table in HTML": ("<table><tr><td>A</td><td>B</td></tr><tr><td>C</td></tr></table>", ["A B", "C"]),
    "comments": ("<!-- no\n\nno -->\nA\n\n<!-- no\n\n# no", ["A"]),
    "script, style and code in HTML": (
        "<script>\nif (a<b) {\n\n*no*\n}\n</script>\nA\n\n<div>\n<style>no</style>B</div>\n\n<PRE>no\n\nno</PRE>",
        ["A", "B"],
    ),
    "footnotes": (
        "One.[^1] Two.[^b]\n\n[^1]: Note *one*.\n\nAfter.\n\n[^b]: Two.",
        ["One. Two.", "After.", "Note one.", "Two."],
    ),
    "front matter in YAML": ("---\ntitle: A\ntags: [b]\n\n# c\n---\nText", ["Text"]),
    "front matter that ends in dots": ("---\r\ntitle: A\r\n...\r\nText", ["Text"]),
    "front matter in TOML": ("+++\ntitle = 'A'\n+++\nText", ["Text"]),
    "rules around the first paragraph": ("---\n\nOne\n\n---\n\nTwo", ["One", "Two"]),
    "a rule above text": ("---\nOne\n\n---\n\nTwo", ["One", "Two"]),
    "front matter only at the front": ("Text\n\n---\ntitle: A\n---\n", ["Text", "title: A"]),
    "line ends": ("A\r\nb\r\n\r\n* C\r* D", ["A b", "C", "D"]),
    "blanks": ("a \t b", ["a b"]),
    "nothing": ("", []),
}


@pytest.mark.parametrize(("markdown", "shown"), SHOWN.values(), ids=SHOWN)
def test_what_markdown_shows(markdown: str, shown: list[str]) -> None:
    assert paragraphs(markdown) == shown


def test_text_after_a_deep_list_or_quotation_is_kept() -> None:
    deep = "".join(f"{'  ' * level}- {level}\n" for level in range(49))
    assert paragraphs(deep + "\nAfter.") == [*map(str, range(49)), "After."]
    assert paragraphs(">" * 99 + " deep\n\nAfter.") == ["deep", "After."]
    assert paragraphs(">" * 3000 + " deep\n\nAfter.")[-1] == "After."


def test_brackets_beyond_the_limit_stay() -> None:
    assert paragraphs("[" * 500 + "a")[0].count("[") == 500
    assert paragraphs("^[" * 3000 + "a" + "]" * 3000)[0].count("[") == 3000


@pytest.mark.parametrize(
    "unit",
    [
        *("[", "![", "[a](", "[^a]: ", "[a]: b\n", "[a]:\n", "^[", "*", "*a ", "**_a_** ", "_", "~~a ", "`", "`` ` "),
        *("<", "a <!-- ", "a <?x ", "a <![CDATA[ ", '<b c="', "<div>\n\n", "<script>", "&", "\\"),
        *(">", "> - ", "- ", "1. ", "# ", "```\n", "    a\n", "a\n=\n", "---\n", "---\na: b\n", "|", "|a\n|-\n"),
    ],
)
def test_time_grows_with_the_text_and_no_faster(unit: str) -> None:
    assert grows_no_faster(from_markdown, unit, 4_000)


def test_the_parser_is_imported_only_when_it_is_used() -> None:
    program = "import sys, experiments.articles.read; print('markdown_it' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
