"""What of a long row of a table is shown: its name, what is asked for, the rest, in that order.

Asked for is a column whose name or cell holds a word of the question, or for what no column has a
word the one whose name is closest to it; of a series of sums, the order stays as it is then. Where
the question names a column and has no word but those of the row, the other columns are left out,
save those that say more than a figure: they may hold its conditions. Of what names the row alone,
by a code or a size, all is shown.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from mm_support.decide.coded import codes_in
from mm_support.knowledge.passages import tokens
from mm_support.language.asks import amounts_stated, without_amounts
from mm_support.language.sentences import COLON, COLUMNS, column_names
from mm_support.language.terms import all_terms, term_set
from mm_support.types import EncodeKind, Entry

SHORT = 3  # columns of a row that is shown as it stands
FIGURE = 2  # tokens of a cell that says no more than a figure or a kind
_CELL = re.compile(r";\s*(?=[^:：;]+[:：])")


def as_asked(question: str, row: str, entry: Entry, encode: EncodeKind) -> str:
    """The sentence, where it is a long row with what the question asks for first or alone."""
    if not _is_long(row):
        return row
    name, cells = _apart(row)
    if name:
        return f"{name}: {'; '.join(_columns_asked(question, name, cells))}"
    codes = codes_in(term_set(question))
    named = [cell for cell in cells if _names(_value(cell), entry.title)] or cells[:1]
    coded = [cell for cell in cells if codes & term_set(_value(cell))]
    naming = list(dict.fromkeys([*named, *coded]))
    left = term_set(question) - all_terms(map(_value, naming))
    asked = [cell for cell in cells if left & term_set(cell)]
    asks_column = any(left & term_set(COLON.split(cell)[0]) for cell in asked)
    more = [cell for cell in cells if not asks_column or tokens(_value(cell)) > FIGURE]
    if left - all_terms(naming) - all_terms(asked) or not {*asked} - {*naming}:
        guessed = [] if _is_series(cells) else _closest(question, cells, naming, encode)
        asked, more = [*asked, *guessed], cells
    return "; ".join(dict.fromkeys([*naming, *asked, *more]))


def _apart(row: str) -> tuple[str, list[str]]:
    """The name of a row of a table whose first column has none, and its other cells: "Price" and
    ["Free: £0", "Solo: £9"] of "Price: Free: £0; Solo: £9"; "" for other rows.
    """
    first, *cells = _CELL.split(row)
    name, *pair = first.split(": ", 1)
    named = pair and re.match(r"[^:]{1,60}: \S", pair[0])
    return (name, [pair[0], *cells]) if named else ("", [first, *cells])


def _columns_asked(question: str, name: str, cells: Sequence[str]) -> list[str]:
    """The cells of a named row, the one whose column the question names first; alone those that it
    names, where it has no words but theirs and for an amount. Else all as they stand.
    """
    words = term_set(question)
    asked = [cell for cell in cells if (own := term_set(COLON.split(cell)[0])) and own <= words]
    heads = all_terms(COLON.split(cell)[0] for cell in asked)
    left = term_set(without_amounts(question)) - heads - term_set(name)
    first = asked if len(asked) == 1 or not left else []
    return list(dict.fromkeys([*first, *(cells if left or not asked else ())]))


def _is_series(cells: Sequence[str]) -> bool:
    """Whether most cells of a row are sums of money: their order tells low from high."""
    sums = ["price" in amounts_stated(_value(cell)) for cell in cells]
    return 2 * sum(sums) > len(sums)


def rows_as_asked(
    question: str, rows: Sequence[str], entry: Entry, encode: EncodeKind
) -> list[str]:
    """Sentences, of a long row what is asked for; of several rows the same columns, in the order of
    the table, since they are compared.
    """
    asked = [as_asked(question, row, entry, encode) for row in rows]
    if sum(_is_long(row) for row in rows) < 2:
        return asked
    if any(_is_long(row) and _apart(row)[0] for row in rows):
        return asked
    kept = {COLON.split(cell)[0] for own in asked for cell in _CELL.split(own)}
    return [
        "; ".join(cell for cell in _CELL.split(row) if COLON.split(cell)[0] in kept)
        if _is_long(row)
        else row
        for row in rows
    ]


def _is_long(row: str) -> bool:
    return len(_CELL.split(row)) > SHORT and len(column_names(row)) >= COLUMNS


def _closest(
    question: str, cells: Sequence[str], naming: Sequence[str], encode: EncodeKind
) -> list[str]:
    """The cells of the column closest to what of the question is in none, and of its namesakes."""
    known, columns = all_terms(cells), [cell for cell in cells if cell not in naming]
    words = [word for word in question.split() if not term_set(word) or term_set(word) - known]
    if not words or not columns:
        return []
    names = [COLON.split(cell)[0] for cell in columns]
    (wanted,) = encode([" ".join(words)], "query")
    best = term_set(names[int(np.argmax(encode(names, "passage") @ wanted))])
    return [cell for cell, name in zip(columns, names) if best & term_set(name)]


def _names(value: str, title: str) -> bool:
    """Whether a title, such as "prices: Pan 20" or "Pan 20 (P-4)", consists of it."""
    return title.endswith((value, f"({value})")) or title.startswith(f"{value} (")


def _value(cell: str) -> str:
    return COLON.split(cell, 1)[-1].strip()
