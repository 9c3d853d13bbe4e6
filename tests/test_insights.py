"""Figures by their definitions, questions without an answer grouped by meaning, tables that no
program takes for formulas, and that many rows take no time.
"""

import csv
import io
import re
import sqlite3
from dataclasses import fields
from datetime import UTC, datetime, timedelta

import gradio as gr
import numpy as np
import pytest
from clock import cpu_seconds
from conftest import on_postgresql, on_sqlite
from test_conversations import desk, hand_over  # noqa: F401  (fixtures)
from test_desk_page import KEY
from test_desk_page import page as desk_page  # noqa: F401
from test_service import ask, folder, make  # noqa: F401  (fixtures)
from test_store import turn

from demo.insights import InsightsPage
from mm_support.desk import insights as module
from mm_support.desk.archive import Archive
from mm_support.desk.audit import audited
from mm_support.desk.figures import Figures
from mm_support.desk.gaps import Gap, alike_from, grouped
from mm_support.desk.insights import Insights, as_csv
from mm_support.desk.keeper import Keeper
from mm_support.desk.kept import keep_turn
from mm_support.errors import InputError
from mm_support.store.journal import Journal
from mm_support.types import UserTurn
from tests.fake_service import HOSTILE, FakeService

NUMBERS = [item.name for item in fields(Figures)][2:]


def vectors(texts):
    """Unit vectors of word counts."""
    words = sorted({word for text in texts for word in re.findall(r"\w+", text.lower())})
    rows = np.array([[text.lower().split().count(word) for word in words] for text in texts], float)
    return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)


@pytest.fixture
def insights(store):  # noqa: F811
    return Insights(store, vectors, lambda base: [])


def said(store, number, name, **changes):  # noqa: F811
    """A turn of today."""
    midnight = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    created = midnight + timedelta(seconds=number)
    keep_turn(store, turn(number, session=name, **{"created": created, **changes}))


def numbers_of(figures):
    return {name: getattr(figures, name) for name in NUMBERS if getattr(figures, name)}


def test_figures_by_their_definitions(store, insights):  # noqa: F811
    said(store, 1, "thumb")
    store.add_feedback("t1", "up")
    said(store, 2, "thanked")
    said(store, 3, "thanked", action="clarify", reason="thanks")
    said(store, 4, "left")
    said(store, 5, "angry")
    store.add_feedback("t5", "down", "wrong")
    said(store, 6, "handed")
    said(store, 7, "handed", action="handoff", reason="asked")
    said(store, 8, "nothing", action="refuse", reason="unknown")
    said(store, 9, "elsewhere", knowledge="other", transcript={"text": "hello"}, image={"text": []})
    long_ago = datetime.now(UTC) - timedelta(days=20)
    said(store, 10, "old", created=long_ago)
    first, second = sorted(insights.figures(7), key=lambda row: row.knowledge)
    assert (first.knowledge, second.knowledge) == ("k", "other")
    assert first.day == second.day == datetime.now(UTC).date()
    assert numbers_of(first) == {
        "conversations": 6,
        "turns": 8,
        "answered": 5,
        "handed_over": 1,
        "confirmed": 2,
        "assumed": 1,
        "thumbs_up": 1,
        "thumbs_down": 1,
    }
    counted = {"conversations": 1, "turns": 1, "answered": 1, "assumed": 1}
    assert numbers_of(second) == {**counted, "spoken": 1, "photos": 1}
    assert [row.day for row in insights.figures(30)][-1] == long_ago.date()
    assert [each.comment for each in insights.disliked(7)] == ["wrong"]


def test_a_day_that_is_over_is_added_up_once_until_something_changes_it(
    store,  # noqa: F811
    desk,  # noqa: F811
    insights,
    monkeypatch,
    tmp_path,
):
    before = datetime.now(UTC) - timedelta(days=3)
    said(store, 1, "s", created=before)
    said(store, 2, "other", created=before)
    counted, count = [], module.counted
    monkeypatch.setattr(module, "counted", lambda *given: counted.append(given[1]) or count(*given))

    def shown():
        """The day's figures, and whether it was counted anew; once more it never is."""
        counted.clear()
        *_, last = first = insights.figures(7)
        anew = before.date() in counted
        counted.clear()
        assert insights.figures(7) == first and before.date() not in counted
        return numbers_of(last), anew

    insights.add_up()
    usual = {"conversations": 2, "turns": 2, "answered": 2}
    assert shown() == ({**usual, "assumed": 2}, False)
    store.add_feedback("t1", "up")
    assert shown() == ({**usual, "thumbs_up": 1, "confirmed": 1, "assumed": 1}, True)
    desk.hand_over("other", "program", "fraud")
    assert shown() == ({**usual, "thumbs_up": 1, "confirmed": 1, "handed_over": 1}, True)
    said(store, 3, "late", created=before)  # out of the journal
    assert shown()[0]["turns"] == 3
    Archive(Keeper(store, Journal(tmp_path / "turns.journal")), tmp_path).erase(["s", "late"], "x")
    left = {"conversations": 1, "turns": 1, "answered": 1, "handed_over": 1}
    assert shown() == (left, True)


def test_figures_are_split_by_the_language_of_a_conversation(store, desk, insights):  # noqa: F811
    said(store, 1, "a", language="de")
    said(store, 2, "a", text="ok", language="en")  # goes on in the language in which it began
    said(store, 3, "b", language="en", action="handoff", reason="asked")
    said(store, 4, "c", language="zh-a-locale-of-somebody")
    desk.take("b", "Ada")
    desk.say("b", "Ada", "hello")
    desk.close("b", "Ada", "solved")
    desk.rate("b", 4, "=quick")
    rows = {row.language: row for row in insights.figures(7)}
    assert numbers_of(rows["de"])["turns"] == 2 and set(rows) == {"de", "en", "zh-a-loc"}
    people = {"handed_over": 1, "closed": 1, "solved": 1, "rated": 1, "satisfied": 1}
    found = numbers_of(rows["en"])
    assert 0 <= found.pop("first_answer") < 5
    assert found == {"language": "en", "conversations": 1, "turns": 1, **people}
    (row,) = csv.DictReader(io.StringIO(insights.csv("scores", 7)))
    assert (row["score"], row["comment"], row["agent"]) == ("4", "'=quick", "Ada")
    assert row["outcome"] == "solved"
    table = csv.DictReader(io.StringIO(insights.csv("figures", 7)))
    assert {row["language"]: row["solved"] for row in table}["en"] == "1"
    desk.open_again("b", "Ada")
    assert sum(row.closed + row.rated for row in insights.figures(7)) == 0


def test_who_comes_back_after_the_end_reopens_a_conversation(make):  # noqa: F811
    service = make()
    session = ask(service, "I want to talk to a person").session_id
    service.desk.take(session, "Ada")
    service.desk.close(session, "Ada", "solved")
    ask(service, "refund late")  # somebody else
    assert [row.reopened for row in service.insights.figures(1)] == [0]
    ask(service, "refund late", session_id=session)
    (row,) = service.insights.figures(1)
    assert (row.reopened, row.language, row.conversations) == (1, "en", 3)


def test_the_first_answer_of_a_person_is_timed(store, desk, insights):  # noqa: F811
    assert insights.first_answer(7) is None
    for number, name in enumerate("abc"):
        hand_over(store, name, number)
        desk.take(name, "Ada")
    assert insights.first_answer(7) is None
    desk.say("b", "Ada", "hello")
    assert 0 <= insights.first_answer(7) < 5


# -- entries --------------------------------------------------------------------------------


def test_entries_are_counted_by_who_cites_them_and_what_was_handed_over(store, tmp_path):  # noqa: F811
    titles = {"e1": "One", "e2": "Two", "e3": "Three"}
    insights = Insights(store, vectors, lambda base: [], lambda base: titles)
    said(store, 1, "a")
    said(store, 2, "a", action="handoff", reason="asked", citations=[])
    said(store, 3, "b", citations=["e2"])
    said(store, 4, "b", citations=["e1", "gone"])
    said(store, 5, "c", action="handoff", reason="human_only", citations=["e2"])
    said(store, 6, "d", action="handoff", reason="asked", citations=[])  # after nothing
    yesterday = datetime.now(UTC) - timedelta(days=3)
    said(store, 7, "e", created=yesterday)
    said(store, 8, "f", created=datetime.now(UTC) - timedelta(days=30), citations=["e3"])
    rows = [(one.title, one.cited, one.handed_over) for one in insights.entries(7)]
    assert rows == [("One", 3, 1), ("Two", 2, 1), ("Three", 0, 0)]
    insights.add_up()
    assert [one.cited for one in insights.entries(7)] == [3, 2, 0]  # also from what was added up
    assert [one.cited for one in insights.entries(90)] == [3, 2, 1]
    Archive(Keeper(store, Journal(tmp_path / "turns.journal")), tmp_path).erase(["e"], "test")
    assert [one.cited for one in insights.entries(7)] == [2, 2, 0]
    table = list(csv.DictReader(io.StringIO(insights.csv("entries", 7))))
    assert [row["cited"] for row in table] == ["2", "2", "0"]


# -- questions without an answer ------------------------------------------------------------


def test_questions_of_one_meaning_are_one_gap(store):  # noqa: F811
    oven = ["how hot is the oven", "how hot does the oven get"]
    bases = {"k": [["when is the refund paid", "is the refund paid soon"], oven]}
    insights = Insights(store, vectors, bases.get)
    hits = [{"id": "e", "title": "Gift cards", "score": 0.312, "by": {}}]
    asked = ("do you sell gift vouchers", "do you sell vouchers", "can dogs swim in it")
    for number, text in enumerate((*asked, asked[0], asked[0])):
        said(store, number, f"s{number}", action="refuse", reason="unknown", text=text, hits=hits)
    said(store, 8, "s8", text="answered gift vouchers")
    first, second = insights.gaps(7)
    assert (first.count, second.count) == (4, 1)
    assert set(first.examples) == set(asked[:2]) and second.examples == asked[2:]
    assert (first.nearest, first.score) == ("Gift cards", 0.31)


def test_what_counts_as_alike_is_learnt_from_the_base_for_any_encoder():
    """Stretching all similarities changes the threshold with them, and no group."""
    rng = np.random.default_rng(3)
    topics = rng.normal(size=(60, 24))
    meant = np.repeat(np.arange(8), 5)
    for shared in (0.0, 3.0):  # encoders whose vectors all point one way

        def encode(rows, shared=shared):
            rows = np.array([row + shared for row in rows])
            return rows / np.linalg.norm(rows, axis=1, keepdims=True)

        other = topics + 0.15 * rng.normal(size=topics.shape)
        threshold = alike_from(encode, list(zip(topics, other)))
        questions = topics[meant] + 0.15 * rng.normal(size=(40, 24))
        labels = np.array(grouped(encode(questions), threshold))
        same = labels[:, None] == labels[None, :]
        assert (same == (meant[:, None] == meant[None, :])).mean() > 0.99


def test_a_base_that_is_gone_or_tiny_groups_only_what_is_the_same(store, insights):  # noqa: F811
    for number, text in enumerate(("is it blue", "is it blue", "is it red")):
        said(store, number, f"s{number}", action="refuse", reason="unknown", text=text)
    assert [gap.count for gap in insights.gaps(7)] == [2, 1]


def test_what_is_alike_is_learnt_anew_where_the_base_changes(store):  # noqa: F811
    bases = {"k": []}
    insights = Insights(store, vectors, lambda base: list(bases[base]))
    for number, text in enumerate(("how hot is the oven", "how hot does the oven get")):
        said(store, number, f"s{number}", action="refuse", reason="unknown", text=text)
    assert [gap.count for gap in insights.gaps(7)] == [1, 1]
    bases["k"] = [
        ["when is the refund paid", "is the refund paid soon"],
        ["is it red", "red, is it"],
    ]
    assert [gap.count for gap in insights.gaps(7)] == [2]


def test_the_service_groups_with_its_own_encoder(make):  # noqa: F811
    service = make()
    for text in ("moon cheese price", "price moon cheese", "elephants"):
        assert ask(service, text).action != "answer"
    assert [gap.count for gap in service.insights.gaps(1)] == [2, 1]


# -- tables ---------------------------------------------------------------------------------


def test_a_table_is_read_back_and_begins_no_formula(store, insights):  # noqa: F811
    evil = '=HYPERLINK("http://evil.example";"a,b")'
    said(store, 1, "s", action="refuse", reason="unknown", text=evil)
    (row,) = csv.DictReader(io.StringIO(insights.csv("gaps", 7)))
    assert row["examples"] == f"'{evil}" and row["count"] == "1"
    (row,) = csv.DictReader(io.StringIO(insights.csv("figures", 7)))
    assert row["turns"] == "1" and row["day"] == datetime.now(UTC).date().isoformat()
    assert as_csv(Gap, []).strip().split(",") == [item.name for item in fields(Gap)]


@on_sqlite
def test_many_rows_take_no_time(store, insights):  # noqa: F811
    """100,000 turns of two years, of which the last month is asked for."""
    start = datetime.now(UTC)
    values = turn(0, hits="[]", citations="[]", timings="{}", asked_about="[]", withheld="")
    names, marks = ", ".join(values), ", ".join("?" * len(values))
    made = []
    for n in range(100_000):
        when = f"{start - timedelta(minutes=10.5 * n):%Y-%m-%d %H:%M:%S.%f}"
        own = {"id": f"t{n}", "session_id": f"s{n // 3}", "created": when}
        made.append((*({**values, **own}).values(),))
    raw = sqlite3.connect(store._engine.url.database)
    raw.executemany(f"INSERT INTO turns ({names}) VALUES ({marks})", made)
    raw.commit()
    raw.close()
    found = []
    assert cpu_seconds(lambda: found.extend(insights.figures(30))) < 3
    assert sum(row.turns for row in found) > 3_000
    with store.reading() as session:
        plan = session.connection().exec_driver_sql(
            "EXPLAIN QUERY PLAN SELECT created, session_id, knowledge, action, reason "
            "FROM turns WHERE created >= '2026-01-01' ORDER BY created"
        )
        assert "COVERING INDEX turns_by_time" in str(plan.all())


@on_postgresql
def test_many_rows_take_no_time_on_a_server(store, insights):  # noqa: F811
    values = turn(0, hits="[]", citations="[]", timings="{}", asked_about="[]", withheld="")
    own = {"id": "'t' || n", "session_id": "'s' || n / 3"}
    own["created"] = "now() - n * interval '10.5 minutes'"
    written = {name: "NULL" if value is None else f"'{value}'" for name, value in values.items()}
    names, made = ", ".join(values), ", ".join({**written, **own}.values())
    with store.writing() as session:
        session.connection().exec_driver_sql(
            f"INSERT INTO turns ({names}) SELECT {made} FROM generate_series(0, 99999) AS n"
        )
        session.connection().exec_driver_sql("ANALYZE turns")
    found = []
    assert cpu_seconds(lambda: found.extend(insights.figures(30))) < 3
    assert sum(row.turns for row in found) > 3_000
    with store.reading() as session:
        plan = session.connection().exec_driver_sql(
            "EXPLAIN SELECT created, session_id, knowledge, action, reason "
            "FROM turns WHERE created >= now() - interval '30 days' ORDER BY created"
        )
        assert "turns_by_time" in str(plan.all())


# -- at the desk ----------------------------------------------------------------------------


def test_the_page_shows_figures_to_who_has_the_key(desk_page):  # noqa: F811
    service = desk_page.service
    page = InsightsPage(service, desk_page.door.check)
    visit = service.visit()
    list(visit.reply(UserTurn(f"unheard-of {HOSTILE}", knowledge="finance")))
    *_, last = visit.reply(UserTurn("I lost my card", knowledge="finance"))
    service.ratings.clear()
    service.store.add_feedback(last.reply.turn_id, "down", HOSTILE)
    handed = last.reply.session_id
    list(visit.reply(UserTurn("a person please", None, None, "finance", handed)))
    service.desk.take(handed, "Ada")
    service.desk.close(handed, "Ada", "spam")
    shown = page.show(KEY, 7)
    for words in (
        "Finance",
        "unheard-of",
        "Rated down",
        "Ada",
        "took",
        handed,
        "How conversations ended",
        "#knowledge=finance&amp;write=unheard",
    ):
        assert words in shown
    assert "<img" not in shown and "&lt;img" in shown
    assert "turns" in page.figures_csv(KEY, 7) and "unheard-of" in page.gaps_csv(KEY, 7)
    assert "Entries never used" in shown and "A lost bank card" in page.entries_csv(KEY, 7)
    for call in (page.show, page.figures_csv, page.gaps_csv, page.scores_csv, page.entries_csv):
        for key in ("", "wrong", None):
            with pytest.raises(gr.Error, match="Open it with the link"):
                call(key, 7)


def test_without_anything_the_page_says_so(desk_page):  # noqa: F811
    shown = InsightsPage(desk_page.service, desk_page.door.check).show(KEY, 7)
    assert shown.count("Nothing in this time.") == 6


@pytest.fixture
def service():
    return FakeService()


# -- the audit log --------------------------------------------------------------------------


def test_what_agents_do_is_noted_with_it_or_not_at_all(store, desk):  # noqa: F811
    hand_over(store)
    desk.take("s", "Ada")
    with pytest.raises(InputError):
        desk.close("s", "Bo", "solved")
    desk.give_back("s", "Ada", "solved")
    noted = [(row.who, row.what, row.subject, row.detail) for row in audited(store)]
    assert noted == [
        ("Ada", "gave back", "s", "solved"),
        ("Ada", "took", "s", "took the conversation"),
    ]
    assert audited(store)[0].created.tzinfo
