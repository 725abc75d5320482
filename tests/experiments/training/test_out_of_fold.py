import joblib
import numpy as np
import pytest

from experiments.corpus.rows import Labelled
from experiments.tables.table import Table
from experiments.training.out_of_fold import out_of_fold

N, GROUPS = 40, 8
TEXTS = [f"sentence {row}" for row in range(N)]
GROUP = {text: f"g{row % GROUPS}" for row, text in enumerate(TEXTS)}
Y = np.array([[row % 3 == 0, row % 2 == 0] for row in range(N)], dtype=np.int8)
DATA = Labelled("rows", Table("rows", {"text": TEXTS}), TEXTS, TEXTS, [GROUP[text] for text in TEXTS], Y)


class Recorder:
    """A classifier that keeps what it was fitted to, and answers with the number of each text."""

    def __init__(self, fitted):
        self.fitted = fitted

    def fit(self, texts, answers):
        self.known = dict(zip(texts, np.asarray(answers).tolist(), strict=True))
        return self

    def predict_proba(self, texts):
        self.fitted.append((self.known, list(texts)))
        numbers = np.array([int(text.split()[1]) for text in texts], dtype=float)
        return np.stack([numbers, -numbers], axis=1)


def predict(multilabel, seed=1):
    fitted = []
    with joblib.parallel_config("threading"):
        found = out_of_fold(lambda: Recorder(fitted), DATA, multilabel, 4, seed)
    return found, fitted


@pytest.mark.parametrize("multilabel", [True, False])
def test_each_row_is_predicted_by_a_model_of_all_other_groups_and_their_labels(multilabel):
    answers = dict(zip(TEXTS, (Y if multilabel else Y.argmax(axis=1)).tolist(), strict=True))
    _, fitted = predict(multilabel)
    assert len(fitted) == 4
    for known, asked in fitted:
        hidden = {GROUP[text] for text in asked}
        assert known == {text: answers[text] for text in TEXTS if GROUP[text] not in hidden}
        assert len(known) + len(asked) == N


def test_predictions_stand_in_their_own_rows():
    found, _ = predict(True)
    assert found.tolist() == [[row, -row] for row in range(N)]


def test_seed_decides_which_rows_are_held_out_together():
    def parts(seed):
        return sorted(sorted(asked) for _, asked in predict(True, seed)[1])

    assert parts(1) == parts(1) != parts(3)


def test_folds_are_told_of_as_they_end(monkeypatch):
    monkeypatch.setattr("experiments.progress._LINE", 0.0)
    said = []
    with joblib.parallel_config("threading"):
        out_of_fold(lambda: Recorder([]), DATA, True, 4, 1, said.append)
    assert [line.split(",")[0] for line in said] == [
        "out of fold 0%: 0 of 4 folds",
        "out of fold 25%: 1 of 4 folds",
        "out of fold 50%: 2 of 4 folds",
        "out of fold 75%: 3 of 4 folds",
    ]
