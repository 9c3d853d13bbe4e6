"""Text that must show as it is, in HTML and in Markdown; and replies as Markdown."""

from __future__ import annotations

import html
import re

# what Markdown or HTML give a meaning to: anywhere, in addresses, or where a line begins
MARKUP = re.compile(
    r"""[<>&"*_`~\[\]{}\\|$^!]|(?<=[a-z]):(?=//)|@|(?<=www)\.|^(?:[#+=-]+|\d+[.)])(?=[\s#+=-]|$)""",
    re.MULTILINE | re.IGNORECASE,
)
STEP = re.compile(r"(\d{1,3})[.)]\s+(?=\S)|[-*•]\s+(?=\S)")


def esc(text: object) -> str:
    """Text as HTML that shows it literally, also inside attributes and Gradio's templates."""
    return re.sub(r"[{}$`\\]", lambda m: f"&#{ord(m[0])};", html.escape(str(text)))


def as_markdown(text: str) -> str:
    """Text as Markdown that shows it literally: whatever could mean something becomes an entity."""
    return literal(unindented(text))


def literal(text: str) -> str:
    """A piece of text, blanks and all, that shows literally within HTML or Markdown."""
    return MARKUP.sub(as_entities, text)


def as_entities(match: re.Match) -> str:
    return "".join(f"&#{ord(character)};" for character in match[0])


def unindented(text: str) -> str:
    """Without spaces at the start of lines: Markdown takes four of them for a block of code."""
    return re.sub(r"(?m)^[ \t]+", "", text)


def with_lists(text: str) -> str:
    """Markdown in which lines that are steps or points are items of a list; the rest is literal."""
    shown: list[str] = []
    was_item = False
    for line in unindented(text).split("\n"):
        step = STEP.match(line)
        if shown and (step is not None) != was_item:
            shown.append("")  # a blank line ends a list or begins one
        shown.append(item(step, line) if step else as_markdown(line))
        was_item = step is not None
    return "\n".join(shown)


def item(step: re.Match, line: str) -> str:
    lead = f"{step[1]}. " if step[1] else "- "
    return lead + as_markdown(line[step.end() :])


def notice(words: str, quiet: bool = False) -> str:
    """A sentence above the box; quiet: it tells of nothing wrong."""
    kind, role = ("ms-notice ms-quiet", "status") if quiet else ("ms-notice", "alert")
    return f'<p class="{kind}" role="{role}">{esc(words)}</p>'
