"""Files become articles and sentences whose offsets are exact, and what can't be read says so in one line."""

import io
import json
import sys
from pathlib import Path

import pandas as pd
import pytest

from experiments.articles.read import Article, Columns, read_articles, split_sentences
from experiments.errors import InputError
from tests.growth import grows_no_faster

NEWS = "Harbour talks resume\n\nThe two ports signed an accord on Monday. “It will hold,” the mayor said.\n"

PAGE = """<!doctype html><html><head><meta charset="{charset}"><title>Harbour talks resume</title></head><body>
<nav><a href="/">Home</a> <a href="/world">World</a></nav><article><h1>Harbour talks resume</h1>
<p>The two ports signed an accord on Monday after three weeks of talks, the harbour office in Malmö said.</p>
<p>Neither side would say what it had given up, but the ferries are to sail again before the end of the month.</p>
<p>The mayor called the accord a beginning and said that both councils would vote on it next Thursday.</p>
</article><footer>Copyright 2031 The Harbour Post</footer></body></html>"""


def read(*inputs: object, **options: object) -> list[Article]:
    """Read inputs and check what must hold of every sentence."""
    articles = list(read_articles([str(name) for name in inputs], warn=pytest.fail, **options))  # type: ignore[arg-type]
    for article in articles:
        check_offsets(article.text)
    return articles


def check_offsets(text: str) -> None:
    last = 0
    for sentence in split_sentences(text):
        assert text[sentence.start : sentence.end] == sentence.text == sentence.text.strip() != ""
        assert not text[last : sentence.start].strip(), "text between two sentences was lost"
        last = sentence.end
    assert not text[last:].strip(), "text after the last sentence was lost"


def split(text: str) -> list[str]:
    check_offsets(text)
    return [sentence.text for sentence in split_sentences(text)]


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("“We agree. It is done,” he said. They left.", ["“We agree.", "It is done,” he said.", "They left."]),
        ('He said "we won." Then he left.', ['He said "we won."', "Then he left."]),
        ("‘Go.’ “Stay.” Both left.", ["‘Go.’", "“Stay.”", "Both left."]),
        ("“Will it hold?” Anna Roe asked. No one knew.", ["“Will it hold?” Anna Roe asked.", "No one knew."]),
        ("“Stop!” he cried. No one did.", ["“Stop!” he cried.", "No one did."]),
        ("Ten were hurt.State radio denied it.", ["Ten were hurt.", "State radio denied it."]),
        ("It ended.”Then they left.", ["It ended.”", "Then they left."]),
        (
            "The U.S. Navy left. It is in the U.S. He stayed.",
            ["The U.S. Navy left.", "It is in the U.S.", "He stayed."],
        ),
        (
            "He met Sen. Roe, Lt. Col. Doe and Maj. Gen. Poe. All agreed.",
            ["He met Sen. Roe, Lt. Col. Doe and Maj. Gen. Poe.", "All agreed."],
        ),
        ("On Jan. 5 No. 7 sailed to St. Ives. It sank.", ["On Jan. 5 No. 7 sailed to St. Ives.", "It sank."]),
        (
            "At 5 p.m. Tuesday it rained. At 6 p.m. It stopped.",
            ["At 5 p.m. Tuesday it rained.", "At 6 p.m.", "It stopped."],
        ),
        ("He was ... unsure. She was not.", ["He was ... unsure.", "She was not."]),
        (
            "Shares of ABC.N fell, J.D. Roe said (see p. 4). Then they rose.",
            ["Shares of ABC.N fell, J.D. Roe said (see p. 4).", "Then they rose."],
        ),
        ("(They left.) She stayed.", ["(They left.)", "She stayed."]),
        (
            "A quote “that never closes. And goes on. To the end.",
            ["A quote “that never closes.", "And goes on.", "To the end."],
        ),
        ("Emoji 🚢 stay one character. É too.", ["Emoji 🚢 stay one character.", "É too."]),
    ],
)
def test_sentences_end_where_a_reader_of_news_ends_them(text: str, sentences: list[str]) -> None:
    assert split(text) == sentences


def test_a_line_that_is_not_wrapped_ends_a_sentence() -> None:
    assert split("Harbour talks resume\nThe ports met on Monday\nand again on Friday.\n- one\n- two") == [
        "Harbour talks resume",
        "The ports met on Monday\nand again on Friday.",
        "- one",
        "- two",
    ]


def test_hard_wrapped_paragraphs_are_joined() -> None:
    text = (
        "Harbour talks resume\n\n"
        "The two ports signed an accord on Monday, the harbour office said, and\n"
        "Anna Roe, who led the talks, called it a beginning. The ferries are to\n"
        "sail again before the end of the month. Neither side would say what it\n"
        "had given up.\n"
    )
    assert split(text) == [
        "Harbour talks resume",
        "The two ports signed an accord on Monday, the harbour office said, and\n"
        "Anna Roe, who led the talks, called it a beginning.",
        "The ferries are to\nsail again before the end of the month.",
        "Neither side would say what it\nhad given up.",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "",
        " \n\t ",
        "...",
        "”",
        "“",
        "no stop",
        "\r\nA.\r\n\r\nB.\r",
        "A.\u2028B.\u2029C.",
        "\x00 A. \x1f B.",
        "a\u00a0b.\u00a0C.",
    ],
)
def test_odd_texts_lose_nothing(text: str) -> None:
    check_offsets(text)


@pytest.mark.slow
@pytest.mark.parametrize(
    "unit",
    [
        "The port fell silent. “We left,” she said. ",
        "word ",
        "“word ",
        "A. ",
        "x",
        "(see “",
        "A.\n",
        "Gen. ",
        "No. 7 sailed at 5 p.m. Tuesday. ",
    ],
)
def test_time_grows_with_the_text_and_no_faster(unit: str) -> None:
    assert grows_no_faster(split_sentences, unit, 20_000)


def test_one_line_of_two_megabytes() -> None:
    line = "The port fell silent on Monday. “We left,” she said. No. 7 sailed at 5 p.m. Tuesday. "
    text = line * (2_000_000 // len(line))
    sentences = split_sentences(text)
    assert len(sentences) == 3 * text.count("No. 7")
    assert all(text[s.start : s.end] == s.text for s in sentences)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_text_files_in_unicode_are_read_silently_or_named(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(NEWS.encode(encoding))
    warnings: list[str] = []
    (article,) = read_articles([str(path)], warn=warnings.append)
    assert article.text == NEWS
    assert article.id == str(path)
    assert len(warnings) == (encoding == "utf-16")


def test_another_encoding_is_detected_and_named(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    text = "“It will hold,” the mayor’s office in Malmö said. The café was closed – nobody knew why. " * 5
    path.write_bytes(text.encode("cp1252"))
    warnings: list[str] = []
    (article,) = read_articles([str(path)], warn=warnings.append)
    assert article.text == text
    assert len(warnings) == 1 and "not UTF-8" in warnings[0] and "a.txt" in warnings[0]


def test_windows_line_ends_become_newlines(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"A title\r\n\r\nIt rained.\r\n")
    (article,) = read(tmp_path / "a.txt")
    assert article.text == "A title\n\nIt rained.\n"
    assert [s.text for s in article.sentences] == ["A title", "It rained."]


@pytest.mark.parametrize(
    ("name", "content", "complaint"),
    [
        ("a.txt", b"", "empty"),
        ("a.txt", b" \n ", "empty"),
        ("a.txt", b"\x89PNG\r\n\x00\x00\x00\x01\xff", "binary"),
        ("a.xlsx", b"PK", "can't be read"),
        ("a.html", b"<html><body></body></html>", "no article text"),
        ("a.jsonl", b"", "empty"),
        ("a.jsonl", b'{"text": "One."}\n{"text": \n', "line 2"),
        ("a.jsonl", b'["text"]\n', "must be an object"),
        ("a.jsonl", b'{"body": "One.", "url": "u"}\n', "body, url"),
        ("a.jsonl", b'{"text": ""}\n', "no text"),
        ("a.csv", b"body,url\nOne.,u\n", "body, url"),
        ("a.csv", b"text\n", "no rows"),
        ("a.csv", b'text\n"never closed\n', "line 2: a quotation mark opens a cell that is never closed"),
        ("a.parquet", b"PAR1 not really", "not a readable Parquet file"),
    ],
)
def test_a_bad_file_named_directly_is_an_error_that_names_it(
    tmp_path: Path, name: str, content: bytes, complaint: str
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError) as error:
        read(tmp_path / name)
    assert name in str(error.value) and complaint in str(error.value)
    assert "\n" not in str(error.value)


def test_a_missing_input_shows_before_anything_is_read(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(NEWS)
    with pytest.raises(InputError, match=r"nowhere\.txt"):
        read_articles([str(tmp_path / "a.txt"), str(tmp_path / "nowhere.txt")])
    with pytest.raises(InputError, match="no input"):
        read_articles([])


def test_a_folder_is_read_in_order_and_its_bad_files_are_skipped(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    (tmp_path / ".git").mkdir()
    (tmp_path / "b" / "c.txt").write_text("Third.")
    (tmp_path / "a.txt").write_text("First.")
    (tmp_path / "bad.txt").write_bytes(b"\x00\x01\x02")
    (tmp_path / "photo.jpg").write_bytes(b"\xff\xd8")
    (tmp_path / ".hidden.txt").write_text("Hidden.")
    (tmp_path / "notes.json").write_text("{}")
    (tmp_path / "old.zip").write_bytes(b"x")
    (tmp_path / ".git" / "d.txt").write_text("Hidden.")
    (tmp_path / "rows.jsonl").write_text('{"text": "Second."}\n')
    warnings: list[str] = []
    articles = list(read_articles([str(tmp_path)], warn=warnings.append))
    assert [article.text for article in articles] == ["First.", "Second.", "Third."]
    assert articles[2].id == str(tmp_path / "b" / "c.txt")
    assert warnings[0] == f"{tmp_path}: 3 file(s) passed over (1 .jpg, 1 .json, 1 .zip): notes.json, old.zip, photo.jpg"
    assert len(warnings) == 2 and "bad.txt" in warnings[1] and "\n" not in warnings[1]


def test_a_folder_without_articles_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds no article"):
        read(tmp_path)


@pytest.mark.parametrize("ending", ["jsonl", "csv", "tsv", "parquet"])
def test_each_row_of_a_table_is_an_article(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"a.{ending}"
    table = pd.DataFrame({"id": ["x1", ""], "body": ["One “is”, she said.\nTwo is.", "Drei Häfen."], "n": [1, 2]})
    if ending == "jsonl":
        table.to_json(path, orient="records", lines=True)
    elif ending == "parquet":
        table.to_parquet(path)
    else:
        table.to_csv(path, index=False, sep="\t" if ending == "tsv" else ",")
    first, second = read(path, columns=Columns(text="body"))
    assert (first.id, first.text) == ("x1", "One “is”, she said.\nTwo is.")
    assert [s.text for s in first.sentences] == ["One “is”, she said.", "Two is."]
    assert (second.id, second.text) == (f"{path}:2", "Drei Häfen.")


def test_rows_without_text_are_counted_in_one_line(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text(
        "".join(json.dumps(row) + "\n" for row in [{"text": "One."}, {"text": None}, {"x": 1}, {"text": " "}])
    )
    warnings: list[str] = []
    assert len(list(read_articles([str(path)], warn=warnings.append))) == 1
    assert len(warnings) == 1 and "3 of 4 rows" in warnings[0]


def test_spreadsheets_with_semicolons_and_another_encoding(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(
        "id;text\n1;Les élèves été fêtés à Orléans, réélus; çà et là.\n".replace("; ç", ", ç").encode("cp1252")
    )
    (article,) = read_articles([str(path)], encoding="cp1252", warn=pytest.fail)
    assert article.id == "1" and "fêtés à Orléans" in article.text


def test_tables_are_read_lazily(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{"text": "One."}\n{broken\n')
    articles = read_articles([str(path)])
    assert next(articles).text == "One."
    with pytest.raises(InputError, match="line 2"):
        next(articles)


def test_half_a_character_in_json_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"text": "Bad \\ud83d end. Next one."}\n')
    (article,) = read(tmp_path / "a.jsonl")
    article.text.encode()
    assert [s.text for s in article.sentences] == ["Bad \ufffd end.", "Next one."]


@pytest.mark.parametrize("charset", ["utf-8", "iso-8859-1"])
def test_html_gives_title_and_main_text_in_its_declared_encoding(tmp_path: Path, charset: str) -> None:
    path = tmp_path / "a.html"
    path.write_bytes(PAGE.format(charset=charset).encode(charset))
    (article,) = read(path)
    sentences = [s.text for s in article.sentences]
    assert sentences[0] == "Harbour talks resume"
    assert any("Malmö said." in text for text in sentences)
    assert sum("Harbour talks resume" in s.text for s in article.sentences if not s.boilerplate) == 1
    assert "Home" not in article.text and "<p>" not in article.text


def test_markdown_marks_do_not_break_sentences(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text(
        "---\nlayout: post\n---\n# Harbour *talks* resume #\n\nThe **two ports** signed [an accord](https://x.example/a_b)\n"
        "on Monday. It _will_ hold.\n\n> A quote here.\n\n![A ship](ship.png)\n\n* First point\n* "
        "Second `point`\n\n```\ncode.\n```\n"
    )
    (article,) = read(tmp_path / "a.md")
    assert [s.text for s in article.sentences] == [
        "Harbour talks resume",
        "The two ports signed an accord on Monday.",
        "It will hold.",
        "A quote here.",
        "First point",
        "Second point",
    ]


@pytest.mark.parametrize(
    ("sent", "texts"),
    [
        (NEWS, [NEWS]),
        ('{"text": "One."}\n{"text": "Two."}\n', ["One.", "Two."]),
        ('[{"text": "One."},\n {"text": "Two."}]', ["One.", "Two."]),
        ('id,text\n7,"A, b."\n', ["A, b."]),
        ("id;text\n7;One, two.\n", ["One, two."]),
        ("id\ttext\n7\tOne, two.\n", ["One, two."]),
        ("text\nOne, two.\n", ["One, two."]),
        ("Ministers, unions and employers met.\nThey agreed, after all.\n", None),
        ("[Editor's note] It rained.\n", None),
        ("{It rained.}\n", None),
    ],
)
def test_standard_input(monkeypatch: pytest.MonkeyPatch, sent: str, texts: list[str]) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(sent.encode())))
    said: list[str] = []
    assert [article.text for article in read_articles(["-"], warn=said.append)] == (texts or [sent])
    assert len(said) == (texts is not None and texts != [NEWS])


@pytest.mark.parametrize(
    "before", ["", "<!-- saved from url=(0030)https://port.example -->\n", '<?xml version="1.0"?>\n']
)
def test_standard_input_may_be_a_page(monkeypatch: pytest.MonkeyPatch, before: str) -> None:
    page = before + PAGE.format(charset="utf-8")
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(page.encode())))
    said: list[str] = []
    (article,) = read_articles(["-"], warn=said.append)
    assert article.sentences[0].text == "Harbour talks resume"
    assert "<" not in article.text
    assert said == ["standard input: read as HTML (--input-format says otherwise)"]


def test_standard_input_is_what_the_format_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"id,text\n7,Talks.\n")))
    (article,) = read_articles(["-"], input_format="text")
    assert article.text == "id,text\n7,Talks.\n"
    with pytest.raises(InputError, match="--input-format word: there is no such format; choose text, markdown"):
        read_articles(["-"], input_format="word")


def test_a_table_on_standard_input_without_the_text_names_its_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"id,body\n7,Talks.\n")))
    with pytest.raises(InputError, match=r"-: has no column 'text' for the text; it has id, body \(name one"):
        list(read_articles(["-"]))


def test_unquoted_commas_of_a_table_are_refused_and_not_cut_off(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("id,text\n1,The army, it said, attacked.\n2,A deal.\n")
    with pytest.raises(InputError, match=r"a\.csv line 2: has 4 cells where the header has 2"):
        read(tmp_path / "a.csv")


def test_columns_are_kept_and_ids_are_keys(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("id,text,outlet,date\n1.0,One.,Post,2024-05-01\n2,Two.,NA,\n")
    first, second = read(tmp_path / "a.csv", columns=Columns(keep=("outlet", "date")))
    assert (first.id, first.kept) == ("1", {"outlet": "Post", "date": "2024-05-01"})
    assert second.kept == {"outlet": "", "date": ""}
    with pytest.raises(InputError, match="no column 'town' to keep"):
        read(tmp_path / "a.csv", columns=Columns(keep=("town",)))


def test_numbers_in_the_text_column_are_not_scored(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"text": "One."}\n{"text": 7}\n')
    with pytest.raises(InputError, match="line 2: column 'text' has '7', which is no text"):
        read(tmp_path / "a.jsonl")
