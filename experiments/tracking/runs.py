"""A training run in MLflow: what is kept of it, and how it ends."""

import os
import posixpath
import socket
import threading
import time
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import mlflow
import pandas as pd
from mlflow import MlflowClient
from mlflow.data.pandas_dataset import PandasDataset
from mlflow.data.sources import HTTPDatasetSource, LocalArtifactDatasetSource
from mlflow.entities import Dataset, DatasetInput, InputTag, Metric, Param
from mlflow.exceptions import MlflowException
from mlflow.models import ModelSignature
from mlflow.tracking.context.registry import resolve_tags
from mlflow.types.schema import Array, ColSpec, DataType, Schema
from mlflow.utils.mlflow_tags import MLFLOW_DATASET_CONTEXT

from experiments.config.names import KEY_LENGTH, metric_key
from experiments.config.schema import Config
from experiments.corpus.rows import Labelled
from experiments.errors import InputError, UnloggedError
from experiments.files import CODE
from experiments.measures.metrics import Metrics, flat_metrics
from experiments.measures.resampling import Estimate
from experiments.model import SentenceClassifier, load_model, needs_encoder
from experiments.provenance import git_commit, package_versions
from experiments.signals import interruption, terminate_as_interrupt, unbroken
from experiments.tracking.connection import connect
from experiments.tracking.store import artifact_location

SORTED_BY = ("macro_f1", "micro_f1", "average_f1")
"""Overall metrics that people rank runs by: these are MLflow metrics with their bounds, as each label's F1 is."""

OVERALL = ("exact_match", "log_loss", "brier", "ece", "macro_average_precision")
"""Overall metrics that are MLflow metrics without bounds; so are each label's precision and recall."""

_DIGITS = 4

RECORDS = Path("outputs") / "runs"
"""Where runs leave what MLflow hasn't taken yet, below the working directory; each in a folder named by its id."""

ERROR = "framescope.error"
"""Tag of runs that failed: why."""

_LAST_WORD = 5  # seconds in which a store that was silent may still hear how a run ended

TRAINING, EVALUATION, SWEEP, TRIAL = "training", "evaluation", "sweep", "trial"
"""What a run is, in its tag ``framescope.kind``."""


class Run:
    """An MLflow run that is under way; made by :func:`start_run` and :func:`open_run`.

    Everything goes to the run by its id, and none is MLflow's active one: that would be the thread's, and ask the store
    when it ends, which may be gone by then.
    """

    def __init__(self, run_id: str) -> None:
        self.id = run_id
        self.logged_id: str | None = None  # MLflow's id of the model, once it is logged
        self.test: Dataset | None = None  # what the metrics are measured on
        self.ended = False  # whether the store knows how it ended

    @property
    def model_uri(self) -> str:
        """The URI under which the run's model can be scored with, evaluated and served."""
        return f"runs:/{self.id}/model"

    @unbroken()
    def log_config(self, config: Config) -> None:
        """Keep the resolved config as an artifact, and its flattened values as parameters.

        The parameter ``features`` is their types in one line, for tables of runs.
        """
        client, content = MlflowClient(), config.dump()
        client.log_dict(self.id, content, "config.yaml")
        types = ", ".join(feature.type for feature in config.features)
        values = {**dict(_flat(content)), "features": types or "none: reads the text itself"}
        client.log_batch(self.id, params=[Param(_key(name), value[:500]) for name, value in values.items()])

    @unbroken()
    def log_data(self, context: str, data: Labelled) -> None:
        """Note a part of the data with its digest; metrics that follow are those of the part ``test``."""
        self.log_dataset(as_dataset(data, context).to_dict(), context, len(data))

    def log_dataset(self, described: Mapping[str, str], context: str, rows: int) -> None:
        """Note a part of the data as MLflow describes it, and its number of rows."""
        client = MlflowClient()
        dataset = Dataset(**described)
        client.log_inputs(self.id, [DatasetInput(dataset, [InputTag(MLFLOW_DATASET_CONTEXT, context)])])
        client.set_tag(self.id, f"framescope.{context}.digest", dataset.digest)
        client.log_param(self.id, f"data.{context}.rows", rows)
        if context == "test":
            self.test = dataset

    @unbroken()
    def log_metrics(self, metrics: Metrics) -> dict[str, float]:
        """Keep the metrics that a table of runs is read by, as those of the logged model on the test data.

        They are named ``test.name``, with their bounds as ``.low`` and ``.high``; what is undefined (nan) is left out,
        since MLflow would rank it as 0. They are rounded to four digits, for tables of runs show all there are.

        Returns
        -------
        dict of str to float
            All metrics, flat, also those that are not kept here but in ``metrics.json``.
        """
        kept = flat_metrics(tabled(metrics), "test")
        self.log_measured({name: round(value, _DIGITS) for name, value in kept.items() if value == value}, now())
        return flat_metrics(metrics, "test")

    def log_measured(self, values: Mapping[str, float], at: int) -> None:
        """Keep numbers that were measured on the test data with the logged model, in milliseconds since 1970."""
        tested = {"dataset_name": self.test.name, "dataset_digest": self.test.digest} if self.test else {}
        found = [
            Metric(_key(name), value, at, 0, model_id=self.logged_id, run_id=self.id, **tested)
            for name, value in values.items()
        ]
        MlflowClient().log_batch(self.id, metrics=found)

    @unbroken()
    def log_values(self, values: Mapping[str, float]) -> None:
        """Keep further numbers, such as seconds, to four significant digits."""
        self.log_numbers(in_few_digits(values), now())

    def log_numbers(self, values: Mapping[str, float], at: int) -> None:
        """Keep numbers as they are, as of a time in milliseconds since 1970."""
        MlflowClient().log_batch(self.id, metrics=[Metric(_key(name), value, at, 0) for name, value in values.items()])

    def log_files(self, folder: Path) -> None:
        """Keep every file of a folder as an artifact."""
        MlflowClient().log_artifacts(self.id, str(folder))

    def log_model(self, folder: Path) -> None:
        """Keep a saved model in the form that every MLflow deployment can load, with the kit's code beside it."""
        classifier = load_model(folder)
        example = pd.DataFrame({"text": ["The two governments signed an agreement on border security on Monday."]})
        if classifier.targeted:
            example["target"] = ["the agreement"]
        with mlflow.start_run(run_id=self.id):  # there is no other way to say whose model it is
            logged = mlflow.pyfunc.log_model(
                name="model",
                loader_module="experiments.model",
                data_path=str(folder),
                code_paths=[str(CODE / "features"), str(CODE / "experiments")],
                signature=model_signature(classifier),
                input_example=example,
                pip_requirements=_requirements(needs_encoder(folder)),
                metadata={"framescope.task": classifier.task.name, "framescope.labels": ",".join(classifier.labels)},
            )
        self.logged_id = logged.model_id


def now() -> int:
    """Return the time in milliseconds since 1970."""
    return int(time.time() * 1000)


def in_few_digits(values: Mapping[str, float]) -> dict[str, float]:
    """Return numbers to four significant digits, as tables of runs show them."""
    return {name: float(f"{value:.{_DIGITS}g}") for name, value in values.items()}


def tabled(metrics: Metrics) -> Metrics:
    """Return those metrics that are kept as MLflow metrics, with bounds where people sort by them; the rest is noise.

    With three labels these are 26 numbers with their bounds instead of 66; ``metrics.json`` has all.
    """
    kept = {}
    for name, estimate in metrics.items():
        last = name.rpartition(".")[2]
        if name in SORTED_BY or (name not in OVERALL and last == "f1"):
            kept[name] = estimate
        elif name in OVERALL or last in ("precision", "recall"):
            kept[name] = Estimate(estimate.value)
    return kept


def as_dataset(data: Labelled, context: str) -> PandasDataset:
    """Return rows as MLflow knows them: by the file's name and the use that is made of them, and by their digest."""
    table = pd.DataFrame({"text": data.texts, "labels": [",".join(map(str, row)) for row in data.y.tolist()]})
    name = f"{Path(data.name).stem}-{context}"[:200]
    return PandasDataset(table, _source(data.name), name=name, digest=data.digest)


@contextmanager
def start_run(config: Config, more_tags: Mapping[str, str] = {}, run_id: str | None = None) -> Iterator[Run]:
    """Open a run for a config; when the block fails it is marked FAILED, when it is interrupted KILLED.

    With ``run_id`` a run that has ended is taken up again.
    """
    connect()
    experiment = set_experiment(config.experiment_name)
    close_dead_runs()
    with open_run(experiment, config.name, training_tags(config, more_tags), run_id) as run:
        yield run


def training_tags(config: Config, more: Mapping[str, str]) -> dict[str, str]:
    """Return the tags of a training run, with further ones."""
    return {
        "framescope.kind": TRAINING,
        "framescope.task": config.task.name,
        "framescope.classifier": config.classifier.type,
        "mlflow.note.content": config.description,
        **more,
    }


@contextmanager
def open_run(experiment: str, name: str, tags: Mapping[str, str], run_id: str | None = None) -> Iterator[Run]:
    """Open a run in the experiment of an id; when the block fails it is marked FAILED, when it is interrupted KILLED.

    With ``run_id`` a run that has ended is taken up again.
    """
    tags = {
        **tags,
        "framescope.host": socket.gethostname(),
        "framescope.pid": str(os.getpid()),
        **{f"version.{name}": version for name, version in package_versions().items()},
    }
    if commit := git_commit():
        tags["mlflow.source.git.commit"] = commit
    client = MlflowClient()
    with terminate_as_interrupt():
        run, status, quick = None, "FAILED", False
        try:
            with unbroken():
                run = Run(_opened(client, experiment, name, tags, run_id))
            yield run
            status = "FINISHED"
        except UnloggedError:
            quick = True
            raise
        except BaseException as error:
            # a GeneratorExit if it hit between this block and the caller's
            if interruption(error) or isinstance(error, GeneratorExit):
                status = "KILLED"
            elif run is not None and not run.ended:
                why = (str(error).splitlines() or [type(error).__name__])[0][:500]
                client.set_tag(run.id, ERROR, why)
            raise
        finally:
            if run is not None and not run.ended:
                with unbroken():
                    _end(client, run.id, status, quick)


def _opened(client: MlflowClient, experiment: str, name: str, tags: Mapping[str, str], run_id: str | None) -> str:
    if run_id is not None:
        client.update_run(run_id, status="RUNNING")
        for key, value in tags.items():
            client.set_tag(run_id, key, value)
        return run_id
    return str(client.create_run(experiment, tags=resolve_tags(dict(tags)), run_name=name).info.run_id)


def _end(client: MlflowClient, run_id: str, status: str, quick: bool) -> None:
    """Tell the store how a run ended; with ``quick``, if it hears of it within a few seconds: it was silent before."""
    if not quick:
        client.set_terminated(run_id, status)
        return

    def tell() -> None:
        with suppress(Exception):
            client.set_tag(run_id, ERROR, f"not logged whole: framescope log {RECORDS / run_id}")
            client.set_terminated(run_id, status)

    thread = threading.Thread(target=tell, daemon=True)
    thread.start()
    thread.join(_LAST_WORD)


def model_signature(classifier: SentenceClassifier) -> ModelSignature:
    """Return the table that the served model takes and the one it gives."""
    outputs = [
        ColSpec(Array(DataType.string), "labels"),
        *(ColSpec(DataType.double, label) for label in classifier.labels),
        *(ColSpec(DataType.double, f"threshold_{label}") for label in classifier.given_from),
        *(ColSpec(DataType.boolean, name) for name in classifier.target_marks([])),
    ]
    inputs = [ColSpec(DataType.string, name) for name in ("text", "target")[: 1 + classifier.targeted]]
    return ModelSignature(inputs=Schema(inputs), outputs=Schema(outputs))


def _key(name: str) -> str:
    """Return a name that MLflow takes, also for a code or column of a config, which may be anything."""
    key = metric_key(name)
    if posixpath.normpath(key) != key:
        key = key.replace("/", "_")
    return key if len(key) <= KEY_LENGTH else f"{key[: KEY_LENGTH - 9]}-{zlib.crc32(name.encode()):08x}"


def _source(name: str) -> Any:
    """Return where rows come from, in MLflow's terms."""
    if name.startswith("hub:"):
        return HTTPDatasetSource("https://huggingface.co/datasets/" + name.split(":")[1])
    return LocalArtifactDatasetSource(name)


def set_experiment(name: str) -> str:
    """Return the id of the experiment of a name, which is made if there is none."""
    client = MlflowClient()
    found = client.get_experiment_by_name(name)
    if found is not None and found.lifecycle_stage == "deleted":
        raise InputError(
            f"the MLflow experiment {name!r} was deleted; restore it in MLflow or set "
            "tracking.experiment to another name"
        )
    if found is None:
        local = mlflow.get_tracking_uri().startswith("sqlite:")
        place = artifact_location(name) if local else None
        # the tag makes MLflow's UI open on runs and metrics instead of traces of language models
        try:
            client.create_experiment(
                name, artifact_location=place, tags={"mlflow.experimentKind": "custom_model_development"}
            )
        except MlflowException:
            if client.get_experiment_by_name(name) is None:
                raise  # else another training, begun at the same time, was first
        found = client.get_experiment_by_name(name)
    return str(found.experiment_id)


def close_dead_runs() -> None:
    """Mark runs KILLED that still count as running although their process on this machine is gone (kill -9)."""
    client = MlflowClient()
    host = socket.gethostname()
    ids = [found.experiment_id for found in client.search_experiments()]
    for run in client.search_runs(
        ids, f"attributes.status = 'RUNNING' and tags.`framescope.host` = '{host}'", max_results=100
    ):
        if not _alive(int(run.data.tags["framescope.pid"])):
            client.set_terminated(run.info.run_id, "KILLED")


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return pid != os.getpid()


def _requirements(encoder: bool) -> list[str]:
    """Return what a served model needs besides the code that is saved with it."""
    versions = package_versions()
    names = ["mlflow", "scikit-learn", "numpy", "scipy", "nltk", "skops"]
    pinned = [f"{name}=={versions[name]}" for name in [*names, *(["onnxruntime", "tokenizers"] if encoder else [])]]
    return [*pinned, "pandas", "pydantic>=2.8", "omegaconf>=2.3", "charset-normalizer>=3.3", "pyyaml"]


def _flat(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Yield dotted names and values of a config; a lexicon's words are left to the config artifact."""
    if isinstance(value, dict) and not path.endswith((".lexicon", ".keywords")):
        for key, inner in value.items():
            yield from _flat(inner, f"{path}.{key}" if path else str(key))
    elif isinstance(value, dict):
        yield f"{path}.entries", str(sum(len(words) for words in value.values()))
    elif isinstance(value, list) and any(isinstance(item, dict) for item in value):
        for number, item in enumerate(value):
            yield from _flat(item, f"{path}.{number}")
    else:
        yield path, str(value)
