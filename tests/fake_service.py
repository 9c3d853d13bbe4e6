"""A service without models: the same calls and events as SupportService, from data made by hand.

A question finds the entries that share words with it; a recording is always heard as HEARD, a
photo is always seen as a washing machine that shows E24. `python -m tests.fake_service` serves
the page with it. Knows nothing of Gradio beyond that last function.
"""

from __future__ import annotations

import csv
import re
import tempfile
import threading
import time
import wave
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from mm_support.encode.live import LiveTurn
from mm_support.errors import InputError, KnowledgeError
from mm_support.types import (
    Audio,
    Citation,
    Entry,
    Event,
    Finished,
    Found,
    Fusion,
    Heard,
    Hit,
    ImageView,
    IngestReport,
    Intent,
    KnowledgeBase,
    Label,
    Reply,
    Said,
    Saw,
    Segment,
    Spoken,
    Status,
    TextLine,
    Transcript,
    UserTurn,
    Working,
)

HEARD = Transcript(
    "My washing machine shows a code",
    "en",
    0.93,
    (Segment(0.0, 2.1, "My washing machine shows a code", 0.93),),
)
SEEN = ImageView(
    (Label("washing machine", 0.81), Label("dishwasher", 0.12)),
    (TextLine("E24", 0.97, (0.4, 0.4, 0.6, 0.6)),),
)
HOSTILE = '<img src=x onerror="window.hacked=1"> **bold** [link](javascript:window.hacked=1) ![x](https://evil.example/x.png)'


def make_picture(path: Path, text: str, colour: tuple[int, int, int]) -> Path:
    picture = Image.new("RGB", (480, 360), (232, 236, 240))
    pen = ImageDraw.Draw(picture)
    pen.rounded_rectangle((60, 40, 420, 320), 28, fill=colour)
    pen.rounded_rectangle((130, 110, 350, 250), 16, fill=(20, 26, 30))
    pen.text((165, 145), text, fill=(120, 240, 190), font_size=72)
    picture.save(path)
    return path


def sample_entries(folder: Path) -> dict[str, list[Entry]]:
    display = make_picture(folder / "e24.png", "E24", (96, 125, 139))
    router = make_picture(folder / "router.png", "LED", (84, 110, 122))
    return {
        "shopping": [
            Entry(
                "returns",
                "Returning an order",
                "You can return any item within 30 days. Print the label from your account and hand the parcel in at any pick-up point.",
                ("How do I return an order?",),
                "return",
                (),
                "entries.jsonl:1",
            ),
            Entry(
                "hostile",
                f"Code {HOSTILE}",
                f"Hostile answer {HOSTILE}",
                ("hostile",),
                "test",
                (),
                "entries.jsonl:2",
            ),
        ],
        "smart-home": [
            Entry(
                "e24",
                "Error E24 on the washing machine",
                "E24 means that the water does not drain. Switch the machine off, open the small flap at the bottom and clean the filter. Then start the pump-out programme.",
                ("The washing machine shows E24",),
                "repair",
                (display,),
                "faults.csv:24",
            ),
            Entry(
                "code",
                "Which code the washing machine shows",
                "The code is on the display, left of the door. Send a photo of it and the meaning is looked up.",
                ("Where is the code?",),
                "repair",
                (display,),
                "faults.csv:1",
            ),
            Entry(
                "router",
                "The router's light blinks red",
                "A red light means no connection. Unplug the router for ten seconds and plug it in again.",
                ("My router blinks",),
                "network",
                (router,),
                "faults.csv:40",
            ),
        ],
        "finance": [
            Entry(
                "card",
                "A lost bank card",
                "Block the card in the app under Cards, then order a new one.",
                ("I lost my card",),
                "card_lost",
            )
        ],
        "healthcare": [
            Entry(
                "hours",
                "Opening hours",
                "The front desk is open from 8:00 to 18:00 on weekdays.",
                ("When are you open?",),
                "hours",
            )
        ],
        "education": [
            Entry(
                "course",
                "Starting a course",
                "Open the course page and choose Start.",
                ("How do I start a course?",),
                "course_start",
            )
        ],
    }


SENTENCE = 0.6  # seconds that every sentence sounds


def words(text: str) -> set[str]:
    return set(re.findall(r"[a-z0-9]+", text.lower())) - {"the", "a", "my", "is", "i", "do", "how"}


class FakeKnowledge:
    """Word overlap instead of vectors: score = share of the question's words that the entry has."""

    def __init__(self, folder: Path) -> None:
        self.bases = sample_entries(folder)

    def list(self) -> list[KnowledgeBase]:
        return [
            KnowledgeBase(n, len(e), sum(len(x.pictures) for x in e)) for n, e in self.bases.items()
        ]

    def entries(self, name: str) -> tuple[Entry, ...]:
        return tuple(self._base(name))

    def search(self, turn: UserTurn, limit: int = 5) -> list[Hit]:
        parts = {"text": words(turn.text)}
        if turn.audio is not None:
            parts["speech"] = words(HEARD.text)
        if turn.image is not None:
            parts["photo"] = words(SEEN.labels[0].name)
            parts["photo_text"] = words(SEEN.text[0].text)
        asked = set().union(*parts.values()) or {""}
        hits = []
        for entry in self._base(turn.knowledge):
            left, by = asked & words(entry.title + " " + " ".join(entry.questions)), {}
            score = len(left) / len(asked)
            for name, said in parts.items():  # a word counts for the first modality that has it
                by |= {name: len(said & left) / len(asked)} if said & left else {}
                left -= said
            if score:
                hits.append(Hit(entry, score, by))
        return sorted(hits, key=lambda hit: -hit.score)[:limit]

    def ingest(
        self, name: str, path: Path, progress: Callable[[int, int, str], None] | None = None
    ) -> IngestReport:
        path = Path(path)
        if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,40}", name):
            raise InputError(
                "A knowledge base's name is made of small letters, digits and dashes; choose another one."
            )
        files = sorted(path.rglob("*")) if path.is_dir() else [path]
        entries, skipped = [], []
        for done, file in enumerate(files, 1):
            rows = read_rows(file)
            for line, row in enumerate(rows, 2):
                if row.get("answer"):
                    entries.append(
                        Entry(
                            row.get("id") or row["title"],
                            row["title"],
                            row["answer"],
                            tuple(row.get("questions", "").split("|")),
                        )
                    )
                else:
                    skipped.append((file.name, line, "the answer is empty"))
            if progress:
                progress(done, len(files), f"Reading {file.name}")
        if not entries:
            raise KnowledgeError(
                "No entry could be read from these files; send CSV, JSONL or Markdown."
            )
        self.bases[name] = entries
        return IngestReport(len(entries), skipped, 0.1)

    def _base(self, name: str) -> list[Entry]:
        if name not in self.bases:
            raise KnowledgeError(
                f"There is no knowledge base {name!r}; choose one of {', '.join(self.bases)}."
            )
        return self.bases[name]


def read_rows(file: Path) -> list[dict[str, str]]:
    if file.suffix == ".csv":
        with file.open(newline="", encoding="utf-8") as lines:
            return list(csv.DictReader(lines))
    if file.suffix == ".md":
        return [{"title": file.stem, "answer": file.read_text(encoding="utf-8")}]
    return []


class FakeEar:
    """What is loud is speech, and every speech is HEARD; the first second of it only its first
    words.
    """

    def spans(self, waveform: np.ndarray) -> tuple[tuple[int, int], ...]:
        loud = np.flatnonzero(np.abs(waveform) > 0.05)
        return ((int(loud[0]), int(loud[-1]) + 1),) if len(loud) > 800 else ()

    def transcribe(
        self,
        waveform: np.ndarray,
        language: str | None = None,
        previous: str | None = None,
        draft: bool = False,
    ) -> Transcript:
        [(start, stop)] = self.spans(waveform) or [(0, 0)]
        return HEARD if stop - start > 16_000 else Transcript("My washing", "en", 0.5)


class FakeService:
    """delay: seconds before each event. The models seem to load until `loaded` is set."""

    def __init__(self, delay: float = 0.0, loaded: bool = True) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="fake-service-"))
        self.knowledge = FakeKnowledge(self.folder)
        self.delay = delay
        self.loaded = threading.Event()
        if loaded:
            self.loaded.set()
        self.turns: list[UserTurn] = []
        self.expected: list[str | None] = []  # the languages that listen was told of
        self.ratings: list[tuple[str, str, str]] = []
        self.closed = threading.Event()

    def status(self) -> Status:
        if not self.loaded.is_set():
            return Status(False, "Models are still loading")
        return Status(True, "Ready", "CPU without bfloat16 instructions, float32")

    def transcribe(self, audio: object) -> Transcript:
        self._check(audio)
        return HEARD

    def listen(self, previous: str | None = None) -> LiveTurn:
        self.expected.append(previous)
        return LiveTurn(FakeEar(), FakeEar(), previous=previous)

    def describe(self, image: object, labels: list[str] | None = None) -> ImageView:
        self._check(image)
        chosen = tuple(Label(name, 1 / len(labels)) for name in labels) if labels else SEEN.labels
        hits = self.knowledge.search(UserTurn(image=image, knowledge="smart-home"), 1)
        return ImageView(chosen, SEEN.text, tuple(hits))

    def feedback(self, turn_id: str, rating: str, comment: str = "") -> None:
        if not turn_id.startswith("turn-"):
            raise InputError("There is no such turn; use the turn_id that came with the reply.")
        self.ratings.append((turn_id, rating, comment))

    def reply(self, turn: UserTurn) -> Iterator[Event]:
        self.closed.clear()
        self.turns.append(turn)
        try:
            for event in self._events(turn):
                time.sleep(self.delay)
                yield event
        except GeneratorExit:
            self.closed.set()
            raise

    def _events(self, turn: UserTurn) -> Iterator[Event]:
        if not (turn.text.strip() or turn.image or turn.audio):
            raise InputError("The message is empty: type a question, record one or add a photo.")
        if not self.loaded.is_set():
            yield Working("load", "Models are still loading")
            self.loaded.wait()
        if turn.audio is not None:
            yield Working("listen", "Listening")
            yield Heard(turn.heard or self.transcribe(turn.audio))
        if turn.image is not None:
            yield Working("look", "Looking at the photo")
            yield Saw(self.describe(turn.image))
        yield Working("search", "Searching")
        hits, fusion = tuple(self.knowledge.search(turn)), weigh(turn)
        yield Found(hits, fusion)
        text, action = compose(turn, hits)
        sounds = []
        for piece in re.findall(r"(?:\S+\s*){1,4}", text):
            yield Said(piece)
            if turn.speak and "." in piece:
                sounds.append(tone(440, SENTENCE))
                yield Spoken(Audio(sounds[-1], 22_050))
        audio = Audio(np.concatenate(sounds), 22_050) if sounds else None
        yield Finished(self._reply(turn, text, action, hits, fusion, audio))

    def _reply(self, turn, text, action, hits, fusion, audio) -> Reply:
        cited = [(n, hit.entry) for n, hit in enumerate(hits, 1) if f"[{n}]" in text]
        return Reply(
            text=text,
            action=action,
            audio=audio,
            fusion=fusion,
            citations=tuple(Citation(n, e.id, e.title, e.source, e.answer[:80]) for n, e in cited),
            pictures=tuple(dict.fromkeys(p for _, e in cited for p in e.pictures)),
            transcript=HEARD if turn.audio is not None else None,
            image=self.describe(turn.image) if turn.image is not None else None,
            intent=Intent(hits[0].entry.intent, 0.88) if hits else None,
            timings={"total": 12.0},
            session_id=turn.session_id or f"session-{len(self.turns)}",
            turn_id=f"turn-{len(self.turns)}",
        )

    @staticmethod
    def _check(file: object) -> None:
        if isinstance(file, (str, Path)) and Path(file).stat().st_size < 30:
            raise InputError(
                "This file cannot be read; send a JPEG, PNG or WEBP photo or a common audio file."
            )


def weigh(turn: UserTurn) -> Fusion:
    present = [
        n
        for n, x in (
            ("text", turn.text),
            ("speech", turn.audio),
            ("photo", turn.image),
            ("photo_text", turn.image),
        )
        if x
    ]
    return Fusion("weighted-sum", {name: 1 / len(present) for name in present})


def compose(turn: UserTurn, hits: tuple[Hit, ...]) -> tuple[str, str]:
    if "person" in words(turn.text):
        return (
            "I am handing you over to a person. They will read this conversation and get back to you.",
            "handoff",
        )
    if not hits:
        return (
            "I do not find that in this knowledge base. Could you tell me a little more, or shall I hand you over to a person?",
            "clarify",
        )
    sentences = re.split(r"(?<=\.) ", hits[0].entry.answer)
    return " ".join(f"{sentence} [1]" for sentence in sentences), "answer"


def tone(hertz: float, seconds: float, rate: int = 22_050) -> np.ndarray:
    return (0.2 * np.sin(2 * np.pi * hertz * np.arange(int(seconds * rate)) / rate)).astype(
        np.float32
    )


def write_wav(path: Path, seconds: float, rate: int = 22_050) -> Path:
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, rate, 0, "NONE", ""))
        file.writeframes((tone(440, seconds, rate) * 32767).astype("<i2").tobytes())
    return path


def main() -> None:
    from demo.ui import build_demo, launch_options

    service = FakeService(delay=0.06, loaded=False)
    threading.Timer(4.0, service.loaded.set).start()
    build_demo(service).launch(**launch_options())


if __name__ == "__main__":
    main()
