"""Every row of a table finds its example, the page's rules mark it, and what only looks like it stays news."""

import re
from collections.abc import Iterator

import pytest

from experiments.articles import boilerplate_patterns
from experiments.articles.pattern_table import PatternTable, Row
from tests.experiments.articles.test_boilerplate import marked

TABLES = {name: table for name, table in vars(boilerplate_patterns).items() if isinstance(table, PatternTable)}
ROWS = [pytest.param(name, row, id=f"{name}: {row.name}") for name, table in TABLES.items() for row in table.rows]


def texts(notation: str) -> Iterator[str]:
    """Spell out ``{one;another}``: each of them in a text at least, others in turn."""
    choices = [choice.split(";") for choice in re.findall(r"\{([^{}]*)\}", notation)]
    for at in range(max(map(len, choices), default=1)):
        words = iter(choice[at % len(choice)] for choice in choices)
        yield re.sub(r"\{[^{}]*\}", lambda _, words=words: next(words), notation)  # type: ignore[misc]


def in_context(table: str, text: str) -> str:
    return f"Posted {text} 12:30" if table == "DATE_WORD" else text


def test_examples_are_spelt_out() -> None:
    assert list(texts("A {red;blue} {big;small;old} ship")) == ["A red big ship", "A blue small ship", "A red old ship"]
    assert list(texts("A ship")) == ["A ship"]


@pytest.mark.parametrize(("table", "row"), ROWS)
def test_a_row_finds_its_example_without_the_others(table: str, row: Row) -> None:
    find = TABLES[table].alone(row)
    missed = [text for text in texts(row.example) if not find(text)]
    assert missed == []


@pytest.mark.parametrize(("table", "row"), ROWS)
def test_an_example_is_marked_inside_a_story(table: str, row: Row) -> None:
    lines = [in_context(table, text) for text in texts(row.example)]
    assert [line for line in lines if "".join("".join(marked(line)).split()) != "".join(line.split())] == []


@pytest.mark.parametrize(("table", "row"), [row for row in ROWS if row.values[1].news])
def test_what_looks_like_it_is_kept(table: str, row: Row) -> None:
    assert [text for text in texts(row.news) if marked(in_context(table, text))] == []


@pytest.mark.parametrize("table", TABLES)
def test_names_of_rows_tell_them_apart(table: str) -> None:
    names = [row.name for row in TABLES[table].rows]
    assert len(set(names)) == len(names) and all(row.example for row in TABLES[table].rows)
