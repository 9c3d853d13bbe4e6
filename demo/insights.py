"""Figures at the desk: how customers are helped, what finds no answer, what was done. For those who
may see them, which is checked with every call.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import gradio as gr

from demo.convert import QUIET, plain_errors, said_problem
from demo.panels import esc, said_title
from demo.report import report_card
from demo.service import Service
from demo.words import label, said, said_or, tables, word
from mm_support.desk.accounts import Area

PERIODS = [("1 d", 1), ("7 d", 7), ("30 d", 30), ("90 d", 90)]
NOTHING = f"<tr><td class=ms-words>{said('figure_nothing')}</td></tr>"
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
                    satisfaction_card(insights.satisfaction(days), insights.scored(days)),
                    gaps_card(insights.gaps(days)),
                    disliked_card(insights.disliked(days)),
                    audit_card(self.service.audited()),
                )
            )

    def figures_csv(self, key: str, days: int) -> str:
        return self.csv("figures", key, days)

    def gaps_csv(self, key: str, days: int) -> str:
        return self.csv("gaps", key, days)

    def scores_csv(self, key: str, days: int) -> str:
        return self.csv("scores", key, days)

    def csv(self, what: str, key: str, days: int) -> str:
        with plain_errors(said_problem):
            self.check(key, "figures")
            return self.service.insights.csv(what, days)


def figures_card(rows: Sequence[Any], first_answer: float | None) -> str:
    """A row a day, base and language, and their sum above."""
    if not rows:
        return report_card("Figures", NOTHING)
    total = {name: sum(getattr(row, name) for row in rows) for name in COLUMNS}
    sums = "".join(f"<td>{count}</td>" for count in total.values())
    lines = [f"<tr><th scope=row>{said('figure_all')}</th>{sums}</tr>"]
    for row in rows:
        language = word("language_name", row.language) if row.language in tables() else row.language
        name = [f"{row.day:%Y-%m-%d}", said_title(row.knowledge), *filter(None, [esc(language)])]
        counts = (str(getattr(row, column)) for column in COLUMNS)
        lines.append(table_row([" · ".join(name), *counts]))
    waited = said("figure_waited", minutes=f"{(first_answer or 0) / 60:.0f}")
    below = "" if first_answer is None else f"<p>{waited}</p>"
    return below + report_card("Figures", table_head(["", *COLUMNS.values()]) + "".join(lines))


def satisfaction_card(satisfaction: tuple[int, int], scored: Sequence[Any]) -> str:
    """satisfaction: how many were satisfied, of how many who rated."""
    satisfied, rated = satisfaction
    if not rated:
        return ""
    share = f"{satisfied / rated:.0%}"
    lines = [
        table_row(
            [str(each.score), *map(esc, (each.comment, each.agent)), f"{each.created:%m-%d}"],
            words=True,
        )
        for each in scored
    ]
    head = table_head(["Score", "Said", "Who", "Day"], words=True)
    told = said("figure_satisfied", share=share, satisfied=satisfied, rated=rated)
    return f"<p>{told}</p>" + report_card("Rated at the end", head + "".join(lines))


def gaps_card(gaps: Sequence[Any]) -> str:
    lines = [
        table_row(
            [
                esc(" / ".join(gap.examples)),
                str(gap.count),
                said_title(gap.knowledge),
                esc(f"{gap.nearest} ({gap.score:.0%})" if gap.nearest else "–"),
            ],
            words=True,
        )
        for gap in gaps
    ]
    head = table_head(["Asked", "Times", "Knowledge", "Nearest entry"], words=True)
    return report_card("Questions without an answer", head + "".join(lines) if lines else NOTHING)


def disliked_card(disliked: Sequence[Any]) -> str:
    lines = [
        table_row(
            [*map(esc, (each.question, each.reply, each.comment)), f"{each.created:%m-%d}"],
            words=True,
        )
        for each in disliked
    ]
    head = table_head(["Asked", "Replied", "What was wrong", "Day"], words=True)
    return report_card("Rated down", head + "".join(lines) if lines else NOTHING)


def audit_card(rows: Sequence[Any]) -> str:
    lines = [
        table_row(
            [
                f"{row.created:%m-%d %H:%M}",
                esc(row.who),
                said_or(row.what),
                esc(row.subject),
                said_or(row.detail),
            ],
            words=True,
        )
        for row in rows
    ]
    head = table_head(["When (UTC)", "Who", "Did", "With", ""], words=True)
    return report_card("What was done", head + "".join(lines) if lines else NOTHING)


def table_head(names: Sequence[str], words: bool = False) -> str:
    """words: the columns are set as words."""
    kind = " class=ms-words" if words else ""
    heads = "".join(f"<th scope=col{kind}>{said_or(name)}</th>" for name in names)
    return f"<thead><tr>{heads}</tr></thead>"


def table_row(values: Sequence[str], words: bool = False) -> str:
    """The first value, all are HTML, names the row; words: all of them are set as words."""
    kind = " class=ms-words" if words else ""
    first, *others = values
    return f"<tr><th scope=row>{first}</th>{''.join(f'<td{kind}>{v}</td>' for v in others)}</tr>"


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
            )
        shown = gr.HTML(padding=False, elem_id="insights")
        text = gr.Textbox(visible=False)
    look.click(page.show, [key, days], shown, **QUIET)
    for button, table in tables:
        written = button.click(table, [key, days], text, **QUIET)
        written.success(None, text, None, js=SAVE)
