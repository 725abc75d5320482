"""A profile as one HTML file that stands for itself, in the look of a run's report."""

from dataclasses import dataclass
from datetime import UTC, datetime

from markupsafe import Markup

from experiments.evaluation.figures import inline_svg
from experiments.files import shown_paths
from experiments.measures.resampling import MIN_GROUPS
from experiments.pages import PALETTE, SPEAKS, render
from experiments.profile.charts import MOST_DOTS, MOST_LINES, by_group, label_colours, largest, over_time, over_time_by
from experiments.profile.profiling import MODEL_SAYS, WHERE, Profile
from experiments.profile.shares import Group, View

MOST_ROWS = 300
"""Groups of one table; those with most articles are shown, and the CSV has all."""

_OPEN = 24  # rows of a table that is not folded away
_MOST_FILES = 8  # named on the page
_MOST_NAMED = 5  # labels whose shares stand in the first sentence


@dataclass(frozen=True)
class Section:
    """A view on the page: its chart and what it shows, and the rows of its table."""

    view: View
    figure: Markup | None
    caption: str
    rows: list[Group]
    folded: bool


def profile_page(profile: Profile, table: str) -> str:
    """Return the page.

    Parameters
    ----------
    profile : Profile
        What it shows.
    table : str
        What the CSV beside it is called.
    """
    colours = (
        label_colours(profile.labels) if len(profile.labels) <= len(PALETTE) else ["currentColor"] * len(profile.labels)
    )
    files = shown_paths(profile.files)
    articles = [each.article for sentences in profile.typical.values() for each in sentences]
    return render(
        "profile.html",
        profile=profile,
        whole=profile.whole,
        labels=profile.labels,
        kind=profile.kind,
        colours=dict(zip(profile.labels, colours, strict=True)),
        named=sorted(range(len(profile.labels)), key=lambda at: -profile.whole.given[at])[:_MOST_NAMED],
        speaks=SPEAKS,
        files=files[:_MOST_FILES],
        more_files=max(len(files) - _MOST_FILES, 0),
        articles=dict(zip(articles, shown_paths(articles), strict=True)),
        sections=[_section(profile, view, number) for number, view in enumerate(profile.views) if view.names],
        caution=MODEL_SAYS,
        where=WHERE,
        fewest=MIN_GROUPS,
        table=table,
        date=datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
    )


def _section(profile: Profile, view: View, number: int) -> Section:
    periods = {by.name: by.period for by in profile.by}
    times = [at for at, name in enumerate(view.names) if periods[name]]
    svg, caption = None, ""
    if not view.groups:
        return Section(view, None, "", [], False)
    if len(view.names) == 1 and times:
        kind = str(periods[view.names[0]])
        svg = over_time(profile.labels, view, kind)
        caption = (
            f"Share of sentences by {kind}, with 95% bounds. The line is broken where there are no sentences; hollow "
            f"dots have fewer than {MIN_GROUPS} articles and no bounds. Each panel has a scale of its own."
        )
    elif len(view.names) == 1:
        drawn = largest(view.groups, MOST_DOTS)
        svg = by_group(profile.labels, drawn, profile.whole)
        of = f"the {len(drawn)} of {len(view.groups):,} with most articles" if len(drawn) < len(view.groups) else "all"
        caption = (
            f"Share of sentences by {view.names[0]} ({of}; those with most articles first), with 95% bounds; the "
            f"dashed line is the share in all sentences. Hollow dots have fewer than {MIN_GROUPS} articles and no "
            "bounds. Each panel has a scale of its own."
        )
    elif len(times) == 1:
        at = times[0]
        other = next(each for each in profile.views if each.names == (view.names[1 - at],))
        names = [group.by[0] for group in largest(other.groups, MOST_LINES)]
        kind = str(periods[view.names[at]])
        svg = over_time_by(profile.labels, view, kind, at, names)
        of = (
            f"the {len(names)} of {len(other.groups):,} with most articles" if len(names) < len(other.groups) else "all"
        )
        caption = (
            f"Share of sentences by {kind} and {view.names[1 - at]} ({of}), with 95% bounds. Periods with fewer "
            f"than {MIN_GROUPS} articles are left out, and break the line."
        )
    chosen = {group.by for group in largest(view.groups, MOST_ROWS)}
    rows = [group for group in view.groups if group.by in chosen]
    figure = Markup(inline_svg(svg, f"view{number}")) if svg else None
    return Section(view, figure, caption, rows, len(rows) > _OPEN)
