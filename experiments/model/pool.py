"""Processes that have a model each and work side by side, and end with the one that started them."""

import multiprocessing
import os
import pickle
import signal
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from typing import Any, TypeVar

import numpy as np

from experiments.errors import InputError, UnfinishedError
from experiments.model.classifier import SentenceClassifier
from experiments.signals import end_with_parent

ALONE = 3.0
"""Seconds that one process works before it has others help: to start them takes about as long."""

START = 5.0
"""Seconds that the start of processes takes with the default's model."""

_AHEAD = 8  # results a process that may wait for one before them

TEXTS = 2048
"""Texts a call of a model."""

_ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")

Tool = TypeVar("Tool")
Part = TypeVar("Part")
Result = TypeVar("Result")


def in_processes(
    work: Callable[[Tool, Part], Result],
    tool: Tool,
    parts: Iterable[Part],
    jobs: int,
    alone: float | None = None,
    share: Callable[[Result], float | None] = lambda result: None,
) -> Iterator[Result]:
    """Work on parts and yield what comes of them, in their order, whoever does it.

    Parameters
    ----------
    work : callable
        A function of a module, called with the tool and a part.
    tool : Any
        Sent to each process once, such as a model.
    parts : iterable
        Read as far as they are under way: eight a process at most.
    jobs : int
        Processes with this one, which works on while the others begin and beside them; 1 for this one alone.
    alone : float, optional
        Seconds that this process works by itself first. By default 3, since most jobs are done by then, and as long
        as others would save less than 5 seconds: they are at work so long before they have their model.
    share : callable, optional
        Returns how much of all parts is done with a result, from 0 to 1; None where nobody can tell.

    Raises
    ------
    InputError
        While parts are read: after what comes of those before.
    UnfinishedError
        If a process was killed, as systems do that run out of memory.
    """
    remaining = iter(parts)
    began = time.monotonic()
    for part in remaining:
        result = work(tool, part)
        seconds = time.monotonic() - began
        yield result
        began += time.monotonic() - began - seconds  # what others do with it doesn't count
        if jobs > 1 and seconds >= (ALONE if alone is None else alone):
            done = share(result) if alone is None else None
            if not done or seconds * (1 - done) / done * (1 - 1 / jobs) > START:
                break
    else:
        return
    with _processes(tool, jobs - 1) as pool:
        ready = pool.submit(_do, _nothing, None)
        under_way: deque[Future[Any]] = deque()
        fault: list[InputError] = []
        try:
            for part in _to_the_fault(remaining, fault):
                given = sum(not each.done() for each in under_way)
                if ready.done() and given < 2 * (jobs - 1):
                    under_way.append(pool.submit(_do, work, part))
                else:  # nobody waits for the others to begin, or to get on
                    under_way.append(_done(work, tool, part))
                while under_way and (under_way[0].done() or len(under_way) > _AHEAD * jobs):
                    yield under_way.popleft().result()
            while under_way:
                yield under_way.popleft().result()
            if fault:
                raise fault[0]
        except BrokenProcessPool:
            raise UnfinishedError(
                "a process was killed, maybe since memory ran out; try fewer of them (--jobs 1)"
            ) from None


def predict(
    classifier: SentenceClassifier, texts: Sequence[str], targets: Sequence[str] | None = None, jobs: int = 1
) -> np.ndarray:
    """Return what :meth:`SentenceClassifier.predict_proba` does, shape (n, n_labels), in processes if it takes long."""
    if jobs == 1:
        return classifier.predict_proba(texts, targets)
    starts = range(0, len(texts), TEXTS)
    parts = ((texts[at : at + TEXTS], None if targets is None else targets[at : at + TEXTS]) for at in starts)
    found = list(in_processes(_predict, slim(classifier), parts, jobs))
    return np.concatenate(found) if found else classifier.predict_proba([])


def slim(classifier: SentenceClassifier) -> SentenceClassifier:
    """Return the model without what only an evaluation needs."""
    from dataclasses import replace

    return replace(classifier, trained_on=frozenset(), held_out=None)


def _predict(classifier: SentenceClassifier, part: tuple[Sequence[str], Sequence[str] | None]) -> np.ndarray:
    return classifier.predict_proba(*part)


def _to_the_fault(parts: Iterable[Part], fault: list[InputError]) -> Iterator[Part]:
    """Yield parts up to a fault in reading on, which is kept until those before it are done."""
    try:
        yield from parts
    except InputError as error:
        fault.append(error)


@contextmanager
def _processes(tool: Any, jobs: int) -> Iterator[ProcessPoolExecutor]:
    content = pickle.dumps(tool, protocol=pickle.HIGHEST_PROTOCOL)  # once, and not for each process
    former = {name: os.environ.get(name) for name in _ONE_THREAD}
    os.environ.update(_ONE_THREAD)  # several processes of several threads each only hinder each other
    try:
        pool = ProcessPoolExecutor(jobs, multiprocessing.get_context("spawn"), _begin, (content,))
        try:
            yield pool
        finally:
            pool.shutdown(wait=True, cancel_futures=True)
    finally:
        for name, value in former.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value


class _Own:
    """What a process has been sent."""

    tool: Any


def _begin(content: bytes) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the parent as well, which ends this process
    end_with_parent()
    _Own.tool = pickle.loads(content)


def _nothing(tool: Any, part: Any) -> None:
    """Do what is done once a process has its tool."""


def _done(work: Callable[[Any, Any], Any], tool: Any, part: Any) -> Future[Any]:
    """Work on a part here and return what came of it as others do."""
    future: Future[Any] = Future()
    try:
        future.set_result(work(tool, part))
    except Exception as error:  # told of when it is its turn
        future.set_exception(error)
    return future


def _do(work: Callable[[Any, Any], Any], part: Any) -> Any:
    return work(_Own.tool, part)
