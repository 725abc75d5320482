"""Every column of the cues is called by words that can be read without the lexicon at hand."""

import pytest
import yaml

from features.cue_names import cue_name
from features.cues import SentenceCues
from tests.conftest import ROOT


@pytest.fixture(scope="module")
def columns() -> list[str]:
    """The columns that the shipped lexicon makes."""
    lexicon = yaml.safe_load((ROOT / "seeds/framing/lexicon.yaml").read_text("utf-8"))["cues"]
    return [str(name) for name in SentenceCues(lexicon).fit(["x"]).get_feature_names_out()]


@pytest.mark.parametrize(
    ("column", "name"),
    [
        ("actor_state>say_deny", "a state denies"),
        ("actor_io>say_neutral", "an international organisation says"),
        ("say_warn", "someone warns"),
        ("say_warn:denied", "someone warns, denied"),
        ("weapon:contrasted", "weapon, after a “but”"),
        ("actor_armed+attack_noun", "an armed force + attack noun"),
        ("form:opens_in_quote", "opens with a quotation"),
        ("troop_moves", "troop moves"),  # of a lexicon of one's own
        ("actor_union>say_mock", "union says: mock"),
    ],
)
def test_a_column_is_called_by_words(column, name):
    assert cue_name(column) == name


def test_no_name_of_the_shipped_lexicon_shows_how_columns_are_written(columns):
    names = [cue_name(column) for column in columns]
    assert len(names) > 1000
    assert not [name for name in names if set(name) & set("_>") or "say:" in name or "says:" in name]
    assert not [name for name in names if name.startswith(("io", "armed", "civil"))]


def test_two_columns_never_share_a_name(columns):
    names = {}
    for column in columns:
        names.setdefault(cue_name(column), []).append(column)
    assert not [pair for pair in names.values() if len(pair) > 1]
