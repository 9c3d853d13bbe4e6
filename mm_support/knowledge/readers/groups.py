"""Groups of a table's rows: named by a row of their own, or by a cell of the first of them.

    Hair                          Hair    Cut      35 EUR
    Cut        35 EUR                     Colour   80 EUR
    Colour     80 EUR             Nails   Gel      45 EUR

Rows may also go on with the one above. Knows no file format.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence

from mm_support.knowledge.readers.columns import is_sentence
from mm_support.language.sentences import ASKING

Row = tuple[int, list[str]]  # its line in the file, its cells
LEAST_HEADS = 2  # rows that name groups, in a table where they might be questions without answers


def has_group_rows(body: Sequence[Sequence[str]], answering: bool) -> bool:
    """Whether the rows below the header begin with one that names those below it; then every row
    belongs to a group. answering: whether the table has a column of answers."""
    heads = [cells for cells in body if is_group(cells)]
    full = [*filter(_is_full, body)]
    if not heads or not is_group(body[0]) or len(full) < len(heads):
        return False
    return not answering or len(heads) >= LEAST_HEADS


def is_group(cells: Sequence[str]) -> bool:
    """Whether the first cell alone is filled, and is a name."""
    named = bool(cells[0]) and not any(cells[1:])
    return named and not is_sentence(cells[0]) and not cells[0].strip().endswith(ASKING)


def _is_full(cells: Sequence[str]) -> bool:
    return sum(map(bool, cells)) > 1


def by_group(rows: Iterable[Row]) -> Iterator[tuple[str, Row]]:
    """Each row with the name of its group. A row that names none below it is one of its own."""
    group, waiting, begun = "", [], False
    for row in rows:
        if is_group(row[1]):
            waiting.append(row)
            continue
        if waiting and not begun:
            group = ": ".join(cells[0] for _, cells in waiting)
        elif waiting:
            yield from ((group, own) for own in waiting[:-1])
            group = waiting[-1][1][0]
        waiting, begun = [], True
        yield group if _is_full(row[1]) else "", row
    yield from (("", own) for own in waiting)


def grouped(body: Sequence[list[str]]) -> list[list[str]]:
    """The rows below a header, in which those of groups begin with the group's name."""
    if not has_group_rows(body, False):
        return list(body)
    rows = by_group(enumerate(body))
    return [[": ".join(filter(None, [group, row[0]])), *row[1:]] for group, (_, row) in rows]


# -- rows that go on with the one above ------------------------------------------------------


def with_more(
    rows: Iterable[Row], key: int, fields: Collection[int]
) -> Iterator[tuple[Row, list[list[str]]]]:
    """Each row with the rows below it that say more of the same, such as the variants of a product:
    they have its key, which is taken out, and nothing in the columns of these fields."""
    own: Row | None = None
    more: list[list[str]] = []
    for row in rows:
        cells = row[1]
        begins = any("".join(cells[at : at + 1]) for at in fields)
        if own is None or begins or "".join(cells[key : key + 1]) != own[1][key] or not own[1][key]:
            yield from [(own, more)] if own else []
            own, more = row, []
        else:
            more.append([*cells[:key], "", *cells[key + 1 :]])
    yield from [(own, more)] if own else []


# -- cells that stand for those below ------------------------------------------------------


def leads_down(rows: Sequence[Sequence[str]]) -> bool:
    """Whether cells of the first column stand for the empty ones below: each once, over one row or
    more that is filled otherwise. rows: with the one that names the columns."""
    cells = [row[0] for row in rows[1:]]
    named = [cell for cell in cells if cell]
    if len(named) < 2 or not cells[0] or len(cells) < 2 * len(named):
        return False
    filled = all(len(row) > 2 and row[1] for row in rows)
    return filled and len(set(named)) == len(named) and not all(map(_is_code, named))


def _is_code(text: str) -> bool:
    return " " not in text and any(map(str.isdecimal, text))


def led_down(rows: Iterable[Row]) -> Iterator[Row]:
    """The rows, whose empty first cells say what the last one says that is filled."""
    last = ""
    for line, cells in rows:
        last = cells[0] or last
        yield line, [last, *cells[1:]]
