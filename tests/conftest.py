"""Fakes small enough to compute by hand, and the real models for tests marked `slow`."""

from __future__ import annotations

import functools
import os
import re
import shutil
import socket
import subprocess
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from argon2 import PasswordHasher
from PIL import Image
from postgres import Server, programs

from demo.stubs import import_gradio
from mm_support.config import Settings
from mm_support.decide.intents import Reads
from mm_support.desk import accounts
from mm_support.encode.readout import Readout
from mm_support.encode.text import Pieces
from mm_support.engines.base import Capabilities
from mm_support.knowledge import ingest
from mm_support.knowledge.readers.sandbox import Sandbox
from mm_support.store.database import Store
from mm_support.types import Audio, Label, TextLine, Transcript

if "PYTEST_XDIST_WORKER" in os.environ:  # which imports the modules of all tests
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # before torch is imported: they share the cores
    import_gradio()


# files whose tests take the loaded `service` below: one worker runs them, and loads it once
LOADED = (
    "test_end_to_end",
    "test_actions_end_to_end",
    "test_follow_up",
    "test_policy",
    "test_service_contract",
)
# the longest begin, so that no worker is left with one of them in the end
FIRST = ("test_browser", *LOADED, "test_ocr", "test_speech", "test_written_answers", "test_engines")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: FIRST.index(name) if (name := item.path.stem) in FIRST else 99)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    from xdist.scheduler import LoadFileScheduling

    class Files(LoadFileScheduling):
        """A file keeps its loaded models on one worker, and the loaded service its files."""

        def _split_scope(self, nodeid: str) -> str:
            file = super()._split_scope(nodeid)
            return "service" if Path(file).stem in LOADED else file

    return Files(config, log)


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "slow: runs real models; CI runs these too")
    config.addinivalue_line("markers", "long: real models for over half a minute; only by -m long")


@pytest.fixture(autouse=True, scope="session")
def cheap_passwords() -> Iterator[None]:
    """Hashes of passwords that cost next to nothing: what guards them is their cost."""
    cheap = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(accounts, "_hasher", lambda: cheap)
        yield


def free_port() -> int:
    """A port that nobody listens at, none of those that Gradio looks through."""
    with socket.socket() as wire:
        wire.bind(("127.0.0.1", 0))
        return wire.getsockname()[1]


class LentSandbox(Sandbox):
    """Its process goes on to the next sandbox, as it goes on from a file to the next."""

    idle: list[subprocess.Popen[str]] = []

    def __enter__(self) -> Sandbox:
        self._process = self.idle.pop() if self.idle else None
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is not None:
            self.idle.append(self._process)


@pytest.fixture(autouse=True, scope="session")
def one_reading_process() -> Iterator[None]:
    """Files of complicated formats are read by a process that starts once, not once a test."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ingest, "Sandbox", LentSandbox)
        yield
    for process in LentSandbox.idle:
        process.kill()
        process.communicate()


@pytest.fixture(autouse=True, scope="session")
def one_trust_store() -> Iterator[None]:
    """The certificates that httpx trusts are read once, not once a call."""
    with pytest.MonkeyPatch.context() as patch:
        read = functools.lru_cache(None)(httpx.create_ssl_context)
        patch.setattr("httpx._transports.default.create_ssl_context", read)
        yield


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    """A store on each kind of database."""
    store = Store(database_url)
    yield store
    store.close()


@pytest.fixture
def tmp_settings(tmp_path: Path) -> Settings:
    """Settings whose data folder is new and whose weights are the machine's."""
    return Settings.from_env(data_dir=tmp_path / "data")


@pytest.fixture(scope="session")
def postgres():
    """A PostgreSQL server; what asks for it is skipped where there is none."""
    pytest.importorskip("psycopg", reason="PostgreSQL's driver, psycopg, is not installed")
    if (folder := programs()) is None:
        pytest.skip("PostgreSQL's server, initdb and postgres, is not installed")
    server = Server(folder)
    yield server
    server.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path):
    """A database for one test, which is run once with each kind."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'turns.sqlite'}"
        return
    server = request.getfixturevalue("postgres")
    url = server.database()
    yield url
    server.drop(url)


# for tests of what no database has a part in, or only one kind has
on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
on_postgresql = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)


@pytest.fixture(scope="session")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """The embedded profile with real weights and a data folder of its own."""
    return Settings.from_env(profile="embedded", data_dir=tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="session")
def service(settings: Settings):
    """The real service, loaded once. Where TEST_BASES names a data folder in which this project has
    ingested its packs, as .ci/run does with the wheel, they are taken from there.
    """
    from mm_support.service import SupportService

    if made := os.environ.get("TEST_BASES"):
        for part in ("bases", "pictures"):
            shutil.copytree(Path(made, part), settings.data_dir / part)
    loaded = SupportService.load(settings)
    yield loaded
    loaded.close()


class WordEncoder:
    """A text is the unit vector of its word counts; a word's place is its checksum, so most have
    their own.
    """

    dim = 512

    def encode(self, texts, kind="query"):
        rows = np.zeros((len(texts), self.dim), np.float32)
        for row, text in zip(rows, texts):
            for word in re.findall(r"[a-z0-9]+", text.lower()):
                row[zlib.crc32(word.encode()) % self.dim] += 1
            row /= np.linalg.norm(row) or 1
        return rows

    def encode_pieces(self, texts, kind="query"):
        """Every word is a piece, whatever stands around it."""
        words = [re.findall(r"[a-z0-9]+", text.lower()) for text in texts]
        ids = [[zlib.crc32(word.encode()) % self.dim for word in own] for own in words]
        return self.encode(texts), [
            Pieces(own, np.eye(self.dim, dtype=np.float16)[own]) for own in ids
        ]


def pointing_at(*words: str) -> Readout:
    """Of texts as WordEncoder encodes them: those of these words alone only point."""
    weights = np.full(WordEncoder.dim, -15.0)
    weights[[zlib.crc32(word.encode()) % WordEncoder.dim for word in words]] = 0.0
    return Readout(tuple(weights), 5.0)


class ColourEncoder:
    """A photo is the unit vector of its mean colour; the words red, green and blue are those
    colours.
    """

    dim = 3
    COLOURS = {"red": (1, 0, 0), "green": (0, 1, 0), "blue": (0, 0, 1)}

    def encode(self, photos):
        rows = np.array(
            [np.asarray(photo.convert("RGB"), np.float32).mean((0, 1)) + 1e-3 for photo in photos]
        )
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)

    def encode_words(self, words):
        rows = np.array(
            [
                sum(
                    (np.array(v, np.float32) for k, v in self.COLOURS.items() if k in word.lower()),
                    np.full(3, 1e-3),
                )
                for word in words
            ]
        )
        return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)

    def label(self, vector, words=None):
        words = list(words or self.COLOURS)
        scores = np.exp(5 * (self.encode_words(words) @ vector))
        order = np.argsort(-scores)
        return tuple(Label(words[i], float(scores[i] / scores.sum())) for i in order)


class FakeReader:
    """Reads the lines it was given, whatever the photo."""

    def __init__(self, *lines: str) -> None:
        self.lines = tuple(TextLine(line, 0.9) for line in lines)

    def read(self, photo):
        return self.lines


class FakeSpeech:
    """Hears what it was told to hear; nothing where the recording is silent."""

    voice = None  # only asked about recordings of over a minute

    def __init__(self, text: str = "my washing machine is broken") -> None:
        self.text = text

    def transcribe(self, waveform, previous=None, draft=False, names=(), before=None):
        return Transcript(self.text, "en", 0.9) if np.abs(waveform).max() > 0.01 else Transcript("")


class FakeIntents:
    """Reads in a text what it was told to; in others, what the phrases say."""

    MEANS = {
        "I want to talk to a person": "person",
        "do you have this": "similar",
        "hello": "greeting",
        "what about that": "follow_up",
        "and then?": "follow_up",
        "the second one": "choose",
    }

    def __init__(self, *says: str, choice: str = "", means: dict[str, str] = MEANS) -> None:
        self.says, self.choice, self.means = says, choice, means

    def read(self, words):
        meant = [label for phrase, label in self.means.items() if phrase in words]
        says = frozenset(self.says or meant)
        choice = self.choice or ("second" if "second" in words else "")
        return Reads(dict.fromkeys(says, 1.0), says, choice)


class FakeVoice:
    """A second of sound for every ten characters; speaks English alone."""

    def speak(self, text):
        return Audio(np.full(100 * len(text), 0.1, np.float32), 1000)

    def sounds(self, text):
        yield self.speak(text)

    def speaks(self, language):
        return language == "en"


class EchoModel:
    """A language model that drafts what it was given, piece by piece."""

    name, can = "echo", Capabilities()

    def __init__(self, draft: str = "") -> None:
        self.draft, self.prompts = draft, []

    def stream(self, messages, max_tokens, stop=None):
        self.prompts.append(messages)
        for piece in re.findall(r"\S+\s*", self.draft):
            if stop is not None and stop.is_set():
                return
            yield piece

    def close(self):
        pass


@pytest.fixture
def red() -> Image.Image:
    return Image.new("RGB", (64, 64), (220, 10, 10))


@pytest.fixture
def blue() -> Image.Image:
    return Image.new("RGB", (64, 64), (10, 10, 220))
