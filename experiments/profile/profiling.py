"""Reads scored sentences once and keeps what the profile of a corpus shows."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from experiments.errors import InputError
from experiments.measures.resampling import MIN_GROUPS
from experiments.notices import Warn
from experiments.profile.counts import Counts
from experiments.profile.shares import Group, View, views_of
from experiments.profile.typical import Typical, TypicalSentence
from experiments.profile.words import MOST_WORDS, MarkingWord, WordCounts
from experiments.progress import Progress
from experiments.scored.reading import By, Reader
from experiments.scored.sources import Sources

WHERE = "docs/profile.md"

MODEL_SAYS = (
    "Shares are of what the model says, so its errors shift them: a label that it misses more often than it gives it "
    "wrongly is commoner than it looks, and the other way round. The bounds count only that other articles could have "
    "been drawn, not the model's errors. To correct shares takes a sample of these sentences labelled by hand "
    "(framescope sample, then framescope prevalence)."
)
"""What every reader of a share has to know."""


@dataclass(frozen=True)
class Profile:
    """What scored sentences say together.

    Attributes
    ----------
    files : list of str
        What was read.
    models : list of str
        What scored them, where folders of parts tell.
    by : tuple of By
        What it is grouped by.
    labels : list of str
        In the order of the first file.
    exclusive : bool
        Whether a sentence has one label.
    boilerplate : int
        Sentences set aside, which count nowhere else.
    abstained : int
        Sentences that the model left to a human, which count nowhere else either.
    views : list of View
        All, by each column, and by both.
    words : dict of str to list of MarkingWord
        Those that mark each label, surest first.
    prior : dict of str to float
        The weight of the prior (a_0) in these.
    typical : dict of str to list of TypicalSentence
        The sentences with each label's highest scores.
    notes : list of str
        What the user should know.
    """

    files: list[str]
    models: list[str]
    by: tuple[By, ...]
    labels: list[str]
    exclusive: bool
    boilerplate: int
    abstained: int
    views: list[View]
    words: dict[str, list[MarkingWord]]
    prior: dict[str, float]
    typical: dict[str, list[TypicalSentence]]
    notes: list[str] = field(default_factory=list)

    @property
    def whole(self) -> Group:
        """All sentences that are no boilerplate."""
        return self.views[0].groups[0]

    @property
    def kind(self) -> str:
        """What a label is called: a frame, or where they exclude each other (as stances do) a label."""
        return "label" if self.exclusive else "frame"


def profile_of(
    sources: Sources,
    by: tuple[By, ...] = (),
    encoding: str | None = None,
    warn: Warn = lambda line: None,
    shown: Progress | None = None,
    most_words: int = MOST_WORDS,
) -> Profile:
    """Read scored files and return their profile.

    Parameters
    ----------
    sources : Sources
        The files.
    by : tuple of By
        What to group by; see :func:`experiments.scored.reading.parse_by`.
    encoding : str, optional
        Of text files; found out when left out.
    warn : callable
        Called with a line, as when an encoding was found out.
    shown : Progress, optional
        Told how far the reading is.
    most_words : int, default 400,000
        Different words counted at a time.

    Raises
    ------
    InputError
        If a file can't be read as one that was scored, files differ in their labels, there is no sentence that is no
        boilerplate, or there are too many groups.

    Notes
    -----
    Sentences are read one by one and not kept. Memory grows with articles and groups, and with different words up to a
    limit.
    """
    reader = Reader(by, encoding, warn)
    counts = Counts([each.name for each in by])
    words = WordCounts(most_words)
    typical: defaultdict[int, Typical] = defaultdict(Typical)
    for sentence in reader.sentences(sources.files, shown):
        counts.add(sentence.article, sentence.by, sentence.given, len(reader.labels))
        words.add(sentence.text, sentence.given)
        for label in sentence.given:
            typical[label].add(sentence.scores[label], sentence.text, sentence.article, sentence.by)
    files = [name for name, _ in sources.files]
    if not counts.articles:
        what = files[0] if len(files) == 1 else f"{files[0]} and {len(files) - 1} more"
        if reader.abstained:
            raise InputError(
                f"{what}: the model left all {reader.abstained:,} sentences to a human; label some, or score them with "
                "a higher --abstain, or without"
            )
        if reader.boilerplate:
            raise InputError(
                f"{what}: all {reader.boilerplate:,} sentences are marked as boilerplate; nothing is left to profile"
            )
        raise InputError(f"{what}: holds no rows")
    views = views_of(counts)
    marking, weights = words.marking(len(reader.labels))
    labels = reader.labels
    return Profile(
        files,
        sources.models,
        by,
        labels,
        reader.exclusive,
        reader.boilerplate,
        reader.abstained,
        views,
        dict(zip(labels, marking, strict=True)),
        dict(zip(labels, weights, strict=True)),
        {label: typical[number].best() for number, label in enumerate(labels)},
        [*sources.notes, *_notes(reader, views, words)],
    )


def _notes(reader: Reader, views: Sequence[View], words: WordCounts) -> list[str]:
    sentences = views[0].groups[0].sentences
    notes = []
    if reader.abstained:
        notes.append(
            f"{reader.abstained:,} of {sentences + reader.abstained:,} sentences were left to a human (abstained): "
            f"they count nowhere, and shares are of the {sentences:,} others: the easier ones, and no sample of all"
        )
    if reader.thresholds_differ:
        notes.append(
            "rows have different thresholds, so they come from different models or trainings: shares can't be "
            "compared between them"
        )
    for by, missing in zip(reader.by, reader.missing, strict=True):
        if missing:
            notes.append(
                f"{missing:,} of {sentences:,} sentences have nothing in column {by.column!r}: they count in the whole "
                f"and are left out by {by.name}"
            )
    for view in views:
        of = f" by {' and '.join(view.names)}" if view.names else ""
        if view.unbounded and not view.names:
            notes.append(
                f"{view.groups[0].articles} article(s): fewer than {MIN_GROUPS} have no bounds, since how much "
                "articles differ can't be told"
            )
        elif view.unbounded:
            notes.append(
                f"{view.unbounded:,} of {len(view.groups):,} groups{of} have fewer than {MIN_GROUPS} articles, and so "
                "no bounds: nothing can be told from their shares"
            )
    if reader.untouched:
        notes.append(
            f"{reader.untouched:,} of {sentences:,} sentences have no word of the target and none that goes with it: "
            "their stance may be the model's guess (--by touches_target tells them apart)"
        )
    if reader.unknown_target:
        notes.append("the target was not in training: the stance to it is carried over from others and less reliable")
    if words.short:
        notes.append(
            f"there are more than {words.most:,} different words: the rarest were dropped while they were counted, and "
            f"a word's count may fall short by {words.short}"
        )
    return notes
