"""Registered models: which versions there are, and which one is champion."""

import json
from contextlib import nullcontext
from dataclasses import dataclass

from mlflow import MlflowClient
from mlflow.entities.model_registry import ModelVersion
from mlflow.exceptions import MlflowException

from experiments.config.files import shipped_configs
from experiments.config.schema import Config
from experiments.errors import InputError, short
from experiments.tracking.champions import is_better
from experiments.tracking.connection import connect, whereabouts
from experiments.tracking.founding import locked
from experiments.tracking.runs import Run
from experiments.tracking.store import database_file, store_uri

CHAMPION = "champion"

_PENDING = "framescope.to-be-champion"  # a version's tag until the alias is on it
_BECAME = "Became champion"
_WHEN = " when registered: "


@dataclass(frozen=True)
class Registered:
    """A registered model version, and whether it is the champion now and why."""

    name: str
    version: str
    champion: bool
    reason: str


def register(run: Run, config: Config, macro_f1: float, test_digest: str) -> Registered:
    """Register a finished run's model and move the champion alias to it if the config says so.

    In a store of this folder no two trainings register at a time, so that each is compared with the champion that
    there is. A version that is to be champion is marked until it is: what a killed process began, the next one ends,
    and a run that has a version doesn't get a second one.

    Raises
    ------
    MlflowException
        If the store doesn't take it: then it holds what it held before.
    """
    path = database_file(store_uri())
    with locked(path.parent) if path is not None else nullcontext():
        client = MlflowClient()
        name = config.model_name
        created = _is_new(client, name)
        if not created:
            _end_what_was_begun(client, name)
            for there in client.search_model_versions(f"run_id = '{run.id}'"):
                if there.name == name:
                    standing, _, reason = there.description.partition(_WHEN)
                    return Registered(name, str(there.version), standing == _BECAME, reason.removesuffix("."))
        champion, reason = _is_champion(client, run, config, test_digest)
        if created:
            client.create_registered_model(name, description=f"Labels: {', '.join(config.task.labels)}")
        tags = {"test.digest": test_digest, "test.macro_f1": repr(macro_f1)} | ({_PENDING: "true"} if champion else {})
        described = f"{_BECAME if champion else 'Not champion'}{_WHEN}{reason}."
        version = None
        try:
            version = client.create_model_version(
                name, f"models:/{run.logged_id}", run.id, tags, description=described, model_id=run.logged_id
            ).version
            if champion:
                client.set_registered_model_alias(name, CHAMPION, version)
        except Exception:
            _take_back(client, name, version, created)
            raise
        if champion:
            client.delete_model_version_tag(name, version, _PENDING)
        # as mlflow.register_model does, so that the model's page names its version
        versions = json.dumps([{"name": name, "version": str(version)}])
        client.set_logged_model_tags(str(run.logged_id), {"mlflow.modelVersions": versions})
        return Registered(name, str(version), champion, reason)


def _is_new(client: MlflowClient, name: str) -> bool:
    try:
        client.get_registered_model(name)
    except MlflowException as error:
        if error.error_code != "RESOURCE_DOES_NOT_EXIST":
            raise
        return True
    return False


def _end_what_was_begun(client: MlflowClient, name: str) -> None:
    """Make those versions champion that were to be it, unless a later one is by now."""
    begun = [each for each in client.search_model_versions(f'name = "{name}"') if _PENDING in each.tags]
    for version in sorted(begun, key=lambda each: int(each.version)):
        present = _champion(client, name)
        if present is None or int(present.version) < int(version.version):
            client.set_registered_model_alias(name, CHAMPION, version.version)
        client.delete_model_version_tag(name, version.version, _PENDING)


def _take_back(client: MlflowClient, name: str, version: str | None, created: bool) -> None:
    """Delete what the store took of a registration; what it doesn't delete now, the next registration ends.

    A version that is champion by now, although the store's answer was lost, isn't deleted, nor is the alias with it.
    """
    try:
        present = _champion(client, name)
        if version is not None and present is not None and str(present.version) == str(version):
            return
        if version is not None:
            client.delete_model_version(name, version)
        if created:
            client.delete_registered_model(name)
    except Exception:
        return


def _is_champion(client: MlflowClient, run: Run, config: Config, test_digest: str) -> tuple[bool, str]:
    if config.tracking.champion != "if-better":
        return config.tracking.champion == "always", f"tracking.champion={config.tracking.champion}"
    present = _champion(client, config.model_name)
    if present is None:
        return True, "the first champion"
    if present.tags.get("test.digest") != test_digest:
        return False, f"version {present.version} was tested on other rows; tracking.champion=always replaces it"
    return is_better(client, run.id, present.run_id, present.version, list(config.task.labels))


def _champion(client: MlflowClient, name: str) -> ModelVersion | None:
    try:
        return client.get_model_version_by_alias(name, CHAMPION)
    except MlflowException as error:
        if error.error_code not in ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"):
            raise  # a store that doesn't answer isn't one without a champion
        return None


def find_champion(name: str) -> str | None:
    """Return the URI of the champion of a registered model, or None if there is none.

    Raises
    ------
    InputError
        If the store can't be used.
    """
    connect()
    version = _champion(MlflowClient(), name)
    return None if version is None else f"models:/{name}/{version.version}"


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
