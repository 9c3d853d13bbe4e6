"""Words -> the phonemes that a Piper voice says, by piper-tts in a process of its own
(piper_worker.py). Knows no sound.
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import weakref
from collections.abc import Sequence
from pathlib import Path

from mm_support.errors import GenerationError

WORKER = Path(__file__).with_name("piper_worker.py")  # with -P: beside it lies a select.py
LATE = 60.0  # seconds without an answer, its start included, after which it counts as hung


class Phonemes:
    """Any number of threads may use one object. A process that has died or hung is started again by
    the next words.
    """

    def __init__(
        self, config: Path, worker: Sequence[str] = (sys.executable, "-P", str(WORKER))
    ) -> None:
        """config: a voice's .onnx.json. worker: the program, and its first arguments."""
        self._command, self._lock = [*worker, str(config)], threading.Lock()
        self._start()

    def of(self, words: str) -> list[list[int]]:
        """The numbers of the phonemes, sentence by sentence. Raises GenerationError."""
        with self._lock:
            if self._process.poll() is not None:
                self._start()
            return self._asked(words)

    def _asked(self, words: str) -> list[list[int]]:
        asks, answers = self._process.stdin, self._process.stdout
        assert asks and answers  # pipes, as asked for
        late = threading.Timer(LATE, self._process.kill)
        late.start()
        try:
            asks.write(json.dumps(words) + "\n")
            return json.loads(answers.readline())
        except (OSError, ValueError) as exc:  # ValueError: it died before or within its answer
            _end(self._process)
            raise GenerationError("piper-tts has died; read the reply instead.") from exc
        finally:
            late.cancel()

    def _start(self) -> None:
        self._process = subprocess.Popen(
            self._command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            bufsize=1,
        )
        weakref.finalize(self, _end, self._process)


def _end(process: subprocess.Popen[str]) -> None:
    """Nothing is asked any more, which ends it."""
    process.kill()
    process.wait()
