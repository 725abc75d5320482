"""Fills in the HTML templates, and gives labels their colours."""

from functools import lru_cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

TEMPLATES = Path(__file__).resolve().parent / "templates"

PALETTE = ("#d55e00", "#009e73", "#0072b2", "#cc79a7", "#b58900", "#56b4e9", "#8c6bb1", "#7f7f7f")
"""Colours of the labels: Okabe and Ito's set for every kind of colour vision, darkened where text needs it."""

SPEAKS = {"for": (218, 222, 0), "against": (80, 70, 230)}
"""Red, green and blue of what shades words that speak for and against a label: yellow and indigo are no label's colour,
and the pair that every kind of colour vision tells apart."""

_NO_LABELS = ((46, 89), (214, 268))  # degrees of the colour wheel that are left to what speaks for and against


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
    """Return n colours for labels; those beyond the palette go round the colour wheel by the golden angle.

    What is yellow or indigo is passed over: that is how words are shaded that speak for and against (:data:`SPEAKS`).
    """
    return [PALETTE[i] if i < len(PALETTE) else f"hsl({_hue(i):.0f} 55% 45%)" for i in range(n)]


def _hue(i: int) -> float:
    hue = i * 137.5 % (360 - sum(end - start for start, end in _NO_LABELS))
    for start, end in _NO_LABELS:
        if hue >= start:
            hue += end - start
    return hue
