"""Several fronts with one data folder and one PostgreSQL: what one does the others know at once,
and one that is killed takes nothing with it that somebody was told.
"""

import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from conftest import ColourEncoder, WordEncoder, on_postgresql
from front import QUESTIONS
from test_service import built, folder, make  # noqa: F401  (fixtures)

from mm_support import loading
from mm_support.config import Settings
from mm_support.desk.notices import WEBHOOK, Notices
from mm_support.knowledge.base import Knowledge
from mm_support.knowledge.index.folder import FolderIndex
from mm_support.store.models import OwnershipRow
from mm_support.types import Message, UserTurn

pytestmark = on_postgresql
HERE = Path(__file__).resolve().parent


@pytest.fixture
def tmp_settings(tmp_path, database_url):
    data = {"data_dir": tmp_path / "data", "database_url": database_url}
    hook = {"webhook_url": "http://127.0.0.1:9/hook", "webhook_secret": "a secret of the test"}
    return Settings(**data, **hook, show_personal=True)


@pytest.fixture
def fronts(make):  # noqa: F811
    return make(), make()


def said(visit, text, **more):
    *_, last = visit.reply(UserTurn(text, knowledge="kb", **more))
    return last.reply


def test_a_conversation_goes_on_at_another_front(fronts):
    one, other = fronts
    visit = one.visit()
    first = said(visit, "washing machine e24")
    moved = other.visit(visit.token)  # the secret is the folder's
    second = said(moved, "and then?", session_id=first.session_id)
    assert second.citations[0].entry_id == "e24"  # it knows what was asked before
    moved.feedback(first.turn_id, "up")
    assert len(visit.conversation(first.session_id)) == 2
    handed = said(visit, "I want to talk to a person", session_id=first.session_id)
    assert handed.action == "handoff" and len(other.desk.waiting()) == 1
    other.desk.take(first.session_id, "Ada")
    other.desk.agent_types(first.session_id, "Ada")
    assert visit.holder(first.session_id).typing
    other.desk.say(first.session_id, "Ada", "Hello from the other front.")
    (message,) = visit.messages(first.session_id)
    assert message.author == "Ada"
    thanks = said(visit, "thank you", session_id=first.session_id)
    assert thanks.action == "handoff" and not thanks.citations  # Ada has it
    assert [type(each) for each in other.conversation(first.session_id)].count(Message) == 1
    other.desk.close(first.session_id, "Ada", "solved")
    assert one.desk.open() == () and visit.erase() == 4
    assert other.conversation(first.session_id) == ()


def test_people_are_signed_in_everywhere_and_locked_out_everywhere(fronts):
    one, other = fronts
    one.accounts.add("Ada", "admin", "a long enough password", "test")
    token = other.accounts.sign_in("Ada", "a long enough password")
    assert one.accounts.who(token).name == "Ada"
    one.accounts.sign_out(token)
    assert other.accounts.who(token).role == "visitor"


def test_each_notice_is_sent_by_one_front_also_when_the_receiver_is_slow(fronts):
    sent, lock = [], threading.Barrier(2, timeout=10)

    def slowly(notice):
        if len(sent) < 2:
            lock.wait()  # both are on their way at once
        sent.append(notice.event["conversation"])

    names = [said(fronts[0].visit(), "I want to talk to a person").session_id for _ in range(6)]
    senders = [Notices(front._keeper.store, {WEBHOOK: slowly}) for front in fronts]
    with ThreadPoolExecutor(2) as threads:
        delivered = list(threads.map(Notices.send_due, senders))
    assert sorted(sent) == sorted(names) and sum(delivered) == 6 and min(delivered) > 0


def test_a_silent_agents_conversation_is_given_back_once(fronts):
    one, other = fronts
    session = said(one.visit(), "I want to talk to a person").session_id
    one.desk.take(session, "Ada")
    with ThreadPoolExecutor(2) as threads:
        list(threads.map(lambda front: front.desk.return_silent(0), fronts))
    given = [row for row in one.audited() if row.what == "gave back"]
    assert one.desk.owner(session) == "assistant" and given == []
    with one._keeper.store.reading() as database:
        owners = [row.owner for row in database.query(OwnershipRow).order_by(OwnershipRow.id)]
    assert owners == ["waiting", "person", "assistant"] and other.desk.open() == ()


def test_knowledge_that_one_front_changes_is_answered_from_at_the_other(fronts):
    one, other = fronts
    assert said(other.visit(), "warranty broken").text.startswith("The warranty is two years.")
    entry = next(each for each in one.knowledge.entries("kb") if each.id == "warranty")
    one.knowledge.edit("kb", replace(entry, answer="The warranty is nine years."))
    assert said(other.visit(), "warranty broken").text.startswith("The warranty is nine years.")
    version = other.knowledge._index.open("kb")
    one.knowledge._index.open("kb").keep({"learned": 1})
    assert version.fitted == {"learned": 1}
    one.knowledge._index.open("kb").keep({"learned": 2})
    assert version.fitted == {"learned": 2}


def test_after_an_upgrade_one_front_makes_a_base_again(tmp_settings, folder):  # noqa: F811
    class Counting(WordEncoder):
        def encode_pieces(self, texts, kind="query"):
            encoded.append(len(texts))
            return super().encode_pieces(texts, kind)

    def opened(models):
        text, image = Counting(), ColourEncoder()
        index = FolderIndex(tmp_settings.data_dir, models, text.dim, image.dim)
        return Knowledge(index, text, image, lambda turn: None)

    encoded = []
    opened("before").ingest("kb", folder)
    once = sum(encoded)
    newer = [opened("after") for _ in range(2)]
    with ThreadPoolExecutor(2) as threads:
        list(threads.map(lambda knowledge: knowledge.renew("kb"), newer))
    assert sum(encoded) == 2 * once and not any(knowledge.stale() for knowledge in newer)


def test_of_fronts_that_start_at_once_one_ingests_the_packs(fronts, folder, tmp_path):  # noqa: F811
    packs, counted = tmp_path / "packs", []
    (packs / "pack").mkdir(parents=True)
    row = '{"id": "a", "title": "Refund", "answer": "In 5 days."}\n'
    (packs / "pack" / "entries.jsonl").write_text(row)

    def start(front):
        loading.ingest_packs(front.knowledge, packs, counted.append)

    with ThreadPoolExecutor(2) as threads:
        list(threads.map(start, fronts))
    assert all("pack" in [base.name for base in front.knowledge.list()] for front in fronts)
    done = [text for text in counted if "1 of 1" in text]
    assert len(done) == 1


def test_a_front_that_is_killed_in_mid_reply_loses_nothing_that_was_acknowledged(
    make,  # noqa: F811
    folder,  # noqa: F811
    tmp_settings,
):
    front = make()
    front._keeper._rounds.close()  # what the other one leaves is looked at first
    visit = front.visit()
    data, url = str(tmp_settings.data_dir), tmp_settings.database_url
    command = [sys.executable, str(HERE / "front.py"), data, str(folder), url, visit.token]
    with subprocess.Popen(
        command, cwd=HERE.parent, env=environment(), stdout=subprocess.PIPE, text=True
    ) as other:
        lines = [other.stdout.readline().split() for _ in range(len(QUESTIONS) + 2)]
        assert lines.pop() == ["speaking"]
        other.kill()
    (session,) = {name for name, _ in lines[:-1]}
    assert [turn.id for turn in front.conversation(session)] == [turn for _, turn in lines[:-1]]
    waiting, journaled = lines[-1]
    assert front.conversation(waiting) == () and front._keeper.journal  # on the disk they share
    front._keeper.catch_up()
    assert [turn.id for turn in front.conversation(waiting)] == [journaled]
    assert not front._keeper.journal and front.status().message == "Ready"
    # the customer goes on here, where a person can take the conversation over
    front.desk.take(session, "Ada")
    assert said(visit, "are you there?", session_id=session).action == "handoff"
    assert len(list(front._keeper.store.turns())) == len(QUESTIONS) + 2


def environment():
    return {**os.environ, "PYTHONPATH": f"{HERE.parent}{os.pathsep}{HERE}"}
