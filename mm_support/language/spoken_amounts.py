"""Prices and quantities with the words of a voice's language, as the Unicode locale data has them.

"12.50 US dollars", "5 euros per month", "1.5 million euros", "3 kilograms"
"""

from __future__ import annotations

import functools
import re
from decimal import Decimal
from typing import TYPE_CHECKING

from mm_support.language.amounts import APART, BEHIND, CURRENCY_OF, NUMBER, locale_of, number_in
from mm_support.language.detect import stop_words
from mm_support.language.spoken_signs import PLAIN
from mm_support.language.terms import one_of
from mm_support.language.units import CURRENCIES, in_full

if TYPE_CHECKING:
    from babel import Locale

HALF_DAYS = ("am", "pm", "a.m.", "p.m.")  # of English, which others write too
# units that no reply is about: what looks like their symbols (1st, 5G, 4K, 3 pc, 802.11ac) is
# something else
UNUSUAL = frozenset(
    "area-acre mass-stone mass-carat mass-dalton mass-grain acceleration-g-force temperature-kelvin"
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
ELIDED = re.compile("[b-df-hj-np-tv-z]")  # the l of l'eau
CODES = CURRENCIES
SCALES = {"1000": ("k",), "1000000": ("m",), "1000000000": ("b", "bn")}  # -> how they are shortened
MANY = 1_000_000
# signs that say whose money it is
FOREIGN = {
    **{"A$": "AUD", "AU$": "AUD", "C$": "CAD", "CA$": "CAD", "NZ$": "NZD", "HK$": "HKD"},
    **{"S$": "SGD", "NT$": "TWD", "MX$": "MXN", "R$": "BRL", "₹": "INR", "₩": "KRW", "₺": "TRY"},
    **{"₽": "RUB", "₱": "PHP", "₪": "ILS", "₫": "VND", "₴": "UAH"},
}
SIGN = (
    rf"(?:{one_of(FOREIGN)}|[$€£¥]"
    rf"|(?<![A-Za-z])(?:{'|'.join(CODES)})(?![A-Za-z]))"
)
# blanks in 1 299,00 €, the dash of 5,- € and CHF 5.-
FILLING = re.compile(
    rf"(?<=\d)(?: (?=\d{{3}}(?: \d{{3}})*(?:,\d+)?\s?{SIGN})|[.,][-–—]{{1,2}}(?![\w-]))"
)
AMOUNT = rf"(?:[1-9]\d{{0,2}}(?: \d{{3}})+(?:,\d+)?|{NUMBER})"
OTHER = r"(?![\d.]*\s*(?:million|billion)|[.,]?\d|[A-Za-z]|\s(?!USD)[A-Z]{3}\b)"  # $10M, $5 MXN
PER = r"((?:\s?/\s?[^\W\d_]++[²³]?(?![$€£¥\d]))*)"  # /user/month
MONEY = re.compile(
    rf"(?:(?:US|(?<![A-Za-z]))({SIGN})\s?({NUMBER}){OTHER}(?:\s?USD\b)?"
    rf"|{APART}(?<!\d[.,])({NUMBER})\s?({SIGN})){PER}"
)
RATE = re.compile(
    rf"{APART}(?<!\d[.,])({AMOUNT}\s?([^\W\d_]+[²³.]?))/([^\W\d_]+[²³]?){BEHIND}(?!/)"
)


def prices(text: str, language: str) -> str:
    """$12.50 -> 12.50 US dollars; € 5/month -> 5 euros per month."""

    def said(match: re.Match[str]) -> str:
        sign, written = (match[1], match[2]) if match[1] else (match[4], match[3])
        amount, code = number_in(written, language), _currencies(language).get(sign)
        if amount is None or code is None:
            return match[0]
        said = _money(amount, code, language)
        for unit in re.findall(r"[^\s/]+", match[5]):
            said = _per(said, unit, language)
        return said

    return MONEY.sub(said, FILLING.sub("", text))


def sums(text: str, language: str) -> str:
    """$1.5 million, $1.5M -> 1.5 million US dollars."""
    from babel.numbers import get_currency_name

    words = _scales(language)
    sum_of = re.compile(
        rf"(?:US|(?<![A-Za-z]))({SIGN})\s?({NUMBER})\s?({one_of(words)})(?![^\W_])", re.IGNORECASE
    )

    def said(match: re.Match[str]) -> str:
        code = _currencies(language).get(match[1].upper())
        if code is None:
            return match[0]
        money = get_currency_name(code, MANY, locale_of(language))
        return f"{match[2]} {words[match[3].lower()]} {money}"

    return sum_of.sub(said, text) if words else text


@functools.lru_cache(None)
def _scales(language: str) -> dict[str, str]:
    """million, m -> million; what the locale data has words for."""
    told = locale_of(language)._data["compact_decimal_formats"].get("long", {}).get("other", {})
    words = {size: told[size].pattern.replace("0", "").strip() for size in SCALES if size in told}
    short = {sign: words[size] for size in words for sign in SCALES[size]}
    return short | {word.lower(): word for word in words.values()}


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
    return CURRENCY_OF | FOREIGN | named | ({"¥": yen} if yen else {})


def _per(amount: str, unit: str, language: str) -> str:
    """5 euros, month -> 5 euros per month; a unit's symbol is written out."""
    locale, name = locale_of(language), _unit_names(language).get(unit)
    one = in_full(name, "", Decimal(1), language).strip() if name else unit
    per = locale._data["compound_unit_patterns"]["per"]
    return (per.get("long") or per["short"])["compound"].format(amount, one)


def with_units(text: str, language: str) -> str:
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
        return match[0] if number is None or glued else in_full(name, match[1], number, language)

    return amount.sub(said, text)


def rates(text: str, language: str) -> str:
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
