"""A sentence of a reply, and what is shown while an answer is written. Knows not how they come."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from mm_support.knowledge.readers.markup import WARNING
from mm_support.language.direction import right_to_left
from mm_support.language.fences import is_code
from mm_support.language.sentences import COLONS, COLUMNS, column_names, is_clause, is_step

Item = TypeVar("Item")


@dataclass(frozen=True)
class Sentence:
    """A sentence that may be shown. citations: 1-based ranks of the hits that hold it; none where
    it only says what the customer's photo shows or opens a reply. of_step: whether it stands in a
    step's line, behind its first sentence. indent: blanks before a step that is part of another.
    heading: of what follows, whose [n] stand for it too. apart: whether it begins a paragraph.
    cut: a row of a table of which only some cells are shown. goes_on: whether its [n] stand behind
    a later sentence of its step or list. of_lines: whether it is a line that ends as no sentence
    does, as those of an address are."""

    text: str
    citations: tuple[int, ...] = ()
    of_step: bool = False
    indent: str = ""
    heading: bool = False
    apart: bool = False
    cut: bool = False
    goes_on: bool = False
    of_lines: bool = False

    @property
    def in_step(self) -> bool:
        return self.of_step or is_step(self.text)

    @property
    def is_row(self) -> bool:
        """Whether it is a row of a table: a cell for each of several columns."""
        return self.cut or len(column_names(self.text)) >= COLUMNS

    def _turns(self, previous: Sentence) -> bool:
        """Whether it reads from the other side than what stands before it."""
        sides = {right_to_left(self.text), right_to_left(previous.text)}
        return sides == {True, False}

    def shown(self, previous: Sentence | None = None) -> str:
        """The piece to append to the reply: a separator, the text, and [n] unless it is a heading,
        goes on, or is of a step and what stands before it has it.

        A step has a line of its own, with all that is of it, and a row of a table has one; what
        follows begins another, as a heading, a clause and a warning do. Lines stay lines. Code has
        lines of its own, and its [n] another, where what stands before has none. A paragraph is
        parted by an empty line; what reads from the other side is one: else its marks would be
        misplaced.
        """
        code = is_code(self.text)
        lines = self.of_lines and previous is not None and previous.of_lines
        lead = ""
        if previous is not None:
            begins = self.heading or self.text.startswith(WARNING)
            begins = begins or is_step(self.text) or is_clause(self.text)
            breaks = begins or previous.in_step and not self.of_step
            breaks = breaks or previous.of_lines or code or is_code(previous.text)
            lead = f"\n{self.indent}" if breaks or self.is_row or previous.is_row else " "
            lead = "\n\n" if self.apart or lead == " " and self._turns(previous) else lead
        follows = (
            previous is not None
            and not (previous.heading or previous.goes_on)
            and previous.citations == self.citations
        )
        if self.heading or self.goes_on or (self.in_step or code or lines) and follows:
            return lead + self.text
        marks = " ".join(f"[{rank}]" for rank in self.citations)
        return lead + self.text + (("\n" if code else " ") + marks if marks else "")


def cited_behind_steps(sentences: Sequence[Sentence]) -> Iterator[Sentence]:
    """The sentences, those of a list's first step, and what announces the list, with their [n]
    behind the last one of that step.
    """
    first = False  # whether the step is the first of its list
    for before, own, after in zip([None, *sentences], sentences, [*sentences[1:], None]):
        within = before is not None and before.in_step and not before.heading
        first = first and own.of_step or not within
        announces = own.text.endswith(COLONS) and after is not None and is_step(after.text)
        yield replace(own, goes_on=announces or first and bool(after and after.of_step))


@dataclass(frozen=True)
class Meanwhile:
    """Sentences of the best entry that surely answer, shown while a model writes; they are no part
    of the reply.
    """

    sentences: tuple[Sentence, ...]

    @property
    def text(self) -> str:
        previous: list[Sentence | None] = [None, *self.sentences]
        return "".join(own.shown(before) for before, own in zip(previous, self.sentences))


class Numbers:
    """Counts what a reply cites in the order in which it first does: a reader sees no gaps."""

    def __init__(self) -> None:
        self._of: dict[int, int] = {}  # rank -> number

    def counted(self, sentence: Sentence) -> Sentence:
        """The sentence with numbers in place of ranks."""
        numbers = (self._of.setdefault(rank, len(self._of) + 1) for rank in sentence.citations)
        return replace(sentence, citations=tuple(sorted(numbers)))

    def ordered(self, ranked: Sequence[Item]) -> tuple[Item, ...]:
        """What the ranks stand for: what is cited by its number, the rest behind."""
        rest = (item for rank, item in enumerate(ranked, 1) if rank not in self._of)
        return (*(ranked[rank - 1] for rank in self._of), *rest)
