import json
from dataclasses import replace

import numpy as np
import pytest
from sklearn.pipeline import Pipeline
from typer.testing import CliRunner

from experiments.classifiers import Boosting, Lexicon, Logistic
from experiments.classifiers.separate import SeparateTargets
from experiments.commands.main import app
from experiments.config.schema import Task
from experiments.corpus.rows import Labelled
from experiments.errors import InputError
from experiments.evaluation.evaluate import evaluate
from experiments.evaluation.importance import measure_importance
from experiments.model import SentenceClassifier
from experiments.tables.table import Table
from features import Cues, WordNgrams, build_features
from tests.conftest import write_jsonl

# the verb decides, and only the cues read it; the words that are kept are of the rest
VERBS, REST = ("attacked", "visited"), ("the port", "a town", "our camp", "the convoy", "its navy")
TEXTS = [f"They {VERBS[at % 2]} {REST[at % 5]}." for at in range(120)]
Y = np.array([["attacked" in text, "visited" in text] for text in TEXTS], dtype=np.int8)
GROUPS = [f"g{at // 4}" for at in range(120)]
CUES = Cues(lexicon={"force": ["attack"], "calm": ["visit"]})
NOISE = WordNgrams(min_df=1, ngram=(3, 3))  # "they attacked the" says it, too: trigrams are fitted without the verbs
LABELS = ["threat", "none"]
TARGETS = ["the treaty" if at % 3 else "the toll" for at in range(120)]


def labelled(y=Y, targets=None):
    columns = {"text": TEXTS} | ({"target": targets} if targets else {})
    ids = [f"r{at}" for at in range(len(TEXTS))]
    return Labelled("rows", Table("rows", columns), ids, TEXTS, GROUPS, y, targets)


def model(spec=None, specs=(CUES, NOISE), multilabel=True):
    features = build_features(list(specs))
    features.fit([text.replace("attacked", "saw").replace("visited", "saw") for text in TEXTS])
    pipeline = Pipeline([("features", features), ("classifier", (spec or Logistic()).build(LABELS, multilabel, 0))])
    pipeline.steps[1][1].fit(features.transform(TEXTS), Y if multilabel else Y[:, 1])
    task = Task(name="framing", type="multilabel" if multilabel else "multiclass", labels=LABELS)
    return SentenceClassifier(pipeline, task, np.full(2, 0.5))


def importance_of(classifier, data, **options):
    evaluation = evaluate(classifier, data, bootstrap=0)
    return measure_importance(classifier, evaluation, 4, 200, **options).blocks


@pytest.mark.parametrize(
    "spec", [Logistic(), Boosting(iterations=5, features=20, leaves=3)], ids=["logistic", "boosting"]
)
def test_the_block_that_decides_is_worth_much_and_the_other_nothing(spec):
    found = importance_of(model(spec), labelled())
    assert list(found) == ["cues", "words"]
    assert found["cues"]["macro_f1"].value == pytest.approx(0.5, abs=0.12)  # half of what is given is right by chance
    assert found["cues"]["macro_f1"].low > 0.3
    assert found["words"]["macro_f1"].value == 0


@pytest.mark.parametrize(("of_one", "noted"), [(60, False), (61, True)])
def test_an_article_of_more_than_half_of_the_rows_is_told_of(of_one, noted):
    said = []
    data = replace(labelled(), groups=["long"] * of_one + [f"g{at}" for at in range(120 - of_one)])
    importance_of(model(), data, say=said.append)
    assert [line for line in said if line.startswith("note:")] == [
        "note: 61 of 120 rows are of one article, so columns are exchanged within it, too: since its rows are alike, "
        "importance may come out too small"
    ] * noted


def test_one_label_a_row_is_measured_too():
    found = importance_of(model(multilabel=False), labelled())
    assert found["cues"]["macro_f1"].low > 0.3
    assert found["words"]["threat.f1"].value == 0


def test_the_same_seed_gives_the_same():
    one, other = (importance_of(model(), labelled(), seed=3) for _ in range(2))
    assert one == other
    assert importance_of(model(), labelled(), seed=4) != one


@pytest.mark.parametrize("reading", ["copies", "pair", "separate"])
def test_a_blocks_copies_for_a_target_move_with_it(reading):
    # to the toll the verbs say the opposite: only the copies, or the toll's own model, know
    y = np.where(np.array(TARGETS)[:, None] == "the toll", Y[:, ::-1], Y)
    classifier = Logistic(C=100).build(LABELS, False, 0)
    if reading == "separate":
        steps = [("classifier", SeparateTargets(build_features([CUES], "text"), classifier, LABELS))]
    else:
        steps = [("features", build_features([CUES], reading)), ("classifier", classifier)]
    pipeline = Pipeline(steps).fit(list(zip(TEXTS, TARGETS, strict=True)), y.argmax(axis=1))
    task = Task(name="stance", type="multiclass", labels=LABELS)
    stance = SentenceClassifier(pipeline, task, np.full(2, 0.5), targeted=True)
    data = labelled(y, TARGETS)
    assert evaluate(stance, data, bootstrap=0).metrics["macro_f1"].value == 1
    assert importance_of(stance, data)["cues"]["macro_f1"].value == pytest.approx(0.5, abs=0.12)


def test_rows_of_one_kind_tell_nothing():
    with pytest.raises(InputError, match="all rows have the same labels"):
        importance_of(model(), labelled(np.tile(np.int8([1, 0]), (120, 1))))


def test_a_model_without_blocks_has_none():
    pipeline = Pipeline(
        [("classifier", Lexicon(keywords={"threat": ["attack"], "none": ["visit"]}).build(LABELS, True, 0))]
    )
    classifier = SentenceClassifier(
        pipeline.fit(TEXTS, Y), Task(name="framing", type="multilabel", labels=LABELS), np.full(2, 0.5)
    )
    with pytest.raises(InputError, match="no blocks of features"):
        importance_of(classifier, labelled())


def test_evaluate_prints_it(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    model().save(tmp_path / "model")
    rows = [
        {"text": text, "labels": ["threat" if y[0] else "none"], "group": group}
        for text, y, group in zip(TEXTS, Y, GROUPS, strict=True)
    ]
    data = write_jsonl(tmp_path / "rows.jsonl", rows)
    command = ["evaluate", "-m", str(tmp_path / "model"), "-d", str(data), "--importance", "--bootstrap", "100"]
    ended = CliRunner().invoke(app, [*command, "--repeats", "3", "--json", "--jobs", "1"])
    assert ended.exit_code == 0, ended.output
    found = json.loads(ended.stdout)["importance"]
    assert (found["repeats"], found["rows"], found["articles"]) == (3, 120, 30)
    assert found["blocks"]["cues"]["macro_f1"]["low"] > 0.2
    shown = CliRunner().invoke(app, [*command, "--repeats", "2", "--jobs", "1"])
    assert "How far F1 falls when a block's columns are exchanged between articles (2 times)" in shown.stdout
    wrong = CliRunner().invoke(app, [*command[:-3], "--repeats", "2"])
    assert wrong.exit_code == 2 and "--repeats: says how often" in wrong.output
