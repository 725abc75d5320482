"""Scored rows of a made-up corpus, in every form that score writes."""

import json
from pathlib import Path

import pytest

from tests.conftest import write_jsonl

LABELS = ["threat", "cooperation"]
THRESHOLDS = {"threat": 0.5, "cooperation": 0.4}


def row(article: str, number: int, text: str, given=(), scores=None, **kept) -> dict:
    """Return a row as score writes it."""
    found = scores or {label: (0.9 if label in given else 0.1) for label in LABELS}
    return {
        "article": article,
        "sentence": number,
        "start": 0,
        "end": len(text),
        "text": text,
        "labels": list(given),
        "scores": found,
        **kept,
        "thresholds": THRESHOLDS,
    }


def boilerplate(article: str, number: int, text: str = "Read more.", **kept) -> dict:
    """Return a row that is set aside."""
    found = row(article, number, text, **kept)
    del found["thresholds"]
    return {**found, "scores": {}, "boilerplate": True}


def corpus(articles: int = 12) -> list[dict]:
    """Return four sentences an article: of the Post one threatens, of the Globe two; plus one of boilerplate."""
    rows = []
    for number in range(articles):
        outlet = ("Post", "Globe")[number % 2]
        name = f"a{number:02d}"
        kept = {"outlet": outlet, "date": f"2024-{1 + number // 4:02d}-1{number % 4}"}
        threats = 1 if outlet == "Post" else 2
        for at in range(4):
            given = ["threat"] if at < threats else ["cooperation"] if at == 3 and number % 3 == 0 else []
            text = f"Troops attacked town {name} {at}." if "threat" in given else f"They met in town {name} {at}."
            rows.append(row(name, at, text, given, **kept))
        rows.append(boilerplate(name, 4, **kept))
    return rows


@pytest.fixture
def scored(tmp_path) -> Path:
    return write_jsonl(tmp_path / "scored.jsonl", corpus())


def flat(rows: list[dict]) -> list[dict]:
    """Return rows with a column a score and threshold, as CSV and Parquet have them."""
    found = []
    for each in rows:
        kept = {name: value for name, value in each.items() if name not in ("scores", "thresholds", "boilerplate")}
        kept["boilerplate"] = each.get("boilerplate", False)
        kept |= {f"score_{label}": each["scores"].get(label) for label in LABELS}
        kept |= {f"threshold_{label}": each.get("thresholds", {}).get(label) for label in LABELS}
        found.append(kept)
    return found


def write_parquet(path: Path, rows: list[dict]) -> Path:
    import pyarrow as pa
    import pyarrow.parquet as pq

    pq.write_table(pa.Table.from_pylist(flat(rows)), path)
    return path


def write_parts(folder: Path, rows: list[dict], size: int, complete: bool = True) -> Path:
    """Write a folder of Parquet parts with its manifest."""
    folder.mkdir()
    parts = []
    for start in range(0, len(rows), size):
        name = f"part-{start // size:05d}.parquet"
        write_parquet(folder / name, rows[start : start + size])
        parts.append({"file": name, "documents": 1, "share": None, "counts": {}})
    said = {"kind": "framescope scored parts, 1", "complete": complete, "job": {"model": "starter"}, "parts": parts}
    (folder / "manifest.json").write_text(json.dumps(said), encoding="utf-8")
    return folder
