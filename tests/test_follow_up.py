"""Follow-ups: the turn before is weighed in where a question leans on it, and left out where the
subject changes.
"""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from conftest import FakeIntents, WordEncoder
from PIL import Image
from test_policy import GATE

from mm_support.decide.decision import Decision
from mm_support.decide.follow_up import (
    MAX_WEIGHT,
    MODALITY,
    chosen,
    completed,
    context_weight,
    likelier,
    resolve,
)
from mm_support.decide.policy import Policy, meant_first
from mm_support.desk.summary import summarise
from mm_support.knowledge.query import SearchQuery
from mm_support.language.terms import term_set
from mm_support.pipeline import retrieve
from mm_support.pipeline.record import past_after
from mm_support.pipeline.results import Judged
from mm_support.pipeline.retrieve import nameless
from mm_support.pipeline.step import drained
from mm_support.pipeline.turn import judge
from mm_support.types import Entry, FusedQuery, Hit, Past, Question, UserTurn

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


LEANS, ALONE = FakeIntents("follow_up").read, FakeIntents("greeting").read


def follow(words, past=(REFUND,), knowledge="k", read=LEANS, **codes):
    asked = query(words, **codes)
    return resolve(asked, Question(typed=words), past, knowledge, ENCODER, read)[0]


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


@pytest.mark.parametrize(
    "weights, leans", [({"text": 0.5, "photo": 0.5}, False), ({"photo": 1.0}, True)]
)
def test_a_question_beside_a_photo_is_of_what_that_shows(weights, leans):
    """Where words only point at it ("and this one?"), the matter is that of the turn before."""
    asked = query("price?")
    asked = replace(asked, fused=replace(asked.fused, weights=weights))
    shown = Question(typed="price?", photo=Image.new("RGB", (8, 8)))
    found, question = resolve(asked, shown, (REFUND,), "k", ENCODER, LEANS)
    assert question is shown and (found is not asked) == leans


def test_what_a_photo_showed_is_still_the_matter_though_the_words_beside_it_were_answered():
    """Its code is not meant: the customer did not say it."""
    asked = follow("price", [replace(REFUND, shown="Lemons (CM-105)")])
    assert term_set("Lemons") <= asked.terms[MODALITY]
    assert asked.texts[MODALITY] == (REFUND.words,)


def test_what_the_turn_before_quoted_is_told_as_far_as_the_message_leans_on_it():
    assert follow("blue").cited == {"refund"} and follow("blue").leans > 0.9
    assert not follow("blue", read=ALONE).cited and follow("blue", read=ALONE).leans == 0


@pytest.mark.parametrize(
    "words, title, sure, alone",
    [
        ("and breakfast?", "Breakfast", 0.6, True),
        ("and breakfast?", "Breakfast", 0.4, False),  # unlikely to answer
        ("and the password?", "Password of the wifi", 0.6, False),  # what was quoted says it
        ("and breakfast on Sundays?", "Breakfast", 0.6, False),  # says more than the title
        ("and towels?", "Rooms", 0.6, True),  # said in a text, by nothing that was quoted
        ("and towels at the desk?", "Rooms", 0.6, False),
    ],
)
def test_what_names_another_entry_leans_on_nothing(words, title, sure, alone):
    class Sure(FakeIntents):
        def confidence(self, question, query, hits):
            return 0.9 if hits is quoted else sure

    quoted = (Hit(Entry("refund", "Wifi", "The password is told at the desk."), 0.9),)
    found = [
        (query(), quoted),
        (query(), (Hit(Entry("b", title, "From 7 to 10, with towels."), 0.6),)),
    ]
    chosen_one = likelier(Sure("follow_up"), Question(words), found, REFUND)
    assert (chosen_one is found[1]) == alone


@pytest.mark.parametrize(
    "words, found_alone, meant",
    [
        ("and opened goods?", "opened", True),
        ("and opened goods?", "refund", False),  # alone it finds what was quoted
        ("and opened goods at a weekend?", "opened", False),  # says more than the title
    ],
)
def test_what_both_ways_find_and_the_message_names_is_meant_and_not_what_was_quoted(
    words, found_alone, meant
):
    """Though what was quoted has the word too ("Open your orders"), and nearly as good a score."""
    quoted = Hit(Entry("refund", "Sealed goods", "Open your orders and choose Return."), 0.52)
    other = Hit(Entry("opened", "Opened goods", "They can go back for 14 days."), 0.55)
    leaning = replace(query(), leans=0.9, cited=frozenset({"refund"}))
    hits = {"opened": (other, quoted), "refund": (quoted, other)}
    found = [(leaning, hits["opened"]), (query(), hits[found_alone])]
    policy = Policy(GATE, FakeIntents("follow_up"))
    best, ranked = likelier(policy, Question(words), found, REFUND)
    first = meant_first(words, best, ranked)[0].entry.id
    assert (first == "opened") == meant


@pytest.mark.parametrize(
    "answer, quoted_scores, sure, alone",
    [
        ("Three years from the day of purchase.", 0.1, 0.8, True),
        ("Three years from the day of purchase.", 0.3, 0.8, False),  # what was quoted says it too
        ("Three years from the day of purchase.", 0.1, 0.4, False),  # unlikely to answer
        ("Price: 3 euros; Size: small; Colour: red", 0.1, 0.8, False),  # the row of another thing
    ],
)
def test_a_word_in_another_language_that_alone_finds_what_says_it_leans_on_nothing(
    answer, quoted_scores, sure, alone
):
    """A code in the turn before makes sure of its entry, whatever is asked; it shares no word with
    what the knowledge says.
    """

    class Sure(FakeIntents):
        def confidence(self, question, query, hits):
            return 1.0 if hits is quoted else sure

    before = Entry("refund", "Display shows E24", "The pump is blocked.")
    quoted = (Hit(before, 0.8),)
    best = Hit(Entry("b", "guarantees and repairs", answer), 0.5)
    found = [(query(), quoted), (query(), (best,))]
    further = (best, Hit(before, quoted_scores))
    told = likelier(Sure("follow_up"), Question("Garantie"), found, REFUND, further)
    assert (told is found[1]) == alone


@pytest.mark.parametrize(
    "words, title, alone", [("taste", "Lemon", False), ("lemon", "Lemon", True)]
)
def test_a_word_after_a_thing_is_not_asked_of_another_one_in_pictures(words, title, alone):
    class Sure(FakeIntents):
        def confidence(self, question, query, hits):
            return 0.9

    before = Hit(Entry("refund", "Galia melon", "It is sweet."), 0.8)
    lemon = Entry("b", title, "It has a very tart taste.", pictures=(Path("lemon.png"),))
    found = [(query(), (before,)), (query(), (Hit(lemon, 0.5),))]
    further = (Hit(lemon, 0.5), replace(before, score=0.1))
    told = likelier(Sure("follow_up"), Question(words), found, REFUND, further)
    assert (told is found[1]) == alone


@pytest.mark.parametrize("first, surer", [("other", True), ("refund", False)])
def test_of_an_entry_that_both_ways_find_the_surer_one_is_told(first, surer):
    """Though the message leans on the turn before; not of what was quoted, which that is for."""

    class Sure(FakeIntents):
        def confidence(self, question, query, hits):
            return 0.4 if hits is after else 0.9

    best = Entry(first, "Shipping", "Remote islands cost 15 euros more.")
    after, alone = (Hit(best, 0.4),), (Hit(best, 0.5),)
    found = [(query(), after), (query(), alone)]
    told = likelier(Sure("follow_up"), Question("Azoren"), found, REFUND)
    assert (told[1] is alone) == surer


def test_what_only_came_closest_to_a_refused_question_was_not_told():
    decision = Decision("refuse", "unknown", 0.2, (Hit(Entry("boat", "Boats", "None."), 0.2),))
    judged = Judged(UserTurn("a bike?"), Question("a bike?"), None, None, decision, decision.hits)
    refused = past_after(judged, [decision.hits[0].entry])
    assert (refused.citations, refused.told, refused.topic) == (("boat",), (), "")
    asked = follow("and the blue one?", [replace(REFUND, action="refuse")])
    assert MODALITY in asked.texts and not asked.cited


def test_the_less_a_question_says_the_more_its_context_counts():
    weights = [
        context_weight(Question(typed=text), LEANS)
        for text in ("and that?", "and the blue lamp?", "and the blue lamp with a wide red shade?")
    ]
    assert weights == sorted(weights, reverse=True) and weights[0] == MAX_WEIGHT and weights[-1] > 0
    photo = Question(typed="and that?", read_in_photo=("washing machine", "model plate"))
    assert context_weight(photo, LEANS) < MAX_WEIGHT


def test_a_message_that_stands_alone_takes_nothing_from_the_turn_before():
    assert MODALITY not in follow("who won?", read=ALONE).fused.weights


def test_a_photo_without_words_leans_on_the_turn_before():
    assert context_weight(Question(read_in_photo=("E24",)), ALONE) > 0


@pytest.mark.slow
@pytest.mark.parametrize(
    "words, leans",
    [
        ("and for the blue one?", True),
        ("How long does that take?", True),
        ("那要多久？", True),
        ("Und bei der blauen?", True),
        ("By the way, what are your opening hours?", False),
        ("How do I connect my headphones to a second phone by Bluetooth?", False),
        ("怎么给耳机配对第二部手机？", False),
        ("Where is my parcel?", False),
        ("price", True),  # of what was asked about
        ("保质期", True),
        ("hello", False),
    ],
)
def test_what_leans_on_the_turn_before_is_read_in_several_languages(service, words, leans):
    weight = context_weight(Question(typed=words), service.parts.policy.read)
    assert bool(weight) == leans


def test_what_a_message_was_about_is_asked_together_with_it():
    broken = Past("it broke", "What is it about?", "clarify", reason="unnamed", knowledge="k")
    hub = Question("the hub")
    assert completed(hub, [broken], "k").asked == "the hub it broke"
    for past, knowledge in (([], "k"), ([broken], "other"), ([REFUND], "k")):
        assert completed(hub, past, knowledge) is hub
    again = Question("it broke again")
    assert completed(again, [broken], "k") is again


@pytest.mark.slow
@pytest.mark.parametrize("before", ["it's broken", "hello"])
def test_a_thing_that_was_asked_for_is_searched_with_what_is_wrong_with_it(service, before):
    first = service.answer(UserTurn(before, knowledge="smart-home"))
    told, alone = (
        service.answer(UserTurn("the hub", knowledge="smart-home", session_id=session))
        for session in (first.session_id, None)
    )
    assert first.action == "clarify" and "Hub" in told.text
    assert (told.text == alone.text) == (before == "hello")


@pytest.mark.slow
@pytest.mark.parametrize(
    "pack, asked, between, more",
    [
        ("shopping", "How do I return an order?", "ok thanks", "how long does that take"),
        ("finance", "How do I block my card?", "hello?", "and unblock it?"),
    ],
)
def test_a_message_leans_on_what_was_said_before_the_thanks(service, pack, asked, between, more):
    def last(*messages):
        session = None
        for words in messages:
            reply = service.answer(UserTurn(words, knowledge=pack, session_id=session))
            session = reply.session_id
        return reply

    told, thanked, alone = last(asked, more), last(asked, between, more), last(more)
    assert thanked.text == told.text != alone.text


@pytest.mark.slow
@pytest.mark.parametrize(
    "words, reason",
    [("never mind, thanks", "thanks"), ("there is smoke coming out of it now", "safety")],
)
def test_what_names_nothing_but_thanks_or_reports_danger_completes_no_message(
    service, monkeypatch, words, reason
):
    asked = service.answer(UserTurn("it's broken", knowledge="smart-home"))
    turn = UserTurn(words, knowledge="smart-home", session_id=asked.session_id)
    looked_up = []

    def noted(parts, knowledge, looked):
        looked_up.append(looked.question.asked)
        return nameless(parts, knowledge, looked)

    monkeypatch.setattr(retrieve, "nameless", noted)
    reply = service.answer(turn)
    assert words in looked_up and not any("broken" in text for text in looked_up)
    row = next(row for row, _ in service._keeper.store.turns() if row.id == reply.turn_id)
    assert row.reason == reason


def test_nothing_is_taken_from_another_base_or_from_no_past():
    assert MODALITY not in follow("and that?", knowledge="other").fused.weights
    assert MODALITY not in follow("and that?", past=()).fused.weights


def test_the_identifiers_of_the_turn_before_may_be_meant_but_not_those_of_its_title():
    assert follow("how long does it take").texts == {MODALITY: (REFUND.words,)}


@pytest.mark.parametrize(
    "says, choice, titles, title",
    [
        ("choose", "second", ("A", "B"), "B"),
        ("choose", "last", ("A", "B", "C"), "C"),
        ("choose", "third", ("A", "B"), ""),
        ("choose", "neither", ("A", "B"), ""),
        ("choose", "", ("the blue lamp", "my refund"), "my refund"),
        ("yes", "", ("A",), "A"),
        ("yes", "", ("A", "B"), ""),
        ("none", "", ("A", "B"), ""),
    ],
)
def test_a_candidate_is_chosen_by_its_place_its_name_or_by_agreeing(says, choice, titles, title):
    asked_back = Past("cost", "Which?", "clarify", knowledge="k", asked_about=titles)
    read = FakeIntents(says, choice=choice).read
    asked = Question(typed="the refund")
    assert chosen(asked, asked_back, read("the refund"), ENCODER) == title
    found, question = resolve(query("refund"), asked, [asked_back], "k", ENCODER, read)
    if title:
        assert question.typed == title and found.fused.weights[MODALITY] > 0.5


def test_a_title_that_is_sent_as_it_stands_is_chosen():
    asked_back = Past("cost", "Which?", "clarify", knowledge="k", asked_about=("A", "B"))
    assert chosen(Question(typed="B"), asked_back, ALONE("B"), ENCODER) == "B"


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
    chinese = summarise(past[1:], Question(typed="转人工", language="zh"), "stuck")
    assert not set("WCA") & {line[0] for line in chinese.splitlines()}  # no line is in English


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


@pytest.mark.slow
def test_a_bare_number_means_the_product_with_that_number(service):
    first = service.answer(UserTurn("Wren 500 NC price", knowledge="shopping"))
    other = UserTurn("and the 300?", knowledge="shopping", session_id=first.session_id)
    assert [c.entry_id for c in service.answer(other).citations] == ["wren-300"]


def test_a_name_that_was_shown_finds_its_entry():
    titles = ("Guide: 3. Stay: Prices", "Guide: 4. Leave: Bags")
    before = Past("prices", "Which one?", "clarify", (), knowledge="k", asked_about=titles)
    reads = ALONE("Bags")
    assert chosen(Question(typed="Bags"), before, reads, ENCODER) == titles[1]
    overlapping = ("Guide: Prices", "Guide: Prices in May")
    before = Past("prices", "Which one?", "clarify", (), knowledge="k", asked_about=overlapping)
    assert chosen(Question(typed="Prices"), before, reads, ENCODER) == overlapping[0]
