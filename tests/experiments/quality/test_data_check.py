import numpy as np
import pytest

from experiments.config.files import load_config
from experiments.corpus.labelled_file import read_corpus
from experiments.errors import InputError
from experiments.measures.confident_learning import confident_joint
from experiments.quality.data_check import check_data
from experiments.quality.data_check_text import check_text
from tests.conftest import seed_rows, write_jsonl

LONG = "The harbour master said on Monday that both fleets would use the northern channel until the dredging ends"


def check(path, labels=(), config=None, model=False, **options):
    corpus = read_corpus(str(path), labels, None, config, lambda line: None)
    return check_data(corpus, config, model, say=lambda line: None, **options)


def kinds(result):
    return {finding["kind"]: finding for finding in result["findings"]}


def frame_rows(n=400, seed=0):
    """Rows whose label any model of words can learn."""
    rng = np.random.default_rng(seed)
    words = {"threat": "shelling siege raid", "cooperation": "pact treaty accord", "denial": "baseless false untrue"}
    places = ["Arden", "Belmar", "Corvo", "Dunmore", "Esk", "Farrow", "Galt", "Hythe"]
    rows = []
    for i in range(n):
        label = list(words)[i % 3]
        text = " ".join(
            [*rng.choice(places, 2), *rng.choice(words[label].split(), 2), *rng.choice(places, 2), f"day{i}"]
        )
        rows.append({"id": f"r{i}", "text": text, "labels": [label], "group": f"g{i // 5}"})
    return rows


def test_a_sound_corpus_has_no_findings(tmp_path):
    rows = [{"id": "a", "text": LONG, "labels": ["x"], "group": "g"}, {"id": "b", "text": "Rain fell.", "labels": []}]
    result = check(write_jsonl(tmp_path / "s.jsonl", rows))
    assert result["findings"] == []
    assert result["labels"] == {"x": 1}
    assert result["label_sets"] == [{"labels": ["x"], "rows": 1}, {"labels": [], "rows": 1}]
    assert result["columns"]["labels"].startswith("list of")
    assert check_text(result).endswith("nothing found")


def test_schema_faults_are_found(tmp_path):
    rows = [
        {"id": "a", "text": "  ", "labels": ["x"]},
        {"id": "b", "text": "Rain fell on the quay.", "labels": None},
        {"id": "c", "text": "Snow fell on the pier.", "labels": ["z"]},
        {"id": "c", "text": "Hail fell on the mole.", "labels": ["x", "y"]},
    ]
    found = kinds(check(write_jsonl(tmp_path / "f.jsonl", rows), labels=["x", "y"]))
    assert set(found) == {"no text", "no labels", "unknown labels", "repeated ids"}
    assert found["no text"]["items"][0]["ids"] == ["a"]
    assert found["repeated ids"]["items"][0]["ids"] == ["c", "c"]


def test_duplicates_and_contradictions_but_not_declared_pairs(tmp_path):
    near = f"{LONG} in May"
    rows = [
        {"id": "a", "text": LONG, "labels": ["x"], "group": "g1"},
        {"id": "b", "text": LONG.upper(), "labels": ["x"], "group": "g2"},
        {"id": "c", "text": near, "labels": [], "group": "g1"},
    ]
    found = kinds(check(write_jsonl(tmp_path / "d.jsonl", rows)))
    assert found["duplicates"]["items"][0]["ids"] == ["a", "b"]
    assert found["duplicates"]["items"][0]["across_groups"] is True
    assert found["near contradictions"]["items"][0]["ids"] == ["a", "c"]
    rows = [{**rows[0], "pair": "p"}, {**rows[2], "pair": "p"}]
    assert check(write_jsonl(tmp_path / "p.jsonl", rows))["findings"] == []
    same = [{"id": "a", "text": LONG, "labels": ["x"]}, {"id": "b", "text": LONG, "labels": []}]
    assert "contradictions" in kinds(check(write_jsonl(tmp_path / "c.jsonl", same)))


def test_one_text_with_two_targets_is_no_duplicate(tmp_path):
    rows = [
        {"id": target, "text": LONG, "label": label, "target": target}
        for target, label in [("the channel", "favor"), ("the fleets", "against")]
    ]
    result = check(write_jsonl(tmp_path / "t.jsonl", rows))
    assert result["task"]["type"] == "multiclass"
    assert result["findings"] == []


def test_leaking_and_single_pairs(tmp_path):
    rows = [
        {"id": "a", "text": "One boat left.", "labels": ["x"], "group": "g1", "pair": "p"},
        {"id": "b", "text": "No boat left.", "labels": [], "group": "g2", "pair": "p"},
        {"id": "c", "text": "A crane fell.", "labels": [], "group": "g2", "pair": "q"},
    ]
    result = check(write_jsonl(tmp_path / "l.jsonl", rows))
    assert kinds(result)["leaking pairs"]["items"][0]["ids"] == ["a", "b"]
    assert kinds(result)["single pairs"]["items"][0]["ids"] == ["c"]
    assert result["groups"]["of_one_row"] == 0.5


def test_confident_joint_counts_by_class_thresholds():
    given = np.array([0, 0, 0, 1, 1, 1])
    p = np.array([0.9, 0.8, 0.1, 0.8, 0.7, 0.05])[:, None]
    probabilities = np.hstack([np.where(given[:, None] == 0, p, 1 - p), np.where(given[:, None] == 1, p, 1 - p)])
    joint = confident_joint(given, probabilities)
    assert joint.thresholds == pytest.approx([0.6, (0.8 + 0.7 + 0.05) / 3])
    assert joint.counts.tolist() == [[2, 1], [1, 2]]
    assert [(s.row, s.given, s.likely) for s in joint.suspects] == [(5, 1, 0), (2, 0, 1)]
    assert joint.suspects[0].confidence == pytest.approx(0.05)


def test_confident_joint_leaves_out_classes_without_rows():
    joint = confident_joint(np.array([0, 0]), np.array([[0.2, 0.8], [0.9, 0.1]]))
    assert joint.counts.tolist() == [[1, 0], [0, 0]] and joint.suspects == []


@pytest.mark.parametrize("task", ["multilabel", "multiclass"])
def test_most_flipped_labels_are_found_and_hardly_a_right_one(task, tmp_path):
    rows = frame_rows()
    flipped = {row["id"] for row in rows[7::20]}
    for row in rows:
        if row["id"] in flipped:
            row["labels"] = ["denial"] if row["labels"] == ["threat"] else ["threat"]
        if task == "multilabel" and row["id"] in ("r0", "r1"):
            row["labels"] = []  # so that it is one
    result = check(write_jsonl(tmp_path / "n.jsonl", rows), model=True, suspects=100)
    assert result["task"]["type"] == task
    model = result["model"]
    found = {item["ids"][0] for item in model["findings"]} | {item["ids"][0] for item in model["suspects"]}
    assert len(found & flipped) > 0.6 * len(flipped)
    assert len(found - flipped - {"r0", "r1"}) <= 0.2 * len(flipped)
    assert all(item["confidence"] < 0.05 for item in model["findings"])
    again = check(tmp_path / "n.jsonl", model=True)
    assert again["model"]["suspects"] == [] and again["model"]["suspected"] == model["suspected"]


def test_row_that_was_reviewed_is_not_doubted_again(tmp_path):
    rows = frame_rows()
    for row in rows[7::20]:
        row["labels"] = ["denial"] if row["labels"] == ["threat"] else ["threat"]
    doubted = check(write_jsonl(tmp_path / "n.jsonl", rows), model=True)["model"]["findings"][0]["ids"][0]
    for row in rows:
        row["reviewed"] = row["id"] == doubted
    again = check(write_jsonl(tmp_path / "n.jsonl", rows), model=True, suspects=100)["model"]
    assert again["reviewed"] == 1
    assert doubted not in {item["ids"][0] for item in [*again["findings"], *again["suspects"]]}


def test_denials_that_lost_their_label_are_suspected_far_above_chance(tmp_path):
    rows = seed_rows(120)
    rng = np.random.default_rng(2)
    flipped = {
        rows[i]["id"]
        for i in rng.choice([i for i, r in enumerate(rows) if r["labels"] == ["denial"]], 10, replace=False)
    }
    for row in rows:
        if row["id"] in flipped:
            row["labels"] = []
    result = check(write_jsonl(tmp_path / "n.jsonl", rows), model=True, suspects=100)
    listed = [*result["model"]["findings"], *result["model"]["suspects"]]
    denials = [item["ids"][0] for item in listed if item["likely"] == "denial"]
    assert len(set(denials) & flipped) / len(denials) > 10 * len(flipped) / len(rows)


def test_too_little_for_a_model_is_said(tmp_path):
    rows = [{"id": "a", "text": LONG, "labels": ["x"]}, {"id": "b", "text": "Rain fell.", "labels": []}]
    result = check(write_jsonl(tmp_path / "s.jsonl", rows), model=True)
    assert "rows or more" in result["model"]["skipped"]
    assert "no model looked" in check_text(result)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"sentence": "a", "labels": []}, "no column 'text'"),
        ({"text": "a"}, "no column 'labels'"),
        ({"text": "a", "labels": ""}, "no row has a label"),
    ],
)
def test_files_without_texts_or_labels_are_refused(row, message, tmp_path):
    with pytest.raises(InputError, match=message):
        check(write_jsonl(tmp_path / "x.jsonl", [row]))


def open_rows(n=400):
    """The same rows with 0/1 columns, where nobody decided on denial in the first half of the rows."""
    labels = ["threat", "cooperation", "denial"]
    rows = frame_rows(n)
    for number, row in enumerate(rows):
        given = row.pop("labels")
        row |= {label: int(label in given) for label in labels}
        if number < n // 2:
            row["denial"] = None
    return rows


OPEN_CONFIG = """
name: open
task: {{name: framing, labels: [threat, cooperation, denial]}}
data: {{train: {train}, columns: {{labels: [threat, cooperation, denial]}}}}
features: [{{type: words}}]
classifier: {{type: {kind}}}
"""


@pytest.fixture
def open_config(tmp_path):
    def config(kind="logistic"):
        path = tmp_path / "open.yaml"
        path.write_text(OPEN_CONFIG.format(train=tmp_path / "o.jsonl", kind=kind))
        return load_config(str(path))

    return config


def test_an_undecided_label_is_never_doubted(tmp_path, open_config):
    rows = open_rows()
    for row in rows[203::10]:  # flipped where it is decided
        row["denial"] = 1 - row["denial"]
    path = write_jsonl(tmp_path / "o.jsonl", rows)
    result = check(path, config=open_config(), model=True, suspects=400)
    assert result["undecided"] == {"rows": 0, "labels": {"denial": 200}}
    model = result["model"]
    assert model["rows"] == 400
    assert sum(map(sum, model["joint"]["denial"]["counts"])) <= 200 < sum(map(sum, model["joint"]["threat"]["counts"]))
    doubted = [item["ids"][0] for item in [*model["findings"], *model["suspects"]] if item["given"].endswith("denial")]
    flipped = {row["id"] for row in rows[203::10]}
    assert len(flipped & set(doubted)) > 0.6 * len(flipped)
    assert all(int(row_id[1:]) >= 200 for row_id in doubted)


def test_undecided_rows_are_counted_and_contradict_nothing(tmp_path, open_config):
    rows = open_rows(60)
    rows[40]["text"], rows[41]["text"] = rows[0]["text"], rows[1]["text"]
    for column in ("threat", "cooperation"):
        rows[40][column], rows[41][column] = rows[0][column], 1 - rows[1][column]
    rows[40]["denial"] = 1
    rows[50] |= {"threat": None, "cooperation": None, "denial": None}
    rows[51]["text"] = rows[50]["text"]
    result = check(write_jsonl(tmp_path / "o.jsonl", rows), config=open_config())
    assert result["undecided"] == {"rows": 1, "labels": {"denial": 30}}
    found = kinds(result)
    assert [item["ids"] for item in found["contradictions"]["items"]] == [["r1", "r41"]]
    assert [item["ids"] for item in found["duplicates"]["items"]] == [["r0", "r40"], ["r50", "r51"]]
    text = check_text(result)
    assert "open     1 of 60 rows have no decided label" in text
    assert "open     label denial: undecided in 30 more" in text


def test_a_single_label_can_be_doubted(tmp_path):
    rows = [{**row, "labels": [label for label in row["labels"] if label == "threat"]} for row in frame_rows()]
    result = check(write_jsonl(tmp_path / "one.jsonl", rows), model=True)
    assert result["model"]["skipped"] is None and list(result["model"]["joint"]) == ["threat"]


def test_long_checks_say_how_far_they_are(tmp_path, monkeypatch):
    monkeypatch.setattr("experiments.progress._LINE", 0.0)
    path = write_jsonl(tmp_path / "a.jsonl", frame_rows(60))
    said = []
    check_data(read_corpus(str(path), (), None, None), None, True, say=said.append)
    assert any(line.startswith("comparing 0%: 0 of 60 texts") for line in said)
    assert sum(line.startswith("out of fold") for line in said) == 5
