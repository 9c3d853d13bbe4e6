"""The evaluation's charts: what they show, and that they speak the page's language."""

from __future__ import annotations

import json
import re

import pytest

from demo.charts import HEIGHT, WIDTH, bars, curve
from demo.evaluation import drawn_charts
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
    assert all(0 <= float(x) <= WIDTH and 0 <= float(y) <= HEIGHT for x, y in points)
    assert drawn.count("ms-grid") >= 2


def test_what_comes_with_the_project_is_said_in_the_pages_language():
    """Every word of its charts and tables is one that page.js sets."""
    shown = report_tables(REPORT) + "".join(drawn_charts(REPORT).values())
    plain = re.sub(r"<span data-word[^>]*>.*?</span>|<[^>]*>", " ", shown)
    assert re.findall(r"[A-Za-z]{2,}", plain) == []
