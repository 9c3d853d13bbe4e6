"""The extractive reply: an entry's own sentences that answer this question, in the entry's order.

An answer is cut into blocks: numbered steps stay together with the sentence that introduces them,
every other sentence is a block. A logistic regression on a few facts about question and block,
fitted by assets/training/sentences.py on questions labelled by hand, says which blocks belong to
the reply; one that alone has some word of the question does too. A sentence that leans on the one
before it ("It also...", "Otherwise...") brings that one along. Knows no language model.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np

from mm_support.decide.confidence import sigmoid
from mm_support.decide.named import codes_in
from mm_support.decode.footnotes import footnotes
from mm_support.decode.ranges import holding, holds_time
from mm_support.files import readable
from mm_support.knowledge.passages import tokens
from mm_support.knowledge.readers.markup import WARNING
from mm_support.language.asks import amounts_asked, amounts_stated, asks_steps
from mm_support.language.detect import language_of, stop_words
from mm_support.language.emergency import is_emergency
from mm_support.language.english import leans
from mm_support.language.facts import facts_of
from mm_support.language.sentences import (
    ASKING,
    COLON,
    COLUMNS,
    ENDS,
    column_names,
    first_cell,
    headings_over,
    is_step,
    of_one_step,
    split_lines,
    split_paragraphs,
    split_sentences,
)
from mm_support.language.terms import term_set, terms
from mm_support.language.units import joining_word
from mm_support.paths import fitted_file
from mm_support.types import EncodeKind, Entry

SELECTOR_FILE = "sentences.json"
FEATURES = (
    "cosine",
    "below_best",
    "overlap",
    "unique",
    "first",
    "second",
    "first_on_topic",
    "second_on_topic",
    "steps",
    "steps_on_topic",
    "amount_there",
    "amount_missing",
    "how_steps",
    "beside_steps",
)
# tokens of a passage that may be shown whole: its last sentence may be the exception from the first
WHOLE = 100
BRIEF = 50  # tokens of an answer to a question of the company's own, which is shown whole
SHORT = 80  # tokens of a product's description and data that are not taken apart
APART = 0.5  # share of the likeliest section's probability below which another is left out
HEADED = re.compile(r"[^:：.!?。！？]{2,80}[:：]\s*\S")  # a section's heading before its text
WORD = re.compile(r"\w+(?:['’]\w+)*")
LEADS_ON = (":", "：", ",", "，")
Notes = Sequence[tuple[range, list[int]]]  # places of footnotes, and of what bears their marks


class Block(NamedTuple):
    """Sentences that are shown together or not at all."""

    sentences: tuple[str, ...]

    @property
    def has_steps(self) -> bool:
        return any(map(is_step, self.sentences))

    @property
    def leads_on(self) -> bool:
        """Whether it announces what follows."""
        return self.sentences[-1].endswith(LEADS_ON)


@dataclass(frozen=True, eq=False)
class Weighed:
    """The blocks of an entry and how likely each belongs to the reply: (n_blocks,) float64.
    completing: places of those that are shown where the one before is. headed: places of headings,
    each shown with what is shown of its text, and the places behind these. noted: the places of
    each footnote, and of what bears its mark.
    """

    blocks: list[Block]
    probabilities: np.ndarray
    completing: frozenset[int] = frozenset()
    headed: dict[int, int] = field(default_factory=dict)
    noted: Notes = ()

    @property
    def likeliest(self) -> float:
        return float(self.probabilities.max(initial=0.0))

    def chosen(self, threshold: float) -> list[str]:
        """The sentences of the blocks from `threshold` on, in the entry's order, with what they
        lean on and what they announce; whom to call in an emergency is always among them."""
        wanted = {
            i
            for i, (block, probability) in enumerate(zip(self.blocks, self.probabilities))
            if probability >= threshold or any(map(is_emergency, block.sentences))
        }
        for i in sorted(wanted):
            while i is not None and self.blocks[i].leads_on:
                i = next((j for j in range(i + 1, len(self.blocks)) if self.probabilities[j]), None)
                wanted.update(() if i is None else (i,))
        wanted |= {i + 1 for i in wanted if i + 1 in self.completing}
        for note, bearers in self.noted:
            told = " ".join(sentence for i in note for sentence in self.blocks[i].sentences)
            brief = tokens(told) <= BRIEF and not wanted.isdisjoint(bearers)
            wanted.update(note if brief else ())
        for i in sorted(wanted, reverse=True):
            while i > 0 and leans(self.blocks[i].sentences[0]):
                i -= 1
                wanted.add(i)
        for head, end in self.headed.items():
            wanted.discard(head)
            wanted.update([head] if wanted & {*range(head + 1, end)} else [])
        return [sentence for i in sorted(wanted) for sentence in self.blocks[i].sentences]

    def holding(self, sentences: Sequence[str]) -> Weighed:
        """The blocks that hold any of the sentences."""
        places = [i for i, block in enumerate(self.blocks) if set(block.sentences) & set(sentences)]
        return Weighed([self.blocks[i] for i in places], self.probabilities[places])


# a block is shown from this share of the likeliest one's probability on, however little that is: a
# passage says nothing as plainly as an FAQ does. The answer is among what is shown for 95 of 100
# questions on passages of SQuAD and 82 of CMRC; for 88 and 73 with a fixed threshold alone
SHARE = 0.35


@dataclass(frozen=True)
class Selector:
    """weights: one a feature, in FEATURES order. threshold: probability from which a block is
    shown.
    """

    weights: tuple[float, ...]
    bias: float
    threshold: float

    def weigh(self, question: str, entry: Entry, encode: EncodeKind, context: str = "") -> Weighed:
        """context: of the turn before, what the question leans on."""
        blocks = blocks_of(entry)
        if not blocks:
            return Weighed([], np.zeros(0))
        logits = features(question, entry, blocks, encode) @ np.array(self.weights) + self.bias
        likely = sigmoid(logits)
        least = min(self.threshold, SHARE * likely.max())
        likely = np.maximum(likely, least * speaks_alone(question, entry, blocks))
        likely = np.where(_surely(question, entry, blocks), likely.max(), likely)
        likely = by_section(entry, blocks, likely)
        notes = noted(entry, blocks)
        likely = with_footnotes(question, blocks, likely, notes, context)
        likely = in_asked_range(question, blocks, likely)
        headed, behind = headings_of(entry, blocks), completing(question, entry, blocks)
        likely = below_headings(question, blocks, likely, headed)
        if len(blocks) > 1 and _is_masthead(question, entry, blocks[0]):
            likely[0] = 0.0
        for note, bearers in notes:
            likely[list(note)] = np.minimum(likely[list(note)], likely[bearers].max())
        return Weighed(blocks, likely, behind, headed, notes)

    def floor(self, weighed: Weighed) -> float:
        """The probability from which on a block is shown."""
        return min(self.threshold, SHARE * weighed.likeliest)


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


def joined_at(entry: Entry, blocks: Sequence[Block]) -> list[int]:
    """The places of the blocks with which joined sections begin, each by its heading ("Smoking: Not
    in the van."); none where a paragraph has no heading.
    """
    first = [paragraph[0][0] for paragraph in split_paragraphs(entry.answer)]
    places = {block.sentences[0]: at for at, block in enumerate(blocks)}
    headed = all(HEADED.match(text) and text in places for text in first)
    found = sorted({places[text] for text in first}) if headed and not entry.section else []
    return found if found[:1] == [0] else []


def _surely(question: str, entry: Entry, blocks: Sequence[Block]) -> np.ndarray:
    """(n_blocks,) bool: which blocks are shown whenever one is. All of a brief answer to a question
    of the company's own, of a short section, and of a short passage where nothing is asked but a
    code of it; else the only one that says such a code, and the only one that states what is asked
    for: a price, a time; what counts as the customer does; and a price for the time that is told.
    """
    asked = term_set(question)
    codes = codes_in(asked)
    alone = asked == codes and not codes.isdisjoint(term_set(entry.text))
    least = BRIEF if entry.title.endswith(ASKING) else 0
    if tokens(entry.answer) <= (WHOLE if entry.section or alone else least):
        return np.ones(len(blocks), bool)
    saying = np.array([not codes.isdisjoint(_terms(block)) for block in blocks])
    stating, counting = stated(question, blocks), counted(question, blocks)
    return (
        saying * (saying.sum() == 1)
        | stating * (stating.sum() == 1)
        | counting
        | timed(question, blocks)
    )


def stated(question: str, blocks: Sequence[Block]) -> np.ndarray:
    """(n_blocks,) bool: which blocks state an amount of the kind that is asked for; of any kind
    where none states that.
    """
    asked = amounts_asked(question)
    if not asked:
        return np.zeros(len(blocks), bool)
    kinds = [amounts_stated("\n".join(block.sentences)) for block in blocks]
    found = np.array([bool(asked & own) for own in kinds])
    return found if found.any() else np.array(list(map(bool, kinds)))


def timed(question: str, blocks: Sequence[Block]) -> np.ndarray:
    """(n_blocks,) bool: where a price is asked for, which blocks are one sentence with a price and
    hours that hold the time of day in the question: "Night surcharge 22:00-6:00: £50".
    """
    if "price" not in amounts_asked(question):
        return np.zeros(len(blocks), bool)
    single = [block.sentences[0] if len(block.sentences) == 1 else "" for block in blocks]
    return np.array(
        [holds_time(question, text) and "price" in amounts_stated(text) for text in single]
    )


def counted(question: str, blocks: Sequence[Block]) -> np.ndarray:
    """(n_blocks,) bool: of the single sentences that state a time, those that hold most words of a
    question that states one too: "your first payout takes 7 days" to "no first payout, day 5".
    """
    if amounts_asked(question) or "time" not in amounts_stated(question):
        return np.zeros(len(blocks), bool)
    asked = term_set(question)
    shared = np.array([len(asked & _terms(block)) for block in blocks])
    single = [len(block.sentences) == 1 and not block.has_steps for block in blocks]
    times = ["time" in amounts_stated(block.sentences[0]) for block in blocks]
    shared = shared * np.array(single) * np.array(times)
    return (shared > 1) & (shared == shared.max())


def completing(question: str, entry: Entry, blocks: Sequence[Block]) -> frozenset[int]:
    """The places of sentences that state an amount or a year right behind one of the same line that
    is closest to the question in words, where one is asked for and none so close states any: "Not
    yet. We plan it for 2027."
    """
    if not amounts_asked(question):
        return frozenset()
    asked = term_set(question)
    shared = [len(asked & _terms(block)) for block in blocks]
    closest = [1 < own == max(shared) for own in shared]
    together = {pair for line in split_lines(entry.answer) for pair in pairwise(line)}
    states = [bool(amounts_stated("\n".join(block.sentences))) for block in blocks]
    if any(near and states for near, states in zip(closest, states)):
        return frozenset()
    return frozenset(
        at
        for at in range(1, len(blocks))
        if states[at] and closest[at - 1]
        if (blocks[at - 1].sentences[-1], blocks[at].sentences[0]) in together
    )


def selector_file(text_model: str) -> Path:
    """Where the selector for a text encoder lies."""
    return fitted_file(SELECTOR_FILE, text_model)


def load_selector(path: Path) -> Selector:
    """The selector of a JSON file. Raises WeightsError where it is missing or does not fit."""
    with readable(path, "run `python -m assets.training.sentences`"):
        values = json.loads(path.read_text(encoding="utf-8"))
        if tuple(values["features"]) != FEATURES:
            raise ValueError("other features")
        return Selector(tuple(values["weights"]), values["bias"], values["threshold"])


def blocks_of(entry: Entry) -> list[Block]:
    """The entry's answer as blocks: a run of steps with its introduction and what the steps
    announce, a row of a table, lines of code, a warning, or a single sentence. A short answer that
    ends with a product's data is one block.
    """
    paragraphs, blocks = split_paragraphs(entry.answer), list[list[str]]()
    notes = {note.sentences for note in footnotes(entry.answer)}
    if tokens(entry.answer) <= SHORT and _ends_with_data(paragraphs):
        return [Block(tuple(split_sentences(entry.answer)))]
    for paragraph in paragraphs:
        if _is_verbatim(paragraph):
            said = [sentence for line in paragraph for sentence in line]
            if blocks and blocks[-1][-1].endswith(LEADS_ON):
                blocks[-1] += said
            else:
                blocks.append(said)
            continue
        rows = {at for table in tables_of(paragraph) for at in table}
        heads = headings_over(paragraph)
        apart = rows | {at for at, line in enumerate(paragraph) if line in notes}
        for at, line in enumerate(paragraph):
            if at in heads:
                blocks.append([*line])
                continue
            whole = at in apart or of_one_step(line) or line[0].startswith(WARNING)
            for piece in [line] if whole else [(sentence,) for sentence in line]:
                joins = is_step(piece[0]) and at not in apart
                if blocks and joins and _takes_steps(blocks[-1]):
                    blocks[-1] += piece
                else:
                    blocks.append(list(piece))
    return [Block(tuple(block)) for block in blocks]


def headings_of(entry: Entry, blocks: Sequence[Block]) -> dict[int, int]:
    """The places of blocks that are a heading, and the place behind the paragraph below it."""
    found, at = dict[int, int](), 0
    for paragraph in split_paragraphs(entry.answer):
        last = paragraph[-1][-1]
        places = [i for i in range(at, len(blocks)) if last in blocks[i].sentences]
        end = places[0] + 1 if places else at
        first = blocks[at].sentences if at < len(blocks) else ()
        if headings_over(paragraph) and first == tuple(paragraph[0]):
            found[at] = end
        at = end
    return found


def noted(entry: Entry, blocks: Sequence[Block]) -> Notes:
    """The places of each footnote, and of the blocks outside it that bear its mark."""
    found = list[tuple[range, list[int]]]()
    for note in footnotes(entry.answer):
        own = [i for i, block in enumerate(blocks) if {*block.sentences} & {*note.sentences}]
        bearing = [i for i, block in enumerate(blocks) if note.bearers & {*block.sentences}]
        bearing = [i for i in bearing if i not in own]
        if own and bearing:
            found.append((range(own[0], own[-1] + 1), bearing))
    return found


def with_footnotes(
    question: str, blocks: Sequence[Block], likely: np.ndarray, notes: Notes, context: str = ""
) -> np.ndarray:
    """The same as rows_asked_for, where no footnote is shown alone: what bears its mark is at least
    as likely as it, or the rows that are named where that is none of them.
    """
    rows = rows_asked_for(question, blocks, likely, context)
    of_others = [note for note in notes if not rows[note[1]].max()]
    if of_others:
        rows = rows_asked_for(question, blocks, _lent(of_others, likely), context)
    return _lent([note for note in notes if note not in of_others], rows)


def _lent(notes: Notes, likely: np.ndarray) -> np.ndarray:
    """How likely each block is, the likeliest that bears a note's mark at least as much as that."""
    likely = likely.copy()
    for note, bearers in notes:
        best = max(bearers, key=lambda at: likely[at])
        likely[best] = max(likely[best], likely[list(note)].max())
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
        length = sum(tokens(" ".join(block.sentences)) for block in blocks[head + 1 : end])
        last = end if length <= WHOLE else head + 2
        words = asked & _terms(blocks[head])
        if words and all(words.isdisjoint(_terms(block)) for block in blocks[head + 1 : end]):
            likely[head + 1 : last] = np.maximum(likely[head + 1 : last], likely[head])
        likely[head] = 0.0
    return likely


def _is_masthead(question: str, entry: Entry, first: Block) -> bool:
    """Whether a text begins with its title and what stands below that on lines that are no
    sentences, without a word of the question that is not the title's.
    """
    lines, asked = first.sentences, term_set(question) - term_set(entry.title)
    plain = not any(line.endswith((*ENDS, *LEADS_ON)) for line in lines)
    return lines[0] == entry.title and plain and asked.isdisjoint(_terms(first))


def _ends_with_data(paragraphs: Sequence[Sequence[Sequence[str]]]) -> bool:
    """Whether the last paragraph is one line of names and values, below what has no heading."""
    last = paragraphs[-1] if paragraphs else ()
    headed = len(paragraphs) > 1 and all(HEADED.match(own[0][0]) for own in paragraphs)
    return len(last) == 1 and not headed and bool(column_names(" ".join(last[0])))


def _takes_steps(block: Sequence[str]) -> bool:
    """Whether a step may follow in the same block: after its introduction, or other steps."""
    return len(block) == 1 or any(map(is_step, block))


def _is_verbatim(paragraph: Sequence[Sequence[str]]) -> bool:
    """Whether a paragraph is no prose: code, a command, an address. Its lines end as no sentence
    does, and are no steps and no rows.
    """
    last = [line[-1] for line in paragraph]
    ends = any(sentence.endswith((*ENDS, *LEADS_ON)) for sentence in last)
    return not (ends or any(map(is_step, last)) or tables_of(paragraph))


def row_columns(line: str) -> frozenset[str]:
    """The names of a row's columns; also of the first that has its value behind the row's own name:
    "Sunday: Summer: closed; Winter: closed".
    """
    behind = COLON.split(first_cell(line), 1)[-1]
    return column_names(line) | column_names(behind)


def tables_of(lines: Sequence[Sequence[str]]) -> list[range]:
    """Where lines follow each other that name the same columns: the rows of a table."""
    names = [row_columns(" ".join(line)) for line in lines]
    alike = [len(one & other) >= COLUMNS for one, other in pairwise(names)]
    found, start = [], 0
    for at in range(1, len(lines) + 1):
        if at == len(lines) or not alike[at - 1]:
            found += [range(start, at)] if at - start > 1 else []
            start = at
    return found


def speaks_alone(question: str, entry: Entry, blocks: Sequence[Block]) -> np.ndarray:
    """(n_blocks,) bool: whether a block is the only one with some word of the question that is not
    the entry's topic. It is shown however unlike the question it is as a whole: "There is no
    program for Windows."
    """
    asked = term_set(question) - term_set(entry.title)
    held = [asked & _terms(block) for block in blocks]
    blocks_with = Counter(term for terms in held for term in terms)
    return np.array([any(blocks_with[term] == 1 for term in terms) for terms in held])


def rows_asked_for(
    question: str, blocks: Sequence[Block], likely: np.ndarray, context: str = ""
) -> np.ndarray:
    """How likely each block belongs to the reply, where rows of a table go by their table: all are
    as likely as the likeliest, or only those that are named. context: what the question leans on,
    which counts where it names no row itself.
    """
    likely = likely.copy()
    for rows in tables_of([block.sentences for block in blocks]):
        own = [blocks[at] for at in rows]
        stating = _stating_rows(question, own)
        kept = [row for row, states in zip(own, stating) if states]
        named = (_among(stating, _named_rows(words, kept)) for words in (question, context))
        shown = next(filter(any, named), stating)
        likely[rows.start : rows.stop] = likely[rows.start : rows.stop].max() * np.array(shown)
    return likely


def in_asked_range(question: str, blocks: Sequence[Block], likely: np.ndarray) -> np.ndarray:
    """How likely each block belongs to the reply, where of those for ranges of an amount the one
    that holds the amount asked about is as likely as the likeliest, and the others are not shown.
    """
    held = holding(question, [block.sentences[0] for block in blocks])
    kept = np.array([own is not False for own in held])
    return np.where([bool(own) for own in held], likely.max(), likely * kept)


def _stating_rows(question: str, rows: Sequence[Block]) -> list[bool]:
    """Which rows state a price, where one is asked for and some state none: the rows of a table of
    plans are what differs between them. All where all or none do.
    """
    if "price" not in amounts_asked(question):
        return [True] * len(rows)
    states = ["price" in amounts_stated("\n".join(row.sentences)) for row in rows]
    columns = [column_names(row.sentences[0]) for row in rows]
    things = all(own > frozenset.intersection(*columns) for own in columns)
    return states if things and any(states) else [True] * len(rows)


def _among(kept: Sequence[bool], named: Sequence[bool]) -> list[bool]:
    """(n_rows,) which rows are named, from those that are named among the kept ones."""
    each = iter(named)
    return [is_kept and next(each) for is_kept in kept]


def _named_rows(question: str, rows: Sequence[Block]) -> list[bool]:
    """Which rows hold words of a question that not all of them hold, and the most of them, or words
    that it says more often than what others hold beside them ("Shore or Shore Plus?"); all where
    they are for amounts and it lies between theirs, or where one of two alternatives names none.
    """
    if _lies_between(question, rows):
        return [True] * len(rows)
    asked, words = term_set(question), _words(question) - stop_words(language_of(question))
    held = [asked & _terms(row) | words & _named(row) for row in rows]
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
    asked = {(amount.kind, amount.value) for amount in facts_of(question).amounts if amount.kind}
    stated = [facts_of(first_cell(row.sentences[0])).amounts for row in rows]
    cells = [{(amount.kind, amount.value) for amount in own} for own in stated]
    kinds = {kind for kind, _ in asked}
    alike = [cell for cell in cells if kinds & {kind for kind, _ in cell}]
    return 2 * len(alike) > len(rows) and asked.isdisjoint(set().union(*alike))


def _named(row: Block) -> frozenset[str]:
    """The words of a row's first cell: L and XL tell plans apart, though they are no terms."""
    return _words(first_cell(row.sentences[0]))


def _words(text: str) -> frozenset[str]:
    return frozenset(WORD.findall(text.lower()))


def _terms(block: Block) -> frozenset[str]:
    return frozenset().union(*map(term_set, block.sentences))


def features(
    question: str, entry: Entry, blocks: Sequence[Block], encode: EncodeKind
) -> np.ndarray:
    """(n_blocks, 14) float64, in FEATURES order.

    unique: share of the question's words that only this block has. on_topic: how much the question
    asks for the entry's topic as such. amount: the question asks for one, and the block states one
    of its kind or not.
    """
    sentences = [sentence for block in blocks for sentence in block.sentences]
    (asked_for,) = encode([question], "query")
    topic, *close = encode([entry.title, *sentences], "passage") @ asked_for
    starts = np.cumsum([0, *(len(block.sentences) for block in blocks[:-1])])
    cosines = np.maximum.reduceat(np.array(close), starts)
    asked = term_set(question)
    held = [_terms(block) for block in blocks]
    blocks_with = Counter(term for terms in held for term in terms)
    wants_amount, wants_steps = bool(amounts_asked(question)), asks_steps(question)
    amounts = stated(question, blocks)
    any_steps = any(block.has_steps for block in blocks)
    rows = []
    for place, (block, cosine, own) in enumerate(zip(blocks, cosines, held)):
        shared = asked & own
        rows.append(
            [
                cosine,
                cosine - cosines.max(),
                len(shared) / max(len(asked), 1),
                sum(1 / blocks_with[term] for term in shared) / max(len(asked), 1),
                place == 0,
                place == 1,
                (place == 0) * topic,
                (place == 1) * topic,
                block.has_steps,
                block.has_steps * topic,
                amounts[place],
                wants_amount and not amounts[place],
                wants_steps and block.has_steps,
                any_steps and not block.has_steps,
            ]
        )
    return np.array(rows, np.float64)
