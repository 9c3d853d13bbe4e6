"""Sentences of a text in any language, steps and bullets in one piece with their mark, a row of a
table ("Name: value; Name: value") and code between fences in one piece.

    split_sentences("Intro. 1. Open it. 2. Wait.")   ["Intro.", "1. Open it.", "2. Wait."]

Nothing of a text is lost: the sentences hold all of it but the blanks around them. Knows no terms
and no meaning.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Iterator, Sequence

from mm_support.language.detect import DEFAULT, in_characters, language_of
from mm_support.language.fences import is_code, logical_lines, trimmed
from mm_support.language.units import calendar_words

REMEMBERED = 20_000  # texts, and lines
LONGEST = 10_000  # characters of a line that is taken apart
# one sentence in any language but Greek: nothing that could end one, no "a)", stands before the
# line's end; a full stop in front of a letter, as in ./data and 1.2, ends none
_ONE = re.compile(
    r"(?!.*\b\w{1,3}\))"
    r"(?:[\w\s,;'’\"/<>&+=%:：()#*|@$€£，、“”「」（）→\[\]{}~^\\⚠—–-]|\.(?=[A-Za-z0-9_/]))*[.!?。！？]?"
)
GREEK_QUESTION = ";"
BULLETS = "-*•▪◦●"
# 1、打开 before a Chinese character no blank is written
_STEP = re.compile(
    rf"\s*(?:(?:(?:step\s+)?\d{{1,2}}[.):、）]|[{BULLETS}])\s+"
    r"|\d{1,2}(?:[.)．](?=[一-鿿])|[、）](?=[^\W\d_])))",
    re.IGNORECASE,
)
_CLAUSE = re.compile(r"\d{1,3}(?:\.\d{1,3}){1,4}\.?\s+[^\W\d_]")
# 步骤：1. 打开。 the number belongs to what follows, also where no blank precedes it; not 21：30.
_LATE_MARK = re.compile(r"(?<=[：；。])(?<!\d：)(?=\s*\d{1,2}[.)、]\s*$)")
COLUMNS = 2  # names of columns from which a line is a row of a table
# "Price: 9" names a column; "at 8:30" and an address do not, nor does half a sentence
CELL = re.compile("[;；]")  # between the cells of a row
_NAMED = re.compile(r"([^:：]{1,60})(?:：|:(?!//|(?<=\d:)\d))")
_CLOSED = re.compile(r"[)\]]+[.,;:!?]?\s*")  # a bracket at the beginning of a piece
_ADDRESS = re.compile(r"(?:https?://|www\.)\S+")
_WORDS = re.compile(r"[^\W\d_]{2,}")  # not those of "9 a.m. - 5 p.m."
_NUMBER = re.compile(r"\d|[IVX]+\b")
_LABEL = re.compile(r"[^\W\d_]+ \d{1,3}(?:\.\d{1,3})+\.")  # Table 8.2. Loans
LONGEST_HEADING = 60  # characters
ENDS = tuple(".!?…。！？")
CLOSING = tuple("”’」』»）")
CLOSES = "".join((*CLOSING, *")]\"'"))  # behind the end of a sentence
_BEGINS = re.compile(rf"(?<![\w.!?…{re.escape(CLOSES)}])\.$")  # a full stop in front of a word
# they stand before what they say something of, whatever that is; before numbers
BEFORE_WORDS = frozenset("approx aprox ca circa excl exkl incl inkl zzgl".split())
BEFORE_NUMBERS = BEFORE_WORDS | frozenset("env maks max min nr num qty tel".split())
TITLES = frozenset("sr sra srta dr dra ing lic prof mme mlle mgr sig dott avv".split())
# ends of what asks: marks, and words that ask, behind which Chinese and Japanese need none
ASKING = ("?", "？", "؟", "吗", "嗎", "ですか", "ますか")
COLONS = (":", "：")
COLON = re.compile(r"[:：]")  # behind a name: of a column, a document, a table
PAUSES = tuple(".!?…:,;。！？：，；")  # something else may follow in the line
_MARKER = re.compile(r"\s*\[\d+(?:\s*,\s*\d+)*\]")
_MARKERS = re.compile(rf"(?:{_MARKER.pattern})+\s*")
_IN_BRACKETS = re.compile(
    r"\((?:\d|(?P<first>[^\W\d_])[^()]*[.!?]\)\s*$)"
)  # a sentence, a step's number


def split_sentences(text: str) -> list[str]:
    """Sentences in order. A line ends one; decimals, abbreviations and step numbers do not."""
    return [sentence for line in split_lines(text) for sentence in line]


def split_paragraphs(text: str) -> list[list[tuple[str, ...]]]:
    """The lines of each paragraph, and their sentences; a blank line ends a paragraph."""
    lines, found = iter(split_lines(text)), [[]]
    for line in logical_lines(text):
        if line.strip():
            found[-1].append(next(lines))
        elif found[-1]:
            found.append([])
    return [paragraph for paragraph in found if paragraph]


@functools.lru_cache(REMEMBERED)
def split_lines(text: str) -> tuple[tuple[str, ...], ...]:
    """The sentences of each line that holds any."""
    language = language_of(text)
    lines = filter(None, map(trimmed, logical_lines(text)))
    return tuple((own,) if is_code(own) else _split_line(own, language) for own in lines)


def sentences_holding(pattern: re.Pattern[str], text: str, language: str) -> list[str]:
    """The sentences in which a pattern is found. Lines without it are not taken apart, which takes
    long."""
    lines = filter(pattern.search, (line.strip() for line in text.splitlines()))
    return [own for line in lines for own in _split_line(line, language) if pattern.search(own)]


@functools.lru_cache(REMEMBERED)
def _split_line(line: str, language: str) -> tuple[str, ...]:
    return tuple(_pieces(line, language))


def _pieces(line: str, language: str) -> Iterator[str]:
    """The line's sentences; a step's number alone is no sentence, it belongs to what follows."""
    head = ""
    for part in _segments(line, language):
        head += part
        if not _STEP.fullmatch(f"{head.strip()} "):
            yield head.strip()
            head = ""
    if head.strip():
        yield head.strip()


def _segments(line: str, language: str) -> list[str]:
    """The line in pieces; whole where it is a row. The library takes long, and most lines of lists
    and tables are one sentence.
    """
    if _ONE.fullmatch(line) and not (language == "el" and GREEK_QUESTION in line):
        return [line]
    found = _sentences(line, language) if len(line) <= LONGEST else [line]
    found = _rejoined(found, line, language)
    kept = [line] if _is_row(line, found) else found
    return [piece for part in kept for piece in _LATE_MARK.split(part) if piece]


def _sentences(line: str, language: str) -> list[str]:
    """The library's sentences, each with the blanks behind it; the line where these would lose or
    repeat a part of it. Looking for their places takes the library as long as finding them.
    """
    rest, found = line, []
    for sentence in _segmenter(language).processor(line).process():
        if not rest.startswith(sentence):
            return [line]
        after = rest[len(sentence) :].lstrip()
        found.append(rest[: len(rest) - len(after)])
        rest = after
    return [line] if rest else found


def _rejoined(found: Sequence[str], line: str, language: str) -> list[str]:
    """The library's sentences, those in one that it cut at an abbreviation's full stop, within an
    address, in front of a closing quotation mark or within what has no blank there, as code.
    """
    inside = [match.span() for match in _ADDRESS.finditer(line)] if len(found) > 1 else []
    whole, at = list[str](), 0
    for piece in _with_brackets_closed(found):
        cut = any(start < at < end for start, end in inside)
        # .note .foot::after; (.PDF, .NET)
        joined = line[:at].endswith(".") and (piece[0].islower() or _BEGINS.search(line[:at]))
        if whole and (cut or joined or _goes_on(whole[-1].rstrip(), piece, line, language)):
            whole[-1] += piece
        else:
            whole.append(piece)
        at += len(piece)
    return whole


def _with_brackets_closed(found: Sequence[str]) -> Iterator[str]:
    """The pieces of a line, brackets that close at the beginning of one in the one before it; all
    of it where it goes on in small letters: "(Quick!) and".
    """
    before = ""
    for piece in found:
        closed = _CLOSED.match(piece) if before else None
        end = closed.end() if closed else 0
        end = len(piece) if end and piece[end : end + 1].islower() else end
        before += piece[:end]
        if piece[end:]:
            yield from filter(None, [before])
            before = piece[end:]
    yield from filter(None, [before])


def _goes_on(before: str, piece: str, line: str, language: str) -> bool:
    """Whether a piece goes on with the sentence before it: a small letter where the line begins
    with a capital or an amount, brackets that hold no sentence, a comma, a number or a name behind
    an abbreviation, an amount and nothing else, what a word and a number name.
    """
    if piece[0] in (*CLOSING, *",;:") or _LABEL.fullmatch(before):
        return True
    if marked := _MARKERS.match(piece):
        rest = piece[marked.end() :]
        return not rest or not rest[0].isupper() and _goes_on(before, rest, line, language)
    if not before.endswith(".") or is_step(piece):
        return False
    if piece[0] == "(":
        inside = _IN_BRACKETS.match(piece)
        return not inside or (inside["first"] or "").islower()
    if piece[0].islower():
        capitals = line[0].isupper() or line[0].isdigit() and not is_step(line)
        return capitals and not piece[1:2].isupper()  # iPhone
    *others, word = re.findall(r"[^\W\d_]+", before) or [""]
    if word == "No" and others:  # Plane No. II, but "Is it free? No. 5 euros"
        return bool(_NUMBER.match(piece))
    if piece[0].isdigit():
        amount = len(_WORDS.findall(piece)) < 2
        return amount or word.lower() in BEFORE_NUMBERS | calendar_words(language)
    if before.endswith(f"{word}.") and word in BEFORE_WORDS:
        return True
    return word.istitle() and word.lower() in TITLES


def _is_row(line: str, pieces: Sequence[str]) -> bool:
    """Whether all cells of the line are named, or as many as it has pieces; none is a step."""
    named, cells = len(column_names(line)), line.count(";") + 1
    enough = max(COLUMNS, min(cells, len(pieces)))
    return named >= enough and not any(map(is_step, pieces[1:]))


@functools.lru_cache(None)
def _segmenter(language: str):
    from pysbd import Segmenter
    from pysbd.languages import LANGUAGE_CODES

    return Segmenter(language=language if language in LANGUAGE_CODES else DEFAULT, clean=False)


def column_names(line: str) -> frozenset[str]:
    """The names in front of the cells of a row's line; code has none."""
    if is_code(line):
        return frozenset()
    pairs = (_NAMED.match(cell.strip()) for cell in line.split(";"))
    return frozenset(pair[1] for pair in pairs if pair)


def first_cell(line: str) -> str:
    """The first cell of a row's line, with the name in front of it."""
    return CELL.split(line)[0]


def headings_over(paragraph: Sequence[Sequence[str]]) -> list[int]:
    """The places of lines of a paragraph that are headings of what stands below them: its first,
    where it is short, ends as nothing does that goes on, and the next one is a sentence.
    paragraph: its lines, each as its sentences.
    """
    if len(paragraph) < 2 or not may_head(paragraph[0]):
        return []
    below = paragraph[1][0]
    said = below.endswith(ENDS) and not below[0].islower() and not is_step(below)
    return [0] if said else []


def may_head(line: Sequence[str]) -> bool:
    """Whether a line may be a heading: it is short and ends as nothing does that goes on."""
    head = line[0]
    plain = not (is_step(head) or column_names(head) or head.endswith(PAUSES))
    return plain and len(line) == 1 and len(head) <= LONGEST_HEADING


def is_step(sentence: str) -> bool:
    """Whether the sentence opens with a step's number ("2. Press OK.") or a bullet."""
    return bool(_STEP.match(sentence))


def is_clause(sentence: str) -> bool:
    """Whether the sentence opens with a clause's number: "4.2 Dogs pay", not "2.5 tonnes"."""
    found = _CLAUSE.match(sentence)
    return bool(found) and not found[0][-1].islower()


def of_one_step(line: Sequence[str]) -> bool:
    """Whether all sentences of a line belong to the step that it opens with."""
    return is_step(line[0]) and not any(map(is_step, line[1:]))


def without_step_number(sentence: str) -> str:
    return _STEP.sub("", sentence, count=1) if is_step(sentence) else sentence


def in_a_line(texts: Iterable[str]) -> str:
    """Sentences, items and rows one after another: what does not end as a sentence is parted from
    the next, a row, which has semicolons itself, by a stroke.
    """
    line = ""
    for text in filter(None, map(str.strip, texts)):
        if line and not line.endswith(PAUSES):
            line += " / " if CELL.search(text) else "；" if in_characters(line) else "; "
        elif line:
            line += " "
        line += text
    return line


def without_markers(text: str) -> str:
    """The text without [1], [2, 3] and the like, save in code."""
    if "[" not in text or "```" not in text:
        return _MARKER.sub("", text)
    lines = logical_lines(text)
    return "".join(own if is_code(own) else _MARKER.sub("", own) for own in lines)
