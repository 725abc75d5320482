"""What the cue columns say about a sentence."""

import numpy as np
import pandas as pd
import pytest
import skops.io
from scipy.sparse import issparse
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MaxAbsScaler
from sklearn.utils import estimator_checks

from features.builder import ALLOWED_TYPES
from features.cues import Cues, SentenceCues

LEXICON = {
    "force": ["attack", "bomb"],
    "weapon": ["missile"],
    "deny_plain": ["deny", "reject ~ claim"],
    "say_warn": ["warn"],
    "say_plain": ["say", "=said"],
    "actor_state": ["norway"],
    "actor_army": ["army"],
}
TEXTS = ["Norway warned the army.", "", "They denied the attack, and bombed a bridge.", "Nothing to see here"]


def columns(text: str, **options) -> dict[str, float]:
    """Return the columns of one text that aren't zero."""
    cues = SentenceCues(LEXICON, **options).fit([])
    row = cues.transform([text]).toarray()[0]
    return {str(name): value for name, value in zip(cues.get_feature_names_out(), row, strict=True) if value}


def cue_names(text: str) -> set[str]:
    return {name for name in columns(text, pairs=False) if not name.startswith("form:")}


class TestStanding:
    def test_asserted(self):
        assert cue_names("They attack at dawn.") == {"force"}

    @pytest.mark.parametrize("negation", ["did not", "didn't", "didn’t", "did n't", "never"])
    def test_negated(self, negation):
        assert cue_names(f"They {negation} attack.") == {"force:negated"}

    def test_negation_ends_with_the_sentence_part(self):
        assert cue_names("They did not wait; they attacked.") == {"force"}

    def test_negation_does_not_reach_back(self):
        assert cue_names("They attacked and did not wait.") == {"force"}

    def test_denied(self):
        assert cue_names("They denied sending the missile.") == {"deny_plain", "weapon:denied"}

    @pytest.mark.parametrize("end", [", and", " but", ";", " and", " after"])
    def test_denial_ends_with_its_clause(self, end):
        names = cue_names(f"They denied it{end} the missile flew.")
        assert "weapon" in names
        assert "weapon:denied" not in names

    def test_denial_begins_after_the_whole_entry(self):
        assert cue_names("They rejected recent claims of a missile.") == {"deny_plain", "weapon:denied"}

    def test_denial_wins_over_negation(self):
        assert cue_names("They do not deny an attack.") == {"deny_plain:negated", "force:denied"}

    def test_contrasted(self):
        assert cue_names("They spoke, but the missile flew.") == {"weapon", "weapon:contrasted"}
        assert cue_names("The missile flew, but they spoke.") == {"weapon"}


class TestSpeakers:
    def test_actor_before_the_verb_speaks(self):
        assert "actor_state>say_warn" in columns("Norway has warned them.")

    def test_actor_after_the_verb_does_not(self):
        assert "actor_state>say_warn" not in columns("They warned Norway.")

    def test_actor_far_away_does_not(self):
        far = "Norway " + "very " * 8
        assert "actor_state>say_warn" not in columns(far + "warned them.")
        assert "actor_state>say_warn" in columns(far.replace("very ", "", 1) + "warned them.")

    def test_each_actor_with_each_verb(self):
        assert {"actor_state>say_plain", "actor_army>say_plain"} <= set(columns("Norway and the army said so."))


class TestValues:
    def test_counts_are_damped(self):
        assert columns("attack attack attack")["force"] == pytest.approx(np.log1p(3))

    def test_rates(self):
        assert columns("attack one two three", rate=True)["force"] == pytest.approx(10 / 4)

    def test_pairs_are_marked_once_in_alphabetical_order(self):
        row = columns("Missile attack, missile attack")
        assert row["force+weapon"] == 1
        assert "weapon+force" not in row
        assert not any("+" in name for name in columns("Missile attack", pairs=False))

    def test_quotes(self):
        row = columns('"Norway will win," he said')
        assert row["form:opens_in_quote"] == 1
        assert row["form:quotes"] == pytest.approx(2 / 4)
        assert 0 < row["form:quoted_share"] < 1
        assert row == columns("“Norway will win,” he said")
        assert "form:opens_in_quote" not in columns('He said "go"')

    def test_numbers_question_contrast_and_length(self):
        row = columns("Did 12 men meet 13 others, however?")
        assert row["form:numbers"] == pytest.approx(2 / 5)
        assert row["form:question"] == 1
        assert row["form:contrast"] == 1
        assert columns("word " * 500)["form:length"] == 1

    def test_which_digits_does_not_matter(self):
        assert columns("In 1987, 40 missiles flew") == columns("In 2014, 93 missiles flew")

    def test_split_possessives_change_nothing(self):
        assert columns("Norway 's army did n't attack") == columns("Norway’s army didn’t attack")

    @pytest.mark.parametrize("text", ["", " ", "\n"])
    def test_an_empty_text_has_hardly_a_column(self, text):
        assert set(columns(text)) <= {"form:length"}


class TestTransformer:
    def test_output_is_sparse_and_fits_its_names(self):
        cues = SentenceCues(LEXICON)
        matrix = cues.fit_transform(TEXTS)
        names = list(cues.get_feature_names_out())
        assert issparse(matrix)
        assert matrix.shape == (len(TEXTS), len(names))
        assert matrix.dtype == np.float64
        assert len(set(names)) == len(names)
        assert np.isfinite(matrix.toarray()).all()

    @pytest.mark.parametrize(
        "wrap",
        [list, tuple, np.array, pd.Series, iter, lambda texts: np.array(texts, dtype=object)],
        ids=["list", "tuple", "array", "series", "iterator", "array of objects"],
    )
    def test_any_collection_of_texts_will_do(self, wrap):
        cues = SentenceCues(LEXICON).fit(wrap(TEXTS))
        assert (cues.transform(wrap(TEXTS)) != cues.transform(TEXTS)).nnz == 0

    def test_the_index_of_a_series_does_not_matter(self):
        series = pd.Series(TEXTS, index=[7, 7, 1, 0])
        cues = SentenceCues(LEXICON).fit(series)
        assert (cues.transform(series) != cues.transform(TEXTS)).nnz == 0

    def test_no_texts_make_an_empty_matrix(self):
        cues = SentenceCues(LEXICON).fit([])
        assert cues.transform([]).shape == (0, len(cues.get_feature_names_out()))

    @pytest.mark.parametrize("X", ["one text", np.array([["a"], ["b"]]), pd.DataFrame({"text": ["a"]})], ids=type)
    @pytest.mark.parametrize("method", ["fit", "transform"])
    def test_one_string_or_a_table_is_refused(self, X, method):
        with pytest.raises(ValueError, match="one-dimensional collection of texts"):
            getattr(SentenceCues(LEXICON).fit(TEXTS), method)(X)

    @pytest.mark.parametrize("bad", [None, float("nan"), 3, b"bytes"])
    def test_what_is_no_text_is_named(self, bad):
        with pytest.raises(ValueError, match=r"text 1 is .*, not a string"):
            SentenceCues(LEXICON).fit(TEXTS).transform(["fine", bad])

    def test_rows_do_not_depend_on_each_other(self):
        cues = SentenceCues(LEXICON).fit(TEXTS)
        whole = cues.transform(TEXTS).toarray()
        alone = [cues.transform([text]).toarray()[0] for text in TEXTS]
        assert np.array_equal(whole, np.array(alone))
        assert np.array_equal(cues.transform(TEXTS[::-1]).toarray(), whole[::-1])

    def test_order_of_categories_does_not_matter(self):
        backwards = SentenceCues(dict(reversed(LEXICON.items()))).fit(TEXTS)
        forwards = SentenceCues(LEXICON).fit(TEXTS)
        assert list(backwards.get_feature_names_out()) == list(forwards.get_feature_names_out())
        assert (backwards.transform(TEXTS) != forwards.transform(TEXTS)).nnz == 0

    @pytest.mark.parametrize("call", [lambda c: c.transform(TEXTS), lambda c: c.get_feature_names_out()])
    def test_unfitted(self, call):
        with pytest.raises(NotFittedError):
            call(SentenceCues(LEXICON))

    def test_bad_entries_show_when_it_is_fitted(self):
        cues = SentenceCues({"force": ["~ attack"]})
        with pytest.raises(ValueError, match="must begin and end with a word"):
            cues.fit(TEXTS)

    def test_fitting_again_follows_the_parameters(self):
        cues = SentenceCues(LEXICON).fit(TEXTS).set_params(lexicon={"a": ["b"]}, pairs=False).fit(TEXTS)
        assert cues.categories_ == ["a"]
        assert cues.get_params() == {"lexicon": {"a": ["b"]}, "rate": False, "pairs": False}

    def test_clones_are_unfitted_equals(self):
        fitted = SentenceCues(LEXICON, rate=True).fit(TEXTS)
        copy = clone(fitted)
        assert copy.get_params() == fitted.get_params()
        assert not hasattr(copy, "index_")

    def test_fitting_leaves_the_lexicon_alone(self):
        before = {category: list(entries) for category, entries in LEXICON.items()}
        assert SentenceCues(LEXICON).fit(TEXTS).lexicon is LEXICON
        assert before == LEXICON

    def test_stands_in_a_pipeline(self):
        pipeline = make_pipeline(SentenceCues(LEXICON), MaxAbsScaler()).fit(TEXTS)
        assert pipeline.transform(TEXTS).shape[1] == len(pipeline.get_feature_names_out())

    def test_skops_round_trip_needs_only_the_allowed_types(self):
        cues = SentenceCues(LEXICON).fit(TEXTS)
        data = skops.io.dumps(cues)
        assert set(skops.io.get_untrusted_types(data=data)) <= set(ALLOWED_TYPES)
        again = skops.io.loads(data, trusted=list(ALLOWED_TYPES))
        assert (again.transform(TEXTS) != cues.transform(TEXTS)).nnz == 0
        assert list(again.get_feature_names_out()) == list(cues.get_feature_names_out())


# check_estimator leaves out every check that fits the estimator when it does not take numeric tables, as here. Those
# that need no data are called one by one; the others have their text counterparts in TestTransformer.
@pytest.mark.parametrize(
    "check",
    [
        estimator_checks.check_estimator_cloneable,
        estimator_checks.check_estimator_tags_renamed,
        estimator_checks.check_valid_tag_types,
        estimator_checks.check_estimator_repr,
        estimator_checks.check_no_attributes_set_in_init,
        estimator_checks.check_get_params_invariance,
        estimator_checks.check_set_params,
        estimator_checks.check_do_not_raise_errors_in_init_or_set_params,
        estimator_checks.check_mixin_order,
    ],
    ids=lambda check: check.__name__,
)
def test_scikit_learn_contract(check):
    check("SentenceCues", SentenceCues(LEXICON))


@pytest.mark.filterwarnings("ignore:Can't test estimator")
def test_check_estimator_finds_nothing_wrong():
    results = estimator_checks.check_estimator(SentenceCues(LEXICON), on_fail="raise")
    assert {result["status"] for result in results} <= {"passed", "skipped"}


class TestSpec:
    def test_builds_what_it_describes(self):
        built = Cues(lexicon=LEXICON, rate=True, pairs=False).build()
        assert built.get_params() == {"lexicon": LEXICON, "rate": True, "pairs": False}

    def test_a_file_must_have_been_read(self):
        with pytest.raises(ValueError, match=r"'cues.yaml' has not been read"):
            Cues(lexicon="cues.yaml").build()

    def test_an_unknown_field_is_refused(self):
        with pytest.raises(ValueError, match="lexikon"):
            Cues(lexikon=LEXICON)
