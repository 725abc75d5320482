"""``framescope score --engine spark``: which options it takes, and what it prints."""

from collections.abc import Mapping, Sequence
from typing import Any

from experiments.commands.console import Console
from experiments.commands.options import parts
from experiments.errors import InputError


def score_in_spark(
    console: Console,
    inputs: Sequence[str],
    where: tuple[str, str | None, str | None],
    which: tuple[str | None, str, str | None],
    columns: tuple[str | None, str | None, str | None],
    config: str | None,
    input_format: str | None,
    on_error: str | None,
    others: Mapping[str, Any],
) -> None:
    """Score tables of articles on a Spark cluster and print the summary.

    Parameters
    ----------
    where : tuple
        What ``--engine``, ``--master`` and ``--output`` say.
    which : tuple
        What ``--model``, ``--task`` and ``--target`` say.
    columns : tuple
        What ``--text``, ``--id`` and ``--keep`` say.
    others : mapping of str to Any
        Options that Spark has no use for, and what they say; empty or false where they weren't given.

    Raises
    ------
    InputError
        If an option makes no sense here; and as :func:`experiments.articles.cluster.score_cluster` does.
    """
    engine, master, output = where
    model, task, target = which
    if engine != "spark":
        raise InputError(
            f"--master {master}: goes with --engine spark"
            if engine == "local"
            else f"--engine {engine}: choose local or spark"
        )
    if master is None:
        raise InputError("--engine spark needs the cluster's address: add --master spark://HOST:7077, yarn or local[4]")
    if output is None:
        raise InputError("--engine spark writes a folder of Parquet parts: name a new one with -o scored/")
    if given := next((name for name, value in others.items() if value), None):
        raise InputError(f"{given}: means nothing to --engine spark; leave it out, or the engine")
    if on_error not in (None, "skip", "stop"):
        raise InputError(f"--on-error {on_error}: choose skip or stop")

    from experiments.articles.cluster import ClusterJob, check_job, score_cluster
    from experiments.articles.inputs import Columns
    from experiments.commands.summary import scored_json, scored_text
    from experiments.corpus.settings import data_settings
    from experiments.files import STARTER
    from experiments.tracking.resolve import resolve_model, starter_line

    text, id, keep = columns
    settings = data_settings(config, text, id=id)
    if settings.encoding or not settings.header:
        raise InputError(
            f"{config}: its data.encoding and data.header mean nothing to --engine spark, which reads UTF-8 with a "
            "header; leave them out"
        )
    job = ClusterJob(
        master,
        inputs,
        output,
        Columns(settings.columns.text, settings.columns.id, tuple(parts(keep))),
        input_format,
        on_error == "skip",
        console.debug,
    )
    check_job(job)
    uri, classifier = resolve_model(model, task)
    if model is None and uri == STARTER:
        console.say(starter_line(task))
    summary = score_cluster(classifier.towards(target), job, console.say)
    console.show(scored_json(uri, summary, output), scored_text(uri, summary, output))
