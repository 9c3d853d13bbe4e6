"""Knowledge files -> entries: JSONL, CSV, Markdown, or a folder that holds any of them.

    JSONL     a line an entry: {"id", "title", "answer", "questions": [...], "intent", "pictures":
    [...], "human_only"}
    CSV       header id,title,questions,answer,intent,pictures; several questions or pictures split
    by |
    Markdown  a file an entry, its first heading the title; a long file is split by heading;
              headings and list items under "Questions" are questions; pictures are ![...](file) or
              lie beside it under its name: lamp.md has lamp.jpg, lamp-2.jpg

Everything in the files is untrusted: rows that cannot be read are skipped and said, pictures must
lie inside the folder that is ingested. Knows nothing of vectors or of the index.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from os.path import (  # unlike Path's they raise nothing, whatever a name is or leads to
    isfile,
    realpath,
)
from pathlib import Path
from typing import Any

from mm_support.errors import KnowledgeError
from mm_support.language.sentences import without_markers
from mm_support.types import Entry

SUFFIXES = {".jsonl": "jsonl", ".csv": "csv", ".md": "markdown", ".markdown": "markdown"}
PICTURE_SUFFIXES = {".jpg", ".jpeg", ".png", ".webp"}
MAX_FILE_BYTES = 50 * 2**20
MAX_ANSWER = 20_000  # characters
MAX_TITLE = 300  # characters
MAX_INTENT = 64  # characters, as the store keeps it
MAX_QUESTIONS = 100
MAX_PICTURES = 50  # of an entry
# characters of a picture's name in a reason; a picture written into the text itself has thousands
SHOWN = 80
LONG_MARKDOWN = 1_500  # characters of text above which a file is split by its headings
HEADING = re.compile(r"^(#{1,6})\s+(.+?)\s*#*\s*$")
PICTURE_LINK = re.compile(
    r'!\[[^\[\]]*\]\(((?:[^()"]|\([^()]*\))+)(?:"[^"]*"\s*)?\)'
)  # its address; a caption in quotes may follow

Skipped = tuple[str, int, str]


@dataclass
class Reading:
    """What has been read so far: entries (pictures as paths in the source) and (file, line, reason)
    skipped.
    """

    root: Path
    entries: list[Entry] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    ids: set[str] = field(default_factory=set)

    def name(self, file: Path) -> str:
        return _text(file.relative_to(self.root) if file.is_relative_to(self.root) else file.name)

    def skip(self, file: Path, line: int, reason: str) -> None:
        self.skipped.append((self.name(file), line, reason))


def read_knowledge(path: Path) -> tuple[list[Entry], list[Skipped]]:
    """Entries of a file or folder, and what was skipped.

    Raises KnowledgeError where there is nothing to read at all.
    """
    path = Path(path)
    if not path.exists():
        raise KnowledgeError(
            f"{path} does not exist; give a JSONL, CSV or Markdown file, or a folder of them."
        )
    files = (
        [path]
        if path.is_file()
        else sorted(f for f in path.rglob("*") if f.suffix.lower() in SUFFIXES)
    )
    reading = Reading(path.parent.resolve() if path.is_file() else path.resolve())
    for file in (Path(realpath(f)) for f in files if not _is_hidden(f, path)):
        _read_file(file, reading)
    if not reading.entries:
        reasons = "; ".join(
            f"{name} line {line}: {reason}" for name, line, reason in reading.skipped[:3]
        )
        raise KnowledgeError(
            f"{path} holds no entry that can be read{': ' + reasons if reasons else ''}."
        )
    return reading.entries, reading.skipped


def _is_hidden(file: Path, root: Path) -> bool:
    return root.is_dir() and any(part.startswith(".") for part in file.relative_to(root).parts)


def _read_file(file: Path, reading: Reading) -> None:
    kind = SUFFIXES.get(file.suffix.lower())
    try:
        if not file.is_relative_to(reading.root):
            reading.skip(file, 0, "it is a link to a place outside the folder")
        elif not isfile(file):
            reading.skip(file, 0, "it is a folder or a broken link, not a file")
        elif kind is None:
            reading.skip(
                file, 0, f"{file.suffix or 'a file without ending'} is not JSONL, CSV or Markdown"
            )
        elif file.stat().st_size > MAX_FILE_BYTES:
            reading.skip(file, 0, f"it is larger than {MAX_FILE_BYTES // 2**20} MB; split it")
        else:
            READERS[kind](file.read_text(encoding="utf-8-sig"), file, reading)
    except UnicodeDecodeError as exc:
        reading.skip(
            file, exc.object[: exc.start].count(b"\n") + 1, "it is not UTF-8 text; save it as UTF-8"
        )
    except OSError as exc:
        reading.skip(file, 0, f"it cannot be read ({exc.strerror})")


def _read_jsonl(text: str, file: Path, reading: Reading) -> None:
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError):
            reading.skip(file, number, "it is not valid JSON")
            continue
        if isinstance(row, dict):
            _add(row, file, number, reading)
        else:
            reading.skip(file, number, "it is not a JSON object")


def _read_csv(text: str, file: Path, reading: Reading) -> None:
    rows = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    try:
        missing = {"title", "answer"} - set(rows.fieldnames or ())
        if missing:
            reading.skip(file, 1, f"the header lacks {' and '.join(sorted(missing))}")
            return
        for row in rows:
            if None in row:
                reading.skip(
                    file,
                    rows.line_num,
                    "it has more cells than the header; quote cells that hold a comma",
                )
            else:
                _add(row, file, rows.line_num, reading)
    except csv.Error as exc:
        reading.skip(
            file, rows.line_num, f"it is not valid CSV ({exc}); the rest of the file was not read"
        )


def _read_markdown(text: str, file: Path, reading: Reading) -> None:
    sections = list(_sections(text))
    total = sum(len(body) for _, _, _, body in sections)
    title = next(
        (heading for _, level, heading, _ in sections if level == 1), file.stem.replace("-", " ")
    )
    if total <= LONG_MARKDOWN or len(sections) == 1:
        body = "\n".join(
            body if level < 2 else f"{heading}\n{body}" for _, level, heading, body in sections
        )
        _add_markdown(title, body, file, 1, reading, beside=True)
        return
    filled = [(line, heading, body) for line, _, heading, body in sections if body.strip()]
    for place, (line, heading, body) in enumerate(filled):
        name = title if heading in ("", title) else f"{title}: {heading}"
        _add_markdown(
            name, body, file, line, reading, beside=place == 0
        )  # what is beside the file shows what it begins with


def _sections(text: str) -> Iterator[tuple[int, int, str, str]]:
    """(line, level, heading, body) of each part of a Markdown text; level 0 before the first
    heading.
    """
    start, level, heading, body, fenced = 1, 0, "", [], False
    for number, line in enumerate(text.splitlines(), 1):
        fenced ^= line.lstrip().startswith("```")
        match = None if fenced else HEADING.match(line)
        if match is None:
            body.append(line)
            continue
        if heading or "".join(body).strip():
            yield start, level, heading, "\n".join(body)
        start, level, heading, body = number, len(match[1]), match[2], []
    yield start, level, heading, "\n".join(body)


def _has_text(picture: Path) -> bool:
    """Whether a Markdown file of the picture's own name stands beside it."""
    return any(
        kind == "markdown" and picture.with_suffix(suffix).exists()
        for suffix, kind in SUFFIXES.items()
    )


def _add_markdown(
    title: str, body: str, file: Path, line: int, reading: Reading, beside: bool
) -> None:
    """An entry from a piece of Markdown; a list under the line or heading "Questions" becomes its
    questions.
    """
    links = dict.fromkeys(link.strip() for link in PICTURE_LINK.findall(body))
    pictures = [link.removeprefix("<").removesuffix(">") for link in links if link]
    if beside and not pictures:
        own = re.compile(re.escape(file.stem) + r"(-\d+)?")
        near = sorted(
            file.parent.iterdir(), key=lambda f: (len(f.stem), f.name)
        )  # lamp, lamp-2, lamp-10
        near = [f for f in near if f.suffix.lower() in PICTURE_SUFFIXES and own.fullmatch(f.stem)]
        pictures = [f.name for f in near if f.stem == file.stem or not _has_text(f)]
    body = PICTURE_LINK.sub("", body)
    questions: list[str] = []
    match = re.search(r"^#*\s*Questions:?[ \t]*\n((?:\s*[-*+]\s+.+\n?)+)", body, re.M | re.I)
    if match:
        questions = [
            item.strip().lstrip("-*+ ").strip() for item in match[1].splitlines() if item.strip()
        ]
        body = body[: match.start()] + body[match.end() :]
    row = {"title": title, "answer": body.strip(), "questions": questions, "pictures": pictures}
    slug = re.sub(r"\W+", "-", f"{reading.name(file).rsplit('.', 1)[0]} {title}".lower()).strip("-")
    _add({"id": slug, **row}, file, line, reading)


READERS = {"jsonl": _read_jsonl, "csv": _read_csv, "markdown": _read_markdown}


def _add(row: dict[str, Any], file: Path, line: int, reading: Reading) -> None:
    """Adds the row as an entry, or says why not. Numbers like [1] leave the answer: in a reply they
    would pass for citations.
    """
    title, answer, intent = (_text(row.get(name)) for name in ("title", "answer", "intent"))
    answer = without_markers(answer).strip() if len(answer) <= MAX_ANSWER else answer
    entry_id = _text(row.get("id")) or re.sub(r"\W+", "-", title.lower()).strip("-")
    reason = (
        "it has no title"
        if not title
        else "it has no answer"
        if not answer
        else f"its answer is longer than {MAX_ANSWER} characters; split it"
        if len(answer) > MAX_ANSWER
        else f"its title is longer than {MAX_TITLE} characters"
        if len(title) > MAX_TITLE
        else f"its intent is longer than {MAX_INTENT} characters"
        if len(intent) > MAX_INTENT
        else "its answer has numbers in brackets within brackets"
        if without_markers(answer) != answer
        else f"the id {entry_id!r} was used before"
        if entry_id in reading.ids
        else ""
    )
    if reason:
        reading.skip(file, line, reason)
        return
    reading.ids.add(entry_id)
    reading.entries.append(
        Entry(
            id=entry_id,
            title=title,
            answer=answer,
            questions=tuple(
                _first(MAX_QUESTIONS, "questions", _list(row.get("questions")), file, line, reading)
            ),
            intent=intent,
            pictures=tuple(
                _pictures(
                    _first(
                        MAX_PICTURES, "pictures", _list(row.get("pictures")), file, line, reading
                    ),
                    file,
                    line,
                    reading,
                )
            ),
            source=f"{reading.name(file)}:{line}",
            human_only=str(row.get("human_only", "")).lower() in ("true", "1", "yes"),
        )
    )


def _first(
    most: int, what: str, items: list[str], file: Path, line: int, reading: Reading
) -> list[str]:
    """Each item once, no more than so many; what is left out is said."""
    items = list(dict.fromkeys(items))
    if len(items) > most:
        reading.skip(
            file, line, f"it has {len(items)} {what}; the entry is kept with the first {most}"
        )
    return items[:most]


def _pictures(names: list[str], file: Path, line: int, reading: Reading) -> Iterator[Path]:
    for name in names:
        path, shown = Path(realpath(file.parent / name)), name[:SHOWN]
        if not path.is_relative_to(reading.root):
            reading.skip(
                file, line, f"picture {shown} lies outside the folder; the entry is kept without it"
            )
        elif not isfile(path):
            reading.skip(
                file, line, f"picture {shown} does not exist; the entry is kept without it"
            )
        else:
            yield path


def _text(value: Any) -> str:
    """Without what no database stores: zeros and halves of surrogate pairs."""
    return (
        ""
        if value is None
        else str(value).encode("utf-8", "ignore").decode().replace("\x00", "").strip()
    )


def _list(value: Any) -> list[str]:
    items = value if isinstance(value, list) else _text(value).split("|")
    return [text for text in map(_text, items) if text]
