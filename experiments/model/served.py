"""The classifier as MLflow serves it: what takes the table of a request, which anyone may have sent."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

import pandas as pd

from experiments.errors import InputError
from experiments.model.classifier import SentenceClassifier
from experiments.model.folder import load_model

LONGEST = 100_000
"""Characters of a text or target; a longer one is an article or a book, and ties up the server for all others."""


class ServedModel:
    """The model as MLflow serves it: a table of ``text`` (and ``target``) in, labels, probabilities and more out."""

    def __init__(self, classifier: SentenceClassifier) -> None:
        self.classifier = classifier

    def predict(self, table: pd.DataFrame, params: dict[str, Any] | None = None) -> pd.DataFrame:
        """Return a table with a ``labels`` column (list of str) and one probability column a label.

        In a multilabel task ``threshold_<label>`` follows for each label; of a stance model that knows its targets
        ``target_in_training`` and ``touches_target``, as in :meth:`SentenceClassifier.score`.

        Raises
        ------
        MlflowException
            With the code INVALID_PARAMETER_VALUE, which MLflow's server answers with status 400, if a column is
            missing, or a text or target is null, no string, longer than 100,000 characters or, of a target, empty. The
            message names the field and the row, counted from 1. Nothing of the table is scored then.
        """
        texts = _column(table, "text")
        targets = _column(table, "target") if self.classifier.targeted else None
        try:
            probabilities = self.classifier.predict_proba(texts, targets)
        except InputError as error:
            _refuse(str(error))
        scored = pd.DataFrame(probabilities, columns=self.classifier.labels, index=table.index)
        scored.insert(
            0,
            "labels",
            pd.Series(self.classifier.names(self.classifier.decide(probabilities)), index=table.index, dtype=object),
        )
        for label, threshold in self.classifier.given_from.items():
            scored[f"threshold_{label}"] = threshold
        for name, marks in self.classifier.target_marks(texts, targets).items():
            scored[name] = pd.Series(marks, index=table.index, dtype=bool)
        return scored


def load_pyfunc(path: str) -> ServedModel:
    """Load the model for MLflow."""
    return ServedModel(load_model(Path(path)))


def _column(table: Any, name: str) -> list[str]:
    """Return a column of a request's table, of which every cell is a string."""
    if not isinstance(table, pd.DataFrame):
        _refuse(f"the request holds a {type(table).__name__}, not a table with a column '{name}'")
    if list(table.columns).count(name) != 1:
        _refuse(f"the request has no column '{name}', or several; give one with a string a row")
    cells: Sequence[Any] = table[name].tolist()
    for row, cell in enumerate(cells, 1):
        if isinstance(cell, str):
            if len(cell) > LONGEST:
                _refuse(f"{name}, row {row}: has {len(cell):,} characters; at most {LONGEST:,} are read")
            continue
        missing = cell is None or (pd.api.types.is_scalar(cell) and pd.isna(cell))
        what = "is null" if missing else f"is of type {type(cell).__name__}"
        _refuse(f"{name}, row {row}: {what}; give a string")
    return list(cells)


def _refuse(line: str) -> NoReturn:
    """Raise what MLflow's server answers with status 400: the request is at fault, not the server."""
    from mlflow.exceptions import MlflowException  # what loads a model without serving it needs no MLflow
    from mlflow.protos.databricks_pb2 import INVALID_PARAMETER_VALUE

    raise MlflowException(line, error_code=INVALID_PARAMETER_VALUE)
