"""The model in the box: used where there is no other, said so, and as good as its card says."""

import hashlib
import json
import os
import re
import subprocess
import sys

import pytest

from experiments.errors import InputError
from experiments.files import MODELS
from experiments.tracking import resolve
from experiments.tracking.connection import connect
from features.encoder.weights import find_encoder
from tests.conftest import ROOT

ARTICLE = ROOT / "seeds/articles/strait-talks.txt"
BOX = MODELS / "framing"


def framescope(folder, *arguments):
    """Run the command in a folder, with no store but that folder's."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MLFLOW")}
    return subprocess.run(
        [sys.executable, "-m", "experiments", *map(str, arguments)],
        cwd=folder,
        env={**environment, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )


@pytest.mark.slow
def test_in_an_empty_folder_the_starter_scores_says_so_and_leaves_no_store(tmp_path):
    result = framescope(tmp_path, "score", ARTICLE, "-o", "scored.jsonl")
    assert result.returncode == 0, result.stderr
    (line,) = [line for line in result.stderr.splitlines() if "starter" in line]
    assert "no framing model of your own yet" in line and "README.md" in line
    assert [path.name for path in tmp_path.iterdir()] == ["scored.jsonl"]
    rows = [json.loads(row) for row in (tmp_path / "scored.jsonl").read_text().splitlines()]
    assert any("cooperation" in row["labels"] for row in rows) and any(not row["labels"] for row in rows)


@pytest.mark.slow
def test_a_champion_goes_before_the_starter_which_is_taken_when_it_is_named(in_workspace, trained):
    assert resolve.resolve_model(None, "framing")[0].startswith("models:/framing/")
    name, model = resolve.resolve_model("starter", "framing")
    assert name == "starter" and model.labels == ["threat", "cooperation", "denial"]


def test_task_without_a_starter_says_what_there_is(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match=r"there is no starter model for 'weather' \(there are: framing, stance\)"):
        resolve.resolve_model("starter", "weather")
    with pytest.raises(InputError, match="no champion model for 'weather'"):
        resolve.resolve_model(None, "weather")


def test_store_that_is_not_there_is_not_made_to_look_for_a_champion(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path}/other.db")
    assert resolve.resolve_model(None, "framing")[0] == "starter"
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_store_without_a_champion_leaves_the_starter(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path}/other.db")
    connect()
    assert (tmp_path / "other.db").is_file()
    assert resolve.resolve_model(None, "framing")[0] == "starter"


def test_server_that_does_not_answer_is_an_error_and_no_reason_to_take_the_starter(monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    with pytest.raises(InputError, match="the server doesn't answer"):
        resolve.resolve_model(None, "framing")


def test_starter_is_small_enough_for_a_repository():
    assert sum(path.stat().st_size for path in BOX.iterdir()) < 25_000_000


def test_starter_reads_plain_news():
    model = resolve.load_starter("framing")
    texts = [
        "The general warned that any ship entering the strait would be sunk.",
        "The two governments signed an agreement on joint patrols of the border.",
        "The ministry denied that its troops had taken part in the raid.",
        "The museum opens at nine and closes at five.",
        "Rebels shelled the town for a third day, killing six.",
        "Shares in the airline rose four percent on Tuesday.",
    ]
    found = model.names(model.decide(model.predict_proba(texts)))
    assert [set(labels) for labels in found] == [{"threat"}, {"cooperation"}, {"denial"}, set(), {"threat"}, set()]


def test_card_has_the_figures_and_the_digest_of_the_model():
    card = (BOX / "README.md").read_text(encoding="utf-8")
    figures = json.loads((BOX / "figures.json").read_text(encoding="utf-8"))
    for name, reached in figures.items():
        assert name in card
        assert f"{reached['starter']:.3f}" in card and f"{reached['framing/default']:.3f}" in card
        assert reached["starter"] > reached["framing/default"]
    (said,) = re.findall(r"\b[0-9a-f]{64}\b", card)
    assert said == hashlib.sha256((BOX / "pipeline.skops").read_bytes()).hexdigest()


def test_card_of_the_stance_starter_has_its_figures_and_digest():
    card = (MODELS / "stance" / "README.md").read_text(encoding="utf-8")
    figures = json.loads((MODELS / "stance" / "figures.json").read_text(encoding="utf-8"))
    assert all(f"{reached['starter']:.3f}" in card for reached in figures.values())
    (said,) = re.findall(r"\b[0-9a-f]{64}\b", card)
    assert said == hashlib.sha256((MODELS / "stance" / "pipeline.skops").read_bytes()).hexdigest()


def test_line_on_a_starter_says_what_it_reaches_and_where_it_is_no_better_than_guessing():
    assert "of macro-F1 0.68 on press-dev, 0.85 on newswire-dev (its card:" in resolve.starter_line("framing")
    assert "0.33 on tweets on targets never seen (SemEval-2016; guessing has 0.33)" in resolve.starter_line("stance")


@pytest.mark.slow
def test_starter_for_stance_answers_for_a_target_that_it_never_saw_and_says_so(tmp_path):
    (tmp_path / "op.txt").write_text(
        "Scrap the ferry tax before it ruins another island. The council meets on Monday in the town hall.\n"
    )
    result = framescope(tmp_path, "score", "op.txt", "--task", "stance", "--target", "the ferry tax")
    assert result.returncode == 0, result.stderr
    assert "no stance model of your own yet" in result.stderr and "'the ferry tax' was not in training" in result.stderr
    taken, reported = (json.loads(line) for line in result.stdout.splitlines())
    assert taken["labels"] == ["against"] and taken["touches_target"] and not taken["target_in_training"]
    assert reported["labels"] == ["none"]


@pytest.mark.slow
def test_encoder_of_the_stance_starter_can_be_started_from(tmp_path, monkeypatch):
    monkeypatch.setenv("FRAMESCOPE_CACHE", str(tmp_path))
    find_encoder.cache_clear()
    folders = [find_encoder(name) for name in ("starter", "starter:framing", "starter:stance")]
    assert folders[0] == folders[1] != folders[2]
    assert all((folder / "config.json").is_file() for folder in folders)
    find_encoder.cache_clear()
