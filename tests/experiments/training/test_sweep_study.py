"""Trials as several processes see them, without any training."""

import multiprocessing
import os
import signal
import time
from dataclasses import replace

import pytest
from optuna.trial import TrialState

from experiments.config.files import load_config, with_values
from experiments.errors import InputError, UnfinishedError
from experiments.training.sweeps import storage as storage_module
from experiments.training.sweeps import study as study_module
from experiments.training.sweeps.entries import Entry, Known
from experiments.training.sweeps.owners import Owner, owner_of, this_process
from experiments.training.sweeps.proposals import Space
from experiments.training.sweeps.storage import open_storage
from experiments.training.sweeps.study import Study

FORK = multiprocessing.get_context("fork")
GRID = "sweep.space={classifier.C: [1.0, 2.0, 3.0], classifier.balanced: [false, true]}"
DRAWN = "sweep.space={classifier.C: {low: 0.1, high: 10, log: true}, features.0.min_df: {low: 1, high: 3}}"


@pytest.fixture
def opened(small_config, tmp_path, monkeypatch):
    """Return a function that opens the study in this process, as every process of the sweep does."""
    monkeypatch.chdir(tmp_path)

    def open_(*overrides, total=6, known=lambda key: None):
        config = load_config(str(small_config), list(overrides) or [GRID])
        space = Space(config.sweep, lambda values: with_values(config, values))
        return Study(open_storage(config.sweep), "it", space, 13, total, key_of, known)

    return open_


def key_of(settings):
    return str(sorted(settings.items()))


def value_of(settings):
    return settings["classifier.C"] / 10


def work(study, until=None):
    """Do what is left; return the settings in the order in which they were tried."""
    tried = []
    while len(tried) != until and isinstance(entry := study.claim(), Entry):
        settings = study.space.settings(entry.params)
        study.tell(entry.number, TrialState.COMPLETE, value_of(settings))
        tried.append(settings)
    return tried


def in_other_process(do, *arguments, wait=True):
    process = FORK.Process(target=_afresh, args=(do, *arguments))
    process.start()
    if wait:
        process.join(60)
    return process


def _afresh(do, *arguments):
    this_process.cache_clear()  # a forked process has its parent's
    do(*arguments)


def claim_and_die(open_, *overrides):
    open_(*overrides).claim()
    os.kill(os.getpid(), signal.SIGKILL)


def claim_and_stay(open_, told):
    open_().claim()
    told.send("claimed")
    time.sleep(60)


def test_trial_left_running_by_kill_9_is_tried_again_and_a_grid_has_no_hole(opened):
    for _ in range(3):
        assert in_other_process(claim_and_die, opened).exitcode == -signal.SIGKILL
    study = opened()
    tried = work(study)
    assert len(tried) == len({key_of(each) for each in tried}) == 6
    assert [each.slot for each in study.settled()] == [1, 2, 3, 4, 5, 6]
    assert len(study.entries()) == 9  # three of them lost
    assert study.claim() is None


def test_trial_of_a_process_that_lives_is_left_alone_until_it_dies(opened):
    ours, theirs = FORK.Pipe()
    process = in_other_process(claim_and_stay, opened, theirs, wait=False)
    try:
        assert ours.recv() == "claimed"
        study = opened()
        assert len(work(study)) == 5
        assert study.claim() == "wait"
    finally:
        process.kill()
        process.join()
    assert isinstance(study.claim(), Entry)


def test_number_of_a_process_that_was_given_again_is_not_taken_for_it():
    here = this_process()
    assert not here.is_gone and owner_of(here.name) == here
    assert Owner(here.host, here.pid, "1").is_gone
    assert not replace(here, host="elsewhere").is_here


def test_trial_of_another_machine_is_lost_only_when_its_beat_stands_still(opened, monkeypatch):
    study = opened()
    monkeypatch.setattr(study_module, "this_process", lambda: Owner("elsewhere", 7, "1"))
    other = study.claim()
    monkeypatch.undo()
    now = [1000.0]
    monkeypatch.setattr(study_module.time, "monotonic", lambda: now[0])
    assert len(work(study)) == 5 and study.claim() == "wait"
    now[0] += study_module.SILENT - 1
    assert study.claim() == "wait"
    study.put("beat elsewhere/7/1", 2)
    now[0] += 2
    assert study.claim() == "wait"
    now[0] += study_module.SILENT + 1
    again = study.claim()
    assert (again.slot, again.key) == (other.slot, other.key) and again.number != other.number


def test_failed_trial_counts_as_tried_and_only_retry_tries_it_again(opened):
    study = opened()
    failed = study.claim()
    study.note(failed.number, error="no memory")
    study.tell(failed.number, TrialState.FAIL)
    assert len(work(study)) == 5
    assert opened().claim() is None
    assert [each.more.get("error") for each in study.settled()].count("no memory") == 1
    assert opened().retry() == 1
    assert [key_of(each) for each in work(opened())] == [failed.key]
    assert opened().retry() == 0


def test_what_mlflow_has_is_not_measured_again_although_the_study_was_not_told(opened):
    first = opened()
    key = first.claim().key
    first.release()
    study = opened(known=lambda each: Known(0.7, {1: 0.6}, "run", 3.0) if each == key else None)
    assert len(work(study)) == 5
    (found,) = [each for each in study.settled() if each.key == key]
    assert (found.value, found.parts, found.more["run_id"]) == (0.7, {1: 0.6}, "run")


def test_dead_trial_that_mlflow_has_as_finished_is_told_and_not_lost(opened):
    in_other_process(claim_and_die, opened)
    study = opened(known=lambda key: Known(0.7, {}, "run", 3.0))
    assert study.claim() is None
    assert [each.value for each in study.settled()] == [0.7] * 6
    assert len(study.entries()) == 6


@pytest.mark.slow
@pytest.mark.parametrize("sampler", ["random", "tpe"])
def test_losses_change_nothing_of_what_is_drawn_nor_does_a_new_start(opened, sampler, tmp_path, monkeypatch):
    arguments = [f"sweep.sampler={sampler}", DRAWN]
    whole = work(opened(*arguments, total=9))
    assert len({key_of(each) for each in whole}) == 9
    (tmp_path / "other").mkdir()
    monkeypatch.chdir(tmp_path / "other")
    broken = []
    for until in (2, 5, None):
        in_other_process(claim_and_die, opened, *arguments)
        broken += work(opened(*arguments, total=9), until)
    assert broken == whole


def test_random_draws_nothing_twice_and_ends_when_nothing_is_new(opened):
    study = opened("sweep.sampler=random", GRID, total=50)
    assert len({key_of(each) for each in work(study)}) == 6
    assert study.exhausted


def test_trial_below_the_median_of_four_is_pruned_and_an_undefined_one_is_not(opened):
    study = opened("sweep.sampler=random", "sweep.pruner=median", DRAWN, total=9)
    for value in (0.5, 0.6, 0.7, 0.8):
        number = study.claim().number
        assert study.report(number, 1, value) is False
        study.tell(number, TrialState.COMPLETE, value)
    number = study.claim().number
    assert study.report(number, 1, float("nan")) is False
    assert study.report(number, 1, 0.64) is True
    study.tell(number, TrialState.PRUNED)
    assert study.settled()[-1].value is None
    assert study.report(study.claim().number, 1, 0.66) is False


@pytest.mark.parametrize(("metric", "sign"), [("macro_f1", 1), ("log_loss", -1)])
def test_trial_that_was_lucky_in_the_first_fold_is_pruned_where_it_falls_behind(opened, metric, sign):
    study = opened("sweep.sampler=random", "sweep.pruner=median", f"sweep.metric={metric}", DRAWN, total=9)
    for first, second in ((0.68, 0.73), (0.69, 0.74), (0.71, 0.76), (0.72, 0.77)):  # medians 0.70 and 0.75
        number = study.claim().number
        assert not study.report(number, 1, sign * first) and not study.report(number, 2, sign * second)
        study.tell(number, TrialState.COMPLETE, sign * second)
    number = study.claim().number
    assert study.report(number, 1, sign * 0.76) is False
    assert study.report(number, 2, sign * 0.50) is True
    study.tell(number, TrialState.PRUNED)
    late = study.claim().number
    assert study.report(late, 1, sign * 0.705) is False
    assert study.report(late, 2, sign * 0.755) is False  # the pruned one has no part in the median
    study.tell(late, TrialState.FAIL)
    plain = opened("sweep.sampler=random", "sweep.pruner=none", f"sweep.metric={metric}", DRAWN, total=9)
    assert plain.report(plain.claim().number, 1, sign * 0.1) is False


@pytest.mark.slow
def test_first_starts_at_once_on_nothing_share_one_study(opened):
    processes = [in_other_process(lambda: work(opened(), 1), wait=False) for _ in range(4)]
    for process in processes:
        process.join(120)
    assert [process.exitcode for process in processes] == [0] * 4
    work(opened())
    assert [each.slot for each in opened().settled()] == [1, 2, 3, 4, 5, 6]


@pytest.mark.slow
def test_claims_at_once_take_no_trial_twice(opened):
    opened()
    processes = [in_other_process(lambda: work(opened()), wait=False) for _ in range(3)]
    for process in processes:
        process.join(120)
    entries = opened().entries()
    assert sorted(each.slot for each in entries) == [1, 2, 3, 4, 5, 6]
    assert {each.state for each in entries} == {TrialState.COMPLETE}


def test_one_process_alone_takes_a_task_and_another_once_it_is_gone(opened):
    study = opened()
    in_other_process(lambda: (opened().take("it"), os.kill(os.getpid(), signal.SIGKILL)))
    assert study.take("it") and study.take("it")
    study.put("it", "elsewhere/7/1")
    assert not study.take("it")


def test_storage_gone_in_the_middle_is_one_line_that_says_how_to_go_on(opened, tmp_path):
    study = opened()
    study.claim()
    (tmp_path / "sweeps.db").write_bytes(b"no database at all, and long enough to be none" * 100)
    with pytest.raises(UnfinishedError, match=r"doesn't answer any more .* the same command goes on") as caught:
        work(study)
    assert len(str(caught.value).splitlines()) == 1
    with pytest.raises(InputError, match=r"sweeps.db: can't be used as a sweep's storage"):
        opened()


def test_passwords_are_not_shown(opened, monkeypatch):
    assert storage_module.hidden("postgresql://me:secret@host/db") == "postgresql://me:***@host/db"
    monkeypatch.setenv(storage_module.VARIABLE, "postgresql://me:secret@127.0.0.1:1/db?connect_timeout=2")
    with pytest.raises(InputError) as caught:
        opened()
    assert "secret" not in str(caught.value) and "FRAMESCOPE_SWEEPS" in str(caught.value)
    monkeypatch.setenv(storage_module.VARIABLE, "sqlite:///x.db")
    with pytest.raises(InputError, match="must be a PostgreSQL address"):
        opened()
