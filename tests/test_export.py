"""Rated turns become cases that `evaluate --cases` reads."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from mm_support.__main__ import main
from mm_support.desk.kept import keep_turn
from mm_support.evaluate.cases import read_cases
from mm_support.store.database import Store

START = datetime(2026, 1, 1, tzinfo=UTC)
HITS = [{"id": "refund", "title": "Refunds"}, {"id": "card", "title": "New card"}]
TURN = {
    "session_id": "s",
    "knowledge": "bank",
    "text": "where is my money",
    "transcript": None,
    "image": None,
    "hits": HITS,
    "reply": "Soon [1].",
    "action": "answer",
    "reason": "",
    "confidence": 0.9,
    "citations": ["refund"],
    "timings": {},
}


@pytest.fixture
def export(tmp_path):
    def run(*turns):
        (tmp_path / "data").mkdir(exist_ok=True)
        store = Store(f"sqlite:///{tmp_path / 'data' / 'turns.sqlite'}")
        for number, (changes, ratings) in enumerate(turns):
            keep_turn(
                store,
                {
                    **TURN,
                    "id": f"t{number}",
                    "created": START + timedelta(seconds=number),
                    **changes,
                },
            )
            for rating in ratings:
                store.add_feedback(f"t{number}", *rating)
        store.close()
        file = tmp_path / "cases.jsonl"
        status = main(
            ["--data", str(tmp_path / "data"), "export-feedback", str(file), "--knowledge", "bank"]
        )
        return status, [
            json.loads(line) for line in file.read_text().splitlines()
        ] if file.exists() else None

    return run


def test_a_thumb_up_confirms_and_a_comment_corrects(export):
    status, cases = export(
        ({}, [("up",)]),
        ({"action": "refuse", "citations": []}, [("up",)]),
        ({"action": "refuse", "citations": ["card"]}, [("up",)]),  # the refusal, or what is near?
        ({}, [("down", " New Card ")]),
        ({}, [("down", "wrong!")]),
        ({}, [("up",), ("down", "card")]),
        ({}, []),
        ({"knowledge": "other"}, [("up",)]),
    )
    assert status == 0
    assert [case["expect"] for case in cases] == ["refund", "none", "", "card", "", "card"]


def test_what_was_said_is_text_unless_the_recording_is_kept(export, tmp_path):
    said = {"text": "", "transcript": {"text": "money please"}}
    (tmp_path / "data" / "media").mkdir(parents=True)
    (tmp_path / "data" / "media" / "t1.wav").write_bytes(b"x")
    _, cases = export((said, [("up",)]), (said, [("up",)]))
    assert cases[0]["text"] == "money please" and "audio" not in cases[0]
    assert cases[1]["text"] == "" and cases[1]["audio"].endswith("media/t1.wav")


def test_the_file_is_read_by_evaluate_and_open_cases_are_reported(export, tmp_path):
    export(({}, [("up",)]), ({}, [("down", "wrong")]))
    cases, skipped = read_cases(tmp_path / "cases.jsonl", "bank", {"refund", "card"})
    assert [case.expect for case in cases] == ["refund"] and [line for line, _ in skipped] == [2]


def test_nothing_rated_is_one_sentence(export, capsys):
    assert export(({}, []))[0] == 2
    assert "No turn of bank has feedback yet" in capsys.readouterr().err
