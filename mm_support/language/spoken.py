"""Text as a person would say it: what a voice is given instead of what a screen shows.

    spoken("Error **E24** costs $12.50 [1].")   "Error E24 costs 12.50 US dollars."

Markup and citations are dropped, links shortened, long numbers said digit by digit; dates, prices,
units and days are written out as the Unicode locale data of the voice's language has them. All else
is the synthesiser's own business. Knows nothing of sound.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

from mm_support.language.amounts import APART, BEHIND, CURRENCY_OF, NUMBER, locale_of, number_in
from mm_support.language.detect import stop_words
from mm_support.language.messages import messages
from mm_support.language.sentences import BEFORE_NUMBERS
from mm_support.language.spoken_table import as_rows, summary
from mm_support.language.terms import one_of
from mm_support.language.units import CURRENCIES, calendar_names, calendar_words
from mm_support.language.written_dates import WrittenDate, order_of, replaced

if TYPE_CHECKING:
    from babel import Locale

PLAIN = str.maketrans("‘’“”−‑\u00a0\u202f￥", "''\"\"--  ¥") | {ord("℃"): "°C", ord("℉"): "°F"}
UNSPEAKABLE = ("So", "Cs", "Co", "Cn", "Cf", "Cc")  # categories: emoji, controls, ...
HALF_DAYS = ("am", "pm", "a.m.", "p.m.")  # of English, which others write too
# units that no reply is about: what looks like their symbols (1st, 5G, 4K, 3 pc) is something else
UNUSUAL = frozenset(
    "mass-stone mass-carat mass-dalton mass-grain acceleration-g-force temperature-kelvin"
    " temperature-generic concentr-karat concentr-item concentr-portion-per-1e9 digital-bit"
    " digital-byte duration-century duration-decade duration-quarter energy-joule force-newton"
    " graphics-dot graphics-em length-astronomical-unit length-fathom length-light-year"
    " length-nautical-mile length-parsec length-picometer length-point speed-beaufort"
    " speed-light-speed volume-bushel volume-cup volume-dram volume-drop volume-pinch"
    " volume-pint".split()
)
METRIC = {  # symbols that are written in any language, also where the locale data has words
    "mm": "length-millimeter",
    "cm": "length-centimeter",
    "m": "length-meter",
    "km": "length-kilometer",
    "m²": "area-square-meter",
    "ml": "volume-milliliter",
    "l": "volume-liter",
    "L": "volume-liter",
    "h": "duration-hour",
    "min": "duration-minute",
    "W": "power-watt",
    "kW": "power-kilowatt",
    "kWh": "energy-kilowatt-hour",
    "GHz": "frequency-gigahertz",
    "km/h": "speed-kilometer-per-hour",
    "s": "duration-second",
    "Mbit": "digital-megabit",
    "Gbit": "digital-gigabit",
}
REGIONS = {"en": ("en-gb", "en-ca")}  # that have more symbols: hrs, mo
LONG_FORMS = {("zh", "concentr-percent"): "百分之{0}"}  # that the locale data lacks
MINUTES = {"zh": "分", "ja": "分", "ko": "분"}  # behind those of a time of day
ELIDED = re.compile("[b-df-hj-np-tv-z]")  # the l of l'eau
LONG = 5  # digits from which a number is the number of something
GROUPED = 7  # digits, in groups: a telephone or card number

LINK = re.compile(
    r"(?:https?://)?(?:www\.)?((?:[\w-]+\.)+[a-z]{2,}(?:/[\w./-]*\w)?)/?(?:[?#]\S*\w)?"
)
WITH_CENTURY = re.compile(r"\d{4}[/-].+|.+[./-]\d{4}")  # a date; 2026.3.1 may be a version
SIGN_BEFORE = re.compile(
    r"(?:<|(?<!^)(?<![\w>] )(?<![\w>])>|(?<![\d~])(?<!\d )~)(?=\s?[$€£¥]?\d)", re.M
)
GROUP = r"(?:\(\d+\)|\d+)"
GROUPS = re.compile(
    rf"{APART}(?<![.,])\+?{GROUP}(?:[ /-]{{1,2}}{GROUP})+(?!\s?[$€£¥%]|[.,]?\d){BEHIND}"
)
RUN = re.compile(
    rf"(?<![\d.,])\d{{{LONG},}}(?![\d]|[.,]\d)|(?<![\d.,:/])(?<!\d\s(?=0\d\d\b))0\d+(?![\d/]|[.,]\d)"
)
SERIAL = re.compile(rf"{APART}(?<!-)\d+[A-Z]+\d[A-Z\d]*(?:-[A-Z\d]+)*(?!-){BEHIND}")
TABLE = re.compile(r"(?m)(?:^[ \t]*\|.*\|[ \t]*$\n?){3,}")
CODES = CURRENCIES
SIGN = rf"(?:[$€£¥]|(?<![A-Za-z])(?:{'|'.join(CODES)})(?![A-Za-z]))"
MARK = rf"\s?(?:h|[ap]\.?\s?m\.?|%|°C?|{SIGN})"  # behind the first end of a range
RANGE = re.compile(
    rf"{APART}(?<![.-])(?:({SIGN})\s?)?(?!0\d\d)({NUMBER})({MARK})?\s?[-–—~～]\s?"
    rf"(?:({SIGN})\s?)?({NUMBER})(?![\w]*[-–][A-Z\d])",
    re.IGNORECASE,
)
END = "[.!?:;,。！？：；，]"
MASKED = re.compile(r"(?:[*•]{4,}[ -]?)+(\d{2,})")  # a card's last digits
ADDRESS = re.compile(
    r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+|(?:[\w-]+\.)+[a-z]{2,}(?:/[\w./-]*\w)?", re.ASCII
)
SPELLED = re.compile(r"(?<=\d )[a-z]{1,2}[A-Z][a-z]?\b")
CODE = re.compile(r"(?!19\d\d|20\d\d)\d{3,}")
# blanks in 1 299,00 €, the dash of 5,- €
FILLING = re.compile(
    rf"(?<=\d)(?: (?=\d{{3}}(?: \d{{3}})*(?:,\d+)?\s?{SIGN})|,[-–—]{{1,2}}(?=\s?{SIGN}))"
)
AMOUNT = rf"(?:[1-9]\d{{0,2}}(?: \d{{3}})+(?:,\d+)?|{NUMBER})"
OTHER = r"(?![\d.]*\s*(?:million|billion)|[.,]?\d|[A-Za-z]|\s(?!USD)[A-Z]{3}\b)"  # $10M, $5 MXN
PER = r"(?:\s?/\s?([^\W\d_]+[²³]?))?"
MONEY = re.compile(
    rf"(?:(?:US|(?<![A-Za-z]))({SIGN})\s?({NUMBER}){OTHER}(?:\s?USD\b)?"
    rf"|{APART}({NUMBER})\s?({SIGN})){PER}"
)
RATE = re.compile(rf"{APART}({AMOUNT}\s?([^\W\d_]+[²³.]?))/([^\W\d_]+[²³]?){BEHIND}(?!/)")
CLOCK = r"(?<![\d:])(\d{1,2}):([0-5]\d)(?![\d:])"
FRENCH_CLOCK = re.compile(rf"{APART}(\d{{1,2}})\s?[hH]\s?([0-5]\d){BEHIND}(?!\s?min)")
HALF_DAY = r"\s?(?:[AaPp]\.\s?[Mm]\.|(?:[ap]m|[AP]M)\b)"


def spoken(text: str, language: str = "en") -> str:
    """The text for a voice of a language, such as "en-us". Empty where nothing can be said."""
    language = _tag(language)
    text = _signs(_tables(text.translate(PLAIN), language[:2]), language[:2])
    text = without_markup(MASKED.sub(lambda match: digits(match[1]), text))
    text = _addresses(LINK.sub(lambda match: match[1], text), language[:2])
    for said in (
        _clocks,
        _dates,
        _stops,
        _months,
        _days,
        _groups,
        _ranges,
        _prices,
        _hours,
        _rates,
        _units,
        _symbols,
        _serials,
    ):
        text = said(text, language)
    text = RUN.sub(lambda match: digits(match[0]), text)
    kept = (c for c in text if unicodedata.category(c) not in UNSPEAKABLE or c == "\n")
    return tidy("".join(kept))


def _tag(language: str) -> str:
    """ "cmn", as espeak-ng names it -> "zh"."""
    from babel.core import get_global

    name, *region = language.split("-")
    return "-".join([get_global("language_aliases").get(name, name), *region])


def _tables(text: str, language: str) -> str:
    """A table is summed up, not read."""
    return TABLE.sub(lambda match: f"\n{summary(as_rows(match[0]), language)}\n", text)


def _signs(text: str, language: str) -> str:
    """< 5 min -> less than 5 min: a voice says no such sign. Settings > 5 GHz is a way."""
    told = filter(None, messages(language).get("spoken.signs", "").split(", "))
    words = {sign: word for sign, _, word in (pair.partition("=") for pair in told)}
    return SIGN_BEFORE.sub(lambda m: f"{words[m[0]]} " if m[0] in words else m[0], text)


def without_markup(text: str) -> str:
    """Drops citations, pictures, links' addresses, code marks, emphasis; headings and list items
    become sentences.
    """
    text = re.sub(r"!\[[^\]]*\]\([^)]*\)", " ", text)
    text = re.sub(r"\[([^\]]*[^\W\d][^\]]*)\]\([^)]*\)", r"\1", text)
    text = re.sub(r"\s*\[\^?\d+(?:\s*[,;–-]\s*\d+)*\](?:\([^)]*\))?", "", text)
    text = re.sub(r"```\w*|</?[A-Za-z][^>]*>", " ", text)
    item = rf"(?m)^\s*(?:#{{1,6}}|[-*+•]|>)\s+(.*?)({END}?)[ \t]*$"
    text = re.sub(item, lambda m: m[1] + (m[2] or "."), text)
    step = rf"(?m)^\s*(\d+)[.)]\s+(.*?)({END}?)[ \t]*$"
    text = re.sub(step, lambda m: f"{m[1]}, {m[2]}{m[3] or '.'}", text)
    text = re.sub(r"(?m)^\s*\|?[\s:|-]{3,}\|?\s*$", " ", text)
    text = re.sub(r"\*\*|__|`|~~|(?<!\w)[*_]|[*_](?!\w)", "", text)
    return re.sub(r"\s*[|>→•]\s*", ", ", text)


def tidy(text: str) -> str:
    """One line, one space between words, none before punctuation, no brackets."""
    text = re.sub(r"[\[\]{}<>\\^#*_`|]", " ", text)
    text = re.sub(r"\s*[()]\s*", ", ", text)
    text = re.sub(r"\s+", " ", text)
    text = re.sub(r"\s+([,.;:!?])", r"\1", text)
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


def _stops(text: str, language: str) -> str:
    """3. April -> 3 April, ca. 5 -> ca 5: a full stop that ends no sentence is no pause."""
    months = one_of(word for word in calendar_words(language[:2]) if len(word) > 2)
    text = re.sub(rf"(?i)(?<=\d)\.(?=\s?(?:{months})\b)", "", text)
    short = calendar_words(language[:2]) - {*map(str.lower, calendar_names(language[:2]))}
    before = one_of(BEFORE_NUMBERS | short)
    return re.sub(rf"(?i)\b({before})\.(?=\s[$€£]?\d)", r"\1", text)


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


def _prices(text: str, language: str) -> str:
    """$12.50 -> 12.50 US dollars; € 5/month -> 5 euros per month."""

    def said(match: re.Match[str]) -> str:
        sign, written = (match[1], match[2]) if match[1] else (match[4], match[3])
        amount, code = number_in(written, language), _currencies(language).get(sign)
        if amount is None or code is None:
            return match[0]
        return _per(_money(amount, code, language), match[5], language)

    return MONEY.sub(said, FILLING.sub("", text))


def _money(amount: Decimal, code: str, language: str) -> str:
    from babel.numbers import format_currency

    whole, locale = amount == int(amount), locale_of(language)
    name = {"format_type": "name", "locale": locale, "currency_digits": not whole}
    said = format_currency(amount, code, "#,##0" if whole else None, **name)
    return said.replace("人民币", "元")


@functools.lru_cache(None)
def _currencies(language: str) -> dict[str, str]:
    """Sign -> currency; ¥ is that of the language."""
    own = locale_of(language).currency_symbols
    yen = next((code for code in ("JPY", "CNY") if own.get(code) in ("¥", "￥")), None)
    named = {code: code for code in CODES}
    return CURRENCY_OF | named | ({"¥": yen} if yen else {})


def _per(amount: str, unit: str | None, language: str) -> str:
    """5 euros, month -> 5 euros per month; a unit's symbol is written out."""
    if not unit:
        return amount
    locale, name = locale_of(language), _unit_names(language).get(unit)
    one = _in_full(name, "", Decimal(1), language).strip() if name else unit
    per = locale._data["compound_unit_patterns"]["per"]
    return (per.get("long") or per["short"])["compound"].format(amount, one)


def _units(text: str, language: str) -> str:
    """5 kg -> 5 kilograms. A symbol that is a word too is a unit only where a clause ends."""
    words = {symbol for symbol in _unit_names(language) if _is_word(symbol, language)}
    symbols, last = one_of({*_unit_names(language)} - words), one_of(words)
    unit = rf"({symbols})(?![/.][^\W\d]|'){BEHIND}|({last})(?=\s*(?:[.,;:!?)]|$))"
    amount = re.compile(
        rf"{APART}(?<![.,§$€£¥])(?<!§ )(?<!\d:)({AMOUNT})\s?(?:{unit})(?:\.(?= [^\W\d_A-ZÄÖÜ]))?"
    )

    def said(match: re.Match[str]) -> str:
        number = number_in(match[1].replace(" ", ""), language)
        name = _unit_names(language)[match[2] or match[3]]
        glued = match[0] == f"{match[1]}s"  # a 5s, the 90s
        return match[0] if number is None or glued else _in_full(name, match[1], number, language)

    return amount.sub(said, text)


def _rates(text: str, language: str) -> str:
    """30 ct/kWh -> 30 ct per kilowatt-hour, 5 kWh/year -> 5 kWh per year: one of them is a unit."""
    units = {symbol for symbol in _unit_names(language) if not _is_word(symbol, language)}

    def said(match: re.Match[str]) -> str:
        known = match[3] in units or match[2] in units and len(match[3]) > 1
        return _per(match[1], match[3], language) if known else match[0]

    return RATE.sub(said, text)


def _is_word(symbol: str, language: str) -> bool:
    """Whether the language's grammar has a word that is written like the symbol; a lone consonant
    of the Latin script is none, but what is left of a word before an apostrophe.
    """
    return symbol in stop_words(language[:2]) and not ELIDED.fullmatch(symbol)


def _in_full(name: str, written: str, number: Decimal, language: str) -> str:
    """The unit's long form around the number as it is written, or its short one where the locale
    data has no other.
    """
    locale = locale_of(language)
    forms = locale._data["unit_patterns"][name]
    forms = next(forms[width] for width in ("long", "short") if "other" in forms.get(width, ()))
    form: str = forms.get(locale.plural_form(number)) or forms["other"]
    return LONG_FORMS.get((locale.language, name), form).replace("{0}", written)


@functools.lru_cache(None)
def _unit_names(language: str) -> dict[str, str]:
    """A unit's symbol -> its name in the locale data; none that stands for a time of day."""
    found = _short_units(locale_of(language))
    regional = map(_short_units, map(locale_of, REGIONS.get(language[:2], ())))
    found = functools.reduce(lambda known, more: more | known, regional, METRIC | found)
    found |= {"°": "angle-degree"}
    return {symbol: found[symbol] for symbol in found.keys() - _day_periods(language) - {""}}


def _short_units(locale: Locale) -> dict[str, str]:
    """The symbols of a locale -> the units' names."""
    patterns = locale._data["unit_patterns"]
    short = ((name, forms.get("short", {})) for name, forms in patterns.items())
    return {
        pattern.replace("{0}", "").strip(): name
        for name, forms in short
        if name not in UNUSUAL
        for count, pattern in forms.items()
        if count != "per" and isinstance(pattern, str) and "{0}" in pattern
    }


@functools.lru_cache(None)
def _day_periods(language: str) -> frozenset[str]:
    """The words behind a time of day, in small letters, as "pm", and how they begin: the p of
    "p. m.".
    """
    periods = locale_of(language).day_periods["format"]
    names = {name for width in ("abbreviated", "wide") for name in periods[width].values()}
    plain = {name.lower().translate(PLAIN) for name in {*names, *HALF_DAYS}}
    return frozenset(plain | {name.partition(".")[0] for name in plain})


def _days(text: str, language: str) -> str:
    """Mon-Fri -> Monday to Friday, Sat 9-1 -> Saturday 9-1."""
    days = locale_of(language).days["format"]
    names = {days["abbreviated"][day].rstrip("."): days["wide"][day] for day in range(7)}
    names |= {name.capitalize(): said for name, said in names.items()}
    day = one_of(names)
    pair = re.compile(rf"{APART}({day})\.?\s?[-–—]\s?({day}){BEHIND}\.?")
    text = pair.sub(lambda m: names[m[1]] + _to(language) + names[m[2]], text)
    timed = re.compile(rf"{APART}({day})\b\.?(?=,? \d{{1,2}}(?:[:.]\d\d|\s?[-–—ap]|\s?h))")
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
        return f"{first}{match[3] or ''}{_to(language)}{sign}{last}"

    return RANGE.sub(said, text)


def _clocks(text: str, language: str) -> str:
    """8h30 -> 8:30, and 9.00 bis 17.30 Uhr -> 9:00 bis 17:30 Uhr where this word tells the time."""
    text = FRENCH_CLOCK.sub(r"\1:\2", text)
    hour = messages(language[:2]).get("spoken.hour", "").partition("{hour}")[2].strip()
    until = rf"(?:\s?(?:[-–—]|{_to(language).strip()})\s?\d{{1,2}}[.:]\d\d)?"
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


def _to(language: str) -> str:
    """What stands between the ends of a range."""
    return messages(language[:2]).get("spoken.range", "-")
