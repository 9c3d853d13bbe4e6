"""The process in which files of complicated formats are read: python -m ...readers.worker.

Reads one request a line on its standard input, writes the documents as JSON into a file and
answers with one line. Its arguments are the bytes of memory and the seconds a file may take;
beyond them it ends, also where nobody is there any more who would end it.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from mm_support.knowledge.readers import FORMATS
from mm_support.knowledge.readers.base import Document, File, Remarks, damaged

MAX_RESULT = 256 * 2**20  # bytes of documents as JSON
OLD_OFFICE = b"\xd0\xcf\x11\xe0"  # a compound file: also what an encrypted DOCX is packed in


@dataclass
class Result:
    """What a file was read as."""

    documents: list[Document]
    remarks: Remarks


RESULT = TypeAdapter(Result)  # checks what comes back: a foreign file may have taken over


def main() -> None:
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8", buffering=1)
    os.dup2(2, 1)  # what a library prints is no answer
    limit(int(sys.argv[1]))
    alarm = getattr(signal, "alarm", lambda _: None)  # not on Windows
    for line in sys.stdin:
        request = json.loads(line)
        alarm(int(sys.argv[2]))
        try:
            problem = read(request)
        except MemoryError:
            problem = "it needs more memory than a file may take"
        except Exception as exc:  # parsers of foreign files raise anything
            problem = damaged(exc)
        alarm(0)
        answers.write(json.dumps({"problem": problem}) + "\n")


def limit(memory: int) -> None:
    """Bounds this process; systems without such limits have the parent's time limit alone."""
    try:
        import resource
    except ImportError:
        return
    for kind, most in ((resource.RLIMIT_AS, memory), (resource.RLIMIT_FSIZE, MAX_RESULT)):
        hard = resource.getrlimit(kind)[1]
        most = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(kind, (most, hard))
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # a file too large is an OSError


def read(request: dict[str, Any]) -> str:
    """Reads one file; returns what is wrong, or ""."""
    room = Path(request["room"]) if request["room"] else None
    data = Path(request["path"]).read_bytes()
    if data.startswith(OLD_OFFICE):
        return "it is encrypted, or of an Office older than 2007; save it anew without a password"
    file = File(request["name"], data, request["url"], room)
    remarks = Remarks(file.name)
    documents = list(FORMATS[request["suffix"]].reader()(file, remarks))
    Path(request["result"]).write_bytes(RESULT.dump_json(Result(documents, remarks)))
    return ""


if __name__ == "__main__":
    main()
