"""Others are told what happens at the desk: once, signed, in spite of failures and restarts. The
receivers are real servers on the loopback.
"""

import base64
import hashlib
import hmac
import json
import smtplib
import socket
import time
from datetime import timedelta
from email import message_from_bytes
from threading import Event

import pytest
from clock import until
from loopback import Handler, Loopback
from sqlalchemy import select
from test_service import ask, folder, make  # noqa: F401  (fixtures)
from test_store import turn

from mm_support.config import Settings
from mm_support.desk import notices as module
from mm_support.desk.conversations import Desk
from mm_support.desk.keeper import open_store
from mm_support.desk.kept import keep_turn
from mm_support.desk.notices import MAIL, WEBHOOK, Mail, Notice, Notices, Webhook, channels_of
from mm_support.errors import InputError
from mm_support.rounds import Rounds, Task
from mm_support.service import SupportService
from mm_support.store.database import Store
from mm_support.store.models import NoticeRow, now
from mm_support.store.records import in_utc
from mm_support.types import UserTurn

SECRET = "a secret of the test"


class Receiver(Handler):
    """Keeps what it gets; it answers with `statuses`, then with 200."""

    def do_POST(self):
        self.server.got.append((dict(self.headers), self.body()))
        self.answer(status=self.server.statuses.pop(0) if self.server.statuses else 200)


@pytest.fixture
def receiver():
    server = Loopback(Receiver, got=[], statuses=[])
    server.url += "/hook"
    yield server
    server.close()


@pytest.fixture
def store(database_url, receiver):
    store = Store(database_url, (WEBHOOK,))
    yield store
    store.close()


def sender(store, receiver):
    return Notices(store, {WEBHOOK: Webhook(receiver.url, SECRET)})


def hand_over(store, name="s", number=1):
    record = turn(number, session=name, action="handoff", reason="human_only")
    keep_turn(store, record, "what happened")


def waiting_notices(store):
    with store.reading() as session:
        return list(session.scalars(select(NoticeRow)))


def due_now(store, ahead=timedelta()):
    """As if the time until the next attempt had passed; ahead: by a clock that is set back then."""
    with store.writing() as session:
        for row in session.scalars(select(NoticeRow)):
            row.due = now() + ahead


def test_each_change_is_told_once_and_signed(store, receiver):
    desk, notices = Desk(store), sender(store, receiver)
    hand_over(store)
    desk.take("s", "Ada")
    keep_turn(store, turn(2, action="handoff", reason="person", text="my card 4111111111111111"))
    desk.close("s", "Ada", "solved")
    desk.open_again("s", "Bo")
    assert notices.send_due() == 5 and notices.send_due() == 0 and waiting_notices(store) == []
    events = [json.loads(body) for _, body in receiver.got]
    assert [event["event"] for event in events] == [
        "conversation.waiting",
        "conversation.person",
        "conversation.message",
        "conversation.closed",
        "conversation.opened_again",
    ]
    first = events[0]
    assert (first["code"], first["summary"]) == ("reserved", "what happened")
    assert (events[1]["who"], events[3]["outcome"]) == ("Ada", "solved")
    assert events[2]["text"] == "my card [card 1]"
    assert {event["conversation"] for event in events} == {"s"}
    assert len({event["id"] for event in events}) == 5
    for headers, body in receiver.got:
        signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
        mac = hmac.new(SECRET.encode(), signed, hashlib.sha256).digest()
        assert headers["webhook-signature"] == f"v1,{base64.b64encode(mac).decode()}"
        assert json.loads(body)["id"] == headers["webhook-id"]
        assert abs(int(headers["webhook-timestamp"]) - time.time()) < 60


def test_a_receiver_that_fails_is_asked_again_later_and_later(store, receiver, caplog):
    receiver.statuses = [500, 404]
    notices, waits = sender(store, receiver), []
    hand_over(store)
    for _ in range(2):
        began = now()
        assert notices.send_due() == 0 and notices.send_due() == 0  # not before it is due
        (row,) = waiting_notices(store)
        waits.append(tuple((in_utc(row.due) - at).total_seconds() for at in (began, now())))
        due_now(store)
    for (longest, shortest), wait in zip(waits, (5, 10)):
        assert shortest <= wait <= longest
    assert notices.send_due() == 1 and waiting_notices(store) == []
    assert len({headers["webhook-id"] for headers, _ in receiver.got}) == 1
    assert len(receiver.got) == 3 and "status 500" in caplog.text
    assert SECRET not in caplog.text


def test_a_notice_waits_no_longer_than_for_another_attempt_when_the_clock_is_set_back(
    store, receiver
):
    notices = sender(store, receiver)
    hand_over(store)
    due_now(store, timedelta(minutes=30))
    assert notices.send_due() == 0
    due_now(store, timedelta(hours=6))
    assert notices.send_due() == 1


def test_a_channel_that_breaks_in_an_unforeseen_way_keeps_no_other_notice_waiting(store, caplog):
    sent = []

    def breaks(notice):
        if notice.event["conversation"] == "s":
            raise ValueError("no address")
        sent.append(notice.event["conversation"])

    hand_over(store)
    hand_over(store, "other", 2)
    assert Notices(store, {WEBHOOK: breaks}).send_due() == 1 and sent == ["other"]
    (row,) = waiting_notices(store)
    assert row.attempts == 1 and "no address" in caplog.text


def test_nothing_more_is_sent_once_the_service_closes(store):
    closing, sent = Event(), []

    def send(notice):
        sent.append(notice.event["conversation"])
        closing.set()

    hand_over(store)
    hand_over(store, "other", 2)
    assert Notices(store, {WEBHOOK: send}, closing).send_due() == 1 and sent == ["s"]
    assert len(waiting_notices(store)) == 1


def test_after_many_attempts_a_notice_is_given_up_but_kept(store, receiver, monkeypatch):
    monkeypatch.setattr(module, "ATTEMPTS", 3)
    receiver.statuses = [500] * 3
    notices = sender(store, receiver)
    hand_over(store)
    for _ in range(5):
        notices.send_due()
        due_now(store)
    assert len(receiver.got) == 3 and [row.failed for row in waiting_notices(store)] == [True]


def test_nothing_is_lost_while_nobody_listens_or_by_a_restart(database_url, receiver):
    before = Store(database_url, (WEBHOOK,))
    hand_over(before)
    nobody = Notices(before, {WEBHOOK: Webhook("http://127.0.0.1:9/", SECRET)})
    assert nobody.send_due() == 0
    before.close()  # the process ends
    again = Store(database_url, (WEBHOOK,))
    due_now(again)
    assert sender(again, receiver).send_due() == 1 and len(receiver.got) == 1


def test_who_dies_while_sending_leaves_it_to_others_after_the_lease(store, receiver):
    hand_over(store)

    def dies(notice):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Notices(store, {WEBHOOK: dies}).send_due()
    assert sender(store, receiver).send_due() == 0  # it may still be on its way
    with store.writing() as session:
        session.scalars(select(NoticeRow)).one().due -= module.LEASE + timedelta(seconds=1)
    assert sender(store, receiver).send_due() == 1


def test_of_many_senders_each_notice_is_sent_by_one(database_url, receiver):
    stores = [Store(database_url, (WEBHOOK,)) for _ in range(4)]
    for number in range(30):
        hand_over(stores[0], f"s{number}", number)
    tasks = [Task("send", 0.01, sender(store, receiver).send_due) for store in stores]
    rounds = [Rounds([task]) for task in tasks]
    until(lambda: not waiting_notices(stores[0]))
    [each.close() for each in rounds], [store.close() for store in stores]
    told = [json.loads(body)["conversation"] for _, body in receiver.got]
    assert sorted(told) == sorted(f"s{number}" for number in range(30))


def test_a_change_that_is_not_stored_is_not_told(store):
    hand_over(store)
    with pytest.raises(InputError):
        Desk(store).close("s", "Ada", "solved")  # nobody has taken it
    assert [row.event["event"] for row in waiting_notices(store)] == ["conversation.waiting"]


def test_without_channels_nothing_piles_up(tmp_path):
    store = open_store(Settings(data_dir=tmp_path))
    hand_over(store)
    assert waiting_notices(store) == []


def test_the_service_sends_from_the_background(tmp_settings, receiver, make, monkeypatch):  # noqa: F811
    """With the settings of the environment, through a real hand-over."""
    monkeypatch.setattr("mm_support.service.NOTICES", 0.05)
    given = tmp_settings.with_changes(webhook_url=receiver.url, webhook_secret=SECRET)
    parts = make().parts
    monkeypatch.setattr("mm_support.loading.load_parts", lambda *_, **__: parts)
    service = SupportService.load(given)
    reply = service.answer(UserTurn("I want to talk to a person", knowledge="kb"))
    until(lambda: receiver.got)
    service.close()
    (event,) = [json.loads(body) for _, body in receiver.got]
    assert (event["conversation"], event["code"]) == (reply.session_id, "asked")
    assert "I want to talk to a person" in event["summary"]


# -- mail -----------------------------------------------------------------------------------


class Mailbox:
    def __init__(self) -> None:
        self.mails, self.refuse = [], False

    async def handle_DATA(self, server, session, envelope):  # noqa: N802
        if self.refuse:
            return "451 try again"
        self.mails.append((envelope.rcpt_tos, message_from_bytes(envelope.content)))
        return "250 OK"


@pytest.fixture
def mailbox():
    controller = pytest.importorskip("aiosmtpd.controller")
    box = Mailbox()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        box.port = free.getsockname()[1]
    server = controller.Controller(box, hostname="127.0.0.1", port=box.port)
    server.start()
    yield box
    server.stop()


def test_the_team_gets_a_mail_when_a_conversation_waits(tmp_path, mailbox):
    store = Store(f"sqlite:///{tmp_path / 'turns.sqlite'}", (MAIL,))
    address = f"smtp://127.0.0.1:{mailbox.port}"
    notices = Notices(store, {MAIL: Mail(address, "team@shop.example,b@shop.example")})
    hand_over(store)
    Desk(store).take("s", "Ada")  # of which no mail tells
    mailbox.refuse = True
    assert notices.send_due() == 0
    mailbox.refuse = False
    due_now(store)
    assert notices.send_due() == 1 and notices.send_due() == 0
    ((to, mail),) = mailbox.mails
    assert to == ["team@shop.example", "b@shop.example"]
    assert "reserved" in mail["Subject"] and mail["Message-ID"].endswith("@mm-support>")
    assert "what happened" in mail.get_payload() and "Conversation: s" in mail.get_payload()


def test_no_password_is_sent_without_encryption(tmp_path, mailbox, caplog):
    store = Store(f"sqlite:///{tmp_path / 'turns.sqlite'}", (MAIL,))
    server = f"smtp://user:geheim@127.0.0.1:{mailbox.port}"
    hand_over(store)
    assert Notices(store, {MAIL: Mail(server, "a@b.example")}).send_due() == 0
    assert "no encryption" in caplog.text and "geheim" not in caplog.text and not mailbox.mails


def test_a_connection_that_cannot_be_used_is_closed(mailbox, monkeypatch):
    closed, close = [], smtplib.SMTP.close
    monkeypatch.setattr(smtplib.SMTP, "close", lambda smtp: close(smtp) or closed.append(smtp))
    monkeypatch.setattr(smtplib.SMTP, "has_extn", lambda *_: True)
    send = Mail(f"smtp://user:geheim@127.0.0.1:{mailbox.port}", "a@b.example")
    event = {"conversation": "s"}
    with pytest.raises(smtplib.SMTPException):
        send(Notice("key", now(), MAIL, event))
    assert closed and closed[0].sock is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"webhook_url": "ftp://example.org", "webhook_secret": SECRET},
        {"webhook_url": "https://example.org"},
        {"webhook_url": "https://example.org", "webhook_secret": "short"},
        {"webhook_url": "https://example.org", "webhook_secret": "whsec_MfKQ9r8GKYqrTwjUPD8IL"},
        {"webhook_url": "https://example.org", "webhook_secret": "whsec_MfKQ9r8GKYqr TwjUPD8I"},
        {"mail_server": "example.org:25", "mail_to": "a@b.example"},
        {"mail_server": "smtp://example.org", "mail_to": ""},
    ],
)
def test_settings_that_cannot_be_used_are_one_sentence(tmp_path, wrong):
    with pytest.raises(InputError) as caught:
        channels_of(Settings(data_dir=tmp_path, **wrong))
    assert "\n" not in str(caught.value) and "MM_SUPPORT_" in str(caught.value)
