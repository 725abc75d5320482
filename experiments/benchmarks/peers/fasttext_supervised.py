"""fastText's supervised classifier."""

import re
from pathlib import Path
from typing import Any

import numpy as np

from experiments.benchmarks.system import Rows, System, columns

_PREFIX = "__label__"
_NONE = "none"


class FastText(System):
    """Averaged word and bigram vectors with a linear classifier, as fastText's own tutorial sets it.

    Notes
    -----
    The tutorial's last command: 25 epochs, word bigrams, 50 dimensions, 200,000 buckets; learning rate 1.0 with a
    softmax, or 0.5 with one logistic loss a label (``ova``) when labels are independent; lower case, punctuation split
    from words. One thread, because fastText's threads overwrite each other's updates and no seed makes that repeatable.
    fastText passes over rows without any label, so such rows get one of their own, whose probability isn't used.

    References
    ----------
    Joulin, A. et al. (2017). Bag of tricks for efficient text classification. EACL.
    https://fasttext.cc/docs/en/supervised-tutorial.html
    """

    name = "fasttext"
    title = "fastText"
    modules = ("fasttext",)
    install = "fasttext"
    settings = (
        "the tutorial's settings: epoch=25, wordNgrams=2, dim=50, bucket=200000, lr=1.0 with softmax (lr=0.5 with ova "
        "when multi-label), thread=1; all rows scored in one call"
    )

    def fit(self, rows: Rows, scratch: Path) -> None:
        """Write the rows in fastText's format and train on the file."""
        import fasttext

        lines = [f"{_tags(row)} {_words(text)}\n" for row, text in zip(rows.y, rows.joined, strict=True)]
        source = scratch / "train.txt"
        source.write_text("".join(lines), encoding="utf-8")
        multilabel = self.problem.multilabel
        self.model = fasttext.train_supervised(
            input=str(source),
            lr=0.5 if multilabel else 1.0,
            epoch=25,
            wordNgrams=2,
            dim=50,
            bucket=200_000,
            loss="ova" if multilabel else "softmax",
            thread=1,
            seed=self.problem.seed,
            verbose=0,
        )

    def save(self, folder: Path) -> None:
        """Write fastText's own file."""
        self.model.save_model(str(folder / "model.bin"))

    def load(self, folder: Path) -> None:
        """Read fastText's own file."""
        import fasttext

        self.model = fasttext.load_model(str(folder / "model.bin"))

    def predict_proba(self, rows: Rows) -> np.ndarray:
        """Return the probabilities, shape (n, n_labels)."""
        names, probabilities = self.model.predict([_words(text) for text in rows.joined], k=-1)
        found = [list(_numbered(*pair)) for pair in zip(names, probabilities, strict=True)]
        matrix = columns(len(self.problem.labels), found)
        return np.asarray(np.clip(matrix, 0, 1))  # fastText adds a hundred-thousandth


def _tags(row: np.ndarray) -> str:
    """Return a row's labels as fastText writes them: by number, as it splits names at spaces."""
    return " ".join(f"{_PREFIX}{number}" for number in np.flatnonzero(row)) or _PREFIX + _NONE


def _words(text: str) -> str:
    """Lower a text and split punctuation from words, in one line, as the tutorial does with ``sed`` and ``tr``."""
    return " ".join(re.sub(r"([.!?,'/()\"])", r" \1 ", text).lower().split())


def _numbered(names: Any, probabilities: Any) -> list[tuple[int, float]]:
    numbers = [name.removeprefix(_PREFIX) for name in names]
    return [(int(n), float(p)) for n, p in zip(numbers, probabilities, strict=True) if n != _NONE]
