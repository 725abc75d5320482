"""From nothing to a scored article: the default config trained, a sample article scored, and where to look next."""

from pathlib import Path
from typing import Any

from experiments.articles.read import read_articles
from experiments.articles.write import score_to
from experiments.commands.summary import scored_text, trained_json, trained_text
from experiments.config.files import load_config
from experiments.files import ROOT
from experiments.model import load_model
from experiments.notices import Warn
from experiments.tracking.artifacts import fetch_model, save_report
from experiments.train import train

CONFIG = "framing/default"
ARTICLE = ROOT / "seeds" / "articles" / "strait-talks.txt"


def run_demo(output: Path, say: Warn) -> tuple[dict[str, Any], str]:
    """Train the default config, score a sample article as HTML and JSONL, and return the result as JSON and text.

    Parameters
    ----------
    output : Path
        Folder for ``report.html``, ``scored.html`` and ``scored.jsonl``.
    say : callable
        Called with a line for each step.
    """
    trained = train(load_config(CONFIG), say)
    say(f"scoring {ARTICLE.name}")
    classifier = load_model(fetch_model(trained.model_uri))
    files = {"article": output / "scored.html", "scores": output / "scored.jsonl"}
    for path, kind in zip(files.values(), ("html", "jsonl"), strict=True):
        summary = score_to(classifier, read_articles([str(ARTICLE)], warn=say), path, kind, warn=say)
    report = output / "report.html"
    save_report(trained.run_id, report)
    result = {**trained_json(trained), "report": str(report), **{name: str(path) for name, path in files.items()}}
    text = "\n".join(
        [
            trained_text(trained).rsplit("\n", 1)[0],
            "",
            scored_text(trained.model_uri, summary, None),
            "",
            f"Look at the scored article   {files['article']}",
            f"     the evaluation report   {report}",
            "     the run in MLflow       framescope ui",
            f"Score your own               framescope score ARTICLE.txt -o {output / 'mine.html'}",
        ]
    )
    return result, text
