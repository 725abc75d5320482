"""What this process and the processes it has started take: memory and processor time.

Imports only the standard library, as it runs inside what is measured.
"""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

_PROC = Path("/proc/self/status").is_file()


def peak_mb() -> float | None:
    """Return the highest resident memory so far, in MB (10^6 bytes); None where the system doesn't tell.

    The sum over this process and the living processes that it has started (as scikit-learn does for folds). Where
    Linux's ``/proc`` is missing, of this process alone.

    Notes
    -----
    Linux's ``getrusage`` isn't used where it can be helped: its maximum is handed down from the process that started
    this one.
    """
    if _PROC:
        return round(sum(_high_water(pid) for pid in _family()) / 1e6, 1)
    try:
        import resource
    except ImportError:  # Windows
        return None
    unit = 1 if sys.platform == "darwin" else 1024
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6, 1)


def cpu_seconds() -> float:
    """Return the processor time so far, in seconds over all cores, of this process and those that it has started."""
    times = os.times()
    own = times.user + times.system + times.children_user + times.children_system
    if not _PROC:
        return own
    tick = os.sysconf("SC_CLK_TCK")
    me = os.getpid()
    return own + sum(_ticks(pid) for pid in _family() if pid != me) / tick


def machine_cpu_seconds() -> float | None:
    """Return the processor time so far of everything on this machine, in seconds over all cores; None if unknown."""
    try:
        fields = Path("/proc/stat").read_text().partition("\n")[0].split()[1:]
    except OSError:
        return None
    user, nice, system, _, _, irq, softirq = map(int, fields[:7])  # the two left out are idle
    return (user + nice + system + irq + softirq) / os.sysconf("SC_CLK_TCK")


def _family() -> Iterator[int]:
    """Yield this process and its living descendants."""
    waiting = [os.getpid()]
    while waiting:
        pid = waiting.pop()
        yield pid
        for task in Path(f"/proc/{pid}/task").glob("*/children"):
            try:
                waiting += map(int, task.read_text().split())
            except OSError:  # it has ended meanwhile
                continue


def _high_water(pid: int) -> int:
    """Return a process's peak resident memory in bytes, 0 when it has ended."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM")), 0)


def _ticks(pid: int) -> int:
    """Return a process's user and system time in clock ticks, with that of its children that have ended."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0
    return sum(int(field) for field in fields[11:15])
