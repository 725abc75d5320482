"""What a run has left that a comparison needs."""

from dataclasses import dataclass, field
from typing import Any

import pandas as pd


@dataclass(frozen=True)
class Contestant:
    """A run, or a model, as it goes into a comparison.

    Attributes
    ----------
    name : str
        What it is called; no two of a comparison have the same.
    table : DataFrame
        Its predictions, as :func:`experiments.evaluation.evaluate.predictions_table` makes them; with a column
        ``seed`` where one config was trained several times.
    run_id : str or None
        Of the MLflow run.
    task : str
        Its task's name.
    multilabel : bool
        Whether labels are independent.
    costs : dict of str to float
        ``train.seconds``, ``test.seconds``, ``model.mb`` and the like, as far as they are known.
    settings : dict of str to str
        Its config, flat.
    model : str or None
        Where its model is.
    checks : list of dict
        What checks found of the run, as its ``checks.json`` has them.
    probes : list of dict
        What came of each test of changed sentences, as its ``probe.json`` has them.
    """

    name: str
    table: pd.DataFrame
    run_id: str | None = None
    task: str = ""
    multilabel: bool = True
    average_over: tuple[str, ...] = ()
    costs: dict[str, float] = field(default_factory=dict)
    settings: dict[str, str] = field(default_factory=dict)
    model: str | None = None
    checks: list[dict[str, str]] = field(default_factory=list)
    probes: list[dict[str, Any]] = field(default_factory=list)
