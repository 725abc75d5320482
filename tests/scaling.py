"""Measures ``framescope score`` on more and more sentences: ``python -m tests.scaling MODEL 1000 10000 --jobs 1,2``.

Articles of 20 shipped sentences are put together anew for each, in an order of their own. Printed are sentences a
second over the whole command, its start included, and the highest memory of all its processes together (Linux:
proportional set sizes, 5 times a second). ``--code FOLDER`` measures another checkout, such as the commit before.
"""

import json
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from experiments.files import CODE

SENTENCES = 20  # an article


def main() -> None:
    arguments = sys.argv[1:]
    code, jobs = str(CODE), ["1", "2"]
    for option in ("--code", "--jobs"):
        if option in arguments:
            at = arguments.index(option)
            value = arguments[at + 1]
            del arguments[at : at + 2]
            code, jobs = (value, jobs) if option == "--code" else (code, value.split(","))
    model, *sizes = arguments
    texts = [json.loads(row)["text"] for row in (CODE / "seeds/framing/sentences.jsonl").open(encoding="utf-8")]
    for size in map(int, sizes):
        with tempfile.TemporaryDirectory() as scratch:
            table = Path(scratch, "articles.jsonl")
            write_articles(table, texts, size)
            for each in jobs:
                seconds, megabytes = measure(code, model, table, each)
                print(
                    f"{size:>9,} sentences, {each} process(es): {size / seconds:>6,.0f} a second, {megabytes:,.0f} MB"
                )


def write_articles(table: Path, texts: list[str], size: int) -> None:
    chance = random.Random(13)
    with table.open("w", encoding="utf-8") as file:
        for number in range(max(size // SENTENCES, 1)):
            body = "\n\n".join(" ".join(chance.sample(texts, 4)) for _ in range(SENTENCES // 4))
            file.write(json.dumps({"id": str(number), "text": body}, ensure_ascii=False) + "\n")


def measure(code: str, model: str, table: Path, jobs: str) -> tuple[float, float]:
    """Return the seconds that scoring takes, and the highest memory in MB."""
    command = [sys.executable, "-m", "experiments", "score", str(table), "-m", model, "-o", f"{table}.scored.jsonl"]
    command += [] if jobs == "-" else ["--jobs", jobs]  # - for a checkout that has no processes
    environment = {**os.environ, "PYTHONPATH": code}
    began = time.perf_counter()
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    highest = 0.0
    while process.poll() is None:
        highest = max(highest, memory(process.pid))
        time.sleep(0.2)
    seconds = time.perf_counter() - began
    if process.returncode:
        raise SystemExit(process.stderr.read() if process.stderr else "failed")
    return seconds, highest


def memory(pid: int) -> float:
    """Return what a process and its children hold, in MB; pages that several share are counted once."""
    total = 0.0
    waiting = [pid]
    while waiting:
        each = waiting.pop()
        try:
            lines = Path(f"/proc/{each}/smaps_rollup").read_text().splitlines()
            total += next(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1000
            for task in Path(f"/proc/{each}/task").iterdir():
                waiting += map(int, (task / "children").read_text().split())
        except (OSError, StopIteration):  # it has ended
            continue
    return total


if __name__ == "__main__":
    main()
