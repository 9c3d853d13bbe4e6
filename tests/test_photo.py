"""load_photo: every kind of picture ends as upright RGB without metadata, or as an InputError."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mm_support.errors import InputError
from mm_support.inputs import photo
from mm_support.inputs.photo import load_photo

ORIENTATION, GPS = 0x0112, 0x8825


@pytest.fixture
def saved(tmp_path):
    """Saves an image under the given format and gives the path."""

    def save(image: Image.Image, kind: str, **options):
        path = tmp_path / f"photo.{kind.lower()}"
        image.save(path, kind, **options)
        return path

    return save


def half_red(size=(40, 20)) -> Image.Image:
    """Left half red, right half blue."""
    image = Image.new("RGB", size, "blue")
    image.paste("red", (0, 0, size[0] // 2, size[1]))
    return image


def near(pixel, wanted) -> bool:
    return max(abs(a - b) for a, b in zip(pixel, wanted)) < 40


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_each_format_keeps_its_pixels(saved, kind):
    loaded = load_photo(saved(half_red(), kind))
    assert (loaded.mode, loaded.size) == ("RGB", (40, 20))
    assert near(loaded.getpixel((5, 10)), (255, 0, 0)) and near(
        loaded.getpixel((35, 10)), (0, 0, 255)
    )


def test_a_telephones_photo_keeps_its_pixels():
    loaded = load_photo(Path(__file__).parent / "photos" / "red-blue.heic")
    assert (loaded.mode, loaded.size) == ("RGB", (96, 48))
    assert near(loaded.getpixel((12, 24)), (255, 0, 0))
    assert near(loaded.getpixel((84, 24)), (0, 0, 255))


def test_of_several_pictures_of_a_telephone_the_primary_one_is_seen():
    loaded = load_photo(Path(__file__).parent / "photos" / "red-then-blue.heic")
    assert loaded.size == (64, 64) and near(loaded.getpixel((32, 32)), (0, 0, 255))


# Where the stored left half is to be seen, by EXIF orientation
SEEN_AT = {
    1: "left",
    2: "right",
    3: "right",
    4: "left",
    5: "top",
    6: "top",
    7: "bottom",
    8: "bottom",
}
PLACES = {"left": (2, 20), "right": (-3, 20), "top": (20, 2), "bottom": (20, -3)}


@pytest.mark.parametrize("orientation", SEEN_AT)
def test_exif_orientation_is_applied_and_removed(saved, orientation):
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    loaded = load_photo(saved(half_red((40, 40)), "JPEG", exif=exif, quality=95))
    x, y = PLACES[SEEN_AT[orientation]]
    assert near(loaded.getpixel((x % 40, y % 40)), (255, 0, 0))
    assert not loaded.getexif() and not loaded.info


def test_metadata_is_gone(saved):
    exif = Image.Exif()
    exif.get_ifd(GPS)[1] = "N"
    loaded = load_photo(
        saved(half_red(), "JPEG", exif=exif, comment=b"secret", icc_profile=b"x" * 200)
    )
    assert not loaded.info and not loaded.getexif()


def test_broken_exif_does_not_cost_the_photo(saved):
    loaded = load_photo(saved(half_red(), "JPEG", exif=b"Exif\0\0MM\0*\xff\xff\xff\xff"))
    assert loaded.size == (40, 20)


@pytest.mark.parametrize(
    ("image", "kind", "wanted"),
    [
        (Image.new("CMYK", (32, 32), (0, 255, 255, 0)), "JPEG", (255, 0, 0)),
        (Image.new("L", (32, 32), 120), "JPEG", (120, 120, 120)),
        (Image.new("1", (32, 32), 1), "PNG", (255, 255, 255)),
        (half_red((32, 32)).quantize(4), "PNG", (255, 0, 0)),
        (Image.new("RGBA", (32, 32), (255, 0, 0, 0)), "PNG", (255, 255, 255)),
        (Image.new("RGBA", (32, 32), (0, 0, 0, 128)), "WEBP", (127, 127, 127)),
        (Image.new("LA", (32, 32), (0, 0)), "PNG", (255, 255, 255)),
        (Image.fromarray(np.full((32, 32), 32768, np.uint16)), "PNG", (127, 127, 127)),
    ],
    ids=[
        "cmyk",
        "grey",
        "bilevel",
        "palette",
        "transparent",
        "half-transparent",
        "grey-alpha",
        "16-bit",
    ],
)
def test_every_mode_becomes_rgb_as_people_see_it(saved, image, kind, wanted):
    loaded = load_photo(saved(image, kind))
    assert loaded.mode == "RGB" and near(loaded.getpixel((4, 4)), wanted)


def test_palette_with_a_transparent_colour_is_white_there(saved):
    image = half_red((32, 32)).quantize(2)
    loaded = load_photo(saved(image, "PNG", transparency=image.getpixel((0, 0))))
    assert near(loaded.getpixel((2, 2)), (255, 255, 255)) and near(
        loaded.getpixel((30, 2)), (0, 0, 255)
    )


@pytest.mark.parametrize("kind", ["WEBP", "PNG"])
def test_an_animation_is_its_first_frame(saved, kind):
    frames = [Image.new("RGB", (32, 32), colour) for colour in ("red", "blue")]
    path = saved(frames[0], kind, save_all=True, append_images=frames[1:])
    assert near(load_photo(path).getpixel((16, 16)), (255, 0, 0))


def test_pil_images_are_taken_too_and_left_alone():
    given = half_red()
    given.info["comment"] = "mine"
    loaded = load_photo(given)
    loaded.putpixel((0, 0), (0, 255, 0))
    assert (
        given.getpixel((0, 0)) == (255, 0, 0)
        and given.info["comment"] == "mine"
        and not loaded.info
    )


@pytest.mark.parametrize("mode", ["I", "F", "I;16", "LAB", "HSV", "YCbCr", "RGBX", "PA"])
def test_pil_images_of_any_mode(mode):
    assert load_photo(Image.new(mode, (32, 32))).mode == "RGB"


def jpeg_bytes() -> bytes:
    buffer = io.BytesIO()
    Image.effect_noise((64, 64), 80).convert("RGB").save(buffer, "JPEG")
    return buffer.getvalue()


def png_header(width: int, height: int) -> bytes:
    """A PNG that promises this many pixels and holds none."""
    chunk = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    header = struct.pack(">I", 13) + chunk + struct.pack(">I", zlib.crc32(chunk))
    return b"\x89PNG\r\n\x1a\n" + header + struct.pack(">I", 1_000) + b"IDAT"


def webp_header(side: int) -> bytes:
    canvas = struct.pack("<I", side - 1)[:3] * 2
    chunk = b"VP8X" + struct.pack("<I", 10) + b"\x02\0\0\0" + canvas
    return b"RIFF" + struct.pack("<I", 4 + len(chunk)) + b"WEBP" + chunk


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "empty"),
        (b"just a text", "JPEG, PNG, WEBP or HEIC"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "JPEG, PNG, WEBP or HEIC"),
        (b"GIF89a" + bytes(40), "JPEG, PNG, WEBP or HEIC"),
        (jpeg_bytes()[:-600], "damaged"),
        (jpeg_bytes()[:30], "JPEG, PNG, WEBP or HEIC"),
        (png_header(64, 64), "damaged"),
        (png_header(5_001, 5_000), "megapixels"),
        (png_header(60_000, 60_000), "megapixels"),
        (webp_header(16_383), "JPEG, PNG, WEBP or HEIC"),
        (b"\0\0\0\x18ftypheic" + bytes(60), "JPEG, PNG, WEBP or HEIC"),
    ],
    ids=[
        "empty",
        "text",
        "svg",
        "gif",
        "cut",
        "cut-early",
        "no-pixels",
        "too-many",
        "bomb",
        "webp-bomb",
        "heic",
    ],
)
def test_bad_files_are_said_in_one_sentence(tmp_path, content, says):
    path = tmp_path / "photo.jpg"
    path.write_bytes(content)
    with pytest.raises(InputError, match=says) as error:
        load_photo(path)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("size", [(1, 1), (1, 400), (2_000, 16), (15, 15)])
def test_photos_that_show_nothing_are_refused(saved, size):
    with pytest.raises(InputError, match="pixels"):
        load_photo(saved(Image.new("RGB", size), "PNG"))


def test_long_receipts_are_not_refused(saved):
    assert load_photo(saved(Image.new("RGB", (100, 1_500)), "PNG")).size == (100, 1_500)


def test_a_pil_image_is_bounded_too(monkeypatch):
    monkeypatch.setattr(photo, "MAX_PIXELS", 900)
    assert load_photo(Image.new("RGB", (30, 30))).size == (30, 30)
    with pytest.raises(InputError, match="megapixels"):
        load_photo(Image.new("RGB", (31, 30)))


def test_bytes_are_bounded_before_anything_is_decoded(tmp_path, monkeypatch):
    monkeypatch.setattr(photo, "MAX_BYTES", 100)
    path = tmp_path / "photo.png"
    path.write_bytes(bytes(101))
    with pytest.raises(InputError, match="larger than"):
        load_photo(path)


@pytest.mark.parametrize("path", ["", "missing.jpg", "a\0b.jpg", "."])
def test_paths_that_are_no_photo(tmp_path, monkeypatch, path):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError):
        load_photo(path)


@pytest.mark.parametrize("scans, told", [(20, ""), (400, "not a photo")])
def test_a_jpeg_that_goes_over_its_pixels_again_and_again_is_refused(tmp_path, scans, told):
    """A scan of nothing has some bytes, and costs as much time as the whole picture."""
    content = io.BytesIO()
    Image.new("L", (2_000, 2_000), 128).save(content, "JPEG", progressive=True)
    data = content.getvalue()
    last = data.rindex(b"\xff\xda")
    (path := tmp_path / "photo.jpg").write_bytes(data[:-2] + data[last:-2] * scans + data[-2:])
    assert photo.scans_of(path.read_bytes()) == photo.scans_of(data) + scans
    if told:
        with pytest.raises(InputError, match=told):
            load_photo(path)
    else:
        assert load_photo(path).size == (2_000, 2_000)


def test_scans_are_those_of_the_picture_itself():
    """Of a preview in its head, and of what stands behind it, none counts."""
    content = io.BytesIO()
    half_red().save(content, "JPEG", progressive=True, comment=b"\xff\xda" * 500)
    data = content.getvalue() + b"\xff\xda" * 500
    assert 1 < photo.scans_of(data) < 20
    assert photo.scans_of(b"") == photo.scans_of(b"\x89PNG" + b"\xff\xda" * 500) == 0


def test_noise_never_ends_in_a_traceback(tmp_path):
    """Bytes changed at random in each format: a photo or an InputError."""
    random = np.random.default_rng(0)
    path = tmp_path / "photo"
    for kind in ("JPEG", "PNG", "WEBP"):
        buffer = io.BytesIO()
        half_red((64, 48)).save(buffer, kind)
        for _ in range(60):
            data = np.frombuffer(buffer.getvalue(), np.uint8).copy()
            data[random.integers(0, len(data), 4)] = random.integers(0, 256, 4)
            path.write_bytes(data.tobytes())
            try:
                assert load_photo(path).mode == "RGB"
            except InputError:
                pass
