import numpy as np
import pytest

from experiments.config.schema import Task
from experiments.corpus.checks import Duplicates, check_split, check_training, find_duplicates
from experiments.corpus.rows import Labelled
from experiments.errors import InputError
from experiments.tables.table import Table

TASK = Task(name="framing", labels=["threat", "denial"])


def labelled(texts, y, groups=None, targets=None, name="rows.jsonl", prefix="r"):
    ids = [f"{prefix}{i}" for i in range(len(texts))]
    rows = Table("rows", {"text": texts})
    return Labelled(name, rows, ids, list(texts), groups or ids, np.asarray(y, dtype=np.int8), targets)


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


def test_texts_that_share_just_the_part_asked_for_are_near_duplicates():
    ten = "alpha bravo charlie delta echo foxtrot golf hotel india juliet"
    texts = [f"{ten} kilo", f"{ten} lima"]  # eight three-word runs in common, of ten
    assert find_duplicates(texts).near == [(0, 1)]
    assert find_duplicates(texts, threshold=0.8).near == [(0, 1)]
    assert find_duplicates(texts, threshold=0.81).near == []
    words = [f"{first}{second}" for first in "abcdefg" for second in "mnop"]
    less = [" ".join(words[:23]), " ".join([*words[:21], *words[25:]])]  # nineteen in common, of twenty-four
    assert find_duplicates(less).near == []
    assert find_duplicates(less, threshold=0.79).near == [(0, 1)]


def test_runs_of_words_count_once_and_short_words_too():
    again = "a b c d a b c d a b c"  # four different runs, of which "a b c d" has two
    assert find_duplicates([again, "a b c d"], threshold=0.5).near == [(0, 1)]
    assert find_duplicates([again, "a b c d"], threshold=0.51).near == []


def test_texts_of_fewer_than_three_words_are_compared_as_a_whole():
    assert find_duplicates(["Rain fell", "rain  fell", "Snow fell", ""]) == Duplicates(exact=[(0, 1)], near=[])


def test_one_text_over_and_over_has_no_near_duplicates():
    assert find_duplicates([LONG, LONG, LONG]) == Duplicates(exact=[(0, 1), (0, 2)], near=[])
    assert find_duplicates([]) == Duplicates(exact=[], near=[])


def test_every_repetition_is_paired_with_the_first_and_near_ones_with_it_alone():
    texts = [LONG, LONG.upper(), "Quite another thing was said.", LONG, f"{LONG} afternoon"]
    assert find_duplicates(texts) == Duplicates(exact=[(0, 1), (0, 3)], near=[(0, 4)])


def test_near_pairs_come_in_order_of_their_rows():
    texts = [f"{letter} {LONG}" for letter in "abcd"]
    assert find_duplicates(texts, block=3).near == [(0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3)]


@pytest.mark.parametrize(("n", "lines"), [(19, ["rows.jsonl: label 'denial' has only 19 training rows"]), (20, [])])
def test_label_of_fewer_than_twenty_rows_is_told(n, lines):
    rows = labelled([f"text {'abcdefghijklmnopqrstuvwxyz'[i]}" for i in range(26)], [[i > 3, i < n] for i in range(26)])
    assert check_training(rows, TASK) == lines


@pytest.mark.parametrize(("n", "refused"), [(1, True), (2, False)])
def test_a_label_needs_two_rows(n, refused):
    rows = labelled(["a b", "c d", "e f", "g h"], [[i < 2, i < n] for i in range(4)])
    if refused:
        with pytest.raises(InputError, match=r"rows\.jsonl: the label 'denial' has 1 training row\(s\); add rows"):
            check_training(rows, TASK)
    else:
        assert check_training(rows, TASK)


def test_repeated_and_nearly_equal_training_texts_are_told_with_the_first_pair():
    texts = ["Short one", LONG, LONG, f"{LONG} night", "Short one", "e f"]
    rows = labelled(texts, [[1, 0], [0, 0], [0, 0], [1, 0], [0, 1], [0, 1]])
    assert [line for line in check_training(rows, TASK) if "only" not in line] == [
        "rows.jsonl: 2 row(s) repeat another's text, such as r1 and r2",
        "rows.jsonl: 1 pair(s) of nearly equal texts, such as r1 and r3",
        "rows.jsonl: 1 repeated text(s) with different labels, such as r0 and r4",
    ]


def test_text_on_another_target_is_no_repetition():
    texts, y = ["Never again!", "Never again!", "At last!", "Why?"], [[1, 0], [0, 1], [1, 0], [0, 1]]
    about = labelled(texts, y, targets=["tolls", "dams", "tolls", "dams"])
    assert not any("repeat" in line for line in check_training(about, TASK))
    same = labelled(texts, y, targets=["tolls", "tolls", "dams", "dams"])
    assert any("different labels, such as r0 and r1" in line for line in check_training(same, TASK))
    other = labelled(["Never again!"], [[1, 0]], ["z"], targets=["roads"])
    assert check_split(same, other, allow_leaks=False) == []


def test_leaks_are_told_by_kind_with_how_many_test_rows_and_one_pair():
    train = labelled(["x y z", LONG, LONG], [[1, 0]] * 3, ["a", "b", "c"])
    texts = ["Quite another thing", LONG, LONG.upper(), f"{LONG} night"]
    test = labelled(texts, [[1, 0]] * 4, ["d", "c", "b", "e"], prefix="t")
    assert check_split(train, test, allow_leaks=True) == [
        "2 group(s) stand in training and test rows, such as 'b'",
        "2 test row(s) have the same text as a training row, such as r1 and t1",
        "1 test row(s) have nearly the same text as a training row, such as r1 and t3",
    ]
    with pytest.raises(InputError, match=r"^2 group.* remove them, or set data.allow_leaks=true$"):
        check_split(train, test, allow_leaks=False)


def test_nearly_the_same_text_is_told_and_not_refused():
    train, test = labelled([LONG], [[1, 0]], ["a"]), labelled([f"{LONG} night"], [[1, 0]], ["z"], prefix="t")
    lines = ["1 test row(s) have nearly the same text as a training row, such as r0 and t0"]
    assert check_split(train, test, allow_leaks=False) == lines


def test_texts_repeated_within_one_part_are_no_leak():
    train, test = labelled([LONG, LONG], [[1, 0]] * 2), labelled(["Rain fell."] * 2, [[1, 0]] * 2, prefix="t")
    assert check_split(train, test, allow_leaks=False) == []


def test_long_comparisons_say_how_far_they_are_and_find_the_same(monkeypatch):
    monkeypatch.setattr("experiments.progress._LINE", 0.0)
    texts = [f"{LONG} {number}" for number in range(5)]
    said = []
    assert find_duplicates(texts, block=2, say=said.append) == find_duplicates(texts, block=2)
    assert [line.split(",")[0] for line in said] == [
        "comparing 0%: 0 of 5 texts",
        "comparing 40%: 2 of 5 texts",
        "comparing 80%: 4 of 5 texts",
    ]
