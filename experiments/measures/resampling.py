"""Values with bounds, and the resamples of whole groups that give them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

MIN_GROUPS = 5
"""With fewer groups than this there are no bounds: resampling them would give intervals far too narrow."""

_CELLS = 20_000_000  # most weights held in memory at a time: 160 MB


@dataclass(frozen=True)
class Estimate:
    """A measured value with its 95% bounds (nan when there was no bootstrap, or too few groups for one)."""

    value: float
    low: float = float("nan")
    high: float = float("nan")


def resample(groups: Sequence[str], times: int, seed: int) -> Iterator[np.ndarray]:
    """Yield weights of shape (b, n): how often each row is drawn when whole groups are drawn with replacement.

    Blocks of b resamples come one after another, so that memory stays bounded; b sums to ``times``.
    """
    names, member = np.unique(np.asarray(groups, dtype=str), return_inverse=True)
    rng = np.random.default_rng(seed)
    block = max(1, _CELLS // max(len(member), 1))
    for start in range(0, times, block):
        counts = rng.multinomial(len(names), np.full(len(names), 1 / len(names)), size=min(block, times - start))
        yield counts[:, member].astype(np.float64)
