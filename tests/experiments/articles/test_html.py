"""A page's headline is the first sentence of its article, wherever the page has it, and stands there once."""

import pytest

from experiments.articles.html import decode_html, from_html, is_html
from experiments.articles.sentences import split_sentences
from experiments.errors import InputError
from tests.growth import grows_no_faster

STORY = [
    "The two ports signed an accord on Monday after three weeks of talks, the harbour office in Malmö said.",
    "Neither side would say what it had given up, but the ferries are to sail again before the end of the month.",
    "The mayor called the accord a beginning and said that both councils would vote on it next Thursday.",
]


def page(head: str = "", before: str = "", inside: str = "", after: str = "") -> str:
    story = "\n".join(f"<p>{text}</p>" for text in STORY)
    return (
        f"<!doctype html><html><head>{head}</head><body>{before}<nav><a href='/'>Home</a></nav><article>{inside}\n"
        f"{story}\n{after}</article><footer>Copyright 2031 The Harbour Post</footer></body></html>"
    )


def og(title: str) -> str:
    return f'<meta property="og:title" content="{title}">'


def paragraphs(html: str) -> list[str]:
    return from_html(html, "page.html").removesuffix("\n").split("\n\n")


@pytest.mark.parametrize(
    "html",
    [
        page("<title>Talks resume</title>"),
        page(og("Talks resume")),
        page('<meta name="twitter:title" content="Talks resume">'),
        page(inside="<h1>Talks resume</h1>"),
        page(before="<h1>Talks <em>resume</em></h1>"),
        page(after="<h1>Talks resume</h1>"),
        page("<title>Talks resume</title>", inside="<h1>Talks resume</h1>", after="<p>Talks resume</p>"),
        page("<title>\n  Talks\n  resume </title>"),
        # the site's name goes
        page("<title>Talks resume | The Daily</title>"),
        page("<title>Talks resume - Daily</title>"),
        page("<title>Talks resume – The Daily</title>"),
        page("<title>Talks resume : The Daily</title>"),
        page("<title>Talks resume | World | The Daily</title>"),
        page("<title>The Daily: Talks resume</title>" + og("Talks resume")),
        page("<title>Talks resume | The Daily Post of the Four Northern Ports</title>", inside="<h1>Talks resume</h1>"),
        page('<title>Daily | Talks resume</title><meta property="og:site_name" content="Daily">'),
        page("<title>Daily | Talks resume</title>", before='<h1><a href="https://daily.example/">Daily</a></h1>'),
        page(og("Talks resume | The Daily"), after="<p>Talks resume | The Daily</p>"),
        # another heading isn't the headline
        page("<title>Talks resume | The Daily</title>", before="<h1>World</h1>"),
        page("<title>World</title>" + og("Talks resume"), before="<h1>World</h1>"),
        page("<title>Daily</title>", inside="<h1>Talks resume</h1>"),
        page(og("Talks resume"), before='<h1><a href="/">Daily</a></h1>'),
        page(before='<h1><a href="/">The Daily</a></h1>', inside="<h1>Talks resume</h1>"),
    ],
)
def test_the_headline_comes_first_and_once(html: str) -> None:
    assert paragraphs(html) == ["Talks resume", *STORY]
    assert split_sentences(from_html(html, "page.html"))[0].text == "Talks resume"


@pytest.mark.parametrize(
    ("html", "headline"),
    [
        (page("<title>Talks go on: mayor</title>"), "Talks go on: mayor"),
        (page("<title>Ferries stay in port – what we know</title>"), "Ferries stay in port – what we know"),
        (page("<title>Northport: Talks resume</title>"), "Northport: Talks resume"),
        (page("<title>Talks | Harbour Post</title>", inside="<h1>Talks | Harbour Post</h1>"), "Talks | Harbour Post"),
        (page(og("Ships &amp;amp; ports sign")), "Ships & ports sign"),
        (
            page(
                "<title>Talks in the ports resume</title>", inside="<h1>After a storm, talks in the ports resume</h1>"
            ),
            "After a storm, talks in the ports resume",
        ),
        (
            page(og("You won't believe this"), inside="<h1>Talks resume</h1>", before="<h1>News</h1>").replace(
                "<head>", "<head><title>Talks resume - Daily</title>"
            ),
            "Talks resume",
        ),
    ],
)
def test_the_headline_is_the_best_of_those_that_a_page_has(html: str, headline: str) -> None:
    assert paragraphs(html) == [headline, *STORY]


def test_paragraphs_without_words_are_no_second_headline() -> None:
    assert paragraphs(page(og("Talks resume") + "<title>–</title>", after="<p>* * *</p>" + f"<p>{STORY[0]}!</p>"))[
        -2:
    ] == [
        "* * *",
        f"{STORY[0]}!",
    ]


def test_a_page_without_headline_begins_with_its_story() -> None:
    assert paragraphs(page()) == STORY


def test_headings_of_sections_stay_in_the_text() -> None:
    html = page(
        "<title>Talks resume in both of the ports</title>", after=f"<h1>What is next</h1><p>{STORY[0][:-1]} again.</p>"
    )
    assert paragraphs(html)[-2:] == ["What is next", f"{STORY[0][:-1]} again."]


@pytest.mark.parametrize(
    "before",
    [
        "",
        "\ufeff",
        "\n ",
        "<!-- saved from url=(0030)https://news.example/story -->\n",
        '<?xml version="1.0" encoding="UTF-8"?>\n',
    ],
)
def test_a_page_may_begin_with_a_comment_or_a_declaration(before: str) -> None:
    xhtml = page("<title>Talks resume</title>").replace("<html>", '<html xmlns="http://www.w3.org/1999/xhtml">')
    for html in (before + xhtml, before + xhtml.removeprefix("<!doctype html>")):
        assert is_html(html)
        assert paragraphs(html) == ["Talks resume", *STORY]


@pytest.mark.parametrize(
    "text",
    [
        "<b>Ships</b> sail.",
        "Ships sail. <html>",
        "<!-- a comment -->\nShips sail.",
        '<?xml version="1.0"?><rss>',
        "{}",
        "",
    ],
)
def test_other_texts_are_no_pages(text: str) -> None:
    assert not is_html(text)


@pytest.mark.parametrize(
    "head", ['<meta charset="iso-8859-1">', '<meta http-equiv="x" content="text/html; charset=iso-8859-1">']
)
def test_the_encoding_is_what_the_page_declares(head: str) -> None:
    html = page(head)
    assert decode_html(html.encode("iso-8859-1"), "page.html") == (html, None)


def test_an_xml_declaration_declares_the_encoding_too() -> None:
    html = '<?xml version="1.0" encoding="iso-8859-2"?>\n' + page().replace("Malmö", "Łódź")
    assert decode_html(html.encode("iso-8859-2"), "page.html") == (html, None)
    assert "Łódź" in from_html(html, "page.html")


def test_the_users_encoding_comes_before_the_pages_and_a_false_one_is_passed_over() -> None:
    html = page('<meta charset="utf-8">')
    assert decode_html(html.encode("cp1252"), "page.html", "cp1252") == (html, None)
    assert decode_html(html.encode("cp1252"), "page.html") == (html, "page.html: is not UTF-8; read as cp1252")
    assert decode_html(page('<meta charset="no-such">').encode(), "page.html")[1] is None
    with pytest.raises(InputError, match=r"page\.html"):
        decode_html(html.encode("cp1252"), "page.html", "utf-8")


@pytest.mark.parametrize("html", ["<html><body></body></html>", "<html>", "<!doctype html>"])
def test_a_page_without_article_says_so(html: str) -> None:
    with pytest.raises(InputError, match=r"page\.html: no article text was found"):
        from_html(html, "page.html")


@pytest.mark.parametrize("unit", ["<!-- ", "<!-- x -->", "<?x?>", " ", "<? "])
def test_telling_a_page_takes_time_in_its_length_and_no_more(unit: str) -> None:
    assert grows_no_faster(is_html, unit, 100_000, 0.002)


@pytest.mark.parametrize("charset", ["undefined", "idna", "base64", "no-such", "punycode"])
def test_a_page_that_declares_what_is_no_encoding_is_read_all_the_same(charset):
    found, _ = decode_html(page(f'<meta charset="{charset}">').encode(), "page.html")
    assert "<meta" in found
