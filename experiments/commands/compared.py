"""A comparison as text."""

from collections.abc import Sequence

from experiments.evaluation.comparison import Compared, Pair, answer, spoken
from experiments.measures.resampling import Estimate

_SMALLEST = 0.001  # p that are written out


def compared_text(compared: Compared) -> str:
    """Return the answer, a line a run against the baseline, and a line for each label in which they differ."""
    names = [each.name for each in compared.contestants]
    lines = [answer(compared), "", *table_lines(compared, names, names[compared.baseline], "the baseline")]
    left = f"; {compared.rows.left_out} that not all have are left out" if compared.rows.left_out else ""
    return "\n".join(
        [
            *lines,
            "",
            f"{len(compared.rows.ids):,} test rows of {compared.groups:,} articles{left}. Bounds are 95%, of whole "
            "articles drawn; p by exchanging whole articles, adjusted over all pairs (Holm), as the bounds are not.",
        ]
    )


def table_lines(compared: Compared, names: Sequence[str], baseline: str, itself: str) -> list[str]:
    """Return a line a contestant against the baseline, under a heading, and a line for each label that differs."""
    width = max(map(len, names))
    lines = [f"{'':{width}}  {spoken(compared.metric):24}  against {baseline}"]
    for number, name in enumerate(names):
        pair = compared.main(number)
        said = itself if pair is None else against_text(pair)
        lines.append(f"{name:{width}}  {value_text(compared.values[number][compared.metric]):24}  {said}")
    labels = [
        f"{names[pair.second]:{width}}  {spoken(pair.metric):24}  {against_text(pair)}"
        for pairs in compared.against.values()
        for pair in pairs
        if pair.metric.endswith(".f1") and pair.metric != compared.metric and pair.verdict in ("better", "worse")
    ]
    lines += ["", "labels that differ", *labels] if labels else []
    return lines


def against_text(pair: Pair) -> str:
    """Return a difference with its bounds, its p, the verdict, and what it would take to tell."""
    difference = pair.difference
    bounds = f" [{difference.low:+.3f}, {difference.high:+.3f}]" if difference.low == difference.low else ""
    p = ""
    if pair.p_adjusted == pair.p_adjusted:
        p = f", p = {pair.p_adjusted:.3f}" if pair.p_adjusted >= _SMALLEST else f", p < {_SMALLEST}"
    needed = f", which would take about {pair.needed:,} articles" if pair.needed else ""
    return f"{difference.value:+.3f}{bounds}{p}: {pair.verdict}{needed}"


def value_text(estimate: Estimate) -> str:
    """Return a value with its bounds."""
    bounds = f" [{estimate.low:.3f}, {estimate.high:.3f}]" if estimate.low == estimate.low else ""
    return f"{estimate.value:.3f}{bounds}"
