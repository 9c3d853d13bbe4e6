"""Text as a person would say it: what a voice is given instead of what a screen shows.

    spoken("Error **E24** costs $12.50 [1].")   "Error E twenty-four costs twelve dollars and fifty
    cents."

Citations and markup are dropped in every language; numbers, codes, prices, dates, times, phone
numbers and addresses are put into words for English voices (others leave them to the synthesiser's
own rules). Knows nothing of sound.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from datetime import date
from urllib.parse import urlsplit

MONTHS = (
    "January February March April May June July August September October November December".split()
)
MONTH = "|".join(f"{name}|{name[:3]}" for name in MONTHS)
CURRENCIES = {  # sign or code -> (one, many, a hundredth, hundredths)
    "$": ("dollar", "dollars", "cent", "cents"),
    "USD": ("dollar", "dollars", "cent", "cents"),
    "€": ("euro", "euros", "cent", "cents"),
    "EUR": ("euro", "euros", "cent", "cents"),
    "£": ("pound", "pounds", "penny", "pence"),
    "GBP": ("pound", "pounds", "penny", "pence"),
}
UNITS = {  # as written behind a number -> (one, many)
    "kg": ("kilogram", "kilograms"),
    "g": ("gram", "grams"),
    "mg": ("milligram", "milligrams"),
    "km": ("kilometre", "kilometres"),
    "cm": ("centimetre", "centimetres"),
    "mm": ("millimetre", "millimetres"),
    "m": ("metre", "metres"),
    "l": ("litre", "litres"),
    "ml": ("millilitre", "millilitres"),
    "V": ("volt", "volts"),
    "W": ("watt", "watts"),
    "kW": ("kilowatt", "kilowatts"),
    "A": ("amp", "amps"),
    "kWh": ("kilowatt hour", "kilowatt hours"),
    "mAh": ("milliamp hour", "milliamp hours"),
    "Hz": ("hertz", "hertz"),
    "kHz": ("kilohertz", "kilohertz"),
    "MHz": ("megahertz", "megahertz"),
    "GHz": ("gigahertz", "gigahertz"),
    "KB": ("kilobyte", "kilobytes"),
    "MB": ("megabyte", "megabytes"),
    "GB": ("gigabyte", "gigabytes"),
    "TB": ("terabyte", "terabytes"),
    "Mbps": ("megabit a second", "megabits a second"),
    "dB": ("decibel", "decibels"),
    "h": ("hour", "hours"),
    "min": ("minute", "minutes"),
    "s": ("second", "seconds"),
    "°C": ("degree Celsius", "degrees Celsius"),
    "°F": ("degree Fahrenheit", "degrees Fahrenheit"),
    "°": ("degree", "degrees"),
    "%": ("percent", "percent"),
}
FRACTIONS = {
    "1/2": "one half",
    "1/3": "one third",
    "2/3": "two thirds",
    "1/4": "one quarter",
    "3/4": "three quarters",
}
DAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
DAY = "|".join(f"{name}|{name[:3]}" for name in DAYS)
SYMBOLS = {
    ">": ", ",
    "&": " and ",
    "+": " plus ",
    "=": " equals ",
    "→": ", ",
    "×": " by ",
    "@": " at ",
    "~": " about ",
    "•": ", ",
}
PLAIN = str.maketrans(
    {"‘": "'", "’": "'", "“": '"', "”": '"', "−": "-", "‑": "-", "\u00a0": " ", "\u202f": " "}
)

AMOUNT = r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?"
DASH = r"\s?[-–—]\s?"
Rule = tuple[re.Pattern[str], Callable[[re.Match[str]], str]]


def spoken(text: str, language: str = "en") -> str:
    """The text without markup and citations, in words for an English voice. Empty where nothing can
    be said.
    """
    text = without_markup(text.translate(PLAIN))
    if language.split("-")[0].split("_")[0] == "en":
        for pattern, say in RULES:
            text = pattern.sub(say, text)
    text = "".join(
        c
        for c in text
        if unicodedata.category(c) not in ("So", "Cs", "Co", "Cn", "Cf", "Cc") or c == "\n"
    )
    return tidy(text)


def without_markup(text: str) -> str:
    """Drops citations, pictures, links' addresses, code marks, emphasis; headings and list items
    become sentences.
    """
    text = re.sub(r"!\[[^\]]*\]\([^)]*\)", " ", text)
    text = re.sub(r"\[([^\]]*[^\W\d][^\]]*)\]\([^)]*\)", r"\1", text)
    text = re.sub(r"\s*\[\^?\d+(?:\s*[,;–-]\s*\d+)*\](?:\([^)]*\))?", "", text)
    text = re.sub(r"```\w*|</?[A-Za-z][^>]*>", " ", text)
    text = re.sub(
        r"(?m)^\s*(?:#{1,6}|[-*+•]|>)\s+(.*?)([.!?:;,]?)[ \t]*$",
        lambda m: m[1] + (m[2] or "."),
        text,
    )
    text = re.sub(
        r"(?m)^\s*(\d+)[.)]\s+(.*?)([.!?:;,]?)[ \t]*$",
        lambda m: f"{m[1]}, {m[2]}{m[3] or '.'}",
        text,
    )
    text = re.sub(r"(?m)^\s*\|?[\s:|-]{3,}\|?\s*$", " ", text)
    text = re.sub(r"\*\*|__|`|~~|(?<!\w)[*_]|[*_](?!\w)", "", text)
    return re.sub(r"\s*\|\s*", ", ", text)


def tidy(text: str) -> str:
    """One line, one space between words, none before punctuation, no brackets."""
    text = re.sub(r"[\[\]{}<>\\^#*_`|]", " ", text)
    text = re.sub(r"\s*[()]\s*", ", ", text)
    text = re.sub(r"\s+", " ", text)
    text = re.sub(r"\s+([,.;:!?])", r"\1", text)
    text = re.sub(r"[,;:]+(?=[.!?,;:])|(?<=\.m\.)\.", "", text)
    return text.lstrip(" ,;").rstrip(" ;")  # a comma at the end is spoken as one: it goes on


# -- numbers -------------------------------------------------------------------------------


def cardinal(number: str) -> str:
    """ "1,204.50" -> "one thousand, two hundred and four point five zero"."""
    from num2words import num2words

    whole, _, decimals = number.replace(",", "").partition(".")
    words = num2words(int(whole))
    return f"{words} point {digits(decimals)}" if decimals else words


def ordinal(number: str) -> str:
    from num2words import num2words

    return num2words(int(number), to="ordinal")


def year(number: str) -> str:
    from num2words import num2words

    return num2words(int(number), to="year")


def digits(number: str) -> str:
    """ "0199" -> "zero one nine nine"."""
    return " ".join(cardinal(digit) for digit in number if digit.isdigit())


def plain_number(number: str) -> str:
    """A quantity in words; a long or zero-led run of digits, which is a number of something, digit
    by digit.
    """
    if re.fullmatch(r"0\d+|\d{5,}", number):
        return digits(number)
    return cardinal(number)


def code_number(number: str) -> str:
    """The digits of a code: E24 twenty-four, F07 zero seven, 1000 one thousand, 1024 ten
    twenty-four, 101 one zero one.
    """
    if len(number) > 4 or number.startswith("0"):
        return digits(number)
    if len(number) <= 2 or number.endswith("00"):
        return cardinal(number)
    if len(number) == 4 and number[2] != "0":
        return f"{cardinal(number[:2])} {cardinal(number[2:])}"
    return digits(number)


def code(match: re.Match[str]) -> str:
    """Letters one by one, unless they make a word; digits as code_number has them."""
    parts = re.findall(r"[A-Za-z]+|\d+", match[0])
    words = " ".join(code_number(part) if part.isdigit() else letters(part) for part in parts)
    return re.sub(r"\bA (?=\w)", "A-", words)  # by itself it is read as the article


def letters(part: str) -> str:
    """ "WH" -> "W H"; "day", "SAVE": small letters, or more than three, with a vowel among them,
    are a word.
    """
    is_word = (part.islower() and len(part) > 1) or len(part) > 3
    return part if is_word and re.search("[aeiouyAEIOUY]", part) else " ".join(part.upper())


# -- the rest ------------------------------------------------------------------------------


def price(match: re.Match[str]) -> str:
    """$12.50 twelve dollars and fifty cents; $0.50 fifty cents; €3.5 million three point five
    million euros.
    """
    one, many, hundredth, hundredths = CURRENCIES[(match["sign"] or match["code"]).upper()]
    number, scale = match["amount"].replace(",", ""), match["scale"]
    whole, _, cents = number.partition(".")
    if scale or len(cents) not in (0, 2):
        return f"{cardinal(number)} {scale or ''} {many}"
    parts = (
        [f"{cardinal(whole)} {one if int(whole) == 1 else many}"]
        if int(whole) or not int(cents or 0)
        else []
    )
    if int(cents or 0):
        parts.append(f"{cardinal(cents)} {hundredth if int(cents) == 1 else hundredths}")
    return " and ".join(parts)


def numeric_date(match: re.Match[str]) -> str:
    """2026-11-23, 23.11.2026 and (month first, as in the United States) 11/23/2026; what is no date
    stays.
    """
    numbers = [int(number) for number in re.findall(r"\d+", match[0])]
    orders = {"-": (0, 1, 2), ".": (2, 1, 0), "/": (2, 0, 1)}
    try:
        when = date(*(numbers[i] for i in orders[match["separator"]]))
    except ValueError:
        return match[0]
    return f"{MONTHS[when.month - 1]} {ordinal(str(when.day))}, {year(str(when.year))}"


def written_date(match: re.Match[str]) -> str:
    """ "23 Nov 2026" and "Nov. 23rd, 2026" -> "November twenty-third, twenty twenty-six"."""
    name = next(month for month in MONTHS if month.startswith(match["month"][:3].title()))
    return f"{name} {ordinal(match['day'])}" + (f", {year(match['year'])}" if match["year"] else "")


def days(match: re.Match[str]) -> str:
    """ "Mon-Fri" -> "Monday to Friday"."""
    return " to ".join(
        next(day for day in DAYS if day.startswith(match[side][:3])) for side in ("from", "to")
    )


def written_year(match: re.Match[str]) -> str:
    return f"{match['before']} {year(match['year'])}"


def clock(match: re.Match[str]) -> str:
    """9:00 nine o'clock; 9:05 am nine oh five a.m.; 14:30 two thirty p.m."""
    hour, minute, half = int(match["hour"]), match["minute"], (match["half"] or "").lower()
    if hour > 24 or int(minute or 0) > 59 or (half and not 1 <= hour <= 12):
        return match[0]
    if hour in (0, 24) and not int(minute or 0):
        return "midnight"
    if not half and hour > 12:
        half = "p"
    words = cardinal(str((hour - 1) % 12 + 1))
    if int(minute or 0):
        words += f" oh {cardinal(minute)}" if int(minute) < 10 else f" {cardinal(minute)}"
    elif not half:
        words += " o'clock"
    return f"{words} {half}.m." if half else words


def phone(match: re.Match[str]) -> str:
    """Digits one by one, a pause between the groups."""
    plus = "plus " if match[0].startswith("+") else ""
    return plus + ", ".join(digits(group) for group in re.findall(r"\d+", match[0]))


def web_address(match: re.Match[str]) -> str:
    """ "https://www.shop.com/help?id=1" -> "shop dot com slash help": what a person would say of
    it.
    """
    address = match[0].rstrip(".,;:!?)")
    parts = urlsplit(address if "://" in address else f"//{address}")
    path = parts.path.strip("/").split("/") if parts.path.strip("/") else []
    words = " slash ".join(
        [address_words(parts.netloc.removeprefix("www.")), *map(address_words, path)]
    )
    return words + match[0][len(address) :]


def email(match: re.Match[str]) -> str:
    return " at ".join(map(address_words, match[0].split("@")))


def address_words(part: str) -> str:
    """ "my-shop.co" -> "my shop dot co"; numbers digit by digit."""
    part = re.sub(r"%[0-9A-Fa-f]{2}|[-_~+]", " ", part.partition("@")[2] or part)
    return re.sub(
        r"\d+", lambda m: f" {digits(m[0])} ", part.replace(".", " dot ").replace(":", " colon ")
    )


def measure(match: re.Match[str]) -> str:
    one, many = UNITS[match["unit"]]
    return f"{cardinal(match['amount'])} {one if match['amount'] == '1' else many}"


UNIT = "|".join(sorted(map(re.escape, UNITS), key=len, reverse=True))
RULES: tuple[Rule, ...] = tuple(
    (re.compile(pattern), say)
    for pattern, say in (
        (
            r"(?:https?://|www\.)[^\s<>\"]+|\b(?:[a-z0-9-]+\.)+(?:com|org|net|io|eu|de|co\.uk|edu|gov)\b(?:/[^\s<>\"]*)?(?!@)(?<![.,])",
            web_address,
        ),
        (r"\b[\w.+-]+@[\w-]+(?:\.[\w-]+)+\b", email),
        (r"\b\d{1,3}(?:\.\d{1,3}){3}\b", lambda m: " dot ".join(map(digits, m[0].split(".")))),
        (r"\b\d{4}(?P<separator>-)\d{1,2}-\d{1,2}\b", numeric_date),
        (r"\b\d{1,2}(?P<separator>[./])\d{1,2}(?P=separator)\d{4}\b", numeric_date),
        (
            rf"\b(?P<day>\d{{1,2}})(?:st|nd|rd|th)?\.? (?:of )?(?P<month>{MONTH})\b\.?(?:,? (?P<year>\d{{4}})\b)?",
            written_date,
        ),
        (
            rf"\b(?P<month>{MONTH})\.? (?P<day>\d{{1,2}})(?:st|nd|rd|th)?\b(?!:\d)(?:,? (?P<year>\d{{4}})\b)?",
            written_date,
        ),
        (
            r"\+\d[\d ()/-]{6,}\d|\(\d{2,5}\)[\d -]{5,}\d|\b(?:0|1-)?\d{2,4}[ -]\d{3,4}[ -]\d{3,4}\b|\b0\d{2,4}[ /-]\d{4,8}\b|\b\d{3}-\d{4}\b",
            phone,
        ),
        (rf"\b(?P<from>{DAY}){DASH}(?P<to>{DAY})\b", days),
        (r"(?<=\d)(am|pm|AM|PM)\b", lambda m: f" {m[0]}"),
        (rf"(?<=\d){DASH}(?=\d{{1,2}}:\d\d)", lambda m: " to "),
        (rf"(?<=[ap]m){DASH}(?=\d)|(?<=[AP]M){DASH}(?=\d)", lambda m: " to "),
        (r"\b(?P<hour>\d{1,2}):(?P<minute>\d\d)(?::\d\d)?(?: ?(?P<half>[ap])\.?m\b\.?)?", clock),
        (r"(?i)\b(?P<hour>\d{1,2})(?P<minute>) (?P<half>[ap])\.?m\b\.?", clock),
        (
            rf"(?P<sign>[$€£])\s?(?P<amount>{AMOUNT})(?: (?P<scale>million|billion|thousand))?(?P<code>)",
            price,
        ),
        (
            rf"\b(?P<amount>{AMOUNT})\s?(?:(?P<sign>[€£$])|(?P<code>USD|EUR|GBP)\b)(?P<scale>)",
            price,
        ),
        (r"(?<=[a-z])/(?:mo|month)\b", lambda m: " a month"),
        (r"\b24/7\b", lambda m: "twenty-four seven"),
        (r"(?<![\d/.])(?:1/2|[12]/3|[13]/4)(?![\d/])", lambda m: FRACTIONS[m[0]]),
        (r"(?<![\w-])-(?=\d)", lambda m: "minus "),
        (
            rf"(?<![\w.-])(?P<from>{AMOUNT}){DASH}(?=(?:{AMOUNT})(?![\w-]*[-–]\d))",
            lambda m: f"{m['from']} to ",
        ),
        (rf"\b(?P<amount>{AMOUNT})\s?(?P<unit>{UNIT})(?![\w%])", measure),
        (r"\b(\d+)(?:st|nd|rd|th)\b", lambda m: ordinal(m[1])),
        (r"\b(?=[\w-]*\d)(?=[\w-]*[A-Za-z])[A-Za-z0-9]+(?:-[A-Za-z0-9]+)*\b", code),
        (
            rf"\b(?P<before>(?i:in|of|by|since|until)|{MONTH}) (?P<year>(?:19|20)\d\d)\b(?![,.]?\d)",
            written_year,
        ),
        (
            r"(?<![\w.])\d+(?:\.\d+){2,}",
            lambda m: " point ".join(map(plain_number, m[0].split("."))),
        ),
        (r"#(?=\d)", lambda m: "number "),
        (rf"(?:{AMOUNT})", lambda m: plain_number(m[0])),
        (r"\band/or\b", lambda m: "and or"),
        (r"(?<=\w)/(?=\w)", lambda m: " or "),
        (rf"[{re.escape(''.join(SYMBOLS))}]", lambda m: SYMBOLS[m[0]]),
        (r"\s[–—-]+\s|—", lambda m: ", "),
    )
)
