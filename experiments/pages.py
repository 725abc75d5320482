"""Renders HTML pages from the templates folder, and lays out scored articles for the page that shows them."""

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from jinja2 import Environment, FileSystemLoader, StrictUndefined

if TYPE_CHECKING:
    from experiments.score import ScoredArticle

TEMPLATES = Path(__file__).resolve().parent / "templates"

PALETTE = ("#d55e00", "#009e73", "#0072b2", "#cc79a7", "#b58900", "#56b4e9", "#8c6bb1", "#7f7f7f")
"""Colours of the labels: Okabe and Ito's set for every kind of colour vision, darkened where text needs it."""

STRONGEST = 3


def render(name: str, **context: Any) -> str:
    """Return a template filled in, with every value escaped for HTML."""
    return _environment().get_template(name).render(**context)


@lru_cache(maxsize=1)
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    environment.filters["percent"] = lambda share: f"{100 * share:.0f}"
    return environment


def colours(n: int) -> list[str]:
    """Return n colours for labels; those beyond the palette go round the colour wheel by the golden angle."""
    return [PALETTE[i] if i < len(PALETTE) else f"hsl({i * 137.5 % 360:.0f} 55% 45%)" for i in range(n)]


def score_page(articles: Sequence["ScoredArticle"], labels: Sequence[str], limit: str = "") -> str:
    """Return one self-contained page that shows articles in running text with their labels.

    Parameters
    ----------
    articles : sequence of ScoredArticle
        What is shown.
    labels : sequence of str
        The classifier's labels; their order decides their colours.
    limit : str, optional
        One sentence that says what the page leaves out.
    """
    views = [_article_view(scored, number, labels) for number, scored in enumerate(articles, 1)]
    return render(
        "score.html",
        title=views[0]["title"] if len(views) == 1 else f"{len(views)} articles",
        labels=list(labels),
        colours=colours(len(labels)),
        articles=views,
        limit=limit,
    )


def _article_view(scored: "ScoredArticle", number: int, labels: Sequence[str]) -> dict[str, Any]:
    """Return what the template shows of one article."""
    article = scored.article
    length = max(len(article.text), 1)
    sentences: list[dict[str, Any]] = []
    paragraphs: list[dict[str, Any]] = []
    last = 0
    for index, sentence in enumerate(article.sentences):
        view = {
            "id": f"a{number}s{index}",
            "text": sentence.text,
            "boilerplate": sentence.boilerplate,
            "given": [int(k) for k in np.flatnonzero(scored.decided[index])],
            "scores": [] if sentence.boilerplate else [float(p) for p in scored.probabilities[index]],
            "x": 1000 * sentence.start / length,
            "width": max(1000 * (sentence.end - sentence.start) / length, 3),
            # sentences of one paragraph may touch; a blank that isn't in the text would change a quotation
            "space": last < sentence.start,
        }
        if not paragraphs or "\n" in article.text[last : sentence.start] or "\r" in article.text[last : sentence.start]:
            paragraphs.append({"sentences": [], "boilerplate": True})
        paragraphs[-1]["sentences"].append(view)
        paragraphs[-1]["boilerplate"] &= sentence.boilerplate
        sentences.append(view)
        last = sentence.end
    read = [view for view in sentences if not view["boilerplate"]]
    profile = []
    for k, label in enumerate(labels):
        given = [view for view in read if k in view["given"]]
        profile.append(
            {
                "label": label,
                "count": len(given),
                "share": len(given) / len(read) if read else 0.0,
                "strongest": sorted(given, key=lambda view: -view["scores"][k])[:STRONGEST],
            }
        )
    first = next((view["text"] for view in read), article.id)
    return {
        "number": number,
        "id": article.id,
        "title": first if len(first) <= 160 else first[:157].rstrip() + "…",
        "paragraphs": paragraphs,
        "sentences": sentences,
        "n_sentences": len(read),
        "n_boilerplate": len(sentences) - len(read),
        "n_unlabelled": sum(not view["given"] for view in read),
        "profile": profile,
    }
