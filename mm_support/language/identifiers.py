"""Codes in text: E24, F-07, WH-1000XM5, order 104822, "error 24", "e twenty four".

Found, normalised, and matched exactly or nearly. Two codes match nearly when they differ only in
characters that are taken for each other on displays and labels, or in leading zeros. Everyday
numbers (2 days, 30 %, 12.50, 5 GHz) are no codes: a false match is worse than none. What a display
shows may look like no code at all (Ub, Lo, 24): it is one where the knowledge base names it
(Known). Knows nothing of entries or of how codes weigh in a search.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator

from mm_support.language.sentences import word_stems

CONFUSED = str.maketrans("OQDILSBZG", "000115826")  # what is read or written for each other
LOOKS = str.maketrans("OQDISBZGA", "000158268")  # what segments show alike
NEARLY = {
    0: 0.95,
    1: 0.9,
    2: 0.8,
}  # by how many characters were confused; 0: only leading zeros differ
UNPREFIXED = 0.8  # "error 24" against E24
MAX_LENGTH = 24  # characters; longer ones are addresses and checksums
TOO_LONG = 10**MAX_LENGTH  # numbers stop growing here

TOKEN = re.compile(
    r"[A-Za-z0-9]+(?:['.,:/_-]+[A-Za-z0-9]+)*(?:\s?[%°€$£])?|[#+$€£]|[^\W\d_a-zA-Z]+|[-–:]"
)
# What makes a number behind it a code. Errors have short numbers, papers long ones.
ERRORS = {
    "error",
    "errors",
    "err",
    "er",
    "fault",
    "code",
    "codes",
    "fehler",
    "alarm",
    "错误",
    "故障",
    "代码",
    "错误代码",
    "故障代码",
}
PAPERS = {
    "order",
    "invoice",
    "ticket",
    "serial",
    "tracking",
    "case",
    "article",
    "item",
    "model",
    "reference",
    "ref",
    "booking",
    "sn",
    "订单",
    "订单号",
    "型号",
    "序列号",
}
FILLERS = {
    "number",
    "no",
    "nr",
    "code",
    "id",
    "is",
    "was",
    "says",
    "shows",
    "#",
    "-",
    ":",
    "–",
    "号",
    "为",
}
SHOWING = {
    "error",
    "err",
    "show",
    "shows",
    "showing",
    "shown",
    "says",
    "reads",
    "displays",
    "flashes",
    "blinks",
}
SHOWS = "显示"  # ends a run of characters
BEFORE_MESSAGES = SHOWING | {"the", "code", ":", "-", "–"}
MESSAGE = re.compile(r"[A-Za-z]{2,6}")  # what a display may say without any digit
HEXADECIMAL = re.compile(r"0x[0-9A-Fa-f]{2,8}")
SHORT_LINE = re.compile(r"[A-Z0-9]{2,8}")
FARTHEST = 8  # tokens from the word to its number, itself included
SHORTEST_PAPER = 4  # digits
SHORTEST_BARE = 6  # digits; a number that long stands for itself
UNITS = set(
    """s ms h hr hrs min mins am pm k m g kg mg t l ml cl cm mm km kb mb gb tb hz khz mhz ghz v mv w kw wh kwh
    mah ah a c f x p px mp fps rpm db in inch inches ft st nd rd th bit bits bar psi lm usd eur gbp cny rmb d yr star stars
    second seconds minute minutes hour hours day days week weeks month months year years time times percent euro euros
    dollar dollars pound pounds cent cents degree degrees people person persons pieces piece items pack packs more of or
    metre metres meter meters litre litres step steps page pages o'clock""".split()
)
EVERYDAY = {
    "MP3",
    "MP4",
    "H264",
    "H265",
    "CO2",
    "H2O",
    "COVID19",
    "WIFI5",
    "WIFI6",
    "WIFI7",
    "USB2",
    "USB3",
    "B2B",
    "B2C",
    "PM10",
    "PM25",
}
COMMON = set(
    "step day page part item type plan size room week year unit test task gate tier line zone mode top past over from and with the for".split()
)
PREPOSITIONS = set(
    "TO OF IN AT ON BY OR NO AM PM IS IT WE MY UP SO IF AS AN DO GO BE HE ME ALL AND FOR THE".split()
)
LETTER_NAMES = {
    "ee": "E",
    "eff": "F",
    "ef": "F",
    "aitch": "H",
    "em": "M",
    "en": "N",
    "ex": "X",
    "ess": "S",
    "tee": "T",
    "dee": "D",
    "zed": "Z",
    "zee": "Z",
}
DIGITS = {
    w: n for n, w in enumerate("zero one two three four five six seven eight nine".split())
} | {"oh": 0, "o": 0}
TEENS = {
    w: n
    for n, w in enumerate(
        "ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen".split(),
        10,
    )
}
TENS = {
    w: 10 * n
    for n, w in enumerate("twenty thirty forty fifty sixty seventy eighty ninety".split(), 2)
}
NUMBER_WORDS = DIGITS | TEENS | TENS | {"hundred": 100, "thousand": 1000}


def extract(text: str) -> frozenset[str]:
    """The codes named in a text, normalised: capitals and digits without separators."""
    tokens = _tokens(text)
    found = {
        normalise(code) for code in (*_written(tokens), *_announced(tokens), *_spelled(tokens))
    }
    return frozenset(code for code in found if 1 < len(code) <= MAX_LENGTH and code not in EVERYDAY)


def held(title: str, text: str) -> frozenset[str]:
    """The codes that an entry's text names, with what its title says that a display shows: "Washer
    shows Ub", "Error JAM".
    """
    return extract(text) | {normalise(word) for word in _messages(title) if not word.islower()}


def said(text: str) -> frozenset[str]:
    """Words that a customer says a display shows, normalised; which of them are codes, a knowledge
    base knows.
    """
    return frozenset(map(normalise, _messages(text)))


def shown(lines: Iterable[str]) -> frozenset[str]:
    """Lines read in a photo that may be a display's whole message, normalised; amounts, times and
    temperatures are none.
    """
    plain = (
        line
        for line in lines
        if re.fullmatch(r"[A-Za-z0-9 .:-]+", line)
        and not re.fullmatch(r"-[\d ]+|[\d ]+[.:][\d .:]*", line)
    )
    return frozenset(filter(SHORT_LINE.fullmatch, map(normalise, plain)))


class Known:
    """All codes of a knowledge base. named: normalised."""

    def __init__(self, named: Iterable[str]) -> None:
        self._named = frozenset(named)
        self._alike: dict[str, set[str]] = {}
        for code in self._named:
            self._alike.setdefault(code.translate(LOOKS), set()).add(code)

    def spelled(self, words: frozenset[str]) -> frozenset[str]:
        """Those of the words that are codes here."""
        return words & self._named

    def seen(self, lines: frozenset[str]) -> frozenset[str]:
        """The codes that lines read in a photo are, or look like.

        Two digits, digits beside others (an amount on a receipt) and words beside a code look like
        too much.
        """
        spelled = self.spelled(lines)
        numbered = [line for line in lines if not line.isalpha()]
        unclear = (
            line
            for line in lines - spelled
            if not (
                spelled
                if line.isalpha()
                else line.isdigit() and (len(line) < 3 or len(numbered) > 1)
            )
        )
        return spelled.union(*map(self._looking_like, unclear))

    def _looking_like(self, line: str) -> Iterable[str]:
        """A display's left edge is read as a 1 now and then."""
        framed = re.fullmatch(r"1(\d*[A-Z]\w*)", line)
        return self._alike.get(line.translate(LOOKS)) or (
            self._alike.get(framed[1].translate(LOOKS), ()) if framed else ()
        )


def normalise(code: str) -> str:
    """Capitals and digits only: "wh-1000 xm5" -> "WH1000XM5"."""
    return re.sub(r"[^A-Z0-9]", "", unicodedata.normalize("NFKC", code).upper())


def fold(code: str) -> str:
    """A normalised code with confusable characters made one and without leading zeros: EO7 -> E7."""
    return re.sub(r"(?<=[A-Z])0+(?=\d)", "", code.translate(CONFUSED))


def match(query: frozenset[str], entry: frozenset[str]) -> float:
    """How surely a code of the query is one of the entry's: 1 exactly, less by what had to be
    forgiven, 0.
    """
    if query & entry:
        return 1.0
    return max((_likeness(one, other) for one in query for other in entry), default=0.0)


def _likeness(one: str, other: str) -> float:
    """For two different normalised codes; a number and a word are never taken for each other: 10
    and LO.
    """
    if one.isdigit() and other.isalpha() or one.isalpha() and other.isdigit():
        return 0.0
    if re.sub(r"^(E|ER|ERR)0*(?=\d+$)", "", one) == re.sub(r"^(E|ER|ERR)0*(?=\d+$)", "", other):
        return UNPREFIXED
    if fold(one) != fold(other):
        return 0.0
    if len(one) != len(other):
        return NEARLY[0]
    return NEARLY.get(sum(a != b for a, b in zip(one, other)), 0.0)


# -- ways in which a code stands in a text --------------------------------------------------


def _tokens(text: str) -> list[str]:
    text = unicodedata.normalize("NFKC", text).replace("’", "'").replace("‐", "-").replace("‑", "-")
    return TOKEN.findall(text)


def _written(tokens: list[str]) -> Iterator[str]:
    """Tokens that are codes by their look: E24, F-07, WH-1000XM5, 104822137."""
    for place, token in enumerate(tokens):
        if token.isalpha():
            continue
        before = tokens[place - 1] if place else ""
        if token.isdigit():
            if (
                len(token) >= SHORTEST_BARE
                and not token.endswith("000")
                and before not in set("+$€£")
            ):
                yield token
        elif _looks_like_code(token):
            yield token
        else:
            yield from (
                piece
                for piece in re.split("/" if "/" in token else "-", token)
                if _looks_like_code(piece)
            )


def _looks_like_code(token: str) -> bool:
    """Letters and digits together, but no amount, date, time, compound word or name with a number."""
    if not (re.search(r"[A-Za-z]", token) and re.search(r"\d", token)) or not re.fullmatch(
        r"[A-Za-z0-9._-]+", token
    ):
        return False
    if token[0].isdigit():  # 30-day, 5GHz, 2-in-1, 1080p
        return bool(HEXADECIMAL.fullmatch(token)) or token.isupper() and not _is_amount(token)
    runs = re.findall(r"[a-z]+", token)
    return all(len(run) <= 4 and run not in COMMON for run in runs) and "." not in token


def _is_amount(token: str) -> bool:
    unit = re.fullmatch(r"[\d.,:/x-]+([a-z]*)", token.lower())
    return bool(unit) and (not unit[1] or unit[1] in UNITS)


def _announced(tokens: list[str]) -> Iterator[str]:
    """Numbers that are codes because a word before them says so: error 24, order no. 10482, error
    4C.
    """
    for place, token in enumerate(tokens):
        word = token.lower()
        if word not in ERRORS and word not in PAPERS:
            continue
        rest = place + 1
        while rest < min(len(tokens), place + FARTHEST) and (
            tokens[rest].lower() in FILLERS or tokens[rest].lower() in ERRORS
        ):
            rest += 1
        number, after = _number(tokens, rest)
        if not number or (after < len(tokens) and tokens[after].lower() in UNITS):
            continue
        if word in PAPERS and len(number) < SHORTEST_PAPER:
            continue
        yield number


def _messages(text: str) -> Iterator[str]:
    """Short words behind one that says that they are shown; none of grammar's, nor the first of
    several in Title Case.
    """
    for sentence in re.split(r"[.!?,;\n]", text):
        yield from _shown(_tokens(sentence))


def _shown(tokens: list[str]) -> Iterator[str]:
    for place, token in enumerate(tokens):
        if token.lower() not in SHOWING and not token.endswith(SHOWS):
            continue
        rest = place + 1
        while rest < min(len(tokens), place + FARTHEST) and tokens[rest].lower() in BEFORE_MESSAGES:
            rest += 1
        word, after = (*tokens[rest : rest + 2], "", "")[:2]
        if (
            MESSAGE.fullmatch(word)
            and word_stems(word)
            and not (word.istitle() and after.istitle())
        ):
            yield word


def _number(tokens: list[str], place: int) -> tuple[str, int]:
    """The number that stands at a place, in digits or words, and the place behind it; "" where none
    does.
    """
    if place < len(tokens) and re.fullmatch(r"\d{1,20}|\d[A-Z]", tokens[place]):
        return tokens[place], place + 1
    words, end = [], place
    while end < len(tokens) and all(
        part in NUMBER_WORDS for part in tokens[end].lower().split("-")
    ):
        words += tokens[end].lower().split("-")
        end += 1
    return _digits(words), end


def _digits(words: list[str]) -> str:
    """Number words as they are dictated: two four -> 24, twenty four -> 24, one thousand -> 1000,
    oh seven -> 07.
    """
    groups: list[int] = []
    last = ""
    for word in words:
        value = NUMBER_WORDS[word]
        if word in ("hundred", "thousand") and groups:
            groups[-1] = min(groups[-1] * value, TOO_LONG)
        elif groups and (
            (last in TENS and 0 < value < 10)
            or (last in ("hundred", "thousand") and value < groups[-1])
        ):
            groups[-1] += value
        else:
            groups.append(value)
        last = word
    return "".join(map(str, groups))


def _spelled(tokens: list[str]) -> Iterator[str]:
    """Single letters and numbers that stand apart but belong together: E 24, e twenty four, W H
    1000 X M 5, EH 18.
    """
    place = 0
    while place < len(tokens):
        code, end = _run(tokens, place)
        if re.fullmatch(r"[A-Z]{1,6}\d[A-Z0-9]*", code) and not (
            end < len(tokens) and tokens[end].lower() in UNITS | {"-"}
        ):
            yield code
        place = max(end, place + 1)


def _run(tokens: list[str], place: int) -> tuple[str, int]:
    """The longest run of letters and numbers from a place on, joined, and the place behind it."""
    code, end = "", place
    while end < len(tokens):
        token = tokens[end]
        if token in "-–" and code.isalpha():
            end += 1
        elif code and (number := _number(tokens, end))[0]:
            code, end = code + number[0], number[1]
        elif code.isalpha() and re.fullmatch(r"\d+[A-Z][A-Z0-9]*", token) and not _is_amount(token):
            code, end = code + token, end + 1
        elif letter := _letter(token, first=not code):
            code, end = code + letter, end + 1
        else:
            break
    return code, end


def _letter(token: str, first: bool) -> str:
    """A token that names a letter (or two capitals at a run's beginning), in capitals; "" for other
    words.
    """
    if token.lower() in LETTER_NAMES:
        return LETTER_NAMES[token.lower()]
    if len(token) == 1 and token.isascii() and token.isalpha():
        return "" if first and token in "aAI" or token == "i" else token.upper()
    return token if first and re.fullmatch(r"[A-Z]{2}", token) and token not in PREPOSITIONS else ""
