import doctest
import subprocess
import sys

import pandas as pd
import pytest

from experiments import notebooks
from experiments.errors import InputError


@pytest.mark.slow
def test_what_the_documentation_shows_is_what_comes_out(in_workspace):
    failed, tried = doctest.testmod(notebooks)
    assert (failed, tried > 4) == (0, True)


@pytest.mark.slow
@pytest.mark.parametrize("first", ["import experiments.train", ""])
def test_names_of_the_package_are_the_functions_whatever_was_imported_before(first):
    program = f"{first}\nfrom experiments import evaluate, load_model, train\nprint(train.__module__)"
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "experiments.notebooks"


def test_importing_the_package_loads_neither_mlflow_nor_scikit_learn():
    program = "import sys, experiments; print([name for name in ('mlflow', 'sklearn') if name in sys.modules])"
    assert subprocess.run([sys.executable, "-c", program], capture_output=True, text=True).stdout.strip() == "[]"


def test_score_yields_as_it_goes_and_reads_no_more_than_a_batch(trained, in_workspace):
    model = notebooks.load_model(trained.model_uri)
    read = []

    def texts():
        for number in range(10):
            read.append(number)
            yield f"Rebels shelled town {number}."

    scored = model.score(texts(), batch_size=3)
    first = next(scored)
    assert read == [0, 1, 2]
    assert first["text"] == "Rebels shelled town 0."
    assert set(first["scores"]) == {"threat", "cooperation", "denial"}
    assert len([first, *scored]) == 10


def test_too_few_targets_are_refused(small_stance_model):
    with pytest.raises(InputError, match="fewer targets than texts"):
        list(small_stance_model.score(["One.", "Two."], ["the arms embargo"]))
    (row,) = small_stance_model.score(["It starved the clinics."], ["the arms embargo"])
    assert set(row["labels"]) <= {"favor", "against", "none"}


@pytest.fixture
def frame():
    return pd.DataFrame(
        {
            "id": ["a", None, "c", "d", 7],
            "body": ["Rebels shelled the town. It rained.", "They met.", None, "  ", "Published 12:03 GMT"],
            "seats": pd.array([3, None, 5, 6, 7], dtype="Int64"),
            "date": pd.to_datetime(["2031-01-01"] * 5),
        },
        index=[9, 9, 3, 2, 1],
    )


def test_frame_of_articles_becomes_one_of_sentences(trained, in_workspace, frame):
    model = notebooks.load_model(trained.model_uri)
    found = notebooks.score_frame(frame, model, text="body", keep=["seats", "date"])
    assert found["article"].tolist() == ["a", "a", "1", "7"]
    assert found["sentence"].tolist() == [0, 1, 0, 0]
    assert found["boilerplate"].tolist() == [False, False, False, True]
    assert found["score_threat"].isna().tolist() == found["boilerplate"].tolist()
    assert found["seats"].tolist() == [3, 3, pd.NA, 7] and found["seats"].dtype == "Int64"
    assert found["date"].dtype == frame["date"].dtype
    assert [
        text[a:b]
        for text, a, b in zip(["Rebels shelled the town. It rained."] * 2, found["start"], found["end"], strict=False)
    ] == (found["text"].tolist()[:2])
    expected = [{label: row[f"score_{label}"] for label in model.labels} for _, row in found[:3].iterrows()]
    assert expected == [each["scores"] for each in model.score(found["text"][:3])]


def test_frame_without_articles_has_the_same_columns(trained, in_workspace, frame):
    model = notebooks.load_model(trained.model_uri)
    none = notebooks.score_frame(frame[2:3], model, text="body", keep=["seats"])
    some = notebooks.score_frame(frame, model, text="body", keep=["seats"])
    assert len(none) == 0 and list(none.columns) == list(some.columns)


def test_frame_that_cannot_be_scored_says_why(trained, in_workspace, frame):
    model = notebooks.load_model(trained.model_uri)
    with pytest.raises(InputError, match="'text': there is no such column; it has id, body, seats, date"):
        notebooks.score_frame(frame, model)
    with pytest.raises(InputError, match="'outlet': there is no such column"):
        notebooks.score_frame(frame, model, text="body", keep=["outlet"])
    with pytest.raises(InputError, match="row 0: column 'date' has Timestamp"):
        notebooks.score_frame(frame, model, text="date")
    with pytest.raises(InputError, match="a column 'labels' of its own"):
        notebooks.score_frame(frame.assign(labels=1), model, text="body", keep=["labels"])
    with pytest.raises(InputError, match="two columns of that name"):
        notebooks.score_frame(pd.concat([frame, frame], axis=1), model, text="body")
