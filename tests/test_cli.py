"""The command line: exit status, one-line errors, JSON that parses. The service is built from
fakes.
"""

import json
import wave
from datetime import UTC, date, datetime

import pytest
from test_service import folder, make  # noqa: F401  (fixtures)

from mm_support import __main__ as cli
from mm_support import terminal
from mm_support.desk.audit import Audited
from mm_support.errors import WeightsError
from mm_support.knowledge.base import Knowledge
from mm_support.knowledge.index.history import Change


@pytest.fixture
def run(make, monkeypatch, capsys, tmp_path):  # noqa: F811
    """Runs a command in this process on a service made of fakes; returns (exit status, stdout,
    stderr).
    """

    def call(*argv):
        service = make()
        monkeypatch.setattr(terminal, "load_service", lambda settings: service)
        status = cli.main(["--data", str(service.settings.data_dir), *map(str, argv)])
        return status, *capsys.readouterr()

    return call


def test_ask_prints_the_reply_and_its_sources(run):
    status, out, _ = run("ask", "refund late", "--knowledge", "kb")
    assert status == 0 and "5 days" in out and "[1] Refund (faq.csv:2)" in out


def test_ask_without_a_base_answers_from_the_only_one_of_ones_own_and_says_so(run, tmp_path):
    status, out, err = run("ask", "refund late")
    assert status == 0 and "5 days" in out and "From the knowledge base kb" in err
    (tmp_path / "faq.csv").write_text("id,title,answer\n1,T,A\n")
    run("ingest", "own", tmp_path / "faq.csv")
    status, _, err = run("ask", "refund late")
    assert status == 2 and "kb, own" in err


@pytest.mark.parametrize(
    ("command", "packs"),
    [
        (("ingest", "own", "faq.csv"), False),
        (("ask", "refund late", "--knowledge", "kb"), False),
        (("remove", "kb"), False),
        (("ingest", "shopping", "faq.csv"), True),
    ],
)
def test_with_a_base_of_ones_own_no_pack_is_waited_for(
    make,  # noqa: F811
    monkeypatch,
    tmp_path,
    command,
    packs,
):
    (tmp_path / "faq.csv").write_text("id,title,answer\n1,T,A\n")
    monkeypatch.chdir(tmp_path)
    service, asked = make(), []
    monkeypatch.setattr(terminal, "load_service", lambda given: asked.append(given) or service)
    cli.main(["--data", str(service.settings.data_dir), *command])
    assert [given.packs for given in asked] == [packs]


def test_ask_as_json_is_the_whole_reply(run, folder):  # noqa: F811
    status, out, _ = run(
        "ask", "washing machine", "--image", folder / "red.png", "--knowledge", "kb", "--json"
    )
    reply = json.loads(out)
    assert status == 0 and reply["action"] == "answer" and reply["citations"][0]["id"] == "e24"
    assert set(reply) == {
        "reply",
        "action",
        "citations",
        "choices",
        "form",
        "pictures",
        "transcript",
        "image",
        "intent",
        "fusion",
        "timings_ms",
        "session_id",
        "turn_id",
        "language",
        "confidence",
    }


def test_ask_writes_the_spoken_reply(run, tmp_path):
    status, *_ = run("ask", "refund late", "--knowledge", "kb", "--speak", tmp_path / "reply.wav")
    with wave.open(str(tmp_path / "reply.wav")) as file:
        assert status == 0 and file.getnframes() > 0


def test_ingest_reports_rows_with_remarks(run, tmp_path):
    path = tmp_path / "faq.csv"
    path.write_text("id,title,answer\n1,T,A\n2,,B\n")
    status, out, err = run("ingest", "own", path)
    assert status == 0 and "own: 1 document, 1 entry, 0 pictures" in out
    assert "it has no title (in faq.csv:3)" in err
    assert "; 1 left out, 1 to look at" in out  # "A" is no answer to be proud of, and is kept


def test_the_report_of_an_ingest_is_there_for_programs(run, tmp_path):
    path = tmp_path / "faq.csv"
    path.write_text("id,title,answer\n1,T,Yes we do.\n2,,B\n3,,C\n")
    status, out, _ = run("ingest", "own", path, "--json")
    report = json.loads(out)
    assert status == 0 and (report["documents"], report["entries"], report["pictures"]) == (1, 1, 0)
    (left,) = report["left_out"]
    assert (left["count"], left["places"]) == (2, ["faq.csv:3", "faq.csv:4"])
    assert report["seconds"] >= 0 and not report["odd"]


def test_an_entry_is_edited_added_and_brought_back(run, make, tmp_path):  # noqa: F811
    path = tmp_path / "faq.csv"
    path.write_text("id,title,answer,valid_until\n1,Prices,It costs 5 euros.,2099-01-01\n")
    run("ingest", "own", path)

    def entries():
        return {entry.id: entry for entry in make().knowledge.entries("own")}

    status, out, _ = run("edit", "own", "1", "--answer", "It costs 6 euros.", "--question", "Cost?")
    assert status == 0 and "changed" in out
    (one,) = entries().values()
    assert (one.title, one.answer, one.questions) == ("Prices", "It costs 6 euros.", ("Cost?",))
    assert one.valid_until == date(2099, 1, 1)
    run(
        "edit",
        "own",
        "new",
        "--title",
        "Hours",
        "--answer",
        "From 9.",
        "--valid-until",
        "2020-01-31",
    )
    assert entries()["new"].valid_until == date(2020, 1, 31)
    assert run("sync", "own", path)[0] == 0 and entries()["1"].answer == "It costs 6 euros."
    run("undo", "own")
    assert set(entries()) == {"1"}


@pytest.mark.parametrize(
    "argv",
    [
        ("own", "1"),
        ("own", "1", "--valid-until", "tomorrow"),
        ("own", "1", "--answer", " "),
        ("own", "1", "--answer", "As told [1]."),
        ("own", "1", "--title", "long " * 100),
        ("own", "none", "--answer", "Of nothing."),
        ("nope", "1", "--answer", "x"),
    ],
)
def test_an_edit_that_cannot_be_is_told_and_changes_nothing(run, make, tmp_path, argv):  # noqa: F811
    (tmp_path / "faq.csv").write_text("id,title,answer\n1,T,Yes we do.\n")
    run("ingest", "own", tmp_path / "faq.csv")
    status, _, err = run("edit", *argv)
    assert status == 2 and err.count("\n") == 1
    assert [entry.answer for entry in make().knowledge.entries("own")] == ["Yes we do."]


@pytest.mark.parametrize(
    "argv",
    [
        ("ask", "x", "--knowledge", "kb", "--image", "faq.csv"),
        ("ask", "x", "--knowledge", "kb", "--audio", "faq.csv"),
        ("ask", "x", "--knowledge", "nope"),
        ("ingest", "own", "tool.exe"),
        ("ingest", "own", "empty"),
        ("sync", "kbb", "faq.csv"),
        ("remove", "kbb"),
        ("undo", "kbb"),
    ],
)
def test_what_cannot_be_done_is_told_before_the_models_are_loaded(
    run, monkeypatch, tmp_path, argv, capsys
):
    (tmp_path / "faq.csv").write_text("id,title,answer\n1,T,A\n")
    (tmp_path / "tool.exe").write_bytes(b"MZ")
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(terminal, "load_service", None)
    assert cli.main(["--data", str(tmp_path / "cli"), *argv]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_sync_makes_a_base_only_where_it_is_told_to(run, tmp_path):
    path = tmp_path / "faq.csv"
    path.write_text("id,title,answer\n1,T,A\n")
    status, _, err = run("sync", "kbb", path)
    assert status == 2 and "there are: " in err and "kb" in err
    assert run("sync", "kbb", path, "--new")[0] == run("sync", "kbb", path)[0] == 0


@pytest.mark.parametrize(
    "argv",
    [
        ("ask",),
        ("ask", "x", "--knowledge", "nope"),
        ("ask", "x", "--image", "gone.jpg"),
        ("ingest", "own", "gone.csv"),
        ("ingest", "Bad Name", "."),
    ],
)
def test_bad_input_is_one_line_and_status_2(run, argv):
    status, _, err = run(*argv)
    assert status == 2 and err.startswith("error: ") and err.count("\n") == 1


def test_what_a_failing_command_has_opened_is_closed(make, monkeypatch, tmp_path):  # noqa: F811
    service, closed = make(), []
    monkeypatch.setattr(service, "close", lambda: closed.append(True))
    monkeypatch.setattr(terminal, "load_service", lambda settings: service)
    (tmp_path / "faq.csv").write_text("id,title,answer\n")
    assert cli.main(["--data", str(tmp_path), "ingest", "own", str(tmp_path / "faq.csv")]) == 2
    assert cli.main(["--data", str(tmp_path), "ask", "x", "--knowledge", "nope"]) == 2
    assert closed == [True]


def test_other_failures_have_status_1(monkeypatch, capsys):
    def fail(settings):
        raise WeightsError("No network.")

    monkeypatch.setattr(terminal, "load_service", fail)
    assert cli.main(["ask", "hello"]) == 1 and capsys.readouterr().err == "error: No network.\n"


def test_a_file_that_cannot_be_written_is_one_line(run, tmp_path):
    status, _, err = run(
        "ask", "refund late", "--knowledge", "kb", "--speak", tmp_path / "none" / "x.wav"
    )
    assert status == 1 and err.startswith("error: ") and err.count("\n") == 1


def test_fetching_weights_names_what_it_did_not_fetch(run, monkeypatch):
    monkeypatch.setattr("mm_support.loading.fetch_settings_weights", lambda *_: None)
    monkeypatch.delenv("MM_SUPPORT_PROFILE", raising=False)
    assert "Not among them" not in run("fetch-weights")[1]
    monkeypatch.setenv("MM_SUPPORT_REPLY_MODEL", "org/model")
    assert (
        "Not among them, fetched from their hub when first used: org/model."
        in run("fetch-weights")[1]
    )


def test_an_unknown_command_or_profile_is_status_2(capsys):
    for argv in (["dance"], ["--profile", "tiny", "ask", "x"]):
        with pytest.raises(SystemExit) as caught:
            cli.main(argv)
        assert caught.value.code == 2


def test_evaluation_of_own_cases(run, tmp_path, folder):  # noqa: F811
    cases = tmp_path / "cases.jsonl"
    rows = [
        {"text": "refund late", "expect": "refund"},
        {"text": "washing machine", "image": str(folder / "red.png"), "expect": "e24"},
        {"text": "zebra giraffe", "expect": "none"},
        {"text": "", "expect": "refund"},
        {"text": "x", "image": "gone.png", "expect": "refund"},
        {"text": "x", "expect": "no-such-entry"},
    ]
    cases.write_text("\n".join([*map(json.dumps, rows), "{broken", ""]))
    status, out, err = run("evaluate", "--knowledge", "kb", "--cases", cases, "--json")
    report = json.loads(out)
    assert status == 0 and (report["cases"], report["skipped"]) == (3, 4)
    assert [line.split(": ")[0] for line in err.splitlines()] == [
        f"skipped cases.jsonl, line {n}" for n in (4, 5, 6, 7)
    ]
    assert set(report["modalities"]) == {"text", "photo", "text + photo"}
    text = report["modalities"]["text"]
    assert (text["answerable"], text["out_of_scope"]) == (2, 1)
    assert text["recall@1"]["value"] == 1.0 and text["out_of_scope_not_answered"]["value"] == 1.0


def test_a_base_is_made_again_after_an_upgrade_before_it_is_measured(run, tmp_path, monkeypatch):
    renewed, cases = [], tmp_path / "cases.jsonl"
    monkeypatch.setattr(Knowledge, "renew", lambda knowledge, name: renewed.append(name))
    cases.write_text('{"text": "refund late", "expect": "refund"}')
    assert run("evaluate", "--knowledge", "kb", "--cases", cases)[0] == 0 and renewed == ["kb"]


def test_a_dialogue_is_asked_turn_by_turn(run, tmp_path):
    cases = tmp_path / "cases.jsonl"
    follow_up = {"text": "and what about that one?", "expect": "refund"}
    rows = [
        {"turns": [{"text": "refund late", "expect": "refund"}, follow_up]},
        {**follow_up, "kind": "answerable"},
        {"turns": [{"text": "refund late", "expect": "refund"}, {"text": "x", "expect": "gone"}]},
        {"turns": []},
    ]
    cases.write_text("\n".join(map(json.dumps, rows)))
    status, out, err = run("evaluate", "--knowledge", "kb", "--cases", cases, "--json")
    report = json.loads(out)
    assert status == 0 and (report["cases"], report["skipped"]) == (3, 2)
    assert [line.split(": ")[0] for line in err.splitlines()] == [
        f"skipped cases.jsonl, line {n}" for n in (3, 4)
    ]
    assert report["modalities"]["follow-up"]["recall@1"]["value"] == 1.0, (
        "found through the turn before"
    )
    assert report["modalities"]["text"]["recall@1"]["value"] == 0.5, (
        "the same words by themselves say nothing"
    )


def test_a_case_whose_photo_does_not_open_is_reported(run, tmp_path):
    (tmp_path / "bad.png").write_text("not a photo")
    (tmp_path / "cases.jsonl").write_text(
        json.dumps({"image": "bad.png", "expect": "refund"})
        + "\n"
        + json.dumps({"text": "refund late", "expect": "refund"})
    )
    status, out, err = run(
        "evaluate", "--knowledge", "kb", "--cases", tmp_path / "cases.jsonl", "--json"
    )
    assert (
        status == 0
        and json.loads(out)["skipped"] == 1
        and err.startswith("skipped cases.jsonl, line 1: ")
        and err.count("\n") == 1
    )


def test_a_change_says_who_made_it_and_a_base_made_again_that_nobody_did():
    at = datetime(2026, 12, 1, 9, 30, tzinfo=UTC)
    edited, again = Change(at, "a", "b", {"refund": None}), Change(at, "b", "c", {})
    noted = Audited(at, "anna", "edit entry", "kb", "refund")
    assert cli.change_line(edited, [noted]).endswith("anna: edit entry; 1 entries: refund")
    assert "nobody is noted; 1 entries" in cli.change_line(edited, [])
    assert "made again for this version; 0 entries" in cli.change_line(again, [])
