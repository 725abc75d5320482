import datetime
import json

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from experiments.errors import InputError
from experiments.tables.cells import cell_key, cell_text, is_missing
from experiments.tables.read import read_table
from experiments.tables.table import joined, table_of


def written(path, content):
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return str(path)


def test_one_bad_byte_is_one_replacement_character_with_its_line(tmp_path):
    said = []
    name = written(tmp_path / "a.csv", "text,labels\nKöln said “no”.,threat\n".encode() + b"Caf\xe9 talks.,coop\n")
    table = read_table(name, warn=said.append)
    assert table["text"] == ["Köln said “no”.", "Caf\ufffd talks."]
    assert said == [f"{name} line 3: a byte that is not UTF-8 became \ufffd; save the file as UTF-8"]


def test_a_western_file_is_still_read_as_such(tmp_path):
    said = []
    name = written(tmp_path / "a.csv", "text\nCafé in Köln.\nÇa va.\n".encode("cp1252"))
    assert read_table(name, warn=said.append)["text"] == ["Café in Köln.", "Ça va."]
    assert said == [f"{name}: is not UTF-8; read as cp1252"]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32", "utf-8-sig"])
def test_marks_of_other_unicode_are_heeded(tmp_path, encoding):
    assert read_table(written(tmp_path / "a.csv", "id,text\n1,Köln\n".encode(encoding)))["text"] == ["Köln"]


def test_half_characters_of_json_are_mended(tmp_path):
    name = written(
        tmp_path / "a.jsonl",
        '{"text": "A \\ud83d", "labels": ["x\\udc00"], "\\ud800": 1}\n{"text": "\\ud83d\\ude00"}\n',
    )
    table = read_table(name)
    assert table["text"] == ["A \ufffd", "\U0001f600"]
    assert table["labels"] == [["x\ufffd"], None]
    json.dumps(table.columns, ensure_ascii=False).encode()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ('{"text": "x"}\n{"text": ', "line 2: is not valid JSON"),
        ('{"text": "x"}\n["y"]\n', "line 2: must be an object"),
        ('[{"text": "x"}, 3]', "row 2: must be an object"),
        ('[{"text": "x"}\n', "is not valid JSON"),
        ('{\n  "text": "x"\n}\n', "one object a line is wanted"),
        ('{"n": ' + "9" * 5000 + "}\n", "line 1: is not readable JSON"),
        ("[" * 100_000, "nested too deep"),
        ('{"a": ' + "[" * 100_000 + "]" * 100_000 + "}", "nested too deep"),
        ("\n\n", "holds no rows"),
    ],
)
def test_json_that_holds_no_rows_is_refused_in_one_line(tmp_path, content, said):
    with pytest.raises(InputError) as caught:
        read_table(written(tmp_path / "a.jsonl", content))
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_parquet_of_any_producer(tmp_path):
    texts = ["Köln.", "Two.", None]
    arrays = {
        "bytes": pa.array([t and t.encode() for t in texts], pa.binary()),
        "large": pa.array(texts, pa.large_string()),
        "dictionary": pa.array(texts).dictionary_encode(),
        "large_bytes": pa.array([t and t.encode() for t in texts], pa.large_binary()),
        "lists": pa.array([[b"a", b"b"], [], None], pa.list_(pa.binary())),
        "map": pa.array([[("a", 1)], [], None], pa.map_(pa.string(), pa.int64())),
        "whole": pa.array([1.0, 2.0, None], pa.float64()),
        "day": pa.array([datetime.date(2024, 5, 1), None, None], pa.date32()),
    }
    pq.write_table(pa.table(arrays), tmp_path / "a.parquet")
    table = read_table(str(tmp_path / "a.parquet"))
    for column in ("bytes", "large", "dictionary", "large_bytes"):
        assert table[column] == texts
    assert table["lists"] == [["a", "b"], [], None]
    assert table["map"] == [{"a": 1}, {}, None]
    assert [cell_key(cell) for cell in table["whole"]] == ["1", "2", ""]
    assert cell_key(table["day"][0]) == "2024-05-01"


@pytest.mark.parametrize("index", [pd.Index(["p", "q"], name="id"), pd.RangeIndex(5, 7, name="id")])
def test_an_index_of_pandas_that_has_a_name_is_a_column(tmp_path, index):
    pd.DataFrame({"text": ["One.", "Two."]}, index=index).to_parquet(tmp_path / "a.parquet")
    assert read_table(str(tmp_path / "a.parquet"))["id"] == list(index)


def test_whole_numbers_are_one_key_however_they_are_written():
    forms = [1, 1.0, "1", "1.0", " 1 ", np.int64(1), np.float32(1), "1.00"]
    assert {cell_key(form) for form in forms} == {"1"}
    others = ["01", "1.5", "2024-01-01", "1e3", "1,0", "v1.0", "-0.5", "1.0.0"]
    assert [cell_key(form) for form in others] == others


def test_what_is_missing():
    assert all(
        map(
            is_missing, [None, float("nan"), np.nan, pd.NA, pd.NaT, "", " ", "NA", "NaN", "nan", "null", "NULL", "<NA>"]
        )
    )
    assert not any(map(is_missing, ["none", "None", "0", 0, False, "-", "n/a", "Na", [], "NAN"]))
    assert not is_missing("NA", {"NA"})


def test_rows_keep_their_lines_through_selecting_and_joining(tmp_path):
    table = read_table(written(tmp_path / "a.csv", 'text,x\n"two\nlines",1\nb,2\nc,3\n'))
    assert [table.place(row).rsplit(" ", 2)[1:] for row in range(3)] == [["line", "2"], ["line", "4"], ["line", "5"]]
    assert table.select([2, 0]).numbers == [5, 2]
    both = joined([table, table_of([{"text": "d", "y": 4}])], "both")
    assert both["text"] == ["two\nlines", "b", "c", "d"]
    assert both["y"] == [None, None, None, 4]


def test_cells_as_text():
    cells = ["Talks.", " 7 ", b"Caf\xc3\xa9", b"Caf\xe9", bytearray(b"NA"), b"", None, "NA", 7.0, True, "A \ud83d"]
    expected = ["Talks.", " 7 ", "Café", "Caf\ufffd", "", "", "", "", "7", "true", "A \ufffd"]
    assert [cell_text(cell) for cell in cells] == expected
