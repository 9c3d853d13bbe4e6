"""Names with a number are told apart by the number; amounts, dates and shares are no names."""

import pytest

from mm_support.language.terms import terms, without_roman
from mm_support.language.versions import names_another, numbered, renumbered

BREW = "Corvane Brew 2", "The Corvane Brew 2 is a filter coffee machine. It costs 149 euros."


@pytest.mark.parametrize(
    "question, another",
    [
        ("How much is the Brew 3?", True),
        ("how much is the brew two", False),
        ("the brew-2 leaks", False),
        ("How much is the Brew 2.1?", False),  # less or more of the same version
        ("I bought the Brew 2 3 weeks ago", False),
        ("Does the Brew 2 hold 3 litres?", False),
        ("Is order 104822 on its way?", False),
        ("Wie teuer ist der Brew 3?", True),
        ("我的 Brew 3 多少钱", True),
        ("How much is the Brew II?", False),
        ("Combien coûte un Brew neuf ?", False),  # new
        ("Combien coûte le Brew vingt neuf ?", True),
        ("how much is the brew iii", True),
        ("Does the Brew V leak?", True),
        ("Wie teuer ist der Brew IV?", True),
        ("Is the Brew 2 louder than the Brew 3?", False),
    ],
)
def test_another_number_is_another_thing(question, another):
    assert names_another(numbered(question), *([said] for said in BREW)) == another


@pytest.mark.parametrize(
    "text",
    ["Can I return it?", "an X-ray of it", "5 V and 12 V", "size XXL", "CAN I VISIT", "1 x 2"],
)
def test_letters_that_only_look_like_roman_numerals_stay(text):
    assert without_roman(text) == text


def test_a_roman_numeral_is_the_number_in_the_index_and_in_a_question():
    assert terms("Brew XIV") == terms("the brew 14") and terms("Mark IX") == terms("Mark nine")


def test_what_the_text_names_too_is_no_other_thing():
    title, text = "Filter for the Aster 40", "It fits the Aster 50 as well."
    assert not names_another(numbered("a filter for my Aster 50"), [title], [text])
    assert names_another(numbered("a filter for my Aster 60"), [title], [text])


@pytest.mark.parametrize(
    "title",
    [
        "Refund within 14 days",
        "Opening 9:00 to 18:00",
        "Save 20% today",
        "Room B12",
        "Hopper 250 g, Width 22 cm",
        "48V 5A charger",
        "Telephone 0808 157 0455",
        "Monday to Friday 8 am to 6 pm, Sat 10 to 2",
        "Since June 2024",
        "Montag bis Freitag 8 Uhr",
    ],
)
def test_amounts_times_and_codes_name_nothing_in_a_title(title):
    assert not {name for name in numbered(title, title=True) if name[1] != "9"}


def test_another_number_takes_the_place_of_that_of_a_name():
    asked = "How much is the Lumo Table 200 within 14 days? Lumo Table 200"
    assert (
        renumbered(asked, "300") == "How much is the Lumo Table 300 within 14 days? Lumo Table 300"
    )
    assert renumbered("What does the Brew II cost?", "3") == "What does the Brew 3 cost?"
    assert renumbered("the 200 watts", "5") == "the 200 watts"


def test_of_several_names_that_of_the_topic_gets_the_other_number():
    asked = "Does the Wren 200 last 10 hours on floor 3?"
    meant = "Does the Wren 300 last 10 hours on floor 3?"
    assert renumbered(asked, "300", "Wren 200: battery") == meant
    assert renumbered("What does the Brew II cost?", "3", "Brew II") == "What does the Brew 3 cost?"
