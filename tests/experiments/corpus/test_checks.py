import numpy as np
import pytest
from datasets import Dataset

from experiments.config.schema import Task
from experiments.corpus.checks import check_split, check_training, find_duplicates
from experiments.corpus.rows import Labelled
from experiments.errors import InputError

TASK = Task(name="framing", labels=["threat", "denial"])


def labelled(texts, y, groups=None):
    ids = [f"r{i}" for i in range(len(texts))]
    rows = Dataset.from_dict({"text": texts})
    return Labelled("rows.jsonl", rows, ids, list(texts), groups or ids, np.asarray(y, dtype=np.int8))


LONG = "The two armies exchanged artillery fire along the northern border for a third night, officials said on Tuesday"


def test_duplicates_see_through_typography_and_small_edits():
    texts = [
        LONG,
        LONG.upper(),
        LONG.replace("a third night", "a fourth night") + " in the capital.",
        "A bakery opened in the old town.",
        "Two armies met.",
    ]
    found = find_duplicates(texts, threshold=0.5)
    assert found.exact == [(0, 1)]
    assert found.near == [(0, 2)]


def test_near_duplicates_are_the_same_in_small_blocks():
    texts = [f"{LONG} number {'abcdefgh'[i % 4]}" for i in range(8)] + ["Nothing like it was ever seen here."]
    assert find_duplicates(texts, block=2) == find_duplicates(texts)


def test_label_without_rows_is_refused():
    with pytest.raises(InputError, match="'denial' has 0 training"):
        check_training(labelled(["a", "b", "c"], [[1, 0], [1, 0], [0, 0]]), TASK)


def test_label_on_every_row_is_refused():
    with pytest.raises(InputError, match="every training row has the label 'threat'"):
        check_training(labelled(["a", "b", "c"], [[1, 0], [1, 1], [1, 1]]), TASK)


def test_same_text_with_different_labels_is_told():
    rows = labelled(["same", "Same", "b", "c"], [[1, 0], [0, 1], [1, 1], [0, 0]])
    assert any("different labels" in line for line in check_training(rows, TASK))


def test_text_or_group_on_both_sides_is_refused_unless_allowed():
    train = labelled([LONG, "x y z"], [[1, 0], [0, 1]], ["a", "b"])
    same_text = labelled([LONG.lower()], [[1, 0]], ["c"])
    same_group = labelled(["quite another sentence"], [[1, 0]], ["b"])
    with pytest.raises(InputError, match="the same text"):
        check_split(train, same_text, allow_leaks=False)
    with pytest.raises(InputError, match="'b'"):
        check_split(train, same_group, allow_leaks=False)
    assert len(check_split(train, same_text, allow_leaks=True)) == 1


def test_clean_split_says_nothing():
    train = labelled([LONG], [[1, 0]], ["a"])
    assert check_split(train, labelled(["Nothing shared here."], [[0, 0]], ["z"]), allow_leaks=False) == []


def test_leak_is_refused_whatever_the_group_is_called():
    train = labelled(["one thing"], [[1, 0]], ["nearly-0"])
    with pytest.raises(InputError, match="nearly-0"):
        check_split(train, labelled(["another thing"], [[0, 1]], ["nearly-0"]), allow_leaks=False)


def test_figures_make_two_sentences():
    text = "{} soldiers were killed near the northern border on {} May"
    found = find_duplicates([text.format(12, 3), text.format(47, 9)])
    assert found.exact == []
    assert found.near == [(0, 1)]
