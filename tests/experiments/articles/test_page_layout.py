"""Lines on pages become paragraphs in the order in which a reader reads them."""

from experiments.articles.page_layout import Line, paragraphs_of


def lines(*texts: str, left: float = 72, top: float = 700, size: float = 10, width: float = 5) -> list[Line]:
    return [
        Line(text, left, left + width * len(text), top - 1.2 * size * at, size) for at, text in enumerate(texts) if text
    ]


STORY = [
    "The two ports signed an accord on Monday after three weeks of talks, the harbour",
    "office said. Neither side would say what it had given up, but the ferries are to",
    "sail again before the end of the month.",
]


def test_a_document_without_lines_has_no_paragraphs() -> None:
    assert paragraphs_of([]) == paragraphs_of([[], []]) == []


def test_a_soft_hyphen_goes_wherever_it_stands() -> None:
    assert paragraphs_of([lines("The Har\u00ad", "bour mas\u00adter left")]) == ["The Harbour master left"]


def test_lines_are_read_from_the_top_whatever_their_order_in_the_file() -> None:
    assert paragraphs_of([lines(*STORY)[::-1]]) == [" ".join(STORY)]


def test_columns_whose_lines_stand_at_different_heights_are_kept_apart() -> None:
    left = lines("The two ports signed an accord", "on Monday after three weeks of", "talks, and the ferries of both")
    right = lines("of them are to sail again from", "the first day of next month.", left=320, top=697)
    assert paragraphs_of([[*left, *right]]) == [" ".join(line.text for line in [*left, *right])]


def test_text_over_the_whole_page_parts_columns_above_it_from_those_below() -> None:
    def columns(top: float, left: str, right: str) -> list[Line]:
        return [
            *lines(f"{left} one and", f"{left} two.", top=top),
            *lines(f"{right} one and", f"{right} two.", left=320, top=top),
        ]

    page = [
        *columns(700, "Northport", "Southport"),
        *lines("Across " * 12 + "it.", top=660),
        *columns(630, "East", "West"),
    ]
    assert paragraphs_of([page]) == [
        "Northport one and Northport two.",
        "Southport one and Southport two.",
        ("Across " * 12 + "it."),
        "East one and East two.",
        "West one and West two.",
    ]


def test_a_bullet_apart_from_its_text_is_no_column() -> None:
    page = [
        *lines("•", top=700),
        *lines("Ships sail", left=90),
        *lines("•", top=688),
        *lines("Crews rest", left=90, top=688),
    ]
    assert paragraphs_of([page]) == ["• Ships sail", "• Crews rest"]


def test_items_with_bullets_are_paragraphs_and_their_second_lines_go_on() -> None:
    page = [
        *lines("• Ships sail from the", top=700),
        *lines("first of May", left=80, top=688),
        *lines("• Crews rest", top=676),
    ]
    assert paragraphs_of([page]) == ["• Ships sail from the first of May", "• Crews rest"]


def test_the_lines_of_a_centred_headline_are_one_paragraph() -> None:
    head = [
        Line("Talks resume between the two", 100, 400, 760, 20),
        Line("ports", 220, 280, 736, 20),
    ]
    assert paragraphs_of([[*head, *lines(*STORY)]])[0] == "Talks resume between the two ports"


def test_a_running_title_is_left_out_and_the_headline_of_the_same_words_kept() -> None:
    pages = [[Line("Talks resume now", 72, 150, 810, 8), *lines(*STORY), Line("Post", 72, 90, 20, 8)] for _ in range(3)]
    pages[0].append(Line("Talks resume now", 72, 250, 760, 20))
    assert paragraphs_of(pages)[0] == "Talks resume now"
    assert sum("Talks" in text or "Post" in text for text in paragraphs_of(pages)) == 1


def test_a_header_whose_digits_count_the_pages_is_left_out() -> None:
    pages = [[Line(f"Issue of 3 May, sheet {n}", 72, 150, 810, 8), *lines(*STORY)] for n in range(2)]
    assert not any("sheet" in text for text in paragraphs_of(pages))


def test_headers_that_differ_on_left_and_right_pages_are_left_out() -> None:
    def page(number: int, text: str) -> list[Line]:
        return [Line("The Post" if number % 2 else "World news", 72, 150, 810, 8), *lines(*STORY[:2], text, text)]

    found = " ".join(paragraphs_of([page(number, f"Page {'abcdefghi'[number]} of it") for number in range(6)]))
    assert "Post" not in found and "World" not in found and "Page a of it" in found


def test_a_masthead_of_two_words_is_no_headline() -> None:
    page = [Line("The Post", 72, 200, 790, 30), Line("Talks resume between ports", 72, 300, 750, 18), *lines(*STORY)]
    assert paragraphs_of([page])[:2] == ["Talks resume between ports", "The Post"]


def test_without_bigger_letters_nothing_moves() -> None:
    assert paragraphs_of(
        [[*lines("3 May 2031", top=760), *lines("Talks resume in the port", top=740), *lines(*STORY)]]
    ) == [
        "3 May 2031",
        "Talks resume in the port",
        " ".join(STORY),
    ]
