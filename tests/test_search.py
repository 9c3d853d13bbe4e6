"""Searching at the desk: what is found, in which order, and that masks hide what they hide."""

from datetime import UTC, datetime, timedelta

import pytest
from test_conversations import desk, hand_over  # noqa: F401  (fixtures)
from test_service import folder, make  # noqa: F401  (fixtures)
from test_store import turn

from mm_support.desk.conversations import Desk
from mm_support.desk.keeper import Keeper
from mm_support.desk.kept import keep_turn
from mm_support.desk.search import FOUND, LINE, LONGEST
from mm_support.errors import InputError
from mm_support.store.journal import Journal
from mm_support.store.models import ConversationRow
from mm_support.types import Finished, UserTurn

CARD, MAIL = "4111 1111 1111 1111", "anna@example.com"


def names(found):
    return [each.case.conversation for each in found]


def keep(store, number, session, **changes):
    keep_turn(store, turn(number, session=session, **changes))


def marked(found):
    return [found.line[start:stop] for start, stop in found.marks]


# -- what is found --------------------------------------------------------------------------


def test_words_are_found_wherever_they_stand_in_a_conversation_in_any_order(store, desk):  # noqa: F811
    keep(store, 1, "a", text="My parcel is late", reply="It comes on Monday.")
    keep(store, 2, "a", text="Order A-1042", reply="Thank you.")
    keep(store, 3, "b", text="My parcel is broken", reply="It comes on Tuesday.")
    assert names(desk.search("parcel")) == ["b", "a"]  # the latest first
    for words in ("1042 parcel", "PARCEL monday", "arcel a-104", "monday 1042 late my"):
        assert names(desk.search(words)) == ["a"], words
    assert desk.search("parcel zebra") == desk.search("monday tuesday") == ()


def test_what_was_heard_read_noted_and_written_by_people_is_found(store, desk):  # noqa: F811
    photo = {
        "labels": [],
        "text": [{"text": "发票 INV-77", "confidence": 0.9, "box": [0, 0, 1, 1]}],
    }
    keep(store, 1, "heard", transcript={"text": "the pump hums", "segments": []})
    keep(store, 2, "read", image=photo)
    hand_over(store, "people", 3)
    desk.take("people", "Grace Hopper")
    desk.say("people", "Grace Hopper", "The courier has it.")
    desk.note("people", "Ada", "A refund of 30 %")
    for words, name, who, author in (
        ("HUMS", "heard", "customer", ""),
        ("inv-77", "read", "customer", ""),
        ("发票", "read", "customer", ""),
        ("courier", "people", "person", "Grace Hopper"),
        ("refund 30", "people", "note", "Ada"),
    ):
        (found,) = desk.search(words)
        assert (found.case.conversation, found.who, found.author) == (name, who, author), words
    assert names(desk.search("hopper")) == ["people"]
    assert desk.search("confidence") == ()  # a key of what is kept, not a word that was read


def test_chinese_is_found_within_a_sentence_and_in_other_letters(store, desk):  # noqa: F811
    keep(store, 1, "zh", text="我的订单１０４２什么时候退款", reply="退款需要五个工作日。")
    keep(store, 2, "de", text="Die Überweisung nach GRÜNAU fehlt", reply="Straße?")
    for words in ("退款", "工作日 订单", "订单１０４２", "　退款　五个"):
        (found,) = desk.search(words)
        assert found.case.conversation == "zh" and marked(found), words
    for words in ("überweisung", "ÜBERWEISUNG", "Grünau", "straße"):
        assert names(desk.search(words)) == ["de"], words


def test_what_stands_between_quotation_marks_is_one_word(store, desk):  # noqa: F811
    keep(store, 1, "a", text="late parcel", reply="r")
    keep(store, 2, "b", text="parcel late", reply="r")
    assert names(desk.search('"late parcel"')) == names(desk.search("“late parcel”")) == ["a"]
    assert names(desk.search("late parcel")) == ["b", "a"]


@pytest.mark.parametrize("words", ["%", "_", "/", "30 %", "a_b", "\\", "'", '"', "(", "[", "*"])
def test_signs_stand_for_themselves(store, desk, words):  # noqa: F811
    keep(store, 1, "plain", text="3000 axb", reply="r")
    keep(store, 2, "signs", text="30 % a_b / \\ ' \" ( [ *", reply="r")
    assert names(desk.search(words)) == ["signs"]


def test_a_day_and_a_month_are_found_by_their_figures(store, desk):  # noqa: F811
    day = datetime(2026, 11, 27, 23, 59, tzinfo=UTC)
    keep(store, 1, "on it", created=day, text="parcel")
    keep(store, 2, "the next", created=day + timedelta(minutes=2), text="parcel")
    keep(store, 3, "before", created=day - timedelta(days=27), text="since 2026-11-27?")
    for words in ("2026-11-27", "2026/11/27", "27.11.2026", "11/27/26", "2026年11月27日"):
        assert "on it" in names(desk.search(words)) and "the next" not in names(desk.search(words))
    assert names(desk.search("2026-11-27")) == ["on it", "before"]  # the latter speaks of it
    assert names(desk.search("parcel 2026-11")) == ["the next", "on it"]
    assert desk.search("2026-13-41") == desk.search("parcel 2026-10") == ()


def test_an_id_is_found_as_a_whole_and_a_base_by_its_name(store, desk):  # noqa: F811
    visitor = "1042" + "0" * 28
    keep(store, 1, f"{visitor}-aa", knowledge="smart-home")
    keep(store, 2, f"{visitor}-bb", knowledge="shopping")
    keep(store, 3, "other-1042", knowledge="healthcare")
    assert set(names(desk.search(visitor))) == {f"{visitor}-aa", f"{visitor}-bb"}
    assert names(desk.search(f"{visitor}-bb")) == [f"{visitor}-bb"]
    assert desk.search("1042") == desk.search("%-aa") == ()
    assert names(desk.search("home")) == names(desk.search("smart-home")) == [f"{visitor}-aa"]
    assert desk.search("care") == () and names(desk.search("health")) == ["other-1042"]
    also = {"heim": ["smart-home"], "Anna": [visitor]}
    found = desk.search("heim Anna", lambda word: also[word])
    assert names(found) == [f"{visitor}-aa"] and found[0].line == "question 1"


# -- what is shown of it --------------------------------------------------------------------


def test_the_line_that_has_most_of_the_words_is_shown_with_these_marked(store, desk):  # noqa: F811
    keep(store, 1, "a", text="The pump is loud", reply="Clean the pump's filter.")
    keep(store, 2, "a", text="Which filter?", reply="r")
    (found,) = desk.search("filter pump")
    assert (found.who, found.line) == ("assistant", "Clean the pump's filter.")
    assert marked(found) == ["pump", "filter"]
    (found,) = desk.search("filter")
    assert found.line == "Which filter?" and found.case.knowledge == "k"


def test_a_long_line_is_cut_around_the_first_mark(store, desk):  # noqa: F811
    keep(store, 1, "a", text="word " * 300 + "needle" + " more" * 300, reply="r")
    (found,) = desk.search("needle")
    assert marked(found) == ["needle"] and len(found.line) <= LINE + 4
    assert found.line.startswith("… word") and found.line.endswith(" …")
    keep(store, 2, "b", text="字" * 300 + "退款" + "字" * 300, reply="r")
    (found,) = desk.search("退款")
    assert marked(found) == ["退款"] and len(found.line) <= LINE + 4


def test_the_conversation_in_which_somebody_spoke_last_comes_first(store, desk):  # noqa: F811
    hand_over(store, "old", 1)
    keep(store, 2, "new")
    assert names(desk.search("question")) == ["new", "old"]
    desk.take("old", "Ada")
    desk.say("old", "Ada", "hello")  # today
    first, second = desk.search("question")
    assert (first.case.conversation, second.case.conversation) == ("old", "new")
    assert first.last > second.last and first.case.holder.owner == "person"


def test_no_more_are_found_than_can_be_read_and_none_for_no_words(store, desk):  # noqa: F811
    for number in range(FOUND + 3):
        keep(store, number, f"s{number}", text="parcel")
    found = names(desk.search("parcel"))
    assert found == [f"s{number}" for number in range(FOUND + 2, 2, -1)]
    assert desk.search("") == desk.search(" 　 ") == ()
    with pytest.raises(InputError, match=str(LONGEST)):
        desk.search("x" * (LONGEST + 1))


def test_turns_from_before_owners_were_kept_are_found(store, desk):  # noqa: F811
    keep(store, 1, "early", text="parcel")
    with store.writing() as session:
        session.delete(session.get(ConversationRow, "early"))
    (found,) = desk.search("parcel")
    assert (found.case.conversation, found.case.knowledge) == ("early", "k")
    assert found.case.holder.owner == "assistant" and desk.case("early") is None


def test_a_conversation_is_described_whosever_it_is(store, desk):  # noqa: F811
    keep(store, 1, "with the assistant")
    hand_over(store, "waits", 2)
    assert desk.case("nobody") is None
    assert desk.case("with the assistant").holder.owner == "assistant"
    assert desk.case("waits") == desk.open()[0]


# -- what masks hide ------------------------------------------------------------------------


def said_what_is_personal(store, tmp_path, reveal=True):
    """A desk with a conversation that waits for a person, in which a card and an address stand."""
    keeper = Keeper(store, Journal(tmp_path / "journal"), reveal)
    record = turn(1, action="handoff", reason="asked", text=f"My card {CARD}, mail {MAIL}")
    keeper.keep(record, "", "assistant")
    return keeper.desk


def test_what_masks_stand_for_is_found_only_while_agents_may_read_it(store, tmp_path):
    own = said_what_is_personal(store, tmp_path)
    for words, shown in ((MAIL, MAIL), ("ANNA@", "anna@"), (f'"{CARD}"', CARD)):
        (found,) = own.search(words)
        assert marked(found) == [shown]
    own.take("s", "Ada")
    assert names(own.search(MAIL)) == ["s"]
    own.close("s", "Ada", "solved")
    assert own.search(MAIL) == own.search("1111") == own.search("example.com") == ()
    (found,) = own.search("card")
    assert "1111" not in found.line and "anna" not in found.line and "[card 1]" in found.line


def test_what_masks_stand_for_is_not_found_where_agents_may_not_read_it(store, tmp_path):
    said_what_is_personal(store, tmp_path)  # before that was decided
    own = Desk(store, reveal=False)
    assert own.search(MAIL) == own.search("1111") == ()
    (found,) = own.search("card")
    assert found.line == "My card [card 1], mail [e-mail 1]"
    assert MAIL not in str(own.transcript("s", reveal=True))


def test_what_is_left_of_an_earlier_desk_is_not_found_with_the_assistant(store, tmp_path):
    own = said_what_is_personal(store, tmp_path)
    own.take("s", "Ada")
    own.give_back("s", "Ada")
    assert own.search(MAIL) == () and len(own.search("card mail")) == 1


# -- in the service -------------------------------------------------------------------------


def test_a_service_finds_what_was_asked_and_what_it_answered(make):  # noqa: F811
    service = make()
    visit = service.visit()
    *_, last = visit.reply(UserTurn("washing machine e24", knowledge="kb"))
    assert isinstance(last, Finished)
    (found,) = service.desk.search("filter e24")
    assert found.case.conversation == last.reply.session_id
    service.archive.erase([last.reply.session_id], "visitor")
    assert service.desk.search("e24") == ()
