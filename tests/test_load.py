"""The load harness: what it counts is what happened, in process and on a running app."""

import json
import threading

import pytest

from demo.ui import build_demo, launch_options
from mm_support.__main__ import main
from mm_support.bench import load
from mm_support.bench.askers import Answer, AppAsker, ServiceAsker, events_of, has_words
from mm_support.bench.load import Load, kind_of, mixed, scripts_of
from mm_support.config import Settings
from mm_support.errors import SupportError
from mm_support.types import UserTurn
from tests.slow_service import question, slow_service

QUESTIONS = [UserTurn(question(number), knowledge="kb") for number in range(24)]


@pytest.fixture
def service(tmp_path):
    made = slow_service(Settings(data_dir=tmp_path, replies_at_once=2, queue_length=6), 0.02)
    yield made
    made.close()


def test_twenty_visitors_on_a_small_service_are_all_answered_and_none_crossed(service):
    harness = Load(ServiceAsker(service), scripts_of(QUESTIONS, 2), load.memory_of(None))
    figures = harness.run(20, 0.0).as_dict()
    assert figures["turns"] == 40 and figures["errors"] == {}
    assert figures["crossed"] == figures["different"] == 0
    assert figures["refused"] > 0 and figures["refused_after_s"]["p95"] < 0.5
    first, whole = figures["first_words_s"], figures["whole_reply_s"]
    assert 0.02 <= first["p50"] <= first["p95"] <= first["p99"] and first["p50"] <= whole["p50"]
    assert len(figures["memory_mb"]) == 3 and min(figures["memory_mb"]) > 10
    assert not list(service._keeper.store.turns())  # all visitors are forgotten again


class Mixed:
    """Gives each visitor now and then what is another's, or nothing."""

    def __init__(self, asker):
        self._asker, self._count, self._lock = asker, 0, threading.Lock()
        self.last = None

    def ask(self, turn, seat):
        answer = self._asker.ask(turn, seat)
        with self._lock:
            self._count += 1
            other, self.last = self.last, answer
            if self._count == 11:
                raise SupportError("It is lost.")
            if self._count == 10 and other:
                return Answer(other.text, other.session, answer.token, 1.0, 2.0)
        return answer

    def forget(self, seat):
        self._asker.forget(seat)


def test_what_is_anothers_and_what_is_lost_is_counted(service):
    harness = Load(Mixed(ServiceAsker(service)), scripts_of(QUESTIONS[:8], 2))
    figures = harness.run(4, 0.0).as_dict()
    assert figures["crossed"] == figures["different"] == 1  # of the eight, the second and third
    assert figures["errors"] == {"It is lost.": 1} and figures["turns"] == 6


@pytest.fixture
def page(service, tmp_path, monkeypatch):
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "gradio"))
    demo = build_demo(service, tmp_path)
    options = launch_options(room=service.queue.room, metrics=service.metrics.text)
    _, url, _ = demo.launch(prevent_thread_lock=True, quiet=True, **options)
    yield url
    demo.close()


def test_the_same_on_a_running_app(service, page):
    harness = Load(AppAsker(page), scripts_of(QUESTIONS, 2))
    figures = harness.run(12, 0.0).as_dict()
    assert figures["turns"] == 24 and figures["errors"] == {}
    assert figures["crossed"] == figures["different"] == 0 and figures["memory_mb"] == []
    assert figures["first_words_s"]["p50"] <= figures["whole_reply_s"]["p50"]
    assert not list(service._keeper.store.turns())


MIXED = mixed(QUESTIONS[:12], 0.5, 0.5)


def test_of_mixed_turns_so_many_are_spoken_and_so_many_have_a_photo():
    spoken = [turn for turn in MIXED if turn.audio]
    assert len(spoken) == len([turn for turn in MIXED if turn.image]) == 6
    assert all(turn.audio.is_file() and not turn.text for turn in spoken)
    assert {kind_of(turn) for turn in MIXED} == {"typed", "spoken", "photo", "spoken with photo"}
    assert mixed(QUESTIONS, 0.0, 0.0) == QUESTIONS


def test_turns_of_each_kind_are_answered_and_counted_by_their_kind(service, page):
    for asker in (ServiceAsker(service), AppAsker(page)):
        figures = Load(asker, scripts_of(MIXED, 2)).run(6, 0.0).as_dict()
        kinds = figures["by_kind"]
        assert figures["errors"] == {} and figures["crossed"] == figures["different"] == 0
        assert sum(kind["turns"] for kind in kinds.values()) == figures["turns"] == 12
        assert kinds.keys() == {kind_of(turn) for turn in MIXED}
        assert all(kind["whole_reply_s"]["p50"] > 0 for kind in kinds.values())
    assert not list(service._keeper.store.turns())


def test_the_command_prints_figures_and_tells_by_its_status_what_failed(
    page, tmp_path, capsys, monkeypatch
):
    asked = tmp_path / "questions.txt"
    asked.write_text("\n".join(turn.text for turn in QUESTIONS[:4]))
    command = ["load", "--url", page, "--knowledge", "kb", "--questions", str(asked), "--json"]
    assert main([*command, "--visitors", "2", "--turns", "2"]) == 0
    assert json.loads(capsys.readouterr().out)["turns"] == 4
    monkeypatch.setattr(load.Load, "_answered", lambda *_: None)
    monkeypatch.setattr(
        load.Load, "_turn", lambda self, *_: self._count_error("SupportError") or False
    )
    assert main([*command, "--visitors", "2", "--turns", "2"]) == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ["--visitors", "0"],
        ["--knowledge", "nope"],
        ["--turns", "x"],
        ["--pid", "no"],
        ["--spoken", "2"],
    ],
)
def test_a_wrong_call_is_one_line(arguments, capsys):
    try:
        status = main(["load", "--url", "http://127.0.0.1:9", *arguments])
    except SystemExit as exc:
        status = exc.code
    assert status == 2 and capsys.readouterr().err.strip()


def test_an_app_that_is_not_there_is_one_line(capsys):
    assert main(["load", "--url", "http://127.0.0.1:9", "--visitors", "1"]) == 1
    assert "ConnectError" in capsys.readouterr().err


def test_what_a_stream_says_of_words():
    assert not has_words([{"reply": ""}, None])
    assert has_words([{"reply": "The"}, None])
    assert has_words([[["append", [0, "reply"], " refund"]], None])
    assert not has_words([[["replace", [0, "transcript"], {}]], None])
    lines = iter(["event: error", 'data: {"error": "It broke."}'])
    with pytest.raises(SupportError, match="It broke"):
        list(events_of(lines))
