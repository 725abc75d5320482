"""Which fields of a sweep's space mattered."""

import math
from collections.abc import Sequence
from typing import Any

import optuna
from optuna.distributions import BaseDistribution, FloatDistribution
from optuna.exceptions import OptunaError
from optuna.importance import FanovaImportanceEvaluator, get_param_importances
from optuna.trial import TrialState

from experiments.training.sweeps.proposals import Space, Tried

_TELLING = 8  # complete trials without which importances tell nothing


def importances_of(space: Space, tried: Sequence[Tried], seed: int) -> dict[str, float]:
    """Return each field's share of what the fields by themselves explain of the metric's spread (functional ANOVA).

    Parameters
    ----------
    space : Space
        What there was to try.
    tried : sequence of Tried
        The trials; of these the complete ones count.
    seed : int
        Of the forest that is fitted to them.

    Returns
    -------
    dict of str to float
        The largest first, adding up to 1; empty if nobody can tell: fewer than eight trials, or hardly any spread.

    Notes
    -----
    The spread is that over the whole space, each value as likely as any other, or each order of magnitude on a log
    scale. What fields explain only together is left out. The evaluator is named, since Optuna's usual one differs
    between its versions; that of Optuna 5 (PED-ANOVA) says what tells the best tenth of the trials from the rest.
    Optuna's fANOVA takes values on a log scale as they are, so it is given their logarithms.

    References
    ----------
    Hutter, F., Hoos, H. & Leyton-Brown, K. (2014). An efficient approach for assessing hyperparameter importance. ICML.
    """
    complete = [each for each in tried if each.state == TrialState.COMPLETE and each.value is not None]
    if len(complete) < _TELLING or len({each.value for each in complete}) < 3:
        return {}
    logs = {name for name, each in space.distributions.items() if getattr(each, "log", False)}
    distributions = {name: _straight(each) if name in logs else each for name, each in space.distributions.items()}
    study = optuna.create_study()
    try:
        study.add_trials(
            [
                optuna.trial.create_trial(
                    value=each.value, params=_logged(each.params, logs), distributions=distributions
                )
                for each in complete
            ]
        )
        return dict(get_param_importances(study, evaluator=FanovaImportanceEvaluator(seed=seed)))
    except (ValueError, RuntimeError, OptunaError):
        return {}


def _straight(each: Any) -> BaseDistribution:
    """Return a distribution on a log scale as one of the logarithms."""
    return FloatDistribution(math.log(each.low), math.log(each.high))


def _logged(params: dict[str, Any], logs: set[str]) -> dict[str, Any]:
    return {name: math.log(value) if name in logs else value for name, value in params.items()}
