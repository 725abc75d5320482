"""Keeps what a training run has to say in a folder of this computer until MLflow has all of it."""

import json
import os
import shutil
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from experiments.config.schema import Config
from experiments.corpus.rows import Labelled
from experiments.errors import InputError
from experiments.measures.metrics import Metrics, flat_metrics
from experiments.model import FOLDER, SentenceClassifier
from experiments.notices import Warn
from experiments.output import writing
from experiments.tracking.runs import RECORDS, as_dataset, in_few_digits, now, tabled

_RECORD, _MODEL, _FILES, _CONFIG = "record.json", FOLDER, "files", "config.yaml"
_DIGITS = 4


class Record(BaseModel):
    """What a run has to say, in a folder.

    Attributes
    ----------
    run_id, experiment, name : str
        Of the MLflow run.
    tags : dict of str to str
        Of the run.
    start : int
        When it began, in milliseconds since 1970.
    pid, host
        Of the process that trains.
    end : int or None
        When it had said all.
    status : {"RUNNING", "FINISHED", "FAILED", "KILLED"}
        ``FINISHED`` once all is in the folder, whether or not MLflow has it.
    error : str
        Why it failed.
    data : list of dict
        The parts of the data as MLflow knows them, each with its ``context`` and its number of ``rows``.
    metrics, values : dict of str to float
        Measured on the test rows; and further numbers.
    """

    model_config = ConfigDict(extra="forbid")

    folder: Path = Field(exclude=True)
    run_id: str
    experiment: str
    name: str
    tags: dict[str, str]
    start: int
    pid: int
    host: str
    end: int | None = None
    status: Literal["RUNNING", "FINISHED", "FAILED", "KILLED"] = "RUNNING"
    error: str = ""
    data: list[dict[str, str]] = []
    metrics: dict[str, float] = {}
    values: dict[str, float] = {}

    @property
    def model(self) -> Path:
        """The folder with the model."""
        return self.folder / _MODEL

    @property
    def files(self) -> Path:
        """The folder with the files that become the run's artifacts."""
        return self.folder / _FILES

    @property
    def config(self) -> Config:
        """The config that was trained.

        Raises
        ------
        InputError
            If it was changed and is none any more.
        """
        path = self.files / _CONFIG
        try:
            return Config.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
        except (OSError, ValueError, yaml.YAMLError, ValidationError) as error:
            raise InputError(f"{path}: is not the config of a run any more ({_line(error)})") from None

    @property
    def command(self) -> str:
        """What logs it."""
        return f"framescope log {self.folder}"

    def keep_data(self, context: str, data: Labelled) -> None:
        """Note a part of the data; metrics are those of the part ``test``."""
        self.data.append({**as_dataset(data, context).to_dict(), "context": context, "rows": str(len(data))})
        self.write()

    def keep_model(self, classifier: SentenceClassifier) -> None:
        """Write the model, whole; its size is the value ``model.mb``, in megabytes of 1,000,000 bytes."""
        making = self.folder / f".{_MODEL}"
        classifier.save(making)
        size = sum(path.stat().st_size for path in making.rglob("*") if path.is_file())
        making.replace(self.model)
        self.keep_values({"model.mb": size / 1e6})

    def keep_metrics(self, metrics: Metrics) -> dict[str, float]:
        """Note the metrics that a table of runs is read by, as :meth:`experiments.tracking.runs.Run.log_metrics` does.

        Returns
        -------
        dict of str to float
            All metrics, flat, also those that aren't kept here but in ``metrics.json``.
        """
        kept = flat_metrics(tabled(metrics), "test")
        self.metrics |= {name: round(value, _DIGITS) for name, value in kept.items() if value == value}
        self.write()
        return flat_metrics(metrics, "test")

    def keep_values(self, values: Mapping[str, float]) -> None:
        """Note further numbers, such as seconds."""
        self.values |= in_few_digits(values)
        self.write()

    def finish(self) -> None:
        """Note that all is said."""
        self.end, self.status = now(), "FINISHED"
        self.write()

    def fail(self, status: Literal["FAILED", "KILLED"], error: str) -> None:
        """Note that the run ended before all was said."""
        self.end, self.status, self.error = now(), status, error
        self.write()

    def write(self) -> None:
        """Write what was noted so far."""
        with writing(self.folder / _RECORD) as path:
            path.write_text(self.model_dump_json(indent=1) + "\n", encoding="utf-8")

    def remove(self) -> None:
        """Remove the folder, and those above it that hold nothing else."""
        shutil.rmtree(self.folder, ignore_errors=True)
        for folder in (self.folder.parent, self.folder.parent.parent):
            try:
                folder.rmdir()
            except OSError:
                return


def begin_record(run_id: str, config: Config, tags: Mapping[str, str]) -> Record:
    """Return the record of a run that has just begun, with its config."""
    folder = RECORDS / run_id
    try:
        (folder / _FILES).mkdir(parents=True)
    except OSError as error:
        raise InputError(f"{folder}: the folder for what a run leaves can't be made: {error.strerror}") from None
    (folder / _FILES / _CONFIG).write_text(
        yaml.safe_dump(config.dump(), allow_unicode=True, sort_keys=False), encoding="utf-8"
    )
    record = Record(
        folder=folder,
        run_id=run_id,
        experiment=config.experiment_name,
        name=config.name,
        tags=dict(tags),
        start=now(),
        pid=os.getpid(),
        host=socket.gethostname(),
    )
    record.write()
    return record


def read_record(folder: Path) -> Record:
    """Return the record of a folder.

    Raises
    ------
    InputError
        If it is none, or was changed and can't be read any more.
    """
    path = folder / _RECORD
    if not path.is_file():
        left = [str(each.folder) for each in left_records()]
        raise InputError(
            f"{folder}: is no folder that a run has left (it has no {_RECORD})"
            + (f"; there are {', '.join(left)}" if left else f"; there are none in {RECORDS}")
        )
    try:
        return Record.model_validate({**json.loads(path.read_text(encoding="utf-8")), "folder": folder})
    except (OSError, ValueError, TypeError) as error:
        raise InputError(f"{path}: is not the record of a run any more ({_line(error)})") from None


def left_records() -> list[Record]:
    """Return the records below the working directory of which the process is gone, and that have a model."""
    return [record for record in _records() if (record.folder / _MODEL).is_dir() and not _works(record)]


def tell_of_records(say: Warn) -> None:
    """Say which runs were never logged, and clear away what is left of those that had no model yet."""
    for record in _records():
        if _works(record):
            continue
        if (record.folder / _MODEL).is_dir():
            say(f"note: run {record.run_id} ({record.name}) was never logged whole; log it with: {record.command}")
        else:
            record.remove()


def _records() -> list[Record]:
    found = []
    for path in sorted(RECORDS.glob(f"*/{_RECORD}")):
        try:
            found.append(read_record(path.parent))
        except InputError:
            continue
    return found


def _works(record: Record) -> bool:
    """Return whether a record's run is still under way, here or on another computer that shares the folder."""
    if record.host != socket.gethostname():
        return record.status == "RUNNING"
    if record.pid == os.getpid():
        return record.status == "RUNNING"
    try:
        os.kill(record.pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:200]
