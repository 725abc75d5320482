import joblib
import numpy as np
import pytest

from experiments.config.files import load_config
from experiments.config.schema import Thresholds
from experiments.corpus.rows import Labelled
from experiments.errors import InputError
from experiments.measures.operating_points import best_thresholds
from experiments.tables.table import Table
from experiments.train import prepare
from experiments.training.fitting import pipeline_of
from experiments.training.thresholds import choose_thresholds


def test_thresholds_are_chosen_on_the_rows_asked_for(small_config):
    config = load_config(str(small_config))
    rows, _ = prepare(config, lambda line: None)
    build = pipeline_of(config)

    def chosen(**settings):
        changed = config.model_copy(update={"thresholds": Thresholds(folds=3, **settings)})
        with joblib.parallel_config("threading"):
            return choose_thresholds(changed, build, rows, None, None, silent)[0]

    assert (chosen(where={"kind": "article"}) != chosen()).any()
    kinds = sorted(set(map(str, rows.rows["kind"])))
    assert len(kinds) > 1 and (chosen(where={"kind": kinds}) == chosen()).all()
    with pytest.raises(InputError, match="no column 'planet'"):
        chosen(where={"planet": "mars"})
    with pytest.raises(InputError, match="leaves 0 rows"):
        chosen(where={"kind": "poem"})


def silent(line):
    pass


class Prepared:
    """A pipeline with the probabilities of each text in hand."""

    def __init__(self, probabilities):
        self.probabilities = probabilities

    def predict_proba(self, texts):
        return np.array([self.probabilities[text] for text in texts])


def part(name, gap, **columns):
    """Return rows of two labels, and probabilities that tell each apart in a gap that ends there."""
    texts = [f"{name} {row}" for row in range(20)]
    y = np.array([[row % 2, row % 2] for row in range(20)], dtype=np.int8)
    probabilities = dict(zip(texts, np.where(y, gap, 0.105), strict=True))
    rows = Table("rows", {"text": texts, **{key: values * 10 for key, values in columns.items()}})
    return Labelled(name, rows, texts, texts, texts, y), probabilities


def never():
    raise AssertionError("nothing is to be fitted")


def test_validation_chooses_on_the_rows_set_aside_with_the_pipeline_at_hand(small_config):
    config = load_config(
        str(small_config), ["thresholds.method=validation", "task.labels=[threat, denial]", "data.validation_size=0.2"]
    )
    (train, _), (held, probabilities) = part("train", 0.9), part("held", [0.315, 0.715])
    chosen, *_ = choose_thresholds(config, never, train, Prepared(probabilities), held, silent)
    assert chosen.tolist() == [0.21, 0.41]  # halfway from 0.1 to 0.3 and to 0.7


def test_which_of_equal_thresholds_is_taken_is_the_configs_choice(small_config):
    overrides = ["thresholds.method=validation", "task.labels=[threat, denial]", "thresholds.among=half_f1"]
    (train, _), (held, probabilities) = part("train", 0.9), part("held", [0.315, 0.915])
    config = load_config(str(small_config), overrides)
    chosen, *_ = choose_thresholds(config, never, train, Prepared(probabilities), held, silent)
    assert chosen.tolist() == [0.29, 0.5]  # half an F1 of 1, and what is nearest to it (F1 is smoothed over neighbours)


@pytest.mark.parametrize(("method", "with_held"), [("cv", True), ("cv", False), ("validation", False)])
def test_cross_validation_chooses_on_the_training_rows_by_models_of_their_indicators(small_config, method, with_held):
    config = load_config(
        str(small_config), [f"thresholds.method={method}", "thresholds.folds=4", "task.labels=[threat, denial]"]
    )
    train, probabilities = part("train", [0.315, 0.715])
    held, others = part("held", 0.9)
    fitted = []

    class Recorder(Prepared):
        def fit(self, texts, answers):
            fitted.append((texts, answers))
            return self

    with joblib.parallel_config("threading"):
        chosen, *_ = choose_thresholds(
            config, lambda: Recorder(probabilities), train, Prepared(others), held if with_held else None, silent
        )
    assert chosen.tolist() == [0.21, 0.41]
    assert len(fitted) == 4
    for texts, answers in fitted:
        assert set(texts) < set(train.texts)
        assert answers.shape == (len(texts), 2)


@pytest.mark.parametrize(
    "where", ["{kind: [article, wire]}", "{kind: article, year: ['1999', '2001']}", "{year: '2001'}", "{kind: article}"]
)
def test_rows_chosen_on_go_with_their_probabilities(small_config, where):
    config = load_config(
        str(small_config),
        ["thresholds.method=validation", "task.labels=[threat, denial]", f"thresholds.where={where}"],
    )
    others, misleading = part("others", 0.05)  # rows with a label have the lower probability
    wanted, probabilities = part("wanted", [0.315, 0.715])
    # those wanted come last, so that a mask of rows but not of probabilities would take others'
    columns = {"kind": ["art", "cle"] * 10 + ["article"] * 20, "year": [1999] * 20 + [2001] * 20}
    held = Labelled(
        "held",
        Table("rows", columns),
        others.ids + wanted.ids,
        others.texts + wanted.texts,
        others.groups + wanted.groups,
        np.concatenate([others.y, wanted.y]),
    )
    chosen, *_ = choose_thresholds(config, never, others, Prepared(misleading | probabilities), held, silent)
    assert chosen.tolist() == [0.21, 0.41]


def test_rows_must_have_all_columns_that_are_asked_for(small_config):
    config = load_config(
        str(small_config),
        ["thresholds.method=validation", "task.labels=[threat, denial]", "thresholds.where={kind: a, year: '1999'}"],
    )
    held, probabilities = part("held", 0.9, kind=["a", "b"], year=["2001", "1999"])
    with pytest.raises(InputError, match=r"held: thresholds.where=.* leaves 0 rows"):
        choose_thresholds(config, never, held, Prepared(probabilities), held, silent)
    held, probabilities = part("held", 0.9, kind=["a", "b"], month=["5", "6"])
    with pytest.raises(InputError, match=r"held: has no column 'year' for thresholds.where; it has text, kind, month "):
        choose_thresholds(config, never, held, Prepared(probabilities), held, silent)


@pytest.mark.parametrize(
    "overrides", [["thresholds.method=fixed"], ["task.type=multiclass", "task.labels=[threat, cooperation, denial]"]]
)
def test_fixed_threshold_is_that_of_every_label_and_nothing_is_fitted(small_config, overrides):
    config = load_config(str(small_config), [*overrides, "thresholds.value=0.3"])
    rows, _ = part("train", 0.9)
    assert choose_thresholds(config, never, rows, None, None, silent)[0].tolist() == [0.3, 0.3, 0.3]


def test_chosen_rows_must_hold_every_label(small_config):
    config = load_config(str(small_config), ["thresholds.where={kind: a}", "task.labels=[threat, denial]"])
    rows, _ = part("train", 0.9, kind=["a", "b"])
    rows.y[0] = [0, 1]  # of the rows of kind a one has a label, and none the other
    with pytest.raises(InputError, match=r"train: thresholds.where={'kind': 'a'} leaves 10 rows"):
        choose_thresholds(config, never, rows, None, None, silent)


def held_rows(n=400):
    """Return rows of two labels at rates of one and three in ten, and probabilities that are much too sure."""
    rng = np.random.default_rng(5)
    texts = [f"row {row}" for row in range(n)]
    meant = rng.beta(0.6, 1.4, (n, 2))
    y = (rng.random((n, 2)) < meant).astype(np.int8)
    odds = 3 * np.log(meant / (1 - meant)) + 1
    rows = Labelled("held", Table("rows", {"text": texts}), texts, texts, texts, y)
    return rows, dict(zip(texts, 1 / (1 + np.exp(-odds)), strict=True)), meant


@pytest.mark.parametrize("thresholds", ["validation", "fixed"])
@pytest.mark.parametrize("method", ["sigmoid", "isotonic"])
def test_calibrated_probabilities_are_those_that_the_rows_bear_out(small_config, thresholds, method):
    config = load_config(
        str(small_config),
        [f"calibration={method}", f"thresholds.method={thresholds}", "task.labels=[threat, denial]"],
    )
    held, probabilities, meant = held_rows()
    given = np.asarray(list(probabilities.values()))
    chosen, calibration, _ = choose_thresholds(config, never, held, Prepared(probabilities), held, silent)
    assert np.abs(calibration(given) - meant).mean() < 0.06 < 0.11 < np.abs(given - meant).mean()
    if thresholds == "fixed":
        assert chosen.tolist() == [0.5, 0.5]
    else:  # on what the probabilities mean, not on what they were
        assert (np.abs(chosen - best_thresholds(held.y, calibration(given))) < 1e-9).all()


def test_label_with_too_few_rows_is_left_as_it_is_and_named(small_config):
    config = load_config(
        str(small_config), ["calibration=sigmoid", "thresholds.method=validation", "task.labels=[threat, denial]"]
    )
    held, probabilities, _ = held_rows()
    held.y[:, 1] = 0
    held.y[:9, 1] = 1
    said = []
    _, calibration, _ = choose_thresholds(config, never, held, Prepared(probabilities), held, said.append)
    given = np.asarray(list(probabilities.values()))
    assert np.abs(calibration(given)[:, 1] - given[:, 1]).max() < 1e-5
    assert np.abs(calibration(given)[:, 0] - given[:, 0]).max() > 0.1
    assert said == ["note: denial is not calibrated: 9 of the 400 rows to learn that from have it"]
