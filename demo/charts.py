"""The charts of an evaluation, drawn from its report in the page's colours and language."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from demo.tables import table
from demo.words import said_or

WIDTH, HEIGHT, EDGE = 480, 220, 38  # of the curve, in its own units
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
    sizes = sorted(points, key=float)
    bounds = [share for size in sizes for share in (points[size]["low"], points[size]["high"])]
    least, most = _bounds(bounds)
    places = [math.log2(float(size)) for size in sizes]

    def x(place: float) -> float:
        span = max(places[-1] - places[0], 1.0)
        return round(EDGE + (WIDTH - EDGE - 16) * (place - places[0]) / span, 1)

    def y(share: float) -> float:
        return round(8 + (HEIGHT - 34) * (most - share) / (most - least), 1)

    def line(name: str) -> list[str]:
        return [f"{x(place)},{y(points[size][name])}" for place, size in zip(places, sizes)]

    ticks = "".join(
        f"<text x={x(place)} y={HEIGHT - 6} text-anchor=middle>{size}</text>"
        for place, size in zip(places, sizes)
    )
    grid = "".join(
        f"<line x1={EDGE} x2={WIDTH} y1={y(share)} y2={y(share)} class=ms-grid />"
        f"<text x={EDGE - 6} y={y(share) + 3} text-anchor=end>{share:.0%}</text>"
        for share in _levels(least, most)
    )
    band = " ".join([*line("high"), *reversed(line("low"))])
    return (
        f'<svg class="ms-chart" viewBox="0 0 {WIDTH} {HEIGHT}" aria-hidden="true">{grid}{ticks}'
        f'<polygon class="ms-band" points="{band}" />'
        f'<polyline class="ms-answered" points="{" ".join(line("value"))}" /></svg>'
    )


def grid(shares: Mapping[str, Mapping[str, float]]) -> str:
    """shares: what was meant -> what was read -> how often, as a table with tinted cells."""
    rows = [[said_or(name), *map(tinted, own.values())] for name, own in shares.items()]
    return table(["", *map(said_or, shares)], rows)


def tinted(share: float) -> str:
    return f'<span class="ms-share" style="--value:{share:.0%}">{100 * share:.0f}</span>'


def diagonal(bins: Mapping[str, Mapping[str, float]]) -> str:
    """bins: of what is alike sure -> {confidence, right}; both are the same on the diagonal."""

    def place(sure: float, right: float) -> str:
        x, y = EDGE + (WIDTH - EDGE - 16) * sure, 8 + (HEIGHT - 34) * (1 - right)
        return f"{x:.1f},{y:.1f}"

    points = [place(own["confidence"], own["right"]) for own in bins.values()]
    dots = "".join("<circle r=4 cx={} cy={} />".format(*point.split(",")) for point in points)
    labels = ""
    for share in (0.0, 0.5, 1.0):
        x, y = place(share, share).split(",")
        labels += f"<text x={x} y={HEIGHT - 6} text-anchor=middle>{share:.0%}</text>"
        labels += f"<text x={EDGE - 6} y={float(y) + 3} text-anchor=end>{share:.0%}</text>"
    line = f'<polyline class="ms-now" points="{place(0, 0)} {place(1, 1)}" />'
    return (
        f'<svg class="ms-chart" viewBox="0 0 {WIDTH} {HEIGHT}" aria-hidden="true">{labels}{line}'
        f'<polyline class="ms-answered" points="{" ".join(points)}" />{dots}</svg>'
    )


def _bounds(shares: Sequence[float]) -> tuple[float, float]:
    least, most = min(shares), max(shares)
    return (least, most) if most - least >= LEAST else (most - LEAST, most)


def _levels(least: float, most: float) -> list[float]:
    """Round shares between the bounds, a few of them."""
    step = next(step for step in (0.02, 0.05, 0.1, 0.25) if (most - least) / step < 7)
    return [step * n for n in range(math.ceil(least / step), math.floor(most / step) + 1)]
