"""Tables as HTML. What is put into their cells is HTML already."""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence

from demo.markup import esc
from demo.words import said, said_or

WORDS = range(20)  # columns that are set as words, where all of a table are


def table(heads: Sequence[str], rows: Iterable[Sequence[str]], words: Container[int] = ()) -> str:
    """The first cell of a row names it. words: columns that are set as words, not as numbers."""
    head = "".join(_cell("th scope=col", place in words, name) for place, name in enumerate(heads))
    top = f"<thead><tr>{head}</tr></thead>" if heads else ""
    body = "".join(f"<tr>{_row(row, words)}</tr>" for row in rows)
    return f'<table class="ms-table">{top}<tbody>{body}</tbody></table>'


def _row(values: Sequence[str], words: Container[int]) -> str:
    first, *others = values
    cells = (_cell("td", place in words, value) for place, value in enumerate(others, 1))
    return f"<th scope=row>{first}</th>{''.join(cells)}"


def _cell(tag: str, words: bool, value: str) -> str:
    tag = tag if value else "td"  # a heading that says nothing is none
    return f"<{tag}{' class=ms-words' if words else ''}>{value}</{tag[:2]}>"


def table_card(
    title: str,
    heads: Sequence[str],
    rows: Sequence[Sequence[str]],
    words: Container[int] = WORDS,
    nothing: str = "figure_nothing",
) -> str:
    """A table under a title, which may be scrolled sideways; `nothing` is said where it has no
    rows. title: keys of words, or words, apart by ": ".
    """
    heading = ": ".join(said_or(part) for part in title.split(": "))
    shown = table(heads, rows, words) if rows else f"<p>{said(nothing)}</p>"
    named = f"of-{esc(title).replace(' ', '-')}"  # the page says the heading in its language
    return (
        f'<section class="ms-card"><h2 id="{named}">{heading}</h2>'
        f'<div class="ms-scroll" tabindex="0" role="region" aria-labelledby="{named}">{shown}</div>'
        "</section>"
    )
