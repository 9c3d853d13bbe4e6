"""A service without models: the same calls, events and errors as SupportService's.

A question finds the entries that share words with it; every sound is heard as HEARD, every photo
is seen as a washing machine that shows E24. Inputs and files are checked by the product's own
code, which needs no model; conversations and the desk are the product's too.
tests/test_service_contract.py holds it to what the page relies on.
`python -m tests.fake_service` serves the page with it.
"""

from __future__ import annotations

import re
import shutil
import tempfile
import threading
import time
import wave
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

from mm_support import as_json
from mm_support.desk.accounts import Accounts
from mm_support.desk.archive import Archive
from mm_support.desk.audit import Audited, audited, note
from mm_support.desk.insights import Insights
from mm_support.desk.keeper import Keeper
from mm_support.desk.visits import Visit, checked_session, signatures_in
from mm_support.encode.live import LiveTurn
from mm_support.encode.turn import check_turn
from mm_support.errors import KnowledgeError, SupportError, no_such_base, no_such_turn
from mm_support.inputs.audio import load_waveform
from mm_support.inputs.photo import load_photo
from mm_support.knowledge.bases import check_limit
from mm_support.knowledge.index import check_name
from mm_support.knowledge.ingest import read_source
from mm_support.store.database import Store, check_feedback
from mm_support.store.journal import Journal
from mm_support.types import (
    Action,
    Audio,
    Citation,
    Entry,
    Event,
    Finished,
    Found,
    Fusion,
    Heard,
    Hit,
    Holder,
    ImageView,
    IngestReport,
    Intent,
    KeptTurn,
    KnowledgeBase,
    Label,
    Message,
    Reply,
    Said,
    Saw,
    Segment,
    Spoken,
    Status,
    Sureness,
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
HOSTILE = (
    '<img src=x onerror="window.hacked=1"> **bold** '
    "[link](javascript:window.hacked=1) ![x](https://evil.example/x.png)"
)
STOP_WORDS = {"the", "a", "my", "is", "i", "do", "how", "of"}
SENTENCE = 0.6  # seconds that every sentence sounds
LOUD = 0.05  # amplitude from which a sound is speech
RATE = 22_050  # Hz, of what is spoken

HANDOFF = "I am handing you over to a person. They will read this conversation and get back to you."
REFUSAL = "I do not find that in this knowledge base, so I cannot answer it."
WAITING = "Your message is with the conversation; a person will answer it."
WHICH = "Which one do you mean?"
SILENCE = "I did not hear anything. Please say it again, or type it."


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
        "shopping": shop_entries(),
        "smart-home": home_entries(display, router),
        **one_entry_each(),
    }


def shop_entries() -> list[Entry]:
    returns = Entry(
        id="returns",
        title="Returning an order",
        answer="You can return any item within 30 days. Print the label from your account and "
        "hand the parcel in at any pick-up point.",
        questions=("How do I return an order?",),
        intent="return",
        source="entries.jsonl:1",
    )
    hostile = Entry(
        id="hostile",
        title=f"Code {HOSTILE}",
        answer=f"Hostile answer {HOSTILE}",
        questions=("hostile",),
        intent="test",
        source="entries.jsonl:2",
    )
    return [returns, hostile]


def home_entries(display: Path, router: Path) -> list[Entry]:
    e24 = Entry(
        id="e24",
        title="Error E24 on the washing machine",
        answer="E24 means that the water does not drain. Switch the machine off, open the small "
        "flap at the bottom and clean the filter. Then start the pump-out programme.",
        questions=("The washing machine shows E24",),
        intent="repair",
        pictures=(display,),
        source="faults.csv:24",
    )
    code = Entry(
        id="code",
        title="Which code the washing machine shows",
        answer="The code is on the display, left of the door. Send a photo of it and the meaning "
        "is looked up.",
        questions=("Where is the code?",),
        intent="repair",
        pictures=(display,),
        source="faults.csv:1",
    )
    blinks = Entry(
        id="router",
        title="The router's light blinks red",
        answer="A red light means no connection. Unplug the router for ten seconds and plug it in "
        "again.",
        questions=("My router blinks",),
        intent="network",
        pictures=(router,),
        source="faults.csv:40",
    )
    return [e24, code, blinks]


def one_entry_each() -> dict[str, list[Entry]]:
    card = Entry(
        id="card",
        title="A lost bank card",
        answer="Block the card in the app under Cards, then order a new one.",
        questions=("I lost my card",),
        intent="card_lost",
    )
    hours = Entry(
        id="hours",
        title="Opening hours",
        answer="The front desk is open from 8:00 to 18:00 on weekdays.",
        questions=("When are you open?",),
        intent="hours",
    )
    course = Entry(
        id="course",
        title="Starting a course",
        answer="Open the course page and choose Start.",
        questions=("How do I start a course?",),
        intent="course_start",
    )
    return {"finance": [card], "healthcare": [hours], "education": [course]}


def words(text: str) -> set[str]:
    return set(re.findall(r"[a-z0-9]+", text.lower())) - STOP_WORDS


class FakeKnowledge:
    """Word overlap instead of vectors: score = share of the question's words that the entry has."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.bases = sample_entries(folder)
        self.packs = set(self.bases)
        self.before: dict[str, Any] = {}  # each base as it was before its last change

    def list(self) -> list[KnowledgeBase]:
        return [
            KnowledgeBase(
                name,
                len(entries),
                sum(len(entry.pictures) for entry in entries),
                own=name not in self.packs,
            )
            for name, entries in sorted(self.bases.items())
        ]

    def entries(self, name: str) -> tuple[Entry, ...]:
        if name not in self.bases:
            raise no_such_base(name, self.bases)
        return tuple(self.bases[name])

    def edit(self, name: str, entry: Entry) -> None:
        entries = self.change(name)
        places = [place for place, known in enumerate(entries) if known.id == entry.id]
        place = places[0] if places else len(entries)
        entries[place : place + 1] = [entry]

    def remove(self, name: str, entry_id: str | None = None) -> None:
        entries = self.change(name)
        if all(entry.id != entry_id for entry in entries):
            raise KnowledgeError("no such entry")
        entries[:] = [entry for entry in entries if entry.id != entry_id]

    def undo(self, name: str) -> None:
        if name not in self.before:
            raise KnowledgeError("nothing to undo")
        self.bases[name], self.before[name] = self.before[name], self.bases[name]

    def sureness(self, name: str) -> Sureness | None:
        """Of a base of one's own: half of its questions are answered, all of them rightly."""
        if name in self.packs:
            return None
        return Sureness(0.5, len(self.entries(name)), 1.0, ((0.3, 0.8, 0.9), (0.5, 0.5, 1.0)))

    def change(self, name: str) -> list[Entry]:
        """The entries of a base that is to be changed, in place."""
        self.before[name] = self.entries(name)
        self.bases[name] = list(self.before[name])
        self.packs.discard(name)
        return self.bases[name]

    def search(self, turn: UserTurn, limit: int = 5) -> list[Hit]:
        check_limit(limit)
        entries = self.entries(turn.knowledge)
        check_turn(turn)
        heard = hear(turn.audio) if turn.audio is not None else None
        return find(entries, turn, heard, limit)

    def ingest(
        self, name: str, path: Path, progress: Callable[[int, int, str], None] | None = None
    ) -> IngestReport:
        check_name(name)
        read = read_source(Path(path))
        entries = read.entries
        kept = Path(tempfile.mkdtemp(dir=self.folder))
        report = progress or (lambda *_: None)
        report(0, len(entries), "reading")
        self.bases[name] = [with_kept_pictures(entry, kept) for entry in entries]
        report(len(entries), len(entries), "done")
        return read.report(sum(len(entry.pictures) for entry in entries), seconds=0.1)


def with_kept_pictures(entry: Entry, folder: Path) -> Entry:
    """The entry with copies of its pictures, because what was uploaded goes away."""
    copies = tuple(Path(shutil.copy(picture, folder)) for picture in entry.pictures)
    return replace(entry, pictures=copies)


def find(
    entries: tuple[Entry, ...], turn: UserTurn, heard: Transcript | None, limit: int
) -> list[Hit]:
    """The entries that share words with the turn, best first."""
    parts = {"text": words(turn.text)}
    if heard is not None:
        parts["speech"] = words(heard.text)
    if turn.photos:
        parts["photo"] = words(SEEN.labels[0].name)
        parts["photo_text"] = words(SEEN.text[0].text)
    found = [hit for entry in entries if (hit := fits(entry, parts))]
    return sorted(found, key=lambda hit: -hit.score)[:limit]


def fits(entry: Entry, parts: dict[str, set[str]]) -> Hit | None:
    """A word counts for the first modality that has it; None where no word is shared."""
    asked = set().union(*parts.values())
    shared = asked & words(" ".join((entry.title, *entry.questions)))
    by, left = {}, set(shared)
    for name, said in parts.items():
        if said & left:
            by[name] = len(said & left) / len(asked)
            left -= said
    return Hit(entry, len(shared) / len(asked), by) if shared else None


def hear(audio: Any) -> Transcript:
    """Every sound is HEARD, silence is an empty transcript. Raises InputError as the product."""
    waveform = load_waveform(audio)
    return HEARD if np.abs(waveform).max() > LOUD else Transcript("")


class FakeEar:
    """What is loud is speech, and every speech is HEARD; the first second of it only its first
    words.
    """

    def spans(self, waveform: np.ndarray, least: float = 0.05) -> tuple[tuple[int, int], ...]:
        loud = np.flatnonzero(np.abs(waveform) > LOUD)
        return ((int(loud[0]), int(loud[-1]) + 1),) if len(loud) > least * 16_000 else ()

    def transcribe(
        self,
        waveform: np.ndarray,
        previous: str | None = None,
        draft: bool = False,
        names: Sequence[str] = (),
        before: Transcript | None = None,
    ) -> Transcript:
        for start, stop in self.spans(waveform):
            return HEARD if stop - start > 16_000 else Transcript("My washing", "en", 0.6)
        return Transcript("")


def counts(texts: Sequence[str]) -> np.ndarray:
    """Unit vectors of words' first letters."""
    rows = np.full((len(texts), 36), 1e-3)
    for row, text in zip(rows, texts):
        for word in words(text):
            row[int(word[0], 36)] += 1
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


class FakeService:
    """delay: seconds before each event. The models seem to load until `loaded` is set; they could
    not be loaded where `failure` is. folder: of a service before this one.
    """

    def __init__(self, delay: float = 0.0, loaded: bool = True, folder: Path | None = None) -> None:
        self.folder = folder or Path(tempfile.mkdtemp(prefix="fake-service-"))
        self.knowledge = FakeKnowledge(self.folder)
        self.delay = delay
        self.failure: SupportError | None = None
        self.loaded = threading.Event()
        if loaded:
            self.loaded.set()
        self.turns: list[UserTurn] = []
        self.turn_ids: list[str] = []  # of finished replies
        self.store = Store(f"sqlite:///{self.folder / 'turns.sqlite'}")
        self.before = len(list(self.store.turns()))  # turns of the one before
        self.keeper = Keeper(self.store, Journal(self.folder / "turns.journal"))
        self.desk = self.keeper.desk
        self.archive = Archive(self.keeper, self.folder / "media")
        self._signatures = signatures_in(self.folder)
        self.accounts = Accounts(self.store, self._signatures)
        self.provider = None
        self.insights = Insights(self.store, counts, lambda base: [], self._titles)
        self.expected: list[str | None] = []  # the languages that listen was told of
        self.ratings: list[tuple[str, str, str]] = []
        self.closed = threading.Event()

    def _titles(self, base: str) -> dict[str, str]:
        return {entry.id: entry.title for entry in self.knowledge.bases.get(base, ())}

    def status(self) -> Status:
        if not self.loaded.is_set():
            return Status(False, "Models are still loading")
        if self.failure is not None:
            return Status(False, str(self.failure), failed=True)
        return Status(True, "Ready", "CPU without bfloat16 instructions, float32")

    def search(self, turn: UserTurn, limit: int = 5) -> list[Hit]:
        return self.knowledge.search(turn, limit)

    def speak(self, text: str) -> list[Audio]:
        return [Audio(tone(440, SENTENCE), RATE) for _ in range(text.count("."))]

    def draft(self, conversation: str) -> str:
        past = self.store.past(conversation)
        entries = self.knowledge.entries(past[-1].knowledge) if past else ()
        found = find(entries, UserTurn(past[-1].text), None, 1) if past else []
        return found[0].entry.answer if found else ""

    def transcribe(self, audio: Any) -> Transcript:
        return hear(audio)

    def listen(self, previous: str | None = None, knowledge: str = "") -> LiveTurn:
        self.expected.append(previous)
        return LiveTurn(FakeEar(), FakeEar(), previous=previous)

    def describe(self, image: Any, labels: Sequence[str] | None = None) -> ImageView:
        load_photo(image)
        chosen = tuple(Label(name, 1 / len(labels)) for name in labels) if labels else SEEN.labels
        hits = self.knowledge.search(UserTurn(image=image, knowledge="smart-home"), 1)
        return ImageView(chosen, SEEN.text, tuple(hits))

    def feedback(self, turn_id: str, rating: str, comment: str = "") -> None:
        check_feedback(rating, comment)
        if turn_id not in self.turn_ids:
            raise no_such_turn()
        self.ratings.append((turn_id, rating, comment))

    def audited(self, limit: int = 200, subject: str = "") -> tuple[Audited, ...]:
        return audited(self.store, limit, subject)

    def note(self, who: str, what: str, subject: str, detail: str = "") -> None:
        with self.store.writing() as session:
            note(session, who, what, subject, detail)

    def holder(self, session: str) -> Holder:
        return self.desk.holder(session)

    def visit(self, token: str = "", customer: str = "") -> Visit:
        return Visit(self, self._signatures, token, customer)

    def visit_of(self, customer: str) -> Visit:
        return self.visit(self._signatures.token_of(customer))

    def session_of(self, turn_id: str) -> str:
        return self.store.session_of(turn_id)

    def messages(self, session: str, since: int = 0) -> tuple[Message, ...]:
        return self.desk.messages(checked_session(session), since)

    def conversation(self, session: str) -> tuple[KeptTurn | Message, ...]:
        return self.desk.transcript(checked_session(session))

    def reply(self, turn: UserTurn) -> Generator[Event, None, None]:
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
        check_turn(turn)
        session_id = self.keeper.current(checked_session(turn.session_id))
        if not self.loaded.is_set():
            yield Working("load", "Models are still loading")
            self.loaded.wait()
        if self.failure is not None:
            raise self.failure
        entries, heard, seen = self.knowledge.entries(turn.knowledge), None, None
        if turn.audio is not None:
            yield Working("listen", "Listening")
            heard = turn.heard or self.transcribe(turn.audio)
            yield Heard(heard)
        if turn.photos:
            yield Working("look", "Looking at the photo")
            seen = self.describe(turn.photos[0])
            yield Saw(seen)
        if self.desk.owner(session_id) != "assistant":
            said = self.store.past(session_id, 1)[-1].reason == self.desk.owner(session_id)
            waiting = Reply("" if said else WAITING, "handoff", transcript=heard, image=seen)
            yield from self._say(turn, waiting, session_id)
            return
        if not (turn.text.strip() or seen or (heard and heard.text)):
            yield from self._say(turn, Reply(SILENCE, "clarify", transcript=heard), session_id)
            return
        yield Working("search", "Searching")
        hits, fusion = tuple(find(entries, turn, heard, 5)), weigh(turn, heard)
        yield Found(hits, fusion)
        text, action = compose(turn, hits)
        named = hits if action == "clarify" else ()
        choices = tuple(hit.entry.title for hit in named)
        reply = Reply(text, action, choices=choices, transcript=heard, image=seen, fusion=fusion)
        yield from self._say(turn, cite(reply, hits), session_id, hits)

    def _say(
        self, turn: UserTurn, reply: Reply, session_id: str, hits: tuple[Hit, ...] = ()
    ) -> Iterator[Event]:
        """The reply in pieces of a few words, then as a whole."""
        sounds = []
        for piece in re.findall(r"(?:\S+\s*){1,4}", reply.text):
            yield Said(piece)
            if turn.speak and "." in piece:
                sounds.append(tone(440, SENTENCE))
                yield Spoken(Audio(sounds[-1], RATE))
        self.turn_ids.append(f"turn-{self.before + len(self.turn_ids) + 1}")
        whole = replace(
            reply,
            audio=Audio(np.concatenate(sounds), RATE) if sounds else None,
            timings={"total": 12.0},
            session_id=session_id,
            turn_id=self.turn_ids[-1],
            language=turn.language or "en",
            confidence=1.0,
        )
        owner = self.desk.owner(session_id)
        record = record_of(turn, whole, hits)
        if owner != "assistant":
            record["reason"] = owner
        self.keeper.keep(record, f"Customer: {turn.text}", owner)
        yield Finished(whole)


def record_of(turn: UserTurn, reply: Reply, hits: tuple[Hit, ...]) -> dict[str, Any]:
    """The columns of a kept turn."""
    values = as_json.reply_dict(reply)
    return {
        "id": reply.turn_id,
        "session_id": reply.session_id,
        "created": datetime.now(UTC),
        "knowledge": turn.knowledge,
        "text": turn.text,
        "transcript": values["transcript"],
        "image": values["image"],
        "hits": [as_json.hit_dict(hit) for hit in hits],
        "reply": reply.text,
        "action": reply.action,
        "reason": "asked" if reply.text == HANDOFF else "",
        "confidence": 1.0,
        "citations": [citation.entry_id for citation in reply.citations],
        "asked_about": [],
        "intent": reply.intent.name if reply.intent else "",
        "fusion": values["fusion"],
        "timings": values["timings_ms"],
    }


def cite(reply: Reply, hits: tuple[Hit, ...]) -> Reply:
    """The reply with the sources that its text names by number, and their pictures."""
    named = [(n, hit.entry) for n, hit in enumerate(hits, 1) if f"[{n}]" in reply.text]
    return replace(
        reply,
        citations=tuple(Citation(n, e.id, e.title, e.source, e.answer[:80]) for n, e in named),
        pictures=tuple(dict.fromkeys(picture for _, e in named for picture in e.pictures)),
        intent=Intent(hits[0].entry.intent, 0.88) if hits and hits[0].entry.intent else None,
    )


def weigh(turn: UserTurn, heard: Transcript | None) -> Fusion:
    """Every modality that says something weighs the same."""
    said = {
        "text": turn.text.strip(),
        "speech": heard and heard.text,
        "photo": turn.photos,
        "photo_text": turn.photos,
    }
    present = [name for name, content in said.items() if content]
    return Fusion("weighted-sum", {name: 1 / len(present) for name in present})


def compose(turn: UserTurn, hits: tuple[Hit, ...]) -> tuple[str, Action]:
    if "person" in words(turn.text) or "人工" in turn.text:
        return HANDOFF, "handoff"
    if not hits:
        return REFUSAL, "refuse"
    if "which" in words(turn.text) and len(hits) > 1:
        return WHICH, "clarify"
    sentences = re.split(r"(?<=\.) ", hits[0].entry.answer)
    return " ".join(f"{sentence} [1]" for sentence in sentences), "answer"


def tone(hertz: float, seconds: float, rate: int = RATE) -> np.ndarray:
    wave_form = np.sin(2 * np.pi * hertz * np.arange(int(seconds * rate)) / rate)
    return (0.2 * wave_form).astype(np.float32)


def write_wav(path: Path, seconds: float, rate: int = RATE) -> Path:
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, rate, 0, "NONE", ""))
        file.writeframes((tone(440, seconds, rate) * 32767).astype("<i2").tobytes())
    return path


def main() -> None:
    from demo.ui import build_demo, launch_options

    service = FakeService(delay=0.06, loaded=False)
    threading.Timer(4.0, service.loaded.set).start()
    build_demo(service, open_workshop=True, desk_key="key").launch(**launch_options())


if __name__ == "__main__":
    main()
