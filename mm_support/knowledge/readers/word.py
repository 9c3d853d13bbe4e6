"""DOCX -> one document: headings, lists, tables and pictures; what tracked changes deleted, and
comments, are left out.

Runs in the sandbox.
"""

from __future__ import annotations

import hashlib
import io
import re
import zipfile
from collections.abc import Iterator, Sequence
from itertools import count

from mm_support.knowledge.readers.base import Block, Document, File, Remarks
from mm_support.knowledge.readers.blocks import LINE, html_blocks
from mm_support.knowledge.readers.markdown import split_questions, titled
from mm_support.knowledge.readers.word_parts import without_hidden

TITLE = '<h1 class="own">'  # as mammoth begins what has Word's style of titles
STYLES = "p[style-name='Title'] => h1.own:fresh\np[style-name='Subtitle'] => p:fresh"
PICTURES = {"image/png": ".png", "image/jpeg": ".jpg", "image/webp": ".webp"}
MAX_PICTURES = 200
_PARAGRAPH = re.compile(rf"{TITLE}|<(?:h|p|li|tr)[1-6]?>")  # as mammoth begins them
_TITLE = re.compile(r"<dc:title>([^<]{1,300})</dc:title>")


def read_word(file: File, remarks: Remarks) -> Iterator[Document]:
    """The document of a file, its title from its properties or its first heading."""
    import mammoth

    kept: list[str] = []

    def keep(image) -> dict[str, str]:
        ending = PICTURES.get(image.content_type, "")
        if not ending or file.room is None or len(kept) >= MAX_PICTURES:
            remarks.skip(0, f"a picture of the kind {image.content_type} cannot be shown")
            return {"src": ""}
        try:
            with image.open() as stream:
                kept.append(save_picture(file, stream.read(), ending))
        except mammoth.conversion.InvalidFileReferenceError:
            remarks.skip(0, "a picture lies in a file of its own; embed it")
            return {"src": ""}
        return {"src": kept[-1]}

    data, frame = without_hidden(file.data, remarks)
    result = mammoth.convert_to_html(
        io.BytesIO(data),
        style_map=STYLES,
        convert_image=mammoth.images.img_element(keep),
    )
    blocks, links = html_blocks(_numbered(result.value), remarks)
    title = _own_title(file.data, blocks)
    if not title and TITLE not in result.value and _begins_with_chapter(blocks):
        title = file.stem
    title, blocks = titled(title, blocks, file.stem)
    questions, blocks = split_questions(blocks)
    asked = tuple(questions)
    yield Document(title, blocks, file.name, questions=asked, links=links, frame=frame)


def _numbered(html: str) -> str:
    """The page with the place of each heading among its paragraphs, items and rows."""
    numbers = count(1)

    def told(found: re.Match[str]) -> str:
        number = next(numbers)
        return LINE.format(number) + found[0] if found[0].startswith("<h") else found[0]

    return _PARAGRAPH.sub(told, html)


def _begins_with_chapter(blocks: Sequence[Block]) -> bool:
    """Whether the first of several headings of the highest level stands over text, or over lower
    headings: it is no title, as it would be above all others.
    """
    top = [at for at, block in enumerate(blocks) if block.kind == "heading" and block.level == 1]
    return len(top) > 1 and top[1] > top[0] + 1


def _own_title(data: bytes, blocks) -> str:
    """The title in the file's properties where the text names it too: it is often a template's."""
    with zipfile.ZipFile(io.BytesIO(data)) as parts:
        names = [name for name in parts.namelist() if name == "docProps/core.xml"]
        found = _TITLE.search(parts.read(names[0]).decode("utf-8", "replace")) if names else None
    said = [block.text for block in blocks[:5]]
    return found[1].strip() if found and found[1].strip() in said else ""


def save_picture(file: File, data: bytes, ending: str) -> str:
    """Keeps a picture in the file's room, named by its content; returns its path."""
    assert file.room is not None
    path = file.room / f"{hashlib.sha256(data).hexdigest()[:16]}{ending}"
    path.write_bytes(data)
    return str(path)
