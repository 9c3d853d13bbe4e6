"""How sure the answers of a base are, as a card of the workshop: at each threshold, how many of its
own questions are answered, and how many of the answers are right.
"""

from __future__ import annotations

from demo.plot import Plot
from demo.tables import table
from demo.words import said
from mm_support.types import Sureness


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
    plot = Plot((0.25, 1.0), width=328, height=140, right=8)
    here = sureness.threshold
    drawn = plot.drawn(
        plot.levels((0.0, 0.5, 1.0)),
        plot.ticks({level: f"{level:g}" for level in (0.3, 0.5, 0.7, 0.9)}),
        plot.line("ms-now", [(here, 1), (here, 0)]),
        plot.line("ms-answered", [(level, answered) for level, answered, _ in sureness.curve]),
        plot.line("ms-right", [(level, right) for level, _, right in sureness.curve]),
    )
    return (
        f'{drawn}<p class="ms-legend"><span class="ms-answered">{said("sure_answered")}</span>'
        f'<span class="ms-right">{said("sure_right")}</span></p>'
    )


def points_table(sureness: Sureness) -> str:
    """The same for whoever does not see the chart."""
    heads = (said("sure_threshold"), said("sure_answered"), said("sure_right"))
    rows = [(f"{level:.2f}", percent(own), percent(right)) for level, own, right in sureness.curve]
    return f"<details><summary>{said('sure_table')}</summary>{table(heads, rows)}</details>"


def percent(share: float) -> str:
    return f"{share:.0%}"
