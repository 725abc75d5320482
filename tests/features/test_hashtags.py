import pytest

from features.hashtags import normalise_tags, split_tag


@pytest.mark.parametrize(
    ("tag", "words"),
    [
        ("StopTheWar", ["stop", "the", "war"]),
        ("NATOSummit2016", ["nato", "summit", "2016"]),
        ("COP21", ["cop", "21"]),
        ("stopthewar", ["stopthewar"]),
        ("USA", ["usa"]),
        ("ÉtéÀParis", ["été", "à", "paris"]),
        ("make_peace", ["make", "peace"]),
        ("___", ["___"]),
    ],
)
def test_capitals_and_digits_part_the_words_of_a_tag(tag, words):
    assert split_tag(tag) == words


def test_words_follow_their_tag_and_the_rest_is_normalised():
    assert normalise_tags("“Yes”: #StopTheWar, said @UNChief in 2016") == (
        '"yes": #stopthewar stop the war, said @unchief un chief in 0000'
    )


def test_a_tag_of_one_word_is_not_repeated():
    assert normalise_tags("#peace #WAR") == "#peace #war"
