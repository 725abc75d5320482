"""What a profile says of scored files, through the command and without it."""

import csv
import json

import numpy as np
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from experiments.articles.read import make_article
from experiments.articles.rows import TABLE_FORMATS, RowFormat
from experiments.articles.scored import ScoredArticle
from experiments.commands.main import app
from experiments.measures.proportions import proportion_bounds
from experiments.profile.counts import MOST_GROUPS, Counts
from experiments.profile.profiling import profile_of
from experiments.profile.typical import Typical
from experiments.profile.words import WordCounts
from experiments.scored.reading import parse_by
from experiments.scored.sources import find_sources
from tests.conftest import write_jsonl
from tests.experiments.profile.conftest import (
    THRESHOLDS,
    boilerplate,
    corpus,
    flat,
    row,
    write_parquet,
    write_parts,
)


def run(*arguments) -> tuple[int, str, str]:
    done = CliRunner().invoke(app, ["profile", *map(str, arguments)])
    return done.exit_code, done.stdout, done.stderr


def profiled(*arguments) -> dict:
    status, out, err = run(*arguments, "--json")
    assert status == 0, err
    return json.loads(out)


def refused(*arguments) -> str:
    status, out, err = run(*arguments)
    assert status == 2, out + err
    assert out == ""
    assert len(err.strip().splitlines()) == 1
    return err


def table(path) -> list[dict]:
    return list(csv.DictReader(path.open(encoding="utf-8")))


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def test_shares_leave_boilerplate_out_and_bounds_take_articles_whole(scored, tmp_path):
    found = profiled(scored, "--by", "outlet")
    assert (found["articles"], found["sentences"], found["boilerplate"]) == (12, 48, 12)
    threat = [each for each in found["shares"] if each["frame"] == "threat"]
    assert [(each["outlet"], each["given"], each["sentences"], each["share"]) for each in threat] == [
        ("", 18, 48, 0.375),
        ("Globe", 12, 24, 0.5),
        ("Post", 6, 24, 0.25),
    ]
    hits = np.asarray([1, 2] * 6)
    assert (threat[0]["low"], threat[0]["high"]) == pytest.approx(proportion_bounds(hits, np.full(12, 4)))
    assert threat[0]["low"] < 0.375 < threat[0]["high"]


def test_bounds_are_wider_where_articles_speak_with_one_voice(tmp_path):
    def written(name, alike):
        rows = []
        for article in range(20):
            for at in range(10):
                threatens = article < 10 if alike else at < 5
                rows.append(row(f"a{article}", at, "Text.", ["threat"] if threatens else []))
        return profiled(write_jsonl(tmp_path / name, rows))["shares"][0]

    same, mixed = written("same.jsonl", True), written("mixed.jsonl", False)
    assert same["share"] == mixed["share"] == 0.5
    assert same["high"] - same["low"] > 2 * (mixed["high"] - mixed["low"])


def test_csv_has_a_row_a_group_and_frame_beside_the_page(scored, tmp_path):
    assert run(scored, "--by", "outlet,month", "-o", "out/p.html")[0] == 0
    rows = table(tmp_path / "out/p.csv")
    assert list(rows[0]) == ["outlet", "month", "frame", "sentences", "articles", "given", "share", "low", "high"]
    groups = [(each["outlet"], each["month"]) for each in rows if each["frame"] == "threat"]
    months = ["2024-01", "2024-02", "2024-03"]
    assert groups == [
        ("", ""),
        ("Globe", ""),
        ("Post", ""),
        *(("", month) for month in months),
        *((outlet, month) for outlet in ("Globe", "Post") for month in months),
    ]
    crossed = next(each for each in rows if each["outlet"] == "Post" and each["month"] == "2024-02")
    assert crossed == {
        "outlet": "Post", "month": "2024-02", "frame": "threat", "sentences": "8", "articles": "2", "given": "2",
        "share": "0.250000", "low": "", "high": "",
    }  # fmt: skip


def test_every_form_that_score_writes_says_the_same(scored, tmp_path):
    rows = corpus()
    with (tmp_path / "scored.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(flat(rows)[0]))
        writer.writeheader()
        writer.writerows({**each, "labels": ";".join(each["labels"])} for each in flat(rows))
    write_parquet(tmp_path / "scored.parquet", rows)
    write_parts(tmp_path / "parts", rows, 7)
    found = [profiled(name, "--by", "outlet,day") for name in ("scored.jsonl", "scored.csv", "scored.parquet", "parts")]
    for other in found[1:]:
        assert other["shares"] == found[0]["shares"]
        assert other["words"] == found[0]["words"]
        assert other["typical"] == found[0]["typical"]
    assert found[3]["models"] == ["starter"]


def test_what_score_writes_is_what_profile_reads(tmp_path):
    articles = []
    for number in range(6):
        article = make_article(
            f"=a{number}", "Troops attacked. They met.\n\nPublished 12:03 GMT\n", {"outlet": "-Post"}
        )
        p = np.asarray([[0.9, 0.2], [0.3, 0.5], [np.nan, np.nan]])
        y = np.asarray([[1, 0], [0, 1], [0, 0]])
        articles.append(ScoredArticle(article, list(THRESHOLDS), p, y, THRESHOLDS))
    found = []
    for ending in TABLE_FORMATS:
        path = tmp_path / f"scored.{ending}"
        form = RowFormat(ending, list(THRESHOLDS), list(THRESHOLDS), (), ("outlet",))
        if ending == "parquet":
            pq.write_table(form.packed(articles), path)
        else:
            path.write_text(form.head + form.packed(articles), encoding="utf-8")
        found.append(profiled(path, "--by", "outlet"))
        assert (found[-1]["sentences"], found[-1]["boilerplate"]) == (12, 6)
        assert [(each["outlet"], each["given"]) for each in found[-1]["shares"]] == [
            ("", 6), ("", 6), ("-Post", 6), ("-Post", 6)
        ]  # fmt: skip
    assert found[0]["typical"] == found[1]["typical"] == found[2]["typical"]
    assert found[0]["typical"]["threat"][0]["article"] == "=a0"


def test_several_files_are_one_corpus(scored, tmp_path):
    rows = corpus()
    first, second = write_jsonl(tmp_path / "one.jsonl", rows[:13]), write_parquet(tmp_path / "two.parquet", rows[13:])
    assert profiled(first, second)["shares"] == profiled(scored)["shares"]


def test_words_that_mark_a_frame_come_first_and_shared_ones_not_at_all(scored):
    found = profiled(scored)["words"]["threat"]
    assert [word["word"] for word in found["words"][:2]] == ["troops", "attacked"]
    troops = found["words"][0]
    assert (troops["count"], troops["rest"]) == (18, 0)
    assert troops["z"] > 4
    assert not {"they", "met"} & {word["word"] for word in found["words"]}
    assert found["alpha_0"] == 18 * 5


def test_many_words_are_counted_in_bounded_memory_and_told_of():
    words = WordCounts(most=200)
    letters = str.maketrans("0123456789", "abcdefghij")
    for number in range(20_000):
        words.add(f"war {str(number).translate(letters)} talks", (0,) if number % 2 else ())
    assert len(words._numbers) <= 200
    (marking,), _ = words.marking(1)
    assert words.short > 0
    assert not {"war", "talks"} & {word.word for word in marking}  # as frequent on both sides
    for word in ("war", "talks"):
        assert 20_000 - words.short <= words._counts[0][words._numbers[word]] <= 20_000


def test_typical_sentences_are_the_surest_one_an_article_and_no_text_twice():
    typical = Typical()
    for score, text, article in (
        (0.5, "First.", "a"),
        (0.9, "Wire  copy.", "a"),
        (0.9, "wire copy.", "b"),  # the same text elsewhere
        (0.8, "Third.", "a"),  # the same article
        (0.7, "Fourth.", "c"),
        (0.6, "Fifth.", "b"),
    ):
        typical.add(score, text, article)
    assert [(each.score, each.article) for each in typical.best()] == [(0.9, "a"), (0.7, "c"), (0.6, "b")]


def test_typical_sentences_stay_few_however_many_are_read():
    typical = Typical()
    for number in range(5000):
        typical.add((number * 37 % 5000) / 5000, f"Text {number}.", f"a{number}")
    assert [round(each.score * 5000) for each in typical.best()] == list(range(4999, 4989, -1))
    assert len(typical._by_article) <= 60


def test_only_sentences_with_the_label_are_typical_of_it(tmp_path):
    rows = [row(f"a{at}", 0, f"Text {at}.", [], {"threat": 0.49, "cooperation": 0.1}) for at in range(6)]
    found = profiled(write_jsonl(tmp_path / "none.jsonl", rows))
    assert found["typical"] == {"threat": [], "cooperation": []}
    assert found["words"]["threat"]["words"] == []


def test_too_few_articles_have_shares_without_bounds_and_it_says_so(tmp_path):
    status, out, _ = run(write_jsonl(tmp_path / "few.jsonl", corpus(4)), "--by", "outlet")
    assert status == 0
    assert "4 article(s): fewer than 5 have no bounds" in out
    assert "2 of 2 groups by outlet have fewer than 5 articles" in out
    assert all(each["low"] == "" for each in table(tmp_path / "profile.csv"))


def test_missing_values_count_in_the_whole_and_are_told(scored, tmp_path):
    rows = corpus()
    for each in rows[:5]:
        each["date"], each["outlet"] = "", None
    found = profiled(write_jsonl(tmp_path / "gaps.jsonl", rows), "--by", "outlet,month")
    assert "4 of 48 sentences have nothing in column 'date'" in " ".join(found["notes"])
    assert "4 of 48 sentences have nothing in column 'outlet'" in " ".join(found["notes"])
    threat = [each for each in found["shares"] if each["frame"] == "threat"]
    assert threat[0]["sentences"] == 48
    assert sum(each["sentences"] for each in threat if each["month"] and not each["outlet"]) == 44


def test_an_article_in_two_groups_of_one_column_is_one_article_of_the_other(tmp_path):
    rows = [row("a", at, "Text.", [], outlet="Post", page=str(at)) for at in range(3)]
    found = profiled(write_jsonl(tmp_path / "pages.jsonl", rows), "--by", "outlet,page")
    assert [each["articles"] for each in found["shares"] if each["outlet"] and not each["page"]] == [1, 1]


@pytest.mark.parametrize("date", ["10/10/18", "yesterday", "1433011510000", "2024-02-30", "2024-13", "42145"])
def test_what_is_no_date_is_named_by_its_row(tmp_path, date):
    rows = corpus()
    rows[6]["date"] = date
    err = refused(write_jsonl(tmp_path / "dates.jsonl", rows), "--by", "month")
    assert f"dates.jsonl line 7: column 'date': {date!r} is no ISO date" in err
    assert not (tmp_path / "profile.html").exists()
    assert not (tmp_path / "profile.csv").exists()


def test_dates_may_be_coarse_or_timestamps_but_fine_enough(tmp_path):
    rows = [row(f"a{at}", 0, "Text.", [], seen=date) for at, date in enumerate(["2024-05", "2024-05-31T23:59:59Z"])]
    path = write_jsonl(tmp_path / "coarse.jsonl", rows)
    months = {each["month"] for each in profiled(path, "--by", "month", "--date", "seen")["shares"]}
    assert months == {"", "2024-05"}
    assert "'2024-05' has no day; write it as 2024-05-31" in refused(path, "--by", "day", "--date", "seen")


def test_the_page_stands_for_itself_and_says_what_shares_are(scored, tmp_path):
    rows = [{**each, "outlet": f"<b>{each['outlet']}</b>"} for each in corpus()]
    rows[0]["text"] = "<script>alert(1)</script> attacked."
    status, out, _ = run(write_jsonl(tmp_path / "tags.jsonl", rows), "--by", "outlet,month")
    assert status == 0
    page = (tmp_path / "profile.html").read_text(encoding="utf-8")
    assert "<script" not in page
    assert "<b>Post" not in page
    assert "http://" not in page.replace('xmlns="http://www.w3.org/2000/svg"', "").replace(
        'xmlns:xlink="http://www.w3.org/1999/xlink"', ""
    )
    for said in (page, out):
        assert "of what the model says" in said
        assert "not the model" in said
        assert "docs/profile.md" in said
    assert page.count("<figure") == 2  # of outlets and months; crossed, no group has five articles
    assert "By outlet and month" in page


def test_lines_over_time_by_outlet_are_drawn_where_there_are_bounds(tmp_path):
    rows = [
        row(f"a{at}", 0, f"Text {at}.", ["threat"] if at % 3 else [], outlet="Post", date=f"{2020 + at // 6}-01-01")
        for at in range(24)
    ]
    assert run(write_jsonl(tmp_path / "years.jsonl", rows), "--by", "outlet,year")[0] == 0
    assert (tmp_path / "profile.html").read_text(encoding="utf-8").count("<figure") == 3


def test_stances_are_exclusive_and_sentences_that_may_be_guesses_are_told_of(tmp_path):
    rows = []
    for at in range(30):
        given = ("favor", "against", "none")[at % 3]
        scores = {name: (0.8 if name == given else 0.1) for name in ("favor", "against", "none")}
        each = row(f"a{at}", 0, f"Text {at}.", [given], scores, touches_target=at % 2 == 0, target_in_training=False)
        del each["thresholds"]
        rows.append(each)
    found = profiled(write_jsonl(tmp_path / "stance.jsonl", rows), "--by", "touches_target")
    assert found["exclusive"]
    assert sum(each["share"] for each in found["shares"][:3]) == pytest.approx(1)
    assert [each["touches_target"] for each in found["shares"][::3]] == ["", "false", "true"]
    notes = " ".join(found["notes"])
    assert "15 of 30 sentences have no word of the target" in notes
    assert "the target was not in training" in notes
    assert "A sentence may have several" not in (tmp_path / "profile.html").read_text(encoding="utf-8")


def test_what_was_never_scored_is_refused(tmp_path):
    plain = write_jsonl(tmp_path / "plain.jsonl", [{"article": "a", "text": "Text."}])
    assert "plain.jsonl: is no scored file: it has no column 'labels'" in refused(plain)
    rated = write_jsonl(tmp_path / "rated.jsonl", [{"article": "a", "text": "Text.", "labels": []}])
    assert "it has no column 'scores'" in refused(rated)
    (tmp_path / "table.csv").write_text("id,text,labels\n1,Text.,threat\n", encoding="utf-8")
    assert "table.csv: is no scored file: it has no column 'article'; it has id, text, labels" in refused("table.csv")
    assert "no such file" in refused("nowhere.jsonl")
    assert "-: scored rows are not read from standard input" in refused("-")


def test_nothing_to_profile_is_said(tmp_path):
    aside = write_jsonl(tmp_path / "aside.jsonl", [boilerplate("a", at) for at in range(3)])
    assert "aside.jsonl: all 3 sentences are marked as boilerplate" in refused(aside)
    (tmp_path / "blank.jsonl").write_text("\n\n", encoding="utf-8")
    assert "blank.jsonl: holds no rows" in refused("blank.jsonl")
    (tmp_path / "empty.jsonl").touch()
    assert "empty.jsonl: is empty" in refused("empty.jsonl")
    (tmp_path / "folder").mkdir()
    assert "folder: holds no scored file" in refused("folder")


def test_labels_of_two_models_are_not_mixed(scored, tmp_path):
    other = [row("b", 0, "Text.", [], {"threat": 0.1, "denial": 0.2})]
    err = refused(scored, write_jsonl(tmp_path / "other.jsonl", other))
    assert "other.jsonl line 1: has the labels threat, denial, but" in err
    assert "scored.jsonl has threat, cooperation" in err


def test_different_thresholds_are_told_of(tmp_path):
    rows = corpus()
    rows[20]["thresholds"] = {"threat": 0.3, "cooperation": 0.4}
    assert "different thresholds" in " ".join(profiled(write_jsonl(tmp_path / "two.jsonl", rows))["notes"])


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"labels": ["denial"]}, "labels has 'denial', which has no score"),
        ({"labels": None}, "labels is None, and must list labels"),
        ({"article": " "}, "names no article"),
        ({"scores": {"threat": 1.4, "cooperation": 0.1}}, "the score of threat is 1.4, and must be from 0 to 1"),
        ({"scores": {"threat": "0,4", "cooperation": 0.1}}, "the score of threat is '0,4', and must be a number"),
        ({"scores": {"threat": float("nan"), "cooperation": 0.1}}, "the score of threat is nan"),
        ({"scores": {}}, "has no scores and is no boilerplate"),
    ],
)
def test_a_damaged_row_is_named(tmp_path, change, said):
    rows = corpus()
    rows[3] |= change
    assert f"bad.jsonl line 4: {said}" in refused(write_jsonl(tmp_path / "bad.jsonl", rows))


def test_columns_to_group_by_are_checked(scored):
    assert "has no column 'paper' for --by paper; it has outlet, date" in refused(scored, "--by", "paper")
    assert "name the column of dates with --date" in refused(scored, "--by", "month", "--date", "seen")
    assert "--by text: is what scoring says" in refused(scored, "--by", "text")
    assert "--by score_threat: is what scoring says" in refused(scored, "--by", "score_threat")
    assert "--by outlet,date,month: names 3 columns" in refused(scored, "--by", "outlet,date,month")
    assert "--by: outlet stands twice" in refused(scored, "--by", "outlet,outlet")
    assert "--by share: the CSV has a column 'share'" in refused(scored, "--by", "share")


def test_too_many_groups_are_refused():
    counts = Counts(["url"])
    for number in range(MOST_GROUPS):
        counts.add(f"a{number}", (f"u{number}",), (), 2)
    with pytest.raises(Exception, match=r"--by url: there are more than 10,000 groups"):
        counts.add("b", ("one more",), (), 2)
    counts.add("c", ("u5",), (1,), 2)  # one that there is


def test_parts_of_a_folder_are_those_that_its_manifest_lists(tmp_path):
    folder = write_parts(tmp_path / "parts", corpus(), 20)
    write_parquet(folder / "part-00099.parquet", corpus())  # of a part that was being written
    found = profiled("parts")
    assert found["sentences"] == 48
    assert "1 file(s) that manifest.json doesn't list are left out, such as part-00099.parquet" in found["notes"][0]
    (folder / "part-00001.parquet").unlink()
    assert "parts/part-00001.parquet: is missing" in refused("parts")


def test_an_unfinished_job_is_told_of(tmp_path):
    write_parts(tmp_path / "parts", corpus(), 20, complete=False)
    assert "its scoring isn't finished" in profiled("parts")["notes"][0]


def test_a_damaged_part_is_named(tmp_path):
    folder = write_parts(tmp_path / "parts", corpus(), 20)
    part = folder / "part-00001.parquet"
    part.write_bytes(part.read_bytes()[:-200])
    assert "parts/part-00001.parquet: is not a readable Parquet file" in refused("parts")
    (folder / "manifest.json").write_text("{", encoding="utf-8")
    assert "manifest.json: is damaged" in refused("parts")


def test_no_file_is_counted_twice(scored, tmp_path):
    assert "scored.jsonl: is read twice" in refused("scored.jsonl", "scored.jsonl")
    (tmp_path / "again.jsonl").symlink_to(scored)
    assert "again.jsonl: is read twice (also as scored.jsonl)" in refused("scored.jsonl", "again.jsonl")


def test_no_output_takes_the_place_of_an_input_or_of_the_other(scored, tmp_path):
    before = scored.read_bytes()
    assert "is also read" in refused("scored.jsonl", "-o", "scored.jsonl")
    assert "is also read" in refused("scored.jsonl", "--csv", "scored.jsonl")
    assert "can't be one file" in refused("scored.jsonl", "-o", "p.csv")
    assert scored.read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["scored.jsonl"]


def test_cells_that_spreadsheets_would_run_are_guarded_once(tmp_path):
    rows = corpus()
    for each in rows:
        each["outlet"] = "=cmd()" if each["outlet"] == "Post" else "'Tis"
    write_jsonl(tmp_path / "formulas.jsonl", rows)
    assert run("formulas.jsonl", "--by", "outlet", "--csv", "t.csv")[0] == 0
    assert {each["outlet"] for each in table(tmp_path / "t.csv")} == {"", "'=cmd()", "'Tis"}
    with (tmp_path / "scored.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(flat(rows)[0]))
        writer.writeheader()
        for each in flat(rows):
            guarded = "'=cmd()" if each["outlet"] == "=cmd()" else each["outlet"]
            writer.writerow({**each, "labels": ";".join(each["labels"]), "outlet": guarded})
    assert {each["outlet"] for each in profiled("scored.csv", "--by", "outlet")["shares"]} == {"", "=cmd()", "'Tis"}


def test_a_label_may_hold_the_separator(tmp_path):
    (tmp_path / "odd.csv").write_text(
        "article,text,labels,boilerplate,score_war; peace,score_talks\n"
        "a,Text.,war; peace;talks,false,0.9,0.8\nb,Text.,,False,0.1,0.2\nc,More.,,TRUE,,\n",
        encoding="utf-8",
    )
    found = profiled("odd.csv")
    assert [(each["frame"], each["given"]) for each in found["shares"]] == [("war; peace", 1), ("talks", 1)]
    assert (found["sentences"], found["boilerplate"]) == (2, 1)


def test_progress_counts_rows(scored):
    from experiments.progress import Progress

    shown = Progress("reading", lambda line: None)
    rows = corpus(900)
    write_jsonl(scored, rows)
    profile_of(find_sources([str(scored)]), parse_by(["outlet"]), shown=shown)
    assert shown.text == "4,096 rows"
    assert 0.8 < (shown.share or 0) <= 1
