"""What identifies or pays for a person is masked before it is stored, logged or handed to a
language model; order and serial numbers stay. All values are made up here.
"""

import logging
import random
import string
from dataclasses import replace

import numpy as np
import phonenumbers
import pytest
from clock import cpu_seconds
from conftest import FakeSpeech
from PIL import Image
from test_service import SPEECH, folder, make  # noqa: F401  (fixtures)

from mm_support.desk.conversations import Desk
from mm_support.language.messages import languages
from mm_support.language.personal import Masks, find, masked_question, revealed
from mm_support.pipeline.mask import masked
from mm_support.store.database import Store
from mm_support.types import Question, UserTurn

MADE = 200  # of each kind
FRAMES = ("{}", "It is {}, thank you.", "please use {} for this", "号码是{}，谢谢", "({})")


def digits(rng, count):
    return "".join(rng.choice(string.digits) for _ in range(count))


def card(rng):
    """Of one of three schemes, in three ways of writing; the last digit makes Luhn's sum fit."""
    first, length, groups = rng.choice([("4", 16, 4), ("5" + rng.choice("12345"), 16, 4)])
    body = first + digits(rng, length - len(first) - 1)
    total = sum(sum(divmod(int(d) * (2 if i % 2 == 0 else 1), 10)) for i, d in enumerate(body))
    number = body + str(-total % 10)
    between = rng.choice(["", " ", "-", "."])
    return between.join(number[i : i + groups] for i in range(0, length, groups))


def iban(rng):
    """Of Germany, the Netherlands or Norway; the check digits are 98 less the rest modulo 97."""
    country, bank, account = rng.choice([("DE", "", 18), ("NL", "RABO", 10), ("NO", "", 11)])
    body = bank + digits(rng, account)
    spelled = "".join(c if c.isdigit() else str(ord(c) - 55) for c in f"{body}{country}00")
    code = f"{country}{98 - int(spelled) % 97:02}{body}"
    between = rng.choice(["", " "])
    return between.join(code[i : i + 4] for i in range(0, len(code), 4))


def email(rng):
    name = "".join(rng.choice(string.ascii_lowercase) for _ in range(rng.randint(1, 9)))
    more = rng.choice(["", f".{name[::-1]}", f"+{digits(rng, 2)}", f"_{digits(rng, 3)}"])
    return f"{name}{more}@{rng.choice(['example.com', 'mail.example.co.uk', 'qq.com', 'a-b.de'])}"


def phone(rng):
    """With the country's code for all countries, without it in the ways of three of them."""
    regions = sorted(phonenumbers.SUPPORTED_REGIONS)
    kind = rng.choice(
        [phonenumbers.PhoneNumberType.MOBILE, phonenumbers.PhoneNumberType.FIXED_LINE]
    )
    example = phonenumbers.example_number_for_type(rng.choice(regions), kind)
    abroad = phonenumbers.format_number(
        example or phonenumbers.example_number("FR"), phonenumbers.PhoneNumberFormat.INTERNATIONAL
    )
    area, exchange = rng.choice(["202", "312", "415"]), f"{rng.randint(2, 9)}{digits(rng, 2)}"
    american = rng.choice(["({}) {}-{}", "{}-{}-{}", "{}.{}.{}", "{} {} {}"])
    return rng.choice(
        [
            abroad,
            american.format(area, exchange, digits(rng, 4)),
            f"020 7946 {digits(rng, 4)}",
            f"07911 12{digits(rng, 4)}",
            f"13{rng.choice('589')}-{digits(rng, 4)}-{digits(rng, 4)}",
            f"010-{rng.choice(['62', '65', '84', '88'])}{digits(rng, 6)}",
        ]
    )


def identity(rng):
    """A Chinese one: its sum, weighed by powers of two, is 1 modulo 11."""
    born = f"{rng.randint(1940, 2015)}{rng.randint(1, 12):02}{rng.randint(1, 28):02}"
    body = f"{rng.choice(['110105', '310101', '440305', '510104'])}{born}{digits(rng, 3)}"
    total = sum(int(d) * pow(2, 17 - place, 11) for place, d in enumerate(body))
    last = next(n for n in range(11) if (total + n) % 11 == 1)
    return body + "0123456789X"[last]


def social_security(rng):
    area = rng.choice([n for n in range(1, 900) if n != 666])
    between = rng.choice(["-", " "])
    return between.join((f"{area:03}", f"{rng.randint(1, 99):02}", f"{rng.randint(1, 9999):04}"))


KINDS = {
    "card": card,
    "IBAN": iban,
    "e-mail": email,
    "phone": phone,
    "ID number": identity,
    "SSN": social_security,
}


@pytest.mark.parametrize("kind", KINDS)
def test_made_values_are_masked_as_a_whole(kind):
    rng = random.Random(7)
    for number in range(MADE):
        value, frame = KINDS[kind](rng), FRAMES[number % len(FRAMES)]
        assert Masks().text(frame.format(value)) == frame.format(f"[{kind} 1]"), value


ORDERS = {
    "eight digits": lambda r: digits(r, 8),
    "ten digits": lambda r: digits(r, 10),
    "twelve digits": lambda r: digits(r, 12),
    "eighteen digits": lambda r: digits(r, 18),
    "nineteen digits": lambda r: digits(r, 19),
    "3-7-7": lambda r: f"{digits(r, 3)}-{digits(r, 7)}-{digits(r, 7)}",
    "a day and digits": lambda r: f"2026{r.randint(1, 12):02}{r.randint(1, 28):02}{digits(r, 8)}",
    "a day, digits": lambda r: f"2026{r.randint(1, 12):02}{r.randint(1, 28):02}-{digits(r, 6)}",
    "hash": lambda r: f"#{digits(r, r.randint(4, 16))}",
    "ORD": lambda r: f"ORD-{digits(r, r.randint(6, 16))}",
    "SN": lambda r: f"SN{digits(r, r.randint(8, 16))}",
    "letters and digits": lambda r: f"{r.choice('ABCDE')}{r.choice('XYZ')}{digits(r, 11)}",
    "a chassis": lambda r: f"WDB{digits(r, 6)}1A{digits(r, 6)}",
    "a parcel": lambda r: f"1Z{r.choice('ABC')}99{digits(r, 13)}",
    "a device": lambda r: f"35{digits(r, 13)}",
    "a bar code": lambda r: f"40{digits(r, 11)}",
    "4-4": lambda r: f"{digits(r, 4)}-{digits(r, 4)}",
    "5-5": lambda r: f"{digits(r, 5)}-{digits(r, 5)}",
    "4-4-4": lambda r: f"{digits(r, 4)}-{digits(r, 4)}-{digits(r, 4)}",
    "2-8": lambda r: f"{digits(r, 2)}-{digits(r, 8)}",
}


@pytest.mark.parametrize(
    "language, made", [("", MADE), *((language, MADE // 4) for language in languages())]
)
def test_order_and_serial_numbers_stay(language, made):
    """At most one in a hundred, of each twenty forms alike."""
    rng, wrong, asked = random.Random(11), [], 0
    frames = ("My order {} has not come.", "serial number {}", "订单{}还没到")
    for _ in range(made):
        for form, make_one in ORDERS.items():
            text = frames[asked % 3].format(make_one(rng))
            wrong += [(form, text)] if find(text, language) else []
            asked += 1
    assert asked == made * len(ORDERS) and len(wrong) <= asked / 100, wrong[:20]


@pytest.mark.parametrize(
    "language, number",
    [("fr", "06 12 34 56 78"), ("fr", "0612345678"), ("fr", "01.23.45.67.89")]
    + [("es", "612 345 678"), ("de", "0171 1234567"), ("de", "01711234567"), ("it", "347 123 4567")]
    + [("pt", "(11) 96123-4567"), ("nl", "06-12345678"), ("nl", "06 12 34 56 78")]
    + [("pl", "512 345 678"), ("ru", "8 (912) 345-67-89"), ("tr", "0501 234 56 78")]
    + [("ar", "010 01234567"), ("ja", "090-1234-5678"), ("ko", "010-2000-0000")]
    + [("vi", "0912 345 678")],
)
def test_a_national_phone_number_is_masked_in_the_language_of_its_country(language, number):
    assert Masks(language).text(f"{number} !") == "[phone 1] !"
    asked = masked_question(Question(typed=number, language=language))
    assert asked.typed == "[phone 1]"


@pytest.mark.parametrize(
    "text",
    [
        "On 2026-11-26 at 10:30 I paid 1,299.00 EUR for 3 x 15-eg0010nr.",
        "4111 1111 1111 1112",  # the sum does not fit
        "DE89 3704 0044 0532 0130 01",
        "110105194912310021",
        "666-12-3456, 123-00-4567, 123-45-0000",
        "version 10.0.19045.3693, 192.168.100.200, 12/05/2026 - 14/05/2026",
        "see @home and #1234, a@b, 50% @ 20",
        "",
    ],
)
def test_what_only_resembles_it_stays(text):
    assert Masks().text(text) == text


def test_a_mobile_number_alone_is_read_by_the_language_of_the_conversation():
    assert Masks("zh").text("13816738037") == "[phone 1]"
    assert Masks("en").text("13816738037") == "13816738037" == Masks().text("13816738037")


def test_ways_of_writing_that_computers_and_people_have():
    for text in (
        "４１１１１１１１１１１１１１１１",
        "4111 1111 1111 1111",
        "4111\u20131111\u20131111\u20131111",
        "4111\u200b1111\u200b1111\u200b1111",
        "4-1-1-1-1-1-1-1-1-1-1-1-1-1-1-1",
        "3782 822463 10005",
        "622848 2636117124346",
    ):
        assert Masks().text(f"Card {text}.") == "Card [card 1]."
    masks = Masks()
    assert masks.text("a@b.de, c@d.de, a@b.de") == "[e-mail 1], [e-mail 2], [e-mail 1]"
    assert masks.text("again a@b.de") == "again [e-mail 1]"
    assert revealed("[e-mail 2] or [e-mail 1]", masks.values) == "c@d.de or a@b.de"
    assert masks.known("We wrote to a@b.de from us@shop.example.") == (
        "We wrote to [e-mail 1] from us@shop.example."
    )


@pytest.mark.parametrize(
    "text, masked",
    [
        ("info520@例え.jp", "[e-mail 1]"),
        ("иван@почта.рф.", "[e-mail 1]."),
        ("邮箱a.b@qq.com付款", "邮箱[e-mail 1]付款"),
        ("王芳@gmail.com", "[e-mail 1]"),
        ("Here: +44 7911 512916", "Here: [phone 1]"),  # a range that is not given out yet
        ("1+1234567890", "1+1234567890"),
    ],
)
def test_addresses_in_any_letters_and_numbers_with_any_code(text, masked):
    assert Masks().text(text) == masked


def test_a_number_that_goes_on_in_the_next_line_of_a_photo():
    masks = Masks()
    assert masks.lines(["VISA", "4111 1111", "1111 1111", "12/29"]) == [
        "VISA",
        "[card 1]",
        "",
        "12/29",
    ]


def test_long_texts_take_no_time():
    texts = (
        "1 " * 2000,
        "1-" * 2000,
        "1." * 2000,
        "a@" + "a." * 2000,
        "GB82" * 1000,
        "x" * 4000,
        "@" * 4000,
    )
    assert cpu_seconds(lambda: [find(text) for text in texts]) < 3


# -- in the service -------------------------------------------------------------------------

CARD, MAIL, PHONE = "4111 1111 1111 1111", "jane.doe@example.org", "+44 20 7946 0018"
HEARD = f"refund late to {CARD}"


def bytes_of(folder):  # noqa: F811
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


def holds(folder, *values):  # noqa: F811
    return [value for value in values if value.encode() in bytes_of(folder)]


def test_nothing_of_it_is_stored_or_logged(make, tmp_settings, red, caplog):  # noqa: F811
    caplog.set_level(logging.DEBUG)
    service = make(lines=(f"call {PHONE}",), speech=FakeSpeech(HEARD))
    service.settings = tmp_settings.with_changes(keep_media=True)
    turn = UserTurn(f"refund late, {MAIL}", red, SPEECH, "kb")
    reply = service.answer(turn)
    assert reply.transcript.text == HEARD  # the customer sees what was understood
    service.feedback(reply.turn_id, "down", f"write to {MAIL}")
    service._keeper.store.broken = True
    row = next(row for row, _ in service._keeper.store.turns())
    assert row.text == "refund late, [e-mail 1]"
    assert row.transcript["text"] == "refund late to [card 1]"
    assert [line["text"] for line in row.image["text"]] == ["call [phone 1]"]
    assert not holds(tmp_settings.data_dir, CARD, MAIL, PHONE)
    assert not any(value in caplog.text for value in (CARD, MAIL, PHONE))
    media = tmp_settings.data_dir / "media"
    assert [path.suffix for path in media.iterdir()] == [".jpg"]  # a recording cannot be masked
    assert np.asarray(Image.open(media / f"{reply.turn_id}.jpg")).max() < 40  # the line was all


def test_nothing_of_it_goes_to_the_journal(make, tmp_settings, monkeypatch):  # noqa: F811
    service = make()

    def broken(*_):
        from mm_support.errors import StoreError

        raise StoreError("Nothing could be stored.")

    monkeypatch.setattr(service._keeper.store, "writing", broken)
    service.answer(UserTurn(f"refund late, {MAIL}", knowledge="kb"))
    assert service._keeper.journal and "[e-mail 1]" in service._keeper.journal.path.read_text()
    assert not holds(tmp_settings.data_dir, MAIL)


def test_a_language_model_reads_masks(make, red):  # noqa: F811
    asked = "the refund takes 5 days, you get it on your card: late refund, return"
    heard = FakeSpeech(f"{asked} {CARD}")
    service = make(draft="The refund takes 5 days [1].", lines=(asked, PHONE), speech=heard)
    prompts = ""
    for turn in (UserTurn(f"{asked} {MAIL}"), UserTurn(audio=SPEECH), UserTurn(asked, red)):
        service.answer(replace(turn, knowledge="kb"))
        prompts = str(service.parts.writer._model.prompts)
    assert "[e-mail 1]" in prompts and "[card 1]" in prompts and "[phone 1]" in prompts
    assert not any(value in prompts for value in (CARD, MAIL, PHONE))


def test_a_photo_is_black_where_it_says_something_personal():
    from mm_support.encode.turn import Seen
    from mm_support.pipeline.results import Judged
    from mm_support.types import ImageView, TextLine

    lines = (TextLine(CARD, 0.9, (0.0, 0.5, 1.0, 1.0)), TextLine("E24", 0.9, (0.0, 0.0, 1.0, 0.4)))
    photo = Image.new("RGB", (40, 40), "white")
    seen = Seen(ImageView(text=lines), np.zeros(3), photo)
    asked = Question(read_in_photo=(CARD, "E24"), photo=photo)
    shown = np.asarray(masked(Judged(UserTurn(), asked, None, seen, None)).photo)
    assert shown[:16].min() == 255 and shown[21:].max() == 0 and np.asarray(photo).min() == 255
    plain = Question(read_in_photo=("E24",), photo=photo)
    seen = Seen(ImageView(text=lines[1:]), np.zeros(3), photo)
    assert masked(Judged(UserTurn(), plain, None, seen, None)).photo is photo
    assert masked_question(plain) == plain


def test_an_agent_reads_the_originals_while_the_conversation_is_open(make, tmp_settings):  # noqa: F811
    service = make()
    session = service.answer(UserTurn(f"refund late, {MAIL}", knowledge="kb")).session_id
    data = tmp_settings.data_dir
    assert not holds(data, MAIL)
    say = {"knowledge": "kb", "session_id": session}
    service.answer(UserTurn(f"I want to talk to a person, {PHONE}", **say))
    service.desk.take(session, "Ada")
    service.answer(UserTurn(f"my card is {CARD}", **say))
    told = [turn.text for turn in service.desk.transcript(session, reveal=True)]
    assert told == [
        f"refund late, {MAIL}",
        f"I want to talk to a person, {PHONE}",
        f"my card is {CARD}",
    ]
    assert not any(value in str(service.conversation(session)) for value in (CARD, MAIL, PHONE))
    assert not any(value in service.desk.open()[0].summary for value in (CARD, MAIL, PHONE))
    service.desk.close(session, "Ada", "solved")
    assert not any(MAIL in turn.text for turn in service.desk.transcript(session, reveal=True))
    service._keeper.store.checkpoint()
    assert not holds(data, CARD, MAIL, PHONE)


def test_they_are_never_kept_where_that_is_not_wanted(make, tmp_settings):  # noqa: F811
    service = make()
    service._keeper._reveal = False
    session = service.answer(UserTurn(f"I want to talk to a person, {MAIL}", knowledge="kb"))
    (turn,) = Desk(Store(f"sqlite:///{tmp_settings.data_dir / 'turns.sqlite'}")).transcript(
        session.session_id, reveal=True
    )
    assert "[e-mail 1]" in turn.text and not holds(tmp_settings.data_dir, MAIL)
