r"""Code within a text, between lines of three backticks as in Markdown: shown as it stands, never
cut.

    logical_lines("Run:\n```\nls\n```\nDone.")   ["Run:\n", "```\nls\n```\n", "Done."]
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator

_OPENS = re.compile(r"\s*(`{3,})[^`]*$")
_CLOSES = re.compile(r"\s*(`{3,})\s*$")


def fenced(code: str) -> str:
    """Code between lines of backticks, of more than stand in a row in it."""
    longest = max(map(len, re.findall(r"`+", code)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}\n{code}\n{fence}"


def is_code(line: str) -> bool:
    """Whether a logical line is code between its fences."""
    line = line.strip()
    return line.startswith("```") and len(line.splitlines()) > 1


def without_fences(text: str) -> str:
    """The text, its code without the lines of backticks around it."""
    lines = (f"{code_of(own)}\n" if is_code(own) else own for own in logical_lines(text))
    return "".join(lines).rstrip("\n")


def without_code(text: str) -> str:
    """The text without its code, fences and all."""
    if "```" not in text:
        return text
    return "".join(own for own in logical_lines(text) if not is_code(own))


def code_of(line: str) -> str:
    """What stands between the fences."""
    return "\n".join(line.strip().splitlines()[1:-1])


def trimmed(line: str) -> str:
    """A logical line without the blanks around it, code without those that all its lines share."""
    return (textwrap.dedent(line) if is_code(line) else line).strip()


def logical_lines(text: str) -> Iterator[str]:
    """The lines of a text with their ends, code with its fences in one. A fence that is not closed
    is a line like others.
    """
    lines = text.splitlines(keepends=True)
    if "```" not in text:
        yield from lines
        return
    closing = [
        (at, len(found[1])) for at, line in enumerate(lines) if (found := _CLOSES.match(line))
    ]
    at = 0
    while at < len(lines):
        opened = _OPENS.match(lines[at]) if closing else None
        least = len(opened[1]) if opened else 0
        ends = (place for place, length in closing if opened and place > at and length >= least)
        end = next(ends, at)
        yield "".join(lines[at : end + 1])
        at = end + 1
