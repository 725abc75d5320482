"""How entries are written, and what they find."""

from pathlib import Path

import pytest
import yaml

from features.lexicon import GAP, Hit, compile_lexicon, find_hits, tokenize

LEXICON = Path(__file__).resolve().parents[2] / "seeds/framing/lexicon.yaml"


def found(entry: str, text: str) -> list[tuple[int, int]]:
    return [(hit.start, hit.end) for hit in find_hits(compile_lexicon({"c": [entry]}), tokenize(text))]


@pytest.mark.parametrize("form", ["attack", "attacks", "attacked", "Attacking", "ATTACKED"])
def test_a_word_finds_all_its_forms(form):
    assert found("attack", f"They {form} at dawn.") == [(1, 2)]


def test_an_exact_form_finds_only_itself():
    assert found("=talks", "The talks opened.") == [(1, 2)]
    assert found("=talks", "She talked about a talk.") == []


def test_an_exact_form_may_stand_anywhere_in_an_entry():
    assert found("hold =talks", "Both held and hold talks.") == [(3, 5)]
    assert found("hold =talks", "They hold a talk.") == []
    assert found("=isis|=isil attack", "ISIL attacks continued.") == [(0, 2)]


def test_every_alternative_is_found():
    text = "Rome rejected claims, Oslo dismissed reports, and Bern rejected a plan."
    assert found("reject|dismiss claim|report", text) == [(1, 3), (5, 7)]


@pytest.mark.parametrize("between", range(GAP + 2))
def test_a_gap_spans_up_to_its_length(between):
    hits = found("lift ~ sanction", "They lift " + "very " * between + "sanctions")
    assert hits == ([(1, 3 + between)] if between <= GAP else [])


def test_words_without_a_gap_must_be_neighbours():
    assert found("peace talk", "The peace talks resumed.") == [(1, 3)]
    assert found("peace talk", "The peace and later talks resumed.") == []


def test_an_entry_does_not_reach_past_the_end():
    assert found("lift ~ sanction", "What they will lift") == []
    assert found("peace talk", "A time of peace") == []


def test_the_longest_entry_of_a_category_is_counted_once_at_a_place():
    lexicon = compile_lexicon({"c": ["sign", "sign ~ pact", "sign a"], "d": ["sign"]})
    hits = find_hits(lexicon, tokenize("Both sign a new pact."))
    assert sorted(hits) == [Hit("c", 1, 5), Hit("d", 1, 2)]


def test_hits_come_in_the_order_of_the_text():
    lexicon = compile_lexicon({"war": ["war"], "peace": ["peace"]})
    assert [hit.category for hit in find_hits(lexicon, tokenize("peace war peace"))] == ["peace", "war", "peace"]


@pytest.mark.parametrize("text", ["", "   ", "\n\t", "..."])
def test_texts_without_words_have_no_hits(text):
    assert found("attack", text) == []


@pytest.mark.parametrize("entry", ["", "  ", "~", "~ claim", "deny ~"])
def test_a_malformed_entry_names_its_category(entry):
    with pytest.raises(ValueError, match=r"'denial'.*must begin and end with a word"):
        compile_lexicon({"denial": ["deny", entry]})


def test_curly_quotes_and_dashes_are_evened_out():
    assert tokenize("“It isn’t war” – he said") == tokenize('"It isn\'t war" - he said')
    assert found("=n't ~ war", "It isn’t a war.") == [(2, 5)]


def test_split_and_joined_possessives_are_the_same():
    assert tokenize("Norway 's envoy did n't go") == ("norway", "'s", "envoy", "did", "n't", "go")
    assert tokenize("Norway 's envoy") == tokenize("Norway's envoy") == tokenize("Norway’s envoy")


def test_digits_are_folded():
    assert tokenize("2,700 men in 1987") == tokenize("1,500 men in 2014") == ("0,000", "men", "in", "0000")
    assert found("since 0000", "At war since 1998.") == [(2, 4)]


class TestShippedLexicon:
    @pytest.fixture(scope="class")
    def sections(self):
        return yaml.safe_load(LEXICON.read_text(encoding="utf-8"))

    def test_is_made_of_strings_and_compiles(self, sections):
        assert set(sections) == {"keywords", "cues"}
        for categories in sections.values():
            for category, entries in categories.items():
                assert all(isinstance(entry, str) for entry in entries), category
                assert len(set(entries)) == len(entries), category
            compile_lexicon(categories)

    def test_is_as_large_as_documented(self, sections):
        assert list(sections["keywords"]) == ["threat", "cooperation", "denial"]
        assert len(sections["cues"]) >= 40
        assert sum(len(entries) for entries in sections["cues"].values()) >= 1500

    @pytest.mark.parametrize(
        ("label", "text"),
        [
            ("threat", "The general vowed to crush the uprising."),
            ("threat", "Three villages were bombed overnight."),
            ("cooperation", "The two capitals signed a fisheries agreement."),
            ("cooperation", "The rebels agreed to a week-long truce."),
            ("denial", "The ministry rejected the allegations."),
            ("denial", "He called the story baseless."),
            (None, "The bakery opens at seven."),
            (None, "According to the chief executive, sales rose."),
            (None, "The relatives waited at the detention centre."),
        ],
    )
    def test_keywords_know_the_plainest_cases(self, sections, label, text):
        hits = {hit.category for hit in find_hits(compile_lexicon(sections["keywords"]), tokenize(text))}
        assert (label in hits) if label else not hits
