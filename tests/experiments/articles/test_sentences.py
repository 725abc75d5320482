"""A full stop after an abbreviation ends a sentence only where a new one begins."""

import pytest

from experiments.articles.sentences import split_sentences


def split(text: str) -> list[str]:
    return [sentence.text for sentence in split_sentences(text)]


@pytest.mark.parametrize(
    "title",
    [
        *("Mr", "Mrs", "Ms", "Messrs", "Dr", "Prof", "Hon", "Rev", "Fr", "Msgr"),
        *("Sen", "Sens", "Rep", "Reps", "Gov", "Govs", "Pres", "Sec", "Amb", "Atty", "Ald", "Del"),
        *("Gen", "Lt", "Lieut", "Col", "Maj", "Brig", "Capt", "Cpt", "Cmdr", "Cdr", "Adm"),
        *("Cpl", "Sgt", "Pvt", "Pfc", "Spc", "Supt", "Insp", "Det", "St", "Ste", "Ft", "Mt", "vs", "approx", "al"),
    ],
)
def test_a_name_goes_on_after_its_title(title: str) -> None:
    assert split(f"They met {title}. Roe there. All left.") == [f"They met {title}. Roe there.", "All left."]
    assert split(f"They met (see “{title}. Roe”). All left.") == [f"They met (see “{title}. Roe”).", "All left."]


@pytest.mark.parametrize(
    "word",
    [
        *("Jan", "Feb", "Mar", "Apr", "Jun", "Jul", "Aug", "Sep", "Sept", "Oct", "Nov", "Dec"),
        *("No", "Nos", "Fig", "fig", "figs", "p", "pp", "vol", "art", "approx", "ca", "c", "Res"),
    ],
)
def test_a_number_goes_on_after_its_word(word: str) -> None:
    assert split(f"They met on {word}. 7 there. All left.") == [f"They met on {word}. 7 there.", "All left."]


@pytest.mark.parametrize("new", ["The", "He", "It", "They", "But", "In", "When", "However", "What", "Later", "Another"])
def test_a_word_that_begins_sentences_begins_one_after_initials(new: str) -> None:
    assert split(f"They met J.D. {new} ports were shut.") == ["They met J.D.", f"{new} ports were shut."]
    assert split("They met J.D. Roe there.") == ["They met J.D. Roe there."]


@pytest.mark.parametrize(
    "after",
    [
        *("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday", "Nov", "3 May"),
        *("EST", "EDT", "ET", "CT", "PST", "GMT", "BST", "CET", "CEST", "EET", "IST", "UTC"),
        *("Moscow time", "Kyiv time", "Eastern time", "Pacific time", "London time", "Beijing time", "Greenwich time"),
    ],
)
def test_a_day_or_a_zone_goes_on_after_the_clock(after: str) -> None:
    assert split(f"They met at 5 p.m. {after} and left.") == [f"They met at 5 p.m. {after} and left."]
    assert split("They met at 5 p.m. Roe left.") == ["They met at 5 p.m.", "Roe left."]


@pytest.mark.parametrize(
    "verb",
    [
        *("said", "says", "asked", "asks", "told", "tells", "added", "replied", "continued", "wondered"),
        *("wrote", "writes", "tweeted", "shouted", "cried"),
    ],
)
def test_speech_goes_on_to_who_spoke(verb: str) -> None:
    assert split(f"“Stop!” Anna Roe {verb}. No one did.") == [f"“Stop!” Anna Roe {verb}.", "No one did."]
    assert split(f"“Stop!” I {verb}. No one did.") == [f"“Stop!” I {verb}.", "No one did."]


def test_a_quotation_as_newswire_archives_write_it_goes_on_to_who_spoke() -> None:
    assert split('" Will it hold ? " Anna Roe asked.') == ['" Will it hold ? " Anna Roe asked.']


def test_names_may_begin_in_lower_case_and_sentences_do_not() -> None:
    for name in ("al-Hasan", "el-Roe", "bin Roe", "ibn Roe", "de Roe", "van Roe", "von Roe"):
        assert split(f"Who met? {name} left.") == ["Who met?", f"{name} left."]
    assert split("Yahoo! rose. They left.") == ["Yahoo! rose.", "They left."]


def test_the_number_of_an_item_is_no_sentence() -> None:
    assert split("1. They met.") == ["1. They met."]
    assert split("(b) They met.") == ["(b) They met."]
