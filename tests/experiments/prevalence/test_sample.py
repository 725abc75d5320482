"""Which sentences are drawn to be labelled, with which probabilities, and what becomes of them in labelling tools."""

import csv
import json
from collections import Counter
from pathlib import Path

import pytest

from experiments.prevalence.drawing import draw_sample
from experiments.scored.sources import find_sources
from tests.conftest import write_jsonl
from tests.experiments.prevalence.conftest import read, refused, run, said
from tests.experiments.profile.conftest import boilerplate, row, write_parquet


def places(path) -> list[str]:
    return [each["id"] for each in read(path)]


def test_a_sample_has_texts_and_probabilities_and_nothing_of_the_model(scored):
    found = said("sample", scored, "-n", 50)
    rows = read("sample.jsonl")
    assert (found["drawn"], found["sentences"], found["boilerplate"], len(rows)) == (50, 480, 80, 50)
    assert len(set(places("sample.jsonl"))) == 50
    assert set(rows[0]) == {
        *("id", "article", "sentence", "start", "end", "text", "outlet", "date"),
        *("stratum", "stratum_size", "probability"),
    }
    assert {(each["probability"], each["stratum_size"]) for each in rows} == {(50 / 480, 480)}
    assert all(each["text"].startswith("Sentence") for each in rows)


def test_the_same_seed_draws_the_same_sentences_whatever_the_order_and_form_of_the_files(scored, made):
    said("sample", scored, "-n", 40, "--seed", 5, "-o", "one.jsonl")
    half = len(made[0]) // 2
    write_jsonl(Path("b.jsonl"), made[0][half:][::-1])
    write_parquet(Path("a.parquet"), made[0][:half])
    said("sample", "b.jsonl", "a.parquet", "-n", 40, "--seed", 5, "-o", "two.jsonl")
    assert places("one.jsonl") == places("two.jsonl")
    said("sample", scored, "-n", 40, "--seed", 6, "-o", "three.jsonl")
    assert places("one.jsonl") != places("three.jsonl")


def test_every_sentence_has_the_same_chance(scored):
    write_jsonl(Path("few.jsonl"), [row(f"a{number}", 1, f"Text {number}.") for number in range(40)])
    sources = find_sources(["few.jsonl"])
    drawn = Counter(each["id"] for seed in range(150) for each in draw_sample(sources, 8, seed=seed).rows)
    assert len(drawn) == 40  # each drawn 30 times on average, with a standard deviation of 5
    assert min(drawn.values()) > 12 and max(drawn.values()) < 48


def test_groups_get_as_many_each_and_small_ones_all_they_have(scored, made):
    rows = [*made[0], *(row("x", at, f"X {at}.", outlet="Tiny", date="2024-01-01") for at in range(3))]
    write_jsonl(Path("more.jsonl"), rows)
    found = said("sample", "more.jsonl", "-n", 83, "--by", "outlet")
    assert [(each["of"], each["drawn"], each["probability"]) for each in found["strata"]] == [
        ("outlet=Globe", 40, 40 / 240),
        ("outlet=Post", 40, 40 / 240),
        ("outlet=Tiny", 3, 1.0),
    ]


def test_boost_draws_more_of_rare_labels_with_the_probability_written_down(scored):
    plain, boosted = (said("sample", scored, "-n", 60, "--boost", boost) for boost in ("0", "0.8"))
    assert len(plain["strata"]) == 1
    kinds = {each["of"]: each for each in boosted["strata"]}
    rare, common = kinds["model says cooperation"], kinds["model says no label"]
    assert rare["probability"] > 2 * common["probability"]
    for each in read("sample.jsonl"):
        stratum = next(one for one in boosted["strata"] if one["stratum"] == each["stratum"])
        assert (each["probability"], each["stratum_size"]) == (stratum["probability"], stratum["sentences"])


def test_sentences_without_a_value_are_drawn_from_as_well(scored, made):
    rows = [{**each, "outlet": None} if number % 3 else each for number, each in enumerate(made[0])]
    write_jsonl(Path("gaps.jsonl"), rows)
    found = said("sample", "gaps.jsonl", "-n", 30, "--by", "outlet")
    assert "outlet=(none)" in [each["of"] for each in found["strata"]]
    assert "a group of their own" in found["notes"][0]


def test_a_spreadsheet_gets_cells_that_it_does_not_run(scored):
    write_jsonl(Path("f.jsonl"), [row("a", at, f"=SUM({at})") for at in range(4)])
    said("sample", "f.jsonl", "-n", 2, "-o", "f.csv")
    with Path("f.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert all(each["text"].startswith("'=SUM") for each in rows)
    assert float(rows[0]["probability"]) == 0.5


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["-n", "481"], "has 480 sentences without boilerplate"),
        (["-n", "5", "--by", "outlet,month"], "is too few for 2 from each of 6 groups"),
        (["-o", "sample.xlsx"], "written as .jsonl or .csv"),
        (["-o", "scored.jsonl"], "is also read"),
        (["--by", "section"], "has no column 'section'"),
    ],
)
def test_what_can_not_be_drawn_is_said_in_a_line(scored, options, told):
    assert told in refused("sample", "scored.jsonl", *options)
    assert not Path("sample.jsonl").exists()


def test_files_that_are_no_scored_files_are_refused(scored):
    write_jsonl(Path("plain.jsonl"), [{"article": "a", "text": "T.", "labels": []}])
    assert "no column 'scores'" in refused("sample", "plain.jsonl")
    write_jsonl(Path("aside.jsonl"), [boilerplate("a", 1)])
    assert "no sentence to draw" in refused("sample", "aside.jsonl")
    write_jsonl(Path("twice.jsonl"), [row("a", 1, "T."), row("a", 1, "T."), row("a", 2, "U.")])
    assert "twice" in refused("sample", "twice.jsonl", "-n", "3")
    write_jsonl(Path("taken.jsonl"), [row("a", at, "T.", probability=1) for at in range(3)])
    assert "a column 'probability' of their own" in refused("sample", "taken.jsonl", "-n", "2")


def annotate(tool: str, exported: str, truth) -> str:
    """Return the name of what a tool exports when people have labelled what it was given."""
    if tool == "label-studio":
        tasks = json.loads(Path(exported).read_text(encoding="utf-8"))
        for number, task in enumerate(tasks):
            task["id"] = number + 100
            choices = truth[task["data"]["article"], task["data"]["sentence"]]
            value = {"from_name": "label", "to_name": "text", "type": "choices", "value": {"choices": choices}}
            task["annotations"] = [{"result": [value] if choices else [], "completed_by": 1}]
        Path("done.json").write_text(json.dumps(tasks), encoding="utf-8")
        return "done.json"
    rows = read(exported)
    for number, each in enumerate(rows):
        labels = truth[each.get("article"), each.get("sentence")] if "article" in each else None
        if tool == "prodigy":
            meta = each.get("meta", {})
            labels = truth[each.get("article", meta.get("article")), each.get("sentence", meta.get("sentence"))]
            each |= {"accept": labels, "answer": "accept"}
        else:
            each |= {"id": number + 7, "label": labels, "is_confirmed": True}
    write_jsonl(Path("done.jsonl"), rows)
    return "done.jsonl"


@pytest.mark.parametrize("tool", ["label-studio", "prodigy", "doccano"])
def test_a_sample_goes_through_the_labelling_tools_and_gives_the_same_shares(tool, scored, drawn, labelled, truth):
    ending = "json" if tool == "label-studio" else "jsonl"
    said("data", "export", "sample.jsonl", "--to", tool, "-o", f"tasks.{ending}")
    status, _, err = run("data", "import", annotate(tool, f"tasks.{ending}", truth), "--from", tool, "-o", "back.jsonl")
    assert status == 0, err
    direct, back = (said("prevalence", scored, "--labelled", name) for name in ("labelled.jsonl", "back.jsonl"))
    assert back["shares"] == direct["shares"]
