"""SetFit: a sentence encoder fine-tuned on pairs of sentences, with a logistic regression on top."""

from pathlib import Path

import numpy as np

from experiments.benchmarks.system import Rows, System


class SetFit(System):
    """all-MiniLM-L6-v2, tuned on pairs as in the paper, with fewer of them a row.

    Notes
    -----
    5 pairs of each kind a row (``num_iterations``), one epoch, batches of 16, learning rate 2e-5, logistic
    regression as the head (one a label when labels are independent). The paper's 20 are for a few dozen rows; for a
    thousand they would take forty minutes on two cores. The library's present default, every possible
    pair of two rows, would be half a million pairs for a thousand rows. SetFit's own form of saving keeps its head as
    a pickle; it is read only from the folder into which this benchmark has just written it.

    References
    ----------
    Tunstall, L. et al. (2022). Efficient few-shot learning without prompts. arXiv:2209.11055.
    """

    name = "setfit"
    title = "SetFit, all-MiniLM-L6-v2"
    modules = ("setfit", "datasets")
    install = "setfit"
    tunes_encoder = True
    settings = (
        "all-MiniLM-L6-v2 tuned on pairs: num_iterations=5, one epoch, batches of 16, learning rate "
        "2e-5; logistic regression as its head; scored in batches of 32"
    )

    def fit(self, rows: Rows, scratch: Path) -> None:
        """Tune the encoder on pairs, then fit the head."""
        from datasets import Dataset
        from setfit import SetFitModel, Trainer, TrainingArguments

        multilabel, seed = self.problem.multilabel, self.problem.seed
        arguments = TrainingArguments(
            output_dir=str(scratch),
            num_iterations=5,
            num_epochs=1,
            batch_size=16,
            body_learning_rate=2e-5,
            seed=seed,
            report_to="none",
            save_strategy="no",
            show_progress_bar=False,
        )

        def fresh() -> SetFitModel:
            return SetFitModel.from_pretrained(
                self.problem.encoder,
                multi_target_strategy="one-vs-rest" if multilabel else None,
                head_params={"random_state": seed},
            )

        answers = rows.y.tolist() if multilabel else rows.target.tolist()
        trainer = Trainer(
            model_init=fresh, args=arguments, train_dataset=Dataset.from_dict({"text": rows.joined, "label": answers})
        )
        trainer.train()
        self.model = trainer.model

    def save(self, folder: Path) -> None:
        """Write encoder and head as SetFit does."""
        self.model.save_pretrained(str(folder))

    def load(self, folder: Path) -> None:
        """Read encoder and head as SetFit does."""
        from setfit import SetFitModel

        self.model = SetFitModel.from_pretrained(str(folder))

    def predict_proba(self, rows: Rows) -> np.ndarray:
        """Return the probabilities, shape (n, n_labels)."""
        return np.asarray(self.model.predict_proba(rows.joined, as_numpy=True), dtype=np.float64)
