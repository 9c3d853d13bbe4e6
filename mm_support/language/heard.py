"""What was heard, as a help desk writes it: numbers in digits, codes and addresses in one piece.

    written("order one zero four eight double two", "en")        "order 104822"
    written("it is anna dot b at example dot com", "en")         "it is anna.b@example.com"
    written("單號一零四八二二", "zh")                               "单号104822"

Number words are read by text2num and cn2an; the words for signs ("dot", "double") are in the
language's messages. Knows no model and no sound.
"""

from __future__ import annotations

import re
import string
from collections.abc import Sequence

from mm_support.language.detect import stop_words
from mm_support.language.messages import messages
from mm_support.language.terms import chinese_number, in_digits, simplified
from mm_support.language.units import joining_word

CHINESE = ("zh", "yue")
UNSPACED = (*CHINESE, "ja")  # written without blanks
ALONE = 3  # smaller numbers in words stay words where they stand alone: "one of them"
RUN = 3  # signs said one by one from which they are one code: fewer may be words and amounts
NAMED = 2  # letters said with a word each from which they are spelled
LONG = 5  # signs of a number that is the number of something
PAIRS = 5  # digits from which groups of two or three are one number: "10 48 22"
DIGITS = "零〇幺一二两三四五六七八九"
NUMERAL = f"[{DIGITS}十百千万亿]"
COUNT = "[一二三四五六七八九]"
SHORT_YEAR = (
    "(?:[零〇][一二三四五六七八九]|[一二][零〇一二三四五六七八九])"  # 一五年; 两三年 are some
)
# single numerals stay, as they are words too (一个, 一下), unless they stand beside a letter or
# digit
CHINESE_NUMBER = re.compile(
    rf"百分之(?P<share>{NUMERAL}+)"
    rf"|(?P<whole>{NUMERAL}+)(?P<parts>(?:点[{DIGITS}]++(?![分刻半十百]))+)"
    rf"|(?P<money>{NUMERAL}+|\d+)块(?P<dimes>{COUNT}|\d)(?:[毛角](?P<cents>{COUNT}|\d)?分?)?"
    rf"(?![\d{DIGITS}十百千万亿个])"
    rf"|(?P<several>[{DIGITS}]{{3,}}(?:[ ,，、]{{1,2}}[{DIGITS}]{{3,}})*(?![十百千万亿])"
    rf"|(?=[{DIGITS}]*[十百千万亿]){NUMERAL}{{2,}})"
    rf"|(?:(?<=[A-Za-z0-9])|(?<=[A-Z0-9][ 杠-]))(?P<after>[{DIGITS}十]++)(?![个天月号点])"
    rf"|(?P<dated>{SHORT_YEAR}(?=年(?!级))|(?<!{NUMERAL}){NUMERAL}(?=[年月号日块元]))"
)
SINGLE = r"(?:\d{1,4}|[A-Z])"
# beside characters of scripts without blanks too
SPELLED = re.compile(
    rf"(?<![\w-]){SINGLE}(?:[ ,-]{{1,2}}{SINGLE}){{{RUN - 1},}}(?![\w-])", re.ASCII
)
LAST_LISTED = re.compile(rf"[^\W\d_]+ {SINGLE}(?!\w)")  # "or D" behind "A, B, C"
GROUPED = re.compile(r"(?a:(?<![\w.,-]))\d{1,6}(?: \d{1,4}){1,}(?![\w]|[.,-]\d)")
# "J. B. 103499", as letters in front of a number are often heard
INITIALED = re.compile(
    rf"(?<![\w.])((?:[A-Z](?:\. ?| )){{2,}})(\d{{{LONG},}})(?!\w|[.,]\d)", re.ASCII
)
PART = r"(?:[A-Z]+|\d+)(?:[ -]?(?:[A-Z](?![a-z])|\d+))*"  # of a number with hyphens
FULL_WIDTH = {",": "，", "?": "？", "!": "！"}  # behind Chinese characters
HAN_MARKS = re.compile(r"(?<=[\u3400-\u9fff])[,?!] ?")
# of "ten fifteen pm", which is heard as 10 15 or 1015
HALF_DAY = re.compile(r"\b(1[0-2]|[1-9]) ?([0-5]\d)(?=\s?[ap]\.?m\b)", re.IGNORECASE)
YEAR = re.compile(r"(?<!\d )\b(19|20) (\d\d)\b(?! \d)")
NUMBERS = re.compile(
    r"(?<![\w.,@])(?=[\w-]*\d)[A-Za-z\d]+(?:-[A-Za-z\d]+)*(?![\w@]|[.,]\d)", re.ASCII
)
AGAIN = re.compile(r"([^\s.?!。？！][^.?!。？！]{3,}[.?!。？！])(?:\s*\1)+(?=\s|$)", re.IGNORECASE)
SIGNS = {".": "dot", "_": "underscore", "-": "hyphen", "+": "plus"}  # of addresses -> their key
DIALLED = 7  # digits behind the plus of a telephone number


def written(text: str, language: str) -> str:
    """The transcript with its numbers, codes and e-mail addresses as they are written, and once
    what Whisper makes twice of a short sound: a sentence on end.
    """
    text = AGAIN.sub(r"\1", text)
    if language in CHINESE:
        text = _joined(_hyphened(_chinese_numbers(simplified(text)), "zh"), "zh")
        return HAN_MARKS.sub(lambda match: FULL_WIDTH[match[0][0]], _addresses(text, "zh"))
    text = _zeros(_repeated(_letters_by_words(text, language), language), language)
    text = in_digits(_one_by_one(text, language), language, ALONE)
    text = _dotted(_joined(_hyphened(text, language), language), language)
    text = HALF_DAY.sub(r"\1:\2", _dialled(text, language))
    return _prices(_addresses(text, language), language)


def joint(language: str) -> str:
    """What stands between two sentences of a transcript."""
    return "" if language in UNSPACED else " "


def codes(text: str) -> tuple[str, ...]:
    """The numbers of something (orders, telephones, devices) in a text; no amounts and few
    digits.
    """
    found = (match[0] for match in NUMBERS.finditer(text))
    return tuple(dict.fromkeys(code for code in found if _is_code(code)))


def _is_code(code: str) -> bool:
    signs = code.replace("-", "")
    return len(signs) >= LONG and sum(map(str.isdigit, signs)) >= LONG - 2


def _words(language: str, name: str) -> list[str]:
    return messages(language).get(f"heard.{name}", "").split()


def _sign(language: str, name: str) -> str:
    """A pattern for what a language says for a sign: a Latin word has blanks around it. Never
    matches where there is none.
    """
    words = _words(language, name)
    return "|".join(rf"\s{w}\s" if w.isascii() else rf"\s?{w}\s?" for w in words) or r"(?!)"


def _letters_by_words(text: str, language: str) -> str:
    """B as in Bravo, K as in Kilo -> B, K; a single one may be a sentence: plan B for business."""
    said = "|".join(filter(None, messages(language).get("heard.letter", "").split(", ")))
    named = re.compile(rf"(?<![\w'])([a-z]),? (?:{said or '(?!)'}) \1\w+", re.IGNORECASE)
    if len(named.findall(text)) < NAMED:
        return text
    return named.sub(lambda match: match[1].upper(), text)


def _repeated(text: str, language: str) -> str:
    """double two -> two two."""
    for name, times in (("double", 2), ("triple", 3)):
        words = "|".join(_words(language, name)) or r"(?!)"
        said = re.compile(rf"\b(?:{words})[ -](\w+)\b", re.IGNORECASE)
        text = said.sub(lambda match, times=times: _again(match, times, language), text)
    return text


def _again(match: re.Match[str], times: int, language: str) -> str:
    """A digit or a letter said several times; other words (a double room) stay."""
    zero = match[1].lower() in _words(language, "zero")
    sign = "0" if zero else in_digits(match[1], language)
    return " ".join([sign] * times) if len(sign) == 1 else match[0]


def _zeros(text: str, language: str) -> str:
    """one oh four -> one 0 four: between numbers, what else is said for zero is one."""
    words = _words(language, "zero")
    parts = re.split(r"(\W+)", text)
    for place in range(0, len(parts), 2):
        before, behind = parts[place - 2] if place else "", "".join(parts[place + 2 : place + 3])
        ends = not behind and "".join(parts[place + 1 : place + 2]).strip(".,;!? ") == ""
        counts = [in_digits(word, language).isdigit() for word in (before, behind)]
        if parts[place].lower() in words and (counts[1] or (counts[0] and ends)):
            parts[place] = "0"
    return "".join(parts)


def _one_by_one(text: str, language: str) -> str:
    """zero zero one two -> 0 0 1 2, one Z nine -> 1 Z 9: what is said sign by sign is no number."""
    parts = re.split(r"(\W+)", text)
    words, start = parts[::2], 0
    for place in range(1, len(words)):
        if parts[2 * place - 1] == "-" and in_digits(words[place - 1], language) == "0":
            parts[2 * place - 1] = " "  # text2num reads zero-four as 4
    for end in range(len(words) + 1):
        if end < len(words) and _is_sign(words, end, language):
            continue
        if end - start >= RUN:
            for place in range(2 * start, 2 * end, 2):
                parts[place] = in_digits(parts[place], language)
        start = end + 1
    return "".join(parts)


def _is_sign(words: Sequence[str], place: int, language: str) -> bool:
    """Whether a word is a capital letter or a digit, and no part of a number ("twenty two"). Of
    "nine hundred one two" the one is a digit: so are those behind it.
    """
    word, behind = words[place], words[place + 1 : place + 2]
    if len(word) != 1 and not re.fullmatch(r"\d", in_digits(word, language)):
        return False
    if word.isalpha() and len(word) == 1:
        return word in string.ascii_uppercase
    if behind and _is_number([word, *behind], language):
        return False
    before = words[max(0, place - 1) : place]
    rounded = before and in_digits(before[0], language).endswith("00")
    followed = behind and _is_sign(words, place + 1, language)
    return not _is_number([*before, word], language) or bool(rounded and followed)


def _is_number(words: Sequence[str], language: str) -> bool:
    """Whether words together are another number than their digits: twenty two is 22, not 202."""
    each = [in_digits(word, language) for word in words]
    together = in_digits(" ".join(words), language).replace(" ", "")
    return all(map(str.isdigit, each)) and together != "".join(each)


def _hyphened(text: str, language: str) -> str:
    """SN dash 0 0 4 -> SN-004; less than a code ("10 dash 20") stays as it was said."""
    said = rf"{PART}(?:(?:{_sign(language, 'hyphen')}){PART})+"

    def joined(match: re.Match[str]) -> str:
        parts = re.split(_sign(language, "hyphen"), match[0], flags=re.IGNORECASE)
        code = "-".join(re.sub("[ -]", "", part) for part in parts)
        return code if _is_code(code) or re.search(r"[A-Z]-?\d", code) else match[0]

    return re.sub(rf"(?a:(?<![\w-])){said}(?a:(?![\w-]))", joined, text)


def _dialled(text: str, language: str) -> str:
    """plus 447700900123 -> +447700900123"""
    plus = rf"(?<!\d)(?:{_sign(language, 'plus')})(?=\d{{{DIALLED},}})"
    return re.sub(plus, " +", f" {text}", flags=re.IGNORECASE).removeprefix(" ")


def _dotted(text: str, language: str) -> str:
    """192 dot 168 dot one dot one -> 192.168.1.1, www dot shop dot com -> www.shop.com"""
    said, number = _sign(language, "dot"), r"[^\W_]+(?:\.\d+)*"

    def joined(match: re.Match[str]) -> str:
        numbers = [in_digits(one, language) for one in re.split(said, match[0])]
        plain = all(one.replace(".", "").isdigit() for one in numbers)
        site = numbers[0].lower() == "www"
        return ".".join(numbers) if plain or site else match[0]

    return re.sub(rf"\b{number}(?:(?:{said}){number})+\b", joined, text)


def _prices(text: str, language: str) -> str:
    """12 dollars and 50 cents, 12 dollars 50 -> $12.50; whole amounts stay as they were said."""
    signs = dict(pair.split("=") for pair in _words(language, "currencies"))
    cents, joints = ("|".join(_words(language, name)) for name in ("cents", "and"))
    if not signs or not cents:
        return text
    whole = rf"(?<![\d.,])(\d+) ({'|'.join(signs)})(?: (?:{joints}))?"
    price = re.compile(rf"{whole} (\d{{1,2}})(?: (?:{cents})\b|(?=\s*(?:$|[.,?!])))", re.IGNORECASE)
    return price.sub(lambda m: f"{signs[m[2].lower()]}{m[1]}.{int(m[3]):02}", text)


def _joined(text: str, language: str) -> str:
    """1 0 4 8 2 2 -> 104822; A-N-N-A -> ANNA; 20 26 -> 2026."""
    text = YEAR.sub(r"\1\2", text)
    text = SPELLED.sub(lambda match: _spelled(match, language), text)
    text = GROUPED.sub(_grouped, text)
    return INITIALED.sub(lambda match: re.sub("[. ]", "", match[1]) + match[2], text)


def _spelled(match: re.Match[str], language: str) -> str:
    signs = re.findall(SINGLE, match[0])
    alone = sum(len(sign) == 1 for sign in signs)
    if "," in match[0] and _is_listed(match.string[match.end() :], language):
        return match[0]
    return "".join(signs).upper() if 2 * alone > len(signs) else match[0]


def _is_listed(behind: str, language: str) -> bool:
    """Whether what stands behind some signs ends a list of them: "A, B, C or D"."""
    behind = behind.lstrip(", ")
    if not LAST_LISTED.match(behind):
        return False
    joining = {joining_word(language, style).strip(" ,") for style in ("standard", "or")}
    return behind.split()[0].lower() in joining


def _grouped(match: re.Match[str]) -> str:
    groups = match[0].split()
    together = "".join(groups)
    return together if len(groups) >= RUN and len(together) >= PAIRS else match[0]


def _addresses(text: str, language: str) -> str:
    """anna dot b at example dot com -> anna.b@example.com.

    "at" alone says little: it makes an address only behind a name with a sign in it, or where the
    text speaks of mail.
    """
    signs = {sign: _sign(language, name) for sign, name in SIGNS.items()}
    said_signs = "|".join([*signs.values(), "[._+-]"])
    name = rf"[a-z\d]+(?:(?:{said_signs})[a-z\d]+)*"
    domain = rf"{name}(?:{signs['.']}|\.)[a-z]{{2,6}}"
    spelled = rf"(?:(?:{_letter(language)} )*{name}(?: \d+)?)"
    pattern = rf"(?<![a-z\d'])({spelled})(?:{_sign(language, 'at')})({domain})(?![a-z\d])"
    speaks_of_mail = any(word in text.lower() for word in _words(language, "mail"))

    def said(match: re.Match[str]) -> str:
        parts = [_with_signs(part, signs) for part in match.groups()]
        return "@".join(parts).lower() if speaks_of_mail or not parts[0].isalpha() else match[0]

    return re.sub(pattern, said, text, flags=re.IGNORECASE)


def _with_signs(part: str, signs: dict[str, str]) -> str:
    for sign, said in signs.items():
        part = re.sub(said, sign, part, flags=re.IGNORECASE)
    return part.replace(" ", "")


def _letter(language: str) -> str:
    """A pattern for a letter alone that is no word: the j of "j smith"."""
    words = stop_words(language)
    return f"[{''.join(letter for letter in string.ascii_lowercase if letter not in words)}]"


def _chinese_numbers(text: str) -> str:
    """一零四八二二 -> 104822, 一百二十九块 -> 129块, 百分之二十 -> 20%; what is no number stays.
    Again while something changes: behind a digit a numeral is one too (B 七 三九).
    """
    while (read := CHINESE_NUMBER.sub(_chinese_number, text)) != text:
        text = read
    return text


def _chinese_number(match: re.Match[str]) -> str:
    parts = {name: _value(words) for name, words in match.groupdict().items() if words}
    if "" in parts.values():
        return match[0]
    if "share" in parts:
        return f"{parts['share']}%"
    if "whole" in parts:
        return ".".join([parts["whole"], *map(_value, match["parts"].split("点")[1:])])
    if "money" in parts:
        return f"{parts['money']}.{parts['dimes']}{parts.get('cents', '')}块"
    return next(iter(parts.values()))


def _value(words: str) -> str:
    """The number in digits; "" where there is none. Digits alone are read one by one."""
    if words.isdecimal():
        return words
    plain = re.sub("[ ,，、点]", "", words).translate(str.maketrans("〇幺两", "零一二"))
    if not re.search("[十百千万亿]", plain):
        return "".join(str("零一二三四五六七八九".index(sign)) for sign in plain)
    number = chinese_number(words.replace("〇", "零").replace("幺", "一"))
    return number if number.isdecimal() else ""
