"""Are the test rows news that somebody published, or sentences that were written for the kit."""

import json
from functools import cache

from experiments.evaluation.checks.finding import Check, Subject
from experiments.files import MODELS, ROOT, STARTER
from features.normalise import normalise_text

WRITTEN = (
    "framing/sentences.jsonl",
    "framing/outlines.jsonl",
    "stance/sentences.jsonl",
    "stance/more-targets.jsonl",
    "stance/many-targets.jsonl",
)
"""The files in ``seeds/`` whose texts were written for the kit."""

FROM = 0.1
"""Part of the test rows from which on they count as written."""


@cache
def _written_texts() -> frozenset[str]:
    found = set()
    for name in WRITTEN:
        file = ROOT / "seeds" / name
        if file.is_file():
            lines = file.read_text(encoding="utf-8").splitlines()
            found |= {_form(json.loads(line)["text"]) for line in lines if line.strip()}
    return frozenset(found)


def _form(text: str) -> str:
    """Return a text in the form by which it is known again, however the file was copied or converted."""
    return normalise_text(text, fold_digits=False)


def _is_written(subject: Subject) -> str | None:
    texts = subject.test.texts
    n = sum(_form(text) in _written_texts() for text in texts)
    if not n or n < FROM * len(texts):
        return None
    said = f"{n:,} of {len(texts):,} test rows were written for this kit and not collected"
    return f"{said}{_on_real_news(subject.classifier.task.name)}"


def _on_real_news(task: str) -> str:
    """Return what the models in the box reach on real news, if that was measured."""
    file = MODELS / task / "figures.json"
    if not file.is_file():
        return "; they don't tell what it is worth on collected texts"
    sets = json.loads(file.read_text(encoding="utf-8"))
    models = sorted({name for each in sets.values() for name in each if name != "rows"})
    figures = []
    for model in models:
        reached = " and ".join(
            f"{each[model]:.3f} on {name} ({each['rows']} sentences)" for name, each in sets.items() if model in each
        )
        figures.append(f"{'the starter' if model == STARTER else model} has a macro-F1 of {reached}")
    return f"; on real news {'; '.join(figures)}"


FS010 = Check(
    "FS010",
    "test rows that were written, not collected",
    "A tenth or more of the test rows have a text of seeds/framing/sentences.jsonl, seeds/framing/outlines.jsonl, "
    "seeds/stance/sentences.jsonl, more-targets.jsonl or many-targets.jsonl, but for case and typography: so a copy "
    "under any name and in any format is known again.",
    "Those sentences were written to a brief, by the same hands as the training rows, and are plainer than news: "
    "framing/default has a macro-F1 of 0.838 on them, 0.702 on newswire and 0.520 on the press (docs/benchmarks.md).",
    "measure on real sentences, whose labels ship (seeds/README.md, Labels on real sentences): framescope evaluate "
    "--model MODEL --data press-dev.jsonl",
    _is_written,
)
