"""What entries are called where they stand side by side: the end of each title that tells them
apart. "Handbook: 3. Booking: Prices" and "Handbook: 4. Leaving: Luggage" are Prices and Luggage;
"Hub: no internet" is a name of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from os.path import commonprefix

from mm_support.language.defined import named_in_title
from mm_support.language.sentences import COLON, first_cell
from mm_support.types import Entry

BETWEEN = ": "  # the parts of a title, the outermost first
HEADINGS = " > "  # between those of a section


def short_names(entries: Sequence[Entry]) -> tuple[str, ...]:
    """A name for each entry: the last parts of its title, as few as no other title ends in. A part
    that names an identifier, as goods and faults do, stays, unless all titles have it.
    """
    own = {entry.title: entry for entry in entries}
    before, _, _ = commonprefix(list(own)).rpartition(BETWEEN) if len(own) > 1 else ("", "", "")
    paths = [_path(entry, before) for entry in own.values()]
    shared = set(paths[0]).intersection(*paths) if len(paths) > 1 else set[str]()
    named = {BETWEEN.join(path): BETWEEN.join(_end(path, paths, shared)) for path in paths}
    return tuple(named[entry.title] for entry in entries)


def _path(entry: Entry, before: str) -> list[str]:
    """A title's parts: what all titles have before it, what its document is called, and each
    heading in that; of a row the name that it begins with.
    """
    opening = [before] if before else []
    rest, parts = entry.title.removeprefix(f"{before}{BETWEEN}"), list[str]()
    in_row = COLON.split(first_cell(entry.answer), maxsplit=1)[-1].strip()
    for name in reversed(entry.section.split(HEADINGS) if entry.section else [in_row]):
        above, between, below = rest.rpartition(f"{BETWEEN}{name}")
        if name and between and (not below or below.startswith(BETWEEN)):
            rest, parts = above, [f"{name}{below}", *parts]
    return [*opening, rest, *parts]


def _end(path: Sequence[str], paths: Sequence[Sequence[str]], shared: set[str]) -> Sequence[str]:
    coded = [at for at, part in enumerate(path) if part not in shared and named_in_title(part)]
    last = min([*coded, len(path) - 1])
    for start in range(last, 0, -1):
        end = path[start:]
        if sum(list(other[-len(end) :]) == list(end) for other in paths) == 1:
            return end
    return path
