"""Files and sites -> documents (readers/) -> passages (passages.py) -> entries.

    JSONL     a line an entry: {"id", "title", "answer", "questions": [...], "intent", "pictures":
    [...], "human_only"}
    tables    columns of the same names, or of other names that mean the same (columns.toml)
    Markdown  a file a document; headings and list items under "Questions" are questions; pictures
              are ![...](file) or lie beside it under its name: lamp.md has lamp.jpg, lamp-2.jpg

Everything read is untrusted: what cannot be read is left out and remarked, pictures must lie inside
the folder that is read. Knows nothing of vectors or of the index.
"""

from __future__ import annotations

import re
import shutil
import tempfile
import weakref
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import count
from os.path import (  # unlike Path's they raise nothing, whatever a name is or leads to
    isfile,
    realpath,
)
from pathlib import Path
from urllib.parse import unquote, urlsplit

from PIL import Image

from mm_support.errors import InputError, KnowledgeError
from mm_support.knowledge.boilerplate import without_frames
from mm_support.knowledge.oddities import oddities
from mm_support.knowledge.passages import Passage, passages
from mm_support.knowledge.readers import FORMATS, KINDS, MARKDOWN, PICTURE_SUFFIXES
from mm_support.knowledge.readers.archive import RUBBISH, unpack
from mm_support.knowledge.readers.base import MAX_FILE_BYTES, Block, Document, File, Remarks
from mm_support.knowledge.readers.sandbox import Sandbox
from mm_support.language.sentences import without_markers
from mm_support.types import Entry, IngestReport, Remark

SUFFIXES = {**FORMATS, ".zip": None}  # the files that are read
MAX_ANSWER = 20_000  # characters
MAX_TITLE = 300  # characters
MAX_INTENT = 64  # characters, as the store keeps it
MAX_QUESTIONS = 100
MAX_PICTURES = 50  # of an entry
MAX_SECTION = 120  # characters of the headings of several sections in a title
# characters of a picture's name in a reason; a picture written into the text itself has thousands
SHOWN = 80
LEFT_OUT = 20  # different texts at the edges of documents that are named

NOT_READ = f"'{{}}' is no kind of file that is read; give {KINDS}"

Skipped = Remark
TextOf = Callable[[Image.Image], str]  # the text that a picture of a page shows


@dataclass(frozen=True)
class ReadingOptions:
    """ocr: reads scanned pages. pages: keeps the pages of sites between readings. private_addresses: whether sites inside the
    own network may be read. progress: is called with what is read now."""

    ocr: TextOf | None = None
    pages: Path | None = None
    private_addresses: bool = False
    progress: Callable[[str], None] | None = None


@dataclass
class Reading:
    """What was read. skipped: left out, as (file, line, reason); warnings: kept but odd; mapping:
    how columns were understood. Pictures that files held exist as long as this does."""

    entries: list[Entry] = field(default_factory=list)
    skipped: list[Remark] = field(default_factory=list)
    warnings: list[Remark] = field(default_factory=list)
    mapping: list[str] = field(default_factory=list)
    documents: int = 0
    room: Path = field(default_factory=lambda: Path(realpath(tempfile.mkdtemp())))

    def __post_init__(self) -> None:
        weakref.finalize(self, shutil.rmtree, self.room, ignore_errors=True)

    def report(self, pictures: int, seconds: float) -> IngestReport:
        """What people are told. pictures: how many of the entries' opened and were kept."""
        return IngestReport(
            len(self.entries),
            self.skipped,
            seconds,
            self.documents,
            pictures,
            self.warnings,
            self.mapping,
        )

    def add(self, remarks: Remarks) -> None:
        self.skipped += remarks.skipped
        self.warnings += remarks.warnings
        self.mapping += remarks.mapping


def read_knowledge(path: Path) -> tuple[list[Entry], list[Remark]]:
    """Entries of a file or folder, and what was left out; without the pictures inside documents.

    Raises KnowledgeError where there is nothing to read at all.
    """
    reading = read_source(path)
    return reading.entries, reading.skipped


def read_source(source: Path | str, options: ReadingOptions | None = None) -> Reading:
    """All that a file, folder, zip or address on the web holds.

    Raises KnowledgeError where there is nothing to read at all.
    """
    options, reading = options or ReadingOptions(), Reading()
    with Sandbox(reading.room) as sandbox:
        builder = _Builder(reading, sandbox, options)
        if str(source).startswith(("http://", "https://")):
            builder.read_site(str(source))
        else:
            builder.read_path(Path(source))
        builder.finish()
    if not reading.entries:
        reasons = "; ".join(f"{name} line {line}: {why}" for name, line, why in reading.skipped[:3])
        raise KnowledgeError(
            f"{source} holds no entry that can be read{': ' + reasons if reasons else ''}."
        )
    return reading


# -- files ---------------------------------------------------------------------------------


class _Builder:
    """Collects entries; documents wait until all are read, since what repeats is told by all."""

    def __init__(self, reading: Reading, sandbox: Sandbox, options: ReadingOptions) -> None:
        self.reading, self.sandbox, self.options = reading, sandbox, options
        self.root = Path()
        self._waiting: list[tuple[Document, Path | None]] = []
        self._ids: set[str] = set()
        self._said: set[int] = set()  # ids with their texts
        self._numbers: Counter[str] = Counter()  # how often an id was used before

    def read_path(self, path: Path) -> None:
        """Reads a file, a zip or all files of a folder."""
        if not path.exists():
            raise KnowledgeError(f"{path} does not exist; give a file, a folder or an address.")
        self.root = Path(realpath(path if path.is_dir() else path.parent))
        for file in files_of(path):
            self._read_file(Path(realpath(file)), path.is_file())

    def read_site(self, address: str) -> None:
        """Reads the pages of a site."""
        from mm_support.knowledge.readers.site import read_site

        remarks = Remarks(address)
        options = self.options
        pages = options.pages or self.reading.room / "pages"
        read = self.sandbox.read
        for document in read_site(address, read, remarks, pages, options.private_addresses):
            self._say(document.url or document.title)
            self._take(document, None, Remarks(document.file))
        self.reading.add(remarks)

    def _say(self, what: str) -> None:
        if self.options.progress:
            self.options.progress(what)

    def name(self, file: Path) -> str:
        inside = file.is_relative_to(self.root)
        shown = file.relative_to(self.root).as_posix() if inside else file.name
        return shown.encode("utf-8", "ignore").decode()

    def _read_file(self, file: Path, alone: bool) -> None:
        remarks = Remarks(self.name(file))
        suffix = file.suffix.lower()
        self._say(remarks.file)
        try:
            if suffix not in SUFFIXES and not alone and isfile(file):
                self._look_past(suffix, remarks)
            elif reason := self._refusal(file, suffix):
                remarks.skip(0, reason)
            elif suffix == ".zip":
                self._read_zip(file, remarks)
            elif suffix in FORMATS:
                self._read_format(file, suffix, remarks)
        except OSError as exc:
            remarks.skip(0, f"it cannot be read ({exc.strerror})")
        self.reading.add(remarks)

    def _look_past(self, suffix: str, remarks: Remarks) -> None:
        """A file of a folder that holds no text: a picture, or something that is not read."""
        if suffix not in PICTURE_SUFFIXES:
            remarks.warn(0, NOT_READ.format(suffix or remarks.file))

    def _refusal(self, file: Path, suffix: str) -> str:
        if not file.is_relative_to(self.root):
            return "it is a link to a place outside the folder"
        if not isfile(file):
            return "it is a folder or a broken link, not a file"
        if suffix not in SUFFIXES:
            return NOT_READ.format(suffix or file.name)
        if suffix != ".zip" and file.stat().st_size > MAX_FILE_BYTES:
            return f"it is larger than {MAX_FILE_BYTES // 2**20} MB; split it"
        return "" if file.stat().st_size else "it is empty"

    def _read_format(self, path: Path, suffix: str, remarks: Remarks) -> None:
        form = FORMATS[suffix]
        file = File(remarks.file, path.read_bytes())
        apart = self.sandbox.read
        documents = apart(file, suffix, remarks) if form.apart else form.reader()(file, remarks)
        for document in documents:
            self._take(document, path, remarks)

    def _read_zip(self, archive: Path, remarks: Remarks) -> None:
        folder = Path(tempfile.mkdtemp(dir=self.reading.room))
        try:
            unpack(archive, folder, remarks)
        except InputError as exc:
            remarks.skip(0, str(exc))
            return
        outer, self.root = self.root, folder
        for file in files_of(folder):
            self._read_file(file, False)
        self._settle()
        self.root = outer

    def _take(self, document: Document, path: Path | None, remarks: Remarks) -> None:
        document = self._read_scans(document, remarks)
        if document.row:
            self._add_document(document, path, remarks)
        elif any(block.text for block in document.blocks):
            self._waiting.append((document, path))
        else:
            remarks.skip(document.line, "it holds no text")

    def _read_scans(self, document: Document, remarks: Remarks) -> Document:
        """The document with the text of its scanned pages."""
        if not any(block.kind == "scan" for block in document.blocks):
            return document
        pairs = [(block, self._scanned(block, remarks)) for block in document.blocks]
        return replace(document, blocks=tuple(block for _, block in pairs))

    def _scanned(self, block: Block, remarks: Remarks) -> Block:
        if block.kind != "scan":
            return block
        text = ""
        if self.options.ocr:
            with Image.open(block.pictures[0]) as page:
                text = self.options.ocr(page.convert("RGB")).strip()
        if not text:
            why = "no text was found in it" if self.options.ocr else "scans are not read here"
            remarks.skip(0, f"page {block.page} is a picture; {why}")
        return replace(block, kind="text", text=text, pictures=())

    def finish(self) -> None:
        """Makes entries of the documents that wait, and looks for what is odd."""
        self._settle()
        self.reading.warnings += oddities(self.reading.entries)

    def _settle(self) -> None:
        documents, removed = without_frames([document for document, _ in self._waiting])
        for text, times in removed.most_common(LEFT_OUT):
            said = f"'{text[:SHOWN]}' frames {times} documents and was left out"
            self.reading.skipped.append((self.root.name or "site", 0, said))
        for document, (_, path) in zip(documents, self._waiting):
            remarks = Remarks(document.file)
            self._add_document(document, path, remarks)
            self.reading.add(remarks)
        self._waiting = []

    # -- entries ---------------------------------------------------------------------------

    def _add_document(self, document: Document, path: Path | None, remarks: Remarks) -> None:
        pieces = passages(document)
        identity = document.id or _slug(document.title if document.row else document.file)
        identity = self._free(identity, pieces, document, remarks)
        if not identity:
            return
        self.reading.documents += 1
        questions = _first(MAX_QUESTIONS, "questions", document.questions, document.line, remarks)
        document = replace(document, questions=tuple(questions))
        finder = _Pictures(self.root, self.reading.room, path, remarks)
        beside = _beside(path) if path and not document.row else []
        shows = document.pictures or any(piece.pictures for piece in pieces)
        for at, piece in enumerate(pieces):
            first = [*document.pictures, *([] if shows else beside)] if not at else []
            pictures = finder.found([*first, *piece.pictures], piece.line or document.line)
            self._add(document, piece, identity, at, pictures, remarks)

    def _free(
        self, identity: str, pieces: Sequence[Passage], document: Document, remarks: Remarks
    ) -> str:
        """An id that no entry has; "" for a row whose text stands under its id already."""
        text = hash((identity, document.title, *(piece.text for piece in pieces)))
        again, number = text in self._said, self._numbers[identity]
        if again and document.row:
            remarks.skip(document.line, f"the id '{identity}' was used before, with the same text")
            return ""
        self._said.add(text)
        free = identity
        while free in self._ids:
            number += 1
            free = f"{identity}-{number + 1}"
        self._numbers[identity] = number
        if free != identity:
            told = f"the id '{identity}' was used before; this one is '{free}'"
            remarks.warn(document.line, told)
        return free

    def _add(
        self,
        document: Document,
        piece: Passage,
        identity: str,
        at: int,
        pictures: list[Path],
        remarks: Remarks,
    ) -> None:
        """Adds a passage as an entry, or remarks why not. Numbers like [1] leave the answer: in a
        reply they would pass for citations."""
        line = piece.line or document.line
        answer = without_markers(piece.text).strip()
        reason = _fault(answer, document.intent)
        if reason:
            remarks.skip(line, reason)
            return
        if answer != piece.text.strip():
            remarks.warn(line, "numbers in brackets were taken out; they would pass for citations")
        title, more = _title(document, piece, line, remarks)
        entry = Entry(
            self._passage_id(identity, piece, at),
            title,
            answer,
            tuple([*more, *document.questions] if not at else more),
            document.intent,
            tuple(pictures),
            f"{remarks.file}:{line if piece.page is None else piece.page}",
            document.human_only,
            identity,
            " > ".join(piece.section),
            document.url,
            piece.page,
            document.language,
            document.valid_from,
            document.valid_until,
            document.updated,
        )
        self._ids.add(entry.id)
        self.reading.entries.append(entry)

    def _passage_id(self, identity: str, piece: Passage, at: int) -> str:
        """The document's id for its first passage, id#section for the others."""
        if not at:
            return identity
        section = _slug("-".join(piece.section + piece.several[:1]), "part")
        base = f"{identity}#{section}"
        numbered = (f"{base}-{n}" for n in count(2))
        return base if base not in self._ids else next(i for i in numbered if i not in self._ids)


def files_of(path: Path) -> list[Path]:
    """The file, or all files of a folder except hidden ones and those that systems put there."""
    if path.is_file():
        return [path]
    files = sorted(path.rglob("*"))
    shown = [f for f in files if not any(p.startswith(RUBBISH) for p in f.relative_to(path).parts)]
    return [f for f in shown if f.suffix.lower() in SUFFIXES or not f.is_dir()]


def _fault(answer: str, intent: str) -> str:
    """Why a passage can be no entry, or ""."""
    if not answer:
        return "it has no answer"
    if len(answer) > MAX_ANSWER:
        return f"its answer is longer than {MAX_ANSWER} characters; split it"
    if len(intent) > MAX_INTENT:
        return f"its intent is longer than {MAX_INTENT} characters"
    if without_markers(answer) != answer:
        return "its answer has numbers in brackets within brackets"
    return ""


def _title(
    document: Document, piece: Passage, line: int, remarks: Remarks
) -> tuple[str, list[str]]:
    """(title, questions that it holds). A heading that asks is a question; a title that is too long
    is cut and kept whole as one."""
    head = piece.section[-1] if piece.section else ""
    several = ", ".join(piece.several)
    parts = [*piece.section, several if len(several) <= MAX_SECTION else piece.several[0]]
    title = ": ".join([document.title, *filter(None, parts)])
    asked = [head] if head.endswith(("?", "？", "؟")) else []
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


def _slug(text: str, otherwise: str = "document") -> str:
    stem = re.sub(r"\.[A-Za-z]\w{1,4}$", "", text)
    return re.sub(r"\W+", "-", stem.lower()).strip("-_") or otherwise


# -- pictures ------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Pictures:
    """Finds the pictures of one file. root: outside of it, and of the room, none is taken."""

    root: Path
    room: Path
    file: Path | None
    remarks: Remarks

    def found(self, addresses: Iterable[str], line: int) -> list[Path]:
        addresses = [address for address in addresses if address]
        kept = _first(MAX_PICTURES, "pictures", addresses, line, self.remarks)
        paths = [self._path(address, line) for address in kept]
        return list(dict.fromkeys(path for path in paths if path))

    def _path(self, address: str, line: int) -> Path | None:
        shown, rest = address[:SHOWN], "; the entry is kept without it"
        if urlsplit_safe(address) in ("http", "https", "data") or self.file is None:
            self.remarks.skip(line, f"picture '{shown}' is no file; it is not shown")
            return None
        candidates = list(self._candidates(address))
        inside = [path for path in candidates if self._is_inside(path)]
        if not inside:
            self.remarks.skip(line, f"picture '{shown}' lies outside the folder{rest}")
            return None
        path = next((path for path in inside if isfile(path)), None)
        if path is None:
            self.remarks.skip(line, f"picture '{shown}' does not exist{rest}")
        return path

    def _candidates(self, address: str) -> Iterator[Path]:
        """Where a picture may lie: beside the file, as written or without %20 and the like; an
        address from the site's top also under the folder that is read."""
        assert self.file is not None
        plain = address.split("?")[0].split("#")[0]
        for name in dict.fromkeys((address, plain, unquote(plain))):
            yield Path(realpath(self.file.parent / name))
            yield Path(realpath(self.root / name.lstrip("/")))

    def _is_inside(self, path: Path) -> bool:
        return path.is_relative_to(self.root) or path.is_relative_to(self.room)


def urlsplit_safe(address: str) -> str:
    """The scheme of an address, "" where it has none."""
    try:
        return urlsplit(address).scheme
    except ValueError:
        return ""


def _beside(file: Path) -> list[str]:
    """Names of the pictures that lie beside a file under its name: lamp.jpg, lamp-2.jpg."""
    own = re.compile(re.escape(file.stem) + r"(-\d+)?")
    near = sorted(file.parent.iterdir(), key=lambda f: (len(f.stem), f.name))  # lamp-2, lamp-10
    near = [f for f in near if f.suffix.lower() in PICTURE_SUFFIXES and own.fullmatch(f.stem)]
    return [f.name for f in near if f.stem == file.stem or not _has_text(f)]


def _has_text(picture: Path) -> bool:
    """Whether a Markdown file of the picture's own name stands beside it."""
    suffixes = [suffix for suffix, form in FORMATS.items() if form is MARKDOWN]
    return any(picture.with_suffix(suffix).exists() for suffix in suffixes)
