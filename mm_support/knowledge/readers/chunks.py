"""Chunks of Quarto and R Markdown, which are run when the page is made -> what its readers see.

Code that is not shown is taken out and told, since what it gives is not known; options of a chunk
are no code. Knows nothing else of Markdown.
"""

from __future__ import annotations

import re

from mm_support.knowledge.readers.base import Remarks, quoted

SUFFIXES = (".qmd", ".rmd")
_OPENS = re.compile(r"\s*(`{3,})\s*\{[\w.-]+([^}]*)\}\s*$")
_OPTION = re.compile(r"\s*(?:#|//|--)\|\s")
_SILENT = re.compile(r"\b(?:include|echo)\s*[=:]\s*(?:false|f)\b", re.IGNORECASE)
_HIDDEN = re.compile(r"\s*(:{3,})\s*\{[^}]*\.(?:content-hidden|hidden)\b[^}]*\}\s*$")


def without_chunks(text: str, silent: bool, remarks: Remarks, first: int) -> str:
    """The text with as many lines. silent: whether the page shows no code. first: its line."""
    lines = text.split("\n")
    at = 0
    while at < len(lines):
        opens, hides = _OPENS.match(lines[at]), _HIDDEN.match(lines[at])
        if not (opens or hides):
            at += 1
            continue
        mark = opens[1] if opens else hides[1] if hides else ""
        end = next((n for n in range(at + 1, len(lines)) if lines[n].strip() == mark), len(lines))
        options = [line for line in lines[at + 1 : end] if _OPTION.match(line)]
        if hides or silent or _SILENT.search("\n".join([lines[at], *options])):
            said = "\n".join(line for line in lines[at + 1 : end] if line not in options)
            why = "is hidden" if hides else "is run when the page is made"
            remarks.skip(first + at, f"{quoted(said)} {why} and was left out")
            lines[at : end + 1] = [""] * len(lines[at : end + 1])
        else:
            shown = ("" if line in options else line for line in lines[at + 1 : end])
            lines[at:end] = [mark, *shown]
        at = end + 1
    return "\n".join(lines)


def is_silent(front: dict) -> bool:
    """Whether a page's front matter says that it shows no code."""
    execute = front.get("execute")
    return isinstance(execute, dict) and str(execute.get("echo", "")).lower() in ("false", "f")
