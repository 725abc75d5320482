"""Colours of pages mean one thing each, to every kind of colour vision, on screen, in the dark and on paper."""

import colorsys
import math
import re
from itertools import combinations

import numpy as np
import pytest

from experiments.pages import PALETTE, SPEAKS, TEMPLATES, colours

PAPERS = {"light": ((255, 255, 255), (27, 27, 27)), "dark": ((22, 24, 27), (230, 228, 223))}  # paper and ink
LABELS_AT_MOST = 60

# Machado, G., Oliveira, M. & Fernandes, L. (2009), at full severity, on linear RGB
BLIND = {
    "protan": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deutan": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "tritan": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}


def linear(rgb) -> np.ndarray:
    part = np.asarray(rgb, dtype=float) / 255
    return np.where(part <= 0.04045, part / 12.92, ((part + 0.055) / 1.055) ** 2.4)


def oklab(light: np.ndarray) -> np.ndarray:
    """Return linear RGB in Ottosson's Oklab, in which distances are those that people see."""
    cones = [
        [0.41222147, 0.53633254, 0.05144599],
        [0.2119035, 0.68069955, 0.10739696],
        [0.08830246, 0.28171884, 0.6299787],
    ]
    lab = [
        [0.21045426, 0.79361779, -0.00407205],
        [1.9779985, -2.42859221, 0.45059371],
        [0.02590404, 0.78277177, -0.80867577],
    ]
    return np.asarray(lab) @ np.cbrt(np.asarray(cones) @ np.clip(light, 0, 1))


def parse(colour: str) -> tuple[float, ...]:
    if colour.startswith("#"):
        return tuple(int(colour[i : i + 2], 16) for i in (1, 3, 5))
    hue, saturation, lightness = map(float, re.findall(r"\d+", colour))
    return tuple(255 * part for part in colorsys.hls_to_rgb(hue / 360, lightness / 100, saturation / 100))


def hue(rgb) -> float | None:
    _, a, b = oklab(linear(rgb))
    return None if math.hypot(a, b) < 0.02 else math.degrees(math.atan2(b, a)) % 360


def strength(kind: str, mode: str) -> float:
    """Return how opaque the report's stylesheet makes a word's strongest shade."""
    found = re.findall(rf"--{kind}-most: ([\d.]+)", (TEMPLATES / "look.css").read_text("utf-8"))
    return float(found[mode == "dark"])


def painted(kind: str, mode: str) -> np.ndarray:
    paper, alpha = np.asarray(PAPERS[mode][0]), strength(kind, mode)
    return alpha * np.asarray(SPEAKS[kind]) + (1 - alpha) * paper


def test_no_label_has_the_hue_of_what_speaks_for_or_against_one():
    for colour in colours(LABELS_AT_MOST):
        of_label = hue(parse(colour))
        for kind, rgb in SPEAKS.items():
            if of_label is not None:
                apart = abs(of_label - hue(rgb)) % 360
                assert min(apart, 360 - apart) >= 20, (kind, colour)


@pytest.mark.parametrize("mode", PAPERS)
@pytest.mark.parametrize("vision", [None, *BLIND])
def test_for_and_against_are_told_apart_by_every_kind_of_colour_vision(mode, vision):
    matrix = np.eye(3) if vision is None else np.asarray(BLIND[vision])
    seen = [oklab(matrix @ linear(painted(kind, mode))) for kind in SPEAKS]
    plain = oklab(matrix @ linear(PAPERS[mode][0]))
    for one, other in combinations([*seen, plain], 2):
        assert np.linalg.norm(one - other) > 0.1


@pytest.mark.parametrize("mode", PAPERS)
@pytest.mark.parametrize("kind", SPEAKS)
def test_a_shaded_word_can_be_read(kind, mode):
    light, dark = sorted(
        (float(linear(each) @ (0.2126, 0.7152, 0.0722)) for each in (painted(kind, mode), PAPERS[mode][1])),
        reverse=True,
    )
    assert (light + 0.05) / (dark + 0.05) >= 4.5  # WCAG 2.2, 1.4.3


def test_no_template_paints_by_hand_in_a_colour_of_the_labels():
    own = {tuple(map(round, parse(colour))) for colour in PALETTE}
    for template in TEMPLATES.glob("*.html"):
        page = template.read_text("utf-8")
        written = {tuple(map(round, parse(each))) for each in re.findall(r"#[0-9a-f]{6}\b", page)}
        written |= {tuple(map(int, each)) for each in re.findall(r"rgb\((\d+) (\d+) (\d+)", page)}
        assert not written & own, template.name


def test_colours_of_many_labels_differ():
    assert len(set(colours(LABELS_AT_MOST))) == LABELS_AT_MOST
    assert colours(3) == list(PALETTE[:3])
