"""Passages under a reply, and the words in them that it rests on."""

from __future__ import annotations

import html
import re

import pytest

from demo.markup import with_lists
from demo.passages import marked_lines, origin, passages, rests_on
from mm_support.types import Citation, Entry, Reply
from tests.fake_service import HOSTILE

ANSWER = (
    "E24 means that no water drains. Switch it off first. 1. Open the flap. 2. Clean the filter. "
    "Call us where it comes back."
)


def marks(answer: str, *said: str) -> list[str]:
    drawn = "\n".join(marked_lines(answer, said))
    return [html.unescape(text) for text in re.findall("<mark>(.*?)</mark>", drawn)]


def test_what_was_said_is_marked_and_nothing_else():
    assert marks(ANSWER, "E24 means that no water drains.") == ["E24 means that no water drains."]
    assert marks(ANSWER, "Zebras live in Africa.") == []


def test_reworded_sentences_mark_what_they_kept():
    (kept,) = marks(ANSWER, "First of all, call us where it comes back, please.")
    assert kept == "Call us where it comes back."


def test_words_in_another_language_that_writes_no_blanks():
    said = "退款会在五个工作日内到账"
    assert marks(f"请先申请。{said}。如有问题请联系客服。", said) == [said + "。"]


def test_code_keeps_its_lines_and_is_marked_whatever_brackets_are_in_it():
    code = "first = rows[1]\nif first:\n    print(rows[0], end)"
    answer = f"Read the first row:\n\n```\n{code}\n```\n\nThen close it."
    said = rests_on(f"Read the first row: [1]\n```\n{code}\n```\nWait for it. [2]", 1)
    assert not rests_on(f"```\n{code}\n```\n[2]", 1)
    said += rests_on(f"It is so. [1]\n```\n{code}\n```", 1)
    lines = marked_lines(answer, said)
    drawn = re.sub("</?mark>", "", lines[1])
    assert len(lines) == 3 and "<mark>" in lines[1] and "\n" not in drawn
    assert html.unescape(drawn) == f"<code>{code}</code>" and "<mark>" not in lines[2]


def test_code_in_a_step_is_shown_without_the_blanks_of_the_step():
    answer = "1. Run:\n   ```\n   if a:\n     b\n   ```\n2. Wait."
    said = ["1. Run:\n```\nif a:\n  b\n```"]
    code = marked_lines(answer, said)[1]
    assert code == "<code><mark>if a:</mark>&#10;<mark>  b</mark></code>"
    assert marked_lines("```\n```\nEnd", []) == ["<code></code>", "End"]


def test_steps_have_a_line_of_their_own_also_where_they_are_marked():
    lines = marked_lines(ANSWER, ["1. Open the flap. 2. Clean the filter."])
    assert [html.unescape(line) for line in lines[1:]] == [
        "<mark>1. Open the flap.</mark>",
        "<mark>2. Clean the filter.</mark> Call us where it comes back.",
    ]


def test_a_citation_speaks_for_what_stands_before_it():
    text = "No water drains. [1] It costs 9. [2] [3]\n1. Open it. [1]\n2. Clean it."
    assert [part.strip() for part in rests_on(text, 1)] == [
        "No water drains.",
        "1. Open it.",
        "2. Clean it.",
    ]
    assert [part.strip() for part in rests_on(text, 3)] == ["It costs 9."]
    assert rests_on(text, 4) == []


def test_only_cited_sources_are_shown_whole_with_their_place():
    entry = Entry(
        "e", "A title", ANSWER, section="Faults > E24", page=7, url="https://x.example/a?b=1&c=2"
    )
    other = Entry("o", "Another", "Something else.")
    reply = Reply("E24 means that no water drains. [2]", "answer", (Citation(2, "e", "", "", ""),))
    drawn = passages(reply, [other, entry], 4, "en")
    assert 'id="passage-4-2"' in drawn and "Another" not in drawn
    assert "Call us where it comes back." in html.unescape(re.sub("<.*?>", "", drawn))
    assert "page 7" in drawn and "Faults" in drawn and 'rel="noopener noreferrer"' in drawn
    assert "第 7 页" in origin(entry, "zh")
    assert passages(Reply("x", "refuse"), [entry], 1, "en") == ""


@pytest.mark.parametrize("url", ["javascript:alert(1)", "data:text/html,x", "", "ftp://x"])
def test_only_web_addresses_become_links(url):
    assert "href" not in origin(Entry("e", "t", "a", url=url), "en")


def test_hostile_passages_show_as_text_on_one_line():
    entry = Entry(
        "e", f"T {HOSTILE}\n\n# x", f"A {HOSTILE}\n\n<b>x</b>", section="<i>", url='https://x"><b>'
    )
    reply = Reply("A [1]", "answer", (Citation(1, "e", "", "", ""),))
    drawn = passages(reply, [entry], 1, "en")
    tags = set(re.findall(r"<(\w+)", drawn))
    assert tags <= {"div", "details", "summary", "b", "p", "mark", "a"} and "\n" not in drawn
    assert "onerror=" not in re.sub(r">[^<]*<", "><", drawn)


def test_steps_and_points_become_lists_and_all_else_stays_literal():
    shown = with_lists("Do this:\n1. Open *it*.\n2. Close it.\nThen wait.\n- a\n- b\n# no heading")
    assert "\n\n1. Open &#42;it&#42;.\n2. Close it.\n\nThen wait.\n\n- a\n- b\n\n&#35;" in shown
    nested = with_lists("2. Out.\n   1. If fixed:\n     - wait\n   2. Lift.\n3. On.\n   Then go.")
    assert "2. Out.\n    1. If fixed:\n        - wait\n    2. Lift.\n3. On.\n\nThen" in nested
    heading = with_lists("4. Cars:\n4.1 Drivers pay.\n4.2 Dogs do not.")
    assert "\n\n" not in heading and not heading.startswith("4.")  # no list of one item
    assert with_lists("1. Choose:\n- a").startswith("1. Choose:")
    assert with_lists("3.5 kg") == "3.5 kg" and with_lists("2026-11-26") == "2026-11-26"
