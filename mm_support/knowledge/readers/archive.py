"""Zip archives -> a folder, within bounds. No member lands outside the folder, no link is made.

Knows no format but zip's own.
"""

from __future__ import annotations

import lzma
import shutil
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from mm_support.errors import InputError
from mm_support.knowledge.readers.base import Remarks
from mm_support.knowledge.readers.encoding import decode

MAX_FILES = 5_000
MAX_UNPACKED = 500 * 2**20  # bytes
MAX_RATIO = 200  # bytes from one packed byte, of files over a megabyte
UTF8_NAMES = 0x800  # flag of a member whose name is UTF-8
LINK = 0o120000  # file type in the upper half of a member's attributes
RUBBISH = (".", "__MACOSX", "Thumbs.db", "desktop.ini")
DAMAGED = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    OSError,
    RuntimeError,
    ValueError,
)


def unpack(archive: Path, folder: Path, remarks: Remarks) -> None:
    """Unpacks a zip into a folder; what is left out is remarked. Raises InputError for an archive
    that cannot be opened, is past the bounds, or holds a file of a name that the folder has.
    """
    try:
        with zipfile.ZipFile(archive) as files:
            members = [member for member in files.infolist() if not member.is_dir()]
            size = sum(member.file_size for member in members)
            if not members:
                remarks.skip(0, "it is empty")
            if len(members) > MAX_FILES or size > MAX_UNPACKED:
                raise InputError(
                    f"{archive.name} holds more than {MAX_FILES} files or "
                    f"{MAX_UNPACKED // 2**20} MB; split it."
                )
            for member, name in _wanted(members, remarks):
                _extract(files, member, folder, name)
    except DAMAGED as problem:
        raise InputError(
            f"{archive.name} cannot be unpacked; pack it again as a plain zip."
        ) from problem


def _wanted(
    members: list[zipfile.ZipInfo], remarks: Remarks
) -> Iterator[tuple[zipfile.ZipInfo, PurePosixPath]]:
    for member in members:
        name = PurePosixPath(member_name(member))
        if any(part.startswith(RUBBISH) for part in name.parts if part not in ("..", ".")):
            continue
        if reason := _refusal(member, name):
            remarks.skip(0, f"{reason}: '{name}'")
        else:
            yield member, name


def _refusal(member: zipfile.ZipInfo, name: PurePosixPath) -> str:
    plain = name.parts and ".." not in name.parts and not set("\\:") & set(str(name))
    if name.is_absolute() or not plain:
        return "would lie outside its folder"
    if member.external_attr >> 16 & 0o170000 == LINK:
        return "is a link"
    if member.flag_bits & 1:
        return "is encrypted"
    large = member.file_size > 2**20
    if large and member.file_size > MAX_RATIO * max(1, member.compress_size):
        return "would be unpacked to a size that no text has"
    return ""


def member_name(member: zipfile.ZipInfo) -> str:
    """A member's name; one in an encoding of its own is guessed as text is."""
    if member.flag_bits & UTF8_NAMES or member.filename.isascii():
        return member.filename
    try:
        return decode(member.filename.encode("cp437"), Remarks(""))
    except UnicodeEncodeError:
        return member.filename


def _extract(
    files: zipfile.ZipFile, member: zipfile.ZipInfo, folder: Path, name: PurePosixPath
) -> None:
    target = folder / name
    if target.exists():
        raise InputError(
            f"Two of the files are called {name}; rename one of them and choose all files again."
        )
    target.parent.mkdir(parents=True, exist_ok=True)
    with files.open(member) as source, target.open("xb") as out:
        shutil.copyfileobj(source, out)
