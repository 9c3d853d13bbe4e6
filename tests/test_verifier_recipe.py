"""The verifier's training: the network that is trained is the one that decides, and claims are made
as their labels say.
"""

from __future__ import annotations

import random

import pytest

from assets.training.claim_pairs import (
    CONTRADICTED,
    SUPPORTED,
    UNSEEN_PASSAGES,
    WRONG,
    Pair,
    Passage,
    edited,
    made_up_claims,
    negated,
    neighbours_claims,
    read_claims,
    rewritten,
    statement,
    written_claims,
)
from mm_support.decode.claim_reader import CLAIM, PASSAGE, claim_network, paired

REFUND = Passage(
    "shop/refund",
    "Refund",
    (
        "The refund takes 5 days, if the parcel has arrived.",
        "You can return it in Norwich, Leeds or York.",
        "It is not sent to another card.",
    ),
    ("The shop opens at 9 in Bristol.",),
)


@pytest.fixture(scope="module")
def tiny():
    """Builds the network of a random text encoder of two layers, the same each time."""
    from mm_support.torchvision_shim import prepare_transformers

    prepare_transformers()
    import torch
    from transformers import BertConfig, BertModel

    def build():
        torch.manual_seed(0)
        sizes = {"hidden_size": 24, "num_hidden_layers": 2, "num_attention_heads": 4}
        return BertModel(BertConfig(vocab_size=60, intermediate_size=40, **sizes)).half().float()

    return build


def test_the_trained_network_decides_as_it_was_trained(tiny):
    """Its changes are folded into the layers, in float16, beside a longer pair or alone."""
    import torch

    from assets.training.verifier import adapted, learned

    network = adapted(claim_network(tiny()))
    with torch.no_grad():
        for weight in network.parameters():
            if weight.requires_grad:
                weight += 0.2 * torch.randn_like(weight)
    words = torch.randn(2, 9, 24)
    kept, sides, shared = torch.ones(3, 2, 9, dtype=torch.long)
    kept[1, 5:], sides[:, :4], shared[:, ::2] = 0, 0, 0
    decides = claim_network(tiny(), learned(network))
    with torch.inference_mode():
        wanted = network.eval()(words, kept, sides, shared)
        given = decides(words, kept, sides, shared)
        alone = decides(*(part[1:, :5] for part in (words, kept, sides, shared)))
        unchanged = claim_network(tiny()).eval()(words, kept, sides, shared)
    assert torch.allclose(given, wanted, atol=0.02)
    assert torch.allclose(alone, given[1:], atol=1e-4)
    assert not torch.allclose(given, unchanged, atol=0.1)


def test_training_goes_on_from_weights_that_are_there_and_ends_halfway(tiny):
    import torch

    from assets.training.verifier import adapted, go_on, halfway, learned

    before, after = adapted(claim_network(tiny())), adapted(claim_network(tiny()))
    for weight in after.parameters():
        if weight.requires_grad:
            weight.data += torch.randn_like(weight)
    kept, ended = learned(before), learned(after)
    go_on(after, halfway(kept, ended))
    for name, weight in learned(after).items():
        mean = (kept[name].float() + ended[name].float()) / 2
        torch.testing.assert_close(weight.float(), mean, atol=2e-3, rtol=2e-3)
    go_on(after, kept)
    assert all(torch.equal(weight, kept[name]) for name, weight in learned(after).items())


def test_a_pair_marks_what_both_sides_share_but_for_the_commonest():
    pair = paired([7, 8, 9], [8, 5, 9, 9], frozenset({9}))
    assert pair.ids.tolist() == [0, 7, 8, 9, 2, 2, 8, 5, 9, 9, 2]
    assert pair.sides.tolist() == [0] * 6 + [1] * 5
    assert pair.shared.tolist() == [0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0]
    long = paired(range(10, 500), range(10, 500), frozenset())
    assert len(long.ids) == CLAIM + PASSAGE + 4 == len(long.sides) == len(long.shared)


def test_each_claim_of_a_passage_is_made_as_its_label_says():
    rng, pairs = random.Random(1), []
    for _ in range(30):
        pairs += edited(REFUND, rng)
    text = " ".join(REFUND.sentences)
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


def test_what_a_neighbour_says_is_said_of_another_passage_of_the_same_company():
    pairs = list(neighbours_claims(random.Random(0)))
    assert len(pairs) > 400 and {pair.label for pair in pairs} == {WRONG}
    assert not any(pair.document.startswith(UNSEEN_PASSAGES.stem) for pair in pairs)


def test_nobody_trains_on_the_companies_that_judge():
    learnt = {pair.title for pair in made_up_claims()}
    judging = {passage.title for passage, _ in read_claims(UNSEEN_PASSAGES)}
    assert judging and not judging & learnt
