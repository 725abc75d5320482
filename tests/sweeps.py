"""Kills a sweep three times and lets it end, and has two processes do one on PostgreSQL: ``python -m tests.sweeps``.

The killed sweep (``kill -9`` of the command and all its processes, each time while a trial is being fitted) must come
to the trials, values and winner of one that nobody killed, and no trial may have been finished twice.
"""

import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

from experiments.files import CODE
from tests.conftest import seed_rows, write_jsonl
from tests.postgres import binary, cluster

CONFIG = """
name: small
task: {name: framing, type: multilabel, labels: [threat, cooperation, denial]}
data: {train: small.jsonl}
features: [{type: words, min_df: 1}]
classifier: {type: logistic}
thresholds: {method: fixed}
evaluation: {bootstrap: 50, errors: 0, probes: false}
sweep:
  sampler: SAMPLER
  space: {classifier.C: [0.5, 2.0, 8.0], features.0.ngram: [[1, 1], [1, 2]]}
  folds: 2
"""
TRIALS = 6


def main() -> None:
    for sampler in ("grid", "tpe"):
        print(sampler, killed_thrice(sampler))
    if binary("initdb") is None:
        print("no PostgreSQL here: apt install postgresql")
    else:
        print("two processes on PostgreSQL:", two_at_once())


def killed_thrice(sampler: str, kills: int = 3, seed: int = 13) -> dict[str, Any]:
    """Kill a sweep so many times, let it end, and return what there was of it beside one that nobody killed."""
    chance = random.Random(seed)
    with tempfile.TemporaryDirectory() as scratch:
        whole, broken = (_prepared(Path(scratch, name), sampler) for name in ("whole", "broken"))
        expected = _ended(_started(whole, _environment(whole)))
        environment = _environment(broken)
        lines: list[str] = []
        for number in range(kills):
            process = _started(broken, environment)
            assert process.stderr is not None
            while (line := process.stderr.readline()) and not line.startswith(f"trial {number + 1}:"):
                lines.append(line)
            time.sleep(chance.uniform(0, 2))
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
        found = _ended(_started(broken, environment))
        finished = _finished(environment["MLFLOW_TRACKING_URI"], broken)
        return {
            "kills": kills,
            "trials": len(found["trials"]),
            "measured after the last kill": found["measured"],
            "same trials and values": _told(found) == _told(expected),
            "same winner": found["best"]["trial"] == expected["best"]["trial"],
            "same test macro-F1": found["winner"]["metrics"]["test.macro_f1"]
            == expected["winner"]["metrics"]["test.macro_f1"],
            "trials finished twice": sum(count > 1 for count in finished.values()),
        }


def two_at_once() -> dict[str, Any]:
    """Have two processes do one sweep on an empty PostgreSQL, and return who did what."""
    with tempfile.TemporaryDirectory() as scratch, cluster() as home:
        place = _prepared(Path(scratch, "place"), "random")
        address = f"postgresql://frame@/postgres?host={home}"
        environment = {**_environment(place), "FRAMESCOPE_SWEEPS": address}
        environment["MLFLOW_TRACKING_URI"] = address.replace("postgresql:", "postgresql+psycopg:")
        processes = [_started(place, environment) for _ in range(2)]
        found = [_ended(process) for process in processes]
        finished = _finished(environment["MLFLOW_TRACKING_URI"], place)
        return {
            "measured by each": [each["measured"] for each in found],
            "trials": [len(each["trials"]) for each in found],
            "same trials and values": _told(found[0]) == _told(found[1]),
            "one winner": found[0]["winner"]["run_id"] == found[1]["winner"]["run_id"],
            "trials finished twice": sum(count > 1 for count in finished.values()),
        }


def _prepared(folder: Path, sampler: str) -> Path:
    folder.mkdir()
    write_jsonl(folder / "small.jsonl", seed_rows(45))
    (folder / "small.yaml").write_text(CONFIG.replace("SAMPLER", sampler), encoding="utf-8")
    return folder


def _environment(folder: Path) -> dict[str, str]:
    found = {**os.environ, "PYTHONPATH": str(CODE), "MLFLOW_TRACKING_URI": f"sqlite:///{folder}/mlflow.db"}
    found.pop("FRAMESCOPE_SWEEPS", None)
    return found


def _started(folder: Path, environment: dict[str, str]) -> subprocess.Popen[str]:
    sampled = "grid" not in (folder / "small.yaml").read_text(encoding="utf-8")
    more = ["--trials", str(TRIALS)] if sampled else []
    command = [sys.executable, "-m", "experiments", "sweep", "small.yaml", *more, "--jobs", "1", "--json"]
    pipe = subprocess.PIPE
    return subprocess.Popen(
        command, cwd=folder, stdout=pipe, stderr=pipe, text=True, env=environment, start_new_session=True
    )


def _ended(process: subprocess.Popen[str]) -> dict[str, Any]:
    out, said = process.communicate(timeout=900)
    assert process.returncode == 0, said
    return dict(json.loads(out))


def _told(found: dict[str, Any]) -> list[Any]:
    return sorted([each["trial"], each["state"], each["value"], each["settings"]] for each in found["trials"])


def _finished(uri: str, folder: Path) -> Counter[str]:
    """Return how often each trial was finished in the store, by its key."""
    code = (
        "import json; from mlflow import MlflowClient; c = MlflowClient(); "
        "ids = [e.experiment_id for e in c.search_experiments()]; "
        "print(json.dumps([r.data.tags['framescope.trial'] for r in "
        "c.search_runs(ids, \"tags.`framescope.kind` = 'trial' and attributes.status = 'FINISHED'\")]))"
    )
    environment = {**os.environ, "MLFLOW_TRACKING_URI": uri}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, cwd=folder)
    return Counter(json.loads(done.stdout.splitlines()[-1]))


if __name__ == "__main__":
    main()
