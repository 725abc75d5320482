"""Serves MLflow's UI on the store that runs are kept in."""

import os
import signal
import socket
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

from experiments.errors import InputError
from experiments.notices import Warn
from experiments.signals import terminate_as_interrupt
from experiments.tracking.connection import connect
from experiments.tracking.moved import moved_line, relocate
from experiments.tracking.store import ARTIFACTS, is_server, store_files, store_uri
from experiments.tracking.views import view_urls

_LOOPBACK = ("127.0.0.1", "localhost")
_NAME = "framescope.localhost"
_HOSTS = "MLFLOW_SERVER_ALLOWED_HOSTS"
_PATIENCE = 5  # seconds


def serve_ui(host: str, port: int, say: Warn) -> int:
    """Serve MLflow's UI on the store until it is stopped; return the server's exit status.

    Parameters
    ----------
    host, port : str, int
        Where to listen.
    say : callable
        Called with the addresses to open: an experiment's trainings, the best first.

    Raises
    ------
    InputError
        If the store is a server (whose own address is the UI), or the port is taken.
    """
    uri = store_uri()
    connect()
    if is_server(uri):
        raise InputError(f"the runs are on a server: open {', '.join(view_urls(uri).values()) or uri} in a browser")
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise InputError(
                f"{host}:{port}: can't listen there ({error.strerror}); choose another with --port"
            ) from None
    if store_files() and (line := moved_line(*relocate())):
        say(line)  # MLflow's server doesn't look beside the store
    address, environment = _addressed(host, port)
    for name, url in view_urls(address).items():
        say(f"{name}, best runs first: {url}")
    say(f"MLflow's UI: http://{host}:{port} (stop with Ctrl-C)")
    command = [sys.executable, "-m", "mlflow", "server", "--backend-store-uri", uri]
    command += [
        "--default-artifact-root",
        Path(ARTIFACTS).resolve().as_uri(),
        "--host",
        host,
        "--port",
        str(port),
        "--workers",
        "1",
    ]
    with terminate_as_interrupt():
        server = subprocess.Popen(
            command, env=environment, start_new_session=True
        )  # it has workers, which must go with it
        try:
            return server.wait()
        except KeyboardInterrupt:
            return 0
        finally:
            _end(server)


def _addressed(host: str, port: int) -> tuple[str, dict[str, str]]:
    """Return under which address the UI is opened, and the environment that its server needs for that.

    On a page of ``127.0.0.1`` MLflow opens its assistant over a third of the table, whoever comes first; on one of
    another name it doesn't. Browsers take every name that ends in ``.localhost`` for this machine.
    """
    environment = dict(os.environ)
    if host not in _LOOPBACK or _HOSTS in environment:
        return f"http://{host}:{port}", environment
    address = f"http://{_NAME}:{port}"
    names = [*_LOOPBACK, _NAME]
    environment[_HOSTS] = ",".join([*names, *(f"{name}:*" for name in names)])
    environment.setdefault("MLFLOW_SERVER_CORS_ALLOWED_ORIGINS", address)
    return address, environment


def _end(server: "subprocess.Popen[bytes]") -> None:
    """End a server and its workers, politely at first."""
    for politely in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.killpg(server.pid, politely)
        with suppress(subprocess.TimeoutExpired):
            server.wait(timeout=_PATIENCE)
    with suppress(ProcessLookupError):
        os.killpg(server.pid, signal.SIGKILL)
