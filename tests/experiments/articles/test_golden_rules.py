"""The kinds of English sentence ends that segmenters are measured with, one example of our own for each."""

import pytest

from experiments.articles.sentences import split_sentences

RULES = [
    pytest.param(
        "The ferries sail again. My brother is on one.",
        ["The ferries sail again.", "My brother is on one."],
        id="simple period",
    ),
    pytest.param("Who owns the port? The town does.", ["Who owns the port?", "The town does."], id="question mark"),
    pytest.param("There she is! I saw her flag.", ["There she is!", "I saw her flag."], id="exclamation mark"),
    pytest.param("The master is Jonas E. Roe.", ["The master is Jonas E. Roe."], id="an initial"),
    pytest.param("Please turn to p. 55.", ["Please turn to p. 55."], id="p. before a number"),
    pytest.param("Were Jane and co. at the harbour?", ["Were Jane and co. at the harbour?"], id="co. inside"),
    pytest.param(
        "They signed with Poe, Doe & Co. at noon.", ["They signed with Poe, Doe & Co. at noon."], id="& Co. inside"
    ),
    pytest.param(
        "Let us ask Jane and co. They ought to know.",
        ["Let us ask Jane and co.", "They ought to know."],
        id="co. at the end",
    ),
    pytest.param(
        "They signed with Poe, Doe & Co. It was done by noon.",
        ["They signed with Poe, Doe & Co.", "It was done by noon."],
        id="& Co. at the end",
    ),
    pytest.param("We saw Mt. Harbour from the ferry.", ["We saw Mt. Harbour from the ferry."], id="before a name"),
    pytest.param(
        "St. Anne's Church is on 5th st. near the port.",
        ["St. Anne's Church is on 5th st. near the port."],
        id="before and after a name",
    ),
    pytest.param("That is Roe Jr.'s ferry.", ["That is Roe Jr.'s ferry."], id="possessive of an abbreviation"),
    pytest.param(
        "She sailed to the U.S.A. last year.", ["She sailed to the U.S.A. last year."], id="several stops inside"
    ),
    pytest.param(
        "We trade with the E.U. How about you?",
        ["We trade with the E.U.", "How about you?"],
        id="several stops at the end",
    ),
    pytest.param(
        "The crew lives in the U.S. How about you?",
        ["The crew lives in the U.S.", "How about you?"],
        id="U.S. at the end",
    ),
    pytest.param(
        "He works for the U.S. Government in Northport.",
        ["He works for the U.S. Government in Northport."],
        id="U.S. before a capital",
    ),
    pytest.param(
        "At 5 a.m. Mr. Roe went to the quay. He left the quay at 6 P.M. Mr. Roe then went home.",
        ["At 5 a.m. Mr. Roe went to the quay.", "He left the quay at 6 P.M.", "Mr. Roe then went home."],
        id="a.m. and P.M.",
    ),
    pytest.param(
        "The ticket costs $100.00 in the port.", ["The ticket costs $100.00 in the port."], id="number inside"
    ),
    pytest.param(
        "The ticket costs $100.00. It is valid for a day.",
        ["The ticket costs $100.00.", "It is valid for a day."],
        id="number at the end",
    ),
    pytest.param(
        "She runs the ferry (She was its mate for 5 years.) to the other port.",
        ["She runs the ferry (She was its mate for 5 years.) to the other port."],
        id="sentence in parentheses inside another",
    ),
    pytest.param(
        "Her address is Jane.Roe@port.example. I wrote to her.",
        ["Her address is Jane.Roe@port.example.", "I wrote to her."],
        id="e-mail address",
    ),
    pytest.param(
        "The page is: https://www.port.50.example/new-quay/times_of_day.html. Please look at it.",
        ["The page is: https://www.port.50.example/new-quay/times_of_day.html.", "Please look at it."],
        id="web address",
    ),
    pytest.param(
        "He turned to her, 'This is our ship.' he said.",
        ["He turned to her, 'This is our ship.' he said."],
        id="single quotes inside",
    ),
    pytest.param(
        'He turned to her, "This is our ship." he said.',
        ['He turned to her, "This is our ship." he said.'],
        id="double quotes inside",
    ),
    pytest.param(
        'He turned to her, "This is our ship." He held the rope out to her.',
        ['He turned to her, "This is our ship."', "He held the rope out to her."],
        id="double quotes at the end",
    ),
    pytest.param("Ahoy!! It has been years.", ["Ahoy!!", "It has been years."], id="two exclamation marks"),
    pytest.param("Ahoy?? Who is aboard?", ["Ahoy??", "Who is aboard?"], id="two question marks"),
    pytest.param("Ahoy!? Is that the mate?", ["Ahoy!?", "Is that the mate?"], id="exclamation, question"),
    pytest.param(
        "1.) The first ferry 2.) The second ferry",
        ["1.) The first ferry", "2.) The second ferry"],
        id="1.) without stops",
    ),
    pytest.param(
        "1.) The first ferry. 2.) The second ferry.",
        ["1.) The first ferry.", "2.) The second ferry."],
        id="1.) with stops",
    ),
    pytest.param(
        "1) The first ferry 2) The second ferry", ["1) The first ferry", "2) The second ferry"], id="1) without stops"
    ),
    pytest.param(
        "1) The first ferry. 2) The second ferry.", ["1) The first ferry.", "2) The second ferry."], id="1) with stops"
    ),
    pytest.param(
        "1. The first ferry 2. The second ferry", ["1. The first ferry", "2. The second ferry"], id="1. without stops"
    ),
    pytest.param(
        "1. The first ferry. 2. The second ferry.", ["1. The first ferry.", "2. The second ferry."], id="1. with stops"
    ),
    pytest.param(
        "• 9. The first ferry • 10. The second ferry",
        ["• 9. The first ferry", "• 10. The second ferry"],
        id="bullets and numbers",
    ),
    pytest.param(
        "⁃9. The first ferry ⁃10. The second ferry",
        ["⁃9. The first ferry", "⁃10. The second ferry"],
        id="hyphen bullets and numbers",
    ),
    pytest.param(
        "a. The first ferry b. The second ferry c. The third ferry of the day",
        ["a. The first ferry", "b. The second ferry", "c. The third ferry of the day"],
        id="letters",
    ),
    pytest.param(
        "It was a cold \nnight in the harbour.", ["It was a cold \nnight in the harbour."], id="line end inside"
    ),
    pytest.param(
        "The wreck lies at N°. 1026.253.553. That is where they dived.",
        ["The wreck lies at N°. 1026.253.553.", "That is where they dived."],
        id="coordinates",
    ),
    pytest.param(
        "She works at Yahoo! in the office by the port.",
        ["She works at Yahoo! in the office by the port."],
        id="name with an exclamation mark",
    ),
    pytest.param(
        "We sail well, you and I. Did you meet Albert I. Roe yesterday?",
        ["We sail well, you and I.", "Did you meet Albert I. Roe yesterday?"],
        id="I at the end and as an initial",
    ),
    pytest.param(
        "Roe writes that on a calm day “the far shore of the strait will seem less far. . . .”",
        ["Roe writes that on a calm day “the far shore of the strait will seem less far. . . .”"],
        id="ellipsis at the end of a quotation",
    ),
    pytest.param(
        "“Roe [...] took the picture of the two stairways [...]” (Doe 55).",
        ["“Roe [...] took the picture of the two stairways [...]” (Doe 55)."],
        id="ellipsis in brackets",
    ),
    pytest.param(
        "Where the end was left out, the port's style is three marks and a stop . . . . The next one begins here.",
        [
            "Where the end was left out, the port's style is three marks and a stop . . . .",
            "The next one begins here.",
        ],
        id="ellipsis and stop",
    ),
    pytest.param(
        "We never meant that.... She left the quay.", ["We never meant that....", "She left the quay."], id="four dots"
    ),
    pytest.param(
        "I was not really ... well, what I mean...see . . . what I say, the thing is . . . I did not mean it.",
        ["I was not really ... well, what I mean...see . . . what I say, the thing is . . . I did not mean it."],
        id="ellipsis inside",
    ),
    pytest.param(
        "One habit that was weaker . . . was that of tying ships in pairs. . . . The practice was not given up. . . .",
        [
            "One habit that was weaker . . . was that of tying ships in pairs. . . .",
            "The practice was not given up. . . .",
        ],
        id="ellipsis between sentences",
    ),
]

KNOWN_LIMITS = [  # with the right sentences, and with those that are found
    pytest.param(
        "departures\nharbour office\nferries, timetables\n",
        ["departures", "harbour office", "ferries, timetables"],
        ["departures\nharbour office\nferries, timetables"],
        id="lines in small letters, which look like a wrapped sentence",
    ),
]


def split(text: str) -> list[str]:
    return [sentence.text for sentence in split_sentences(text)]


@pytest.mark.parametrize(("text", "sentences"), RULES)
def test_a_golden_rule(text: str, sentences: list[str]) -> None:
    assert split(text) == sentences


@pytest.mark.parametrize(("text", "right", "found"), KNOWN_LIMITS)
def test_a_known_limit(text: str, right: list[str], found: list[str]) -> None:
    assert split(text) == found != right


def test_46_of_48_golden_rules_hold() -> None:
    assert len(RULES) + len(KNOWN_LIMITS) == 48 and len(RULES) >= 46
