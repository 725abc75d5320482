"""Runs the parts of a repeated measurement in processes of their own, some at a time, and leaves none behind."""

import multiprocessing
import os
import signal
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from typing import Any

from pydantic import BaseModel

from experiments.config.schema import Config
from experiments.errors import InputError
from experiments.notices import Warn
from experiments.progress import progress
from experiments.signals import end_with_parent, interruption, terminate_as_interrupt

_PATIENCE = 15  # seconds that a process has to close its run before it is killed

# Arithmetic in several threads adds up in another order, and several processes of several threads each only hinder
# each other: a process has one thread, whatever their number, unless its classifier keeps the cores busy.
_ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")


@dataclass(frozen=True)
class Ended:
    """How one part ended.

    Attributes
    ----------
    number : int
        Which one, counted from 0.
    result : Any
        What the work returned; None if it failed.
    error : str or None
        Why it failed, in a line.
    fault : bool
        Whether the user's input was at fault.
    pid : int
        The process that it was run in.
    began : float
        When, in seconds since 1970.
    """

    number: int
    result: Any
    error: str | None
    fault: bool
    pid: int
    began: float


def threaded(config: Config) -> bool:
    """Return whether fitting a config keeps several cores busy by itself: encoders do, wherever they stand in it."""
    return any(getattr(part, "threaded", False) for part in _parts(config))


def default_jobs(config: Config, parts: int) -> int:
    """Return how many processes to run at once: one a core, but one in all for a config that is threaded itself."""
    if threaded(config):
        return 1
    return max(1, min(parts, cores()))


def cores() -> int:
    """Return how many cores this process may use, which may be fewer than there are."""
    from joblib import cpu_count

    return int(cpu_count())


def run_each(
    work: Callable[[Any, Warn], Any], parts: Sequence[Any], jobs: int | None, one_thread: bool, say: Warn
) -> Generator[Ended, None, None]:
    """Run a function on each part, every one in a process of its own, and yield how they ended, as they end.

    Parameters
    ----------
    work : callable
        A function of a module, called with a part and a callable that takes lines; what it returns is sent back.
    parts : sequence
        What it is called with; each is sent to its process.
    jobs : int or None
        Processes at a time; None for one part after the other in this process, in which an error is raised as it is.
    one_thread : bool
        Whether a process computes in one thread only.
    say : callable
        Called with the lines that the work says.

    Notes
    -----
    The processes are started afresh (``spawn``), so nothing in them depends on what this one has done before. When the
    iteration ends early, by Ctrl-C, a polite kill or an error, all of them are asked to end as by a polite kill, and
    killed if they don't within 15 seconds. A process whose parent has died ends as well.
    """
    if jobs is None:
        for number, part in enumerate(parts):
            began = time.time()
            yield Ended(number, work(part, say), None, False, os.getpid(), began)
        return
    # closed, or processes would outlive an iteration that is left
    with progress("fitting", say) as shown, closing(run_as_they_come(work, parts, jobs, one_thread, say)) as ended:
        for number, each in enumerate(ended, 1):
            shown.at(number / len(parts), f"{number} of {len(parts)}")
            yield each


def run_as_they_come(
    work: Callable[[Any, Warn], Any], parts: Iterable[Any], jobs: int, one_thread: bool, say: Warn
) -> Generator[Ended, None, None]:
    """Do as :func:`run_each` does, with parts that are asked for when a process is free.

    None for a part is "none at present": the next is asked for when one that runs has ended, which must be so then.
    It has a number as any part.
    """
    spawn = multiprocessing.get_context("spawn")
    waiting, more = enumerate(parts), True
    running: dict[Connection, tuple[int, Any, float]] = {}
    try:
        while more or running:
            while more and len(running) < jobs:
                number, part = next(waiting, (-1, None))
                more = number >= 0
                if part is None:
                    break
                ours, theirs = spawn.Pipe(duplex=False)
                process = spawn.Process(target=_run, args=(work, part, theirs), name=f"part-{number}")
                with _environment(_ONE_THREAD if one_thread else {}), _blocked(signal.SIGINT):
                    running[ours] = number, process, time.time()  # listed before anything can interrupt it
                    process.start()
                theirs.close()
            for ready in wait(list(running)) if running else []:
                assert isinstance(ready, Connection)
                number, process, began = running[ready]
                try:
                    kind, value = ready.recv()
                except EOFError:
                    process.join()
                    kind, value = "failed", _ending(process.exitcode)
                if kind == "said":
                    say(value)
                    continue
                process.join()
                del running[ready]
                ready.close()
                done = kind == "done"
                found, error = (value, None) if done else (None, value)
                yield Ended(number, found, error, kind == "fault", process.pid, began)
    finally:
        with _blocked(signal.SIGINT, signal.SIGTERM):
            _end([process for _, process, _ in running.values() if process.pid is not None])


def _run(work: Callable[[Any, Warn], Any], part: Any, told: Connection) -> None:
    """Do the work in the process that was started for it."""
    end_with_parent()
    try:
        with terminate_as_interrupt():
            from joblib import parallel_config

            with parallel_config(backend="sequential"):  # its cores are shared out already
                result = work(part, lambda line: told.send(("said", line)))
        told.send(("done", result))
    except (Exception, KeyboardInterrupt) as error:
        if interruption(error):
            with suppress(OSError):  # the parent may be gone
                told.send(("failed", "was told to end"))
            raise SystemExit(1) from None
        if isinstance(error, InputError):
            told.send(("fault", str(error).splitlines()[0]))
            return
        told.send(("failed", f"{type(error).__name__}: {(str(error).splitlines() or [''])[0]}"))


def _end(processes: Sequence[Any]) -> None:
    for process in processes:
        process.terminate()
    deadline = time.monotonic() + _PATIENCE
    for process in processes:
        process.join(max(0, deadline - time.monotonic()))
        if process.is_alive():
            process.kill()
            process.join()


def _ending(code: int | None) -> str:
    if code is not None and code < 0:
        name = signal.Signals(-code).name
        hint = ", perhaps for want of memory: try fewer --jobs" if -code == signal.SIGKILL else ""
        return f"its process was ended by {name}{hint}"
    return f"its process ended with status {code}"


@contextmanager
def _environment(values: Mapping[str, str]) -> Iterator[None]:
    """Set environment variables for the processes that are started in the block; those that a user set stay."""
    added = {name: value for name, value in values.items() if name not in os.environ}
    os.environ.update(added)
    try:
        yield
    finally:
        for name in added:
            os.environ.pop(name, None)


@contextmanager
def _blocked(*signals: signal.Signals) -> Iterator[None]:
    """Put signals off until the block ends; a process that is started in it never gets them.

    Ctrl-C reaches every process of a terminal, and a second signal would break off what the first one tidies up: this
    process alone takes it, and passes it on.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, signals)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _parts(value: Any) -> Iterator[Any]:
    """Yield every section of a config, however deep."""
    if isinstance(value, BaseModel):
        yield value
        for _, inner in value:
            yield from _parts(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _parts(inner)
