"""Inputs are found one by one: standard input as it comes, folders by name, rows one after the other."""

import gzip
import io
import json
import sys

import pytest

from experiments.articles.inputs import read_documents
from experiments.articles.read import article_of, read_articles
from experiments.errors import InputError


class Stream(io.RawIOBase):
    """Standard input that hands out a line or so at a time, and counts them."""

    def __init__(self, lines):
        self.lines, self.given, self.rest = list(lines), 0, b""

    def readable(self):
        return True

    def readinto(self, buffer):
        if not self.rest and self.given < len(self.lines):
            self.rest = self.lines[self.given]
            self.given += 1
        piece, self.rest = self.rest[: len(buffer)], self.rest[len(buffer) :]
        buffer[: len(piece)] = piece
        return len(piece)


def piped(monkeypatch, lines):
    stream = Stream(lines)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BufferedReader(stream)))
    return stream


def rows(n):
    return [json.dumps({"id": n, "text": f"Talks {number} in Malmö."}).encode() + b"\n" for number in range(n)]


def test_json_lines_of_standard_input_are_read_as_they_come(monkeypatch):
    stream = piped(monkeypatch, rows(500))
    documents = read_documents(["-"], warn=lambda line: None)
    texts = [next(documents).content for _ in range(3)]
    assert texts == ["Talks 0 in Malmö.", "Talks 1 in Malmö.", "Talks 2 in Malmö."]
    assert stream.given < 10
    assert len(list(documents)) == 497


def test_bad_bytes_far_down_standard_input_are_told_of_with_their_line(monkeypatch):
    lines = rows(100)
    lines[70] = b'{"text": "Caf\xe9 talks."}\n'
    lines[80] = b'{"text": "Caf\xe9 talks."}\n'
    piped(monkeypatch, lines)
    said = []
    texts = [document.content for document in read_documents(["-"], warn=said.append)]
    assert texts[70] == "Caf\ufffd talks." and texts[69] == "Talks 69 in Malmö."
    assert said[-1] == "standard input line 71: a byte that is not UTF-8 became \ufffd (and in 1 more)"


@pytest.mark.parametrize(
    ("content", "texts"),
    [
        (b"id,text\n1,Talks.\n2,War.\n", ["Talks.", "War."]),
        (b'[{"text": "Talks."}, {"text": "War."}]', ["Talks.", "War."]),
        (b'\xef\xbb\xbf{"text": "Talks."}\n', ["Talks."]),
        ("{“text” isn't JSON. Talks.".encode(), ["{“text” isn't JSON. Talks."]),
        (b"Talks in M\xf6rby.", ["Talks in Mörby."]),
    ],
)
def test_other_kinds_of_standard_input(monkeypatch, content, texts):
    piped(monkeypatch, [content[at : at + 7] for at in range(0, len(content), 7)])
    assert [article.text for article in read_articles(["-"], warn=lambda line: None)] == texts


def test_large_table_on_standard_input_goes_by_way_of_the_disk(monkeypatch):
    lines = [b"id,text\n", *(f'{n},"Talks, {n}"\n'.encode() for n in range(60_000))]
    piped(monkeypatch, [b"".join(lines[at : at + 1000]) for at in range(0, len(lines), 1000)])
    documents = list(read_documents(["-"], warn=lambda line: None))
    assert (len(documents), documents[-1].content) == (60_000, "Talks, 59999")


def test_empty_standard_input_is_one_line(monkeypatch):
    piped(monkeypatch, [b"\n", b" \n"])
    with pytest.raises(InputError, match="standard input: is empty"):
        list(read_documents(["-"]))


def test_packed_tables_in_folders_are_read_and_other_packed_files_refused(tmp_path):
    (tmp_path / "a.jsonl.gz").write_bytes(gzip.compress(b'{"text": "Talks."}\n'))
    (tmp_path / "b.txt.gz").write_bytes(gzip.compress(b"War."))
    skipped = []
    found = list(read_documents([str(tmp_path)], skip=skipped.append))
    assert [document.content for document in found] == ["Talks."]
    assert len(skipped) == 1 and "b.txt.gz: of packed files only tables and archives are read" in skipped[0]


def test_share_of_all_inputs_grows(tmp_path):
    for name in ("a.txt", "b.txt"):
        (tmp_path / name).write_text("Talks.")
    (tmp_path / "c.jsonl").write_bytes(b"".join(rows(2000)))
    shares = [document.share for document in read_documents([str(tmp_path)])]
    assert shares[:2] == [1 / 3, 2 / 3]
    assert shares == sorted(shares) and shares[-1] == 1.0


def test_article_of_a_hundred_million_characters_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("experiments.articles.read.LONGEST", 1000)
    (tmp_path / "a.txt").write_text("Talks resume. " * 100)
    (document,) = read_documents([str(tmp_path / "a.txt")])
    with pytest.raises(InputError, match="has 1,400 characters, and an article 1,000 at most"):
        article_of(document)
