"""Identifiers: a base defines them; words and photos are looked up; everyday text holds none."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from clock import is_in_proportion

from mm_support.language.codes import fold, match, normalise, same_kind, written
from mm_support.language.defined import named_in_title
from mm_support.language.identifiers import Dictionary, identifiers_of
from mm_support.types import Entry


def base(*titles: str, answer: str = "Call us.") -> Dictionary:
    return Dictionary.of([Entry(title, title, answer) for title in titles])


APPLIANCES = base(
    "Washing machine shows E24: no water",
    "Washing machine shows E05",
    "Washing machine shows E08",
    "Dryer shows Ub",
    "Lock shows JAM",
    "Thermostat shows Lo: battery low",
    "Oven shows A27",
    "Hob shows F07",
    "Hob shows 4C",
    "Error P8",
    "Error 31",
    "Headphones WH-1000XM5: pairing",
    "Parcel 4F7K-22-XX",
    "Windows shows 0x80070005",
    "sync-31 while uploading",
)
CHINESE = base("洗衣机显示E24：不进水", "洗衣机显示E05")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("My washer shows E24.", {"E24"}),
        ("(F-07)", {"F07"}),
        ("E 24 on the display", {"E24"}),
        ("e twenty four", {"E24"}),
        ("it says e twenty-four now", {"E24"}),
        ("f oh seven", {"F07"}),
        ("e two four", {"E24"}),
        ("error 31 on the hob", {"31"}),
        ("Error code: 31", {"31"}),
        ("my wh-1000xm5", {"WH1000XM5"}),
        ("W H one thousand X M five", {"WH1000XM5"}),
        ("SN: 4F7K-22-XX", {"4F7K22XX"}),
        ("E24/E05", {"E24", "E05"}),
        ("sync-31", {"SYNC31"}),
        ("Ｅ２４", {"E24"}),  # full-width letters
        ("الخطأ E٢٤", {"E24"}),
        ("Windows shows 0x80070005", {"0X80070005"}),
        ("my lock says jam again", {"JAM"}),
        ("It flashes Ub", {"UB"}),
        ("what does lo mean", {"LO"}),
        ("EO5 on the washer", {"EO5"}),  # a letter for a digit: found, compared as nearly the same
    ],
)
def test_what_the_base_names_is_found_however_it_is_written_or_said(text, found):
    assert APPLIANCES.find(text) == found


def test_a_number_said_for_a_code_is_found_and_matches_it():
    for text in ("error 24", "the machine shows 24", "code twenty four"):
        (found,) = APPLIANCES.find(text)
        assert 0 < match(frozenset({found}), frozenset({"E24"})) < 1


def test_words_in_other_scripts_announce_too():
    assert CHINESE.find("屏幕显示E24怎么办") == {"E24"} and CHINESE.find("显示24") == {"24"}
    assert CHINESE.find("错误代码24") == {"24"}
    assert CHINESE.find("24小时内送到") == frozenset()


def test_one_of_a_kind_that_the_titles_name_is_worth_knowing_though_no_entry_has_it():
    assert APPLIANCES.find("E80 what now") == {"E80"} and APPLIANCES.find("shows E99") == {"E99"}
    assert APPLIANCES.find("the washer shows F21") == {"F21"}
    assert APPLIANCES.find("it shows 99") == {"99"}  # announced as the others are
    assert APPLIANCES.find("washer E6") == {"E6"} and APPLIANCES.find("hob, f 9") == frozenset()
    assert APPLIANCES.find("error E 06") == {"E06"} and APPLIANCES.find("P 9") == {"P9"}
    assert APPLIANCES.find("Resta acceso e 24 ore dopo si spegne") == frozenset()


@pytest.mark.parametrize(
    "text",
    [
        "gate B12 at terminal T2",
        "A4 paper",
        "an M8 bolt",
        "HDMI2",
        "the TV shows HDMI2",
        "Q3 2024",
        "vitamin B12",
        "E330",
        "the A1 motorway",
        "IBAN DE89 3704 0044 0532 0130 00",
        "call me on 0151 2345678 or +49 30 123456",
        "my phone shows black",
        "it reads high",
        "Error when paying",
        "an error. how do I pay",
        "A 24 hour service",
        "Press E. 24 hours later it is done",
        "UP TO 24 MONTHS",
        "it's 24 hours",
        "within 24 days",
        "it shows 31 minutes",
        "24 %",
        "$24, 24€, 24.50",
        "20:00-24:00",
        "2024-05-24",
        "a 27 inch screen",
        "mp3 and MP4",
        "COVID19",
        "iphone 15",
        "100000",
        "",
        "?!",
        "error",
    ],
)
def test_everyday_letters_and_numbers_are_none(text):
    assert APPLIANCES.find(text) == frozenset()


DOMAINS = {
    "airport": """
        The flight leaves from gate B12 at 14:30.
        Terminal T2 has a lounge.
        My seat is 24C by the window.
        Flight LH400 was late.
        We land on runway 07L.
        Car park C8 is full.
        Bus X31 goes downtown.
        Row 31 has no window.
    """,
    "office": """
        Print it on A4 paper.
        The B5 envelope is too small.
        Meeting in room 101 at 9.
        Use cell C24 of the sheet.
        Q3 2024 was better than Q2.
        Form W8 is for foreigners.
        The meeting takes 24 minutes.
        Press Ctrl to check spelling.
    """,
    "workshop": """
        I need an M8 bolt and an M6 nut.
        A 24 mm spanner fits.
        The torque is 31 Nm.
        Grade A2 steel does not rust.
        Cut it to 827 mm.
        Sand with P120, then with P240.
        Drill a 5 mm hole.
        The plug is 12 V.
    """,
    "television": """
        Plug it into HDMI2.
        It shows 4K in HDR10.
        The screen is black.
        The picture shows snow.
        Volume 24 is loud.
        Channel 31 is missing.
        USB3 is faster.
        The remote takes two AAA batteries.
    """,
    "pharmacy": """
        Vitamin B12 and D3 are on offer.
        Take 24 mg at night.
        It contains E330 and E150.
        Omega 3 helps.
        The Rh factor is B negative.
        Use SPF50 in summer.
        One tablet every 8 hours.
        H1N1 was in 2009.
    """,
    "bank": """
        My IBAN is DE89 3704 0044 0532 0130 00.
        The BIC is COBADEFF.
        I paid 24 euros.
        The rate is 2.4 %.
        Transfer 827 dollars.
        It was booked on 31/05/2024.
        The S5 fund fell.
        Account 4711 is mine.
    """,
    "travel": """
        Take the A1 and then the A7.
        Exit 31 is closed.
        The M45 crosses the border.
        Room 24 has a view.
        We stay 24 nights.
        The train ICE 827 was late.
        Platform 5 is far.
        The B7 is a bus.
    """,
    "school": """
        Homework is on page 24.
        Class 5B has sport.
        She passed the B2 exam.
        Exercise 31 is hard.
        The C1 course begins in May.
        There are 27 pupils.
        Lesson 7 is short.
        Room 8 is upstairs.
    """,
    "music": """
        Tune it to A440.
        Play a C7 chord.
        The B3 organ is heavy.
        Track 24 is my favourite.
        The MP3 has 320 kbps.
        It is in 7/8 time.
        Opus 31 is sad.
        The jack is 6.3 mm.
    """,
    "kitchen": """
        Bake at 180 °C for 24 minutes.
        Use 405 flour.
        Two eggs and 31 g of sugar.
        It serves 8.
        The tin is 27 cm wide.
        Let it rest 5 hours.
        It lowers the fat.
        Add half a cup.
    """,
}


@pytest.mark.parametrize("domain", DOMAINS)
def test_ordinary_text_holds_none_of_another_domains(domain):
    sentences = [line.strip() for line in DOMAINS[domain].strip().splitlines()]
    assert len(sentences) >= 8
    assert {text: set(APPLIANCES.find(text)) for text in sentences} == {
        text: set() for text in sentences
    }


def test_a_base_of_another_domain_knows_its_own():
    airport = base("Gate B12", "Gate C14", answer="A4 paper and an M8 bolt are mentioned.")
    assert airport.find("where is gate b 12") == {"B12"}
    assert airport.find("I need A4 paper and an M8 bolt") == frozenset()  # a mention names nothing


@pytest.mark.parametrize(
    ("title", "named"),
    [
        ("Thermostat shows Lo: battery nearly empty", {"LO"}),
        ("Error JAM", {"JAM"}),
        ("The display shows the code Ub or E24", {"UB", "E24"}),
        ("What it says on the box", set()),
        ("The display shows Welcome", set()),
        ("App says You are offline", set()),
        ("Error When Starting Up", set()),
        ("ALARM: UNPLUG IT", set()),
        ("New Wi-Fi password", set()),
        ("屏幕显示 Ub", {"UB"}),
        ("Payment declined with code 55: wrong PIN", {"55", "PIN"}),
        ("Delivery in 3 days", set()),
        ("Returns within 30 days (EU)", {"EU"}),
    ],
)
def test_a_title_names_what_a_display_shows(title, named):
    assert named_in_title(title) == named


def test_a_word_of_the_base_is_looked_up_only_in_the_capitals_of_the_title():
    both = Dictionary.of(
        [Entry("jam", "Printer shows JAM", "x"), Entry("b", "Breakfast", "Toast with jam.")]
    )
    assert both.find("is there jam") == frozenset() and both.find("it shows JAM") == {"JAM"}


def test_a_code_with_a_hyphen_is_of_the_series_of_another():
    pay = base("Payment was declined", answer="PAY-31 means that the bank said no.")
    assert pay.find("I get PAY-32 at the checkout") == {"PAY32"}
    short = base("Payment was declined", answer="Message P-410 means that the card has expired.")
    assert short.find("declined p-410, now?") == short.read(["P-410"]) == {"P410"}
    assert pay.find("in 2-4 days, at 10-12 h") == frozenset()


def test_of_what_a_photo_shows_only_the_identifiers_of_the_base_count():
    def read(known, *lines):
        return base(*(f"Oven shows {code}" for code in known.split())).read(lines)

    assert read("Ub A27 C0 E24", "NEW") == read("Ub A27", "COTTON") == frozenset()
    assert read("Ub A27", "827") == {"A27"}  # segments of A and 8 differ in one
    assert read("C0 E24", "CO") == {"C0"}
    assert read("C0 E24", "E24", "CO") == {"E24"}  # a word beside an identifier is a word
    assert read("A27", "827", "MENU") == read("A27", "8 27") == {"A27"}
    assert read("A27", "827", "1000W") == frozenset()  # one number of several
    assert read("P8", "1P8") == {"P8"} and read("Ub", "1UB") == {"UB"}
    assert read("A5 Lo", "85", "10") == frozenset()  # temperatures, most of the time
    assert read("Ub Lo E24", "Ub", "Delicate wash") == {"UB"}
    assert read("24 E31", "24") == {"24"} and read("E24", "24 °C") == frozenset()
    assert read("E24", "Fehler E-24", "12:45", "19.99") == {"E24"}


@pytest.mark.parametrize(
    "pair", ["D7E 07E", "S21 521", "G41 641", "I9E 19E", "Z3H 23H", "B6C 86C", "Q4C 04C"]
)
def test_segments_that_look_alike_are_taken_for_each_other(pair):
    code, seen = pair.split()
    assert base(f"Oven shows {code}").read([seen]) == {code}


@pytest.mark.parametrize("word", ["error ", "code is ", "e 2 ", "E24 ", "9" * 50])
def test_endless_texts_take_time_in_proportion(word):
    assert is_in_proportion(lambda times: APPLIANCES.find(word * times), 2_000)


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
    lo, ten = frozenset({"LO"}), frozenset({"10"})
    assert match(ten, lo) == match(lo, ten) == 0 < match(ten, frozenset({"1O"}))


def test_letters_with_marks_go_on_a_word_and_cut_no_code_out_of_it():
    """ "Usługi" names no "Us", which every question with the word would name too."""
    polish = base("Nasze Usługi dodatkowe", "Zmień cały Ekran", "Opłaty za Usługi", "Moc E24é")
    for text in ("jak zrezygnować z usług", "cały ekran", "USŁUGI", "opłaty"):
        assert polish.find(text) == frozenset()
    assert base("Écran E24").find("écran E24的") == {"E24"}
    assert written("E24é") == frozenset() == written("éE24") and written("E24的") == {"E24"}


def test_what_a_base_speaks_of_in_many_places_is_a_topic_and_no_code():
    """eSIM, unlike JAM, which at most a list of all codes names beside its own entry."""
    titles = ("Order an eSIM", "Lock shows JAM", "Tariffs", "Phones")
    answers = ("Free.", "Turn the key.", "With eSIM or not. JAM is no tariff.", "All take eSIM.")
    mobile = Dictionary.of([Entry(t, t, a) for t, a in zip(titles, answers)])
    assert mobile.find("is the eSIM free") == mobile.find("esim") == frozenset()
    assert mobile.find("it says JAM") == mobile.find("jam") == {"JAM"}


def test_a_word_that_begins_sentences_of_the_base_is_ordinary_too():
    entries = [Entry("a", "Tractor shows OIL", "Stop."), Entry("b", "Care", "Oil the chain.")]
    tractors = Dictionary.of(entries)
    assert tractors.find("which oil does it take") == frozenset()
    assert tractors.find("OIL lights up") == {"OIL"}


def test_a_number_said_is_a_codes_and_a_code_said_is_no_bare_number():
    """ "Error 24" is E24, but E8 is not the 8 of the Aster 8."""
    code, number = frozenset({"E8"}), frozenset({"8"})
    assert match(number, code) > 0 == match(code, number)


def test_match_is_symmetric_but_for_numbers_and_exact_beats_near_on_random_codes():
    rng = np.random.default_rng(0)
    letters = list("ABEFHLOPSI0123456789")
    codes = ["".join(rng.choice(letters, rng.integers(2, 6))) for _ in range(60)]
    for one, other in itertools.combinations(codes, 2):
        score = match(frozenset({one}), frozenset({other}))
        one_is_a_number = one.isdigit() != other.isdigit()
        assert one_is_a_number or score == match(frozenset({other}), frozenset({one}))
        assert (score == 1.0) == (one == other)


def test_folding_and_normalising_change_nothing_the_second_time():
    for code in ("wh-1000 xm5", "E0", "EO07", "f-07", "B8O0"):
        assert normalise(normalise(code)) == normalise(code)
        assert fold(fold(normalise(code))) == fold(normalise(code))


def test_two_of_one_kind():
    assert same_kind("E80", "E05") and same_kind("F21", "E05") and same_kind("10", "E05")
    assert same_kind("WH1000XM4", "WH1000XM5")
    assert not same_kind("AB12345", "E05") and not same_kind("2024", "E05")


def test_what_is_built_like_an_identifier():
    assert written("E24 on the WH-1000XM5 after 30 days, order 104822, 4F7K-22-XX") == {
        "E24",
        "WH1000XM5",
        "104822",
        "4F7K22XX",
    }
    plain = "5GHz 24h 1080p 2-in-1 65-inch 12-year-old 100000 9:00 12.50 " + "9" * 50
    assert written(plain) == frozenset()
    entry = Entry("e", "Dryer shows Ub", "See E24.", ("my F11",))
    assert identifiers_of(entry) == {"UB", "E24", "F11"}


def test_a_heading_that_begins_with_a_word_of_grammar_names_no_code():
    assert not named_in_title("Traffic sources: We attempt to find some")
    assert named_in_title("Boiler: the display shows Ub") == {"UB"}


def test_a_number_within_an_identifier_is_no_name():
    fruit = base("Avocado (AV-100)", "Kiwi (KI-105)", "Lamp Aster 40")
    assert fruit.read(["100"]) == frozenset() and fruit.find("av100") == {"AV100"}
    assert APPLIANCES.read(["Error 24"]) == {"24"} and APPLIANCES.read(["31"]) == {"31"}
    assert named_in_title("Avocado (AV-100)") == {"AV100"}
    assert named_in_title("Lamp Aster 40") == {"40"}
