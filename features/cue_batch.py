"""The columns of :class:`features.cues.SentenceCues` for many texts at once, token numbers in the place of tokens."""

from typing import NamedTuple

import numpy as np
from scipy.sparse import csr_matrix

from features.cues import CLAUSE_END, CONTRAST, FORM, QUOTES, SPEAKER_WINDOW, SentenceCues, ends_clause, negates
from features.lexicon import GAP, stem
from features.numbered import Lists, Numbered, spread
from features.penn import unit_tokens

_NEGATES, _ENDS_SCOPE, _CONTRASTS, _ENDS_CLAUSE, _QUOTES, _COUNTS, _ASKS = (1 << bit for bit in range(7))
_STANDINGS = 4  # columns a category: asserted, negated, denied, contrasted


class _Hits(NamedTuple):
    """Entries found, in the order in which they begin: where they do, where they end, and their categories."""

    start: np.ndarray
    end: np.ndarray
    category: np.ndarray


class CueBatch:
    """Reads the units of texts (:mod:`features.penn`) as a fitted :class:`~features.cues.SentenceCues` reads texts.

    Parameters
    ----------
    cues : SentenceCues
        A fitted one for which :func:`tells_columns_apart` holds.
    """

    def __init__(self, cues: SentenceCues) -> None:
        self._rate, self._pairs = cues.rate, cues.pairs
        self._categories = list(cues.categories_)
        numbers = {name: number for number, name in enumerate(self._categories)}
        self._is_deny = np.asarray([name.startswith("deny_") for name in self._categories], dtype=bool)
        self._actor, n_actors = _numbered_prefix(self._categories, "actor_")
        self._say, self._n_say = _numbered_prefix(self._categories, "say_")
        n = len(self._categories)
        self._first_speaker = _STANDINGS * n
        self._first_pair = self._first_speaker + n_actors * self._n_say
        self._first_form = self._first_pair + (n * (n - 1) // 2 if cues.pairs else 0)
        self.n_columns = self._first_form + len(FORM)

        self._begin: dict[str, tuple[list[int], list[int]]] = {}  # first word -> categories, numbers of longer entries
        self._stems, self._forms = Numbered(), Numbered()  # those that stand behind an entry's first word
        category_of: list[int] = []
        keys: list[int] = []
        forms: list[bool] = []
        gaps: list[bool] = []
        starts = [0]
        for first, entries in cues.index_.items():
            whole, longer = self._begin.setdefault(first, ([], []))
            for category, rest in entries:
                if not rest:
                    whole.append(numbers[category])
                    continue
                longer.append(len(category_of))
                category_of.append(numbers[category])
                gap = False
                for word in rest:
                    if word == "~":
                        gap = True
                        continue
                    form = word.startswith("=")
                    keys.append(self._forms[word[1:]] if form else self._stems[word])
                    forms.append(form)
                    gaps.append(gap)
                    gap = False
                starts.append(len(keys))
        self._entry_category = np.asarray(category_of, dtype=np.int64)
        self._step_start = np.asarray(starts, dtype=np.int64)
        self._step_key = np.asarray(keys, dtype=np.int64)
        self._step_is_form = np.asarray(forms, dtype=bool)
        self._step_gap = np.asarray(gaps, dtype=bool)

        self._tokens = Numbered()
        self._tokens_of_unit = Lists()
        self._whole, self._longer = Lists(), Lists()
        self._flags = np.zeros(0, dtype=np.uint8)
        self._stem_of = np.zeros(0, dtype=np.int64)
        self._form_of = np.zeros(0, dtype=np.int64)

    def learn(self, units: list[str]) -> None:
        """Take in units by their keys, in the order of their numbers."""
        self._tokens_of_unit.extend([[self._tokens[token] for token in unit_tokens(unit)] for unit in units])
        tokens = self._tokens.take_new()
        stems = [stem(token) for token in tokens]
        none: tuple[list[int], list[int]] = ([], [])
        begun = [
            (self._begin.get(each, none), self._begin.get("=" + token, none))
            for token, each in zip(tokens, stems, strict=True)
        ]
        self._whole.extend([a[0] + b[0] for a, b in begun])
        self._longer.extend([a[1] + b[1] for a, b in begun])
        self._flags = np.append(self._flags, np.asarray([_flags(token) for token in tokens], dtype=np.uint8))
        self._stem_of = np.append(self._stem_of, np.asarray([self._stems.get(each, -1) for each in stems], dtype=int))
        self._form_of = np.append(self._form_of, np.asarray([self._forms.get(each, -1) for each in tokens], dtype=int))

    def transform(self, units: np.ndarray, starts: np.ndarray) -> csr_matrix:
        """Return the cues of n texts as a sparse matrix of shape (n, n_columns), float64.

        Parameters
        ----------
        units : ndarray of int
            The numbers of the texts' units, end to end; all of them learnt.
        starts : ndarray of int, shape (n + 1,)
            Where each text's begin.
        """
        tokens, lengths = self._tokens_of_unit.of(units)
        bounds = np.concatenate(([0], np.cumsum(lengths)))[starts]
        begins, ends = bounds[:-1], bounds[1:]
        n = len(begins)
        sizes = ends - begins
        owner = np.repeat(np.arange(n), sizes)
        flags = self._flags[tokens]
        hits = self._find(tokens, ends, owner)
        row = owner[hits.start]

        contrasts = np.flatnonzero(flags & _CONTRASTS)
        contrast = begins + np.maximum(sizes, 1)
        contrast[owner[contrasts][::-1]] = contrasts[::-1]  # the first of each text, written last
        denied = self._denied(hits, flags, ends[row])
        standing = np.where(denied, 2, np.where(_negated(hits.start, flags, begins[row]), 1, 0))
        after = hits.start > contrast[row]
        columns = np.concatenate(
            [_STANDINGS * hits.category + standing, _STANDINGS * hits.category[after] + _STANDINGS - 1]
        )
        counted, count = np.unique(np.concatenate([row, row[after]]) * self.n_columns + columns, return_counts=True)
        speakers = np.unique(self._speakers(hits, row))
        counted = np.concatenate([counted, speakers])
        count = np.concatenate([count, np.ones(len(speakers), dtype=count.dtype)]).astype(np.float64)
        values = 10 * count / np.maximum(sizes, 1)[counted // self.n_columns] if self._rate else np.log1p(count)

        cells, found = [counted], [values]
        if self._pairs:
            cells.append(self._pairs_of(hits, row))
            found.append(np.ones(len(cells[-1])))
        form = self._form(flags, begins, sizes, owner, contrast < ends)
        at = np.flatnonzero(form)
        cells.append(at // len(FORM) * self.n_columns + self._first_form + at % len(FORM))
        found.append(form.ravel()[at])
        cell = np.concatenate(cells)
        rows, columns = np.divmod(cell, self.n_columns)
        matrix = csr_matrix((np.concatenate(found), (rows, columns)), shape=(n, self.n_columns))
        matrix.sort_indices()
        return matrix

    def _find(self, tokens: np.ndarray, ends: np.ndarray, owner: np.ndarray) -> _Hits:
        """Return every entry in the tokens; a category once at each position, by its longest entry there."""
        whole, lengths = self._whole.of(tokens)
        where = np.arange(len(tokens))
        start = np.repeat(where, lengths)
        longer, lengths = self._longer.of(tokens)
        from_ = np.repeat(where, lengths)
        reached = self._match(longer, from_ + 1, ends[owner[from_]], tokens)
        matched = reached > 0
        start = np.concatenate([start, from_[matched]])
        end = np.concatenate([start[: len(whole)] + 1, reached[matched]])
        category = np.concatenate([whole, self._entry_category[longer[matched]]]).astype(np.int64)
        key = start * max(len(self._categories), 1) + category
        order = np.lexsort((end, key))
        key = key[order]
        last = order[np.append(key[1:] != key[:-1], True)] if len(key) else order
        return _Hits(start[last], end[last], category[last])

    def _match(self, entries: np.ndarray, at: np.ndarray, ends: np.ndarray, tokens: np.ndarray) -> np.ndarray:
        """Return where the rest of each entry ends when it is read from its place, or 0 if it isn't there."""
        reached = np.zeros(len(entries), dtype=np.int64)
        step, last = self._step_start[entries], self._step_start[entries + 1]
        alive = np.arange(len(entries))
        while len(alive):
            here, till, now = at[alive], ends[alive], step[alive]
            key, is_form, gap = self._step_key[now], self._step_is_form[now], self._step_gap[now]
            place = np.full(len(alive), -1)
            looking = np.arange(len(alive))
            for skipped in range(GAP + 1):
                if skipped == 1:
                    looking = looking[gap[looking]]
                looking = looking[here[looking] + skipped < till[looking]]
                if not len(looking):
                    break
                token = tokens[here[looking] + skipped]
                is_key = np.where(is_form[looking], self._form_of[token], self._stem_of[token]) == key[looking]
                place[looking[is_key]] = here[looking[is_key]] + skipped
                looking = looking[~is_key]
            found = place >= 0
            alive, place = alive[found], place[found] + 1
            at[alive] = place
            step[alive] += 1
            done = step[alive] == last[alive]
            reached[alive[done]] = place[done]
            alive = alive[~done]
        return reached

    def _denied(self, hits: _Hits, flags: np.ndarray, ends: np.ndarray) -> np.ndarray:
        """Return which hits begin in the clause after a verb of denial; ``ends`` are those of the hits' texts."""
        deny = self._is_deny[hits.category]
        if not deny.any():
            return np.zeros(len(deny), dtype=bool)
        n = len(flags)
        clause_ends = np.append(np.where(flags & _ENDS_CLAUSE, np.arange(n), n), n)
        next_end = np.minimum.accumulate(clause_ends[::-1])[::-1]
        after = hits.end[deny]
        stop = np.minimum(next_end[after], ends[deny])
        depth = np.cumsum(np.bincount(after, minlength=n + 1) - np.bincount(stop, minlength=n + 1))
        return np.asarray(depth[hits.start] > 0)

    def _speakers(self, hits: _Hits, row: np.ndarray) -> np.ndarray:
        """Return the cells (row and column in one number) of actors that stand shortly before verbs of saying."""
        says = np.flatnonzero(self._say[hits.category] >= 0)
        actors = np.flatnonzero(self._actor[hits.category] >= 0)
        actors = actors[np.argsort(hits.end[actors], kind="stable")]
        ends = hits.end[actors]
        first = np.searchsorted(ends, hits.start[says] - (SPEAKER_WINDOW - 1), side="left")
        behind = np.searchsorted(ends, hits.start[says], side="right")
        says = np.repeat(says, behind - first)
        actors = actors[spread(first, behind - first)]
        same = row[says] == row[actors]
        says, actors = says[same], actors[same]
        column = self._actor[hits.category[actors]] * self._n_say + self._say[hits.category[says]]
        return np.asarray(row[says] * self.n_columns + self._first_speaker + column)

    def _pairs_of(self, hits: _Hits, row: np.ndarray) -> np.ndarray:
        """Return the cells of any two categories that occur in one text."""
        n = max(len(self._categories), 1)
        row, category = np.divmod(np.unique(row * n + hits.category), n)
        behind = np.searchsorted(row, row, side="right")
        here = np.arange(len(row))
        others = behind - here - 1
        a = np.repeat(category, others)
        b = category[spread(here + 1, others)]
        column = self._first_pair + a * (n - 1) - a * (a - 1) // 2 + b - a - 1
        return np.asarray(np.repeat(row, others) * self.n_columns + column)

    @staticmethod
    def _form(
        flags: np.ndarray, begins: np.ndarray, sizes: np.ndarray, owner: np.ndarray, contrasts: np.ndarray
    ) -> np.ndarray:
        """Return how each text is made, whatever its words, shape (n, len(FORM))."""
        n = len(begins)
        some = np.flatnonzero(sizes)
        quotes = np.flatnonzero(flags & _QUOTES)
        of = owner[quotes]
        n_quotes = np.bincount(of, minlength=n)
        rank = np.arange(len(quotes)) - (np.cumsum(n_quotes) - n_quotes)[of]
        closes = np.flatnonzero(rank % 2)
        inside = np.bincount(of[closes], weights=quotes[closes] - quotes[closes - 1], minlength=n)
        form = np.zeros((n, len(FORM)))
        words = np.maximum(sizes, 1)
        form[:, 0] = np.minimum(words, 60) / 60
        form[:, 1] = np.minimum(n_quotes, 4) / 4
        form[some, 2] = (flags[begins[some]] & _QUOTES) > 0
        form[:, 3] = inside / words
        form[:, 4] = np.minimum(np.bincount(owner[np.flatnonzero(flags & _COUNTS)], minlength=n), 5) / 5
        form[:, 5] = contrasts
        form[some, 6] = (flags[begins[some] + sizes[some] - 1] & _ASKS) > 0
        return form


def tells_columns_apart(cues: SentenceCues) -> bool:
    """Return whether cues are fitted and no two of their columns have one name.

    Names are what the cues tell columns apart by; here it is where they stand.
    """
    if not {"index_", "categories_"} <= set(vars(cues)):
        return False
    names = [name for name in cues.categories_ if isinstance(name, str)]
    n, actors, says = (sum(map(str.startswith, names, [prefix] * len(names))) for prefix in ("", "actor_", "say_"))
    pairs = n * (n - 1) // 2 if cues.pairs else 0
    return len(cues.get_feature_names_out()) == _STANDINGS * n + actors * says + pairs + len(FORM)


def _flags(token: str) -> int:
    return (
        _NEGATES * negates(token)
        | _ENDS_SCOPE * ends_clause(token)
        | _CONTRASTS * (token in CONTRAST)
        | _ENDS_CLAUSE * (token in CLAUSE_END)
        | _QUOTES * (token in QUOTES)
        | _COUNTS * ("0" in token)
        | _ASKS * (token == "?")
    )


def _negated(at: np.ndarray, flags: np.ndarray, begins: np.ndarray) -> np.ndarray:
    """Return which of k places stand after a negation word of their text, with no clause mark between or there."""
    if not (flags & _NEGATES).any():
        return np.zeros(len(at), dtype=bool)
    where = np.arange(len(flags))
    negation = np.maximum.accumulate(np.where(flags & _NEGATES, where, -1))
    mark = np.maximum.accumulate(np.where(flags & _ENDS_SCOPE, where, -1))
    before = np.append(negation, -1)[at - 1]
    return np.asarray((before >= begins) & (before > mark[at]))


def _numbered_prefix(names: list[str], prefix: str) -> tuple[np.ndarray, int]:
    """Return the number of each name among those with the prefix, -1 for the others, and how many have it."""
    has = np.asarray([name.startswith(prefix) for name in names], dtype=bool)
    return np.where(has, np.cumsum(has) - 1, -1), int(has.sum())
