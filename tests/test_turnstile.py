"""The queue in front of heavy work: bounded, by rank, fair to visitors; places come back."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context

import numpy as np
import pytest
from clock import until

from mm_support.encode.in_turn import SpeechInTurn
from mm_support.encode.live import LiveTurn
from mm_support.encode.stopping import stops
from mm_support.errors import BusyError
from mm_support.rounds import Stopped
from mm_support.turnstile import FINAL, LOOKUP, REPLY, Turnstile
from mm_support.types import Transcript


def test_no_more_work_at_once_than_there_are_places_and_nobody_is_left_waiting():
    turnstile, now, most, lock = Turnstile(3, most=40), 0, 0, threading.Lock()

    def work(number):
        nonlocal now, most
        with turnstile.place(REPLY, f"visitor {number}", longest=1_000):
            with lock:
                now += 1
                most = max(most, now)
            time.sleep(0.005)
            with lock:
                now -= 1
        return number

    with ThreadPoolExecutor(40) as pool:
        assert sorted(pool.map(work, range(40))) == list(range(40))
    assert most == 3 and turnstile.waiting == turnstile.working == 0


def order_of(turnstile, tickets):
    """Names of the tickets in the order in which they are called, one place being free."""
    called = []
    while tickets:
        name, ticket = next((n, t) for n, t in tickets.items() if t.called.is_set())
        called.append(name)
        turnstile.leave(tickets.pop(name))
    return called


def test_ranks_come_first_then_visitors_of_whom_nothing_else_is_on_its_way():
    turnstile = Turnstile(1, each=5, longest=1_000)
    tickets = {"first": turnstile.enter(REPLY, "a")}
    tickets["last"] = turnstile.enter(LOOKUP + 1)
    tickets["look-up"] = turnstile.enter(LOOKUP)
    tickets["second of a"] = turnstile.enter(REPLY, "a")
    tickets["third of a"] = turnstile.enter(REPLY, "a")
    tickets["first of b"] = turnstile.enter(REPLY, "b")
    assert order_of(turnstile, tickets) == [
        "first",
        "first of b",
        "second of a",
        "third of a",
        "look-up",
        "last",
    ]


def test_who_has_waited_long_is_overtaken_no_more(monkeypatch):
    turnstile = Turnstile(1, longest=1_000)
    tickets = {"inside": turnstile.enter(REPLY), "look-up": turnstile.enter(LOOKUP)}
    tickets["look-up"].came -= 60
    tickets["reply"] = turnstile.enter(REPLY)
    assert order_of(turnstile, tickets) == ["inside", "look-up", "reply"]


def test_a_full_queue_is_told_at_once_with_a_time_and_has_room_again_later():
    turnstile = Turnstile(1, most=2, longest=1_000)
    tickets = [turnstile.enter(REPLY, str(n)) for n in range(3)]
    assert turnstile.room() > 0
    with pytest.raises(BusyError, match=r"again in about \d+ s\.") as caught:
        turnstile.enter(REPLY, "late")
    assert caught.value.seconds >= 1 and caught.value.kind == "busy"
    turnstile.leave(tickets[0])
    assert turnstile.room() == 0
    turnstile.enter(REPLY, "late")


def test_look_ups_that_wait_take_nothing_from_replies():
    turnstile = Turnstile(1, most=2, longest=1_000)
    [turnstile.enter(LOOKUP) for _ in range(3)]
    with pytest.raises(BusyError):
        turnstile.enter(LOOKUP)
    turnstile.enter(REPLY)


def test_a_wait_that_would_be_too_long_is_refused_by_what_was_measured():
    turnstile = Turnstile(1, most=100, longest=5.0)
    turnstile._mean = 2.0
    turnstile.enter(REPLY), turnstile.enter(REPLY), turnstile.enter(REPLY)
    with pytest.raises(BusyError, match="about 6 s"):
        turnstile.enter(REPLY)


def test_one_visitor_has_no_more_than_their_share_also_where_there_is_room():
    turnstile = Turnstile(8, each=2)
    mine = [turnstile.enter(REPLY, "me") for _ in range(2)]
    with pytest.raises(BusyError, match="your questions"):
        turnstile.enter(REPLY, "me")
    turnstile.enter(REPLY, "you")
    turnstile.leave(mine[0])
    turnstile.enter(REPLY, "me")


def test_who_leaves_the_queue_or_fails_at_work_frees_the_place():
    turnstile = Turnstile(1, longest=1_000)
    inside, waits, next_one = (turnstile.enter(REPLY) for _ in range(3))
    turnstile.leave(waits)
    turnstile.leave(inside), turnstile.leave(inside)
    assert next_one.called.is_set() and turnstile.working == 1
    turnstile.leave(next_one)
    with pytest.raises(ZeroDivisionError), turnstile.place(REPLY):
        1 / 0  # noqa: B018
    assert turnstile.working == turnstile.waiting == 0


def test_nobody_is_let_in_before_it_opens_nor_taken_after_it_ended():
    turnstile = Turnstile(2, closed=True)
    early = turnstile.enter(REPLY)
    assert not turnstile.called(early, 0.01)
    turnstile.open()
    assert turnstile.called(early, 0)
    turnstile.end()
    with pytest.raises(BusyError, match="started again"):
        turnstile.enter(REPLY)


def test_work_without_a_place_stands_back_for_a_bounded_time():
    turnstile = Turnstile(1)
    started = time.monotonic()
    turnstile.give_way(60)
    ticket = turnstile.enter(REPLY)
    threading.Timer(0.2, turnstile.leave, [ticket]).start()
    turnstile.give_way(60)
    assert not turnstile.working
    turnstile.enter(REPLY)
    turnstile.give_way(0.1)
    assert turnstile.working and 0.3 <= time.monotonic() - started < 60


class SlowEar:
    voice = "voice"

    def __init__(self):
        self.heard, self.go = [], threading.Event()

    def transcribe(self, waveform, previous=None, draft=False, names=(), before=None):
        self.heard.append(waveform)
        assert self.go.wait(60)
        return Transcript(waveform, previous)


def test_final_transcripts_are_heard_before_partial_ones():
    ear = SlowEar()
    speech = SpeechInTurn(ear)
    speech.turns._mean = 0.1  # s a recording: partial ones are not refused
    with ThreadPoolExecutor(4) as pool:
        first = pool.submit(speech.transcribe, "first", "de", draft=True)
        while not ear.heard:
            time.sleep(0.001)
        for number, name in enumerate(("partial", "final"), 1):
            pool.submit(speech.transcribe, name, draft=name == "partial")
            while speech.turns.waiting < number:
                time.sleep(0.001)
        ear.go.set()
        assert first.result() == Transcript("first", "de")
    assert ear.heard == ["first", "final", "partial"] and speech.voice == "voice"


def test_who_leaves_while_others_are_heard_waits_no_more():
    ear, stop = SlowEar(), threading.Event()
    speech = SpeechInTurn(ear)

    def hear():
        stops.set(stop)
        return speech.transcribe("left")

    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(speech.transcribe, "first")
        until(lambda: ear.heard)
        left = pool.submit(copy_context().run, hear)
        until(lambda: speech.turns.waiting)
        stop.set()
        with pytest.raises(Stopped):
            left.result(10)
        assert not speech.turns.waiting
        ear.go.set()
        assert first.result().text == "first" and ear.heard == ["first"]


def test_a_partial_transcript_that_would_come_late_is_left_out_and_the_turn_goes_on():
    ear = SlowEar()
    ear.go.set()
    speech = SpeechInTurn(ear)
    inside = [speech.turns.enter(FINAL, longest=1_000) for _ in range(3)]
    with pytest.raises(BusyError):
        speech.transcribe("words", draft=True)
    turn = LiveTurn(speech, LoudIsSpeech())
    partials = [turn.add(16_000, np.full(4_000, 0.5, np.float32)) for _ in range(4)]
    assert all(partial.speaking for partial in partials) and not ear.heard
    [speech.turns.leave(ticket) for ticket in inside]
    assert turn.finish() and len(ear.heard) == 1 and len(ear.heard[0]) == 16_000


class LoudIsSpeech:
    def spans(self, waveform):
        return ((0, len(waveform)),)
