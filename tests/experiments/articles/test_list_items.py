"""A list in one line is a sentence an item; a number or an initial in running text cuts nothing."""

import pytest

from experiments.articles.sentences import split_sentences
from tests.growth import grows_no_faster


def split(text: str) -> list[str]:
    return [sentence.text for sentence in split_sentences(text)]


@pytest.mark.parametrize(
    "items",
    [
        ["1.) Ships sail", "2.) Crews are paid", "3.) Ports open"],
        ["1.) ships sail", "2.) crews are paid"],
        ["1) Ships sail.", "2) Crews are paid."],
        ["a) ships sail", "b) crews are paid"],
        ["(1) Ships sail", "(2) Crews are paid"],
        ["(a) Ships sail", "(b) Crews are paid"],
        ["A) Ships sail", "B) Crews are paid"],
        ["9. Ships sail", "10. Crews are paid", "11. Ports open"],
        ["1. ships sail", "2. crews are paid"],
        ["a. Ships sail.", "b. Crews are paid.", "c. Ports open."],
        ["i. Ships sail", "ii. Crews are paid", "iii. Ports open", "iv. All rest"],
        ["I. Ships sail", "II. Crews are paid"],
        ["h. Ships sail", "i. Crews are paid", "j. Ports open"],
        ["⁃9. Ships sail", "⁃10. Crews are paid"],
        ["-1. Ships sail", "-2. Crews are paid"],
        ["• 1. Ships sail", "• 2. Crews are paid"],
        ["• Ships sail", "• Crews are paid", "• Ports open"],
        ["1. “Ships sail.”", "2. “Crews are paid.”"],
        ["The steps are:", "1. Ships sail", "2. Crews are paid"],
        ["There are two steps.", "1.) Ships sail", "2.) Crews are paid"],
        ["1. Ships sail:", "a. At noon", "b. At night", "2. Crews are paid"],
    ],
)
def test_each_item_of_a_list_in_one_line_is_a_sentence(items: list[str]) -> None:
    assert split(" ".join(items)) == items


def test_an_item_may_hold_several_sentences() -> None:
    assert split("1.) Ships sail. Some stay 2.) Crews are paid") == [
        "1.) Ships sail.",
        "Some stay",
        "2.) Crews are paid",
    ]


@pytest.mark.parametrize(
    "sentence",
    [
        "We ask for: 1) peace, 2) bread and 3) land.",
        "The plan: (a) ships sail; (b) crews are paid.",
        "We need 1) ships and 2) crews.",
        "The ferry won 1. Northport lost by 2. That was all.",
        "A. Roe met B. Doe in the port.",
        "Vitamin a. B vitamins b. C vitamins",
        "1. FC Northport won by 2. The rest lost.",
        "1. Ships sail to pier 3. Crews are paid",
        "It is 1 p.m. and 2 p.m. is too late.",
        "He asked: 1. Who pays in article 2. The mayor knew.",
    ],
)
def test_a_number_in_running_text_begins_no_item(sentence: str) -> None:
    assert not any(found.startswith(("2", "b. C", "(b", "B. D", "3")) for found in split(sentence))


def test_stops_in_running_text_end_sentences_as_before() -> None:
    assert split("He is No. 1. The crowd knows it. She is No. 2. The rest follow.") == [
        "He is No. 1.",
        "The crowd knows it.",
        "She is No. 2.",
        "The rest follow.",
    ]
    assert split("It won 1. It lost 2. The match went on.") == ["It won 1.", "It lost 2.", "The match went on."]


@pytest.mark.parametrize("unit", ["1. A ", "1.) a 2.) b ", "• x ", "a. A b. B ", "(1 ", "and 2) ", "1" * 50])
def test_time_grows_with_the_line_and_no_faster(unit: str) -> None:
    assert grows_no_faster(split_sentences, unit, 20_000)
