"""A profile as text for a terminal."""

from experiments.errors import cut
from experiments.measures.resampling import Estimate
from experiments.profile.profiling import MODEL_SAYS, WHERE, Profile
from experiments.profile.shares import View

_GROUPS = 12  # of each view; the CSV has all
_WORDS = 8


def profile_text(profile: Profile) -> str:
    """Return shares with bounds, marking words and what to know."""
    whole = profile.whole
    aside = f" ({profile.boilerplate:,} set aside as boilerplate)" if profile.boilerplate else ""
    aside += f" ({profile.abstained:,} more left to a human)" if profile.abstained else ""
    lines = [
        f"what the model says of {whole.sentences:,} sentences of {whole.articles:,} articles{aside}; shares with 95% "
        "bounds, articles drawn whole",
        "",
    ]
    width = max(len(profile.kind), *(len(cut(label)) for label in profile.labels))
    lines.append(f"{profile.kind:<{width}}  {'given':>9}  share")
    for label, given, share in zip(profile.labels, whole.given, whole.shares, strict=True):
        lines.append(f"{cut(label):<{width}}  {given:>9,}  {share_text(share)}")
    for view in profile.views[1:]:
        lines += ["", *_view(profile, view)]
    lines += ["", "words that mark them, surest first"]
    for label, words in profile.words.items():
        lines.append(f"{cut(label):<{width}}  {', '.join(word.word for word in words[:_WORDS]) or '–'}")
    if profile.notes:
        lines += ["", *(f"note: {note}" for note in profile.notes)]
    return "\n".join([*lines, "", f"{MODEL_SAYS} See {WHERE}."])


def share_text(share: Estimate) -> str:
    """Return a share with its bounds, if it has any."""
    bounds = f" [{share.low:.3f}, {share.high:.3f}]" if share.low == share.low else ""
    return f"{share.value:.3f}{bounds}"


def _view(profile: Profile, view: View) -> list[str]:
    timed = any(by.period and by.name in view.names for by in profile.by)
    chosen = view.groups
    if len(chosen) > _GROUPS:  # the latest, or those with most articles
        largest = sorted(view.groups, key=lambda group: -group.articles)[:_GROUPS]
        chosen = view.groups[-_GROUPS:] if timed and len(view.names) == 1 else [g for g in view.groups if g in largest]
    rows = [
        [
            *(cut(value) for value in group.by),
            f"{group.articles:,}",
            f"{group.sentences:,}",
            *map(share_text, group.shares),
        ]
        for group in chosen
    ]
    head = [*view.names, "articles", "sentences", *(cut(label) for label in profile.labels)]
    widths = [max(len(cell) for cell in column) for column in zip(head, *rows, strict=True)]
    left = len(view.names)
    lines = []
    for row in [head, *rows]:
        cells = [
            f"{cell:>{width}}" if left <= at < left + 2 else f"{cell:<{width}}"
            for at, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append("  ".join(cells).rstrip())
    if more := len(view.groups) - len(chosen):
        lines.append(f"... and {more:,} more in the CSV")
    if not view.groups:
        lines = [f"by {' and '.join(view.names)}: no sentence has a value"]
    return lines
