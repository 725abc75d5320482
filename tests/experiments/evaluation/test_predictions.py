import numpy as np
import pandas as pd

from experiments.evaluation.predictions import predicted, stacked


def test_table_gives_back_what_it_was_made_of(tmp_path):
    table = pd.DataFrame(
        {
            "id": ["a", "b"],
            "true": [["threat"], []],
            "undecided": [["denial"], []],
            "predicted": [["denial", "threat"], []],
            "score_threat": [0.1 + 0.2, 0.25],
            "score_denial": [1 / 3, 0.5],
        }
    )
    table.to_parquet(tmp_path / "p.parquet")
    found = predicted(pd.read_parquet(tmp_path / "p.parquet"), ["threat", "denial"])
    assert found.y.tolist() == [[1, -1], [0, 0]]
    assert found.decided.tolist() == [[1, 1], [0, 0]]
    assert found.probabilities.tolist() == [[0.1 + 0.2, 1 / 3], [0.25, 0.5]]


def test_tables_of_which_one_only_has_undecided_labels_stand_below_each_other():
    plain = pd.DataFrame({"id": ["a"], "true": [["threat"]], "predicted": [[]]})
    other = pd.DataFrame({"id": ["b"], "true": [[]], "undecided": [np.array(["threat"])], "predicted": [[]]})
    whole = stacked([plain, other])
    assert list(whole.columns) == ["id", "true", "undecided", "predicted"]
    assert [list(cell) for cell in whole["undecided"]] == [[], ["threat"]]
