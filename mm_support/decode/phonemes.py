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
STARTING, LATE = 60.0, 5.0  # seconds to its first answer, and to another, after which it hangs


class Phonemes:
    """Any number of threads may use one object. A process that has died or hangs is started again,
    and asked once more.
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
            answer = self._asked(words)
            if answer is None:
                self._start()
                answer = self._asked(words)
        if answer is None:
            raise GenerationError("piper-tts has died; read the reply instead.")
        return answer

    def _asked(self, words: str) -> list[list[int]] | None:
        """None where the process died, or had to be ended."""
        asks, answers = self._process.stdin, self._process.stdout
        assert asks and answers  # pipes, as asked for
        late = threading.Timer(self._patience, self._process.kill)
        late.start()
        try:
            asks.write(json.dumps(words) + "\n")
            answer = json.loads(answers.readline())
        except (OSError, ValueError):  # ValueError: it died before or within its answer
            self._end()
            return None
        finally:
            late.cancel()
        self._patience = LATE
        return answer

    def _start(self) -> None:
        self._process = subprocess.Popen(
            self._command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            bufsize=1,
        )
        self._patience = STARTING
        self._end = weakref.finalize(self, _end, self._process)


def _end(process: subprocess.Popen[str]) -> None:
    """Nothing is asked any more, which ends it."""
    process.kill()
    process.communicate()  # closes the pipes, too
