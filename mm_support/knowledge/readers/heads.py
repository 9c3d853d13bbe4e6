"""What stands above the rows of a table, where it is more than one row that names the columns.

    Prices from May,,,                      a caption
    Country,Standard,,Express               one header: Country, Standard price, Standard days,
    ,price,days,price                       Express price

Knows no file format.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest

from mm_support.knowledge.readers.columns import has_header, heads_figures
from mm_support.knowledge.readers.groups import Row
from mm_support.knowledge.readers.tables import joined_header
from mm_support.language.field_names import field_of


def split_captions(rows: Sequence[Row]) -> tuple[list[str], list[Row]]:
    """(texts above the table, its rows, where a header is one row). rows: the first ones of a
    table, each with a text. What stands above rows without a header, of which others are alone in
    their rows too, names those below it.
    """
    count = next((at for at, (_, cells) in enumerate(rows) if not _is_caption(cells)), 0)
    captions, table = rows[:count], rows[count:]
    headed = _under_one_header(table)
    if headed and has_header([cells for _, cells in headed]):
        table = headed
    elif any(_is_caption(cells) for _, cells in table):
        captions, table = [], rows
    return [next(filter(None, cells)) for _, cells in captions], list(table)


def _is_caption(cells: Sequence[str]) -> bool:
    """Whether one text stands alone, and not above the second of two columns."""
    return len(set(cells) - {""}) == 1 and not (len(cells) == 2 and not cells[0])


def _under_one_header(rows: Sequence[Row]) -> list[Row]:
    """Two rows of names as one."""
    if len(rows) < 3:
        return list(rows)
    (line, upper), (_, lower), *body = rows
    if not _are_one_header(upper, lower, [cells for _, cells in body]):
        return list(rows)
    return [(line, joined_header(_spread(upper, lower), lower)), *body]


def _are_one_header(
    upper: Sequence[str], lower: Sequence[str], body: Sequence[Sequence[str]]
) -> bool:
    """Whether the lower row has no name of its own, and names parts or units of the columns."""
    if any(field_of(name) == "answer" for name in upper):
        return False
    parted = any(one and not other for one, other in list(zip_longest(lower, _own(upper)))[1:])
    plain = heads_figures(lower, body)
    if upper[0]:
        return lower[0] in ("", upper[0]) and (parted or plain)
    return parted and plain


def _own(upper: Sequence[str]) -> list[str]:
    """The names without those that a cell over several columns repeats."""
    return [name if name != before else "" for before, name in zip(["", *upper], upper)]


def _spread(upper: Sequence[str], lower: Sequence[str]) -> list[str]:
    """The upper names, each over the columns that it has parts in."""
    found: list[str] = []
    merged = _own(upper) != list(upper)  # the file says over which
    for name, part in zip_longest(upper, lower, fillvalue=""):
        goes_on = not name and part and found and not merged
        found.append(found[-1] if goes_on else name)
    return found
