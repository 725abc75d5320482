"""What the section ``sweep:`` of a config may say."""

import json
import math
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from experiments.config.names import LABEL_METRICS
from experiments.errors import short

TRIALS = 20
"""Trials of a sweep that draws its settings, unless it says how many."""

_RANGE = {"low", "high", "log", "step"}
_OVERALL = (
    "macro_f1", "micro_f1", "average_f1", "macro_precision", "macro_recall", "micro_precision", "micro_recall",
    "macro_average_precision", "exact_match", "log_loss", "brier", "ece",
)  # fmt: skip
_SMALL = ("log_loss", "brier", "ece")  # best when they are small


class Range(BaseModel):
    """Numbers from low to high, both included.

    Parameters
    ----------
    low, high : int or float
        Integers are drawn where the setting takes no others, or ``step`` is one.
    log : bool, default False
        Draw evenly on a logarithmic scale, as suits what matters by its order of magnitude.
    step : int or float, optional
        Only ``low``, ``low + step`` and so on; a grid needs it.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    low: int | float
    high: int | float
    log: bool = False
    step: int | float | None = None

    @model_validator(mode="after")
    def _makes_sense(self) -> "Range":
        if any(isinstance(each, float) and not math.isfinite(each) for each in (self.low, self.high, self.step)):
            raise ValueError("low, high and step must be finite")
        if self.low > self.high:
            raise ValueError(f"low {self.low} is above high {self.high}; change them round")
        if self.log and self.low <= 0:
            raise ValueError(f"log needs low above 0, not {self.low}")
        if self.log and self.step is not None:
            raise ValueError("log and step don't go together; leave one of them out, or list the values")
        if self.step is not None and self.step <= 0:
            raise ValueError(f"step must be above 0, not {self.step}")
        return self


def _flat(space: Any, before: str = "") -> Any:
    """Return a space by dotted names, also where it is nested: so it comes from the command line."""
    if not isinstance(space, Mapping):
        return space
    found: dict[str, Any] = {}
    for key, value in space.items():
        name = f"{before}{key}"
        nested = isinstance(value, Mapping) and value and not set(value) & _RANGE
        found |= _flat(value, f"{name}.") if nested else {name: _values(name, value)}
    return found


def _values(field: str, value: Any) -> list[Any] | Range:
    """Return what a field may have; the reader's own faults would name each of the two kinds that a value isn't of."""
    if isinstance(value, list | Range):
        return value
    if not isinstance(value, Mapping):
        raise ValueError(f"{field}: must be a list of values, or {{low: 1, high: 9}}, not {short(value)}")
    try:
        return Range.model_validate(value)
    except ValidationError as error:
        fault = min(error.errors(), key=lambda each: each["type"] != "extra_forbidden")
        where = fault["loc"][0] if fault["loc"] else ""
        if fault["type"] == "extra_forbidden":
            said = f"unknown key {where!r}; a range has low, high, log and step"
        elif fault["type"] == "missing":
            said = f"has no {where}; a range has low and high"
        else:
            said = fault["msg"].removeprefix("Value error, ")
            said = f"{where}: {said[0].lower()}{said[1:]}, not {short(fault['input'])}" if where else said
        raise ValueError(f"{field}: {said}") from None


class Sweep(BaseModel):
    """Which settings ``framescope sweep`` tries, and by what it chooses among them.

    Parameters
    ----------
    space : mapping
        Dotted field of the config -> a list of choices, or a range ``{low, high, log, step}``.
    sampler : {"grid", "random", "tpe"}, default "grid"
        Every combination; combinations drawn at random; or drawn near those that did well (tree-structured Parzen
        estimator), after five at random.
    trials : int, optional
        How many combinations are drawn, 20 when left out. A grid has as many as there are.
    metric : str, default "macro_f1"
        By which the best trial is chosen: an overall metric, or a label's, such as ``denial.f1``.
    over : {"folds", "validation"}, default "folds"
        Each trial is measured on all training rows, by cross-validation with groups whole; or on a part of them that
        is held out once, which costs one fit and not several. Never on test rows.
    folds : int, default 3
        Folds of the cross-validation.
    validation_size : float, default 0.2
        Part of the training rows that is held out for ``over: validation``.
    pruner : {"median", "none"}, optional
        ``median`` ends a trial after a fold if its metric over the folds so far is worse than the median of the
        complete trials after as many folds, as soon as there are four. When left out: ``median`` for ``tpe`` over
        folds, else ``none``.
    storage : str, optional
        Where the machines of one sweep meet: the address of a PostgreSQL database, ``postgresql://user@host/name``.
        Without, ``sweeps.db`` beside MLflow's store, for one machine. The environment's ``FRAMESCOPE_SWEEPS`` takes
        its place, and is the better one for passwords.

    References
    ----------
    Akiba, T., Sano, S., Yanase, T., Ohta, T. & Koyama, M. (2019). Optuna: A next-generation hyperparameter optimization
    framework. KDD.
    Bergstra, J., Bardenet, R., Bengio, Y. & Kégl, B. (2011). Algorithms for hyper-parameter optimization. NeurIPS.
    Golovin, D. et al. (2017). Google Vizier: A service for black-box optimization. KDD. (the median rule)
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    space: Annotated[dict[str, list[Any] | Range], BeforeValidator(_flat)]
    sampler: Literal["grid", "random", "tpe"] = "grid"
    trials: int | None = Field(default=None, ge=1)
    metric: str = "macro_f1"
    over: Literal["folds", "validation"] = "folds"
    folds: int = Field(default=3, ge=2)
    validation_size: float = Field(default=0.2, gt=0, lt=1)
    pruner: Literal["median", "none"] | None = None
    storage: str | None = None

    @property
    def prunes(self) -> bool:
        """Whether trials are ended early."""
        chosen = self.pruner or ("median" if self.sampler == "tpe" and self.over == "folds" else "none")
        return chosen == "median"

    @property
    def maximises(self) -> bool:
        """Whether the metric is best when it is large."""
        return self.metric.rpartition(".")[2] not in _SMALL

    @model_validator(mode="after")
    def _makes_sense(self) -> "Sweep":
        if not self.space:
            raise ValueError("space: names no field; write some, such as classifier.C: [0.5, 1, 2]")
        for field, values in self.space.items():
            if isinstance(values, Range):
                if self.sampler == "grid" and values.step is None and values.low < values.high:
                    raise ValueError(f"space: {field}: a grid needs a step, or a list of values")
            elif not values:
                raise ValueError(f"space: {field}: has no values; list some, or take the field out")
            elif twice := next((name for name in names_of(values) if names_of(values).count(name) > 1), None):
                raise ValueError(f"space: {field}: {twice} stands twice; keep one")
        if self.sampler == "grid" and self.trials is not None:
            raise ValueError("trials: a grid tries every combination; leave trials out, or take sampler: random")
        if self.pruner == "median" and self.over == "validation":
            raise ValueError("pruner: median ends trials between folds, and validation rows are measured once")
        if self.storage is not None and not self.storage.startswith(("postgresql:", "postgresql+", "postgres:")):
            raise ValueError("storage: must be a PostgreSQL address, or null for sweeps.db beside MLflow's store")
        return self


def names_of(values: Sequence[Any]) -> list[str]:
    """Return how choices are called: text as it stands, anything else as JSON.

    Examples
    --------
    >>> names_of(["sigmoid", [1, 2], None, 0.5])
    ['sigmoid', '[1, 2]', 'null', '0.5']
    """
    return [value if isinstance(value, str) else json.dumps(value, sort_keys=True) for value in values]


def metrics_of(labels: Sequence[str], averaged: bool) -> list[str]:
    """Return the metrics that a sweep can go by."""
    overall = [name for name in _OVERALL if averaged or name != "average_f1"]
    return overall + [f"{label}.{name}" for label in labels for name in LABEL_METRICS if name != "support"]
