"""Figures as tables, in the words of the page's language."""

from __future__ import annotations

from demo.charts import inputs
from demo.markup import esc
from demo.words import said_or


def report_tables(report: dict, title: str = "Figures") -> str:
    """A table of a report's own figures, one for parts that have the same figures, then one for
    each other part.
    """
    figures = {name: value for name, value in report.items() if is_figure(value)}
    parts = {
        name: value
        for name, value in report.items()
        if isinstance(value, dict) and not is_figure(value)
    }
    rows = (f"<tr>{cells([name, figure(value)])}</tr>" for name, value in figures.items())
    own = report_card(title, "".join(rows)) if figures else ""
    if parts and all(is_figure(value) for part in parts.values() for value in part.values()):
        return own + report_card(title, compared(parts))
    others = (report_tables(value, f"{title}: {name}") for name, value in parts.items())
    return own + "".join(others)


def is_figure(value: object) -> bool:
    """A number, a text, or a number with the bounds of its interval."""
    return isinstance(value, (int, float, str)) or (
        isinstance(value, dict) and {"value", "low", "high"} == set(value)
    )


def compared(parts: dict[str, dict]) -> str:
    """Parts as rows, their figures as columns."""
    columns = list(dict.fromkeys(name for part in parts.values() for name in part))
    head = f"<thead><tr>{cells(['', *columns], 'col')}</tr></thead>"
    rows = (
        cells([name, *(figure(part[column]) if column in part else "" for column in columns)])
        for name, part in parts.items()
    )
    return head + "".join(f"<tr>{row}</tr>" for row in rows)


def report_card(title: str, rows: str) -> str:
    name, heading = esc(title), ": ".join(said_or(part) for part in title.split(": "))
    return (
        f'<section class="ms-card"><h2>{heading}</h2>'
        f'<div class="ms-scroll" tabindex="0" role="region" aria-label="{name}">'
        f'<table class="ms-table">{rows}</table></div></section>'
    )


def cells(values: list[str], scope: str = "row") -> str:
    """The first as a heading of the row, the others as cells; all as headings of columns."""
    heads = len(values) if scope == "col" else 1
    words = [named(value.replace("_", " ")) for value in values]
    headings = [f"<th scope={scope}>{word}</th>" if word else "<td></td>" for word in words[:heads]]
    return "".join(headings + [f"<td>{word}</td>" for word in words[heads:]])


def named(words: str) -> str:
    """What a row or a column is called: "education: text + photo"."""
    base, colon, rest = words.rpartition(": ")
    return (said_or(base) + colon if base else "") + inputs(rest)


def figure(value: object) -> str:
    """Shares with their interval in percent, other numbers as they are."""
    if isinstance(value, dict):
        return f"{value['value']:.1%} ({value['low']:.0%}–{value['high']:.0%})"
    return f"{value:.4g}" if isinstance(value, float) else str(value)
