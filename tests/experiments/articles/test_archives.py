import gzip

import pytest

from experiments.articles.inputs import Columns
from experiments.articles.read import read_articles
from experiments.errors import InputError

pytest.importorskip("fastwarc")

PAGE = (
    "<html><head><title>Talks</title></head><body><article><h1>Talks resume</h1><p>The two ports signed an accord in "
    "Malmö on Monday, and both mayors called it a beginning of better years.</p></article></body></html>"
)


def record(kind, url, body, content_type="application/http; msgtype=response"):
    head = (
        f"WARC/1.0\r\nWARC-Type: {kind}\r\nWARC-Target-URI: {url}\r\nWARC-Date: 2031-05-06T07:08:09Z\r\n"
        f"WARC-Record-ID: <urn:uuid:{abs(hash(url))}>\r\nContent-Type: {content_type}\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body + b"\r\n\r\n"


def answer(url, content, status="200 OK", content_type="text/html; charset=latin-1", more=""):
    return record(
        "response", url, f"HTTP/1.1 {status}\r\nContent-Type: {content_type}\r\n{more}\r\n".encode() + content
    )


RECORDS = [
    record("warcinfo", "", b"software: x\r\n", "application/warc-fields"),
    answer("https://a.example/1", PAGE.encode("latin-1")),
    answer("https://a.example/gone", b"<html>not here</html>", status="404 Not Found"),
    answer("https://a.example/logo.png", b"\x89PNG", content_type="image/png"),
    answer(
        "https://a.example/2", gzip.compress(PAGE.encode()), content_type="text/html", more="Content-Encoding: gzip\r\n"
    ),
    record("conversion", "https://a.example/3", "Talks fail in Malmö.".encode(), "text/plain"),
]


@pytest.mark.parametrize("packed", ["no", "each", "all"])
def test_pages_of_an_archive_are_articles(tmp_path, packed):
    path = tmp_path / ("pages.warc" if packed == "no" else "pages.warc.gz")
    parts = map(gzip.compress, RECORDS) if packed == "each" else RECORDS
    path.write_bytes(gzip.compress(b"".join(parts)) if packed == "all" else b"".join(parts))
    said = []
    articles = list(read_articles([str(path)], Columns(keep=("url", "date")), warn=said.append))
    assert [article.id for article in articles] == [f"https://a.example/{n}" for n in (1, 2, 3)]
    assert [article.text.count("Malmö") for article in articles] == [1, 1, 1]
    assert articles[0].sentences[0].text == "Talks resume"
    assert articles[2].kept == {"url": "https://a.example/3", "date": "2031-05-06T07:08:09+00:00"}
    assert said == [f"{path}: 2 records that are no page passed over, 3 read"]


@pytest.mark.parametrize("ending", ["warc", "wet.gz"])
@pytest.mark.parametrize("lost", [2, 30, 200])
def test_archive_that_is_cut_off_is_told_of(tmp_path, ending, lost):
    path = tmp_path / f"pages.{ending}"
    whole = b"".join(RECORDS[1:])
    path.write_bytes((gzip.compress(whole) if ending.endswith("gz") else whole)[:-lost])
    with pytest.raises(InputError, match="cut off"):
        list(read_articles([str(path)], warn=lambda line: None))


def test_other_files_are_no_archives(tmp_path):
    (tmp_path / "a.warc").write_text("hello world\n" * 10)
    with pytest.raises(InputError, match="no web archive"):
        list(read_articles([str(tmp_path / "a.warc")]))
    (tmp_path / "b.warc").write_bytes(b"".join(RECORDS[:1]))
    with pytest.raises(InputError, match="holds no page: 0 records"):
        list(read_articles([str(tmp_path / "b.warc")]))
    (tmp_path / "c.warc").write_bytes(b"".join(RECORDS))
    with pytest.raises(InputError, match="no column 'outlet' to keep; of an archive there are url and date"):
        list(read_articles([str(tmp_path / "c.warc")], Columns(keep=("outlet",))))
