"""Which sections of an answer a question asks for: those that a passage joins, that have a heading
or a label each. Knows how likely each block belongs to the reply, and no probability of an answer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from mm_support.decode.blocks import Block, is_label, joined_at
from mm_support.decode.ranges import holding
from mm_support.decode.table_rows import named_rows
from mm_support.knowledge.passages import tokens
from mm_support.language.asks import amounts_asked, amounts_stated, asks_steps
from mm_support.language.facts import facts_of
from mm_support.language.sentences import without_step_number
from mm_support.language.terms import term_set
from mm_support.types import Entry

# tokens of a passage that may be shown whole: its last sentence may be the exception from the first
WHOLE = 100
APART = 0.5  # share of the likeliest section's probability below which another is left out


def by_section(entry: Entry, blocks: Sequence[Block], likely: np.ndarray) -> np.ndarray:
    """How likely each block belongs to the reply, where those of a section that a passage joins
    with others go together: all are as likely as the likeliest, none where another is far likelier.
    """
    starts = joined_at(entry, blocks)
    if len(starts) < 2:
        return likely
    best = np.maximum.reduceat(likely, starts)
    shown = best * (best >= APART * best.max())
    return np.repeat(shown, np.diff([*starts, len(blocks)]))


def sections_asked_for(
    question: str,
    blocks: Sequence[Block],
    likely: np.ndarray,
    headed: Mapping[int, int],
    context: str = "",
) -> np.ndarray:
    """How likely each block belongs to the reply, where of sections with a label each only those
    are shown whose labels are named, or hold an amount asked about. Where none is, none is shown
    beside one that is far likelier, unless steps are asked for. headed, context: of the entry, of
    the question.
    """
    labelled = {head: end for head, end in headed.items() if is_label(blocks[head])}
    if not labelled:
        return likely
    likely, labels = likely.copy(), [blocks[head] for head in labelled]
    likely[list(labelled)] = 0.0
    told = _labels_told(question, labels, context)
    if told and not _stated_elsewhere(question, blocks, labelled, told):
        return _of_sections(blocks, likely, labelled, told)
    best = np.array([likely[head + 1 : end].max() for head, end in labelled.items()])
    shown = best >= (0 if asks_steps(question) else APART) * best.max()
    for (head, end), is_shown in zip(labelled.items(), shown):
        likely[head + 1 : end] *= is_shown
    return likely


def _labels_told(question: str, labels: Sequence[Block], context: str) -> list[bool]:
    """Which labels are named, or hold an amount of the question; [] where all or none are."""
    held = holding(question, [without_step_number(label.sentences[0]) for label in labels])
    named = (named_rows(words, labels, frozenset()) for words in (question, context))
    told = next(filter(any, ([own is True for own in held], *named)), [])
    return [] if all(told) else told


def _stated_elsewhere(
    question: str, blocks: Sequence[Block], labelled: Mapping[int, int], told: Sequence[bool]
) -> bool:
    """Whether an amount is asked for that a section states with its number, and none of those that
    are told: "the day and the hour" is none.
    """
    kinds = amounts_asked(question)
    texts = [_text(blocks[head:end]) for head, end in labelled.items()]
    stating = [
        bool(kinds & amounts_stated(text)) and any(own.said for own in facts_of(text).amounts)
        for text in texts
    ]
    return any(stating) and not any(own and states for own, states in zip(told, stating))


def _of_sections(
    blocks: Sequence[Block], likely: np.ndarray, labelled: Mapping[int, int], told: Sequence[bool]
) -> np.ndarray:
    """How likely each block belongs to the reply, where it is known which sections do: all of a
    short one, and of a long one what is likeliest.
    """
    likely = likely.copy()
    for (head, end), is_told in zip(labelled.items(), told):
        own = likely[head + 1 : end]
        length = tokens(_text(blocks[head + 1 : end]))
        share = np.ones_like(own) if length <= WHOLE else own / max(own.max(), np.finfo(float).tiny)
        likely[head + 1 : end] = share * likely.max() * is_told
    return likely


def below_headings(
    question: str, blocks: Sequence[Block], likely: np.ndarray, headed: dict[int, int]
) -> np.ndarray:
    """How likely each block belongs to the reply, where headings answer nothing by themselves: what
    is below one with a word of the question, and has no such word itself, is at least as likely as
    it, all of it where it is short, else what comes first.
    """
    likely, asked = likely.copy(), term_set(question)
    for head, end in headed.items():
        length = tokens(_text(blocks[head + 1 : end]))
        last = end if length <= WHOLE else head + 2
        words = asked & blocks[head].terms
        if words and all(words.isdisjoint(block.terms) for block in blocks[head + 1 : end]):
            likely[head + 1 : last] = np.maximum(likely[head + 1 : last], likely[head])
        likely[head] = 0.0
    return likely


def _text(blocks: Sequence[Block]) -> str:
    return "\n".join(block.text for block in blocks)
