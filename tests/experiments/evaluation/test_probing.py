"""What a probing counts, of models whose behaviour is known."""

import re
from collections.abc import Callable
from dataclasses import replace
from itertools import permutations

import numpy as np
import pytest

from experiments.config.schema import Columns, Data, Task
from experiments.errors import InputError
from experiments.evaluation.probe_cases import actor_cases, template_cases
from experiments.evaluation.probes import Probes, check_labels, read_probes, shipped_probes
from experiments.evaluation.probing import probe_data, probe_task, probe_templates
from experiments.evaluation.probing_text import probing_text
from experiments.model import SentenceClassifier

LABELS = ["threat", "cooperation", "denial"]
STANCES = ["favor", "against", "none"]


class Stub:
    """A pipeline that gives what a function says of a text, or of a text and its target."""

    def __init__(self, says: Callable):
        self.says = says

    def predict_proba(self, rows):
        return np.asarray([self.says(row) for row in rows], dtype=float)


def model(says: Callable, labels=LABELS, kind="multilabel", targeted=False) -> SentenceClassifier:
    task = Task(name="stance" if targeted else "framing", type=kind, labels=labels)
    return SentenceClassifier(Stub(says), task, np.full(len(labels), 0.5), targeted=targeted)


def keyed(text: str) -> list[float]:
    """A model that goes by words."""
    return ["shelled" in text, "signed" in text, "denied" in text]


VERBS = ["shelled", "shelled and burned", "shelled at dawn", "shelled again", "shelled for days", "shelled twice"]
BASE = {
    "lists": {"country": ["Iran", "Peru", "Ghana", "Norway", "Chile", "Nepal"]},
    "slots": {"actor": "country", "target": "country"},
    "variants": {"denied": "{actor} denied that it {act}."},
    "templates": [
        {"text": f"{{actor}} {verb} {{target}}.", "labels": ["threat"], "parts": {"act": f"had {verb} {{target}}"}}
        for verb in VERBS
    ],
    "tests": [],
    "cases": 30,
}


def probes(*tests, **changes) -> Probes:
    named = [{"name": f"test {number}", "why": "", **test} for number, test in enumerate(tests)]
    return Probes.model_validate({**BASE, "tests": named, **changes})


def probed(says, *tests, **changes):
    return probe_templates(model(says), probes(*tests, **changes), "mine.yaml")


OTHERS = {"kind": "invariance", "change": {"refill": ["actor", "target"]}}
DENIED = {"kind": "direction", "change": {"variant": "denied"}, "label": "denial", "should": "appear"}


def test_a_model_that_goes_by_words_is_unmoved_by_names_and_sees_the_denial():
    names, denied = probed(keyed, OTHERS, DENIED).tests
    assert (names.moved, names.failed, names.share, names.examples) == (0, 0, 0.0, [])
    assert names.cases >= 28 and names.groups == 6
    assert 0 == names.low < names.high < 0.6
    assert (denied.moved, denied.failed, denied.share) == (denied.cases, 0, 0.0)


def test_a_model_that_goes_by_names_is_moved_by_them():
    (names,) = probed(lambda text: [text.startswith("Iran"), 0, 0], OTHERS).tests
    assert 0 < names.moved == names.failed < names.cases
    assert names.share == pytest.approx(names.failed / names.cases)
    assert names.low < names.share < names.high
    example = names.examples[0]
    assert example.before.startswith("Iran") != example.after.startswith("Iran")
    assert (example.labels_before == ["threat"]) == example.before.startswith("Iran")


def test_an_answer_that_should_move_and_does_not_has_failed():
    (denied,) = probed(lambda text: [1, 0, 0], DENIED).tests
    assert (denied.moved, denied.failed, denied.share, denied.already) == (0, denied.cases, 1.0, 0)
    assert 0.4 < denied.low < denied.high == 1.0


def test_a_label_that_was_there_before_cannot_appear():
    (denied,) = probed(lambda text: [0, 0, 1], DENIED).tests
    assert denied.failed == denied.already == denied.cases
    gone = {**DENIED, "label": "threat", "should": "disappear"}
    missed, seen = (probed(lambda text, n=n: [n, 0, 0], gone).tests[0] for n in (0, 1))
    assert missed.already == missed.failed == missed.cases
    assert seen.already == 0 and seen.failed == seen.cases


@pytest.mark.parametrize(("should", "failed"), [("rise", 0.0), ("fall", 1.0)])
def test_a_probability_may_be_asked_to_rise_below_the_threshold(should, failed):
    (found,) = probed(lambda text: [0, 0, 0.1 + 0.1 * ("denied" in text)], {**DENIED, "should": should}).tests
    assert found.share == failed


def test_only_the_labels_that_are_named_must_stay():
    denied = {"kind": "invariance", "change": {"variant": "denied"}}
    every, threat = probed(keyed, denied, {**denied, "labels": ["threat"]}).tests
    assert every.share == 1.0 and threat.share == 0.0


def test_a_test_may_keep_to_templates_with_a_label():
    weather = {"text": "It rained on {actor}.", "labels": []}
    templates = [*BASE["templates"], weather]
    every, threats = (
        {case.labels for case in template_cases(read.tests[0], read)}
        for read in (probes({**OTHERS, **more}, templates=templates) for more in ({}, {"having": ["threat"]}))
    )
    assert every == {("threat",), ()} and threats == {("threat",)}


def test_labels_of_the_templates_are_measured_too():
    right, wrong = (probed(says, {"kind": "labels"}).tests[0] for says in (keyed, lambda text: [1, 1, 0]))
    assert right.share == 0.0 and wrong.share == 1.0
    assert wrong.examples[0].labels_before == ["threat"]
    assert wrong.examples[0].labels_after == ["threat", "cooperation"]


def test_worst_example_comes_first():
    def says(text):
        return [{"Iran": 0.99, "Peru": 0.6}.get(text.split()[0], 0.4), 0, 0]

    worst = probed(says, OTHERS, cases=200).tests[0].examples[0]
    assert "Iran" in (worst.before.split()[0], worst.after.split()[0])


def test_change_by_the_name_alone_is_against_the_mean_of_all():
    def says(text):
        return [0.3 + 0.4 * text.startswith("Iran"), 0.1, 0]

    found = probed(says, OTHERS, actors=["actor"]).actors
    effect = {(each.actor, each.label): each for each in found}
    iran = effect["Iran", "threat"]
    # in a template whose target is somebody else, five or six names are compared, Iran among them
    assert 0.32 - 1e-9 <= iran.change <= 0.4 * 5 / 6 + 1e-9
    assert iran.low - 1e-9 <= iran.change <= iran.high + 1e-9 and iran.low > 0
    assert effect["Peru", "threat"].change < 0
    assert effect["Peru", "cooperation"].change == pytest.approx(0)
    assert {each.actor for each in found} == set(BASE["lists"]["country"])


def test_an_actor_never_meets_itself():
    for case in actor_cases(probes(OTHERS, actors=["actor"])):
        assert case.text.count(case.actor) == 1


def test_few_templates_have_no_bounds_and_the_text_says_so():
    found = probed(keyed, OTHERS, templates=BASE["templates"][:4], actors=["actor"])
    assert np.isnan([found.tests[0].low, found.tests[0].high, found.actors[0].low]).all()
    assert "fewer than 5 templates" in probing_text(found)
    assert found.dump()["tests"][0]["low"] is None


def test_the_same_file_gives_the_same_cases():
    one, two = (template_cases(read.tests[0], read) for read in (probes(OTHERS), probes(OTHERS)))
    assert one == two
    other = probes(OTHERS, seed=14)
    assert template_cases(other.tests[0], other) != one


def shipped() -> Probes:
    return read_probes(shipped_probes("framing"))[0]


def test_shipped_tests_have_sixty_cases_and_every_change_changes():
    found = shipped()
    assert len(found.templates) >= 15
    for test in found.tests:
        cases = template_cases(test, found)
        assert len(cases) >= 60 or test.name == "straight quotes", test.name
        assert all("{" not in case.before + case.after for case in cases)
        assert test.kind == "labels" or all(case.before != case.after for case in cases)
    check_labels(found, LABELS, False, "shipped")


def test_reversal_swaps_actor_and_target():
    found = shipped()
    test = next(each for each in found.tests if each.change and each.change.exchange)
    states = [name.forms for name in found.names_for("actor")]
    for case in template_cases(test, found):
        assert any(exchanged(case.before, one, other) == case.after for one, other in permutations(states, 2)), case


def exchanged(text, one, other):
    """The text with every form of one name in the place of the same form of another, and the other way round."""
    forms = {}
    for form in one.keys() & other.keys():
        forms |= {one[form]: other[form], other[form]: one[form]}
    longest = sorted(forms, key=len, reverse=True)
    found = re.sub("|".join(map(re.escape, longest)), lambda match: forms[match[0]], text)
    return found[:1].upper() + found[1:]


def test_task_without_shipped_probes_or_with_other_labels_is_not_probed():
    said = []
    assert probe_task(model(lambda row: [1, 0, 0], STANCES, "multiclass", True)) is None
    assert probe_task(model(keyed, ["threat", "cooperation", "other"]), say=said.append) is None
    assert "denial" in said[0]
    assert len(probe_task(model(keyed)).tests) == len(shipped().tests)


@pytest.fixture
def rows(tmp_path):
    path = tmp_path / "mine.csv"
    lines = [f"{number},Iran shelled town {number}.,the pact" for number in range(8)]
    path.write_text("article,text,target\n" + "\n".join([*lines, "9,no name here,the pact"]) + "\n")
    return str(path)


def settings(**columns) -> Data:
    return Data(train="", columns=Columns(**columns))


def test_own_sentences_are_changed_without_labels_and_those_untouched_are_counted(rows):
    read = probes(OTHERS, DENIED, {"kind": "invariance", "change": {"rewrite": "capitals"}})
    found = probe_data(model(lambda text: [text.startswith("Iran"), 0, 0]), read, rows, settings(group="article"))
    names, casing = found.tests
    assert (names.cases, names.untouched, names.failed) == (8, 1, 8)
    assert (casing.cases, casing.untouched, casing.failed) == (9, 0, 8)
    assert "1 sentences left out" in probing_text(found)


def test_own_sentences_of_a_stance_keep_their_targets(rows):
    asked = []

    def says(row):
        asked.append(row[1])
        return [1, 0, 0]

    stance = model(says, STANCES, "multiclass", targeted=True)
    found = probe_data(stance, probes(OTHERS), rows, settings())
    assert found.tests[0].share == 0.0
    assert set(asked) == {"the pact"}


def test_most_sentences_are_drawn_and_said(rows):
    said = []
    capitals = probes({"kind": "invariance", "change": {"rewrite": "capitals"}})
    assert probe_data(model(keyed), capitals, rows, settings(), most=5, say=said.append).tests[0].cases == 5
    assert "5 of the 9" in said[0]


def test_sentences_that_nothing_touches_are_refused(tmp_path):
    path = tmp_path / "mine.csv"
    path.write_text("text\nNobody was there.\n")
    with pytest.raises(InputError, match=r"mine\.csv: no test's change touches any of its 1 sentences"):
        probe_data(model(keyed), probes(OTHERS), str(path), settings())


def test_a_stance_template_needs_to_say_what_it_is_about():
    stance = model(lambda row: [row[1] == "the pact", 0, 0.5], STANCES, "multiclass", targeted=True)
    template = {"text": "{actor} and {target} like it.", "labels": ["favor"]}
    read = probes(OTHERS, {"kind": "labels"}, templates=[template], variants={})
    with pytest.raises(InputError, match=r"mine\.yaml: templates: '\{actor\} and.*about"):
        probe_templates(stance, read, "mine.yaml")
    read = probes(OTHERS, {"kind": "labels"}, templates=[{**template, "about": "the pact"}], variants={})
    assert [test.share for test in probe_templates(stance, read, "mine.yaml").tests] == [0.0, 0.0]


def test_multiclass_models_are_probed_by_their_likeliest_label():
    stance = replace(model(lambda text: [0.2, 0.3, 0.1 + ("Iran" in text)], kind="multiclass"))
    (found,) = probe_templates(stance, probes(OTHERS), "mine.yaml").tests
    assert found.failed and {tuple(each.labels_before) for each in found.examples} <= {("cooperation",), ("denial",)}
