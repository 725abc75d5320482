"""A made-up scored corpus of two outlets, whose truth is known, and people who label what was drawn from it."""

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from experiments.commands.main import app
from tests.conftest import write_jsonl
from tests.experiments.profile.conftest import boilerplate, row


def run(*arguments) -> tuple[int, str, str]:
    done = CliRunner().invoke(app, list(map(str, arguments)))
    return done.exit_code, done.stdout, done.stderr


def said(*arguments) -> dict:
    status, out, err = run(*arguments, "--json")
    assert status == 0, err
    return json.loads(out)


def refused(*arguments) -> str:
    status, out, err = run(*arguments)
    assert status == 2, out + err
    assert out == ""
    assert len(err.strip().splitlines()) == 1, err
    return err


def corpus(articles: int = 80, seed: int = 1) -> tuple[list[dict], dict[tuple[str, int], list[str]]]:
    """Return rows as score writes them, and what is true of each: the Post threatens in 10%, the Globe in 40%."""
    rng = np.random.default_rng(seed)
    rows, truth = [], {}
    for number in range(articles):
        outlet = ("Post", "Globe")[number % 2]
        kept = {"outlet": outlet, "date": f"2024-0{1 + number % 3}-10"}
        for at in range(6):
            y = {"threat": rng.random() < {"Post": 0.1, "Globe": 0.4}[outlet], "cooperation": rng.random() < 0.05}
            scores = {
                label: round(float(np.clip(0.25 + 0.5 * on + 0.2 * rng.standard_normal(), 0.01, 0.99)), 4)
                for label, on in y.items()
            }
            given = [label for label, score in scores.items() if score >= {"threat": 0.5, "cooperation": 0.4}[label]]
            text = f"Sentence {at} of article {number}."
            rows.append(row(f"a{number:02d}", at, text, given, scores, **kept))
            truth[f"a{number:02d}", at] = [label for label, on in y.items() if on]
        rows.append(boilerplate(f"a{number:02d}", 6, **kept))
    return rows, truth


@pytest.fixture(scope="session")
def made():
    return corpus()


@pytest.fixture
def scored(made, tmp_path, monkeypatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return write_jsonl(tmp_path / "scored.jsonl", made[0])


@pytest.fixture
def truth(made) -> dict[tuple[str, int], list[str]]:
    return made[1]


def read(path) -> list[dict]:
    return [json.loads(line) for line in Path(path).read_text(encoding="utf-8").splitlines()]


@pytest.fixture
def drawn(scored):
    """Return 120 rows that were drawn by outlet, boosted."""
    said("sample", scored, "-n", 120, "--by", "outlet", "--boost", 0.5, "-o", "sample.jsonl")
    return read("sample.jsonl")


@pytest.fixture
def labelled(drawn, truth):
    """Return them with their labels, also written to labelled.jsonl."""
    rows = [{**each, "labels": truth[each["article"], each["sentence"]]} for each in drawn]
    write_jsonl(Path("labelled.jsonl"), rows)
    return rows
