"""The second and third tab: how well it works, and what it knows."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import gradio as gr

from demo.handlers import plain_errors
from demo.panels import entry_list, esc, knowledge_table, skipped_list, title_of
from demo.uploads import stage
from mm_support.types import UserTurn

BROWSED = 50  # entries shown at once
HOW_TO_EVALUATE = (
    '<section class="ms-card"><h2>No evaluation yet</h2><p>Run <code>python -m mm_support evaluate</code>; its '
    "figures and charts appear here the next time the page starts.</p></section>"
)
PRIVATE = {"api_visibility": "private"}


# -- evaluation -----------------------------------------------------------------------------


def evaluation_tab(folder: Path) -> None:
    """Figures from report.json and every chart beside it."""
    report, charts = folder / "report.json", sorted(folder.glob("*.png"))
    if not report.is_file() and not charts:
        gr.HTML(HOW_TO_EVALUATE)
        return
    if report.is_file():
        gr.HTML(report_tables(json.loads(report.read_text(encoding="utf-8"))))
    with gr.Row():
        for chart in charts:
            gr.Image(
                str(chart), label=title_of(chart.stem), interactive=False, buttons=["fullscreen"], min_width=320,
            )


def report_tables(report: dict, title: str = "Figures") -> str:
    """A table of a report's own figures, then one for each part of it."""
    figures = {name: value for name, value in report.items() if not isinstance(value, (dict, list))}
    parts = [report_tables(value, f"{title} · {name}") for name, value in report.items() if isinstance(value, dict)]
    rows = "".join(
        f"<tr><th scope=row>{esc(name.replace('_', ' '))}</th><td>{esc(figure(value))}</td></tr>"
        for name, value in figures.items()
    )
    own = f'<section class="ms-card"><h2>{esc(title)}</h2><table class="ms-table"><tbody>{rows}</tbody></table></section>'
    return (own if rows else "") + "".join(parts)


def figure(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


# -- knowledge ------------------------------------------------------------------------------


class KnowledgeDesk:
    """The knowledge tab's handlers."""

    def __init__(self, service) -> None:
        self.service = service

    def table(self) -> str:
        with plain_errors():
            return knowledge_table(self.service.knowledge.list())

    def browse(self, knowledge: str, query: str) -> str:
        """The entries that fit the query best; the first ones where there is no query."""
        with plain_errors():
            if not query.strip():
                return entry_list(self.service.knowledge.entries(knowledge)[:BROWSED])
            hits = self.service.knowledge.search(UserTurn(query, knowledge=knowledge), limit=10)
            return entry_list([hit.entry for hit in hits], [hit.score for hit in hits])

    def ingest(self, name: str, files: list[str] | None, progress=gr.Progress()) -> str:
        """Adds the uploaded files as a knowledge base and says what became of them."""
        with plain_errors(), tempfile.TemporaryDirectory() as folder:
            path = stage(files or [], Path(folder))
            report = self.service.knowledge.ingest(
                name.strip(), path, progress=lambda done, total, message: progress((done, total), desc=message),
            )
            return ingest_report(name.strip(), report)


def ingest_report(name: str, report) -> str:
    skipped = f"{len(report.skipped)} skipped" if report.skipped else "nothing skipped"
    return (
        f'<section class="ms-card" role="status"><h2>{esc(title_of(name))}</h2>'
        f"<p>{report.entries} entries added in {report.seconds:.1f} s, {skipped}.</p>"
        f"{skipped_list(report.skipped)}</section>"
    )


def knowledge_tab(service, picker_choices, picker: gr.Radio) -> tuple[gr.HTML, gr.Dropdown]:
    """Lists, searches and adds knowledge. picker_choices() gives the names for a picker. Returns the list and its picker."""
    desk = KnowledgeDesk(service)
    with gr.Row(elem_classes="ms-desk"):
        with gr.Column(scale=3, min_width=320):
            bases = gr.Dropdown([], value=None, label="Knowledge base", elem_id="browse-base")
            query = gr.Textbox(label="Find an entry", placeholder="Type to search, or leave empty to browse")
            entries = gr.HTML(elem_id="entries")
        with gr.Column(scale=2, min_width=300):
            table = gr.HTML()
            name = gr.Textbox(label="Name of your knowledge", placeholder="for example my-shop", elem_id="ingest-name")
            files = gr.File(
                label="CSV, JSONL, Markdown, pictures, or a zip of them", file_count="multiple", height=140, elem_id="ingest-files",
                file_types=[".csv", ".jsonl", ".md", ".zip", "image"],
            )
            add = gr.Button("Add to knowledge", variant="primary")
            report = gr.HTML(elem_id="ingest-report")
    shown = {"show_progress": "hidden", **PRIVATE}
    gr.on([query.submit, bases.change], desk.browse, [bases, query], entries, **shown)
    added = add.click(desk.ingest, [name, files], report, concurrency_limit=1, show_progress_on=report, **PRIVATE)
    refreshed = added.success(desk.table, None, table, **shown)
    refreshed.success(lambda: [gr.update(choices=picker_choices())] * 2, None, [picker, bases], **shown)
    return table, bases
