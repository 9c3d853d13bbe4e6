"""The second and third tab: how well it works, and what it knows."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import gradio as gr

from demo.convert import plain_errors
from demo.panels import entry_list, esc, knowledge_table, skipped_list, title_of
from demo.uploads import stage
from mm_support.errors import InputError
from mm_support.types import UserTurn

PACKS = (
    "shopping",
    "smart-home",
    "finance",
    "healthcare",
    "education",
)  # shown first, in this order
BROWSED = 50  # entries shown at once
HOW_TO_EVALUATE = (
    '<section class="ms-card"><h2>No evaluation yet</h2><p>Run <code>python -m mm_support evaluate fusion --grocery FOLDER</code> '
    "with the folder of GroceryStoreDataset; its figures and charts appear here the next time the page starts.</p></section>"
)
HOW_TO_ADD = (
    '<section class="ms-card"><h2>Add your own</h2><p>CSV or JSONL with <code>id, title, questions, answer, intent, '
    "pictures</code> (several questions separated by <code>|</code>), Markdown files, or a zip of these with their "
    "pictures. Adding to a name that exists replaces what it held.</p></section>"
)
PRIVATE = {"api_visibility": "private"}


# -- evaluation -----------------------------------------------------------------------------


def evaluation_tab(folder: Path) -> None:
    """Every chart of the folder, then the figures of its report.json."""
    report, charts = folder / "report.json", sorted(folder.glob("*.png"))
    if not report.is_file() and not charts:
        gr.HTML(HOW_TO_EVALUATE)
        return
    with gr.Row():
        for chart in charts:
            gr.Image(
                str(chart),
                label=title_of(chart.stem),
                show_label=False,
                interactive=False,
                buttons=["fullscreen"],
                min_width=320,
            )
    if report.is_file():
        gr.HTML(report_tables(json.loads(report.read_text(encoding="utf-8"))))


def report_tables(report: dict, title: str = "Figures") -> str:
    """A table of a report's own figures, one for parts that have the same figures, then one for
    each other part.
    """
    figures = {name: value for name, value in report.items() if is_figure(value)}
    parts = {
        name: value
        for name, value in report.items()
        if isinstance(value, dict) and not is_figure(value)
    }
    own = report_card(
        title,
        "".join(f"<tr>{cells([name, figure(value)])}</tr>" for name, value in figures.items()),
    )
    if parts and all(is_figure(value) for part in parts.values() for value in part.values()):
        return (own if figures else "") + report_card(title, compared(parts))
    return (own if figures else "") + "".join(
        report_tables(value, f"{title}: {name}") for name, value in parts.items()
    )


def is_figure(value: object) -> bool:
    """A number, a text, or a number with the bounds of its interval."""
    return isinstance(value, (int, float, str)) or (
        isinstance(value, dict) and {"value", "low", "high"} == set(value)
    )


def compared(parts: dict[str, dict]) -> str:
    """Parts as rows, their figures as columns."""
    columns = list(dict.fromkeys(name for part in parts.values() for name in part))
    head = f"<thead><tr>{cells(['', *columns], 'col')}</tr></thead>"
    rows = (
        cells([name, *(figure(part[column]) if column in part else "" for column in columns)])
        for name, part in parts.items()
    )
    return head + "".join(f"<tr>{row}</tr>" for row in rows)


def report_card(title: str, rows: str) -> str:
    return (
        f'<section class="ms-card"><h2>{esc(title)}</h2><div class="ms-scroll" tabindex="0" role="region" aria-label="{esc(title)}">'
        f'<table class="ms-table">{rows}</table></div></section>'
    )


def cells(values: list[str], scope: str = "row") -> str:
    """The first as a heading of the row, the others as cells; all as headings of columns."""
    heads = len(values) if scope == "col" else 1
    words = [esc(value.replace("_", " ")) for value in values]
    return "".join(f"<th scope={scope}>{word}</th>" for word in words[:heads]) + "".join(
        f"<td>{word}</td>" for word in words[heads:]
    )


def figure(value: object) -> str:
    """Shares with their interval in percent, other numbers as they are."""
    if isinstance(value, dict):
        return f"{value['value']:.1%} ({value['low']:.0%}–{value['high']:.0%})"
    return f"{value:.4g}" if isinstance(value, float) else str(value)


# -- knowledge ------------------------------------------------------------------------------


class KnowledgeDesk:
    """The knowledge tab's handlers."""

    def __init__(self, service) -> None:
        self.service = service

    def table(self) -> str:
        with plain_errors(esc):
            return knowledge_table(self.service.knowledge.list())

    def browse(self, knowledge: str, query: str) -> str:
        """The entries that fit the query best; the first ones where there is no query."""
        with plain_errors(esc):
            if not (query or "").strip():
                return entry_list(self.service.knowledge.entries(knowledge)[:BROWSED])
            hits = self.service.knowledge.search(UserTurn(query, knowledge=knowledge), limit=10)
            return entry_list([hit.entry for hit in hits], [hit.score for hit in hits])

    def ingest(self, name: str, files: list[str] | None, progress=gr.Progress()) -> str:
        """Adds the uploaded files as a knowledge base and says what became of them."""
        with plain_errors(esc), tempfile.TemporaryDirectory() as folder:
            if name.strip() in PACKS:
                raise InputError(
                    f"{title_of(name.strip())} comes with the project and stays as it is; choose another name."
                )
            path = stage(files or [], Path(folder))
            report = self.service.knowledge.ingest(
                name.strip(),
                path,
                progress=lambda done, total, message: progress((done, total), desc=message),
            )
            return ingest_report(name.strip(), report)

    def choices(self) -> list[tuple[str, str]]:
        """(title, name) for pickers: the packs first, then the users' own."""
        names = [base.name for base in self.service.knowledge.list()]
        ordered = [*(pack for pack in PACKS if pack in names), *sorted(set(names) - set(PACKS))]
        return [(title_of(name), name) for name in ordered]

    def pickers(self, name: str) -> tuple[dict, dict]:
        """Updates of both pickers once `name` was added; the second one then shows it."""
        choices = self.choices()
        return gr.update(choices=choices), gr.update(choices=choices, value=name.strip())


def ingest_report(name: str, report) -> str:
    skipped = f"{len(report.skipped)} skipped" if report.skipped else "nothing skipped"
    return (
        f'<section class="ms-card" role="status"><h2>{esc(title_of(name))}</h2>'
        f"<p>{report.entries} entries added in {report.seconds:.1f} s, {skipped}.</p>"
        f"{skipped_list(report.skipped)}</section>"
    )


def knowledge_tab(desk: KnowledgeDesk, picker: gr.Radio) -> tuple[gr.HTML, gr.Dropdown]:
    """Lists, searches and adds knowledge; what is added appears in the picker. Returns the list and
    its own picker.
    """
    with gr.Row(elem_classes="ms-desk"):
        with gr.Column(scale=3, min_width=320):
            bases = gr.Dropdown([], value=None, label="Knowledge base", elem_id="browse-base")
            query = gr.Textbox(
                label="Find an entry", placeholder="Type to search, or leave empty to browse"
            )
            entries = gr.HTML(elem_id="entries")
        with gr.Column(scale=2, min_width=300):
            table = gr.HTML()
            gr.HTML(HOW_TO_ADD)
            name = gr.Textbox(label="Name of your knowledge", placeholder="for example my-shop")
            files = gr.File(
                label="Files",
                file_count="multiple",
                height=140,
                elem_id="ingest-files",
                file_types=[".csv", ".jsonl", ".md", ".zip", "image"],
            )
            add = gr.Button("Add to knowledge", variant="primary")
            report = gr.HTML(elem_id="ingest-report")
    shown = {"show_progress": "hidden", **PRIVATE}
    gr.on([query.submit, bases.change], desk.browse, [bases, query], entries, **shown)
    added = add.click(
        desk.ingest, [name, files], report, concurrency_limit=1, show_progress_on=report, **PRIVATE
    )
    added.success(desk.table, None, table, **shown).success(
        desk.pickers, name, [picker, bases], **shown
    )
    return table, bases
