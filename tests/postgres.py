"""Starts Debian's PostgreSQL for a test, in a cluster of its own, where it and psycopg are installed."""

import importlib.util
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


def binary(name: str) -> str | None:
    """Return the path of one of PostgreSQL's programs, of the newest version; None if there is none."""
    found = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    return str(found[-1]) if found else shutil.which(name)


NEEDED = [
    pytest.mark.skipif(binary("initdb") is None, reason="needs PostgreSQL: apt install postgresql"),
    pytest.mark.skipif(importlib.util.find_spec("psycopg") is None, reason="needs pip install 'psycopg[binary]'"),
]


@contextmanager
def cluster() -> Iterator[Path]:
    """Yield the folder of the socket of an empty cluster, which is stopped afterwards; it refuses to run as root."""
    as_user = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    home = Path(tempfile.mkdtemp(prefix="pg"))  # a socket's name has room for 107 letters
    if as_user:
        shutil.chown(home, "postgres")

    def do(*command: str | None) -> None:
        quiet = subprocess.DEVNULL
        subprocess.run([*as_user, *map(str, command)], check=True, stdout=quiet, stderr=quiet, cwd=home, timeout=60)

    do(binary("initdb"), "-D", f"{home}/data", "-A", "trust", "-U", "frame")
    settings = f"-c listen_addresses='' -c unix_socket_directories={home}"
    do(binary("pg_ctl"), "-D", f"{home}/data", "-o", settings, "-l", f"{home}/log", "-w", "start")
    try:
        yield home
    finally:
        do(binary("pg_ctl"), "-D", f"{home}/data", "-m", "immediate", "stop")
        shutil.rmtree(home)
