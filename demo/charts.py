"""The charts of an evaluation, drawn from its report in the page's colours and language."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from demo.plot import Plot
from demo.tables import table
from demo.words import said_or

LEAST = 0.1  # of the range that a curve shows at least


def figure_card(title: str, body: str, note: str = "") -> str:
    """title, note: keys of words, or words of their own."""
    below = f'<figcaption class="ms-muted">{said_or(note)}</figcaption>' if note else ""
    return f'<figure class="ms-card"><h2>{said_or(title)}</h2>{body}{below}</figure>'


def bars(scores: Mapping[str, Mapping[str, Any]], measure: str) -> str:
    """scores: series -> group -> figures, of which `measure` has {value, low, high}."""
    groups = dict.fromkeys(group for series in scores.values() for group in series)
    legend = "".join(f"<span>{said_or(name)}</span>" for name in scores)
    rows = "".join(
        f"<li><span>{inputs(group)}</span><div>"
        + "".join(bar(series[group][measure]) for series in scores.values() if group in series)
        + "</div></li>"
        for group in groups
    )
    return f'<p class="ms-series">{legend}</p><ul class="ms-bars">{rows}</ul>'


def bar(share: Mapping[str, float]) -> str:
    value, low, high = (share[name] for name in ("value", "low", "high"))
    return (
        f'<i style="--value:{value:.1%};--low:{low:.1%};--high:{high:.1%}"><b>{value:.0%}</b></i>'
    )


def inputs(group: str) -> str:
    """ "text + photo" in the page's language."""
    return " + ".join(said_or(part) for part in group.split(" + "))


def curve(points: Mapping[str, Mapping[str, float]]) -> str:
    """points: how much of something -> {value, low, high}; amounts double along the axis."""
    sizes = {math.log2(float(size)): size for size in sorted(points, key=float)}
    low, value, high = (
        [(place, points[size][name]) for place, size in sizes.items()]
        for name in ("low", "value", "high")
    )
    least, most = _bounds([share for _, share in low + high])
    first, last = min(sizes), max(sizes)
    plot = Plot((first, max(last, first + 1)), (least, most))
    return plot.drawn(
        plot.levels(_levels(least, most)),
        plot.ticks(sizes),
        f'<polygon class="ms-band" points="{plot.points(high + low[::-1])}" />',
        plot.line("ms-answered", value),
    )


def grid(shares: Mapping[str, Mapping[str, float]]) -> str:
    """shares: what was meant -> what was read -> how often, as a table with tinted cells."""
    rows = [[said_or(name), *map(tinted, own.values())] for name, own in shares.items()]
    return table(["", *map(said_or, shares)], rows)


def tinted(share: float) -> str:
    return f'<span class="ms-share" style="--value:{share:.0%}">{100 * share:.0f}</span>'


def diagonal(bins: Mapping[str, Mapping[str, float]]) -> str:
    """bins: of what is alike sure -> {confidence, right}; both are the same on the diagonal."""
    plot, marks = Plot((0.0, 1.0)), (0.0, 0.5, 1.0)
    places = [(own["confidence"], own["right"]) for own in bins.values()]
    dots = [f"<circle r=4 cx={plot.x(sure)} cy={plot.y(right)} />" for sure, right in places]
    return plot.drawn(
        plot.levels(marks),
        plot.ticks({share: f"{share:.0%}" for share in marks}),
        plot.line("ms-now", [(0, 0), (1, 1)]),
        plot.line("ms-answered", places),
        *dots,
    )


def _bounds(shares: Sequence[float]) -> tuple[float, float]:
    least, most = min(shares), max(shares)
    return (least, most) if most - least >= LEAST else (most - LEAST, most)


def _levels(least: float, most: float) -> list[float]:
    """Round shares between the bounds, a few of them."""
    step = next(step for step in (0.02, 0.05, 0.1, 0.25) if (most - least) / step < 7)
    return [step * n for n in range(math.ceil(least / step), math.floor(most / step) + 1)]
