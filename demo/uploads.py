"""Uploaded knowledge files, laid out as the service's ingest expects them: one folder. Knows
nothing of Gradio.

Zip archives are unpacked within bounds. No file takes the place of another.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

from mm_support.errors import InputError
from mm_support.knowledge.readers import FORMATS, KINDS
from mm_support.knowledge.readers.archive import unpack
from mm_support.knowledge.readers.base import Remarks

FILE_TYPES = [*FORMATS, ".zip", "image"]  # what the page lets people choose


def stage(uploads: Sequence[str | Path], folder: Path) -> Path:
    """Copies or unpacks uploads into an empty folder; returns the folder to ingest.

    Raises InputError for no files, two of one name, an unreadable archive, or one past the bounds.
    """
    if not uploads:
        raise InputError(f"Choose the files to add first: {KINDS}, and pictures.")
    for upload in map(Path, uploads):
        if upload.suffix.lower() == ".zip":
            remarks = Remarks(upload.name)
            unpack(upload, folder, remarks)
            check_whole(remarks)
        else:
            check_name(folder, upload.name)
            shutil.copyfile(upload, folder / upload.name)
    return what_to_ingest(folder)


def what_to_ingest(folder: Path) -> Path:
    """The folder; one that a zip wraps around everything is skipped."""
    inside = list(folder.iterdir())
    return what_to_ingest(inside[0]) if len(inside) == 1 and inside[0].is_dir() else folder


def check_name(folder: Path, name: str) -> None:
    """Raises InputError where a file of this name came before: neither may get lost."""
    if (folder / name).exists():
        raise InputError(
            f"Two of the files are called {name}; rename one of them and choose all files again."
        )


def check_whole(remarks: Remarks) -> None:
    """Raises InputError where something in an archive was refused."""
    if remarks.skipped:
        _, _, reason = remarks.skipped[0]
        raise InputError(f"{remarks.file} holds a file that {reason}; pack it again without it.")
