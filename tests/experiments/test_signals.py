import os
import signal
import time

import pytest

from experiments.signals import terminate_as_interrupt, unbroken


class Slow:
    """Takes a while to be tidied away, and is interrupted meanwhile."""

    def __init__(self, sign):
        self.sign = sign

    def __del__(self):
        os.kill(os.getpid(), self.sign)
        time.sleep(0.01)


def tidy_then_work(sign):
    Slow(sign)
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        time.sleep(0.01)


@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGINT])
def test_interrupt_ends_work_also_when_it_hits_an_object_that_is_tidied_away(sign):
    with terminate_as_interrupt():
        for _ in range(2):
            with pytest.raises(KeyboardInterrupt):
                tidy_then_work(sign)


def test_polite_kill_is_as_before_afterwards():
    before = signal.getsignal(signal.SIGTERM)
    with terminate_as_interrupt():
        pass
    assert signal.getsignal(signal.SIGTERM) is before


def whole(signs, steps):
    with unbroken():
        with unbroken():
            os.kill(os.getpid(), signs[0])
            steps.append("inner")
        for sign in signs[1:]:
            os.kill(os.getpid(), sign)
        steps.append("outer")


def test_interrupt_waits_for_what_must_stay_whole_and_a_second_one_does_not():
    steps = []
    with terminate_as_interrupt():
        with pytest.raises(KeyboardInterrupt):
            whole([signal.SIGINT], steps)
        with pytest.raises(KeyboardInterrupt):
            whole([signal.SIGTERM, signal.SIGTERM], steps)
        with unbroken():
            steps.append("none waits")
    assert steps == ["inner", "outer", "inner", "none waits"]
