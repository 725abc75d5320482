"""Counts how far a config travels in one training: ``python -m tests.house``.

A *room* is a module of ours whose functions are handed the config or a part of it. A *door* is a pair of functions of
two rooms, one of which calls the other with it; the config reading its own fields is none. A *climb* is a door that
leads to the same floor or up, where a module's floor is the length of the longest chain of imports below it (modules
that import each other share one). A *way back* is a door that doesn't start in the room just entered: the reader has
to go back up to find it.
"""

import os
import sys
import tempfile
from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from pathlib import Path
from types import FrameType
from typing import Any

import grimp
import numpy as np
from pydantic import BaseModel
from scipy.sparse.csgraph import connected_components

OURS = ("experiments.", "features.")


def house() -> tuple[dict[str, int], list[set[str]]]:
    """Return each module's floor (0 imports nothing of ours), and the groups of modules that import each other."""
    graph = grimp.build_graph("experiments", "features")
    modules = sorted(graph.modules)
    imports = np.array([[b in graph.find_modules_directly_imported_by(a) for b in modules] for a in modules])
    count, group_of = connected_components(imports, directed=True, connection="strong")
    groups = [{module for module, at in zip(modules, group_of, strict=True) if at == number} for number in range(count)]
    below = [
        {int(group_of[j]) for i, j in zip(*np.nonzero(imports), strict=True) if group_of[i] == number} - {number}
        for number in range(count)
    ]

    @cache
    def floor(group: int) -> int:
        return max((floor(other) + 1 for other in below[group]), default=0)

    return {module: floor(int(at)) for module, at in zip(modules, group_of, strict=True)}, [
        group for group in groups if len(group) > 1
    ]


def doors(config_name: str) -> list[tuple[str, str, str, str]]:
    """Return (module, function, module, function) of every call that hands a config on in a training, in order."""
    found: dict[tuple[str, str, str, str], None] = {}

    def watch(frame: FrameType, event: str, argument: Any) -> None:
        if event != "call" or not _carries(frame):
            return
        caller = frame.f_back
        while caller is not None and not _ours(caller):
            caller = caller.f_back
        if caller is not None and _place(caller)[0] != _place(frame)[0]:
            found.setdefault((*_place(caller), *_place(frame)))

    from experiments.train import train

    sys.setprofile(watch)
    try:
        train(_load(config_name), lambda line: None)
    finally:
        sys.setprofile(None)
    return list(found)


def _load(name: str) -> Any:
    try:
        from experiments.config.files import load_config
    except ImportError:  # as the module was called before there were wings
        from experiments.config_files import load_config
    return load_config(name)


def _ours(frame: FrameType) -> bool:
    return str(frame.f_globals.get("__name__", "")).startswith(OURS)


def _place(frame: FrameType) -> tuple[str, str]:
    return frame.f_globals["__name__"], frame.f_code.co_name


def _carries(frame: FrameType) -> bool:
    """Return whether a function of ours was handed a config or a part of one."""
    if not _ours(frame):
        return False
    code = frame.f_code
    handed = [frame.f_locals.get(name) for name in code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]]
    return any(_is_config(value) and type(value).__module__ != _place(frame)[0] for value in handed)


def _is_config(value: Any) -> bool:
    return isinstance(value, BaseModel) and type(value).__module__.startswith(OURS)


def report(config_name: str) -> Iterator[str]:
    """Yield the counts, a line each, and every climb."""
    floor, circles = house()
    passed = doors(config_name)
    rooms = {module for start, _, end, _ in passed for module in (start, end)}
    climbs = sorted(door for door in passed if floor[door[2]] >= floor[door[0]])
    back = sum(later[0] != earlier[2] for earlier, later in pairwise(passed))
    yield f"{len(floor)} modules on {max(floor.values()) + 1} floors, {len(circles)} circle(s) of imports"
    yield f"{config_name}: {len(rooms)} rooms, {len(passed)} doors, {back} ways back, {len(climbs)} climb(s)"
    for start, function, end, other in climbs:
        yield f"  climb from {start}.{function} (floor {floor[start]}) to {end}.{other} (floor {floor[end]})"


if __name__ == "__main__":
    config = sys.argv[1] if len(sys.argv) > 1 else "framing/default"
    with tempfile.TemporaryDirectory() as scratch:
        here = Path.cwd()
        os.chdir(scratch)
        try:
            lines = list(report(config))
        finally:
            os.chdir(here)
    print("\n".join(lines))
