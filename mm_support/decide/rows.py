"""Rows of tables among what was found: which tells of what a question names, and what none tells.

Knows the hits of one question, and no probabilities.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence

from mm_support.language.asks import TIMES, affirmed, amounts_asked, asks_steps, without_amounts
from mm_support.language.detect import language_of, stop_words
from mm_support.language.facts import MONEY, alike, facts_of, range_in
from mm_support.language.sentences import CELL, COLON, COLUMNS, ENDS, column_names, first_cell
from mm_support.language.terms import all_terms, edged, term_set
from mm_support.types import Entry, Hit

SHORT = 40  # characters of a line of data that names one thing: "Price: 49.90 EUR"


def with_row(asked: frozenset[str], named: Hit, hits: Sequence[Hit]) -> Hit:
    """Of several hits that one whose table has rows for what is asked about which say more of it
    than all that the one named does, or more beside it than its rows; else the one named. "How fast
    is Drift 40?" is told by the row of Drift 40 among the plans, not under "Installing Drift 40".
    """
    held, own = asked & term_set(named.entry.answer), _in_rows(asked, named)
    rows = [(*_in_rows(asked, hit), hit) for hit in hits]
    fuller = [
        (len(said), columns, hit)
        for said, columns, hit in rows
        if held < said or held == said == own[0] and columns > own[1]
    ]
    return max(fuller, key=lambda row: row[:2])[2] if fuller else named


def in_range(words: str, named: Hit, hits: Sequence[Hit]) -> Hit:
    """Of rows that are named as well the one whose range holds an amount in the question, where
    that of the one named does not: the tablet for 20 to 40 kg, of a dog of 30 kg.
    """
    if holds_amount(words, named.entry) is not False:
        return named
    meant = term_set(affirmed(words)) & term_set(named.entry.title)
    alike = (hit for hit in hits if meant <= term_set(hit.entry.title))
    return next((hit for hit in alike if holds_amount(words, hit.entry)), named)


def holds_amount(words: str, entry: Entry) -> bool | None:
    """Whether a range in an entry that is a row ("Size: 4.5-10 kg") holds an amount in a question;
    None where it has none of the kind.
    """
    is_row = "\n" not in entry.answer and only_rows(entry)
    ranges = list(filter(None, map(range_in, CELL.split(entry.answer)))) if is_row else []
    amounts = facts_of(words).amounts if ranges else ()
    asked = [amount for amount in amounts if amount.kind and amount.said]
    held = [
        low <= amount.value <= high
        for amount in asked
        for kind, low, high in ranges
        if alike(kind, amount.kind)
    ]
    return any(held) if held else None


def of_no_row(words: str, hits: Sequence[Hit]) -> bool:
    """Whether the best hit is a row of a table of which others were found, and a question in its
    language names something, but nothing that it has and they have not: the branch in Harbin does
    not answer "Where is your branch in Shenyang?".
    """
    asked = term_set(without_amounts(affirmed(words)))
    best = hits[0].entry
    names = column_names(best.answer) if of_one_row(best) else []
    rows = [hit.entry for hit in hits[1:] if names and column_names(hit.entry.answer) == names]
    said = asked & term_set(best.text)
    return bool(rows) and set() < said < asked and all(said <= term_set(row.text) for row in rows)


def of_another_size(words: str, best: Entry, others: Sequence[Entry]) -> bool:
    """Whether entries are named by sizes of one kind, and a question by one that none of them is:
    256 GB, of phones with 64 GB and 128 GB. A price, a time and a bound ("up to 20 kg") are none.
    """
    own, asked = _sizes(best.title, title=True), _sizes(words)
    for kind in own.keys() & asked.keys():
        every = own[kind].union(
            *(_sizes(entry.title, title=True).get(kind, ()) for entry in others)
        )
        stated = {amount.value for amount in facts_of(best.text).amounts if amount.kind == kind}
        if len(every) > 1 and asked[kind].isdisjoint(every | stated):
            return True
    return False


def _sizes(text: str, title: bool = False) -> dict[str, set[float]]:
    """Kind -> amounts in a text; in a title those that no word of grammar leads to."""
    facts, stops = facts_of(text), stop_words(language_of(text))
    found = defaultdict[str, set[float]](set)
    for amount in facts.amounts:
        before = facts.text[: amount.at].split()
        leads = title and bool(before) and before[-1].lower() in stops
        if amount.kind and amount.kind not in MONEY | TIMES and not leads:
            found[amount.kind].add(amount.value)
    return found


def _in_rows(asked: frozenset[str], hit: Hit) -> tuple[frozenset[str], int]:
    """The terms asked for that a hit's tables have in rows for something asked about, and how many
    columns the longest of these has.
    """
    lines = hit.entry.answer.splitlines()
    found = [(asked & term_set(line), len(column_names(line)), _thing_of(line)) for line in lines]
    rows = [(said, columns) for said, columns, cell in found if columns and cell and cell <= said]
    said = frozenset().union(*(said for said, _ in rows))
    return said, max((columns for _, columns in rows), default=0)


def _thing_of(row: str) -> frozenset[str]:
    """What a row of a table says in its first cell, below the column's name."""
    return term_set(COLON.split(first_cell(row))[-1])


def beyond_rows(words: str, named: Hit, hits: Sequence[Hit]) -> Hit:
    """The first of several hits that tells how to do a thing where that is asked for and the one
    named is nothing but rows: "how do I descale it" is not told by what descaling costs.
    """
    if not asks_steps(words) or amounts_asked(words) or not only_rows(named.entry):
        return named
    return next((hit for hit in hits if not only_rows(hit.entry)), named)


def columns_of(entry: Entry) -> frozenset[str]:
    """The terms of the names of columns in an entry's rows."""
    names = (name for line in entry.answer.splitlines() for name in column_names(line))
    return all_terms(names)


def things_in(words: str, entry: Entry) -> Iterator[str]:
    """What stands in the first cells of an entry that is a table, as far as the words name it:
    "Gniezno" of "is there parking at the Gniezno shop".
    """
    lines = entry.answer.splitlines()
    cells = (COLON.split(first_cell(line))[-1].strip() for line in lines if column_names(line))
    for cell in filter(term_set, cells) if only_rows(entry) and len(lines) > 1 else ():
        if any(map(str.isalpha, cell)) and re.search(edged([cell.lower()]), words.lower()):
            yield cell


def of_one_row(entry: Entry) -> bool:
    """Whether an entry is a row of a table, or a product's description above its data. One name
    with a sentence or a long text is none ("Note: It runs on ...", "Source: https://...").
    """
    lines = [line for line in entry.answer.splitlines() if line]
    columns = [len(column_names(line)) for line in lines]
    if len(lines) != 2:
        return len(lines) == 1 and columns[0] >= COLUMNS
    short = len(lines[1]) <= SHORT and not lines[1].endswith(ENDS)
    return columns[0] == 0 and (columns[1] >= COLUMNS or columns[1] == 1 and short)


def only_rows(entry: Entry) -> bool:
    """Whether every line of an entry is a row of a table."""
    lines = filter(None, entry.answer.splitlines())
    return all(len(column_names(line)) >= COLUMNS for line in lines)
