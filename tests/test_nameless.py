"""What is asked of a named thing and stands elsewhere: a policy asked of a product."""

from contextlib import closing
from dataclasses import replace

import pytest
from test_service import built, folder  # noqa: F401  (a fixture)

from mm_support.decide.decision import Decision
from mm_support.decide.intents import Reads
from mm_support.decide.nameless import (
    elsewhere,
    in_doubt,
    says_nothing,
    without_name,
    without_things,
)
from mm_support.pipeline.retrieve import LookedUp, asked_alone, nameless
from mm_support.pipeline.step import drained
from mm_support.pipeline.turn import judge as judge_turn
from mm_support.types import Entry, Hit, Question, UserTurn

KETTLE = Entry("kettle", "Ovo kettle (KE-2)", "A steel kettle.\n\nprice: 59.00; lead: 1 m")
RETURNS = Entry("returns", "Returns", "Unused goods come back within 20 days.")
LID = Entry("lid", "Lid (KL-1)", "A lid for the KE-2.")
FAULT = Entry("fault", "Kettle shows E3: dry", "Fill it.")


@pytest.mark.parametrize(
    "words, title, rest",
    [
        ("can I return my KE-2?", KETTLE.title, "can I return my ?"),
        ("can I return my Ovo kettle KE-2?", KETTLE.title, "can I return my ?"),
        ("KE-2能退吗", "不锈钢水壶 (KE-2)", "能退吗"),
        ("gilt das auch für Fest 12", "tarife: Talstrom Fest 12", "gilt das auch für"),
        ("I have had my Plane No. II for 3 weeks", "Plane No. II", "I have had my for 3 weeks"),
        ("is the pack of 3 cheaper", "Filters, pack of 3 (WF-1)", "is the cheaper"),
    ],
)
def test_a_name_is_left_out_of_what_is_asked(words, title, rest):
    assert without_name(words, Entry("named", title, "It is blue.")) == rest


@pytest.mark.parametrize(
    "last, is_product",
    [
        ("Price: 49.90 EUR", True),
        ("Source: https://help.example.com/articles/how-many-cards-can-i-order", False),
        ("Note: Cards run on phones with the latest version of the app alone", False),
        ("Note: One each.", False),
    ],
)
def test_a_question_is_no_name_though_a_note_stands_below_its_answer(last, is_product):
    entry = Entry("cards", "How many cards can I order?", f"You can order one card.\n\n{last}")
    words = "how many cards can i hav"
    assert without_name(words, entry) == ("hav" if is_product else words)


@pytest.mark.parametrize(
    "words, title, rest",
    [
        ("can I print at Quay Road", "branches: Quay Road Library", "can I print at"),
        ("is Ducklings in the holidays", "lessons: Ducklings", "is in the holidays"),
        ("桥南店有停车位吗", "门店: 桥南店", "有停车位吗"),
        ("where is a library", "branches: Quay Road Library", "where is a library"),
        ("who is the head of the team", "cups: Cup of the house", "who is the head of the team"),
    ],
)
def test_what_a_row_is_called_is_a_name(words, title, rest):
    row = Entry("row", title, "Place: here; Parking: none")
    assert without_name(words, row) == rest
    prose = Entry("prose", title, "It is here.")
    assert without_name(words, prose) == words


@pytest.mark.parametrize(
    "words, title",
    [
        ("how long is the warranty", "Two-year warranty"),  # a topic is no name
        ("does it come with a fixed address", "Fixed IP address"),
        ("it blinks three times", "Filters, pack of 3 (WF-1)"),  # an amount alone
        ("will the 17.5 Ah battery fit", "48V 17.5Ah battery (BT-4817)"),
    ],
)
def test_what_has_no_number_beside_a_word_is_no_name(words, title):
    assert without_name(words, Entry("named", title, "It is blue.")) == words


def test_a_row_is_named_by_a_code_in_any_of_its_cells_where_its_title_is_not():
    row = Entry("row", "Boiler: bAt", "Display: bAt; Model: KE-2; Action: charge it")
    assert without_name("is KE-2 loud", row) == "is   loud"
    assert without_name("boiler bAt on the KE-2", row) == "on the KE-2"  # the title's name tells
    prose = Entry("prose", "Boiling water", "Use the KE-2.")
    assert without_name("is KE-2 loud", prose) == "is KE-2 loud"


def test_what_stands_first_in_the_rows_of_a_table_is_left_out():
    table = Entry("t", "Shops", "Shop: Hull Old Dock; Hours: 9-17\nShop: 鲸鱼店; Hours: 9-18")
    assert without_things("parking at hull old dock?", table) == "parking at  ?"
    assert without_things("鲸鱼店有停车位吗", table) == "有停车位吗"
    assert without_things("parking at Hull station", table) == "parking at Hull station"
    beside = Entry("t", "Shops", f"We have two shops.\n\n{table.answer}")
    assert without_things("parking at hull old dock?", beside) == "parking at hull old dock?"
    for rest, nothing in (("parking at ?", True), ("hours of ?", False)):
        assert says_nothing(table, rest, [Hit(table, 0.1)]) == nothing
        assert says_nothing(beside, rest, [Hit(beside, 0.1)]) == nothing


@pytest.mark.parametrize(
    "rest, score, nothing",
    [
        ("does it have a reverse gear", 0.1, True),
        ("does it have a reverse gear", 0.3, False),  # found by it: it is said in other words
        ("how much is the", 0.0, False),
        ("is the lead long", 0.0, False),  # a word of it
    ],
)
def test_a_row_says_nothing_of_what_it_has_no_word_of_and_is_hardly_found_by(rest, score, nothing):
    row = Entry("row", "Ovo kettle (KE-2)", "Item: Ovo kettle; Lead: 1 m; Price: 59.00")
    assert says_nothing(row, rest, [Hit(RETURNS, 0.6), Hit(row, score)]) == nothing
    assert says_nothing(row, rest, [Hit(RETURNS, 0.6)]) == (nothing or score == 0.3)


def test_a_text_says_nothing_of_what_it_has_no_word_of_unless_it_is_about_a_code():
    """Whoever reads a code may tell what happened beside it."""
    prose, rest = Entry("text", "Ovo", "It is blue."), "is the waterproof"
    assert says_nothing(prose, rest, [Hit(RETURNS, 0.6), Hit(prose, 0.1)])
    assert not says_nothing(prose, rest, [Hit(RETURNS, 0.6), Hit(prose, 0.3)])
    assert not says_nothing(prose, "is the blue", [Hit(RETURNS, 0.6)])
    assert not says_nothing(FAULT, "since the power cut", [Hit(RETURNS, 0.6)])


def test_what_its_row_says_nothing_of_is_asked_back(tmp_settings, folder):  # noqa: F811
    rows = "name,material,price\nOvo (KE-2),steel,59\nUno (KE-3),glass,69\n"
    (folder / "goods.csv").write_text(rows)
    with closing(built(tmp_settings, folder)) as service:
        for text, action in (("KE-2 zzz qqq", "clarify"), ("KE-2 steel", "answer")):
            answer = service.answer(UserTurn(text, knowledge="kb"))
            assert (answer.action, answer.citations[0].entry_id) == (action, "goods-ovo-ke-2")


def decided(entry, reason="evidence", confidence=0.7):
    action = "answer" if reason == "evidence" else "clarify"
    return Decision(action, reason, confidence, (Hit(entry, 0.6),))


def found(named, own, best=RETURNS):
    """What the rest finds: the best, and the named entry with a score of its own."""
    return [Hit(best, 0.6), Hit(LID, 0.5), Hit(named, own)]


def judge(by_name, alone, named=KETTLE, own=0.1, rest="can I return my", says=lambda entry: 0.5):
    hits = found(named, own, alone.hits[0].entry)
    return elsewhere(by_name, named, rest, alone, hits, 0.9, says)


def test_what_a_name_was_leaning_on_is_not_missing_without_it():
    read = Reads({"follow_up": 0.7, "choose": 0.2, "person": 0.1}, frozenset({"choose", "person"}))
    alone = read.alone()
    assert (read.follow_up, alone.follow_up) == (pytest.approx(0.9), 0.0)
    assert alone.says == {"person"} and alone.probability == {"person": 0.1}


def test_what_surely_answers_the_rest_is_the_answer():
    alone = decided(RETURNS)
    assert judge(decided(KETTLE), alone) == alone
    assert judge(decided(KETTLE, "ambiguous"), alone, own=0.4) == alone


def test_the_name_stays_the_answer_where_its_entry_speaks_of_the_rest_too():
    assert judge(decided(KETTLE), decided(RETURNS), own=0.4) is None
    assert judge(decided(KETTLE), decided(RETURNS), own=0.55) is None
    assert judge(decided(KETTLE), decided(RETURNS, confidence=0.95), own=0.4) is not None
    assert judge(decided(KETTLE, "ambiguous"), decided(RETURNS), own=0.55) is None
    assert judge(decided(KETTLE), decided(RETURNS), rest="can I return a kettle") is None


@pytest.mark.parametrize(
    "other, rest, another",
    [
        (Entry("buds", "Linnet Buds earbuds", "The Linnet Buds are splash-proof."), "", True),
        (Entry("care", "Finch Care cover", "All falls that Finch Care covers."), "", True),
        (
            Entry("care", "Finch Care cover", "All falls that Finch Care covers."),
            "is it covered by finch care",
            False,
        ),
        (Entry("pot", "A teapot", "It is splash-proof.", intent="goods"), "", True),
        (Entry("policy", "Splashes", "Splash-proof goods.", intent="terms"), "", False),
        (Entry("de", "Garantie auf Geräte", "Die Garantie auf Geräte gilt ein Jahr."), "", False),
        (Entry("zh", "保修政策", "所有商品保修两年。"), "", False),
    ],
)
def test_what_is_said_of_another_thing_is_not_said_of_the_named_one(other, rest, another):
    named = replace(KETTLE, intent="goods")
    alone = decided(other)
    told = judge(decided(named), alone, named, rest=rest or "is the splash-proof")
    assert told == (None if another else alone)


def test_a_price_that_is_all_that_is_asked_of_a_thing_is_its_own():
    match = Entry("match", "Price match", "We match any lower price within 14 days.")
    assert judge(decided(KETTLE), decided(match), rest="price") is None
    assert judge(decided(KETTLE), decided(match), rest="do you match a lower price") is not None


def test_a_sure_answer_that_says_nothing_is_asked_back_with_what_the_rest_may_be_about():
    sure = decided(KETTLE)
    for reason, offered in (("ambiguous", ["kettle", "returns"]), ("unknown", ["kettle"])):
        asked = in_doubt(sure, decided(RETURNS, reason, 0.3))
        assert (asked.action, asked.reason) == ("clarify", "ambiguous")
        assert [hit.entry.id for hit in asked.hits] == offered
    assert len(in_doubt(sure, decided(KETTLE, "ambiguous")).hits) == 1


def test_a_table_is_asked_back_for_what_its_row_does_not_say_and_never_displaced(
    tmp_settings,
    folder,  # noqa: F811
):
    """A row's name may be any word ("closed over Christmas"): the rest of such a question by itself
    is not what was asked.
    """
    (folder / "shops.md").write_text(
        "# Shops\n\n| Shop | Hours |\n|---|---|\n| Ulmdock | 9-17 |\n| Elmdock | 8-12 |\n"
    )
    with closing(built(tmp_settings, folder)) as service:

        def told(words):
            question = Question(words)
            _, query, hits, _ = asked_alone(service.parts, "kb", question)
            (table,) = (hit for hit in hits if "Ulmdock" in hit.entry.answer)
            sure = Decision("answer", "evidence", 0.9, (table,))
            looked = LookedUp(question, query, (table, *hits), sure)
            decision = nameless(service.parts, "kb", looked).decision
            return decision.action, "Ulmdock" in decision.hits[0].entry.answer

        assert told("Ulmdock zzz qqq") == ("clarify", True)
        assert told("Ulmdock hours") == ("answer", True)
        assert told("Ulmdock refund late hours")[1]


def test_a_row_with_a_column_for_what_is_asked_stays():
    row = Entry("row", "Battery (B-6)", "Item: Battery; Stock note: mid May; Price: 9.00")
    for reason in ("evidence", "ambiguous"):
        for rest, stays in (("when will the be back in stock", True), ("can I return my", False)):
            assert (judge(decided(row, reason), decided(RETURNS), row, rest=rest) is None) == stays


def test_an_answer_in_doubt_is_offered_beside_what_is_in_doubt_itself():
    alone = decided(RETURNS, "ambiguous", 0.4)
    offered = judge(decided(KETTLE, "ambiguous"), alone)
    assert offered and offered.action == "clarify"
    assert [hit.entry.id for hit in offered.hits] == ["returns", "kettle"]
    assert judge(decided(KETTLE), alone) is None
    assert judge(decided(KETTLE), decided(RETURNS, "unknown", 0.1)) is None


def test_another_thing_with_a_name_tells_nothing_of_this_one():
    assert judge(decided(KETTLE, "ambiguous"), decided(LID)) is None


def test_a_code_that_is_what_is_asked_about_stays():
    alone = decided(RETURNS, confidence=0.99)
    for rest in ("what does on the kettle mean", "what does mean", "now what"):
        assert judge(decided(FAULT), alone, FAULT, rest=rest) is None


@pytest.mark.parametrize("rest", ["can I return it", "my kettle shows, can I return it"])
def test_what_is_asked_beside_a_code_is_answered_by_what_more_likely_says_it(rest):
    says = {"returns": 0.8, FAULT.id: 0.1}
    alone = decided(RETURNS)
    assert judge(decided(FAULT), alone, FAULT, rest=rest, says=lambda own: says[own.id]) == alone
    weaker = judge(decided(FAULT), alone, FAULT, 0.4, rest, says=lambda own: says[own.id])
    assert weaker is None  # it is found by the rest too


def test_what_is_offered_beside_a_name_is_found_once(tmp_settings, folder):  # noqa: F811
    rows = "name,description,price\nOvo kettle (KE-2),A steel kettle,59\nLid (KL-1),A lid,9\n"
    (folder / "goods.csv").write_text(rows)
    question = Question("refund late pour boil steel KE-2")
    with closing(built(tmp_settings, folder)) as service:
        _, query, hits, _ = asked_alone(service.parts, "kb", question)
        unsure = Decision("clarify", "ambiguous", 0.4, hits[:1])
        told = nameless(service.parts, "kb", LookedUp(question, query, hits, unsure))
    offered = ["refund", "ovo-kettle-ke-2"]
    found = [hit.entry.id for hit in told.hits]
    assert [hit.entry.id for hit in told.decision.hits] == found[:2] == offered
    assert len(found) == len(set(found))


def test_each_part_of_a_message_is_looked_up_without_its_name(tmp_settings, folder):  # noqa: F811
    (folder / "goods.csv").write_text("name,description,price\nOvo (KE-2),A steel kettle,59\n")
    with closing(built(tmp_settings, folder)) as service:
        alone = UserTurn("Is the KE-2 refund late?", knowledge="kb")
        both = UserTurn(f"{alone.text} Is the warranty broken?", knowledge="kb")
        cited = [service.answer(turn).citations for turn in (alone, both)]
        judged = drained(judge_turn(service.parts, alone))
    found = [[citation.entry_id for citation in own] for own in cited]
    assert found == [["refund"], ["refund", "warranty"]]
    assert judged.question.typed == alone.text


def test_what_seemed_to_need_a_person_is_answered_by_what_tells_how(tmp_settings, folder):  # noqa: F811
    (folder / "goods.csv").write_text("name,description,price\nOvo (KE-2),A steel kettle,59\n")
    question = Question("refund late KE-2")
    with closing(built(tmp_settings, folder)) as service:
        _, query, hits, _ = asked_alone(service.parts, "kb", question)
        handed = Decision("handoff", "account", 0.1, ())
        told = nameless(service.parts, "kb", LookedUp(question, query, hits, handed))
    assert (told.decision.action, told.decision.hits[0].entry.id) == ("answer", "refund")
