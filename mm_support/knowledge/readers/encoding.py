"""Bytes -> text, in whatever encoding people's programs saved it. Knows no file format."""

from __future__ import annotations

import codecs
import itertools
import re

from mm_support.knowledge.readers.base import Remarks

SAMPLE = 64 * 2**10  # bytes of lines that are not plain ASCII, from which the encoding is judged
# single-byte encodings of spreadsheets and editors, the most used first: it decides between equals
SINGLE_BYTE = (
    ["cp1252", "cp1251", "cp1250", "cp1254", "cp1253", "cp1255", "cp1256", "cp1257", "cp874"]
)  # fmt: skip
# double-byte encodings: the pairs that its everyday characters are made of (national standards put
# them in rows of their own), any pair; of equals the first, whose everyday rows are the fewest
DOUBLE_BYTE = {
    "euc_jp": (rb"[\xa1-\xa5\xb0-\xcf][\xa1-\xfe]", rb"[\x80-\xff]."),
    "cp932": (rb"[\x81-\x83\x88-\x97][\x40-\xfc]", rb"[\x81-\x9f\xe0-\xff]."),
    "cp949": (rb"[\xa1-\xa3\xb0-\xc8][\xa1-\xfe]", rb"[\x80-\xff]."),
    "gb18030": (rb"[\xa1-\xa3\xb0-\xd7][\xa1-\xfe]", rb"[\x80-\xff]."),
    "big5": (rb"[\xa1-\xc6][\x40-\x7e\xa1-\xfe]", rb"[\x80-\xff]."),
}
EVERYDAY = 0.9  # share of the pairs from which a text is taken to be in a double-byte encoding
KANA = "\u3041-\u30ff"  # without any, a text is not taken to be Japanese
BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_WIDE = re.compile(rb"[\xc2-\xf4][\x80-\xbf]+")
_UNSTORED = re.compile("[\x00\ud800-\udfff]")


def decode(data: bytes, remarks: Remarks) -> str:
    """The text with plain line breaks, without what no database stores (zeros, halves of surrogate
    pairs); a guessed encoding is remarked.
    """
    text = _decode(data, remarks).replace("\r\n", "\n").replace("\r", "\n")
    return _UNSTORED.sub("", text)


def _decode(data: bytes, remarks: Remarks) -> str:
    for mark, name in BYTE_ORDER_MARKS:
        if data.startswith(mark):
            return data.decode(name, "replace")
    wide = _utf16_without_mark(data)
    if wide:
        return data.decode(wide, "replace")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as exc:
        first = data[: exc.start].count(b"\n") + 1
    strays = data.decode("utf-8", "replace").count("\ufffd")
    if 2 * strays < len(_WIDE.findall(data)):
        remarks.warn(first, "single bytes are not UTF-8; they were read as Windows-1252")
        return _with_strays(data)
    name = _guess(data)
    remarks.warn(first, f"it is not UTF-8 and was read as {name}; save it as UTF-8 to be sure")
    return data.decode(name, "replace")


def _utf16_without_mark(data: bytes) -> str:
    """utf-16-le or -be where every other byte of the beginning is mostly zero."""
    start = data[:4096]
    half = len(start) // 2
    if half and start[1::2].count(0) > 0.7 * half:
        return "utf-16-le"
    return "utf-16-be" if half and start[0::2].count(0) > 0.7 * half else ""


def _with_strays(data: bytes) -> str:
    pieces, rest = [], data
    while rest:
        try:
            pieces.append(rest.decode("utf-8"))
            break
        except UnicodeDecodeError as exc:
            pieces.append(rest[: exc.start].decode("utf-8"))
            pieces.append(rest[exc.start : exc.end].decode("cp1252", "replace"))
            rest = rest[exc.end :]
    return "".join(pieces)


def _guess(data: bytes) -> str:
    """The likeliest legacy encoding, judged by the lines that are not plain ASCII."""
    lines = [line for line in data.splitlines() if not line.isascii()]
    sizes = itertools.accumulate(len(line) for line in lines)
    sample = b"\n".join(line for line, size in zip(lines, sizes) if size <= SAMPLE) or data
    shares = {name: _everyday(sample, name) for name in DOUBLE_BYTE}
    best = max(shares, key=lambda name: shares[name])
    return best if shares[best] >= EVERYDAY else _guess_single_byte(sample)


def _everyday(sample: bytes, name: str) -> float:
    """Share of the double-byte characters that are everyday ones; 0 where it does not decode."""
    everyday, any_pair = (re.compile(pattern, re.DOTALL) for pattern in DOUBLE_BYTE[name])
    try:
        text = sample.decode(name)
    except UnicodeDecodeError:
        return 0.0
    japanese = name in ("euc_jp", "cp932")
    if japanese and not re.search(f"[{KANA}]", text):
        return 0.0
    pairs = any_pair.findall(sample)
    return sum(bool(everyday.fullmatch(pair)) for pair in pairs) / max(1, len(pairs))


def _guess_single_byte(sample: bytes) -> str:
    from charset_normalizer import from_bytes

    ranked = [
        (round(match.chaos, 1), -round(match.coherence, 1), SINGLE_BYTE.index(name), name)
        for match in from_bytes(sample, cp_isolation=SINGLE_BYTE)
        for name in match.could_be_from_charset
        if name in SINGLE_BYTE
    ]
    return min(ranked)[-1] if ranked else SINGLE_BYTE[0]
