"""Several questions in one message are answered one by one, and what nothing answers is said."""

import threading
from dataclasses import replace
from functools import partial

import pytest
from clock import cpu_seconds
from conftest import FakeIntents
from PIL import Image
from test_service import GATE, ask, folder, make  # noqa: F401  (fixtures)

from mm_support.decide.policy import Policy
from mm_support.decode.compose import Asked, below, one_by_one, unanswered_photos
from mm_support.decode.sentence import Numbers, Sentence
from mm_support.language.mail import own_words
from mm_support.language.messages import clarify_text, message
from mm_support.pipeline import decompose
from mm_support.pipeline.decode import decode
from mm_support.pipeline.decompose import (
    clauses,
    each,
    inner_questions,
    questions_in,
    several,
    two_clauses,
)
from mm_support.pipeline.step import Clock, drained
from mm_support.pipeline.turn import judge
from mm_support.types import Entry, Found, Hit, Question, UserTurn


def test_two_questions_are_answered_each_from_its_own_entry(make):  # noqa: F811
    reply = ask(make(), "Is my refund late? Is the warranty broken?")
    assert reply.action == "answer"
    assert [c.entry_id for c in reply.citations] == ["refund", "warranty"]
    assert "5 days" in reply.text and "two years. [2]" in reply.text
    assert reply.text.index("5 days") < reply.text.index("two years")


def test_sources_are_numbered_as_they_appear_without_gaps(make):  # noqa: F811
    """Also where what is between goes uncited: a number stays its entry's, and numbers ascend."""
    numbers, sentences = Numbers(), [Sentence("a", (3,)), Sentence("b"), Sentence("c", (1, 3))]
    assert [numbers.counted(own).citations for own in sentences] == [(1,), (), (1, 2)]
    assert numbers.ordered("xyz") == ("z", "x", "y")
    parts = make().parts
    judged = drained(judge(parts, UserTurn("Is my refund late?", knowledge="kb")))
    hits = judged.hits[:3]
    decision = replace(judged.decision, action="answer", reason="evidence", hits=hits)
    asked = tuple(Asked(judged.question, (hit,)) for hit in (hits[0], hits[2]))
    events = decode(parts, replace(judged, decision=decision, hits=hits, asked=asked), Clock())
    (found,) = (event for event in events if isinstance(event, Found))
    assert found.hits == (hits[0], hits[2], hits[1])


def test_a_part_is_read_after_what_the_one_before_was_answered_from(  # noqa: F811
    make,  # noqa: F811
    monkeypatch,
):
    parts, past, searching = make().parts, [], decompose._asked

    def asking(*given):
        past.append(given[4])
        return searching(*given)

    monkeypatch.setattr(decompose, "_asked", asking)
    each(parts, Question("both"), ["Is my refund late?", "how much"], "kb")
    assert past[0] == () and past[1][-1].citations == ("refund",)


def test_a_part_that_nothing_answers_after_the_one_before_is_asked_by_itself(  # noqa: F811
    make,  # noqa: F811
    monkeypatch,
):
    lime = Hit(Entry("lime", "Lime", "It costs 45 cents."), 0.9)

    def asking(parts, whole, text, knowledge, past, seen):
        return Asked(Question(text), () if past else (lime,))

    monkeypatch.setattr(decompose, "_asked", asking)
    texts = ["Do you ship to Italy?", "And what does a lime cost?"]
    assert [one.hits for one in each(make().parts, Question("both"), texts, "kb")] == [(lime,)] * 2


@pytest.mark.parametrize(
    "title, excerpt, said",
    [
        ("Branches: Central", "Branch: Central; Open: 9", "Branches: Branch: Central; Open: 9"),
        ("Pool", "Pool: closed", "Pool: closed"),
        ("Pool", "It is closed.", "Pool: It is closed."),
        ("Pool", "", "Pool"),
        ("Wie alt muss ich sein?", "Mindestens 18.", "Wie alt muss ich sein? Mindestens 18."),
    ],
)
def test_no_part_of_a_title_is_said_again_behind_it(title, excerpt, said):
    assert below(title, excerpt) == said


def test_what_is_compared_is_told_behind_its_title(make):  # noqa: F811
    parts = make().parts
    question = Question(typed="Which is heavier, the QT-1 or the QT-2?")
    pair = [Hit(Entry(f"qt{n}", f"Kettle (QT-{n})", f"price: {n}9.00"), 0.5) for n in (1, 2)]
    asked = [Asked(question, (hit,)) for hit in pair]
    said = [own.text for own in one_by_one(parts.writer, asked, pair, threading.Event())]
    assert said == ["Kettle (QT-1):", "price: 19.00", "Kettle (QT-2):", "price: 29.00"]
    under = [replace(hit, entry=replace(hit.entry, section="Kettle")) for hit in pair]
    told = [replace(one, hits=(hit,)) for one, hit in zip(asked, under)]
    again = [own.text for own in one_by_one(parts.writer, told, under, threading.Event())]
    assert again == said
    named = [replace(hit, entry=replace(hit.entry, answer="Kettle (QT-1) is red.")) for hit in pair]
    told = [replace(one, hits=(hit,)) for one, hit in zip(asked, named)]
    said = [own.text for own in one_by_one(parts.writer, told, named, threading.Event())]
    assert said == ["Kettle (QT-1) is red.", "Kettle (QT-2):", "Kettle (QT-1) is red."]
    apart = [replace(one, question=Question(typed=words)) for one, words in zip(told, ("a", "b"))]
    said = [own.text for own in one_by_one(parts.writer, apart, named, threading.Event())]
    assert said == ["Kettle (QT-1) is red."] * 2  # of two things
    same = [replace(hit, entry=replace(hit.entry, title="Kettles")) for hit in named]
    twice = [replace(one, hits=(hit,)) for one, hit in zip(apart, same)]
    said = [own.text for own in one_by_one(parts.writer, twice, same, threading.Event())]
    assert said == ["Kettle (QT-1) is red."]


def test_the_same_answer_to_two_questions_is_told_to_each(make):  # noqa: F811
    parts = make().parts
    titles = ("Is the curry vegan?", "Is the lentil soup vegan?")
    hits = [Hit(Entry(f"e{n}", title, "Yes."), 0.5) for n, title in enumerate(titles)]
    questions = Question("Is the curry vegan?"), Question("And the lentil soup?")
    asked = [Asked(question, (hit,)) for question, hit in zip(questions, hits)]
    said = [*one_by_one(parts.writer, asked, hits, threading.Event())]
    told = [(own.text, own.citations) for own in said if not own.heading]
    assert told == [("Yes.", (1,)), ("Yes.", (2,))]
    again = [replace(asked[0], question=Question("and really?")), asked[0]]
    said = [own.text for own in one_by_one(parts.writer, again, hits[:1], threading.Event())]
    assert said[-1] == "Yes." and said.count("Yes.") == 1  # no heading over nothing


def test_a_question_that_nothing_answers_is_said_beside_one_that_is_answered(make):  # noqa: F811
    reply = ask(make(), "Is my refund late? Do giraffes eat purple bananas?")
    assert reply.action == "answer" and "5 days" in reply.text
    assert reply.text.endswith(message("not_said"))


def test_a_question_of_one_word_does_not_hide_that_another_is_not_answered(make):  # noqa: F811
    told = ask(make(), "Do giraffes eat purple bananas? And the blue?")
    assert "blue lamp" in told.text and told.text.endswith(message("not_said"))
    assert message("not_said") not in ask(make(), "Any giraffes? And the blue?").text
    both = ask(make(), "Is my refund late? And broken?")
    assert [citation.entry_id for citation in both.citations] == ["refund", "warranty"]


def test_what_answers_the_whole_answers_the_clause_that_nothing_else_does(make):  # noqa: F811
    parts, words = make().parts, "how is my refund late and what is its colour"
    judged = drained(judge(parts, UserTurn("warranty broken", knowledge="kb")))
    whole = replace(judged.decision, action="answer", reason="evidence")
    asked = several(parts, Question(typed=words), whole, judged.hits, "kb")
    assert [one.hits[0].entry.id for one in asked] == ["refund", "warranty"]
    stated = "my refund is late and its colour fades"  # no clause that asks
    asked = several(parts, Question(typed=stated), whole, judged.hits, "kb")
    assert not any(one.hits[:1] == whole.hits[:1] for one in asked)


def test_a_title_that_was_chosen_is_one_question(make):  # noqa: F811
    parts, words = make().parts, "Is my refund late? Is the warranty broken?"
    judged = drained(judge(parts, UserTurn(words, knowledge="kb")))
    titled = [replace(hit, entry=replace(hit.entry, title=words)) for hit in judged.hits]
    assert len(judged.asked) == 2
    assert several(parts, judged.question, judged.decision, titled, "kb") == []


@pytest.mark.parametrize("words", ["refund late", "Is my refund late? When is the refund there?"])
def test_one_matter_stays_one_question(make, words):  # noqa: F811
    reply = ask(make(), words)
    assert message("not_said") not in reply.text
    assert [c.entry_id for c in reply.citations] in (["refund"], [])


@pytest.mark.parametrize(
    "words, questions",
    [
        (
            "What colours does the lamp have? How long is the warranty?",
            ["What colours does the lamp have?", "How long is the warranty?"],
        ),
        (
            "My lamp broke today. What should I do? How long is the warranty? Thanks",
            ["My lamp broke today. What should I do?", "How long is the warranty? Thanks"],
        ),
        ("你们送货到加拿大吗？运费是多少钱？", ["你们送货到加拿大吗？", "运费是多少钱？"]),
        ("no question here", []),
    ],
)
def test_what_leads_to_a_question_stays_with_it(words, questions):
    assert questions_in(words) == questions


def test_a_long_list_that_asks_nothing_is_not_read_again_for_each_line(monkeypatch):
    read = []
    monkeypatch.setattr(decompose, "term_set", lambda text: read.append(text) or frozenset())
    assert questions_in("1. a\n" * 800) == []
    assert read == []


MAIL = """Von: Jule Brandt
Gesendet: Dienstag, 24. November 2026 09:11
An: Support
Betreff: AW: Ticket 88121

Hello, we have been customers for many happy years and our cat is called Nimbus.
Is my refund late?

Best regards
Jule Brandt
Head of Purchasing, Tidewell

> On Monday Support wrote:
> Is the warranty broken? It is not.
"""


def test_the_question_of_a_pasted_mail_is_found_among_all_that_surrounds_it(make):  # noqa: F811
    reply = ask(make(), MAIL)
    assert reply.action == "answer" and [c.entry_id for c in reply.citations] == ["refund"]
    assert message("not_said") not in reply.text


def test_a_mail_is_what_its_sender_wrote():
    assert own_words(MAIL).startswith("Hello, we") and own_words(MAIL).endswith("late?")
    assert own_words("one line only") == ""
    assert own_words("> all of it\n> is quoted") == ""


def test_reading_a_hostile_mail_takes_no_time_to_speak_of():
    for hostile in ("\n" * 4_000, "On " * 1_300 + "\n", " \n" * 2_000, "From:\n" * 600):
        assert cpu_seconds(partial(own_words, f"a{hostile}b")) < 2


def test_a_question_in_a_long_message_is_looked_at_alone_and_with_what_stands_before_it():
    story = " ".join(f"Thing{n} happened on day{n}." for n in range(20))
    asked = "The lamp is dead on one side. How do I repair that lamp?"
    assert inner_questions(f"{story} {asked}") == ["How do I repair that lamp?", asked]
    assert inner_questions(asked) == []  # its sentences belong together
    assert inner_questions(story) == []


def test_two_questions_around_an_and_are_answered_each_from_its_own_entry(make):  # noqa: F811
    reply = ask(make(), "Is my refund late and is the warranty broken")
    assert [c.entry_id for c in reply.citations] == ["refund", "warranty"]


def test_all_of_three_questions_are_answered_whatever_parts_them(make):  # noqa: F811
    service = make()
    for text in (
        "refund late, warranty broken, and what is the blue",
        "Refund late? Broken? Blue?",
    ):
        cited = [citation.entry_id for citation in ask(service, text).citations]
        assert cited == ["refund", "warranty", "blue"]
    assert clauses("costs 1,500, or 1.5? And, then") == []  # a piece that says nothing
    assert clauses("A lamp, which is red; is it new?") == ["A lamp", "which is red", "is it new?"]
    assert clauses("怎么退货，运费谁出？") == ["怎么退货", "运费谁出？"]


def test_a_clause_leans_on_the_one_before_it(make):  # noqa: F811
    policy = Policy(replace(GATE, answer=0.2, clarify=0.1), FakeIntents())
    parts, question = replace(make().parts, policy=policy), Question(typed="")
    alone = each(parts, question, ["and then?"], "kb")
    after = each(parts, question, ["refund late", "and then?"], "kb")
    assert not alone[0].hits and after[1].hits[0].entry.id == "refund"


@pytest.mark.parametrize(
    "words, clauses",
    [
        ("how do I cancel and where are my invoices", ("how do I cancel", "where are my invoices")),
        ("怎么退货，还有运费谁出", ("怎么退货", "运费谁出")),
        ("年卡多少，能退吗", ("年卡多少", "能退吗")),
        ("what is a pass, can I return it", ("what is a pass", "can I return it")),
        ("我买了年卡，能退吗", None),
        ("I bought a pass, can I return it", None),
        ("bread and butter", None),
    ],
)
def test_a_clause_is_what_may_be_a_question_by_itself(words, clauses):
    assert two_clauses(words) == ([clauses] if clauses else [])


RED, BLUE = (220, 10, 10), (10, 10, 220)


@pytest.fixture
def shown(make):  # noqa: F811
    """shown(*colours) -> the reply to photos of these in one message, with words or without."""
    service = make()

    def reply(*colours, text=""):
        photos = [Image.new("RGB", (64, 64), colour) for colour in colours]
        return ask(service, text, image=photos)

    return reply


def test_photos_of_two_matters_are_answered_each_from_its_own_entry(shown):
    reply = shown(RED, BLUE)
    assert [citation.entry_id for citation in reply.citations] == ["e24", "blue"]
    first, second = reply.text.split("\n\n")
    assert "does not drain. [1]" in first and "This is the blue lamp. [2]" in second


def test_photos_of_one_matter_stay_one_question(shown):
    assert shown(RED, RED).text == shown(RED).text


@pytest.mark.parametrize(
    "words",
    [
        "What is this? Is my refund late?",
        "Is my refund late? What is this?",
        "What is this and is my refund late?",
    ],
)
def test_of_a_photo_and_of_the_company_two_questions_are_answered_each(shown, words):
    told = shown(BLUE, text=words)
    assert {citation.entry_id for citation in told.citations} == {"blue", "refund"}
    assert "This is the blue lamp." in told.text and "5 days" in told.text


@pytest.mark.parametrize("words", ["Is this the blue lamp and is it blue?", "Blue and refund late"])
def test_what_one_entry_answers_or_nothing_asks_stays_one_question(shown, words):
    assert len(shown(BLUE, text=words).citations) == 1


def test_what_a_photo_may_show_is_asked_beside_what_is_answered(make):  # noqa: F811
    refund, red, blue = (
        Hit(Entry(name, name, "It is."), 0.5) for name in ("refund", "red", "blue")
    )
    photo = Question(photo=Image.new("RGB", (8, 8)))
    asked = [Asked(photo, (refund,)), Asked(photo, (), among=(red, blue))]
    told = [*one_by_one(make().parts.writer, asked, [refund], threading.Event())]
    told += unanswered_photos(asked, "en")
    asking = clarify_text([red, blue], "en")
    assert [own.text for own in told][1:] == ["It is.", asking]  # behind the heading


def test_what_is_answered_is_not_asked_about(shown, monkeypatch):
    both = [Hit(Entry(name, name, "It is."), 0.5) for name in ("refund", "red")]

    def asking(parts, whole, text, *given):
        return Asked(whole, both[:1]) if "refund" in text else Asked(whole, (), among=tuple(both))

    monkeypatch.setattr(decompose, "_asked", asking)
    told = shown(BLUE, text="What is this? Is my refund late?").text
    assert clarify_text(both[1:], "en") in told and clarify_text(both, "en") not in told


def test_of_another_photo_its_unknown_code_is_told_or_what_it_is_about_asked():
    lamp = Hit(Entry("blue", "Blue lamp", "This is the blue lamp."), 0.3)
    photos = [Question(photo=Image.new("RGB", (8, 8))) for _ in range(2)]
    asked = [Asked(photos[0], (), unknown="E99"), Asked(photos[1], (), among=(lamp,))]
    told = [sentence.text for sentence in unanswered_photos(asked, "en")]
    unknown = message("photo.unknown", "en", text="E99")
    assert told == [unknown, message("photo.other", "en"), clarify_text([lamp], "en")]
