"""What a served model does with a request that anyone may have sent."""

import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import mlflow
import numpy as np
import pandas as pd
import pytest
from mlflow.exceptions import MlflowException
from mlflow.pyfunc import scoring_server
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import make_pipeline

from experiments.config.schema import Task
from experiments.errors import InputError
from experiments.model import FOLDER, SentenceClassifier, ServedModel
from experiments.model.served import LONGEST
from experiments.tracking.runs import model_signature
from tests.conftest import ROOT


class Echo:
    """A pipeline that remembers what it was given."""

    def __init__(self):
        self.read = []

    def predict_proba(self, rows):
        self.read += rows
        return np.full((len(rows), 2), 0.5)


@pytest.fixture
def pipeline():
    return Echo()


@pytest.fixture
def served(pipeline):
    task = Task(name="framing", labels=["threat", "denial"])
    return {
        targeted: ServedModel(SentenceClassifier(pipeline, task, np.array([0.5, 0.5]), targeted=targeted))
        for targeted in (False, True)
    }


def refused(call, message):
    with pytest.raises(MlflowException) as told:
        call()
    assert told.value.message == message
    assert told.value.get_http_status_code() == 400 and told.value.error_code == "INVALID_PARAMETER_VALUE"


@pytest.mark.parametrize(
    ("cell", "what"),
    [
        (None, "is null"),
        (float("nan"), "is null"),
        (pd.NA, "is null"),
        (pd.NaT, "is null"),
        (7, "is of type int"),
        (7.5, "is of type float"),
        (True, "is of type bool"),
        (["a"], "is of type list"),
        ({"a": 1}, "is of type dict"),
        (b"a", "is of type bytes"),
        (np.array([1, 2]), "is of type ndarray"),
    ],
)
@pytest.mark.parametrize("field", ["text", "target"])
def test_what_is_no_string_is_refused_by_field_and_row_and_nothing_is_scored(served, pipeline, field, cell, what):
    table = pd.DataFrame({"text": ["a", "b"], "target": ["x", "y"]}, dtype=object)
    table.at[1, field] = cell
    refused(lambda: served[True].predict(table), f"{field}, row 2: {what}; give a string")
    assert pipeline.read == []


def test_columns_of_numbers_are_refused(served, pipeline):
    refused(lambda: served[False].predict(pd.DataFrame({"text": [1, 2]})), "text, row 1: is of type int; give a string")
    refused(lambda: served[False].predict(pd.DataFrame({"text": [np.nan]})), "text, row 1: is null; give a string")
    assert pipeline.read == []


def test_missing_column_and_what_is_no_table_are_refused(served):
    for table in (pd.DataFrame({"body": ["a"]}), pd.DataFrame([["a", "b"]], columns=["text", "text"])):
        told = "the request has no column 'text', or several; give one with a string a row"
        refused(lambda table=table: served[False].predict(table), told)
    told = "the request has no column 'target', or several; give one with a string a row"
    refused(lambda: served[True].predict(pd.DataFrame({"text": ["a"]})), told)
    told = "the request holds a list, not a table with a column 'text'"
    refused(lambda: served[False].predict(["a"]), told)


def test_empty_target_is_refused(served):
    table = pd.DataFrame({"text": ["a", "b"], "target": ["x", " "]})
    refused(lambda: served[True].predict(table), "the target of text 2 is empty; name what the stance is about")


def test_text_of_the_stated_length_is_read_and_a_longer_one_refused(served, pipeline):
    assert LONGEST == 100_000  # as the README says
    served[False].predict(pd.DataFrame({"text": ["a" * 100_000]}))
    assert len(pipeline.read) == 1
    told = "text, row 2: has 100,001 characters; at most 100,000 are read"
    refused(lambda: served[False].predict(pd.DataFrame({"text": ["a", "a" * 100_001]})), told)
    told = "target, row 1: has 100,001 characters; at most 100,000 are read"
    refused(lambda: served[True].predict(pd.DataFrame({"text": ["a"], "target": ["a" * 100_001]})), told)
    assert len(pipeline.read) == 1


@pytest.mark.parametrize("value", [None, float("nan"), 7, ["a"], b"a"])
def test_classifier_scores_strings_alone_from_python_too(served, pipeline, value):
    for targeted in (False, True):
        with pytest.raises(InputError, match=rf"^text 2 is .*, of type {type(value).__name__}; give a string$"):
            served[targeted].classifier.predict_proba(["a", value], ["x", "y"])
    with pytest.raises(InputError, match=rf"^target 1 is .*, of type {type(value).__name__}; give a string$"):
        served[True].classifier.predict_proba(["a", "b"], [value, "y"])
    with pytest.raises(InputError, match=r"^text 2 is "):
        list(served[False].classifier.score(["a", value]))
    assert pipeline.read == []


def test_one_string_is_not_taken_for_a_list_of_letters(served, pipeline):
    with pytest.raises(InputError, match=r"^texts: is one string, 'a war'; give a list of them$"):
        served[False].classifier.predict_proba("a war")
    assert pipeline.read == []


@pytest.fixture(scope="module")
def mlflow_model(tmp_path_factory):
    """A model's folder as MLflow keeps it."""
    home = tmp_path_factory.mktemp("served")
    pipeline = make_pipeline(CountVectorizer(), OneVsRestClassifier(LogisticRegression()))
    pipeline.fit(["a war", "no war", "a deal"], np.array([[1, 0], [1, 1], [0, 1]]))
    classifier = SentenceClassifier(pipeline, Task(name="framing", labels=["threat", "denial"]), np.array([0.5, 0.5]))
    classifier.save(home / FOLDER)
    mlflow.pyfunc.save_model(
        str(home / "model"),
        loader_module="experiments.model",
        data_path=str(home / FOLDER),
        signature=model_signature(classifier),
        pip_requirements=[],
    )
    return home / "model"


def test_requests_as_mlflow_reads_them(mlflow_model):
    """MLflow's own way of a request, from its body to the answer, without its server."""
    model = mlflow.pyfunc.load_model(str(mlflow_model))
    schema = model.metadata.get_input_schema()

    def status(body):
        try:
            return scoring_server.invocations(json.dumps(body), "application/json", model, schema).status, ""
        except MlflowException as error:
            return error.get_http_status_code(), error.message.splitlines()[-1]

    split = lambda *cells: {"dataframe_split": {"columns": ["text"], "data": [[cell] for cell in cells]}}  # noqa: E731
    assert status(split("War broke out.", "")) == (200, "")
    for cell, what in ((None, "null"), (7, "of type int"), (True, "of type bool"), (["a"], "of type list")):
        assert status(split("a", cell)) == (400, f"Error: text, row 2: is {what}; give a string")
        assert status({"dataframe_records": [{"text": "a"}, {"text": cell}]})[0] == 400
    assert status({"dataframe_records": [{"text": "a"}, {}]}) == (400, "Error: text, row 2: is null; give a string")
    assert status({"dataframe_records": [{"body": "a"}]})[0] == 400
    nested = json.loads("[" * 300 + '"a"' + "]" * 300)
    assert status(split("a", nested)) == (400, "Error: text, row 2: is of type list; give a string")
    assert status(split("a" * 100_001))[1] == "Error: text, row 1: has 100,001 characters; at most 100,000 are read"


@pytest.mark.slow
def test_mlflows_own_server_answers_with_4xx(mlflow_model):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {
        **os.environ, "PYTHONPATH": str(ROOT), "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    }  # fmt: skip
    command = [sys.executable, "-m", "mlflow", "models", "serve", "-m", str(mlflow_model), "--env-manager", "local"]
    server = subprocess.Popen(
        [*command, "-p", str(port)], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        start_new_session=True,
    )  # fmt: skip
    try:
        address = f"http://127.0.0.1:{port}"

        def ask(cells):
            body = json.dumps({"dataframe_split": {"columns": ["text"], "data": [[cell] for cell in cells]}}).encode()
            request = urllib.request.Request(f"{address}/invocations", body, {"content-type": "application/json"})
            try:
                with urllib.request.urlopen(request, timeout=30) as answer:
                    return answer.status, answer.read().decode()
            except urllib.error.HTTPError as error:
                return error.code, error.read().decode()

        for _ in range(120):
            try:
                urllib.request.urlopen(f"{address}/ping", timeout=5).close()
                break
            except OSError:
                time.sleep(0.5)
        assert ask(["War broke out."])[0] == 200
        for cell in (None, 7, ["a"]):
            status, answer = ask(["a", cell])
            assert status == 400 and "text, row 2: is " in answer
    finally:
        os.killpg(server.pid, 15)
        server.wait(30)
