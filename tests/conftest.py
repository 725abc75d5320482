"""What all tests share: no network, and rows of the shipped corpus."""

import json
import os
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def pytest_configure() -> None:
    """Keep every library from looking for the network, and tests that run side by side to a thread each."""
    if "PYTEST_XDIST_WORKER" in os.environ:
        for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
            os.environ.setdefault(name, "1")
    os.environ["HF_HUB_OFFLINE"] = "1"
    os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
    os.environ.pop("MLFLOW_TRACKING_URI", None)


def seed_rows(n_groups: int) -> list[dict]:
    """Return the rows of the first groups of the shipped corpus."""
    rows = [json.loads(line) for line in (ROOT / "seeds/framing/sentences.jsonl").read_text("utf-8").splitlines()]
    groups = list(dict.fromkeys(row["group"] for row in rows))[:n_groups]
    return [row for row in rows if row["group"] in groups]


def write_jsonl(path: Path, rows: list[dict]) -> Path:
    """Write rows as JSON lines."""
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return path
