"""Values in a customer's words: found where they are written or said, and nowhere else."""

from __future__ import annotations

from datetime import date

import pytest

from mm_support.language import values
from mm_support.language.codes import shaped

TODAY = date(2026, 11, 26)


@pytest.mark.parametrize(
    "text, language, found",
    [
        ("where is my order 104822", "en", ["104822"]),
        ("我的订单104822到哪了", "zh", ["104822"]),
        ("one zero four eight two two", "en", ["104822"]),
        ("一零四八二二", "zh", ["104822"]),
        ("１０４８２２", "zh", ["104822"]),
        ("10 48 22 please", "en", ["104822"]),
        ("104-822", "en", ["104822"]),
        ("orders 104822 and 104823", "en", ["104822", "104823"]),
        ("1048223", "en", []),
        ("2 orders 3456", "en", []),
        ("", "en", []),
        ("my order from 2026-11-24 please", "en", []),
        ("my order from 12-24-26", "en", []),
        ("ordered on 24.11.26", "de", []),
        ("order 104822 from 2026-11-24", "en", ["104822"]),
        ("call 0151 104822", "en", []),
        ("call me at +49 151 104822", "en", []),
        ("call me at 555 123 4567", "en", []),
        ("from 10:48:22", "en", []),
        ("10-48-22", "en", ["104822"]),
        ("طلبي ١٠٤٨٢٢", "ar", ["104822"]),
        ("मेरा ऑर्डर १०४८२२", "hi", ["104822"]),
    ],
)
def test_identifiers_of_a_kind(text, language, found):
    assert list(shaped(text, "[0-9]{6}", language)[0]) == found


@pytest.mark.parametrize("pattern", ["[0-9]{10}", "0[0-9]{9}"])
def test_a_number_that_is_one_of_a_kind_as_a_whole_may_look_like_a_telephones(pattern):
    assert shaped("0151 104822 please", pattern, "en")[0] == ("0151104822",)


def test_a_date_stays_for_what_looks_for_dates():
    _, rest = shaped("order 104822 from 2026-11-24", "[0-9]{6}", "en")
    assert values.dates(rest, "en", TODAY)[0] == ("2026-11-24",)


def test_a_group_of_the_pattern_is_the_identifier_and_the_rest_stays():
    assert shaped("order FF-104822 please", "(?:FF)?([0-9]{6})", "en") == (
        ("104822",),
        "order   please",
    )


def test_two_kinds_do_not_share_a_stretch():
    first, rest = shaped("104822 to 90210", "[0-9]{6}", "en")
    assert (first, shaped(rest, "[0-9]{5}", "en")[0]) == (("104822",), ("90210",))


@pytest.mark.parametrize(
    "text, language, found",
    [("thirty of them", "en", "30"), ("1,5 kg", "de", "1.5"), ("1,500", "en", "1500")]
    + [("三个", "zh", "3"), ("none", "en", ""), ("A4 paper", "en", ""), ("900", "en", "")],
)
def test_numbers_within_bounds(text, language, found):
    assert values.numbers(text, language, 1, 800 if found == "" else None)[0] == tuple(
        filter(None, [found])
    )


@pytest.mark.parametrize(
    "written, language, found",
    [("12,50", "de", "12.5"), ("12.50", "de", "12.5"), ("1.500", "de", "1500")]
    + [("1.5", "es", "1.5"), ("1.234", "es", "1234"), ("1,5", "en", "1.5"), ("1,500", "en", "1500")]
    + [("1.234,50", "en", "1234.5"), ("1,234.50", "de", "1234.5"), ("-3.", "en", "-3")]
    + [("5 000", "fr", "5000"), ("1\u202f000,50", "fr", "1000.5"), ("½", "en", "0.5")]
    + [("1½", "de", "1.5"), ("2 1/4", "en", "2.25"), ("1⅛", "de", "1.125"), ("1'000", "de", "1000")]
    + [("1,50,00", "en", ""), ("1.2.3", "en", ""), ("7", "xx", "7")],
)
def test_a_number_is_read_as_its_language_writes_it_or_else_as_others_do(written, language, found):
    assert values.numbers(written, language, None, None)[0] == tuple(filter(None, [found]))


def test_what_was_found_is_cut_where_it_stands():
    assert values.numbers("lamp A12, 12 of them", "en", 1, None) == (("12",), "lamp A12,   of them")
    assert values.dates("A2026-11-240, 2026-11-24", "en", TODAY)[1] == "A2026-11-240,  "


@pytest.mark.parametrize(
    "text, language, found",
    [
        ("2026-11-24", "en", "2026-11-24"),
        ("it was on 24 May", "en", "2026-05-24"),
        ("yesterday", "en", "2026-11-25"),
        ("am 3. Mai", "de", "2026-05-03"),
        ("le 3 mars", "fr", "2026-03-03"),
        ("11月24日下单", "zh", "2026-11-24"),
        ("十一月二十四日", "zh", "2026-11-24"),
        ("昨天", "zh", "2026-11-25"),
        ("03.04.2026", "de", "2026-04-03"),
        ("03/04/2026", "de", "2026-04-03"),
        ("3/4/2026", "fr", "2026-04-03"),
        ("am 3.4.", "de", "2026-04-03"),
        ("3.4.26", "en", "2026-04-03"),
        ("13/04/2026", "en", "2026-04-13"),
        ("2026/3/4", "de", "2026-03-04"),
        ("vor 3 Tagen", "de", "2026-11-23"),
        ("下周一", "zh", ""),
        ("last week", "en", ""),
        ("2026-13-45", "en", ""),
        ("where is my order 104822", "en", ""),
        ("may I ask on what day", "en", ""),
    ],
)
def test_days(text, language, found):
    assert values.dates(text, language, TODAY)[0] == tuple(filter(None, [found]))


@pytest.mark.parametrize("text, language", [("03/04/2026", "en"), ("3-4-26", "en"), ("3/4", "en")])
def test_a_date_that_may_name_two_days_gives_both(text, language):
    assert values.dates(text, language, TODAY)[0] == ("2026-03-04", "2026-04-03")


def test_options_are_found_by_their_labels_as_words_of_their_own():
    labels = {"late": ("It is late", "迟到"), "broken": ("broken", "坏了")}
    assert values.options("it is LATE today", labels)[0] == ("late",)
    assert values.options("我的坏了", labels)[0] == ("broken",)
    assert values.options("unbroken, later", labels)[0] == ()
    assert set(values.options("late and broken", labels)[0]) == {"late", "broken"}


@pytest.mark.parametrize(
    "text, found",
    [
        ("it is not broken", ()),
        ("It isn’t broken", ()),
        ("nicht kaputt", ()),
        ("bozuk değil", ()),
        ("the size does not fit", ("size",)),
        ("尺寸不合适", ("size",)),
        ("我的不坏", ()),
        ("我的坏了", ("broken",)),
        ("It is not here", ("late",)),
        ("not broken, but it is late", ("late",)),
        ("I do not know, broken", ("broken",)),
        ("I'm fine", ()),
        ("m", ("m",)),
        ("an 'M' please", ("m",)),
    ],
)
def test_an_option_that_is_denied_or_cut_out_of_a_word_is_not_chosen(text, found):
    labels = {"late": ("It is not here", "late"), "broken": ("kaputt", "bozuk", "坏")}
    labels |= {"m": ("Medium",), "size": ("尺寸",)}
    assert values.options(text, labels)[0] == found


def test_free_words_are_all_or_what_fits():
    assert values.texts("  because I do ", "")[0] == ("because I do",)
    assert values.texts("x" * 501, "")[0] == ()
    assert values.texts("write to a@b.c or d@e.f", r"\S+@\S+")[0] == ("a@b.c", "d@e.f")
