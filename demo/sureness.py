"""How sure the answers of a base are, as a card of the workshop: at each threshold, how many of its
own questions are answered, and how many of the answers are right.
"""

from __future__ import annotations

from collections.abc import Sequence

from demo.tables import table
from demo.words import said
from mm_support.types import Sureness

WIDTH, HEIGHT, EDGE = 320, 140, 28  # of the chart, in its own units


def sureness_card(sureness: Sureness | None) -> str:
    shown = f"<p>{said('sure_none')}</p>" if sureness is None else learned(sureness)
    return f'<section class="ms-card"><h2>{said("sure")}</h2>{shown}</section>'


def learned(sureness: Sureness) -> str:
    """What was learned, in words, as a chart and as a table; and how to change it."""
    _, answered, right = at(sureness)
    told = said(
        "sure_now",
        questions=sureness.questions,
        answered=percent(answered),
        right=percent(right),
        threshold=f"{sureness.threshold:.2f}",
    )
    how = f"<p>{said('sure_how')} <code>MM_SUPPORT_ANSWER_PRECISION</code></p>"
    return f"<p>{told}</p>{chart(sureness)}{points_table(sureness)}{how}"


def at(sureness: Sureness) -> tuple[float, float, float]:
    """The point of the curve that is nearest to the present threshold."""
    return min(sureness.curve, key=lambda point: abs(point[0] - sureness.threshold))


def chart(sureness: Sureness) -> str:
    """Both shares over the threshold, and a line where it stands now."""
    levels, answered, right = zip(*sureness.curve)
    here = x_of(sureness.threshold)
    grid = "".join(
        f"<line x1={EDGE} x2={WIDTH} y1={y_of(share)} y2={y_of(share)} class=ms-grid />"
        f"<text x={EDGE - 4} y={y_of(share) + 3} text-anchor=end>{percent(share)}</text>"
        for share in (0.0, 0.5, 1.0)
    )
    ticks = "".join(
        f"<text x={x_of(level)} y={HEIGHT - 4} text-anchor=middle>{level:g}</text>"
        for level in (0.3, 0.5, 0.7, 0.9)
    )
    return (
        f'<svg class="ms-chart" viewBox="0 0 {WIDTH + 8} {HEIGHT}" aria-hidden="true">{grid}{ticks}'
        f"<line x1={here} x2={here} y1={y_of(1)} y2={y_of(0)} class=ms-now />"
        f'<polyline class="ms-answered" points="{points(levels, answered)}" />'
        f'<polyline class="ms-right" points="{points(levels, right)}" /></svg>'
        f'<p class="ms-legend"><span class="ms-answered">{said("sure_answered")}</span>'
        f'<span class="ms-right">{said("sure_right")}</span></p>'
    )


def points(levels: Sequence[float], shares: Sequence[float]) -> str:
    return " ".join(f"{x_of(level)},{y_of(share)}" for level, share in zip(levels, shares))


def x_of(level: float) -> float:
    """The x coordinate of a threshold between 0.25 and 1."""
    return round(EDGE + (WIDTH - EDGE) * (level - 0.25) / 0.75, 1)


def y_of(share: float) -> float:
    return round(8 + (HEIGHT - 32) * (1 - share), 1)


def points_table(sureness: Sureness) -> str:
    """The same for whoever does not see the chart."""
    heads = (said("sure_threshold"), said("sure_answered"), said("sure_right"))
    rows = [(f"{level:.2f}", percent(own), percent(right)) for level, own, right in sureness.curve]
    return f"<details><summary>{said('sure_table')}</summary>{table(heads, rows)}</details>"


def percent(share: float) -> str:
    return f"{share:.0%}"
