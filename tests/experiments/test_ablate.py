import json

import mlflow
import pytest
from mlflow import MlflowClient
from typer.testing import CliRunner

import experiments.ablate as ablation
from experiments.ablate import FULL, Setting, ablate, variants_of
from experiments.commands.main import app
from experiments.config.files import load_config
from experiments.errors import InputError, UnfinishedError
from experiments.evaluation.compare_page import write_comparison
from experiments.tracking.connection import connect
from experiments.training.processes import Ended

BLOCKS = (
    "features=[{type: words, min_df: 1}, {type: cues, lexicon: {deny: [deny|reject]}}, {type: words, ngram: [3, 3]}]"
)
FAST = [BLOCKS, "evaluation.bootstrap=0", "thresholds.method=fixed"]


def silent(line):
    pass


def loaded(path, *overrides):
    return load_config(str(path), [*FAST, *overrides])


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A store of the test's own."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def at_once(monkeypatch):
    """Measure variants in this process, where a test can look on; return which were."""
    measured = []
    whole = ablation.run_each

    def run_each(work, parts, jobs, one_thread, say):
        def told(part, say):
            measured.append([each.type for each in part[0].features])
            return work(part, say)

        return whole(told, parts, None, one_thread, say)

    monkeypatch.setattr(ablation, "run_each", run_each)
    return measured


def test_every_block_is_left_out_in_turn(small_config):
    config = loaded(small_config)
    assert variants_of(config, Setting()) == {
        "full": ["words", "cues", "words-2"],
        "without words": ["cues", "words-2"],
        "without cues": ["words", "words-2"],
        "without words-2": ["words", "cues"],
    }
    found = variants_of(config, Setting(["words-2"], alone=True))
    assert list(found) == ["full", "without words-2", "words-2 alone"]
    assert found["words-2 alone"] == ["words-2"]


def test_of_two_blocks_one_alone_is_not_measured_twice(small_config):
    config = loaded(small_config, "features=[{type: words}, {type: chars}]")
    assert list(variants_of(config, Setting(alone=True))) == ["full", "without words", "without chars"]


@pytest.mark.parametrize(
    ("overrides", "blocks", "said"),
    [
        ([], ["chars"], "--block chars: there is no such block; small has words, cues, words-2"),
        ([], ["cues", "cues"], "--block cues: stands twice"),
        (["features=[{type: words}]"], [], "has one feature, words; an ablation needs two or more"),
        (["classifier={type: majority}"], [], "the majority classifier looks at no features"),
        (
            ["features=[]", "classifier={type: lexicon, keywords: {threat: [war]}}"],
            [],
            "the lexicon classifier reads no features",
        ),
    ],
)
def test_what_can_not_be_left_out_is_one_line(small_config, here, overrides, blocks, said):
    options = [option for block in blocks for option in ("--block", block)]
    ended = CliRunner().invoke(app, ["ablate", str(small_config), BLOCKS, *overrides, *options])
    assert ended.exit_code == 2
    assert said in ended.output and ended.output.count("\n") == 1
    assert not list(here.iterdir())  # not even a store


def test_folds_and_test_rows_exclude_each_other(small_config):
    ended = CliRunner().invoke(app, ["ablate", str(small_config), BLOCKS, "--test", "--folds", "3"])
    assert ended.exit_code == 2 and "--folds" in ended.output


def test_an_ablation_compares_each_variant_with_the_whole(small_config, in_workspace, at_once):
    found = ablate(loaded(small_config), Setting(folds=3), 1, silent)
    assert at_once == [["words", "cues", "words"], ["cues", "words"], ["words", "words"], ["words", "cues"]]
    compared = found.compared
    assert [each.name for each in compared.contestants] == list(found.variants)
    assert {(pair.first, pair.second) for pair in compared.pairs} == {(0, 1), (0, 2), (0, 3)}
    for number in range(1, 4):
        pair = compared.main(number)
        values = [compared.values[at]["macro_f1"].value for at in (0, number)]
        assert pair.difference.value == pytest.approx(values[1] - values[0])
        assert pair.difference.low < pair.difference.high
    assert compared.main(1).difference.value < -0.05  # words carry most
    p = sorted(pair.p for pair in compared.pairs)
    assert sorted(pair.p_adjusted for pair in compared.pairs)[0] == pytest.approx(min(1, 3 * p[0]))
    assert len(compared.rows.ids) > 500  # every training row, once
    page = write_comparison(compared, lambda each: None)
    assert "All pairs" not in page and "adjusted over these differences (Holm)" in page


def test_the_whole_is_what_cross_validation_measures(small_config, in_workspace, at_once):
    from experiments.training.cross_validation import cross_validate

    config = loaded(small_config)
    found = ablate(config, Setting(["cues"], folds=3), 1, silent)
    whole = cross_validate(config, 3, None, silent)
    assert found.compared.values[0]["macro_f1"].value == pytest.approx(whole.metrics["macro_f1"].value)


def test_mlflow_keeps_a_run_a_variant_below_a_parent(small_config, in_workspace, at_once):
    found = ablate(loaded(small_config), Setting(["words-2"], folds=None), 1, silent)
    connect()
    client = MlflowClient()
    parent = client.get_run(found.run_id)
    assert parent.info.status == "FINISHED" and parent.info.run_name == "small ablation"
    assert parent.data.metrics["ablation.without words-2.difference"] == pytest.approx(
        found.compared.main(1).difference.value, rel=1e-3
    )
    for name in (FULL, "without words-2"):
        run = client.get_run(found.children[name].run_id)
        assert run.data.tags["mlflow.parentRunId"] == found.run_id
        value = found.compared.values[list(found.variants).index(name)]["macro_f1"].value
        assert run.data.metrics["test.macro_f1"] == pytest.approx(value)
    assert mlflow.artifacts.list_artifacts(run_id=found.run_id)


def test_one_that_was_broken_off_goes_on_where_it_was(small_config, in_workspace, at_once, monkeypatch):
    config, setting = loaded(small_config), Setting(["cues", "words-2"], folds=None)
    predictions = ablation._predictions

    def killed(part, say):
        if len(part[0].features) == 2 and part[0].features[1].type == "words":  # without cues
            raise KeyboardInterrupt
        return predictions(part, say)

    monkeypatch.setattr(ablation, "_predictions", killed)
    with pytest.raises(KeyboardInterrupt):
        ablate(config, setting, 1, silent)
    monkeypatch.setattr(ablation, "_predictions", predictions)
    at_once.clear()
    said = []
    found = ablate(config, setting, 1, said.append)
    assert at_once == [["words", "words"], ["words", "cues"]]
    assert any("1 of 3 are done and not run again (full)" in line for line in said)
    assert [child.reused for child in found.children.values()] == [True, False, False]
    at_once.clear()
    ablate(config, setting, 1, silent)  # a finished one is made anew
    assert len(at_once) == 3


def test_a_variant_that_fails_does_not_stop_the_others(small_config, in_workspace, monkeypatch):
    config, setting = loaded(small_config), Setting(["cues"], folds=None)

    def one_fails(work, parts, jobs, one_thread, say):
        yield Ended(0, None, "no terms remain", False, 0, 1.0)
        yield Ended(1, work(parts[1], say), None, False, 0, 1.0)

    monkeypatch.setattr(ablation, "run_each", one_fails)
    with pytest.raises(UnfinishedError, match=r"1 of its children failed: full: no terms remain.* keeps the 1 that"):
        ablate(config, setting, 1, silent)


@pytest.mark.slow
def test_the_command_prints_one_object_and_writes_a_page(small_config, in_workspace, tmp_path):
    command = [
        "ablate",
        str(small_config),
        *FAST,
        "--block",
        "cues",
        "--test",
        "--seeds",
        "2",
        "-o",
        str(tmp_path / "page.html"),
    ]
    ended = CliRunner().invoke(app, [*command, "--json"])
    assert ended.exit_code == 0, ended.output
    found = json.loads(ended.stdout)
    assert found["variants"]["without cues"]["blocks"] == ["words", "words-2"]
    assert len(found["variants"]["full"]["run_ids"]) == 2
    assert [pair["a"] for pair in found["pairs"]] == ["full"]
    assert set(found["values"]) == {"full", "without cues"}
    page = (tmp_path / "page.html").read_text("utf-8")
    assert "What is each block of features of small worth?" in page
    assert "test sentences of" in page


@pytest.mark.parametrize(
    ("setting", "said"),
    [(Setting(metric="bogus"), "--metric bogus: is none; take one of macro_f1"), (Setting(folds=4000), "groups")],
)
def test_what_cannot_be_is_told_before_anything_is_fitted(here, small_config, at_once, setting, said):
    with pytest.raises(InputError, match=said):
        ablate(loaded(small_config), setting, 1, silent)
    assert at_once == []
