"""A profile as CSV and as JSON."""

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from experiments.files import harmless
from experiments.profile.profiling import MODEL_SAYS, WHERE, Profile


def rows_of(profile: Profile) -> Iterator[dict[str, Any]]:
    """Yield a row a group and label; what a group is not grouped by is empty."""
    names = [by.name for by in profile.by]
    for view in profile.views:
        for group in view.groups:
            by = dict(zip(view.names, group.by, strict=True))
            for label, given, share in zip(profile.labels, group.given, group.shares, strict=True):
                yield {
                    **{name: by.get(name, "") for name in names},
                    "frame": label,
                    "sentences": group.sentences,
                    "articles": group.articles,
                    "given": given,
                    "share": share.value,
                    "low": share.low,
                    "high": share.high,
                }


def write_csv(profile: Profile, path: Path) -> None:
    """Write the rows; shares have six digits, and bounds that there aren't are empty."""
    names = [*(by.name for by in profile.by), "frame", "sentences", "articles", "given", "share", "low", "high"]
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow([harmless(name) for name in names])
        for row in rows_of(profile):
            writer.writerow([_cell(row[name]) for name in names])


def _cell(value: Any) -> str:
    if isinstance(value, float):
        return "" if value != value else f"{value:.6f}"
    return harmless(str(value))


def as_json(profile: Profile, page: str, table: str) -> dict[str, Any]:
    """Return the profile as one object of plain values."""
    whole = profile.whole
    return {
        "files": profile.files,
        "models": profile.models,
        "articles": whole.articles,
        "sentences": whole.sentences,
        "boilerplate": profile.boilerplate,
        "abstained": profile.abstained,
        "labels": profile.labels,
        "exclusive": profile.exclusive,
        "caution": f"{MODEL_SAYS} ({WHERE})",
        "shares": list(rows_of(profile)),
        "words": {
            label: {"alpha_0": profile.prior[label], "words": [vars(word) for word in words]}
            for label, words in profile.words.items()
        },
        "typical": {
            label: [
                {
                    "score": each.score,
                    "article": each.article,
                    "text": each.text,
                    **{by.name: value for by, value in zip(profile.by, each.by, strict=True)},
                }
                for each in sentences
            ]
            for label, sentences in profile.typical.items()
        },
        "notes": profile.notes,
        "page": page,
        "csv": table,
    }
