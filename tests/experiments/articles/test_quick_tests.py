"""A quick test turns down no text in which its expression finds something, and running text it does turn down."""

import re
import sys

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from experiments.articles import sentences
from experiments.articles.boilerplate import mark_boilerplate
from experiments.articles.list_items import list_items, may_begin_list, may_hold_lists
from experiments.articles.pattern_table import PatternTable, Row
from experiments.articles.quick_tests import QuickTest, quick_test
from experiments.articles.sentences import split_sentences
from tests.experiments.articles.test_boilerplate_patterns import TABLES, texts

EXAMPLES = [text for table in TABLES.values() for row in table.rows for text in (*texts(row.example), *texts(row.news))]
NEWS = [
    "Neither side would say what it had given up, but the ferries are to sail again next month.",
    "“We agreed,” the minister said. “They did not.”",
    "The ships left the harbour on 3 May (a Monday), said J.D. Roe of the U.N. at 5 p.m.",
    "He asked: 1) peace, 2) bread. It’s a plan (see No. 2).",
]
ODD = [
    *"“”‘’'\"()[]{}—–-•▪«»…!?:;,./|_©ſıİ\u212aß",
    "\n",
    "\n\n",
    "\r\n",
    "\t",
    "\x85",
    "\u2028",
    "\u2029",
    "\u00a0",
    "  ",
    "",
]

as_they_are = st.sampled_from(EXAMPLES + NEWS + ODD)
changed = st.one_of(
    as_they_are.map(str.upper),
    as_they_are.map(str.lower),
    as_they_are.map(lambda text: text.replace("s", "ſ").replace("k", "\u212a").replace("i", "ı")),
    as_they_are.map(lambda text: text.replace("I", "İ").replace(" ", "\n", 1)),
    st.tuples(as_they_are, st.integers(0, 30)).map(lambda cut: cut[0][cut[1] :]),
    st.tuples(as_they_are, st.integers(1, 30)).map(lambda cut: cut[0][: cut[1]]),
    st.text(max_size=8),
    st.sampled_from(["1. ", "2. ", "2) ", "(b) ", "b.) ", "ii. ", "• ", "we ", "your ", "this", "is why we "]),
)
made = st.lists(st.one_of(as_they_are, changed, st.sampled_from([" ", ". ", "\n\n"])), max_size=8).map("".join)
quickly = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))


def differing(table: PatternTable, text: str) -> bool:
    found, slowly = table.find(text), table.find_slowly(text)
    return (found and found.span()) != (slowly and slowly.span())


@pytest.mark.parametrize("name", TABLES)
def test_each_example_is_found_as_without_the_quick_test(name: str) -> None:
    table = TABLES[name]
    around = ["", "“", "(", "- ", "The ", "© ", "_"]
    shapes = [str, str.upper, str.lower, lambda text: text.replace("s", "ſ").replace("i", "ı").replace("K", "\u212a")]
    tried = [before + shape(text) for text in EXAMPLES for before in around for shape in shapes]
    assert [text for text in tried if differing(table, text)] == []


@given(made)
@quickly
def test_any_text_is_found_as_without_the_quick_test(text: str) -> None:
    assert [name for name, table in TABLES.items() if differing(table, text)] == []


@pytest.mark.parametrize("name", TABLES)
def test_each_table_turns_running_text_down(name: str) -> None:
    assert not TABLES[name].quick.always, "a row has nothing that a quick test could look for"


pieces = st.sampled_from(
    [
        *("a", "k", "is", "Si", "photo", r"\d", r"\d+", r"\W*", r"[\W_]*", r"\W", r"\s", r"\w+", ".", "[a-z]", "[^a]"),
        *("[kK]", "(?:is|a)", "(?:a|k|)", "(?:is )?", "a?", "(?:ka){0,2}", "(?:a|k)+", "(?:by| via )", r"\b", "^", "$"),
        *("(?=a)", "(?!k)", "(?<!a)", " ", "’", "é", "(k)", r"(?:\W*|a)", "_", "(?i:a)", "©", r"\)", "a*?", "(?>k)"),
    ]
)
patterns = st.recursive(
    st.lists(pieces, max_size=5).map("".join),
    lambda inner: st.lists(inner, min_size=1, max_size=3).map(lambda each: f"(?:{'|'.join(each)})"),
    max_leaves=4,
)
letters = st.text(alphabet="akisSKphotoby vi19ſıİ\u212a’é_©)-\n٣", max_size=12)


@given(patterns, st.lists(letters, min_size=1, max_size=12), st.sampled_from([0, re.IGNORECASE]))
@settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))
@example(r"\W*(?:i|k)s", ["“İſ"], re.IGNORECASE)
@example(r"\d+ photos?", ["٣ photo"], 0)
def test_no_pattern_finds_what_its_quick_test_turns_down(pattern: str, tried: list[str], flags: int) -> None:
    compiled = re.compile(pattern, flags)
    at_start, anywhere = quick_test(pattern, flags, at_start=True), quick_test(pattern, flags)
    assert [text for text in tried if compiled.match(text) and not at_start(text)] == []
    assert [text for text in tried if compiled.search(text) and not anywhere(text)] == []


def test_other_letters_for_english_ones_are_all_that_the_re_module_takes() -> None:
    everything = "".join(map(chr, range(sys.maxunicode + 1)))
    assert set(re.findall("[a-z]", everything, re.IGNORECASE)) - set(map(chr, range(128))) == set("ſıİ\u212a")


def test_flags_that_a_quick_test_does_not_know_turn_nothing_down() -> None:
    assert quick_test("photo", re.VERBOSE).always
    assert quick_test("(?i)photo").always
    assert quick_test("(?i:photo)").always


@given(st.lists(st.sampled_from(EXAMPLES + NEWS + [""]), max_size=6))
@quickly
def test_words_looked_for_in_all_texts_at_once_are_those_of_each(lines: list[str]) -> None:
    for table in TABLES.values():
        assert table.quick.among(lines) == {at for at, line in enumerate(lines) if table.quick(line)}


@given(made)
@example("Ships left.\n\nthis“x”is why we ask: support us.")
@example("Ships left.\n\n“They met,” we said. Support us.")
@quickly
def test_boilerplate_is_marked_as_without_quick_tests(text: str) -> None:
    paragraphs = [[line] if at % 2 else re.split(r"(?<=\. )", line) for at, line in enumerate(text.split("\n\n"))]
    quickly_marked = mark_boilerplate(paragraphs)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(QuickTest, "__call__", lambda *_: True)
        patch.setattr(QuickTest, "among", lambda _, lines: set(range(len(lines))))
        assert mark_boilerplate(paragraphs) == quickly_marked


@pytest.mark.parametrize("numbers", ["1 2", "a b", "A B", "i ii", "i j", "I II", "I J"])
@pytest.mark.parametrize("form", ["{})", "({})", "{}.)", "{}.", "• {})", "–{})"])
def test_a_list_inside_a_line_is_never_turned_down(numbers: str, form: str) -> None:
    line = "They say: " + " ".join(f"{form.format(number)} Ferries sail" for number in numbers.split())
    items = list(list_items(line, 0, len(line)))
    assert may_hold_lists(line) or len(items) == 1
    assert len(items) == 3 or (form == "{}." and numbers[-2:] in (" B", " J"))  # an initial


@given(made)
@example("Ferries sail. 1.) In May 2.) In June")
@example("They say: A.) Ferries sail B.) Talks go on")
@quickly
def test_lists_are_found_as_without_quick_tests(text: str) -> None:
    line = text.strip()
    if line and not may_hold_lists(text) and not may_begin_list(line, 0, len(line)):
        assert list(list_items(line, 0, len(line))) == [(0, len(line))]


@given(made)
@quickly
def test_sentencex_is_shown_blanks_for_quotes_and_odd_white_space(text: str) -> None:
    hidden = re.compile(r"[“”«»„‟\"()]|(?<!\w)['‘’`]|['’](?!\w)|[^\S ]|[\ud800-\udfff\x00-\x1f]")
    assert sentences._shown(text) == hidden.sub(" ", text)


@given(made)
@quickly
def test_sentences_hold_all_but_white_space_at_their_ends(text: str) -> None:
    found = split_sentences(text)
    assert all(each.text == text[each.start : each.end] == each.text.strip() for each in found)
    assert "".join("".join(each.text.split()) for each in found) == "".join(text.split())


def test_a_row_with_nothing_to_look_for_turns_nothing_down() -> None:
    table = PatternTable("search", Row("photo", "photo", "photo"), Row("anything", r"\d+", "1"))
    assert table.quick.always
    assert table.find("7")
