"""The columns of a table, and the keys of exports and front matter -> the fields of a document.

    Question | Answer | Price      title, answer, -        price is read with the answer
    Code | Tarif | Euro            code, title, -          by what stands in T1 | Klein | 9

Names are looked up (language/field_names.py); where none is known, the contents decide: answers are
the longest texts, questions end in question marks, ids are short and all different. What was
decided is told in a sentence. Knows no file format.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from itertools import zip_longest
from statistics import fmean
from typing import Any

from mm_support.knowledge.readers.base import Remarks
from mm_support.knowledge.readers.fields import as_bool
from mm_support.language.facts import facts_of
from mm_support.language.field_names import (
    NO,
    RESTRICTED,
    UNPUBLISHED,
    YES,
    field_of,
    is_aside,
    is_own,
    known_field,
    of_customers,
)
from mm_support.language.folding import folded
from mm_support.language.sentences import ASKING, ENDS

SAMPLE = 200  # rows by which unknown columns are judged
# fields that several columns may fill
MANY = frozenset({"questions", "pictures", "tags", "category"})
LONG = 40  # characters; a cell as long, or one that is a sentence, names no column
# fields that may keep a row from customers; of several columns for one of them all are heeded
SURE_GUARDS = frozenset({"draft", "staff_only"})  # in rows that are no answers too
GUARDS = SURE_GUARDS | {"published", "status", "visibility", "internal", "segment"}
HIDING = {  # what their cells say then; any other cell than SHOWING of a draft or a segment
    "published": NO,
    "status": UNPUBLISHED,
    "visibility": RESTRICTED,
    "internal": YES,
    "staff_only": YES,
}
SHOWING = NO | {"", "[]"}
REST = "rest"  # (name, cell) of the columns that stand for no field
MOST_DAYS = 0.7  # share of the cells of a column of days; the others may be holidays
DIFFERENT = 0.9  # share of the rows whose names differ, where they have questions too
OF_CUSTOMERS = (
    "it says what single customers asked or ordered, and was not read; write down what holds for "
    "all of them ({})"
)
_RECORD = re.compile(r"https?://\S+|\d{4}-\d\d-\d\dT\d\d:\d\d\S*|[\[{].*[\]}]", re.DOTALL)
STATING = tuple(".!。！")
_UNIT = re.compile(r"([€$£¥₹₩]?)\s?\d[\d.,]*\s?([^\W\d_]+|[€$£¥₹₩%]?)")  # of a figure at the start


@dataclass(frozen=True)
class Columns:
    """fields: for each column its field, or "". names: as the file has them."""

    names: tuple[str, ...]
    fields: tuple[str, ...]
    guessed: frozenset[int] = frozenset()

    @property
    def names_rows(self) -> bool:
        """Whether the rows have names of their own, which say enough by themselves: of goods that
        have codes, or under a name that is known.
        """
        at = self.fields.index("title") if "title" in self.fields else None
        return at is not None and (at not in self.guessed or "code" in self.fields)

    def values(self, cells: Sequence[object]) -> dict[str, object]:
        """A row by fields; several columns of questions or pictures are one list."""
        row: dict[str, object] = {}
        for field, cell in zip(self.fields, cells):
            if field in MANY and field in row and cell:
                row[field] = f"{row[field]}|{cell}" if row[field] else cell
            elif hides(field, cell):
                row[field] = cell
            elif field:
                row.setdefault(field, cell)
        return row | {REST: self.rest(cells)}

    def rest(self, cells: Sequence[object], like: Sequence[object] = ()) -> list[tuple[str, str]]:
        """(name, cell) of the columns without a field that say something, such as a price. like:
        the row that says what the cells are called."""
        named = zip(labels(self.names, like or cells), self.fields, cells)
        return [
            _answered(name, text)
            for name, field, cell in named
            if not field and not is_aside(name) and not is_own(name) and (text := _said(cell))
        ]

    def note(self) -> str:
        """What each column was taken for, "" where all have our own names. Rows without an answer
        are read whole: none of their columns is unused.
        """
        told, beside, unused, own = [], [], [], []
        answers = "answer" in self.fields
        for at, (name, field) in enumerate(zip(self.names, self.fields)):
            if at in self.guessed:
                told.append(f"'{name}' is the {field.replace('_', ' ')} (by its contents)")
            elif field and folded(name) != folded(field):
                told.append(f"'{name}' is the {field.replace('_', ' ')}")
            elif not field and is_own(name):
                own.append(f"'{name}'")
            elif name and not field and answers:
                (unused if is_aside(name) else beside).append(f"'{name}'")
        if beside:
            told.append(f"read with the answer: {', '.join(beside)}")
        if unused:
            told.append(f"not used: {', '.join(unused)}")
        if own:
            told.append(f"kept from customers: {', '.join(own)}")
        return "; ".join(told)


def _answered(name: str, text: str) -> tuple[str, str]:
    """A name that asks and a figure that answers it, as people say it: "In stock?" 1 is yes."""
    if not name.endswith(ASKING) or text not in ("0", "1"):
        return name, text
    return name.rstrip("".join(ASKING)).strip(), "yes" if text == "1" else "no"


def labels(names: Sequence[str], cells: Sequence[object]) -> list[str]:
    """What the cells of a row are called: "Option 1 Value" by what "Option 1 Name" says. The name
    itself, and the value of a row that has no option, have no label."""
    places = {folded(name): at for at, name in enumerate(names)}
    found = list(names)
    for name, at in places.items():
        stem = name.removesuffix(" name")
        ways = (f"{stem} {called}" for called in ("value", "values", "value s"))
        value = next((places[way] for way in ways if way in places), at)
        if name == stem or value == at or value >= len(cells):
            continue
        said = str(cells[at]).strip()
        default = folded(str(cells[value])) == folded(f"default {said}")
        found[at], found[value] = "", "" if default else said
    return found


def _said(cell: object) -> str:
    """A cell as text; "" for what says nothing to a reader: addresses, times, nested data."""
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    text = str(cell).strip() if isinstance(cell, str | int | float) else ""
    return "" if _RECORD.fullmatch(text) else text


def map_names(names: Sequence[str]) -> Columns:
    """Columns by their names alone; of two for one field the surer name has it."""
    found = [known_field(name) for name in names]
    surest = dict[str, int]()  # field -> the column that has it
    for at, (field, rank) in enumerate(found):
        if rank < found[surest.setdefault(field, at)][1]:
            surest[field] = at
    fields = [
        field if field in MANY | GUARDS or surest[field] == at else ""
        for at, (field, _) in enumerate(found)
    ]
    return Columns(tuple(names), _with_title(fields))


def _with_title(fields: list[str]) -> tuple[str, ...]:
    """A single column of questions is the title where there is none."""
    if "title" not in fields and fields.count("questions") == 1:
        return tuple("title" if field == "questions" else field for field in fields)
    return tuple(fields)


def map_columns(rows: Sequence[Sequence[str]]) -> tuple[Columns, bool]:
    """The columns of a table by its first rows, and whether the first row names them."""
    header = has_header(rows)
    if header:
        names, body = rows[0], rows[1:]
    else:
        names, body = [f"column {at + 1}" for at in range(max(map(len, rows)))], rows
    sample = [list(row) for row in body[:SAMPLE]]
    columns = _of_goods(_without_misnamed(map_names(names), sample), sample)
    if not (header and {"title", "answer"} <= set(columns.fields)):
        columns = _guess_rest(columns, sample, header)
    return _of_questions(columns, sample), header


def _filled(rows: Sequence[Sequence[str]], at: int) -> list[str]:
    """The cells of a column that say something."""
    return [row[at] for row in rows if at < len(row) and row[at].strip()]


def _without_misnamed(columns: Columns, body: Sequence[Sequence[str]]) -> Columns:
    """A column under a name for days of change that holds texts is one of the matter; so is one
    under a name for what only some may see that says neither yes nor no: "Private | Business".
    Statuses of things that are no articles are of the matter too: "Sold out", "Victoria".
    """
    fields = list(columns.fields)
    for at, field in enumerate(fields):
        cells = _filled(body, at)
        dated = [cell for cell in cells if _has_digit(cell) and not is_sentence(cell)]
        if field == "updated" and 2 * len(dated) < len(cells):
            fields[at] = ""
        if field == "status" and _is_of_matter(columns, at, cells):
            fields[at] = ""
        if field == "internal" and not all(cell.strip().casefold() in YES | NO for cell in cells):
            fields[at] = ""
    return Columns(columns.names, tuple(fields))


def _is_of_matter(columns: Columns, at: int, cells: Sequence[str]) -> bool:
    """Whether a column of statuses says something to customers: it stands first and explains them
    ("Status | Meaning"), or differs in a table without questions and hides nothing.
    """
    several = len(set(cells)) > 1
    if at == 0 and len(set(cells)) == len(cells):
        return several
    asking = any(field_of(name) == "questions" for name in columns.names)
    return several and not asking and not any(hides("status", cell) for cell in cells)


def _of_goods(columns: Columns, body: Sequence[Sequence[str]]) -> Columns:
    """Where labels stand first under a name for answers, and no other names rows, these do:
    "Article | Price"."""
    labels = _filled(body, 0)
    named = columns.fields[:1] != ("answer",) or {"title", "questions"} & set(columns.fields)
    if named or not labels or _is_prose(labels):
        return columns
    return Columns(columns.names, ("title", *columns.fields[1:]))


def _of_questions(columns: Columns, body: Sequence[Sequence[str]]) -> Columns:
    """Where topics repeat beside questions and answers, they are not the titles: those begin with
    them ("Aster 50: How do I descale it?").
    """
    fields = list(columns.fields)
    if not {"title", "questions", "answer"} <= set(fields):
        return columns
    at = fields.index("title")
    if _differ(_filled(body, at)):
        return columns
    fields[at] = "topic"
    return Columns(columns.names, _with_title(fields), columns.guessed)


def has_header(rows: Sequence[Sequence[str]]) -> bool:
    """Whether the first row names columns: known names, or short labels above other contents."""
    first = [cell for cell in rows[0] if cell.strip()]
    if any(field_of(cell) in ("title", "answer", "questions") for cell in first):
        return True
    body = rows[1:SAMPLE]
    rest = [len(cell) for row in body for cell in row if cell.strip()]
    columns = zip_longest(*rows[:SAMPLE], fillvalue="")
    if not first or not rest or any(_is_no_name(*column) for column in columns):
        return False
    if _is_of_its_column(rows[0], body) or _is_named_amount(rows[0], body):
        return False
    longer = fmean(rest) > fmean(map(len, first))
    return longer or heads_figures(rows[0], body) or _heads_days(rows[0], body)


def _is_no_name(cell: str, *below: str) -> bool:
    """Whether a cell is a text as most cells below it are: too long for a name, or with a mark at
    its end. "Ready?" over "yes" and "no" is a name.
    """
    others = [other for other in below if other.strip()]
    signs = [sign for sign in (_is_long, _is_question, _is_statement) if sign(cell)]
    return any(2 * sum(map(sign, others)) >= len(others) for sign in signs)


def _is_long(cell: str) -> bool:
    return len(cell) >= LONG


def _is_question(cell: str) -> bool:
    return cell.strip().endswith(ASKING)


def _is_statement(cell: str) -> bool:
    return cell.strip().endswith(STATING)


def _is_of_its_column(first: Sequence[str], body: Sequence[Sequence[str]]) -> bool:
    """Whether a cell is an amount as most below it are: 2.80 over 3.20, but no year over 900."""
    columns = [[_form(row[at]) for row in body if at < len(row)] for at in range(len(first))]
    forms = [_form(name) for name in first]
    return any(
        "0" in form and form != "0" and 2 * cells.count(form) > len(cells)
        for form, cells in zip(forms, columns)
    )


def _is_named_amount(first: Sequence[str], body: Sequence[Sequence[str]]) -> bool:
    """Whether the first of rows of a name and what is said of it is one: it begins with a figure
    and a unit, as another one does: "Shipping | 5 € up to 2 kg".
    """
    if len(first) != 2 or any(len(row) > 2 for row in body):
        return False
    unit = _leading_unit(first[1])
    return bool(unit) and unit in map(_leading_unit, _filled(body, 1))


def _leading_unit(cell: str) -> str:
    found = _UNIT.match(cell)
    return f"{found[1]}{found[2]}".casefold() if found else ""


def _form(cell: str) -> str:
    """A cell with a zero in place of each whole number."""
    return re.sub(r"\d+", "0", cell.strip())


def _heads_days(first: Sequence[str], body: Sequence[Sequence[str]]) -> bool:
    """Whether a name that is no day stands over cells most of which are days."""
    columns = [[_is_day(row[at]) for row in body if at < len(row)] for at in range(len(first))]
    return any(
        MOST_DAYS * len(days) <= sum(days) and not _is_day(name)
        for name, days in zip(first, columns)
        if name and len(days) > 1
    )


def _is_day(cell: str) -> bool:
    facts = facts_of(cell)
    return bool(facts.days or facts.dates)


def heads_figures(first: Sequence[str], body: Sequence[Sequence[str]]) -> bool:
    """Whether a name without digits stands over cells that all have some, or one with letters
    ("up to 2 kg") over figures alone."""
    columns = (_filled(body, at) for at in range(len(first)))
    return any(
        cells and all(map(_has_digit, cells)) and (not _has_digit(name) or _is_other(name, cells))
        for name, cells in zip(first, columns)
    )


def _is_other(name: str, cells: Sequence[str]) -> bool:
    return _has_letter(name) and not any(map(_has_letter, cells))


def _has_letter(text: str) -> bool:
    return any(sign.isalpha() for sign in text)


def _has_digit(text: str) -> bool:
    return any(sign.isdigit() for sign in text)


def _guess_rest(columns: Columns, body: list[list[str]], header: bool) -> Columns:
    """Fields of the columns without known names, by what they hold. What only is long, as opening
    hours and addresses are, is no answer where it has a name among several: that says what it is.
    """
    free = [at for at, field in enumerate(columns.fields) if not field]
    cells = {at: _filled(body, at) for at in free}
    lengths = {at: fmean(map(len, own)) for at, own in cells.items() if own}
    guessed: dict[int, str] = {}
    if "answer" not in columns.fields:
        longest = max(lengths, key=lengths.__getitem__, default=None)
        named = header and len(lengths) > 2
        if longest is None or not _is_prose(cells[longest], ended=named):
            return _with_guessed(columns, _names_of_rows(columns, cells))
        guessed[longest] = "answer"
    guessed |= {at: "questions" for at in lengths if at not in guessed and _asks(cells[at])}
    left = [at for at in lengths if at not in guessed]
    names = [at for at in left[1:] if _are_names(cells[at])]
    titled = "title" in columns.fields
    name = columns.fields.index("title") if titled else max(names, default=0)
    asked = "questions" in (*columns.fields, *guessed.values())
    keyed = bool(left) and (left[0] < name or asked) and _are_keys(cells[left[0]])
    if keyed and not {"id", "code"} & set(columns.fields):
        of_goods = "questions" not in guessed.values() and _are_codes(cells[left[0]], lettered=True)
        guessed[left.pop(0)] = "code" if of_goods else "id"
    if asked and not titled:
        left = [at for at in left if _are_names(cells[at]) and _differ(cells[at])]
    if left and not titled:
        guessed[next((at for at in left if _are_names(cells[at])), left[0])] = "title"
    return _with_guessed(columns, guessed)


def _with_guessed(columns: Columns, guessed: Mapping[int, str]) -> Columns:
    fields = [guessed.get(at, field) for at, field in enumerate(columns.fields)]
    return Columns(columns.names, _with_title(fields), frozenset(guessed))


def _names_of_rows(columns: Columns, cells: Mapping[int, Sequence[str]]) -> dict[int, str]:
    """Of a table without answers the leftmost column of words that hardly repeat names the rows;
    one of codes before it holds their codes. cells: of each column that stands for no field.
    """
    said = [at for at, own in cells.items() if own and not is_aside(columns.names[at])]
    named = [at for at in said if _are_names(cells[at])]
    name = next((at for at in named if _differ(cells[at])), named[0] if named else None)
    if "title" in columns.fields or len(said) < 2 or name is None:
        return {}
    coded = "code" not in columns.fields and said[0] < name and _are_codes(cells[said[0]])
    return {name: "title"} | ({said[0]: "code"} if coded else {})


def _are_names(cells: Sequence[str]) -> bool:
    worded = sum(2 * sum(map(str.isalpha, cell)) > len(cell) for cell in cells)
    return min(worded, len(set(cells))) >= 0.5 * len(cells) and not _are_codes(cells)


def _are_codes(cells: Sequence[str], lettered: bool = False) -> bool:
    """lettered: and not numbers alone. Amounts (680元, 2kg) are none."""
    letters = not lettered or not any(cell.strip().isdecimal() for cell in cells)
    return letters and _is_id(cells) and all(map(_has_digit, cells)) and not _are_amounts(cells)


def _are_amounts(cells: Sequence[str]) -> bool:
    return all(any(amount.kind for amount in facts_of(cell).amounts) for cell in cells)


def _are_keys(cells: Sequence[str]) -> bool:
    """Whether cells are codes, or single words that are not written as names are (opening-hours):
    a name that is taken for one is found by nobody.
    """
    words = all(cell.isascii() and cell in (cell.lower(), cell.upper()) for cell in cells)
    return _are_codes(cells) or words and _is_id(cells)


def _is_prose(cells: Sequence[str], ended: bool = False) -> bool:
    """Whether cells are texts rather than labels and figures. ended: as sentences end."""
    long = (len(cell) > LONG and not ended for cell in cells)
    sentences = sum(cell.strip().endswith(ENDS) or own for cell, own in zip(cells, long))
    return sentences >= 0.5 * len(cells)


def is_sentence(cell: str) -> bool:
    """Whether a cell is too long for a label, or ends as sentences do."""
    return len(cell) >= LONG or cell.strip().endswith(ENDS)


def _differ(cells: Sequence[str]) -> bool:
    return len(set(cells)) >= DIFFERENT * len(cells)


def _asks(cells: Sequence[str]) -> bool:
    marked = sum(any(mark in cell for mark in ASKING) for cell in cells)
    return marked >= 0.5 * len(cells)


def _is_id(cells: Sequence[str]) -> bool:
    short = all(len(cell) < LONG and " " not in cell.strip() for cell in cells)
    return short and len(set(cells)) == len(cells)


def is_unpublished(
    row: Mapping[str, object], line: int, remarks: Remarks, guards: Set[str] = GUARDS
) -> bool:
    """Whether its source says that customers do not see it yet, or any more, or that only some
    people do, which is remarked."""
    as_bool(row.get("draft"), "draft", line, remarks)
    hiding = {field for field in guards if hides(field, row.get(field))}
    if hiding & {"draft", "published", "status"}:
        remarks.skip(line, "it is marked as not published")
    elif hiding:
        remarks.skip(line, "only some people may see it")
    return bool(hiding)


def hides(field: str, cell: object) -> bool:
    """Whether a cell of a field keeps its row from customers."""
    text = _folded(cell)
    return text in HIDING[field] if field in HIDING else field in GUARDS and text not in SHOWING


def _folded(value: object) -> str:
    return "" if value is None else str(value).strip().casefold()


def are_of_customers(names: Iterable[str], line: int, remarks: Remarks) -> bool:
    """Whether names show that a row or a table is what single customers asked or ordered, which is
    remarked; two of them are needed."""
    found = [repr(name) for name in of_customers(names)]
    if len(found) < 2:
        return False
    remarks.skip(line, OF_CUSTOMERS.format(", ".join(found)))
    return True


def by_field(values: Mapping[str, object] | Iterable[tuple[str, object]]) -> dict[str, Any]:
    """Keys of an export or of front matter, as fields; of two for one field the surer has it."""
    pairs = list(values.items() if isinstance(values, Mapping) else values)
    columns = map_names([str(name) for name, _ in pairs])
    rest = columns.rest([value for _, value in pairs])
    said = dict[str, Any]()
    for field, (_, value) in zip(columns.fields, pairs):
        if field and not hides(field, said.get(field)):
            said[field] = value
    return said | {REST: rest}
