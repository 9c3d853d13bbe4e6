"""The verifier's training: the network that is trained is the one that decides, and claims are made
as their labels say.
"""

from __future__ import annotations

import random

import numpy as np
import pytest

from assets.training.claim_pairs import (
    CONTRADICTED,
    SUPPORTED,
    WRONG,
    Pair,
    Passage,
    edited,
    negated,
    rewritten,
    statement,
    written_claims,
)
from mm_support.decode.alignment import Alignment, Member, closeness, evidence

PASSAGE = Passage(
    "shop/refund",
    "Refund",
    (
        "The refund takes 5 days, if the parcel has arrived.",
        "You can return it in Norwich, Leeds or York.",
        "It is not sent to another card.",
    ),
    ("The shop opens at 9 in Bristol.",),
)


def test_the_trained_network_decides_as_it_was_trained():
    torch = pytest.importorskip("torch")
    from assets.training.verifier import Network, padded

    torch.manual_seed(0)
    rng = np.random.default_rng(0)

    def rows(count):
        found = rng.normal(size=(count, 16)).astype(np.float32)
        return found / np.linalg.norm(found, axis=1, keepdims=True)

    model, claim, title = Network(16).eval(), rows(5), rows(2)
    sentences = [rows(n) for n in (4, 7, 3, 6, 9)]
    held, closest = evidence(claim, title, sentences)
    close = closeness(claim, held, closest)
    seen = (claim, held, closest, claim @ held.T, closest @ claim.T, close)
    long = rows(9), rows(40), rows(20)
    longer = (*long, long[0] @ long[1].T, long[2] @ long[0].T, close)
    with torch.inference_mode():  # padded beside a longer pair
        wanted = model(*padded([seen, longer])).softmax(-1).numpy()[0]
    weights = {name: value.detach().numpy() for name, value in model.state_dict().items()}
    weights |= {"centre": np.zeros(16, np.float32), "basis": np.eye(16, dtype=np.float32)}
    decided = Alignment((Member(weights),), 0.5, {}).probabilities(claim, title, sentences)
    assert np.allclose(decided, wanted, atol=1e-4)


def test_each_claim_of_a_passage_is_made_as_its_label_says():
    rng, pairs = random.Random(1), []
    for _ in range(30):
        pairs += edited(PASSAGE, rng)
    text = " ".join(PASSAGE.sentences)
    kinds = {pair.kind for pair in pairs}
    assert {"same", "negation", "amount", "neighbour", "subject", "condition"} <= kinds
    for pair in pairs:
        if pair.kind == "same":
            assert pair.claim in text and pair.label == SUPPORTED
        if pair.kind in ("negation", "amount"):
            assert pair.claim not in text and pair.label == CONTRADICTED
        if pair.kind == "condition":
            assert "if" not in pair.claim.split() and pair.label == WRONG


@pytest.mark.parametrize(
    "sentence, denied",
    [
        ("You cannot pay.", "You can pay."),
        ("这里不可以付款。", "这里可以付款。"),
        ("Das ist nicht möglich.", "Das ist möglich."),
    ],
)
def test_a_negation_is_taken_out_or_put_in(sentence, denied):
    found = {negated(sentence, random.Random(seed)) for seed in range(9)}
    assert denied in found
    assert sentence not in found


def test_a_question_and_its_answer_become_a_statement():
    assert statement("Who wrote it?", "Ada") == "Ada wrote it."
    assert statement("In what country is it?", "France") == "France is it."


def test_claims_written_by_hand_are_of_entries_that_exist_and_made_into_more():
    pairs = list(written_claims())
    assert {pair.label for pair in pairs} == {SUPPORTED, WRONG}
    more = list(rewritten(pairs[:40], random.Random(0)))
    half = [pair for pair in more if pair.kind == "half wrong"]
    assert half and all(pair.label == WRONG for pair in half)
    assert all(isinstance(pair, Pair) and pair.sentences for pair in more)
