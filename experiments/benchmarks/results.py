"""What a benchmark leaves in its output folder, and what a reader must know to trust and repeat it."""

import datetime
import json
from dataclasses import asdict
from typing import Any

from experiments.benchmarks.compare import PLOT, Comparison, Row
from experiments.benchmarks.machine import machine
from experiments.benchmarks.plot import draw
from experiments.benchmarks.table import comma_separated, latex, markdown, terminal
from experiments.benchmarks.worker import LEAST_SECONDS
from experiments.errors import InputError
from experiments.files import finite
from experiments.measures.resampling import MIN_GROUPS
from experiments.output import writing
from experiments.provenance import git_commit, package_versions

BUSY = 0.25
"""From this many cores on that other programs keep busy, the table warns of it."""


def write_results(comparison: Comparison) -> tuple[dict[str, Any], str]:
    """Write ``benchmark.json``, the tables and the plot, each beside its old version and then in its place.

    Returns
    -------
    tuple of (dict, str)
        What is in ``benchmark.json``, and the table as text with the names of the files.

    Raises
    ------
    InputError
        If the folder can't be written to, or not one system could be measured.
    """
    output, document = comparison.output, as_document(comparison)
    facts = notes(comparison, document)
    texts = {
        "benchmark.json": json.dumps(finite(document), indent=2, ensure_ascii=False) + "\n",
        "table.md": markdown(comparison, facts),
        "table.csv": comma_separated(comparison),
        "table.tex": latex(comparison),
    }
    files = {name: text.encode() for name, text in texts.items()}
    done = [row for row in comparison.rows if row.measured.done]
    if done:
        svg, png = draw(done)
        files |= {f"{PLOT}.svg": svg.encode(), f"{PLOT}.png": png}
    for name, content in files.items():
        with writing(output / name) as path:
            path.write_bytes(content)
    if not done:
        failed = comparison.rows[0].measured
        raise InputError(f"no system could be measured; {failed.title}: {failed.error}")
    document["files"] = [str(output / name) for name in files]
    lines = [fact.replace("**", "") for fact in facts if fact.startswith("**Caution")]
    lines.append(f"{output / 'table.md'} has it in full, {output / PLOT}.svg the plot")
    return document, "\n".join([terminal(comparison), "", *lines])


def as_document(comparison: Comparison) -> dict[str, Any]:
    """Return everything that is known of a benchmark, as ``benchmark.json`` holds it."""
    config, train, test = comparison.config, comparison.train, comparison.test
    return {
        "name": config.name,
        "command": comparison.request.command,
        "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "task": config.task.model_dump(mode="json"),
        "train": {"name": train.name, "rows": len(train), "digest": train.digest},
        "test": {"name": test.name, "rows": len(test), "digest": test.digest, "groups": len(set(test.groups))},
        "seed": config.seed,
        "bootstrap": config.evaluation.bootstrap,
        "repeats": comparison.request.repeats,
        "config": config.dump(),
        "machine": machine(),
        "versions": package_versions(),
        "commit": git_commit(),
        "energy": comparison.energy,
        "systems": [_system(row) for row in comparison.rows],
    }


def _system(row: Row) -> dict[str, Any]:
    return {
        **asdict(row.measured),
        "metrics": {name: asdict(estimate) for name, estimate in row.metrics.items()},
        "difference": asdict(row.difference) if row.difference else None,
    }


def notes(comparison: Comparison, document: dict[str, Any]) -> list[str]:
    """Return what stands below the table: how it was made, from what, and how each system was set."""
    train, test, box = document["train"], document["test"], document["machine"]
    groups, times = test["groups"], document["bootstrap"]
    bounds = (
        f"in brackets 95% bounds by bootstrap over {groups:,} groups of test rows ({times:,} resamples)"
        if times and groups >= MIN_GROUPS
        else "without bounds, as there are too few groups or no resamples"
    )
    lines = [
        f"**Command**: `{document['command']}`",
        f"**Rows**: {train['rows']:,} to train on ({train['name']}, digest {train['digest']}), {test['rows']:,} to "
        f"test on ({test['name']}, digest {test['digest']}); seed {document['seed']}.",
        f"**macro-F1**: mean over {len(document['task']['labels'])} labels, {bounds}. macro AP: mean average "
        "precision, which depends on no threshold.",
    ]
    if document["task"]["average_over"]:
        lines.append(f"**average F1**: mean over {', '.join(document['task']['average_over'])} alone, on all rows.")
    if any(row.difference for row in comparison.rows):
        lines.append(
            f"**difference**: macro-F1 minus that of {comparison.rows[0].measured.title} on the same resamples (paired "
            "bootstrap, 95% bounds). Bounds on one side of 0 mean a difference beyond chance for that pair; they are "
            "not widened for the number of pairs."
        )
    decided = (
        "The kit gives a label from the thresholds of its config on, peers from 0.5 on, as their libraries do; macro "
        "AP compares them without thresholds."
        if document["task"]["type"] == "multilabel"
        else "Every system gives the likeliest label."
    )
    lines += [
        f"**Decisions**: {decided}",
        "**training**: seconds from rows in memory to the fitted model, choice of thresholds included, imports not.",
        f"**sentences/s**: a loaded model on the test rows, from texts to labels; best of {document['repeats']} "
        f"timings of at least {LEAST_SECONDS:g} s.",
        "**memory**: highest resident memory of the process that trains and of the one that loads the model and scores "
        "(and of what they start), Python and libraries included. MB are 10^6 bytes. **model**: its files.",
    ]
    if document["energy"]:
        lines.append(f"**energy**: {_energy(document['energy'])}")
    cores, memory = box["cores"], box["memory_gb"]
    lines += [
        f"**Machine**: {box['processor'] or box['architecture']}, {cores} cores, "
        f"{f'{memory:g} GB, ' if memory else ''}{box['system']}; {document['date'][:10]}; "
        f"framescope {document['versions']['framescope']}"
        + (f", commit {document['commit'][:12]}." if document["commit"] else "."),
    ]
    done = [row.measured for row in comparison.rows if row.measured.done]
    busy = {each.title: cores for each in done if (cores := each.figures.get("other_cores") or 0) > BUSY}
    if busy:
        lines.append(
            f"**Caution**: other programs kept up to {max(busy.values()):.1f} cores busy while {'; '.join(busy)} "
            "were measured; times and throughput are worse than on a machine of their own."
        )
    shared = {name: {each.versions.get(name) for each in done} - {None} for each in done for name in each.versions}
    common = {name: found for name, found in shared.items() if len(found) == 1}
    if common:
        lines.append(f"**Versions**: {', '.join(f'{name} {found.pop()}' for name, found in common.items())}.")
    for each in done:
        own = [f"{name} {version}" for name, version in each.versions.items() if name not in common]
        about = each.about or "as its config says"
        lines.append(f"**{each.title}**: {about}" + (f" ({', '.join(own)})." if own else "."))
    return lines


def _energy(about: dict[str, Any]) -> str:
    return (
        f"an estimate by {about['library']}, not a measurement: where the processor's counters can't be read, its "
        "rated power (TDP) times the share of its time that the system took, plus a constant "
        f"{about.get('memory_watt', 0):g} W for memory; stretches of a few seconds are known only roughly."
    )
