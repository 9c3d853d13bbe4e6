"""Uploaded knowledge files, laid out as the service's ingest expects them. Knows nothing of Gradio.

One CSV or JSONL file is ingested itself, with the pictures that were sent along beside it;
anything else becomes a folder. Zip archives are unpacked within bounds.
"""

from __future__ import annotations

import shutil
import zipfile
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from mm_support.errors import InputError

MAX_FILES = 5_000
MAX_UNPACKED = 500 * 1024**2  # bytes
TABLES = (".csv", ".jsonl")


def stage(uploads: Sequence[str | Path], folder: Path) -> Path:
    """Copies or unpacks uploads into an empty folder; returns the path to ingest.

    Raises InputError for no files, an unreadable archive, or one past the bounds.
    """
    if not uploads:
        raise InputError("Choose the files to add first: CSV, JSONL, Markdown, pictures, or a zip of them.")
    for upload in map(Path, uploads):
        if upload.suffix.lower() == ".zip":
            unpack(upload, folder)
        else:
            shutil.copyfile(upload, folder / upload.name)
    return what_to_ingest(folder)


def what_to_ingest(folder: Path) -> Path:
    """The only table in a folder, or the folder; a folder that a zip wraps around everything is skipped."""
    inside = [path for path in folder.iterdir() if path.name != "__MACOSX"]
    if len(inside) == 1 and inside[0].is_dir():
        return what_to_ingest(inside[0])
    tables = [path for path in inside if path.suffix.lower() in TABLES]
    return tables[0] if len(tables) == 1 else folder


def unpack(archive: Path, folder: Path) -> None:
    """Unpacks a zip; entries that would land outside the folder are refused."""
    try:
        with zipfile.ZipFile(archive) as files:
            members = [member for member in files.infolist() if not member.is_dir()]
            if len(members) > MAX_FILES or sum(member.file_size for member in members) > MAX_UNPACKED:
                raise InputError(f"{archive.name} holds more than {MAX_FILES} files or 500 MB; split it.")
            for member in members:
                name = PurePosixPath(member.filename)
                if name.is_absolute() or ".." in name.parts:
                    raise InputError(f"{archive.name} holds a file outside its folder; pack it again.")
                files.extract(member, folder)
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError, OSError) as problem:
        raise InputError(f"{archive.name} cannot be unpacked; pack it again as a plain zip.") from problem
