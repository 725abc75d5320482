"""Labels, codes, experiments and models whose names can't be held, served or told apart are refused at once."""

import numpy as np
import pytest

from experiments.config.files import load_config
from experiments.config.names import LABEL_METRICS, check_experiment, check_labels, check_model, metric_key
from experiments.config.schema import Columns, Config, Data
from experiments.errors import InputError
from experiments.measures.metrics import flat_metrics, measure

CONFIG = """
name: mine
task: {{name: framing, labels: {labels}}}
data: {{train: rows.csv{data}}}
features: [{{type: words}}]
classifier: {{type: logistic}}
"""


@pytest.fixture
def config(tmp_path):
    """Return a function from parts of a YAML to the config that it makes."""

    def make(labels="[threat, denial]", data="", overrides=()):
        path = tmp_path / "mine.yaml"
        path.write_text(CONFIG.format(labels=labels, data=data), encoding="utf-8")
        return load_config(str(path), overrides)

    return make


def refusal(make, **parts):
    """Return the one line that refuses a config, without the file, which it begins with."""
    with pytest.raises(InputError) as caught:
        make(**parts)
    assert "\n" not in str(caught.value)
    assert "mine.yaml: " in str(caught.value)
    return str(caught.value).partition("mine.yaml: ")[2]


@pytest.mark.parametrize(
    ("labels", "fault", "remedy"),
    [
        ('["pro&EU", "pro,EU"]', "'pro&EU' and 'pro,EU' would be one metric in MLflow", "rename one"),
        ('["!", "?"]', "'!' and '?' would be one metric", "rename one"),
        ('["pro//con", other]', "'pro//con' can't stand in the name of an MLflow metric", "write 'pro - con'"),
        ('["a/../b", other]', "'a/../b' can't stand", "write 'a - b'"),
        ('["con/", other]', "'con/' can't stand", "write 'con'"),
        ('["con/..", other]', "'con/..' can't stand", "write 'con'"),
        ('["https://example.org/threat"]', "can't stand", "write 'https - example.org - threat'"),
        ("[labels, other]", "'labels' is also the column of the labels", "'labels frame'"),
        ("[other, text]", "'text' is also the column of the text", "'text frame'"),
        ("[Labels, other]", "'Labels' is also the column of the labels", "'Labels frame'"),
        ("[Threat, threat]", "'Threat' and 'threat' differ by case only", "rename one"),
        ('["caf\\u00e9", "cafe\\u0301"]', "are read as one", "rename one"),
        ('["1", "1.0"]', "'1' and '1.0' are read as one", "rename one"),
        ('["threat ", other]', "'threat ' begins or ends with a blank", "write 'threat'"),
        ('["\\u00a0threat", other]', "begins or ends with a blank", "write 'threat'"),
        ('["a\\nb", other]', "'a\\nb' holds a control character or line break", "write 'a b'"),
        ('["a\\0b", other]', "holds a control character", "write 'a b'"),
        ('["\\ufeffthreat", other]', "holds a control character", "write 'threat'"),
        ('[" ", other]', "' ' is empty", "give it a name"),
        (f"[{'x' * 230}]", "has 230 characters, of which MLflow's metrics hold 222", "shorten it"),
        ("[a, b, 'a;b']", "'a;b' is also a list of other labels", "rename it"),
        ("[a, a]", "'a' stands twice", "must differ"),
    ],
)
def test_labels_that_cannot_be_told_apart_or_served_are_refused(config, labels, fault, remedy):
    line = refusal(config, labels=labels)
    assert line.startswith("task.labels: ")
    assert fault in line
    assert remedy in line


def test_label_may_not_be_the_target_column_of_a_stance_task_only(config):
    assert "'target' is also the column of the target" in refusal(
        config, labels="[target, other]", data=", columns: {target: country}"
    )
    assert config(labels="[target, other]").task.labels == ["target", "other"]
    assert "'touches_target' is also the column that says whether the text touches the target" in refusal(
        config, labels="[touches_target, other]", data=", columns: {target: country}"
    )


def test_label_may_not_be_the_column_of_another_labels_threshold(config):
    assert "'threshold_a' is also the column of the threshold of 'a'" in refusal(config, labels="[a, threshold_a]")
    assert config(labels="[a, threshold_b]").task.labels == ["a", "threshold_b"]


@pytest.mark.parametrize(
    "labels",
    [
        ["Bedrohung durch Ärzte", "fin de siècle"],
        ["R&D", "health, safety"],
        ["pro/con", "a.f1", "a", "x.low"],
        ["macro_f1", "micro", "ece", "test", "support", "threshold"],
        ["article", "start", "end", "score", "id"],
        ["+", "-", "0"],
        ["सहयोग", "धमकी", "تهدید", "威胁"],
        ["x" * 222],
        ["a;b", "c"],
    ],
)
def test_harmless_labels_stay_valid(labels):
    check_labels(labels, targeted=True, separator=";")


def test_labels_are_compared_by_all_metrics_that_a_run_keeps_of_a_label():
    y = np.array([[1, 0], [0, 1]] * 5)
    flat = flat_metrics(measure(y, y * 0.8, y, ["a", "b"], [str(i) for i in range(10)], bootstrap=20), "test")
    of_a = {name.removeprefix("test.a.") for name in flat if name.startswith("test.a.")}
    assert {name.partition(".")[0] for name in of_a} == set(LABEL_METRICS)


def test_metric_keys_keep_letters_of_every_script():
    assert metric_key("test.pro&EU Ärzte/威胁.f1") == "test.pro_EU Ärzte/威胁.f1"


@pytest.mark.parametrize(
    ("codes", "fault", "remedy"),
    [
        ("{1: threat, 1.0: denial}", "1 and 1.0 are one code", "keep one"),
        ('{" 1": threat}', "' 1' begins or ends with a blank", "write '1'"),
        ('{1: "threat "}', "'threat ' begins or ends with a blank", "write 'threat'"),
    ],
)
def test_codes_that_cells_cannot_be_matched_with_are_refused(config, codes, fault, remedy):
    line = refusal(config, data=f", label_codes: {codes}")
    assert line.startswith("data.label_codes")
    assert fault in line
    assert remedy in line


def test_codes_are_read_as_cells_are(config):
    codes = '{1.0: threat, "02": denial, -1: null, NA: denial, 2.50: threat}'
    assert config(data=f", label_codes: {codes}").data.label_codes == {
        "1": "threat",
        "02": "denial",
        "-1": None,
        "NA": "denial",
        "2.50": "threat",
    }


@pytest.mark.parametrize(
    ("name", "fault", "right"),
    [
        ("../up", "leads out", "write 'up'"),
        ("a/../../b", "leads out", "write 'a/b'"),
        ("..", "leads out", "such as 'framing'"),
        ("./a", "leads out", "write 'a'"),
        ("/srv/runs", "is an absolute path", "write 'srv/runs'"),
        ("C:/runs", "is an absolute path", "write 'runs'"),
        ("a\\b", "holds a backslash", "write 'a/b'"),
        ("..\\up", "holds a backslash", "write 'up'"),
        ("a\0b", "holds a control character", "write 'a b'"),
        ("a\nb", "holds a control character", "write 'a b'"),
        ("", "is empty", "give it a name"),
        ("  ", "is empty", "give it a name"),
        ("framing ", "begins or ends with a blank", "write 'framing'"),
        ("x" * 251, "has 251 characters", "shorten it to 250"),
        ("é" * 200, "takes 400 bytes", "shorten it"),
    ],
)
def test_experiments_that_are_no_folder_of_their_own_are_refused(config, name, fault, right):
    quoted = '"' + name.replace("\\", "\\\\").replace("\0", "\\0").replace("\n", "\\n") + '"'
    line = refusal(config, overrides=[f"tracking.experiment={quoted}"])
    assert line.startswith("tracking.experiment: ")
    assert fault in line
    assert right in line


@pytest.mark.parametrize(
    "name", ["framing/2024 #1", "a%2Fb", "50% done", "what?", "a:b; c", "x" * 250, "Ärzte 威胁", "v1..2", "a//b"]
)
def test_other_experiments_stay_valid(name):
    assert check_experiment(name) == name


@pytest.mark.parametrize(
    ("name", "fault", "right"),
    [
        ("..", "is a folder", "such as 'framing'"),
        ("a/b", "holds '/'", "write 'a-b'"),
        ("a:b", "holds ':'", "write 'a-b'"),
        ("a?b", "holds '?'", "write 'a-b'"),
        ("a@b", "holds '@'", "write 'a-b'"),
        (" ", "is empty", "give it a name"),
        ("framing ", "ends with a blank", "write 'framing'"),
        ("x" * 251, "has 251 characters", "shorten it"),
    ],
)
def test_models_that_no_uri_can_name_are_refused(config, name, fault, right):
    line = refusal(config, overrides=[f'tracking.model="{name}"'])
    assert line.startswith("tracking.model: ")
    assert fault in line
    assert right in line


@pytest.mark.parametrize("name", ["framing #1", "50%", "a%20b", "Ä b", "v1..2", "x" * 250])
def test_other_models_stay_valid(name):
    assert check_model(name) == name


@pytest.mark.parametrize(
    ("name", "right"),
    [("../up", "write 'up'"), ("a b", "write 'a-b'"), ("/a", "write 'a'"), ("x" * 300, "shorten it to 250")],
)
def test_tasks_name_experiments_and_models_and_so_keep_to_letters(config, name, right):
    line = refusal(config, overrides=[f"task.name={name}"])
    assert line.startswith("task.name: ")
    assert right in line


def test_columns_may_be_called_by_their_number():
    columns = Columns.model_validate(
        {"text": 3, "labels": {"threat": 4, "denial": "5"}, "id": 1, "group": 2, "target": 6, "auxiliary": [7, "x"]}
    )
    assert (columns.text, columns.labels, columns.id, columns.group, columns.target, columns.auxiliary) == (
        "3",
        {"threat": "4", "denial": "5"},
        "1",
        "2",
        "6",
        ["7", "x"],
    )
    assert Columns.model_validate({"labels": [4, 5]}).labels == ["4", "5"]
    assert Columns.model_validate({"labels": 4}).labels == "4"


def test_config_is_the_same_after_it_was_written_and_read(config):
    read = config(data=", label_codes: {1.0: threat}, columns: {text: 3, labels: [1, 2]}")
    assert Config.model_validate(read.dump()) == read


def test_tables_have_a_header_and_decided_rows_with_text_unless_the_config_says_otherwise():
    data = Data(train="rows.csv")
    assert (data.header, data.missing_text, data.empty_labels, data.columns.undecided) == (
        True,
        "refuse",
        "none",
        "undecided",
    )
