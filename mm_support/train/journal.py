"""A file of finished work: one JSON line a key, appended as soon as it is there.

What takes long survives a crash: what is in the file is not done again, a line that was cut off is.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from mm_support.progress import shown


class Journal:
    """Keys -> JSON values, kept in `path`."""

    def __init__(self, path: Path) -> None:
        self._path, self._rows = path, dict[str, Any]()
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
        whole = 0  # bytes up to the last line that can be read
        for line in path.read_bytes().splitlines(keepends=True):
            try:
                key, value = json.loads(line)
            except ValueError:
                break
            self._rows[key], whole = value, whole + len(line)
        with path.open("r+b") as file:
            file.truncate(whole)

    def __getitem__(self, key: str) -> Any:
        return self._rows[key]

    def __contains__(self, key: str) -> bool:
        return key in self._rows

    def fill(
        self,
        keys: Iterable[str],
        work: Callable[[Sequence[str]], Sequence[Any]],
        what: str,
        batch: int = 1,
    ) -> None:
        """Does the work for the keys that are not there yet, `batch` of them at once, with
        progress.

        work: n keys -> their n values.
        """
        missing = [key for key in dict.fromkeys(keys) if key not in self._rows]
        with (
            self._path.open("a", encoding="utf-8") as file,
            shown() as show,
        ):
            for start in range(0, len(missing), batch):
                part = missing[start : start + batch]
                for key, value in zip(part, work(part), strict=True):
                    file.write(json.dumps([key, value]) + "\n")
                    self._rows[key] = value
                file.flush()
                show(what, start + len(part), len(missing))
