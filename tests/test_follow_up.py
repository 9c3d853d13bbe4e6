"""Follow-ups: the turn before is weighed in where a question leans on it, and left out where the
subject changes.
"""

import json
from pathlib import Path

import numpy as np
import pytest
from conftest import WordEncoder

from mm_support.decide.follow_up import MAX_WEIGHT, MODALITY, chosen, context_weight, resolve
from mm_support.desk.summary import summarise
from mm_support.knowledge.query import SearchQuery
from mm_support.pipeline import drained, judge, past_after
from mm_support.types import FusedQuery, Past, Question, UserTurn

CASES = Path(__file__).parent / "cases"
REFUND = Past(
    "when is my refund E24", "In 5 days.", "answer", ("refund",), knowledge="k", topic="Refund F11"
)
ENCODER = WordEncoder()


def query(words="blue", **codes):
    vector = ENCODER.encode([words])[0]
    named = {name: frozenset({code}) for name, code in codes.items()}
    fused = FusedQuery(vector, None, {"text": vector}, {"text": 1.0})
    return SearchQuery(fused, {"text": frozenset({"blue"})}, named)


def follow(words, past=(REFUND,), knowledge="k", **codes):
    return resolve(query(words, **codes), Question(typed=words), past, knowledge, ENCODER)[0]


def test_a_follow_up_gets_the_turn_before_as_a_modality_and_weights_still_add_up():
    asked = follow("and the blue one?")
    weights = asked.fused.weights
    assert sum(weights.values()) == pytest.approx(1) and weights[MODALITY] == pytest.approx(1 / 3)
    np.testing.assert_allclose(sum(asked.fused.parts.values()), asked.fused.text, atol=1e-6)
    assert {"refund"} <= asked.terms[MODALITY]
    np.testing.assert_array_equal(
        asked.pieces[MODALITY],
        ENCODER.encode_pieces([f"{REFUND.words} {REFUND.topic}"])[1][0].vectors,
    )


def test_the_less_a_question_says_the_more_its_context_counts():
    weights = [
        context_weight(Question(typed=text))
        for text in ("and that?", "and the blue lamp?", "and the blue lamp with a wide red shade?")
    ]
    assert weights == sorted(weights, reverse=True) and weights[0] == MAX_WEIGHT and weights[-1] > 0
    assert (
        context_weight(
            Question(typed="and that?", read_in_photo=("washing machine", "model plate"))
        )
        < MAX_WEIGHT
    )


@pytest.mark.parametrize(
    "text",
    [
        "By the way, who won?",
        "different thing: opening hours",
        "how do I connect my headphones to a second phone by Bluetooth",
    ],
)
def test_a_change_of_subject_resets(text):
    assert MODALITY not in follow(text).fused.weights


def test_nothing_is_taken_from_another_base_or_from_no_past():
    assert MODALITY not in follow("and that?", knowledge="other").fused.weights
    assert MODALITY not in follow("and that?", past=()).fused.weights


def test_the_identifiers_of_the_turn_before_may_be_meant_but_not_those_of_its_title():
    assert follow("how long does it take").texts == {MODALITY: (REFUND.words,)}


@pytest.mark.parametrize(
    "words, title",
    [("yes", "A"), ("the second one, please", "B"), ("2", "B"), ("third", ""), ("yes but why", "")],
)
def test_a_candidate_is_chosen_by_its_place(words, title):
    asked_back = Past(
        "cost", "Is it about “A” or “B”?", "clarify", knowledge="k", asked_about=("A", "B")
    )
    assert chosen(Question(typed=words), asked_back) == title
    asked, question = resolve(query(words), Question(typed=words), [asked_back], "k", ENCODER)
    if title:
        assert question.typed == title and asked.fused.weights[MODALITY] > 0.5


def test_the_summary_says_why_what_was_said_shown_and_told():
    past = [
        Past("it is broken", "Clean the filter.", "answer", topic="Error E24", read=("E24",)),
        Past("x" * 900, "No.", "refuse"),
    ]
    summary = summarise(past, Question(heard="let me talk to somebody"), "asked")
    assert (
        "asked for a person" in summary
        and "it is broken (photo reads: E24)" in summary
        and "Error E24" in summary
    )
    assert summary.splitlines()[-1] == "Customer: let me talk to somebody" and len(summary) < 500


@pytest.mark.slow
def test_follow_ups_find_more_with_their_context(service):
    """The dialogues of the packs: the expected entry first, with and without the turns before."""
    found = {"with": [], "without": []}
    for file in sorted(CASES.glob("*.jsonl")):
        for case in map(json.loads, file.read_text(encoding="utf-8").splitlines()):
            past: tuple[Past, ...] = ()
            for turn in case.get("turns", ()):
                asked = UserTurn(turn["text"], knowledge=file.stem)
                judged = drained(judge(service.parts, asked, past))
                best = judged.hits[0].entry
                if past and turn["expect"] != "none":
                    found["with"].append(best.id == turn["expect"])
                    alone = drained(judge(service.parts, asked))
                    found["without"].append(alone.hits[0].entry.id == turn["expect"])
                past += (past_after(judged, [best]),)
    assert len(found["with"]) >= 80
    assert (
        np.mean(found["with"]) >= 0.84
        and np.mean(found["with"]) >= np.mean(found["without"]) + 0.07
    )
