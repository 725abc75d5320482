"""What the default config, trained on the shipped corpus, must get right."""

import pytest

from experiments.articles.read import read_articles
from experiments.articles.score import score_articles
from experiments.config.files import load_config
from experiments.evaluation.evaluate import evaluate
from experiments.train import prepare
from experiments.training.fitting import fit
from tests.conftest import ROOT


@pytest.fixture(scope="module")
def parts():
    config = load_config("framing/default")
    train, test = prepare(config, lambda line: None)
    return fit(config, train), test


@pytest.mark.slow
def test_default_is_far_above_the_keyword_baseline_on_its_own_test_part(parts):
    classifier, test = parts
    assert evaluate(classifier, test, bootstrap=0).metrics["macro_f1"].value > 0.8


@pytest.mark.slow
@pytest.mark.parametrize(
    ("sentence", "labels"),
    [
        ("The army denied the allegations on Monday, calling them baseless.", {"denial"}),
        ("Belgrade has not denied that the two envoys met.", set()),
        ("The court denied bail to the two bankers.", set()),
        ("The two countries signed a treaty on joint border patrols.", {"cooperation"}),
        ("Gunmen killed nine soldiers at a checkpoint near the border.", {"threat"}),
        ("The striker's late goal denied the visitors a point.", set()),
        ("The software company signed an agreement with its largest distributor.", set()),
    ],
)
def test_plain_cases_of_the_codebook(parts, sentence, labels):
    classifier, _ = parts
    (found,) = classifier.names(classifier.decide(classifier.predict_proba([sentence])))
    assert set(found) == labels


@pytest.mark.slow
def test_sample_article_is_tagged_where_a_reader_would(parts):
    classifier, _ = parts
    (scored,) = score_articles(classifier, read_articles([str(ROOT / "seeds/articles/strait-talks.txt")]))
    rows = list(scored.rows())

    def labels(words):
        (row,) = [row for row in rows if words in row["text"] and not row.get("boilerplate")]
        return set(row["labels"])

    assert "denial" in labels("Ostland denied that the exercise")
    assert "denial" not in labels("Marevia has not denied")
    assert "threat" in labels("met with force")
    assert "cooperation" in labels("Under the accord")
    assert not labels("Catches have fallen")
    assert not [row for row in rows if row.get("boilerplate") and row["labels"]]
