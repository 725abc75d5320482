import os
from contextlib import suppress
from dataclasses import replace

import pandas as pd
import pytest
from mlflow import MlflowClient

from experiments.config.files import load_config
from experiments.corpus.rows import load_labelled
from experiments.notices import once
from experiments.tracking import families
from experiments.tracking.connection import connect
from experiments.tracking.families import family_digest, start_family

NAMES = ["fold 1", "fold 2"]
TABLE = pd.DataFrame({"id": ["a"], "true": [["threat"]]})


def silent(line: str) -> None:
    pass


@pytest.fixture
def config(in_workspace, trained, small_config):
    return load_config(str(small_config))


@pytest.fixture
def client(config):
    connect()
    return MlflowClient()


@pytest.fixture
def broken_off(config):
    """Return a function that opens a family, finishes the first of two children, and is interrupted."""

    def open_family(digest):
        with suppress(KeyboardInterrupt), start_family(config, "folds", NAMES, digest, silent) as family:
            family.add("fold 1", "first", TABLE, {"test.macro_f1": 0.5}, 0)
            raise KeyboardInterrupt
        return family

    return open_family


def test_family_that_was_broken_off_is_taken_up_with_what_is_done(config, client, broken_off):
    first = broken_off("d1")
    assert client.get_run(first.run.id).info.status == "KILLED"
    lines = []
    with start_family(config, "folds", NAMES, "d1", lines.append) as again:
        assert again.run.id == first.run.id
        assert client.get_run(again.run.id).info.status == "RUNNING"
        assert client.get_run(again.run.id).data.tags["framescope.pid"] == str(os.getpid())
        (child,) = again.done.values()
        assert (child.name, child.reused, child.metrics) == ("fold 1", True, {"test.macro_f1": 0.5})
        pd.testing.assert_series_equal(again.predictions(child)["id"], TABLE["id"])
    assert lines == [
        f"taking up run {first.run.id}, which had ended before its folds were done: 1 of 2 are done and not run again "
        "(fold 1)"
    ]
    assert client.get_run(first.run.id).info.status == "FINISHED"


def test_finished_family_another_one_and_one_that_runs_still_are_not_taken_up(config, client, broken_off):
    first = broken_off("d2")
    with start_family(config, "folds", NAMES, "d3", silent) as other:
        assert (other.run.id != first.run.id, other.done) == (True, {})
    with start_family(config, "folds", NAMES, "d3", silent) as after:
        assert after.run.id != other.run.id
    client.set_tag(first.run.id, "framescope.pid", str(os.getppid()))
    client.update_run(first.run.id, "RUNNING")
    with start_family(config, "folds", NAMES, "d2", silent) as beside:
        assert beside.run.id != first.run.id
    client.set_terminated(first.run.id, "KILLED")


def test_child_without_an_end_is_closed_and_failed_ones_are_run_again(config, client):
    with suppress(RuntimeError), start_family(config, "seeds", NAMES, "d4", silent) as family:
        family.add_failed("fold 2", "second", "no rows", 0)
        experiment = client.get_run(family.run.id).info.experiment_id
        lost = client.create_run(experiment, tags=family.tags("fold 1"))
        raise RuntimeError("enough")
    assert client.get_run(lost.info.run_id).info.status == "KILLED"
    assert client.get_run(family.run.id).data.tags["framescope.error"] == "enough"
    with start_family(config, "seeds", NAMES, "d4", silent) as again:
        assert (again.run.id, again.done) == (family.run.id, {})
        assert "framescope.error" not in client.get_run(again.run.id).data.tags


def test_digest_is_of_all_that_results_depend_on(config, monkeypatch):
    rows = load_labelled(config.data.train, config.task, config.data, silent)
    found = family_digest(config, NAMES, [rows])
    assert family_digest(config, NAMES, [load_labelled(config.data.train, config.task, config.data, silent)]) == found
    y, regions = rows.y.copy(), list(rows.rows["region"])
    y[0, 0] = 1 - y[0, 0]
    regions[0] = "elsewhere"
    others = [
        family_digest(config.model_copy(update={"seed": 14}), NAMES, [rows]),
        family_digest(config, NAMES[:1], [rows]),
        family_digest(config, NAMES, [rows.take(range(len(rows) - 1))]),
        family_digest(config, NAMES, [replace(rows, groups=["one"] * len(rows))]),
        family_digest(config, NAMES, [replace(rows, y=y)]),
        family_digest(
            config, NAMES, [replace(rows, rows=replace(rows.rows, columns={**rows.rows.columns, "region": regions}))]
        ),
    ]
    monkeypatch.setattr(families, "code_digest", lambda: "another")
    others.append(family_digest(config, NAMES, [rows]))
    assert len({found, *others}) == 8


def test_a_line_is_said_once():
    lines = []
    say = once(lines.append)
    for line in ("a", "b", "a"):
        say(line)
    assert lines == ["a", "b"]
