"""A training run in MLflow: what is kept of it, and how it ends."""

import os
import posixpath
import socket
import tempfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import mlflow
import pandas as pd
from mlflow import MlflowClient
from mlflow.data.pandas_dataset import PandasDataset
from mlflow.data.sources import HTTPDatasetSource, LocalArtifactDatasetSource
from mlflow.entities import RunStatus
from mlflow.models import ModelSignature
from mlflow.types.schema import Array, ColSpec, DataType, Schema

from experiments.config.names import KEY_LENGTH, metric_key
from experiments.config.schema import Config
from experiments.corpus.rows import Labelled
from experiments.errors import InputError
from experiments.files import CODE
from experiments.measures.metrics import Metrics, flat_metrics
from experiments.model import FOLDER, SentenceClassifier, needs_encoder
from experiments.provenance import git_commit, package_versions
from experiments.signals import terminate_as_interrupt
from experiments.tracking.connection import connect
from experiments.tracking.store import artifact_location


class Run:
    """An MLflow run that is under way; made by :func:`start_run`."""

    def __init__(self, run_id: str) -> None:
        self.id = run_id
        self.logged_id: str | None = None  # MLflow's id of the model, once it is logged

    @property
    def model_uri(self) -> str:
        """The URI under which the run's model can be scored with, evaluated and served."""
        return f"runs:/{self.id}/model"

    def log_config(self, config: Config) -> None:
        """Keep the resolved config as an artifact, and its flattened values as parameters."""
        content = config.dump()
        mlflow.log_dict(content, "config.yaml")
        params = dict(_flat(content))
        mlflow.log_params({_key(name): value[:500] for name, value in params.items()})

    def log_data(self, context: str, data: Labelled) -> None:
        """Note a part of the data with its digest."""
        table = pd.DataFrame({"text": data.texts, "labels": [",".join(map(str, row)) for row in data.y.tolist()]})
        dataset = PandasDataset(
            table, _source(data.name), name=f"{Path(data.name).stem}-{context}"[:200], digest=data.digest
        )
        mlflow.log_input(dataset, context=context)
        mlflow.set_tag(f"framescope.{context}.digest", data.digest)
        mlflow.log_param(f"data.{context}.rows", len(data))

    def log_metrics(self, metrics: Metrics) -> dict[str, float]:
        """Keep the test metrics as ``test.name`` with their bounds as ``.low`` and ``.high``; return them flat."""
        flat = flat_metrics(metrics, "test")
        mlflow.log_metrics({_key(name): value for name, value in flat.items()})
        return flat

    def log_values(self, values: Mapping[str, float]) -> None:
        """Keep further numbers, such as seconds."""
        mlflow.log_metrics({_key(name): value for name, value in values.items()})

    def log_files(self, folder: Path) -> None:
        """Keep every file of a folder as an artifact."""
        mlflow.log_artifacts(str(folder))

    def log_model(self, classifier: SentenceClassifier) -> None:
        """Keep the model in the form that every MLflow deployment can load, with the kit's code beside it."""
        with tempfile.TemporaryDirectory() as scratch:
            folder = Path(scratch) / FOLDER
            classifier.save(folder)
            example = pd.DataFrame({"text": ["The two governments signed an agreement on border security on Monday."]})
            if classifier.targeted:
                example["target"] = ["the agreement"]
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


@contextmanager
def start_run(config: Config, more_tags: Mapping[str, str] = {}, run_id: str | None = None) -> Iterator[Run]:
    """Open a run for a config; when the block fails it is marked FAILED, when it is interrupted KILLED.

    With ``run_id`` a run that has ended is taken up again.
    """
    connect()
    _set_experiment(config.experiment_name)
    close_dead_runs()
    tags = {
        "framescope.task": config.task.name,
        "framescope.classifier": config.classifier.type,
        "framescope.host": socket.gethostname(),
        "framescope.pid": str(os.getpid()),
        "mlflow.note.content": config.description,
        **{f"version.{name}": version for name, version in package_versions().items()},
        **more_tags,
    }
    if commit := git_commit():
        tags["mlflow.source.git.commit"] = commit
    with terminate_as_interrupt():
        active = mlflow.start_run(run_id=run_id, run_name=config.name, tags=tags)
        status = RunStatus.FAILED
        try:
            yield Run(active.info.run_id)
            status = RunStatus.FINISHED
        except KeyboardInterrupt:
            status = RunStatus.KILLED
            raise
        except BaseException as error:
            MlflowClient().set_tag(
                active.info.run_id, "framescope.error", (str(error).splitlines() or [type(error).__name__])[0][:500]
            )
            raise
        finally:
            mlflow.end_run(RunStatus.to_string(status))


def model_signature(classifier: SentenceClassifier) -> ModelSignature:
    """Return the table that the served model takes and the one it gives."""
    outputs = [
        ColSpec(Array(DataType.string), "labels"),
        *(ColSpec(DataType.double, label) for label in classifier.labels),
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


def _set_experiment(name: str) -> None:
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
        client.create_experiment(
            name, artifact_location=place, tags={"mlflow.experimentKind": "custom_model_development"}
        )
    mlflow.set_experiment(name)


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
