"""What entries are called where they stand side by side: the end of each title that tells them
apart. "Handbook: 3. Booking: Prices" and "Handbook: 4. Leaving: Luggage" are Prices and Luggage.

Knows no entry.
"""

from __future__ import annotations

from collections.abc import Sequence

from mm_support.language.defined import named_in_title

BETWEEN = ": "  # the parts of a title, the outermost first


def short_names(titles: Sequence[str]) -> tuple[str, ...]:
    """A name for each title: its last parts, as few as no other title ends in. A part that names an
    identifier, as goods and faults do, stays, unless all titles have it.
    """
    paths = [title.split(BETWEEN) for title in dict.fromkeys(titles)]
    shared = set(paths[0]).intersection(*paths) if len(paths) > 1 else set[str]()
    named = {BETWEEN.join(path): BETWEEN.join(_end(path, paths, shared)) for path in paths}
    return tuple(named[title] for title in titles)


def _end(path: Sequence[str], paths: Sequence[Sequence[str]], shared: set[str]) -> Sequence[str]:
    coded = [at for at, part in enumerate(path) if part not in shared and named_in_title(part)]
    last = min([*coded, len(path) - 1])
    for start in range(last, 0, -1):
        end = path[start:]
        if sum(list(other[-len(end) :]) == list(end) for other in paths) == 1:
            return end
    return path
