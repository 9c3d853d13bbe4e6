"""What stands above the rows of a table, where it is more than one row that names the columns.

    Prices from May,,,                      a caption
    Country,Standard,,Express               one header: Country, Standard price, Standard days,
    ,price,days,price                       Express price

Knows no file format.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import zip_longest

from mm_support.knowledge.readers.columns import SAMPLE, has_header, heads_figures, is_sentence
from mm_support.knowledge.readers.groups import Row
from mm_support.knowledge.readers.tables import joined_header
from mm_support.language.field_names import field_of
from mm_support.language.folding import folded

MAX_BESIDE = 10  # tables beside each other


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


def split_tables(rows: Sequence[Row]) -> list[list[Row]]:
    """The tables of a sheet that stand one below the other: each begins with names of its columns,
    under a row without cells or as the first ones are written, and a caption if it has one."""
    starts, first, headed = [0], dict[int, str](), False
    for at, (line, cells) in enumerate(rows):
        names = _named(cells)
        if names and not first:
            first, headed = names, has_header([own for _, own in rows[at : at + SAMPLE]])
            continue
        if not names:
            continue
        begin = at
        while begin > starts[-1] + 1 and _is_name_alone(rows[begin - 1][1]):
            begin -= 1
        apart = rows[begin][0] > rows[begin - 1][0] + 1 or line > rows[at - 1][0] + 1
        if headed and names == first or apart and _names_columns(rows, at, first):
            starts.append(begin)
    return [list(rows[one:other]) for one, other in zip(starts, [*starts[1:], len(rows)])]


def split_beside(rows: Sequence[Row]) -> list[list[Row]]:
    """The tables that stand beside each other, with an empty column between: each names a column as
    the first one does."""
    filled = sorted({at for _, cells in rows for at, cell in enumerate(cells) if cell})
    starts = [at for before, at in zip([-2, *filled], filled) if at > before + 1]
    if not 1 < len(starts) <= MAX_BESIDE:
        return [list(rows)]
    parts = [
        [(line, cells[start:end]) for line, cells in rows if any(cells[start:end])]
        for start, end in zip(starts, [*starts[1:], filled[-1] + 1])
    ]
    heads = [next(filter(None, (_named(cells) for _, cells in part)), {}) for part in parts]
    shared = [{*head.values()} & {*heads[0].values()} for head in heads]
    return parts if all(shared) else [list(rows)]


def _named(cells: Sequence[str]) -> dict[int, str]:
    """Place -> text of the cells of a row, where they are several; else nothing."""
    found = {at: folded(cell) for at, cell in enumerate(cells) if cell.strip()}
    return found if len({*found.values()}) > 1 else {}


def _is_name_alone(cells: Sequence[str]) -> bool:
    return _is_caption(cells) and not is_sentence(next(filter(None, cells)))


def _names_columns(rows: Sequence[Row], at: int, first: Mapping[int, str]) -> bool:
    """Whether a row names columns as the first one does, or stands over figures."""
    names = _named(rows[at][1])
    body: list[Sequence[str]] = []
    for place in range(at + 1, len(rows)):
        if rows[place][0] > rows[place - 1][0] + 1:
            break
        body.append(rows[place][1])
    if not body or any(sign.isdigit() for name in names.values() for sign in name):
        return False
    return bool({*names.values()} & {*first.values()}) or heads_figures(rows[at][1], body)


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
