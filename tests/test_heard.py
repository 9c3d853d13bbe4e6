"""What was heard is written as a help desk writes it: numbers, codes, addresses, in two
languages.
"""

import pytest

from mm_support.language.heard import AGAIN, codes, written
from mm_support.language.surely_heard import CLEARLY, SURELY, heard_right
from mm_support.types import Transcript

ENGLISH = {
    # codes and numbers of something
    "my order is one zero four eight double two": "my order is 104822",
    "Order one oh four eight two two, please.": "Order 104822, please.",
    "my number is ten forty eight twenty two": "my number is 104822",
    "It is 1-0-4-8-2-2.": "It is 104822.",
    "one zero four, eight two two": "104822",
    "Number J. B. 104822, for J. B. Smith.": "Number JB104822, for J. B. Smith.",
    "serial S N 4 8 2 double 9": "serial SN48299",
    "the W H 1000 X M 5": "the WH1000XM5",
    "My name is A-N-N-A, Anna.": "My name is ANNA, Anna.",
    "Is it tariff A, B, C or D?": "Is it tariff A, B, C or D?",
    "Bay 1, 2, 3 or 4, please.": "Bay 1, 2, 3 or 4, please.",
    "Is it box A, B, C, or D?": "Is it box A, B, C, or D?",
    "My order is 1, 0, 4, 8, 2, 2 from 3 days ago.": "My order is 104822 from 3 days ago.",
    "The code is 5, 6, 7, 8, on 5 May.": "The code is 5678, on 5 May.",
    "My order is B as in Bravo, K is in Kilo, 774.": "My order is BK774.",
    "D for Delta, F for foxtrot, one two": "DF12",
    "call triple five zero one nine nine": "call 5550199",
    "error code zero zero one two": "error code 0012",
    "call double oh seven double two one": "call 007221",
    "it is zero seven seven double zero nine hundred one two three": "it is 07700900123",
    "plus four four two oh seven nine four six": "+44207946",
    "the serial is Q T dash zero zero nine one seven three": "the serial is QT-009173",
    "invoice R E dash two zero two five dash zero three one": "invoice RE-2025-031",
    "A B 3 dash 9 9 7 dash X": "AB3-997-X",
    "it starts with one Z eight eight": "it starts with 1Z88",
    "it is one nine two dot one six eight dot one dot one": "it is 192.168.1.1",
    "firmware three point four point one": "firmware 3.4.1",
    "10 dash 20 days, 30 minus 5": "10 dash 20 days, 30 minus 5",
    "error zero-four, dial 07911 123 456": "error 04, dial 07911123456",
    # amounts, dates
    "it is at 1045 p.m. or 415 pm": "it is at 10:45 p.m. or 4:15 pm",
    "at four fifteen p.m.": "at 4:15 p.m.",
    "it costs one hundred twenty nine dollars": "it costs 129 dollars",
    "twelve dollars and fifty cents": "$12.50",
    "it was 12 dollars 50": "it was $12.50",
    "march fifteenth twenty twenty six": "march 15th 2026",
    "I waited twenty four hours": "I waited 24 hours",
    # addresses
    "My email is anna dot b at example dot com.": "My email is anna.b@example.com.",
    "anna.b at example.com": "anna.b@example.com",
    "anna underscore b at mail dot com": "anna_b@mail.com",
    "mail me at bob at shop dot co dot uk": "mail me at bob@shop.co.uk",
    "my mail is john dot smith eighty four at mail dot com": "my mail is john.smith84@mail.com",
    "my mail is j smith at example dot com": "my mail is jsmith@example.com",
    "my mail is K I M at example dot com": "my mail is kim@example.com",
    "my mail is kim plus shop at example dot com": "my mail is kim+shop@example.com",
    "my code is four two oh": "my code is 420",
    "it is on www dot shop dot com": "it is on www.shop.com",
    # words stay words
    "at five o'clock, oh well": "at 5 o'clock, oh well",
    "just a second, that is the point": "just a second, that is the point",
    "which one is better, one of my two cards?": "which one is better, one of my two cards?",
    "the plan B for business": "the plan B for business",
    "I want it for Ida": "I want it for Ida",
    "look at example.com": "look at example.com",
    "a double room, open 9 to 5": "a double room, open 9 to 5",
    "10-20 days, 5, 6 or 7": "10-20 days, 5, 6 or 7",
    "I have 3 TVs, 2 phones": "I have 3 TVs, 2 phones",
    "version 2.4.6 at 192.168.0.1": "version 2.4.6 at 192.168.0.1",
    "": "",
}
CHINESE = {
    "我的订单号是一零四八二二": "我的订单号是104822",
    "單號三五七九六八二一": "单号35796821",
    "一三八零零一三八零零零": "13800138000",
    "WH一零零零XM五": "WH1000XM5",
    "错误代码是E二十四": "错误代码是E24",
    "一百二十九块": "129块",
    "九十九块九": "99.9块",
    "两千三百五十元": "2350元",
    "三点五公斤": "3.5公斤",
    "百分之二十": "20%",
    "二零二六年三月十五日": "2026年3月15日",
    "邮箱是anna点b艾特example点com": "邮箱是anna.b@example.com",
    "我有一个问题，第一次，一点，万一，千万不要": "我有一个问题，第一次，一点，万一，千万不要",
    "邮箱是wei八八艾特qq点com": "邮箱是wei88@qq.com",
    "单号是10 48 22。": "单号是104822。",
    "单号Y T 8 8 7 2": "单号YT8872",
    "手机一三九，零零一二，三四五六": "手机13900123456",
    "四七七杠幺九二": "477-192",
    "错误E零四，显示F杠零一": "错误E04，显示F-01",
    "九十九块九毛九": "99.99块",
    "价格是99块9, 对吗?": "价格是99.9块，对吗？",
    "上午十点零五分，两点五十": "上午十点零五分，两点50",
    "等了三四天": "等了三四天",
    "零八年或二一年买的，用了两三年": "08年或21年买的，用了两三年",
    "一二年级用的书包": "一二年级用的书包",
    "固件是三点零点七，地址一零点一点零点八": "固件是3.0.7，地址10.1.0.8",
    "编号是C 四 八二 P": "编号是C482P",
    "邮箱 lin underscore w at mail dot com": "邮箱 lin_w@mail.com",
    "我的是OK": "我的是OK",
}


@pytest.mark.parametrize("said", ENGLISH)
def test_english(said):
    assert written(said, "en") == ENGLISH[said]


@pytest.mark.parametrize("said", CHINESE)
def test_chinese(said):
    assert written(said, "zh") == CHINESE[said]


@pytest.mark.parametrize("text", [*ENGLISH.values()])
def test_what_is_written_stays(text):
    assert written(text, "en") == text


def test_german_has_number_words_and_other_languages_are_left_alone():
    assert written("Bestellung eins null vier acht zwei zwei", "de") == "Bestellung 104822"
    assert written("B wie Berta, K wie Kaufmann, sieben", "de") == "BK7"
    assert written("注文番号は一二三", "ja") == "注文番号は一二三"
    assert written("zamówienie numer pięć", "pl") == "zamówienie numer pięć"


def test_a_sentence_that_was_made_twice_on_end_is_written_once():
    twice = "I have a bill. how can I pay it? How can I pay it?"
    assert written(twice, "en") == "I have a bill. how can I pay it?"
    assert written("怎么退货？怎么退货？", "zh") == "怎么退货？"
    for said in (
        "No. No.",
        "1 2 3, 1 2 3",
        "It was 2.5. It was 2.6.",
        "Can I pay? Can I pay later?",
    ):
        assert AGAIN.search(said) is None


def test_codes_are_the_numbers_of_something():
    assert codes("order 104822 for 129 dollars in 2026") == ("104822",)
    assert codes("我的订单号是104822，WH1000XM5") == ("104822", "WH1000XM5")
    assert codes("case 4829-1187, 10-20 days, a.b12345@example.com, 1,000,000") == ("4829-1187",)


def test_the_length_of_a_transcript_counts_beside_its_confidence():
    short, long = "Hello.", "How do I get a refund for a lost card?"
    assert heard_right(Transcript(short, "en", 0.5)) > SURELY  # as the clearest sound may have
    assert heard_right(Transcript(long, "en", 0.75)) > CLEARLY
    assert heard_right(Transcript(long, "en", 0.45)) < SURELY
    assert heard_right(Transcript(short, "en", 0.3)) < SURELY
