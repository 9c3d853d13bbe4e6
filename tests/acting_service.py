"""A service of fakes whose base declares actions, and a company's system that plays parts.

    service = acting_service(settings, folder, "127.0.0.1:8081")

The system answers by path: /orders/104822 as demo/orders.py does, and /play/NAME as PLAYS say.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from functools import partial
from pathlib import Path

from conftest import ColourEncoder, FakeReader, FakeSpeech, FakeVoice, WordEncoder
from loopback import Handler, Loopback
from test_service import ENTRIES, GATE

from demo.orders import Orders, answer
from mm_support.actions.call import Caller
from mm_support.actions.performing import Actions
from mm_support.config import Settings
from mm_support.decide.intents import Reads
from mm_support.decide.policy import Policy
from mm_support.decode.reply import ReplyWriter
from mm_support.desk.keeper import open_keeper
from mm_support.encode.text import RememberingEncoder
from mm_support.encode.turn import Encoders
from mm_support.fuse.strategies import build_fusion
from mm_support.knowledge.base import Knowledge
from mm_support.knowledge.index.folder import FolderIndex
from mm_support.parts import Parts
from mm_support.pipeline.fuse import query_of
from mm_support.service import SupportService

ACTIONS = """
[[action]]
name = "status"
title = { en = "Parcel whereabouts", zh = "包裹位置" }
examples = ["where is my parcel", "parcel whereabouts please"]
source = "Your parcel"

[[action.parameter]]
name = "order"
type = "identifier"
pattern = "[0-9]{6}"
example = "104822"
ask = { en = "Which number?", zh = "哪个号码？" }

[action.call]
url = "SYSTEM/orders/{order}"
headers = { Authorization = "Bearer ${MM_SUPPORT_ACTION_KEY}" }

[action.result]
en = "Parcel {order} is {status}."

[[action]]
name = "cancel"
title = "Stop a delivery"
examples = ["please stop my delivery"]
writes = true
confirm = "Shall I stop {order}?"
result = "Parcel {order} is {status}."

[[action.parameter]]
name = "order"
type = "identifier"
pattern = "[0-9]{6}"
example = "104822"
ask = "Which delivery?"

[[action.parameter]]
name = "postcode"
type = "identifier"
pattern = "[0-9]{5}"
example = "90210"
ask = "Which postcode?"

[action.call]
method = "POST"
url = "SYSTEM/orders/{order}/cancel"
body = { postcode = "{postcode}" }

[[action]]
name = "mine"
title = "Purchases overview"
examples = ["show purchases overview"]
who = "customer"
call = { url = "SYSTEM/customers/{customer}/orders" }
result = "You have {orders.order}."
"""


class ReadsWords:
    """Reads "yes", "no" and "person" in words of that name; and, as a learned head may, something
    in a number.
    """

    def read(self, words: str) -> Reads:
        said = {word.strip(".,!?") for word in words.lower().split()}
        said |= {"upset"} if words == "90210" else set()
        labels = frozenset(said & {"yes", "no", "person", "thanks", "upset"})
        return Reads(
            {**dict.fromkeys(("person", "thanks"), 0.0), **dict.fromkeys(labels, 1.0)}, labels
        )


class System(Loopback):
    """asked: (method, path, body, headers) of each call. plays: path -> what it does."""

    def __init__(self, plays: dict[str, Callable[[Handler], None]] | None = None):
        super().__init__(_Handler, orders=Orders(), asked=[], plays=plays or {})


class _Handler(Handler):
    server: System

    def do_GET(self) -> None:
        body = json.loads(self.body() or b"{}")
        self.server.asked.append((self.command, self.path, body, dict(self.headers)))
        if self.path in self.server.plays:
            return self.server.plays[self.path](self)
        status, value = answer(self.server.orders, self.command, self.path, body)
        send(self, json.dumps(value).encode(), status)

    do_POST = do_DELETE = do_GET


send = Handler.answer


def drip(handler: Handler) -> None:
    """An answer that comes byte by byte, for three seconds or until nobody reads it."""
    handler.send_response(200)
    handler.end_headers()
    with suppress(OSError):
        for _ in range(60):
            handler.wfile.write(b" ")
            handler.wfile.flush()
            time.sleep(0.05)


def declared(folder: Path, system: str, text: str = ACTIONS) -> Path:
    """A folder of knowledge with the actions beside it."""
    folder.mkdir(exist_ok=True)
    (folder / "faq.csv").write_text(ENTRIES.replace("red.png", "").replace("blue.png", ""))
    (folder / "actions.toml").write_text(text.replace("SYSTEM", system), encoding="utf-8")
    return folder


def acting_service(
    settings: Settings, folder: Path, hosts: str = "", functions: str = "", lines: tuple = ()
) -> SupportService:
    """Knows the base "kb" of the folder, and may call these hosts of the own network."""
    text, image = WordEncoder(), ColourEncoder()
    asked = RememberingEncoder(text)
    index = FolderIndex(settings.data_dir, "fake", text.dim, image.dim)
    encoders = Encoders(FakeSpeech("104822"), image, FakeReader(*lines), asked)
    fusion = build_fusion("weighted-sum", text.dim, image.dim)
    understand = partial(query_of, encoders, fusion)
    knowledge = Knowledge(index, text, image, understand, acts=settings.actions)
    knowledge.ingest("kb", folder, actions=True)
    policy, writer = Policy(GATE, ReadsWords()), ReplyWriter(None, asked)
    actions = Actions(Caller(hosts, functions)) if settings.actions else None
    made = Parts(
        "CPU",
        encoders,
        fusion,
        knowledge,
        policy,
        writer,
        FakeVoice(),
        actions=actions,
        close=index.close,
    )
    parts: Future[Parts] = Future()
    parts.set_result(made)
    return SupportService(settings, open_keeper(settings), parts)
