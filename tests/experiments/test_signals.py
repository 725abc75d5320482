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


def work():
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        time.sleep(0.01)


@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGINT])
def test_interrupt_ends_work_also_when_it_hits_an_object_that_is_tidied_away(sign):
    with terminate_as_interrupt():
        for _ in range(2):
            with pytest.raises(KeyboardInterrupt):
                Slow(sign)
                work()


def test_polite_kill_is_as_before_afterwards():
    before = signal.getsignal(signal.SIGTERM)
    with terminate_as_interrupt(), pytest.raises(KeyboardInterrupt):
        os.kill(os.getpid(), signal.SIGTERM)
        work()
    assert signal.getsignal(signal.SIGTERM) is before


def test_interrupt_waits_for_what_must_stay_whole_and_a_second_one_does_not():
    steps = []
    with terminate_as_interrupt():
        with pytest.raises(KeyboardInterrupt), unbroken(), unbroken():
            os.kill(os.getpid(), signal.SIGINT)
            steps.append("whole")
        with pytest.raises(KeyboardInterrupt), unbroken():
            os.kill(os.getpid(), signal.SIGTERM)
            steps.append("first")
            os.kill(os.getpid(), signal.SIGTERM)
            steps.append("second")
        with unbroken():
            steps.append("none waits")
    assert steps == ["whole", "first", "none waits"]
