"""What a question names is what is answered: products beside parts, models beside others."""

import pytest

from mm_support.decide.named import (
    asks_amount_of,
    both_named,
    named_among,
    named_first,
    names_another_thing,
    only_names,
    told_before,
    which,
    with_named,
)
from mm_support.language.asks import affirmed, amounts_stated
from mm_support.language.facts import range_in
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


PLANTING = ("How is a hedge planted?", "Dig a trench, water it, set the plants 40 cm apart.")
PRICES = ("Our rates", "For each metre we charge 18 euros.")
WATERING = ("Watering", "A hedge is watered twice a week.")


def test_a_price_is_told_by_what_states_one_of_what_is_as_good():
    found = hits(PLANTING, WATERING, PRICES)
    assert first("how much is planting a hedge", found) == PRICES[0]
    assert first("what does planting a hedge cost", hits(PLANTING, WATERING)) == PLANTING[0]
    far = [*hits(PLANTING), Hit(Entry(*PRICES[:1] * 2, PRICES[1]), 0.3)]
    assert first("how much is planting a hedge", far) == PLANTING[0]


@pytest.mark.parametrize(
    "text, priced",
    [
        ("price: 329.00", True),
        ("price per metre (EUR): 18", True),
        ("型号: QH-J600; 零售价(元): 1599", True),
        ("Preis pro Nacht: 31", True),
        ("The price depends on the size; length: 31", False),
        ("Prices differ.\nPhone: 12", False),
    ],
)
def test_a_number_in_a_field_that_is_called_a_price_is_one(text, priced):
    assert ("price" in amounts_stated(text)) == priced


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


def test_the_product_of_a_number_comes_before_a_list_that_has_it_among_others():
    lights = ("Lights of all kettles (KE-2, KE-3)", "Red: too hot.")
    for found in (hits(lights, KETTLE), hits(KETTLE, lights)):
        assert first("How much is the KE-2?", found) == KETTLE[0]
        assert first("what do the lights of the KE-2 mean", found) == lights[0]


@pytest.mark.parametrize(
    "words, told",
    [
        ("How much is the KE-2?", True),
        ("what does the KE-2 kettle cost", True),
        ("KE-2多少钱", True),
        ("How much is a lid for the KE-2?", False),
        ("How long does the KE-2 take?", False),
        ("KE-2", False),
        ("how much is the kettle", False),
    ],
)
def test_a_question_that_is_a_number_and_a_price_is_told_by_its_row(words, told):
    assert asks_amount_of(words, hits(KETTLE)[0].entry) == told
    assert not asks_amount_of(words, hits(LARGE)[0].entry)


def test_what_a_price_is_asked_of_comes_before_what_has_one_of_it():
    machine = ("Tisa machine (TM-1)", "With a water filter WA-1. price: 249.00")
    filter_ = ("Water filter cartridge (WA-1)", "For all machines. price: 12.90")
    assert first("how much is a water filter", hits(machine, filter_)) == filter_[0]
    assert (
        first("how much is the machine with a water filter", hits(machine, filter_)) == machine[0]
    )
    assert first("is there a water filter", hits(machine, filter_)) == machine[0]


PLANS = "Plan: Basic 40; Speed: 40; Router: B1\nPlan: Fibre 150; Speed: 150; Upload: 30"
LEAST = "Plan: Basic 40; Least: 28\nPlan: Fibre 150; Least: 120"


@pytest.mark.parametrize(
    "words, title",
    [
        ("whats the upload on fibre 150", "Plans"),
        ("How fast is Basic 40?", "Plans"),
        ("Which router has Basic 40?", "Plans"),
        ("Basic 40 or Fibre 150?", "Plans"),
        ("Does Basic 40 need an engineer?", "Basic 40"),
    ],
)
def test_a_thing_is_told_of_by_its_own_row(words, title):
    install = ("Basic 40", "No engineer is needed. It comes by post.")
    assert first(words, hits(install, ("Least speed", LEAST), ("Plans", PLANS))) == title


def test_a_price_alone_is_asked_of_what_was_answered_before_where_that_has_one():
    found = hits(LAMP, SHADE, KETTLE)
    cited = {SHADE[0], KETTLE[0]}
    assert [hit.entry.title for hit in told_before("And how much is it?", found, cited)] == [
        KETTLE[0]
    ]
    assert told_before("And how much is the shade?", found, cited) == ()
    assert told_before("How heavy is it?", found, cited) == ()


def test_a_column_alone_is_asked_of_the_table_that_was_answered_from():
    hire = ("Hire", "Machine: Aerator; per day: £48; week: £170; deposit: £100")
    found = hits(("Paying by instalments", "A deposit of 10 %. It takes a week."), hire)
    for words in ("whats the deposit", "and per week?"):
        assert [hit.entry.title for hit in told_before(words, found, {"Hire"})] == ["Hire"]
        assert told_before(words, found, set()) == ()
    assert told_before("is the deposit refunded by instalments?", found, {"Hire"}) == ()


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


MINI_LIGHT = ("Box S2 Mini: lights: What the light means", "Red: the glass is dirty.")
RING = ("Box S2: lights: What the ring means", "Red: no connection.")
INTRO, MINI_INTRO = ("Box S2: lights", "A scanner."), ("Box S2 Mini: lights", "A small scanner.")
ROW, MINI_ROW = ("list 2026: Box S2", "Price: 249"), ("list 2026: Box S2 Mini", "Price: 129")
OTHER_ROW, BATTERY = ("list 2026: Box S3", "Price: 399"), ("list 2026: Battery for S2 Mini", "")


@pytest.mark.parametrize(
    "words, found, title",
    [
        ("what does the red light on my Box S2 mean", (MINI_LIGHT, RING, INTRO), RING[0]),
        ("box s2 red light", (MINI_LIGHT, INTRO, RING), RING[0]),
        ("red light on the S2 mini", (RING, MINI_LIGHT), MINI_LIGHT[0]),
        ("the S2, not the mini", (MINI_INTRO, INTRO), INTRO[0]),
        ("不是mini，是S2", (MINI_INTRO, INTRO), INTRO[0]),
        ("Box S2 多少钱", (ROW, INTRO, MINI_ROW), ROW[0]),  # a table's name is none of the box's
        ("Was kostet die Box S2 Mini?", (MINI_ROW, MINI_INTRO, ROW), MINI_ROW[0]),
    ],
)
def test_a_longer_name_is_another_thing_unless_it_was_asked_for(words, found, title):
    assert first(words, hits(*found)) == title


def test_a_comparison_is_hardly_more_than_names():
    plans = hits(("Bean Club Basic", ""), ("Bean Club Plus", ""))
    assert only_names("Difference between Basic and Plus?", plans)
    assert not only_names("Is basic first aid a plus for bakers in Norway?", plans)


def test_a_name_that_several_things_share_is_open_between_them():
    found = hits(MINI_LIGHT, RING, INTRO)
    assert [hit.entry.title for hit in which("box red light", found)] == [MINI_LIGHT[0], RING[0]]
    assert which("box s2 red light", found) == which("red light", found) == ()
    assert which("box ring", hits(RING, MINI_LIGHT)) == ()  # one of them says more of it


@pytest.mark.parametrize("words", ["S2 Mini vs S2", "S2 Mini 和 S2 有什么区别"])
def test_of_two_names_the_shorter_one_is_named_too_where_it_is_said_twice(words):
    found = hits(BATTERY, MINI_LIGHT, MINI_INTRO, MINI_ROW, INTRO)
    assert {hit.entry.title for hit in both_named(words, found)} == {MINI_INTRO[0], INTRO[0]}
    assert both_named("my S2 Mini is slow, is an S2 Mini better?", found) == ()
    near = with_named(words, found, 3)  # however far behind the shorter one was found
    assert len(near) == 3 and INTRO[0] in [hit.entry.title for hit in near]


@pytest.mark.parametrize(
    "words, title",
    [
        ("the S2", RING[0]),
        ("the S2, not the mini", RING[0]),
        ("the mini", MINI_LIGHT[0]),
        ("not the S2", ""),
        ("the lamp", ""),
        ("the light", ""),
    ],
)
def test_one_of_two_titles_is_chosen_by_what_only_it_is_called(words, title):
    assert named_among(words, (MINI_LIGHT[0], RING[0])) == title


def test_no_pair_comes_before_what_tells_of_both():
    terms = ("Warranty", "Box S2: 24 months. Box S3: 36 months. Warranty begins on delivery.")
    words = "what is the warranty of S2 and S3?"
    assert both_named(words, hits(terms, OTHER_ROW, BATTERY)) == ()
    both = both_named("price of S2 and S3?", hits(terms, BATTERY, OTHER_ROW, ROW))
    assert {hit.entry.title for hit in both} == {ROW[0], OTHER_ROW[0]}


def test_nothing_is_named_where_nothing_was_found():
    assert named_first("KE-2", []) == ()


def test_the_code_of_another_product_is_no_answer():
    codes = hits(
        ("Errors: Presser: E7", "It is too hot."),
        ("Errors: Presser: E5", "The tank is empty."),
        ("Errors: Purifier: E3", "The fan is blocked."),
    )
    assert names_another_thing("my purifier shows E7", codes)
    assert not names_another_thing("my presser shows E7", codes)
    assert not names_another_thing("what does E7 mean", codes)


@pytest.mark.parametrize(
    "words, another",
    [
        ("the purifier shows E3", True),
        ("the washer shows E3", False),
        ("it shows E3", False),
        ("my big machine shows E3", False),  # no title speaks of it
        ("what does E3 mean and does the purifier need a new filter", False),
        ("the purifier beside the washer shows E3", False),  # whichever it is
    ],
)
def test_what_shows_the_code_of_another_thing_is_not_answered_by_it(words, another):
    found = hits(
        ("Washer shows E3", "The door is open."), ("Purifier: changing the filter", "Turn it.")
    )
    assert names_another_thing(words, found) == another


@pytest.mark.parametrize(
    "question, answer, lead",
    [
        (
            "What is Drift Commander?",
            "It plans tours.",
            "There are several ways to get Drift Commander:",
        ),
        (
            "Что такое Drift Commander?",
            "Это программа.",
            "Есть несколько способов получить Drift Commander:",
        ),
        ("什么是 Drift Commander？", "一个程序。", "获取 Drift Commander 有几种方法："),
    ],
)
def test_what_announces_a_list_is_no_row_of_what_it_names(question, answer, lead):
    found = hits((question, answer), ("Downloads", f"{lead}\n\n- Our page.\n- The shop."))
    assert first(question, found) == question


def test_a_row_that_no_word_chooses_among_its_like_does_not_answer():
    rows = hits(
        ("Branches: Hull", "Town: Hull; Branch: Old Dock; Hours: 9-17"),
        ("Branches: Ely", "Town: Ely; Branch: West End; Hours: 9-18"),
    )
    assert names_another_thing("hours of your branch in Leeds", rows)
    assert not names_another_thing("hours of your branch in Hull", rows)
    assert not names_another_thing("hours of the old dock branch", rows)
    assert not names_another_thing("hours of your branches?", rows)  # all are told
    assert not names_another_thing("Öffnungszeiten der Filiale in Leeds?", rows)  # no word is its


def test_a_row_is_for_the_amounts_in_its_range():
    small = ("Tablet small dog", "Product: Tablet small dog; Size: 4.5-10 kg; Price: £34.90")
    large = ("Tablet large dog", "Product: Tablet large dog; Size: 20 to 40 kg; Price: £41.50")
    for words, title in (("tablet for a 6 kg dog", small[0]), ("tablet, dog of 30kg", large[0])):
        for found in (hits(small, large), hits(large, small)):
            assert first(words, found) == title
            assert not names_another_thing(words, named_first(words, found))
    assert names_another_thing("tablet for a 15 kg dog", hits(small, large))
    assert not names_another_thing("tablet for a dog within 15 days", hits(small))
    daily = ("Tablet daily", "Product: Tablet daily; Days before: 3-6; Price: £9")
    assert not names_another_thing("tablet on the day of the trip", hits(daily))  # no amount
    assert names_another_thing("tablet 9 days before the trip", hits(daily))


@pytest.mark.parametrize(
    "cell, found",
    [
        ("Size: 4.5-10 kg", ("mass", 4_500, 10_000)),
        ("Weight kg: 3-6", ("mass", 3_000, 6_000)),
        ("Days before arrival: 15-29", ("time", 15 * 86_400, 29 * 86_400)),
        ("Lawn m²: 150-600", ("area", 150, 600)),
        ("距出发: 15-29天", ("time", 15 * 86_400, 29 * 86_400)),
        ("Rooms: 3-6", None),
        ("Notice: 29 to 15 days", ("time", 15 * 86_400, 29 * 86_400)),
        ("Stay: 14 days, 7 nights", None),
        ("Shift: 22-6 hours", None),
        ("Weight (kg): 6-3", None),
        ("Open: 9:00-17:00", None),
        ("Hours: 9-17", None),
    ],
)
def test_a_ranges_unit_may_stand_in_the_name_of_its_column(cell, found):
    assert range_in(cell) == found


def test_how_to_do_a_thing_is_not_told_by_what_it_costs():
    priced = ("Services", "Service: Descaling the steamer; Price: £29")
    steps = ("Steamer", "Mix 10 g of citric acid with water to descale it.")
    found = hits(priced, steps)
    assert first("how do i descale the steamer", found) == steps[0]
    for words in ("descaling the steamer", "how do i pay the price of descaling the steamer"):
        assert first(words, found) == priced[0]


@pytest.mark.parametrize(
    "words, another",
    [
        ("how long does delivery to mexico take", True),
        ("寄到法国要几天", True),
        ("delivery to the UK", False),
        ("寄到英国要几天", False),
        ("how long does delivery take", False),
        ("how long to the US", True),  # the entry has the letters, not the country
    ],
)
def test_an_entry_for_one_country_does_not_answer_for_another(words, another):
    abroad = ("Delivery", "Parcels to Great Britain take a week, those to Germany three days.")
    assert names_another_thing(words, hits(abroad)) is another


@pytest.mark.parametrize(
    "union", ["the EU", "欧盟", "der Europäischen Union", "l'UE", "странах ЕС"]
)
def test_what_holds_for_a_union_of_countries_holds_for_each(union):
    roaming = hits(("Roaming", f"In {union} and Norway as at home."))
    for words in ("data in spain", "手机在法国能用吗", "Internet in Polen", "roaming in Norway"):
        assert not names_another_thing(words, roaming)
    for words in ("data in switzerland", "手机在英国能用吗"):
        assert names_another_thing(words, roaming)


@pytest.mark.parametrize(
    "words, another",
    [
        ("ドイツへの送料はいくらですか", True),
        ("フランスへの送料", False),
        ("독일까지 배송되나요", True),
        ("доставка в Германию", True),
        ("доставка во Францию", False),
        ("Versand in die Vereinigten Staaten", True),
        ("do you ship to china", True),
        ("Delivery to China", True),
        ("is the china cup sent with care", False),
        ("Can I return a jersey?", False),
        ("does it fit a kitchen island", False),
        ("タイヤの送料", False),  # a tyre, no Thailand
        ("الشحن لألمانيا", True),
        ("الشحن للصين", True),
        ("доставка в Россию", True),
        ("доставка в Чехию", True),
        ("доставка в саудовскую аравию", True),
        ("wysyłka do Wielkiej Brytanii", True),
        ("Versand in die Niederlande", True),
        ("Is the chili sauce vegan?", False),  # Chile in French
        ("is the czech plug included", False),  # Czechia begins so in Polish
        ("does it light a Kitchen Island", False),  # Iceland in German
        ("Gibt es Versand nach Island?", True),
        ("do you ship to Deutschland?", True),
        ("frankreich", False),
        ("brasil", True),
        ("can I wear it at a family reunion", False),
        ("вы поможете грузить?", False),  # to load, no Georgia
        ("mi abuela usa bastón", False),  # uses
        ("cuánto tarda el envío a usa?", True),
    ],
)
def test_a_country_is_found_in_its_forms_and_an_ordinary_word_is_none(words, another):
    abroad = ("France", "フランスへの送料 프랑스 배송 Доставка во Францию: 20 euros.")
    assert names_another_thing(words, hits(abroad)) is another


BREWS = ("Brew 2", "The Brew 2 costs 149 euros."), ("Brew 3", "The Brew 3 costs 199 euros.")
ROMAN = ("Brew II", "It costs 149 euros."), ("Brew III", "It costs 199 euros.")
NUMERALS = ("Brew II", "149 euros."), ("Brew IV", "199 euros."), ("Brew I", "99 euros.")
MACHINES = (
    ("Kaffeemaschine klein", "Diese Maschine kostet 149 Euro."),
    ("Kaffeemaschine groß", "Diese Maschine kostet 199 Euro."),
)
SERVICES = (
    ("Devolución urgente", "Cuesta 9 euros y llega en dos días."),
    ("Devolución gratuita", "No cuesta nada y llega en una semana."),
)
LETTERED = ("Plan B", "149 euros."), ("Plan A", "199 euros.")
SIZES = ("Shirt S", "10 euros."), ("Shirt M", "12 euros."), ("Shirt XL", "14 euros.")
LAMPS = ("Lamp 300 W", "It costs 30 euros."), ("Lamp 500 W", "It costs 50 euros.")
MODELS = ("型号A", "10元。"), ("型号B", "12元。")
VITAMINS = ("Vitamin C", "10 euros."), ("Vitamin D", "12 euros.")


@pytest.mark.parametrize(
    "words, found, title",
    [
        ("My Brew 2 leaks after 3 weeks", BREWS, "Brew 2"),
        ("I have had my Brew 2 for 3 years, can I return it?", BREWS, "Brew 2"),
        ("I bought a Brew 2 on 3 May", BREWS, "Brew 2"),
        ("Is my Brew 2 repaired by 3 pm?", BREWS, "Brew 2"),
        ("Brew 2 price for 3 pieces", BREWS, "Brew 2"),
        ("Is the Brew 2 good for 3 people?", BREWS, "Brew 2"),
        ("Reicht die Brew 2 für 3 Personen?", BREWS, "Brew 2"),
        ("3 filters for my Brew 2", BREWS, "Brew 2"),
        ("Wait a second, how much is the Brew 3?", BREWS, "Brew 3"),
        ("我的 Brew 2 用了3年可以退吗", BREWS, "Brew 2"),
        ("I have had the Brew II for 3 years", ROMAN, "Brew II"),
        ("Brew III's price", ROMAN, "Brew III"),
        ("Brew-III price", ROMAN, "Brew III"),
        ("BrewIII price", ROMAN, "Brew III"),
        ("Brew  III price", ROMAN, "Brew III"),
        ("Brew\nIII price", ROMAN, "Brew III"),
        ("How much are Brew IIIs?", ROMAN, "Brew III"),
        ("brew-3 price", BREWS, "Brew 3"),
        ("brew iv price", NUMERALS, "Brew IV"),
        ("Brew I price", NUMERALS, "Brew I"),
        ("Was kostet die große Kaffeemaschine?", MACHINES, "Kaffeemaschine groß"),
        ("¿Cómo pido una de las devoluciones gratuitas?", SERVICES, "Devolución gratuita"),
        ("plan a price", LETTERED, "Plan A"),
        ("How much is Shirt M?", SIZES, "Shirt M"),
        ("price of shirt in size m", SIZES, "Shirt M"),
        ("i'm looking at shirt s", SIZES, "Shirt S"),
        ("shirt xl price", SIZES, "Shirt XL"),
        ("the 500 watt lamp", LAMPS, "Lamp 500 W"),
        ("Lamp 500 W price", LAMPS, "Lamp 500 W"),
        ("型号B多少钱", MODELS, "型号B"),
        ("do you have vitamin d", VITAMINS, "Vitamin D"),
    ],
)
def test_a_letter_and_a_number_name_a_thing_and_a_number_that_counts_does_not(words, found, title):
    meant = named_first(words, hits(*found))
    assert meant[0].entry.title == title
    assert not names_another_thing(words, meant) and not both_named(words, meant)


@pytest.mark.parametrize(
    "words",
    [
        "Not charging",
        "The Brew 2 is on, not heating",
        "not working since Monday",
        "It's plugged in, not heating at 90 degrees",
        "not on",
    ],
)
def test_what_is_wrong_with_a_thing_is_no_other_thing(words):
    assert affirmed(words) == words


@pytest.mark.parametrize(
    "words, meant",
    [
        ("Not the S2 but the Mini", "but the Mini"),
        ("not brew 2 but brew 3", "but brew 3"),
        ("Nicht den S2 sondern den Mini", "sondern den Mini"),
        ("Pas le S2 mais le Mini", "mais le Mini"),
        ("No el S2 sino el Mini", "sino el Mini"),
        ("不是Brew 2而是Brew 3", "而是Brew 3"),
        ("the S2, not the mini", "the S2"),
        ("要 Brew 2，不要 Brew 3", "要 Brew 2"),
        ("not the mini", ""),
    ],
)
def test_what_is_meant_in_the_place_of_another_thing_is_kept(words, meant):
    assert affirmed(words).strip() == meant


PHONES = ("Phone 64 GB", "It costs 300 euros."), ("Phone 128 GB", "It costs 400 euros.")
SCREENS = ("55 inch TV", "It costs 700 euros."), ("65 inch TV", "It costs 900 euros.")
PARCELS = ("Parcel up to 5 kg", "5 euros."), ("Parcel up to 20 kg", "9 euros.")
TIME_LIMITS = ("Return within 30 days", "Free."), ("Return within 60 days", "5 euros.")


@pytest.mark.parametrize(
    "words, found, another",
    [
        ("Phone 256 GB price", PHONES, True),
        ("Phone 128 GB price", PHONES, False),
        ("how much is a 75 inch TV", SCREENS, True),
        ("how much is the 65 inch tv", SCREENS, False),
        ("how much is a 12 kg parcel", PARCELS, False),  # told by its bounds
        ("can I return it after 45 days", TIME_LIMITS, False),
        ("Phone 64 GB with 10 GB of data", PHONES, False),
    ],
)
def test_a_size_that_none_of_its_like_has_is_another_thing(words, found, another):
    assert names_another_thing(words, named_first(words, hits(*found))) is another


def test_what_only_looks_like_a_numeral_or_a_letter_of_a_name_is_none():
    found = hits(("Refund of items", "Within a week."), ("Items I ordered are missing", "Write."))
    assert not names_another_thing("a refund for items I sent back", found)
    found = hits(("Mini II", "It costs 9 euros."), ("Lamp", "A lamp."))
    assert not names_another_thing("mini x 3 price", found)


def test_two_numbers_behind_one_name_are_both_named():
    for words, found in (
        ("Brew II or Brew III?", ROMAN),
        ("Brew 2 or 3, which is cheaper?", BREWS),
        ("Brew 2 and the 3 compared", BREWS),
        ("Is the 3 better than the Brew 2?", BREWS),
        ("300 or 500?", LAMPS),
    ):
        named = both_named(words, hits(*found))
        assert [hit.entry.title for hit in named] == [title for title, _ in found]


def test_a_number_that_nothing_found_has_is_another_thing():
    router = ("Router", "With Fibre 100 the router costs 4 euros.")
    plans = ("Plan Fibre 100", "34 euros a month."), ("Plan Fibre 500", "49 euros a month.")
    assert names_another_thing("do you have Fibre 1000?", hits(router, *plans))
    assert not names_another_thing("what does the router of Fibre 100 cost", hits(router, *plans))


def test_a_unit_of_area_behind_a_number_is_no_code():
    lawns = Entry("a", "Which mower for which lawn", "Small: cordless. Large: petrol.")
    robots = Entry("b", "Robot mowers", "We install up to 800 m² for 249 pounds.")
    found = (Hit(lawns, 0.6), Hit(robots, 0.5))
    assert named_first("what mower do I need for 900 m2", found)[0].entry is lawns
    named = (Hit(lawns, 0.6), Hit(Entry("c", "Mower M2", "It is light."), 0.5))
    assert named_first("how heavy is the mower M2", named)[0].entry.id == "c"


def test_words_that_ask_for_an_amount_name_nothing():
    warranty = ("净水器手册: 保修", "整机保修1年。")
    unused = ("净水器手册: 停用多久要处理", "冬天停用请放空机内存水,否则冻裂不保修。")
    assert first("保修多久", hits(warranty, unused)) == warranty[0]
    assert first("停用多久", hits(warranty, unused)) == unused[0]


def test_of_japanese_words_grammar_names_nothing():
    alone = Entry("alone", "参加について: お一人でも泊まれますか？", "お一人様のお部屋があります。")
    bath = Entry(
        "bath", "当日について: どんな靴で行けばいいですか？", "歩きやすい靴でお越しください。"
    )
    hits = (Hit(alone, 0.4), Hit(bath, 0.35))
    assert named_first("ひとりで行っても大丈夫？", hits)[0].entry is alone
    assert names_another_thing("ひとりで行っても大丈夫？", hits) is False
