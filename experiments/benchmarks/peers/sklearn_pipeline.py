"""The scikit-learn pipeline that everybody writes first."""

import json
from pathlib import Path
from typing import Any

import numpy as np

from experiments.benchmarks.system import Rows, System

_WORDS: dict[str, Any] = {"ngram_range": (1, 2), "min_df": 2, "sublinear_tf": True}


class SklearnPipeline(System):
    """TF-IDF of words and pairs of words into logistic regression, with what a practised user sets.

    Notes
    -----
    ``ngram_range=(1, 2)``, ``min_df=2``, ``sublinear_tf=True`` and ``class_weight="balanced"``; all else is
    scikit-learn's default (``max_iter`` is raised so that it converges). The bare defaults neglect rare labels and
    would be a peer of straw. One model a label when labels are independent, as in ``OneVsRestClassifier``. Vocabulary
    and weights are saved as plain numbers: a pickle runs code, and skops would import all of scikit-learn for scoring.

    References
    ----------
    Pedregosa, F. et al. (2011). Scikit-learn: Machine learning in Python. JMLR 12, 2825-2830.
    """

    name = "sklearn"
    title = "scikit-learn, TF-IDF"
    modules = ("sklearn.feature_extraction.text", "sklearn.linear_model")
    install = "scikit-learn"
    settings = (
        "TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True) and "
        'LogisticRegression(class_weight="balanced", max_iter=1000); all rows scored in one call'
    )

    def fit(self, rows: Rows, scratch: Path) -> None:
        """Fit vocabulary and weights."""
        from sklearn.feature_extraction.text import TfidfVectorizer

        self.words: Any = TfidfVectorizer(**_WORDS)
        matrix = self.words.fit_transform(rows.joined)
        answers = list(rows.y.T) if self.problem.multilabel else [rows.target]
        self.models = [self._regression().fit(matrix, answer) for answer in answers]

    def save(self, folder: Path) -> None:
        """Write the words with their weights."""
        numbers = {"idf": self.words.idf_}
        for at, model in enumerate(self.models):
            numbers |= {f"{part}{at}": getattr(model, f"{part}_") for part in ("coef", "intercept", "classes")}
        np.savez_compressed(folder / "weights.npz", **numbers)
        (folder / "words.json").write_text(json.dumps(self.words.get_feature_names_out().tolist()), encoding="utf-8")

    def load(self, folder: Path) -> None:
        """Put the weights back into scikit-learn's objects."""
        from sklearn.feature_extraction.text import TfidfVectorizer

        vocabulary = json.loads((folder / "words.json").read_text(encoding="utf-8"))
        self.words = TfidfVectorizer(**_WORDS, vocabulary=vocabulary)
        with np.load(folder / "weights.npz") as numbers:
            self.words.idf_ = numbers["idf"]
            self.models = [self._regression() for name in numbers.files if name.startswith("coef")]
            for at, model in enumerate(self.models):
                model.coef_ = numbers[f"coef{at}"]
                model.intercept_, model.classes_ = numbers[f"intercept{at}"], numbers[f"classes{at}"]

    def predict_proba(self, rows: Rows) -> np.ndarray:
        """Return the probabilities, shape (n, n_labels)."""
        matrix = self.words.transform(rows.joined)
        found = [model.predict_proba(matrix) for model in self.models]
        if self.problem.multilabel:
            return np.stack([probabilities[:, 1] for probabilities in found], axis=1)
        whole = np.zeros((len(rows.texts), len(self.problem.labels)))  # a label without training rows has no column
        whole[:, self.models[0].classes_] = found[0]
        return whole

    def _regression(self) -> Any:
        from sklearn.linear_model import LogisticRegression

        return LogisticRegression(class_weight="balanced", max_iter=1000, random_state=self.problem.seed)
