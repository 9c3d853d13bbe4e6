"""The pipeline: whoever runs it gets the same, and nothing is done twice."""

import json
import threading
import time
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from conftest import FakeReader, FakeSpeech, WordEncoder
from PIL import Image
from test_service import SPEECH, ask, folder, make  # noqa: F401  (fixtures)
from test_service_contract import SpeechWithEar
from test_voice import FakePiper

from mm_support.decode.sentence import Sentence
from mm_support.decode.voice import PiperVoice
from mm_support.encode.stopping import end_if_stopped
from mm_support.encode.text import REMEMBERED, RememberingEncoder
from mm_support.evaluate import cases
from mm_support.inputs.audio import load_waveform
from mm_support.language.messages import message
from mm_support.pipeline.perceive import perceive
from mm_support.pipeline.record import past_after, turn_record
from mm_support.pipeline.step import drained
from mm_support.pipeline.turn import judge, steps
from mm_support.store.records import past_of
from mm_support.types import Audio, UserTurn

DIALOGUE = [
    "zebra giraffe lion elephant tiger",
    "washing machine e24",
    "and then?",
    "by the way, blue refund elephant",
    "the second one",
]


def test_an_evaluation_gets_what_a_customer_gets(make):  # noqa: F811
    """Reply by reply through a dialogue, with and without a store."""
    service, past, session = make(), (), None
    for words in DIALOGUE:
        reply = ask(service, words, session_id=session)
        answered = drained(steps(service.parts, UserTurn(words, knowledge="kb"), past))
        judged = drained(judge(service.parts, UserTurn(words, knowledge="kb"), past))
        assert (answered.reply.text, answered.reply.action) == (reply.text, reply.action)
        assert answered.reply.citations == reply.citations
        assert answered.reply.fusion == reply.fusion == judged.fusion
        assert judged.decision == answered.judged.decision
        session = reply.session_id
        past += (past_of(turn_record(answered.judged, answered.reply)),)
    stored, owner = service._keeper.before(session)
    assert stored == past[-len(stored) :] and owner == "assistant"
    assert {before.action for before in past} >= {"answer", "clarify", "refuse"}


def test_what_was_asked_back_is_stored_as_ids_whatever_the_words_of_the_reply(make, monkeypatch):  # noqa: F811
    words = [Sentence("Welches?", (1,))]
    monkeypatch.setattr("mm_support.decode.compose.asked_back", lambda *_: iter(words))
    service = make()
    asked = ask(service, "blue refund elephant")
    assert asked.action == "clarify" and asked.text == "Welches? [1]"
    (row, _), *_ = service._keeper.store.turns()
    chosen = ask(service, "the second one", session_id=asked.session_id)
    titles = {entry.id: entry.title for entry in service.knowledge.entries("kb")}
    assert [titles[each] for each in row.asked_about] == list(asked.choices)  # what can be tapped
    assert chosen.choices == ()
    assert len(row.asked_about) >= 2 and chosen.citations[0].entry_id == row.asked_about[1]


def test_a_question_back_quotes_of_each_candidate_what_fits(make):  # noqa: F811
    asked = ask(make(), "blue refund elephant")
    maybe, quoted, also, otherwise = asked.text.split("\n\n")
    second = asked.citations[1].title
    assert maybe == message("clarify.maybe") and quoted.endswith(" [1]")
    assert also.startswith(f"{message('clarify.also')}\n- {second}: ") and also.endswith(" [2]")
    assert otherwise == message("clarify.else") and len(asked.citations) == len(asked.choices) == 2


def test_a_silent_recording_among_the_cases_ends_no_evaluation(make, tmp_path):  # noqa: F811
    silent = tmp_path / "silent.wav"
    Audio(np.zeros(16_000, np.float32), 16_000).save(silent)
    assert load_waveform(silent).size
    rows = [
        {"audio": "silent.wav", "expect": "none"},
        {"text": "warranty", "expect": "warranty"},
        {"turns": [{"audio": "silent.wav", "expect": "none"}, {"text": "refund", "expect": "e24"}]},
    ]
    file = tmp_path / "cases.jsonl"
    file.write_text("\n".join(map(json.dumps, rows)))
    read, skipped = cases.read_cases(file, "kb", {"warranty", "e24"})
    service = make()
    outcomes = [cases.ask(service, case) for case in read]
    assert not skipped and [o.answered for o in outcomes] == [False, True, False, True]
    assert outcomes[0].rank == 0


def test_the_language_of_the_past_is_expected_in_an_evaluation_too(make):  # noqa: F811
    class Hears(FakeSpeech):
        expected = []

        def transcribe(self, waveform, previous=None, draft=False, names=(), before=None):
            self.expected.append(previous)
            return super().transcribe(waveform)

    service = make(speech=Hears("warranty broken"))
    first = drained(judge(service.parts, UserTurn(audio=SPEECH, knowledge="kb")))
    past = (past_after(first, [first.hits[0].entry]),)
    drained(judge(service.parts, UserTurn(audio=SPEECH, knowledge="kb"), past))
    assert Hears.expected == [None, "en"]


def test_what_was_perceived_before_is_not_perceived_again(make):  # noqa: F811
    class Deaf(FakeSpeech):
        def transcribe(self, waveform, previous=None, draft=False, names=(), before=None):
            raise AssertionError("it was heard already")

    service = make(speech=Deaf())
    photo = Image.new("RGB", (64, 64), (220, 10, 10))
    perceived = drained(perceive(service.parts.encoders, UserTurn(image=photo)))
    turn = UserTurn("broken", image=photo, audio=SPEECH, knowledge="kb")
    judged = drained(judge(service.parts, turn, perceived=perceived))
    assert set(judged.query.fused.weights) == {"text", "photo"}


class Endless:
    """Hears and reads until it is stopped."""

    def __init__(self):
        self.begun, self.ended = threading.Event(), threading.Event()

    def work(self):
        self.begun.set()
        try:
            while True:
                end_if_stopped()
                time.sleep(0.001)
        finally:
            self.ended.set()

    def reading(self, photo):
        return self.work()

    def hearing(self, waveform, previous=None, draft=False, names=(), before=None):
        return self.work()


@pytest.mark.parametrize("step", ["listen", "look"])
def test_who_leaves_ends_the_hearing_and_the_looking(make, step):  # noqa: F811
    endless, encoders = Endless(), make().parts.encoders
    if step == "listen":
        speech = FakeSpeech()
        speech.transcribe = endless.hearing
        work = perceive(replace(encoders, speech=speech), UserTurn(audio=SPEECH))
    else:
        reader = FakeReader()
        reader.read = endless.reading
        turn = UserTurn(image=Image.new("RGB", (64, 64)))
        work = perceive(replace(encoders, reader=reader), turn)
    assert [next(work).step for _ in range(3)] == [step] * 3
    assert endless.begun.wait(10) and not endless.ended.is_set()
    work.close()
    assert endless.ended.wait(10)


class Counting(WordEncoder):
    """Counts how often each text is encoded."""

    def __init__(self):
        self.seen = Counter()

    def encode(self, texts, kind="query"):
        self.seen.update(" ".join(text.split()) for text in texts)
        return super().encode(texts)


@pytest.mark.parametrize("draft", ["", "The refund takes 5 days."])
def test_a_typed_question_is_encoded_once(make, draft):  # noqa: F811
    counting = Counting()
    service = make(draft, text=counting)
    counting.seen.clear()
    assert ask(service, "refund late\nor warranty ").action == "answer"
    assert counting.seen["refund late or warranty"] == 1


def test_what_may_be_a_whole_spoken_turn_is_encoded_and_spoken_ahead(make, monkeypatch):  # noqa: F811
    counting, piper = Counting(), FakePiper()
    monkeypatch.setattr("test_service.FakeVoice", lambda: PiperVoice(piper))
    service = make(text=counting, speech=SpeechWithEar("refund late"))
    turn = service.listen(knowledge="kb")
    counting.seen.clear()
    turn.add(16_000, SPEECH[1])
    assert turn.add(16_000, np.zeros(3_200, np.float32)).ended is False
    with service._preparing:  # once it is over
        assert counting.seen["refund late"] == 1 and piper.made == 1
    ask(service, audio=turn.recording(), heard=turn.finish(), speak=True)
    assert counting.seen["refund late"] == 1 and len(piper.asked) == len(set(piper.asked))


def test_a_remembering_encoder_says_what_the_encoder_says_and_forgets_the_oldest():
    counting = Counting()
    remembering = RememberingEncoder(counting)
    texts = ["a b", "b  a", "c", "a b"]
    np.testing.assert_array_equal(remembering.encode(texts), WordEncoder().encode(texts))
    assert remembering.encode([]).shape == (0, WordEncoder.dim)
    vectors, pieces = remembering.encode_pieces(["a b", "d"])
    np.testing.assert_array_equal(remembering.encode(["d "]), vectors[1:])
    assert [len(own.ids) for own in pieces] == [2, 1] and counting.seen["c"] == 1
    remembering.encode([str(number) for number in range(REMEMBERED)])
    counting.seen.clear()
    remembering.encode(["c", str(REMEMBERED - 1)])
    assert counting.seen == {"c": 1}


def test_a_reply_encodes_no_sentence_that_the_base_has_vectors_of(make):  # noqa: F811
    counting = Counting()
    service = make(text=counting)
    counting.seen.clear()
    assert "5 days" in ask(service, "refund late").text
    assert counting.seen and not any("days" in text for text in counting.seen)
