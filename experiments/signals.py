"""What a polite kill does: it ends the program as Ctrl-C does, wherever it hits."""

import _thread
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

_SHELL = 128  # shells tell of signals by numbers from here on
_AGAIN = 0.05  # seconds until an interrupt that was swallowed comes again


class _Hold:
    """Whether interrupts wait at present, and whether one does."""

    depth = 0
    waiting: int | None = None  # the signal
    raised: int | None = None  # the one that an interrupt was raised for
    contexts = 0


_hold = _Hold()


@contextmanager
def terminate_as_interrupt() -> Iterator[None]:
    """Let a polite kill (SIGTERM) end the run as Ctrl-C does, and neither of them get lost.

    Python swallows what is raised while an object is tidied away (``__del__``, weakref callbacks), a Ctrl-C too. Here
    it comes again until it hits code that can be ended. In blocks of :func:`unbroken` it waits. Some libraries make
    another error of it, such as Pydantic while it builds a model: :func:`interruption` tells.
    """

    def interrupt(number: int, _: Any) -> None:
        if _hold.depth and _hold.waiting is None:
            _hold.waiting = number
        else:
            _hold.raised = number
            raise KeyboardInterrupt(number)

    def once_more(lost: Any) -> None:
        if issubclass(lost.exc_type, KeyboardInterrupt):
            # later, since it would be swallowed here as well; without effect once the handler below is gone
            number = interrupt_status(lost.exc_value) - _SHELL
            timer = threading.Timer(_AGAIN, _thread.interrupt_main, [number])
            timer.daemon = True
            timer.start()
        else:
            told(lost)

    try:
        former = signal.signal(signal.SIGTERM, interrupt)
    except ValueError:  # not in the main thread, where signals can't be caught
        yield
        return
    ctrl_c = signal.getsignal(signal.SIGINT)
    if ctrl_c is signal.default_int_handler:  # else somebody has decided what it does
        signal.signal(signal.SIGINT, interrupt)
    told, sys.unraisablehook = sys.unraisablehook, once_more
    if not _hold.contexts:
        _hold.raised = None
    _hold.contexts += 1
    try:
        yield
    finally:
        _hold.contexts -= 1
        sys.unraisablehook = told
        signal.signal(signal.SIGINT, ctrl_c)
        signal.signal(signal.SIGTERM, former)


@contextmanager
def unbroken() -> Iterator[None]:
    """Let an interrupt wait until the block ends, which is what a store needs to stay whole; a second one doesn't wait.

    Only within :func:`terminate_as_interrupt`, and in the main thread, in which alone Python handles signals.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    _hold.depth += 1
    try:
        yield
    finally:
        _hold.depth -= 1
        if not _hold.depth and _hold.waiting is not None:
            number, _hold.waiting = _hold.waiting, None
            _hold.raised = number
            raise KeyboardInterrupt(number)


def interruption(error: BaseException | None) -> KeyboardInterrupt | None:
    """Return the interrupt that an error is or was made of, with its signal; None if it has another cause."""
    if _hold.raised is not None and isinstance(error, Exception | KeyboardInterrupt):
        return KeyboardInterrupt(_hold.raised)
    return error if isinstance(error, KeyboardInterrupt) else None


def interrupt_status(error: BaseException | None) -> int:
    """Return the status with which a program ends that was interrupted: 130 for Ctrl-C, 143 for a polite kill.

    To be called before ``sys.exit``. An interrupt that passed through generated code, which dataclasses are made of, is
    remembered by Python until it runs such code anew, and would take the place of the status under ``python -m``
    (CPython's ``run_eval_code_obj``); so it runs some here.
    """
    exec("")
    number = error.args[0] if error is not None and error.args else signal.SIGINT
    return _SHELL + (int(number) if isinstance(number, int) else int(signal.SIGINT))


def end_with_parent() -> None:
    """Have this process, which :mod:`multiprocessing` has started, end as by a polite kill when its parent has died."""
    threading.Thread(target=_wait_for_end, daemon=True).start()


def _wait_for_end() -> None:
    import multiprocessing
    from multiprocessing.connection import wait

    parent = multiprocessing.parent_process()
    assert parent is not None
    wait([parent.sentinel])
    os.kill(os.getpid(), signal.SIGTERM)
