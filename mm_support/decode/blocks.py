"""An entry's answer cut into blocks: sentences that are shown together or not at all.

Numbered steps stay together with the sentence that introduces them, and code with the one before
it; a row of a table, a point of a list of statements, lines of code and a warning are blocks, and
so is every other sentence. Knows no question.
"""

from __future__ import annotations

import re
from collections.abc import Sequence, Set
from itertools import chain, pairwise
from typing import NamedTuple

from mm_support.decode.footnotes import footnotes
from mm_support.decode.statements import Stating
from mm_support.knowledge.passages import tokens
from mm_support.knowledge.readers.markup import WARNING
from mm_support.language.fences import is_code
from mm_support.language.sentences import (
    ASKING,
    BULLETS,
    COLON,
    COLONS,
    COLUMNS,
    ENDS,
    LONGEST_HEADING,
    column_names,
    first_cell,
    headings_over,
    is_step,
    may_head,
    of_one_step,
    split_paragraphs,
    split_sentences,
    without_step_number,
)
from mm_support.language.terms import all_terms
from mm_support.runs import runs
from mm_support.types import Entry

ONLY_LEADS = 5  # tokens of a line that announces code and says nothing else
SHORT = 80  # tokens of a product's description and data that are not taken apart
HEADED = re.compile(r"[^:：.!?。！？]{2,80}[:：]\s*\S")  # a section's heading before its text
LABEL = re.compile(r"[^:：,，.!?。！？]{2,30}[:：]")  # a point's name before what it says
# tokens of a list that may be shown whole; of an item of bullets, and of a numbered one, from which
# on it is no step: those of help pages have up to 35, points of rules 20 to 65
LISTED = 100
STATEMENT, PARAGRAPH = 20, 40
LEADS_ON = (":", "：", ",", "，")
Notes = Sequence[tuple[range, list[int]]]  # places of footnotes, and of what bears their marks


class Block(NamedTuple):
    """Sentences that are shown together or not at all. is_point: whether they are an item of a list
    that says something by itself, whatever the others say.
    """

    sentences: tuple[str, ...]
    is_point: bool = False

    @property
    def text(self) -> str:
        return "\n".join(self.sentences)

    @property
    def terms(self) -> frozenset[str]:
        return all_terms(self.sentences)

    @property
    def has_steps(self) -> bool:
        return not self.is_point and any(map(is_step, self.sentences))

    @property
    def has_code(self) -> bool:
        return any(map(is_code, self.sentences))

    @property
    def leads_on(self) -> bool:
        """Whether it announces what follows, as a question within an answer does."""
        return self.sentences[-1].endswith((*LEADS_ON, *ASKING))


def blocks_of(entry: Entry, stating: Stating | None = None) -> list[Block]:
    """The entry's answer as blocks: a run of steps with what introduces it (a line of one sentence,
    or one that announces them) and what the steps announce, a row of a table, a point, lines of
    code, a warning, or a single sentence. A short answer that ends with a product's data is one
    block. stating: tells lists of statements from steps; without it their lengths do.
    """
    paragraphs = _with_whole_lists(split_paragraphs(entry.answer))
    if tokens(entry.answer) <= SHORT and _ends_with_data(paragraphs):
        return [Block(tuple(split_sentences(entry.answer)))]
    notes = [note.sentences for note in footnotes(entry.answer)]
    labels = labels_of(paragraphs)
    cut = _Cut(frozenset(notes), stating)
    for number, paragraph in enumerate(paragraphs):
        if number in labels:
            cut.label(paragraph[0])
        elif _is_verbatim(paragraph):
            cut.verbatim([*chain(*paragraph)], number - 1 in labels)
        else:
            cut.prose(paragraph, number - 1 in labels)
    return cut.blocks()


class _Cut:
    """The blocks of paragraphs that are read in order. labelled: whether a label stands above."""

    def __init__(self, notes: Set[Sequence[str]], stating: Stating | None) -> None:
        self._notes, self._stating = notes, stating
        self._blocks, self._points = list[list[str]](), set[int]()  # places of those that are one
        self._introduces = False  # whether what stands before may introduce steps

    def blocks(self) -> list[Block]:
        return [Block(tuple(own), at in self._points) for at, own in enumerate(self._blocks)]

    def label(self, line: Sequence[str]) -> None:
        self._blocks.append([*line])
        self._introduces = False

    def verbatim(self, said: Sequence[str], labelled: bool) -> None:
        """What is no prose, with what announces it."""
        if self._blocks and is_code(said[0]):
            self._join_code(said)
        elif not labelled and self._blocks and self._blocks[-1][-1].endswith(LEADS_ON):
            self._blocks[-1] += said
        else:
            self._blocks.append([*said])

    def prose(self, paragraph: Sequence[Sequence[str]], labelled: bool) -> None:
        rows = {at for table in tables_of(paragraph) for at in table}
        heads = heads_of(paragraph)
        item_at = {at: item for item in points_of(paragraph, self._stating) for at in item}
        within = _within_steps(paragraph)
        for at, line in enumerate(paragraph):
            if at in heads:
                self._blocks.append([*line])
            elif at in item_at:
                self._item(line, at == item_at[at].start)
            else:
                apart = at in rows or line in self._notes
                if at in within and not apart and any(map(is_step, self._blocks[-1])):
                    self._blocks[-1] += line
                else:
                    self._line(line, apart, labelled and at == 0)

    def _item(self, line: Sequence[str], begins: bool) -> None:
        if begins:
            self._points.add(len(self._blocks))
            self._blocks.append([])
        self._blocks[-1] += line

    def _line(self, line: Sequence[str], apart: bool, labelled: bool) -> None:
        whole = apart or of_one_step(line) or line[0].startswith(WARNING)
        for piece in [line] if whole else [(sentence,) for sentence in line]:
            joins = self._blocks and is_step(piece[0]) and not (apart or labelled)
            if self._blocks and is_code(piece[0]):
                self._join_code(piece)
            elif joins and (self._introduces or any(map(is_step, self._blocks[-1]))):
                self._blocks[-1] += piece
            else:
                self._blocks.append([*piece])
            self._introduces = piece is not line
        self._introduces = len(line) == 1 or line[-1].endswith(LEADS_ON)

    def _join_code(self, code: Sequence[str]) -> None:
        """Adds code to the block before it, and to what stands before that where it says no more
        than that code follows ("For example:").
        """
        last = self._blocks[-1]
        last += code
        leads = last[0].endswith(COLONS) and tokens(last[0]) <= ONLY_LEADS
        if leads and len(self._blocks) > 1:
            self._points.discard(len(self._blocks) - 1)
            self._blocks.pop()
            self._blocks[-1] += last


def _within_steps(paragraph: Sequence[Sequence[str]]) -> set[int]:
    """The places of lines that go on with a numbered step, above the next one."""
    first = [line[0] if of_one_step(line) else BULLETS for line in paragraph]
    numbered = [at for at, said in enumerate(first) if said.lstrip()[0] not in BULLETS]
    return {*range(min(numbered, default=0), max(numbered, default=0))} - {*numbered}


def _with_whole_lists(paragraphs: Sequence[Sequence[Sequence[str]]]) -> list[list[Sequence[str]]]:
    """The paragraphs, those that are one item of a list each together with the next ones; what
    names others with a colon is no item.
    """

    def is_item(paragraph: Sequence[Sequence[str]]) -> bool:
        named = paragraph[-1][-1].endswith(COLONS)
        return len(paragraph) == 1 and of_one_step(paragraph[0]) and not named

    together = runs(paragraphs, lambda run, own: is_item(own) and is_item(run[-1]))
    return [[line for own in run for line in own] for run in together]


def points_of(paragraph: Sequence[Sequence[str]], stating: Stating | None = None) -> list[range]:
    """The items of a list of statements, each with the lines below it: a long list that is told to
    be one. The last item has such lines only where it announces them. Bullets have names besides
    ("Fee: ...") or are long: short ones name what belongs together.
    """
    starts = [at for at, line in enumerate(paragraph) if of_one_step(line)]
    if len(starts) < 3:
        return []
    announces = paragraph[starts[-1]][-1].endswith(LEADS_ON)
    ends = [*starts[1:], len(paragraph) if announces else starts[-1] + 1]
    items = [range(start, end) for start, end in zip(starts, ends)]
    texts = [" ".join(part for at in item for part in paragraph[at]) for item in items]
    length = sum(map(tokens, texts))
    if length <= LISTED:
        return []
    said = [without_step_number(text) for text in texts]
    telling = sum(not text.endswith(COLONS) for text in texts)  # more than what follows
    named = 2 * sum(map(bool, map(LABEL.match, said))) >= len(items)
    bulleted = paragraph[starts[0]][0].lstrip()[0] in BULLETS
    long = length >= (STATEMENT if bulleted else PARAGRAPH) * telling
    told = stating is None or stating(said)
    numbered = stating is not None and not bulleted
    return items if told and (numbered or long or named) else []


def labels_of(paragraphs: Sequence[Sequence[Sequence[str]]]) -> list[int]:
    """Which paragraphs are nothing but the name of what the next ones say, as several of an answer
    are: "- In the cabin:" above a text of its own. A numbered one is a step.
    """
    named = [at for at, own in enumerate(paragraphs[:-1]) if _is_label(own, paragraphs[at + 1])]
    return named if len(named) > 1 else []


def _is_label(paragraph: Sequence[Sequence[str]], below: Sequence[Sequence[str]]) -> bool:
    line, said = paragraph[0][0], below[0][0]
    text = without_step_number(line)
    single = len(paragraph) == 1 and len(paragraph[0]) == 1
    numbered = text != line and line.lstrip()[0] not in BULLETS
    short = len(text) <= LONGEST_HEADING and text.endswith(COLONS)
    text_below = not (is_step(said) or is_code(said) or said.endswith(COLONS))
    return single and short and not numbered and text_below


def is_label(block: Block) -> bool:
    """Whether a heading is a label: it ends with a colon."""
    return block.sentences[-1].endswith(COLONS)


def headings_of(entry: Entry, blocks: Sequence[Block]) -> dict[int, int]:
    """The places of blocks that are a heading, and the place behind what stands below it: its
    paragraph, of labels all up to the next.
    """
    found, at = dict[int, int](), 0
    labels = list[int]()
    paragraphs = split_paragraphs(entry.answer)
    named = labels_of(paragraphs)
    for number, paragraph in enumerate(paragraphs):
        last = paragraph[-1][-1]
        places = [i for i in range(at, len(blocks)) if last in blocks[i].sentences]
        end = places[0] + 1 if places else at
        first = blocks[at].sentences if at < len(blocks) else ()
        if number in named and first == tuple(paragraph[0]):
            labels.append(at)
        elif heads_of(paragraph) and first == tuple(paragraph[0]):
            found[at] = end
        at = end
    return found | dict(zip(labels, [*labels[1:], len(blocks)]))


def heads_of(paragraph: Sequence[Sequence[str]]) -> list[int]:
    """The places of lines of a paragraph that are headings: of sentences, or of a table below."""
    captioned = [table for table in tables_of(paragraph)[:1] if table.start == 1]
    return [0] if captioned and may_head(paragraph[0]) else headings_over(paragraph)


def joined_at(entry: Entry, blocks: Sequence[Block]) -> list[int]:
    """The places of the blocks with which joined sections begin, each by its heading ("Smoking: Not
    in the van."); none where a paragraph has no heading.
    """
    first = [paragraph[0][0] for paragraph in split_paragraphs(entry.answer)]
    places = {block.sentences[0]: at for at, block in enumerate(blocks)}
    headed = all(HEADED.match(text) and text in places for text in first)
    found = sorted({places[text] for text in first}) if headed and not entry.section else []
    return found if found[:1] == [0] else []


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


def row_columns(line: str) -> frozenset[str]:
    """The names of a row's columns; also of the first that has its value behind the row's own name:
    "Sunday: Summer: closed; Winter: closed".
    """
    behind = "" if is_code(line) else COLON.split(first_cell(line), 1)[-1]
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


def points_over(entry: Entry, blocks: Sequence[Block]) -> dict[int, int]:
    """The places of points of a list within another, and of the point that each stands within."""
    lines = [(line.strip(), len(line) - len(line.lstrip())) for line in entry.answer.splitlines()]
    found, around = dict[int, int](), list[tuple[int, int]]()  # (indent, place)
    for place, block in enumerate(blocks):
        first = block.sentences[0]
        own = next((indent for line, indent in lines if line.startswith(first)), 0)
        around = [one for one in around if one[0] < own] if block.is_point else []
        found |= {place: around[-1][1]} if around else {}
        around += [(own, place)] if block.is_point else []
    return found


def _ends_with_data(paragraphs: Sequence[Sequence[Sequence[str]]]) -> bool:
    """Whether the last paragraph is one line of names and values, below what has no heading."""
    last = paragraphs[-1] if paragraphs else ()
    headed = len(paragraphs) > 1 and all(HEADED.match(own[0][0]) for own in paragraphs)
    return len(last) == 1 and not headed and bool(column_names(" ".join(last[0])))


def _is_verbatim(paragraph: Sequence[Sequence[str]]) -> bool:
    """Whether a paragraph is no prose: code, a command, an address. Nothing in it ends as sentences
    do, and its lines are no steps and no rows.
    """
    said = [sentence for line in paragraph for sentence in line]
    ends = any(sentence.endswith((*ENDS, *LEADS_ON)) for sentence in said)
    return not (ends or any(is_step(line[-1]) for line in paragraph) or tables_of(paragraph))
