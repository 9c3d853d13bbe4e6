"""The fault run: each fault is real, what it promises is checked, and a promise that is broken is
seen.
"""

import json
import sys
from contextlib import nullcontext
from pathlib import Path

import pytest

from mm_support.config import Settings
from tests.faults import Front, Outcome, Trial
from tests.slow_service import question

ROOT = Path(__file__).resolve().parents[1]
QUESTIONS = [question(number) for number in range(6)]


@pytest.fixture(scope="module")
def trial(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", f"{ROOT}:{ROOT / 'tests'}")
        settings = Settings(data_dir=tmp_path_factory.mktemp("faults") / "data")
        yield Trial(settings, [sys.executable, "-m", "tests.faulty_front"], "kb", QUESTIONS)


@pytest.mark.parametrize("fault", ["killed", "disk"])  # the others: load --faults
def test_what_is_promised_holds_under_a_fault(trial, fault):
    outcome = trial._tried(getattr(trial, fault))
    assert outcome.holds and outcome.acknowledged >= 2, outcome
    if fault != "killed":
        assert any("kept" in told or "Degraded" in told for told in outcome.told), outcome


def test_a_turn_that_is_gone_is_counted_as_lost(tmp_path, monkeypatch):
    def nothing(outcome):
        trial._known.append("a turn that nobody kept")

    trial = Trial(Settings(data_dir=tmp_path), [], "kb", QUESTIONS)
    monkeypatch.setattr(trial, "_front", nullcontext)
    monkeypatch.setattr(trial, "_asked", lambda *_: "a conversation")
    outcome = trial._tried(nothing)
    assert outcome.lost == 1 and not outcome.holds


def test_a_front_that_ends_is_told_by_a_sentence(tmp_path):
    front = Front([sys.executable, "-c", ""], Settings(data_dir=tmp_path))
    assert "ended" in front.hello["error"]
    front.end()


def test_an_error_without_a_sentence_breaks_the_promise():
    assert Outcome("x", next_works=True, told=["The disk is full; free some room."]).holds
    assert not Outcome("x", next_works=True, told=["KeyError"]).holds
    assert not Outcome("x", next_works=True, told=["It failed: an OSError: it is full."]).holds
    assert not Outcome("x", next_works=False).holds


def test_the_command_prints_each_outcome(monkeypatch, capsys):
    from mm_support.__main__ import main

    outcomes = [Outcome("disk", 2, next_works=True), Outcome("index", 1, lost=1, next_works=True)]
    monkeypatch.setattr(Trial, "run", lambda self: outcomes)
    assert main(["load", "--faults", "--json"]) == 1
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["fault"] for line in lines] == ["disk", "index"] and lines[1]["lost"] == 1
