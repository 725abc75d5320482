import numpy as np
import pytest
import skops.io
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from features import WordNgrams, build_features
from features.builder import ALLOWED_TYPES
from features.target_mention import TargetContext, TargetMention, find_mention

PAIRS = [
    ("Stop the arms embargo now", "the arms embargo"),
    ("We must stop drone strikes", "drone strikes"),
    ("Drone strikes keep us safe", "drone strikes"),
    ("The ferry was late again", "the arms embargo"),
]


def columns(text, target, **settings):
    context = TargetContext(**{"min_df": 1, **settings}).fit(PAIRS)
    row = context.transform([(text, target)]).toarray()[0]
    return {str(context.get_feature_names_out()[i]): float(row[i]) for i in np.flatnonzero(row)}


@pytest.mark.parametrize(
    ("text", "target", "words"),
    [
        ("They lifted the embargoes.", "the embargo", ("they", "lifted", "the", "<target>", ".")),
        ("#HillaryClinton lies", "Hillary Clinton", ("<target>", "lies")),
        ("#StopHillary2016", "Hillary Clinton", ("stop", "<target>", "2016")),
        ("#stophillary", "Hillary Clinton", ("stop", "<target>")),
        ("#NoBases! #nobases!", "foreign military bases", ("no", "<target>", "!", "no", "<target>", "!")),
        ("@HillaryClinton no", "Hillary Clinton", ("<target>", "no")),
        ("#proabortionnow", "Legalization of Abortion", ("pro", "<target>")),
        ("Talks on the EU went on", "EU accession", ("talks", "on", "the", "<target>", "went", "on")),
        ("#museum", "EU accession", ("museum",)),  # too short to be looked for inside a tag
        ("Of that and the other", "the treaty", ("of", "that", "and", "the", "other")),
    ],
)
def test_the_target_is_found_by_stem_and_inside_tags(text, target, words):
    assert find_mention(text, target).words == words


def test_mention_says_how_much_where_and_by_what_name():
    found = columns("#Embargo: @Embargo and the embargo do not end", "the arms embargo")
    assert (
        found["mention:there"] == found["mention:tagged"] == found["mention:addressed"] == found["mention:early"] == 1
    )
    assert found["mention:share"] == 0.5
    assert found["mention:times"] == pytest.approx(np.log(1 + 3))
    assert "mention:whole" not in found and "mention:late" not in found and "mention:absent" not in found


def test_a_text_without_the_target_says_so_and_has_no_context():
    assert columns("The ferry was late", "the arms embargo") == {"mention:absent": 1.0}


@pytest.mark.parametrize(
    ("text", "negated"),
    [
        ("We will never accept drone strikes", True),
        ("I don't want drone strikes", True),
        ("Drone strikes are not cheap", False),
        ("No, said the minister, it is time for drone strikes", False),
    ],
)
def test_negation_counts_shortly_before_the_mention(text, negated):
    assert ("mention:negated" in columns(text, "drone strikes")) == negated


def test_context_has_the_targets_name_replaced_and_ends_at_the_window():
    found = columns("We must all stop drone strikes", "drone strikes", window=1)
    assert {"near:stop", "near:<target>", "near:stop <target>"} <= set(found)
    assert "near:must" not in found
    assert "near:must" in columns("We must all stop drone strikes", "drone strikes", window=3)


def test_words_left_out_between_two_mentions_make_no_run():
    context = TargetContext(window=1, min_df=1, ngram=(2, 2))
    context.fit([("Strikes kill and then some more strikes", "strikes")])
    assert "near:kill more" not in context.get_feature_names_out()


def test_what_is_learned_serves_a_target_that_was_not_in_training():
    pairs = [(f"{verb} {target}", target) for target in ("drone strikes", "the pact") for verb in ("Stop", "Keep")]
    model = make_pipeline(TargetContext(min_df=1), LogisticRegression(C=100)).fit(pairs, [0, 1, 0, 1])
    assert model.predict([("Stop the tariffs", "tariffs"), ("Keep the tariffs", "tariffs")]).tolist() == [0, 1]


def test_without_any_context_only_the_mention_is_left():
    context = TargetContext().fit([("It rained", "drone strikes")])
    matrix = context.transform([("Stop drone strikes", "drone strikes"), ("", "x")])
    assert matrix.shape == (2, len(context.get_feature_names_out()))
    assert all(name.startswith("mention:") for name in context.get_feature_names_out())


@pytest.mark.parametrize("targets", ["copies", "pair", "text"])
def test_it_stands_once_beside_the_columns_of_the_text(targets):
    union = build_features([WordNgrams(min_df=1), TargetMention(min_df=1, weight=2.0)], targets).fit(PAIRS)
    names = [str(name) for name in union.get_feature_names_out()]
    assert union.transform(PAIRS).shape == (4, len(names))
    assert len(set(names)) == len(names)
    assert "words__stop" in names
    assert [name for name in names if name.startswith("target__near:stop")] != []
    assert not [name for name in names if name.startswith("target__") and name.endswith("]")]
    assert ("words__stop [drone strikes]" in names) == (targets == "copies")
    row = union.transform([("Stop drone strikes", "drone strikes")]).toarray()[0]
    assert row[names.index("target__mention:whole")] == 2.0


def test_alone_it_reads_pairs_too():
    union = build_features([TargetMention(min_df=1)], "copies").fit(PAIRS)
    assert union.transform(PAIRS).shape[1] == len(union.get_feature_names_out())


def test_a_task_without_targets_is_refused():
    with pytest.raises(ValueError, match="'target' reads targets, and the rows are texts alone"):
        build_features([WordNgrams(), TargetMention()])


def test_saved_and_loaded_it_gives_the_same():
    union = build_features([WordNgrams(min_df=1), TargetMention(min_df=1)], "copies").fit(PAIRS)
    data = skops.io.dumps(union)
    assert set(skops.io.get_untrusted_types(data=data)) <= set(ALLOWED_TYPES)
    loaded = skops.io.loads(data, trusted=list(ALLOWED_TYPES))
    assert (loaded.transform(PAIRS) != union.transform(PAIRS)).nnz == 0
