"""Several questions in one message are answered one by one, and what nothing answers is said."""

import pytest
from test_service import ask, folder, make  # noqa: F401  (fixtures)

from mm_support.language.messages import message
from mm_support.several import questions_in


def test_two_questions_are_answered_each_from_its_own_entry(make):  # noqa: F811
    reply = ask(make(), "Is my refund late? Is the warranty broken?")
    assert reply.action == "answer"
    assert [c.entry_id for c in reply.citations] == ["refund", "warranty"]
    assert "5 days" in reply.text and "two years. [2]" in reply.text
    assert reply.text.index("5 days") < reply.text.index("two years")


def test_a_question_that_nothing_answers_is_said_beside_one_that_is_answered(make):  # noqa: F811
    reply = ask(make(), "Is my refund late? Do giraffes eat purple bananas?")
    assert reply.action == "answer" and "5 days" in reply.text
    assert reply.text.endswith(message("not_said"))


@pytest.mark.parametrize("words", ["refund late", "Is my refund late? When is the refund there?"])
def test_one_matter_stays_one_question(make, words):  # noqa: F811
    reply = ask(make(), words)
    assert message("not_said") not in reply.text
    assert [c.entry_id for c in reply.citations] in (["refund"], [])


@pytest.mark.parametrize(
    "words, questions",
    [
        (
            "What colours does the lamp have? How long is the warranty?",
            ["What colours does the lamp have?", "How long is the warranty?"],
        ),
        (
            "My lamp broke today. What should I do? How long is the warranty? Thanks",
            ["My lamp broke today. What should I do?", "How long is the warranty? Thanks"],
        ),
        ("你们送货到加拿大吗？运费是多少钱？", ["你们送货到加拿大吗？", "运费是多少钱？"]),
        ("no question here", []),
    ],
)
def test_what_leads_to_a_question_stays_with_it(words, questions):
    assert questions_in(words) == questions
