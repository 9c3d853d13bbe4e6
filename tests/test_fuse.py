"""Fusion: any subset of modalities, weights that add up, and one untrained state for all
strategies.
"""

from itertools import chain, combinations

import numpy as np
import pytest
import torch

from mm_support.errors import InputError
from mm_support.fuse.strategies import PRIORS, STRATEGIES, build_fusion, collate
from mm_support.types import MODALITIES, Token

D_TEXT, D_PICTURE = 6, 4
SUBSETS = list(chain.from_iterable(combinations(MODALITIES, n) for n in range(1, 5)))


def unit(rng, size):
    vector = rng.normal(size=size).astype(np.float32)
    return vector / np.linalg.norm(vector)


def tokens_for(subset, seed=0, confidence=0.8):
    rng = np.random.default_rng(seed)
    return [
        Token(name, unit(rng, D_PICTURE if name == "photo" else D_TEXT), confidence)
        for name in subset
    ]


@pytest.mark.parametrize("name", STRATEGIES)
@pytest.mark.parametrize("subset", SUBSETS, ids="+".join)
def test_untrained_is_the_weighted_sum(name, subset):
    torch.manual_seed(1)
    tokens = tokens_for(subset)
    query = build_fusion(name, D_TEXT, D_PICTURE).fuse(tokens)
    total = sum(PRIORS[t.modality] * t.confidence for t in tokens)
    expected = {t.modality: PRIORS[t.modality] * t.confidence / total for t in tokens}
    assert query.weights == pytest.approx(expected, rel=1e-5)
    words = [expected[t.modality] * t.vector for t in tokens if t.modality != "photo"]
    if words:
        np.testing.assert_allclose(query.text, sum(words), atol=1e-6)
    else:
        assert query.text is None
    assert (query.picture is None) == ("photo" not in subset)


@pytest.mark.parametrize("name", STRATEGIES)
def test_a_trained_state_still_adds_up_and_ignores_what_is_missing(name):
    torch.manual_seed(2)
    fusion = build_fusion(name, D_TEXT, D_PICTURE)
    with torch.no_grad():
        for parameter in fusion.parameters():
            parameter.add_(0.3 * torch.randn_like(parameter))
    for subset in SUBSETS:
        query = fusion.fuse(tokens_for(subset))
        assert sum(query.weights.values()) == pytest.approx(1, abs=1e-5) and set(
            query.weights
        ) == set(subset)
        parts = [part for modality, part in query.parts.items() if modality != "photo"]
        if parts:
            np.testing.assert_allclose(sum(parts), query.text, atol=1e-5)
    batch = collate([tokens_for(("text",))], D_TEXT, D_PICTURE)
    before = fusion(batch)
    batch.confidence[0, MODALITIES.index("speech")] = 0.01  # of a modality that is not there
    after = fusion(batch)
    torch.testing.assert_close(before.weights, after.weights)


def test_a_batch_is_its_rows():
    fusion = build_fusion("attention", D_TEXT, D_PICTURE)
    turns = [tokens_for(subset, seed) for seed, subset in enumerate(SUBSETS)]
    together = fusion(collate(turns, D_TEXT, D_PICTURE))
    for row, turn in enumerate(turns):
        alone = fusion(collate([turn], D_TEXT, D_PICTURE))
        torch.testing.assert_close(together.text[row], alone.text[0], atol=1e-5, rtol=1e-4)
        torch.testing.assert_close(together.weights[row], alone.weights[0], atol=1e-5, rtol=1e-4)


def test_less_sure_weighs_less():
    rng = np.random.default_rng(0)
    typed, said = unit(rng, D_TEXT), unit(rng, D_TEXT)
    weights = [
        build_fusion("weighted-sum", D_TEXT, D_PICTURE)
        .fuse([Token("text", typed), Token("speech", said, sure)])
        .weights["speech"]
        for sure in (1.0, 0.6, 0.2)
    ]
    assert weights[0] > weights[1] > weights[2] > 0


def test_nothing_is_an_input_error():
    with pytest.raises(InputError):
        build_fusion("weighted-sum", D_TEXT, D_PICTURE).fuse([])
