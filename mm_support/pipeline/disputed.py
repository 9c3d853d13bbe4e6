"""What is answered from an entry that another one contradicts: both are quoted, neither is chosen.

Only where the reply would say what is contradicted; of the other entry only the part that says it
otherwise. Which of them is right is for a person to tell. A question back then quotes nothing.
Which entries contradict each other is told by knowledge/contradictions.py.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np

from mm_support.decide.decision import Decision
from mm_support.decode.blocks import blocks_of
from mm_support.decode.compose import Asked
from mm_support.decode.select import Weighed
from mm_support.decode.sentence import Sentence
from mm_support.knowledge.contradictions import differing
from mm_support.parts import Parts
from mm_support.pipeline.act import Acting
from mm_support.pipeline.decompose import merged
from mm_support.types import Entry, Hit, Question


def disputed(
    parts: Parts, question: Question, acting: Acting, knowledge: str
) -> tuple[Decision, tuple[Asked, ...]]:
    """What was decided and what is asked, with the entries that contradict those of the reply; a
    question back only learns of them.
    """
    decision, asked = acting.decision, acting.asked
    answers, asks = decision.reason == "evidence", decision.reason == "ambiguous"
    hits = decision.hits[:1] if asks else decision.hits
    asked = asked or ((Asked(question, hits),) if answers or asks else ())
    quoted = tuple(_quoted(parts, one, acting.hits, knowledge) for one in asked)
    if not any(one.disputed for one in quoted):
        return decision, acting.asked
    if asks:
        return decision, quoted
    hits = merged(decision, quoted).hits
    reason = "contradicted" if answers else decision.reason
    return replace(decision, hits=hits, reason=reason), quoted


def _quoted(parts: Parts, asked: Asked, found: Sequence[Hit], knowledge: str) -> Asked:
    """A question with what its entries say and what others say against that, where any do."""
    ids = [hit.entry.id for hit in asked.hits]
    against = {own: parts.knowledge.contradictions(knowledge, own) for own in ids}
    if not any(against.values()):
        return asked
    said = list(parts.writer.quoted(asked.question, asked.hits))
    otherwise = list(_otherwise(said, asked.hits, against))
    if not otherwise:
        return asked
    known = {hit.entry.id: hit for hit in (*found, *asked.hits)}
    others = (known.get(entry.id, Hit(entry, 0.0)) for entry, _ in otherwise)
    hits = {hit.entry.id: hit for hit in (*asked.hits, *others)}
    rank = {name: place for place, name in enumerate(hits, start=1)}
    instead = (Sentence(text, (rank[entry.id],)) for entry, texts in otherwise for text in texts)
    both = dict.fromkeys((*said, *instead))
    return replace(asked, hits=tuple(hits.values()), disputed=tuple(both))


def _otherwise(
    said: Sequence[Sentence], hits: Sequence[Hit], against: Mapping[str, Sequence[Entry]]
) -> Iterator[tuple[Entry, list[str]]]:
    """The entries that say otherwise what sentences of a reply say, and what of them does."""
    for sentence in said:
        entry = hits[sentence.citations[0] - 1].entry
        for other in against[entry.id]:
            clauses = [b for a, b in differing(entry, other) if a in sentence.text]
            if clauses:
                yield other, _with_what_it_leans_on(other, clauses)


def _with_what_it_leans_on(entry: Entry, clauses: Sequence[str]) -> list[str]:
    """The parts of an entry that hold any of the clauses, in its order."""
    blocks = blocks_of(entry)
    holds = [any(c in text for c in clauses for text in block.sentences) for block in blocks]
    return Weighed(blocks, np.array(holds, np.float64)).chosen(1.0)
