"""Targets in training, and which texts have a word of a target or one that goes with it."""

import math

import pytest

from features import target_touch
from features.target_touch import KnownTargets, content_keys, named

PORT = ["The cranes stood still.", "Dockers left the quay.", "A crane and its dockers.", "Cranes, dockers, tugs."] * 3
FARM = ["The cows were fed.", "A barn burned.", "Cows left the barn.", "Hay for cows."] * 3


@pytest.fixture(scope="module")
def known() -> KnownTargets:
    return KnownTargets.learn(PORT + FARM, ["the harbour strike"] * len(PORT) + ["Milk  quotas"] * len(FARM))


def test_targets_are_known_without_case_and_blanks(known: KnownTargets) -> None:
    assert known.names == ("Milk quotas", "the harbour strike")
    assert known.knows(" The Harbour  strike") and known.knows("milk quotas")
    assert not known.knows("the harbour") and not known.knows("milk")


def test_words_go_with_a_target_that_has_them_clearly_more_often(known: KnownTargets) -> None:
    assert set(known.words["the harbour strike"]) == {"crane", "docker"}, "tugs are in too few texts, left is in both"
    assert set(known.words["Milk quotas"]) == {"cow"}, "barn is in 6 of 12, which chance gives more than once in 1000"
    texts = ["One more crane.", "The cow mooed.", "It left.", "They struck at dawn."]
    assert known.touching(texts, "The harbour strike") == [True, False, False, False]
    assert known.touching(texts, "milk quotas") == [False, True, False, False]


def test_the_ratio_is_dunnings() -> None:
    texts = ["alpha"] * 8 + ["beta"] * 2 + ["alpha"] * 5 + ["beta"] * 25

    # 8 of 10 against 5 of 30; -2 log lambda from the binomial likelihoods
    def loglik(p: float, k: int, n: int) -> float:
        return k * math.log(p) + (n - k) * math.log(1 - p)

    ratio = 2 * (loglik(0.8, 8, 10) + loglik(5 / 30, 5, 30) - loglik(13 / 40, 8, 10) - loglik(13 / 40, 5, 30))
    for limit, found in ((ratio - 0.01, ("alpha",)), (ratio + 0.01, ())):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(target_touch, "CLEAR", limit)
            assert KnownTargets.learn(texts, ["x"] * 10 + ["y"] * 30).words["x"] == found


def test_rare_words_and_words_that_others_have_more_often_dont_count() -> None:
    texts = ["a gull"] * 2 + ["a plain day"] * 3 + ["a windy day"] * 5 + ["a windy night"] * 90
    targets = ["x"] * 10 + ["y"] * 90
    # two texts with a gull are too few, also where their ratio is high enough: among a thousand others
    assert KnownTargets.learn(texts, targets).words == {"x": ("day", "plain"), "y": ("night", "windi")}
    assert KnownTargets.learn([*texts, *["a windy night"] * 900], targets + ["y"] * 900).words["x"] == ("day", "plain")


def test_the_words_of_a_target_are_limited() -> None:
    texts = [" ".join(f"w{chr(97 + i // 26)}{chr(97 + i % 26)}" for i in range(300))] * 20 + ["nothing here"] * 20
    words = KnownTargets.learn(texts, ["x"] * 20 + ["y"] * 20).words
    assert len(words["x"]) == 200


def test_of_a_new_target_its_own_words_count_alone(known: KnownTargets) -> None:
    texts = ["The dockers won.", "Ukrainians fled.", "Of the aid, not a cent.", "It rained on the roof."]
    assert known.touching(texts, "the aid to Ukraine") == [False, True, True, False]


def test_one_target_has_nothing_to_be_set_against_and_no_text_may_be_without_words() -> None:
    assert KnownTargets.learn(PORT, ["the strike"] * len(PORT)).words == {"the strike": ()}
    assert KnownTargets.learn(["!", "of the"], ["a", "b"]).words == {"a": (), "b": ()}


@pytest.mark.parametrize(
    ("text", "target", "touches"),
    [
        ("#StopTheEmbargo now", "the arms embargo", True),
        ("#stoptheembargo now", "the arms embargo", True),
        ("They banned us from it.", "US bases", False),
        ("The U.S. left.", "US bases", True),
        ("TELL US WHEN", "US troops", False),
        ("The mission's end is near, it's said.", "the UN's flag", False),
        ("Turn left at number 16.", "voting at 16", False),
        ("A four-hour talk.", "the four-day week", False),
        ("Nothing of it.", "us", False),
        ("Leave us alone.", "us", True),
        ("Tout le monde aime les sanctions.", "la sanction", True),
    ],
)  # fmt: skip
def test_what_counts_as_a_word_of_the_target(text: str, target: str, touches: bool) -> None:
    assert KnownTargets((), {}).touching([text], target) == [touches]


def test_the_card_gives_the_same_back_and_an_old_one_claims_nothing(known: KnownTargets) -> None:
    assert KnownTargets.load(known.dump()) == known
    assert KnownTargets.load({"labels": []}) is None
    for damaged in ({"targets": "abc", "target_words": {}}, {"targets": ["a"], "target_words": {"a": "word"}}):
        with pytest.raises(ValueError, match="no lists"):
            KnownTargets.load(damaged)


def test_many_targets_are_named_briefly() -> None:
    assert named(["a", "b"]) == "'a', 'b'"
    assert named([*"abcdefg"]) == "'a', 'b', 'c', 'd', 'e' and 2 more"
    assert content_keys("Treaties, treaty") == {"treati"}
