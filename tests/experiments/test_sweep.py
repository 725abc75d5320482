"""Sweeps from the command to the report, in this process where no process is the matter."""

import json
import os
import time
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest
from mlflow import MlflowClient
from typer.testing import CliRunner

from experiments import sweep as sweep_module
from experiments.commands.main import app
from experiments.config.files import load_config
from experiments.errors import InputError, UnfinishedError
from experiments.sweep import sweep
from experiments.tracking.artifacts import fetch_artifact, last_run
from experiments.tracking.runs import start_run
from experiments.training.processes import Ended
from experiments.training.sweeps import study as study_module
from experiments.training.sweeps import trials as trials_module
from experiments.training.sweeps.owners import Owner, this_process
from tests.conftest import seed_rows, write_jsonl
from tests.postgres import binary
from tests.sweeps import killed_thrice, two_at_once

CONFIG = """
name: small
task: {name: framing, type: multilabel, labels: [threat, cooperation, denial]}
data: {train: small.jsonl}
features: [{type: words, min_df: 1}]
classifier: {type: logistic}
thresholds: {method: fixed}
evaluation: {bootstrap: 50, errors: 0, probes: false}
sweep:
  space: {classifier.C: [0.5, 2.0], features.0.ngram: [[1, 1], [1, 2]]}
  folds: 2
"""
OTHER = Owner(this_process().host, os.getppid(), "1")


class Fits:
    """Stands in for the processes: fits in this one, keeps what was asked for, and fails where it is told to."""

    def __init__(self):
        self.parts, self.fails = [], lambda part: None

    def __call__(self, work, parts, jobs, one_thread, say):
        for number, part in enumerate(parts):
            if part is None:
                continue
            self.parts.append(part)
            error = self.fails(part)
            result = None if error else work(part, say)
            yield Ended(number, result, error, False, os.getpid(), time.time())


@pytest.fixture
def fits(monkeypatch):
    found = Fits()
    monkeypatch.setattr(trials_module, "run_as_they_come", found)
    return found


@pytest.fixture
def quick(monkeypatch):
    """A training of the winner that leaves what a sweep reads of it, and no model."""

    def train(config, say, tags, remark):
        with start_run(config, tags) as run:
            run.log_values({"test.macro_f1": 0.5})

    monkeypatch.setattr(sweep_module, "train", train)


@pytest.fixture
def place(tmp_path, monkeypatch, workspace, trained):
    """A folder of its own with a store that is made by copying: making one takes seconds."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path}/mlflow.db")
    (tmp_path / "mlflow.db").write_bytes((workspace / "mlflow.db").read_bytes())
    write_jsonl(tmp_path / "small.jsonl", seed_rows(45))
    (tmp_path / "small.yaml").write_text(CONFIG, encoding="utf-8")
    return tmp_path


def run(*overrides, **options):
    lines = []
    found = sweep(
        load_config("small.yaml", list(overrides)),
        options.get("trials"),
        options.get("jobs", 1),
        options.get("retry", False),
        lines.append,
    )
    return found, lines


def trial_runs(parent):
    client = MlflowClient()
    experiment = client.get_run(parent).info.experiment_id
    return client.search_runs([experiment], f"tags.mlflow.parentRunId = '{parent}'")


def test_trials_are_nested_runs_the_winner_is_measured_once_and_a_rerun_measures_nothing(place, fits):
    found, lines = run()
    summary = found.summary
    assert found.measured == 4 and [row.state for row in summary.rows] == ["complete"] * 4
    best = max(summary.rows, key=lambda row: row.value)
    assert summary.best == best
    client = MlflowClient()
    for row in summary.rows:
        kept = client.get_run(row.run_id)
        assert kept.info.status == "FINISHED" and kept.data.tags["mlflow.parentRunId"] == found.run_id
        assert kept.data.params["classifier.C"] == str(row.settings["classifier.C"])
        assert kept.data.metrics["validation"] == row.value
        assert not [name for name in kept.data.metrics if name.startswith("test.")]
    children = trial_runs(found.run_id)
    winner = client.get_run(summary.winner.run_id)
    assert len(children) == 5 and winner.data.tags["mlflow.parentRunId"] == found.run_id
    assert winner.data.params["classifier.C"] == str(best.settings["classifier.C"])
    assert summary.winner.metrics["test.macro_f1"] == winner.data.metrics["test.macro_f1"]
    said = fetch_artifact(winner.info.run_id, "report.html").read_text("utf-8")
    assert "the best of 4 trials" in said and "too high to be expected again" in said
    page = fetch_artifact(found.run_id, "report.html").read_text("utf-8")
    assert "the best of 4 trials" in page and "<svg" in page and winner.info.run_id in page
    table = pd.read_csv(fetch_artifact(found.run_id, "trials.csv"))
    assert table["trial"].tolist() == [1, 2, 3, 4] and table["value"].tolist() == [row.value for row in summary.rows]
    assert fetch_artifact(found.run_id, "figures/history.svg").stat().st_size
    assert last_run() == winner.info.run_id
    assert any("the best so far" in line for line in lines)

    asked = len(fits.parts)
    again, lines = run()
    assert (len(fits.parts), again.measured, again.run_id) == (asked, 0, found.run_id)
    assert again.summary.winner == summary.winner and again.summary.rows == summary.rows
    assert len(trial_runs(found.run_id)) == 5
    assert any("nothing is measured again" in line for line in lines)


def test_no_trial_sees_a_test_row_and_groups_stay_whole(place, fits, quick, monkeypatch):
    tested = []
    prepare = sweep_module.prepare

    def noting(config, say):
        train_rows, test_rows = prepare(config, say)
        tested.extend(test_rows.ids)
        return train_rows, test_rows

    monkeypatch.setattr(sweep_module, "prepare", noting)
    run("sweep.space={classifier.C: [1.0]}")
    (part,) = fits.parts
    assert len(part.folds) == 2 and tested
    for rest, held in part.folds:
        assert not set(tested) & {*rest.ids, *held.ids}
        assert not set(rest.groups) & set(held.groups)
    run("sweep.space={classifier.C: [1.0]}", "sweep.over=validation")
    ((rest, held),) = fits.parts[-1].folds
    assert not set(tested) & {*rest.ids, *held.ids} and not set(rest.groups) & set(held.groups)


def test_failed_and_undefined_trials_do_not_win_and_are_told_of(place, fits, quick, monkeypatch):
    fits.fails = lambda part: "ValueError: no" if part.config.classifier.C == 2.0 else None
    measured = trials_module.measured

    def undefined(config, held, tables):
        found = measured(config, held, tables)
        if fits.parts[-1].config.features[0].ngram == (1, 1):
            found["macro_f1"] = type(found["macro_f1"])(float("nan"))
        return found

    monkeypatch.setattr(trials_module, "measured", undefined)
    found, lines = run()
    rows = found.summary.rows
    assert [row.state for row in rows] == ["failed", "complete", "failed", "failed"]
    assert found.summary.best.number == 2
    assert "undefined (nan)" in rows[0].error and rows[2].error == "ValueError: no"
    client = MlflowClient()
    assert [client.get_run(row.run_id).info.status for row in rows] == ["FAILED", "FINISHED", "FAILED", "FAILED"]
    assert client.get_run(rows[2].run_id).data.tags["framescope.error"] == "ValueError: no"
    assert any(line.startswith("note: 3 of 4 trials failed") for line in lines)
    assert run()[0].measured == 0

    monkeypatch.setattr(trials_module, "measured", measured)
    fits.fails = lambda part: None
    mended, _ = run(retry=True)
    assert mended.measured == 3 and {row.state for row in mended.summary.rows} == {"complete"}


def test_sweep_of_which_every_trial_fails_has_no_winner(place, fits):
    fits.fails = lambda part: "MemoryError: "
    with pytest.raises(UnfinishedError, match=r"none of 4 trials came to a value: MemoryError.* with --retry"):
        run()


@pytest.mark.slow
def test_lost_storage_is_made_up_for_by_what_mlflow_has_and_another_sweep_shares_trials(place, fits, quick):
    first, _ = run()
    asked = len(fits.parts)
    Path("sweeps.db").unlink()
    again, _ = run()
    assert len(fits.parts) == asked and again.summary.winner.run_id == first.summary.winner.run_id
    assert [row.run_id for row in again.summary.rows] == [row.run_id for row in first.summary.rows]
    wider, _ = run("sweep.space.classifier.C=[0.5, 2.0, 3.0]")
    assert wider.measured == 2 and len(wider.summary.rows) == 6


@pytest.mark.slow
def test_rows_moved_elsewhere_are_the_same_rows_and_changed_ones_others(place, fits, quick):
    run("sweep.space={classifier.C: [1.0]}")
    Path("elsewhere.jsonl").write_bytes(Path("small.jsonl").read_bytes())
    assert run("sweep.space={classifier.C: [1.0]}", "data.train=elsewhere.jsonl")[0].measured == 0
    rows = seed_rows(45)
    rows[0]["labels"] = [] if rows[0]["labels"] else ["denial"]
    write_jsonl(Path("elsewhere.jsonl"), rows)
    assert run("sweep.space={classifier.C: [1.0]}", "data.train=elsewhere.jsonl")[0].measured == 1


def test_interrupt_gives_trials_up_and_the_next_start_goes_on(place, fits, quick):
    def interrupt(part):
        if len(fits.parts) == 3:
            raise KeyboardInterrupt
        return

    fits.fails = interrupt
    with pytest.raises(KeyboardInterrupt):
        run()
    client = MlflowClient()
    runs = client.search_runs([client.get_experiment_by_name("framing").experiment_id])
    (parent,) = [each for each in runs if each.data.tags.get("framescope.kind") == "sweep"]
    assert parent.info.status == "KILLED"
    states = sorted(each.info.status for each in trial_runs(parent.info.run_id))
    assert states == ["FINISHED", "FINISHED", "KILLED"]
    fits.fails = lambda part: None
    found, lines = run()
    assert (found.run_id, found.measured) == (parent.info.run_id, 2)
    assert any("2 of 4 trials are done" in line for line in lines)
    assert any(f"taking up run {found.run_id}" in line for line in lines)


@pytest.fixture
def rising(fits, monkeypatch):
    """Have every trial that is measured be better than those before it."""
    measured = trials_module.measured

    def better(config, held, tables):
        found = measured(config, held, tables)
        return {**found, "macro_f1": type(found["macro_f1"])(len(fits.parts) / 100)}

    monkeypatch.setattr(trials_module, "measured", better)


def waits_by(monkeypatch, sleep):
    """Have the sweep alone sleep so: threads of MLflow sleep, too."""
    monkeypatch.setattr(sweep_module, "time", SimpleNamespace(sleep=sleep, perf_counter=time.perf_counter))


MORE = "sweep.sampler=random"


def test_process_that_measured_a_winner_and_stays_keeps_no_other_from_the_next(place, quick, rising, monkeypatch):
    run(MORE, trials=1)  # as in a notebook, which lives on

    waits_by(monkeypatch, lambda seconds: pytest.fail("waits for a process that has nothing to do"))
    monkeypatch.setattr(study_module, "this_process", lambda: OTHER)
    found, _ = run(MORE, trials=2)
    assert found.summary.best.number == 2 and found.summary.winner.looks == 2


def test_process_whose_measuring_fails_keeps_no_other_from_it(place, quick, rising, monkeypatch):
    def fails(*arguments):
        raise MemoryError

    whole = sweep_module.train
    monkeypatch.setattr(sweep_module, "train", fails)
    with pytest.raises(MemoryError):
        run(MORE, trials=1)
    monkeypatch.setattr(sweep_module, "train", whole)
    waits_by(monkeypatch, lambda seconds: pytest.fail("waits for a process that has failed"))
    monkeypatch.setattr(study_module, "this_process", lambda: OTHER)
    assert run(MORE, trials=1)[0].summary.winner.looks == 1


def test_who_is_waited_for_is_said_once(place, quick, rising, monkeypatch):
    slept = []
    take = study_module.Study.take

    def busy(self, name):  # by a process that is there for two looks
        if len(slept) < 2:
            self.put(name, OTHER.name)
            return False
        self.put(name, None)
        return take(self, name)

    monkeypatch.setattr(study_module.Study, "take", busy)
    waits_by(monkeypatch, slept.append)
    _, lines = run(MORE, trials=1)
    said = [line for line in lines if line.startswith("waiting for")]
    assert said == [
        f"waiting for process {OTHER.pid} on {OTHER.host}, which is measuring a winner of this sweep on the test rows"
    ]


@pytest.mark.slow
def test_pruned_trial_is_killed_in_mlflow_and_says_why(place, fits, quick, monkeypatch):
    monkeypatch.setattr(
        "experiments.training.sweeps.study.Study.report", lambda self, number, part, value: number == 1 and part == 1
    )
    found, _ = run("sweep.sampler=random", "sweep.pruner=median", trials=3)
    assert [row.state for row in found.summary.rows] == ["complete", "pruned", "complete"]
    kept = MlflowClient().get_run(found.summary.rows[1].run_id)
    assert kept.info.status == "KILLED"
    assert kept.data.tags["framescope.trial.state"].startswith("pruned after fold 1 of 2, macro_f1 0.")
    assert "1 pruned" in fetch_artifact(found.run_id, "report.html").read_text("utf-8")
    more, _ = run("sweep.sampler=random", "sweep.pruner=median", trials=4)
    assert more.measured == 1  # a sweep that is given more trials goes on
    assert len(more.summary.rows) == 4


def test_settings_that_do_not_go_together_are_a_failed_trial_and_not_the_end(place, fits, quick):
    space = "{classifier.C: {low: 0.1, high: 2}, features.0.min_df: {low: 1, high: 2}}"
    found, _ = run("sweep.sampler=random", f"sweep.space={space}", trials=2)
    assert {row.state for row in found.summary.rows} == {"complete"}
    assert all(type(row.settings["features.0.min_df"]) is int for row in found.summary.rows)


@pytest.mark.slow
def test_seed_among_the_settings_leaves_the_test_rows_as_they_are(place, fits, quick):
    found, _ = run("sweep.space={seed: [1, 2]}")
    digests = {MlflowClient().get_run(row.run_id).data.params["data.split_seed"] for row in found.summary.rows}
    assert digests == {"13"}


@pytest.mark.slow
def test_command_prints_one_object_and_processes_tell_the_same_as_this_one(place, fits, monkeypatch):
    here, _ = run("sweep.space={classifier.C: [0.5, 2.0]}")
    monkeypatch.undo()
    monkeypatch.chdir(place)
    for name in ("mlflow.db", "sweeps.db"):
        Path(name).unlink()
    result = CliRunner().invoke(
        app, ["sweep", "small.yaml", "sweep.space={classifier.C: [0.5, 2.0]}", "--jobs", "2", "--json"]
    )
    assert result.exit_code == 0, result.stderr
    (line,) = result.stdout.splitlines()
    found = json.loads(line)
    assert [each["value"] for each in found["trials"]] == [row.value for row in here.summary.rows]
    assert found["winner"]["metrics"]["test.macro_f1"] == here.summary.winner.metrics["test.macro_f1"]
    assert found["measured"] == 2


def test_config_of_a_sweep_must_be_one(place):
    with pytest.raises(InputError, match="has no section sweep"):
        sweep(load_config("small.yaml", ["sweep=null"]), None, None, False, print)


@pytest.mark.slow
def test_sweep_killed_three_times_comes_to_the_trials_of_one_that_nobody_killed():
    found = killed_thrice("grid")
    assert found["trials"] == 6 and found["trials finished twice"] == 0
    assert found["same trials and values"] and found["same winner"] and found["same test macro-F1"]


@pytest.mark.slow
@pytest.mark.skipif(binary("initdb") is None, reason="needs PostgreSQL: apt install postgresql")
@pytest.mark.skipif(find_spec("psycopg") is None, reason="needs pip install 'psycopg[binary]'")
def test_two_processes_share_one_study_on_an_empty_postgresql_that_is_mlflows_store_too():
    found = two_at_once()
    assert sum(found["measured by each"]) == 6 and found["trials"] == [6, 6]
    assert found["same trials and values"] and found["one winner"] and found["trials finished twice"] == 0
