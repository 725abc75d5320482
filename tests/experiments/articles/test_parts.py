"""A long job can be ended at any moment and goes on: no article twice, none lost, the same bytes in the end."""

import json
import os
import signal

import pyarrow.parquet as pq
import pytest

from experiments.articles import batches, parts, write
from experiments.articles.inputs import PLAIN, Columns, read_documents
from experiments.articles.job import job_of
from experiments.articles.write import Going, score_to
from experiments.errors import InputError

N = 60


@pytest.fixture(autouse=True)
def small(monkeypatch):
    monkeypatch.setattr(write, "PART", 20)
    monkeypatch.setattr(batches, "MANY", 7)


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "news.jsonl"
    texts = [f"The army will attack port {n}. It rained." if n % 3 else f"They signed accord {n}." for n in range(N)]
    path.write_text("".join(json.dumps({"id": f"a{n}", "text": text}) + "\n" for n, text in enumerate(texts)))
    return path


class Scoring:
    """The same job again and again."""

    def __init__(self, classifier, table, said):
        self.classifier, self.table, self.said = classifier, table, said

    def __call__(self, output, resume=False, format=None, folder=False, jobs=1, documents=None, columns=PLAIN):
        inputs = [str(self.table)]
        going = Going(jobs, resume, lambda: job_of("models:/framing/1", self.classifier, inputs, columns))
        documents = read_documents(inputs, columns) if documents is None else documents
        return score_to(
            self.classifier, documents, output, format, warn=self.said.append, going=going, folder=folder, inputs=inputs
        )


@pytest.fixture
def score(classifier, table):
    return Scoring(classifier, table, [])


def run_killed(monkeypatch, where, times, work):
    """Run work in a process that is killed when a function is called for the n-th time; return whether it was."""
    child = os.fork()
    if child:
        _, status = os.waitpid(child, 0)
        return os.WIFSIGNALED(status)
    try:
        owner, name, after = where
        true, calls = getattr(owner, name), iter(range(1, 1000))

        def counted(*arguments, **more):
            last = next(calls) == times
            if last and not after:
                os.kill(os.getpid(), signal.SIGKILL)
            result = true(*arguments, **more)
            if last:
                os.kill(os.getpid(), signal.SIGKILL)
            return result

        setattr(owner, name, counted)
        work()
    finally:
        os._exit(0)


def content(path):
    if path.is_dir():
        tables = [pq.read_table(part).to_pylist() for part in sorted(path.glob("part-*"))]
        return [row for table in tables for row in table]
    return pq.read_table(path).to_pylist() if path.suffix == ".parquet" else path.read_bytes()


PLACES = {
    "before a part": (parts, "write_rows", False),
    "after a part": (parts, "write_rows", True),
    "after its line": (parts.Parts, "_tell", True),
    "before all is put together": (parts.Parts, "together", False),
    "after all is put together": (parts.Parts, "together", True),
    "while a batch is scored": (batches, "score_batch", True),
}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("name", ["scored.jsonl", "scored.csv", "scored.parquet"])
def test_killed_job_goes_on_and_ends_in_the_same_bytes(tmp_path, score, monkeypatch, place, name):
    score(tmp_path / f"whole-{name}")
    out = tmp_path / name
    killed = 0
    for times in (1, 2, 3):
        killed += run_killed(monkeypatch, PLACES[place], times, lambda: score(out, resume=True))
    assert killed
    summary = score(out, resume=True)
    assert content(out) == content(tmp_path / f"whole-{name}")
    assert (summary.articles, summary.sentences) == (N, N + 40)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([name, f"whole-{name}", "news.jsonl"])


@pytest.mark.parametrize("place", ["before a part", "after a part", "after its line", "while a batch is scored"])
def test_killed_folder_of_parts_goes_on(tmp_path, score, monkeypatch, place):
    whole = score(tmp_path / "whole", folder=True)
    for times in (1, 2, 2):
        run_killed(monkeypatch, PLACES[place], times, lambda: score(tmp_path / "out", True, folder=True))
    summary = score(tmp_path / "out", True, folder=True)
    assert content(tmp_path / "out") == content(tmp_path / "whole")
    assert summary.labels == whole.labels and summary.articles == N
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        path.name for path in (tmp_path / "whole").iterdir()
    }
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    assert manifest["complete"] and manifest["totals"]["articles"] == N
    assert [part["file"] for part in manifest["parts"]] == sorted(p.name for p in (tmp_path / "out").glob("part-*"))
    said = len(score.said)
    assert score(tmp_path / "out", True, folder=True).articles == N
    assert score.said[said:] == [f"note: {tmp_path / 'out'} is complete; nothing was left to do"]


def test_job_without_resume_begins_anew_and_clears_what_was_left(tmp_path, score, monkeypatch):
    out = tmp_path / "scored.jsonl"
    assert run_killed(monkeypatch, PLACES["after its line"], 2, lambda: score(out))
    assert (tmp_path / ".scored.jsonl.parts").is_dir() and not out.exists()
    score(out)
    assert not (tmp_path / ".scored.jsonl.parts").exists()
    assert len(out.read_text().splitlines()) == N + 40


def test_job_that_ends_early_says_what_is_done_and_how_to_go_on(tmp_path, score):
    def broken():
        for number, document in enumerate(read_documents([str(score.table)])):
            if number == 50:
                raise KeyboardInterrupt
            yield document

    out = tmp_path / "scored.jsonl"
    with pytest.raises(KeyboardInterrupt):
        score(out, documents=broken())
    assert score.said == [
        f"note: 42 articles are done and kept in {tmp_path / '.scored.jsonl.parts'}; the same command with "
        "--resume goes on after them"
    ]
    assert not out.exists()
    score(out, resume=True)
    score(tmp_path / "whole.jsonl")
    assert content(out) == content(tmp_path / "whole.jsonl")


def test_short_job_that_ends_early_leaves_nothing(tmp_path, score):
    def broken():
        yield from list(read_documents([str(score.table)]))[:5]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        score(tmp_path / "scored.jsonl", documents=broken())
    assert [path.name for path in tmp_path.iterdir()] == ["news.jsonl"]


@pytest.mark.parametrize("change", ["model", "input", "keep", "format"])
def test_parts_of_another_job_are_not_gone_on_with(tmp_path, score, monkeypatch, classifier, change):
    out = tmp_path / "out"
    assert run_killed(monkeypatch, PLACES["after its line"], 2, lambda: score(out, folder=True))
    before = sorted(path.name for path in out.iterdir())
    more = {}
    if change == "model":
        score.classifier = classifier.__class__(classifier.pipeline, classifier.task, classifier.thresholds + 0.1)
    elif change == "input":
        score.table.write_text(score.table.read_text() + '{"text": "More."}\n')
    elif change == "keep":
        more = {"columns": Columns(id="text")}
    else:
        more = {"format": "csv"}
    named = {"model": "thresholds", "input": "inputs", "keep": "id", "format": "format"}[change]
    with pytest.raises(InputError, match=rf"made otherwise \({named} was .*, and is .* now\); give what it was, or"):
        score(out, True, folder=True, **more)
    assert sorted(path.name for path in out.iterdir()) == before


def test_folder_is_never_written_over(tmp_path, score):
    out = tmp_path / "out"
    score(out, folder=True)
    with pytest.raises(InputError, match="holds a finished job; name another, or remove the folder"):
        score(out, folder=True)
    other = tmp_path / "other"
    other.mkdir()
    (other / "paper.txt").write_text("mine")
    with pytest.raises(InputError, match=r"something else in it, such as paper\.txt"):
        score(other, folder=True)
    (out / "part-00001.parquet").unlink()
    with pytest.raises(InputError, match=r"part-00001\.parquet: is missing"):
        score(out, True, folder=True)
    (out / "manifest.json").write_text("{}")
    with pytest.raises(InputError, match="no list of scored parts any more"):
        score(out, True, folder=True)


def test_two_jobs_on_one_folder(tmp_path, score):
    out = tmp_path / "out"

    def documents():
        for number, document in enumerate(read_documents([str(score.table)])):
            if number == 30:
                with pytest.raises(InputError, match="another framescope writes there at this moment"):
                    score(out, True, folder=True)
            yield document

    score(out, folder=True, documents=documents())
    assert len(content(out)) == N + 40


def test_full_disk_in_the_middle_keeps_the_parts(tmp_path, score, monkeypatch):
    true, calls = parts.write_rows, iter(range(1, 100))

    def full(*arguments, **more):
        if next(calls) == 3:
            raise InputError("part-00002: can't be written: No space left on device")
        true(*arguments, **more)

    monkeypatch.setattr(parts, "write_rows", full)
    with pytest.raises(InputError, match="No space left"):
        score(tmp_path / "out", folder=True)
    monkeypatch.setattr(parts, "write_rows", true)
    score(tmp_path / "out", True, folder=True)
    score(tmp_path / "whole", folder=True)
    assert content(tmp_path / "out") == content(tmp_path / "whole")


def test_fault_in_a_row_ends_the_job_with_its_place_and_what_is_done_stays(tmp_path, score):
    score.table.write_text(score.table.read_text() + '{"text": 7}\n')
    with pytest.raises(InputError, match="line 61: column 'text' has '7', which is no text"):
        score(tmp_path / "out", folder=True)
    assert score.said == [
        f"note: 56 articles are done and kept in {tmp_path / 'out'}; the same command with --resume goes on after them"
    ]


def test_standard_input_cannot_go_on(classifier):
    with pytest.raises(InputError, match="standard input can't be read again"):
        job_of("m", classifier, ["-"], Columns())


def test_what_an_ended_job_left_out_is_counted_by_the_one_that_goes_on(tmp_path, score, monkeypatch):
    news = tmp_path / "news"
    news.mkdir()
    for number in range(40):
        (news / f"{number:02}.txt").write_bytes(b"\0" if number == 3 else b"They met. It rained.")
    score.table = news
    assert run_killed(monkeypatch, PLACES["after its line"], 1, lambda: score(tmp_path / "out", folder=True))
    summary = score(tmp_path / "out", True, folder=True)
    assert (summary.articles, summary.skipped) == (39, 1)
