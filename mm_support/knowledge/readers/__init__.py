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
FEED = Format("feed", "read_feed", apart=True)
BOOK = Format("book", "read_book", apart=True, text=False)
WEB_ARCHIVE = Format("web_archive", "read_web_archive", apart=True)
OPEN_TEXT = Format("open_document", "read_text", apart=True, text=False)
OPEN_SHEETS = Format("open_document", "read_sheets", apart=True, text=False)

FORMATS = {
    ".md": MARKDOWN,
    ".markdown": MARKDOWN,
    ".mdx": MARKDOWN,
    ".qmd": MARKDOWN,
    ".rmd": MARKDOWN,
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
    ".xml": FEED,
    ".epub": BOOK,
    ".mht": WEB_ARCHIVE,
    ".mhtml": WEB_ARCHIVE,
    ".odt": OPEN_TEXT,
    ".ods": OPEN_SHEETS,
}
KINDS = (
    "CSV, Excel, JSONL, JSON, Markdown, reStructuredText, text, HTML, PDF, Word, PowerPoint, "
    "OpenDocument, EPUB, WordPress export, e-mail or zip"
)
# how a file of a kind that is not read is saved as one that is
SAVED_AS = {
    ".doc .dot .rtf .pages .wpd .wps .fodt": "save it as .docx",
    ".xls .xlsb .xlt .numbers .fods": "save it as .xlsx",
    ".ppt .pps .key .odp": "save it as .pptx",
    ".msg": "save it as .eml",
    ".adoc .asciidoc .asc .org .textile .wiki .tex .chm .hlp .xps .djvu .pub .indd .vsdx": (
        "export it as HTML or PDF"
    ),
    ".gdoc .gsheet .gslides": "it is a link; download it as .docx, .xlsx or .pptx",
    ".rar .7z .tar .gz .tgz": "pack it as .zip",
    ".ipynb": "export it as Markdown or HTML",
}


def not_read(suffix: str, name: str) -> str:
    """What is said of a file of a kind that is not read."""
    for kinds, way in SAVED_AS.items():
        if suffix in kinds.split():
            return f"'{suffix}' is no kind of file that is read; {way}"
    return f"'{suffix or name}' is no kind of file that is read; give {KINDS}"
