"""Which parts of an entry answer: rows of tables, lines of code, a product's data."""

from dataclasses import replace

import numpy as np
import pytest
from conftest import WordEncoder

from mm_support.decode.blocks import Block, blocks_of, headings_of, points_over
from mm_support.decode.ranges import holding
from mm_support.decode.sections import below_headings, by_section
from mm_support.decode.select import (
    FEATURES,
    Selector,
    Weighed,
    closeness,
    completing,
    speaks_alone,
)
from mm_support.decode.table_rows import rows_asked_for, tables_asked_for
from mm_support.language.terms import term_set
from mm_support.types import Entry

PLANS = [
    "Plan: Free; Per month: €0; Lamps: 2; Support: community",
    "Plan: Home; Per month: €3.90; Lamps: 15; Support: e-mail",
    "Plan: Studio; Per month: €11.90; Lamps: 100; Support: phone",
]


def selected(selector, question, entry, encoder):
    """The sentences that are shown, where a reply needs nothing else."""
    weighed = selector.weigh(question, entry, lambda texts, _: encoder.encode(texts))
    return weighed.chosen(weighed.floor)


def blocks(*paragraphs):
    return blocks_of(Entry("a", "A", "\n\n".join(paragraphs)))


@pytest.mark.parametrize(
    "question, rows",
    [
        ("how much is the home plan", [1]),
        ("what is the difference between home and studio", [1, 2]),
        ("which plan has phone support", [2]),
        ("what do your plans cost", [0, 1, 2]),
        ("what does the enterprise plan cost", [0, 1, 2]),
    ],
)
def test_of_a_table_the_rows_asked_for_are_shown_or_all(question, rows):
    cut = blocks("All prices include tax.", "\n".join(PLANS))
    assert [block.sentences for block in cut[1:]] == [(row,) for row in PLANS]
    likely = rows_asked_for(question, cut, np.array([0.1, 0.5, 0.2, 0.3]))
    shown = Weighed(cut, likely).chosen(0.4)
    assert shown == [PLANS[row] for row in rows]


@pytest.mark.parametrize(
    "question, row",
    [
        ("how much roaming is in Pebble L", "Plan: Pebble L; Roaming: 25 GB"),
        ("What's the roaming of Pebble XL?", "Plan: Pebble XL; Roaming: 40 GB"),
        ("Was kostet ein Platten hinten?", "Leistung: Platten hinten; Preis: 45 €"),
    ],
)
def test_of_rows_that_are_named_alike_the_one_that_holds_the_most_is_shown(question, row):
    table = [f"Plan: Pebble {size}; Roaming: {data} GB" for size, data in zip("SML", (1, 10, 25))]
    table += ["Plan: Pebble XL; Roaming: 40 GB"]
    if row not in table:
        table = [
            row.replace("hinten", "vorne").replace("45", "29"),
            row,
            "Leistung: Öl; Preis: 9 €",
        ]
    likely = rows_asked_for(question, cut := blocks("\n".join(table)), np.full(len(table), 0.5))
    assert Weighed(cut, likely).chosen(0.4) == [row]


def test_of_names_within_another_both_are_shown_where_both_are_said():
    table = [
        f"Plan: {name}; Price: £{10 + n}" for n, name in enumerate(["Shore", "Shore Plus", "X"])
    ]

    def shown(question):
        likely = rows_asked_for(question, cut := blocks("\n".join(table)), np.full(3, 0.5))
        return Weighed(cut, likely).chosen(0.4)

    assert shown("Shore vs Shore Plus") == table[:2]
    assert shown("How much is Shore Plus?") == [table[1]]


@pytest.mark.parametrize(
    "question, rows",
    [
        ("nurse or vet, which is cheaper?", [0, 1, 2]),
        ("Is a nurse cheaper?", [0]),
        ("first consultation or nurse?", [0, 1]),
    ],
)
def test_where_one_alternative_names_no_row_all_rows_are_shown(question, rows):
    kinds = ["Nurse consultation", "First consultation", "Second opinion"]
    table = [f"Consultation: {kind}; Price: £{20 + n}" for n, kind in enumerate(kinds)]
    likely = rows_asked_for(question, cut := blocks("\n".join(table)), np.full(3, 0.5))
    assert Weighed(cut, likely).chosen(0.4) == [table[row] for row in rows]


FEES = (("30 days or more", 5), ("15 days or more", 25), ("7 days or less", 60))


def test_a_question_that_names_no_row_leans_on_the_one_before():
    countries = ["Canada", "Alaska and Hawaii", "Mexico"]
    table = [f"Country: {name}; Standard: ${10 + n}" for n, name in enumerate(countries)]
    cut, even = blocks("\n".join(table)), np.full(3, 0.5)

    def shown(question):
        likely = rows_asked_for(question, cut, even, "How long does it take to Canada?")
        return Weighed(cut, likely).chosen(0.4)

    assert shown("And what does it cost?") == [table[0]]
    assert shown("And to Mexico?") == [table[2]]


@pytest.mark.parametrize(
    "question, rows",
    [
        ("What do I pay if I cancel 10 days before?", [0, 1, 2]),
        ("What do I pay if I cancel 15 days before?", [1]),
        ("提前10天取消扣多少", [0, 1, 2]),
    ],
)
def test_of_rows_for_amounts_all_are_shown_where_the_one_told_lies_between(question, rows):
    table = [f"Before departure: {days}; Fee: {fee}%" for days, fee in FEES]
    if "天" in question:
        table = [row.replace(" days", "天") for row in table]
    likely = rows_asked_for(question, cut := blocks("\n".join(table)), np.full(3, 0.5))
    assert Weighed(cut, likely).chosen(0.4) == [table[row] for row in rows]


@pytest.mark.parametrize(
    "question, rows",
    [
        ("price for a week", [1]),
        ("what are 14 days", [2]),
        ("une semaine", [1]),
        ("how much for 3 weeks", [3]),
    ],
)
def test_of_rows_for_amounts_the_one_told_in_another_unit_is_shown(question, rows):
    table = [
        f"Stay: {stay}; Price: {price} €"
        for stay, price in (("2 days", 4), ("7 days", 9), ("14 days", 15), ("3 weeks", 21))
    ]
    likely = rows_asked_for(question, blocks("\n".join(table)), np.full(4, 0.5))
    assert [at for at in range(4) if likely[at]] == rows


def test_rows_that_a_question_names_are_shown_however_likely_another_sentence_is():
    machines = ["Machine: washer 6 kg; Price: 4 €", "Machine: dryer 6 kg; Price: 3 €"]
    cut = blocks("We have washers and dryers. Pay with coins.", "\n".join(machines))
    likely = rows_asked_for("and the dryer?", cut, np.array([0.9, 0.1, 0.1, 0.1]), "washer price")
    assert likely.tolist() == [0.9, 0.1, 0, 0.9]
    assert not rows_asked_for("and the dryer?", cut, np.array([0.9, 0.1, 0, 0]))[2:].any()


def test_what_announces_a_table_is_shown_with_the_row_asked_for():
    cut = blocks("These are our plans:", "\n".join(PLANS))
    likely = rows_asked_for("home plan", cut, np.array([0.9, 0.1, 0.1, 0.1]))
    assert Weighed(cut, likely).chosen(0.4) == ["These are our plans:", PLANS[1]]


def test_what_announces_a_table_is_shown_with_all_rows_that_may_belong_to_the_reply():
    cut = blocks("These are our plans:", "\n".join(PLANS), "Pay by card.")
    told = Weighed(cut, np.array([0.9, 0.1, 0.1, 0.1, 0.1]))
    assert told.chosen(0.4) == ["These are our plans:", *PLANS]


def test_a_question_within_an_answer_is_shown_with_what_follows_it():
    cut = blocks("Rest here. In a hurry? Take the short way. We close at six.")
    told = Weighed(cut, np.array([0.1, 0.9, 0.1, 0.1]))
    assert told.chosen(0.4) == ["In a hurry?", "Take the short way."]


def test_of_joined_sections_the_one_that_is_asked_for_is_shown_whole():
    sections = "Pets: One dog may come. Cats may not.", "Smoking: Not here. It costs 250 euros."
    entry = Entry("a", "Pets and smoking", "\n\n".join(sections))
    cut = blocks_of(entry)
    likely = by_section(entry, cut, np.array([0.3, 0.1, 0.9, 0.2]))
    assert likely.tolist() == [0, 0, 0.9, 0.9]
    close = by_section(entry, cut, np.array([0.5, 0.1, 0.9, 0.2]))
    assert close.tolist() == [0.5, 0.5, 0.9, 0.9]
    prose = replace(entry, answer="One dog may come. Cats may not.\n\nSmoking: Not here.")
    assert by_section(prose, blocks_of(prose), likely[:3]).tolist() == likely[:3].tolist()


def test_a_warning_is_shown_whole_or_not_at_all():
    cut = blocks("Reset it. Wait.", "⚠ Do not reset it twice. It may start by itself.")
    assert [len(block.sentences) for block in cut] == [1, 1, 2]


def test_a_command_stays_with_what_announces_it():
    cut = blocks(
        "For the worker's log use,", "ctl --logs worker", "For the web log use,", "ctl web"
    )
    assert [block.sentences for block in cut] == [
        ("For the worker's log use,", "ctl --logs worker"),
        ("For the web log use,", "ctl web"),
    ]


def test_what_stands_below_a_step_and_above_the_next_one_belongs_to_it():
    steps = ["1. Open the printer's page.", "   Choose Landscape there.", "   It may be in a list."]
    steps += ["2. Write the pages:", "   - Four: 4,1,2,3", "   Press Apply.", "3. Press Print."]
    *intro, listed, after = blocks("It is easy. It is free.", "\n".join(steps), "Fold the sheets.")
    assert [line.strip() for line in listed.sentences] == [line.strip() for line in steps]
    assert listed.has_steps and not any(own.has_steps for own in (*intro, after))


def test_code_between_steps_stays_with_its_step():
    steps = "1. Ask an administrator to run this:", "# resets it\nrake reset", "2. Sign in again."
    (cut,) = blocks(*steps)
    assert cut.has_steps and "rake reset" in cut.sentences


BULLETED = [
    "- The pool is open to all who hold a card, from seven in the morning on, but for the weeks of "
    "the school races in June",
    "- Bags are kept in the hall, each behind a padlock that its owner brings along, and whatever "
    "is left there overnight goes to the office",
    "- Whoever is younger than twelve swims beside a grown person who can swim and who stays "
    "within reach the whole time",
    "- Fees are due on the first of a month and are not returned, whether or not somebody came, "
    "nor do they pass on to a friend",
    "- Food and glass stay outside of the pool, while a bottle that does not break may be taken "
    "along to the side of it",
]
NAMED = [
    "1. Fee: The first year is free; each later one is billed with 20 euros in its second month, "
    "together with what else is due by then.",
    "2. Limit: You keep the limit that the old card had, until you ask us for another one in "
    "writing or at any counter.",
    "3. Points: Each 5 euros that you pay with the card bring one point, which lasts for two years "
    "and may be given to others.",
    "4. Statement: It comes on another day of the month than before, as a letter, or as a mail "
    "where you have chosen that.",
]


@pytest.mark.parametrize("items", [BULLETED, NAMED])
def test_each_statement_of_a_long_list_is_shown_by_itself(items):
    assert [block.sentences[0] for block in blocks("\n".join(items))] == items
    short = [item[:30] for item in BULLETED]
    assert len(blocks("\n".join(short))) == 1  # what is short is a list to be shown whole
    steps = [f"{n}. Open the page and choose the item of number {n} there." for n in range(1, 15)]
    assert len(blocks("\n".join(steps))) == 1


def test_what_only_announces_points_makes_them_no_steps():
    long = [
        f"{n}. {item[2:]} {'It is so for all of them. ' * 2}" for n, item in enumerate(BULLETED)
    ]
    parts = [*long[:3], "3. Also:", *long[3:], "4. And:"]
    assert all(block.is_point for block in blocks("\n".join(parts)))


def test_lines_below_a_point_are_of_it_and_what_announces_points_is_shown_with_all():
    below = "It is sent by post."
    (lead, first, second, *others) = blocks(
        "\n".join(["This changes:", NAMED[0], below, *NAMED[1:]])
    )
    assert first.sentences[-1] == below and second.is_point and not second.has_steps
    told = Weighed([lead, first, second, *others], np.array([0.5, 0.1, 0.1, 0.1, 0.1]))
    assert len(told.chosen(0.4)) == 6
    told = Weighed([lead, first, second, *others], np.array([0.1, 0.1, 0.5, 0.1, 0.1]))
    assert told.chosen(0.4) == [NAMED[1]]


def test_points_within_a_point_are_shown_below_it_and_with_what_announces_them():
    nested = [f"  - Profile {n} needs {n}0 GiB of room on the disk of its own." for n in (2, 3, 4)]
    lead, last = "- The room that is needed hangs on the profile:", "- A printer helps you."
    entry = Entry("a", "Needs", "\n".join([*BULLETED, lead, *nested, last]))
    cut = blocks_of(entry)
    place, over = len(BULLETED), points_over(entry, cut)
    assert len(cut) == place + 5 and over == dict.fromkeys(range(place + 1, place + 4), place)
    likely = np.full(len(cut), 0.1)
    likely[place + 2] = 0.5
    assert Weighed(cut, likely, over=over).chosen(0.4) == [lead, nested[1].strip()]
    likely = np.full(len(cut), 0.1)
    likely[place] = 0.5
    assert Weighed(cut, likely, over=over).chosen(0.4) == [lead, *map(str.strip, nested)]


def test_what_announces_others_is_not_shown_without_any_of_them():
    cut = blocks("It fits you.\n\nWe advise too:\n\n- Shoes:\n\nWear soles.\n\n- Ice:\n\nGo slow.")
    headed = {2: 4, 4: 6}
    told = Weighed(cut, np.array([0.5, 0.5, 0, 0, 0, 0]), headed=headed)
    assert told.chosen(0.4) == ["It fits you."]
    told = Weighed(cut, np.array([0.5, 0.5, 0, 0.5, 0, 0]), headed=headed)
    assert told.chosen(0.4) == ["It fits you.", "We advise too:", "- Shoes:", "Wear soles."]
    told = Weighed(cut, np.array([0, 0.5, 0, 0, 0, 0]), headed=headed)
    assert told.chosen(0.4) == ["We advise too:"]


def test_a_sentence_is_read_under_its_own_heading():
    text = "- In the hut:\n\nUp to 7 kg.\n\n- In the yard:\n\nUp to 45 kg."
    entry, read = Entry("a", "Dogs", text), list[str]()

    def encode(texts, kind):
        read.extend(texts)
        return WordEncoder().encode(texts)

    hut, seven, yard, most = closeness("a dog in the yard", entry, blocks(text), encode)
    assert "Dogs: In the yard: Up to 45 kg." in read
    assert most > seven


def test_a_product_is_shown_with_its_price():
    (cut,) = blocks("A steel kettle with a lid.", "price: 59.00; details: 1.7 L; 2200 W")
    assert cut.sentences[-1].startswith("price")


@pytest.mark.parametrize("section, whole", [("Freezing", True), ("", False)])
def test_a_short_section_is_shown_with_its_exceptions(section, whole):
    said = "You can freeze it for a month. Press Freeze in the app. Student cards cannot be frozen."
    entry = Entry("a", "Freezing", said, section=section)
    selector = Selector((9.0,) + (0.0,) * (len(FEATURES) - 1), -8.0)
    encoder = WordEncoder()
    shown = selected(selector, "freeze it for a month", entry, encoder)
    assert ("Student cards cannot be frozen." in shown) == whole


@pytest.mark.parametrize("title, whole", [("Where is my number?", True), ("Numbers", False)])
def test_a_brief_answer_to_a_question_of_the_companys_own_is_shown_whole(title, whole):
    said = "You need the number and a card. Both stand on the bill. A copy of it is enough."
    selector = Selector((9.0,) + (0.0,) * (len(FEATURES) - 1), -8.0)
    entry = Entry("a", title, said)
    shown = selected(selector, "you need the number and a card", entry, WordEncoder())
    assert ("Both stand on the bill." in shown) == whole


@pytest.mark.parametrize("between, whole", [(" ", True), ("\n\n", False)])
def test_of_two_sentences_in_a_row_the_second_may_be_the_limit_of_the_first(between, whole):
    limit = "Saver fares stay paid."
    entry = Entry("a", "Refunds", f"A ticket is refunded up to a day before.{between}{limit}")
    shown = selected(by("overlap", 9.0, -9.0), "is a ticket refunded", entry, WordEncoder())
    assert (limit in shown) == whole


def test_what_alone_speaks_of_a_word_of_the_question_is_shown_beside_the_likeliest():
    said = "It runs in any browser and as an app. No code is sent. Nothing is made for Windows."
    selector = Selector((99.0,) + (0.0,) * (len(FEATURES) - 1), -50.0)
    encoder = WordEncoder()
    asked = "it runs in a browser but does it run as an app on windows"
    shown = selected(selector, asked, Entry("a", "Start", said), encoder)
    assert [text.split()[0] for text in shown] == ["It", "Nothing"]


def test_a_code_is_explained_whatever_is_asked_beside_it_and_alone_brings_all():
    said = "We try three times.\n\nEnter another card.\n\nP-402 needs a nod. P-410 means expired."
    entry = Entry("a", "Payment", said)
    selector = Selector((9.0,) + (0.0,) * (len(FEATURES) - 1), -4.0)
    encoder = WordEncoder()

    def shown(question):
        return selected(selector, question, entry, encoder)

    assert shown("another card") == ["Enter another card."]
    both = ["Enter another card.", "P-410 means expired."]
    assert shown("my card has p-410, is another card enough") == both
    assert len(shown("P-410")) == 4 and len(shown("P-411")) < 4


BY_PLAN = "\n".join(
    [
        "Price per month: Free: £0; Solo: £9; Team: £19; Chain: £49",
        "Users included: Free: 1; Solo: 1; Team: 5; Chain: 20",
        "Mail boxes: Free: no; Solo: 1 box; Team: 5 boxes; Chain: any",
        "Chat: Free: no; Solo: no; Team: yes; Chain: yes",
    ]
)


@pytest.mark.parametrize(
    "question, row",
    [
        ("how much is team", 0),
        ("Team 套餐多少钱一个月？", 0),
        ("how many users included on team", 1),
    ],
)
def test_of_rows_that_are_facts_of_plans_a_price_is_that_of_the_rows_that_state_one(question, row):
    cut = blocks(BY_PLAN)
    likely = rows_asked_for(question, cut, np.full(4, 0.5))
    assert Weighed(cut, likely).chosen(0.4) == [BY_PLAN.splitlines()[row]]


FORMS = Entry(
    "forms",
    "Electronic forms",
    "You can send forms from the menu. A form that was sent stays for 18 months.\n\n"
    "Forms for the harbour office are not there yet. We plan them for spring 2031.",
)


def test_what_tells_when_right_behind_the_sentence_that_is_meant_is_shown_with_it():
    cut = blocks_of(FORMS)
    behind = completing("when will forms for the harbour office be supported", FORMS, cut)
    assert [cut[at].sentences[0] for at in behind] == ["We plan them for spring 2031."]
    assert not completing("are forms for the harbour office supported", FORMS, cut)
    assert Weighed(cut, np.array([0.1, 0.1, 0.9, 0.1]), behind).chosen(0.5) == [
        "Forms for the harbour office are not there yet.",
        "We plan them for spring 2031.",
    ]


def test_what_a_charge_amounts_to_is_shown_though_the_sentence_before_tells_a_time():
    entry = Entry(
        "end",
        "Ending a contract",
        "Leaving early, but for the first 14 days, costs a charge. It is 60 % of what is left.\n\n"
        "Send back the hub, or we take £50.",
    )
    cut = blocks_of(entry)
    asked = "how much is the charge for leaving early"
    assert completing(asked, entry, cut) == {1}
    assert not completing("after how many days is leaving early free", entry, cut)


def test_a_column_that_is_asked_for_has_all_rows_shown():
    plans = "Plan: S; Speed: 40; Up: 9\nPlan: M; Speed: 80; Up: 18\nPlan: L; Speed: 150; Up: 30"
    entry = Entry("plans", "Plans", f"All plans come with a hub.\n\n{plans}\n\nUp to 5 a home.")
    cut = blocks_of(entry)
    assert speaks_alone("speed?", entry, cut).tolist() == [False, True, True, True, False]
    assert speaks_alone("hub?", entry, cut).tolist() == [True, False, False, False, False]
    assert not speaks_alone("which plans?", entry, cut).any()


def test_the_topic_names_no_row_in_whose_other_cells_it_stands():
    rows = "Light: Red; Meaning: hub fault\nLight: White; Meaning: all is fine"
    entry = Entry("lights", "Lights on your hub", rows)
    cut = blocks_of(entry)
    topic, likely = term_set(entry.title), np.full(2, 0.5)
    all_of_it = rows_asked_for("what do the hub lights mean", cut, likely, topic=topic)
    assert all_of_it.tolist() == [0.5, 0.5]
    red = rows_asked_for("why is the hub light red", cut, likely, topic=topic)
    assert red.tolist() == [0.5, 0.0]


def test_steps_take_along_what_introduces_them_and_no_other_sentence():
    steps = "1. Fill in the list.\n2. Wait for a letter."
    alone = blocks("Put your child down like this.", steps)
    assert [len(block.sentences) for block in alone] == [3]
    price = "It takes 12 weeks. A course is £118."
    assert [len(block.sentences) for block in blocks(price, steps)] == [1, 1, 2]
    leading = "It takes 12 weeks. Put your child down:"
    assert [len(block.sentences) for block in blocks(leading, steps)] == [1, 3]


RULES = Entry(
    "rules",
    "HARBOUR - RULES",
    "HARBOUR - RULES\n(in force since spring)\n\nNOISE\nNo music after ten. Engines off at night."
    "\n\nDRONES AND KITES\nNeither. Lanterns neither.\n\nSMOKING\nNot in cabins. Vaping counts.",
)


def test_a_heading_is_shown_with_some_of_its_text_or_not_at_all():
    cut = blocks_of(RULES)
    heads = headings_of(RULES, cut)
    assert [cut[at].sentences[0] for at in heads] == ["NOISE", "DRONES AND KITES", "SMOKING"]
    likely = np.array(
        [cut[at].sentences[0] in ("NOISE", "Vaping counts.") for at in range(len(cut))]
    )
    shown = Weighed(cut, likely * 0.9, headed=heads).chosen(0.5)
    assert shown == ["SMOKING", "Vaping counts."]


def test_what_stands_below_the_heading_that_alone_has_the_asked_word_is_shown():
    cut = blocks_of(RULES)
    heads = headings_of(RULES, cut)
    likely = np.where([block.sentences[0].startswith("DRONES") for block in cut], 0.9, 0.1)
    below = below_headings("may i fly drones", cut, likely, heads)
    shown = Weighed(cut, below, headed=heads).chosen(0.5)
    assert shown == ["DRONES AND KITES", "Neither.", "Lanterns neither."]


BERTHS = """There is room for every boat.

- Up to 900 kg:

A night costs 20 €.

Pay at the kiosk

- Dinghies (900 to 1400 kg):

A night costs 35 €. The crane is booked a day before.

- Liveaboards (winter):

The harbour master decides who stays."""


@pytest.mark.parametrize(
    "question, told",
    [
        ("may liveaboards stay", ["- Liveaboards (winter):"]),
        ("our boat has 1200 kg", ["- Dinghies (900 to 1400 kg):"]),
        ("our boat has 600 kg", ["- Up to 900 kg:"]),
        ("dinghies and liveaboards", ["- Dinghies (900 to 1400 kg):", "- Liveaboards (winter):"]),
    ],
)
def test_of_sections_with_a_label_each_those_that_are_named_are_shown(question, told):
    entry = Entry("berths", "Berths", BERTHS)
    shown = selected(by("overlap", 8.0, -3.0), question, entry, WordEncoder())
    assert [sentence for sentence in shown if sentence.startswith("- ")] == told


def test_a_label_stands_above_all_that_follows_up_to_the_next():
    entry = Entry("berths", "Berths", BERTHS)
    cut = blocks_of(entry)
    heads = headings_of(entry, cut)
    below = {
        cut[at].sentences: [b.sentences for b in cut[at + 1 : end]] for at, end in heads.items()
    }
    assert below[("- Up to 900 kg:",)] == [("A night costs 20 €.",), ("Pay at the kiosk",)]
    assert len(below) == 3


def test_a_price_is_told_by_the_section_that_states_it_though_another_is_named():
    said = "- Booking:\n\nWrite to us the day and the hour.\n\n- Fees:\n\nIt is 40 €."
    entry = Entry("hall", "Hall", f"{said}\n\n- Keys:\n\nThey are kept for 3 days.")
    for question, told in (("booking price", "It is 40 €."), ("how long is a booking", "3 days.")):
        shown = selected(by("overlap", 8.0, -3.0), question, entry, WordEncoder())
        assert any(told in sentence for sentence in shown)


def test_numbered_labels_are_steps():
    said = "1. Open the lid:\n\nLift it.\n\n2. Empty the tray:\n\nPull it out."
    entry = Entry("tray", "Tray", said)
    assert headings_of(entry, blocks_of(entry)) == {}


SUMMER = [
    "Day: Friday; From here: 8:00; From there: 9:00",
    "Day: Sunday; From here: 7:30; From there: 8:30",
]
WINTER = [
    "Day: Friday; From here: 6:45; From there: 7:45",
    "Day: Sunday; From here: none; From there: none",
]
SAILINGS = "\n\n".join(
    [
        "The crossing takes an hour.",
        "\n".join(["Summer sailings", *SUMMER]),
        "\n".join(["Winter sailings", *WINTER]),
    ]
)


@pytest.mark.parametrize(
    "question, told",
    [
        ("is there a boat on sunday in winter", ["Winter sailings", WINTER[1]]),
        ("summer sailings", ["Summer sailings", *SUMMER]),
        ("sunday", ["Summer sailings", SUMMER[1], "Winter sailings", WINTER[1]]),
        ("how long is the crossing", ["The crossing takes an hour."]),
    ],
)
def test_rows_are_shown_under_the_caption_of_their_table(question, told):
    entry = Entry("boats", "Boats", SAILINGS)
    assert selected(by("overlap", 8.0, -3.0), question, entry, WordEncoder()) == told


def test_a_caption_named_in_the_turn_before_tells_the_table():
    cut = blocks(*SAILINGS.split("\n\n"))
    heads = headings_of(Entry("boats", "Boats", SAILINGS), cut)
    likely = tables_asked_for("and sunday?", cut, np.full(len(cut), 0.5), heads, "boats in winter")
    assert likely.tolist() == [0.5, 0, 0, 0, 0, 0.5, 0.5]


def by(feature, weight, bias=-4.0):
    """A selector that knows one feature."""
    weights = [weight if name == feature else 0.0 for name in FEATURES]
    return Selector(tuple(weights), bias)


def test_a_reply_holds_what_tells_when():
    asked = "when will forms for the harbour office be supported"
    shown = selected(by("overlap", 9.0), asked, FORMS, WordEncoder())
    assert shown[-1] == "We plan them for spring 2031."


def test_the_title_and_what_stands_below_it_are_no_answer():
    shown = selected(by("overlap", -9.0, 0.0), "is music allowed", RULES, WordEncoder())
    assert "HARBOUR - RULES" not in shown and "(in force since spring)" not in shown


HOURS = (
    "Mon-Fri: Summer: 8-17; Winter: 9-16\n"
    "Sunday and holidays: Summer: closed*; Winter: closed\n"
    "Workshop: Summer: 8-16; Winter: closed\n\n"
    "* Open 10-14 on the Sunday of the fair.\n\n"
    "The yard is large. You can stay in it for an hour."
)


@pytest.mark.parametrize(
    "question, row",
    [
        ("are you open on sunday", 1),
        ("is it open at the fair", 1),
        ("when is the workshop open", 2),
    ],
)
def test_a_footnote_and_the_row_that_bears_its_mark_are_shown_together(question, row):
    entry = Entry("a", "Where we are", HOURS)
    assert len(blocks_of(entry)) == 6
    shown = selected(by("overlap", 9.0), question, entry, WordEncoder())
    rows = HOURS.splitlines()[:3]
    assert [text for text in shown if text in rows] == [rows[row]]
    assert any(text.startswith("*") for text in shown) == (row == 1)


def test_a_code_of_a_follow_up_that_no_row_has_is_not_that_of_the_turn_before():
    rows = [Block((f"Code: E0{n}; Cause: {cause}",)) for n, cause in enumerate(["ice", "air"], 1)]
    likely = np.array([0.2, 0.5])
    assert rows_asked_for("and E9?", rows, likely, "what is E02").tolist() == [0.5, 0.5]
    assert rows_asked_for("and the cause?", rows, likely, "what is E02").tolist() == [0.0, 0.5]


def test_lines_of_a_list_are_no_footnotes():
    entry = Entry("a", "Bring", "Bring these*:\n* a cup\n* a plate\n\nThe area of 50 m² is free.")
    weighed = by("overlap", 9.0).weigh("area", entry, lambda texts, _: WordEncoder().encode(texts))
    assert not weighed.noted


def test_of_two_amounts_each_brings_the_line_that_holds_it():
    """A trip of 6 days, cancelled 20 days before: which of the two is meant is not known."""
    lines = [
        "Left: 3-6; Fee: 40%",
        "Left: 7-14; Fee: 20%",
        "Left: 15-29; Fee: 9%",
    ]
    days = [line.replace(";", " days;", 1) for line in lines]
    assert holding("a trip of 6 days, 20 days before", days) == [True, False, True]
    assert holding("20 days before", days) == [False, False, True]
    assert holding("by the day", days) == [None, None, None]  # no amount
    assert holding("by the day", [line.replace("3-6", "1-6") for line in days]) == [None] * 3
    assert holding("40 days before", days) == [None, None, None]
    weeks = [
        "Week: 6-8 weeks; Test: A",
        "Week: 11-13 weeks; Test: B",
        "Week: after 36 weeks; Test: C",
    ]
    assert holding("12 weeks pregnant", weeks) == [False, True, False]
    assert holding("38 weeks pregnant", weeks) == [None, None, None]


@pytest.mark.parametrize(
    "question, lines",
    [
        ("which mower for 900 m2", [2]),
        ("which mower for 300 sqm", [1]),
        ("a mower for 100 m²", [0]),
        ("I have a lawn of 2 ha, which mower", [3]),
        ("which mower for 600 m²", [1, 2]),
    ],
)
@pytest.mark.parametrize("rows", [False, True])
def test_of_lines_for_ranges_the_one_that_holds_the_amount_is_shown(question, lines, rows):
    said = ["Up to 150 m²: a cordless mower.", "150-600 m²: petrol.", "600-1,500 m²: any mower."]
    said += ["From 1,500 m²: ride on."]
    if rows:
        said = [f"Lawn: {text.replace(':', '; Take:', 1)}" for text in said]
    said_together = "\n".join(said) if rows else " ".join(said)
    entry = Entry("a", "Lawns", f"We are often asked.\n\n{said_together}\n\nMulch it weekly.")
    shown = selected(by("overlap", 9.0), question, entry, WordEncoder())
    assert [said.index(text) for text in shown if text in said] == lines


def test_what_only_a_footnote_says_is_told_by_the_row_that_is_asked_for():
    rows = ["Service: Text; Abroad: £1; At sea: £2", "Service: Data; Abroad: £4*; At sea: £9*"]
    note = "* It is blocked at £50. Send a text with the word on."
    entry = Entry("a", "Abroad", "\n".join([*rows, "", note, "", "There are packs. " * 30]))
    last = [name == "overlap" for name in FEATURES]
    weak = Selector(tuple(9.0 * own for own in last), -6.0)
    assert rows[0] in selected(weak, "and text", entry, WordEncoder())
    assert not any(t.startswith("*") for t in selected(weak, "and text", entry, WordEncoder()))
