import bz2
import gzip
import io
import json
import lzma

import pandas as pd
import pyarrow as pa
import pytest

from experiments.errors import InputError
from experiments.tables.read import opened, read_table


def zstd(data):
    sink = pa.BufferOutputStream()
    with pa.CompressedOutputStream(sink, "zstd") as stream:
        stream.write(data)
    return sink.getvalue().to_pybytes()


PACKERS = {"gz": gzip.compress, "bz2": bz2.compress, "xz": lzma.compress, "zst": zstd}
TEXTS = [f"Talks résumé {number}, they said." for number in range(3000)]


def content(ending):
    if ending == "jsonl":
        return "".join(json.dumps({"text": text}, ensure_ascii=False) + "\n" for text in TEXTS).encode()
    frame = pd.DataFrame({"text": TEXTS})
    return frame.to_csv(index=False).encode() if ending == "csv" else frame.to_parquet()


@pytest.mark.parametrize("packing", PACKERS)
@pytest.mark.parametrize("ending", ["jsonl", "csv", "parquet"])
def test_packed_table_is_read_as_the_plain_one(tmp_path, ending, packing):
    path = tmp_path / f"news.{ending.upper()}.{packing}"
    path.write_bytes(PACKERS[packing](content(ending)))
    said = []
    assert read_table(str(path), warn=said.append)["text"] == TEXTS
    assert said == []


@pytest.mark.parametrize("packing", PACKERS)
def test_two_packed_files_in_one_are_both_read(tmp_path, packing):
    path = tmp_path / f"news.jsonl.{packing}"
    path.write_bytes(PACKERS[packing](content("jsonl")) * 2)
    assert read_table(str(path))["text"] == TEXTS * 2


@pytest.mark.parametrize("packing", PACKERS)
@pytest.mark.parametrize("ending", ["jsonl", "csv", "parquet"])
def test_packed_table_that_is_cut_off_or_not_packed_is_one_line(tmp_path, ending, packing):
    path = tmp_path / f"news.{ending}.{packing}"
    whole = PACKERS[packing](content(ending))
    for damaged in (whole[: len(whole) // 2], content(ending)):
        path.write_bytes(damaged)
        with pytest.raises(InputError, match=rf"{packing}: is cut off or damaged, or no {packing} file .*; fetch or"):
            read_table(str(path))


@pytest.mark.parametrize("packing", PACKERS)
def test_damage_far_inside_is_seen_when_it_is_reached(tmp_path, packing):
    path = tmp_path / f"news.jsonl.{packing}"
    whole = bytearray(PACKERS[packing](content("jsonl")))
    whole[-40:] = bytes(40)
    path.write_bytes(bytes(whole))
    with pytest.raises(InputError, match="cut off or damaged"):
        read_table(str(path))


@pytest.mark.parametrize("name", ["news.jsonl", "news.jsonl.gz", "news.csv.zst"])
def test_share_of_a_file_that_is_read_grows_to_one(tmp_path, name):
    path = tmp_path / name
    data = content(name.split(".")[1])
    path.write_bytes(PACKERS[name.rpartition(".")[2]](data) if name.count(".") > 1 else data)
    with opened(path, name) as rows:
        shares = [rows.share() for _ in rows.rows]
    assert shares == sorted(shares)
    assert 0 < shares[0] <= shares[-1] == 1.0


def test_bad_rows_are_left_out_where_that_is_wanted(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text('{"text": "one"}\n{"text": \n[3]\n{"text": "two"}\n', encoding="utf-8")
    told = []
    with opened(path, "a.jsonl", bad=told.append) as rows:
        assert [row["text"] for _, row in rows.rows] == ["one", "two"]
    assert [str(error).partition(":")[0] for error in told] == ["a.jsonl line 2", "a.jsonl line 3"]
    path = tmp_path / "a.csv"
    path.write_text('id,text\n1,one\n2,two,three\n4,"four, five"\n', encoding="utf-8")
    told = []
    with opened(path, "a.csv", bad=told.append) as rows:
        assert [row["text"] for _, row in rows.rows] == ["one", "four, five"]
    assert len(told) == 1 and str(told[0]).startswith("a.csv line 3: has 3 cells where the header has 2")


def test_line_without_an_end_is_refused(monkeypatch):
    monkeypatch.setattr("experiments.tables.json_rows.LONGEST", 1000)
    source = io.BytesIO(b'{"text": "a"}\n{"text": "' + b"x" * 2000 + b'"}\n')
    with (
        pytest.raises(InputError, match="line 2: is longer than 1,000 characters"),
        opened(source, "stdin", ending=".jsonl") as rows,
    ):
        list(rows.rows)
