"""The evaluation's charts: what they show, and that they speak the page's language."""

from __future__ import annotations

import json
import re

import pytest

from demo.charts import bars, curve, diagonal, grid
from demo.evaluation import drawn_charts
from demo.plot import Plot
from demo.report import report_tables
from mm_support.paths import ASSETS

REPORT = json.loads((ASSETS / "evaluation" / "report.json").read_text(encoding="utf-8"))


def share(value: float) -> dict[str, float]:
    return {"value": value, "low": value - 0.02, "high": value + 0.02}


def test_bars_are_as_long_as_their_share_and_only_where_there_is_one():
    shown = bars({"old": {"a": {"x": share(0.5)}}, "new": {"b": {"x": share(0.25)}}}, "x")
    assert re.findall(r"--value:([\d.]+%)", shown) == ["50.0%", "25.0%"]
    assert "--low:48.0%;--high:52.0%" in shown


@pytest.mark.parametrize("values", [[0.5], [0.8, 0.8, 0.81], [0.0, 1.0], [0.97, 0.3]])
def test_a_curve_stays_within_its_chart(values):
    drawn = curve({str(2**n): share(value) for n, value in enumerate(values)})
    points = re.findall(r"([\d.-]+),([\d.-]+)", drawn)
    assert len(points) == 3 * len(values)
    assert all(0 <= float(x) <= Plot.width and 0 <= float(y) <= Plot.height for x, y in points)
    assert drawn.count("ms-grid") >= 2


def test_what_is_read_rightly_stands_on_the_diagonals():
    assert re.findall(r"--value:\S+?>(\d+)", grid({"a": {"a": 0.9, "b": 0.1}})) == ["90", "10"]
    drawn = diagonal({"0.5–0.6": {"confidence": 0.55, "right": 0.55}})
    (x, y), (first, last) = (
        map(float, re.search(r"cx=([\d.]+) cy=([\d.]+)", drawn).groups()),
        re.search(r'ms-now" points="(\S+) (\S+)"', drawn).groups(),
    )
    (x0, y0), (x1, y1) = (map(float, end.split(",")) for end in (first, last))
    assert (x - x0) / (x1 - x0) == pytest.approx((y - y0) / (y1 - y0), abs=0.01)


def test_what_comes_with_the_project_is_said_in_the_pages_language():
    """Every word of its charts and tables is one that page.js sets."""
    shown = report_tables(REPORT) + "".join(drawn_charts(REPORT))
    plain = re.sub(r"<span data-word[^>]*>.*?</span>|<[^>]*>", " ", shown)
    assert re.findall(r"[A-Za-z]{2,}", plain) == []
