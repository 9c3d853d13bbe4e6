"""Documents -> entries: an id, a title, a text and pictures for each passage.

Ids are made of what a document says of itself and are the same every time; where one was used
before, the next has a number. Knows no file format.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import urlsplit

from mm_support.knowledge.passages import Passage, empty_headings, passages, states
from mm_support.knowledge.picture_files import NearPictures, PictureFiles
from mm_support.knowledge.readers.base import Document, Remarks, quoted
from mm_support.knowledge.readers.fields import slug
from mm_support.language.folding import repeats, words_of_name
from mm_support.language.sentences import ASKING, COLONS, without_markers
from mm_support.types import Entry, Remark

MAX_ANSWER = 20_000  # characters
MAX_TITLE = 300  # characters
MAX_INTENT = 64  # characters, as the store keeps it
MAX_QUESTIONS = 100
MAX_TAGS = 50
MAX_PICTURES = 50  # of an entry
TAKEN_OVER = (  # what an entry says as its document does
    "intent human_only language valid_from valid_until updated".split()
)
MAX_SECTION = 120  # characters of the headings of several sections in a title


@dataclass
class EntryMaker:
    """Makes entries of one document after another; no two have one id."""

    _ids: set[str] = field(default_factory=set)
    _said: set[int] = field(default_factory=set)  # ids with their texts
    _numbers: Counter[str] = field(default_factory=Counter)  # how often an id was used before
    _near: NearPictures = field(default_factory=NearPictures)

    def entries(
        self, document: Document, path: Path | None, files: PictureFiles, remarks: Remarks
    ) -> list[Entry]:
        """The entries of a document; path: the file that it came from, if there is one."""
        pieces = list(_called(document.title, passages(document)))
        identity = self._identity(document, pieces, remarks)
        if not identity:
            return []
        for line, heading in () if document.row else empty_headings(document):
            remarks.skip(line, f"no text stands under the heading {quoted(heading)}")
        own = document.pictures or any(piece.pictures for piece in pieces)
        near = self._near.beside(path) if path and not own and not document.row else []
        made = []
        for at, piece in enumerate(pieces):
            line = piece.line or document.line
            if fault := _fault(piece.text, document.intent):
                remarks.skip(line, fault)
                continue
            shown = [*([] if at else [*document.pictures, *near]), *piece.pictures]
            entry = _entry(document, piece, line, not at, self._free(identity, piece, at), remarks)
            pictures = _first(MAX_PICTURES, "pictures", shown, line, remarks)
            found = tuple(files.found(pictures, path, line, remarks))
            if not found and _is_said(entry.answer, entry.title):
                remarks.skip(line, f"it says no more than its title {quoted(entry.title)}")
                continue
            if not found and _only_announces(entry.answer):
                remarks.skip(line, f"nothing follows that {quoted(entry.answer)} announces")
                continue
            made.append(replace(entry, document=identity, pictures=found))
            self._ids.add(entry.id)
        return made

    def _identity(self, document: Document, pieces: Sequence[Passage], remarks: Remarks) -> str:
        """An id that no document has; "" for a row whose text stands under its id already."""
        identity = document.id or slug(document.title if document.row else document.file)
        text = hash((identity, document.title, *(piece.text for piece in pieces)))
        if text in self._said and document.row:
            remarks.skip(document.line, f"the id '{identity}' was used before, with the same text")
            return ""
        self._said.add(text)
        free = self._unused(identity)
        if free != identity:
            told = f"the id '{identity}' was used before; this one is '{free}'"
            remarks.warn(document.line, told)
        return free

    def _free(self, identity: str, piece: Passage, at: int) -> str:
        """The document's id for its first passage, id#section for the others."""
        if not at:
            return identity
        section = slug("-".join(piece.section + piece.several[:1]), "part")
        return self._unused(f"{identity}#{section}")

    def _unused(self, name: str) -> str:
        """The name, with the next number where it was used before."""
        free = name
        while free in self._ids:
            self._numbers[name] += 1
            free = f"{name}-{self._numbers[name] + 1}"
        return free


def _called(title: str, pieces: Sequence[Passage]) -> Iterator[Passage]:
    """Passages with their names: title and headings without those that another says. Of the title
    and a heading above all passages that nearly repeat each other that is the shorter one, and
    else what the heading below begins with.
    """
    above = {piece.section[:1] for piece in pieces}
    (head,) = above.pop() if len(above) == 1 and () not in above else ("",)
    doubled = repeats(head, title)
    first = max(title, head, key=len) if doubled else title
    for piece in pieces:
        path = [first, *piece.section[doubled:]]
        pairs = zip(path, [*path[1:], ""])
        yield replace(piece, names=tuple(own for own, below in pairs if not _opens(own, below)))


def _opens(name: str, heading: str) -> bool:
    opening = words_of_name(name)
    return words_of_name(heading)[: len(opening)] == opening


def _entry(
    document: Document, piece: Passage, line: int, first: bool, identity: str, remarks: Remarks
) -> Entry:
    """The entry of a passage, its pictures aside. Numbers like [1] leave the answer: in a reply
    they would pass for citations."""
    answer = without_markers(piece.text).strip()
    if answer != piece.text.strip():
        remarks.warn(line, "numbers in brackets were taken out; they would pass for citations")
    title, asked = _title(piece, line, remarks)
    questions = [*asked, *document.questions] if first else asked
    sheet = f" ({document.part})" if document.part else ""
    return Entry(
        id=identity,
        title=title,
        answer=answer,
        questions=tuple(_first(MAX_QUESTIONS, "questions", questions, line, remarks)),
        tags=tuple(_first(MAX_TAGS, "tags", document.tags if first else (), line, remarks)),
        source=f"{remarks.file}{sheet}:{line if piece.page is None else piece.page}",
        section=" > ".join(piece.section),
        page=piece.page,
        url=web_address(document.url),
        **{name: getattr(document, name) for name in TAKEN_OVER},
    )


def web_address(text: str) -> str:
    """A page's address; "" for what is none of the web, such as javascript:, which other programs
    would make a link of.
    """
    try:
        parts = urlsplit(text)
    except ValueError:
        return ""
    return text if parts.scheme in ("http", "https") and parts.netloc else ""


def _is_said(answer: str, title: str) -> bool:
    """Whether a title ends in all that an answer says, which states nothing by itself."""
    if len(answer) > 2 * MAX_TITLE:
        return False
    said = words_of_name(answer)
    return words_of_name(title)[-len(said) :] == said and not states(answer)


def _only_announces(answer: str) -> bool:
    """Whether an answer is one line that ends in a colon, such as the name of a part of a page."""
    return answer.endswith(COLONS) and "\n" not in answer


def _fault(text: str, intent: str) -> str:
    """Why a passage can be no entry, or ""."""
    answer = without_markers(text).strip()
    if not answer:
        return "it has no answer"
    if len(answer) > MAX_ANSWER:
        return f"its answer is longer than {MAX_ANSWER} characters; split it"
    if len(intent) > MAX_INTENT:
        return f"its intent is longer than {MAX_INTENT} characters"
    if without_markers(answer) != answer:
        return "its answer has numbers in brackets within brackets"
    return ""


def fault_of(entry: Entry) -> str:
    """Why an entry that somebody wrote cannot be kept as it is, or ""."""
    if len(entry.title) > MAX_TITLE:
        return f"its title is longer than {MAX_TITLE} characters"
    if without_markers(entry.answer) != entry.answer:
        return "numbers in brackets would pass for citations"
    return _fault(entry.answer, entry.intent)


def _title(piece: Passage, line: int, remarks: Remarks) -> tuple[str, list[str]]:
    """(title, questions that it holds). A heading that asks is a question; a title that is too long
    is cut and kept whole as one."""
    head = piece.section[-1] if piece.section else ""
    several = ", ".join(piece.several)
    parts = [*piece.names, several if len(several) <= MAX_SECTION else piece.several[0]]
    title = ": ".join(filter(None, parts))
    asked = [head] if head.endswith(ASKING) else []
    if len(title) <= MAX_TITLE:
        return title, asked
    remarks.warn(line, f"its title is longer than {MAX_TITLE} characters and was cut")
    return title[: MAX_TITLE - 1] + "…", [*asked, title]


def _first(most: int, what: str, items: Iterable[str], line: int, remarks: Remarks) -> list[str]:
    """Each item once, no more than so many; what is left out is remarked."""
    items = list(dict.fromkeys(items))
    if len(items) > most:
        remarks.skip(line, f"it has {len(items)} {what}; the entry is kept with the first {most}")
    return items[:most]


def remark(entry: Entry, reason: str) -> Remark:
    """What is to be said of an entry, with the file and line that it came from."""
    file, _, line = entry.source.rpartition(":")
    return (file, int(line), reason) if line.isdigit() else (entry.source, 0, reason)
