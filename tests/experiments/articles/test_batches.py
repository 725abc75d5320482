"""Batches come in their order whoever scores them, and what goes wrong in a process ends the job, not the waiting."""

import os
import signal

import pytest

from experiments.articles import batches
from experiments.articles.batches import Scorer, batched, score_batches
from experiments.articles.inputs import Document, read_documents
from experiments.articles.rows import RowFormat
from experiments.errors import InputError, UnfinishedError


@pytest.fixture
def scorer(classifier):
    return Scorer(classifier, RowFormat("jsonl", classifier.labels, tuple(classifier.given_from)))


def documents(n, broken=None):
    for number in range(n):
        if number == broken:
            raise InputError("line 7: is no row")
        yield Document(f"a{number}", f"row {number}", content=f"The army will attack port {number}.", share=number / n)


@pytest.fixture(autouse=True)
def small(monkeypatch):
    monkeypatch.setattr(batches, "MANY", 10)


@pytest.mark.slow
@pytest.mark.parametrize("alone", [0.0, 60.0])
def test_processes_give_what_one_gives(scorer, alone):
    one = [batch.rows for batch in score_batches(scorer, documents(95), 1)]
    two = [batch.rows for batch in score_batches(scorer, documents(95), 2, alone)]
    assert one == two and len(one) == 10


@pytest.mark.slow
def test_fault_in_reading_comes_after_what_was_read_before_it(scorer):
    found = score_batches(scorer, documents(95, broken=57), 2, 0.0)
    assert sum(next(found).counts.articles for _ in range(6)) == 57
    with pytest.raises(InputError, match="line 7"):
        next(found)


def _end():
    os.kill(os.getpid(), signal.SIGKILL)


class Killer(str):
    """A text that ends the process that unpacks it."""

    def __reduce__(self):
        return _end, ()


@pytest.mark.slow
def test_process_that_is_killed_ends_the_job_and_never_hangs(scorer):
    def deadly():
        while True:  # the first ones stay in this process, since the other has to start
            yield from documents(25)
            yield Document("k", "k", content="They met.", kept={"k": Killer("k")})

    with pytest.raises(UnfinishedError, match="a process was killed, maybe since memory ran out"):
        list(score_batches(scorer, deadly(), 2, 0.0))


@pytest.mark.slow
def test_processes_end_with_an_iteration_that_is_left(scorer):
    import multiprocessing

    before = set(multiprocessing.active_children())  # of other tests
    found = score_batches(scorer, documents(500), 2, 0.0)
    next(found), next(found)
    assert set(multiprocessing.active_children()) > before
    found.close()
    assert set(multiprocessing.active_children()) <= before


def test_documents_are_read_no_further_than_batches_under_way(scorer):
    read = []

    def endless():
        for number in range(10_000):
            read.append(number)
            yield Document("a", "a", content="They met.")

    found = score_batches(scorer, endless(), 1)
    next(found)
    assert len(read) == 10


def test_batches_are_full_at_so_many_characters_or_documents(monkeypatch):
    monkeypatch.setattr(batches, "LARGE", 1000)
    sizes = [
        len(batch) for batch in batched(Document("a", "a", content="x" * n) for n in [10] * 12 + [600, 300, 99, 1, 5])
    ]
    assert sizes == [10, 5, 2]


def test_odd_document_of_a_folder_is_left_out_and_a_named_one_ends_the_job(tmp_path, scorer):
    (tmp_path / "a.txt").write_text("They met.")
    (tmp_path / "b.txt").write_bytes(b"\0\1")
    (tmp_path / "c.txt").write_text("They left.")
    (batch,) = score_batches(scorer, read_documents([str(tmp_path)]))
    assert (batch.counts.articles, batch.counts.skipped, len(batch.skipped)) == (2, 1, 1)
    names = [str(tmp_path / name) for name in ("a.txt", "b.txt", "c.txt")]
    (batch,) = score_batches(scorer, read_documents(names))
    assert batch.error is not None and "b.txt" in batch.error
    assert batch.counts.articles == 1
