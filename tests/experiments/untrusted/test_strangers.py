"""What the README promises of somebody else's model: each promise with a model that is made to break it."""

import copy
import io
import json
import os
import re
import resource
import shutil
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import numpy as np
import pytest
import skops.io
from sklearn.datasets import make_classification
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier
from sklearn.naive_bayes import ComplementNB
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier
from threadpoolctl import threadpool_limits

from experiments.classifiers.boosting import TopColumns
from experiments.classifiers.lexicon import KeywordClassifier
from experiments.config.schema import Task
from experiments.errors import InputError
from experiments.measures.calibration import Calibration, Curve
from experiments.model import CARD_FILE, PIPELINE_FILE, SEEN_FILE, SentenceClassifier, load_model
from experiments.untrusted import skops_file
from experiments.untrusted.fitted import check_fitted
from features.embeddings import SentenceEmbeddings
from tests.conftest import ROOT
from tests.strangers import change_card, change_plan, npy, rewrite

TASK = Task(name="framing", labels=["threat", "denial"])
TEXTS = ["a war broke out", "they deny the war", "the deal", "they deny it"] * 3
Y = np.array([[1, 0], [1, 1], [0, 0], [0, 1]] * 3)


def fitted(classifier):
    return make_pipeline(FeatureUnion([("words", TfidfVectorizer())]), classifier).fit(TEXTS, Y)


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """An honest model of each kind, saved."""
    home = tmp_path_factory.mktemp("honest")
    trees = make_pipeline(TopColumns(5), HistGradientBoostingClassifier(max_iter=2, min_samples_leaf=1))
    kinds = {
        "logistic": OneVsRestClassifier(LogisticRegression()),
        "bayes": OneVsRestClassifier(ComplementNB()),
        "boosting": OneVsRestClassifier(trees),
    }
    for name, kind in kinds.items():
        with threadpool_limits(1):
            pipeline = fitted(kind)
        SentenceClassifier(pipeline, TASK, np.array([0.5, 0.3]), trained_on=frozenset(["a" * 16])).save(home / name)
    return home


@pytest.fixture
def stranger(models, tmp_path):
    """Return a copy of an honest model, to change."""
    return lambda kind="logistic": Path(shutil.copytree(models / kind, tmp_path / "model"))


def refused(folder, message):
    """Load a model that is refused: one line, which says where and what."""
    with pytest.raises(InputError) as told:
        load_model(folder, lambda line: None)
    line = str(told.value)
    assert re.search(message, line), line
    assert line.startswith(str(folder)) and "\n" not in line and len(line) < 1000


# --- the card ---


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda card: card.update(format="2"), "format: '2' is no whole number"),
        (lambda card: card.update(format=True), "format: True is no whole number"),
        (lambda card: card.update(format=0), "format: 0 is no whole number"),
        (
            lambda card: card["thresholds"].update(denial=float("nan")),
            r"thresholds.denial: nan is no number from 0 to 1",
        ),
        (lambda card: card["thresholds"].update(threat=float("inf")), r"thresholds.threat: inf is no number"),
        (lambda card: card["thresholds"].update(threat=-0.1), r"thresholds.threat: -0.1 is no number"),
        (lambda card: card["thresholds"].update(threat=1.5), r"thresholds.threat: 1.5 is no number"),
        (lambda card: card["thresholds"].update(threat="0.5"), r"thresholds.threat: '0.5' is no number"),
        (lambda card: card["thresholds"].update(threat=True), r"thresholds.threat: True is no number"),
        (lambda card: card["thresholds"].update(peace=0.5), r"thresholds.peace: is of no label of the task"),
        (lambda card: card["thresholds"].pop("threat"), r"thresholds.threat: is missing"),
        (lambda card: card.update(thresholds=[0.5, 0.3]), "thresholds: are no mapping"),
        (lambda card: card["task"].update(labels=["threat", "threat"]), "task.*stands twice"),
        (lambda card: card["task"].update(labels="threat"), r"task.labels: "),
        (lambda card: card["task"].update(type="multi"), r"task.type: "),
        (lambda card: card.update(task=[]), "task: is no mapping"),
        (lambda card: card.update(targeted="no"), "targeted: 'no' is neither true nor false"),
        (lambda card: card.update(versions={"numpy": 2}), "versions: "),
        (lambda card: card.update(targets="all", target_words={}), "targets: "),
        (lambda card: card.update(calibration={"curves": [{"slope": float("nan"), "intercept": 0}] * 2}), "curve 1"),
        (lambda card: card.update(calibration={"curves": [{"slope": -1, "intercept": 0}] * 2}), "curve 1"),
        (lambda card: card.update(calibration={"curves": [{"x": [1, 0], "y": [0, 1]}] * 2}), "curve 1 .* don't rise"),
        (lambda card: card.update(calibration={"curves": [{"x": [0, 1], "y": [0, 7]}] * 2}), "curve 1"),
        (lambda card: card.update(calibration={"curves": []}), "calibration"),
        (lambda card: card.update(calibration={"temperature": 2.0}), "calibration"),
    ],
)
def test_card_that_cannot_be_right_is_refused_by_its_field(stranger, change, message):
    folder = stranger()
    change_card(folder, change)
    refused(folder, rf"{CARD_FILE}: is damaged \(.*{message}")


@pytest.mark.parametrize("content", ['{"format": ' + "9" * 6000 + "}", "[" * 100_000, '{"a":' * 100_000])
def test_card_of_endless_numbers_or_nesting_is_refused(stranger, content):
    folder = stranger()
    (folder / CARD_FILE).write_text(content)
    refused(folder, rf"{CARD_FILE}: is damaged \(")


def test_card_of_another_number_of_labels_than_the_pipeline_is_refused(stranger):
    folder = stranger()
    change_card(folder, lambda card: (card["task"]["labels"].append("peace"), card["thresholds"].update(peace=0.5)))
    refused(folder, "gives 2 x 2 numbers for 2 texts, and its card names 3 labels")


def test_labels_in_another_order_than_the_pipeline_names_them_are_refused(tmp_path):
    words = {"threat": ["war"], "denial": ["deny"]}
    pipeline = make_pipeline(KeywordClassifier(words, TASK.labels)).fit(TEXTS, Y)
    SentenceClassifier(pipeline, TASK, np.array([0.5, 0.5])).save(tmp_path / "model")
    assert load_model(tmp_path / "model").labels == ["threat", "denial"]
    change_card(tmp_path / "model", lambda card: card["task"]["labels"].reverse())
    refused(tmp_path / "model", "task.labels are denial, threat, and the pipeline's threat, denial")


def test_card_that_takes_a_model_of_texts_for_one_of_pairs_is_refused(stranger):
    folder = stranger()
    change_card(folder, lambda card: card.update(targeted=True))
    refused(folder, f"{PIPELINE_FILE}: can't label a sentence")


def test_honest_cards_are_not_refused(models, tmp_path):
    assert [load_model(folder).labels for folder in models.iterdir()] == [TASK.labels] * 3
    curves = Calibration((Curve(slope=2, intercept=-9), Curve(x=(0.0, 0.4, 1.0), y=(0.0, 0.0, 1.0))))
    model = SentenceClassifier(fitted(OneVsRestClassifier(LogisticRegression())), TASK, np.array([0.0, 1.0]))
    for calibration in (None, curves):
        SentenceClassifier(model.pipeline, TASK, model.thresholds, calibration=calibration).save(tmp_path / "m")
        assert load_model(tmp_path / "m").calibration == calibration


# --- the files ---


@pytest.mark.parametrize("name", [CARD_FILE, PIPELINE_FILE])
def test_pipes_devices_and_folders_are_not_opened_and_not_waited_for(stranger, name):
    folder = stranger()
    (folder / name).unlink()
    os.mkfifo(folder / name)
    refused(folder, rf"{name}: is a pipe \(FIFO\)")
    (folder / name).unlink()
    (folder / name).symlink_to("/dev/zero")
    refused(folder, f"{name}: is a device")
    (folder / name).unlink()
    (folder / name).mkdir()
    refused(folder, f"{name}: is a folder")


def test_model_of_links_as_caches_make_them_is_loaded(stranger, tmp_path):
    folder, linked = stranger(), tmp_path / "snapshot"
    linked.mkdir()
    for file in folder.iterdir():
        (linked / file.name).symlink_to(file)
    assert load_model(linked).labels == TASK.labels
    (folder / PIPELINE_FILE).unlink()
    refused(linked, f"{PIPELINE_FILE}: is missing")


def padded(folder, size, how=zipfile.ZIP_DEFLATED, name="padding.npy"):
    with zipfile.ZipFile(folder / PIPELINE_FILE, "a", how) as file, file.open(name, "w", force_zip64=True) as part:
        for _ in range(size // 1_000_000):
            part.write(bytes(1_000_000))


def test_small_file_that_unpacks_to_gigabytes_is_refused_before_it_is_unpacked(stranger, monkeypatch):
    folder = stranger()
    padded(folder, 200_000_000)
    assert (folder / PIPELINE_FILE).stat().st_size < 1_000_000
    began, most = time.perf_counter(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    refused(folder, r"unpacks to 200 MB, and a file of its size may to 64 MB at most")
    assert time.perf_counter() - began < 1
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - most < 50_000  # kilobytes


def test_part_that_says_it_is_smaller_than_it_is_is_not_unpacked_further(stranger):
    folder = stranger()
    size = 30_000_000
    padded(folder, size, name="schema2.json")
    content = (folder / PIPELINE_FILE).read_bytes()
    path = folder / PIPELINE_FILE
    path.write_bytes(content.replace(size.to_bytes(4, "little"), (10).to_bytes(4, "little")))
    with zipfile.ZipFile(path) as file:
        assert file.getinfo("schema2.json").file_size == 10
        with pytest.raises(zipfile.BadZipFile):
            file.read("schema2.json")  # which stops at ten bytes


def test_part_that_is_named_over_and_over_counts_each_time(stranger, monkeypatch):
    folder = stranger()
    monkeypatch.setattr(skops_file, "FREE", 10_000_000)
    padded(folder, 6_000_000, zipfile.ZIP_DEFLATED, "big.npy")
    assert load_model(folder).labels == TASK.labels
    change_plan(folder, lambda part: {**part, "file": "big.npy"} if part["__loader__"] == "NdArrayNode" else None)
    refused(folder, "unpacks to .* MB")


def test_file_that_is_packed_otherwise_is_refused(stranger):
    folder = stranger()
    padded(folder, 1_000_000, zipfile.ZIP_LZMA)
    refused(folder, "packed as framescope packs nothing")


def test_array_that_says_it_is_larger_than_its_bytes_is_refused(stranger):
    folder = stranger()

    def grow(files):
        name = next(name for name in files if name.endswith(".npy"))
        header = io.BytesIO()
        np.lib.format.write_array_header_1_0(header, {"descr": "<f8", "fortran_order": False, "shape": (10**11,)})
        files[name] = header.getvalue() + bytes(80)

    rewrite(folder, grow)
    refused(folder, r"\.npy is no array of the shape and type that it says")


# --- the list of training texts ---


@pytest.mark.parametrize("content", [b"\xff\xfe\x00\n" + b"b" * 16 + b"\n", b"b" * 16 + b"\n" + b"x" * 100_000])
def test_damaged_list_of_training_texts_is_a_note_and_what_is_left_of_it_is_used(stranger, content):
    folder, notes = stranger(), []
    (folder / SEEN_FILE).write_bytes(content)
    assert load_model(folder, notes.append).trained_on == {"b" * 16}
    assert notes == [
        f"{folder / SEEN_FILE}: is damaged; an evaluation may not tell all rows on which the model was trained"
    ]


def test_missing_pipe_or_endless_list_of_training_texts_is_a_note(stranger, monkeypatch):
    folder = stranger()
    file = folder / SEEN_FILE

    def note():
        notes = []
        assert load_model(folder, notes.append).trained_on == frozenset()
        (line,) = notes
        assert line.endswith("; an evaluation can't tell on which rows the model was trained")
        return line.removeprefix(f"{file}: ").partition(";")[0]

    file.unlink()
    assert note() == "is missing"
    os.mkfifo(file)
    assert note() == "is a pipe (FIFO)"
    file.unlink()
    file.symlink_to("/dev/zero")
    assert note() == "is a device"
    file.unlink()
    file.mkdir()
    assert note() == "is a folder"
    file.rmdir()
    with file.open("wb") as sparse:
        sparse.truncate(80_000_000)
    assert note().startswith("is larger than 68 MB")


def test_honest_list_of_training_texts_is_no_note(stranger):
    notes = []
    assert load_model(stranger(), notes.append).trained_on == {"a" * 16}
    assert notes == []


# --- the types ---


@pytest.mark.parametrize(
    "kind",
    [DecisionTreeClassifier(), SVC(probability=False), make_pipeline(DummyClassifier(), DecisionTreeClassifier())],
)
def test_parts_of_scikit_learn_that_framescope_never_uses_are_refused(stranger, kind):
    folder = stranger()
    skops.io.dump(kind, folder / PIPELINE_FILE)
    refused(folder, r"holds types that framescope doesn't know \(sklearn\.")


def test_functions_that_skops_trusts_are_refused(stranger):
    folder = stranger()
    skops.io.dump(make_pipeline(TfidfVectorizer(preprocessor=np.exp)), folder / PIPELINE_FILE)
    refused(folder, r"holds types that framescope doesn't know \(numpy\.exp\)")


@pytest.mark.parametrize(
    ("loader", "loaded_by"), [("ListNode", "TypeNode"), ("JsonNode", "PartialNode"), ("DictNode", "ObjectNode")]
)
def test_part_that_would_be_loaded_in_another_way_than_framescope_saves_it_is_refused(stranger, loader, loaded_by):
    folder = stranger()
    change_plan(folder, lambda part: {**part, "__loader__": loaded_by} if part["__loader__"] == loader else None)
    refused(folder, r"framescope saves no builtins\.\w+ by a ")


def test_stranger_behind_a_number_that_another_part_has_is_found(stranger):
    """skops reads the first of two parts with one number, and not in the order in which they stand."""
    folder = stranger()

    def hide(part):
        if part["__class__"] == "LogisticRegression":
            return {
                **part,
                "zeroth": {
                    "__id__": part["__id__"],
                    "__loader__": "JsonNode",
                    "__module__": "builtins",
                    "__class__": "str",
                    "content": "1",
                },
            }
        return None

    change_plan(folder, hide)
    refused(folder, "two of its parts have one number")


def test_few_parts_that_stand_in_each_other_many_times_do_not_take_for_ever(stranger):
    folder = stranger()
    common = {"__module__": "builtins", "__class__": "list", "__loader__": "ListNode"}
    plan = {**common, "__id__": 1, "content": []}
    for number in range(2, 60):
        plan = {**common, "__id__": number, "content": [plan, {**common, "__id__": number - 1, "content": []}]}
    rewrite(folder, lambda files: files.update({"schema.json": json.dumps({**plan, "protocol": 2}).encode()}))
    refused(folder, "two of its parts have one number")


def test_plan_that_is_nested_too_deep_is_refused(stranger):
    folder = stranger()
    deep = b'{"content": ' * 50_000 + b"1" + b"}" * 50_000
    rewrite(folder, lambda files: files.update({"schema.json": deep}))
    refused(folder, "its parts lie too deep in each other")


# --- the arrays ---


@pytest.fixture(scope="module")
def boosted():
    X, y = make_classification(n_samples=300, n_features=8, random_state=1)
    with threadpool_limits(1):  # waiting for each other's cores takes longer than the trees
        return HistGradientBoostingClassifier(max_iter=3, random_state=1).fit(X, y)


@pytest.fixture
def grown(boosted):
    """Trees of eight columns, to damage."""
    return copy.deepcopy(boosted)


def test_honest_trees_pass(grown):
    X, y = make_classification(n_samples=300, n_features=8, n_classes=3, n_informative=4, random_state=1)
    X[::7] = np.nan  # splits off what is missing: at infinity
    with threadpool_limits(1):
        of_three = HistGradientBoostingClassifier(max_iter=3).fit(X, y)
    for model in (grown, of_three):
        check_fitted(make_pipeline(model))


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("left", 1_000_000, "leads to one that there isn't"),
        ("right", 4_000_000_000, "leads to one that there isn't"),
        ("left", 0, "or back"),
        ("feature_idx", 8, "asks for a column beyond the 8"),
        ("feature_idx", -1, "asks for a column beyond the 8"),
        ("feature_idx", 1 << 40, "asks for a column beyond the 8"),
        ("is_categorical", 1, "splits by categories"),
        ("num_threshold", np.nan, "aren't finite"),
        ("value", np.inf, "aren't finite"),
    ],
)
def test_tree_that_leads_out_of_itself_is_refused(grown, field, value, message):
    model = grown
    nodes = model._predictors[1][0].nodes
    nodes[field][0] = value
    with pytest.raises(ValueError, match=message):
        check_fitted(make_pipeline(model))


def test_tree_whose_last_node_is_no_leaf_is_refused(grown):
    model = grown
    model._predictors[0][0].nodes["is_leaf"][-1] = 0
    with pytest.raises(ValueError, match="leads to one that there isn't, or back"):
        check_fitted(model)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda model: setattr(model, "n_features_in_", 100), "bins of its trees aren't those of 100 columns"),
        (lambda model: delattr(model, "n_features_in_"), "doesn't say how many columns"),
        (lambda model: setattr(model, "_in_fit", True), "read categories"),
        (lambda model: setattr(model._bin_mapper, "is_categorical_", np.ones(8, np.uint8)), "bins of its trees"),
        (lambda model: model._bin_mapper.bin_thresholds_.pop(), "bins of its trees"),
        (lambda model: model._bin_mapper.bin_thresholds_.__setitem__(0, np.zeros(999)), "more than 256 bins"),
        (lambda model: setattr(model._predictors[0][0], "nodes", np.zeros(3)), "no nodes of the form"),
        (lambda model: setattr(model._predictors[0][0], "nodes", model._predictors[0][0].nodes[:0]), "no nodes"),
        (lambda model: model._predictors[0].clear(), "has 0 trees, and not 1"),
        (lambda model: setattr(model, "n_trees_per_iteration_", 2), "different numbers of classes"),
        (
            lambda model: setattr(model._predictors[0][0], "raw_left_cat_bitsets", np.zeros((0, 2), np.uint32)),
            "no categories of the form",
        ),
    ],
)
def test_trees_whose_parts_do_not_fit_each_other_are_refused(grown, change, message):
    model = grown
    change(model)
    with pytest.raises(ValueError, match=message):
        check_fitted(make_pipeline(model))


@pytest.mark.slow
def test_saved_model_with_such_a_tree_is_refused_and_does_not_end_the_program(stranger):
    folder = stranger("boosting")

    def lead_astray(files):
        for name, content in files.items():
            if b"'feature_idx'" in content[:400]:
                nodes = np.load(io.BytesIO(content))
                nodes["left"], nodes["right"], nodes["is_leaf"] = 1 << 31, 1 << 31, 0
                files[name] = npy(nodes)

    rewrite(folder, lead_astray)
    program = f"from pathlib import Path; from experiments.model import load_model; load_model(Path({str(folder)!r}))"
    ended = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True)
    assert ended.returncode == 1  # of the exception, and not of a signal
    assert "InputError" in ended.stderr and "leads to one that there isn't, or back" in ended.stderr


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda words: words.vocabulary_.update(war=10**9), "numbers its columns otherwise"),
        (lambda words: words.vocabulary_.update(war=-1), "numbers its columns otherwise"),
        (lambda words: words.vocabulary_.update(war=0), "numbers its columns otherwise"),
        (lambda words: words.vocabulary_.update(war="1"), "isn't one of words and their columns"),
        (lambda words: setattr(words, "vocabulary_", ["war"]), "isn't one of words and their columns"),
        (lambda words: setattr(words._tfidf, "idf_", np.ones(99)), "idf_ has another shape"),
        (
            lambda words: setattr(words._tfidf, "idf_", words._tfidf.idf_.astype(complex)),
            "another shape or type|complex",
        ),
        (
            lambda words: setattr(words._tfidf, "idf_", words._tfidf.idf_ * np.nan),
            "idf_ has numbers that aren't finite",
        ),
        (lambda words: setattr(words, "input", "filename"), "takes texts for names of files"),
        (lambda words: setattr(words, "analyzer", print), "in a way that framescope has none of"),
        (lambda words: setattr(words, "ngram_range", (1, 10**9)), "counts runs of more than 50 words"),
    ],
)
def test_vectorizer_that_does_not_fit_itself_is_refused(change, message):
    pipeline = fitted(OneVsRestClassifier(LogisticRegression()))
    check_fitted(pipeline)
    change(pipeline.steps[0][1].transformer_list[0][1])
    with pytest.raises(ValueError, match=message):
        check_fitted(pipeline)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda model: setattr(model, "coef_", model.coef_[:, :-1]), "coef_ has another shape"),
        (lambda model: setattr(model, "coef_", model.coef_.astype(object)), "coef_ has another shape or type"),
        (lambda model: setattr(model, "coef_", model.coef_ * np.inf), "coef_ has numbers that aren't finite"),
        (lambda model: setattr(model, "intercept_", np.zeros(7)), "different numbers of classes"),
        (lambda model: setattr(model, "n_features_in_", None), "doesn't say how many columns"),
    ],
)
def test_coefficients_that_do_not_fit_their_columns_are_refused(change, message):
    pipeline = fitted(OneVsRestClassifier(LogisticRegression()))
    change(pipeline.steps[-1][1].estimators_[1])
    with pytest.raises(ValueError, match=message):
        check_fitted(pipeline)


def test_weights_of_words_for_other_columns_are_refused():
    pipeline = fitted(OneVsRestClassifier(ComplementNB()))
    check_fitted(pipeline)
    model = pipeline.steps[-1][1].estimators_[0]
    model.feature_log_prob_ = model.feature_log_prob_[:, 1:]
    with pytest.raises(ValueError, match="feature_log_prob_ has another shape"):
        check_fitted(pipeline)


def test_sparse_matrix_with_indices_beyond_its_shape_is_refused():
    pipeline = fitted(OneVsRestClassifier(LogisticRegression()))
    pipeline.extra = CountVectorizer().fit_transform(TEXTS)
    check_fitted(pipeline)
    pipeline.extra.indices[0] = 10**6
    with pytest.raises(ValueError, match="ind"):
        check_fitted(pipeline)


def test_model_that_would_start_processes_or_write_to_disk_is_refused():
    pipeline = fitted(OneVsRestClassifier(LogisticRegression()))
    pipeline.steps[0][1].n_jobs = 500
    with pytest.raises(ValueError, match="in 500 processes"):
        check_fitted(pipeline)
    embeddings = SentenceEmbeddings()
    embeddings.cached_ = True
    with pytest.raises(ValueError, match="on disk"):
        check_fitted(make_pipeline(embeddings))


def test_pipeline_that_cannot_label_a_sentence_is_refused_when_it_is_loaded(tmp_path):
    pipeline = fitted(OneVsRestClassifier(LogisticRegression()))
    pipeline.steps[-1][1].estimators_ = []
    SentenceClassifier(pipeline, TASK, np.array([0.5, 0.3])).save(tmp_path / "model")
    refused(tmp_path / "model", f"{PIPELINE_FILE}: can't label a sentence")
