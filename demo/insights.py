"""Figures at the desk: how customers are helped, what finds no answer, what was done. For those who
may see them, which is checked with every call.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import urlencode

import gradio as gr

from demo.convert import QUIET, plain_errors, said_problem
from demo.panels import esc, said_title
from demo.service import Service
from demo.tables import table_card
from demo.words import label, language_name, said, said_or
from mm_support.desk.accounts import Area
from mm_support.desk.conversations import OUTCOMES

MOST_ENTRIES = 20  # of a table on the page
PERIODS = [("1 d", 1), ("7 d", 7), ("30 d", 30), ("90 d", 90)]
COLUMNS = {
    "conversations": "Conversations",
    "answered": "Answered",
    "handed_over": "Handed over",
    "reopened": "Reopened",
    "confirmed": "Resolved",
    "assumed": "Assumed",
    "thumbs_up": "Up",
    "thumbs_down": "Down",
    "spoken": "Spoken",
    "photos": "Photos",
    "rated": "Rated",
    "satisfied": "Rated 4 or 5",
}
# the text of a table becomes a file in the browser, so that none lies on the server
SAVE = """(text) => {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: "text/csv" }));
  link.download = "figures.csv";
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}"""


class InsightsPage:
    """check: raises InputError for who may not enter an area."""

    def __init__(self, service: Service, check: Callable[[str, Area], object]) -> None:
        self.service, self.check = service, check

    def show(self, key: str, days: int) -> str:
        with plain_errors(said_problem):
            self.check(key, "figures")
            self.check(key, "audit")
            insights = self.service.insights
            figures = insights.figures(days)
            return "".join(
                (
                    figures_card(figures, insights.first_answer(days)),
                    outcomes_card(figures),
                    satisfaction_card(insights.satisfaction(days), insights.scored(days)),
                    gaps_card(insights.gaps(days)),
                    disliked_card(insights.disliked(days)),
                    *entries_cards(insights.entries(days)),
                    audit_card(self.service.audited()),
                )
            )

    def figures_csv(self, key: str, days: int) -> str:
        return self.csv("figures", key, days)

    def gaps_csv(self, key: str, days: int) -> str:
        return self.csv("gaps", key, days)

    def entries_csv(self, key: str, days: int) -> str:
        return self.csv("entries", key, days)

    def scores_csv(self, key: str, days: int) -> str:
        return self.csv("scores", key, days)

    def csv(self, what: str, key: str, days: int) -> str:
        with plain_errors(said_problem):
            self.check(key, "figures")
            return self.service.insights.csv(what, days)


def figures_card(figures: Sequence[Any], first_answer: float | None) -> str:
    """A row a day, base and language, and their sum above."""
    sums = [str(sum(getattr(row, name) for row in figures)) for name in COLUMNS]
    rows = [[said("figure_all"), *sums], *map(figures_row, figures)] if figures else []
    heads = ["", *map(said_or, COLUMNS.values())]
    waited = said("figure_waited", minutes=f"{(first_answer or 0) / 60:.0f}")
    below = "" if first_answer is None else f"<p>{waited}</p>"
    return below + table_card("Figures", heads, rows, ())


def figures_row(row: Any) -> list[str]:
    language = [esc(language_name(row.language))] if row.language else []
    name = [f"{row.day:%Y-%m-%d}", said_title(row.knowledge), *language]
    return [" · ".join(name), *(str(getattr(row, column)) for column in COLUMNS)]


def outcomes_card(figures: Sequence[Any]) -> str:
    """With which outcomes conversations were closed; more in the table of figures (CSV)."""
    closed = sum(row.closed for row in figures)
    if not closed:
        return ""
    counts = {each: sum(getattr(row, each) for row in figures) for each in OUTCOMES}
    counts["not said"] = closed - sum(counts.values())  # from before outcomes were asked for
    rows = [
        [said_or(each), str(count), f"{count / closed:.0%}"]
        for each, count in counts.items()
        if count
    ]
    heads = list(map(said_or, ("Outcome", "Conversations", "Share")))
    return table_card("How conversations ended", heads, rows, ())


def satisfaction_card(satisfaction: tuple[int, int], scored: Sequence[Any]) -> str:
    """satisfaction: how many were satisfied, of how many who rated."""
    satisfied, rated = satisfaction
    if not rated:
        return ""
    share = f"{satisfied / rated:.0%}"
    rows = [
        [
            str(each.score),
            esc(each.comment),
            esc(each.agent),
            said_or(each.outcome or "not said"),
            f"{each.created:%m-%d}",
        ]
        for each in scored
    ]
    told = said("figure_satisfied", share=share, satisfied=satisfied, rated=rated)
    heads = list(map(said_or, ("Score", "Said", "Who", "Outcome", "Day")))
    return f"<p>{told}</p>" + table_card("Rated at the end", heads, rows)


def gaps_card(gaps: Sequence[Any]) -> str:
    rows = [
        [
            f"{esc(' / '.join(gap.examples))}{write_link(gap)}",
            str(gap.count),
            said_title(gap.knowledge),
            esc(f"{gap.nearest} ({gap.score:.0%})" if gap.nearest else "–"),
        ]
        for gap in gaps
    ]
    heads = list(map(said_or, ("Asked", "Times", "Knowledge", "Nearest entry")))
    return table_card("Questions without an answer", heads, rows)


def write_link(gap: Any) -> str:
    """Opens the editor with a new entry that holds the questions, see READ_DRAFT. They stand behind
    #, which reaches no server's log.
    """
    draft = urlencode({"knowledge": gap.knowledge, "write": "\n".join(gap.examples)})
    address = f"workshop#{esc(draft)}"
    return f'<a class="ms-write" href="{address}" target="_blank">{said("figure_write")}</a>'


def disliked_card(disliked: Sequence[Any]) -> str:
    rows = [
        [*map(esc, (each.question, each.reply, each.comment)), f"{each.created:%m-%d}"]
        for each in disliked
    ]
    heads = list(map(said_or, ("Asked", "Replied", "What was wrong", "Day")))
    return table_card("Rated down", heads, rows)


def entries_cards(entries: Sequence[Any]) -> tuple[str, str]:
    """The entries after which people were called most, and those that no reply cited; all of them
    are in the table of entries (CSV).
    """
    led = sorted((each for each in entries if each.handed_over), key=lambda each: -each.handed_over)
    rows = [
        [esc(each.title), said_title(each.knowledge), str(each.cited), str(each.handed_over)]
        for each in led[:MOST_ENTRIES]
    ]
    heads = list(map(said_or, ("Entry", "Knowledge", "Cited", "Handed over")))
    unused = [each for each in entries if not each.cited]
    never = [[esc(each.title), said_title(each.knowledge)] for each in unused[:MOST_ENTRIES]]
    if more := len(unused) - len(never):
        never.append([f"+ {more}", ""])
    called = table_card("Entries before a hand-over", heads, rows)
    return called, table_card("Entries never used", heads[:2], never)


def audit_card(audited: Sequence[Any]) -> str:
    rows = [
        [
            f"{row.created:%m-%d %H:%M}",
            esc(row.who) if row.who != "nobody" else said("did_nobody"),
            said_or(row.what),
            said_or(row.subject) if row.subject == "unknown name" else esc(row.subject),
            said_or(row.detail),
        ]
        for row in audited
    ]
    heads = [*map(said_or, ("When (UTC)", "Who", "Did", "With")), ""]
    return table_card("What was done", heads, rows)


def insights_part(page: InsightsPage, key: gr.BrowserState) -> None:
    """Lays out the figures below the desk, and connects them; they are read when asked for."""
    with gr.Accordion(label("figure_figures"), open=False, elem_id="figures"):
        with gr.Row():
            days: Any = gr.Radio(
                PERIODS, value=7, show_label=False, container=False, elem_id="days", min_width=340
            )
            look = gr.Button(
                label("figure_show"), size="sm", variant="primary", elem_id="show-figures"
            )
            tables = (
                (gr.Button(label("figure_csv"), size="sm"), page.figures_csv),
                (gr.Button(label("figure_gaps_csv"), size="sm"), page.gaps_csv),
                (gr.Button(label("figure_scores_csv"), size="sm"), page.scores_csv),
                (gr.Button(label("figure_entries_csv"), size="sm"), page.entries_csv),
            )
        shown = gr.HTML(padding=False, elem_id="insights")
        text = gr.Textbox(visible=False)
    look.click(page.show, [key, days], shown, **QUIET)
    for button, table in tables:
        written = button.click(table, [key, days], text, **QUIET)
        written.success(None, text, None, js=SAVE)
