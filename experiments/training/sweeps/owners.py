"""Whose a trial is: the process that fits it, and whether that process is still there."""

import os
import socket
import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path


@dataclass(frozen=True)
class Owner:
    """A process, by its machine, number and start: a number alone is given again to others.

    Attributes
    ----------
    host : str
        The machine's name.
    pid : int
        The process.
    start : str
        When it began, as the system tells it; empty where it doesn't.
    """

    host: str
    pid: int
    start: str

    @property
    def name(self) -> str:
        """All three in one word."""
        return f"{self.host}/{self.pid}/{self.start}"

    @property
    def is_here(self) -> bool:
        """Whether it is, or was, a process of this machine."""
        return self.host == socket.gethostname()

    @property
    def is_gone(self) -> bool:
        """Whether a process of this machine has ended; of another machine nobody can tell."""
        return self.is_here and _start(self.pid) != self.start


@cache
def this_process() -> Owner:
    """Return this process."""
    return Owner(socket.gethostname(), os.getpid(), _start(os.getpid()) or "")


def owner_of(name: str) -> Owner:
    """Return the owner of a name."""
    host, pid, start = name.rsplit("/", 2)
    return Owner(host, int(pid), start)


def _start(pid: int) -> str | None:
    """Return when a process began; None if there is none."""
    try:
        # the name stands in brackets and may hold blanks; the start, in ticks since the system's, is the 22nd field
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()
        return None if fields[0] in "ZX" else fields[19]
    except FileNotFoundError:
        pass
    if Path("/proc/self/stat").exists():
        return None
    try:
        found = subprocess.run(["ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, timeout=5)
    except (OSError, subprocess.SubprocessError):
        return ""
    return "-".join(found.stdout.split()).replace("/", "-") or None
