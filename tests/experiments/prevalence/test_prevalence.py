"""Corrected shares of scored files, through the command: what they are, and what is refused."""

import csv
import shutil
from pathlib import Path

import numpy as np
import pytest

from experiments.measures.prevalence_counts import Emq
from experiments.model.classifier import fingerprint
from tests.conftest import ROOT, write_jsonl
from tests.experiments.prevalence.conftest import read, refused, run, said
from tests.experiments.profile.conftest import boilerplate, row


def share(found: dict, frame: str, method: str = "ppi++", **by) -> dict:
    """Return a row of the shares: of the whole, or of the group with these values."""
    names = [name for name in ("outlet", "month") if name in found["shares"][0]]
    return next(
        each
        for each in found["shares"]
        if (each["frame"], each["method"]) == (frame, method) and all(each[name] == by.get(name, "") for name in names)
    )


def test_shares_are_corrected_and_the_one_to_report_is_named(scored, labelled, truth):
    found = said("prevalence", scored, "--labelled", "labelled.jsonl")
    true = np.mean(["threat" in each for each in truth.values()])
    best, naive = share(found, "threat"), share(found, "threat", "naive")
    assert found["report"] == "ppi++"
    assert [each["method"] for each in found["shares"] if each["report"]] == ["ppi++", "ppi++"]
    assert best["low"] < true < best["high"]
    given = np.mean(["threat" in each["labels"] for each in read(scored) if not each.get("boilerplate")])
    assert naive["share"] == pytest.approx(given)
    rare = np.mean(["cooperation" in each for each in truth.values()])
    counted, best = share(found, "cooperation", "naive"), share(found, "cooperation")
    assert counted["low"] > rare  # bounds that don't know of errors
    assert best["low"] < rare < best["high"]
    assert (found["sentences"], found["boilerplate"], found["sample_decided"]) == (480, 80, 120)


def test_a_corpus_that_is_labelled_whole_has_its_own_shares(scored, truth):
    rows = [
        {
            **{name: cell for name, cell in each.items() if name not in ("boilerplate", "scores", "thresholds")},
            "labels": truth[each["article"], each["sentence"]],
            "probability": 1.0,
        }
        for each in read(scored)
        if not each.get("boilerplate")
    ]
    write_jsonl(Path("all.jsonl"), rows)
    found = said("prevalence", scored, "--labelled", "all.jsonl", "--by", "outlet")
    for outlet in ("Post", "Globe"):
        own = [each for each in rows if each["outlet"] == outlet]
        for method in ("ppi++", "dsl", "sample"):
            expected = np.mean(["threat" in each["labels"] for each in own])
            assert share(found, "threat", method, outlet=outlet)["share"] == pytest.approx(expected)


def test_a_boosted_sample_is_weighted_back(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rows = [row(f"a{n}", 1, f"Text {n}.", ["threat"] * (n % 20 == 0)) for n in range(200)]
    write_jsonl(Path("s.jsonl"), rows)
    said("sample", "s.jsonl", "-n", 40, "--boost", 0.5, "-o", "l.jsonl")
    sample = [{**each, "labels": ["threat"] * (int(each["article"][1:]) % 20 == 0)} for each in read("l.jsonl")]
    write_jsonl(Path("l.jsonl"), sample)
    found = said("prevalence", "s.jsonl", "--labelled", "l.jsonl")
    assert sum(each["labels"] == ["threat"] for each in sample) == 10
    for method in ("ppi++", "dsl", "sample", "adjusted"):
        assert share(found, "threat", method)["share"] == pytest.approx(0.05)


def test_groups_have_shares_and_differences_with_bounds(scored, labelled):
    found = said("prevalence", scored, "--labelled", "labelled.jsonl", "--by", "outlet,month")
    post, globe = (share(found, "threat", outlet=outlet) for outlet in ("Post", "Globe"))
    assert post["low"] < 0.1 < post["high"] < globe["high"]
    assert post["labelled"] + globe["labelled"] == 120
    gap = next(each for each in found["differences"] if each["by"] == ["outlet"] and each["frame"] == "threat")
    assert (gap["group"], gap["other"]) == (["Globe"], ["Post"])
    assert 0 < gap["low"] < 0.3 < gap["high"] and gap["p_holm"] < 0.01
    assert gap["difference"] == pytest.approx(globe["share"] - post["share"])
    by_month = [each for each in found["differences"] if each["by"] == ["month"]]
    assert len(by_month) == 6 and {each["other"] for each in by_month} == {"all others"}
    assert all(each["low"] < 0 < each["high"] for each in by_month)
    assert share(found, "threat", outlet="Globe", month="2024-01")["sentences"] > 0


def test_what_a_width_takes_is_less_with_the_model_and_less_for_a_wider_one(scored, labelled):
    narrow, wide = (
        said("prevalence", scored, "--labelled", "labelled.jsonl", "--width", w)["needed"] for w in (0.1, 0.2)
    )
    assert wide["labelled"]["threat"] < narrow["labelled"]["threat"]
    assert wide["labelled"]["threat"] < 120
    assert narrow["labelled"]["threat"] <= narrow["labelled_without_model"]["threat"]


def test_labels_that_exclude_each_other_have_shares_that_add_up_to_one(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(1)
    names, rows, sample = ["favor", "against", "none"], [], []
    for number in range(200):
        true = names[rng.choice(3, p=[0.5, 0.3, 0.2])]
        scores = dict(zip(names, rng.dirichlet([6 if name == true else 1 for name in names]), strict=True))
        each = row(f"a{number}", 1, f"Text {number}.", [max(scores, key=scores.get)], scores)
        del each["thresholds"]
        rows.append(each)
        if number < 80:
            sample.append({"article": each["article"], "sentence": 1, "text": each["text"], "labels": true})
    write_jsonl(Path("s.jsonl"), rows)
    write_jsonl(Path("l.jsonl"), sample)
    found = said("prevalence", "s.jsonl", "--labelled", "l.jsonl", "--probabilities", "equal")
    for method in ("ppi++", "naive", "adjusted", "emq", "dsl"):
        assert sum(each["share"] for each in found["shares"] if each["method"] == method) == pytest.approx(1, abs=0.01)
    assert "same chance" in found["notes"][0]
    write_jsonl(Path("l.jsonl"), [{**each, "labels": names[:2]} for each in sample])
    assert "exactly one of" in refused("prevalence", "s.jsonl", "--labelled", "l.jsonl", "--probabilities", "equal")


def test_rows_that_nobody_decided_are_left_out_counted_and_weighted_for(scored, labelled):
    rows = [{**each, "labels": None} if number % 5 == 0 else each for number, each in enumerate(labelled)]
    write_jsonl(Path("some.jsonl"), rows)
    found = said("prevalence", scored, "--labelled", "some.jsonl")
    assert (found["sample_rows"], found["sample_decided"]) == (120, 96)
    assert any("24 of 120 rows of the sample are undecided" in note for note in found["notes"])
    write_jsonl(Path("fewer.jsonl"), [each for each in rows if each["labels"] is not None])
    dropped = said("prevalence", scored, "--labelled", "fewer.jsonl")
    assert dropped["shares"] == found["shares"]
    write_jsonl(
        Path("partly.jsonl"),
        [{**each, "labels": [], "undecided": ["threat"]} for each in labelled[:60]] + labelled[60:],
    )
    partly = said("prevalence", scored, "--labelled", "partly.jsonl")
    assert (share(partly, "threat")["labelled"], share(partly, "cooperation")["labelled"]) == (60, 120)


@pytest.fixture
def shares_of(tmp_path, monkeypatch):
    """Return a function: the share of the sample alone, by what was drawn of 44 sentences, each of its own article."""
    monkeypatch.chdir(tmp_path)
    write_jsonl(Path("s.jsonl"), [row(f"a{n}", 1, f"Text {n}.") for n in range(44)])

    def command(rows: list[dict], *options: str) -> list[str]:
        sample = [{"article": f"a{n}", "sentence": 1, "text": f"Text {n}.", **each} for n, each in enumerate(rows)]
        write_jsonl(Path("l.jsonl"), sample)
        return ["prevalence", "s.jsonl", "--labelled", "l.jsonl", *options]

    return command


def test_rows_of_a_stratum_stand_each_for_what_its_own_probability_says(shares_of):
    rows = [{"labels": ["threat"] * (at < 6), "p": 0.5 if at < 6 else 6 / 32} for at in range(12)]
    expected = 12 / 44
    for columns, options in (
        (("probability",), []),
        (("p",), ["--probabilities", "p"]),
        (("p", "probability"), ["--probabilities", "p"]),
    ):
        drawn = [
            {
                "labels": each["labels"],
                "stratum": "1",
                "stratum_size": 44,
                **({"probability": 12 / 44} if len(columns) > 1 else {}),
                columns[0]: each["p"],
            }
            for each in rows
        ]
        found = said(*shares_of(drawn, *options))
        assert share(found, "threat", "sample")["share"] == pytest.approx(expected)


def test_probabilities_of_ones_own_are_not_undone_by_the_sizes_of_strata(shares_of):
    """Strata of 22 from which six were drawn each, of which the user says that one is drawn three times as often."""
    rows = [
        {
            "labels": ["threat"] * (at < 6),
            "stratum": str(at // 6),
            "stratum_size": 22,
            "probability": 6 / 22,
            "p": 6 / 11 if at < 6 else 6 / 33,
        }
        for at in range(12)
    ]
    assert share(said(*shares_of(rows)), "threat", "sample")["share"] == pytest.approx(0.5)
    assert share(said(*shares_of(rows, "--probabilities", "p")), "threat", "sample")["share"] == pytest.approx(0.25)


def test_strata_without_sizes_are_made_up_for_and_refused_as_those_with_sizes(shares_of):
    rows = [{"labels": ["threat"] * (at < 6), "stratum": str(at // 6), "probability": 6 / 22} for at in range(12)]
    some = [{**each, "labels": None} if at in (0, 1, 2) else each for at, each in enumerate(rows)]
    assert share(said(*shares_of(some)), "threat", "sample")["share"] == pytest.approx(0.5)
    none = [{**each, "labels": None} if at < 6 else each for at, each in enumerate(rows)]
    assert "nobody has decided on any sentence of stratum '0', which stands for 22 of 44" in refused(*shares_of(none))
    partly = [{"labels": [], "undecided": ["threat"]} for _ in range(12)]
    assert "a label on which nobody has decided" in refused(*shares_of(partly, "--probabilities", "equal"))


def test_a_sample_without_a_label_has_bounds_and_a_note(scored, labelled):
    write_jsonl(Path("none.jsonl"), [{**each, "labels": []} for each in labelled])
    found = said("prevalence", scored, "--labelled", "none.jsonl")
    best = share(found, "threat")
    assert best["share"] == best["low"] == 0
    assert 0.01 < best["high"] < 0.2
    assert share(found, "threat", "adjusted")["share"] is None
    assert any("no labelled sentence has threat" in note for note in found["notes"])


def test_groups_without_labels_and_sentences_without_a_value_are_told_of(scored, made, labelled):
    rows = [*made[0], *(row("x", at, f"X {at}.", outlet="Tiny") for at in range(3)), row("y", 1, "Y.", outlet="")]
    write_jsonl(Path("more.jsonl"), rows)
    plain = [{name: cell for name, cell in each.items() if not name.startswith("stratum")} for each in labelled]
    write_jsonl(Path("plain.jsonl"), plain)
    found = said("prevalence", "more.jsonl", "--labelled", "plain.jsonl", "--by", "outlet")
    for method in ("ppi++", "sample", "dsl", "adjusted", "emq"):
        assert share(found, "threat", method, outlet="Tiny")["share"] is None
        assert share(found, "threat", method, outlet="Post")["share"] is not None
    assert share(found, "threat", "naive", outlet="Tiny")["share"] == 0
    assert any(
        "1 of 3 groups by outlet have no labelled sentence" in note and "Tiny" in note for note in found["notes"]
    )
    assert any("1 sentences have nothing in column 'outlet'" in note for note in found["notes"])
    assert "Tiny" not in {name for each in found["differences"] for name in each["group"]}


def test_labelled_sentences_of_fewer_than_five_articles_have_no_bounds_by_any_method(scored, made, truth):
    def shares(articles: int, *options: str) -> dict[str, dict]:
        rows = [
            {**each, "labels": truth[each["article"], each["sentence"]]}
            for each in made[0]
            if int(each["article"][1:]) < articles and not each.get("boilerplate")
        ]
        write_jsonl(Path("few.jsonl"), rows)
        found = said("prevalence", scored, "--labelled", "few.jsonl", "--probabilities", "equal", *options)
        group = {"outlet": "Globe"} if options else {}
        return {method: share(found, "threat", method, **group) for method in found["methods"]}

    for found in (shares(4), shares(8, "--by", "outlet")):
        assert all(each["share"] is not None for each in found.values())
        assert [method for method, each in found.items() if each["low"] is not None] == ["naive"]
    assert all(each["low"] is not None for each in shares(16).values())


def test_all_others_are_counted_by_the_reported_method_alone(scored, labelled, monkeypatch):
    """EMQ of all others, of which nothing is shown, took most of the time where there were many groups."""
    calls = []
    shares = Emq.shares
    monkeypatch.setattr(Emq, "shares", lambda *arguments, **named: calls.append(1) or shares(*arguments, **named))
    found = said("prevalence", scored, "--labelled", "labelled.jsonl", "--by", "month")
    assert len(found["differences"]) == 6
    assert len(calls) == 2 * (1 + 3)


def test_page_table_and_text_say_the_same(scored, labelled):
    status, out, err = run("prevalence", scored, "--labelled", "labelled.jsonl", "--by", "outlet", "-o", "p.html")
    assert status == 0, err
    assert "PPI++" in out and "Report the column PPI++" in out and "differ" in out
    assert "was not looked at" in out
    page = Path("p.html").read_text(encoding="utf-8")
    assert "Which figure to report" in page and page.count("<svg") == 2
    with Path("p.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    best = next(each for each in rows if each["method"] == "ppi++" and not each["outlet"] and each["frame"] == "threat")
    assert f"{float(best['share']):.3f} [{float(best['low']):.3f}, {float(best['high']):.3f}]" in out
    assert f"{100 * float(best['share']):.1f}%" in page
    assert len(rows) == 6 * 2 * 3


def test_names_in_a_page_are_escaped(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    name = "<b>&threat"
    rows = [
        {**row(f"a{n}", 1, f"T {n}.", [name] if n % 2 else [], {name: 0.9 if n % 2 else 0.1}, outlet="<i>")}
        for n in range(12)
    ]
    for each in rows:
        each["thresholds"] = {name: 0.5}
    write_jsonl(Path("s.jsonl"), rows)
    sample = [{"article": f"a{n}", "sentence": 1, "text": f"T {n}.", "labels": [name] * (n % 2)} for n in range(8)]
    write_jsonl(Path("l.jsonl"), sample)
    said("prevalence", "s.jsonl", "--labelled", "l.jsonl", "--probabilities", "equal", "--by", "outlet")
    page = Path("prevalence.html").read_text(encoding="utf-8")
    assert "<b>&threat" not in page and "<i>" not in page.split("</style>")[1].replace("<i>with it</i>", "").replace(
        "<i>Labelled</i>", ""
    ).replace("<i>weight</i>", "").replace("<i>p</i>", "")


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda row: {**row, "probability": 0}, "the probability is 0, and must be above 0"),
        (lambda row: {**row, "probability": 1.5}, "the probability is 1.5, and must be above 0"),
        (lambda row: {**row, "probability": None}, "the probability is None"),
        (lambda row: {**row, "probability": "often"}, "the probability is 'often'"),
        (lambda row: {**row, "text": "Something else."}, "has another text"),
        (lambda row: {**row, "sentence": 99}, "is not among the scored sentences"),
        (lambda row: {**row, "sentence": 6, "text": "Read more."}, "or is boilerplate"),
        (lambda row: {**row, "labels": ["denial"]}, "which the task doesn't know"),
        (lambda row: {**row, "stratum_size": 7}, "stratum_size is 7"),
        (lambda row: {**row, "stratum": ""}, "has no stratum"),
        (lambda row: {**row, "article": ""}, "names no article"),
    ],
)
def test_a_row_that_can_not_be_used_is_named(scored, labelled, change, told):
    write_jsonl(Path("bad.jsonl"), [*labelled[:30], change(labelled[30]), *labelled[31:]])
    error = refused("prevalence", scored, "--labelled", "bad.jsonl")
    assert told in error
    assert "bad.jsonl line 31" in error or "stratum_size" in told
    assert not Path("prevalence.html").exists() and not Path("prevalence.csv").exists()


def test_a_sample_that_says_too_little_is_refused(scored, made, labelled, drawn):
    def without(*names):
        write_jsonl(
            Path("bad.jsonl"), [{key: cell for key, cell in each.items() if key not in names} for each in labelled]
        )
        return refused("prevalence", scored, "--labelled", "bad.jsonl")

    assert "--probabilities equal if every scored sentence had the same chance" in without("probability")
    assert "no column 'article'" in without("article")
    assert "no column 'sentence' or 'start'" in without("sentence", "start")
    assert "has no column 'labels'" in refused("prevalence", scored, "--labelled", "sample.jsonl")
    write_jsonl(Path("bad.jsonl"), [{**each, "labels": None} for each in labelled])
    assert "nobody has decided on two of its 120 rows" in refused("prevalence", scored, "--labelled", "bad.jsonl")
    write_jsonl(Path("bad.jsonl"), [*labelled, labelled[3]])
    assert "is the same sentence as bad.jsonl line 4" in refused("prevalence", scored, "--labelled", "bad.jsonl")
    one = labelled[0]["stratum"]
    write_jsonl(Path("bad.jsonl"), [{**each, "labels": None} if each["stratum"] == one else each for each in labelled])
    assert "nobody has decided on any sentence of stratum" in refused("prevalence", scored, "--labelled", "bad.jsonl")
    write_jsonl(Path("bad.jsonl"), [each for each in labelled if each["stratum"] != one])
    assert "strata have" in refused("prevalence", scored, "--labelled", "bad.jsonl")
    write_jsonl(Path("part.jsonl"), [*made[0], row("z", 1, "Z.", outlet="Post", date="2024-01-01")])
    assert "480 sentences together, and the scored files 481" in refused(
        "prevalence", "part.jsonl", "--labelled", "labelled.jsonl"
    )


def test_files_and_options_that_make_no_sense_are_refused(scored, labelled):
    write_jsonl(Path("plain.jsonl"), [{"article": "a", "text": "T.", "labels": []}])
    assert "no column 'scores'" in refused("prevalence", "plain.jsonl", "--labelled", "labelled.jsonl")
    write_jsonl(Path("aside.jsonl"), [boilerplate("a", 1)])
    assert "marked as boilerplate" in refused("prevalence", "aside.jsonl", "--labelled", "labelled.jsonl")
    write_jsonl(Path("double.jsonl"), read(scored) + read(scored)[:7])
    assert "stands twice in the scored files" in refused("prevalence", "double.jsonl", "--labelled", "labelled.jsonl")
    for options, told in (
        (["--width", 0], "--width 0.0"),
        (["--by", "section"], "has no column 'section'"),
        (["--by", "method"], "a column 'method' of its own"),
        (["-o", "labelled.jsonl"], "is also read"),
        (["-o", "p.csv"], "can't be one file"),
        (["--model", "nowhere"], "nowhere"),
    ):
        assert told in refused("prevalence", scored, "--labelled", "labelled.jsonl", *options)


def test_a_model_that_was_trained_on_the_sample_is_refused(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shutil.copytree(ROOT / "tests/experiments/saved_models/separate-0.1.0", "model")
    texts = [f"Nobody has seen text {n}." for n in range(12)]
    with Path("model/trained-on.txt").open("a", encoding="utf-8") as file:
        file.write("".join(f"{fingerprint(text)}\n" for text in texts[9:]))
    write_jsonl(Path("s.jsonl"), [row(f"a{n}", 1, text) for n, text in enumerate(texts)])
    sample = [{"article": f"a{n}", "sentence": 1, "text": text, "labels": []} for n, text in enumerate(texts)]
    write_jsonl(Path("l.jsonl"), sample)
    command = ["prevalence", "s.jsonl", "--labelled", "l.jsonl", "--probabilities", "equal", "--model", "model"]
    error = refused(*command)
    assert "l.jsonl line 10: model was trained on this sentence (3 of 12 rows)" in error
    write_jsonl(Path("l.jsonl"), sample[:9])
    assert not any("was not looked at" in note for note in said(*command)["notes"])


@pytest.mark.parametrize("text", ["- He said no.", "@bbc reports talks", "=1 is what it says", "+ 5 dead"])
def test_a_sentence_of_the_training_is_known_though_a_spreadsheet_guards_it(tmp_path, monkeypatch, text):
    monkeypatch.chdir(tmp_path)
    shutil.copytree(ROOT / "tests/experiments/saved_models/separate-0.1.0", "model")
    with Path("model/trained-on.txt").open("a", encoding="utf-8") as file:
        file.write(f"{fingerprint(text)}\n")
    write_jsonl(Path("s.jsonl"), [row(f"a{n}", 1, text if n == 0 else f"Unseen {n}.") for n in range(12)])
    said("sample", "s.jsonl", "-n", 12, "-o", "l.csv")
    with Path("l.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert sum(each["text"] == f"'{text}" for each in rows) == 1
    with Path("l.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, [*rows[0], "labels"])
        writer.writeheader()
        writer.writerows({**each, "labels": ""} for each in rows)
    error = refused("prevalence", "s.jsonl", "--labelled", "l.csv", "--model", "model")
    assert "was trained on this sentence (1 of 12 rows)" in error


def test_sentences_left_to_a_human_are_part_of_the_corpus(scored, labelled):
    """Else the corpus would be the sure sentences alone, of which few have a label."""
    expected = said("prevalence", scored, "--labelled", "labelled.jsonl")
    drawn = said("sample", scored, "-n", 50, "-o", "drawn.jsonl")
    unsure = [
        {**each, "abstained": True, "labels": None}
        if any(0.3 < score < 0.7 for score in each.get("scores", {}).values())
        else {**each, "abstained": False}
        for each in read(scored)
    ]
    assert sum(each["abstained"] for each in unsure) > 100
    write_jsonl(Path("unsure.jsonl"), unsure)
    found = said("prevalence", "unsure.jsonl", "--labelled", "labelled.jsonl")
    assert found["shares"] == expected["shares"] and found["sentences"] == 480
    again = said("sample", "unsure.jsonl", "-n", 50, "-o", "again.jsonl")
    assert again["sentences"] == drawn["sentences"]
    left = f"{sum(each['abstained'] for each in unsure):,} sentences were left to a human (abstained)"
    assert all(any(note.startswith(left) for note in each["notes"]) for each in (found, again))
    assert not any("abstained" in note for each in (expected, drawn) for note in each["notes"])
    assert read("again.jsonl") == read("drawn.jsonl")


def test_rows_that_are_missing_of_a_sample_are_told_of(scored, labelled):
    assert not any(
        "not in labelled.jsonl" in note for note in said("prevalence", scored, "--labelled", "labelled.jsonl")["notes"]
    )
    write_jsonl(Path("labelled.jsonl"), labelled[9:])
    found = said("prevalence", scored, "--labelled", "labelled.jsonl")
    assert any(
        note.startswith("9 of the 120 rows that were drawn are not in labelled.jsonl") for note in found["notes"]
    )


def test_a_boosted_sample_is_not_taken_for_an_equal_one_nor_a_models_labels_for_peoples(scored, truth):
    said("sample", scored, "-n", 60, "--boost", 0.5, "-o", "boosted.jsonl")
    rows = [{**each, "labels": truth[each["article"], each["sentence"]]} for each in read("boosted.jsonl")]
    write_jsonl(Path("boosted.jsonl"), rows)
    assert "were drawn with different ones" in refused(
        "prevalence", scored, "--labelled", "boosted.jsonl", "--probabilities", "equal"
    )
    assert "its labels are a model's" in refused("prevalence", scored, "--labelled", scored, "--probabilities", "equal")
