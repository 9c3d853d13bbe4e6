"""Which kind of reply a turn gets: each rule alone, then the wording that asks for a person, with
the real encoder.
"""

from dataclasses import replace

import numpy as np
import pytest
from conftest import FakeIntents

from mm_support.decide.coded import names_another_code
from mm_support.decide.confidence import FEATURES, Gate, features, gate_file, load_gate
from mm_support.decide.intents import Reads
from mm_support.decide.policy import Policy, meant_first
from mm_support.decide.rules import candidates
from mm_support.errors import InputError, WeightsError
from mm_support.knowledge.query import SearchQuery
from mm_support.pipeline.step import drained
from mm_support.pipeline.turn import judge
from mm_support.train.calibrate import read_cases
from mm_support.types import Entry, FusedQuery, Hit, Past, Question, UserTurn

GATE = Gate((10.0, *[0] * (len(FEATURES) - 1)), -5.0, 0.6, 0.3)  # probability 0.5 at a score of 0.5


def asked(weights=None, **identifiers):
    """A query whose modalities named these identifiers."""
    named = {name: frozenset({code}) for name, code in identifiers.items()}
    return SearchQuery(
        FusedQuery(np.ones(2), None, {}, weights or {"text": 1.0}), identifiers=named
    )


QUERY = asked()


def hits(*scores, human_only=False):
    return [
        Hit(Entry(f"e{n}", f"Title {n}", "An answer.", human_only=human_only), score)
        for n, score in enumerate(scores)
    ]


def decide(found, words="warranty", past=(), says=(), query=QUERY, **question):
    policy = Policy(GATE, FakeIntents(*says))
    return policy.decide(Question(**{"typed": words} | question), query, found, past)


@pytest.mark.parametrize("score, action", [(0.9, "answer"), (0.5, "clarify"), (0.1, "refuse")])
def test_the_gate_decides(score, action):
    assert decide(hits(score, 0.05)).action == action


def test_a_question_back_names_a_title_once():
    first, second, third = hits(0.5, 0.49, 0.48)
    same = replace(second, entry=replace(second.entry, title=first.entry.title))
    assert decide([first, same]).hits == (first,)
    assert decide([first, same, third]).hits == (first, third)


@pytest.mark.parametrize(
    "words",
    [
        "you said the warranty is five years, right?",
        "I heard a noise from the washing machine",
        "Since you open at 9, can I come at ten?",
    ],
)
def test_no_wording_lowers_the_threshold(words):
    found = hits(0.47, 0.05)  # probability 0.43: less than an answer needs
    assert decide(found, "how long is the warranty").action == "clarify"
    assert decide(found, words).action == "clarify"


@pytest.mark.parametrize(
    "words",
    [
        "How do I return the item?",
        "How long does it take?",
        "Can I open it?",
        "Is the size available?",
        "What does this code on the display mean?",
        "how much does it cost",
    ],
)
def test_a_sure_answer_is_not_vetoed_by_the_words_of_the_question(words):
    assert decide(hits(0.99, 0.05), words).action == "answer"


def test_a_reply_is_made_from_the_best_entry_and_those_close_to_it():
    assert [hit.entry.id for hit in decide(hits(0.9, 0.8, 0.75, 0.4)).hits] == ["e0", "e1", "e2"]
    assert [hit.entry.id for hit in decide(hits(0.9, 0.5, 0.4)).hits] == ["e0"]


def test_nothing_found_is_refused():
    decision = decide([])
    assert (decision.action, decision.confidence) == ("refuse", 0.0)


def test_a_code_that_a_title_has_is_asked_back_about_however_little_else_is_alike():
    kettle = [Hit(replace(hit.entry, title="Kettle (KE-2)"), hit.score) for hit in hits(0.1, 0.05)]
    found, other = asked(text="KE2"), asked(text="KE3")
    assert decide(kettle, "does the KE-2 sing", query=found).action == "clarify"
    assert decide(kettle, "does the KE-3 sing", query=other).action == "refuse"
    priced = [replace(hit, entry=replace(hit.entry, answer="price: 59.00")) for hit in kettle]
    assert decide(priced, "how much is the KE-2", query=found).action == "answer"
    only = [replace(priced[0], entry=replace(priced[0].entry, human_only=True))]
    assert decide(only, "how much is the KE-2", query=found).action == "handoff"


def test_what_only_people_may_handle_is_handed_over_with_the_entry_where_that_is_likely_meant():
    likely, doubtful = (decide(hits(score, human_only=True)) for score in (0.7, 0.51))
    assert {(one.action, one.reason) for one in (likely, doubtful)} == {("handoff", "human_only")}
    assert [hit.entry.id for hit in likely.hits] == ["e0"] and not doubtful.hits
    assert decide(hits(0.45, human_only=True)).action == "clarify"
    assert decide(hits(0.1, human_only=True)).action == "refuse"


def test_what_only_people_may_handle_is_no_other_answer_to_what_did_not_help():
    told, only = hits(0.9)[0], replace(hits(0.9, human_only=True)[0].entry, id="e1")
    before = Past("q", "r", "answer", ("e0",))
    decision = decide([told, Hit(only, 0.9)], says=["unresolved"], past=[before])
    assert (decision.action, decision.reason) == ("handoff", "human_only")


@pytest.mark.parametrize("label", ["person", "upset", "account"])
def test_beside_a_hand_over_is_told_only_what_is_likely_meant(label):
    told = Past("q", "r", "answer", ("e0",))
    reads = Reads({label: 0.7}, frozenset({label}))
    policy = Policy(GATE, FakeIntents())
    for score, entries in ((0.56, []), (0.7, ["e0"])):
        found = hits(score)
        decision = policy.decide(Question("Please do that for me"), QUERY, found, (told,), reads)
        assert decision.action == "handoff"
        assert [hit.entry.id for hit in decision.hits] == entries


PRESSING = {"person": "asked", "upset": "upset", "danger": "safety", "self_harm": "self_harm"}


@pytest.mark.parametrize("label, reason", PRESSING.items())
def test_what_presses_goes_to_a_person_whatever_was_found(label, reason):
    for found in ([], hits(0.1), hits(0.9)):
        decision = decide(found, says=[label])
        assert (decision.action, decision.reason) == ("handoff", reason)


@pytest.mark.parametrize("label", PRESSING)
def test_what_is_read_in_doubt_does_not_keep_back_a_sure_answer_but_in_danger(label):
    """ "Who pays the postage of a return?" may look angry to whoever does not know the answer."""

    def reading(probability, words="warranty"):
        told = {label: probability, "none": 1 - probability}
        reads = Reads(told, frozenset({label}))
        return lambda found: Policy(GATE, FakeIntents()).decide(
            Question(typed=words), QUERY, found, (), reads
        )

    doubtful, likely = reading(0.4), reading(0.6)
    perilous = label in ("danger", "self_harm")
    assert doubtful(hits(0.9)).action == ("handoff" if perilous else "answer")
    assert doubtful(hits(0.5)).action == likely(hits(0.9)).action == "handoff"
    assert [hit.entry.id for hit in likely(hits(0.9)).hits] == (
        [] if label == "self_harm" else ["e0"]
    )
    assert reading(0.95)(hits(0.9)).hits == () or label == "danger"
    named = reading(0.6, "an answer")(hits(0.9))  # it says no more than what was found does
    assert (named.action == "handoff") == perilous


@pytest.mark.parametrize("label", ["person", "upset", "abuse"])
@pytest.mark.parametrize("probability, named", [(0.6, True), (0.95, True), (0.98, False)])
def test_a_name_that_titles_hold_is_no_wish_for_a_person_nor_an_insult(label, probability, named):
    class Reading:
        def read(self, words):
            return Reads({label: probability, "none": 1 - probability}, frozenset({label}))

    wren = [Hit(replace(hit.entry, title="Wren 300 headphones"), hit.score) for hit in hits(0.5)]
    for words, expected in (("Wren", named), ("a person", False)):
        decision = Policy(GATE, Reading()).decide(Question(typed=words), QUERY, wren, ())
        assert (decision.reason == "ambiguous") == expected


@pytest.mark.parametrize("label", [*PRESSING, "account"])
def test_what_was_heard_unsurely_is_asked_about_and_hands_nothing_over(label):
    heard = {"typed": "", "heard": "power salt", "heard_right": 0.3}
    decision = decide(hits(0.2), says=[label], **heard)
    assert (decision.action, decision.reason, decision.hits) == ("clarify", "misheard", ())
    sure = decide(hits(0.2), says=[label], **heard | {"heard_right": 0.9})
    assert sure.action == "handoff"
    reserved = decide(hits(0.9, human_only=True), **heard)
    assert (reserved.action, reserved.reason) == ("clarify", "misheard")


def test_what_was_read_back_and_is_said_again_is_answered_but_hands_nothing_over():
    heard = {"typed": "", "heard": "My order is 104822.", "heard_right": 0.45}
    read_back = Past("my order is 104822", "I heard ...", "clarify", reason="misheard")
    assert decide(hits(0.9), past=[read_back], **heard).action == "answer"
    other = replace(read_back, text="My order is 104882.")
    for past in ([other], [replace(read_back, reason="evidence")], [read_back, other], []):
        assert decide(hits(0.9), past=past, **heard).reason == "misheard"
    assert (
        decide(hits(0.2), past=[read_back], says=[next(iter(PRESSING))], **heard).reason
        == "misheard"
    )


def test_what_was_heard_unsurely_is_not_answered_unless_something_was_typed():
    heard = {"heard": "power salt", "heard_right": 0.3}
    assert decide(hits(0.9), typed="", **heard).reason == "misheard"
    assert decide(hits(0.9), typed="How long?", **heard).action == "answer"


@pytest.mark.parametrize(
    "entry, shown",
    [
        (Entry("a", "Battery care", "Leave the room. Call 112."), True),
        (Entry("a", "充电", "请立即拨打120。"), True),
        (Entry("a", "Poisons", "Ring us at once on 01632 960110."), True),
        (Entry("a", "Legal", "Our team answers.", human_only=True), True),
        (Entry("a", "It smokes", "Do not touch it."), True),
        (Entry("a", "Recall", "Take the battery out. It weighs 112 g."), False),
    ],
)
def test_whoever_is_in_danger_is_told_what_is_for_emergencies_or_surely_answers(entry, shown):
    reads = {"smoke!": "danger", "It smokes": "danger", "no more": "self_harm"}
    policy = Policy(GATE, FakeIntents(means=reads))
    found = hits(0.95)[:1] + [Hit(entry, 0.9)]
    told = policy.decide(Question("smoke!"), QUERY, found, ())
    assert (told.reason, told.hits) == ("safety", tuple(found[1:] if shown else found[:1]))
    harm = policy.decide(Question("no more"), QUERY, found, ())
    assert (harm.reason, harm.hits) == ("self_harm", tuple(found[1:] if shown else ()))
    unsure = policy.decide(Question("smoke!"), QUERY, [Hit(entry, 0.1)], ())
    assert (unsure.reason, unsure.hits) == ("safety", ())


def test_a_request_to_act_is_handed_over_unless_the_knowledge_surely_tells_how():
    reasons = [decide(hits(s), says=["account"]).reason for s in (0.9, 0.5, 0.1)]
    assert reasons == ["evidence", "account", "account"]
    assert decide(hits(0.5), says=["account"]).hits == ()


def test_who_has_read_how_and_still_asks_for_it_to_be_done_gets_a_person_and_the_entry():
    read = Past("q", "r", "answer", ("e0",))
    decision = decide(hits(0.9), says=["account"], past=(read,))
    assert (decision.action, decision.reason, len(decision.hits)) == ("handoff", "account", 1)


def test_an_insult_gets_a_calm_offer_once_and_a_sure_answer_where_there_is_one():
    before = Past("q", "r", "clarify", (), "abuse")
    assert decide(hits(0.1), says=["abuse"]).reason == "abuse"
    assert decide(hits(0.9), says=["abuse"]).action == "answer"
    assert decide(hits(0.1), says=["abuse"], past=[before]).reason == "upset"


def test_steps_that_did_not_help_are_not_given_again():
    before = Past("q", "r", "answer", ("e0",))
    other = decide(hits(0.95, 0.9), says=["unresolved"], past=[before])
    assert (other.action, [hit.entry.id for hit in other.hits]) == ("answer", ["e1"])
    nothing = decide(hits(0.95, 0.2), says=["unresolved"], past=[before])
    assert (nothing.action, nothing.reason, nothing.hits) == ("handoff", "stuck", ())
    assert decide(hits(0.95), says=["unresolved"]).action == "answer"  # nothing was tried here


def test_who_did_what_a_code_asks_for_is_not_told_about_another():
    cited = told("Washer shows E24", "Open the tap.", 0.95)
    drain, smell = (
        told("Washer shows E20", "Look at the hose."),
        told("The washer smells", "Air it."),
    )
    before = Past("E24", "Open the tap.", "answer", citations=(cited.entry.id,))
    after = [decide([cited, other], says=["unresolved"], past=[before]) for other in (drain, smell)]
    assert [decision.reason for decision in after] == ["stuck", "evidence"]


def test_what_was_not_meant_is_not_said_again_and_fails_once():
    before = Past("q", "r", "answer", ("e0",))
    first = decide(hits(0.95), says=["no"], past=[before])
    assert (first.action, first.reason) == ("clarify", "rejected")
    again = Past("no", "r", "clarify", (), "rejected")
    assert decide(hits(0.1), past=[before, again]).reason == "stuck"
    anything_else = Past("thanks", "r", "clarify", (), "thanks")
    assert decide(hits(0.1), says=["no"], past=[anything_else]).reason == "goodbye"


def test_an_amount_that_was_told_before_the_thanks_is_told_again():
    pets = Hit(Entry("e0", "Pets", "A kennel costs 8 pounds."), 0.1)
    told = Past("pets", "r", "answer", ("e0",))
    thanked = Past("thanks", "r", "clarify", (), "thanks")
    leant = replace(QUERY, texts={"context": ("pets",)}, cited=frozenset({"e0"}), leans=1.0)
    for past in ([told], [told, thanked]):
        assert decide([pets], "how much is it?", past, query=leant).reason == "evidence"


@pytest.mark.parametrize(
    "words, told, reason",
    [
        ("not that, the kennel", "e0", "evidence"),
        ("not that, the kennel in the hold", "e0", "evidence"),
        ("not that, the cabin", "e0", "rejected"),  # that was told
        ("not that, the roof", "e0", "rejected"),  # nothing is known of one
        ("not the kennel", "e0", "rejected"),
        ("not that, the kennel", "e1", "evidence"),  # another row of what was told in part
        ("not that, the kennel in the hold", "e1", "rejected"),
    ],
)
def test_who_says_what_was_meant_instead_is_answered(words, told, reason):
    found = Hit(Entry("e1", "Pets", "A cabin is 25 pounds, a kennel 8."), 0.9)
    before = Past("pets", "A cabin is 25 pounds.", "answer", (told,))
    policy = Policy(GATE, FakeIntents(means={"not": "no"}))
    assert policy.decide(Question(words), QUERY, [found], [before]).reason == reason


def test_who_rejects_what_was_asked_back_may_mean_a_part_of_it():
    found = Hit(Entry("e1", "Pets", "A cabin is 25 pounds, a kennel 8."), 0.9)
    before = Past("pets", found.entry.answer, "clarify", ("e1",), "ambiguous")
    policy = Policy(GATE, FakeIntents(means={"not": "no"}))
    reasons = [
        policy.decide(Question(words), QUERY, [found], [before]).reason
        for words in ("not that, I meant the kennel", "not that")
    ]
    assert reasons == ["evidence", "rejected"]


def test_a_message_that_leans_on_nothing_is_asked_about_unless_it_is_answered():
    photo = SearchQuery(FusedQuery(None, np.ones(2), {}, {"photo": 1.0}))
    before = Past("q", "r", "answer", ("e0",))
    hello = Past("hello", "Hello!", "clarify", (), "greeting")
    assert decide(hits(0.1), says=["follow_up"]).reason == "unnamed"
    assert decide(hits(0.1), says=["follow_up"], past=[hello]).reason == "unnamed"
    assert decide(hits(0.9), says=["follow_up"]).action == "answer"
    assert decide(hits(0.1), says=["follow_up"], past=[before]).reason == "unknown"
    assert decide(hits(0.1), says=["follow_up"], query=photo).reason == "unknown"


def test_products_like_the_photo_are_shown_where_they_are_asked_for():
    assert decide(hits(0.9), says=["similar"]).similar and not decide(hits(0.9)).similar


def test_two_failed_turns_in_a_row_about_the_same_are_enough():
    failed, fine = Past("the warranty?", "r", "refuse", ()), Past("q", "r", "answer", ())
    other = Past("do you sell cars", "r", "refuse", ())
    assert decide(hits(0.1), words="do you sell bikes", past=(other,)).action == "refuse"
    assert decide(hits(0.1), words="do you sell used cars", past=(other,)).reason == "stuck"
    assert decide(hits(0.1), past=(fine, failed)).reason == "stuck"
    assert decide(hits(0.1), past=(failed, fine)).action == "refuse"
    assert decide(hits(0.9), past=(failed,)).action == "answer"


COURTESIES = {
    "greeting": "greeting",
    "thanks": "thanks",
    "goodbye": "goodbye",
    "acknowledge": "acknowledged",
    "yes": "acknowledged",
}


@pytest.mark.parametrize("label, reason", COURTESIES.items())
def test_a_courtesy_is_answered_in_kind_and_is_no_failure(label, reason):
    decision = decide(hits(0.9), says=[label])
    assert (decision.action, decision.reason) == ("clarify", reason)
    assert decide(hits(0.1), past=[Past("x", "y", "clarify", (), reason)]).reason == "unknown"


def test_a_courtesy_that_is_hardly_likely_does_not_veto_a_sure_answer():
    unlikely = Reads({"goodbye": 0.2}, frozenset({"goodbye"}))

    def reason(score):
        policy = Policy(GATE, FakeIntents())
        return policy.decide(Question("brew 2"), QUERY, hits(score), (), unlikely).reason

    assert (reason(0.9), reason(0.1)) == ("evidence", "goodbye")


def test_yes_to_a_choice_of_two_is_no_courtesy():
    asked = Past("q", "r", "clarify", (), "ambiguous", asked_about=("A", "B"))
    assert decide(hits(0.5), says=["yes"], past=[asked]).reason == "stuck"


def test_a_greeting_is_no_failure():
    hello = Past("hello", "Hello!", "clarify", (), "greeting")
    assert decide(hits(0.1), past=(hello,)).action == "refuse"


def test_an_entry_that_only_explains_another_code_does_not_answer_either():
    entry = Entry("declined", "Payment was declined", "PAY-31 means no. Call 0800 555 0177.")
    assert names_another_code(asked(text="PAY32"), entry)
    assert not names_another_code(asked(text="PAY31"), entry)
    assert not names_another_code(asked(text="104822"), entry)  # an order's number


def test_a_code_that_nothing_has_is_not_answered_by_what_only_looks_like_it():
    """E8 is not the 8 in a product's name where the errors are E1 and E2."""
    titles = ("Spin 8", "Washer shows E1", "Washer shows E2")
    found = [Hit(Entry(title, title, "A text."), 0.9) for title in titles]
    policy = Policy(GATE, FakeIntents())
    for text, code, action in (("E8", "E8", "clarify"), ("Spin 8", "8", "answer")):
        assert policy.decide(Question(text), asked(text=code), found, ()).action == action


@pytest.mark.parametrize(
    "words, title",
    [
        ("need a new deck belt for this one", "Deck belt T92"),
        ("", "Tractor T92, rear collect 250 l"),
    ],
)
def test_a_photos_code_and_the_words_beside_it_name_a_thing_together(words, title):
    titles = ("Tractor T92, rear collect 250 l", "Deck belt T92")
    found = [Hit(Entry(name, name, "It is red."), 0.9 - 0.3 * n) for n, name in enumerate(titles)]
    assert meant_first(words, asked(photo_text="T92"), found)[0].entry.title == title


def test_what_must_be_done_by_a_person_shows_no_entry_that_is_only_near():
    reserved = Hit(replace(hits(0.5)[0].entry, human_only=True), 0.45)
    decision = decide([reserved], says=["account"])
    assert (decision.action, decision.reason, decision.hits) == ("handoff", "account", ())


@pytest.mark.parametrize("past", [(), (Past("x", "y", "answer"),)])
def test_what_hardly_agrees_does_not_before_anything_was_said(past):
    unlikely = Reads({"acknowledge": 0.2}, frozenset({"acknowledge"}))
    policy = Policy(GATE, FakeIntents())
    reason = policy.decide(Question("it's broken"), QUERY, hits(0.1), past, unlikely).reason
    assert (reason == "acknowledged") == bool(past)


def test_an_entry_about_another_code_does_not_answer():
    entry = Entry("e41", "Error E41", "The door is open. Order 104822 was an example.")
    found = [Hit(entry, 0.9)]

    def action(**named):
        query = asked(**named)
        return Policy(GATE, FakeIntents()).decide(Question(typed="error"), query, found, ()).action

    assert (action(text="E41"), action(text="E99"), action(speech="E99")) == (
        "answer",
        "clarify",
        "clarify",
    )
    assert action(text="AB12345") == "answer"  # another kind of code
    assert (action(text="10"), action(text="41"), action(text="104823")) == (
        "clarify",
        "answer",
        "answer",  # only the answer has such a number: the entry is not about it
    )
    assert (
        action(photo_text="E99") == "answer"
    )  # a photo shows many codes that were not asked about
    found = [Hit(Entry("lo", "Dryer shows Lo", "The tank is full."), 0.9)]
    assert (action(text="LO"), action(text="UB")) == ("answer", "clarify")


def test_a_question_back_names_two_or_three_close_entries():
    assert [hit.score for hit in candidates(hits(0.5, 0.49, 0.45, 0.44))] == [0.5, 0.49, 0.45]
    assert [hit.score for hit in candidates(hits(0.5, 0.1))] == [0.5, 0.1]


def test_a_turn_with_a_photo_has_a_gate_of_its_own():
    shown = replace(GATE, bias=-9.0, answer=0.9)
    gate = replace(GATE, with_photo=shown)
    assert gate.suiting(asked({"photo": 1.0})) == shown and gate.suiting(asked()) == gate
    assert GATE.suiting(asked({"photo": 1.0})) == GATE


def test_a_code_in_a_photo_counts_as_much_as_one_that_was_typed():
    """Though the photo looks like nothing of the base, and beside words that only point at it."""
    gate = replace(GATE, with_photo=replace(GATE, bias=-9.0, answer=0.9))
    found = [Hit(Entry("b", "Error B-17", "Your payment did not go through."), 0.8)]
    shown = asked({"text": 0.5, "photo": 0.5}, photo_text="B17")

    def decide(words, query=shown, sure=0.4, label="person"):
        policy = Policy(gate, FakeIntents(label))
        reads = Reads({label: sure}, frozenset({label}))
        return policy.decide(Question(typed=words), query, found, (), reads).action

    assert decide("") == decide("what now?") == "answer"
    assert decide("", asked({"photo": 1.0}, photo_text="B71"), label="follow_up") == "refuse"
    assert decide("a person please", sure=0.9) == decide("", label="danger") == "handoff"


def test_features_by_hand():
    entry = Entry("a", "Error E24", "The pump is blocked.")
    named = {"text": frozenset({"E24"})}
    fused = FusedQuery(np.ones(2), np.ones(2), {}, {"text": 0.7, "photo": 0.3})
    query = SearchQuery(fused, identifiers=named, leans=0.4, cited=frozenset({"a"}))
    values = dict(
        zip(
            FEATURES,
            features(
                "the pump shows e24 today",
                query,
                [
                    Hit(entry, 0.8, {"photo": 0.15, "text": 0.42}, says=0.5),
                    Hit(entry, 0.5),
                    Hit(entry, 0.4, {"photo": 0.06}),
                ],
            ),
        )
    )
    assert values == pytest.approx(
        {
            "score": 0.8,
            "margin": 0.3,
            "coverage": 2 / 4,
            "score_covered": 0.4,
            "brevity": 1 / 5,
            "photo_share": 0.3,
            "photo_score": 0.5,
            "photo_code": 0.0,
            "photo_margin": 0.3,
            "photo_and_words": 0.3,
            "photo_says": 0.7 * np.log(0.5),
            "context_share": 0.0,
            "leans": 0.4,
            "leans_cited": 0.4,
            "code_found": 1.0,
            "code_unknown": 0.0,
            "foreign": 0.0,
            "foreign_score": 0.0,
        }
    )
    read = asked({"photo": 1.0}, photo_text="E24")
    assert dict(zip(FEATURES, features("", read, [Hit(entry, 0.8)])))["photo_code"] == 1.0
    unknown = asked(text="F99")
    values = dict(zip(FEATURES, features("f99", unknown, [Hit(entry, 0.8)])))
    assert values["code_unknown"] == 1.0 and values["foreign"] == 0.0
    values = dict(zip(FEATURES, features("显示故障代码是什么意思", unknown, [Hit(entry, 0.8)])))
    assert (values["foreign"], values["foreign_score"]) == (1.0, 0.8)
    shown = asked({"photo_text": 1.0}, photo_text="LO")
    values = dict(
        zip(
            FEATURES,
            features("", shown, [Hit(Entry("lo", "Dryer shows Lo", "The tank is full."), 0.8)]),
        )
    )
    assert values["photo_code"] == values["code_found"] == 1.0 and values["code_unknown"] == 0.0


HALF_ENGLISH = Entry(
    "preview",
    "Multiple Pages Preview",
    "After clicking the icon, the menu opens and you choose how many pages are shown at once.\n\n"
    "点击该图标旁的箭头以打开网格，选择预览中每行和每列显示的页数。",
)
ENGLISH = Entry("typing", "While Typing", "Formats the document while you type, line by line.")
CHINESE = Entry("number", "插入页码", "选择插入、字段、页码，页码就显示在页脚中。")


@pytest.mark.parametrize(
    "best, other, foreign, margin",
    [
        (HALF_ENGLISH, CHINESE, 0.0, 0.1),  # a page that is half translated is not foreign
        (ENGLISH, CHINESE, 1.0, 0.1),  # what is written in the customer's language counts
        (CHINESE, ENGLISH, 0.0, 0.3),  # what may be a translation does not
    ],
)
def test_pages_that_were_translated_in_part(best, other, foreign, margin):
    last = Entry("border", "页面边框", "选择格式、页面样式、边框。")
    hits = [Hit(best, 0.5), Hit(other, 0.4), Hit(last, 0.2)]
    values = dict(zip(FEATURES, features("怎么在页脚显示第几页", asked(), hits)))
    assert values["foreign"] == foreign and values["margin"] == pytest.approx(margin)


def test_a_gate_that_was_fitted_to_other_encoders_says_so(caplog):
    from mm_support.config import Settings
    from mm_support.loading import gate_for

    embedded = Settings(profile="embedded")
    assert gate_for(embedded) == load_gate(gate_file(embedded)) and not caplog.records
    other = embedded.with_changes(text_model="org/other")
    assert gate_for(other) == load_gate(gate_file(other)) and "train calibrate" in caplog.text


@pytest.mark.parametrize("text_model", ["all-MiniLM-L6-v2", "multilingual-e5-small"])
def test_a_packaged_encoder_has_a_score_and_a_selector_of_its_own(text_model, caplog):
    from mm_support.config import Settings
    from mm_support.decode.select import SELECTOR_FILE, load_selector, selector_file
    from mm_support.knowledge.text_score import load_text_score
    from mm_support.paths import fitted_to

    settings = Settings(profile="embedded", text_model=f"package:{text_model}")
    load_text_score(settings.text_model)
    own = selector_file(settings.text_model)
    assert own == fitted_to(settings.text_model) / SELECTOR_FILE and load_selector(own)
    assert not caplog.records, caplog.text


def test_a_gate_that_does_not_fit_is_a_weights_error(tmp_path):
    with pytest.raises(WeightsError, match="train calibrate"):
        load_gate(tmp_path / "gone.json")
    (tmp_path / "gate.json").write_text(
        '{"weights": [1], "bias": 0, "answer": 0.5, "clarify": 0.2}'
    )
    with pytest.raises(WeightsError):
        load_gate(tmp_path / "gate.json")


@pytest.mark.slow
@pytest.mark.parametrize(
    "text, action",
    [
        ("error 24", "answer"),
    ],
)
def test_codes_said_and_not_said(service, text, action):
    judged = drained(judge(service.parts, UserTurn(text, knowledge="smart-home")))
    assert judged.decision.action == action
    assert action == "clarify" or judged.hits[0].entry.id == "washer-e24"


@pytest.mark.parametrize(
    "line", ["{", '{"text": "x"}', '["a"]', '{"turns": [{"text": "x"}], "kind": "dialogue"}']
)
def test_a_line_that_is_no_case_for_the_gate_is_said_with_its_number(tmp_path, line):
    (tmp_path / "bank.jsonl").write_text('{"text": "x", "expect": "none", "kind": "none"}\n' + line)
    with pytest.raises(InputError, match="line 2"):
        read_cases(tmp_path)


def told(title, text="It costs 149 euros.", score=0.9):
    return Hit(Entry(title, title, text), score)


def test_an_entry_about_another_version_is_asked_back_about_however_sure():
    shown = decide([told("Aster 60 vacuum cleaner")], words="How much is the Aster 50?")
    assert shown.action != "answer"
    assert (
        decide([told("Aster 60 vacuum cleaner")], words="How much is the Aster 60?").action
        == "answer"
    )


def test_what_only_mentions_a_name_gives_way_to_what_is_titled_so():
    jug, machine = (
        told("A new jug", "A jug for the Brew 2 costs 19 euros."),
        told("Corvane Brew 2", score=0.8),
    )
    answered = decide([jug, machine], words="How much is the Brew 2?")
    assert (answered.action, answered.hits[0]) == ("answer", replace(machine, score=0.9))
    asked_of_jug = decide([jug, machine], words="How much is a jug for the Brew 2?")
    assert (asked_of_jug.action, asked_of_jug.hits[0]) == ("answer", jug)
    assert decide([jug], words="How much is the Brew 2?").action == "answer"


def test_a_code_that_two_things_show_is_asked_back_about():
    oven, hob = (
        told("Oven Basil shows F1", "F1 means that the door is not closed."),
        told("Hob Chive shows F1", "F1 means that something lies on the panel.", 0.85),
    )
    open_between = decide([oven, hob], words="What does F1 mean?")
    assert (open_between.reason, open_between.hits) == ("ambiguous", (oven, hob))
    assert decide([oven, hob], words="My hob shows F1").hits[0].entry is hob.entry


@pytest.mark.parametrize("score, reason", [(0.6, "unnamed"), (0.9, "evidence")])
def test_what_surely_leans_on_nothing_is_answered_only_beyond_doubt(score, reason):
    question, leaning = Question("It doesn't work"), Reads({"unresolved": 0.95})
    policy = Policy(GATE, FakeIntents())
    assert policy.decide(question, QUERY, hits(score, 0.1), (), leaning).reason == reason


@pytest.mark.parametrize(
    "words, of_one, reason",
    [
        ("does it have an API", True, "evidence"),
        ("can it run on Windows", True, "evidence"),
        ("它支持Windows吗", True, "evidence"),
        ("does it have an API", False, "unnamed"),
        ("It doesn't work", True, "unnamed"),  # asks nothing
    ],
)
def test_what_is_asked_of_a_companys_only_product_needs_no_name(words, of_one, reason):
    leaning, query = Reads({"follow_up": 0.95}), replace(QUERY, of_one=of_one)
    policy = Policy(GATE, FakeIntents())
    decided = policy.decide(Question(words), query, hits(0.7, 0.1), (), leaning)
    assert decided.reason == reason
    unsure = policy.decide(Question(words), query, hits(0.3, 0.1), (), leaning)
    assert unsure.reason == "unnamed"


def test_who_says_what_a_message_is_about_is_not_asked_again_and_who_does_not_gets_a_person():
    leaning = Reads({"follow_up": 0.95})
    broken = Past("it's broken", "What is it about?", "clarify", reason="unnamed")
    policy = Policy(GATE, FakeIntents())
    for words, reason in (("the hub it's broken", "ambiguous"), ("it's broken", "stuck")):
        decision = policy.decide(Question(words), QUERY, hits(0.5), (broken,), leaning)
        assert decision.reason == reason


def test_what_was_quoted_just_before_is_meant_where_the_question_leans_on_it():
    first, second = hits(0.5, 0.47)
    leaning = replace(QUERY, leans=0.9, cited=frozenset({"e1"}))
    assert meant_first("how long", leaning, [first, second])[0].entry is second.entry
    for query in (replace(leaning, leans=0.3), replace(leaning, cited=frozenset())):
        assert meant_first("how long", query, [first, second])[0].entry is first.entry
    far = replace(second, score=0.42)
    assert meant_first("how long", leaning, [first, far])[0].entry is first.entry
    named = replace(first, entry=replace(first.entry, title="How blue ones are washed"))
    assert meant_first("blue too?", leaning, [named, second])[0].entry is named.entry


@pytest.mark.parametrize(
    "leans, score, reason", [(0.8, 0.5, "ambiguous"), (0.95, 0.5, "unnamed"), (0.8, 0.1, "unnamed")]
)
def test_what_seems_to_lean_on_nothing_is_asked_back_about_where_an_entry_may_be_meant(
    leans, score, reason
):
    leaning = Reads({"follow_up": leans, "none": 1 - leans})
    policy = Policy(GATE, FakeIntents())
    assert policy.decide(Question("can I move"), QUERY, hits(score), (), leaning).reason == reason


def test_a_bare_number_is_no_farewell():
    assert decide(hits(0.1), words="90210", says=["goodbye", "thanks"]).reason == "unknown"
    assert decide(hits(0.1), words="bye 2", says=["goodbye"]).reason == "goodbye"


@pytest.mark.parametrize(
    "words, probability, reason",
    [
        ("E08", 0.6, "unknown"),
        ("x9?", 0.6, "unknown"),
        ("KE-2 E04", 0.6, "unknown"),
        ("gr8", 0.95, "acknowledged"),
        ("ok 8", 0.6, "acknowledged"),
        ("好的88", 0.6, "acknowledged"),
    ],
)
def test_nothing_but_a_code_is_a_courtesy_only_beyond_doubt(words, probability, reason):
    reads = Reads({"acknowledge": probability}, frozenset({"acknowledge"}))
    policy = Policy(GATE, FakeIntents())
    assert policy.decide(Question(words), QUERY, hits(0.1), (), reads).reason == reason


@pytest.mark.parametrize(
    "words, label, probability, reason",
    [
        ("exhibitor", "person", 0.93, "unknown"),
        ("exhibitor", "person", 0.98, "asked"),
        ("exhibitor", "greeting", 0.93, "unknown"),
        ("exhibitor", "greeting", 0.98, "greeting"),
        ("exhibitor badge", "greeting", 0.93, "greeting"),
        ("that exhibitor", "greeting", 0.93, "greeting"),
        ("customer", "greeting", 0.93, "greeting"),  # the knowledge does not have the word
    ],
)
def test_a_word_of_the_knowledge_alone_has_to_be_read_more_surely(
    words, label, probability, reason
):
    reads = Reads({label: probability}, frozenset({label}))
    entry = told("Exhibitor badge", "It is at the door.", 0.1)
    decided = Policy(GATE, FakeIntents()).decide(Question(words), QUERY, [entry], (), reads)
    assert decided.reason == reason


@pytest.mark.parametrize("score, reason", [(0.9, "evidence"), (0.1, "acknowledged")])
def test_what_is_titled_so_and_surely_found_is_no_courtesy(score, reason):
    """ "leek" sounds like "okay" in some language."""
    reads = Reads({"acknowledge": 0.99}, frozenset({"acknowledge"}))
    leek = told("Leek (LK-114)", "Long white stems.", score)
    decided = Policy(GATE, FakeIntents()).decide(Question("leek"), QUERY, [leek], (), reads)
    assert decided.reason == reason


@pytest.mark.parametrize("read, unknown", [("E88", "E88"), ("E24", "")])
def test_a_code_in_the_photo_that_nothing_is_known_of_is_told(read, unknown):
    query = asked({"photo": 0.5, "text": 0.5}, photo_text=read)
    entry = told("Washer shows E24", "Open the tap.", 0.3)
    decision = decide([entry], words="what now", query=query)
    assert (decision.action, decision.unknown) == ("refuse", unknown)


def test_a_refusal_names_what_comes_closest_but_nothing_that_is_far_off():
    near, far = decide(hits(0.35)), decide(hits(0.1))
    assert (near.reason, near.hits) == ("unknown", tuple(hits(0.35)))
    assert (far.reason, far.hits) == ("unknown", ())


def test_a_second_refusal_brings_a_person_whatever_came_closest():
    before = Past("x y", "y", "refuse", ("a",), "unknown")
    assert decide(hits(0.25), words="x y", past=[before]).reason == "stuck"
    asked_back = replace(before, action="clarify", reason="ambiguous")
    assert decide(hits(0.25), words="x y", past=[asked_back]).reason == "unknown"
