"""Which settings a sweep tries next: the same for the same trials before it, whatever was killed in between.

Optuna's samplers are asked in a study of memory that holds the trials so far. So the store has nothing of what was
drawn and not tried, a setting that was measured is not drawn again, and a grid isn't eaten by trials that were lost.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.samplers import BaseSampler, RandomSampler, TPESampler
from optuna.trial import TrialState

from experiments.config.space import MOST, Build, combinations, points, takes_fractions
from experiments.config.sweep import Range, Sweep, names_of

optuna.logging.set_verbosity(optuna.logging.WARNING)  # what it says of its own doings

RANDOM_FIRST = 5
"""Trials that are drawn at random before TPE learns from any."""

_DRAWS = 100  # until a setting comes that was not tried
_BY_TPE = 10  # of these, by TPE; the rest at random

Settings = dict[str, Any]
"""Dotted field -> value."""


@dataclass(frozen=True)
class Tried:
    """A trial as a sampler sees it.

    Attributes
    ----------
    params : dict
        As Optuna keeps them: choices by their names.
    state : TrialState
        ``COMPLETE``, ``PRUNED``, ``FAIL`` or ``RUNNING``.
    value : float or None
        The metric, if it is complete.
    parts : dict of int to float
        The metric over the folds so far, by their number.
    """

    params: dict[str, Any]
    state: TrialState
    value: float | None = None
    parts: dict[int, float] = field(default_factory=dict)


class Space:
    """What a sweep tries, in Optuna's terms.

    Parameters
    ----------
    sweep : Sweep
        The config's.
    build : callable
        Returns the config with values in their fields: tells integers from numbers.
    """

    def __init__(self, sweep: Sweep, build: Build) -> None:
        self.sweep = sweep
        self.distributions: dict[str, BaseDistribution] = {
            name: _distribution(values, isinstance(values, Range) and takes_fractions(build, name, values))
            for name, values in sweep.space.items()
        }
        self._choices = {
            name: dict(zip(names_of(values), values, strict=True))
            for name, values in sweep.space.items()
            if not isinstance(values, Range)
        }
        size = combinations(sweep)
        self.points = list(points(sweep)) if size is not None and size <= MOST else None
        """Every combination, where there are so few; None of others."""

    def settings(self, params: Mapping[str, Any]) -> Settings:
        """Return the values that parameters of Optuna stand for."""
        return {name: self._value(name, value) for name, value in params.items()}

    def _value(self, name: str, value: Any) -> Any:
        if name in self._choices:
            return self._choices[name][value]
        # three steps of 0.1 are 0.30000000000000004 to Optuna, and 0.3 to anybody else
        stepped = isinstance(value, float) and getattr(self.distributions[name], "step", None) is not None
        return round(value, 12) if stepped else value

    def params(self, settings: Settings) -> dict[str, Any]:
        """Return the parameters that stand for values."""
        return {name: names_of([value])[0] if name in self._choices else value for name, value in settings.items()}


def propose(
    space: Space, tried: Sequence[Tried], seed: int, slot: int, is_new: Callable[[Settings], bool]
) -> dict[str, Any] | None:
    """Return the parameters of the next trial, or None if nothing new is left.

    Parameters
    ----------
    space : Space
        What there is to try.
    tried : sequence of Tried
        The trials so far, in their order; not those that were lost with their process.
    seed : int
        Of the sweep.
    slot : int
        The trial's number among those of the sweep, from 1: with the seed it decides what is drawn.
    is_new : callable
        Tells whether no trial has these settings.
    """
    if space.sweep.sampler == "grid":
        return _first_new(space, is_new)
    # by seeds that depend on the slot alone: one that was set once would draw the same again after every start
    seeds = np.random.SeedSequence([seed, slot]).generate_state(_DRAWS)
    draws = _BY_TPE if space.sweep.sampler == "tpe" else 0
    samplers: list[Callable[[int], BaseSampler]] = [
        lambda each: TPESampler(seed=each, n_startup_trials=RANDOM_FIRST, constant_liar=True)
    ] * draws + [lambda each: RandomSampler(seed=each)] * (_DRAWS - draws)
    for sampler, each in zip(samplers, seeds, strict=True):
        study = optuna.create_study(
            direction="maximize" if space.sweep.maximises else "minimize", sampler=sampler(int(each))
        )
        study.add_trials([_frozen(space, trial) for trial in tried])
        params = dict(study.ask(space.distributions).params)
        if is_new(space.settings(params)):
            return params
    return _first_new(space, is_new)


def _first_new(space: Space, is_new: Callable[[Settings], bool]) -> dict[str, Any] | None:
    return next((space.params(settings) for settings in space.points or [] if is_new(settings)), None)


def _frozen(space: Space, trial: Tried) -> optuna.trial.FrozenTrial:
    return optuna.trial.create_trial(
        state=trial.state,
        value=trial.value if trial.state == TrialState.COMPLETE else None,
        params=trial.params,
        distributions=space.distributions,
        intermediate_values=trial.parts,
    )


def _distribution(values: list[Any] | Range, fractions: bool) -> BaseDistribution:
    if not isinstance(values, Range):
        return CategoricalDistribution(names_of(values))
    if fractions:
        return FloatDistribution(values.low, values.high, log=values.log, step=values.step)
    return IntDistribution(int(values.low), int(values.high), log=values.log, step=int(values.step or 1))
