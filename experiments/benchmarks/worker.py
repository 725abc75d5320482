"""The process in which one system is trained, or scores: ``python worker.py job.json``.

Each is a process of its own, so that memory and threads are the system's alone. It needs NumPy and the system's library
and nothing else, so that a peer that can't live beside the kit runs in another interpreter (Python 3.10 or later). It
says ``ready`` on standard output when the clock is about to run, waits for a line, and says ``done`` when it has
stopped; between the two, whoever started it may measure energy. Everything else that is printed goes to standard error.
"""

import importlib.util
import json
import math
import os
import platform
import sys
import time
import traceback
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from threading import Thread
from typing import IO, Any

import numpy as np

LEAST_SECONDS = 1.0
"""A timing of scoring goes over the test rows as often as fills this time: a single pass may take milliseconds."""

MODULES = (
    "sklearn", "numpy", "scipy", "skops", "onnxruntime", "torch", "transformers", "fasttext", "spacy", "setfit",
    "sentence_transformers",
)  # fmt: skip
"""Whose versions are told, where a system has loaded them."""


def main() -> None:
    """Do the job whose file is the first argument and write its result beside it."""
    job_file = Path(sys.argv[1])
    Thread(target=_end_with, args=(os.getppid(),), daemon=True).start()
    speech = _own_standard_output()
    _find_framescope()
    try:
        result = run(json.loads(job_file.read_text(encoding="utf-8")), speech)
    except ModuleNotFoundError as error:
        traceback.print_exc()
        result = {"status": "missing", "error": f"no module named {error.name}", "module": error.name}
    except Exception as error:
        traceback.print_exc()
        line = (str(error).strip().splitlines() or ["no message"])[0]
        kind = type(error).__name__
        result = {"status": "failed", "error": line if kind == "InputError" else f"{kind}: {line}"}
    job_file.with_suffix(".result").write_text(json.dumps(result), encoding="utf-8")


def run(job: dict[str, Any], speech: IO[str]) -> dict[str, Any]:
    """Train or score as the job says, and return what was measured.

    Parameters
    ----------
    job : dict
        ``action`` (``fit`` or ``score``), ``problem``, ``peer`` (a name) or ``config``, ``data`` (the folder of rows),
        ``model`` (the folder of the saved model, in one for files on the way), ``repeats`` and ``predictions`` (a file,
        for ``score``).
    speech : file
        Where ``ready`` and ``done`` are said.
    """
    from experiments.benchmarks.usage import peak_mb

    began = time.perf_counter()
    system = _system(job)
    model = Path(job["model"])
    rows = _read(Path(job["data"]))
    result: dict[str, Any] = {"status": "done"}
    if job["action"] == "fit":
        system.prepare(Path(job["data"]))
        scratch = model.with_name("scratch")  # removed, with the model, by whoever started this
        scratch.mkdir()
        result["before_mb"] = peak_mb()
        result |= _clocked(lambda: system.fit(rows, scratch), speech)
        result["peak_mb"] = peak_mb()
        model.mkdir()
        system.save(model)
    else:
        system.load(model)
        result["load_seconds"] = time.perf_counter() - began
        probabilities = system.predict_proba(rows)
        decided = system.decide(probabilities)
        rates: list[float] = []
        result |= _clocked(lambda: rates.extend(_rates(system, rows, job["repeats"], result)), speech)
        result["rates"] = rates
        result["peak_mb"] = peak_mb()
        np.savez(job["predictions"], probabilities=probabilities, decided=decided)
    result["versions"] = _versions()
    return result


def _rates(system: Any, rows: Any, repeats: int, result: dict[str, Any]) -> list[float]:
    """Return sentences scored a second, once a repeat, and note how many sentences went through in all.

    A repeat goes over the rows as often as fills :data:`LEAST_SECONDS`. Texts that the system keeps are forgotten
    between passes, outside the clock.
    """

    def passed() -> float:
        system.forget()
        began = time.perf_counter()
        system.decide(system.predict_proba(rows))
        return time.perf_counter() - began

    passes = max(1, math.ceil(LEAST_SECONDS / max(passed(), 1e-6)))
    rates = [len(rows.texts) * passes / sum(passed() for _ in range(passes)) for _ in range(repeats)]
    result["passes"] = passes
    result["sentences"] = len(rows.texts) * (1 + passes * repeats)
    return rates


def _clocked(work: Callable[[], None], speech: IO[str]) -> dict[str, float | None]:
    """Do the work between ``ready`` and ``done`` and return what it took.

    ``seconds``, ``cpu_seconds``, and ``other_cores``: how many cores other programs kept busy meanwhile, on average.
    """
    from experiments.benchmarks.usage import cpu_seconds, machine_cpu_seconds

    print("ready", file=speech, flush=True)
    sys.stdin.readline()
    cpu, everything, began = cpu_seconds(), machine_cpu_seconds(), time.perf_counter()
    work()
    seconds, own, after = time.perf_counter() - began, cpu_seconds() - cpu, machine_cpu_seconds()
    print("done", file=speech, flush=True)
    sys.stdin.readline()
    known = everything is not None and after is not None and seconds > 1  # clocks of 10 ms tell no less
    others = max(0.0, (after - everything - own) / seconds) if known else None  # type: ignore[operator]
    return {"seconds": seconds, "cpu_seconds": own, "other_cores": others}


def _system(job: dict[str, Any]) -> Any:
    from experiments.benchmarks.system import Problem

    problem = Problem(**job["problem"])
    if "config" in job:
        from experiments.benchmarks.own import KitConfig

        return KitConfig(problem, job["config"])
    from experiments.benchmarks.peers import PEERS

    peer = PEERS[job["peer"]]
    for module in peer.modules:
        __import__(module)
    return peer(problem)


def _read(folder: Path) -> Any:
    from experiments.benchmarks.system import Rows

    plain = json.loads((folder / "rows.json").read_text(encoding="utf-8"))
    labels = folder / "labels.npy"
    y = np.load(labels) if labels.is_file() else np.zeros((len(plain["texts"]), 0), dtype=np.int8)
    return Rows(plain["texts"], y, plain["targets"])


def _versions() -> dict[str, str]:
    """Return the versions of Python and of the packages behind the loaded modules, which forks rename."""
    packages = metadata.packages_distributions()
    found = {"python": platform.python_version()}
    for module in MODULES:
        if module in sys.modules and module in packages:
            name = packages[module][0]
            found[name] = metadata.version(name)
    return found


def _end_with(parent: int) -> None:
    """End this process when the one that started it is gone, even if it was killed outright."""
    while os.getppid() == parent:
        time.sleep(1)
    os._exit(1)


def _own_standard_output() -> IO[str]:
    """Return standard output for this module's own words, and send what libraries print to standard error."""
    own = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    return own


def _find_framescope() -> None:
    """Load the package ``experiments`` from this file's folder, whatever the interpreter's own path holds."""
    sys.path.pop(0)  # this folder, whose modules are no top-level ones
    home = Path(__file__).resolve().parent.parent
    spec = importlib.util.spec_from_file_location(
        "experiments", home / "__init__.py", submodule_search_locations=[str(home)]
    )
    if spec is None or spec.loader is None:
        raise ImportError(f"{home}: holds no framescope")
    package = importlib.util.module_from_spec(spec)
    sys.modules["experiments"] = package
    spec.loader.exec_module(package)


if __name__ == "__main__":
    main()
