"""What a page that was exported says of itself under its title: "Tags: orders", "Status: Done".

Lines of the matter ("Monday: 9-17") look alike and stay: names tell, of known fields and of what
exports say of a record. Knows no file format.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from mm_support.knowledge.readers.base import EXPORTED, Remarks, quoted
from mm_support.language.field_names import field_of, is_aside

FIELDS = frozenset(
    "id url tags language updated valid_from valid_until draft published status".split()
)
TELLING = frozenset("tags status updated draft published".split())  # one of which a page must name
_LINE = re.compile(r"([^\W\d_][^:：\n]{0,40}):[ \t]+(\S.*)")
_TITLE = re.compile(r"#[ \t]+\S")


def split_properties(text: str, file: str) -> tuple[dict[str, str], str]:
    """(properties, the Markdown without their lines, which are empty). Those that are unknown stay.
    file: the page's name, which tells an export of Notion."""
    lines = text.split("\n")
    start = _first_filled(lines, 0)
    if _TITLE.match("".join(lines[start : start + 1])):
        start = _first_filled(lines, start + 1)
    end = next((at for at in range(start, len(lines)) if not lines[at].strip()), len(lines))
    found = [_LINE.fullmatch(line.strip()) for line in lines[start:end]]
    pairs = {match[1].strip(): match[2].strip() for match in found if match}
    if not found or not all(found) or not (EXPORTED.search(file) or _are_properties(pairs)):
        return {}, text
    kept = [_kept(*match.group(1, 2)) for match in found if match]
    told = {name: value for name, value in pairs.items() if is_property(name)}
    return told, "\n".join([*lines[:start], *kept, *lines[end:]])


def _kept(name: str, value: str) -> str:
    """What stays of a line: nothing of a property, the text alone of an answer."""
    if is_property(name.strip()):
        return ""
    return value if field_of(name) == "answer" else f"{name}: {value}"


def _first_filled(lines: list[str], start: int) -> int:
    return next((at for at in range(start, len(lines)) if lines[at].strip()), len(lines))


def _are_properties(pairs: Mapping[str, str]) -> bool:
    """Whether lines say something of a page alone, without its name: several, or its tags."""
    fields = {field_of(name) for name in pairs} & TELLING
    several = len(pairs) > 1 or "tags" in fields
    return several and bool(fields) and all(map(is_property, pairs))


def is_property(name: str) -> bool:
    """Whether a name is one of a page's properties rather than of its matter."""
    return field_of(name) in FIELDS or is_aside(name)


def remark_properties(properties: Mapping[str, str], line: int, remarks: Remarks) -> None:
    """Reports what is not shown."""
    if properties:
        said = "; ".join(f"{name}: {value}" for name, value in properties.items())
        remarks.skip(line, f"{quoted(said)} says something of the page and is not shown")
