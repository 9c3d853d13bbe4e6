"""The workshop's tabs: what the assistant knows, and how well it works."""

from __future__ import annotations

import json
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr

from demo.charts import bars, curve, figure_card, inputs
from demo.convert import PRIVATE, QUIET, plain_errors
from demo.door import Door
from demo.editor import PICK, Editor, EditorParts, connect_editor, editor_part
from demo.examples import bases as bases_of_examples
from demo.panels import entry_list, esc, knowledge_table, remarks_table, said_title, title_of
from demo.service import Service
from demo.sureness import sureness_card
from demo.uploads import stage
from demo.words import label, said, said_or
from mm_support.errors import InputError
from mm_support.knowledge.actions import each_once
from mm_support.types import IngestReport, KnowledgeBase, UserTurn, grouped

BROWSED = 50  # entries shown at once
HOW_TO_EVALUATE = """\
<section class="ms-card"><h2>No evaluation yet</h2>
<p>Run <code>python -m mm_support evaluate fusion --grocery FOLDER</code> with the folder of
GroceryStoreDataset; its figures and charts appear here the next time the page starts.</p></section>
"""
HOW_TO_ADD = f"""\
<section class="ms-card"><h2>{said("add_own")}</h2><p>{said("how_to_add")}</p></section>
"""
HOW_TO_OPEN = f"""\
<section class="ms-card"><h2>{said("add_own")}</h2><p>{said("how_to_open")}
<code>MM_SUPPORT_OPEN_KNOWLEDGE=1</code>,
<code>python -m mm_support ingest NAME PATH</code></p></section>
"""
PROGRESS = gr.Progress()
OPEN = Door(visitors=frozenset({"workshop", "add"}))  # to everybody


# -- evaluation -----------------------------------------------------------------------------


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
    rows = (f"<tr>{cells([name, figure(value)])}</tr>" for name, value in figures.items())
    own = report_card(title, "".join(rows)) if figures else ""
    if parts and all(is_figure(value) for part in parts.values() for value in part.values()):
        return own + report_card(title, compared(parts))
    others = (report_tables(value, f"{title}: {name}") for name, value in parts.items())
    return own + "".join(others)


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
    name, heading = esc(title), ": ".join(said_or(part) for part in title.split(": "))
    return (
        f'<section class="ms-card"><h2>{heading}</h2>'
        f'<div class="ms-scroll" tabindex="0" role="region" aria-label="{name}">'
        f'<table class="ms-table">{rows}</table></div></section>'
    )


def cells(values: list[str], scope: str = "row") -> str:
    """The first as a heading of the row, the others as cells; all as headings of columns."""
    heads = len(values) if scope == "col" else 1
    words = [named(value.replace("_", " ")) for value in values]
    headings = [f"<th scope={scope}>{word}</th>" if word else "<td></td>" for word in words[:heads]]
    return "".join(headings + [f"<td>{word}</td>" for word in words[heads:]])


def named(words: str) -> str:
    """What a row or a column is called: "education: text + photo"."""
    base, colon, rest = words.rpartition(": ")
    return (said_title(base) + colon if base else "") + inputs(rest)


def figure(value: object) -> str:
    """Shares with their interval in percent, other numbers as they are."""
    if isinstance(value, dict):
        return f"{value['value']:.1%} ({value['low']:.0%}–{value['high']:.0%})"
    return f"{value:.4g}" if isinstance(value, float) else str(value)


# -- knowledge ------------------------------------------------------------------------------


class KnowledgeDesk:
    """The knowledge tab's handlers. door: who may use them."""

    def __init__(self, service: Service, door: Door = OPEN) -> None:
        self.service, self.door = service, door

    def table(self, key: str = "") -> str:
        with plain_errors(esc):
            self.door.check(key, "workshop")
            return knowledge_table(self.bases())

    def browse(self, knowledge: str, query: str, key: str = "") -> str:
        """The entries that fit the query best; the first ones where there is no query."""
        with plain_errors(esc):
            self.door.check(key, "workshop")
            edits = self.door.may(key, "edit")
            if not (query or "").strip():
                entries = each_once(self.service.knowledge.entries(knowledge))
                return entry_list(entries[:BROWSED], editable=edits)
            hits = self.service.search(UserTurn(query, knowledge=knowledge), limit=10)
            scores = [hit.score for hit in hits]
            return entry_list([hit.entry for hit in hits], scores, edits)

    def sureness(self, knowledge: str, key: str = "") -> str:
        """How sure the answers of the picked base are."""
        with plain_errors(esc):
            self.door.check(key, "workshop")
            return sureness_card(self.service.knowledge.sureness(knowledge)) if knowledge else ""

    def ingest(
        self, name: str, files: list[str] | None, key: str = "", progress: gr.Progress = PROGRESS
    ) -> str:
        """Adds the uploaded files as a knowledge base and says what became of them."""
        name = name.strip()
        with plain_errors(esc), tempfile.TemporaryDirectory() as folder:
            person = self.door.check(key, "add")
            self.check_own(name)
            path = stage(files or [], Path(folder))

            def show(done: int, total: int, message: str) -> None:
                progress((done, total), desc=message)

            report = self.service.knowledge.ingest(name, path, show)
            self.service.note(self.door.named(person), "ingest", name, f"{report.entries} entries")
            return ingest_report(name, report)

    def check_own(self, name: str) -> None:
        """Raises InputError for the name of a base that comes with the project."""
        if any(base.name == name and not base.own for base in self.service.knowledge.list()):
            raise InputError(
                f"{title_of(name)} comes with the project and stays as it is; choose another name."
            )

    def bases(self) -> list[KnowledgeBase]:
        """All bases: those that come with the project first, the others by name."""
        return sorted(self.service.knowledge.list(), key=place_of)

    def choices(self) -> list[tuple[str, str]]:
        """(title, name) of all bases, for pickers."""
        return [(title_of(base.name), base.name) for base in self.bases()]

    def pickers(self, name: str, key: str = "") -> tuple[dict, dict]:
        """Updates of both pickers once `name` was added; the second one then shows it."""
        with plain_errors(esc):
            self.door.check(key, "workshop")
        choices = self.choices()
        return gr.update(choices=choices), gr.update(choices=choices, value=name.strip())


def place_of(base: KnowledgeBase) -> tuple[bool, int, str]:
    """Sorts bases so that those which the page shows from the beginning stay where they are."""
    first = bases_of_examples()
    place = first.index(base.name) if base.name in first else len(first)
    return base.own, place, base.name


def ingest_report(name: str, report: IngestReport) -> str:
    """What was added, how columns were understood, what was left out, and what looks odd."""
    entries = f"{report.entries} {'entry' if report.entries == 1 else 'entries'}"
    left_out = f"{len(report.skipped)} left out" if report.skipped else "nothing left out"
    mapping = "".join(f"<p>{esc(line)}</p>" for line in report.mapping)
    return (
        f'<section class="ms-card" role="status"><h2>{esc(title_of(name))}</h2>'
        f"<p>{entries} added in {report.seconds:.1f} s, {left_out}.</p>{mapping}"
        f"{remarks_table('Left out, because', grouped(report.skipped))}"
        f"{remarks_table('Looks odd', grouped(report.warnings))}</section>"
    )


@dataclass(frozen=True, eq=False)
class KnowledgeTab:
    """The parts of the tab. adds, reads: for those who may add files, and for the others; editing:
    where entries are changed, for those who may.
    """

    bases: gr.Dropdown
    query: gr.Textbox
    entries: gr.HTML
    sureness: gr.HTML
    table: gr.HTML
    adds: gr.Column
    reads: gr.HTML
    form: UploadForm
    editing: EditorParts

    def guarded(self) -> list:
        """The parts that not everybody sees, for `shown`."""
        return [self.adds, self.reads, self.editing.column, self.entries]

    def shown(self, door: Door, key: str) -> dict:
        adds, edits = door.may(key, "add"), door.may(key, "edit")
        return {
            self.adds: gr.Column(visible=adds),
            self.reads: gr.HTML(visible=not adds),
            self.editing.column: gr.Column(visible=edits),
            self.entries: "",
        }

    def connect(self, desk: KnowledgeDesk, picker: gr.Radio, key: gr.BrowserState) -> None:
        """picker: the conversation's, in which a base that was added appears too."""
        asked, form = [self.bases, self.query, key], self.form
        browsed = [self.query.submit, self.bases.change]
        gr.on(browsed, desk.browse, asked, self.entries, **QUIET)
        self.bases.change(desk.sureness, [self.bases, key], self.sureness, **QUIET)
        cleared = form.add.click(None, None, form.report, js="() => ''")
        added = cleared.then(
            desk.ingest,
            [form.name, form.files, key],
            form.report,
            concurrency_limit=1,
            show_progress_on=form.report,
            **PRIVATE,
        )
        listed = added.success(desk.table, key, self.table, **QUIET)
        listed.success(desk.pickers, [form.name, key], [picker, self.bases], **QUIET)
        editor = Editor(desk.service, desk.door, self.editing)
        for changed in connect_editor(editor, self.entries, self.bases, key):
            changed.success(desk.browse, asked, self.entries, **QUIET)


@dataclass(frozen=True, eq=False)
class UploadForm:
    name: gr.Textbox
    files: gr.File
    add: gr.Button
    report: gr.HTML


def knowledge_tab(desk: KnowledgeDesk) -> KnowledgeTab:
    """Lists and searches knowledge, and takes more from those who may add it."""
    adds = "add" in desk.door.visitors
    with gr.Row(elem_classes="ms-desk"):
        with gr.Column(scale=3, min_width=320):
            bases = gr.Dropdown(
                [], value=None, label=label("knowledge_base"), elem_id="browse-base"
            )
            query = gr.Textbox(
                label=label("find_entry"),
                placeholder=label("find_entry_how"),  # type: ignore[arg-type]
            )
            entries = gr.HTML(elem_id="entries", js_on_load=PICK)
        with gr.Column(scale=2, min_width=300):
            editing = editor_part()
            sureness, table = gr.HTML(elem_id="sureness"), gr.HTML()
            with gr.Column(visible=adds) as column:
                form = upload_form()
            reads = gr.HTML(HOW_TO_OPEN, visible=not adds)
    return KnowledgeTab(bases, query, entries, sureness, table, column, reads, form, editing)


def upload_form() -> UploadForm:
    """Where knowledge is added."""
    gr.HTML(HOW_TO_ADD)
    name = gr.Textbox(label=label("knowledge_name"), placeholder=label("knowledge_name_example"))
    files = gr.File(
        label=label("files"),
        file_count="multiple",
        height=140,
        elem_id="ingest-files",
    )
    add = gr.Button(label("add_knowledge"), variant="primary")
    return UploadForm(name, files, add, gr.HTML(elem_id="ingest-report"))
