"""What is said of files of probes that are wrong, and how one's own are added to the shipped."""

import pytest

from experiments.errors import InputError
from experiments.evaluation.probes import check_labels, read_probes, shipped_probes

LABELS = ["threat", "cooperation", "denial"]
SHIPPED = shipped_probes("framing")
TEST = "tests: [{name: mine, kind: invariance, why: w, change: {rewrite: capitals}}]\n"


def written(tmp_path, text):
    path = tmp_path / "mine.yaml"
    path.write_text(text, encoding="utf-8")
    return str(path)


def test_own_names_templates_and_tests_are_added_to_the_shipped(tmp_path):
    base, _ = read_probes(SHIPPED)
    own = "lists: {island: [Malta, Crete]}\ntemplates: [{text: '{island} bombed {target}.', labels: [threat]}]\n" + TEST
    read, place = read_probes(SHIPPED, written(tmp_path, own))
    assert place.endswith("mine.yaml")
    assert len(read.templates) == len(base.templates) + 1
    assert [test.name for test in read.tests] == [*(test.name for test in base.tests), "mine"]
    assert set(read.lists) == {*base.lists, "island"}
    assert (read.seed, read.cases) == (base.seed, base.cases)


def test_a_list_or_test_of_the_same_name_takes_the_place_of_the_shipped(tmp_path):
    base, _ = read_probes(SHIPPED)
    own = "cases: 7\nlists: {day: [Monday, Sunday]}\n" + TEST.replace("mine", "capitals").replace("w,", "mine,")
    read, _ = read_probes(SHIPPED, written(tmp_path, own))
    assert len(read.tests) == len(base.tests)
    assert next(test for test in read.tests if test.name == "capitals").why == "mine"
    assert [str(name) for name in read.names_for("day")] == ["Monday", "Sunday"]
    assert read.cases == 7


def test_a_file_may_stand_alone_or_take_the_lists_only(tmp_path):
    own = "templates: [{text: '{country} left.', labels: []}]\n" + TEST
    read, _ = read_probes(SHIPPED, written(tmp_path, "extends: [lists]\n" + own))
    assert len(read.templates) == len(read.tests) == 1 and "country" in read.lists
    with pytest.raises(InputError, match="country"):
        read_probes(SHIPPED, written(tmp_path, "extends: []\n" + own))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("template: []", "template: unknown key; did you mean 'templates'?"),
        (
            "tests: [{name: a, kind: invariance, why: w, chnge: {}}]",
            "tests.0.chnge: unknown key; did you mean 'change'",
        ),
        (
            "tests: [{name: a, kind: invariance, why: w, change: {rewritten: x}}]",
            "tests.0.change.rewritten: unknown key; did you mean 'rewrite'?",
        ),
        ("tests: [{name: a, kind: invariance, why: w, change: {rewrite: upside down}}]", "not 'upside down'"),
        ("tests: [{name: a, kind: invariance, why: w}]", "tests.0: change: is needed by kind invariance"),
        ("tests: [{name: a, kind: direction, why: w, change: {rewrite: capitals}}]", "label and should"),
        (
            "tests: [{name: a, kind: invariance, why: w, change: {rewrite: capitals, append: x}}]",
            "tests.0.change: names 2 changes",
        ),
        ("tests: [{name: a, kind: invariance, why: w, change: {variant: sung}}]", "no template has the variant 'sung'"),
        ("tests: [{name: a, kind: invariance, why: w, change: {refill: [moon]}}]", "no list fills the slot 'moon'"),
        ("tests: [{name: a, kind: invariance, why: w, change: {form: {actor: moon}}}]", "has the form 'moon'"),
        ("templates: [{text: '{moon} rose.', labels: []}]", "'{moon} rose.': no list fills the slot {moon}"),
        ("templates: [{text: '{actor.moon} rose.', labels: []}]", "no name of the list 'country' has the form(s) moon"),
        ("templates: [{text: '{actor rose.', labels: []}]", "a brace that is no slot"),
        ("templates: [{text: 'It rose.'}]", "templates.0.labels: is missing"),
        ("slots: {king: kings}", "slots.king: there is no list 'kings'"),
        ("actors: [king]", "no template has the slot 'king'"),
        ("variants: {sung: '{actor} {song}.'}", "variants.sung: no template has the parts"),
        ("lists: {day: [Monday]}", "lists.day"),
        ("lists: [", "is not valid YAML"),
    ],
)
def test_a_fault_is_one_line_with_its_place(tmp_path, text, message):
    with pytest.raises(InputError) as error:
        read_probes(SHIPPED, written(tmp_path, text))
    assert "mine.yaml" in str(error.value) and message in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("templates: [{text: '{actor} sang.', labels: [song]}]", "'{actor} sang.' has the label 'song'"),
        (TEST.replace("why: w", "why: w, labels: [song]"), "tests: 'mine' names the label 'song'"),
    ],
)
def test_a_label_that_the_model_does_not_know_is_named(tmp_path, text, message):
    read, place = read_probes(SHIPPED, written(tmp_path, text))
    with pytest.raises(InputError) as error:
        check_labels(read, LABELS, False, place)
    assert message in str(error.value) and "threat, cooperation, denial" in str(error.value)
