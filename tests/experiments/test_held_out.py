"""A model keeps what it came to on held-out rows, and promises nothing by a file that isn't its own."""

import json
from dataclasses import replace

import numpy as np
import pytest

from experiments.errors import InputError
from experiments.files import MODELS
from experiments.model import HELD_OUT_FILE, HeldOut, load_model, promise
from experiments.model.digest import digest_of
from experiments.model.held_out import read_held_out

DIGEST = "0123456789abcdef"


def held_out(n=200, wrong=0, rows=None):
    """Rows of which the last are wrong, and the model least sure."""
    return HeldOut.of(
        "validation rows of mine.csv",
        np.linspace(0.99, 0.5, n),
        np.arange(n) >= n - wrong,
        [f"a{row // (rows or 1)}" for row in range(n)],
    )


@pytest.fixture
def file(tmp_path):
    path = tmp_path / HELD_OUT_FILE
    path.write_text(held_out(wrong=20).text(DIGEST), encoding="utf-8")
    return path


def test_what_is_kept_is_read_back(file, capsys):
    said = []
    found = read_held_out(file, DIGEST, said.append)
    assert not said and found.source == "validation rows of mine.csv"
    assert (found.confidence == np.round(held_out().confidence, 6)).all()
    assert found.wrong.sum() == 20 and found.articles == 200
    assert read_held_out(file.with_name("none.json"), DIGEST, said.append) is None and not said


def test_file_of_another_model_promises_nothing(file):
    said = []
    assert read_held_out(file, "f" * 16, said.append) is None
    assert "of another model" in said[0] and "--held-out FILE" in said[0]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"confidence": None}, "confidence: is no list"),
        ({"confidence": [0.5] * 199}, "is no list with an entry a row"),
        ({"confidence": [2] * 200}, "no number from 0 to 1"),
        ({"confidence": [float("nan")] * 200}, "no number from 0 to 1"),
        ({"wrong": [2] * 200}, "neither 0 nor 1"),
        ({"wrong": [True] * 200}, "neither 0 nor 1"),
        ({"article": [-1] * 200}, "article: has"),
        ({"article": [1.5] * 200}, "article: has"),
        ({"confidence": [], "wrong": [], "article": []}, "is no list"),
        ({"source": "two\nlines"}, "source"),
        ({"format": 2}, "format"),
    ],
)
def test_damaged_file_is_told_by_its_field_and_not_used(file, change, message):
    file.write_text(json.dumps({**json.loads(file.read_text("utf-8")), **change}), encoding="utf-8")
    said = []
    assert read_held_out(file, DIGEST, said.append) is None
    assert message in said[0] and str(file) in said[0] and "\n" not in said[0]


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b"\xff", b"[" * 100_000])
def test_file_that_is_none_is_told(file, content):
    file.write_bytes(content)
    said = []
    assert read_held_out(file, DIGEST, said.append) is None and len(said) == 1


def test_of_too_many_rows_whole_articles_are_kept():
    many = held_out(1000, rows=10)
    few = many.limited(105)
    assert len(few) == 100 and few.articles == 10 and (np.bincount(few.article) == 10).all()


def test_a_saved_model_has_its_rows_again_and_loses_them_when_it_is_changed(trained, in_workspace, tmp_path):
    from experiments.tracking.resolve import resolve_model

    _, classifier = resolve_model(trained.model_uri, "framing")
    assert classifier.held_out is not None
    assert classifier.held_out.source.startswith("out-of-fold predictions (3 folds) of ")
    classifier.save(tmp_path / "m")
    again = load_model(tmp_path / "m")
    assert (again.held_out.confidence == classifier.held_out.confidence).all()
    (tmp_path / "m" / "pipeline.skops").rename(tmp_path / "m" / "other")
    replace(classifier, thresholds=classifier.thresholds / 2, held_out=None).save(tmp_path / "m")
    said = []
    assert load_model(tmp_path / "m", said.append).held_out is None and "of another model" in said[0]


def test_a_promise_says_what_it_rests_on():
    found = promise(held_out(wrong=40), 0.05)
    assert 0.5 < found.cut.confidence < 0.99 and found.bound <= 0.05
    assert "validation rows of mine.csv" in found.line and "95% confidence" in found.line
    assert found.dump()["held_out"] == {
        "source": "validation rows of mine.csv",
        "rows": 200,
        "articles": 200,
        "kept": found.cut.kept,
        "errors": found.cut.errors,
        "bound": round(found.bound, 4),
    }


@pytest.mark.parametrize(
    ("held", "level", "message"),
    [
        (held_out(), 0.0, "no share of errors"),
        (held_out(), 5, "such as 0.05"),
        (held_out(30), 0.05, "at least 59 articles without an error are needed|times as many held-out articles"),
        (held_out(200, rows=20), 0.05, "times as many held-out articles would do"),
        (held_out(200, wrong=200), 0.05, "wrong on every one of the 200 rows"),
        (replace(held_out(200), wrong=np.arange(200) % 3 == 0), 0.05, "more rows wouldn't help"),
    ],
)
def test_what_cannot_be_promised_is_refused_in_a_line_that_helps(held, level, message):
    with pytest.raises(InputError, match=message) as found:
        promise(held, level)
    assert "\n" not in str(found.value)


def test_the_refusal_names_a_level_that_can_be_promised():
    held = replace(held_out(300), wrong=np.arange(300) % 10 == 0)
    with pytest.raises(InputError, match=r"the lowest that can be is 0\.\d+") as found:
        promise(held, 0.05)
    least = float(str(found.value).partition("lowest that can be is ")[2].split(";")[0])
    assert promise(held, least).level == least


def test_the_starter_promises_five_in_a_hundred():
    said = []
    home = MODELS / "framing"
    held = read_held_out(home / HELD_OUT_FILE, digest_of(home), said.append)
    assert not said and len(held) == 2531 and held.articles == 822
    assert promise(held, 0.05).cut.kept > 1000
