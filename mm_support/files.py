"""Files that are there whole or not at all, folders that are private, and weights that are read or
told to be damaged.
"""

from __future__ import annotations

import glob
import json
import os
import stat
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from mm_support.errors import WeightsError

SHIPPED = "restore it from the repository"  # the remedy for what comes with the code


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Where to write a file that takes the place of `path`, on the disk, when the block ends well;
    else the old one stays. Its folder is made.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f"{path.name}.{uuid.uuid4().hex[:8]}")
    try:
        yield beside
        make_durable(beside)
        os.replace(beside, path)
    finally:
        beside.unlink(missing_ok=True)


def write_json(path: Path, value: Any, indent: int | None = None) -> None:
    """Whole or not at all, see `replacing`."""
    with replacing(path) as beside:
        text = json.dumps(value, ensure_ascii=False, indent=indent)
        beside.write_text(text + "\n" * bool(indent), encoding="utf-8")


def make_durable(path: Path) -> None:
    """Waits until a file's content, or a folder's names, are on the disk."""
    if path.is_dir() and os.name == "nt":
        return
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def private_folder(path: Path) -> None:
    """Makes a folder that its owner alone may enter. One of ours that everybody may enter is closed
    to others, and to its group where that may not write: else several share it. Raises OSError.
    """
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    found, own = path.stat(), getattr(os, "geteuid", lambda: -1)()
    mode = stat.S_IMODE(found.st_mode)
    if found.st_uid == own and mode & stat.S_IRWXO and not mode & stat.S_ISVTX:  # as /tmp has it
        closed = stat.S_IRWXO if mode & stat.S_IWGRP else stat.S_IRWXO | stat.S_IRWXG
        with suppress(PermissionError):  # not every file system keeps rights
            path.chmod(mode & ~closed)


def remove_kinds(path: Path) -> None:
    """Removes a file and those beside it that differ in their ending: what was made of a HEIC."""
    for own in path.parent.glob(f"{glob.escape(path.stem)}.*"):
        own.unlink(missing_ok=True)


@contextmanager
def readable(path: Path, remedy: str) -> Iterator[None]:
    """Raises WeightsError, which names the remedy, where a file of weights is missing or is not
    what the block takes it for.
    """
    from safetensors import SafetensorError

    try:
        yield
    except (OSError, SafetensorError, KeyError, TypeError, ValueError, RuntimeError) as exc:
        raise WeightsError(f"{path} is missing or damaged; {remedy}.") from exc
