import json

import pytest

from experiments.config.files import config_schema, load_config, shipped_configs
from experiments.errors import InputError
from tests.conftest import ROOT

BASE = """
name: base
task: {name: framing, labels: [threat, denial]}
data: {train: rows.jsonl}
features: [{type: words, ngram: [1, 2]}]
classifier: {type: logistic, C: 2}
"""


@pytest.fixture
def base(tmp_path):
    path = tmp_path / "base.yaml"
    path.write_text(BASE)
    return path


@pytest.mark.parametrize("name", shipped_configs())
def test_every_shipped_config_is_valid(name):
    assert load_config(name).task.labels


def test_no_line_of_a_shipped_config_is_wider_than_a_page():
    wide = [
        f"{path.name}:{number}"
        for path in (ROOT / "configs").rglob("*.yaml")
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
        if len(line) > 121
    ]
    assert not wide


def test_child_changes_only_what_it_names(base):
    child = base.with_name("child.yaml")
    child.write_text("defaults: base.yaml\nname: child\ndata: {test_size: 0.3}\n")
    config = load_config(str(child))
    assert (config.name, config.data.train, config.data.test_size, config.classifier.C) == (
        "child",
        "rows.jsonl",
        0.3,
        2,
    )


def test_child_of_another_type_drops_the_parents_settings(base):
    child = base.with_name("child.yaml")
    child.write_text("defaults: base.yaml\nclassifier: {type: naive-bayes}\n")
    assert load_config(str(child)).classifier.type == "naive-bayes"


def test_config_that_is_its_own_parent_is_refused(base):
    base.write_text("defaults: base.yaml\n" + BASE)
    with pytest.raises(InputError, match="its own parent"):
        load_config(str(base))


def test_overrides_reach_lists_and_switch_types(base):
    config = load_config(str(base), ["features.0.ngram=[1, 3]", "seed=7", "classifier.type=svm", "classifier.C=0.5"])
    assert config.features[0].ngram == (1, 3)
    assert (config.seed, config.classifier.type, config.classifier.C) == (7, "svm", 0.5)


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("classifier.c=3", "classifier.c: unknown key"),
        ("data.trian=x", "did you mean 'train'"),
        ("classifier.C=-1", "classifier.C: input should be greater than 0, not -1"),
        ("classifier.type=magic", "classifier.type: there is no type 'magic'; there are logistic, svm"),
        ("seed", "key=value"),
        ("features.4.ngram=[1, 1]", "is a list of 1"),
        ("features=[]", "needs at least one"),
        ("task.labels=[a, a]", "differ"),
        ("name.first=x", "single value"),
    ],
)
def test_wrong_override_says_the_field_and_the_fault(base, override, message):
    with pytest.raises(InputError) as caught:
        load_config(str(base), [override])
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_broken_yaml_names_the_line(tmp_path):
    path = tmp_path / "broken.yaml"
    path.write_text("name: a\ntask: [unclosed\n")
    with pytest.raises(InputError, match=r"broken\.yaml: line \d+: is not valid YAML"):
        load_config(str(path))


def test_misspelt_config_name_gets_a_suggestion():
    with pytest.raises(InputError, match="did you mean framing/default"):
        load_config("framing/defalt")


def test_lexicon_files_become_part_of_the_config():
    config = load_config("framing/default")
    cues = next(feature for feature in config.features if feature.type == "cues")
    assert isinstance(cues.lexicon, dict)
    assert len(cues.lexicon) > 10


def test_missing_lexicon_is_named(base):
    with pytest.raises(InputError, match=r"nowhere\.yaml: no such file"):
        load_config(str(base), ["features=[{type: cues, lexicon: nowhere.yaml}]"])


def test_shipped_schema_is_up_to_date():
    assert json.loads((ROOT / "configs/schema.json").read_text()) == config_schema()


def test_type_comes_before_its_settings_whatever_their_order(base):
    config = load_config(str(base), ["classifier.C=7", "classifier.type=svm"])
    assert (config.classifier.type, config.classifier.C) == ("svm", 7)


def test_files_are_found_beside_the_config_that_names_them(base, monkeypatch, tmp_path):
    (base.parent / "rows.jsonl").write_text("{}")
    child = base.parent / "deep" / "child.yaml"
    child.parent.mkdir()
    child.write_text("defaults: ../base.yaml\nname: child\n")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    assert load_config(str(child)).data.train == str(base.parent / "deep" / ".." / "rows.jsonl")


def test_shipped_config_can_be_a_parent(tmp_path):
    child = tmp_path / "mine.yaml"
    child.write_text("defaults: framing/default\nname: mine\n")
    assert load_config(str(child)).task.name == "framing"
    child.write_text("defaults:\nname: mine\n")
    with pytest.raises(InputError, match="is missing"):
        load_config(str(child))


def test_a_child_takes_rows_of_its_parent_out_by_null(small_config, tmp_path):
    child = tmp_path / "child.yaml"
    child.write_text(f"defaults: {small_config}\nthresholds: {{where: {{kind: null, part: [press, wire]}}}}\n")
    parent = load_config(str(small_config), ["thresholds.where={kind: article}"])
    assert parent.thresholds.where == {"kind": "article"}
    grandchild = tmp_path / "grandchild.yaml"
    grandchild.write_text("defaults: child.yaml\n")
    assert load_config(str(grandchild), ["thresholds.where.kind=null"]).thresholds.where == {"part": ["press", "wire"]}
    assert load_config(str(child)).thresholds.where == {"part": ["press", "wire"]}
