import random

import pytest

from experiments.articles.duplicates import Duplicates, without_duplicates
from experiments.articles.inputs import Document, read_documents

WORDS = [f"{a}{b}" for a in ("harbour", "treaty", "minister", "army", "storm") for b in ("", "s", "ed", "ing", "less")]


def story(seed, n=200):
    chance = random.Random(seed)
    return [chance.choice(WORDS) + str(chance.randrange(50)) for _ in range(n)]


def kept(*texts):
    found = Duplicates()
    documents = [Document(str(n), str(n), content=text) for n, text in enumerate(texts)]
    return [document.id for document in without_duplicates(documents, found)], found


def test_the_same_words_count_as_the_same_text_whatever_their_marks():
    assert kept("Talks “resume” on Monday.", 'talks "resume", on Monday', "Talks resume on Tuesday.") == (
        ["0", "2"],
        Duplicates(exact=1),
    )


def test_digits_tell_texts_apart():
    assert kept("Ten died, 12 were hurt.", "Ten died, 13 were hurt.")[0] == ["0", "1"]


def test_near_copies_are_left_out_and_related_texts_stay():
    words = story(1)
    wire = " ".join(words)
    reprinted = " ".join([*words, "additional", "reporting", "by", "staff"])
    shortened = " ".join(words[:190])
    half = " ".join([*words[:100], *story(2, 100)])
    assert kept(wire, reprinted, shortened, half, " ".join(story(3))) == (["0", "3", "4"], Duplicates(near=2))


@pytest.mark.parametrize(("shared", "share_found"), [(0.55, 0.0), (0.7, 0.1), (0.95, 1.0)])
def test_texts_are_near_if_they_share_four_fifths_of_their_shingles(shared, share_found):
    found = 0
    for seed in range(40):
        words = story(seed, 400)
        same = round(2 * shared / (1 + shared) * 400)  # of the words, for such a share of all shingles
        found += len(kept(" ".join(words), " ".join([*words[:same], *story(1000 + seed, 400 - same)]))[0]) == 1
    assert abs(found / 40 - share_found) <= 0.1


def test_short_texts_must_be_the_same():
    assert kept("They met.", "They met!", "They met again.")[0] == ["0", "2"]


def test_what_cannot_be_read_is_passed_on(tmp_path):
    (tmp_path / "a.txt").write_text("Talks resume.")
    (tmp_path / "b.txt").write_bytes(b"\0\1")
    (tmp_path / "c.txt").write_text("Talks resume!")
    found = Duplicates()
    names = [document.path for document in without_duplicates(read_documents([str(tmp_path)]), found)]
    assert names == [None, str(tmp_path / "b.txt")]
    assert found.exact == 1
