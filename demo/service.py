"""What the page needs of a service, as Protocols: SupportService is one, a fake in tests another.

tests/test_service_contract.py holds both to it. Knows no model and nothing of Gradio.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from mm_support.desk.accounts import Account, Person
from mm_support.types import (
    Case,
    Entry,
    Event,
    Hit,
    Holder,
    ImageView,
    IngestReport,
    KeptTurn,
    KnowledgeBase,
    Message,
    Status,
    Sureness,
    Transcript,
    UserTurn,
)

Progress = Callable[[int, int, str], None]  # entries done, entries in all, what is going on


class Partial(Protocol):
    """What is known of a turn while it is spoken. ended: it is over, the transcript final."""

    @property
    def transcript(self) -> Transcript: ...

    @property
    def speaking(self) -> bool: ...

    @property
    def ended(self) -> bool: ...


class Interjection(Protocol):
    """What came while the assistant speaks. speaking: the voice should wait; stops: it is over."""

    @property
    def speaking(self) -> bool: ...

    @property
    def stops(self) -> bool: ...


class LiveTurn(Protocol):
    """One spoken turn. rate in Hz; samples (n,) or (n, channels), integers or floats."""

    def add(self, rate: int, samples: np.ndarray) -> Partial: ...

    def interject(self, rate: int, samples: np.ndarray, said: str = "") -> Interjection: ...

    def finish(self) -> Transcript: ...

    def recording(self) -> tuple[int, np.ndarray]: ...


class Knowledge(Protocol):
    """All knowledge bases. Unknown names raise KnowledgeError."""

    def list(self) -> Sequence[KnowledgeBase]: ...

    def entries(self, name: str) -> Sequence[Entry]: ...

    def search(self, turn: UserTurn, limit: int = 5) -> Sequence[Hit]: ...

    def ingest(self, name: str, path: Path, progress: Progress | None = None) -> IngestReport: ...

    def edit(self, name: str, entry: Entry) -> None: ...

    def remove(self, name: str, entry_id: str | None = None) -> None: ...

    def undo(self, name: str) -> None: ...

    def sureness(self, name: str) -> Sureness | None: ...


class Agents(Protocol):
    """What people do who take conversations over. agent: the name of who does it."""

    def open(self) -> Sequence[Case]: ...

    def holder(self, conversation: str) -> Holder: ...

    def transcript(
        self, conversation: str, reveal: bool = False
    ) -> Sequence[KeptTurn | Message]: ...

    def take(self, conversation: str, agent: str) -> None: ...

    def say(self, conversation: str, agent: str, text: str) -> Message: ...

    def note(self, conversation: str, agent: str, text: str) -> None: ...

    def notes(self, conversation: str) -> Sequence[Message]: ...

    def snooze(self, conversation: str, agent: str, minutes: float) -> None: ...

    def agent_types(self, conversation: str, agent: str) -> None: ...

    def give_back(self, conversation: str, agent: str, why: str = "") -> None: ...

    def close(self, conversation: str, agent: str, why: str = "") -> None: ...


class Accounts(Protocol):
    """The people who work here, and who is signed in. who: of whom the audit log says it."""

    def list(self) -> Sequence[Account]: ...

    def knows(self, name: str) -> bool: ...

    def add(self, name: str, role: str, password: str, who: str) -> None: ...

    def remove(self, name: str, who: str) -> None: ...

    def set_password(self, name: str, password: str, who: str) -> None: ...

    def sign_in(self, name: str, password: str) -> str: ...

    def sign_out(self, token: str) -> None: ...

    def who(self, token: str) -> Person: ...


class Insights(Protocol):
    """How well customers are helped, of the last days."""

    def figures(self, days: int) -> Sequence[Any]: ...

    def first_answer(self, days: int) -> float | None: ...

    def gaps(self, days: int) -> Sequence[Any]: ...

    def disliked(self, days: int) -> Sequence[Any]: ...

    def csv(self, what: str, days: int) -> str: ...


class Visit(Protocol):
    """The service as one visitor may use it. token: what opens it again.

    A conversation or a turn of somebody else raises SupportError.
    """

    @property
    def token(self) -> str: ...

    def reply(self, turn: UserTurn) -> Generator[Event, None, None]: ...

    def feedback(self, turn_id: str, rating: str, comment: str = "") -> None: ...

    def holder(self, session: str) -> Holder: ...

    def messages(self, session: str, since: int = 0) -> Sequence[Message]: ...

    def conversation(self, session: str) -> Sequence[KeptTurn | Message]: ...

    def types(self, session: str) -> None: ...

    def forget(self) -> int: ...

    def export(self) -> dict[str, Any]: ...


class Service(Protocol):
    """A support service. What cannot be used raises SupportError with a sentence for people."""

    @property
    def knowledge(self) -> Knowledge: ...

    @property
    def desk(self) -> Agents: ...

    @property
    def accounts(self) -> Accounts: ...

    @property
    def insights(self) -> Insights: ...

    def audited(self, limit: int = 200) -> Sequence[Any]: ...

    def note(self, who: str, what: str, subject: str, detail: str = "") -> None: ...

    def status(self) -> Status: ...

    def visit(self, token: str = "", customer: str = "") -> Visit: ...

    def search(self, turn: UserTurn, limit: int = 5) -> Sequence[Hit]: ...

    def transcribe(self, audio: str | Path | tuple[int, np.ndarray]) -> Transcript: ...

    def listen(self, previous: str | None = None, knowledge: str = "") -> LiveTurn: ...

    def describe(self, image: str | Path, labels: Sequence[str] | None = None) -> ImageView: ...
