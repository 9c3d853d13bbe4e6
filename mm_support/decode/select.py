"""The extractive reply: an entry's own sentences that answer this question, in the entry's order.

A logistic regression on a few facts about question and block (blocks.py), fitted by
assets/training/sentences.py on questions labelled by hand, says which blocks belong to the reply;
one that alone has some word of the question does too. A sentence that leans on the one before it
("It also...", "Otherwise...") brings that one along. Knows no language model.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise, takewhile
from pathlib import Path

import numpy as np

from mm_support.decide.coded import codes_in
from mm_support.decide.confidence import sigmoid
from mm_support.decode.blocks import (
    LEADS_ON,
    Block,
    Notes,
    blocks_of,
    headings_of,
    noted,
    points_over,
    tables_of,
)
from mm_support.decode.ranges import holding
from mm_support.decode.sections import WHOLE, below_headings, by_section, sections_asked_for
from mm_support.decode.statements import STATEMENTS_FILE, Statements, load_statements
from mm_support.decode.table_rows import rows_asked_for, tables_asked_for
from mm_support.files import readable
from mm_support.knowledge.passages import tokens
from mm_support.language.asks import amounts_asked, amounts_stated, asks_steps
from mm_support.language.contacts import contact_asked, states
from mm_support.language.emergency import is_emergency
from mm_support.language.english import leans
from mm_support.language.fences import without_fences
from mm_support.language.sentences import ASKING, ENDS, split_lines, without_step_number
from mm_support.language.terms import term_set
from mm_support.paths import fitted_file
from mm_support.types import EncodeKind, Entry

SELECTOR_FILE = "sentences.json"
FEATURES = (
    "cosine",
    "below_best",
    "stands_out",
    "overlap",
    "unique",
    "steps",
    "amount_there",
    "amount_missing",
    "how_steps",
    "beside_steps",
)
BRIEF = 50  # tokens of an answer, or a footnote, that is shown whole
# a block is shown from this share of the likeliest one's probability on, however little that is: a
# passage says nothing as plainly as an FAQ does, and a sentence too many costs a customer less than
# one that is missing
SHARE = 0.2


@dataclass(frozen=True, eq=False)
class Weighed:
    """The blocks of an entry and how likely each belongs to the reply: (n_blocks,) float64.
    completing: places of those that are shown where the one before is. headed: places of headings,
    each shown with what is shown of its text, and the places behind these. noted: the places of
    each footnote, and of what bears its mark. over: as points_over.
    """

    blocks: list[Block]
    probabilities: np.ndarray
    completing: frozenset[int] = frozenset()
    headed: dict[int, int] = field(default_factory=dict)
    noted: Notes = ()
    over: Mapping[int, int] = field(default_factory=dict)

    @property
    def likeliest(self) -> float:
        return float(self.probabilities.max(initial=0.0))

    @property
    def floor(self) -> float:
        """The probability from which on a block is shown."""
        return SHARE * self.likeliest

    def chosen(self, threshold: float) -> list[str]:
        """The sentences of the blocks from `threshold` on, in the entry's order, with what they
        lean on and what they announce; whom to call in an emergency is always among them."""
        wanted = {
            i
            for i, (block, probability) in enumerate(zip(self.blocks, self.probabilities))
            if probability >= threshold or any(map(is_emergency, block.sentences))
        }
        for i in sorted(wanted):
            wanted.update(self._announced(i))
            while i is not None and self.blocks[i].leads_on:
                i = next((j for j in range(i + 1, len(self.blocks)) if self.probabilities[j]), None)
                wanted.update(() if i is None else (i,))
        wanted |= {i + 1 for i in wanted if i + 1 in self.completing}
        wanted |= {above for i in wanted for above in self._points_over(i)}
        for note, bearers in self.noted:
            length = sum(tokens(self.blocks[i].text) for i in note)
            brief = length <= BRIEF and not wanted.isdisjoint(bearers)
            wanted.update(note if brief else ())
        for i in sorted(wanted, reverse=True):
            while i > 0 and leans(self.blocks[i].sentences[0]):
                i -= 1
                wanted.add(i)
        for head, end in self.headed.items():
            wanted.discard(head)
            wanted.update([head] if wanted & {*range(head + 1, end)} else [])
        while len(wanted) > 1 and self._announces_in_vain(max(wanted)):
            wanted.discard(max(wanted))
        return [sentence for i in sorted(wanted) for sentence in self.blocks[i].sentences]

    def _announced(self, place: int) -> Iterator[int]:
        """The places of the points that a sentence announces, of those within it that a point does,
        or of the rows of a table."""
        own = self.blocks[place]
        if own.leads_on and own.is_point:
            yield from (at for at in self.over if place in self._points_over(at))
        elif own.leads_on:
            behind = range(place + 1, len(self.blocks))
            yield from takewhile(lambda at: self.blocks[at].is_point, behind)
            tables = tables_of([block.sentences for block in self.blocks])
            rows = next((table for table in tables if table.start == place + 1), ())
            yield from (at for at in rows if self.probabilities[at])

    def _points_over(self, place: int) -> Iterator[int]:
        """The places of the points that a point stands within, the nearest first."""
        while place in self.over:
            place = self.over[place]
            yield place

    def _announces_in_vain(self, place: int) -> bool:
        """Whether a sentence, the last of those shown, announces what stands behind it."""
        single = len(self.blocks[place].sentences) == 1 and place not in self.headed
        return single and self.blocks[place].leads_on and place + 1 < len(self.blocks)

    def holding(self, sentences: Sequence[str]) -> Weighed:
        """The blocks that hold any of the sentences."""
        places = [i for i, block in enumerate(self.blocks) if set(block.sentences) & set(sentences)]
        return Weighed([self.blocks[i] for i in places], self.probabilities[places])


@dataclass(frozen=True)
class Selector:
    """weights: one a feature, in FEATURES order. statements: tells lists of statements from steps,
    None for an encoder that nothing is fitted to.
    """

    weights: tuple[float, ...]
    bias: float
    statements: Statements | None = None

    def blocks(self, entry: Entry, encode: EncodeKind) -> list[Block]:
        """See blocks_of; lists of statements are told by what they say."""
        return blocks_of(entry, self.statements and self.statements.told_by(encode))

    def weigh(self, question: str, entry: Entry, encode: EncodeKind, context: str = "") -> Weighed:
        """context: of the turn before, what the question leans on."""
        blocks = self.blocks(entry, encode)
        if not blocks:
            return Weighed([], np.zeros(0))
        logits = features(question, entry, blocks, encode) @ np.array(self.weights) + self.bias
        likely = sigmoid(logits)
        alone = speaks_alone(question, entry, blocks)
        likely = np.maximum(likely, SHARE * likely.max() * alone)
        likely = np.where(_surely(question, entry, blocks), likely.max(), likely)
        likely = by_section(entry, blocks, likely)
        notes, headed = noted(entry, blocks), headings_of(entry, blocks)
        likely = sections_asked_for(question, blocks, likely, headed, context)
        likely = tables_asked_for(question, blocks, likely, headed, context)
        likely = with_footnotes(question, blocks, likely, notes, context, term_set(entry.title))
        likely = in_asked_range(question, blocks, likely)
        likely = with_contact(question, blocks, likely)
        behind = completing(question, entry, blocks)
        likely = below_headings(question, blocks, likely, headed)
        if len(blocks) > 1 and _is_masthead(question, entry, blocks[0]):
            likely[0] = 0.0
        for note, bearers in notes:
            likely[list(note)] = np.minimum(likely[list(note)], likely[bearers].max())
        return Weighed(blocks, likely, behind, headed, notes, points_over(entry, blocks))


def _surely(question: str, entry: Entry, blocks: Sequence[Block]) -> np.ndarray:
    """(n_blocks,) bool: which blocks are shown whenever one is. All of a brief answer to a question
    of the company's own, or of two sentences in a row, as the second may be the limit of the first;
    of a short section, and of a short passage where nothing is asked but a code of it; else the
    only one that says such a code, and the only one that states what is asked for: a price, a time.
    """
    asked = term_set(question)
    codes = codes_in(asked)
    alone = asked == codes and not codes.isdisjoint(term_set(entry.text))
    pair = len(blocks) == 2 and "\n" not in entry.answer
    least = BRIEF if pair or entry.title.endswith(ASKING) else 0
    if tokens(entry.answer) <= (WHOLE if entry.section or alone else least):
        return np.ones(len(blocks), bool)
    saying = np.array([not codes.isdisjoint(block.terms) for block in blocks])
    stating = stated(question, blocks)
    return saying * (saying.sum() == 1) | stating * (stating.sum() == 1)


def stated(question: str, blocks: Sequence[Block]) -> np.ndarray:
    """(n_blocks,) bool: which blocks state an amount of the kind that is asked for; of any kind
    where none states that.
    """
    asked = amounts_asked(question)
    if not asked:
        return np.zeros(len(blocks), bool)
    kinds = [amounts_stated(block.text) for block in blocks]
    found = np.array([bool(asked & own) for own in kinds])
    return found if found.any() else np.array(list(map(bool, kinds)))


def completing(question: str, entry: Entry, blocks: Sequence[Block]) -> frozenset[int]:
    """The places of sentences that state an amount or a year right behind one of the same line that
    is closest to the question in words, where one is asked for and none so close states any of that
    kind: "Not yet. We plan it for 2027.", "Leaving early costs a charge. It is 60 %."
    """
    kinds = amounts_asked(question)
    if not kinds:
        return frozenset()
    asked = term_set(question)
    shared = [len(asked & block.terms) for block in blocks]
    closest = [1 < own == max(shared) for own in shared]
    together = {pair for line in split_lines(entry.answer) for pair in pairwise(line)}
    states = [amounts_stated(block.text) for block in blocks]
    if any(near and own & kinds for near, own in zip(closest, states)):
        return frozenset()
    return frozenset(
        at
        for at in range(1, len(blocks))
        if states[at] and closest[at - 1]
        if (blocks[at - 1].sentences[-1], blocks[at].sentences[0]) in together
    )


def with_contact(question: str, blocks: Sequence[Block], likely: np.ndarray) -> np.ndarray:
    """How likely each block belongs to the reply, where of those that state the telephone number or
    the e-mail address that alone is asked for each does, and no other.
    """
    kind = contact_asked(question)
    stating = np.array([states(kind, own.text) for own in blocks]) if kind else None
    return likely if stating is None or not stating.any() else likely.max() * stating


def selector_file(text_model: str) -> Path:
    """Where the selector for a text encoder lies."""
    return fitted_file(SELECTOR_FILE, text_model)


def load_selector(path: Path) -> Selector:
    """The selector of a JSON file. Raises WeightsError where it is missing or does not fit."""
    with readable(path, "run `python -m assets.training.sentences`"):
        values = json.loads(path.read_text(encoding="utf-8"))
        if tuple(values["features"]) != FEATURES:
            raise ValueError("other features")
    statements = load_statements(path.with_name(STATEMENTS_FILE))
    return Selector(tuple(values["weights"]), values["bias"], statements)


def with_footnotes(
    question: str,
    blocks: Sequence[Block],
    likely: np.ndarray,
    notes: Notes,
    context: str = "",
    topic: frozenset[str] = frozenset(),
) -> np.ndarray:
    """The same as rows_asked_for, where no footnote is shown alone: what bears its mark is at least
    as likely as it, or the rows that are named where that is none of them.
    """
    rows = rows_asked_for(question, blocks, likely, context, topic)
    of_others = [note for note in notes if not rows[note[1]].max()]
    if of_others:
        rows = rows_asked_for(question, blocks, _lent(of_others, likely), context, topic)
    return _lent([note for note in notes if note not in of_others], rows)


def _lent(notes: Notes, likely: np.ndarray) -> np.ndarray:
    """How likely each block is, the likeliest that bears a note's mark at least as much as that."""
    likely = likely.copy()
    for note, bearers in notes:
        best = max(bearers, key=lambda at: likely[at])
        likely[best] = max(likely[best], likely[list(note)].max())
    return likely


def _is_masthead(question: str, entry: Entry, first: Block) -> bool:
    """Whether a text begins with its title and what stands below that on lines that are no
    sentences, without a word of the question that is not the title's.
    """
    lines, asked = first.sentences, term_set(question) - term_set(entry.title)
    plain = not any(line.endswith((*ENDS, *LEADS_ON)) for line in lines)
    return lines[0] == entry.title and plain and asked.isdisjoint(first.terms)


def speaks_alone(question: str, entry: Entry, blocks: Sequence[Block]) -> np.ndarray:
    """(n_blocks,) bool: whether a block is the only one with some word of the question that is not
    the entry's topic, or one of a table whose rows alone have it, as they do a column's name. It is
    shown however unlike the question it is as a whole: "There is no program for Windows."
    """
    asked = term_set(question) - term_set(entry.title)
    tables = tables_of([block.sentences for block in blocks])
    table_at = {at: rows.start for rows in tables for at in rows}
    return having_alone([asked & block.terms for block in blocks], table_at)


def having_alone(
    held: Sequence[Collection[str]], table_at: Mapping[int, int] | None = None
) -> np.ndarray:
    """(n,) bool: which of several texts have a word that no other has. held: the words of each;
    table_at: what counts as one, by the place of its first.
    """
    places = defaultdict[str, set[int]](set)
    for at, terms in enumerate(held):
        for term in terms:
            places[term].add((table_at or {}).get(at, at))
    return np.array([any(len(places[term]) == 1 for term in terms) for terms in held])


def in_asked_range(question: str, blocks: Sequence[Block], likely: np.ndarray) -> np.ndarray:
    """How likely each block belongs to the reply, where of those for ranges of an amount the one
    that holds the amount asked about is as likely as the likeliest, and the others are not shown.
    """
    held = holding(question, [block.sentences[0] for block in blocks])
    kept = np.array([own is not False for own in held])
    return np.where([bool(own) for own in held], likely.max(), likely * kept)


def features(
    question: str, entry: Entry, blocks: Sequence[Block], encode: EncodeKind
) -> np.ndarray:
    """(n_blocks, 10) float64, in FEATURES order.

    cosine: of the question and the block's closest sentence, read under the entry's title.
    stands_out: how far the closest block is above the second. unique: share of the question's words
    that only this block has. amount: the question asks for one, and the block states one of its
    kind or not.
    """
    cosines = closeness(question, entry, blocks, encode)
    asked = term_set(question)
    held = [block.terms for block in blocks]
    blocks_with = Counter(term for terms in held for term in terms)
    wants_amount, wants_steps = bool(amounts_asked(question)), asks_steps(question)
    amounts = stated(question, blocks)
    # where it is asked how something is done, code is a step
    steps = [block.has_steps or wants_steps and block.has_code for block in blocks]
    best, second = np.sort([*cosines, cosines.min()])[:-3:-1]
    rows = []
    for place, (cosine, own) in enumerate(zip(cosines, held)):
        shared = asked & own
        rows.append(
            [
                cosine,
                cosine - best,
                (cosine == best) * (best - second),
                len(shared) / max(len(asked), 1),
                sum(1 / blocks_with[term] for term in shared) / max(len(asked), 1),
                steps[place],
                amounts[place],
                wants_amount and not amounts[place],
                wants_steps and steps[place],
                any(steps) and not steps[place],
            ]
        )
    return np.array(rows, np.float64)


def read_under(entry: Entry, blocks: Sequence[Block]) -> list[str]:
    """(n_blocks,) the heading of each block with a colon: the nearest one that it stands below, or
    "".
    """
    above = [""] * len(blocks)
    for head, end in sorted(headings_of(entry, blocks).items()):
        name = without_step_number(blocks[head].sentences[0]).rstrip(":： ")
        above[head + 1 : end] = [f"{name}: "] * (end - head - 1)
    return above


def closeness(
    question: str, entry: Entry, blocks: Sequence[Block], encode: EncodeKind
) -> np.ndarray:
    """(n_blocks,) the cosine of a question and of each block's closest sentence, read under the
    entry's title and its own heading.
    """
    above = read_under(entry, blocks)
    texts = [
        entry.titled(head + without_fences(sentence))
        for head, block in zip(above, blocks)
        for sentence in block.sentences
    ]
    (asked_for,) = encode([question], "query")
    close = encode(texts, "passage") @ asked_for
    starts = np.cumsum([0, *(len(block.sentences) for block in blocks[:-1])])
    return np.maximum.reduceat(close, starts)
