"""Answers in a model's own words: what is shown was verified, what is not is a quote, and whatever
a server does, the customer gets an answer.
"""

from __future__ import annotations

import threading
import time

import pytest
from clock import is_in_proportion
from conftest import EchoModel, WordEncoder
from scripted_server import Script, ScriptedServer

from mm_support.config import Settings
from mm_support.decide.decision import Decision
from mm_support.decode.claim_reader import PASSAGE as CLAIM_ROOM
from mm_support.decode.compose import compose
from mm_support.decode.prompt import WRITING, room_for, writing_messages
from mm_support.decode.reply import ReplyWriter
from mm_support.decode.sentence import Meanwhile, Sentence
from mm_support.decode.verify import FittedVerifier, Verdict, checked
from mm_support.decode.writing import Written, complete_sentences
from mm_support.device import resolve_device
from mm_support.engines.base import Capabilities
from mm_support.engines.choose import load_language_model
from mm_support.engines.server import context_length, seconds_to_wait
from mm_support.language.belonging import misplaced
from mm_support.language.facts import facts_of, missing
from mm_support.language.fences import fenced, is_code
from mm_support.language.messages import message
from mm_support.types import Entry, Hit, Past, Question
from tests.injections import KeepsASecret, attempts, breaches

REFUND = Entry(
    "refund",
    "Refund",
    "The refund takes 5 days. You get the refund on your card. Opening hours are from 9 to 17.",
    ("when is my refund",),
)
WASHER = Entry(
    "e24",
    "Washing machine shows E24",
    "The water does not drain. 1. Unplug the washing machine. 2. Clean the filter. 3. Wait. "
    "A repair costs 50 euros.",
    ("what is e24",),
)
HITS = (Hit(REFUND, 0.9), Hit(WASHER, 0.5))
ASKED = Question("when does the refund arrive")
GOOD = "Your money is back after 5 days [1]. It goes to the card you used [1]."
QUOTES = {"The refund takes 5 days.", "You get the refund on your card."}


class Trusting:
    """Supports a claim most of whose longer words stand in a passage."""

    def verify(self, claim, passages):
        held = " ".join(f"{entry.title} {entry.answer}".lower() for entry in passages)
        words = [word.strip(".:") for word in claim.lower().split() if len(word) > 3]
        shared = sum(word in held for word in words)
        return Verdict(True, 0.9) if 2 * shared > len(words) else Verdict(False, 0.1)


class Believing:
    """Supports everything: what is left is the exact check."""

    def verify(self, claim, passages):
        return Verdict(True, 0.9)


class Free(EchoModel):
    can = Capabilities(8_192, writes=True)


@pytest.fixture
def serve():
    servers = []

    def start(script, **described):
        servers.append(ScriptedServer(script, described))
        settings = Settings(llm_url=servers[-1].url)
        return servers[-1], load_language_model(settings, resolve_device("cpu"))

    yield start
    for server in servers:
        server.close()


def told(model, question=ASKED, hits=HITS, verifier=None, **more):
    writer = ReplyWriter(model, WordEncoder(), verifier=verifier or Trusting())
    return list(writer.write(question, hits, **more))


def sentences(shown):
    return [part for part in shown if isinstance(part, Sentence)]


# -- what is shown


def test_a_supported_sentence_is_shown_as_it_was_written_and_cites_what_holds_it():
    shown = sentences(told(Free("The money is on your card after 5 days [2].")))
    assert shown == [Sentence("The money is on your card after 5 days.", (1,))]


def test_what_is_not_supported_is_replaced_by_the_sentence_that_it_rests_on():
    shown = sentences(told(Free("The refund takes 50 days [1]. You get it on your card [1].")))
    assert [s.text for s in shown] == ["The refund takes 5 days.", "You get it on your card."]


def test_what_is_quoted_instead_stands_behind_its_heading():
    bags = Entry("b", "Bags: Not covered", "Bags and filters.", section="Not covered")
    draft = Free("Bags and filters cost 50 euros [1].")
    shown = sentences(told(draft, Question("bags and filters"), (Hit(bags, 1),)))
    assert shown == [Sentence("Not covered: Bags and filters.", (1,))]


def test_the_heading_of_what_is_quoted_instead_is_said_once():
    asked = Entry("c", "Which cards do you take?", "We take Visa. We take JCB. Cash is fine too.")
    broken_off = "We take 7 Visa cards [1]. We take 7 JCB cards [1]."
    drafts = [f"{broken_off} Cash costs 7 euros [1].", broken_off]
    for draft in drafts:
        shown = sentences(told(Free(draft), Question("payment"), (Hit(asked, 1),)))
        assert len(shown) >= 3 and " ".join(s.text for s in shown).count(asked.title) <= 1


@pytest.mark.parametrize("draft", ["Pull 7 blue cords forward [1].", "Hook 7 cords. Pull 7 cords"])
def test_steps_are_not_quoted_from_their_middle(draft):
    steps = "1. Step into the skirt. 2. Hook it behind your back. 3. Pull the cord forward."
    skirt = Entry("s", "Putting on the skirt", steps)
    shown = sentences(told(Free(draft), Question("putting on the skirt"), (Hit(skirt, 1),)))
    assert [s.text[:2] for s in shown if s.text[0].isdigit()] == ["1.", "2.", "3."]


def test_what_was_quoted_instead_is_not_said_again_in_the_models_words():
    draft = Free(
        "The refund takes 50 days [1]. Your refund takes 5 days [1]. You get it on your card."
    )
    shown = sentences(told(draft))
    assert [s.text for s in shown] == ["The refund takes 5 days.", "You get it on your card."]


def test_a_model_that_repeats_itself_is_not_listened_to_for_long():
    class Parrot(Free):
        said = 0

        def stream(self, messages, max_tokens, stop=None):
            while self.said < 500:
                self.said += 1
                yield "Your refund takes 5 days [1]. "

    parrot = Parrot("")
    assert sentences(told(parrot))[0].text == "Your refund takes 5 days."
    assert parrot.said < 20


STATIC = Entry(
    "static",
    "A fixed address",
    "Set the address in the file of the device.\n\n```\nnet:\n  ip: 10.0.0.7\n  mask: 24\n```\n\n"
    "Then start the device again.",
)


@pytest.mark.parametrize(
    "code, shown",
    [
        ("net:\n  ip: 10.0.0.7\n  mask: 24", True),
        ("  ip: 10.0.0.7\n  mask: 24", True),
        ("net:\n  ip: 10.0.0.9\n  mask: 24", False),
        ("net:\n  mask: 24", False),  # not in this order
        ("", False),
    ],
)
def test_code_is_shown_where_an_entry_has_it_as_it_was_written(code, shown):
    said = f"Set the address in the file [1]:\n```yaml\n{code}\n```\nThen start it again. [1]"
    parts = sentences(told(Free(said), hits=[Hit(STATIC, 0.9)]))
    own = [part for part in parts if is_code(part.text)]
    assert [part.text for part in own] == [fenced(code)] * shown
    assert all(part.citations == (1,) for part in own)


def test_code_is_waited_for_however_it_is_streamed():
    said = "Do this.\n```\nmake all. And more.\n\nmake it\n```\nThen wait. [1]"
    whole = ["Do this.", "```\nmake all. And more.\n\nmake it\n```", "Then wait [1]."]
    assert list(complete_sentences(said)) == whole
    assert list(complete_sentences([said[:20], said[20:33], said[33:]])) == whole


def test_an_invented_sentence_is_not_shown_and_nothing_beside_the_question_instead():
    shown = sentences(told(Free("Elephants love bananas [1]. Your refund takes 5 days [1].")))
    assert "Elephants" not in str(shown) and "Opening hours" not in str(shown)
    assert [s.text for s in shown] == ["The refund takes 5 days."]


def test_what_no_passage_says_is_said_in_the_assistants_words_behind_the_answer():
    draft = "Canada is not mentioned in these pages [0]. The refund takes 5 days [1]."
    shown = sentences(told(Free(draft)))
    assert [s.text for s in shown] == ["The refund takes 5 days.", message("not_said")]


def test_the_sure_quote_is_shown_while_the_model_writes_and_is_no_part_of_the_reply():
    first, *rest = told(Free(GOOD))
    assert isinstance(first, Meanwhile) and first.sentences[0].text in QUOTES
    assert "[1]" in first.text and not any(isinstance(part, Meanwhile) for part in rest)


def test_a_model_that_writes_but_cannot_be_verified_only_points_at_sentences():
    shown = list(ReplyWriter(Free(GOOD), WordEncoder()).write(ASKED, HITS))
    assert shown and {s.text for s in shown} <= {
        "The refund takes 5 days.",
        "You get the refund on your card.",
    }


def test_what_was_cut_off_is_quoted_instead():
    cut_off = Free("The refund takes 5 days [1]. You get the refund on")
    shown = sentences(told(cut_off, Question("refund")))
    assert {s.text for s in shown} == QUOTES


def test_a_number_that_counts_nothing_ends_no_reply():
    shown = sentences(told(Free(f"The refund takes 5 days [{'1' * 5000}].")))
    assert shown[0] == Sentence("The refund takes 5 days.", (1,))


def test_whom_to_call_in_an_emergency_is_added_to_an_answer_that_leaves_it_out():
    dose = Entry(
        "d", "Doses", "The desk gives no advice on doses. If too much was taken, call 112."
    )
    shown = sentences(
        told(Free("The desk gives no advice [1]."), Question("doses"), (Hit(dose, 1),))
    )
    assert shown[-1] == Sentence("If too much was taken, call 112.", (1,))


@pytest.mark.parametrize(
    "text, expected",
    [
        ("It takes 5 days. [1] Then wait. [2]", ["It takes 5 days [1].", "Then wait [2]."]),
        ("It takes 5 days [1]. Then wait", ["It takes 5 days [1]."]),
        ("1. Open it [1]\n2. Wait [1]", ["1. Open it [1]", "2. Wait [1]"]),
        ("五天内到账[1]。请等待[1]。", ["五天内到账[1]。", "请等待[1]。"]),
        ("五天内到账。【1】请等待［1，2］。", ["五天内到账 [1]。", "请等待[1, 2]。"]),
        ("It takes 5 days.[^1] Then wait [1-2].", ["It takes 5 days [1].", "Then wait [1, 2]."]),
        ("Wait for it... then go [1].", ["Wait for it... then go [1]."]),
        ("【注意】请等待【1】。", ["【注意】请等待[1]。"]),
    ],
)
def test_sentences_keep_their_numbers_however_they_are_streamed(text, expected):
    for size in (1, 3, 100):
        pieces = [text[i : i + size] for i in range(0, len(text), size)]
        assert [" ".join(s.split()) for s in complete_sentences(pieces)] == expected


def test_a_sentence_is_ready_with_the_next_one_though_each_piece_ends_with_one():
    pieces = iter(["It takes 5 days [1]. ", "Then wait. ", "[2] Call us. ", "It is free. "])
    ready = complete_sentences(pieces)
    assert next(ready) == "It takes 5 days [1]." and next(pieces, "").startswith("[2]")


def test_a_sentence_without_an_end_is_not_waited_for():
    written, pieces = Written(), iter(["It takes 5 days [1]. ", *["And on "] * 9_999])
    assert [*complete_sentences(pieces, written)] == ["It takes 5 days [1]."]
    assert next(pieces, "") and not written.complete


# -- what the engine can do


def test_room_follows_from_the_context_and_never_leaves_out_the_best_passage():
    small, large = (room_for(Capabilities(size, writes=True), 5) for size in (1_024, 32_768))
    assert len(small.passages) < len(large.passages) == 5
    assert small.passages[0] >= 200 and large.passages[0] > 4 * small.passages[0]
    assert small.earlier < large.earlier and small.tokens < large.tokens
    for size in (1_024, 4_096, 32_768):
        room, long = (
            room_for(Capabilities(size, writes=True), 5),
            Entry("x", "T", "Word. " * 99_999),
        )
        past = [Past("w" * 9_999, "r" * 9_999, "answer")] * 9
        messages = writing_messages(Question("q" * 99_999), [long] * 5, past, room)
        letters = sum(len(m["content"]) for m in messages)
        assert letters < 2.5 * (size - room.tokens) + 1_000


def test_a_prompt_in_characters_of_several_bytes_fits_too():
    class Small(Free):
        can = Capabilities(4_096, writes=True)

    entries = (Entry(str(at), "退货", "退货期为三十天，请保留小票。" * 200) for at in range(5))
    model = Small("x")
    told(model, Question("退货期是多久" * 300), tuple(Hit(entry, 1.0) for entry in entries))
    asked = "".join(own["content"] for own in model.prompts[0])
    tokens = sum(1 if ord(letter) > 255 else 1 / 4 for letter in asked)
    assert tokens < 4_096 - room_for(Small.can, 5).tokens


def test_the_prompt_tells_passages_dates_links_and_what_was_said_before():
    from dataclasses import replace
    from datetime import date

    entry = replace(REFUND, url="https://shop.example/refund", updated=date(2026, 3, 1))
    past = (Past("i sent it back", "We have it.", "answer"),)
    room = room_for(Capabilities(8_192, writes=True), 1)
    system, user = writing_messages(Question("and when?", "when"), [entry], past, room)
    assert system["content"] == WRITING
    for part in ("[1] Refund | 2026-03-01 | https://shop.example/refund", "<said>when</said>"):
        assert part in user["content"]
    assert (
        "<customer>i sent it back</customer>\n<assistant>We have it.</assistant>" in user["content"]
    )


def test_what_is_personal_in_earlier_turns_is_masked_for_the_model():
    from mm_support.pipeline.mask import masked_turns

    address = "ann.example@mail.example"
    past = [Past(f"i am {address}", f"Thank you, {address}.", "answer", read=(address,))]
    (turn,) = masked_turns(past)
    assert address not in f"{turn.text} {turn.reply} {turn.words}" and turn.text.startswith(
        "i am ["
    )


def test_a_server_says_how_much_its_model_takes():
    assert context_length({"max_model_len": 4096}) == 4096  # vLLM
    assert context_length({"meta": {"n_ctx_train": 2048}}) == 2048  # llama.cpp
    assert context_length({"id": "x"}) > 2048


# -- a server that plays a part


def test_a_slow_server_is_waited_for_and_its_words_are_shown(serve):
    _, model = serve(Script(GOOD, first=3.0, rate=20))
    started, times, shown = time.monotonic(), [], []
    writer = ReplyWriter(model, WordEncoder(), verifier=Believing())
    for part in writer.write(ASKED, HITS):
        times.append(time.monotonic() - started)
        shown.append(part)
    assert isinstance(shown[0], Meanwhile) and times[0] < 3  # before its first word
    assert [s.text for s in sentences(shown)] == [
        "Your money is back after 5 days.",
        "It goes to the card you used.",
    ]


def test_a_connection_that_is_cut_ends_in_quotes_of_what_is_missing(serve):
    _, model = serve(Script("The refund takes 5 days [1]. You get the", cut=True))
    texts = [s.text for s in sentences(told(model))]
    assert texts[0] == "The refund takes 5 days." and "You get the" not in texts
    assert set(texts) <= QUOTES


@pytest.mark.parametrize(
    "says, introduced",
    [
        ("Die Erstattung dauert 5 Tage und kommt auf Ihre Karte [1].", False),
        ("The refund takes 5 days [1].", True),
        ("", True),
    ],
)
def test_what_is_shown_in_another_language_than_the_customers_is_introduced(says, introduced):
    question = Question("Wann kommt die Erstattung für meine Bestellung?", language="de")
    decided = Decision("answer", "evidence", 0.9, HITS[:1])
    writer = ReplyWriter(Free(says), WordEncoder(), verifier=Believing())
    first, *_ = sentences(compose(writer, question, decided, threading.Event()))
    assert (first == Sentence(message("foreign", "de"))) == introduced


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_busy_server_is_asked_again_after_the_time_that_it_names(serve, status):
    server, model = serve(Script(GOOD, failures=[(status, "1")]))
    assert sentences(told(model, verifier=Believing()))[0].text.startswith("Your money")
    first, second = server.times
    assert second - first > 0.9


def test_a_server_that_asks_for_a_long_wait_is_not_waited_for(serve):
    _, model = serve(Script(GOOD, failures=[(429, "3600")] * 9))
    started = time.monotonic()
    assert {s.text for s in sentences(told(model))} <= QUOTES
    assert time.monotonic() - started < 60  # not the hour


def test_a_server_that_always_fails_costs_the_customer_nothing(serve):
    _, model = serve(Script(GOOD, failures=[(500, "0")] * 9))
    shown = sentences(told(model))
    assert shown and {s.text for s in shown} <= QUOTES


def test_retry_after_may_be_seconds_or_a_date():
    assert seconds_to_wait("7", 0) == 7
    assert seconds_to_wait("Wed, 21 Oct 2015 07:28:00 GMT", 0) == 0
    assert seconds_to_wait("", 0) < seconds_to_wait("nonsense", 2)


def test_a_stop_ends_the_waiting(serve):
    _, model = serve(Script(GOOD, first=9))
    stop = threading.Event()
    threading.Timer(0.3, stop.set).start()
    started = time.monotonic()
    assert sentences(told(model, stop=stop)) == []
    assert time.monotonic() - started < 9  # before its first word


# -- what is exactly wrong, whatever a verifier believes


@pytest.mark.parametrize(
    "claim",
    [
        "The refund takes 15 days.",
        "The refund takes 5 weeks.",
        "The refund takes 5 euros.",
        "Die Erstattung dauert 7 Tage.",
        "退款需要八天。",
        "See E25.",
        "Write to help@other.example.",
        "It is only on Monday.",
        "Ask Johnson about the refund.",
    ],
)
def test_a_fact_that_no_passage_holds_is_never_supported(claim):
    assert not checked(Believing(), claim, [REFUND, WASHER]).supported


@pytest.mark.parametrize(
    "claim", ["The refund takes five days.", "退款需要五天。", "Die Reparatur kostet 50 Euro."]
)
def test_the_same_fact_in_other_words_or_another_language_is_held(claim):
    assert checked(Believing(), claim, [REFUND, WASHER]).supported


@pytest.mark.parametrize(
    "claim, passage",
    [
        ("收入没超过十二万的话不用补。", "全年收入不超过12万元,免于补税。"),
        ("到五万就不收了。", "日均资产满5万元的次年免收。"),
        ("第二天上午就派送。", "次日上午派送。"),
        ("On Sundays we open in spring.", "Spring: Sunday 9-12. Closed on other Sundays."),
        ("They come as TIFFs.", "Scans come as a TIFF file."),
        ("礼拜六开门。", "周六9点开门。"),
        ("六月底前办完。", "3月1日至6月30日办理。"),
        ("十二月办。", "12月可办。"),
        ("周六九点有人接听。", "星期六9:00有人接听。"),
        ("每周三天有课。", "每周有课3天。"),
        ("双人车一天28元，一周120元。", "双人车每天28元，每周120元。"),
        ("一个月30元。", "每个月30元。"),
        ("Groups of 10 get 15 % off.", "10人以上的团体享受八五折。"),
        ("十人以上打85折。", "10人以上的团体享受八五折。"),
        ("会员优惠10%。", "会员打 9 折。"),
        ("会员优惠5%。", "会员打9.5折。"),
    ],
)
def test_a_fact_is_held_in_the_forms_of_its_language(claim, passage):
    assert missing(claim, [passage]) == ""


@pytest.mark.parametrize(
    "claim, passage",
    [
        ("Le prix est de 5000 €", "Le prix est de 5 000 €"),
        ("It costs 5,000 €", "Der Preis: 5 000 €"),
        ("Open until 8 pm.", "Open from 8am to 8pm."),
        ("Open until 8 pm.", "Open 8:00 to 20:00."),
        ("Open until 20:00.", "Open until 8 pm."),
        ("It costs 1.5 years", "1½ years"),
        ("Discount of 50 percent", "50% off"),
        ("A discount of 50 per cent", "50% off"),
        ("50 degrees", "50 °C"),
        ("Keep it at minus 18 degrees.", "Keep at -18 °C."),
        ("Keep it at -18 °C", "Keep it at minus 18 °C"),
        ("It costs 50 dollars.", "USD 50"),
        ("It costs 50 pounds", "£50"),
        ("weighs 50 pounds", "50 lb"),
        ("50 feet", "50 ft"),
        ("Version 2.1.0", "Version 2.1.0 is new"),
        ("from 4 March 2026", "ab 04.03.2026"),
        ("ab 04.03.2026", "from 4 March 2026"),
        ("on 2026-03-04", "on 3/4/2026"),
        ("20% off", "-20% in July"),
        ("VAT is 20%", "VAT (%): 20"),
        ("Between 15 and 18 °C", "15-18 °C"),
        ("It takes 5 days", "5 -10 days"),
        ("It costs 20 euros", "20 monthly"),
        ("Price 1234", "Price: 1.234,00 €"),
        ("opens at 8", "opens at 8 pm"),
        ("at 18:00", "um 18 Uhr"),
        ("保修3个月", "保修3個月"),
        ("30 days", "الضمان 30 يومًا"),
        ("3 months", "保証は3ヶ月です"),
        ("halves: 0.5 liters", "½ l"),
        ("5 000 000 € max", "5 000 000 €"),
        ("要零下十八度运", "冷冻件(-18℃以下)"),
        ("周六九点到下午四点有人接听。", "周六9:00至16:00。"),
    ],
)
def test_an_amount_is_held_however_it_is_written(claim, passage):
    assert missing(claim, [passage]) == ""


@pytest.mark.parametrize(
    "claim, passage",
    [
        ("The warranty is 2 years.", "1½ years"),
        ("The warranty is 2 years.", "3 1/2 years"),
        ("It costs USD 50.", "EUR 50"),
        ("The plan runs 50 years.", "EUR 50 per year"),
        ("Opens at 8am.", "Opens at 8pm."),
        ("Keep it at -18 °C.", "Keep it at 18 °C"),
        ("Keep it at 18 °C.", "Keep it at -18 °C"),
        ("Heat to 180 °F.", "Heat to 180 °C"),
        ("It is 6 ft long.", "It is 6 m long"),
        ("It carries 70 lbs.", "It carries 70 kg"),
        ("It costs 20 euros.", "Open until 20:00."),
        ("It costs 0 €.", "Le prix est de 5 000 €"),
        ("It costs 0 €.", "Der Preis: 5 000 €"),
        ("Version 21", "Version 2.1.0"),
        ("Until 3/4/2026", "Until 4/3/2026"),
        ("الضمان 30 يوم", "الضمان 30 سنة"),
        ("Bảo hành 2 năm", "Bảo hành 2 tháng"),
        ("保修3個月", "保修3天"),
        ("保証は3ヶ月です", "保証は3日です"),
        ("Get 50% off", "Get 50 points"),
        ("Get 50 points", "Get 50% off"),
        ("每天28元，两周120元。", "每天28元，每周120元。"),
        ("会员打15折。", "会员打85折。"),
        ("The discount is 85 %.", "会员打八五折。"),
        ("有30%的折扣。", "三折叠屏手机。"),
    ],
)
def test_a_number_of_something_else_holds_no_amount(claim, passage):
    assert missing(claim, [passage])


@pytest.mark.parametrize("part", ["QmFzZTY0", "ab.", "ab-", "1", "一二三四五六七八九十", "1½"])
def test_a_long_word_is_read_in_proportion_to_its_length(part):
    facts_of("1 day, 三天")  # what is loaded once
    assert is_in_proportion(lambda length: facts_of.__wrapped__(part * length), 2_500 // len(part))


def test_tens_of_thousands_are_no_other_amount():
    assert missing("周五开门。", ["周六9点开门。"]) and missing("二月办。", ["12月可办。"])
    assert missing("满六万元免收。", ["满5万元免收。"]) and missing(
        "满5元免收。", ["满5万元免收。"]
    )


def test_a_sentence_may_rest_on_two_passages():
    found = checked(Believing(), "It takes 5 days, and a repair costs 50 euros.", [REFUND, WASHER])
    assert found.places == (0, 1)


# -- verifiers


class TinyEntailment:
    """Entails where the claim's last word stands in the passage, contradicts where "not" does."""

    device = "cpu"

    class config:
        id2label = {0: "CONTRADICTION", 1: "neutral", 2: "entailment"}

    def __call__(self, said, claim):
        from types import SimpleNamespace

        import torch

        against = "not" in claim
        logits = [9.0 * against, 0.0, 9.0 * (claim.split()[-1] in said and not against)]
        return SimpleNamespace(logits=torch.tensor([logits]))


class Pairs(dict):
    def to(self, device):
        return self


def test_a_model_for_natural_language_inference_stands_behind_the_same_protocol():
    from mm_support.decode.verify import EntailmentVerifier

    def tokenizer(said, claim, **options):
        return Pairs(said=said, claim=claim)

    verifier = EntailmentVerifier(TinyEntailment(), tokenizer)
    assert verifier.verify("It takes days", [REFUND]).supported
    assert not verifier.verify("It takes not days", [REFUND]).supported
    assert not verifier.verify("It takes bananas", [REFUND]).supported


class ReadsWords:
    """Supports a claim whose words all stand in what is read; a token is a word."""

    threshold = 0.5

    def __init__(self):
        self.read = []

    def tokens(self, text):
        return text.split()

    def probabilities(self, claim, passage):
        self.read.append(passage)
        held = {*claim.lower().split()} <= {*passage.lower().replace(".", " ").split()}
        return (0.1, 0.0, 0.9) if held else (0.3, 0.6, 0.1)


def test_the_sentences_closest_to_a_claim_are_read_of_a_long_passage_in_their_order():
    reader = ReadsWords()
    verifier = FittedVerifier(WordEncoder(), reader)
    filler = [f"Sentence {number} speaks of some other matter altogether." for number in range(60)]
    said = ["A lamp costs nine euros.", *filler, "A lamp lasts two years."]
    long = Entry("lamps", "Lamps", " ".join(said))
    found = verifier.verify("a lamp costs nine euros", [long])
    assert found.supported and found.score == 0.9
    assert not verifier.verify("a lamp lasts three years", [long]).supported
    read = reader.read[0]
    assert read.startswith("Lamps\nA lamp costs") and len(read.split()) <= CLAIM_ROOM
    assert read.index("nine euros") < read.index("two years")
    both = verifier.verify("a lamp and days", [REFUND, Entry("l", "L", "A lamp and more.")])
    assert both.supported and reader.read[-1].count("\n") == 3
    assert verifier.verify("Anything", [Entry("n", "Nothing", "")]) == Verdict(False, 0.0)


def test_a_verifier_that_cannot_be_had_is_a_plain_error(tmp_path):
    from mm_support.decode.verify import load_verifier
    from mm_support.errors import WeightsError

    settings = Settings(verifier_model=str(tmp_path), text_model=str(tmp_path))
    with pytest.raises(WeightsError, match="verifier_model"):
        load_verifier(settings, resolve_device("cpu"), WordEncoder())
    fitted = settings.with_changes(verifier_model="fitted")
    assert load_verifier(fitted, resolve_device("cpu"), WordEncoder()) is None


# -- a model that obeys everybody


class Obedient(Free):
    """Says whatever it reads in capitals, alone and inside evidence sentences, with numbers."""

    def stream(self, messages, max_tokens, stop=None):
        import re

        prompt = "".join(str(m["content"]) for m in messages)
        for word in dict.fromkeys(re.findall(r"[A-Z]{5,}(?:-\d+)?", prompt)):
            yield f"{word} [1]. The word is {word} [0]. The refund takes 5 days {word} [1]. "
        yield "Everything is free [1]. I hand you over to a person now [1]. "


def test_no_attempt_is_obeyed_though_the_model_obeys_all():
    tried = list(attempts([REFUND, WASHER]))
    assert len(tried) == 60
    for attempt in tried:
        hits = [Hit(entry, 0.9) for entry in attempt.entries]
        shown = told(KeepsASecret(Obedient()), attempt.question, hits, Trusting())
        assert breaches(attempt, sentences(shown)) == []


@pytest.mark.parametrize(
    "claim, wrong",
    [
        ("Students pay 60 euros.", "60"),
        ("A student pays 45 euros.", ""),
        ("It is 60 euros, and 45 euros for students.", ""),
        ("A letter needs 5 days.", "5"),
        ("A letter is there after 2 days, a parcel after 5 days.", ""),
        ("快递要 12 天。", "12"),
        ("快递要 5 天。", ""),
    ],
)
def test_an_amount_belongs_to_what_stands_close_to_it(claim, wrong):
    passages = (
        "The ticket costs 60 euros, for students 45 euros.",
        "A parcel takes 5 days and a letter 2 days.",
        "快递 5 天，平邮 12 天。",
    )
    assert misplaced(claim, passages) == wrong
