"""Uploaded knowledge files, laid out as the service's ingest expects them: one folder. Knows
nothing of Gradio.

Zip archives are unpacked within bounds. No file takes the place of another.
"""

from __future__ import annotations

import lzma
import shutil
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from mm_support.errors import InputError

MAX_FILES = 5_000
MAX_UNPACKED = 500 * 1024**2  # bytes
DAMAGED = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    OSError,
    RuntimeError,
    ValueError,
)  # what zipfile raises


def stage(uploads: Sequence[str | Path], folder: Path) -> Path:
    """Copies or unpacks uploads into an empty folder; returns the folder to ingest.

    Raises InputError for no files, two of one name, an unreadable archive, or one past the bounds.
    """
    if not uploads:
        raise InputError(
            "Choose the files to add first: CSV, JSONL, Markdown, pictures, or a zip of them."
        )
    for upload in map(Path, uploads):
        if upload.suffix.lower() == ".zip":
            unpack(upload, folder)
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


def unpack(archive: Path, folder: Path) -> None:
    """Unpacks a zip; entries that would land outside the folder are refused, hidden ones left out
    as the ingest does.
    """
    try:
        with zipfile.ZipFile(archive) as files:
            members = [member for member in files.infolist() if not member.is_dir()]
            if (
                len(members) > MAX_FILES
                or sum(member.file_size for member in members) > MAX_UNPACKED
            ):
                raise InputError(
                    f"{archive.name} holds more than {MAX_FILES} files or 500 MB; split it."
                )
            for member in members:
                name = PurePosixPath(member.filename)
                if name.is_absolute() or ".." in name.parts:
                    raise InputError(
                        f"{archive.name} holds a file outside its folder; pack it again."
                    )
                if not any(part.startswith((".", "__MACOSX")) for part in name.parts):
                    check_name(folder, str(name))
                    files.extract(member, folder)
    except DAMAGED as problem:
        raise InputError(
            f"{archive.name} cannot be unpacked; pack it again as a plain zip."
        ) from problem
