"""Hands a run's record to MLflow, patiently but not for ever, and removes it once MLflow has all of it."""

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from mlflow import MlflowClient
from mlflow.exceptions import MlflowException
from sqlalchemy.exc import SQLAlchemyError

from experiments.config.schema import Config
from experiments.errors import InputError, UnloggedError, first_line
from experiments.notices import Warn
from experiments.signals import interruption, unbroken
from experiments.tracking.connection import connect, whereabouts
from experiments.tracking.records import Record, begin_record
from experiments.tracking.registry import Registered, register
from experiments.tracking.runs import Run, set_experiment, training_tags

_TELL = 10  # seconds between two lines that say what is waited for
_AGAIN = 2  # seconds until a step that failed is tried again
_MB_A_SECOND = 1
_COMPARING = 60.0  # seconds more for the registration: the champion is loaded and its speed measured
_LARGE = ("model", "files", "registration")  # steps that have more seconds: the first two one for each megabyte


_Step = tuple[str, Callable[[], None]]
"""What a step is called, and the step."""


@dataclass
class _Progress:
    """How far the thread that talks to MLflow has come."""

    step: str = "connection"
    began: float = field(default_factory=time.monotonic)
    allowed: float = 0.0  # seconds for this step
    trouble: str = ""  # why it is being tried again
    error: BaseException | None = None
    given_up: bool = False

    @property
    def left(self) -> float:
        """Seconds that the step still has."""
        return self.allowed - (time.monotonic() - self.began)


@contextmanager
def recording(run: Run, config: Config, tags: Mapping[str, str], say: Warn) -> Iterator[Record]:
    """Begin the record of a run, and remove it when the block ends.

    When the block fails after the model was fitted, what there is is logged; when it is interrupted then, or the store
    is the reason, the record stays, and that is said.
    """
    record = begin_record(run.id, config, training_tags(config, tags))
    try:
        yield record
    except UnloggedError:
        raise
    except BaseException as error:
        if record.model.is_dir():
            _rescue(record, run, config, error, say)
        else:
            record.remove()
        raise
    record.remove()


def _rescue(record: Record, run: Run, config: Config, error: BaseException, say: Warn) -> None:
    """Log what there is of a run that broke off; where that can't be done or takes too long, say where it is kept."""
    stopped = interruption(error) is not None or isinstance(error, GeneratorExit)
    if record.status == "RUNNING":
        record.fail("KILLED" if stopped else "FAILED", first_line(error)[:200])
    if not stopped and not run.ended:
        try:
            log_record(record, config.tracking.patience, say, run)
        except (UnloggedError, InputError):
            pass
        else:
            record.remove()
            return
    say(f"note: the model was fitted and is kept in {record.folder}; log it with: {record.command}")


def log_record(record: Record, patience: float, say: Warn, run: Run | None = None) -> Registered | None:
    """Log a record, and register its model if the config says so and the run has finished.

    What is there of the run already is not logged twice: a record can be logged again after any failure. A run that
    the store doesn't know is made, with the times of the original.

    Parameters
    ----------
    record : Record
        With a model, and all else unless the run failed.
    patience : float
        Seconds that each step may take, with another one for each megabyte that it sends, and 60 for the comparison
        with the champion. One that fails is tried again meanwhile.
    say : callable
        Called with a line now and then while the store is waited for.
    run : Run, optional
        The run, if it is open: it knows then that it has ended.

    Raises
    ------
    UnloggedError
        If the time is over. The folder stays.
    InputError
        If the record isn't whole any more.
    """
    if not record.model.is_dir():
        raise InputError(f"{record.folder}: the run ended before its model was fitted; train it again")
    run = run or Run(record.run_id)
    size = sum(path.stat().st_size for path in record.folder.rglob("*") if path.is_file()) / 1e6
    _patiently(record, patience, size / _MB_A_SECOND, _steps(record, run), say)
    run.ended = True
    if record.status != "FINISHED" or not record.config.tracking.register_model:
        return None
    digest = next(part["digest"] for part in record.data if part["context"] == "test")
    found: list[Registered] = []

    def registration() -> None:
        found.append(register(run, record.config, record.metrics["test.macro_f1"], digest))

    with unbroken():
        _patiently(record, patience, _COMPARING, iter([("registration", registration)]), say)
    return found[0]


def _patiently(record: Record, patience: float, more: float, steps: Iterator[_Step], say: Warn) -> None:
    """Do all steps in a thread that is given up if one of them takes too long, since nothing else ends a call."""
    progress = _Progress(allowed=patience)
    thread = threading.Thread(target=_work, args=(steps, patience, more, progress), daemon=True)
    thread.start()
    told = float("-inf")
    while thread.is_alive():
        thread.join(0.1)
        waited = time.monotonic() - progress.began
        if progress.left < 0 and not (progress.trouble and progress.left > -_AGAIN):
            progress.given_up = True
            break
        if (waited > _TELL or progress.trouble) and time.monotonic() - told > _TELL:
            told = time.monotonic()
            why = progress.trouble or "no answer yet"
            say(f"waiting for the store ({progress.step}: {why}), {max(progress.left, 0):.0f} s more")
    if isinstance(progress.error, InputError) and progress.step != "connection":
        raise progress.error
    if progress.error is not None or progress.given_up:
        why = progress.trouble or f"no answer in {progress.allowed:.0f} s"
        raise UnloggedError(
            f"{whereabouts()}: the store didn't take the {progress.step} ({why}). Nothing is lost: all of run "
            f"{record.run_id} is in {record.folder}; log it with: {record.command}"
        )


def _work(steps: Iterator[_Step], patience: float, more: float, progress: _Progress) -> None:
    """Do step after step, and again what fails, until the step's time is over."""
    try:
        for step, do in steps:
            progress.step, progress.began = step, time.monotonic()
            progress.allowed = patience + (more if step in _LARGE else 0)
            while not progress.given_up:
                try:
                    do()
                    progress.trouble = ""
                    break
                except (MlflowException, SQLAlchemyError, OSError, InputError) as error:
                    progress.trouble = first_line(error)[:200]
                    if progress.left < _AGAIN:
                        raise
                    time.sleep(_AGAIN)
            if progress.given_up:
                return
    except BaseException as error:
        progress.trouble, progress.error = progress.trouble or first_line(error)[:200], error


def _steps(record: Record, run: Run) -> Iterator[_Step]:
    at = record.end or record.start
    yield "connection", connect
    client = MlflowClient()  # of the store that is connected to now
    yield "run", lambda: _found_or_made(record, run)
    if record.data:
        yield "data", lambda: _log_data(record, run)
    yield "model", lambda: _log_model(record, run)
    if record.metrics:
        yield "metrics", lambda: run.log_measured(record.metrics, at)
    if record.values:
        yield "numbers", lambda: run.log_numbers(record.values, at)
    yield "files", lambda: run.log_files(record.files)
    if record.error:
        yield "error", lambda: client.set_tag(run.id, "framescope.error", record.error)
    else:
        yield "tags", lambda: _forgive(client, run.id)
    yield "end", lambda: client.set_terminated(run.id, record.status, record.end)


def _found_or_made(record: Record, run: Run) -> None:
    """Take the run of the record's id, or one that was made for it before, or make one with its times."""
    client = MlflowClient()
    experiment = set_experiment(record.experiment)
    try:
        client.get_run(record.run_id)
        return
    except MlflowException:
        pass
    made = client.search_runs([experiment], f"tags.`framescope.record` = '{record.run_id}'", max_results=1)
    if made:
        run.id = made[0].info.run_id
        return
    tags = {**record.tags, "framescope.record": record.run_id}
    run.id = str(client.create_run(experiment, record.start, tags, record.name).info.run_id)
    run.log_config(record.config)


def _log_data(record: Record, run: Run) -> None:
    for part in record.data:
        described = {key: value for key, value in part.items() if key not in ("context", "rows")}
        run.log_dataset(described, part["context"], int(part["rows"]))


def _log_model(record: Record, run: Run) -> None:
    """Log the model unless the run has it already; what is left of a model that broke off is deleted."""
    client = MlflowClient()
    experiment = client.get_run(run.id).info.experiment_id
    for found in client.search_logged_models([experiment], filter_string=f"source_run_id = '{run.id}'"):
        if str(found.status) == "READY":
            run.logged_id = found.model_id
            return
        client.delete_logged_model(found.model_id)
    run.log_model(record.model)


def _forgive(client: MlflowClient, run_id: str) -> None:
    if "framescope.error" in client.get_run(run_id).data.tags:
        client.delete_tag(run_id, "framescope.error")
