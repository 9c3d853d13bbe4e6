"""Bytes -> text, in whatever encoding people's programs saved it. Knows no file format."""

from __future__ import annotations

import codecs
import re
from contextlib import suppress

from mm_support.knowledge.readers.base import Remarks

# in which spreadsheets and editors save what is not UTF-8
LEGACY = (
    "cp1252 cp1251 cp1250 cp1254 cp1253 cp1255 cp1256 cp1257 cp874 gb18030 big5 cp932 euc-jp cp949"
).split()
MAC = "mac_roman"  # of programs that end lines as old Macs do
# what a page declares -> what browsers read it as (labels of https://encoding.spec.whatwg.org);
# whoever can read in it that it is UTF-16 reads no UTF-16
WIDER = {
    "ascii": "cp1252",
    "iso8859-1": "cp1252",
    "iso8859-9": "cp1254",
    "iso8859-11": "cp874",
    "tis-620": "cp874",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "shift_jis": "cp932",
    "euc_kr": "cp949",
    "big5": "big5hkscs",
    "utf-16": "utf-8",
    "utf-16-le": "utf-8",
    "utf-16-be": "utf-8",
}
HEAD = 4096  # bytes that show whether a character has two or four of them
UNICODE = "utf-8 utf-8-sig utf-16 utf-16-le utf-16-be utf-32 utf-32-le utf-32-be".split()
# zeros that a crash leaves: more of them than lie between characters
_PADDING = re.compile(rb"\0{4,}")
_WIDE = re.compile(rb"[\xc2-\xf4][\x80-\xbf]+")
_CONTROL = re.compile(r"[\x01-\x08\x0e-\x1a\x1c-\x1f\x7f]")  # signs that texts have not
MOST_CONTROL = 0.02  # share of them in a text; in bytes by chance it is a tenth
_UNSTORED = re.compile("[\x00\ud800-\udfff]")


def decode(data: bytes, remarks: Remarks) -> str:
    """The text with plain line breaks, without what no database stores (zeros, halves of surrogate
    pairs); a guessed encoding is remarked.
    """
    text = _decode(data, remarks).replace("\r\n", "\n").replace("\r", "\n")
    return _UNSTORED.sub("", text)


def as_browsers_read(declared: str) -> str:
    """The encoding of a page that declares one. Raises LookupError for one that nobody knows."""
    name = codecs.lookup(declared).name
    return WIDER.get(name, name)


def is_unicode(data: bytes) -> bool:
    """Whether its bytes tell that a text is Unicode: by a mark, or as letters beyond ASCII that
    are UTF-8."""
    if data.startswith((b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")):
        return True
    with suppress(UnicodeDecodeError):
        return not data.isascii() and bool(data.decode("utf-8"))
    return False


def is_text(data: bytes) -> bool:
    """Whether a file that shall be text is some, by its beginning."""
    beginning = decode(data[:HEAD], Remarks(""))
    return len(_CONTROL.findall(beginning)) <= MOST_CONTROL * len(beginning)


def _decode(data: bytes, remarks: Remarks) -> str:
    import chardet

    bare = _PADDING.sub(b"", data)
    data = data if b"\0" in bare else bare
    with suppress(UnicodeDecodeError):
        if b"\0" not in data:  # nothing else is likely, and guessing takes longer than reading
            return data.decode("utf-8-sig")
    found = chardet.detect(data[:HEAD], include_encodings=UNICODE, no_match_encoding="utf-8")
    if found["encoding"] not in ("utf-8", None):  # a byte order mark or many zeros say so
        return data.decode(found["encoding"], "replace")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as exc:
        first = data[: exc.start].count(b"\n") + 1
    strays = data.decode("utf-8", "replace").count("\ufffd")
    if 2 * strays < len(_WIDE.findall(data)):
        remarks.warn(first, "single bytes are not UTF-8; they were read as Windows-1252")
        return data.decode("utf-8", "windows")
    name = _guess(data)
    remarks.warn(first, f"it is not UTF-8 and was read as {name}; save it as UTF-8 to be sure")
    return data.decode(name, "replace")


def _as_windows(wrong: UnicodeError) -> tuple[str, int]:
    """What stands for bytes that are not UTF-8."""
    assert isinstance(wrong, UnicodeDecodeError)
    return wrong.object[wrong.start : wrong.end].decode("cp1252", "replace"), wrong.end


codecs.register_error("windows", _as_windows)


def _guess(data: bytes) -> str:
    """The likeliest legacy encoding, judged by the lines that are not plain ASCII."""
    import chardet

    lines = [line for line in data.splitlines() if not line.isascii()]
    likely = LEGACY if b"\n" in data else [*LEGACY, MAC]
    found = chardet.detect(b"\n".join(lines), include_encodings=likely)
    return found["encoding"] or LEGACY[0]
