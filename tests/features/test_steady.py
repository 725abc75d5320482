"""A text is answered alike whatever stands beside it, and nearly as without 8 bits."""

import numpy as np
import pytest

from features.encoder import TextEncoder
from features.encoder.allowed import check_graph
from features.encoder.architectures import embedding_model
from features.encoder.dequantise import dequantise
from features.encoder.quantise import quantise
from features.encoder.steady import steady
from features.encoder.weights import read_tokenizer
from tests.conftest import seed_rows
from tests.encoders import small_encoder

TEXTS = [row["text"] for row in seed_rows(30)]


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    return small_encoder(tmp_path_factory.mktemp("bert"))


@pytest.fixture(scope="module")
def graphs(small):
    exact = embedding_model(small, "mean", normalise=True)
    loose = quantise(exact)
    return exact, loose, steady(loose, read_tokenizer(small), 64, TEXTS[:40])


def answers(model, small, texts, alone=False):
    encoder = TextEncoder(model, read_tokenizer(small), 64)
    return np.vstack([encoder.mean([text]) for text in texts]) if alone else encoder.mean(texts)


def test_a_text_is_answered_alike_alone_and_in_company(graphs, small):
    _, loose, held = graphs
    assert np.abs(answers(held, small, TEXTS) - answers(held, small, TEXTS, alone=True)).max() < 1e-6
    assert np.abs(answers(loose, small, TEXTS) - answers(loose, small, TEXTS, alone=True)).max() > 1e-4


def test_it_is_hardly_farther_from_the_exact_answers_than_before(graphs, small):
    exact, loose, held = (answers(model, small, TEXTS) for model in graphs)
    assert np.abs(held - exact).mean() < 1.1 * np.abs(loose - exact).mean()


def test_texts_outside_of_the_range_that_was_learnt_are_read(graphs, small):
    assert np.isfinite(answers(graphs[2], small, ["", "?!", "x " * 300, "😀"])).all()


def test_graph_is_one_that_is_run_and_trained_further(graphs):
    check_graph(graphs[2])
    (_, before), (_, after) = dequantise(graphs[1]), dequantise(graphs[2])
    assert all(np.array_equal(before[name], after[name]) for name in before)


def test_same_texts_give_the_same_graph_and_an_exact_one_is_left_alone(graphs, small):
    exact, loose, held = graphs
    tokenizer = read_tokenizer(small)
    assert steady(loose, tokenizer, 64, TEXTS[:40]) == held
    assert steady(exact, tokenizer, 64, TEXTS[:40]) == exact
    assert steady(loose, tokenizer, 64, []) == loose
