"""Whatever a config, table or page holds: it is read, or refused in one line, within bounds."""

import contextlib
import json
import os
import random
import socket
import threading
from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest
import typer
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from experiments.articles.html import decode_html, from_html
from experiments.articles.read import read_articles
from experiments.commands.console import Console
from experiments.commands.main import app
from experiments.config.files import load_config, read_yaml
from experiments.config.schema import Config
from experiments.corpus.rows import load_labelled
from experiments.encodings import decode
from experiments.errors import InputError, one_line, short
from experiments.tables.read import read_table
from tests.growth import grows_no_faster
from tests.mutate import CONFIG, SEEDS, kind_of, mutated

BASE = "name: odd\ndefaults: framing/lexicon\n"

ARTICLE = "<p>The ministry of trade in Ostland denied the claims that its ships had been stopped at the port.</p>" * 8


@lru_cache
def lexicon_config() -> Config:
    """Return the shipped config that is read soonest."""
    return load_config("framing/lexicon")


def refusal(text: str, folder: Path, *overrides: str) -> str:
    """Return the one line with which a config is refused."""
    path = folder / "odd.yaml"
    path.write_text(text, encoding="utf-8", errors="surrogatepass")
    with pytest.raises(InputError) as refused:
        load_config(str(path), overrides)
    message = str(refused.value)
    assert message.count("\n") == 0
    assert len(message) < 400
    return message.removeprefix(f"{path}: ")


LAUGHS = "a0: &a0 [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"a{n}: &a{n} [{','.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 12)
)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (LAUGHS, "stands for more than 200,000 values"),
        ("a: &a [*a]", "line 3: is not valid YAML: *a stands within what it names"),
        ("a: &a {<<: *a}", "*a stands within what it names"),
        ("a: " + "[" * 400 + "]" * 400, "nested deeper than 50 levels"),
        ("".join(f"a{n}: &a{n} {'[' * 9}{f'*a{n - 1}' if n else 1}{']' * 9}\n" for n in range(90)), "nested deeper"),
        ("seed: " + "9" * 5000, "999... is a number of 5000 characters"),
        ("seed: " + "9" * 90, "seed: "),
        ("description: 2020-13-45", "'2020-13-45' looks like a date and is none; put quotes around it"),
        ("seed: !!int x", "'x' looks like a number and is none"),
        ("description: !!python/object:os.system {}", "could not determine a constructor for the tag"),
        ("features: !!omap [a: 1]", "the tag tag:yaml.org,2002:omap is not known here"),
        ('description: "\\ud800"', "'\\ud800' holds half a character"),
        ('description: "\\UFFFFFFFF"', "line 3: is not valid YAML"),
        ("%YAML " + "9" * 5000 + ".1", "is not valid YAML"),
        ("x" * 2_100_000, "a YAML may have 2,000,000"),
        ("description: ${description}", "description: refers to itself"),
        ("task: {name: '${data.train}${oc.create:x}'}", "'${oc.create:x}' is no reference"),
        ("description: ${${name}}", "has a reference within another"),
        ("data: {train: ~no-such-user/rows.jsonl}", "there is no user 'no-such-user'"),
        ('data: {train: "rows\\0.jsonl"}', "zero byte"),
        (f"calibration: {'y ' * 5000}", "not 'y y y"),
        ("seed: " + json.dumps({"x": list(range(999))}), "not {'x': [0, 1, 2"),
    ],
)
def test_a_config_beyond_all_bounds_is_refused_in_one_line(more: str, said: str, tmp_path: Path) -> None:
    text = more + "\n---\n" + BASE if more.startswith("%") else BASE + more
    assert said in refusal(text, tmp_path)


def test_references_that_double_each_other_are_not_resolved(tmp_path: Path) -> None:
    labels = "\n".join(f"    b{n}: '${{data.label_codes.b{n + 1}}}${{data.label_codes.b{n + 1}}}'" for n in range(40))
    text = f"{BASE}data:\n  label_codes:\n{labels}\n    b40: xxxxxxxx\n"
    assert "its references stand for more than 1,000,000 characters" in refusal(text, tmp_path)


def test_references_to_another_value_still_work(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(f"{BASE}description: about ${{task.name}}, ${{task.labels.0}} and ${{oc.env:HERE}}\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HERE", "more")
        assert load_config(str(path)).description == "about framing, threat and more"


def test_an_override_is_bounded_as_a_config_is(tmp_path: Path) -> None:
    for value in ("&a [*a]", "[" * 300, "9" * 5000, "2020-13-45", "\ud800", "@\ud800"):
        with pytest.raises(InputError, match="the value is not valid YAML") as refused:
            load_config("framing/lexicon", [f"description={value}"])
        assert len(str(refused.value)) < 300


def test_anchors_are_read_as_before(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("a: &a [x, y]\nb: [*a, *a]\nc: {<<: {d: 1}, e: 2}\n")
    assert read_yaml(tmp_path / "a.yaml") == {"a": ["x", "y"], "b": [["x", "y"]] * 2, "c": {"d": 1, "e": 2}}


@pytest.mark.parametrize("encoding", ["undefined", "idna", "punycode", "rot13", "base64", "unicode_escape", "zip"])
def test_what_is_no_encoding_of_texts_is_refused_at_once(encoding: str, tmp_path: Path) -> None:
    rows = tmp_path / "rows.csv"
    rows.write_text("text,labels\n" + "Talks resume.-x,threat\n" * 20_000)  # hours as punycode
    with pytest.raises(InputError, match=f"{encoding} is no encoding that texts are in; try utf-8 or cp1252"):
        read_table(str(rows), encoding)
    with pytest.raises(InputError, match="no encoding that texts are in"):
        decode(rows.read_bytes(), "rows", encoding)
    page = f"<html><head><meta charset={encoding}></head><body>{ARTICLE}</body></html>"
    assert decode_html(page.encode(), "page") == (
        page,
        None,
    )  # what it declares is passed over


@pytest.mark.parametrize(
    "line",
    [
        '{"text": ' + "[" * 60 + "]" * 60 + "}",
        '{"text": ' + "[" * 100_000 + "]" * 100_000 + "}",
        '{"text": "a", "n": ' + "9" * 5000 + "}",
    ],
)
def test_rows_of_json_beyond_all_bounds_are_refused_by_line(line: str, tmp_path: Path) -> None:
    for name, content in (("a.jsonl", '{"text": "One."}\n' + line), ("b.json", f"[{line}]")):
        (tmp_path / name).write_text(content)
        with pytest.raises(InputError, match=r"too deep|thousands of digits") as refused:
            read_table(str(tmp_path / name))
        assert len(str(refused.value)) < 300


def test_half_characters_in_ids_names_and_texts_become_whole_ones(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"id": "\\ud800", "text": "Talks \\udfff.", "\\ud800": ["\\udc00"]}\n')
    assert next(read_table(str(tmp_path / "a.jsonl")).records()) == {"id": "�", "text": "Talks �.", "�": ["�"]}


@pytest.mark.parametrize("cell", ["[{[]: 1}]", "[[", "[" * 5000 + "]" * 5000, "[0x" + "f" * 9000 + "]", "[a]"])
def test_a_cell_that_is_no_list_is_a_label_that_the_task_does_not_know(cell: str, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text('text,labels\nTalks.,"' + cell + '"\n')
    config = lexicon_config()
    with pytest.raises(InputError, match="line 2: column 'labels' has the label '\\[") as refused:
        load_labelled(str(tmp_path / "a.csv"), config.task, config.data, lambda line: None)
    assert len(str(refused.value)) < 300


def test_long_values_are_cut_in_messages() -> None:
    assert short("x" * 10_000) == f"'{'x' * 59}..."
    assert short(10**5000) == "a number of some 5000 digits"
    assert len(short({"a": 10**5000, "b": 1})) < 70
    assert one_line(f"mine.yaml: not {'y ' * 5000!r}; shorten it") == f"mine.yaml: not '{'y ' * 29}y...; shorten it"
    assert one_line("caf\udce9\x1b[31m\ud800.txt: is empty") == "caf\\xe9\\x1b[31m\\ud800.txt: is empty"
    assert one_line("a.csv line 7: plain\nb.csv: plain") == "a.csv line 7: plain\nb.csv: plain"


def test_a_command_shows_no_endless_and_no_unprintable_line(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit), Console(as_json=True, debug=False).errors():
        raise InputError("caf\udce9.txt: " + "x" * 10_000)
    said = capsys.readouterr()
    assert said.err == f"framescope: caf\\xe9.txt: {'x' * 60}...\n"
    assert json.loads(said.out)["error"].startswith("caf\\xe9.txt: xxx")


def page(inner: str) -> str:
    """Return a page with an article, and something else in it."""
    return f"<html><head><title>Talks</title></head><body><article>{inner}{ARTICLE}</article></body></html>"


@pytest.mark.parametrize("form", ["a{}=1 ", "a{}='>' ", "a{}/", "a{}=x' ", 'a{}=">"'])
def test_a_tag_with_a_hundred_thousand_attributes_is_read_without_them(form: str) -> None:
    text = page(f"<div {''.join(form.format(n) for n in range(100_000))}>x</div>")
    assert "denied the claims" in from_html(text, "page")  # minutes where each is compared with all others


def test_tags_with_long_values_keep_them() -> None:
    long = "Talks on the port resume, say officials, and " + "so on and " * 1500
    text = page("").replace("<title>", f'<meta property="og:title" content="{long.strip()}"><title>')
    assert from_html(text, "page").startswith("Talks on the port resume")


@pytest.mark.parametrize("unit", ["<table><tr><td>a</td></tr></table>", "<h1>Talks on ships</h1>", "<p>a<br></p>"])
def test_the_time_for_a_page_grows_with_its_length(unit: str) -> None:
    assert grows_no_faster(lambda text: from_html(page(text), "page"), unit, 6_000, floor=0.02)


def test_the_time_for_a_title_grows_with_its_length() -> None:
    def read(text: str) -> str:
        return from_html(page("").replace("Talks", text), "page")

    assert grows_no_faster(read, "a | ", 20_000, floor=0.02)


def test_nesting_without_end_is_answered() -> None:
    for tag in ("div", "b", "table><tr><td"):
        with contextlib.suppress(InputError):
            from_html(page(f"<{tag}>" * 50_000), "page")


@pytest.fixture
def odd_folder(tmp_path: Path) -> Path:
    """A folder with two articles and what else can be in a folder."""
    folder = tmp_path / "news"
    (folder / "sub").mkdir(parents=True)
    (folder / "good.txt").write_text("Ostland denied the claims.")
    (folder / "sub" / "last.html").write_text(page("").replace("<title>", "<meta charset=undefined><title>"))
    Path(os.fsdecode(os.fsencode(folder) + b"/caf\xe9.txt")).write_text("Ostland denied it.")
    for name in ("pipe.txt", "pipe.jsonl", "pipe.html"):
        os.mkfifo(folder / name)
    with socket.socket(socket.AF_UNIX) as heard:
        here = Path.cwd()
        os.chdir(folder)  # the path of a socket is short
        heard.bind("heard.txt")
        os.chdir(here)
    (folder / "gone.txt").symlink_to("nowhere")
    (folder / "self.txt").symlink_to("self.txt")
    (folder / "broken.docx").write_bytes(b"PK\x03\x04junk")
    (folder / "deep.jsonl").write_text('{"text": ' + "[" * 5000 + "]" * 5000 + "}")
    (folder / "two\nlines.txt").write_text("")
    return folder


ODD = ["broken.docx", "caf\\xe9.txt", "deep.jsonl", "gone.txt", "heard.txt"]
ODD += ["pipe.html", "pipe.jsonl", "pipe.txt", "self.txt", "two\\nlines.txt"]


def test_odd_files_of_a_folder_are_named_and_left_out(odd_folder: Path) -> None:
    told: list[str] = []
    skipped: list[str] = []
    articles = read_articles([str(odd_folder)], warn=told.append, skipped=skipped)
    found: list[str] = []
    reader = threading.Thread(target=lambda: found.extend(each.id for each in articles), daemon=True)
    reader.start()
    reader.join(20)  # opened, a FIFO would wait for somebody who writes
    assert found == [str(odd_folder / "good.txt"), str(odd_folder / "sub/last.html")]
    named = [one_line(line).removeprefix(f"{odd_folder}/").split(": ")[0].split(" line")[0] for line in skipped]
    assert named == ODD
    assert [one_line(line) for line in told] == [f"{one_line(line)}; skipped" for line in skipped]


@pytest.mark.parametrize(("more", "status"), [((), 0), (("--on-error", "skip"), 0), (("--on-error", "stop"), 1)])
def test_a_folder_with_odd_files_is_scored_and_then_they_are_told_of(
    more: tuple[str, ...], status: int, odd_folder: Path, tmp_path: Path
) -> None:
    output = tmp_path / "scored.jsonl"
    arguments = ["score", str(odd_folder), "--model", "starter", "-o", str(output), "--json", *more]
    ended = CliRunner().invoke(app, arguments)
    assert ended.exit_code == status
    assert json.loads(ended.stdout)["skipped"] == len(ODD)
    assert json.loads(ended.stdout)["articles"] == 2
    assert {json.loads(line)["article"] for line in output.read_text().splitlines()} == {
        str(odd_folder / "good.txt"),
        str(odd_folder / "sub/last.html"),
    }
    assert (f"{len(ODD)} file(s) could not be read" in ended.stderr) == (status == 1)


def test_a_single_odd_file_is_refused(odd_folder: Path) -> None:
    for name in ("caf\udce9.txt", "gone.txt", "pipe.jsonl", "broken.docx"):
        with pytest.raises(InputError):
            list(read_articles([str(odd_folder / name)]))


def mutants(*endings: str) -> st.SearchStrategy[tuple[str, bytes]]:
    """Return a strategy of damaged files: the ending and the bytes."""

    def damaged(ending: str, seed: int) -> tuple[str, bytes]:
        chance = random.Random(seed)
        return ending, mutated(chance.choice(SEEDS[ending]), kind_of(ending), chance)

    return st.builds(damaged, st.sampled_from(endings), st.integers(0, 2**32))


IN_CI = settings(
    derandomize=True,
    deadline=None,
    max_examples=60,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@IN_CI
@given(mutants(".yaml"))
def test_a_damaged_config_is_read_or_refused(tmp_path: Path, mutant: tuple[str, bytes]) -> None:
    (tmp_path / "base.yaml").write_text(CONFIG)
    (tmp_path / "odd.yaml").write_bytes(mutant[1])
    with contextlib.suppress(InputError):
        load_config(str(tmp_path / "odd.yaml"))


@IN_CI
@given(mutants(".csv", ".tsv", ".jsonl", ".json"))
def test_a_damaged_table_is_read_or_refused(tmp_path: Path, mutant: tuple[str, bytes]) -> None:
    path = tmp_path / f"rows{mutant[0]}"
    path.write_bytes(mutant[1])
    config = lexicon_config()
    with contextlib.suppress(InputError):
        rows = load_labelled(str(path), config.task, config.data, lambda line: None)
        assert np.isin(rows.y, [-1, 0, 1]).all()
        json.dumps([rows.ids, rows.texts, rows.groups], ensure_ascii=False).encode()
    with contextlib.suppress(InputError):
        for article in read_articles([str(path)], warn=lambda line: None):
            (article.id + article.text).encode()


@IN_CI
@given(mutants(".html"))
def test_a_damaged_page_is_read_or_refused(tmp_path: Path, mutant: tuple[str, bytes]) -> None:
    (tmp_path / "page.html").write_bytes(mutant[1])
    with contextlib.suppress(InputError):
        for article in read_articles([str(tmp_path / "page.html")], warn=lambda line: None):
            (article.id + article.text).encode()
