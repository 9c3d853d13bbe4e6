"""Bytes -> text, in whatever encoding people's programs saved it. Knows no file format."""

from __future__ import annotations

import codecs
import re

from mm_support.knowledge.readers.base import Remarks

# in which spreadsheets and editors save what is not UTF-8
LEGACY = (
    "cp1252 cp1251 cp1250 cp1254 cp1253 cp1255 cp1256 cp1257 cp874 gb18030 big5 cp932 euc-jp cp949"
).split()
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
    import chardet

    lines = [line for line in data.splitlines() if not line.isascii()]
    found = chardet.detect(b"\n".join(lines), include_encodings=LEGACY)
    return found["encoding"] or LEGACY[0]
