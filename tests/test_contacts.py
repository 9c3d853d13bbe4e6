"""Questions for nothing but a telephone number or an e-mail address."""

import numpy as np
import pytest
from conftest import FakeIntents

from mm_support.decide.confidence import FEATURES, Gate
from mm_support.decide.contact import contact_first, telling
from mm_support.decide.policy import Policy
from mm_support.decode.blocks import blocks_of
from mm_support.decode.heading import headed
from mm_support.decode.select import with_contact
from mm_support.decode.sentence import Sentence
from mm_support.knowledge.query import SearchQuery
from mm_support.language.contacts import contact_asked, contacts_in, names_contact
from mm_support.types import Entry, FusedQuery, Hit, Question

GATE = Gate((10.0, *[0] * (len(FEATURES) - 1)), -5.0, 0.6, 0.3)  # probability 0.5 at a score of 0.5
QUERY = SearchQuery(FusedQuery(np.ones(2), None, {}, {"text": 1.0}))

OARS = Entry(
    "oars", "Lending oars", "Oars are free. Ring the boathouse on 0300 555 0142. Bring ID."
)
DUCKS = Entry("ducks", "Ducks", "Do not feed the ducks. They are fed at noon.")
OFFICE = Entry("office", "Contact", "The office answers 0300 555 0199 and row@lake.example.")
CLUB = Entry("club", "Rowing club", "The club has a number of its own, 0300 555 0177.")


@pytest.mark.parametrize(
    "question, kind",
    [
        ("telefono", "phone"),
        ("what's your phone number?", "phone"),
        ("客服电话多少", "phone"),
        ("你们的电话是多少", "phone"),
        ("電話番号を教えて", "phone"),
        ("고객센터 전화번호", "phone"),
        ("wie ist eure Telefonnummer", "phone"),
        ("correo electronico de atencion al cliente", "mail"),
        ("какой у вас номер телефона", "phone"),
        ("E-Mail?", "mail"),
        ("can I charge my phone", ""),
        ("I changed my phone number", ""),
        ("物业电话多少", ""),
        ("numéro de téléphone du gardien", ""),
        ("how are you", ""),
        ("", ""),
    ],
)
def test_what_asks_for_a_contact_and_says_nothing_else(question, kind):
    assert contact_asked(question) == kind


@pytest.mark.parametrize(
    "text, numbers",
    [
        ("Ring 0300 555 0142 or 88015047.", {"03005550142", "88015047"}),
        ("(+1)786-555-0140", {"17865550140"}),
        ("From 2026-03-04 to 15/11, 9:00 - 17:00, 3 - 5 days, 2024-2025", set()),
        ("The card is valid until 03/04/2027 or 31-12-2027.", set()),
        ("Pay to account 12345678, order 10482211.", set()),
    ],
)
def test_numbers_that_may_be_called_are_told_from_dates(text, numbers):
    found = contacts_in("phone", text)
    assert all(any(own.endswith(number[1:]) for own in found) for number in numbers)
    assert len(found) == len(numbers)


def test_a_title_may_be_a_word_for_contacts():
    assert (
        names_contact("Kontakt") and names_contact("联系方式") and names_contact("Contact details")
    )
    assert not names_contact("Contact lenses") and not names_contact("Oars")


def decide(words, *entries, says=()):
    found = contact_first(words, [Hit(entry, 0.3) for entry in entries])
    return Policy(GATE, FakeIntents(*says)).decide(Question(words), QUERY, found, ())


@pytest.mark.parametrize("says", [(), ("greeting",), ("person",)])
def test_a_number_is_told_by_what_states_it_however_it_was_found(says):
    decision = decide("telefono", DUCKS, OARS, says=says)
    assert (decision.action, decision.hits[0].entry) == ("answer", OARS)


def test_of_several_numbers_the_one_under_a_title_for_contacts_is_told_or_asked_back():
    assert [hit.entry for hit in decide("phone number", DUCKS, OARS, OFFICE, CLUB).hits] == [OFFICE]
    decision = decide("phone number", DUCKS, OARS, CLUB)
    assert (decision.action, [hit.entry for hit in decision.hits]) == ("clarify", [OARS, CLUB])


def test_where_none_states_a_number_the_word_for_it_decides_nothing():
    """A shop for phones, or a company whose number is three digits."""
    decide_sure = Policy(GATE, FakeIntents()).decide
    for entry in (
        Entry("phones", "Phones", "We sell phones by five makers."),
        Entry("short", "Reaching us", "By phone on 3200."),
    ):
        decision = decide_sure(Question("phone number"), QUERY, [Hit(entry, 0.9)], ())
        assert (decision.action, decision.hits[0].entry) == ("answer", entry)
    assert decide("phone number", DUCKS, says=("person",)).action == "handoff"


def test_what_states_a_part_of_another_is_left_out():
    both = Entry("both", "Both", "Call 0300 555 0142 or 0300 555 0177.")
    hits = [Hit(OARS, 0.5), Hit(both, 0.4)]
    assert [hit.entry for hit in telling("phone", hits)] == [both]


def test_the_sentence_that_states_it_is_shown_under_the_title():
    blocks = blocks_of(OARS)
    likely = with_contact("telefono", blocks, np.array([0.9, 0.1, 0.5]))
    assert likely.tolist() == [0, 0.9, 0]
    assert with_contact("phone my sister", blocks, likely) is likely
    told = headed("telefono", OARS, [Sentence(blocks[1].sentences[0], (1,))])
    assert told[0].text == "Lending oars:"


def test_prose_whose_last_sentence_has_no_full_stop_is_cut_into_sentences():
    entry = Entry("a", "A", "Oars are free. Bring ID. The boathouse is at the pier")
    assert len(blocks_of(entry)) == 3
    assert len(blocks_of(Entry("b", "B", "12 Pier Road\nLakeside"))) == 1
