"""A SupportService whose parts are the tests' fakes and whose search takes a while: for crowds,
shutdown and load. `python -m tests.slow_service FOLDER PATIENCE` serves the pages with it; a search
takes until the file `go` is in the folder, and turns have PATIENCE seconds to end after SIGTERM.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from pathlib import Path

from conftest import ColourEncoder, FakeIntents, FakeReader, FakeSpeech, FakeVoice, WordEncoder

from mm_support.config import Settings
from mm_support.decide.confidence import FEATURES, Gate
from mm_support.decide.policy import Policy
from mm_support.decode.reply import ReplyWriter
from mm_support.encode.text import RememberingEncoder
from mm_support.encode.turn import Encoders
from mm_support.fuse.strategies import build_fusion
from mm_support.knowledge.base import Knowledge
from mm_support.knowledge.index.folder import FolderIndex
from mm_support.parts import Parts
from mm_support.pipeline.fuse import query_of
from mm_support.service import SupportService, open_keeper

GATE = Gate((6.0, *[0] * (len(FEATURES) - 1)), -3.0, 0.5, 0.2)
TOPICS = 60


def question(number: int) -> str:
    return f"gadget{number} broken{number}"


def entries(folder: Path) -> Path:
    """As many entries as there are topics, none of which shares a word with another."""
    rows = [
        f"topic{n},Topic {n},gadget{n} broken{n},Answer number{n} is here.,topic,"
        for n in range(TOPICS)
    ]
    source = folder / "topics.csv"
    source.write_text("\n".join(["id,title,questions,answer,intent,pictures", *rows]))
    return source


def slow_service(settings: Settings, takes: float | Callable[[], None]) -> SupportService:
    """Knows the base "kb"; each search takes so many seconds, or until `takes` is over."""
    text, image = WordEncoder(), ColourEncoder()
    asked = RememberingEncoder(text)
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    index = FolderIndex(settings.data_dir, "fake", text.dim, image.dim)
    encoders = Encoders(FakeSpeech(), image, FakeReader(), asked)
    fusion = build_fusion("weighted-sum", text.dim, image.dim)
    knowledge = Knowledge(index, text, image, partial(query_of, encoders, fusion))
    knowledge.ingest("kb", entries(settings.data_dir))
    find = knowledge.find

    def slowly(*args, **kwargs):
        takes() if callable(takes) else time.sleep(takes)
        return find(*args, **kwargs)

    knowledge.find = slowly
    parts: Future[Parts] = Future()
    policy, writer = Policy(GATE, FakeIntents()), ReplyWriter(None, asked)
    made = Parts("CPU", encoders, fusion, knowledge, policy, writer, FakeVoice(), close=index.close)
    parts.set_result(made)
    return SupportService(settings, open_keeper(settings), parts)


def main() -> int:
    from demo.stubs import import_gradio

    import_gradio()
    from demo import running

    folder, running.PATIENCE = Path(sys.argv[1]), float(sys.argv[2])

    def until_it_may_go():
        while not (folder / "go").exists():
            time.sleep(0.05)

    settings = Settings.from_env(data_dir=folder)
    return running.serve(settings, partial(slow_service, takes=until_it_may_go))


if __name__ == "__main__":
    sys.exit(main())
