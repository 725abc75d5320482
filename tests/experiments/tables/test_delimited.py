import csv
import io
import json
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from experiments.errors import InputError
from experiments.tables.cells import cell_text
from experiments.tables.delimited import read_delimited
from experiments.tables.read import read_table

SAMPLES = Path(__file__).parent / "samples"
ROWS = json.loads((SAMPLES / "rows.json").read_text("utf-8"))


def read(text: str, name: str = "a.csv", **how):
    columns, rows = read_delimited(io.StringIO(text, newline=""), name, name.endswith(".tsv"), **how)
    return columns, list(rows)


@pytest.mark.parametrize("path", sorted(SAMPLES.glob("*.?sv")), ids=lambda path: path.name)
def test_what_r_and_libreoffice_write_is_read_back(path):
    """Made by samples/make.py with R 4.2 and LibreOffice 7.4, in English, German and French."""
    said = []
    table = read_table(str(path), warn=said.append)
    wanted = [row for row in ROWS if "bare" not in path.name or not set('"\n\t') & set(row["text"])]
    assert [cell_text(text) for text in table["text"]] == [row["text"] for row in wanted]
    for column in ("id", "label", "date", "n"):
        assert [cell_text(cell) for cell in table[column]] == [cell_text(row[column]) for row in wanted]
    codes = {"calc-german-1252.csv": ["cp1252"], "calc-utf16.csv": ["utf-16"]}.get(path.name, [])
    assert [line.rsplit(" ", 1)[1] for line in said] == codes


def read_or_refused(text, name):
    try:
        return *read(text, name), None
    except InputError as error:
        return [], [], str(error)


CELLS = st.text(
    st.sampled_from(list("ab é\"',;\t\n|\\=#")) | st.characters(exclude_categories=("Cs", "Cc", "Zl", "Zp")),
    max_size=12,
)


@given(
    rows=st.lists(st.tuples(CELLS, CELLS, CELLS), min_size=1, max_size=6),
    separator=st.sampled_from(",;\t"),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC]),
    index=st.booleans(),
    line_end=st.sampled_from(["\n", "\r\n"]),
)
@settings(max_examples=300, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@example([('"a', "x", "y"), ('b"', "x", "y")], "\t", csv.QUOTE_MINIMAL, False, "\n")
@example([("a\tb\nc", "x", "y")], "\t", csv.QUOTE_MINIMAL, False, "\n")
def test_what_pandas_writes_is_read_back_or_refused(rows, separator, quoting, index, line_end):
    frame = pd.DataFrame(rows, columns=["text", "label", "note"])
    text = frame.to_csv(sep=separator, quoting=quoting, index=index, lineterminator=line_end)
    columns, found, refusal = read_or_refused(text, "a.tsv" if separator == "\t" else "a.csv")
    if refusal:
        assert "two ways" in refusal or "holds no rows" in refusal
        return
    kept = [row for row in rows if index or any(cell.strip() for cell in row)]
    at = [columns.index(name) for name in ("text", "label", "note")]
    assert [tuple(cells[i] for i in at) for _, cells in found] == kept


@pytest.mark.parametrize(
    ("text", "columns", "rows"),
    [
        ("id,text\n1,One.,\n2,Two.,\n", ["id", "text"], [["1", "One."], ["2", "Two."]]),  # separators at line ends
        ("id,text,\n1,One.,\n2,Two.,\n", ["id", "text"], [["1", "One."], ["2", "Two."]]),  # in the header, too
        (
            '"text","n"\n"1","One.","a"\n"2","Two.","b"\n',
            ["row_names", "text", "n"],
            [["1", "One.", "a"], ["2", "Two.", "b"]],
        ),
        ("sep=;\nid;text\n1;One, or two.\n", ["id", "text"], [["1", "One, or two."]]),
        (" id , text\t,label\n1,One.,x\n", ["id", "text", "label"], [["1", "One.", "x"]]),
        ("\ufeffid,text\n1,One.\n", ["id", "text"], [["1", "One."]]),
        ("id;text, in full;label\n1;One, two.;x\n", ["id", "text, in full", "label"], [["1", "One, two.", "x"]]),
        ("text\nThe army, it said, attacked.\n", ["text"], [["The army, it said, attacked."]]),
        ("id,text\n\n1,One.\n,\n\n2,Two.\n,\n", ["id", "text"], [["1", "One."], ["2", "Two."]]),
        ('"id" "text"\n"1" "9" "He said \\"no\\"."\n', ["row_names", "id", "text"], [["1", "9", 'He said "no".']]),
        (",text\n0,One.\n1,Two.\n", ["row_names", "text"], [["0", "One."], ["1", "Two."]]),  # the index of pandas
        ("id,text\r1,One.\r2,Two.\r", ["id", "text"], [["1", "One."], ["2", "Two."]]),
    ],
)
def test_one_right_reading_is_taken(text, columns, rows):
    found, cells = read(text)
    assert (found, [row for _, row in cells]) == (columns, rows)


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("id,text\n1,One.\n2,The army, it said, attacked.\n", 3, "has 4 cells where the header has 2 (id, text)"),
        ("id,text\n1,The army, it said.\n2,A deal, at last.\n", 2, "has 3 cells"),  # a comma too many in every row
        ("text,labels\nOne\nand a half,threat\nTwo,\n", 2, "has 1 cell where the header has 2"),
        ("id,text,note\n1,One.,x\n2,Two.\n", 3, "has 2 cells"),
        ('id,text\n1,"One.\n2,Two.\n', 2, "never closed"),
        ('id,text\n1,"One" more.\n2,Two.\n', 2, "closing quotation mark"),
        ("id,text,\n1,One.,\n2,Two.,x\n", 3, "a last column without a name"),
        ("id,text\n1,One.,\n2,Two.\n", 2, "has 3 cells"),  # a separator at the end of some rows
    ],
)
def test_lines_that_fit_no_reading_are_refused_by_line(text, line, said):
    with pytest.raises(InputError, match=f"^a.csv line {line}: ") as caught:
        read(text)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "columns", "rows"),
    [
        ("one, two, three\ttext\n1\tA, b.\n", ["one, two, three", "text"], [["1", "A, b."]]),  # more commas than tabs
        ('"text; or so, in full; all",n\nA.,1\n', ["text; or so, in full; all", "n"], [["A.", "1"]]),
        ('"text"\n\n"1","A."\n"2","B."\n', ["row_names", "text"], [["1", "A."], ["2", "B."]]),
        ("text\tn\nx\tA.\t1\ny\tB.\t2\n", ["row_names", "text", "n"], [["x", "A.", "1"], ["y", "B.", "2"]]),
        ('text\tn\n"A."\t1\n"B ""b""\tb."\t2\n', ["text", "n"], [["A.", "1"], ['B "b"\tb.', "2"]]),
    ],
)
def test_what_a_tsv_or_a_header_holds_does_not_mislead(text, columns, rows):
    found, cells = read(text, "a.tsv" if "\t" in text else "a.csv")
    assert (found, [row for _, row in cells]) == (columns, rows)


@pytest.mark.parametrize(
    "text",
    [
        'id,text\n"1","A","b"\n"2","C","d"\n',  # a cell too many, but R would have quoted the header
        'a,b\n"x","A","b"\n"x","C","d"\n',
        '"a"\n"x","A"\n"x","C"\n',  # names of rows differ from each other
    ],
)
def test_a_cell_too_many_in_every_row_is_no_row_name(text):
    with pytest.raises(InputError, match="line 2: has"):
        read(text)


def test_a_tsv_that_can_be_read_in_two_ways_is_refused_by_the_line():
    text = 'text\tn\nWe left.\t0\n"We\tstay\ntoo"\t1\n'  # one cell of two lines, or two rows with stray quotes
    with pytest.raises(InputError, match=r"a\.tsv line 4: can be read in two ways"):
        read(text, "a.tsv")
    one_way = 'text\tn\nWe left.\t0\n"We\tstay\ntoo\t1\n'
    assert [row for _, row in read(one_way, "a.tsv")[1]] == [["We left.", "0"], ['"We', "stay"], ["too", "1"]]


def test_two_columns_of_one_name_are_refused():
    with pytest.raises(InputError, match="columns 1 and 3 are both called 'text'"):
        read("text,id,text\na,1,b\n")


def test_stray_quotes_of_tweets_swallow_no_rows():
    text = 'text\tlabels\n"We will attack\tthreat\nA deal was signed\tcoop\n"Peace they said\tcoop\nx y z\tthreat\n'
    assert [row for _, row in read(text, "a.tsv")[1]] == [
        ['"We will attack', "threat"],
        ["A deal was signed", "coop"],
        ['"Peace they said', "coop"],
        ["x y z", "threat"],
    ]
    with pytest.raises(InputError, match=r"a\.tsv line 3: has 1 cell where the header has 2"):
        read(text.replace("signed\tcoop", "signed"), "a.tsv")


def test_a_table_without_a_header_has_numbered_columns():
    columns, rows = read("1\tOne.\tx\n2\tTwo.\ty\n", "a.tsv", header=False)
    assert (columns, rows) == (["1", "2", "3"], [(1, ["1", "One.", "x"]), (2, ["2", "Two.", "y"])])


def test_a_line_that_does_not_fit_is_found_behind_the_sample_too(monkeypatch):
    monkeypatch.setattr("experiments.tables.delimited.SAMPLE", 100)
    good = "".join(f'{n},"Sentence, number\n{n}."\n' for n in range(200))
    assert len(read("id,text\n" + good)[1]) == 200
    with pytest.raises(InputError, match="line 402: has 3 cells"):
        read("id,text\n" + good + "200,One, two.\n")


def test_rows_without_content_are_counted_but_not_at_the_end():
    said = []
    read("id,text\n1,One.\n,\n,\n2,Two.\n,\n,\n", warn=said.append)
    assert said == ["a.csv: 2 row(s) without any content left out"]
