"""What a question names is what is answered: products beside parts, models beside others."""

import pytest

from mm_support.decide.named import both_named, named_first, names_another_thing
from mm_support.types import Entry, Hit


def hits(*titled):
    """(title, text) of each, the scores falling a little."""
    return [
        Hit(Entry(title, title, text), 0.6 - 0.01 * place)
        for place, (title, text) in enumerate(titled)
    ]


def first(words, found):
    return named_first(words, found)[0].entry.title


LAMP = ("Norra Desk 10", "The Norra Desk 10 costs 49 euros.")
SHADE = ("Shade for Norra Desk 10", "A linen shade for the Norra Desk 10.")
CHARGER = ("Charger for Norra Desk 20", "It charges the Norra Desk 20 in three hours.")
KETTLE = ("Ovo kettle (KE-2)", "A steel kettle. price: 59.00")
LID = ("Lid (KL-1)", "A lid for KE-2 and KE-3. price: 9.00")
LARGE = ("Ovo kettle large (KE-3)", "Same kettle as KE-2, with more room. price: 79.00")


def test_a_part_of_another_product_is_no_answer():
    assert names_another_thing("charger for the desk 10", hits(SHADE, CHARGER))
    assert not names_another_thing("shade for the desk 10", hits(SHADE, CHARGER))


def test_what_names_all_that_is_asked_comes_before_what_looked_nearer():
    found = hits(LAMP, SHADE)
    assert first("a shade for my Norra Desk 10", found) == SHADE[0]
    assert first("how much is the Norra Desk 10", found) == LAMP[0]
    moved = named_first("a shade for my Norra Desk 10", found)
    assert sorted(hit.entry.title for hit in moved) == sorted(hit.entry.title for hit in found)
    assert moved[0].score == found[0].score


@pytest.mark.parametrize(
    "words, title",
    [
        ("How much is the KE-2?", KETTLE[0]),
        ("price of ke3", LARGE[0]),
        ("i need a new lid, mine is a KE-2", LID[0]),
    ],
)
@pytest.mark.parametrize("turn", range(3))
def test_a_products_number_means_the_product_and_beside_a_part_the_part(words, title, turn):
    found = [LID, LARGE, KETTLE]
    assert first(words, hits(*found[turn:], *found[:turn])) == title


def test_two_models_are_both_answered_and_one_with_its_part_is_not():
    models = hits(SHADE, ("Norra Desk 20", "It costs 79 euros."), LAMP)
    both = both_named("is the desk 10 heavier than the desk 20", models)
    assert {hit.entry.title for hit in both} == {"Norra Desk 10", "Norra Desk 20"}
    assert both_named("how much is the desk 10", models) == ()
    other = ("Norra Desk 20 with clamp", "It costs 79 euros.")
    both = both_named("Desk 10 or Desk 20?", hits(("Norra Desk 10 white", ""), KETTLE, other))
    assert {hit.entry.title for hit in both} == {"Norra Desk 10 white", other[0]}
    kettles = both_named("what is the difference between KE-2 and KE-3", hits(LID, LARGE, KETTLE))
    assert {hit.entry.title for hit in kettles} == {KETTLE[0], LARGE[0]}


def test_nothing_is_named_where_nothing_was_found():
    assert named_first("KE-2", []) == ()
