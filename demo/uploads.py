"""Uploaded knowledge files, laid out as the service's ingest expects them: one folder. Knows
nothing of Gradio.

No file takes the place of another. What is in a file, zip archives too, is the ingest's business.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

from demo.convert import WordedError


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
