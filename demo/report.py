"""Figures as tables, in the words of the page's language."""

from __future__ import annotations

from demo.charts import inputs
from demo.tables import table_card
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
    rows = [[named(name), named(figure(value))] for name, value in figures.items()]
    own = table_card(title, (), rows, ()) if rows else ""
    if parts and all(is_figure(value) for part in parts.values() for value in part.values()):
        return own + compared(title, parts)
    others = (report_tables(value, f"{title}: {name}") for name, value in parts.items())
    return own + "".join(others)


def is_figure(value: object) -> bool:
    """A number, a text, or a number with the bounds of its interval."""
    return isinstance(value, (int, float, str)) or (
        isinstance(value, dict) and {"value", "low", "high"} == set(value)
    )


def compared(title: str, parts: dict[str, dict]) -> str:
    """Parts as rows, their figures as columns."""
    columns = list(dict.fromkeys(name for part in parts.values() for name in part))
    rows = [
        [named(name), *(named(figure(part.get(column, ""))) for column in columns)]
        for name, part in parts.items()
    ]
    return table_card(title, ["", *map(named, columns)], rows, ())


def named(words: str) -> str:
    """What a row or a column is called: "education: text + photo"."""
    base, colon, rest = words.replace("_", " ").rpartition(": ")
    return (said_or(base) + colon if base else "") + inputs(rest)


def figure(value: object) -> str:
    """Shares, with their interval where there is one, in percent, and whole numbers as they are."""
    if isinstance(value, dict):
        return f"{value['value']:.1%} ({value['low']:.0%}–{value['high']:.0%})"
    return f"{value:.1%}" if isinstance(value, float) else str(value)
