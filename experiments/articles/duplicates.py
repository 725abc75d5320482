"""Leaves out articles that came before: word for word, or nearly so, as papers print what agencies send.

What has been seen is on disk, so that memory doesn't grow with the articles.
"""

import hashlib
import re
import sqlite3
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from experiments.articles.inputs import Document
from experiments.articles.read import text_of
from experiments.errors import InputError
from features.normalise import normalise_text

SHINGLE = 5
"""Words in a row that count as one."""

FEWEST = 20
"""Different shingles that a text must have to be compared by them; shorter ones only count if they are the same."""

NEAR = 0.8
"""Share of shingles (of those that either has) that two texts have in common from which on they count as one."""

_HASHES, _BANDS = 128, 16
_WORD = re.compile(r"\w+")
_BITS = (1 << 64) - 1
_ODD = np.uint64(0x9E3779B97F4A7C15)  # of which every bit of a product depends on
_CACHE = -64_000  # kilobytes of memory, to SQLite


@dataclass
class Duplicates:
    """How many articles came before.

    Attributes
    ----------
    exact : int
        Word for word; case, punctuation and typography don't count.
    near : int
        Nearly so.
    """

    exact: int = 0
    near: int = 0


def without_duplicates(documents: Iterable[Document], found: Duplicates) -> Iterator[Document]:
    """Yield the documents that didn't come before, with their texts, and count the others.

    Parameters
    ----------
    documents : iterable of Document
        Read here, one after the other. What can't be read is passed on, for whoever scores it to say so.
    found : Duplicates
        Counted up.

    Notes
    -----
    Two texts are nearly the same if the share of shingles (runs of five words) that they have in common, of all that
    either has, is 0.8 or more; it is estimated from 128 minimal hashes, with a standard error of 0.035 there. Pairs are
    looked for by 16 bands of 8 hashes: at a share of 0.8 19 of 20 are found, at 0.9 all but one in 10,000. Each is
    compared with the first article of its band, and chains (a like b, b like c) don't grow.

    References
    ----------
    Broder, A. Z. (1997). On the resemblance and containment of documents. SEQUENCES.
    Leskovec, J., Rajaraman, A. & Ullman, J. D. (2020). Mining of massive datasets, 3rd ed., chapter 3.
    """
    with _seen() as seen:
        for document in documents:
            try:
                text = text_of(document, lambda line: None)
            except InputError:
                yield document  # read once more where it is scored, and told of there
                continue
            words = _WORD.findall(normalise_text(text, fold_digits=False))
            if not seen.add_exact(words):
                found.exact += 1
            elif not seen.add_near(words):
                found.near += 1
            else:
                yield replace(document, content=text, ending="", path=None)


class _Seen:
    """The texts so far, in a database that is gone with the process."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self.database = database
        self.number = 0
        database.executescript(
            f"PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = {_CACHE};"
            "CREATE TABLE whole (key INTEGER PRIMARY KEY);"
            "CREATE TABLE band (key INTEGER PRIMARY KEY, number INTEGER);"
            "CREATE TABLE text (number INTEGER PRIMARY KEY, hashes BLOB);"
            "BEGIN"
        )
        chance = np.random.default_rng(13)
        self.factors = chance.integers(0, 1 << 63, _HASHES, dtype=np.uint64) * 2 + 1
        self.shifts = chance.integers(0, 1 << 63, _HASHES, dtype=np.uint64) * 2

    def add_exact(self, words: list[str]) -> bool:
        """Return whether these words are new."""
        key = _key(" ".join(words).encode())
        return self.database.execute("INSERT OR IGNORE INTO whole VALUES (?)", (key,)).rowcount == 1

    def add_near(self, words: list[str]) -> bool:
        """Return whether no text before has nearly the same words."""
        shingles = _shingles(words)
        if len(shingles) < FEWEST:
            return True
        hashes = np.empty(_HASHES, dtype=np.uint64)
        for at in range(_HASHES):  # one row at a time: a long text's table would be large
            hashes[at] = (shingles * self.factors[at] + self.shifts[at]).min()  # modulo 2**64
        bands = [_key(bytes([at]) + part.tobytes()) for at, part in enumerate(np.split(hashes, _BANDS))]
        marks = ",".join("?" * _BANDS)
        like = self.database.execute(f"SELECT DISTINCT number FROM band WHERE key IN ({marks})", bands).fetchall()
        for (number,) in like:
            (other,) = self.database.execute("SELECT hashes FROM text WHERE number = ?", (number,)).fetchone()
            if float(np.mean(np.frombuffer(other, dtype=np.uint64) == hashes)) >= NEAR:
                return False
        self.number += 1
        self.database.execute("INSERT INTO text VALUES (?, ?)", (self.number, hashes.tobytes()))
        self.database.executemany("INSERT OR IGNORE INTO band VALUES (?, ?)", [(key, self.number) for key in bands])
        return True


@contextmanager
def _seen() -> Iterator[_Seen]:
    with (
        tempfile.TemporaryDirectory() as folder,
        closing(sqlite3.connect(Path(folder, "seen.db"), isolation_level=None)) as database,
    ):
        yield _Seen(database)


def _shingles(words: list[str]) -> np.ndarray:
    """Return the different runs of words, each as a number of 64 bits."""
    if len(words) < SHINGLE:
        return np.empty(0, dtype=np.uint64)
    ids = np.fromiter((_key(word.encode()) & _BITS for word in words), dtype=np.uint64, count=len(words))
    run = np.zeros(len(words) - SHINGLE + 1, dtype=np.uint64)
    for at in range(SHINGLE):
        run = (run ^ (run >> np.uint64(32))) * _ODD + ids[at : len(ids) - SHINGLE + 1 + at]
    return np.unique(run ^ (run >> np.uint64(32)))


def _key(data: bytes) -> int:
    return int.from_bytes(hashlib.blake2b(data, digest_size=8).digest(), "big", signed=True)
