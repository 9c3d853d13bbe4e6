"""Files and sites -> documents (readers/) -> passages (passages.py) -> entries.

    JSONL     a line an entry: {"id", "title", "answer", "questions": [...], "intent", "pictures":
    [...], "human_only"}
    tables    columns of the same names, or of other names that mean the same
              (language/field_names.toml)
    Markdown  a file a document; headings and list items under "Questions" are questions; pictures
              are ![...](file) or lie beside it under its name: lamp.md has lamp.jpg, lamp-2.jpg

    actions.toml   actions, where the operator ingests the folder that it lies in (declarations.py)

Everything read is untrusted: what cannot be read is left out and remarked, pictures must lie inside
the folder that is read. Knows nothing of vectors or of the index.
"""

from __future__ import annotations

import logging
import os
import shutil
import tempfile
import weakref
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from os.path import exists, isfile, realpath  # unlike Path's they raise nothing for any name
from pathlib import Path

from PIL import Image

from mm_support.errors import InputError, KnowledgeError, SupportError
from mm_support.knowledge.actions import FILE as ACTIONS
from mm_support.knowledge.boilerplate import without_frames
from mm_support.knowledge.declarations import read_file
from mm_support.knowledge.entries import EntryMaker
from mm_support.knowledge.oddities import oddities
from mm_support.knowledge.overviews import without_overviews
from mm_support.knowledge.picture_files import PictureFiles
from mm_support.knowledge.readers import (
    FORMATS,
    KINDS,
    MARKDOWN,
    PICTURE_SUFFIXES,
    not_read,
)
from mm_support.knowledge.readers.archive import RUBBISH, unpack
from mm_support.knowledge.readers.base import (
    MAX_FILE_BYTES,
    MAX_REASON,
    Block,
    Document,
    File,
    Reader,
    Remarks,
    damaged,
    quoted,
)
from mm_support.knowledge.readers.encoding import is_text
from mm_support.knowledge.readers.numbered_heads import with_numbered_heads
from mm_support.knowledge.readers.question_pairs import with_questions
from mm_support.knowledge.readers.sandbox import Sandbox
from mm_support.knowledge.remote_pictures import RemotePictures
from mm_support.language.folding import fewer_accents
from mm_support.types import Entry, IngestReport, Remark

SUFFIXES = {**FORMATS, ".zip": None}  # the files that are read
MAX_MARKDOWN = 2**20  # bytes; more is read in the sandbox, where time is limited
LEFT_OUT = 20  # different texts at the edges of documents that are named
HOLLOW = b"\0 \t\r\n\xff\xfe\xef\xbb\xbf"  # bytes that say nothing: zeros, blanks, byte order marks

ACTIONS_LEFT_OUT = (
    "its actions are left out; set MM_SUPPORT_ACTIONS=1 and ingest the folder that it lies in on "
    "the command line"
)

log = logging.getLogger(__name__)

TextOf = Callable[[Image.Image], str]  # the text that a picture of a page shows


@dataclass(frozen=True)
class ReadingOptions:
    """ocr: reads scanned pages. pages: keeps a site's pages. private_addresses: whether the own
    network may be read. picture_hosts: whose pictures are fetched beside a page's own; None:
    nobody's. progress: called with what is read now. actions: whether they are read.
    """

    ocr: TextOf | None = None
    pages: Path | None = None
    private_addresses: bool = False
    picture_hosts: Collection[str] | None = ()
    progress: Callable[[str], None] | None = None
    actions: bool = False


@dataclass
class Reading(Remarks):
    """What was read. Pictures that files held exist as long as this does."""

    file: str = ""
    entries: list[Entry] = field(default_factory=list)
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


def read_knowledge(path: Path) -> tuple[list[Entry], list[Remark]]:
    """Entries, and what was left out; no pictures inside documents. Raises KnowledgeError."""
    reading = read_source(path)
    return reading.entries, reading.skipped


def read_source(source: Path | str, options: ReadingOptions | None = None) -> Reading:
    """All that a file, folder, zip or site holds. Raises KnowledgeError where that is nothing."""
    options, reading = options or ReadingOptions(), Reading()
    with Sandbox(reading.room) as sandbox:
        builder = _Builder(reading, sandbox, options)
        if is_address(source):
            builder.read_site(str(source))
        else:
            builder.read_path(_existing(source))
        builder.finish()
    if not reading.entries:
        raise KnowledgeError(_nothing_in(source, reading.skipped))
    return reading


def check_source(source: Path | str) -> None:
    """Raises KnowledgeError where a file or folder shows at once that it has nothing to read."""
    if is_address(source):
        return
    path = _existing(source)
    files = [file for file in files_of(path) if file.suffix.lower() in SUFFIXES]
    if not files and path.is_file():
        raise KnowledgeError(f"{path.name}: {not_read(path.suffix.lower(), path.name)}.")
    if not files and not (path / ACTIONS).is_file():
        raise KnowledgeError(f"{path} holds no file that is read; give {KINDS}.")
    if files and not any(os.access(file, os.R_OK) for file in files):
        raise KnowledgeError(f"{path} cannot be read; allow reading it.")


def _existing(source: Path | str) -> Path:
    """Raises KnowledgeError where no file or folder has that name."""
    if not exists(source):
        shown = str(source)[:MAX_REASON]
        raise KnowledgeError(f"{shown} does not exist; give a file, a folder or an address.")
    return Path(source)


def is_address(source: Path | str) -> bool:
    return str(source).startswith(("http://", "https://"))


def _nothing_in(source: Path | str, remarks: Sequence[Remark]) -> str:
    """That nothing was read, and why; by the file's name, whoever uploads one knows no folder."""
    name = source if "://" in str(source) else Path(source).name
    places = (f"{file} line {line}: " if line else "" for file, line, _ in remarks)
    reasons = [place + why.rstrip(".") for place, (*_, why) in zip(places, remarks[:3])]
    told = f": {'; '.join(reasons)}" if reasons else ""
    return f"{name} holds no entry that can be read{told}."


# -- files ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Place:
    """Where files are read. root: the folder; prefix: what its files' names begin with."""

    root: Path
    prefix: str = ""
    inside_zip: bool = False


class _Builder:
    """Collects entries; documents wait until all are read, since what repeats is told by all."""

    def __init__(self, reading: Reading, sandbox: Sandbox, options: ReadingOptions) -> None:
        self.reading, self.sandbox, self.options = reading, sandbox, options
        self.place = _Place(Path())
        self._zips: dict[Path, Path] = {}  # archive -> the folder with what it holds
        self._waiting: list[tuple[Document, Path | None, Path]] = []  # with their root
        self._maker = EntryMaker()
        self._pages = options.pages or reading.room / "pages"
        self._remote = RemotePictures(
            reading.room / "remote", self._pages, options.picture_hosts, options.private_addresses
        )

    def read_path(self, path: Path) -> None:
        """Reads a file, a zip or all files of a folder."""
        self.place = _Place(Path(realpath(path if path.is_dir() else path.parent)))
        files = [Path(realpath(file)) for file in files_of(path)]
        for file in files:  # other files may show pictures that a zip holds
            if file.suffix.lower() == ".zip" and isfile(file) and self._is_inside(file):
                remarks = Remarks(self.name(file))
                self._unpacked(file, remarks)
                self.reading.add(remarks)
        for file in files:
            self._read_file(file, path.is_file())

    def read_site(self, address: str) -> None:
        """Reads the pages of a site."""
        from mm_support.knowledge.readers.site import read_site

        remarks, private = Remarks(address), self.options.private_addresses
        for document in read_site(address, self.sandbox.read, remarks, self._pages, private):
            self._say(document.url or document.title)
            self._take(document, None, Remarks(document.file))
        self.reading.add(remarks)

    def _say(self, what: str) -> None:
        if self.options.progress:
            self.options.progress(what)

    def name(self, file: Path) -> str:
        shown = file.name
        if self._is_inside(file):
            shown = self.place.prefix + file.relative_to(self.place.root).as_posix()
        return shown.encode("utf-8", "ignore").decode()

    def _is_inside(self, file: Path) -> bool:
        return file.is_relative_to(self.place.root)

    def _read_file(self, file: Path, alone: bool) -> None:
        remarks = Remarks(self.name(file))
        suffix = file.suffix.lower()
        self._say(remarks.file)
        try:
            if file.name == ACTIONS:
                self._read_actions(file, alone, remarks)
            elif suffix not in SUFFIXES and not alone and isfile(file):
                if suffix not in PICTURE_SUFFIXES:
                    remarks.warn(0, not_read(suffix, remarks.file))
            elif reason := self._refusal(file, suffix):
                remarks.skip(0, reason)
            elif suffix == ".zip":
                self._read_zip(file, alone, remarks)
            elif suffix in FORMATS:
                self._read_format(file, suffix, remarks)
        except OSError as exc:
            remarks.skip(0, f"it cannot be read ({exc.strerror})")
        self.reading.add(remarks)

    def _read_actions(self, file: Path, alone: bool, remarks: Remarks) -> None:
        """Raises KnowledgeError for a file that declares no actions."""
        own = file.parent == self.place.root and not (alone or self.place.inside_zip)
        if not (own and self.options.actions):
            remarks.skip(0, ACTIONS_LEFT_OUT)
        else:
            self.reading.entries += read_file(file)

    def _refusal(self, file: Path, suffix: str) -> str:
        if not self._is_inside(file):
            return "it is a link to a place outside the folder"
        if not isfile(file):
            return "it is a folder or a broken link, not a file"
        if suffix not in SUFFIXES:
            return not_read(suffix, file.name)
        if suffix != ".zip" and file.stat().st_size > MAX_FILE_BYTES:
            return f"it is larger than {MAX_FILE_BYTES // 2**20} MB; split it"
        return "" if file.stat().st_size else "it is empty"

    def _read_format(self, path: Path, suffix: str, remarks: Remarks) -> None:
        form = FORMATS[suffix]
        file = File(remarks.file, path.read_bytes())
        if not file.data.strip(HOLLOW):
            remarks.skip(0, "it holds no text")
            return
        if form.text and not is_text(file.data):
            remarks.skip(0, "it is no text; save it again from the program that it comes from")
            return
        apart = form.apart or form is MARKDOWN and len(file.data) > MAX_MARKDOWN
        read = partial(self.sandbox.read, suffix=suffix) if apart else form.reader()
        found = False
        for document in _as_far_as_read(read, file, remarks):
            self._take(document, path, remarks)
            found = True
        if not found and not remarks.skipped:
            remarks.skip(0, "it holds no entries")

    def _read_zip(self, archive: Path, alone: bool, remarks: Remarks) -> None:
        """Reads what a zip holds; a zip inside a zip is left out, since that may go on for ever."""
        if self.place.inside_zip:
            remarks.skip(0, "it is a zip inside a zip; unpack it")
            return
        outer, prefix = self.place, "" if alone else f"{remarks.file}/"
        self.place = _Place(self._unpacked(archive, remarks), prefix, inside_zip=True)
        for file in files_of(self.place.root):
            self._read_file(file, False)
        self.place = outer

    def _unpacked(self, archive: Path, remarks: Remarks) -> Path:
        """The folder with what a zip holds; an empty one where it cannot be unpacked."""
        if archive not in self._zips:
            self._zips[archive] = Path(tempfile.mkdtemp(dir=self.reading.room))
            try:
                unpack(archive, self._zips[archive], remarks)
            except InputError as exc:
                remarks.skip(0, str(exc))
        return self._zips[archive]

    def _take(self, document: Document, path: Path | None, remarks: Remarks) -> None:
        blocks = tuple(_with_fewer_accents(self._scanned(b, remarks)) for b in document.blocks)
        if any(block.kind == "scan" for block in document.blocks):
            blocks = with_questions(blocks)
        document = replace(document, title=fewer_accents(document.title), blocks=blocks)
        document = with_numbered_heads(document)
        if document.row:
            self._add_document(document, path, self.place.root, remarks)
        elif any(block.text for block in document.blocks):
            self._waiting.append((document, path, self.place.root))
        else:
            remarks.skip(document.line, "it holds no text")

    def _scanned(self, block: Block, remarks: Remarks) -> Block:
        """The block, read by OCR where it is a page that is one picture."""
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

    def _add_document(
        self, document: Document, path: Path | None, root: Path, remarks: Remarks
    ) -> None:
        page = "" if path else document.file  # whoever gives a file says no host to be trusted
        remote = partial(self._remote.get, page=page)
        files = PictureFiles(root, self.reading.room, tuple(self._zips.values()), remote)
        entries = self._maker.entries(document, path, files, remarks)
        self.reading.entries += entries
        self.reading.documents += bool(entries)

    def finish(self) -> None:
        """Makes entries of the documents that wait, and looks for what is odd."""
        documents, removed, site = without_frames([document for document, *_ in self._waiting])
        told = [
            f"{quoted(text)} frames {times} documents and was left out"
            for text, times in removed.most_common(LEFT_OUT)
        ]
        if len(removed) > LEFT_OUT:
            told.append(f"{len(removed) - LEFT_OUT} more texts frame documents and were left out")
        if site:
            documents.append(site)
            self._waiting.append((site, *self._waiting[0][1:]))
        documents, leading = without_overviews(documents)
        told += [
            f"{times} lines of {quoted(title)} lead to other documents, and help to find those"
            for title, times in leading.items()
        ]
        source = self.place.root.name or "site"
        self.reading.skipped += [(source, 0, reason) for reason in told]
        for document, (_, path, root) in zip(documents, self._waiting):
            remarks = Remarks(document.file)
            self._add_document(document, path, root, remarks)
            self.reading.add(remarks)
        said = [entry for entry in self.reading.entries if not entry.declaration]
        self.reading.warnings += oddities(said)


def _as_far_as_read(read: Reader, file: File, remarks: Remarks) -> Iterator[Document]:
    """What a reader gives until it fails; one file that it fails on does not end an ingest."""
    try:
        yield from read(file, remarks=remarks)
    except (SupportError, OSError):
        raise
    except Exception as exc:  # parsers of foreign files raise anything
        log.exception("the reader of %s failed", remarks.file)
        remarks.skip(0, damaged(exc))


def _with_fewer_accents(block: Block) -> Block:
    text = fewer_accents(block.text)
    if text == block.text:
        return block
    return replace(block, text=text, parts=tuple(map(fewer_accents, block.parts)))


def files_of(path: Path) -> list[Path]:
    """The file, or all files of a folder except hidden ones and those that systems put there."""
    if path.is_file():
        return [path]
    files = sorted(path.rglob("*"))
    shown = [f for f in files if not any(p.startswith(RUBBISH) for p in f.relative_to(path).parts)]
    return [f for f in shown if f.suffix.lower() in SUFFIXES or not f.is_dir()]
