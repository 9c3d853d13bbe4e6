"""A team answers in Chatwoot: what customers write gets there once and in order, what agents write
comes back once, and nobody else can post it. Chatwoot is a fake on the loopback.
"""

import pytest
from conftest import on_sqlite
from fake_chatwoot import INBOX, FakeChatwoot
from sqlalchemy import select
from starlette.applications import Starlette
from starlette.testclient import TestClient
from test_notices import due_now, hand_over, waiting_notices
from test_store import turn

from demo.webhooks import PATH, chatwoot_routes
from mm_support.config import Settings
from mm_support.desk.archive import Archive
from mm_support.desk.chatwoot import chatwoot_of
from mm_support.desk.conversations import Desk
from mm_support.desk.keeper import Keeper, open_store
from mm_support.desk.kept import keep_turn
from mm_support.desk.notices import CHATWOOT, Notices
from mm_support.desk.ownership import successor
from mm_support.errors import InputError
from mm_support.store.database import Store
from mm_support.store.journal import Journal
from mm_support.store.models import InboxRow, MessageRow

SECRET = "a secret of the inbox"


@pytest.fixture
def fake():
    fake = FakeChatwoot(SECRET)
    yield fake
    fake.close()


@pytest.fixture
def store(database_url):
    store = Store(database_url, (CHATWOOT,))
    yield store
    store.close()


@pytest.fixture
def desk(store):
    return Desk(store)


@pytest.fixture
def bridge(store, fake, tmp_path):
    where = {"chatwoot_url": fake.url, "chatwoot_inbox": INBOX, "chatwoot_secret": SECRET}
    return chatwoot_of(Settings(data_dir=tmp_path, **where), store)


@pytest.fixture
def send(store, bridge):
    """Sends all that is on its way, also what failed a moment ago."""
    notices = Notices(store, {CHATWOOT: bridge})

    def send():
        due_now(store)
        return notices.send_due()

    return send


@pytest.fixture
def post(bridge, fake):
    """Posts an event as Chatwoot does; returns the status."""
    client = TestClient(Starlette(routes=chatwoot_routes(bridge.received, SECRET)))
    return lambda values, **how: client.post(PATH, **fake.signed(values, **how)).status_code


def write(store, number, text, name="s"):
    """The customer writes while a person has the conversation."""
    keep_turn(store, turn(number, session=name, text=text, reason="person"), owner="person")


def test_a_conversation_is_answered_in_chatwoot_and_given_back(store, desk, fake, send, post):
    hand_over(store)
    send()
    assert fake.heard() == ["what happened"] and len(fake.contacts) == 1
    assert post(fake.says("Good morning", "Grace")) == 204
    holder = desk.holder("s")
    assert (holder.owner, holder.agent) == ("person", "Grace")
    (said,) = desk.messages("s")
    assert (said.author, said.text) == ("Grace", "Good morning")
    write(store, 2, "and my card 4111111111111111")
    send()
    assert fake.heard() == ["what happened", "and my card [card 1]"]
    assert post(fake.resolves()) == 204 and desk.owner("s") == "assistant"
    send()
    assert waiting_notices(store) == [] and len(fake.conversations) == 1
    hand_over(store, number=3)  # a second time: the same conversation there is opened again
    send()
    assert len(fake.heard()) == 3 and fake.conversations[1]["status"] == "open"


@pytest.mark.parametrize("failures", [["refused"], ["lost"], ["", "", "", "lost"], ["", "refused"]])
def test_what_fails_is_tried_again_and_never_there_twice(store, fake, send, failures):
    hand_over(store)
    write(store, 2, "hello")
    write(store, 3, "hello")
    fake.failures = list(failures)
    for _ in range(3):
        send()
    number = max(fake.conversations)
    assert fake.heard(number) == ["what happened", "hello", "hello"]
    assert waiting_notices(store) == []


@on_sqlite
def test_while_chatwoot_is_away_what_is_said_waits_in_its_order(store, bridge, fake, send):
    hand_over(store)
    write(store, 2, "first")
    away = bridge._contacts
    bridge._contacts = "http://127.0.0.1:9/"
    assert send() == 0
    bridge._contacts = away
    write(store, 3, "second")
    send()
    assert fake.heard() == ["what happened", "first", "second"]


@on_sqlite
def test_a_conversation_that_is_gone_there_is_begun_anew(store, fake, send):
    hand_over(store)
    send()
    fake.contacts.clear()
    write(store, 2, "are you there?")
    send()
    send()
    assert fake.heard(2) == ["are you there?"]


def test_an_event_that_comes_twice_counts_once(store, desk, fake, send, post):
    hand_over(store)
    send()
    said = fake.says("x" * 9_000)
    assert post(said) == post(said) == 204
    assert [len(each.text) for each in desk.messages("s")] == [4_000, 4_000, 1_000]


@on_sqlite
def test_the_word_of_another_agent_counts_too(store, desk, fake, send, post):
    hand_over(store)
    send()
    desk.take("s", "Ada")
    post(fake.says("I take this over", "Grace"))
    assert desk.holder("s").agent == "Grace"
    post(fake.resolves())
    post(fake.says("One more thing", "Grace"))
    assert desk.holder("s").owner == "person" and len(desk.messages("s")) == 2


@on_sqlite
def test_what_is_not_for_the_customer_stays_there(store, desk, fake, send, post):
    hand_over(store)
    send()
    for changes in (
        {"private": True},
        {"message_type": "incoming"},
        {"message_type": "activity"},
        {"content": None},
        {"conversation": {"id": 99}},
        {"conversation": None},
        {"event": "message_updated"},
        {"event": None},
    ):
        assert post({**fake.says("a note"), **changes}) == 204
    assert desk.messages("s") == () and desk.owner("s") == "waiting"
    survey = {
        "message_type": "template",
        "sender": None,
        "content": "How was it? https://x.example",
    }
    post(fake.says("", **survey))
    assert [each.author for each in desk.messages("s")] == ["Chatwoot"]
    assert desk.owner("s") == "waiting"
    file = {"attachments": [{"data_url": "https://files.example/1.png"}], "content": None}
    post(fake.says("", **file))
    assert desk.messages("s")[-1].text == "https://files.example/1.png"


@on_sqlite
def test_resolved_waits_for_what_the_customer_wrote_meanwhile(store, desk, fake, send, post):
    hand_over(store)
    send()
    post(fake.says("Done!"))
    write(store, 2, "not yet")
    post(fake.resolves())
    assert desk.owner("s") == "person"
    send()
    assert fake.conversations[1]["status"] == "open"


@on_sqlite
def test_what_ends_at_our_desk_ends_there(store, desk, fake, send):
    hand_over(store)
    send()
    desk.take("s", "Ada")
    desk.close("s", "Ada", "solved")
    send()
    assert fake.conversations[1]["status"] == "resolved" and waiting_notices(store) == []
    desk.open_again("s", "Ada")
    write(store, 2, "one more thing")
    send()
    assert fake.conversations[1]["status"] == "open"


def test_an_agent_is_read_where_the_customer_has_gone_on(store, desk, fake, send, post):
    hand_over(store)
    send()
    desk.take("s", "Ada")
    desk.close("s", "Ada", "solved")
    keep_turn(store, turn(2, session=successor("s"), text="hello again"))
    assert post(fake.says("One more thing", "Grace")) == 204
    (said,) = desk.messages(successor("s"))
    assert said.text == "One more thing" and desk.owner("s") == "closed"
    assert desk.holder(successor("s")).agent == "Grace"


@on_sqlite
def test_only_chatwoot_is_heard(store, desk, bridge, fake, send, post):
    hand_over(store)
    send()
    said = fake.says("let me in")
    client = TestClient(Starlette(routes=chatwoot_routes(bridge.received, SECRET)))
    signed = fake.signed(said)
    forged = {**signed["headers"], "x-chatwoot-signature": "sha256=" + "0" * 64}
    assert client.post(PATH, json=said).status_code == 401
    assert client.post(PATH, content=signed["content"], headers=forged).status_code == 401
    assert client.post(PATH, content=b"{}", headers=signed["headers"]).status_code == 401
    for stamp in ("9" * 5_000, "²", "-1"):
        odd = {**signed["headers"], "x-chatwoot-timestamp": stamp.encode("latin-1")}
        assert client.post(PATH, content=signed["content"], headers=odd).status_code == 401
    assert client.post(f"{PATH}/wrong", json=said).status_code == 401
    assert post(said, late=600) == 401
    assert desk.messages("s") == ()
    assert client.post(f"{PATH}/{SECRET}", content=b"no json").status_code == 400
    assert client.post(f"{PATH}/{SECRET}", json=["a list"]).status_code == 204
    assert client.post(f"{PATH}/{SECRET}", json=said).status_code == 204
    assert len(desk.messages("s")) == 1


@on_sqlite
def test_an_erased_conversation_leaves_nothing_of_it(store, desk, fake, send, post, tmp_path):
    hand_over(store)
    send()
    said = fake.says("hello")
    post(said)
    keeper = Keeper(store, Journal(tmp_path / "turns.journal"))
    Archive(keeper, tmp_path).erase(["s"], "visitor")
    assert post({**said, "id": 5}) == 204
    with store.reading() as session:
        assert not session.scalars(select(InboxRow)).all()
        assert not session.scalars(select(MessageRow)).all()


@pytest.mark.parametrize(
    "wrong",
    [{"chatwoot_url": "chat.example"}, {"chatwoot_inbox": ""}, {"chatwoot_secret": "short"}],
)
def test_settings_that_cannot_be_used_are_one_sentence(tmp_path, wrong):
    right = {"chatwoot_url": "https://c.example", "chatwoot_inbox": "i", "chatwoot_secret": SECRET}
    settings = Settings(data_dir=tmp_path, **{**right, **wrong})
    with pytest.raises(InputError, match="MM_SUPPORT_CHATWOOT_"):
        chatwoot_of(settings, open_store(settings))
    assert chatwoot_of(Settings(data_dir=tmp_path), open_store(settings)) is None
