"""The extractive reply: an entry's own sentences that answer this question, in the entry's order.

Numbered steps stay together with the sentence that introduces them; a sentence that leans on the
one before it ("It also...", "Otherwise...") brings that one along. Knows no language model.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from mm_support.decode.sentences import content_words, is_step, split_sentences
from mm_support.types import Entry

MAX_BLOCKS = 3
MARGIN = 0.12  # a block this much below the best one still belongs to the answer
WORD_BONUS = 0.25  # for a block that holds all of the question's words

_LEANS = re.compile(
    r"(?:(?:\w+ ){0,3}also|it|its|this|these|that|those|they|them|he|she|there|then|otherwise|however|but|so|if so|if not|"
    r"after that|in that case|both|either|such|until then|the same)\b",
    re.IGNORECASE,
)


class Block(NamedTuple):
    """Sentences that are shown together or not at all."""

    sentences: tuple[str, ...]


def blocks_of(entry: Entry) -> list[Block]:
    """The entry's answer as blocks: a run of steps with its introduction, or a single sentence."""
    blocks: list[list[str]] = []
    for sentence in split_sentences(entry.answer):
        if blocks and (is_step(sentence) and (is_step(blocks[-1][-1]) or len(blocks[-1]) == 1)):
            blocks[-1].append(sentence)
        else:
            blocks.append([sentence])
    return [Block(tuple(block)) for block in blocks]


def select(question: str, blocks: Sequence[Block], cosines: Sequence[np.ndarray]) -> list[str]:
    """The sentences that answer the question, in the entry's order.

    cosines: a block's sentences against the question, one (n_sentences,) array a block.
    """
    if not blocks:
        return []
    asked = {word.stem for word in content_words(question)}
    scores = np.array([values.max() + WORD_BONUS * _share(asked, block) for block, values in zip(blocks, cosines)])
    best = np.argsort(-scores)[:MAX_BLOCKS]
    chosen = {int(i) for i in best if scores[i] >= scores.max() - MARGIN}
    for i in sorted(chosen, reverse=True):
        while i > 0 and _LEANS.match(blocks[i].sentences[0]):
            i -= 1
            chosen.add(i)
    return [sentence for i in sorted(chosen) for sentence in blocks[i].sentences]


def _share(asked: set[str], block: Block) -> float:
    held = {word.stem for sentence in block.sentences for word in content_words(sentence)}
    return len(asked & held) / max(len(asked), 1)
