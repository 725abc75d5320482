import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request

import pytest

pytestmark = pytest.mark.slow


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(condition, seconds=120):
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if condition():
            return True
        time.sleep(0.2)
    return False


def test_the_server_and_its_workers_end_with_the_command(in_workspace, trained):
    port = free_port()
    command = subprocess.Popen([sys.executable, "-m", "experiments", "ui", "--port", str(port)])

    def answers():
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=2) as answer:
                return answer.status == 200
        except OSError:
            return False

    try:
        assert wait_for(answers)
        os.kill(command.pid, signal.SIGTERM)  # Ctrl-C takes the same way
        command.wait(timeout=60)
        assert wait_for(lambda: not answers(), 10)
        with socket.socket() as probe:  # nothing listens there any more
            assert probe.connect_ex(("127.0.0.1", port)) != 0
    finally:
        command.kill()
