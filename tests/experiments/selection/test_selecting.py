import random
from collections import Counter

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from experiments.errors import InputError
from experiments.selection.diversity import spread_out
from experiments.selection.pool import Pool, RandomSample
from experiments.selection.selecting import Wanted, select
from tests.experiments.selection.conftest import doubtful, sentences

TEXTS = sentences(400)
CHANCE = random.Random(2)
DOUBT = [round(CHANCE.random(), 3) for _ in TEXTS]
ARTICLES = [f"a{number % 37}" for number in range(len(TEXTS))]
EVERY = doubtful(TEXTS, DOUBT, ARTICLES)


def keys(candidates):
    return {each.key for each in candidates}


def chosen_by(selection, way):
    return [each for each in selection.chosen if selection.by[each.key] == way]


@pytest.mark.parametrize(("size", "limit"), [(5, 1), (30, 2), (60, 2), (300, 3), (50, None)])
def test_pool_keeps_what_sorting_everything_would_keep(size, limit):
    pool = Pool(size, limit)
    for each in EVERY:
        pool.add(each)
    kept, count = [], Counter()
    for each in sorted(EVERY, key=lambda each: (-each.uncertainty, each.candidate.key)):
        count[each.candidate.article] += 1
        if limit is None or count[each.candidate.article] <= limit:
            kept.append(each)
    assert pool.best() == kept[:size]


def test_memory_holds_a_few_times_the_pool():
    pool = Pool(10, None)
    for each in sorted(EVERY, key=lambda each: each.uncertainty):  # each more doubtful than all before
        pool.add(each)
        assert len(pool._kept) <= 41


def test_sample_does_not_depend_on_the_order_of_the_file():
    samples = []
    for order in (EVERY, EVERY[::-1]):
        sample = RandomSample(20, 13)
        for each in order:
            sample.add(each.candidate)
        samples.append([each.key for each in sample.drawn()])
    assert samples[0] == samples[1] and len(samples[0]) == 20


def test_each_sentence_is_drawn_with_the_probability_that_is_written():
    draws, n = 600, Counter()
    for seed in range(draws):
        sample = RandomSample(8, seed)
        for each in EVERY[:40]:
            sample.add(each.candidate)
        n.update(keys(sample.drawn()))
    share = np.array([n[each.candidate.key] for each in EVERY[:40]]) / draws
    assert share.mean() == pytest.approx(0.2)
    assert abs(share - 0.2).max() < 4 * np.sqrt(0.2 * 0.8 / draws)


def test_a_batch_holds_the_share_at_random_and_says_its_probability():
    found = select(EVERY, Wanted(n=50, random=0.2))
    assert Counter(found.by.values()) == {"margin": 40, "random": 10}
    assert found.population == 400 and found.probability == 10 / 400
    assert len(keys(found.chosen)) == 50


def test_doubts_limits_and_likeness_do_not_move_the_random_part():
    drawn = keys(chosen_by(select(EVERY, Wanted(n=50)), "random"))
    others = doubtful(TEXTS, DOUBT[::-1], ["the same"] * len(TEXTS))
    assert keys(chosen_by(select(others, Wanted(n=50, per_article=None)), "random")) == drawn
    done = [each.text for each in chosen_by(select(EVERY, Wanted(n=50)), "random")]
    assert keys(chosen_by(select(EVERY, Wanted(n=50), done), "random")) == drawn


def test_estimate_from_the_random_part_is_right_on_average_where_that_of_the_batch_is_not():
    some, draws = EVERY[:150], 30
    truth = {each.candidate.key: each.uncertainty > 0.7 for each in some}
    share = sum(truth.values()) / len(truth)
    from_random, from_batch = [], []
    for seed in range(draws):
        found = select(some, Wanted(n=20, random=0.5, seed=seed))
        drawn = chosen_by(found, "random")
        from_random.append(sum(truth[each.key] for each in drawn) / found.probability / found.population)
        from_batch.append(np.mean([truth[each.key] for each in found.chosen]))
    assert np.mean(from_random) == pytest.approx(share, abs=4 * np.std(from_random) / np.sqrt(draws))
    assert np.mean(from_batch) > share + 0.1


def test_the_doubtful_come_from_the_most_doubtful_that_articles_allow():
    found = select(EVERY, Wanted(n=10, random=0.0))
    assert min(EVERY[each.number - 1].uncertainty for each in found.chosen) > sorted(DOUBT)[len(DOUBT) - 200]
    everything = select(EVERY, Wanted(n=37, random=0.0, per_article=1))
    assert len({each.article for each in everything.chosen}) == 37


def test_articles_are_held_to_the_limit_and_those_drawn_at_random_count():
    for seed in range(5):
        found = select(EVERY, Wanted(n=60, per_article=2, random=0.3, seed=seed))
        drawn = Counter(each.article for each in chosen_by(found, "random"))
        for article, n in Counter(each.article for each in found.chosen).items():
            assert n <= max(2, drawn[article])
        assert set(found.over) == {article for article, n in drawn.items() if n > 2}


def test_rows_that_name_no_article_are_articles_of_their_own():
    found = select(doubtful(TEXTS, DOUBT), Wanted(n=100, per_article=1))
    assert len(found.chosen) == 100


def test_nearly_the_same_sentences_are_chosen_once_and_not_if_labelled():
    base = "The council of the port will vote on the closure of the northern harbour tomorrow at noon in Riga"
    near = [f"{base} {word}." for word in ("again", "indeed", "then")]
    texts = [*near, *TEXTS[:40]]
    rows = doubtful(texts, [1.0, 0.9, 0.8, *DOUBT[:40]])
    found = select(rows, Wanted(n=20, random=0.0))
    assert len(keys(found.chosen) & {row.candidate.key for row in rows[:3]}) <= 1 and found.near == 2
    labelled = select(rows, Wanted(n=20, random=0.0), [f"{base} maybe."])
    assert not keys(labelled.chosen) & {row.candidate.key for row in rows[:3]} and labelled.near == 3


def kinds(sizes):
    """Return vectors of length 1 of as many kinds, all but the same within each, and the kind of each."""
    kind = np.repeat(np.arange(len(sizes)), sizes)
    noise = np.random.default_rng(3).normal(0, 0.001, (len(kind), len(sizes)))
    vectors = np.eye(len(sizes))[kind] + noise
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True), kind


@pytest.mark.parametrize("form", [np.asarray, csr_matrix])
def test_of_each_kind_of_sentence_one_is_chosen_however_rare_the_kind(form):
    vectors, kind = kinds([91, 3, 3, 3])
    articles = [None] * 100
    for seed in range(5):
        rows = spread_out(form(vectors), np.ones(100), 4, articles, None, Counter(), form(vectors[:0]), seed)
        assert set(kind[rows]) == {0, 1, 2, 3}
        others = spread_out(form(vectors), np.ones(100), 3, articles, None, Counter(), form(vectors[:1]), seed)
        assert set(kind[others]) == {1, 2, 3}  # of the first kind there is one already


def test_of_sentences_as_unlike_the_more_doubtful_are_chosen_more_often():
    weights, n = np.array([0.9, 0.9, 0.1, 0.1]), Counter()
    for seed in range(200):
        n.update(spread_out(np.eye(5)[1:], weights, 1, [None] * 4, None, Counter(), np.eye(5)[:1], seed))
    assert n[0] + n[1] > 5 * (n[2] + n[3])


def test_same_seed_same_batch_another_seed_another():
    one, again, other = (select(EVERY, Wanted(n=50, seed=seed)) for seed in (1, 1, 2))
    assert [each.key for each in one.chosen] == [each.key for each in again.chosen]
    assert keys(one.chosen) != keys(other.chosen)


def test_random_strategy_and_a_share_of_one_draw_everything_at_random():
    for wanted in (Wanted(n=30, strategy="random"), Wanted(n=30, random=1.0)):
        found = select(EVERY, wanted)
        assert set(found.by.values()) == {"random"} and found.probability == 30 / 400
    assert select(EVERY, Wanted(n=30, random=0.0)).probability is None


@pytest.mark.parametrize(("n", "share", "drawn"), [(100, 0.2, 20), (3, 0.2, 1), (10, 0.25, 3), (10, 0.0, 0)])
def test_the_random_share_is_rounded_up(n, share, drawn):
    assert Wanted(n=n, random=share).drawn == drawn


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"n": 0}, "-n 0: is no number of sentences; give 1 or more"),
        ({"n": -5}, "-n -5"),
        ({"random": 1.5}, "--random 1.5: is no share; give a number from 0 to 1"),
        ({"random": float("nan")}, "--random nan"),
        ({"per_article": -1}, "--per-article -1"),
    ],
)
def test_what_cannot_be_is_refused(settings, message):
    with pytest.raises(InputError, match=message):
        Wanted(**settings)


def test_more_than_there_is_says_how_many_there_are():
    with pytest.raises(
        InputError, match=r"has 400 sentence\(s\) to choose from, and -n 401 are wanted; give -n 400 or"
    ):
        select(EVERY, Wanted(n=401, per_article=None))
    assert len(select(EVERY, Wanted(n=400, per_article=None)).chosen) == 400
    with pytest.raises(InputError, match="with --per-article 1 its articles allow 37 sentences"):
        select(EVERY, Wanted(n=50, per_article=1, random=0.0))


def test_articles_that_the_random_part_has_filled_allow_no_more():
    drawn = select(EVERY, Wanted(n=20, strategy="random")).chosen
    filled = {each.article for each in drawn}
    assert len(filled) < 20  # two of one article
    allowed = 20 + 37 - len(filled)
    with pytest.raises(InputError, match=f"its articles allow {allowed} sentences"):
        select(EVERY, Wanted(n=48, per_article=1, random=20 / 48))
    found = select(EVERY, Wanted(n=allowed, per_article=1, random=20 / allowed))
    assert len(found.chosen) == allowed and len({each.article for each in found.chosen}) == 37
