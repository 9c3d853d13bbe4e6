"""What the page relies on, held against the fake that the page's tests use and the real service.

Three services answer from the same small base: the fake, the real pipeline with models small
enough to compute by hand, and the real models (slow). Errors are compared with those of the code
that raises them, never with a copy of their sentences.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path

import numpy as np
import pytest
from conftest import FakeSpeech

# fixtures of the real pipeline with fake models; pytest finds them by these names
from test_service import folder, make  # noqa: F401

from demo.words import has_word
from mm_support.desk.visits import checked_session
from mm_support.encode.turn import MAX_TEXT, check_turn
from mm_support.errors import InputError, KnowledgeError, SupportError, no_such_base, no_such_turn
from mm_support.inputs.audio import load_waveform
from mm_support.inputs.photo import load_photo
from mm_support.knowledge.bases import MAX_LIMIT, check_limit
from mm_support.knowledge.index import check_name
from mm_support.knowledge.ingest import read_knowledge
from mm_support.service import SupportService
from mm_support.store.database import MAX_COMMENT, check_feedback
from mm_support.types import (
    Entry,
    Finished,
    Found,
    Heard,
    Hit,
    Label,
    Said,
    Saw,
    Segment,
    Spoken,
    TextLine,
    Transcript,
    UserTurn,
    Working,
)
from tests.fake_service import FakeEar, FakeService, make_picture

BASE = "contract-shop"
ROWS = """\
id,title,questions,answer,intent,pictures
refund,When the refund arrives,how long does a refund take|refund late,\
A refund takes 5 working days. You get it on your card.,refund,
warranty,Two-year warranty,how long is the warranty|warranty of a kettle,\
The warranty is two years. Keep the receipt.,warranty,
e24,The washing machine shows E24,washing machine e24|what does e24 mean,\
E24 means that no water comes in. Open the tap.,repair,display.png
nothing,An entry without an answer,what is missing,,,
"""
ANSWERED = "how long does a refund take"
UNKNOWN = "Which king ruled Castile in 1230?"
PERSON = "I want to talk to a person"
TONE = (16_000, 0.3 * np.sin(np.arange(16_000) / 8).astype(np.float32))
SILENCE = (16_000, np.zeros(16_000, np.float32))
QUIET_PIECE = np.zeros(3_200, np.int16)  # 0.2 s


class SpeechWithEar(FakeSpeech):
    """What `listen` needs too: where somebody speaks."""

    voice = FakeEar()


@pytest.fixture(scope="module")
def shop(tmp_path_factory) -> Path:
    """A folder of knowledge: three entries, one with a picture, and a row without answer."""
    source = tmp_path_factory.mktemp("shop")
    (source / "faq.csv").write_text(ROWS, encoding="utf-8")
    make_picture(source / "display.png", "E24", (96, 125, 139))
    return source


@pytest.fixture(params=["fake", "pipeline", pytest.param("real", marks=pytest.mark.slow)])
def any_service(request, shop):
    """A service that holds the base."""
    if request.param == "fake":
        service = FakeService()
    elif request.param == "pipeline":
        service = request.getfixturevalue("make")(speech=SpeechWithEar())
    else:
        service = request.getfixturevalue("service")
    if BASE not in {base.name for base in service.knowledge.list()}:
        service.knowledge.ingest(BASE, shop)
    return service


@pytest.fixture
def photo(shop) -> Path:
    return shop / "display.png"


def about_the_shop(text: str = "", **changes) -> UserTurn:
    return UserTurn(text, knowledge=BASE, **changes)


def reply_to(service, turn: UserTurn):
    return list(service.reply(turn))[-1].reply


def error_of(call: Callable, *arguments) -> SupportError:
    with pytest.raises(SupportError) as caught:
        call(*arguments)
    return caught.value


def assert_same_error(call: Callable, expected: SupportError) -> None:
    raised = error_of(call)
    assert (type(raised), str(raised)) == (type(expected), str(expected))
    assert re.fullmatch(r"[^\n]+\.", str(raised))


# -- a reply --------------------------------------------------------------------------------


def test_the_events_of_a_reply_come_in_the_order_of_the_flow(any_service, photo):
    turn = about_the_shop(ANSWERED, image=photo, audio=TONE, speak=True)
    events = list(any_service.reply(turn))
    kinds = [type(event) for event in events if not isinstance(event, Working)]
    assert kinds[:4] == [Heard, Saw, Found, Said] and kinds[-1] is Finished
    assert Spoken in kinds and set(kinds[4:-1]) <= {Said, Spoken}
    assert all(event.step and event.message for event in events if isinstance(event, Working))


@pytest.mark.parametrize("image, audio", [(False, False), (True, False), (False, True)])
def test_only_what_was_sent_is_heard_and_seen(any_service, photo, image, audio):
    turn = about_the_shop(ANSWERED, image=photo if image else None, audio=TONE if audio else None)
    events = list(any_service.reply(turn))
    kinds = [type(event) for event in events]
    assert (kinds.count(Saw), kinds.count(Heard)) == (image, audio)
    assert kinds.count(Found) == kinds.count(Finished) == 1 and Spoken not in kinds
    reply = events[-1].reply
    assert (reply.image is not None, reply.transcript is not None) == (image, audio)
    assert reply.audio is None


def test_the_pieces_add_up_to_the_reply(any_service):
    events = list(any_service.reply(about_the_shop(ANSWERED, speak=True)))
    said = [event.text for event in events if isinstance(event, Said)]
    spoken = [event.audio for event in events if isinstance(event, Spoken)]
    reply = events[-1].reply
    assert "".join(said) == reply.text and all(said)
    assert {sound.rate for sound in spoken} == {reply.audio.rate}
    assert sum(len(sound.samples) for sound in spoken) == len(reply.audio.samples)
    assert reply.audio.samples.dtype == np.float32 and reply.audio.samples.ndim == 1


@pytest.mark.parametrize(
    "turn, action",
    [
        (about_the_shop(ANSWERED), "answer"),
        (about_the_shop(audio=SILENCE), "clarify"),
        (about_the_shop(UNKNOWN), "refuse"),
        (about_the_shop(PERSON), "handoff"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_each_of_the_four_actions_says_something(any_service, turn, action):
    reply = reply_to(any_service, turn)
    assert reply.action == action and has_word(f"outcome_{action}") and reply.text.strip()
    assert bool(reply.citations) == (action == "answer")


def test_a_silent_recording_is_not_searched_for(any_service):
    kinds = [type(event) for event in any_service.reply(about_the_shop(audio=SILENCE))]
    assert Heard in kinds and Found not in kinds and kinds[-1] is Finished


def test_citations_are_bound_to_what_was_found(any_service):
    """A number in the text is the place of its entry in the event Found: the page links so."""
    events = list(any_service.reply(about_the_shop(ANSWERED)))
    hits = next(event.hits for event in events if isinstance(event, Found))
    reply = events[-1].reply
    numbers = {int(number) for number in re.findall(r"\[(\d+)\]", reply.text)}
    assert numbers == {citation.number for citation in reply.citations} and numbers
    for citation in reply.citations:
        entry = hits[citation.number - 1].entry
        assert (citation.entry_id, citation.title) == (entry.id, entry.title)
        assert citation.source == entry.source and citation.snippet
    assert reply.citations[0].entry_id == "refund" and "5 working days" in reply.text


def test_pictures_of_what_is_cited_are_files(any_service):
    reply = reply_to(any_service, about_the_shop("what does e24 mean"))
    held = {picture for entry in any_service.knowledge.entries(BASE) for picture in entry.pictures}
    assert reply.pictures and set(reply.pictures) <= held
    assert all(picture.is_file() for picture in reply.pictures)


def test_modalities_are_weighed_by_names_that_the_page_knows(any_service, photo):
    turn = about_the_shop("the washing machine shows e24 and does not drain", image=photo)
    events = list(any_service.reply(turn))
    found = next(event for event in events if isinstance(event, Found))
    assert sum(found.fusion.weights.values()) == pytest.approx(1)
    assert {"text", "photo"} <= set(found.fusion.weights)
    assert all(has_word(f"modality_{name}") for name in found.fusion.weights)
    assert events[-1].reply.fusion == found.fusion
    assert_hits(found.hits)


def test_a_reply_says_what_it_was_about_how_surely_and_how_long_it_took(any_service):
    reply = reply_to(any_service, about_the_shop(ANSWERED))
    assert reply.intent.name == "refund" and 0 < reply.intent.confidence <= 1
    assert reply.timings["total"] > 0
    assert reply.language == "en" and 0 < reply.confidence <= 1
    assert all(isinstance(ms, float) and ms >= 0 for ms in reply.timings.values())


def test_a_session_goes_on_and_every_turn_has_an_id_of_its_own(any_service):
    first = reply_to(any_service, about_the_shop(ANSWERED))
    second = reply_to(any_service, about_the_shop(ANSWERED, session_id=first.session_id))
    other = reply_to(any_service, about_the_shop(ANSWERED))
    assert first.session_id == second.session_id != other.session_id
    assert checked_session(first.session_id) == first.session_id
    assert len({first.turn_id, second.turn_id, other.turn_id}) == 3 and first.turn_id


def test_while_a_person_is_to_answer_the_assistant_only_acknowledges(any_service, photo):
    handed = reply_to(any_service, about_the_shop(PERSON))
    more = about_the_shop(ANSWERED, image=photo, session_id=handed.session_id)
    events = list(any_service.reply(more))
    reply = events[-1].reply
    assert reply.action == "handoff" and reply.text.strip() and not reply.citations
    assert Saw in map(type, events) and Found not in map(type, events)
    assert reply.session_id == handed.session_id and reply.turn_id != handed.turn_id
    assert reply_to(any_service, about_the_shop(ANSWERED)).action == "answer"


def test_closing_a_reply_ends_it_and_the_next_one_works(any_service):
    events = any_service.reply(about_the_shop(ANSWERED, speak=True))
    assert any(isinstance(event, Said) for event in events)  # up to the first
    events.close()
    assert list(events) == []
    assert reply_to(any_service, about_the_shop(ANSWERED)).action == "answer"


def test_replies_that_are_read_in_turn_do_not_mix(any_service):
    questions = (ANSWERED, "how long is the warranty")
    replies = [any_service.reply(about_the_shop(question)) for question in questions]
    finished = {}
    while len(finished) < len(replies):
        for number, events in enumerate(replies):
            event = next(events, None)
            if isinstance(event, Finished):
                finished[number] = event.reply
    cited = [finished[number].citations[0].entry_id for number in range(len(replies))]
    assert cited == ["refund", "warranty"]
    assert finished[0].session_id != finished[1].session_id


# -- what cannot be used --------------------------------------------------------------------


BAD_TURNS = {
    "nothing": about_the_shop(),
    "blanks": about_the_shop(" \n"),
    "too long": about_the_shop("x" * (MAX_TEXT + 1)),
}


@pytest.mark.parametrize("kind", BAD_TURNS)
def test_a_turn_that_cannot_be_used(any_service, kind):
    expected = error_of(check_turn, BAD_TURNS[kind])
    assert_same_error(lambda: list(any_service.reply(BAD_TURNS[kind])), expected)
    assert_same_error(lambda: any_service.knowledge.search(BAD_TURNS[kind]), expected)
    assert reply_to(any_service, about_the_shop(ANSWERED)).action == "answer"


def test_a_session_that_cannot_be(any_service):
    turn = about_the_shop(ANSWERED, session_id="../etc")
    assert_same_error(lambda: list(any_service.reply(turn)), error_of(checked_session, "../etc"))


def test_a_knowledge_base_that_does_not_exist(any_service):
    names = [base.name for base in any_service.knowledge.list()]
    expected, turn = no_such_base("<b>", names), UserTurn("hello", knowledge="<b>")
    assert_same_error(lambda: list(any_service.reply(turn)), expected)
    assert_same_error(lambda: any_service.knowledge.search(turn), expected)
    assert_same_error(lambda: any_service.knowledge.entries("<b>"), expected)


@pytest.mark.parametrize("content", [None, b"", b"this is neither a photo nor a recording"])
def test_files_that_cannot_be_used(any_service, tmp_path, content):
    path = tmp_path / "file"
    if content is not None:
        path.write_bytes(content)
    no_photo, no_sound = error_of(load_photo, path), error_of(load_waveform, path)
    assert type(no_photo) is type(no_sound) is InputError
    assert_same_error(lambda: any_service.describe(path), no_photo)
    assert_same_error(lambda: any_service.transcribe(path), no_sound)
    photo, sound = about_the_shop("this", image=path), about_the_shop("this", audio=path)
    assert_same_error(lambda: list(any_service.reply(photo)), no_photo)
    assert_same_error(lambda: list(any_service.reply(sound)), no_sound)
    assert reply_to(any_service, about_the_shop(ANSWERED)).action == "answer"


# -- feedback -------------------------------------------------------------------------------


def test_a_reply_can_be_rated_more_than_once(any_service):
    turn_id = reply_to(any_service, about_the_shop(ANSWERED)).turn_id
    any_service.feedback(turn_id, "down", "")
    any_service.feedback(turn_id, "down", "it was about something else")
    any_service.feedback(turn_id, "up")


@pytest.mark.parametrize("rating, comment", [("meh", ""), ("up", "x" * (MAX_COMMENT + 1))])
def test_ratings_that_cannot_be_stored(any_service, rating, comment):
    turn_id = reply_to(any_service, about_the_shop(ANSWERED)).turn_id
    expected = error_of(check_feedback, rating, comment)
    assert_same_error(lambda: any_service.feedback(turn_id, rating, comment), expected)


def test_a_reply_that_was_never_given_is_not_rated(any_service):
    assert_same_error(lambda: any_service.feedback("never", "up"), no_such_turn())


# -- knowledge ------------------------------------------------------------------------------


def assert_hits(hits) -> None:
    """Best first, each score made of its modalities' parts."""
    scores = [hit.score for hit in hits]
    assert scores == sorted(scores, reverse=True)
    for hit in hits:
        assert isinstance(hit, Hit) and isinstance(hit.entry, Entry) and 0 <= hit.score <= 1
        assert all(has_word(f"modality_{name}") for name in hit.by)
        assert sum(hit.by.values()) == pytest.approx(hit.score, abs=1e-3)


def test_bases_are_listed_with_what_they_hold(any_service):
    listed = any_service.knowledge.list()
    names = [base.name for base in listed]
    (base,) = (base for base in listed if base.name == BASE)
    assert (base.entries, base.pictures, base.own) == (3, 1, True)
    assert names == sorted(set(names))
    assert {base.name: base.entries for base in listed} == {
        name: len(any_service.knowledge.entries(name)) for name in names
    }


def test_a_search_gives_the_best_entries(any_service, photo):
    turn = about_the_shop("washing machine e24", image=photo, audio=SILENCE)
    hits = any_service.knowledge.search(turn, 2)
    assert hits[0].entry.id == "e24" and len(hits) <= 2
    assert_hits(hits)
    (best,) = any_service.knowledge.search(turn, 1)
    assert best.entry == hits[0].entry


@pytest.mark.parametrize("limit", [0, MAX_LIMIT + 1])
def test_a_search_for_no_number_of_entries(any_service, limit):
    expected = error_of(check_limit, limit)
    turn = about_the_shop(ANSWERED)
    assert_same_error(lambda: any_service.knowledge.search(turn, limit), expected)


def test_an_ingest_reports_every_row_and_how_far_it_is(any_service, shop):
    progress = []
    report = any_service.knowledge.ingest(BASE, shop, lambda *step: progress.append(step))
    entries, skipped = read_knowledge(shop)
    assert (report.entries, report.skipped) == (len(entries), skipped) and report.seconds >= 0
    assert [(file, line) for file, line, _ in report.skipped] == [("faq.csv", 5)]
    assert progress[-1][:2] == (3, 3) and all(message for *_, message in progress)
    assert [done for done, _, _ in progress] == sorted(done for done, _, _ in progress)
    kept = any_service.knowledge.entries(BASE)
    assert {entry.id: entry.answer for entry in kept} == {e.id: e.answer for e in entries}
    assert all(picture.is_file() for entry in kept for picture in entry.pictures)


def test_an_ingest_takes_the_place_of_what_was_there(any_service, shop, tmp_path):
    bell = tmp_path / "bell.md"
    bell.write_text("# A bell\n\nRing it twice.\n", encoding="utf-8")
    any_service.knowledge.ingest(BASE, bell)
    try:
        assert [entry.title for entry in any_service.knowledge.entries(BASE)] == ["A bell"]
    finally:
        any_service.knowledge.ingest(BASE, shop)


def test_an_ingest_of_nothing_leaves_the_base_as_it_was(any_service, tmp_path):
    empty = tmp_path / "empty"
    empty.mkdir()
    expected = error_of(read_knowledge, empty)
    assert_same_error(lambda: any_service.knowledge.ingest(BASE, empty), expected)
    assert len(any_service.knowledge.entries(BASE)) == 3


@pytest.mark.parametrize("name", ["", "My shop", "../shop", "x" * 64])
def test_a_name_that_no_base_can_have(any_service, shop, name):
    expected = error_of(check_name, name)
    assert type(expected) is KnowledgeError
    assert_same_error(lambda: any_service.knowledge.ingest(name, shop), expected)


# -- hearing and seeing ---------------------------------------------------------------------


def test_what_a_transcript_holds(any_service):
    heard = any_service.transcribe(TONE)
    assert isinstance(heard, Transcript) and isinstance(heard.text, str)
    assert re.fullmatch("[a-z]{2,3}", heard.language) and 0 <= heard.confidence <= 1
    for segment in heard.segments:
        assert isinstance(segment, Segment) and 0 <= segment.start <= segment.end
    assert any_service.transcribe(SILENCE).text == ""


def test_what_a_photo_s_view_holds(any_service, photo):
    view = any_service.describe(photo)
    probabilities = [label.probability for label in view.labels]
    assert probabilities == sorted(probabilities, reverse=True) and sum(probabilities) < 1.001
    assert all(isinstance(label, Label) for label in view.labels)
    for line in view.text:
        left, top, right, bottom = line.box
        assert isinstance(line, TextLine) and line.text and 0 <= line.confidence <= 1
        assert 0 <= left <= right <= 1 and 0 <= top <= bottom <= 1
    assert_hits(view.matches)


def test_a_photo_is_named_by_the_words_that_were_offered(any_service, photo):
    view = any_service.describe(photo, ["washing machine", "banana"])
    assert {label.name for label in view.labels} == {"washing machine", "banana"}
    assert 0 < sum(label.probability for label in view.labels) < 1.001  # the rest is none of them


def test_a_turn_can_be_listened_to_piece_by_piece(any_service):
    turn = any_service.listen("en")
    now = turn.add(16_000, QUIET_PIECE)
    assert (now.transcript.text, now.speaking, now.ended) == ("", False, False)
    assert not turn.interject(16_000, QUIET_PIECE, "a reply").speaking
    rate, samples = turn.recording()
    assert rate == 16_000 and len(samples) == 2 * len(QUIET_PIECE)
    with pytest.raises(InputError):
        turn.add(16_000, np.zeros(0))
    assert turn.finish().text == ""


# -- loading --------------------------------------------------------------------------------


def loading(service):
    """A service whose models are still loading, and what ends that: nothing, or an error."""
    if isinstance(service, FakeService):
        started = FakeService(loaded=False)
        started.knowledge = service.knowledge

        def end(error: SupportError | None = None) -> None:
            started.failure = error
            started.loaded.set()

        return started, end
    parts = Future()
    started = SupportService(service.settings, service._keeper, parts)
    loaded = service.parts
    return (
        started,
        lambda error=None: parts.set_exception(error) if error else parts.set_result(loaded),
    )


def test_the_status_before_and_after_loading(any_service):
    service, end = loading(any_service)
    before = service.status()
    assert not before.ready and not before.failed and before.message
    end()
    after = service.status()
    assert after.ready and not after.failed and not after.degraded
    assert after.message and after.device


def test_a_question_asked_while_models_load_is_answered_after_it(any_service):
    service, end = loading(any_service)
    events = service.reply(about_the_shop(ANSWERED))
    first = next(events)
    assert isinstance(first, Working) and first.message
    end()
    assert list(events)[-1].reply.action == "answer"


def test_loading_that_failed_is_told_by_the_status_and_by_every_reply(any_service):
    service, end = loading(any_service)
    problem = SupportError("The weights are damaged; fetch them again.")
    end(problem)
    status = service.status()
    assert (status.ready, status.failed, status.message) == (False, True, str(problem))
    assert_same_error(lambda: list(service.reply(about_the_shop(ANSWERED))), problem)
