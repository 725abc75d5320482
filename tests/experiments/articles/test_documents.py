"""Word, OpenDocument and PDF files give a headline and paragraphs, and what can't be read says so in one line."""

import io
import random
import sys
import zipfile
import zlib
from collections.abc import Sequence
from typing import Any

import docx
import pytest
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls

from experiments.articles import documents
from experiments.articles.documents import read_document
from experiments.articles.sentences import split_sentences
from experiments.errors import InputError
from tests.growth import grows_no_faster

STORY = [
    "The two ports signed an accord on Monday after three weeks of talks, the harbour office in Malmö said.",
    "Neither side would say what it had given up, but the ferries are to sail again before the end of the month.",
]


def paragraphs(data: bytes, ending: str) -> list[str]:
    text = read_document(data, f"story{ending}", ending)
    assert text.endswith("\n") and not text.endswith("\n\n")
    return text.removesuffix("\n").split("\n\n")


def complaint(data: bytes, ending: str) -> str:
    with pytest.raises(InputError) as error:
        read_document(data, f"story{ending}", ending)
    assert str(error.value).startswith(f"story{ending}: ") and "\n" not in str(error.value)
    return str(error.value)


# --------------------------------------------------------------------------------------------- Word


def word(*lines: tuple[str, str | None], table: Sequence[Sequence[str]] = (), xml: str = "") -> bytes:
    """Write a Word file of paragraphs, each with its style, a table, and a paragraph of WordprocessingML."""
    document = docx.Document()
    for text, style in lines:
        document.add_paragraph(text, style=style)
    if table:
        made = document.add_table(len(table), len(table[0]))
        for row, texts in zip(made.rows, table, strict=True):
            for cell, text in zip(row.cells, texts, strict=True):
                cell.text = text
    if xml:
        document.element.body.insert(len(lines), parse_xml(f"<w:p {nsdecls('w')}>{xml}</w:p>"))
    stream = io.BytesIO()
    document.save(stream)
    return stream.getvalue()


def story(*before: tuple[str, str | None]) -> bytes:
    return word(*before, *((text, None) for text in STORY))


def test_a_word_file_gives_its_paragraphs() -> None:
    assert paragraphs(story(("Talks resume", "Title"), ("What was agreed", "Heading 1")), ".docx") == [
        "Talks resume",
        "What was agreed",
        *STORY,
    ]


@pytest.mark.parametrize("style", ["Title", "Heading 1"])
def test_the_headline_of_a_word_file_comes_before_what_stands_above_it(style: str) -> None:
    data = story(("3 November 2031", None), ("Talks resume", style), ("Under the bridge", "Heading 2"))
    assert paragraphs(data, ".docx")[:3] == ["Talks resume", "3 November 2031", "Under the bridge"]


def test_headings_of_sections_stay_where_they_are() -> None:
    data = word(("Talks", None), ("Before", "Heading 1"), (STORY[0], None), ("After", "Heading 1"), (STORY[1], None))
    assert paragraphs(data, ".docx") == ["Talks", "Before", STORY[0], "After", STORY[1]]


def test_a_style_that_builds_on_the_title_is_one() -> None:
    document = docx.Document()
    style = document.styles.add_style("Newspaper headline", docx.enum.style.WD_STYLE_TYPE.PARAGRAPH)
    style.base_style = document.styles["Title"]
    document.add_paragraph("By Jane Roe")
    document.add_paragraph("Talks resume", style=style)
    stream = io.BytesIO()
    document.save(stream)
    assert paragraphs(stream.getvalue(), ".docx") == ["Talks resume", "By Jane Roe"]


def test_a_table_of_contents_is_left_out() -> None:
    document = docx.Document()
    document.styles.add_style("toc 1", docx.enum.style.WD_STYLE_TYPE.PARAGRAPH)
    document.add_paragraph("Talks 2", style="toc 1")
    document.add_paragraph(STORY[0])
    stream = io.BytesIO()
    document.save(stream)
    assert paragraphs(stream.getvalue(), ".docx") == [STORY[0]]


def test_cells_of_a_word_table_are_paragraphs() -> None:
    data = word((STORY[0], None), table=[["Port", "Ferries"], ["Northport", "Three sail."]])
    assert paragraphs(data, ".docx") == [STORY[0], "Port", "Ferries", "Northport", "Three sail."]


@pytest.mark.parametrize(
    ("xml", "text"),
    [
        ("<w:r><w:t>The ships </w:t></w:r><w:ins><w:r><w:t>left.</w:t></w:r></w:ins>", "The ships left."),
        (
            "<w:r><w:t>They left.</w:t></w:r><w:del><w:r><w:delText> They stayed.</w:delText></w:r></w:del>",
            "They left.",
        ),
        ("<w:r><w:t>They left.</w:t></w:r><w:moveFrom><w:r><w:t> At ten.</w:t></w:r></w:moveFrom>", "They left."),
        ("<w:r><w:t>They left.</w:t></w:r><w:r><w:footnoteReference w:id='2'/></w:r>", "They left."),
        ("<w:r><w:t>They left.</w:t></w:r><w:r><w:rPr><w:vanish/></w:rPr><w:t>Draft</w:t></w:r>", "They left."),
        ("<w:r><w:rPr><w:vanish w:val='0'/></w:rPr><w:t>They left.</w:t></w:r>", "They left."),
        (
            "<w:hyperlink><w:r><w:t>The accord</w:t></w:r></w:hyperlink><w:r><w:tab/><w:t>holds.</w:t></w:r>",
            "The accord holds.",
        ),
        ("<w:r><w:instrText>PAGE</w:instrText></w:r><w:r><w:t>They left.</w:t></w:r>", "They left."),
        (
            "<w:r><w:t>Two</w:t><w:noBreakHyphen/><w:t>thirds</w:t><w:softHyphen/><w:t> left.</w:t></w:r>",
            "Two-thirds left.",
        ),
        ("<w:r><w:t>First line.</w:t><w:br/><w:t>Second line.</w:t></w:r>", "First line.\nSecond line."),
    ],
)
def test_only_what_a_word_file_shows_is_text(xml: str, text: str) -> None:
    assert paragraphs(word((STORY[0], None), xml=xml), ".docx") == [STORY[0], text]


def test_a_text_box_is_read_once_and_not_inside_the_paragraph_that_holds_it() -> None:
    box = "<w:txbxContent><w:p><w:r><w:t>A box.</w:t></w:r></w:p></w:txbxContent>"
    xml = (
        "<w:r><w:t>They left.</w:t></w:r><w:r>"
        '<mc:AlternateContent xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006">'
        f"<mc:Choice>{box}</mc:Choice><mc:Fallback>{box}</mc:Fallback></mc:AlternateContent></w:r>"
    )
    assert paragraphs(word((STORY[0], None), xml=xml), ".docx") == [STORY[0], "They left.", "A box."]


def test_a_file_that_word_encrypted_is_named_as_such() -> None:
    assert "password" in complaint(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(500), ".docx")


def test_a_word_file_without_text_says_so() -> None:
    assert "holds no text" in complaint(word(), ".docx")


# ------------------------------------------------------------------------------------- OpenDocument

NAMESPACES = " ".join(
    f'xmlns:{prefix}="urn:oasis:names:tc:opendocument:xmlns:{kind}:1.0"'
    for prefix, kind in (
        ("office", "office"),
        ("text", "text"),
        ("table", "table"),
        ("draw", "drawing"),
        ("style", "style"),
    )
)


def odt(body: str, styles: str = "", manifest: str = "", kind: str = "text") -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.text")
        archive.writestr("META-INF/manifest.xml", f"<manifest>{manifest}</manifest>")
        archive.writestr(
            "content.xml",
            f"<office:document-content {NAMESPACES}><office:automatic-styles>{styles}</office:automatic-styles>"
            f"<office:body><office:{kind}>{body}</office:{kind}></office:body></office:document-content>",
        )
    return stream.getvalue()


def p(text: str, style: str = "Standard") -> str:
    return f'<text:p text:style-name="{style}">{text}</text:p>'


def test_an_opendocument_file_gives_its_paragraphs_headline_first() -> None:
    body = p("3 November 2031") + '<text:h text:outline-level="1">Talks resume</text:h>' + p(STORY[0]) + p("")
    assert paragraphs(odt(body), ".odt") == ["Talks resume", "3 November 2031", STORY[0]]


@pytest.mark.parametrize("style", ["Title", "P1"])
def test_the_title_of_an_opendocument_file_comes_first(style: str) -> None:
    styles = '<style:style style:name="P1" style:parent-style-name="Title"/>'
    body = '<text:h text:outline-level="1">Before</text:h>' + p("Talks resume", style) + p(STORY[0])
    assert paragraphs(odt(body, styles), ".odt") == ["Talks resume", "Before", STORY[0]]


@pytest.mark.parametrize(
    ("body", "texts"),
    [
        (p("The ships <text:span>le<text:span>ft</text:span></text:span>.<text:s/>All."), ["The ships left. All."]),
        (
            p("They left.<text:note><text:note-body><text:p>A note.</text:p></text:note-body></text:note>"),
            ["They left."],
        ),
        (p("They<office:annotation><text:p>Sure?</text:p></office:annotation> left."), ["They left."]),
        (f"<text:tracked-changes>{p('They stayed.')}</text:tracked-changes>{p('They left.')}", ["They left."]),
        (p("First line.<text:line-break/>Second line."), ["First line.\nSecond line."]),
        (p("They<!-- never --> left."), ["They left."]),
        (f"<text:list><text:list-item>{p('One.')}</text:list-item></text:list>{p('Two.')}", ["One.", "Two."]),
        (
            f"<table:table><table:table-row><table:table-cell>{p('Port')}</table:table-cell>"
            f"<table:table-cell>{p('Ferries')}</table:table-cell></table:table-row></table:table>",
            ["Port", "Ferries"],
        ),
        (
            p(f"They left.<draw:frame><draw:text-box>{p('A box.')}</draw:text-box></draw:frame>"),
            ["They left.", "A box."],
        ),
    ],
)
def test_only_what_an_opendocument_file_shows_is_text(body: str, texts: list[str]) -> None:
    assert paragraphs(odt(body), ".odt") == texts


def test_an_opendocument_file_with_a_password_says_so() -> None:
    assert "password" in complaint(odt(p("x"), manifest="<encryption-data/>"), ".odt")


def test_an_opendocument_sheet_is_no_article() -> None:
    assert "not of text" in complaint(odt(p("x"), kind="spreadsheet"), ".odt")


def test_entities_of_an_opendocument_file_reach_no_other_file(tmp_path: Any) -> None:
    (tmp_path / "secret.txt").write_text("secret")
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("META-INF/manifest.xml", "<manifest/>")
        archive.writestr(
            "content.xml",
            f'<!DOCTYPE x [<!ENTITY e SYSTEM "file://{tmp_path}/secret.txt">]><office:document-content {NAMESPACES}>'
            f"<office:body><office:text>{p('They left. &e;')}</office:text></office:body></office:document-content>",
        )
    assert "secret" not in read_document(stream.getvalue(), "story.odt", ".odt")


# --------------------------------------------------------------------------------------------- PDF

Placed = tuple[float, float, float, str]
"""Left, bottom, size and text of a line."""


def pdf(*pages: Sequence[Placed], extra: bytes = b"", trailer: bytes = b"") -> bytes:
    """Write a PDF file with lines of Helvetica."""
    kids = " ".join(f"{4 + 2 * number} 0 R" for number in range(len(pages)))
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Count {len(pages)} /Kids [{kids}] >>".encode(),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica "
        b"/Encoding << /BaseEncoding /WinAnsiEncoding /Differences [1 /fi] >> >>",
    ]
    for number, page in enumerate(pages):
        drawn = b"".join(
            f"BT /F {size} Tf {left} {bottom} Td (".encode()
            + text.encode("cp1252").replace(b"(", rb"\(").replace(b")", rb"\)")
            + b") Tj ET\n"
            for left, bottom, size, text in page
        )
        packed = zlib.compress(drawn)
        objects += [
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents {5 + 2 * number} 0 R "
            "/Resources << /Font << /F 3 0 R >> >> >>".encode(),
            f"<< /Length {len(packed)} /Filter /FlateDecode >>\nstream\n".encode() + packed + b"\nendstream",
        ]
    data, places = b"%PDF-1.4\n", []
    for number, content in enumerate([*objects, *([extra] if extra else [])], 1):
        places.append(len(data))
        data += f"{number} 0 obj\n".encode() + content + b"\nendobj\n"
    table = f"xref\n0 {len(places) + 1}\n0000000000 65535 f \n" + "".join(f"{place:010} 00000 n \n" for place in places)
    end = b"trailer << /Size %d /Root 1 0 R %b >>\nstartxref\n%d\n%%%%EOF\n" % (len(places) + 1, trailer, len(data))
    return data + table.encode() + end


def column(lines: Sequence[str], left: float = 72, top: float = 700, size: float = 10, gap: float = 12) -> list[Placed]:
    return [(left, top - at * gap, size, line) for at, line in enumerate(lines) if line]


WRAPPED = [
    "The two ports signed an accord on Monday after three weeks of talks, the harbour office in Malmö",
    "said. Neither side would say what it had given up, but the ferries are to sail again before the end",
    "of the month.",
]


def test_hard_wrapped_lines_of_a_pdf_are_joined_into_paragraphs() -> None:
    page = column([*WRAPPED, "", "The mayor called the accord a beginning."])
    assert paragraphs(pdf(page), ".pdf") == [" ".join(WRAPPED), "The mayor called the accord a beginning."]


def test_paragraphs_of_a_pdf_may_be_told_by_their_indent_or_their_short_last_line() -> None:
    lines = column(
        [*WRAPPED, "The mayor called the accord a beginning and said that both councils would vote on it soon."]
    )
    assert paragraphs(pdf(lines), ".pdf") == [" ".join(WRAPPED), lines[3][3]]
    full = column(
        [*WRAPPED[:2], "The mayor called it a beginning, and many of the people in both of the towns agreed."]
    )
    assert len(paragraphs(pdf(full), ".pdf")) == 1
    indented = [*full[:2], (86, *full[2][1:])]
    assert paragraphs(pdf(indented), ".pdf") == [" ".join(WRAPPED[:2]), full[2][3]]


def test_double_spaced_lines_are_not_paragraphs() -> None:
    page = column([*WRAPPED, "", "The mayor called the accord a beginning."], gap=24)
    assert paragraphs(pdf(page), ".pdf") == [" ".join(WRAPPED), "The mayor called the accord a beginning."]


@pytest.mark.parametrize(
    ("lines", "text"),
    [
        (["The harbour of North-", "port was shut."], "The harbour of Northport was shut."),
        (["The har-", "bour was shut."], "The harbour was shut."),
        (["An Anglo-", "Norse accord."], "An Anglo-Norse accord."),
        (["It was shut -", "for a day."], "It was shut - for a day."),
        (["It was the year 2031-", "a good one."], "It was the year 2031-a good one."),
    ],
)
def test_a_hyphen_at_a_line_end_goes_between_small_letters_only(lines: list[str], text: str) -> None:
    assert paragraphs(pdf(column(lines)), ".pdf") == [text]


def test_the_headline_of_a_pdf_is_what_is_set_in_the_biggest_letters() -> None:
    head = [
        (72, 780, 10, "3 November 2031"),
        (72, 750, 20, "Talks resume between the two"),
        (72, 728, 20, "ports in Malmö"),
    ]
    assert paragraphs(pdf([*head, *column(WRAPPED)]), ".pdf") == [
        "Talks resume between the two ports in Malmö",
        "3 November 2031",
        " ".join(WRAPPED),
    ]


def test_columns_of_a_pdf_are_read_one_after_the_other() -> None:
    left = ["The two ports signed an accord", "on Monday after three weeks of"]
    right = ["talks, the harbour office said.", "Neither side would say more."]
    title = (72, 740, 20, "Talks resume between the two ports")
    page = [title, *(line for pair in zip(column(left), column(right, left=320), strict=True) for line in pair)]
    assert paragraphs(pdf(page), ".pdf") == [title[3], " ".join([*left, *right])]


def test_headers_footers_and_page_numbers_of_a_pdf_are_left_out() -> None:
    def page(number: int, lines: list[str]) -> list[Placed]:
        head = [(72, 810, 8, "3/11/2031, 16:00"), (300, 810, 8, "Talks resume | The Daily")]
        return [*head, *column(lines), (72, 20, 8, "https://daily.example/talks"), (540, 20, 8, f"{number}/2")]

    text = paragraphs(pdf(page(1, ["Talks resume | The Daily", *WRAPPED[:2]]), page(2, [WRAPPED[2]])), ".pdf")
    assert " ".join(text) == " ".join(["Talks resume | The Daily", *WRAPPED])
    assert paragraphs(pdf([*column(WRAPPED), (290, 30, 10, "- 7 -")]), ".pdf") == [" ".join(WRAPPED)]
    counted = column(["In all that time these ferries sailed", "12", "and no more of them than that."])
    assert paragraphs(pdf([*column(WRAPPED[:2], top=760), *counted, *column(WRAPPED[:2], top=600)]), ".pdf")[
        1
    ].endswith("sailed 12 and no more of them than that.")


def test_a_paragraph_of_a_pdf_goes_on_over_a_page() -> None:
    assert paragraphs(pdf(column(WRAPPED[:1]), column(WRAPPED[1:])), ".pdf") == [" ".join(WRAPPED)]


def test_sentences_of_a_pdf_are_those_of_its_text() -> None:
    text = read_document(pdf(column(WRAPPED)), "story.pdf", ".pdf")
    assert [s.text for s in split_sentences(text)] == [
        f"{WRAPPED[0]} said.",
        "Neither side would say what it had given up, but the ferries are to sail again before the end of the month.",
    ]


def test_ligatures_are_the_letters_that_they_stand_for() -> None:
    assert paragraphs(pdf(column(["The \x01rst of the \x01ve ships"])), ".pdf") == ["The first of the five ships"]


def test_letters_that_a_pdf_does_not_name_are_not_taken_for_text() -> None:
    assert "run OCR first" in complaint(pdf(column(["(cid:12)(cid:7)(cid:31) (cid:3)(cid:9)", *WRAPPED[2:]])), ".pdf")
    assert paragraphs(pdf(column([*WRAPPED, "(cid:3)"])), ".pdf")


def test_a_pdf_that_lost_its_end_is_not_read_in_part() -> None:
    data = pdf(column(WRAPPED), column(WRAPPED[:2]))
    for cut in (len(data) - 8, data.rindex(b"xref\n0 "), data.rindex(b" 0 obj")):
        assert "damaged" in complaint(data[:cut], ".pdf")


def test_a_scan_has_no_text() -> None:
    assert "holds no text (a scan?); run OCR first" in complaint(pdf([]), ".pdf")
    assert "holds no text" in complaint(pdf([(290, 30, 10, "7")]), ".pdf")


def test_a_pdf_with_a_password_says_so() -> None:
    encrypt = b"/Encrypt << /Filter /Standard /V 1 /R 2 /P -4 /O <%b> /U <%b> >> /ID [<00> <00>]" % (
        b"ab" * 32,
        b"cd" * 32,
    )
    assert "password" in complaint(pdf(column(WRAPPED), trailer=encrypt), ".pdf")


# ----------------------------------------------------------------------------------- what can't be read


@pytest.mark.parametrize("ending", [".docx", ".odt", ".pdf"])
def test_a_damaged_or_cut_file_says_so(ending: str) -> None:
    data = {".docx": story(), ".odt": odt(p(STORY[0])), ".pdf": pdf(column(WRAPPED))}[ending]
    for broken in (data[: len(data) // 2], b"no such thing", b"PK\x03\x04" + bytes(100), data[:5] + bytes(len(data))):
        assert "damaged" in complaint(broken, ending)
    assert "is empty" in complaint(b"", ending)


@pytest.mark.parametrize("ending", [".docx", ".odt", ".pdf"])
def test_wrong_bytes_anywhere_give_text_or_one_line(ending: str) -> None:
    data = {".docx": story(), ".odt": odt(p(STORY[0])), ".pdf": pdf(column(WRAPPED))}[ending]
    chance = random.Random(7)
    complaints: list[str] = []
    for _ in range(200):
        broken = bytearray(data)
        for _ in range(chance.choice((1, 3, 20, 200))):
            broken[chance.randrange(len(broken))] = chance.randrange(256)
        try:
            assert read_document(bytes(broken), "story", ending)
        except InputError as error:
            complaints.append(str(error))
    assert len(complaints) > 50 and "\n" not in "".join(complaints)


@pytest.mark.parametrize("ending", [".docx", ".odt"])
def test_an_archive_of_something_else_is_no_document(ending: str) -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("photo.txt", "x")
    assert "not " + ending in complaint(stream.getvalue(), ending)
    for part in ("word/document.xml", "content.xml", "[Content_Types].xml"):
        data = {".docx": story(), ".odt": odt(p("x"))}[ending]
        source, broken = zipfile.ZipFile(io.BytesIO(data)), io.BytesIO()
        if part not in source.namelist():
            continue
        with zipfile.ZipFile(broken, "w") as archive:
            for name in source.namelist():
                archive.writestr(name, b"<broken" if name == part else source.read(name))
        assert "damaged" in complaint(broken.getvalue(), ending)


def test_what_unpacks_to_far_more_than_an_article_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(documents, "UNPACKED", 2_000_000)
    zeros = zlib.compress(bytes(3_000_000))
    extra = b"<< /Length %d /Filter /FlateDecode >>\nstream\n%b\nendstream" % (len(zeros), zeros)
    assert "unpacks to more than 2 MB" in complaint(pdf(column(WRAPPED), extra=extra), ".pdf")
    for data, ending in ((story(), ".docx"), (odt(p("x")), ".odt")):
        assert read_document(data, "small", ending)
        stream = io.BytesIO(data)
        with zipfile.ZipFile(stream, "a", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("media/zeros", bytes(3_000_000))
        assert "unpacks to more than 2 MB" in complaint(stream.getvalue(), ending)


@pytest.mark.parametrize(
    ("ending", "module", "kind"), [(".docx", "docx", "Word files"), (".pdf", "pdfminer.high_level", "PDF files")]
)
def test_a_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch, ending: str, module: str, kind: str) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    data = {".docx": story(), ".pdf": pdf(column(WRAPPED))}[ending]
    assert complaint(data, ending) == (
        f"story{ending}: reading {kind} needs the extra documents: pip install 'framescope[documents]'"
    )


def test_libraries_are_imported_only_when_used() -> None:
    import subprocess

    code = "import experiments.articles.documents, sys; print({'docx', 'pdfminer', 'lxml'} & set(sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "set()\n"


@pytest.mark.parametrize("junk", [b"stream\n", b"stream\nendstream", b"1 0 obj\n<< ", b"x"])
def test_junk_in_a_pdf_takes_no_longer_than_its_length(junk: bytes) -> None:
    assert grows_no_faster(lambda data: documents._check_streams(data, "story.pdf"), junk, 100_000, 0.01)
