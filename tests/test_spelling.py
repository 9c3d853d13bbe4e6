"""Misspelt words are read as the base's, and no others."""

import numpy as np
import pytest

from mm_support.knowledge.index import Point, spelling
from mm_support.knowledge.index.folder import FolderIndex
from mm_support.knowledge.index.spelling import respelled
from mm_support.types import Entry

ENTRIES = (
    Entry("a", "Returning an order", "Returned orders are refunded. A load of colours."),
    Entry("b", "Headphones", "The headphones connect at once. Write down the address. An excess."),
    Entry("c", "Delivery to the United Kingdom", "Parcels to Germany take a week."),
    Entry("d", "Cancelación de un pedido", "La cancelación cuesta un euro. Llegará mañana."),
    Entry("e", "Congés", "Nous fermons en août. La pêche est fermée, le péché aussi."),
    Entry("f", "Zéplorîne", "Une zéplorîne. Un zélôt."),
)


@pytest.fixture(scope="module")
def version(tmp_path_factory):
    index = FolderIndex(tmp_path_factory.mktemp("index"), "models", 2, 2)
    vector, none = np.eye(2, dtype=np.float32)[:1], np.zeros((0, 2), np.float32)
    with index.writing("shop") as new:
        for entry in ENTRIES:
            new.add(Point(entry, vector, none, vector[0], vector))
        new.publish("shop", None)
    return index.open("shop")


@pytest.mark.parametrize(
    "asked, meant",
    [
        ("hwo do i retrun my ordr", "hwo do i returning my order"),
        ("HEADPHNES dont conect", "headphones dont connect"),
        ("my adress", "my address"),
        ("wat is the excees", "wat is the excess"),  # its ending is taken for one of grammar
        ("How loud is it?", "How loud is it?"),  # a word of the language, near another: load
        ("the ordered Wren 500", "the ordered Wren 500"),  # a form of what the base has; no word
        ("see ordr@example.org or /retrun", "see ordr@example.org or /retrun"),
        ("怎么退货 ordr", "怎么退货 order"),
        ("寄到英国要几天", "寄到英国要几天 United Kingdom"),
        ("how long to the uk", "how long to the uk United Kingdom"),
        ("Lieferung nach Deutschland", "Lieferung nach Deutschland Germany"),
        ("delivery to Germany", "delivery to Germany"),
        ("寄到法国要几天", "寄到法国要几天"),  # of which the base says nothing
        ("will you call us", "will you call us"),
        ("llega manana mi pedido", "llega mañana mi pedido"),  # without marks
        ("vous fermez en aout ?", "vous fermez en août ?"),
        ("la cancelacion del pedido", "la cancelacion del pedido"),  # its stem is the same
        ("la zéplorine", "la zéplorîne"),  # in no list: the base's word, whatever its marks
        (
            "quel est le zelt de la maison",
            "quel est le zélôt de la maison",
        ),  # one letter is missing; its marks are no second mistake
        ("quel est le montant", "quel est le montant"),  # of which the base says nothing
        ("returnaddress", "return address"),  # a blank is missing
        ("Ordercolours?", "order colours?"),
        ("headphonestand", "headphonestand"),  # of a stand the base says nothing
        ("zibbaddress", "zibbaddress"),  # what is before its address is no word
        ("", ""),
    ],
)
def test_what_neither_base_nor_language_knows_is_spelled_as_the_base_does(asked, meant, version):
    assert respelled(version, asked) == meant


@pytest.mark.parametrize("letter", ["ش", "a", "ä"])
def test_a_word_longer_than_any_is_not_taken_apart(letter, version, monkeypatch):
    stemmed = []

    def counted(word, language):
        stemmed.append(word)
        return word

    monkeypatch.setattr(spelling, "stem", counted)
    assert respelled(version, letter * 4_000) == letter * 4_000
    assert stemmed == []
