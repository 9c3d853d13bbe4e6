"""Many visitors at once, each with a conversation of typed turns, on a running app or on a service
in this process: how long they wait, what fails, and whether somebody is told what is another's.

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
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from mm_support.bench.askers import BUSY, Answer, AppAsker, Asker, Seat, ServiceAsker
from mm_support.bench.cost import memory_mb
from mm_support.config import Settings
from mm_support.errors import BusyError, InputError, SupportError
from mm_support.paths import PACKS

SCRIPTS = 8  # different conversations, which the visitors share
TRIES = 5  # of a turn that is refused for want of room
SHARES = (50, 95, 99)  # percentiles that are printed


@dataclass
class Figures:
    """What was counted; several threads add to it."""

    firsts: list[float] = field(default_factory=list)
    wholes: list[float] = field(default_factory=list)
    refusals: list[float] = field(default_factory=list)  # seconds until it was known
    errors: Counter[str] = field(default_factory=Counter)
    crossed: int = 0  # replies in a conversation of another visitor
    different: int = 0  # replies in other words than the same conversation had alone
    seconds: float = 0.0
    memory: list[float] = field(default_factory=list)  # MB, after each conversation

    def as_dict(self) -> dict[str, Any]:
        memory = self.memory and (self.memory[0], max(self.memory), self.memory[-1])
        return {
            "turns": len(self.wholes),
            "turns_a_second": round(len(self.wholes) / max(self.seconds, 1e-9), 2),
            "first_words_s": shares(self.firsts),
            "whole_reply_s": shares(self.wholes),
            "refused": len(self.refusals),
            "refused_after_s": shares(self.refusals),
            "errors": dict(self.errors),
            "crossed": self.crossed,
            "different": self.different,
            "memory_mb": [round(size) for size in memory],
        }


def shares(seconds: Sequence[float]) -> dict[str, float]:
    """Percentiles; empty where there is nothing."""
    if not seconds:
        return {}
    return {f"p{share}": round(float(np.percentile(seconds, share)), 3) for share in SHARES}


class Load:
    """scripts: conversations, each a list of questions, held once alone before. memory: tells the
    MB of what is under load.
    """

    def __init__(
        self,
        asker: Asker,
        knowledge: str,
        scripts: Sequence[Sequence[str]],
        memory: Callable[[], float] | None = None,
    ) -> None:
        self._asker, self._knowledge, self._memory = asker, knowledge, memory
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

    def _alone(self, script: Sequence[str]) -> list[str]:
        seat, said = Seat(), []
        for question in script:
            answer = self._asker.ask(question, self._knowledge, seat)
            seat.token, seat.session = answer.token, answer.session
            said.append(answer.text)
        self._asker.forget(seat.token)
        return said

    def _visitor(self, number: int, start: threading.Barrier, until: float) -> None:
        seat = Seat()
        start.wait()
        while True:
            seat.session = ""
            for question, expected in self._scripts[number % len(self._scripts)]:
                if not self._turn(question, expected, seat):
                    break  # what follows would be another conversation than the one held alone
            self._measure_memory()
            number += 1
            if time.monotonic() >= until:
                break
        try:
            if seat.token:
                self._asker.forget(seat.token)
        except SupportError as problem:
            self._count_error(f"forget: {type(problem).__name__}")

    def _turn(self, question: str, expected: str, seat: Seat) -> bool:
        """Whether it was answered."""
        for _ in range(TRIES):
            began = time.monotonic()
            try:
                answer = self._asker.ask(question, self._knowledge, seat)
            except BusyError as busy:
                with self._lock:
                    self._figures.refusals.append(time.monotonic() - began)
                time.sleep(busy.seconds)
            except SupportError as problem:
                self._count_error(type(problem).__name__)
                return False
            else:
                self._answered(answer, expected, seat)
                return True
        self._count_error(BUSY)
        return False

    def _answered(self, answer: Answer, expected: str, seat: Seat) -> None:
        """Counts it; whose a conversation is shows in its name."""
        known = seat.token or answer.token
        visitor = known.partition(".")[0]
        own = answer.token == known and answer.session.startswith(f"{visitor}-")
        same = answer.session == (seat.session or answer.session)
        seat.token, seat.session = known, answer.session if own else seat.session
        with self._lock:
            figures = self._figures
            figures.firsts.append(answer.first)
            figures.wholes.append(answer.whole)
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


def scripts_of(questions: Sequence[str], turns: int) -> list[list[str]]:
    """Conversations of so many turns, each with other questions as far as there are enough."""
    count = max(1, min(SCRIPTS, len(questions) // turns))
    return [
        [questions[(turns * n + turn) % len(questions)] for turn in range(turns)]
        for n in range(count)
    ]


def questions_of(file: Path | None, knowledge: str) -> list[str]:
    """One a line of the file, or those of a pack that comes with the project. Raises InputError."""
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
    return questions


def run(args: argparse.Namespace, settings: Settings) -> int:
    """0 where nothing was lost or crossed."""
    scripts = scripts_of(questions_of(args.questions, args.knowledge), args.turns)
    memory = memory_of(args.pid) if args.pid or not args.url else None
    with closing(AppAsker(args.url)) if args.url else service_asker(settings) as asker:
        load = Load(asker, args.knowledge, scripts, memory)
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
            yield ServiceAsker(service)
