"""From nothing to a scored article: the default config trained, an article scored by the better model, what next."""

import json
import os
import shlex
import shutil
import sys
from pathlib import Path
from typing import Any

from experiments.articles.read import read_articles
from experiments.articles.write import score_to
from experiments.commands.summary import scored_text, trained_json, trained_text
from experiments.config.files import config_files, load_config
from experiments.files import MODELS, ROOT, STARTER
from experiments.notices import Warn
from experiments.output import check_output
from experiments.tracking.artifacts import save_report
from experiments.tracking.resolve import load_starter, model_files
from experiments.train import train

CONFIG = "framing/default"
TASK = "framing"
FIGURES = MODELS / TASK / "figures.json"
"""Macro-F1 of the starter and of the config on real sentences: for each set its rows and what each reached."""

ARTICLE = ROOT / "seeds" / "articles" / "strait-talks.txt"
ANOTHER = ROOT / "seeds" / "articles" / "valley-ceasefire.txt"


def run_demo(output: Path, say: Warn) -> tuple[dict[str, Any], str]:
    """Train the default config, score a sample article as HTML and JSONL, and return the result as JSON and text.

    The article is scored by the starter, since it reads real news better than what half a minute of training makes.

    Parameters
    ----------
    output : Path
        Folder for ``report.html``, ``scored.html`` and ``scored.jsonl``.
    say : callable
        Called with a line for each step.
    """
    files = {"article": output / "scored.html", "scores": output / "scored.jsonl"}
    report = output / "report.html"
    for path in (*files.values(), report):
        check_output(path, [ARTICLE, *config_files(CONFIG), *model_files(None, TASK)])
    trained = train(load_config(CONFIG), say)
    say(f"scoring {ARTICLE.name}")
    classifier = load_starter(TASK)
    for path, kind in zip(files.values(), ("html", "jsonl"), strict=True):
        summary = score_to(classifier, read_articles([str(ARTICLE)], warn=say), path, kind, warn=say)
    save_report(trained.run_id, report)
    result = {**trained_json(trained), "report": str(report), **{name: str(path) for name, path in files.items()}}
    program, shown = _as_typed(sys.argv[0]), os.path.relpath(ANOTHER)
    text = "\n".join(
        [
            trained_text(trained).rsplit("\n", 1)[0],
            "",
            scored_text(STARTER, summary, None),
            _why(),
            "",
            f"Look at the scored article   {files['article']}",
            f"     the evaluation report   {report}",
            f"     the run in MLflow       {program} ui",
            f"Score another article        {program} score {shlex.quote(shown)} -o {output / 'another.html'}",
        ]
    )
    return result, text


def _why() -> str:
    """Return why the starter scores, and not the model that was just trained."""
    figures = json.loads(FIGURES.read_text(encoding="utf-8"))
    compared = "; ".join(
        f"{each[STARTER]:.3f} against {each['framing/default']:.3f} on {each['rows']} sentences of {name}"
        for name, each in figures.items()
    )
    return (
        f"The starter, and not the model just trained, since it reads real news better: macro-F1 {compared}. From now "
        f"on your own champion goes first; --model {STARTER} names the starter."
    )


def _as_typed(program: str) -> str:
    """Return what to type for the command: its name if the shell finds it by that, else its path from here."""
    if Path(program).name != "framescope":  # a notebook, or ``python -m experiments``
        return "framescope"
    found = shutil.which("framescope")
    same = found is not None and os.path.realpath(found) == os.path.realpath(program)
    return "framescope" if same else shlex.quote(os.path.relpath(program))
