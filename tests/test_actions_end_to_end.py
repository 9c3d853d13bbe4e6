"""The shopping pack's actions with the real models, in several languages; the shop is made up."""

from __future__ import annotations

import json
import shutil
import socket
import threading
import tomllib
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path

import pytest

from demo.orders import PORT, server
from mm_support.actions.call import Caller
from mm_support.actions.performing import Actions
from mm_support.desk.keeper import open_keeper
from mm_support.knowledge.base import Knowledge
from mm_support.loading import open_index
from mm_support.paths import PACKS
from mm_support.pipeline.fuse import query_of
from mm_support.pipeline.step import drained
from mm_support.pipeline.turn import judge
from mm_support.service import SupportService
from mm_support.types import UserTurn

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def acting(service, tmp_path_factory):
    """The session's models, with a base of their own that has actions; what it has from the pack
    beside them keeps its vectors.
    """
    folder, parts = tmp_path_factory.mktemp("acting"), service.parts
    for base in ("bases/shopping", "pictures/shopping"):
        shutil.copytree(service.settings.data_dir / base, folder / base)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    pack = Path(shutil.copytree(PACKS / "shopping", folder / "pack"))
    declared = (pack / "actions.toml").read_text(encoding="utf-8")
    (pack / "actions.toml").write_text(declared.replace(str(PORT), str(port)), encoding="utf-8")
    settings = replace(service.settings, data_dir=folder, actions=True)
    index = open_index(settings, parts.encoders.text.dim, parts.encoders.image.dim)

    def understand(turn):
        return query_of(parts.encoders, parts.fusion, turn)

    knowledge = Knowledge(index, parts.encoders.text, parts.encoders.image, understand, acts=True)
    knowledge.ingest("shopping", pack, actions=True)
    actions = Actions(Caller(f"127.0.0.1:{port}"))
    made: Future = Future()
    made.set_result(replace(parts, knowledge=knowledge, actions=actions, close=lambda: None))
    running = SupportService(settings, open_keeper(settings), made)
    running.port = port
    yield running
    running.close()


@pytest.fixture
def shop(acting, monkeypatch):
    monkeypatch.setenv("MM_SUPPORT_ACTION_SHOP_KEY", "key")
    running = server("key", acting.port)
    threading.Thread(target=running.serve_forever, args=(0.02,), daemon=True).start()
    yield running
    running.shutdown()
    running.server_close()


MESSAGES = tomllib.loads(
    (Path(__file__).parent / "action_messages.toml").read_text(encoding="utf-8")
)
CASES = Path(__file__).parent / "cases" / "shopping.jsonl"


def begun(service, words):
    """The action that a message begins; "" for none."""
    step = judged(service, words).step
    return step.action.name if step else ""


def judged(service, words):
    return drained(judge(service.parts, UserTurn(words)))


@pytest.mark.parametrize("group, least", [("near", 0.8), ("other", 0.6)])
def test_most_messages_begin_the_action_that_they_ask_for(acting, group, least):
    wanted = [(words, name) for name, own in MESSAGES[group].items() for words in own]
    right = [begun(acting, words) == name for words, name in wanted]
    assert sum(right) >= least * len(right), f"{sum(right)} of {len(right)}"


def test_messages_about_what_no_action_does_begin_none(acting):
    wrong = [words for words in MESSAGES["none"] if begun(acting, words)]
    assert len(wrong) <= 1, wrong


def test_what_the_knowledge_answers_it_answers_as_without_actions(acting):
    """Every third of the pack's cases, by its first turn."""
    rows = [json.loads(line) for line in CASES.read_text(encoding="utf-8").splitlines()[::3]]
    turns = [row.get("turns", [row])[0] for row in rows]
    asked = [turn["text"] for turn in turns if not turn.keys() & {"image", "audio"}]
    plain = replace(acting.parts, actions=None)
    for words in asked:
        alone = drained(judge(plain, UserTurn(words)))
        assert judged(acting, words).decision == alone.decision, words


@pytest.mark.parametrize(
    "words, name",
    [
        ("I do not want to cancel order 104830", "order-status"),
        ("please dont cancel order 104830", "order-status"),
        ("我不想取消订单104830", "order-status"),
        ("Bitte storniere die Bestellung 104830 nicht", "order-status"),
        ("por favor no cancele el pedido 104830", "order-status"),
        ("N'annulez pas la commande 104830 s'il vous plaît", "order-status"),
        ("Did you cancel my order 104830?", "order-status"),
        ("订单104830取消了吗", "order-status"),
        ("Haben Sie meine Bestellung 104830 storniert?", "order-status"),
        ("¿Han cancelado mi pedido 104830?", "order-status"),
        ("Avez-vous annulé ma commande 104830 ?", "order-status"),
        ("please don't cancel 104830", ""),
        ("how can I cancel order 104830", ""),
        ("how do I cancel an order?", ""),
        ("怎么取消订单104830", ""),
        ("I want to cancel my order", "cancel-order"),
        ("Ich möchte meine Bestellung stornieren", "cancel-order"),
        ("I don't want order 104830, cancel it", "cancel-order"),
        ("what's happening with my order", "order-status"),
    ],
)
def test_an_order_is_not_cancelled_where_that_is_denied_or_only_asked(acting, words, name):
    assert begun(acting, words) == name


def talk(service, *messages, customer=""):
    """The replies of one conversation."""
    replies, session = [], None
    for words in messages:
        turn = UserTurn(words, session_id=session, customer=customer)
        replies.append(service.answer(turn))
        session = replies[-1].session_id
    return replies


ON_ITS_WAY = ("on its way", "运送途中", "unterwegs", "en camino", "en route")


@pytest.mark.parametrize(
    "messages",
    [
        ["where is my order 104822"],
        ["我的订单 104822 到哪了"],
        ["wo ist meine Bestellung 104822?"],
        ["¿Dónde está mi pedido 104822?"],
        ["où est ma commande 104822"],
        ["my order 104822 still has not arrived, where is it?"],
        ["where is my order", "104822"],
        ["where is my order", "it is the one for the headphones, 104822"],
        ["where is my order", "It is order number 104822."],
        ["where is my order", "my order number is 104822"],
        ["我的订单到哪了", "一零四八二二"],
    ],
    ids=lambda messages: messages[0][:20],
)
def test_an_order_is_looked_up_however_it_is_asked_for(acting, shop, messages):
    *before, reply = talk(acting, *messages)
    assert all(asked.form.name == "order" for asked in before)
    assert reply.action == "answer" and any(words in reply.text for words in ON_ITS_WAY)
    assert [citation.entry_id for citation in reply.citations] == ["action:order-status"]


def test_an_order_is_cancelled_once_it_is_confirmed_and_not_before(acting, shop):
    which, sure, doubt, done = talk(
        acting,
        "please cancel order 104830",
        "90210",
        "never mind, I will think about it",
        "yes please",
    )
    assert which.form.name == "postcode" and sure.choices == doubt.choices == ("Yes", "No")
    assert done.action == "answer" and "cancelled" in done.text
    (status,) = talk(acting, "where is my order 104830")
    assert "cancelled" in status.text


@pytest.mark.parametrize(
    "words", ["no", "stop", "不用了", "ok", "never mind", "wait", "no, leave it"]
)
def test_what_is_no_yes_cancels_nothing(acting, shop, words):
    talk(acting, "please cancel order 104830", "90210", words)
    (status,) = talk(acting, "where is my order 104830")
    assert "received" in status.text


@pytest.mark.parametrize(
    "words",
    ["I want a refund for order 104822", "please refund order 104822", "我想退款，订单104822"],
)
def test_who_wants_a_refund_is_not_asked_to_cancel(acting, shop, words):
    (reply,) = talk(acting, words)
    assert reply.pending is None and reply.action in ("answer", "handoff")


@pytest.mark.parametrize(
    "words, entry",
    [
        ("how long does delivery take", "delivery-times"),
        ("how do I track a parcel", "track-parcel"),
        ("how do i cancel my order", "cancel-order"),
        ("how long do I have to cancel", "cancel-order"),
        ("my parcel is lost", "parcel-lost"),
        ("how long is the warranty?", "warranty"),
        ("怎么退货？", "return-unopened"),
    ],
)
def test_questions_of_the_knowledge_stay_answered_from_it(acting, shop, words, entry):
    (alone,) = talk(acting, words)
    assert alone.citations[0].entry_id == entry
    *_, amid = talk(acting, "where is my order", words)
    assert amid.citations[0].entry_id == entry and amid.pending.aside


def test_only_who_is_signed_in_sees_their_orders(acting, shop):
    (refused,) = talk(acting, "what have I ordered")
    (known,) = talk(acting, "what have I ordered", customer="c-17")
    assert refused.action == "refuse" and "104822" in known.text
