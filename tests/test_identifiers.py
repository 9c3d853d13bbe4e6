"""Codes: what is one, what is none, and how two of them are compared."""

from __future__ import annotations

import itertools
import time

import numpy as np
import pytest

from mm_support.language.identifiers import (
    Known,
    extract,
    fold,
    held,
    match,
    normalise,
    said,
    shown,
)


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("My washer shows E24.", {"E24"}),
        ("(F-07)", {"F07"}),
        ("E 24 on the display", {"E24"}),
        ("e twenty four", {"E24"}),
        ("it says e twenty-four now", {"E24"}),
        ("f oh seven", {"F07"}),
        ("eff zero seven", {"F07"}),
        ("e two four", {"E24"}),
        ("error one hundred five", {"105"}),
        ("error 24", {"24"}),
        ("Error code: 07", {"07"}),
        ("Err 24", {"24"}),
        ("EH 18", {"EH18"}),
        ("my wh-1000xm5", {"WH1000XM5"}),
        ("W H one thousand X M five", {"WH1000XM5"}),
        ("order no. #10482", {"10482"}),
        ("parcel 104822137", {"104822137"}),
        ("SN: 4F7K-22-XX", {"4F7K22XX"}),
        ("E24/E25", {"E24", "E25"}),
        ("sync-31", {"SYNC31"}),
        ("屏幕显示E24怎么办", {"E24"}),
        ("错误代码24", {"24"}),
        ("Ｅ２４", {"E24"}),  # full-width letters
        ("Windows shows 0x80070005", {"0X80070005"}),
    ],
)
def test_codes_are_found_however_they_are_written_or_said(text, codes):
    assert extract(text) == codes


@pytest.mark.parametrize(
    "text",
    [
        "within 2 days or 30 days",
        "a two year warranty",
        "$30, 30€, 12.50 or 1,000,000",
        "5GHz, 4K, 256GB, 24h, 1080p",
        "call +4930123456",
        "mp3 and MP4",
        "2-in-1, 65-inch, 16-digit, 12-year-old",
        "page 4",
        "20:00-22:00",
        "2024-05-01 and 05/01/24",
        "1920x1080",
        "it's 24 hours",
        "error two times",
        "A 24 hour service",
        "UP TO 24 MONTHS",
        "vitamin C 1000 mg",
        "I have one two problems",
        "Plan B 12 months",
        "order 3 of them",
        "100000",
        "iphone 15",
        "50 %",
        "room for 2 people",
        "",
        "?!",
        "error",
    ],
)
def test_everyday_numbers_are_no_codes(text):
    assert extract(text) == frozenset()


def test_a_number_is_announced_only_by_a_word_near_it():
    assert extract("order " + "number " * 6 + "10482") == {"10482"}
    assert extract("order " + "number " * 9 + "10482") == frozenset()


@pytest.mark.parametrize("word", ["error ", "code is "])
def test_endless_announcements_take_no_time(word):
    started = time.process_time()
    extract(word * 50_000)
    assert time.process_time() - started < 5  # minutes, where the search is quadratic


def test_match_is_surer_the_less_there_is_to_forgive():
    one = frozenset({"E24"})
    exact, zero, confused, unprefixed = (
        match(frozenset({q}), e)
        for q, e in [
            ("E24", one),
            ("F7", frozenset({"F07"})),
            ("E2A", frozenset({"E24"})),
            ("24", one),
        ]
    )
    assert exact == 1.0 and 0 < unprefixed < zero < exact
    assert confused == 0.0  # A is not taken for 4
    assert 0 < match(frozenset({"WH1O00"}), frozenset({"WH1000"})) < 1
    assert match(frozenset({"WHIOO0"}), frozenset({"WH1000"})) <= match(
        frozenset({"WH1O00"}), frozenset({"WH1000"})
    )


@pytest.mark.parametrize("pair", ["0O", "1I", "1L", "5S", "8B", "2Z", "6G"])
def test_each_confused_pair_is_forgiven(pair):
    seen, meant = f"E{pair[0]}7", f"E{pair[1]}7"
    assert 0.8 <= match(frozenset({seen}), frozenset({meant})) < 1


def test_other_codes_do_not_match():
    codes = ["E24", "F24", "E25", "E42", "24E", "WH1000XM4", "WH1000XM5"]
    for one, other in itertools.permutations(codes, 2):
        assert match(frozenset({one}), frozenset({other})) == 0.0
    assert match(frozenset(), frozenset({"E24"})) == 0.0 == match(frozenset({"E24"}), frozenset())


def test_a_number_is_no_word():
    assert (
        match(frozenset({"10"}), frozenset({"LO"}))
        == match(frozenset({"LO"}), frozenset({"10"}))
        == 0
    )
    assert match(frozenset({"10"}), frozenset({"1O"})) > 0


def test_match_is_symmetric_and_exact_beats_near_on_random_codes():
    rng = np.random.default_rng(0)
    letters = list("ABEFHLOPSI0123456789")
    codes = ["".join(rng.choice(letters, rng.integers(2, 6))) for _ in range(60)]
    for one, other in itertools.combinations(codes, 2):
        score = match(frozenset({one}), frozenset({other}))
        assert score == match(frozenset({other}), frozenset({one}))
        assert (score == 1.0) == (one == other)


def test_folding_and_normalising_change_nothing_the_second_time():
    for code in ("wh-1000 xm5", "E0", "EO07", "f-07", "B8O0"):
        assert normalise(normalise(code)) == normalise(code)
        assert fold(fold(normalise(code))) == fold(normalise(code))


def test_a_long_text_of_digits_is_bounded():
    assert extract("9" * 5000) == frozenset()
    assert (
        extract("error one" + " thousand" * 2000)
        == extract("e" + " ninety nine thousand" * 2000)
        == frozenset()
    )
    assert len(extract(" ".join(f"E{n}" for n in range(500)))) == 500


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("Thermostat shows Lo: battery nearly empty", {"LO"}),
        ("Error JAM", {"JAM"}),
        ("The display shows the code Ub or E24", {"UB", "E24"}),
        ("What it says on the box", set()),
        ("The app shows the time", set()),
        ("The display shows Welcome", set()),  # longer words are found as words
        ("App says You are offline", set()),
        ("TV says No Signal", set()),
        ("Error When Starting Up", set()),
        ("Alarm: unplug it", set()),
        ("An error. How to reset it", set()),
        ("The fault, where it is", set()),
        ("It flashes Ub", {"UB"}),
        ("The lock reads JAM or displays: Lo", {"JAM", "LO"}),
        ("屏幕显示 Ub", {"UB"}),
    ],
)
def test_an_entry_names_what_a_display_shows(text, codes):
    assert held(text, text) == codes and held("Appliances", text) == extract(
        text
    )  # it takes a title


def test_a_customer_need_not_write_capitals_and_nothing_is_a_code_by_being_said():
    assert said("my lock says jam again") == {"JAM"} and not extract("my lock says jam again")
    assert (
        said("It is your fault, you charged me twice")
        == said("It says you closed it")
        == said("an error. how do I pay")
        == frozenset()
    )
    assert said("what is on the display") == said("it shows in the evening") == frozenset()


def test_only_short_whole_lines_may_be_a_display():
    assert shown(
        ["Ub", "8 27", "F-33", "1.L6", "bE2:03", "Start / Pause here", "Delicate wash", ""]
    ) == {"UB", "827", "F33", "1L6", "BE203"}
    assert shown(["12:45", "19.99", "24 €", "$24", "-24", "24 °C", "50%", "洗衣机"]) == frozenset()


def test_of_what_is_shown_only_the_codes_of_the_base_count():
    known = Known({"UB", "A27", "C0", "E24"})
    assert known.spelled(frozenset({"UB", "NEW"})) == {"UB"}
    assert known.seen(frozenset({"NEW", "COTTON"})) == frozenset()
    assert known.seen(frozenset({"827"})) == {"A27"}  # segments of A and 8 differ in one
    assert known.seen(frozenset({"CO"})) == {"C0"}
    assert known.seen(frozenset({"E24", "CO"})) == {"E24"}  # a word beside a code is a word
    assert known.seen(frozenset({"827", "MENU"})) == {"A27"}
    assert known.seen(frozenset({"827", "1000W"})) == frozenset()  # one number of several
    for code, read in (
        ("D7E", "07E"),
        ("S21", "521"),
        ("G41", "641"),
        ("I9E", "19E"),
        ("Z3H", "23H"),
        ("B6C", "86C"),
        ("Q4C", "04C"),
    ):
        assert Known({code}).seen(frozenset({read})) == {code}
    assert known.seen(frozenset({"1UB"})) == {"UB"} and Known({"1UB", "UB"}).seen(
        frozenset({"1UB"})
    ) == {"1UB"}
    assert (
        Known({"A5", "LO"}).seen(frozenset({"85", "10"})) == frozenset()
    )  # temperatures, most of the time
