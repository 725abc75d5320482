"""What a page adds around its news is marked; news never is."""

import pytest

from experiments.articles.boilerplate import mark_boilerplate
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
        "Monday 3 1600 GMT",
        "7 November 2031",
        "Updated 1600 GMT",
        "2 hours ago",
        "Modified 3 days ago",
        "First published at 16:00",
        "NORTHPORT —",
        "NORTHPORT, Norway —",
        "NORTHPORT (Reuters) —",
        "Two harbour masters shake hands in the rain, illustrative image.",
        "The harbour of Northport, seen in May. (AP Photo/Jane Roe)",
        "The harbour of Northport on Monday. Photo: Jane Roe/Reuters",
        "FILE - The harbour of Northport is seen on May 3, 2030.",
        "Pictured: the harbour master leaves the talks",
        "File photo of the harbour on a calm day.",
        "In this image released by the navy, a ship leaves the harbour.",
        "The harbour of Northport, seen in May. (APPhoto/Jane Roe)",
        "The harbour of Northport, seen in May. (AFP/Jane Roe)",
        "The harbour of Northport, seen in May. (Jane Roe via Reuters)",
        "The harbour of Northport, seen in May. (Jane Roe, Getty Images)",
        "The harbour of Northport, seen in May. (file photo)",
        "The harbour of Northport in this undated photo.",
        "Two harbour masters shake hands. Jane Roe/Reuters",
        "Photo credit: the navy",
        "Cartoon by Jane Roe",
        "Getty Images",
        "Image: Jane Roe",
        "Scroll down for video",
        "Related:",
        "RelatedHarbour master quits after a storm",
        "MORE: Harbour master quits after a storm",
        "Read more: Why the ferries stopped",
        "Read next: They stopped on Monday.",
        "See also: Why the ferries stopped",
        "Related stories: Why the ferries stopped",
        "Related articles",
        "Related: They stopped on Monday.",
        "More: They stopped on Monday.",
        "Watch live: Ferries sail again",
        "Recommended: Why the ferries stopped",
        "Most read: Why the ferries stopped",
        "Don’t miss: Why the ferries stopped",
        "Next: Why the ferries stopped",
        "Tags: harbour, ferries",
        "Filed under: harbour, ferries.",
        "Share: Harbour Post",
        "Share: The Harbour Post.",
        "Sponsored: One tiny gadget",
        "Via: Harbour Post",
        "Phone: 555 0100",
        "You may also like",
        "Trending:",
        "See also",
        "Sponsored content",
        "Promoted stories",
        "From around the web",
        "Paid content",
        "Ads by Adco",
        "Advertisement",
        "Share this article",
        "Share Tweet Email Print",
        "Skip to content",
        "Home News World Politics Business Opinion Sport Sports Culture",
        "Menu Search Log in Sign up Register",
        "Login Subscribe Newsletter Newsletters RSS",
        "Facebook WhatsApp Telegram LinkedIn Reddit Pinterest Instagram",
        "Twitter YouTube Messenger E-mail",
        "Follow us on Telegram or via Messenger",
        "Prev 1 2 3 4 5 6 7 8 9 0 Next",
        "Previous page Back to top",
        "Bookmark this story Save Copy link",
        "Comment Reply View all comments",
        "Gallery Photos Play video Live",
        "Listen and download audio 7 min",
        "Print this post Font size A",
        "Accept cookies Continue reading",
        "Show more Show less Close ad",
        "Advertising Ads Sponsored app article",
        "Click here to enlarge",
        "12 comments",
        "By continuing to use this site you agree.",
        "Terms of use | Harbour Post",
        "Send tips to the newsroom",
        "Got a tip? Write to the newsroom.",
        "Follow Jane Roe (@janeroe) on Twitter",
        "By Jane Roe and John Doe in Northport",
        "Written by Jane Roe",
        "Edited by Jane Roe.",
        "Harbour Post, all rights reserved.",
        "All rights reservedTerms",
        "This material may not be published or broadcast.",
        "Editor’s note: the ferries sail again.",
        "This story has been updated.",
        "The views expressed in this column are her own.",
        "(Reporting by Jane Roe; editing by John Doe)",
        "© 2031 The Harbour Post. All rights reserved.",
        "This website uses cookies to improve your experience.",
        "Sign up for our weekly newsletter and get the news in your inbox.",
        "Please donate today.",
        "Become a member.",
        "We live by readers like you.",
        "For the price of a coffee you can read on.",
        "Join our community.",
        "Support us.",
        "Support independent journalism.",
        "You keep our newsroom alive.",
        "Register for news alerts.",
        "Subscribe to our paper.",
        "News in your inbox.",
        "Consider a small gift.",
        "Thanks for your support.",
        "Start your free trial.",
        "Already a subscriber?",
        "Download our app.",
        "Log in to your account.",
        "Unsubscribe.",
        "If you like this, read on.",
        "Help us stay.",
        "We depend on readers.",
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


@pytest.mark.parametrize(
    ("longest", "too_long"),
    [
        (" ".join(["Share"] * 12), " ".join(["Share"] * 13)),
        ("3 May 2031 " * 4 + "16:00", "3 May 2031 " * 4 + "16:00 at 5"),
        ("By Jane Roe and John Doe and Ann Poe and Moe Poe", "By Jane Roe and John Doe and Ann Poe and Moe Poe at Sea"),
        ("More: " + "why " * 28 + "ships", "More: " + "why " * 29 + "ships"),
        (
            "One left. Two left. Three left. Photo: Jane Roe",
            "One left. Two left. Three left. Four left. Photo: Jane Roe",
        ),
        ("ships " * 113 + "leave in this photo.", "ships " * 114 + "leave in this photo."),
        ("Photo: the ships left it on Monday morning.", "Photo: the ships left it early on Monday morning."),
        ("Art by Jane " + "and " * 16 + "Roe", "Art by Jane " + "and " * 17 + "Roe"),
        ("Reporting by " + "Roe " * 96 + "Doe", "Reporting by " + "Roe " * 96 + "Does"),
        ("You can " + "go " * 490 + "on. Become a member.", "You can " + "go " * 491 + "on. Become a member."),
    ],
)
def test_a_line_longer_than_its_kind_is_kept(longest: str, too_long: str) -> None:
    assert " ".join(marked(longest)) == longest
    assert marked(too_long) == []


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


def test_one_plea_makes_a_short_paragraph_a_plea_and_not_a_longer_one() -> None:
    plea = "You saw the storm. You lost a boat. You can support us."
    assert " ".join(marked(plea)) == plea
    assert marked(f"{plea} You may go.") == []


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


@pytest.mark.parametrize(
    "news",
    [
        "NORTHPORT, Norway (AP) -- Troops moved in on Monday, as is seen in this photo.",
        "NORTHPORT – Troops moved in on Monday, as is seen in this photo.",
        "“You should support us and become a member,” he told them.",
        "'You should support us and become a member,' he told them.",
        '"You should support us and become a member," he told them.',
    ],
)
def test_a_dateline_or_a_quotation_makes_it_news(news: str) -> None:
    assert marked(news) == []


def test_a_long_paragraph_is_never_marked_as_a_whole() -> None:
    paragraph = "The ferries sailed on Monday. " * 80 + "Become a member and support us."
    assert len(marked(paragraph)) == 0


@pytest.mark.parametrize(
    "headline",
    [
        "FLOOD KILLS HUNDREDS IN THE HIGHLANDS",
        "POP STAR MARRIES HER DRUMMER IN VENICE",
        "WHY 40% OF BEARS SLEEP BADLY",
        "BEAR FLEES ZOO AFTER FIGHT AND WOULD STEAL HONEY",  # after and would are in the story, but say nothing
    ],
)
def test_headlines_of_other_stories_in_capitals_are_marked(headline: str) -> None:
    assert marked(headline) == [headline]
    assert marked(headline, "STARS OF THE SCREEN REVEAL SECRETS", after=3) == [
        headline,
        "STARS OF THE SCREEN REVEAL SECRETS",
    ]


@pytest.mark.parametrize(
    "line",
    [
        "HOW FERRIES AND HARBOURS WILL MEASURE SUCCESS",  # the story takes it up
        "A FRAGILE PEACE",
        "WE WILL NEVER EVER SIGN ANYTHING!",
        "BEARS SLEEP BADLY THROUGHOUT LONG WINTERS.",
        "“BEARS SLEEP BADLY THROUGHOUT LONG WINTERS”",
        "3. BEARS SLEEP BADLY THROUGHOUT LONG WINTERS",
        "ERR, UM, OH MY, HA HA",
        "Bears sleep badly throughout long winters",
    ],
)
def test_a_heading_a_cry_or_a_sentence_in_capitals_is_kept(line: str) -> None:
    assert marked(line) == []


def test_a_line_in_capitals_is_kept_at_either_end_and_in_a_story_in_capitals() -> None:
    line = "BEARS SLEEP BADLY THROUGHOUT LONG WINTERS"
    for lines in ([line, *STORY[1:]], [STORY[0], line, *STORY[1:]], [*STORY, line]):
        assert not any(sentence.boilerplate for sentence in split_sentences("\n\n".join(lines)))
    shouted = "\n\n".join([*STORY[:2], line, *STORY[2:]]).upper()
    assert not any(sentence.boilerplate for sentence in split_sentences(shouted))


@pytest.mark.parametrize("credit", ["Reuters", "AFP", "(AP)", "Getty Images", "Reuters/Jane Roe", "ASSOCIATED PRESS."])
def test_an_agency_alone_is_marked_with_the_caption_under_it(credit: str) -> None:
    assert marked(credit) == [credit]
    assert marked(credit, "Two harbour masters in the rain") == [credit, "Two harbour masters in the rain"]
    assert marked(credit, "Ill?", after=1) == [credit, "Ill?"]
    assert marked(credit, "They shook hands in the rain.") == [credit]
    assert marked(credit, "He told them:", "“We sail.”") == [credit]


def test_an_agency_and_a_gap_make_a_caption() -> None:
    assert marked("Reuters   Ill?") == ["Reuters   Ill?"]
    assert marked("AFP/Jane Roe  Two harbour masters") == ["AFP/Jane Roe  Two harbour masters"]
    assert marked("Reuters   The ferries left on Monday, he said.") == []
    assert marked("Reuters   " + "Ships leave " * 10 + "now") == []


def test_a_headline_under_the_name_of_its_agency_is_kept() -> None:
    for above in (["Reuters"], ["3 May 2031", "Reuters"], ["World", "Reuters"]):
        sentences = split_sentences("\n\n".join([*above, *STORY]))
        assert not any(sentence.boilerplate for sentence in sentences[len(above) :])


def test_a_second_copy_of_the_first_sentences_is_marked_though_it_ends_in_a_stop() -> None:
    told = [["The mayor left."], ["Ferries sail again."], ["Nobody knows why."], ["The mayor left."], ["All is well."]]
    assert mark_boilerplate(told) == [[False], [False], [False], [True], [False]]


@pytest.mark.parametrize("gap", [" ", "  ", "\u00a0", "\n", " \t "])
def test_any_white_space_stands_between_the_words_of_a_rule(gap: str) -> None:
    assert mark_boilerplate([["The mayor left."], [f"Read{gap}more: Why the ferries stopped"]]) == [[False], [True]]
