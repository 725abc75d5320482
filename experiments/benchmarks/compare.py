"""Trains and measures configs of the kit and other libraries on one split: the whole of a benchmark."""

import hashlib
import importlib.util
import json
import re
import shlex
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib import metadata
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from experiments.benchmarks.energy import Meter
from experiments.benchmarks.exchange import write_rows
from experiments.benchmarks.machine import machine
from experiments.benchmarks.measured import Measured, Predictions, Shelf
from experiments.benchmarks.peers import PEERS
from experiments.benchmarks.processes import Candidate, measure_system
from experiments.config.files import config_files, load_single
from experiments.config.schema import Config
from experiments.corpus.checks import check_labels
from experiments.corpus.rows import Labelled
from experiments.errors import InputError
from experiments.files import path_of
from experiments.measures.metrics import Metrics, measure
from experiments.measures.paired import macro_f1_difference
from experiments.measures.resampling import Estimate
from experiments.notices import Warn
from experiments.output import check_output
from experiments.provenance import package_versions
from experiments.train import prepare
from features.encoder import EncoderError
from features.encoder.weights import DEFAULT, find_encoder

PLOT = "f1-throughput"
FILES = ("benchmark.json", "table.md", "table.csv", "table.tex", f"{PLOT}.svg", f"{PLOT}.png")
"""What is in the output folder in the end, besides the subfolders of what is kept of every system."""


@dataclass(frozen=True)
class Request:
    """What a user asks of a benchmark.

    Attributes
    ----------
    configs : sequence of str
        Files or shipped names; the first one's task, data, split and evaluation hold for all.
    overrides : sequence of str, default ()
        Dotted assignments to the first.
    peers : sequence of str, default ()
        Names out of :data:`experiments.benchmarks.peers.PEERS`.
    pythons : mapping, default {}
        Peer -> interpreter that runs it.
    repeats : int, default 3
        Timings of scoring; the best counts.
    """

    configs: Sequence[str]
    overrides: Sequence[str] = ()
    peers: Sequence[str] = ()
    pythons: Mapping[str, str] = field(default_factory=dict)
    repeats: int = 3

    @property
    def command(self) -> str:
        """The command that asks the same."""
        options = ["--peers", ",".join(self.peers) or "none"]
        for name, python in self.pythons.items():
            options += ["--python", f"{name}={python}"]
        return shlex.join(
            ["framescope", "benchmark", *self.configs, *self.overrides, *options, "--repeats", str(self.repeats)]
        )


@dataclass(frozen=True)
class Row:
    """One system with what its predictions are worth.

    Attributes
    ----------
    measured : Measured
        Its figures, or why there are none.
    metrics : dict of str to Estimate
        As :func:`experiments.measures.metrics.measure` names them; empty without predictions.
    difference : Estimate or None
        Its macro-F1 minus the first system's, by the paired bootstrap; None for the first, or without a first.
    """

    measured: Measured
    metrics: Metrics
    difference: Estimate | None


@dataclass(frozen=True)
class Comparison:
    """A finished benchmark: what was compared, on what, and the rows in the order in which they were asked for."""

    request: Request
    output: Path
    config: Config
    train: Labelled
    test: Labelled
    rows: list[Row]
    energy: dict[str, Any] | None


def compare(request: Request, output: Path | None, fresh: bool, say: Warn) -> Comparison:
    """Train and measure every system on the same rows.

    Each is kept in the output folder as soon as it is measured, and isn't measured again when nothing has changed that
    its figures depend on; so a benchmark that was interrupted goes on where it stopped. A system that fails doesn't
    stop the others.

    Parameters
    ----------
    request : Request
        The systems and how they are measured.
    output : Path, optional
        Folder of what is kept; ``outputs/benchmark/NAME`` when left out, by the first config's name.
    fresh : bool
        Measure everything anew.
    say : callable
        Called with a line for each step.

    Raises
    ------
    InputError
        If a config, an override or the data can't be used, or the output folder would lose one of them.
    """
    first = load_single(request.configs[0], list(request.overrides))
    further = [load_single(name) for name in request.configs[1:]]
    output = output or Path("outputs/benchmark") / _file_name(first.name)
    _check_folder(output, request.configs, [first, *further])
    train, test = prepare(first, say)
    if len(whole := train.whole) < len(train):
        say(f"note: {len(train) - len(whole)} training rows have an undecided label: left out, as no peer can use them")
        train = train.take(whole)
        check_labels(train, first.task)
    shelf = Shelf(output, first.task.labels)
    meter = Meter()
    found: list[tuple[Measured, Predictions | None]] = []
    with tempfile.TemporaryDirectory() as scratch:
        data = Path(scratch)
        write_rows(data / "train", train, with_labels=True)
        write_rows(data / "test", test, with_labels=False)
        for candidate in _candidates(request, [first, *further], train, test, say):
            name = candidate.blank.title
            kept = None if fresh or candidate.blank.error else shelf.get(candidate.blank.name, candidate.blank.digest)
            if kept:
                say(f"{name}: measured before, kept in {output} (--fresh measures it again)")
                found.append(kept)
                continue
            if candidate.blank.error:
                measured, predictions = candidate.blank, None
            else:
                say(f"{name}: training on {len(train)} rows, then scoring {len(test)}")
                log = output / "logs" / f"{candidate.blank.name}.log"
                measured, predictions = measure_system(candidate, data, log, request.repeats, meter)
            if predictions is None:
                say(f"{name}: {measured.error}")
            else:
                shelf.put(measured, predictions, test)
            found.append((measured, predictions))
    return Comparison(request, output, first, train, test, list(_rows(found, first, test)), meter.about)


def _check_folder(output: Path, names: Sequence[str], configs: Sequence[Config]) -> None:
    """Make sure that no file of an output folder that may be written is one that is read."""
    read: list[str | Path] = [file for name in names for file in config_files(name)]
    for config in configs:
        for source in (config.data.train, config.data.test, config.data.unlabelled):
            read += [source] if isinstance(source, str) else source or []
    kept = [file for part in ("systems", "predictions", "logs") for file in (output / part).glob("*")]
    for file in [*(output / name for name in FILES), *kept]:
        check_output(file, read)


def _rows(found: Sequence[tuple[Measured, Predictions | None]], config: Config, test: Labelled) -> Iterator[Row]:
    """Yield the systems with their metrics, all on the same resamples of the test rows."""
    task, times, seed = config.task, config.evaluation.bootstrap, config.seed
    reference = found[0][1]
    for number, (measured, given) in enumerate(found):
        if given is None:
            yield Row(measured, {}, None)
            continue
        metrics = measure(
            test.y,
            given.probabilities,
            given.decided,
            task.labels,
            test.groups,
            task.multilabel,
            times,
            seed,
            task.average_over,
        )
        paired = None
        if number and reference is not None:
            paired = macro_f1_difference(test.y, reference.decided, given.decided, test.groups, times, seed)
        yield Row(measured, metrics, paired)


def _candidates(
    request: Request, configs: Sequence[Config], train: Labelled, test: Labelled, say: Warn
) -> Iterator[Candidate]:
    """Yield what is to be measured: the configs in their order, then the peers."""
    first = configs[0]
    problem = {"labels": first.task.labels, "multilabel": first.task.multilabel, "seed": first.seed}
    common = {"train": train.digest, "test": test.digest, "problem": problem, "repeats": request.repeats}
    common["machine"] = machine()
    taken: set[str] = set()
    for asked, config in zip(request.configs, configs, strict=True):
        title = config.name if Path(asked).suffix else asked
        while title in taken:
            title = f"{title} (again)"
        taken.add(title)
        blank = Measured(_file_name(title), title, "config", "failed", config.description)
        try:
            config = _on_the_same_rows(config, first, train, title, say)
        except InputError as error:
            yield Candidate(blank.failed("failed", str(error)), {}, sys.executable)
            continue
        parts = {key: config.dump()[key] for key in ("features", "classifier", "targets", "thresholds")}
        own = {**parts, "data": [config.data.validation_size, config.data.unlabelled]}
        digest = _digest({**common, "config": own, "versions": package_versions()})
        yield Candidate(replace(blank, digest=digest), {"problem": problem, "config": config.dump()}, sys.executable)
    for name in request.peers:
        peer, python = PEERS[name], request.pythons.get(name, sys.executable)
        versions = _versions(peer.modules) if python == sys.executable else {}
        digest = _digest({**common, "peer": name, "settings": peer.settings, "python": python, "versions": versions})
        blank = Measured(_file_name(name), peer.title, "peer", "failed", peer.settings, digest)
        absent = [module for module in peer.modules if not _found(module)] if python == sys.executable else []
        if absent:
            yield Candidate(blank.failed("missing", f"not installed: pip install {peer.install}"), {}, python)
            continue
        known = {**problem, "encoder": _encoder()} if peer.tunes_encoder else problem
        yield Candidate(blank, {"problem": known, "peer": name}, python, peer.install)


def _on_the_same_rows(config: Config, first: Config, train: Labelled, title: str, say: Warn) -> Config:
    """Return a config that learns the first one's task from its rows, in its own way.

    Raises
    ------
    InputError
        If it can't.
    """
    if config is first:
        return first
    raw, given = config.dump(), first.dump()
    # how many rows a system sets aside, and what else it reads, is its own matter
    own_data = {key: raw["data"][key] for key in ("validation_size", "unlabelled")}
    raw |= {key: given[key] for key in ("task", "evaluation", "seed")}
    raw["data"] = {**given["data"], **own_data}
    missing = [column for column in config.thresholds.where if column not in train.rows.column_names]
    if missing and first.task.multilabel:
        say(f"note: {title}: these rows have no column {missing[0]!r} for thresholds.where; thresholds use all rows")
        raw["thresholds"] = {**raw["thresholds"], "where": {}}
    try:
        return Config.model_validate(raw)
    except ValidationError as error:
        message = error.errors()[0]["msg"].removeprefix("Value error, ")
        raise InputError(f"can't learn this task: {message}") from None


def _encoder() -> str:
    """Return where the encoder is that the kit itself starts from, or its id for the peer to find."""
    try:
        return str(find_encoder(DEFAULT))
    except EncoderError:
        return DEFAULT


def _found(module: str) -> bool:
    return importlib.util.find_spec(module.partition(".")[0]) is not None


def _versions(modules: Sequence[str]) -> dict[str, str]:
    """Return the versions of the packages that hold the modules; nothing for those that aren't installed."""
    packages = metadata.packages_distributions()
    names = {packages[top][0] for module in modules if (top := module.partition(".")[0]) in packages}
    return {name: metadata.version(name) for name in sorted(names)}


def _digest(parts: Any) -> str:
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:16]


def _file_name(title: str) -> str:
    return re.sub(r"[^A-Za-z0-9.]+", "-", title).strip("-.")


def peers_named(names: str) -> list[str]:
    """Return the peers that ``--peers`` names: ``all``, ``none`` or names with commas.

    Raises
    ------
    InputError
        If there is no such peer.
    """
    if names in ("all", "none"):
        return list(PEERS) if names == "all" else []
    wanted = [name.strip() for name in names.split(",") if name.strip()]
    for name in wanted:
        if name not in PEERS:
            raise InputError(f"--peers {names}: there is no peer {name!r}; there are {', '.join(PEERS)}, all and none")
    return list(dict.fromkeys(wanted))


def pythons_named(options: Sequence[str]) -> dict[str, str]:
    """Return peer -> interpreter, as ``--python NAME=PATH`` says.

    Raises
    ------
    InputError
        If an option isn't written so, or there is no such peer or interpreter.
    """
    found = {}
    for option in options:
        name, equals, path = option.partition("=")
        if not equals or name not in PEERS:
            raise InputError(f"--python {option}: write PEER=INTERPRETER, with a peer out of {', '.join(PEERS)}")
        if not path_of(path).is_file():
            raise InputError(f"--python {option}: there is no interpreter {path}; name a file such as .venv/bin/python")
        found[name] = str(path_of(path).absolute())
    return found
