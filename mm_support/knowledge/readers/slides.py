"""PPTX -> one document: a section a slide. Speakers' notes and hidden slides are left out.

Runs in the sandbox.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from typing import Any

from mm_support.knowledge.readers.base import Block, Document, File, Remarks
from mm_support.knowledge.readers.tables import table_lines
from mm_support.knowledge.readers.word import PICTURES, save_picture

MAX_SLIDES = 1_000


def read_slides(file: File, remarks: Remarks) -> Iterator[Document]:
    """The document of a file; its title is that of its first slide."""
    from pptx import Presentation

    slides = list(Presentation(io.BytesIO(file.data)).slides)
    if len(slides) > MAX_SLIDES:
        remarks.skip(0, f"it has {len(slides)} slides; the first {MAX_SLIDES} were read")
    blocks: list[Block] = []
    for number, slide in enumerate(slides[:MAX_SLIDES], 1):
        if slide._element.get("show") == "0":
            remarks.skip(0, f"slide {number} is hidden")
            continue
        blocks += _slide(slide, number, file, remarks)
    headings = [block for block in blocks if block.kind == "heading"]
    title = headings[0].text if headings else file.stem
    if headings and blocks[0] is headings[0] and len(headings) > 1:
        blocks = blocks[1:]
    yield Document(title, tuple(blocks), file.name)


def _slide(slide: Any, number: int, file: File, remarks: Remarks) -> Iterator[Block]:
    title = slide.shapes.title
    own = None if title is None else title.shape_id
    heading = ""
    if title is not None and title.has_text_frame:
        heading = " ".join(title.text_frame.text.split())
    # a slide without a title does not go on with the one before
    yield Block("heading" if heading else "end", heading, 2, page=number)
    for shape in _flat(slide.shapes):
        if shape.shape_id != own:
            yield from _shape(shape, number, file, remarks)


def _flat(shapes: Iterable[Any]) -> list[Any]:
    """Shapes without their groups, from top to bottom."""
    found: list[Any] = []
    for shape in shapes:
        found += _flat(shape.shapes) if hasattr(shape, "shapes") else [shape]
    return sorted(found, key=lambda shape: (shape.top or 0, shape.left or 0))


def _shape(shape: Any, number: int, file: File, remarks: Remarks) -> Iterator[Block]:
    if getattr(shape, "has_table", False) and shape.has_table:
        rows = [[" ".join(cell.text.split()) for cell in row.cells] for row in shape.table.rows]
        lines = table_lines(rows, bool(shape.table.first_row))
        yield Block("table", "\n".join(lines), page=number, parts=tuple(lines))
    elif getattr(shape, "has_text_frame", False) and shape.text_frame.text.strip():
        lines = [line for line in map(_line, shape.text_frame.paragraphs) if line]
        kind = "text"
        if len(lines) > 1:
            kind, lines = "list", [f"- {line}" for line in lines]
        yield Block(kind, "\n".join(lines), page=number, parts=tuple(lines))
    elif file.room is not None:
        try:
            image = shape.image
        except AttributeError:  # a line, a chart, a diagram (SmartArt)
            if getattr(shape, "has_chart", False):
                remarks.skip(0, f"a chart of slide {number} was not read; write its figures out")
            elif shape._element.xpath(".//a:graphicData[contains(@uri, '/diagram')]"):
                remarks.skip(0, f"a diagram of slide {number} was not read; write out what it says")
            return
        except ValueError:
            remarks.skip(0, f"a picture of slide {number} lies in a file of its own; embed it")
            return
        if ending := PICTURES.get(image.content_type, ""):
            path = save_picture(file, image.blob, ending)
            yield Block("text", page=number, pictures=(path,))


def _line(paragraph: Any) -> str:
    text = " ".join("".join(run.text for run in paragraph.runs).split())
    return "  " * paragraph.level + text if text else ""
