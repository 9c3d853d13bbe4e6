"""Lines for ranges of one amount, and which of them holds the one asked about: "150-600 m²: petrol"
of a lawn of 300 m².

A line of a single amount at the end of another's range is open on the other side: "Up to 150 m²".
Beside ranges any other one stands for itself.
Knows lines, and no probabilities.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import inf

from mm_support.language.facts import Amount, alike, facts_of, range_in
from mm_support.language.sentences import COLON, column_names, first_cell

Span = tuple[float, float]


def holding(question: str, lines: Sequence[str]) -> list[bool | None]:
    """(n_lines,) whether the range with which each begins holds an amount in the question, any of
    several; None of lines that begin with none of its kind, and of all where none holds it.
    """
    found = list[list[bool | None]]()
    for amount in facts_of(question).amounts:
        spans = _spans(amount.kind, lines) if amount.kind and amount.said else []
        held = [None if span is None else span[0] <= amount.value <= span[1] for span in spans]
        if held.count(None) < len(held) - 1 and any(held):
            found.append(held)
    each = zip(*found) if found else [(None,)] * len(lines)
    return [None if None in own else any(own) for own in each]


def _spans(kind: str, lines: Sequence[str]) -> list[Span | None]:
    """(n_lines,) the range of the kind with which each line begins, if it does."""
    heads = list(map(_head, lines))
    found = [range_in(head) for head in heads]
    closed = [own[1:] if own and alike(own[0], kind) else None for own in found]
    lows, highs = ({span[side] for span in closed if span} for side in (0, 1))
    spans = list[Span | None](closed)
    for at, head in enumerate(heads):
        only = None if closed[at] else _only(kind, head)
        if only and only.value in lows - highs:
            spans[at] = (-inf, only.value)
        elif only and only.value in highs - lows:
            spans[at] = (only.value, inf)
        elif only and lows:
            spans[at] = (only.value, only.value)
    return spans


def _only(kind: str, head: str) -> Amount | None:
    """The one amount that a line begins with, where it is of the kind; one in figures rather than
    the unit that a column is called by ("Week: after 36 weeks").
    """
    amounts = facts_of(head).amounts
    amounts = [own for own in amounts if own.said] or amounts
    return amounts[0] if len(amounts) == 1 and alike(amounts[0].kind, kind) else None


def _head(line: str) -> str:
    """A row's first cell, or what stands in front of a colon; "" where there is none."""
    if len(column_names(line)) > 1:
        return first_cell(line)
    head, *rest = COLON.split(line, 1)
    return head if rest else ""
