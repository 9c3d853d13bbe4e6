"""The values that travel through the assistant, in the order in which they appear.

    UserTurn -> Transcript, ImageView -> FusedQuery -> Hit -> Reply

All are frozen. Nothing here knows a model, a file format or a user interface.
"""

from __future__ import annotations

import io
import re
import wave
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from pathlib import Path
from typing import Any, Literal

import numpy as np
from PIL import Image

Action = Literal["answer", "clarify", "refuse", "handoff"]
Owner = Literal["assistant", "waiting", "person", "closed"]  # of a conversation
# how a conversation ended, as the person says who closes it
Outcome = Literal["solved", "not_solved", "abandoned", "spam"]
Kind = Literal["text", "number", "date", "choice", "identifier"]  # of what an action asks for
Modality = Literal["text", "speech", "photo", "photo_text"]
MODALITIES: tuple[Modality, ...] = ("text", "speech", "photo", "photo_text")
SAMPLE_RATE = 16_000  # Hz, every waveform after inputs/
MAX_TEXT = 4_000  # characters of a message
SAID = frozenset({"text", "speech"})  # modalities in a customer's words
MAX_PHOTOS = 4  # of a message
MAX_PHOTO_LINES = 12  # lines read in a photo that stand for a question
MAX_PHOTO_TEXT = 300  # characters of what a photo says that are searched for; more says less

Encode = Callable[[Sequence[str]], np.ndarray]  # n texts -> (n, d_text) float32, unit rows
# the same; what is asked is encoded as "query", what is searched as "passage"
EncodeKind = Callable[[Sequence[str], Literal["query", "passage"]], np.ndarray]
Photo = str | Path | Image.Image


# -- input ---------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class UserTurn:
    """One message of a customer: any mix of text, photo and recording.

    image: path or PIL image, or several of one matter. audio: path or (sample_rate in Hz, samples
    (n,) or (n, channels)). knowledge: name of the knowledge base to answer from. session_id ties
    turns together. speak: whether a spoken reply is wanted. heard: what the recording says, where
    it was transcribed while it was spoken (SupportService.listen), which is not done again then.
    customer: who is signed in, as the site says, never the customer (desk/visits.py).
    earlier: what was said before, oldest first, where the customer's side knows that better than
    what is kept of the session. unheard: what they had not heard yet of the spoken reply before,
    when they interrupted it. language: of the page, for words that tell none ("E24").
    """

    text: str = ""
    image: Photo | Sequence[Photo] | None = None
    audio: str | Path | tuple[int, np.ndarray] | None = None
    knowledge: str = "shopping"
    session_id: str | None = None
    speak: bool = False
    heard: Transcript | None = None
    customer: str = ""
    earlier: tuple[Past, ...] = ()
    unheard: str = ""
    language: str = ""

    @property
    def photos(self) -> tuple[Photo, ...]:
        if self.image is None:
            return ()
        if isinstance(self.image, str | Path | Image.Image):
            return (self.image,)
        return tuple(self.image)


@dataclass(frozen=True, eq=False)
class Audio:
    """Sound that is ready to play. samples: (n,) float32 in -1..1; rate in Hz."""

    samples: np.ndarray
    rate: int

    @property
    def seconds(self) -> float:
        return len(self.samples) / self.rate

    def wav(self) -> bytes:
        """A WAV file's content, 16 bits, mono; samples beyond -1..1 are clipped."""
        content = io.BytesIO()
        with wave.open(content, "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(self.rate)
            file.writeframes((np.clip(self.samples, -1, 1) * 32767).round().astype("<i2").tobytes())
        return content.getvalue()

    def save(self, path: Path) -> None:
        Path(path).write_bytes(self.wav())


# -- encoding ------------------------------------------------------------------------------


@dataclass(frozen=True)
class Segment:
    """A stretch of a transcript. start, end in seconds; confidence in 0..1."""

    start: float
    end: float
    text: str
    confidence: float = 1.0


@dataclass(frozen=True)
class Transcript:
    """What was heard. text is empty where nobody spoke. language: ISO 639-1. confidence in 0..1."""

    text: str
    language: str = "en"
    confidence: float = 0.0
    segments: tuple[Segment, ...] = ()


@dataclass(frozen=True)
class Label:
    """A word for a photo and its probability among the words that were offered."""

    name: str
    probability: float


@dataclass(frozen=True)
class TextLine:
    """A line read in a photo. box: (left, top, right, bottom), as fractions of width and height."""

    text: str
    confidence: float
    box: tuple[float, float, float, float] = (0.0, 0.0, 1.0, 1.0)


@dataclass(frozen=True)
class ImageView:
    """What was seen: labels best first, lines in reading order, similar entries."""

    labels: tuple[Label, ...] = ()
    text: tuple[TextLine, ...] = ()
    matches: tuple[Hit, ...] = ()

    @property
    def sure(self) -> bool:
        """Whether the first label is likelier than everything else together."""
        return bool(self.labels) and self.labels[0].probability >= 0.5


# -- the question, and what was said before -----------------------------------------------


@dataclass(frozen=True)
class Question:
    """What a customer asks: words typed, words heard and how likely those are right, lines read in
    the photo, words for what it shows, and the photo. language: ISO 639-1, what the assistant's own
    sentences are said in. context: the words of the turn before, where it leans on that.
    """

    typed: str = ""
    heard: str = ""
    heard_right: float = 1.0
    read_in_photo: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    # for a language model that sees
    photo: Image.Image | None = field(default=None, compare=False, repr=False)
    language: str = "en"
    context: str = ""

    @property
    def asked(self) -> str:
        """What was typed and heard, as one text."""
        return " ".join(filter(None, (self.typed.strip(), self.heard.strip())))

    @property
    def words(self) -> str:
        """All that was asked in words; what the photo shows where nothing was."""
        return self.asked or " ".join([*self.read_in_photo[:MAX_PHOTO_LINES], *self.labels[:1]])

    @property
    def by_modality(self) -> dict[str, str]:
        """Modality -> what it says in words; those that say nothing are left out."""
        read = " ".join(self.read_in_photo)[:MAX_PHOTO_TEXT]
        worded = {"text": self.typed, "speech": self.heard, "photo_text": read}
        return {name: words for name, words in worded.items() if words.strip()}


@dataclass(frozen=True)
class Pending:
    """An action that waits for the customer: for a parameter's value, or for yes or no (asks "").

    values: what is known already; offered: values of which one is to be chosen. key: this very run
    of the action; since: when it was begun, in seconds. tries: how often in vain the same was
    asked. aside: something else was asked meanwhile.
    """

    action: str
    key: str
    since: float
    asks: str = ""
    values: Mapping[str, str] = field(default_factory=dict)
    offered: Sequence[str] = ()
    language: str = "en"
    tries: int = 0
    aside: bool = False


@dataclass(frozen=True)
class Past:
    """What a later turn needs to know of an earlier one of its session.

    citations: ids of entries. topic: title of the first one, unless it was refused. asked_about:
    titles that a question back named. read: lines read in its photo. shown: title of what its photo
    showed, where the words beside it were answered elsewhere. pending: an action that waits for the
    next turn. unheard: the end of a spoken reply that was interrupted.
    """

    text: str
    reply: str
    action: Action
    citations: tuple[str, ...] = ()
    reason: str = ""
    knowledge: str = ""
    topic: str = ""
    asked_about: tuple[str, ...] = ()
    read: tuple[str, ...] = ()
    shown: str = ""
    language: str | None = None  # of what was heard
    pending: Pending | None = None
    unheard: str = ""

    @property
    def words(self) -> str:
        return " ".join((self.text, *self.read)).strip()

    @property
    def matter(self) -> str:
        """What was said and read, and what it was said of."""
        return f"{self.words} {self.shown}".strip()

    @property
    def answered_from(self) -> tuple[str, ...]:
        """Ids of the entries that answered it; none where it was not answered."""
        return self.citations if self.action == "answer" else ()

    @property
    def told(self) -> tuple[str, ...]:
        """Ids of the entries that it may have been about: those quoted, but not what only came
        closest to a question that was refused.
        """
        return () if self.action == "refuse" else self.citations


# -- fusion --------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Token:
    """One modality of a turn: its unit vector, and how sure its encoder is (0..1)."""

    modality: str
    vector: np.ndarray
    confidence: float = 1.0


@dataclass(frozen=True, eq=False)
class FusedQuery:
    """A turn as vectors in the two spaces in which entries lie.

    text: (d_text,) float32, or None where no modality speaks in words.
    picture: (d_picture,) float32, or None where there is no photo.
    parts: modality -> what it put in; text is the sum of the three that speak in words, picture is
        the photo's. So an entry's score, linear in them, can be told apart by modality.
    weights: modality -> its share, for those present; they add up to 1.
    """

    text: np.ndarray | None
    picture: np.ndarray | None
    parts: dict[str, np.ndarray]
    weights: dict[str, float]
    strategy: str = "weighted-sum"

    def without(self, modality: str) -> FusedQuery:
        """The query without one modality that speaks in words; the others share its weight."""
        scale = 1 / (1 - self.weights[modality])
        parts = {name: scale * part for name, part in self.parts.items() if name != modality}
        worded = [part for name, part in parts.items() if name != "photo"]
        return replace(
            self,
            text=sum(worded) if worded else None,
            picture=parts.get("photo"),
            parts=parts,
            weights={
                name: scale * share for name, share in self.weights.items() if name != modality
            },
        )

    def beside(self, modality: str, vector: np.ndarray, weight: float) -> FusedQuery:
        """The query with one more modality that speaks in words; the others keep 1 - weight.

        vector: (d_text,) unit.
        """
        keep, part = 1 - weight, weight * vector
        return replace(
            self,
            text=part if self.text is None else keep * self.text + part,
            picture=None if self.picture is None else keep * self.picture,
            parts={**{name: keep * own for name, own in self.parts.items()}, modality: part},
            weights={
                **{name: keep * share for name, share in self.weights.items()},
                modality: weight,
            },
        )


# -- retrieval -----------------------------------------------------------------------------


@dataclass(frozen=True)
class Entry:
    """One piece of the company's knowledge.

    questions: ways in which customers ask for it. pictures: files kept under the data folder.
    source: where it came from (file and line, or file and heading), shown to people.
    human_only: a person must handle it, the assistant only hands over. document: id of the document
    that it is a passage of; a row of questions and answers is a document of its own. declaration:
    of the action that it stands for, as JSON (knowledge/declarations.py). section: the
    headings above it, joined by " > ". page: of the document, from 1. language: as the source names
    it, e.g. "de". valid_from, valid_until: first and last day on which it holds. updated: the day
    on which the source says it was last changed. tags: other words that it is found by, not shown.
    """

    id: str
    title: str
    answer: str
    questions: tuple[str, ...] = ()
    intent: str = ""
    pictures: tuple[Path, ...] = ()
    source: str = ""
    human_only: bool = False
    document: str = ""
    section: str = ""
    url: str = ""
    page: int | None = None
    language: str = ""
    valid_from: date | None = None
    valid_until: date | None = None
    updated: date | None = None
    declaration: str = ""
    tags: tuple[str, ...] = ()

    def holds_on(self, day: date) -> bool:
        return (self.valid_from or day) <= day <= (self.valid_until or day)

    @property
    def text(self) -> str:
        """All that it says or is found by."""
        return " ".join((self.title, *self.questions, self.answer, *self.tags))

    def titled(self, sentence: str) -> str:
        """A sentence of the answer under the title: "It costs 5 euros." alone is about nothing."""
        return f"{self.title}: {sentence}" if self.title else sentence


def of_one_document(entry: Entry, other: Entry) -> bool:
    """Whether both are passages of one document."""
    return bool(entry.document) and entry.document == other.document


@dataclass(frozen=True)
class Hit:
    """An entry that was found. score in 0..1; by: modality -> its part of the score; says: how
    likely a sentence of it answers the words beside a photo, 0..1.
    """

    entry: Entry
    score: float
    by: dict[str, float] = field(default_factory=dict)
    says: float = 0.0


Remark = tuple[str, int, str]  # file, line (0: the whole file), reason


@dataclass(frozen=True)
class IngestReport:
    """What an ingest did.

    skipped: what could not be read, or only in part. warnings: what was read and looks odd.
    mapping: how columns were understood, a sentence a file. documents, pictures: how many.
    """

    entries: int
    skipped: list[Remark]
    seconds: float
    documents: int = 0
    pictures: int = 0
    warnings: list[Remark] = field(default_factory=list)
    mapping: list[str] = field(default_factory=list)

    def counts(self) -> str:
        """What was made of it, in words."""
        documents = "document" if self.documents == 1 else "documents"
        entries = "entry" if self.entries == 1 else "entries"
        pictures = "picture" if self.pictures == 1 else "pictures"
        made = f"{self.documents} {documents}, {self.entries} {entries}, {self.pictures} {pictures}"
        return f"{made} in {self.seconds:.1f} s"

    def summary(self) -> str:
        """One page of plain text for people."""
        return "\n".join([f"{self.counts()}.", *self.mapping, *self.remarks()])

    def remarks(self) -> list[str]:
        """What was left out and what looks odd, a line a kind."""
        lines = []
        for name, remarks in (("Left out", self.skipped), ("Looks odd", self.warnings)):
            lines += [f"{name}: {len(remarks)}"] if remarks else []
            lines += [f"  {_group_line(group)}" for group in grouped(remarks)]
        return lines


def grouped(remarks: Sequence[Remark], places: int = 3) -> list[dict[str, Any]]:
    """Remarks of one kind as one: reason, count and the first places ("faq.csv:3"), most first.

    Two reasons are of one kind where only their numbers and quoted names differ.
    """
    kinds: dict[str, list[Remark]] = {}
    for remark in remarks:
        kinds.setdefault(_VARIABLE.sub("*", remark[2]), []).append(remark)
    ordered = sorted(kinds.values(), key=len, reverse=True)
    return [
        {
            "reason": _reason_of(group),
            "count": len(group),
            "places": _places_of(group)[:places],
        }
        for group in ordered
    ]


def _places_of(group: Sequence[Remark]) -> list[str]:
    """Where the remarks belong, each place once."""
    return list(dict.fromkeys(f"{file}:{line}" if line else file for file, line, _ in group))


def _reason_of(group: Sequence[Remark]) -> str:
    """The first reason of a kind, with the names that the others quote beside its own."""
    quotes = (_QUOTED.search(reason) for _, _, reason in group)
    names = list(dict.fromkeys(quote[0] for quote in quotes if quote))
    reason = group[0][2]
    if len(names) < 2:
        return reason
    more = f" and {len(names) - MAX_NAMED} more" if len(names) > MAX_NAMED else ""
    return reason.replace(names[0], ", ".join(names[:MAX_NAMED]) + more, 1)


MAX_NAMED = 5  # names that remarks of one kind quote
_QUOTED = re.compile(r"(?<!\w)'(?:[^']|'(?=\w))*'(?!\w)")
_VARIABLE = re.compile(r"'[^']*'|\"[^\"]*\"|\d+")


def _group_line(group: dict[str, Any]) -> str:
    times = f"{group['count']} times, first in" if group["count"] != 1 else "in"
    return f"{group['reason']} ({times} {', '.join(group['places'])})"


@dataclass(frozen=True)
class KnowledgeBase:
    """A knowledge base as listed: its name, number of entries and number of pictures.

    own: whether it was ingested by the people who run the service; False for a pack. note: a
    sentence for them, "" where there is nothing to say.
    """

    name: str
    entries: int
    pictures: int
    own: bool = True
    note: str = ""


@dataclass(frozen=True)
class Sureness:
    """How sure the answers of a base are, by what its own questions find when each is asked as if
    nobody had written it down. threshold: confidence from which on it is answered. questions: how
    many were asked; found: share of them whose entry came first. curve: (threshold, share of them
    answered, share of the answers that are right), by rising threshold.
    """

    threshold: float
    questions: int
    found: float
    curve: tuple[tuple[float, float, float], ...]


# -- decoding ------------------------------------------------------------------------------


@dataclass(frozen=True)
class Citation:
    """The number in the reply's text, e.g. [1], and the entry that it stands for."""

    number: int
    entry_id: str
    title: str
    source: str
    snippet: str


@dataclass(frozen=True)
class Intent:
    """What the customer wants, and how sure the assistant is of it (0..1)."""

    name: str
    confidence: float


@dataclass(frozen=True)
class Fusion:
    """How the modalities were weighed for this reply; the weights add up to 1."""

    strategy: str
    weights: dict[str, float]


@dataclass(frozen=True)
class FormField:
    """What an action asks for, for whoever would rather fill it in. example: of a value."""

    name: str
    type: Kind
    label: str
    example: str = ""


@dataclass(frozen=True, eq=False)
class Reply:
    """A finished answer. timings: milliseconds by step; action says what kind of reply it is.
    choices: names of the entries that a question back names, or what else may be tapped. form:
    what an action asks for. pending: the action that waits for the next turn. language:
    ISO 639-1, what the assistant's own sentences are said in. confidence: how likely the evidence
    suffices (0..1), None where nothing was decided.
    """

    text: str
    action: Action
    citations: tuple[Citation, ...] = ()
    pictures: tuple[Path, ...] = ()
    choices: tuple[str, ...] = ()
    audio: Audio | None = None
    transcript: Transcript | None = None
    image: ImageView | None = None
    intent: Intent | None = None
    fusion: Fusion | None = None
    timings: dict[str, float] = field(default_factory=dict)
    session_id: str = ""
    turn_id: str = ""
    form: FormField | None = None
    pending: Pending | None = None
    language: str = ""
    confidence: float | None = None


@dataclass(frozen=True)
class Message:
    """What a person wrote to a customer. number: grows with every message of all conversations."""

    number: int
    author: str
    text: str
    created: datetime


@dataclass(frozen=True)
class KeptTurn:
    """A question and its reply as they were stored. image: what was understood of the photo, never
    the photo itself; citations: ids of entries.
    """

    id: str
    session_id: str
    created: datetime
    knowledge: str
    text: str
    transcript: Transcript | None
    image: ImageView | None
    hits: tuple[Hit, ...]
    fusion: Fusion | None
    reply: str
    action: Action
    citations: tuple[str, ...] = ()


@dataclass(frozen=True)
class Holder:
    """Whose a conversation is. agent: the person who has it, or had it last; minutes: about how
    long it still waits, None where it does not or nobody can tell; late: whether it waits longer
    than the settings allow; typing: whether the person does; turns: how many it has while it is at
    the desk; score: from 1 to 5, how the customer rated it once it was closed.
    """

    owner: Owner = "assistant"
    agent: str = ""
    minutes: int | None = None
    typing: bool = False
    turns: int = 0
    score: int | None = None
    late: bool = False


@dataclass(frozen=True)
class Change:
    """A conversation changed hands. who: made it; why: of one that was closed, its outcome."""

    created: datetime
    owner: Owner
    who: str
    why: str


@dataclass(frozen=True)
class Case:
    """A conversation that waits for a person or is with one. since: when it changed hands; reason
    and summary: of its latest hand-over; knowledge, language, led: base, language and words of the
    turn that led to it.
    unanswered: whether the customer wrote last; typing: whether they write; snoozed: until when it
    is put off, None where it is not; danger: whether it was handed over for somebody's safety.
    """

    conversation: str
    holder: Holder
    since: datetime
    reason: str
    summary: str
    knowledge: str = ""
    led: str = ""
    unanswered: bool = True
    typing: bool = False
    snoozed: datetime | None = None
    danger: bool = False
    language: str = ""


@dataclass(frozen=True)
class CaseMatch:
    """A conversation that a search found. who: customer, assistant, person or note, whose line is
    shown; author: of what a person wrote; marks: from and to which character of the line stands
    what was looked for; last: when somebody said something.
    """

    case: Case
    who: Literal["customer", "assistant", "person", "note"]
    author: str
    line: str
    marks: tuple[tuple[int, int], ...]
    last: datetime


@dataclass(frozen=True)
class Status:
    """Whether the service can answer yet, or never will. message and device are sentences for
    people. degraded: it answers, but not as well as it should; message says how.
    """

    ready: bool
    message: str
    device: str = ""
    failed: bool = False
    degraded: bool = False


# -- events of SupportService.reply, in the order in which they are sent --------------------


@dataclass(frozen=True)
class Working:
    """A step has begun; message is for people ("Listening...", "Models are still loading"). share:
    0..1 of it that is done, where that is known.
    """

    step: str
    message: str
    share: float | None = None


@dataclass(frozen=True)
class Heard:
    transcript: Transcript


@dataclass(frozen=True)
class Saw:
    image: ImageView


@dataclass(frozen=True)
class Found:
    """What the fused query found, best first, and how the modalities were weighed. It comes again
    where the reply cites things in another order: a citation's number is the place of its entry.
    """

    hits: tuple[Hit, ...]
    fusion: Fusion


@dataclass(frozen=True)
class Said:
    """The next piece of the reply's text. All pieces joined are Reply.text, unless a person took
    the conversation over meanwhile: then Reply.text says that.
    """

    text: str


@dataclass(frozen=True, eq=False)
class Spoken:
    """The next piece of the spoken reply. text: the sentence that it is a part of."""

    audio: Audio
    text: str = ""


@dataclass(frozen=True, eq=False)
class Finished:
    """The last event."""

    reply: Reply


Event = Working | Heard | Saw | Found | Said | Spoken | Finished
