"""Text as a person would say it: what a voice is given instead of what a screen shows.

    spoken("Error **E24** costs $12.50 [1].")   "Error E24 costs 12.50 US dollars."

Markup and citations are dropped, links shortened, long numbers said digit by digit; dates, prices,
units and days are written out as the Unicode locale data of the voice's language has them. All else
is the synthesiser's own business. Knows nothing of sound.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import date

from mm_support.language.amounts import APART, BEHIND, NUMBER, locale_of
from mm_support.language.messages import messages
from mm_support.language.sentences import BEFORE_NUMBERS, TITLES
from mm_support.language.spoken_amounts import SIGN, prices, rates, sums, with_units
from mm_support.language.spoken_signs import PLAIN, to, with_words
from mm_support.language.spoken_table import as_rows, summary
from mm_support.language.terms import one_of
from mm_support.language.units import calendar_names, calendar_words
from mm_support.language.written_dates import WrittenDate, order_of, replaced

UNSPEAKABLE = ("So", "Cs", "Co", "Cn", "Cf", "Cc")  # categories: emoji, controls, ...
MINUTES = {"zh": "分", "ja": "分", "ko": "분"}  # behind those of a time of day
LONG = 5  # digits from which a number is the number of something
GROUPED = 7  # digits, in groups: a telephone or card number

PART = 500  # characters put into words at a time, so that long texts take no longer for each
# as many as end a line, a sentence or a word, as far as one does
PARTS = re.compile(
    rf"(?s).{{1,{PART}}}(?:\Z|(?<=\n)|(?<=[^\W\d_][.!?])(?=\s[^\W\d_])|(?<=[。！？]))"
    rf"|.{{1,{PART}}}(?=\s[^\W\d_])|.{{1,{PART}}}"
)
UNBEGUN = r"(?<![\w-])(?<![\w-]\.)"  # where a name with dots can begin
LINK = re.compile(
    rf"(?:https?://|{UNBEGUN})(?:www\.)?"
    r"((?:[\w-]+\.)+[a-z]{2,}(?:/[\w./-]*\w)?)/?(?:[?#]\S*\w)?"
)
MONTH_OF_YEAR = re.compile(r"(?<![\d/.-])(0?[1-9]|1[0-2])/((?:19|20)\d\d)(?![\d/]|[.-]\d)")
TITLE = re.compile(rf"(?i:\b({one_of({*TITLES, 'mr', 'mrs', 'ms'})}))\.(?= [^\W\d_])")
BESIDE = re.compile(r"(?<![\d/.:])(\d{2,})/(?=\d+(?![\d/.]))")  # 24/7, 50/60 Hz
WITH_CENTURY = re.compile(r"\d{4}[/-].+|.+[./-]\d{4}")  # a date; 2026.3.1 may be a version
GROUP = r"(?:\(\d+\)|\d+)"
GROUPS = re.compile(
    rf"{APART}(?<![.,])\+?{GROUP}(?:[ /-]{{1,2}}{GROUP})+(?!\s?[$€£¥%]|[.,]?\d){BEHIND}"
)
RUN = re.compile(
    rf"(?<![\d.,])\d{{{LONG},}}(?![\d]|[.,]\d)|(?<![\d.,:/])(?<!\d\s(?=0\d\d\b))0\d+(?![\d/]|[.,]\d)"
)
SERIAL = re.compile(rf"{APART}(?<!-)\d+[A-Z]+\d[A-Z\d]*(?:-[A-Z\d]+)*(?!-){BEHIND}")
TABLE = re.compile(r"(?m)(?:^[ \t]*\|.*\|[ \t]*$\n?){3,}")
MARK = rf"\s?(?:h|[ap]\.?\s?m\.?|%|°C?|{SIGN})"  # behind the first end of a range
RANGE = re.compile(
    rf"{APART}(?<![.-])(?<!\d,)(?:({SIGN})\s?)?(?!0\d\d)({NUMBER})({MARK})?\s?[-–—~～]\s?"
    rf"(?:({SIGN})\s?)?({NUMBER})(?![\w]*[-–][A-Z\d])",
    re.IGNORECASE,
)
END = "[.!?:;,。！？：；，]"
# a card's last digits; linear in a line of asterisks
MASKED = re.compile(r"(?<![*•])(?<![*•][ -])(?>(?:[*•]{4,}+[ -]?)+)(\d{2,})")
ADDRESS = re.compile(
    rf"(?<![\w.+-])[\w.+-]+@[\w-]+(?:\.[\w-]+)+"
    rf"|{UNBEGUN}(?:[\w-]+\.)+[a-z]{{2,}}(?:/[\w./-]*\w)?",
    re.ASCII,
)
SPELLED = re.compile(r"(?<=\d )[a-z]{1,2}[A-Z][a-z]?\b")
CODE = re.compile(r"(?!19\d\d|20\d\d)\d{3,}")
CLOCK = r"(?<![\d:])(\d{1,2}):([0-5]\d)(?![\d:])"
FRENCH_CLOCK = re.compile(rf"{APART}(\d{{1,2}})\s?[hH]\s?([0-5]\d){BEHIND}(?!\s?min)")
HALF_DAY = r"\s?(?:[AaPp]\.\s?[Mm]\.|(?:[ap]m|[AP]M)\b)"


def spoken(text: str, language: str = "en") -> str:
    """The text for a voice of a language, such as "en-us". Empty where nothing can be said."""
    language = _tag(language)
    text = with_words(_tables(text.translate(PLAIN), language[:2]), language)
    text = re.sub(r"\n(?: ?\n)+", "\n\n", re.sub(r"[^\S\n]+", " ", text))
    text = without_markup(MASKED.sub(lambda match: digits(match[1]), text))
    return tidy("".join(_in_words(part, language) for part in PARTS.findall(text)))


def _in_words(text: str, language: str) -> str:
    """A part of a text without markup."""
    text = _addresses(LINK.sub(lambda match: match[1], text), language[:2])
    for said in (
        _clocks,
        _dates,
        _months_of_years,
        _shortened,
        _stops,
        _months,
        _days,
        _groups,
        _ranges,
        sums,
        prices,
        _hours,
        rates,
        with_units,
        _symbols,
        _serials,
    ):
        text = said(text, language)
    text = BESIDE.sub(r"\1 ", text)
    text = RUN.sub(lambda match: digits(match[0]), text)
    kept = (c for c in text if unicodedata.category(c) not in UNSPEAKABLE or c == "\n")
    return "".join(kept)


def _tag(language: str) -> str:
    """ "cmn", as espeak-ng names it -> "zh"."""
    from babel.core import get_global

    name, *region = language.split("-")
    return "-".join([get_global("language_aliases").get(name, name), *region])


def _tables(text: str, language: str) -> str:
    """A table is summed up, not read."""
    return TABLE.sub(lambda match: f"\n{summary(as_rows(match[0]), language)}\n", text)


def without_markup(text: str) -> str:
    """Drops citations, pictures, links' addresses, code marks, emphasis; headings and list items
    become sentences.
    """
    text = re.sub(r"!\[[^\]]*\]\([^)]*\)", " ", text)
    text = re.sub(r"\[([^\[\]]*+)\]\([^)]*\)", _linked, text)
    text = re.sub(r"\s*\[\^?\d+(?:\s*[,;–-]\s*\d+)*\](?:\([^)]*\))?", "", text)
    text = re.sub(r"`{3,}\w*|</?[A-Za-z][^>]*>", " ", text)
    item = rf"(?m)^\s*(?:#{{1,6}}|[-*+•]|>)\s+(.*?)({END}?)[ \t]*$"
    text = re.sub(item, lambda m: m[1] + (m[2] or "."), text)
    step = rf"(?m)^\s*(\d+)[.)]\s+(.*?)({END}?)[ \t]*$"
    text = re.sub(step, lambda m: f"{m[1]}, {m[2]}{m[3] or '.'}", text)
    text = re.sub(r"(?m)^[\s:|-]{3,}$", " ", text)
    text = re.sub(r"\*\*|__|`|~~|(?<!\w)[*_]|[*_](?!\w)", "", text)
    return re.sub(r"\s*(?:(?<![-=])[-=]+>|[|>→•])\s*", ", ", text)


def _linked(link: re.Match[str]) -> str:
    """What a link is shown as, where that has words: a number is that of a citation."""
    return link[1] if re.search(r"[^\W\d]", link[1]) else link[0]


def tidy(text: str) -> str:
    """One line, one space between words, none before punctuation, no brackets."""
    text = re.sub(r"[\[\]{}<>\\^#*_`|]|~(?!/)", " ", text)
    text = re.sub(r"\s+", " ", text)
    text = re.sub(r" ?[()] ?", ", ", text)
    text = re.sub(r"\s+([,;!?]|[.:](?!\w))", r"\1", text)  # a .csv file
    text = re.sub(r"[,;:]+(?=[.!?,;:])", "", text)
    return text.lstrip(" ,;").rstrip(" ;")  # a comma at the end is spoken as one: it goes on


def digits(number: str) -> str:
    """ "0199" -> "0 1 9 9": digit by digit."""
    return " ".join(filter(str.isdigit, number))


def _dates(text: str, language: str) -> str:
    """2026-11-23, 23.11.2026 and 11/23/2026 with the month's name; what is no date stays."""
    from babel.dates import format_date

    def said(found: WrittenDate) -> str | None:
        usual = WITH_CENTURY.fullmatch(found.written) or _is_short(found.written, language)
        if not usual or re.match("[A-Z]", text[found.end :]):  # 2026-11-24T09:00
            return None
        return format_date(date(*found.readings[0]), "long", locale_of(language))

    return replaced(text, order_of(language), said)


def _months_of_years(text: str, language: str) -> str:
    """12/2027 -> December 2027."""
    from babel.dates import format_skeleton

    def said(match: re.Match[str]) -> str:
        first = date(int(match[2]), int(match[1]), 1)
        return format_skeleton("yMMMM", first, locale=locale_of(language))

    return MONTH_OF_YEAR.sub(said, text)


def _shortened(text: str, language: str) -> str:
    """No. 5 -> number 5, which a voice would say as a word of its own."""
    told = filter(None, messages(language[:2]).get("spoken.short", "").split(", "))
    words = dict(pair.split("=") for pair in told)
    short = re.compile(rf"(?i)(?<!\w)({one_of(words)})(?=\s?[#$€£]?\d)")
    return short.sub(lambda match: words[match[1].lower()], text) if words else text


def _stops(text: str, language: str) -> str:
    """3. April -> 3 April, ca. 5 -> ca 5, Dr. Ng -> Dr Ng: a full stop that ends no sentence is no
    pause.
    """
    months = one_of(word for word in calendar_words(language[:2]) if len(word) > 2)
    text = re.sub(rf"(?i)(?<=\d)\.(?=\s?(?:{months})\b)", "", text)
    short = calendar_words(language[:2]) - {*map(str.lower, calendar_names(language[:2]))}
    before = one_of(BEFORE_NUMBERS | short)
    text = re.sub(rf"(?i)\b({before})\.(?=\s[$€£]?\d)", r"\1", text)
    return TITLE.sub(r"\1", text)


def _months(text: str, language: str) -> str:
    """31 Dec -> 31 December: a voice says "deck". In small letters ("3 set") only before a year."""
    short, wide = (locale_of(language).months["format"][form] for form in ("abbreviated", "wide"))
    full = {short[month].rstrip("."): wide[month] for month in range(1, 13)}
    names, alone = one_of(full), one_of(name for name in full if name.istitle())
    dated = rf"\b(?:(?<=\d )({names})\.?(?=,? \d{{4}}\b)|(?<=\d )({alone})|({alone})(?= \d))\b"
    return re.sub(dated, lambda match: full[match[1] or match[2] or match[3]], text)


def _is_short(written: str, language: str) -> bool:
    """Whether the language writes days so: 03.04.25, with these signs and the year behind."""
    pattern = locale_of(language).date_formats["short"].pattern
    return len(written) == len("03.04.25") and written[2] in pattern and pattern.endswith("y")


def _days(text: str, language: str) -> str:
    """Mon-Fri -> Monday to Friday, Sat 9-1 -> Saturday 9-1, Tue, May 5 -> Tuesday, May 5."""
    days = locale_of(language).days["format"]
    month = one_of(locale_of(language).months["format"]["wide"].values())
    names = {days["abbreviated"][day].rstrip("."): days["wide"][day] for day in range(7)}
    names |= {name.capitalize(): said for name, said in names.items()}
    day = one_of(names)
    pair = re.compile(rf"{APART}({day})\.?\s?[-–—]\s?({day}){BEHIND}\.?")
    text = pair.sub(lambda m: names[m[1]] + to(language) + names[m[2]], text)
    clock = r"\d{1,2}(?:[:.]\d\d|\s?[-–—ap]|\s?h)"
    dated = rf"(?:\d{{1,2}} )?{month}{BEHIND}"
    timed = re.compile(rf"{APART}({day})\b\.?(?=,? (?:{clock}|{dated}))")
    return timed.sub(lambda match: names[match[1]], text)


def _symbols(text: str, language: str) -> str:
    """5000 mAh -> 5000 m A h: a symbol that the locale data lacks is no word."""
    return SPELLED.sub(lambda match: " ".join(match[0]), text)


def _serials(text: str, language: str) -> str:
    """Letters and digits that take turns, one by one, a pause at each hyphen: 4F7K-22XX."""
    return SERIAL.sub(lambda match: ", ".join(map(" ".join, match[0].split("-"))), text)


def _groups(text: str, language: str) -> str:
    """Digits one by one, a pause between the groups: telephone and card numbers, not ranges."""

    def said(match: re.Match[str]) -> str:
        groups = re.findall(r"\d+", match[0])
        rising = len(groups) == 2 and int(groups[0]) < int(groups[1]) and "-" in match[0]
        rising = rising and not groups[0].startswith("0")
        if rising or sum(map(len, groups)) < GROUPED:
            return match[0]
        plus = "+" if match[0].startswith("+") else ""
        return plus + ", ".join(map(digits, groups))

    return GROUPS.sub(said, text)


def _ranges(text: str, language: str) -> str:
    """3-5 days -> 3 to 5 days; a sign of money, which is said once, stands with the second. A
    number that falls is that of something, as 4711-22, unless it is a year.
    """

    def said(match: re.Match[str]) -> str:
        first, last = match[2], match[5]
        if CODE.fullmatch(first) and last.isdigit() and int(first) > int(last):
            return match[0]
        sign = match[4] or match[1] or ""
        return f"{first}{match[3] or ''}{to(language)}{sign}{last}"

    return RANGE.sub(said, text)


def _clocks(text: str, language: str) -> str:
    """8h30 -> 8:30, and 9.00 bis 17.30 Uhr -> 9:00 bis 17:30 Uhr where this word tells the time."""
    text = FRENCH_CLOCK.sub(r"\1:\2", text)
    hour = messages(language[:2]).get("spoken.hour", "").partition("{hour}")[2].strip()
    until = rf"(?:\s?(?:[-–—]|{to(language).strip()})\s?\d{{1,2}}[.:]\d\d)?"
    dotted = rf"{APART}(?<![.,])(\d{{1,2}})\.([0-5]\d)(?={until}\s?{hour}{BEHIND})"
    return re.sub(dotted, r"\1:\2", text) if hour else text


def _addresses(text: str, language: str) -> str:
    """anna_b@my-shop.com -> anna underscore b@my dash shop.com: a voice leaves such signs out."""
    names = {"_": "underscore", "-": "hyphen"}
    told = {
        sign: messages(language).get(f"heard.{name}", "").split() for sign, name in names.items()
    }
    said = {sign: f" {words[0]} " for sign, words in told.items() if words}
    each = re.compile("[_-]")
    return ADDRESS.sub(lambda m: each.sub(lambda sign: said.get(sign[0], sign[0]), m[0]), text)


def _hours(text: str, language: str) -> str:
    """9:00 -> 9 o'clock, but 9:00 am -> 9 am. Where minutes follow, the synthesiser says the word
    between them itself.
    """
    hour = messages(language[:2]).get("spoken.hour")
    if not hour:
        return text
    before, after = hour.split("{hour}")
    times = re.compile(rf"(?:\b{before})?{CLOCK}(?:{after or ' h'}|\s?h)?{BEHIND}(?=({HALF_DAY}))?")

    def said(match: re.Match[str]) -> str:
        half = match[3] and ("." in match[3] or _of_twelve_hours(language))
        told = int(match[1])
        if match[2] == "00":
            return f"{before}{told}{'' if half else after}"
        if minutes := MINUTES.get(language[:2]):
            return f"{hour.format(hour=told)}{int(match[2])}{minutes}"
        return re.sub(rf"{CLOCK}.*", rf"{told}:\2", match[0])

    return times.sub(said, text)


def _of_twelve_hours(language: str) -> bool:
    return "a" in locale_of(language).time_formats["short"].pattern
