"""Reads files of complicated formats in a process of their own: worker.py, started when needed.

A file that hangs, takes too much memory or ends the process is one remark; the next file has a new
process. Knows no format.
"""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
import tempfile
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any

from mm_support.knowledge.readers.base import Document, File, Remarks
from mm_support.knowledge.readers.worker import RESULT

ROOT = Path(__file__).resolve().parents[3]
SECONDS = 120.0  # a file
ALONE = 10  # s more, after which the process ends by itself: who started it may be gone
MEMORY = 3 * 2**30  # bytes of addresses, libraries included
PASSED_ON = ("PATH", "LANG", "LC_ALL", "HOME", "TMPDIR", "SYSTEMROOT", "TEMP", "VIRTUAL_ENV")


class Sandbox:
    """One process for many files, one at a time, as a context manager. room: folder for what files
    hold, such as pictures; the caller removes it.
    """

    def __init__(self, room: Path, seconds: float = SECONDS, memory: int = MEMORY) -> None:
        self._room, self._seconds, self._memory = room, seconds, memory
        self._process: subprocess.Popen[str] | None = None
        self._count = 0

    def __enter__(self) -> Sandbox:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def read(self, file: File, suffix: str, remarks: Remarks) -> list[Document]:
        """The documents of a file; none, and a remark, where it cannot be read."""
        with tempfile.TemporaryDirectory() as folder:
            source, result = Path(folder, "source"), Path(folder, "result")
            source.write_bytes(file.data)
            self._count += 1
            room = self._room / str(self._count)
            room.mkdir(parents=True)
            request = {"name": file.name, "url": file.url, "suffix": suffix}
            request |= {"path": str(source), "result": str(result), "room": str(room)}
            if problem := self._ask(request):
                remarks.skip(0, problem)
                return []
            return _documents(result, file.name, remarks)

    def _ask(self, request: dict[str, Any]) -> str:
        """What is wrong with the file, or ""."""
        if self._process and self._process.poll() is not None:  # not by a file: between two
            self.close()
        process = self._process or self._start()
        assert process.stdin and process.stdout
        late = threading.Event()

        def stop() -> None:
            late.set()
            process.kill()

        timer = threading.Timer(self._seconds, stop)
        timer.start()
        try:
            process.stdin.write(json.dumps(request) + "\n")
            process.stdin.flush()
            answer = process.stdout.readline()
        except OSError:
            answer = ""
        finally:
            timer.cancel()
        problem = None
        with suppress(ValueError, KeyError, TypeError):  # cut off, or what worker.py never writes
            problem = str(json.loads(answer)["problem"])
        if problem is None or late.is_set():
            self.close()
        if problem is not None:
            return problem
        if late.is_set():
            return f"reading it took longer than {self._seconds:.0f} s"
        return "reading it ended the process that read it; it is damaged, or not what it says"

    def _start(self) -> subprocess.Popen[str]:
        environment = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
        limits = [str(self._memory), str(math.ceil(self._seconds) + ALONE)]
        self._process = subprocess.Popen(
            [sys.executable, "-m", "mm_support.knowledge.readers.worker", *limits],
            env=environment | {"PYTHONPATH": os.pathsep.join([str(ROOT), *filter(None, sys.path)])},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            encoding="utf-8",
        )
        return self._process

    def close(self) -> None:
        """Ends the process, if there is one."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None


def _documents(result: Path, name: str, remarks: Remarks) -> list[Document]:
    try:
        read = RESULT.validate_json(result.read_bytes())
    except (OSError, ValueError):
        remarks.skip(0, "reading it gave nothing that can be used; it is damaged")
        return []
    remarks.skipped += [(name, line, why) for _, line, why in read.remarks.skipped]
    remarks.warnings += [(name, line, why) for _, line, why in read.remarks.warnings]
    remarks.mapping += read.remarks.mapping
    return read.documents
