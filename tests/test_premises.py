"""Claims: told from questions, opened with what cannot be confirmed, and held against the entry's
own sentences.
"""

import pytest
from conftest import WordEncoder

from mm_support.decide.premises import opening, sentences_about
from mm_support.decode.reply import ReplyWriter
from mm_support.language.english import is_claim
from mm_support.types import Entry, Hit, Question

RETURNS = Entry(
    "returns",
    "Returns",
    "Goods can be returned within 30 days. Keep the slip until the money arrived. "
    "Shops are open until six. Opened goods are not refunded.",
)


@pytest.mark.parametrize(
    "text",
    [
        "you said I get 90 days",
        "your colleague told me it is free",
        "50 percent is enough, right?",
        "I was told juice is fine",
        "the lady promised a new card",
        "since you give five years of warranty, mine is free",
        "tutors correct my draft, don't they",
        "as her husband I need no form, do I",
        "it is sealed, isn't it?",
    ],
)
def test_claims_are_recognised(text):
    assert is_claim(text)


@pytest.mark.parametrize(
    "text",
    [
        "how do I return it",
        "the till said 51",
        "what does the sign say",
        "can I get my money back",
        "is this the right size",
        "240 at once is too much, can I spread it",
        "I was in hospital, do I still owe 30?",
    ],
)
def test_questions_are_none(text):
    assert not is_claim(text)


def test_an_amount_that_the_entry_contradicts_is_named():
    assert "cannot confirm 90 days" in opening("you said 90 days", RETURNS)
    assert "cannot confirm" not in opening(
        "you said 30 days", RETURNS
    ) and "cannot confirm" not in opening("you said it is free", RETURNS)


def test_amounts_are_compared_in_any_spelling_and_language():
    assert "cannot confirm five years" not in opening("you said 30 days", RETURNS)
    assert "90天" in opening("你们说90天内可以退货", Entry("r", "退货", "30天内可以退货。"), "zh")
    assert "90" not in opening("你们说三十天", Entry("r", "退货", "30天内可以退货。"), "zh")


@pytest.mark.parametrize("said", ["24 months", "2 years", "3 months", "90 minutes"])
def test_an_amount_that_the_entry_states_in_another_unit_is_not_contradicted(said):
    warranty = Entry(
        "w", "Warranty", "The warranty is 2 years. Parts: 3 months. A call: 1.5 hours."
    )
    assert "cannot confirm" not in opening(f"you said {said}, right?", warranty)
    assert "cannot confirm 12 months" in opening("you said 12 months, right?", warranty)


def test_the_closest_sentences_and_a_denial_are_held_against_a_claim():
    about = sentences_about(
        "you said opened goods get refunded within 30 days", RETURNS, WordEncoder().encode
    )
    assert (
        "Goods can be returned within 30 days." in about
        and "Opened goods are not refunded." in about
    )
    assert "Shops are open until six." not in about
    assert sentences_about("x", Entry("e", "E", ""), WordEncoder().encode) == []


def test_a_reply_to_a_claim_opens_with_it_and_shows_the_denial():
    said = list(
        ReplyWriter(None, WordEncoder()).write(
            Question(typed="you told me opened goods are fine within 90 days"), [Hit(RETURNS, 0.9)]
        )
    )
    assert said[0].text.startswith("I cannot confirm 90 days") and said[0].citations == ()
    assert "Opened goods are not refunded." in [sentence.text for sentence in said]
    assert len({sentence.text for sentence in said}) == len(said)
