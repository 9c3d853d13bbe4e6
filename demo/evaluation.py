"""The workshop's tab of how well the assistant works."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import gradio as gr

from demo.charts import bars, curve, diagonal, figure_card, grid
from demo.report import report_tables
from demo.words import said

HOW_TO_EVALUATE = f"""\
<section class="ms-card"><h2>{said("no_evaluation")}</h2><p>{said("how_to_evaluate")}
<code>python -m mm_support evaluate fusion --grocery FOLDER</code></p></section>
"""


def evaluation_tab(folder: Path) -> None:
    """The charts of the folder's report; its figures open below them."""
    path = folder / "report.json"
    if not path.is_file():
        gr.HTML(HOW_TO_EVALUATE)
        return
    report = json.loads(path.read_text(encoding="utf-8"))
    with gr.Row(elem_classes="ms-charts"):
        for chart in drawn_charts(report):
            gr.HTML(chart, padding=False)
    figures = report_tables({name: own for name, own in report.items() if name != "confusion"})
    gr.HTML(f"<details class=ms-all><summary>{said('all_figures')}</summary>{figures}</details>")


def drawn_charts(report: dict[str, Any]) -> list[str]:
    """Those that the report has figures for."""
    task, photos = report.get("grocery task"), report.get("photos a product")
    read, sure = report.get("confusion"), report.get("reliability")
    charts = (
        task and figure_card("ablation", bars(task, "recall@1"), "recall"),
        photos and figure_card("learning-curve", curve(photos), "training"),
        read and figure_card("confusion", grid(read)),
        sure and figure_card("reliability", diagonal(sure)),
    )
    return list(filter(None, charts))
