"""Runs one system in processes of its own, and collects what they tell."""

import datetime
import json
import os
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Any

import numpy as np

from experiments.benchmarks import worker
from experiments.benchmarks.energy import Meter
from experiments.benchmarks.measured import Measured, Predictions


@dataclass(frozen=True)
class Candidate:
    """A system that is to be measured.

    Attributes
    ----------
    blank : Measured
        Its names and settings, without figures.
    job : dict
        ``problem``, and ``config`` or ``peer``: see :func:`experiments.benchmarks.worker.run`.
    python : str
        The interpreter that runs it.
    install : str
        What to say when its library is missing.
    """

    blank: Measured
    job: dict[str, Any]
    python: str
    install: str = ""


def measure_system(
    candidate: Candidate, data: Path, log: Path, repeats: int, meter: Meter
) -> tuple[Measured, Predictions | None]:
    """Train a system in one process and score with it in another.

    Parameters
    ----------
    candidate : Candidate
        The system.
    data : Path
        The folder with the rows' folders ``train`` and ``test``.
    log : Path
        Where the processes' standard error goes.
    repeats : int
        Timings of scoring.
    meter : Meter
        Estimates the energy.

    Returns
    -------
    tuple of (Measured, Predictions or None)
        The figures and the predictions; or why there are none.
    """
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        job = {**candidate.job, "model": str(folder / "model"), "repeats": repeats}
        # vectors that an earlier run has kept would flatter the time of training
        environment = {**os.environ, "FRAMESCOPE_CACHE": str(folder / "cache"), "PYTHONHASHSEED": "0"}

        def run(action: str, rows: str) -> dict[str, Any]:
            predictions = str(folder / "predictions.npz")
            whole = {**job, "action": action, "data": str(data / rows), "predictions": predictions}
            return _run(candidate.python, whole, folder / f"{action}.json", log, environment, meter)

        trained = run("fit", "train")
        if trained["status"] != "done":
            return _without(candidate, trained, log), None
        size = sum(path.stat().st_size for path in (folder / "model").rglob("*") if path.is_file())
        scored = run("score", "test")
        if scored["status"] != "done":
            return _without(candidate, scored, log), None
        with np.load(folder / "predictions.npz") as found:
            predictions = Predictions(found["probabilities"], found["decided"])
    energy = scored["energy_wh"]
    figures = {
        "train_seconds": trained["seconds"],
        "train_cpu_seconds": trained["cpu_seconds"],
        "train_base_mb": trained["before_mb"],
        "train_peak_mb": trained["peak_mb"],
        "train_energy_wh": trained["energy_wh"],
        "load_seconds": scored["load_seconds"],
        "sentences_per_second": max(scored["rates"]),
        "score_peak_mb": scored["peak_mb"],
        "score_energy_wh_per_1000": None if energy is None else energy / scored["sentences"] * 1000,
        "model_mb": size / 1e6,
        "other_cores": max((n for n in (trained["other_cores"], scored["other_cores"]) if n is not None), default=None),
    }
    now = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    done = replace(
        candidate.blank,
        status="done",
        figures=figures,
        rates=scored["rates"],
        versions={**trained["versions"], **scored["versions"]},
        date=now,
    )
    return done, predictions


def _run(
    python: str, job: dict[str, Any], file: Path, log: Path, environment: Mapping[str, str], meter: Meter
) -> dict[str, Any]:
    """Run the worker on a job and return its result, with the energy of the stretch that it clocks."""
    file.write_text(json.dumps(job, ensure_ascii=False), encoding="utf-8")
    log.parent.mkdir(parents=True, exist_ok=True)
    energy = None
    with log.open("a", encoding="utf-8") as said:
        try:
            process = subprocess.Popen(
                [python, worker.__file__, str(file)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=said,
                env=environment,
                bufsize=0,
            )
        except OSError as error:
            return {"status": "failed", "error": f"{python}: can't be run: {error.strerror}"}
        assert process.stdin is not None and process.stdout is not None
        with process:
            try:
                if process.stdout.readline():  # ready; an end without a word is an error that the result tells
                    meter.start()
                    _answer(process.stdin)
                    process.stdout.readline()  # done
                    energy = meter.stop()
                    _answer(process.stdin)
                status = process.wait()
            except BaseException:  # interrupted: the process goes with this one
                process.kill()
                raise
    result_file = file.with_suffix(".result")
    if not result_file.is_file():
        ending = f"signal {-status}, perhaps for want of memory" if status < 0 else f"status {status}"
        return {"status": "failed", "error": f"its process ended with {ending}"}
    result: dict[str, Any] = json.loads(result_file.read_text(encoding="utf-8"))
    return {**result, "energy_wh": energy}


def _answer(stdin: IO[bytes]) -> None:
    try:
        stdin.write(b"\n")
    except BrokenPipeError:  # the process has died; its result says why
        return


def _without(candidate: Candidate, result: dict[str, Any], log: Path) -> Measured:
    """Return the system without figures, and why, in a line."""
    if result["status"] == "missing" and candidate.install:
        return candidate.blank.failed(
            "missing", f"not installed in {candidate.python} ({result['error']}): pip install {candidate.install}"
        )
    return candidate.blank.failed("failed", f"{result['error']} (log: {log})")
