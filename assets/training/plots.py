"""Evaluation figures as PNG files: light, one accent colour, readable beside text on a page.

Draws what it is given and computes no figure of its own; knows no model and no data set.
Every function writes beside the target first, so that a half-drawn picture is never left.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mm_support.evaluate.metrics import Interval, ReliabilityBin
from mm_support.train.intents import most_confused

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PALETTE = ("#4f46e5", "#0d9488", "#d97706", "#db2777", "#64748b")  # first: the accent
INK, FAINT = "#1e293b", "#e2e8f0"
DOTS_PER_INCH = 160
MOST_LABELS = 30  # more rows than this cannot be read
STYLE = {
    "font.size": 10,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": "#94a3b8",
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.titlesize": 12,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.titlepad": 12,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "grid.color": FAINT,
    "xtick.color": "#475569",
    "ytick.color": "#475569",
    "legend.frameon": False,
    "legend.fontsize": 9,
}


def _styled(draw: Callable[..., Path]) -> Callable[..., Path]:
    """Draws in our style without touching the settings of whoever calls."""

    @functools.wraps(draw)
    def draw_in_style(*args, **options) -> Path:
        import matplotlib

        style: Any = {**matplotlib.rcParamsDefault, **STYLE, "backend": "agg"}
        with matplotlib.rc_context(style):
            return draw(*args, **options)

    return draw_in_style


@_styled
def draw_confusion_matrix(
    table: np.ndarray, labels: Sequence[str], path: Path, title: str = "Confusion matrix"
) -> Path:
    """table: (n, n) counts, rows truth, columns prediction. Many labels: only those most often
    confused.
    """
    shown = most_confused(table, MOST_LABELS)
    names = [labels[index] for index in shown]
    shares = (table / np.maximum(table.sum(axis=1, keepdims=True), 1))[np.ix_(shown, shown)]
    if len(shown) < len(labels):
        title = f"{title}: the {len(shown)} of {len(labels)} labels most often confused"
    inches = 2.8 + 0.28 * len(shown)
    figure, axes = _canvas(title, inches + 0.8, inches)
    axes.grid(False)
    cells = axes.imshow(shares, cmap=_accent_map(), vmin=0, vmax=1)
    axes.set_xticks(
        range(len(names)), names, rotation=60, ha="right", rotation_mode="anchor", fontsize=8
    )
    axes.set_yticks(range(len(names)), names, fontsize=8)
    axes.set(xlabel="predicted", ylabel="true")
    for row, column in zip(*np.nonzero(np.round(shares, 2))):
        share = shares[row, column]
        axes.text(
            column,
            row,
            f"{100 * share:.0f}",
            ha="center",
            va="center",
            fontsize=6,
            color="white" if share > 0.5 else INK,
        )
    figure.colorbar(
        cells, ax=axes, shrink=0.7, label="share of the true label"
    ).outline.set_visible(False)
    return _save(figure, path)


@_styled
def draw_ablation(
    scores: Mapping[str, Mapping[str, Interval]],
    path: Path,
    title: str = "What each input adds",
    measure: str = "accuracy",
) -> Path:
    """Grouped bars. scores: series (a strategy) -> group (a subset of modalities) -> figure with
    bounds.
    """
    groups = list(dict.fromkeys(group for series in scores.values() for group in series))
    figure, axes = _canvas(title, max(6.0, 1.2 * len(groups) + 1.5), 4.2)
    width = 0.8 / len(scores)
    for index, (name, series) in enumerate(scores.items()):
        places = [groups.index(group) + (index - (len(scores) - 1) / 2) * width for group in series]
        values, errors = _with_errors(list(series.values()))
        axes.bar(
            places,
            values,
            width * 0.92,
            label=name,
            color=_colour(index),
            yerr=errors,
            error_kw=_WHISKERS,
        )
    axes.set_xticks(range(len(groups)), groups, rotation=20 if len(groups) > 5 else 0)
    axes.set(ylim=(0, 1), ylabel=measure)
    axes.grid(False, axis="x")
    if len(scores) > 1:
        figure.legend(ncols=len(scores), loc="outside lower center")
    return _save(figure, path)


@_styled
def draw_reliability(
    bins: Sequence[ReliabilityBin],
    error: float,
    path: Path,
    title: str = "How far to trust a confidence",
) -> Path:
    """bins: from metrics.reliability; error: the expected calibration error, written into the
    picture.
    """
    figure, axes = _canvas(title, 5.0, 4.6)
    widths = [b.high - b.low for b in bins]
    axes.bar(
        [b.low for b in bins],
        [b.accuracy for b in bins],
        widths,
        align="edge",
        color=PALETTE[0],
        edgecolor="white",
    )
    axes.plot([0, 1], [0, 1], color=INK, linestyle=(0, (4, 3)), linewidth=1)
    axes.plot(
        [b.confidence for b in bins],
        [b.accuracy for b in bins],
        "o",
        color=PALETTE[2],
        markersize=4,
    )
    axes.set(xlim=(0, 1), ylim=(0, 1), xlabel="confidence", ylabel="share that was right")
    cases = sum(b.count for b in bins)
    axes.text(0.03, 0.96, f"calibration error {100 * error:.1f} %\n{cases:,} cases", va="top")
    return _save(figure, path)


@_styled
def draw_learning_curve(
    curves: Mapping[str, Sequence[tuple[int, Interval]]],
    path: Path,
    title: str = "How much data is needed",
    measure: str = "accuracy",
    examples: str = "examples per intent",
) -> Path:
    """curves: series -> (number of training examples, figure with bounds), in any order."""
    figure, axes = _canvas(title, 6.0, 4.2)
    sizes = sorted({size for curve in curves.values() for size, _ in curve})
    for index, (name, curve) in enumerate(curves.items()):
        points = sorted(curve, key=lambda point: point[0])
        x = [size for size, _ in points]
        axes.plot(
            x, [f.value for _, f in points], "o-", color=_colour(index), label=name, linewidth=2
        )
        axes.fill_between(
            x,
            [f.low for _, f in points],
            [f.high for _, f in points],
            color=_colour(index),
            alpha=0.15,
            linewidth=0,
        )
    axes.set_xscale("log", base=2)
    axes.set_xticks(sizes, [f"{size:,}" for size in sizes])
    axes.minorticks_off()
    axes.set(xlabel=examples, ylabel=measure)
    if len(curves) > 1:
        axes.legend(loc="lower right")
    return _save(figure, path)


_WHISKERS = {"ecolor": INK, "elinewidth": 1, "capsize": 2}


def _canvas(title: str, width: float, height: float) -> tuple[Figure, Axes]:
    """A figure of width x height inches without pyplot, whose state is global, and without a
    screen.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained", facecolor="white")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    axes.set_title(title)
    return figure, axes


def _save(figure: Figure, path: Path) -> Path:
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(path.name + ".part")
    figure.savefig(unfinished, format="png", dpi=DOTS_PER_INCH)
    return unfinished.replace(path)


def _with_errors(figures: Sequence[Interval]) -> tuple[list[float], np.ndarray]:
    """Heights (n,) and distances (2, n) down and up to the bounds."""
    values = [f.value for f in figures]
    return values, np.maximum(
        [[f.value - f.low for f in figures], [f.high - f.value for f in figures]], 0
    )


def _colour(index: int) -> str:
    return PALETTE[index % len(PALETTE)]


def _accent_map():
    from matplotlib.colors import LinearSegmentedColormap

    return LinearSegmentedColormap.from_list("accent", ["#ffffff", "#c7d2fe", PALETTE[0]])
