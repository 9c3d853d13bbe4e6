"""Readers: files and sites -> documents. One file a format, all behind base.Reader.

FORMATS names the reader of each ending of a file's name. What has a complicated format is read in a
process of its own (sandbox.py); the others are read where they are asked for.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass

from mm_support.knowledge.readers.base import Reader

PICTURE_SUFFIXES = {".jpg", ".jpeg", ".png", ".webp"}


@dataclass(frozen=True)
class Format:
    """module.function of a reader; apart: whether it runs in a process of its own; text: whether
    its files are text.
    """

    module: str
    function: str
    apart: bool = False
    text: bool = True

    def reader(self) -> Reader:
        """The reader, imported only now. Raises KnowledgeError where its library is missing."""
        module = importlib.import_module(f"{__name__}.{self.module}")
        return getattr(module, self.function)


MARKDOWN = Format("markdown", "read_markdown")
DELIMITED = Format("delimited", "read_delimited")
JSON = Format("json_rows", "read_json")
PLAIN = Format("plain", "read_plain")
RESTRUCTURED = Format("restructured", "read_restructured", apart=True)
HTML = Format("html_pages", "read_html", apart=True)
PDF = Format("pdf", "read_pdf", apart=True, text=False)
WORD = Format("word", "read_word", apart=True, text=False)
SLIDES = Format("slides", "read_slides", apart=True, text=False)
WORKBOOK = Format("workbook", "read_workbook", apart=True, text=False)
MAIL = Format("mail", "read_mail", apart=True)

FORMATS = {
    ".md": MARKDOWN,
    ".markdown": MARKDOWN,
    ".mdx": MARKDOWN,
    ".rst": RESTRUCTURED,
    ".csv": DELIMITED,
    ".tsv": DELIMITED,
    ".tab": DELIMITED,
    ".jsonl": JSON,
    ".ndjson": JSON,
    ".json": JSON,
    ".txt": PLAIN,
    ".html": HTML,
    ".htm": HTML,
    ".xhtml": HTML,
    ".pdf": PDF,
    ".docx": WORD,
    ".pptx": SLIDES,
    ".xlsx": WORKBOOK,
    ".xlsm": WORKBOOK,
    ".eml": MAIL,
}
KINDS = (
    "CSV, Excel, JSONL, JSON, Markdown, reStructuredText, text, HTML, PDF, Word, PowerPoint, "
    "e-mail or zip"
)
