"""Uploaded files: those of knowledge, laid out as the service's ingest expects them, in one folder;
and the end of all that are old. Knows nothing of Gradio.

No file takes the place of another. What is in a file, zip archives too, is the ingest's business.
"""

from __future__ import annotations

import os
import re
import shutil
import stat
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from demo.convert import WordedError

CHECKSUM = re.compile(r"[0-9a-f]{64}")  # of SHA-256


def stage(uploads: Sequence[str | Path], folder: Path) -> Path:
    """Copies uploads into an empty folder; returns what to ingest: the folder, or the only file.

    Raises InputError for no files and for two of one name: neither may get lost.
    """
    if not uploads:
        raise WordedError("choose_files_first")
    for upload in map(Path, uploads):
        target = folder / upload.name
        if target.exists():
            raise WordedError("same_file_name", name=upload.name)
        shutil.copyfile(upload, target)
    return folder if len(uploads) > 1 else target


def own_folder() -> Path:
    """This user's among the system's temporary files, or one of another name where somebody else
    has taken it.
    """
    user = os.getuid() if hasattr(os, "getuid") else 0
    folder = Path(tempfile.gettempdir(), f"mm-support-{user}")
    with suppress(FileExistsError):
        folder.mkdir(mode=0o700)
    found = folder.lstat()
    own = stat.S_ISDIR(found.st_mode) and found.st_uid == user
    return folder if own else Path(tempfile.mkdtemp(prefix="mm-support-"))


def remove_old(folder: Path, seconds: float) -> None:
    """Removes the uploads that came longer ago than that, with their folders, which are named after
    checksums, and nothing else. A link is removed and never followed.
    """
    before = time.time() - seconds
    for own in folder.glob("*"):
        if CHECKSUM.fullmatch(own.name) and own.is_dir() and not own.is_symlink():
            for path in (*own.glob("*"), own):
                _remove_before(path, before)


def _remove_before(path: Path, before: float) -> None:
    """By the time at which it came: a copy's st_mtime is that of its original."""
    with suppress(OSError):  # gone meanwhile, or a folder that is not empty
        found = path.lstat()
        if found.st_ctime < before:
            path.rmdir() if stat.S_ISDIR(found.st_mode) else path.unlink()
