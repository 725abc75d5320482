"""What selecting was worth where it was measured: said each time, since random choice may be as good."""

from experiments.selection.scoring import Strategy

WHERE = "docs/benchmarks.md#what-to-label-next"

_FOUND = {
    "margin": (
        "+0.017 [+0.010, +0.023] at 300 labels and +0.025 [+0.012, +0.038] at 600",
        "-0.001 [-0.011, +0.010] and -0.010 [-0.017, -0.004]",
        "there random choice was as good or better",
    ),
    "least-confidence": (
        "+0.030 [+0.018, +0.042] at 300 labels and +0.032 [+0.021, +0.042] at 600",
        "-0.006 [-0.018, +0.006] and -0.042 [-0.057, -0.027]",
        "there random choice was better",
    ),
}


def measured_line(strategy: Strategy) -> str:
    """Return what a strategy was worth against random choice; empty for random choice itself.

    Examples
    --------
    >>> measured_line("random")
    ''
    """
    if strategy == "random":
        return ""
    one_label, several, verdict = _FOUND[strategy]
    return (
        f"measured, macro-F1 against random choice: {one_label} on PLOVER (one label a sentence); {several} on the "
        f"shipped corpus (several labels): {verdict} ({WHERE})"
    )
