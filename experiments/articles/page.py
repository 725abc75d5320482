"""Lays out scored articles as one page to read."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from experiments.articles.scored import ScoredArticle, lack_of
from experiments.articles.why import whys_of
from experiments.files import shown_paths
from experiments.pages import SPEAKS, colours, render

STRONGEST = 3
"""Sentences that the profile shows of each label."""


def score_page(
    articles: Sequence[ScoredArticle],
    labels: Sequence[str],
    limit: str = "",
    target: str | None = None,
    unknown: str = "",
) -> str:
    """Return one self-contained page that shows articles in running text with their labels.

    Parameters
    ----------
    articles : sequence of ScoredArticle
        What is shown.
    labels : sequence of str
        The classifier's labels; their order decides their colours.
    limit : str, optional
        One sentence that says what the page leaves out.
    target : str, optional
        What the stance is about.
    unknown : str, optional
        What to know of a target that was not in training.
    """
    names = shown_paths([scored.article.id for scored in articles])
    views = [_article_view(scored, number, labels, names[number - 1]) for number, scored in enumerate(articles, 1)]
    return render(
        "score.html",
        title=views[0]["title"] if len(views) == 1 else f"{len(views)} articles",
        labels=list(labels),
        speaks=SPEAKS,
        colours=colours(len(labels)),
        articles=views,
        limit=limit,
        target=target,
        unknown=unknown,
    )


def _article_view(scored: ScoredArticle, number: int, labels: Sequence[str], name: str) -> dict[str, Any]:
    """Return what the template shows of one article, which it calls by ``name``."""
    article = scored.article
    length = max(len(article.text), 1)
    touches = [None] * len(article.sentences) if scored.touches is None else scored.touches.tolist()
    left = scored.left
    sentences: list[dict[str, Any]] = []
    paragraphs: list[dict[str, Any]] = []
    last = 0
    for index, sentence in enumerate(article.sentences):
        view = {
            "id": f"a{number}s{index}",
            "text": sentence.text,
            "boilerplate": sentence.boilerplate,
            "lack": lack_of(scored.target_in_training) if touches[index] is False else "",
            "left": left[index],
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
    decided = [view for view in sentences if not view["boilerplate"] and not view["left"]]
    read = [view for view in sentences if not view["boilerplate"]]
    profile = []
    for k, label in enumerate(labels):
        given = [view for view in decided if k in view["given"]]
        profile.append(
            {
                "label": label,
                "count": len(given),
                "share": len(given) / len(decided) if decided else 0.0,
                "strongest": sorted(given, key=lambda view: -view["scores"][k])[:STRONGEST],
            }
        )
    first = next((view["text"] for view in read), name)
    return {
        "number": number,
        "id": name,
        "title": first if len(first) <= 160 else first[:157].rstrip() + "…",
        "paragraphs": paragraphs,
        "sentences": sentences,
        "n_sentences": len(read),
        "n_boilerplate": len(sentences) - len(read),
        "n_decided": len(decided),
        "n_left": sum(left),
        "n_unlabelled": sum(not view["given"] for view in decided),
        "n_untouched": scored.untouched,
        "lack": lack_of(scored.target_in_training),
        "profile": profile,
        "whys": whys_of(scored, number),
    }
