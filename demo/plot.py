"""A line chart as SVG, in its own units; page.css gives it its colours."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

TOP, BOTTOM = 8, 26  # free above and below the lines; below them the ticks are written


@dataclass(frozen=True)
class Plot:
    """across, up: the values at both ends of either axis. left: free for the levels' names."""

    across: tuple[float, float]
    up: tuple[float, float] = (0.0, 1.0)
    width: int = 480
    height: int = 220
    left: int = 38
    right: int = 16

    def x(self, value: float) -> float:
        first, last = self.across
        room = self.width - self.left - self.right
        return round(self.left + room * (value - first) / (last - first), 1)

    def y(self, share: float) -> float:
        least, most = self.up
        room = self.height - TOP - BOTTOM
        return round(TOP + room * (most - share) / (most - least), 1)

    def points(self, places: Iterable[tuple[float, float]]) -> str:
        return " ".join(f"{self.x(value)},{self.y(share)}" for value, share in places)

    def line(self, name: str, places: Iterable[tuple[float, float]]) -> str:
        return f'<polyline class="{name}" points="{self.points(places)}" />'

    def levels(self, shares: Iterable[float]) -> str:
        """A line across the chart at each share, and its name."""
        return "".join(
            f'<line class="ms-grid" x1={self.left} x2={self.width - self.right}'
            f" y1={self.y(share)} y2={self.y(share)} />"
            f"<text x={self.left - 6} y={self.y(share) + 3} text-anchor=end>{share:.0%}</text>"
            for share in shares
        )

    def ticks(self, names: Mapping[float, str]) -> str:
        """The names of values below the chart."""
        return "".join(
            f"<text x={self.x(value)} y={self.height - 6} text-anchor=middle>{name}</text>"
            for value, name in names.items()
        )

    def drawn(self, *parts: str) -> str:
        box = f"0 0 {self.width} {self.height}"
        return f'<svg class="ms-chart" viewBox="{box}" aria-hidden="true">{"".join(parts)}</svg>'
