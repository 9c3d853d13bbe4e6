"""Documents -> passages: what is searched. A document is what a citation names.

Cut by structure, to at most about 300 tokens: sections, groups of sections that hold a sentence or
two, and where a section is longer, its blocks, list items, table rows and sentences. Steps stay
together. Short sections are not joined further: a reply chooses sentences of a passage, and would
take them from under several headings. A section whose heading names an identifier (E24) stays by
itself, however short. Knows no tokenizer; tokens are estimated.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from itertools import chain, takewhile

from mm_support.knowledge.readers.base import Block, Document, stem_of
from mm_support.language.defined import named_in_title
from mm_support.language.detect import in_characters
from mm_support.language.facts import facts_of
from mm_support.language.fences import code_of, fenced, is_code
from mm_support.language.sentences import ASKING, COLONS, ENDS, may_head, split_sentences
from mm_support.language.terms import CHARACTERS
from mm_support.runs import packed, runs

LEAST, MOST = 20, 300  # tokens of a passage
MOST_TOGETHER = 2 * MOST  # tokens up to which steps and code are not cut
MOST_ROW = 1_000  # tokens up to which a row of questions and answers stays one entry
LETTERS = 6  # of a word, about a token
_WORD = re.compile(rf"[{CHARACTERS}\uac00-\ud7af]|[^\W_]+|[^\w\s]{{3,}}")
_SPACED = re.compile(r"\S+\s*")
_BLANKS = re.compile(r"\s*")
# signs of a text without blanks, up to a passage's; no mark that belongs to the sign before is cut
_SIGNS = re.compile(rf".{{1,{MOST}}}(?=\w|$)|.{{1,{MOST}}}", re.DOTALL)
_CODE = re.compile(r"[A-Z]\d|\d[A-Z]|\d{3}")
_STATES = (".", "。")  # ends of a heading that states something


@dataclass(frozen=True)
class Passage:
    """A piece of a document. section: the headings above, outermost first; several: the headings of
    the short sections that it joins. text: what it says, without its own headings. names: what its
    title says before these."""

    text: str
    section: tuple[str, ...] = ()
    several: tuple[str, ...] = ()
    line: int = 0
    page: int | None = None
    pictures: tuple[str, ...] = ()
    names: tuple[str, ...] = ()


@dataclass
class _Section:
    """Blocks under one heading."""

    path: tuple[str, ...]
    line: int
    blocks: list[Block] = field(default_factory=list)
    is_empty: bool = False  # whether nothing stands under its heading
    page: int | None = None  # of its heading

    @cached_property
    def size(self) -> int:
        return sum(size_of(block.text) for block in self.blocks)

    @property
    def is_filled(self) -> bool:
        return any(block.text or block.pictures for block in self.blocks)

    @property
    def asks(self) -> bool:
        return bool(self.path) and self.path[-1].endswith(ASKING)

    @cached_property
    def has_code(self) -> bool:
        """Whether its heading names an identifier that is no number of a step or a chapter."""
        return bool(self.path) and any(map(_CODE.search, named_in_title(self.path[-1])))


@lru_cache(maxsize=4_096)  # a text is measured wherever it may be cut
def tokens(text: str) -> int:
    """About how many tokens a text has: one a character of Chinese, Japanese and Korean, one a
    word elsewhere, more for long words."""
    return sum(1 + (len(word) - 1) // LETTERS for word in _WORD.findall(text))


def size_of(text: str) -> int:
    """Its tokens; one for what has none, such as a sign or a picture: it takes a place too."""
    return max(1, tokens(text))


def passages(document: Document) -> list[Passage]:
    """In the document's order. A row, and a short document that neither asks nor has headings, is
    one; the latter is a section under the document's title.
    """
    sections = [section for section in _with_stated(document.blocks) if section.is_filled]
    size = sum(section.size for section in sections)
    questions = sum(section.asks for section in sections)
    asked = questions > 1 or questions == 1 < len(sections)  # beside other text
    several = asked or sum(map(_is_headed, sections)) > 1 or _has_codes(sections)
    one = document.row or not several
    if one and size <= (MOST_ROW if document.row else MOST):
        whole = [_joined(sections)] if sections else []
        titled = not document.row and document.title != stem_of(document.file)
        bare = titled and len(sections) == 1 and not sections[0].path
        above = {"section": (document.title,)} if bare else {}
        return [replace(own, several=(), line=document.line, **above) for own in whole]
    return [passage for group in _grouped(sections) for passage in _cut(group)]


def empty_headings(document: Document) -> list[tuple[int, str]]:
    """(line or page, text) of the headings over no text that are in no passage."""
    return [
        (own.line or own.page or 0, own.path[-1])
        for own in _with_stated(document.blocks)
        if own.is_empty
    ]


def _with_stated(blocks: Iterable[Block]) -> list[_Section]:
    """Sections, where a heading over nothing that states a fact is text of the section above, and
    what stands over no text of its own but pictures is of the section below.
    """
    found = list(_sections(blocks))
    for section, after in zip(found, [*found[1:], _Section((), 0)]):
        leads = after.path[: len(section.path)] == section.path
        deeper = leads and len(after.path) > len(section.path) and bool(after.blocks)
        if deeper and not any(block.text for block in section.blocks):
            after.blocks, section.blocks = [*section.blocks, *after.blocks], []
        section.is_empty = bool(section.path) and not section.is_filled and not leads
        if section.is_empty and states(section.path[-1]):
            section.blocks = [Block("text", section.path[-1], line=section.line)]
            section.path, section.is_empty = section.path[:-1], False
    return found


def states(heading: str) -> bool:
    """Whether a heading says by itself how much, when or where ("Closed on Mondays")."""
    facts = facts_of(heading)
    measured = any(amount.kind and amount.said for amount in facts.amounts)
    return (
        heading.endswith(_STATES) or measured or bool(facts.days or facts.dates or facts.addresses)
    )


def _sections(blocks: Iterable[Block]) -> Iterator[_Section]:
    """Sections by heading; a heading nests under the last one of a higher level."""
    above: list[tuple[int, str]] = []
    section, ended = _Section((), 0), False
    for block in blocks:
        if block.kind not in ("heading", "end"):
            section.blocks.append(block)
            continue
        if section.blocks or not ended:  # what only ends a heading opens none
            yield section
        ended = block.kind == "end"
        above = [(level, text) for level, text in above if level < block.level]
        if block.kind == "heading":
            above.append((block.level, block.text.rstrip("".join(COLONS)) or block.text))
        section = _Section(tuple(text for _, text in above), block.line, page=block.page)
        section.blocks += [replace(block, kind="text", text="")] if block.pictures else []
    if section.blocks or not ended:
        yield section


def _has_codes(sections: Sequence[_Section]) -> bool:
    """Whether the heading of a part, not of the whole document, names an identifier."""
    shared = len(_common([section.path for section in sections]))
    return any(section.has_code and len(section.path) > shared for section in sections)


def _is_headed(section: _Section) -> bool:
    return bool(section.path) and section.size >= LEAST


def _grouped(sections: Sequence[_Section]) -> Iterator[list[_Section]]:
    """Short sections of one parent that follow each other are one passage; a section that asks a
    question is one of its own, and one whose heading names an identifier with what is under it."""

    def joins(group: list[_Section], section: _Section) -> bool:
        short = section.size < LEAST and sum(one.size for one in group) < LEAST
        asks = section.asks or group[-1].asks
        return short and not asks and not section.has_code and _are_kin(group[0], section)

    return runs(sections, joins)


def _are_kin(first: _Section, other: _Section) -> bool:
    """Whether both lie under one heading, or the other under the first."""
    above = first.path if first.has_code else first.path[:-1]
    return above == other.path[: len(above)]


def _cut(group: list[_Section]) -> Iterator[Passage]:
    if len(group) > 1 or group[0].size <= MOST:
        yield _joined(group)
        return
    for blocks in _packed(group[0].blocks):
        yield _joined([_Section(group[0].path, blocks[0].line, blocks)])


def _joined(group: list[_Section]) -> Passage:
    """One passage of sections; those of several sections say their headings in the text."""
    blocks = [block for section in group for block in section.blocks]
    common = group[0].path if len(group) == 1 else _common([section.path for section in group])
    own = [section.path[len(common) :] for section in group]
    heads = [_unsaid(path, own[:at]) for at, path in enumerate(own)]
    texts = [_under(head, section.blocks) for head, section in zip(heads, group)]
    return Passage(
        "\n\n".join(text for text in texts if text),
        common,
        tuple(path[-1] for path in own if path) if len(group) > 1 else (),
        group[0].line or blocks[0].line,
        blocks[0].page,
        tuple(dict.fromkeys(address for block in blocks for address in block.pictures)),
    )


def _common(paths: Sequence[tuple[str, ...]]) -> tuple[str, ...]:
    levels = takewhile(lambda names: len({*names}) == 1, zip(*paths))
    return tuple(names[0] for names in levels)


def _unsaid(path: tuple[str, ...], before: Sequence[tuple[str, ...]]) -> str:
    """The headings of a section that the sections before it in the passage have not said."""
    shared = max((len(_common([path, other])) for other in before), default=0)
    return ": ".join(path[shared:] or path[-1:])


def _under(head: str, blocks: Sequence[Block]) -> str:
    """The blocks' text behind their heading; it begins the first sentence that it stands over, so
    that neither is quoted without the other."""
    texts = [block for block in blocks if block.text]
    if not head or not texts:
        return _text(texts)
    if not head.endswith((*ENDS, *COLONS)):
        head += "：" if in_characters(head) else ":"
    gap = "" if head.endswith("：") else " "
    return head + (gap if texts[0].kind == "text" else "\n") + _text(texts)


def _text(blocks: Sequence[Block]) -> str:
    return "\n\n".join(block.text for block in blocks if block.text)


# -- long sections -------------------------------------------------------------------------


def _packed(blocks: Sequence[Block]) -> Iterator[list[Block]]:
    """Groups of blocks up to the limit; a line that leads on to what follows goes with it."""

    def size(unit: list[Block]) -> int:
        return sum(size_of(block.text) for block in unit)

    return (list(chain(*units)) for units in packed(_units(blocks), size, MOST))


def _units(blocks: Sequence[Block]) -> Iterator[list[Block]]:
    """What stays together: a line that ends in a colon and what it announces, a line that may be a
    title and what is below, a picture or code and what stands before it, steps whose numbers go on.
    """
    return runs((piece for whole in blocks for piece in _pieces(whole)), _goes_on)


def _goes_on(held: Sequence[Block], block: Block) -> bool:
    if not block.text:
        return True
    announced = held[-1].text.endswith(COLONS) or _may_title(held[-1], block)
    started = any(one.kind == "steps" for one in held)
    later = block.kind == "steps" and not block.text.startswith("1.")
    short = tokens(_text(held)) + tokens(block.text) <= MOST_TOGETHER
    return short and (announced or block.kind == "code" or started and later)


def _may_title(block: Block, below: Block) -> bool:
    """Whether a text may be the title of what is below it, which ends as a title does not."""
    titles = block.kind == "text" and may_head(block.text.split("\n"))
    return titles and (below.kind != "text" or below.text.endswith(ENDS))


def _pieces(block: Block) -> Iterator[Block]:
    """A block, cut where it is too long to be a passage."""
    together = block.kind in ("steps", "code")
    if tokens(block.text) <= (MOST_TOGETHER if together else MOST):
        yield block
        return
    if is_code(block.text):
        for group in _filled(code_of(block.text).splitlines(keepends=True)):
            yield replace(block, text=fenced("".join(group).rstrip("\n")))
        return
    pictures = block.pictures
    parts = _as_written(block.text, block.parts) if block.parts else _finer(block.text)
    for group in _filled(parts):
        own = tuple(map(str.rstrip, group)) if block.parts else ()
        yield replace(block, text="".join(group).strip(), parts=own, pictures=pictures)
        pictures = ()


def _finer(text: str) -> list[str]:
    """The lines of a text; of a single one its sentences."""
    lines = text.splitlines(keepends=True)
    return lines if len(lines) > 1 else _as_written(text, split_sentences(text))


def _as_written(text: str, parts: Sequence[str]) -> list[str]:
    """The parts of a text, which hold all of it but blanks, each with the blanks behind it."""
    places, at = [0], 0
    for part in map(str.strip, parts[:-1]):
        at = text.index(part, at) + len(part)
        blanks = _BLANKS.match(text, at)
        places.append(blanks.end() if blanks else at)
    return [text[start:end] for start, end in zip(places, [*places[1:], len(text)])]


def _filled(units: Sequence[str]) -> Iterator[list[str]]:
    return packed((piece for whole in units for piece in _slices(whole)), size_of, MOST)


def _slices(unit: str) -> Iterator[str]:
    """A unit, cut by lines, sentences, then words where it alone is longer than a passage."""
    if tokens(unit) <= MOST_TOGETHER:
        yield unit
        return
    finer = _finer(unit)
    if len(finer) == 1:
        finer = [piece for word in _SPACED.findall(unit) for piece in _cut_word(word)]
    if len(finer) == 1:
        yield unit
        return
    yield from map("".join, _filled(finer))


def _cut_word(word: str) -> list[str]:
    """An address stays whole; a text without blanks (Chinese, Thai) is cut between its signs."""
    return [word] if word.isascii() else _SIGNS.findall(word)
