"""Checks where they find something, and where they do not."""

from dataclasses import replace

import numpy as np
import pytest

from experiments.config.files import load_config
from experiments.evaluation.checks.finding import Subject
from experiments.evaluation.checks.run import CHECKS, run_checks
from experiments.evaluation.evaluate import evaluate
from experiments.tables.table import Table
from experiments.train import prepare
from experiments.training.fitting import fit


@pytest.fixture(scope="module")
def subject(small_config):
    config = load_config(str(small_config))
    train, test = prepare(config, lambda line: None)
    classifier = fit(config, train, test)
    return Subject(classifier, evaluate(classifier, test, 100), train, config, bootstrap=100)


def found(subject, code):
    return run_checks(subject, [check.code for check in CHECKS if check.code != code]).get(code)


def with_test(subject, **changes):
    return replace(subject, evaluation=replace(subject.evaluation, data=replace(subject.test, **changes)))


def with_answers(subject, probabilities):
    decided = (probabilities >= 0.5).astype(np.int8)
    return replace(subject, evaluation=replace(subject.evaluation, probabilities=probabilities, decided=decided))


def sure(subject, wrong=0.0):
    """Probabilities of 0.98 for what is true, and for a share of what isn't."""
    y = subject.test.y > 0
    other = np.random.default_rng(1).random(y.shape) < wrong
    return np.where(y ^ other, 0.98, 0.02)


def test_shared_articles_and_copies_across_the_split(subject):
    assert found(subject, "FS001") is None
    shared = with_test(subject, groups=[subject.train.groups[0]] * len(subject.test))
    assert subject.train.groups[0] in found(shared, "FS001").detail
    assert found(subject, "FS002") is None
    half = len(subject.test) // 2
    copied = with_test(subject, texts=[*subject.train.texts[:half], *subject.test.texts[half:]])
    assert f"{half} of {len(subject.test)} test rows repeat a training text" in found(copied, "FS002").detail


def test_threshold_at_the_edge_of_its_grid(subject):
    tuned = replace(subject, config=load_config_with(subject, "cv"))
    inner, edge = (tuned_by(tuned, value) for value in (0.5, 0.98))
    assert found(inner, "FS003") is None
    assert "0.98" in found(edge, "FS003").detail


def test_threshold_of_a_label_whose_probabilities_never_reach_the_grid(subject):
    tuned = tuned_by(replace(subject, config=load_config_with(subject, "cv")), 0.5)
    probabilities = sure(subject)
    probabilities[:, 2] = 0.011
    assert found(with_answers(tuned, sure(subject)), "FS003") is None
    assert found(with_answers(tuned, probabilities), "FS003").detail.startswith("denial 0.50, with probabilities")


def load_config_with(subject, method):
    thresholds = subject.config.thresholds.model_copy(update={"method": method})
    return subject.config.model_copy(update={"thresholds": thresholds})


def tuned_by(subject, value):
    classifier = replace(subject.classifier, thresholds=np.full(len(subject.classifier.labels), value))
    return replace(subject, classifier=classifier)


def test_no_better_than_the_baselines(subject):
    assert found(with_answers(subject, sure(subject)), "FS004") is None
    nothing = with_answers(subject, np.full(subject.test.y.shape, 0.02))
    assert found(nothing, "FS004") is not None


def test_label_shares_that_differ(subject):
    assert found(subject, "FS005") is None
    y = subject.test.y.copy()
    y[:, 0] = np.arange(len(y)) % 10 < 8
    groups = [str(row // 2) for row in range(len(y))]
    assert "threat" in found(with_test(subject, y=y, groups=groups), "FS005").detail


def test_label_shares_that_differ_by_one_article_prove_nothing(subject):
    n = len(subject.test)
    share = (subject.train.y[:, 0] > 0).mean()
    long = np.arange(n) < n // 2  # one article of half the rows, all of them with the label
    y = subject.test.y.copy()
    y[:, 0] = long | (np.arange(n) % 10 < 10 * share)
    alone = [str(row) for row in range(n)]
    together = ["long" if inside else group for inside, group in zip(long, alone, strict=True)]
    assert found(with_test(subject, y=y, groups=alone), "FS005") is not None
    assert found(with_test(subject, y=y, groups=together), "FS005") is None


def by_outlet(subject, outlets):
    """The same rows, with a column that says where each is from."""

    def told(part):
        columns = {**{name: part.rows[name] for name in part.rows.column_names}, "outlet": outlets(part)}
        return replace(part, rows=Table("rows", columns))

    changed = replace(subject, train=told(subject.train))
    return with_test(changed, rows=told(subject.test).rows)


def test_source_as_a_shortcut(subject):
    assert found(subject, "FS008") is None
    telling = by_outlet(subject, lambda part: np.where(part.y[:, 0] > 0, "Tribune", "Herald").tolist())
    assert "outlet does nearly as well for threat" in found(telling, "FS008").detail
    by_turns = by_outlet(subject, lambda part: ["Tribune" if row % 2 else "Herald" for row in range(len(part))])
    assert found(by_turns, "FS008") is None


def test_a_model_that_has_learned_nothing_has_no_shortcut(subject):
    telling = by_outlet(subject, lambda part: np.where(part.y[:, 0] > 0, "Tribune", "Herald").tolist())
    assert found(with_answers(telling, np.full(subject.test.y.shape, 0.6)), "FS008") is None


def test_likely_label_errors(subject):
    clean = with_answers(subject, sure(subject))
    assert found(clean, "FS009") is None
    wrong = np.flatnonzero(subject.test.y[:, 0] == 0)[:6]
    y = subject.test.y.copy()
    y[wrong[:5], 1] ^= 1  # rows of several classes, so that no class has many
    y[wrong[5], 2] ^= 1
    detail = found(with_test(clean, y=y), "FS009").detail
    assert detail.startswith(f"6 of {len(y)} rows") and detail.endswith("and 1 more")
    assert sum(subject.test.ids[row] in detail for row in wrong) == 5


def test_a_model_that_errs_on_much_of_a_class_tells_no_label_errors(subject):
    assert found(with_answers(subject, sure(subject, wrong=0.3)), "FS009") is None


def test_label_with_too_few_test_rows(subject):
    y = np.zeros_like(subject.test.y)
    y[:2, 0] = 1
    y[:, 1:] = subject.test.y[:, 1:]
    assert subject.classifier.labels[0] in found(with_test(subject, y=y), "FS006").detail


def test_overconfidence(subject):
    y = (np.arange(200)[:, None] % 2 == np.zeros(subject.test.y.shape[1])).astype(np.int8)
    n = len(subject.test)
    half = with_test(subject, y=y[:n], groups=[str(row) for row in range(n)])
    assert found(with_answers(half, np.full(subject.test.y.shape, 0.97)), "FS007") is not None
    assert found(with_answers(half, np.where(y[:n] > 0, 0.97, 0.03)), "FS007") is None


def test_written_test_rows(subject):
    assert found(subject, "FS010") is not None  # the small corpus is of the shipped one
    own = with_test(subject, texts=[f"Sentence {number} about a market." for number in range(len(subject.test))])
    assert found(own, "FS010") is None


def test_what_is_ignored_is_not_run_and_said(subject):
    checked = run_checks(subject, ["FS010"])
    assert checked.get("FS010") is None and checked.ignored == ["FS010"]
    assert [finding.code for finding in checked.findings] == sorted(finding.code for finding in checked.findings)


def test_a_saved_model_is_checked_without_its_training_rows(subject):
    alone = replace(subject, train=None, config=None)
    codes = {finding.code for finding in run_checks(alone).findings}
    assert not codes & {"FS001", "FS003", "FS004", "FS005", "FS008"}
