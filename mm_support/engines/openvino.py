"""SmolLM2 and other GGUF models on the CPU through OpenVINO GenAI, in a process of its own
(openvino_worker.py).

A step of the pipeline keeps the interpreter to itself, for a second where a long prompt is read: in
this process every page, microphone and voice would wait for it. Knows nothing of replies.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Generator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from mm_support.engines.base import Capabilities, Channel, Message, StopSignal
from mm_support.engines.supervised import CLOSED, SupervisedModel
from mm_support.errors import GenerationError, WeightsError
from mm_support.paths import PACKAGE

if TYPE_CHECKING:
    from mm_support.config import Settings

ROOT = PACKAGE.parent
NOT_STARTED = '{"failed": "The language model could not be started."}'
DIED = "The language model has died, perhaps for want of memory; ask again in a moment."
PATIENCE = 5.0  # s to end by itself
STARTING = 300.0  # s to its first word; compiling a model takes up to a minute
ASKED = 5.0  # s between questions whether it still works
HANGS = 60.0  # s without an answer to one, after which it never will: prompts take a few
SIGN = -1  # number of the requests for a sign of life
WORKER = "mm_support.engines.openvino_worker"


def load_openvino_model(settings: Settings) -> SupervisedModel:
    """The GGUF file of a package, with its adapter; started again where it dies. Raises
    WeightsError when it cannot be fetched or opened.
    """
    from mm_support.engines.reply_weights import trained_gguf

    gguf, compiled = trained_gguf(settings), settings.cache_dir / "openvino"
    return SupervisedModel(lambda: OpenVinoModel(gguf, compiled))


class OpenVinoModel:
    """A GGUF file, decoded greedily. compiled: folder in which OpenVINO keeps the compiled
    model. worker: the program that does it, and its first arguments. patience: seconds without a
    sign of life after which it counts as stuck.
    """

    def __init__(
        self,
        gguf: Path,
        compiled: Path,
        worker: Sequence[str] = (sys.executable, "-m", WORKER),
        patience: float = HANGS,
    ) -> None:
        self.name, self.can = gguf.stem, Capabilities()  # trained to quote
        self._patience, self._asked, self._heard = patience, 0.0, time.monotonic()
        self._numbers, self._channels = itertools.count(), {}
        self._lock, self._ended, self._end = threading.Lock(), threading.Event(), DIED
        paths = filter(None, (str(ROOT), os.environ.get("PYTHONPATH")))
        self.process = subprocess.Popen(
            [*worker, str(gguf), str(compiled)],
            env=os.environ | {"PYTHONPATH": os.pathsep.join(paths)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            bufsize=1,
        )
        assert self.process.stdin and self.process.stdout  # pipes, as asked for
        self._requests, self._answers = self.process.stdin, self.process.stdout
        first = self._first_word()
        if "failed" in first:
            self.close()
            raise WeightsError(first["failed"])
        self._thread = threading.Thread(target=self._hand_out, name="reply-pieces", daemon=True)
        self._heard = time.monotonic()
        self._thread.start()

    def _first_word(self) -> dict:
        late = threading.Timer(STARTING, self.process.kill)
        late.start()
        try:
            return json.loads(self._answers.readline() or NOT_STARTED)
        finally:
            late.cancel()

    def stream(
        self, messages: list[Message], max_tokens: int, stop: StopSignal | None = None
    ) -> Generator[str, None, None]:
        number, channel = next(self._numbers), Channel()
        self._channels[number] = channel
        try:
            self._tell({"number": number, "messages": messages, "max_tokens": max_tokens})
            yield from channel.read(stop)
        finally:
            del self._channels[number]
            with contextlib.suppress(GenerationError):
                self._tell({"number": number})

    @property
    def alive(self) -> bool:
        """Whether the process still runs."""
        return self.process.poll() is None

    @property
    def hangs(self) -> bool:
        """Whether it was asked for a sign of life and has given none for too long; asks for one now
        and then.
        """
        now = time.monotonic()
        if self._asked <= self._heard and now - self._heard > min(ASKED, self._patience):
            self._asked = now
            beside = threading.Thread(target=self._ask_for_sign, daemon=True)
            beside.start()  # a process that hangs may not read either
        return self._asked > self._heard and now - self._asked > self._patience

    def _ask_for_sign(self) -> None:
        with contextlib.suppress(GenerationError):
            self._tell({"number": SIGN, "sign": True})

    def close(self) -> None:
        """Ends the process; whoever still reads is told."""
        self._end = DIED if self.hangs or not self.alive else CLOSED
        if self.hangs:
            self.process.kill()
        with self._lock, contextlib.suppress(OSError):
            self._requests.close()
        try:
            self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def _tell(self, message: dict) -> None:
        if self._ended.is_set():
            raise GenerationError(self._end)
        try:
            with self._lock:
                self._requests.write(json.dumps(message) + "\n")
        except (OSError, ValueError) as exc:  # ValueError: closed
            raise GenerationError(self._end) from exc

    def _hand_out(self) -> None:
        """Brings what the process sends to its readers; none waits any longer once that has
        ended.
        """
        with contextlib.suppress(ValueError):  # it died within a line
            for line in self._answers:
                self._heard = time.monotonic()
                self._hand_on(json.loads(line))
        self._ended.set()
        for channel in list(self._channels.values()):
            channel.finish(GenerationError(self._end))

    def _hand_on(self, message: dict) -> None:
        channel = self._channels.get(message["number"])
        if channel is None:
            return
        if "piece" in message:
            channel.put(message["piece"])
        else:
            channel.finish(GenerationError(message["error"]) if "error" in message else None)
