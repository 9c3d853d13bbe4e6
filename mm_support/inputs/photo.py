"""Photos: a file or a PIL image becomes RGB pixels, upright, with nothing else attached.

Decoders see untrusted bytes here and nowhere else: only four formats are tried, and size, pixels
and shape are checked before a pixel is decoded. Knows nothing of models.
"""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageOps

from mm_support.errors import InputError

Box = tuple[float, float, float, float]  # as of types.TextLine
FORMATS = ("JPEG", "PNG", "WEBP")
HEIC = re.compile(rb"....ftyp(heic|heix|heim|heis|hevc|hevx|mif1|msf1)", re.DOTALL)  # of telephones
MAX_BYTES = 15_000_000
MAX_PIXELS = 25_000_000
TILE = 1024  # pixels at most of a side of each photo that stands beside others
MIN_SIDE = 16  # pixels; nothing can be recognised in less
MAX_RATIO = 20  # long side : short side; a till receipt is about 8
# times that a JPEG goes over its pixels; programs write up to 20, and each costs all pixels anew
MAX_SCANS = 40
MARKER = re.compile(rb"\xff+([\x01-\xcf\xd8-\xfe])")  # none that stands within a scan
SCAN, END, ALONE = 0xDA, 0xD9, (0x01, 0xD8)  # markers; ALONE: those without a length


def load_photo(image: str | Path | Image.Image) -> Image.Image:
    """RGB, upright, without metadata; transparent parts become white, animations their first frame.

    Raises InputError for anything that is not a readable JPEG, PNG, WEBP or HEIC within the bounds
    above.
    """
    if not isinstance(image, Image.Image):
        image = _open(Path(image))
    _check_shape(*image.size)
    try:
        return _without_metadata(_to_rgb(_upright(image)))
    except (MemoryError, InputError):
        raise
    # decoders raise OSError, SyntaxError, ValueError, struct.error, ... on damaged files
    except Exception as exc:
        raise InputError.of("photo_damaged") from exc


def _open(path: Path) -> Image.Image:
    """Reads the header only; pixels are decoded once the shape is known to be within bounds."""
    data = _read(path)
    if scans_of(data) > MAX_SCANS:
        raise InputError.of("photo_unreadable")
    try:
        return Image.open(io.BytesIO(data), formats=_formats(data))
    except Image.DecompressionBombError as exc:
        raise _too_many_pixels() from exc
    except Exception as exc:
        raise InputError.of("photo_unreadable") from exc


def _formats(data: bytes) -> tuple[str, ...]:
    if not HEIC.match(data):
        return FORMATS
    from pi_heif import register_heif_opener

    register_heif_opener(thumbnails=False)
    return ("HEIF",)


def scans_of(data: bytes) -> int:
    """How often a JPEG goes over its pixels; 0 for what is none."""
    place, scans = 2, 0
    while data.startswith(b"\xff\xd8") and (found := MARKER.search(data, place)):
        kind, place = found[1][0], found.end()
        if kind == END:
            break
        scans += kind == SCAN
        if kind not in ALONE:
            place += int.from_bytes(data[place : place + 2])
    return scans


def _read(path: Path) -> bytes:
    try:
        if not path.is_file():
            raise InputError.of("photo_missing", name=path.name)
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as exc:
        raise InputError.of("photo_closed") from exc
    if not data:
        raise InputError.of("photo_empty")
    if len(data) > MAX_BYTES:
        raise InputError.of("photo_large", limit=MAX_BYTES // 10**6)
    return data


def _check_shape(width: int, height: int) -> None:
    if width * height > MAX_PIXELS:
        raise _too_many_pixels()
    if min(width, height) < MIN_SIDE:
        raise InputError.of("photo_small", width=width, height=height)
    if max(width, height) > MAX_RATIO * min(width, height):
        raise InputError.of("photo_strip", width=width, height=height)


def painted_over(image: Image.Image, boxes: Sequence[Box]) -> Image.Image:
    """A copy of which these parts are black. boxes: as those of types.TextLine."""
    hidden = image.copy()
    pen = ImageDraw.Draw(hidden)
    for left, top, right, bottom in boxes:
        corners = (left * image.width, top * image.height, right * image.width)
        pen.rectangle((*corners, bottom * image.height), fill="black")
    return hidden


def side_by_side(photos: Sequence[Image.Image]) -> tuple[Image.Image, list[Box]]:
    """RGB photos in one picture, from left to right, and where each of them lies in it."""
    tiles = [
        ImageOps.contain(photo, (min(TILE, photo.width), min(TILE, photo.height)))
        for photo in photos
    ]
    width, height = sum(tile.width for tile in tiles), max(tile.height for tile in tiles)
    sheet, places, left = Image.new("RGB", (width, height), "white"), [], 0
    for tile in tiles:
        sheet.paste(tile, (left, 0))
        right = left + tile.width
        places.append((left / width, 0.0, right / width, tile.height / height))
        left = right
    return sheet, places


def part_of(place: Box, box: Box) -> Box:
    """A box of a photo that lies at this place of a picture, as a box of that picture."""
    left, top, right, bottom = place
    across, down = right - left, bottom - top
    return (
        left + box[0] * across,
        top + box[1] * down,
        left + box[2] * across,
        top + box[3] * down,
    )


def _upright(image: Image.Image) -> Image.Image:
    """Turned as EXIF says, where that can be parsed. Of several pictures in a HEIC file the primary
    one is opened already.
    """
    if image.format != "HEIF":
        image.seek(0)
    image.load()
    try:
        return ImageOps.exif_transpose(image)
    except Exception:
        return image


def _to_rgb(image: Image.Image) -> Image.Image:
    if image.mode.startswith(("I", "F")):
        return _eight_bits(image).convert("RGB")
    if image.has_transparency_data:
        image = image.convert("RGBA")
        white = Image.new("RGBA", image.size, "white")
        return Image.alpha_composite(white, image).convert("RGB")
    return image.convert("RGB")


def _eight_bits(image: Image.Image) -> Image.Image:
    """Greys of 16 bits or more, scaled to 8; PIL's own conversion would clip them to white."""
    grey = np.nan_to_num(np.asarray(image, dtype=np.float32))
    if grey.max() > 255:
        grey = grey / 257  # 65535 / 255
    return Image.fromarray(grey.clip(0, 255).astype(np.uint8))


def _without_metadata(image: Image.Image) -> Image.Image:
    clean = Image.new("RGB", image.size)
    clean.paste(image)
    return clean


def _too_many_pixels() -> InputError:
    return InputError.of("photo_pixels", limit=MAX_PIXELS // 10**6)
