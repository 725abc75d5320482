"""Changes of a text that keep its meaning."""

import random

import pytest

from experiments.evaluation.perturb import REWRITES, Name, NameSwap, append

STATES = [
    Name({"name": "Iran", "adjective": "Iranian", "people": "Iranians", "capital": "Tehran"}),
    Name({"name": "Peru", "adjective": "Peruvian", "people": "Peruvians", "capital": "Lima"}, ("the Andean state",)),
    Name({"name": "Britain", "adjective": "British", "capital": "London"}, ("UK",)),
]


def swapped(text, names=STATES):
    return NameSwap(names)(text, random.Random(0))


@pytest.mark.parametrize(
    ("rewrite", "before", "after"),
    [
        ("curly quotes", '"It\'s ours," she said of "the isles".', "“It’s ours,” she said of “the isles”."),
        ("straight quotes", "“It’s ours,” she said; «ja».", '"It\'s ours," she said; "ja".'),
        ("long dashes", "They left - at last -- for good.", "They left — at last — for good."),
        ("long dashes", "A cease-fire held.", "A cease-fire held."),
        ("non-breaking blanks", "One two three four five.", "One two three\xa0four five."),
        ("split possessives", "Iran's navy and the navies' ships", "Iran 's navy and the navies' ships"),
        ("capitals", "Iran left.", "IRAN LEFT."),
        ("lower case", "Iran left.", "iran left."),
        ("headline case", "the army of Iran's neighbour left", "The Army of Iran's Neighbour Left"),
        ("no full stop", "Iran left.", "Iran left"),
        ("no full stop", "Iran left ...", "Iran left ..."),
        ("no full stop", "Did Iran leave?", "Did Iran leave?"),
    ],
)
def test_rewrites(rewrite, before, after):
    assert REWRITES[rewrite](before) == after


def test_all_forms_of_a_state_go_to_one_other_state():
    assert swapped("Iran said in Tehran that no Iranians, and no Iranian ship, were there.") == (
        "Peru said in Lima that no Peruvians, and no Peruvian ship, were there."  # Britain has no people
    )


def test_two_states_stay_two_and_none_becomes_another_of_the_text():
    names = [Name({"name": name}) for name in ("Iran", "Peru", "Chile", "Ghana")]
    for seed in range(20):
        one, two = NameSwap(names)("Iran met Peru.", random.Random(seed)).removesuffix(".").split(" met ")
        assert {one, two} == {"Chile", "Ghana"}


def test_the_article_goes_with_the_new_name():
    assert swapped("A Peruvian ship met a British one.", [*STATES[:2], Name({"adjective": "Omani"}), STATES[2]]) in (
        "An Iranian ship met an Omani one.",
        "An Omani ship met an Iranian one.",
    )


@pytest.mark.parametrize(
    "text",
    [
        "Nobody was there.",
        "Iranian-born was he? No: Iranianness.  UK.",
        "Iran met the UK.",
        "Tehrani and Limarus met.",
        "iran and PERU left.",
    ],
)
def test_a_text_without_names_or_with_one_that_has_no_match_is_left_alone(text):
    assert swapped(text) == text


def test_a_longer_name_is_not_taken_for_the_shorter_in_it():
    korea = [Name({"name": "Korea"}), Name({"name": "North Korea"}), Name({"name": "Peru"})]
    assert swapped("North Korea left.", korea) in ("Korea left.", "Peru left.")


def test_a_name_with_an_article_begins_a_sentence_with_a_capital():
    names = [Name({"name": "the Arab League"}), Name({"name": "NATO"})]
    assert swapped("NATO left.", names) == "The Arab League left."
    assert swapped("The Arab League left.", names) == "NATO left."
    assert swapped("They left NATO.", names) == "They left the Arab League."


def test_words_are_added_before_a_full_stop_only():
    assert append("They left.", ", it said") == "They left, it said."
    assert append("They left!", ", it said") == "They left!"
