"""Registered models: which versions there are, and which one is champion."""

import json
from contextlib import nullcontext
from dataclasses import dataclass

from mlflow import MlflowClient
from mlflow.exceptions import MlflowException

from experiments.config.files import shipped_configs
from experiments.config.schema import Config
from experiments.errors import InputError, short
from experiments.signals import terminate_as_interrupt
from experiments.tracking.champions import is_better
from experiments.tracking.connection import connect, whereabouts
from experiments.tracking.founding import locked
from experiments.tracking.runs import Run
from experiments.tracking.store import database_file, store_uri

CHAMPION = "champion"


@dataclass(frozen=True)
class Registered:
    """A registered model version, and whether it is the champion now and why."""

    name: str
    version: str
    champion: bool
    reason: str


def register(run: Run, config: Config, macro_f1: float, test_digest: str) -> Registered:
    """Register a finished run's model and move the champion alias to it if the config says so.

    A version that can't be completed is deleted again. In a store of this folder no two trainings register at a time,
    so that each is compared with the champion that there is.
    """
    path = database_file(store_uri())
    with terminate_as_interrupt(), locked(path.parent) if path is not None else nullcontext():
        client = MlflowClient()
        name = config.model_name
        created = False
        try:
            client.get_registered_model(name)
        except MlflowException:
            client.create_registered_model(name, description=f"Labels: {', '.join(config.task.labels)}")
            created = True
        version = None
        try:
            tags = {"test.digest": test_digest, "test.macro_f1": repr(macro_f1)}
            version = client.create_model_version(
                name, source=f"models:/{run.logged_id}", run_id=run.id, tags=tags, model_id=run.logged_id
            ).version
            champion, reason = _is_champion(client, run, config, test_digest)
            standing = "Became champion" if champion else "Not champion"
            client.update_model_version(name, version, description=f"{standing} when registered: {reason}.")
            if champion:
                client.set_registered_model_alias(name, CHAMPION, version)
            # as mlflow.register_model does, so that the model's page names its version
            versions = json.dumps([{"name": name, "version": str(version)}])
            client.set_logged_model_tags(str(run.logged_id), {"mlflow.modelVersions": versions})
        except BaseException:
            if version is not None:
                client.delete_model_version(name, version)
            if created:
                client.delete_registered_model(name)
            raise
        return Registered(name, str(version), champion, reason)


def _is_champion(client: MlflowClient, run: Run, config: Config, test_digest: str) -> tuple[bool, str]:
    if config.tracking.champion != "if-better":
        return config.tracking.champion == "always", f"tracking.champion={config.tracking.champion}"
    try:
        present = client.get_model_version_by_alias(config.model_name, CHAMPION)
    except MlflowException:
        return True, "the first champion"
    if present.tags.get("test.digest") != test_digest:
        return False, f"version {present.version} was tested on other rows; tracking.champion=always replaces it"
    return is_better(client, run.id, present.run_id, present.version, list(config.task.labels))


def find_champion(name: str) -> str | None:
    """Return the URI of the champion of a registered model, or None if there is none.

    Raises
    ------
    InputError
        If the store can't be used.
    """
    connect()
    try:
        version = MlflowClient().get_model_version_by_alias(name, CHAMPION)
    except MlflowException:
        return None
    return f"models:/{name}/{version.version}"


def champion_uri(name: str) -> str:
    """Return the URI of the champion of a registered model.

    Raises
    ------
    InputError
        If there is none; the message says which command makes one.
    """
    uri = find_champion(name)
    if uri is None:
        names = [model.name for model in MlflowClient().search_registered_models() if CHAMPION in model.aliases]
        others = f", or name another task with --task: {', '.join(names)}" if names else ""
        raise InputError(
            f"there is no champion model for {short(name)} in {whereabouts()} yet; {_remedy(name)}{others}"
        )
    return uri


def _remedy(task: str) -> str:
    """Return how to make a task's model: with the shipped config if there is one, else with one's own."""
    shipped = f"{task}/default"
    if shipped in shipped_configs():
        return f"make one with: framescope train {shipped}"
    return f"train a config of your own with task.name: {short(task)}, or tracking.model"
