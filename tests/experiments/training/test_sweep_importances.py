"""What is said to have mattered is what made the difference."""

import math
import random

import pytest
from optuna.trial import TrialState

from experiments.config.files import load_config, with_values
from experiments.training.sweeps.importances import importances_of
from experiments.training.sweeps.proposals import Space, Tried

C, FREQUENCY = "classifier.C", "features.0.min_df"
DRAWN = f"sweep.space={{{C}: {{low: 0.05, high: 50, log: true}}, {FREQUENCY}: {{low: 1, high: 3}}}}"
LOG_SPREAD = math.log(1000) / 12**0.5  # standard deviation of log C
SPREAD = (2 / 3) ** 0.5  # of 1, 2 and 3


@pytest.fixture
def space(small_config):
    config = load_config(str(small_config), ["sweep.sampler=random", DRAWN])
    return Space(config.sweep, lambda values: with_values(config, values))


def drawn(n, value, seed=1):
    generator = random.Random(seed)
    tried = []
    for _ in range(n):
        params = {C: math.exp(generator.uniform(math.log(0.05), math.log(50))), FREQUENCY: generator.randint(1, 3)}
        tried.append(Tried(params, TrialState.COMPLETE, value(math.log(params[C]) / LOG_SPREAD, params[FREQUENCY])))
    return tried


@pytest.mark.parametrize("sign", [1, -1])
def test_field_that_explains_nearly_all_gets_nearly_all(space, sign):
    found = importances_of(space, drawn(20, lambda c, frequency: sign * (c + 0.02 * frequency / SPREAD)), 13)
    assert list(found) == [C, FREQUENCY]
    assert found[C] > 0.9 and sum(found.values()) == pytest.approx(1)


@pytest.mark.parametrize("sign", [1, -1])
def test_field_that_matters_among_the_best_alone_explains_little(space, sign):
    found = importances_of(space, drawn(60, lambda c, frequency: sign * (min(c, 0.0) + 0.02 * frequency)), 13)
    assert found[C] > 0.9


def test_orders_of_magnitude_count_alike_on_a_log_scale(space):
    found = importances_of(space, drawn(60, lambda c, frequency: c + frequency / SPREAD), 13)
    assert found[C] == pytest.approx(0.5, abs=0.12)


def test_same_trials_same_shares_and_few_or_equal_ones_tell_nothing(space):
    tried = drawn(12, lambda c, frequency: c * frequency)
    assert importances_of(space, tried, 13) == importances_of(space, tried, 13) != {}
    pruned = [Tried(each.params, TrialState.PRUNED, None, {1: 0.5}) for each in tried[7:]]
    assert importances_of(space, tried[:7] + pruned, 13) == {}
    assert importances_of(space, drawn(12, lambda c, frequency: 0.7), 13) == {}
