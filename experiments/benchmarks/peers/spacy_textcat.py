"""spaCy's text categoriser."""

from pathlib import Path

import numpy as np

from experiments.benchmarks.system import Rows, System, columns


class SpacyTextcat(System):
    """The ensemble of a bag of words and a small convolutional network on a blank English pipeline.

    Notes
    -----
    ``TextCatEnsemble`` is the component's own default. The training settings are those of ``spacy init config`` and
    the training is ``spacy train``: it stops when its score on held-out rows hasn't risen for 1,600 steps, and keeps
    the best model. A tenth of the training rows, drawn by the seed, is held out for that.

    References
    ----------
    Honnibal, M. et al. (2020). spaCy: Industrial-strength natural language processing in Python.
    https://spacy.io/api/architectures#textcat
    """

    name = "spacy"
    title = "spaCy textcat, ensemble"
    modules = ("spacy.cli.train", "spacy.training.example")
    install = "spacy"
    settings = (
        "a blank English pipeline with the component's default model (TextCatEnsemble), trained by `spacy train` with "
        "the settings of `spacy init config`, a tenth of the training rows held out for its early stopping; "
        "scored by nlp.pipe in its batches"
    )

    def fit(self, rows: Rows, scratch: Path) -> None:
        """Write the rows in spaCy's format and run ``spacy train`` on them."""
        import spacy
        from spacy.cli.train import train
        from spacy.tokens import DocBin

        component = "textcat_multilabel" if self.problem.multilabel else "textcat"
        blank = spacy.blank("en")
        order = np.random.default_rng(self.problem.seed).permutation(len(rows.texts))
        held_out = set(order[: max(1, len(order) // 10)].tolist())
        parts = {"train": DocBin(), "dev": DocBin()}
        for number, (text, given) in enumerate(zip(rows.joined, rows.y, strict=True)):
            doc = blank.make_doc(text)
            doc.cats = dict(zip(self.problem.labels, given.astype(float).tolist(), strict=True))
            parts["dev" if number in held_out else "train"].add(doc)
        for name, part in parts.items():
            part.to_disk(scratch / f"{name}.spacy")
        blank.add_pipe(component)
        blank.config.to_disk(scratch / "config.cfg")
        paths = {f"paths.{name}": str(scratch / f"{name}.spacy") for name in parts}
        seed = {"training.seed": self.problem.seed, "system.seed": self.problem.seed}
        train(scratch / "config.cfg", scratch / "out", overrides={**paths, **seed})
        self.load(scratch / "out" / "model-best")

    def save(self, folder: Path) -> None:
        """Write the pipeline."""
        self.nlp.to_disk(folder)

    def load(self, folder: Path) -> None:
        """Read the pipeline."""
        import spacy

        self.nlp = spacy.load(folder)

    def predict_proba(self, rows: Rows) -> np.ndarray:
        """Return the probabilities, shape (n, n_labels)."""
        number = {label: i for i, label in enumerate(self.problem.labels)}
        found = [[(number[label], p) for label, p in doc.cats.items()] for doc in self.nlp.pipe(rows.joined)]
        return columns(len(number), found)
