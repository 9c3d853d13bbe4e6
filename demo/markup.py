"""Text that must show as it is, in HTML and in Markdown; and replies as Markdown."""

from __future__ import annotations

import html
import re
from textwrap import indent

from mm_support.language.fences import code_of, fenced, is_code, logical_lines, trimmed

# what Markdown or HTML give a meaning to: anywhere, in addresses, or where a line begins
MARKUP = re.compile(
    r"""[<>&"*_`~\[\]{}\\|$^!]|(?<=[a-z]):(?=//)|@|(?<=www)\.|^(?:[#+=-]+|\d+[.)])(?=[\s#+=-]|$)""",
    re.MULTILINE | re.IGNORECASE,
)
NESTED = "    "  # before an item of a list within a list, whatever marks the items of both
STEP = re.compile(r"(\d{1,3})[.)]\s+(?=\S)|[-*•]\s+(?=\S)")


def esc(text: object) -> str:
    """Text as HTML that shows it literally, also inside attributes and Gradio's templates."""
    return re.sub(r"[{}$`\\]", lambda m: f"&#{ord(m[0])};", html.escape(str(text)))


def as_markdown(text: str) -> str:
    """Text as Markdown that shows it literally: whatever could mean something becomes an entity."""
    return literal(unindented(text))


def literal(text: str) -> str:
    """A piece of text, blanks and all, that shows literally within HTML or Markdown."""
    return MARKUP.sub(lambda found: "".join(f"&#{ord(letter)};" for letter in found[0]), text)


def unindented(text: str) -> str:
    """Without spaces at the start of lines: Markdown takes four of them for a block of code."""
    return re.sub(r"(?m)^[ \t]+", "", text)


def with_lists(text: str) -> str:
    """Markdown in which lines that are steps or points are items of a list, those further to the
    right of the one above, and code between fences is code, part of the item above; the rest is
    literal, as is a numbered heading ("4. Vehicles:").
    """
    shown: list[str] = []
    open_at: list[int] = []  # blanks before the items above, of each list that is open
    lines = [line.rstrip("\n") for line in logical_lines(text)]
    for line, after in zip(lines, [*lines[1:], ""]):
        if is_code(line):
            code = fenced(code_of(trimmed(line)))  # in fences that nothing in it can close
            shown.append(indent(code, NESTED * len(open_at)))
            continue
        own = line.lstrip()
        step = None if _heads(own, after) and not open_at else STEP.match(own)
        if shown and bool(step) != bool(open_at):
            shown.append("")  # a blank line ends a list or begins one
        blanks = len(line) - len(own)
        open_at = [at for at in open_at if at < blanks] + [blanks] if step else []
        depth = len(open_at) - 1
        shown.append(item(step, own, depth) if step else as_markdown(own))
    return "\n".join(shown)


def _heads(line: str, after: str) -> bool:
    """Whether a line announces what follows and neither a step nor code does."""
    follows = is_code(after) or STEP.match(after.lstrip())
    return line.rstrip().endswith((":", "：")) and not follows


def item(step: re.Match, line: str, depth: int) -> str:
    lead = f"{step[1]}. " if step[1] else "- "
    return NESTED * depth + lead + as_markdown(line[step.end() :])


def notice(words: str, quiet: bool = False) -> str:
    """A sentence above the box; quiet: it tells of nothing wrong."""
    return html_notice(esc(words), quiet)


def html_notice(html: str, quiet: bool = False) -> str:
    """The same of words that are HTML already."""
    kind, role = ("ms-notice ms-quiet", "status") if quiet else ("ms-notice", "alert")
    return f'<p class="{kind}" role="{role}">{html}</p>'
