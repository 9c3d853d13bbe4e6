"""The workshop's tab of how well the assistant works."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import gradio as gr

from demo.charts import bars, curve, figure_card
from demo.panels import title_of
from demo.report import report_tables
from demo.words import said, said_or

HOW_TO_EVALUATE = f"""\
<section class="ms-card"><h2>{said("no_evaluation")}</h2><p>{said("how_to_evaluate")}
<code>python -m mm_support evaluate fusion --grocery FOLDER</code></p></section>
"""


def evaluation_tab(folder: Path) -> None:
    """The folder's charts, drawn from its report.json where that has them; then its figures."""
    path, pictures = folder / "report.json", sorted(folder.glob("*.png"))
    if not path.is_file() and not pictures:
        gr.HTML(HOW_TO_EVALUATE)
        return
    report = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    drawn = drawn_charts(report)
    with gr.Row(elem_classes="ms-charts"):
        for chart in drawn.values():
            gr.HTML(chart, padding=False)
        for picture in pictures:
            if picture.stem not in drawn:
                picture_of_chart(picture)
    gr.HTML(report_tables(report) if report else "")


def drawn_charts(report: dict[str, Any]) -> dict[str, str]:
    """Name of the picture -> the chart in its place."""
    task, photos = report.get("grocery task"), report.get("photos a product")
    charts = {
        "ablation": task and figure_card("ablation", bars(task, "recall@1"), "recall"),
        "learning-curve": photos and figure_card("learning-curve", curve(photos), "training"),
    }
    return {name: chart for name, chart in charts.items() if chart}


def picture_of_chart(picture: Path) -> None:
    with gr.Column(min_width=320, elem_classes="ms-card"):
        gr.HTML(f"<h2>{said_or(picture.stem)}</h2>", padding=False)
        gr.Image(
            str(picture),
            label=title_of(picture.stem),
            show_label=False,
            interactive=False,
            buttons=["fullscreen"],
        )
