"""What a page adds around its news is marked; news never is."""

import pytest

from experiments.articles.read import split_sentences

STORY = [
    "Two ports sign a ferry accord",
    "The two ports signed an accord on Monday after three weeks of talks, the harbour office said.",
    "Neither side would say what it had given up, but the ferries are to sail again next month.",
    "“You can support us or leave,” the mayor told the council on Tuesday. The vote is next week.",
]


def marked(*paragraphs: str, after: int = 2) -> list[str]:
    """Return what is marked when paragraphs stand inside the story."""
    text = "\n\n".join([*STORY[:after], *paragraphs, *STORY[after:]])
    return [sentence.text for sentence in split_sentences(text) if sentence.boilerplate]


def test_the_story_itself_is_kept() -> None:
    assert marked() == []


@pytest.mark.parametrize(
    "line",
    [
        "Nov 3, 2031 - 16:00",
        "Published 12:03 GMT",
        "Updated: Monday, 3 November 2031 at 4:05 p.m. EST",
        "5 min read",
        "Two harbour masters shake hands in the rain, illustrative image.",
        "The harbour of Northport, seen in May. (AP Photo/Jane Roe)",
        "The harbour of Northport on Monday. Photo: Jane Roe/Reuters",
        "FILE - The harbour of Northport is seen on May 3, 2030.",
        "Pictured: the harbour master leaves the talks",
        "Getty Images",
        "Image: Jane Roe",
        "Scroll down for video",
        "Related:",
        "MORE: Harbour master quits after a storm",
        "Read more: Why the ferries stopped",
        "Ads by Adco",
        "Advertisement",
        "Share this article",
        "Share Tweet Email Print",
        "Follow Jane Roe (@janeroe) on Twitter",
        "By Jane Roe and John Doe in Northport",
        "(Reporting by Jane Roe; editing by John Doe)",
        "© 2031 The Harbour Post. All rights reserved.",
        "This website uses cookies to improve your experience.",
        "Sign up for our weekly newsletter and get the news in your inbox.",
        "Please donate today.",
        "Contact the newsroom at news@post.example",
        "* * *",
    ],
)
def test_lines_of_a_page_are_marked_as_a_whole(line: str) -> None:
    assert " ".join(marked(line)) == line


@pytest.mark.parametrize(
    "sentence",
    [
        "NORTHPORT, Norway (AP) -- Troops moved into the harbour on Monday.",
        "LONDON (Reuters) - The bank will support our journalism prize, it said.",
        "A photo of the minister with the rebels was published on Monday.",
        "The agency published satellite images that show the missing ships.",
        "Readers who subscribe to the paper's newsletter were told first.",
        "He asked residents to donate blood and to support the army.",
        "“Become a member of our community and help us fight,” the militia's video said.",
        "Copyright law will not change, the ministry said.",
        "On Monday 3 November the talks begin.",
        "In May 2031 it sank.",
        "Minister: we will never sign the accord",
        "By Friday the ferries had stopped.",
        "We share this view, and you should too.",
        "The minister said: “Read more before you write about us.”",
        "Contact with the ship was lost on Sunday.",
        "If you live in the port, you hear the guns at night.",
        "Follow the money, the prosecutor told the court on Tuesday.",
        "No.",
    ],
)
def test_news_is_never_marked(sentence: str) -> None:
    assert marked(sentence) == []


def test_the_second_copy_of_the_title_is_marked_and_the_first_kept() -> None:
    text = "\n\n".join([STORY[0], STORY[1], "Two Ports Sign a Ferry Accord", *STORY[2:]])
    flags = {s.start: s.boilerplate for s in split_sentences(text)}
    assert [start for start, flag in flags.items() if flag] == [text.index("Two Ports Sign")]
    assert flags[0] is False


def test_a_plea_is_marked_to_its_last_sentence() -> None:
    plea = (
        "You may go now. Or you could become a member and help us pay for work like this. Our newsroom is small. "
        "We keep our reporting free for everyone because readers like you chip in. It takes one minute. Donate now!"
    )
    assert " ".join(marked(plea, after=4)) == plea


def test_an_editorial_that_addresses_the_reader_is_no_plea() -> None:
    assert marked("You may think that the accord is weak. You would be right. Our towns deserve a better one.") == []


def test_titles_under_a_related_heading_are_marked_up_to_the_next_sentence() -> None:
    assert marked("Related:", "Harbour master quits after a storm", "Why the ferries stopped") == [
        "Related:",
        "Harbour master quits after a storm",
        "Why the ferries stopped",
    ]


def test_teasers_under_an_advertising_heading_are_marked_and_the_story_after_them_kept() -> None:
    assert marked("Ads by Adco", "Doctors hate this trick", "One tiny gadget makes cooking simple") == [
        "Ads by Adco",
        "Doctors hate this trick",
        "One tiny gadget makes cooking simple",
    ]


def test_labelled_captions_without_a_stop_are_marked_and_speakers_are_not() -> None:
    caption = "Handshake: the harbour master, pictured on Monday, with the mayor of the other port"
    assert marked(caption) == [caption]
    assert (
        marked("Mayor: what we have seen is a threat to both of our towns", "Mayor: nothing that was shown is true")
        == []
    )


def test_only_the_credit_is_marked_after_a_dateline() -> None:
    assert marked("NORTHPORT (AP) -- Troops moved in on Monday. (AP Photo/Jane Roe)") == ["(AP Photo/Jane Roe)"]


def test_a_long_paragraph_is_never_marked_as_a_whole() -> None:
    paragraph = "The ferries sailed on Monday. " * 80 + "Become a member and support us."
    assert len(marked(paragraph)) == 0
