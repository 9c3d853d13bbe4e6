"""What a service promises, tried by breaking things under it, each in a front of its own process:

    killed     the process ends in the middle of replies
    disk       no file may grow
    database   another program holds it
    index      a base's vectors are overwritten
    weights    a file of the text encoder is damaged
    clock      it stands an hour back (where `faketime` is installed)

After each: of the turns that were acknowledged none is lost and none is there twice, whoever was
refused was told a plain sentence, and the next turn is answered.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, TextIO

from mm_support.bench.load import questions_of
from mm_support.config import Settings
from mm_support.desk.keeper import open_store
from mm_support.errors import StoreError, SupportError
from mm_support.service import SupportService
from mm_support.store.journal import Journal
from mm_support.types import UserTurn

CROWD = 8  # turns that are on their way when the process is killed
KILLED_AFTER = 3  # of them were acknowledged
PATIENCE = 300.0  # s for a word of a front, the loading of its models included
CLOCK = "faketime"  # a program that starts others with another time
ERROR = re.compile(r"\w+(Error|Exception)\b")  # a name that only programmers know
WORDS = 4  # that a sentence has at the least; a name of an error alone has fewer


@dataclass
class Outcome:
    """What came of a fault. told: what was said to whoever was refused, or by the status."""

    fault: str
    acknowledged: int = 0
    lost: int = 0
    doubled: int = 0
    next_works: bool = False
    told: list[str] = field(default_factory=list)
    not_tried: str = ""

    @property
    def holds(self) -> bool:
        plain = all(
            len(sentence.split()) >= WORDS and not ERROR.search(sentence) for sentence in self.told
        )
        kept = not self.lost and not self.doubled
        return bool(self.not_tried) or (kept and self.next_works and plain)


class Front:
    """A service in a process of its own, that is asked by lines of JSON (`serve`)."""

    def __init__(self, command: Sequence[str], settings: Settings) -> None:
        folders = {"DATA": settings.data_dir, "CACHE": settings.cache_dir}
        own = {f"MM_SUPPORT_{name}": str(folder) for name, folder in folders.items()}
        self._process = subprocess.Popen(
            [*command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env={**os.environ, **own, "MM_SUPPORT_DATABASE_URL": ""},
        )
        self._lines: Iterator[str] = iter(self._process.stdout or ())
        self.hello = self.hear()

    def tell(self, **order: Any) -> None:
        assert self._process.stdin
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()

    def hear(self) -> dict[str, Any]:
        """The next line; an error where there is none any more."""
        late = threading.Timer(PATIENCE, self._process.kill)
        late.start()
        line = next(self._lines, "")
        late.cancel()
        return json.loads(line) if line else {"error": "The process ended without a word."}

    def ask(self, question: str, **more: Any) -> dict[str, Any]:
        self.tell(ask=question, **more)
        return self.hear()

    def kill(self) -> None:
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()

    def end(self) -> None:
        if self._process.stdin and self._process.poll() is None:
            self._process.stdin.close()
        self._process.wait()


class Trial:
    """Faults on one data folder. command: starts a front; knowledge: a base; questions: of it."""

    def __init__(
        self, settings: Settings, command: Sequence[str], knowledge: str, questions: Sequence[str]
    ) -> None:
        self.settings, self._command = settings, command
        self._knowledge, self._questions = knowledge, questions
        self._known: list[str] = []  # turns that were acknowledged

    def run(self) -> Iterator[Outcome]:
        """One after another."""
        yield from map(self._tried, (self.killed, self.disk, self.database))
        yield from map(self._tried, (self.index, self.weights, self.clock))

    def _tried(self, fault: Callable[[Outcome], None]) -> Outcome:
        """The fault, then a new front that must answer, then what is kept."""
        outcome = Outcome(fault.__name__)
        before = len(self._known)
        fault(outcome)
        with self._front() as front:
            outcome.next_works = self._asked(front, outcome) is not None
        outcome.acknowledged = len(self._known) - before
        kept = Counter(self._kept())
        outcome.lost = sum(turn not in kept for turn in self._known)
        outcome.doubled = sum(count > 1 for count in kept.values())
        return outcome

    @contextmanager
    def _front(
        self, settings: Settings | None = None, before: Sequence[str] = ()
    ) -> Iterator[Front]:
        front = Front([*before, *self._command], settings or self.settings)
        try:
            yield front
        finally:
            front.end()

    def _asked(self, front: Front, outcome: Outcome, number: int = 0, **more: Any) -> str | None:
        """The conversation of an acknowledged turn; None where it was refused."""
        said = front.ask(self._questions[number], knowledge=self._knowledge, **more)
        return self._noted(said, outcome)

    def _noted(self, said: dict[str, Any], outcome: Outcome) -> str | None:
        if "error" in said:
            outcome.told.append(said["error"])
            return None
        self._known.append(said["turn"])
        return said["session"]

    def _kept(self) -> list[str]:
        """Turns in the database, and in the journal."""
        with closing(open_store(self.settings)) as store:
            kept = [row.id for row, _ in store.turns()]
        waiting = Journal(self.settings.data_dir / "turns.journal").rows()
        return [*kept, *(row["id"] for row in waiting if row["id"] not in kept)]

    def killed(self, outcome: Outcome) -> None:
        with self._front() as front:
            for number in range(CROWD):
                question = self._questions[number % len(self._questions)]
                front.tell(ask=question, knowledge=self._knowledge)
            for _ in range(KILLED_AFTER):
                self._noted(front.hear(), outcome)
            front.kill()

    def disk(self, outcome: Outcome) -> None:
        """A reply that the full disk does not take is given and kept in memory; the status says so,
        and it is stored once there is room.
        """
        with self._front() as front:
            self._asked(front, outcome)
            front.tell(disk="full")
            front.hear()
            said = front.ask(self._questions[0], knowledge=self._knowledge)
            self._noted(said, outcome)
            outcome.told.append(said.get("status", ""))
            front.tell(disk="free")
            front.hear()
            self._asked(front, outcome)

    def database(self, outcome: Outcome) -> None:
        with self._front() as front:
            self._asked(front, outcome)
            holding = sqlite3.connect(self.settings.data_dir / "turns.sqlite")
            holding.execute("BEGIN EXCLUSIVE")
            said = front.ask(self._questions[0], knowledge=self._knowledge)
            self._noted(said, outcome)
            outcome.told.append(said.get("status", ""))
            holding.rollback()
            holding.close()
            self._asked(front, outcome)

    def index(self, outcome: Outcome) -> None:
        base = self.settings.data_dir / "bases" / self._knowledge
        files = [path for path in base.rglob("*") if path.is_file() and path.stat().st_size]
        saved = {path: path.read_bytes() for path in files}
        for path in files:
            path.write_bytes(b"\xff" * (len(saved[path]) // 2))
        with self._front() as front:
            if "error" in front.hello:
                outcome.told.append(front.hello["error"])
            else:
                self._asked(front, outcome)
        for path in files:  # as from a backup, unless it was made again meanwhile
            if path.exists():
                path.write_bytes(saved[path])

    def weights(self, outcome: Outcome) -> None:
        """In a copy of the cache."""
        models = self.settings.cache_dir / "models"
        name = self.settings.text_model.partition(":")[2]
        folders = sorted(models.glob(f"{name}-*/")) if models.is_dir() and name else []
        if not folders:
            outcome.not_tried = "no packaged weights are here"
            return
        with self._copied(folders[0]) as (cache, damaged):
            largest = max(damaged.rglob("*"), key=lambda path: path.stat().st_size)
            size = largest.stat().st_size
            largest.write_bytes(b"\0" * (size // 2))
            with self._front(self.settings.with_changes(cache_dir=cache)) as front:
                if "error" in front.hello:
                    outcome.told.append(front.hello["error"])
                else:
                    self._asked(front, outcome)

    @contextmanager
    def _copied(self, folder: Path) -> Iterator[tuple[Path, Path]]:
        """A cache whose models are those of the settings, but for one folder, which is a copy."""
        cache = self.settings.data_dir.with_name("damaged")
        (cache / "models").mkdir(parents=True)
        for path in folder.parent.iterdir():
            if path != folder and not path.name.endswith(".lock"):
                (cache / "models" / path.name).symlink_to(path)
        try:
            yield cache, Path(shutil.copytree(folder, cache / "models" / folder.name))
        finally:
            shutil.rmtree(cache)

    def clock(self, outcome: Outcome) -> None:
        """A conversation goes on an hour before it began."""
        program = shutil.which(CLOCK)
        if program is None:
            outcome.not_tried = f"{CLOCK} is not installed"
            return
        with self._front() as front:
            session = self._asked(front, outcome)
        with self._front(before=[program, "-f", "-1h"]) as front:
            self._asked(front, outcome, 1, session=session)
        with self._front() as front:
            self._asked(front, outcome, 2, session=session)


def run(args: argparse.Namespace, settings: Settings) -> int:
    """0 where what is promised held under every fault."""
    command = [sys.executable, "-m", "tests.faults"]
    questions = [turn.text for turn in questions_of(args.questions, args.knowledge)]
    with tempfile.TemporaryDirectory() as folder:
        own = settings.with_changes(data_dir=Path(folder) / "data", database_url="")
        broken = 0
        for outcome in Trial(own, command, args.knowledge, questions).run():
            told = asdict(outcome)
            line = " ".join(f"{name}={value}" for name, value in told.items())
            print(json.dumps(told) if args.json else line, flush=True)
            broken += not outcome.holds
    return 1 if broken else 0


def serve(service: SupportService, orders: TextIO, told: TextIO) -> None:
    """Answers orders, a JSON object a line, until there are no more: {"ask": question, "knowledge":
    base, "session": a conversation} and {"disk": "full" or "free"}. Turns are worked on at once.
    """
    lock, size = threading.Lock(), resource.getrlimit(resource.RLIMIT_FSIZE)
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # writing raises OSError then

    def tell(**line: Any) -> None:
        with lock:
            print(json.dumps(line), file=told, flush=True)

    def answer(order: dict[str, Any]) -> None:
        turn = UserTurn(order["ask"], knowledge=order["knowledge"], session_id=order.get("session"))
        try:
            reply = service.answer(turn)
        except SupportError as problem:
            tell(error=str(problem))
        except Exception as problem:
            tell(error=type(problem).__name__)
        else:
            tell(turn=reply.turn_id, session=reply.session_id, status=service.status().message)

    tell(ready=True)
    with ThreadPoolExecutor(CROWD) as pool:
        for line in orders:
            order = json.loads(line)
            if "disk" in order:
                limit = (0, size[1]) if order["disk"] == "full" else size
                resource.setrlimit(resource.RLIMIT_FSIZE, limit)
                tell(disk=order["disk"])
            else:
                pool.submit(answer, order)


def main() -> int:
    """A front with the models of the settings."""
    told, sys.stdout = sys.stdout, sys.stderr
    try:
        service = SupportService.load(Settings.from_env())
    except (SupportError, StoreError) as problem:
        print(json.dumps({"error": str(problem)}), file=told, flush=True)
        return 1
    serve(service, sys.stdin, told)
    service.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
