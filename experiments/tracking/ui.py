"""Serves MLflow's UI on the store that runs are kept in."""

import signal
import socket
import subprocess
import sys
from pathlib import Path

from experiments.errors import InputError
from experiments.signals import terminate_as_interrupt
from experiments.tracking.connection import connect
from experiments.tracking.store import ARTIFACTS, is_server, store_uri


def serve_ui(host: str, port: int) -> int:
    """Serve MLflow's UI on the store until it is stopped; return the server's exit status.

    Raises
    ------
    InputError
        If the store is a server (whose own address is the UI), or the port is taken.
    """
    uri = store_uri()
    if is_server(uri):
        raise InputError(f"the runs are on a server: open {uri} in a browser")
    connect()
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise InputError(
                f"{host}:{port}: can't listen there ({error.strerror}); choose another with --port"
            ) from None
    command = [sys.executable, "-m", "mlflow", "server", "--backend-store-uri", uri]
    command += [
        "--default-artifact-root",
        str(Path(ARTIFACTS).resolve()),
        "--host",
        host,
        "--port",
        str(port),
        "--workers",
        "1",
    ]
    with terminate_as_interrupt():
        server = subprocess.Popen(command)
        try:
            return server.wait()
        except KeyboardInterrupt:
            server.send_signal(signal.SIGINT)  # Ctrl-C has reached it too, a polite kill hasn't
            server.wait()
            return 0
