"""Which tables a question asks for, by their captions, and which rows of a table: those that it
names, that state the price asked for, or all. Knows no probability of an answer, only how likely
each block belongs to the reply.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np

from mm_support.decide.coded import codes_in
from mm_support.decode.blocks import Block, tables_of
from mm_support.language.asks import amounts_asked, amounts_stated
from mm_support.language.detect import language_of, stop_words
from mm_support.language.facts import facts_of
from mm_support.language.sentences import column_names, first_cell
from mm_support.language.terms import term_set, terms
from mm_support.language.units import joining_word

WORD = re.compile(r"\w+(?:['’]\w+)*")


def rows_asked_for(
    question: str,
    blocks: Sequence[Block],
    likely: np.ndarray,
    context: str = "",
    topic: frozenset[str] = frozenset(),
) -> np.ndarray:
    """How likely each block belongs to the reply, where rows of a table go by their table: all are
    as likely as the likeliest, or only those that are named. context: what the question leans on,
    which counts where it names no row and no code itself. topic: the terms of the entry's title,
    which name a row by its first cell alone.
    """
    likely = likely.copy()
    context = "" if codes_in(term_set(question)) else context
    for rows in tables_of([block.sentences for block in blocks]):
        own = [blocks[at] for at in rows]
        stating = _stating_rows(question, own)
        kept = [row for row, states in zip(own, stating) if states]
        named = (_among(stating, named_rows(words, kept, topic)) for words in (question, context))
        shown = next(filter(any, named), stating)
        own_best = likely[rows].max()
        surely = own_best and _names_first(question, own, shown, topic)
        likely[rows] = (likely.max() if surely else own_best) * np.array(shown)
    return likely


def _names_first(
    question: str, rows: Sequence[Block], shown: Sequence[bool], topic: frozenset[str]
) -> bool:
    """Whether a question names the rows that are shown by a word of their first cells which is not
    the topic, and no other row's: "And the dryer?" of a table of machines.
    """
    cells = [term_set(first_cell(row.sentences[0])) - topic for row in rows]
    told = [cell for cell, is_shown in zip(cells, shown) if is_shown]
    others = [cell for cell, is_shown in zip(cells, shown) if not is_shown]
    asked = term_set(question) - frozenset().union(*others)
    return bool(others) and all(asked & cell for cell in told)


def tables_asked_for(
    question: str,
    blocks: Sequence[Block],
    likely: np.ndarray,
    headed: Mapping[int, int],
    context: str = "",
) -> np.ndarray:
    """How likely each block belongs to the reply, where of several tables with captions only those
    are shown whose captions are named, if some are. headed, context: of the entry, of the question.
    """
    likely, asked = likely.copy(), term_set(question)
    tables = [range(head + 1, end) for head, end in headed.items()]
    tables = [rows for rows in tables if tables_of([blocks[at].sentences for at in rows])]
    captions = [blocks[rows.start - 1] for rows in tables]
    named = (named_rows(words, captions, frozenset()) for words in (question, context) if captions)
    shown = next(filter(any, named), [True] * len(tables))
    for rows, caption, is_shown in zip(tables, captions, shown):
        own = likely[rows.start : rows.stop]
        said = frozenset().union(*(blocks[at].terms for at in rows))
        heard = likely[rows.start - 1] if asked & caption.terms - said else 0.0
        likely[rows.start : rows.stop] = np.maximum(own, heard) * is_shown
        likely[rows.start - 1] = 0.0
    return likely


def _stating_rows(question: str, rows: Sequence[Block]) -> list[bool]:
    """Which rows state a price, where one is asked for and some state none: the rows of a table of
    plans are what differs between them. All where all or none do.
    """
    if "price" not in amounts_asked(question):
        return [True] * len(rows)
    states = ["price" in amounts_stated(row.text) for row in rows]
    columns = [column_names(row.sentences[0]) for row in rows]
    things = all(own > frozenset.intersection(*columns) for own in columns)
    return states if things and any(states) else [True] * len(rows)


def _among(kept: Sequence[bool], named: Sequence[bool]) -> list[bool]:
    """(n_rows,) which rows are named, from those that are named among the kept ones."""
    each = iter(named)
    return [is_kept and next(each) for is_kept in kept]


def named_rows(question: str, rows: Sequence[Block], topic: frozenset[str]) -> list[bool]:
    """Which rows hold words of a question that not all of them hold, and the most of them, or words
    that it says more often than what others hold beside them ("Shore or Shore Plus?"); all where
    they are for amounts and it lies between theirs, or where one of two alternatives names none.
    """
    if _lies_between(question, rows):
        return [True] * len(rows)
    exact = _of_amount(question, rows)
    if any(exact) and not all(exact):
        kept = [row for row, is_exact in zip(rows, exact) if is_exact]
        named = named_rows(question, kept, topic)
        return _among(exact, named) if any(named) else exact
    asked, words = term_set(question), _words(question) - stop_words(language_of(question))
    own = [row.terms - topic | term_set(first_cell(row.sentences[0])) for row in rows]
    held = [asked & terms | words & _named(row) for terms, row in zip(own, rows)]
    often = Counter([*terms(question), *WORD.findall(question.lower())])
    common = frozenset.intersection(*held)

    def outdone(own: frozenset[str]) -> bool:
        beside = [other - own for other in held if other > own]
        least = min((often[word] for word in own), default=0)
        return any(least <= max(often[word] for word in more) for more in beside)

    named = [own > common and not outdone(own) for own in held]
    told = [own - common for own, is_named in zip(held, named) if is_named]
    return [True] * len(rows) if len(told) == 1 and _half_named(question, *told) else named


def _half_named(question: str, told: frozenset[str]) -> bool:
    """Whether only one of alternatives holds the words by which a row is named: the other one is
    called otherwise there ("nurse or vet, which is cheaper?").
    """
    language = language_of(question)
    sides = question.lower().split(joining_word(language, "or"))
    return any(told.isdisjoint(term_set(side, language) | _words(side)) for side in sides)


def _lies_between(question: str, rows: Sequence[Block]) -> bool:
    """Whether an amount in the question is of the kind that most first cells state, and is that of
    none: "10 days before", of rows from 7 and from 15 days on. No word tells which row that is.
    """
    asked, cells = _amounts_of(question, rows)
    return bool(cells) and asked.isdisjoint(set().union(*cells))


def _of_amount(question: str, rows: Sequence[Block]) -> list[bool]:
    """Which rows begin with an amount of the question, in whatever unit: "7 days" of "a week"."""
    asked, cells = _amounts_of(question, rows)
    return [not asked.isdisjoint(cell) for cell in cells] or [False] * len(rows)


def _amounts_of(
    question: str, rows: Sequence[Block]
) -> tuple[set[tuple[str, float]], list[set[tuple[str, float]]]]:
    """The amounts of the question and of each row's first cell, by kind and value; of no row where
    most first cells state none of the question's kinds.
    """
    asked = {(amount.kind, amount.value) for amount in facts_of(question).amounts if amount.kind}
    stated = [facts_of(first_cell(row.sentences[0])).amounts for row in rows]
    cells = [{(amount.kind, amount.value) for amount in own} for own in stated]
    kinds = {kind for kind, _ in asked}
    alike = sum(bool(kinds & {kind for kind, _ in cell}) for cell in cells)
    return asked, cells if 2 * alike > len(rows) else []


def _named(row: Block) -> frozenset[str]:
    """The words of a row's first cell: L and XL tell plans apart, though they are no terms."""
    return _words(first_cell(row.sentences[0]))


def _words(text: str) -> frozenset[str]:
    return frozenset(WORD.findall(text.lower()))
