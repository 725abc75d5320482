"""Ends a scoring by ``kill -9`` at random moments, again and again: ``python -m tests.resumed MODEL 20``.

A job of 60,000 sentences into one file is killed, goes on with ``--resume``, and is killed again, until so many kills
have hit; whenever it comes to its end, the file is compared with that of a job that nobody ended, and it begins anew.
"""

import json
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from experiments.files import CODE
from tests.kills import ENVIRONMENT
from tests.scaling import write_articles

SENTENCES = 60_000


def main() -> None:
    model, times = sys.argv[1], int(sys.argv[2])
    chance = random.Random(13)
    texts = [json.loads(row)["text"] for row in (CODE / "seeds/framing/sentences.jsonl").open(encoding="utf-8")]
    with tempfile.TemporaryDirectory() as scratch:
        table, out, whole = (Path(scratch, name) for name in ("articles.jsonl", "scored.jsonl", "whole.jsonl"))
        write_articles(table, texts, SENTENCES)
        began = time.monotonic()
        assert score(model, table, whole, None) == 0
        longest = time.monotonic() - began
        hit = compared = same = gone_on = 0
        while hit < times or not compared or (out.parent / f".{out.name}.parts").is_dir():
            gone_on += (out.parent / f".{out.name}.parts").is_dir()
            status = score(model, table, out, chance.uniform(0.3, longest) if hit < times else None)
            if status == -signal.SIGKILL:
                hit += 1
                assert not out.exists(), "an output that isn't whole"
                continue
            assert status == 0, status
            compared, same = compared + 1, same + (sorted(out.open()) == sorted(whole.open()))
            out.unlink()
        left = [path.name for path in Path(scratch).iterdir() if path not in (table, whole)]
        print(
            f"{hit} kills, {gone_on} jobs went on after parts; {same} of {compared} ends the same as the unbroken run"
        )
        print(f"left: {left}")


def score(model: str, table: Path, out: Path, seconds: float | None) -> int:
    """Score, and kill the command after some seconds unless it has ended; return its status."""
    command = [sys.executable, "-m", "experiments", "score", str(table), "-m", model, "-o", str(out), "--resume"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=ENVIRONMENT)
    if seconds is not None:
        try:
            return process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.kill()
    return process.wait()


if __name__ == "__main__":
    main()
