"""What is known of a system once it is measured, and how that is kept so that no system is measured twice."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import numpy as np
import pandas as pd

from experiments.corpus.rows import Labelled
from experiments.output import writing


@dataclass(frozen=True)
class Measured:
    """One system's figures.

    Attributes
    ----------
    name : str
        Names its files.
    title : str
        Names its row of the table.
    kind : {"config", "peer"}
        Whether it is a config of the kit or another library.
    status : {"done", "failed", "missing"}
        Whether there are figures; ``missing`` is a library that isn't installed.
    about : str
        Its settings in a sentence.
    digest : str
        Of everything that the figures depend on.
    error : str
        Why there are none.
    figures : dict of str to float or None
        ``train_seconds``, ``train_cpu_seconds``, ``train_base_mb`` (before fitting), ``train_peak_mb``,
        ``train_energy_wh``, ``load_seconds``, ``sentences_per_second`` (the best timing), ``score_peak_mb``,
        ``score_energy_wh_per_1000`` (sentences), ``model_mb``, ``other_cores`` (that other programs kept busy
        meanwhile). MB are 10^6 bytes.
    rates : list of float
        Every timing of scoring, sentences a second.
    versions : dict of str to str
        Of Python and the packages that it loaded.
    date : str
        When it was measured (UTC).
    """

    name: str
    title: str
    kind: str
    status: str
    about: str = ""
    digest: str = ""
    error: str = ""
    figures: dict[str, float | None] = field(default_factory=dict)
    rates: list[float] = field(default_factory=list)
    versions: dict[str, str] = field(default_factory=dict)
    date: str = ""

    @property
    def done(self) -> bool:
        """Whether there are figures."""
        return self.status == "done"

    def failed(self, status: str, error: str) -> "Measured":
        """Return the same system without figures, and why."""
        return replace(self, status=status, error=error)


@dataclass(frozen=True)
class Predictions:
    """What a system says of the test rows: two matrices of shape (n, n_labels)."""

    probabilities: np.ndarray
    decided: np.ndarray


class Shelf:
    """The systems of a benchmark that are measured, in its output folder.

    Parameters
    ----------
    folder : Path
        The output folder: ``systems/NAME.json`` and ``predictions/NAME.parquet`` are in it.
    labels : sequence of str
        The task's labels.
    """

    def __init__(self, folder: Path, labels: Sequence[str]) -> None:
        self.folder = folder
        self.labels = list(labels)

    def put(self, measured: Measured, predictions: Predictions, test: Labelled) -> None:
        """Keep a measured system; the figures are written last, so that they stand for a whole."""
        with writing(self._table(measured.name)) as path:
            self._as_table(predictions, test).to_parquet(path, index=False)
        with writing(self._figures(measured.name)) as path:
            path.write_text(json.dumps(asdict(measured), indent=2) + "\n", encoding="utf-8")

    def get(self, name: str, digest: str) -> tuple[Measured, Predictions] | None:
        """Return a system that was measured under the same circumstances, or None."""
        try:
            measured = Measured(**json.loads(self._figures(name).read_text(encoding="utf-8")))
            if measured.digest != digest:
                return None
            return measured, self._from_table(pd.read_parquet(self._table(name)))
        except (OSError, ValueError, TypeError, KeyError):  # never measured, or the files were tampered with
            return None

    def _figures(self, name: str) -> Path:
        return self.folder / "systems" / f"{name}.json"

    def _table(self, name: str) -> Path:
        return self.folder / "predictions" / f"{name}.parquet"

    def _as_table(self, predictions: Predictions, test: Labelled) -> pd.DataFrame:
        """Return one row a sentence, in the columns of a run's predictions."""
        table = pd.DataFrame({"id": test.ids, "group": test.groups, "text": test.texts})
        if test.targets is not None:
            table["target"] = test.targets
        for column, matrix in (("true", test.y > 0), ("predicted", predictions.decided)):
            table[column] = [
                [label for label, given in zip(self.labels, row, strict=True) if given] for row in matrix.tolist()
            ]
        for column_number, label in enumerate(self.labels):
            table[f"score_{label}"] = predictions.probabilities[:, column_number]
        return table

    def _from_table(self, table: pd.DataFrame) -> Predictions:
        given = [set(row) for row in table["predicted"]]
        decided = np.asarray([[label in row for label in self.labels] for row in given], dtype=np.int8)
        return Predictions(table[[f"score_{label}" for label in self.labels]].to_numpy(), decided)
