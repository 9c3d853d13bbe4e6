"""Questions and answers in running text -> headings that ask, with what answers them below.

    Q: How long is delivery?      1. How long is delivery?     | Question     | Answer  |
    A: 2 days.                       2 days.                   | How long ... | 2 days. |

Labels are told by how they alternate and by the texts that ask, in whatever language; questions
without labels by being lines of their own, several under one heading, each with an answer. Knows no
file format.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import lru_cache
from itertools import pairwise
from textwrap import dedent
from typing import NamedTuple

from mm_support.knowledge.readers.base import Block
from mm_support.language.field_names import field_of
from mm_support.language.folding import folded
from mm_support.language.sentences import ASKING, BULLETS, split_sentences
from mm_support.runs import runs

LEVEL = 7  # of a heading that asks: below all that a file has itself
LONGEST = 150  # characters of a question without a label
LISTS = ("list", "steps")
ENDS = {"heading", "end"}
_NAME = r"[^\W\d_][^\s\d:：.,;!?？()\[\]【】]{0,14}(?: [^\s\d:：.,;!?？()\[\]【】]{1,12})?"
_MARKER = rf"[ \t]*(?:[{BULLETS}][ \t]+|\d{{1,3}}[.)、][ \t]*)?"
_LABEL = re.compile(
    rf"(?:(?:^|\n){_MARKER}|(?<=[.!?…。！？؟])\s+|(?<=[。！？]))"  # a line or a sentence ends there
    rf"(?:[\[(【](?P<boxed>{_NAME}) ?\d{{0,3}}[\])】]\s*[:：]?"
    rf"|(?P<named>{_NAME}) ?\d{{0,3}}\s?[:：]"
    r"|(?P<letter>[^\W\d_])\d{0,3}[.)](?=\s))\s*(?=\S)"
)
_START = re.compile(_MARKER)


class _Labels(NamedTuple):
    """Folded: what stands before each question and before each answer."""

    asking: str
    answering: str


class _Said(NamedTuple):
    """What stands behind a label, up to the next one."""

    label: str
    text: str


def with_questions(blocks: Sequence[Block]) -> tuple[Block, ...]:
    """The blocks, of which those that ask are headings."""
    labels = _labels(blocks)
    told = [own for block in blocks for own in _labelled(block, labels)]
    if not any(mark in block.text for block in told for mark in ASKING):
        return tuple(told)
    return tuple(own for part in _sections(told) for own in _with_asking_lines(part))


# -- labels --------------------------------------------------------------------------------


def _labels(blocks: Iterable[Block]) -> _Labels | None:
    """The two labels that alternate most often; None without any. Known ones need no second pair,
    or else no question marks."""
    texts = (text for block in blocks for text in _texts(block))
    said = [own for text in texts for own in _split(text)[1]]
    pairs = Counter((one.label, other.label) for one, other in pairwise(said))
    asked = Counter(
        (one.label, other.label) for one, other in pairwise(said) if _asks_first(one.text)
    )
    for (asking, answering), times in pairs.most_common():
        known = field_of(asking) == "questions" and field_of(answering) == "answer"
        asks = 2 * asked[asking, answering] >= times
        if asking != answering and (known or asks) and times + (known and asks) > 1:
            return _Labels(asking, answering)
    return None


def _asks_first(text: str) -> bool:
    """Whether its first line asks, or all of it."""
    return text.split("\n", 1)[0].rstrip().endswith(ASKING) or text.endswith(ASKING)


def _texts(block: Block) -> Sequence[str]:
    if block.kind in LISTS:
        return block.parts or (block.text,)
    return (block.text,) if block.kind in ("text", "heading") else ()


def _split(text: str, labels: _Labels | None = None) -> tuple[str, list[_Said]]:
    """What stands before the first label, and what behind each. labels: which count; else all."""
    found = [*_LABEL.finditer(text)]
    found = _counting(found, labels) if labels else found
    ends = [*(match.start() for match in found[1:]), len(text)]
    said = [_Said(_name(own), text[own.end() : end].strip()) for own, end in zip(found, ends)]
    return text[: found[0].start()].strip() if found else text, said


def _counting(found: Iterable[re.Match[str]], labels: _Labels) -> list[re.Match[str]]:
    """Those that begin a question or its answer; in an answer the same letters may stand again."""
    counting: list[re.Match[str]] = []
    for label in found:
        name, answered = _name(label), counting and _name(counting[-1]) == labels.answering
        if name == labels.asking or name == labels.answering and not answered:
            counting.append(label)
    return counting


def _name(label: re.Match[str]) -> str:
    return _folded(label["boxed"] or label["named"] or label["letter"])


_folded = lru_cache(1_000)(folded)


def _labelled(block: Block, labels: _Labels | None) -> list[Block]:
    """The block, or in its place the questions and answers that it holds."""
    if block.kind == "table":
        return _of_table(block)
    parts = [_split(text, labels) for text in _texts(block)] if labels else []
    if labels is None or not any(said for _, said in parts):
        return [block]
    if block.kind == "heading":
        return [_unlabelled(block, *parts[0], labels)]
    made = [own for part in parts for own in _of_part(block, *part, labels)]
    return [*made[:-1], replace(made[-1], pictures=block.pictures)]


def _unlabelled(block: Block, before: str, said: Sequence[_Said], labels: _Labels) -> Block:
    """A heading that is a question or an answer."""
    if before or len(said) > 1:
        return block
    text = " ".join(said[0].text.split())
    kind = "heading" if said[0].label == labels.asking else "text"
    return replace(block, text=text, kind=kind)


def _of_part(block: Block, before: str, said: Sequence[_Said], labels: _Labels) -> Iterator[Block]:
    """The blocks of a text, or of an item of a list. before: what stands before the first label."""
    if before and not said and block.kind in LISTS:
        yield replace(block, text=before, parts=(before,), pictures=())
    elif before:
        yield _text(block, before)
    for own, after in zip(said, [*said[1:], None]):
        question, answer = "", own.text
        if own.label == labels.asking:
            answered = after is not None and after.label == labels.answering
            question, answer = (own.text, "") if answered else _first_question(own.text)
        yield from _pair(block, question, answer)


def _pair(block: Block, question: str, answer: str) -> Iterator[Block]:
    if question:
        asking = " ".join(question.split())
        yield replace(_text(block, asking), kind="heading", level=LEVEL)
    if answer:
        yield _text(block, answer)


def _text(block: Block, text: str) -> Block:
    return replace(block, kind="text", text=text, parts=(), pictures=())


def _first_question(text: str) -> tuple[str, str]:
    """A text as the lines up to the one that asks, and those behind it, which answer."""
    lines = text.split("\n")
    asking = (at for at, line in enumerate(lines, 1) if line.rstrip().endswith(ASKING))
    end = next(asking, len(lines))
    return "\n".join(lines[:end]), "\n".join(lines[end:]).strip()


def _of_table(block: Block) -> list[Block]:
    """The rows of a table whose columns are known as questions and as answers; else the table."""
    rows = [_by_field(row) for row in block.parts]
    if not rows or not all(row.get("questions") and row.get("answer") for row in rows):
        return [block]
    pairs = []
    for row in rows:
        beside = [text for name, text in row.items() if name not in ("questions", "answer")]
        pairs += _pair(block, row["questions"], "; ".join([row["answer"], *beside]))
    return [*pairs[:-1], replace(pairs[-1], pictures=block.pictures), Block("end", level=LEVEL)]


def _by_field(row: str) -> dict[str, str]:
    """What a table's row says under the names of questions and answers; the rest under ""."""
    cells = runs(row.split("; "), lambda _, cell: not _field(cell))
    found: dict[str, str] = {}
    for cell in map("; ".join, cells):
        field = _field(cell)
        found.setdefault(field, cell.partition(":")[2].strip() if field else cell)
    return found


def _field(cell: str) -> str:
    """The field that a cell names; "" for another one than questions and answers."""
    name, sign, _ = cell.partition(":")
    field = field_of(name) if sign else ""
    return field if field in ("questions", "answer") else ""


# -- lines that ask ------------------------------------------------------------------------


def _sections(blocks: Iterable[Block]) -> Iterator[list[Block]]:
    """Each heading by itself, and the blocks between two of them together."""
    return runs(blocks, lambda held, block: not {held[-1].kind, block.kind} & ENDS)


def _with_asking_lines(blocks: Sequence[Block]) -> list[Block]:
    """The blocks under one heading; where lines that ask stand over all but the first of them, and
    each is answered, these are headings."""
    if sum(block.text.count(mark) for block in blocks for mark in ASKING) < 2:
        return list(blocks)
    pieces = [piece for block in blocks for piece in _pieces(block)]
    places = [at for at, piece in enumerate(pieces) if piece.question]
    answered = all(_is_answered(pieces[at : at + 2]) for at in places)
    if len(places) < 2 or places[0] > 1 or not answered:
        return list(blocks)
    return [own for piece in pieces for own in _opened(piece)]


class _Piece(NamedTuple):
    """A block, or a part of one. question: the line that it begins with, where that asks; answer:
    the rest of it."""

    block: Block
    question: str = ""
    answer: str = ""


def _is_answered(pieces: Sequence[_Piece]) -> bool:
    """pieces: one that asks, and the next one if there is one."""
    return bool(pieces[0].answer) or any(not piece.question for piece in pieces[1:])


def _opened(piece: _Piece) -> Iterator[Block]:
    if not piece.question:
        yield piece.block
        return
    *first, last = _pair(piece.block, piece.question, piece.answer)
    yield from [*first, replace(last, pictures=piece.block.pictures)]


def _pieces(block: Block) -> list[_Piece]:
    """A text by the lines in it that ask, a list by its items where each has such a line and others
    below it, or is alone; of others the block."""
    parts: Sequence[str] = block.parts if block.kind in LISTS else ()
    if block.kind == "text":
        lines = runs(block.text.split("\n"), lambda _, line: not _asks(line))
        parts = ["\n".join(own) for own in lines]
    pieces = [_begun(_text(block, part)) for part in parts]
    alone = block.kind == "text" or len(parts) == 1
    if not pieces or not alone and not all(own.answer for own in pieces):
        return [_Piece(block)]
    last = pieces[-1]._replace(block=replace(pieces[-1].block, pictures=block.pictures))
    end = [] if alone else [_Piece(Block("end", level=LEVEL))]
    return [*pieces[:-1], last, *end]


def _begun(block: Block) -> _Piece:
    first, _, rest = block.text.partition("\n")
    if not _asks(first):
        return _Piece(block)
    return _Piece(block, _START.sub("", first, count=1).strip(), dedent(rest).strip())


def _asks(line: str) -> bool:
    """Whether a line is one question and nothing else."""
    own = _START.sub("", line, count=1).strip()
    whole = own.endswith(ASKING) and len(own) <= LONGEST and not own[0].islower()
    return whole and len(split_sentences(own)) == 1
