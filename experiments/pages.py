"""Fills in the HTML templates, and gives labels their colours."""

from functools import lru_cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

TEMPLATES = Path(__file__).resolve().parent / "templates"

PALETTE = ("#d55e00", "#009e73", "#0072b2", "#cc79a7", "#b58900", "#56b4e9", "#8c6bb1", "#7f7f7f")
"""Colours of the labels: Okabe and Ito's set for every kind of colour vision, darkened where text needs it."""


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
