"""Draws the charts of docs/explanation.md from the tables that stand there, and from the report of
`evaluate fusion`.

python docs/pictures/draw.py
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure

HERE = Path(__file__).parent
REPORT = HERE.parents[1] / "assets" / "evaluation" / "report.json"
PALETTE = ("#4f46e5", "#0d9488", "#d97706", "#db2777", "#64748b")  # first: the accent
INK, FAINT, GREY = "#1e293b", "#e2e8f0", "#475569"
STYLE = {
    "font.size": 10,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": "#94a3b8",
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "grid.color": FAINT,
    "xtick.color": GREY,
    "ytick.color": GREY,
    "legend.frameon": False,
    "legend.fontsize": 9,
}


def table_below(heading: str, text: str) -> list[list[str]]:
    """The cells of the first table below a heading, its first line included."""
    below = text[text.index(f"## {heading}\n") :].splitlines()
    first = next(number for number, line in enumerate(below) if line.startswith("|"))
    lines = [line for line in below[first : first + 20] if line.startswith("|")]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return [row for row in rows if set(row[0]) != {"-"}]


def seconds(cell: str) -> float:
    return 0.0 if cell == "-" else float(cell.removesuffix(" s"))


def cost(rows: list[list[str]], path: Path) -> None:
    """Stacked bars: where the time of one answer goes. The last two columns are what was waited,
    and work.
    """
    stages, turns = rows[0][1:-2], rows[:0:-1]
    figure = Figure(figsize=(7, 2.2), layout="constrained")
    axes = figure.add_subplot()
    left = [0.0] * len(turns)
    for place, stage in enumerate(stages):
        widths = [seconds(turn[place + 1]) for turn in turns]
        names = [turn[0] for turn in turns]
        axes.barh(names, widths, 0.6, left, color=PALETTE[place % len(PALETTE)], label=stage)
        left = [before + width for before, width in zip(left, widths)]
    waited = [seconds(turn[-2]) for turn in turns]
    rest = [max(0.0, end - before) for end, before in zip(waited, left)]
    axes.barh([turn[0] for turn in turns], rest, 0.6, left, color="#cbd5e1", label="the rest")
    for turn, end in zip(turns, waited):
        axes.text(end + 0.03, turn[0], turn[-2], va="center", color=INK)
    axes.set(xlabel="seconds until the answer", xlim=(0, max(waited) * 1.12))
    axes.grid(False, axis="y")
    figure.legend(ncols=len(stages) + 1, loc="outside upper center")
    figure.savefig(path, dpi=130)


def canvas(width: float, height: float) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(width, height), layout="constrained", facecolor="white")
    return figure, figure.add_subplot()


def columns(shares: Sequence[dict]) -> tuple[list[float], ...]:
    """Values, lower and upper bounds."""
    return tuple([share[name] for share in shares] for name in ("value", "low", "high"))


def ablation(task: dict[str, dict], path: Path) -> None:
    """Bars with bounds: strategy -> modalities -> figures."""
    groups = list(next(iter(task.values())))
    figure, axes = canvas(1.2 * len(groups) + 1.5, 4.2)
    width = 0.8 / len(task)
    for place, (name, own) in enumerate(task.items()):
        values, low, high = columns([own[group]["recall@1"] for group in groups])
        errors = [
            [v - least for v, least in zip(values, low)],
            [most - v for v, most in zip(values, high)],
        ]
        left = [n + (place - (len(task) - 1) / 2) * width for n in range(len(groups))]
        axes.bar(
            left,
            values,
            width * 0.92,
            label=name,
            color=PALETTE[place],
            yerr=errors,
            error_kw={"ecolor": INK, "elinewidth": 1, "capsize": 2},
        )
    axes.set_xticks(range(len(groups)), groups, rotation=20)
    axes.set(ylim=(0, 1), ylabel="recall@1")
    axes.grid(False, axis="x")
    figure.legend(ncols=len(task), loc="outside lower center")
    figure.savefig(path, dpi=160)


def curve(photos: dict[str, dict], path: Path) -> None:
    """A line with its band: training photos of each product -> figure."""
    figure, axes = canvas(6.0, 4.2)
    sizes, (values, low, high) = list(map(int, photos)), columns(list(photos.values()))
    axes.plot(sizes, values, "o-", color=PALETTE[0], linewidth=2)
    axes.fill_between(sizes, low, high, color=PALETTE[0], alpha=0.15, linewidth=0)
    axes.set_xscale("log", base=2)
    axes.set_xticks(sizes, list(photos))
    axes.minorticks_off()
    axes.set(xlabel="training photos of each product", ylabel="recall@1")
    figure.savefig(path, dpi=160)


if __name__ == "__main__":
    from matplotlib import rc_context

    report = json.loads(REPORT.read_text(encoding="utf-8"))
    explained = (HERE.parent / "explanation.md").read_text(encoding="utf-8")
    with rc_context(STYLE):
        cost(table_below("What it costs", explained), HERE / "cost.png")
        ablation(report["grocery task"], HERE / "ablation.png")
        if photos := report.get("photos a product"):  # evaluate fusion --curve
            curve(photos, HERE / "learning-curve.png")
