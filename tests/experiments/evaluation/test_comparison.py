import json

import numpy as np
import pandas as pd
import pytest
from markupsafe import escape

from experiments.errors import InputError
from experiments.evaluation.compare_page import write_comparison
from experiments.evaluation.comparison import (
    alone_right,
    answer,
    as_json,
    compare,
    holds,
    settings_that_differ,
    written_back,
)
from experiments.files import finite
from experiments.tracking.contestant import Contestant

LABELS = ["threat", "denial"]


def contestant(name, wrong, rows=200, seed=1, per_article=2, task="framing", first=0, **more):
    """A run that errs on a share of the cells, at random but alike for the same seed."""
    rng = np.random.default_rng(7)
    y = rng.random((first + rows, 2)) < 0.4
    flipped = np.random.default_rng(seed).random((first + rows, 2)) < wrong
    given = np.where(flipped, ~y, y)
    table = pd.DataFrame(
        {
            "id": [f"s{row}" for row in range(first + rows)],
            "group": [f"a{row // per_article}" for row in range(first + rows)],
            "text": [f"Sentence {row}." for row in range(first + rows)],
            "true": [[label for label, has in zip(LABELS, row, strict=True) if has] for row in y],
            "predicted": [[label for label, has in zip(LABELS, row, strict=True) if has] for row in given],
            **{f"score_{label}": np.where(given[:, at], 0.9, 0.1) for at, label in enumerate(LABELS)},
        }
    )
    return Contestant(name, table.iloc[first:].reset_index(drop=True), run_id=name * 4, task=task, **more)


def test_the_better_run_is_named_whatever_the_order_of_its_rows():
    good, bad = contestant("good", 0.05), contestant("bad", 0.35, seed=2)
    shuffled = Contestant("good", good.table.sample(frac=1, random_state=1), "g", "framing")
    compared = compare([bad, shuffled], times=300)
    assert compared.main(1).verdict == "better" and compared.main(0) is None
    assert compared.main(1).difference == compare([bad, good], times=300).main(1).difference
    assert answer(compared).startswith("good has the highest macro-F1, 0.9") and "better than bad" in answer(compared)
    assert holds(compared, "better") and holds(compared, "no-worse")
    assert not holds(compare([good, bad], times=300), "no-worse")


def test_baseline_changes_the_sign_and_nothing_else():
    three = [contestant("a", 0.3), contestant("b", 0.1, seed=2), contestant("c", 0.2, seed=3)]
    one, other = compare(three, baseline=0, times=300), compare(three, baseline=1, times=300)
    assert one.main(1).difference.value == -other.main(0).difference.value
    assert one.main(1).p_adjusted == other.main(0).p_adjusted
    assert len(one.pairs) == 3
    # Holm over three pairs: none is lower than by itself
    assert all(pair.p_adjusted >= pair.p for pair in one.pairs)


def test_runs_that_nothing_tells_apart_say_how_many_articles_would():
    compared = compare([contestant("a", 0.20, rows=60), contestant("b", 0.17, rows=60, seed=2)], times=300)
    assert compared.main(1).verdict == "can't tell"
    assert "can't be told from" in answer(compared) and "articles instead of 30" in answer(compared)


def test_few_articles_tell_nothing():
    compared = compare([contestant("a", 0.3, per_article=60), contestant("b", 0.0, seed=2, per_article=60)], times=300)
    assert "with fewer than 5 nothing can be told" in answer(compared)
    assert compared.main(1).verdict == "can't tell"


def test_other_rows_are_refused_or_compared_on_what_they_share():
    one, other = contestant("a", 0.3), contestant("b", 0.1, seed=2, first=40, rows=200)
    with pytest.raises(InputError, match=r"a and b were tested on different rows .* 160 in both\): .*--common"):
        compare([one, other], times=100)
    assert len(compare([one, other], common=True, times=100).rows.ids) == 160
    with pytest.raises(InputError, match="no test row in common"):
        compare([one, contestant("c", 0.1, first=300)], common=True, times=100)


def test_other_labels_of_the_same_sentences_are_refused():
    one, other = contestant("a", 0.3), contestant("b", 0.1, seed=2)
    other.table.at[3, "true"] = ["threat", "denial"] if other.table.at[3, "true"] != ["threat", "denial"] else []
    with pytest.raises(InputError, match="different labels of the same sentences, such as s3"):
        compare([one, other], times=100)


def test_what_does_not_compare_is_one_line():
    one, other = contestant("a", 0.3), contestant("b", 0.1, seed=2)
    with pytest.raises(InputError, match="one run compares with nothing"):
        compare([one])
    with pytest.raises(InputError, match="is named twice"):
        compare([one, one])
    with pytest.raises(InputError, match="only runs of one task"):
        compare([one, contestant("c", 0.1, task="stance")])
    with pytest.raises(InputError, match="--metric f3: is no metric of these runs; take one of macro_f1"):
        compare([one, other], metric="f3", times=100)


def test_seeds_of_one_config_compare_by_their_mean():
    parts = [contestant("x", wrong, seed=seed).table.assign(seed=seed) for wrong, seed in ((0.1, 3), (0.2, 4))]
    several = Contestant("several", pd.concat(parts, ignore_index=True), "s", "framing")
    alone = [compare([contestant("a", 0.3), Contestant("x", part, "x", "framing")], times=100) for part in parts]
    found = compare([contestant("a", 0.3), several], times=100)
    assert len(found.rows.ids) == 200
    each = [compared.main(1).difference.value for compared in alone]
    assert found.main(1).difference.value == pytest.approx(np.mean(each))


def test_json_has_every_pair_with_its_verdict():
    compared = compare([contestant("a", 0.3), contestant("b", 0.1, seed=2), contestant("c", 0.2, seed=3)], times=300)
    found = json.loads(json.dumps(finite(as_json(compared))))
    assert {"metric", "baseline", "runs", "pairs"} <= set(found)
    assert [(pair["a"], pair["b"]) for pair in found["pairs"]] == [("a", "b"), ("a", "c"), ("b", "c")]
    assert {"difference", "low", "high", "p", "p_adjusted", "verdict", "articles_needed"} <= set(found["pairs"][0])
    assert found["runs"][1]["metrics"]["macro_f1"]["low"] < found["runs"][1]["metrics"]["macro_f1"]["value"]


def test_sentences_that_one_alone_gets_right_are_those():
    compared = compare([contestant("a", 0.3), contestant("b", 0.1, seed=2)], times=100)
    y, ((_, one),), ((_, two),) = compared.rows.y, *compared.rows.systems
    found = alone_right(compared, 0, 1, most=1000)
    right = (two == y).all(axis=1) & ~(one == y).all(axis=1)
    assert sorted(found) == np.flatnonzero(right).tolist() and len(found) > 20
    assert len(alone_right(compared, 0, 1)) == 10


def test_only_settings_that_differ_are_shown():
    one, other = contestant("a", 0.3, settings={"seed": "1", "C": "2"}), contestant("b", 0.1, settings={"seed": "1"})
    assert settings_that_differ([one, other]) == {"C": ["2", ""]}
    assert settings_that_differ([one, other, contestant("starter", 0.2)]) == {"C": ["2", "", ""]}  # it has no config


def test_slices_in_which_the_order_turns_round_are_found():
    good, bad = contestant("good", 0.1), contestant("bad", 0.3, seed=2)
    part = ["north" if row < 60 else "south" for row in range(200)]
    swapped = bad.table.copy()
    columns = ["predicted", "score_threat", "score_denial"]
    swapped.loc[:59, columns], good.table.loc[:59, columns] = good.table.loc[:59, columns], swapped.loc[:59, columns]
    runs = [
        Contestant("good", good.table.assign(slice_town=part), "g", "framing"),
        Contestant("bad", swapped.assign(slice_town=part), "b", "framing"),
    ]
    compared = compare(runs, times=100)
    (turned,) = compared.turned
    assert (turned.column, turned.value, turned.rows) == ("town", "north", 60)
    assert turned.difference.value > 0 > compared.main(1).difference.value


def test_verdicts_go_back_under_mlflows_names():
    compared = compare([contestant("a", 0.3), contestant("b", 0.1, seed=2)], times=100)
    (numbers,) = written_back(compared).values()
    assert numbers["macro_f1"]["diff"] == compared.main(1).difference.value
    assert {"diff", "ci_low", "ci_high", "p"} == set(numbers["threat.f1"])


def test_page_says_the_answer_first_and_shows_every_run_and_pair():
    many = [contestant(f"run{at}", 0.1 + at / 100, seed=at) for at in range(12)]
    compared = compare(many, times=100)
    page = write_comparison(compared, lambda each: None)
    said = str(escape(answer(compared)))
    assert said in page and page.index(said) < page.index("<table")
    assert page.count("<details>") == 1  # 66 pairs are folded away
    assert "The first 8 runs are drawn." in page
    assert all(each.name in page for each in many)
    assert "http" not in page.replace("http://www.w3.org", "")  # nothing is fetched
    few = write_comparison(compare(many[:2], times=100), lambda each: None)
    assert "<details>" not in few and few.count('class="error"') > 5


def test_page_escapes_what_users_write():
    odd = contestant("<b>bold</b>", 0.3)
    page = write_comparison(compare([odd, contestant("b", 0.1, seed=2)], times=100), lambda each: None)
    assert "<b>bold</b>" not in page and "&lt;b&gt;bold" in page


def test_what_concerns_the_rows_of_all_stands_beside_the_answer():
    finding = {"code": "FS010", "title": "test rows that are written", "detail": "all of them", "why": "", "remedy": ""}
    runs = [contestant("a", 0.3), contestant("b", 0.1, seed=2, checks=[finding])]
    page = write_comparison(compare(runs, times=100), lambda each: None)
    assert page.index("test rows that are written: all of them") < page.index("<table")
    assert f"threat {int((compare(runs, times=100).rows.y[:, 0]).sum())}" in page
