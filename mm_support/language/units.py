"""Words and signs for units and currencies, the names of days and months and the word for "or", of
the Unicode locale data.

units_of("en")["kg"]    ("mass", 1000)
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from itertools import chain
from typing import Literal

from mm_support.language.amounts import locale_of

LANGUAGES = frozenset(
    "ar cs da de el en es fi fr he hi hu it ja ko nl no pl pt ro ru sv th tr uk vi zh".split()
)
Width = Literal["wide", "abbreviated"]  # of a name
Measure = tuple[str, float]  # what is measured, and how many of its smallest unit
COUNTS = (1, 2, 5, 100)  # they show all plural forms of a word
# unit of the locale data -> what it measures, and how many of that
UNITS = {
    f"{group}-{name}": (kind, size)
    for group, kind, sizes in (
        ("duration", "time", {"second": 1, "minute": 60, "hour": 3600}),
        ("duration", "time", {"day": 86_400, "week": 7 * 86_400}),
        ("duration", "months", {"month": 1, "year": 12}),
        ("length", "length", {"meter": 1000, "kilometer": 1e6, "centimeter": 10, "millimeter": 1}),
        ("length", "inches", {"inch": 1, "foot": 12}),
        ("length", "miles", {"mile": 1}),
        ("area", "area", {"square-meter": 1, "square-kilometer": 1e6, "hectare": 1e4}),
        ("mass", "mass", {"gram": 1, "kilogram": 1000}),
        ("mass", "ounces", {"ounce": 1}),
        ("volume", "volume", {"liter": 1000, "milliliter": 1}),
        ("digital", "data", {"kilobyte": 1, "megabyte": 1e3, "gigabyte": 1e6, "terabyte": 1e9}),
        ("power", "power", {"watt": 1, "kilowatt": 1000}),
        ("electric", "volts", {"volt": 1}),
        ("concentr", "percent", {"percent": 1}),
        ("angle", "degrees", {"degree": 1}),
        ("temperature", "celsius", {"celsius": 1}),
        ("temperature", "fahrenheit", {"fahrenheit": 1}),
        ("speed", "mph", {"mile-per-hour": 1}),
    )
    for name, size in sizes.items()
}
AFTER_MONEY = {"mass-pound": ("pounds", 1)}  # a pound is money, where that is called so too
SIGNS = {"%": ("percent", 1), "°": ("degrees", 1), "°c": ("celsius", 1), "°f": ("fahrenheit", 1)}
HALF_DAYS = {  # what is added to an hour
    **dict.fromkeys(("am", "a.m."), ("half day", 0)),
    **dict.fromkeys(("pm", "p.m."), ("half day", 12)),
}
# that the locale data lacks
UNNAMED = {
    "元": ("CNY", 1),
    "块钱": ("CNY", 1),
    "lbs": ("pounds", 1),
    **dict.fromkeys(("m²", "sqm", "qm", "平米"), ("area", 1)),
}
LONG_FORMS = {("zh", "concentr-percent"): "百分之{0}"}  # that the locale data lacks
MONTHS = dict.fromkeys(("ヶ月", "ヵ月", "ケ月", "カ月", "箇月"), ("months", 1))  # in Japanese
# kinds that one word may mean
SAID_ALIKE = frozenset(
    map(
        frozenset,
        [("degrees", "celsius"), ("degrees", "fahrenheit"), ("pounds", "GBP"), ("miles", "mph")],
    )
)
CURRENCIES = ("USD", "EUR", "GBP", "CHF", "JPY", "CNY", "INR", "KRW", "PLN", "SEK", "BRL", "RUB")


@functools.lru_cache(None)
def units_of(language: str) -> Mapping[str, Measure]:
    """The words and signs for units in a language, in small letters."""
    locale = _known(language)
    named = chain(_measures(UNITS, locale), _currencies(locale), _measures(AFTER_MONEY, locale))
    found: dict[str, Measure] = {**SIGNS}
    for said, measure in named:
        found.setdefault(said, measure)
    found |= UNNAMED | (MONTHS if locale == "ja" else {}) | _half_days(locale) | HALF_DAYS
    found.pop("", None)
    return found


def _measures(units: Mapping[str, Measure], locale: str) -> Iterator[tuple[str, Measure]]:
    for unit, measure in units.items():
        for said in (*_names(unit, "long", locale), *_names(unit, "short", locale)):
            yield said, measure


def _currencies(locale: str) -> Iterator[tuple[str, Measure]]:
    """Each currency's name in full, its last word alone ("dollars"), its signs and its code."""
    from babel.numbers import format_currency, get_currency_symbol

    for code in CURRENCIES:
        named = [format_currency(n, code, locale=locale, format_type="name") for n in COUNTS]
        words = (
            word for said in map(_bare, named) for word in (said, re.split(r"[\s-]", said)[-1])
        )
        signs = (get_currency_symbol(code, locale=place).lower() for place in (locale, "en"))
        yield from ((said, (code, 1)) for said in (*words, *signs, code.lower()))


def _half_days(locale: str) -> dict[str, Measure]:
    from babel.dates import get_period_names

    contexts: list[Literal["format", "stand-alone"]] = ["format", "stand-alone"]
    named = [get_period_names("abbreviated", context, locale=locale) for context in contexts]
    return {
        names[period].lower(): HALF_DAYS[period]
        for names in named
        for period in ("am", "pm")
        if period in names
    }


def _known(language: str) -> str:
    """The language, or English in place of one whose units are not known."""
    return language if language in LANGUAGES else "en"


@functools.lru_cache(None)
def unit_names(language: str) -> frozenset[str]:
    """The units in full and in small letters; short forms only of those that have no other."""
    locale, found = _known(language), set[str]()
    for unit in UNITS:
        full = {said for said in _names(unit, "long", locale) if said != unit}
        found |= full or {*_names(unit, "short", locale)}
    return frozenset(found)


def _names(unit: str, length: Literal["long", "short"], locale: str) -> list[str]:
    """A unit in all its plural forms."""
    from babel.units import format_unit

    return [_bare(format_unit(n, unit, length=length, locale=locale)) for n in COUNTS]


def in_full(name: str, written: str, number: Decimal, language: str) -> str:
    """The unit's long form around the number as it is written, or its short one where the locale
    data has no other.
    """
    locale = locale_of(language)
    forms = locale._data["unit_patterns"][name]
    forms = next(forms[width] for width in ("long", "short") if "other" in forms.get(width, ()))
    form: str = forms.get(locale.plural_form(number)) or forms["other"]
    return LONG_FORMS.get((locale.language, name), form).replace("{0}", written)


@functools.lru_cache(None)
def joining_word(language: str, style: Literal["standard", "or"]) -> str:
    """As it stands between the last two of a list, blanks included: " and ", " or "."""
    from babel.lists import format_list

    return format_list(["", ""], style, _known(language))


def _bare(said: str) -> str:
    """ "5 days" -> "days"; bidirectional marks and full stops are dropped."""
    kept = re.sub(r"[\d.,٠-٩٫\u200e\u200f]", " ", said).replace("\u00a0", " ")
    return kept.strip().lower()


@functools.lru_cache(None)
def calendar_names(language: str, width: Width = "wide") -> dict[str, str]:
    """Name of a day or month -> its number among them."""
    from babel.dates import get_day_names, get_month_names

    locale, found = _known(language), {}
    for context in ("format", "stand-alone"):
        months = get_month_names(width, context, locale)
        days = get_day_names(width, context, locale)
        found |= {name: f"month {number}" for number, name in months.items()}
        found |= {name: f"weekday {number}" for number, name in days.items()}
    return found


@functools.lru_cache(None)
def calendar_words(language: str) -> frozenset[str]:
    """The names of days and months in small letters, and their short forms."""
    names = calendar_names(language) | calendar_names(language, "abbreviated")
    return frozenset(name.lower().rstrip(".") for name in names)
