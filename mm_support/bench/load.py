"""Many visitors at once, each with a conversation of typed turns, some of them spoken or with a
photo, on a running app or on a service in this process: how long they wait, what fails, and
whether somebody is told what is another's.

Each conversation is held once alone before; under load the same words must come. Turns on a running
app are erased at the end.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from mm_support.bench.askers import BUSY, Answer, AppAsker, Asker, Seat, ServiceAsker
from mm_support.bench.cost import memory_mb
from mm_support.config import Settings
from mm_support.errors import BusyError, InputError, SupportError
from mm_support.paths import EXAMPLES, PACKS
from mm_support.types import UserTurn

SCRIPTS = 8  # different conversations, which the visitors share
TRIES = 5  # of a turn that is refused for want of room
SHARES = (50, 95, 99)  # percentiles that are printed


@dataclass
class Figures:
    """What was counted; several threads add to it."""

    answers: list[tuple[str, Answer]] = field(default_factory=list)  # with the turns' kinds
    refusals: list[float] = field(default_factory=list)  # seconds until it was known
    errors: Counter[str] = field(default_factory=Counter)
    crossed: int = 0  # replies in a conversation of another visitor
    different: int = 0  # replies in other words than the same conversation had alone
    seconds: float = 0.0
    memory: list[float] = field(default_factory=list)  # MB, after each conversation

    def as_dict(self) -> dict[str, Any]:
        memory = self.memory and (self.memory[0], max(self.memory), self.memory[-1])
        return {
            "turns": len(self.answers),
            "turns_a_second": round(len(self.answers) / max(self.seconds, 1e-9), 2),
            **waits(answer for _, answer in self.answers),
            "by_kind": self._by_kind(),
            "refused": len(self.refusals),
            "refused_after_s": shares(self.refusals),
            "errors": dict(self.errors),
            "crossed": self.crossed,
            "different": self.different,
            "memory_mb": [round(size) for size in memory],
        }

    def _by_kind(self) -> dict[str, dict[str, Any]]:
        """Empty where all turns are of one kind."""
        counts = Counter(kind for kind, _ in self.answers)
        return {
            kind: {"turns": count, **waits(each for own, each in self.answers if own == kind)}
            for kind, count in sorted(counts.items())
            if len(counts) > 1
        }


def waits(answers: Iterable[Answer]) -> dict[str, dict[str, float]]:
    """How long they took."""
    known = list(answers)
    return {
        "first_words_s": shares([answer.first for answer in known]),
        "whole_reply_s": shares([answer.whole for answer in known]),
    }


def shares(seconds: Sequence[float]) -> dict[str, float]:
    """Percentiles; empty where there is nothing."""
    if not seconds:
        return {}
    return {f"p{share}": round(float(np.percentile(seconds, share)), 3) for share in SHARES}


class Load:
    """scripts: conversations, each a list of turns, held once alone before. memory: tells the
    MB of what is under load.
    """

    def __init__(
        self,
        asker: Asker,
        scripts: Sequence[Sequence[UserTurn]],
        memory: Callable[[], float] | None = None,
    ) -> None:
        self._asker, self._memory = asker, memory
        self._figures, self._lock = Figures(), threading.Lock()
        self._scripts = [[*zip(script, self._alone(script))] for script in scripts]

    def run(self, visitors: int, seconds: float) -> Figures:
        """All visitors begin at once; each holds conversations for `seconds`, at least one
        whole.
        """
        start, began = threading.Barrier(visitors), time.monotonic()
        self._measure_memory()
        with ThreadPoolExecutor(visitors) as pool:
            list(pool.map(lambda n: self._visitor(n, start, began + seconds), range(visitors)))
        self._figures.seconds = time.monotonic() - began
        return self._figures

    def _alone(self, script: Sequence[UserTurn]) -> list[str]:
        seat, said = Seat(), []
        for turn in script:
            answer = self._asker.ask(turn, seat)
            seat.token, seat.session = answer.token, answer.session
            said.append(answer.text)
        self._asker.forget(seat)
        return said

    def _visitor(self, number: int, start: threading.Barrier, until: float) -> None:
        seat = Seat()
        start.wait()
        while True:
            seat.session = ""
            for turn, expected in self._scripts[number % len(self._scripts)]:
                if not self._turn(turn, expected, seat):
                    break  # what follows would be another conversation than the one held alone
            self._measure_memory()
            number += 1
            if time.monotonic() >= until:
                break
        try:
            if seat.token:
                self._asker.forget(seat)
        except SupportError as problem:
            self._count_error(f"forget: {problem}")

    def _turn(self, turn: UserTurn, expected: str, seat: Seat) -> bool:
        """Whether it was answered."""
        for _ in range(TRIES):
            began = time.monotonic()
            try:
                answer = self._asker.ask(turn, seat)
            except BusyError as busy:
                with self._lock:
                    self._figures.refusals.append(time.monotonic() - began)
                time.sleep(busy.seconds)
            except SupportError as problem:
                self._count_error(str(problem))
                return False
            else:
                self._answered(kind_of(turn), answer, expected, seat)
                return True
        self._count_error(BUSY)
        return False

    def _answered(self, kind: str, answer: Answer, expected: str, seat: Seat) -> None:
        """Counts it; whose a conversation is shows in its name."""
        known = seat.token or answer.token
        visitor = known.partition(".")[0]
        own = answer.token == known and answer.session.startswith(f"{visitor}-")
        same = answer.session == (seat.session or answer.session)
        seat.token, seat.session = known, answer.session if own else seat.session
        with self._lock:
            figures = self._figures
            figures.answers.append((kind, answer))
            figures.crossed += not (own and same)
            figures.different += answer.text != expected

    def _count_error(self, kind: str) -> None:
        with self._lock:
            self._figures.errors[kind] += 1

    def _measure_memory(self) -> None:
        if self._memory is not None:
            with self._lock:
                self._figures.memory.append(self._memory())


def memory_of(pid: int | None) -> Callable[[], float]:
    """What tells the megabytes of a process, this one by default, and of those that it started."""
    if pid is not None and not psutil.pid_exists(pid):
        raise InputError(f"There is no process {pid}.")
    return partial(memory_mb, pid)


def kind_of(turn: UserTurn) -> str:
    """How it came, for its figures."""
    parts = {"spoken": turn.audio is not None, "photo": turn.image is not None}
    return " with ".join(part for part, there in parts.items() if there) or "typed"


def scripts_of(questions: Sequence[UserTurn], turns: int) -> list[list[UserTurn]]:
    """Conversations of so many turns, each with other questions as far as there are enough."""
    count = max(1, min(SCRIPTS, len(questions) // turns))
    return [
        [questions[(turns * n + turn) % len(questions)] for turn in range(turns)]
        for n in range(count)
    ]


def mixed(questions: Sequence[UserTurn], spoken: float, photos: float) -> list[UserTurn]:
    """The same, of which such shares come as one of the examples' recordings, without words, and
    with one of their photos; which ones is the same at each call.
    """
    rng, turns = np.random.default_rng(0), list(questions)
    for share, name, files in ((spoken, "audio", "*.wav"), (photos, "image", "*.jpg")):
        known = sorted(EXAMPLES.glob(files))
        for nth, index in enumerate(rng.permutation(len(turns))[: round(share * len(turns))]):
            turns[index] = replace(turns[index], **{name: known[nth % len(known)]})
    return [replace(turn, text="") if turn.audio else turn for turn in turns]


def questions_of(file: Path | None, knowledge: str) -> list[UserTurn]:
    """Typed: one a line of the file, or those of a pack that comes with the project. Raises
    InputError.
    """
    if file is not None:
        lines = file.read_text(encoding="utf-8").splitlines()
        questions = [line.strip() for line in lines if line.strip()]
    else:
        pack = PACKS / knowledge / "entries.jsonl"
        if not pack.is_file():
            raise InputError(f"{knowledge} is no pack; give --questions FILE, one a line.")
        entries = map(json.loads, pack.read_text(encoding="utf-8").splitlines())
        questions = [entry["questions"][0] for entry in entries if entry.get("questions")]
    if not questions:
        raise InputError("There is no question to ask.")
    return [UserTurn(question, knowledge=knowledge) for question in questions]


def run(args: argparse.Namespace, settings: Settings) -> int:
    """0 where nothing was lost or crossed."""
    questions = questions_of(args.questions, args.knowledge)[: SCRIPTS * args.turns]
    scripts = scripts_of(mixed(questions, args.spoken, args.photos), args.turns)
    memory = memory_of(args.pid) if args.pid or not args.url else None
    with closing(AppAsker(args.url)) if args.url else service_asker(settings) as asker:
        load = Load(asker, scripts, memory)
        figures = load.run(args.visitors, 60 * args.minutes)
    told = figures.as_dict()
    if args.json:
        print(json.dumps(told, indent=1))
    else:
        print("\n".join(f"{name:16} {value}" for name, value in told.items()))
    return 1 if figures.errors or figures.crossed else 0


@contextmanager
def service_asker(settings: Settings) -> Iterator[Asker]:
    """Of a service of its own, whose turns go to a database that is removed."""
    from mm_support import terminal

    with tempfile.TemporaryDirectory() as folder:
        own = settings.with_changes(database_url=f"sqlite:///{Path(folder) / 'turns.sqlite'}")
        with closing(terminal.load_service(own)) as service:
            service.parts.behind.wait()
            yield ServiceAsker(service)
