"""The workshop's tab of what the assistant knows: reading, searching, adding."""

from __future__ import annotations

import re
import tempfile
from dataclasses import dataclass
from pathlib import Path

import gradio as gr

from demo.convert import PRIVATE, QUIET, WordedError, plain_errors, said_problem
from demo.door import PAGE_NAME, Door
from demo.editor import GO_THERE, PICK, Editor, EditorParts, connect_editor, editor_part
from demo.examples import bases as bases_of_examples
from demo.panels import entry_list, esc, knowledge_table, remarks_table, said_title, title_of
from demo.service import Service
from demo.sureness import sureness_card
from demo.uploads import stage
from demo.words import DEFAULT, label, said, word
from mm_support.knowledge.actions import each_once
from mm_support.types import IngestReport, KnowledgeBase, UserTurn, grouped

BROWSED = 50  # entries shown at once
HOW_TO_ADD = f"""\
<section class="ms-card"><h2>{said("add_own")}</h2><p>{said("how_to_add")}</p></section>
"""
HOW_TO_OPEN = f"""\
<section class="ms-card"><h2>{said("add_own")}</h2><p>{said("how_to_open")}
<code>MM_SUPPORT_OPEN_KNOWLEDGE=1</code>,
<code>python -m mm_support ingest NAME PATH</code></p></section>
"""
# the last input is the page's language
SPOKEN = "(...given) => [...given.slice(0, -1), window.msWhere().language]"
# what is under way stands below the button, where a window may end
SHOW = "document.querySelector('#ingest-report').scrollIntoView({ block: 'center' })"
CLEAR = f"() => {{ {SHOW}; return ''; }}"
PROGRESS = gr.Progress()
OPEN = Door(visitors=frozenset({"workshop", "add"}))  # to everybody


class KnowledgeDesk:
    """The knowledge tab's handlers. door: who may use them. own: the base of the brand, if any."""

    def __init__(self, service: Service, door: Door = OPEN, own: str = "") -> None:
        self.service, self.door, self.own = service, door, own

    def table(self, key: str = "") -> str:
        with plain_errors(said_problem):
            self.door.check(key, "workshop")
            return knowledge_table(self.bases())

    def browse(self, knowledge: str, query: str, key: str = "") -> str:
        """The entries that fit the query best; the first ones where there is no query."""
        with plain_errors(said_problem):
            self.door.check(key, "workshop")
            edits = self.door.may(key, "edit")
            if not (query or "").strip():
                entries = each_once(self.service.knowledge.entries(knowledge))
                listed = entry_list(entries[:BROWSED], editable=edits)
                return listed + left_out(len(entries))
            hits = self.service.search(UserTurn(query, knowledge=knowledge), limit=10)
            scores = [hit.score for hit in hits]
            return entry_list([hit.entry for hit in hits], scores, edits)

    def sureness(self, knowledge: str, key: str = "") -> str:
        """How sure the answers of the picked base are."""
        with plain_errors(said_problem):
            self.door.check(key, "workshop")
            return sureness_card(self.service.knowledge.sureness(knowledge)) if knowledge else ""

    def add(
        self,
        pressed: str,
        name: str,
        files: list[str] | None,
        key: str = "",
        language: str = DEFAULT,
        progress: gr.Progress = PROGRESS,
    ) -> tuple[dict, str]:
        """`ingest`, with what the button is to say next; asks once more before a base is replaced.
        pressed: what the button said.
        """
        if pressed == word("really_replace", language):
            return gr.update(value=word("add_knowledge", language)), self.ingest(
                name, files, key, progress
            )
        with plain_errors(said_problem):
            self.door.check(key, "add")
            self.check_replaced(base_name(name), key)
        there = {base.name: base for base in self.service.knowledge.list()}
        if not files or base_name(name) not in there:
            return gr.skip(), self.ingest(name, files, key, progress)
        return gr.update(value=word("really_replace", language)), asks_replace(
            there[base_name(name)]
        )

    def ingest(
        self, name: str, files: list[str] | None, key: str = "", progress: gr.Progress = PROGRESS
    ) -> str:
        """Adds the uploaded files as a knowledge base and says what became of them."""
        name = base_name(name)
        with plain_errors(said_problem), tempfile.TemporaryDirectory() as folder:
            person = self.door.check(key, "add")
            self.check_replaced(name, key)
            path = stage(files or [], Path(folder))

            def show(done: int, total: int, message: str) -> None:
                progress((done, total), desc=message)

            report = self.service.knowledge.ingest(name, path, show)
            self.service.note(self.door.named(person), "ingest", name, f"{report.entries} entries")
            return ingest_report(name, report)

    def check_replaced(self, name: str, key: str) -> None:
        """Raises InputError for the name of a base that comes with the project and, where visitors
        add, of one that is not theirs.
        """
        for base in self.service.knowledge.list():
            if base.name == name and not base.own:
                raise WordedError("base_stays", name=title_of(name))
            if base.name == name and not (self.door.may(key, "edit") or self.by_visitors(name)):
                raise WordedError("base_not_visitors", name=title_of(name))

    def by_visitors(self, name: str) -> bool:
        """Whether the last that was done with a base is that a visitor added it."""
        latest = self.service.audited(1, name)
        return bool(latest) and (latest[0].who, latest[0].what) == (PAGE_NAME, "ingest")

    def bases(self) -> list[KnowledgeBase]:
        """All bases: the brand's, those that come with the project, then the others by name."""
        return sorted(self.service.knowledge.list(), key=self.place_of)

    def place_of(self, base: KnowledgeBase) -> tuple[bool, bool, int, str]:
        """Sorts bases so that those which the page shows from the beginning stay where they are."""
        first = bases_of_examples()
        place = first.index(base.name) if base.name in first else len(first)
        return base.name != self.own, base.own, place, base.name

    def choices(self, language: str = DEFAULT) -> list[tuple[str, str]]:
        """(title, name) of all bases, for pickers."""
        return [(title_of(base.name, language), base.name) for base in self.bases()]

    def pickers(
        self, name: str, key: str = "", button: str = "", language: str = DEFAULT
    ) -> tuple[dict, dict]:
        """Updates of both pickers once `name` was added; the second one then shows it. button: what
        the button says, which asks first where nothing was added yet.
        """
        if button == word("really_replace", language):
            return gr.skip(), gr.skip()
        with plain_errors(said_problem):
            self.door.check(key, "workshop")
        choices = self.choices(language)
        return gr.update(choices=choices), gr.update(choices=choices, value=base_name(name))


def left_out(count: int) -> str:
    """That not all of so many entries are listed, and how the others are found."""
    told = said("more_entries", shown=BROWSED, count=count)
    return f'<p class="ms-muted" role="status">{told}</p>' if count > BROWSED else ""


def base_name(words: str) -> str:
    """The name of a base that is called so ("My Shop!" -> "my-shop"); words without letters that a
    name may have stay, to be refused.
    """
    return re.sub(r"[^a-z0-9_]+", "-", words.lower()).strip("-_") or words.strip()


def asks_replace(base: KnowledgeBase) -> str:
    """Asks whether a base is to be replaced."""
    question = said("asks_replace", name=title_of(base.name), entries=base.entries)
    return f'<section class="ms-card" role="status"><p>{question}</p></section>'


def ingest_report(name: str, report: IngestReport) -> str:
    """What was added, how columns were understood, what was left out, and what looks odd."""
    counts = {"entries": report.entries, "documents": report.documents}
    counts |= {"pictures": report.pictures, "left_out": len(report.skipped)}
    added = said("ingest_added", **counts, seconds=f"{report.seconds:.1f}")
    mapping = "".join(f"<p>{esc(line)}</p>" for line in report.mapping)
    return (
        f'<section class="ms-card" role="status"><h2>{said_title(name)}</h2>'
        f"<p>{added}</p>{mapping}"
        f"{remarks_table('ingest_because', grouped(report.skipped))}"
        f"{remarks_table('ingest_odd', grouped(report.warnings))}</section>"
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
        self.query.submit(desk.browse, asked, self.entries, **QUIET)
        browsed = self.bases.change(desk.browse, asked, self.entries, **QUIET)
        browsed.success(None, None, None, js=GO_THERE)  # the list stands above it on a phone
        self.bases.change(desk.sureness, [self.bases, key], self.sureness, **QUIET)
        spoken = gr.Textbox(visible=False)
        anew = "() => [window.msWord('add_knowledge'), '']"  # what was asked was of another name
        form.name.change(None, None, [form.add, form.report], js=anew)
        cleared = form.add.click(None, None, form.report, js=CLEAR)
        added = cleared.then(
            desk.add,
            [form.add, form.name, form.files, key, spoken],
            [form.add, form.report],
            js=SPOKEN,
            concurrency_limit=1,
            show_progress_on=form.report,
            **PRIVATE,
        )
        added.success(None, None, None, js=f"() => setTimeout(() => {SHOW}, 100)")
        listed = added.success(desk.table, key, self.table, **QUIET)
        named = [form.name, key, form.add, spoken]
        listed.success(desk.pickers, named, [picker, self.bases], js=SPOKEN, **QUIET)
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
