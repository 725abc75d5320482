import json

import numpy as np
import pytest
from typer.testing import CliRunner

from experiments.commands.main import app
from experiments.config.files import load_config
from experiments.errors import InputError
from experiments.training.cross_validation import cross_validate, learning_curve
from experiments.training.fitting import fit
from tests.conftest import seed_rows, write_jsonl


def silent(line: str) -> None:
    pass


def test_every_row_is_measured_once_and_bounds_hold_the_value(small_config, small_corpus):
    config = load_config(str(small_config), ["thresholds.method=fixed"])
    found = cross_validate(config, 3, None, silent)
    assert found.rows == len(small_corpus.read_text("utf-8").splitlines())
    estimate = found.metrics["macro_f1"]
    assert estimate.low < estimate.value < estimate.high
    assert min(found.folds) - 0.1 < estimate.value < max(found.folds) + 0.1


def test_it_does_better_than_the_majority(small_config):
    values = [
        cross_validate(load_config(str(small_config), overrides), 3, None, silent)
        .metrics["macro_average_precision"]
        .value
        for overrides in (["thresholds.method=fixed"], ["classifier.type=majority", "thresholds.method=fixed"])
    ]
    assert values[0] > values[1] + 0.1


def test_values_of_a_column_are_kept_whole(small_config, monkeypatch):
    parts = []

    def remember(config, rows, unseen):
        assert not set(rows.texts) & set(unseen.texts)
        parts.append(set(rows.rows["region"]))
        return fit(config, rows, unseen)

    monkeypatch.setattr("experiments.training.cross_validation.fit", remember)
    config = load_config(str(small_config), ["thresholds.method=fixed"])
    cross_validate(config, 2, "region", silent)
    assert not parts[0] & parts[1]  # with two folds the training parts are each other's test
    with pytest.raises(InputError, match="no column 'planet'"):
        cross_validate(config, 2, "planet", silent)


@pytest.fixture(scope="module")
def unseen(tmp_path_factory):
    """Rows of groups that the small corpus doesn't hold."""
    return write_jsonl(tmp_path_factory.mktemp("unseen") / "unseen.jsonl", seed_rows(90)[600:])


def test_more_rows_make_a_better_model(small_config, unseen):
    config = load_config(str(small_config), ["thresholds.method=fixed", "thresholds.value=0.4"])
    points = learning_curve(config, str(unseen), [40, 200, 10_000], 2, silent)
    assert [len(point.draws) for point in points] == [2, 2, 1]
    assert points[0].mean + 0.05 < points[2].mean
    assert points[0].mean == pytest.approx(np.mean(points[0].draws))


def test_learning_curve_on_the_training_rows_is_refused(small_config, small_corpus):
    with pytest.raises(InputError, match="training and test rows"):
        learning_curve(load_config(str(small_config)), str(small_corpus), [100], 1, silent)


def test_commands_print_one_object(small_config, unseen):
    def run(*arguments):
        result = CliRunner().invoke(app, [*map(str, arguments), "--json"])
        assert result.exit_code == 0, result.stderr
        return json.loads(result.stdout)

    assert run("cross-validate", small_config, "--folds", 2)["metrics"]["cv.macro_f1"] > 0
    assert len(run("learning-curve", small_config, "-d", unseen, "--sizes", "100,200", "--draws", 1)["points"]) == 2
