"""Draws the charts of docs/explanation.md from the tables that stand there.

python docs/pictures/draw.py
"""

from __future__ import annotations

from pathlib import Path

from matplotlib.figure import Figure

from assets.training.plots import INK, PALETTE, STYLE

HERE = Path(__file__).parent


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


if __name__ == "__main__":
    from matplotlib import rc_context

    explained = (HERE.parent / "explanation.md").read_text(encoding="utf-8")
    with rc_context(STYLE):
        cost(table_below("What it costs", explained), HERE / "cost.png")
