"""scikit-learn's TF-IDF vectorizer in a form that is saved and loaded quickly."""

from typing import Any

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer

_PACKED = "packed_vocabulary"


class NgramVectorizer(TfidfVectorizer):
    """scikit-learn's ``TfidfVectorizer``, whose vocabulary is saved as two arrays and not as a part for each word.

    It counts and weighs as its parent does. A default model knows 100,000 runs of words and characters, and skops
    makes, checks and loads a part a run: five of the eight seconds that scoring one article took.

    Raises
    ------
    ValueError
        On loading, if the two arrays don't belong together.

    Examples
    --------
    >>> import pickle
    >>> vectorizer = NgramVectorizer().fit(["no deal", "deal or war"])
    >>> pickle.loads(pickle.dumps(vectorizer)).vocabulary_
    {'deal': 0, 'no': 1, 'or': 2, 'war': 3}
    """

    def __getstate__(self) -> dict[str, Any]:
        """Return the attributes; the vocabulary, if there is one, as its letters and the lengths of its words."""
        state = dict(super().__getstate__())
        if isinstance(state.get("vocabulary_"), dict):
            vocabulary = state.pop("vocabulary_")
            words = sorted(vocabulary, key=vocabulary.__getitem__)
            letters = "".join(words).encode("utf-8", "surrogatepass")
            state[_PACKED] = [
                np.frombuffer(letters, dtype=np.uint8),
                np.fromiter(map(len, words), dtype=np.int32, count=len(words)),
            ]
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Take the attributes that :meth:`__getstate__` returned."""
        state = dict(state)
        if _PACKED in state:
            state["vocabulary_"] = _unpacked(*state.pop(_PACKED))
        super().__setstate__(state)


VECTORIZERS = (NgramVectorizer, TfidfVectorizer)
"""What counts runs in a fitted pipeline: the kit's own, and scikit-learn's in models that were saved before it."""


def _unpacked(letters: np.ndarray, lengths: np.ndarray) -> dict[str, int]:
    """Return the words and their columns; anybody may have made the arrays."""
    if letters.dtype != np.uint8 or lengths.dtype != np.int32 or letters.ndim != 1 or lengths.ndim != 1:
        raise ValueError("a packed vocabulary isn't one of letters and lengths")
    text = letters.tobytes().decode("utf-8", "surrogatepass")
    ends = np.cumsum(lengths, dtype=np.int64)
    if (lengths < 1).any() or len(text) != (int(ends[-1]) if len(ends) else 0):
        raise ValueError("a packed vocabulary has words of other lengths than it says")
    vocabulary = {
        text[end - length : end]: column
        for column, (end, length) in enumerate(zip(ends.tolist(), lengths.tolist(), strict=True))
    }
    if len(vocabulary) != len(lengths):
        raise ValueError("a packed vocabulary has a word twice")
    return vocabulary
