"""What a service counts, for Prometheus:
https://prometheus.io/docs/instrumenting/exposition_formats/

Each service has a registry of its own. Labels hold what a company decides (names of bases) and what
the product decides (actions, languages, steps, kinds of errors), never what a customer said.
"""

from __future__ import annotations

from collections.abc import Callable

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    generate_latest,
)

from mm_support.errors import SupportError
from mm_support.types import Reply

SECONDS = (0.01, 0.03, 0.1, 0.3, 0.6, 1, 2, 4, 8, 15, 30, 60)  # s, upper bounds of the histograms
# counted from a turn's beginning; others are steps
POINTS = ("first_words", "first_sound", "total")
UNEXPECTED = "unexpected"


class Metrics:
    """Counters of one service; `text` is what Prometheus reads."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        PlatformCollector(registry=self._registry)
        labels = ("action", "base", "language")
        self._turns = self._counter("turns", "Finished turns.", labels)
        self._errors = self._counter("errors", "Turns that ended in an error.", ("kind",))
        self._refused = self._counter("busy", "Calls refused for want of room.", ("kind",))
        self._left = self._counter("left", "Turns whose customer left before the end.", ())
        self._steps = self._histogram("step_seconds", "Time of a step of a turn.", ("step",))
        self._points = self._histogram(
            "reply_seconds", "Time until a point of a reply.", ("until",)
        )
        self._waits = self._histogram("wait_seconds", "Time until a turn was begun.", ())

    def finished(self, base: str, language: str, reply: Reply) -> None:
        """Counts a turn with its times."""
        self._turns.labels(reply.action, base, language).inc()
        for name, milliseconds in reply.timings.items():
            kind = self._points if name in POINTS else self._steps
            kind.labels(name).observe(milliseconds / 1000)

    def failed(self, problem: BaseException) -> None:
        """Counts a turn that ended in this error."""
        known = isinstance(problem, SupportError)
        self._errors.labels(type(problem).__name__ if known else UNEXPECTED).inc()

    def refused(self, kind: str) -> None:
        """Counts a call that was refused. kind: of BusyError."""
        self._refused.labels(kind).inc()

    def left(self) -> None:
        """Counts a turn that its customer ended."""
        self._left.inc()

    def waited(self, seconds: float) -> None:
        self._waits.observe(seconds)

    def watch(self, name: str, help_text: str, read: Callable[[], float]) -> None:
        """A figure that is read whenever somebody asks; one that cannot be read is NaN."""

        def safe() -> float:
            try:
                return float(read())
            except SupportError:
                return float("nan")

        Gauge(f"mm_support_{name}", help_text, registry=self._registry).set_function(safe)

    def text(self) -> bytes:
        return generate_latest(self._registry)

    def _counter(self, name: str, help_text: str, labels: tuple[str, ...]) -> Counter:
        return Counter(f"mm_support_{name}", help_text, labels, registry=self._registry)

    def _histogram(self, name: str, help_text: str, labels: tuple[str, ...]) -> Histogram:
        return Histogram(
            f"mm_support_{name}", help_text, labels, registry=self._registry, buckets=SECONDS
        )
