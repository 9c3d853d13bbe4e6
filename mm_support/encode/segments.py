"""Reads seven-segment displays: clocks, meters, error codes on appliances; light on dark or dark on
light.

A small network (segment_net.py, trained by assets/training/segments.py on drawn displays) marks
each character's centre, size and lit segments; here these become glyphs, and neighbours become
lines. It reads what segments show and leaves ordinary type to encode/ocr.py. It knows nothing of
codes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import numpy as np
from PIL import Image

from mm_support import paths
from mm_support.device import torch_threads
from mm_support.errors import WeightsError
from mm_support.types import TextLine

WEIGHTS = paths.WEIGHTS / "segments.safetensors"
# pixels on the longer side; each finds characters about 13 to 36 pixels high
SIDES = (768, 384, 192, 96)
BEST_HEIGHT = 22  # pixels; what was found is read again at this height
ENLARGED = 1.5  # small photos are enlarged this much at most
# characters found in a photo, the surest ones; comparing each with each takes minutes for thousands
MOST = 200
MOST_LINES = 40  # of a photo that are looked at again, the surest ones
LEAST_CENTRE = 0.4  # probability that a centre is there
LEAST_AGAIN = 0.2  # the same where a line is known to be
WEAK = 0.6  # confidence below which a line's first or last character has to fit in with the others
LEAST_LINE = 0.55  # confidence of a line
LEAST_ALONE = 0.85  # confidence of a line of one character
SIMPLE = set("1-_°oc")  # shapes that edges and scratches have too; they make no line by themselves

GLYPHS = {
    "0": "abcdef",
    "1": "bc",
    "2": "abdeg",
    "3": "abcdg",
    "4": "bcfg",
    "5": "acdfg",
    "6": "acdefg",
    "7": "abc",
    "8": "abcdefg",
    "9": "abcdfg",
    "A": "abcefg",
    "b": "cdefg",
    "C": "adef",
    "c": "deg",
    "d": "bcdeg",
    "E": "adefg",
    "F": "aefg",
    "G": "acdef",
    "H": "bcefg",
    "h": "cefg",
    "J": "bcde",
    "L": "def",
    "n": "ceg",
    "o": "cdeg",
    "P": "abefg",
    "q": "abcfg",
    "r": "eg",
    "t": "defg",
    "U": "bcdef",
    "u": "cde",
    "y": "bcdfg",
    "-": "g",
    "_": "d",
    "°": "abfg",
}
VARIANTS = {"7": "abcf"}  # other ways to draw a glyph
SHAPES = tuple(
    (glyph, np.array([s in lit for s in "abcdefg"]))
    for glyph, lit in (*GLYPHS.items(), *VARIANTS.items())
)
LETTERS = str.maketrans("0512", "OSIZ")  # in words


@dataclass(frozen=True)
class Character:
    """A character as found. centre, up, right: (2,) pixels of the photo, from the centre to the
    upper and right edge; glyph with the mark behind it; confidence in 0..1."""

    centre: np.ndarray
    up: np.ndarray
    right: np.ndarray
    glyph: str
    mark: str
    confidence: float

    @property
    def height(self) -> float:
        return 2 * float(np.hypot(*self.up))

    @property
    def corners(self) -> np.ndarray:
        """(4, 2) pixels."""
        sides = (
            self.up - self.right,
            self.up + self.right,
            self.right - self.up,
            -self.up - self.right,
        )
        return np.array([self.centre + side for side in sides])


class SegmentReader:
    """net: (1, 3, h, w) float32 RGB in 0..1 -> (14, h/4, w/4), as segment_net.SegmentNet says,
    probabilities and sizes.
    """

    def __init__(self, net: Callable[[np.ndarray], np.ndarray]) -> None:
        self._net = net

    def read(self, photo: Image.Image) -> tuple[TextLine, ...]:
        """Lines from top to bottom; none where there is no such display. photo: upright RGB."""
        found = [character for side in SIDES for character in self._at_size(photo, side)]
        surest = sorted(chains(distinct(found)), key=_confidence)[-MOST_LINES:]
        likely = [chain for chain in surest if _confidence(chain) > LEAST_CENTRE]
        again = (part for chain in likely for part in parted(self._look_again(photo, chain)))
        lines = (_line(chain, photo.size) for chain in again)
        return tuple(sorted((line for line in lines if line), key=lambda line: line.box[1]))

    def _look_again(self, photo: Image.Image, chain: list[Character]) -> list[Character]:
        """The chain as read once more from a crop in which it stands level and BEST_HEIGHT high."""
        height = float(np.median([item.height for item in chain]))
        right = np.sum([item.right for item in chain], axis=0)
        right = right / np.hypot(*right)
        down, scale = np.array([-right[1], right[0]]), height / BEST_HEIGHT
        places = np.concatenate([item.corners for item in chain]) @ right
        begin, end = places.min() - 1.5 * height, places.max() + 1.5 * height
        middle = _centre(chain) @ down
        size = int((end - begin) / scale) // 16 * 16 + 16, int(4 * BEST_HEIGHT) // 16 * 16
        origin = right * begin + down * (middle - size[1] / 2 * scale)
        affine = np.column_stack([right * scale, down * scale, origin])
        crop = _crop(photo, size, affine, finer=max(1, int(scale)))
        said = self._net(np.asarray(crop, np.float32).transpose(2, 0, 1)[None] / 255)
        turn = np.column_stack([right, down]) * scale
        again = [
            replace(c, centre=origin + turn @ c.centre, up=turn @ c.up, right=turn @ c.right)
            for c in characters(said, 1.0, LEAST_AGAIN)
        ]
        same = [c for c in chains(distinct(again)) if abs(_centre(c) @ down - middle) < height / 3]
        return trimmed(max(same, key=len, default=chain))

    def _at_size(self, photo: Image.Image, side: int) -> list[Character]:
        scale = min(side / max(photo.size), ENLARGED)
        width, height = (max(1, round(length * scale)) for length in photo.size)
        small = photo.resize((width, height), Image.Resampling.BILINEAR, reducing_gap=2.0)
        wide, high = (-(-length // 16) * 16 for length in (width, height))
        padded = np.zeros((high, wide, 3), np.float32)
        padded[:height, :width] = np.asarray(small, np.float32) / 255
        return characters(self._net(padded.transpose(2, 0, 1)[None]), scale)


def _centre(chain: Sequence[Character]) -> np.ndarray:
    """(2,) pixels, the mean of the characters' centres."""
    return np.mean([item.centre for item in chain], axis=0)


def _crop(photo: Image.Image, size: tuple[int, int], affine: np.ndarray, finer: int) -> Image.Image:
    """A part of the photo in another size. affine: (2, 3), pixels of the result to the photo's;
    finer: by which the photo is reduced first.
    """
    small = photo.reduce(finer) if finer > 1 else photo
    values = (affine / finer).ravel().tolist()
    return small.transform(size, Image.Transform.AFFINE, values, Image.Resampling.BILINEAR)


def characters(said: np.ndarray, scale: float, least: float = LEAST_CENTRE) -> list[Character]:
    """What the network said of a photo that was resized by scale, as characters in the photo's
    pixels; least: of a centre.
    """
    from mm_support.encode.segment_net import STRIDE, UNIT

    centre = said[0]
    around = np.lib.stride_tricks.sliding_window_view(np.pad(centre, 1), (3, 3)).max((2, 3))
    found = []
    for y, x in np.argwhere((centre >= least) & (centre == around)):
        up = said[1:3, y, x] * UNIT / scale
        right = said[3:5, y, x] * UNIT / scale
        glyph, sureness = read_glyph(said[5:12, y, x])
        mark = "." if said[12, y, x] > 0.5 else ":" if said[13, y, x] > 0.5 else ""
        place = (np.array([x, y]) + 0.5) * STRIDE / scale
        found.append(
            Character(place, up, right, glyph, mark, float(centre[y, x]) ** 0.5 * sureness)
        )
    return found


def read_glyph(lit: np.ndarray) -> tuple[str, float]:
    """The glyph that fits best, and how surely (0..1). lit: (7,) probability that segments a to g
    are lit.
    """
    fits = [np.where(shape, lit, 1 - lit).prod() for _, shape in SHAPES]
    best = int(np.argmax(fits))
    return SHAPES[best][0], float(fits[best])


def distinct(found: Sequence[Character]) -> list[Character]:
    """The surest of characters that cover one another (the same one at two sizes, a half of one),
    of the MOST surest ones.
    """
    kept: list[Character] = []
    for item in sorted(found, key=lambda item: -item.confidence)[:MOST]:
        if not any(_covered(item.corners, other.corners) > 0.4 for other in kept):
            kept.append(item)
    return kept


def _covered(one: np.ndarray, other: np.ndarray) -> float:
    """Share of the smaller of two corner sets' upright boxes that the other covers."""
    sides = np.clip(
        np.minimum(one.max(0), other.max(0)) - np.maximum(one.min(0), other.min(0)), 0, None
    )
    smaller = min(np.ptp(one, axis=0).prod(), np.ptp(other, axis=0).prod())
    return float(sides.prod() / max(smaller, 1e-6))


def chains(found: Sequence[Character]) -> list[list[Character]]:
    """Characters that stand side by side, from left to right."""
    following: dict[int, int] = {}
    pairs = (
        (_gap(one, other), i, j)
        for i, one in enumerate(found)
        for j, other in enumerate(found)
        if i != j
    )
    for _, i, j in sorted(pair for pair in pairs if pair[0] < np.inf):
        if i not in following and j not in following.values():
            following[i] = j
    lines = []
    for start in set(range(len(found))) - set(following.values()):
        chain = [start]
        while chain[-1] in following:
            chain.append(following[chain[-1]])
        lines.append([found[i] for i in chain])
    return lines


def trimmed(chain: list[Character]) -> list[Character]:
    """The chain without weak characters at its ends that edges make too, or that do not keep its
    distance.
    """
    while len(chain) > 1:
        gaps = [_gap(one, other) for one, other in zip(chain, chain[1:])]
        usual = float(np.median(gaps))
        ends = [
            (item, gap)
            for item, gap in ((chain[0], gaps[0]), (chain[-1], gaps[-1]))
            if item.confidence < WEAK
        ]
        odd = [item for item, gap in ends if item.glyph in SIMPLE or not 0.75 < gap / usual < 1.3]
        if not odd:
            break
        chain = [item for item in chain if item is not odd[0]]
    return chain


def parted(chain: list[Character]) -> list[list[Character]]:
    """The chain, cut where more than one cell is left blank."""
    gaps = [_gap(one, other) for one, other in zip(chain, chain[1:])]
    wide = max(1.2, 2.4 * min(gaps, default=0.0))
    cuts = [place for place, gap in enumerate(gaps, start=1) if gap > wide]
    return [chain[begin:end] for begin, end in pairwise([0, *cuts, len(chain)])]


def _gap(one: Character, other: Character) -> float:
    """Distance from one centre to the next in heights; infinite where other does not follow one in
    a line.
    """
    if not 0.7 < one.height / other.height < 1.4:
        return np.inf
    height = (one.height + other.height) / 2
    right = one.right / np.hypot(*one.right) + other.right / np.hypot(*other.right)
    right /= np.hypot(*right)
    away = (other.centre - one.centre) / height
    along, across = away @ right, right[0] * away[1] - right[1] * away[0]
    return float(along) if 0.3 < along < 2.2 and abs(across) < 0.3 else np.inf


def _confidence(chain: list[Character]) -> float:
    return float(np.mean([item.confidence for item in chain]))


def _line(chain: list[Character], size: tuple[int, int]) -> TextLine | None:
    """The chain as text, or nothing where it is too unsure. size: width and height of the photo in
    pixels.
    """
    confidence = _confidence(chain)
    glyphs = {item.glyph for item in chain}
    least = LEAST_LINE if len(chain) > 1 and not glyphs <= SIMPLE else LEAST_ALONE
    if confidence < least or (glyphs <= SIMPLE and not 1 < len(chain) < 5):
        return None
    gaps = [_gap(one, other) for one, other in zip(chain, chain[1:])]
    blank = max(1.5 * min(gaps), 1.0) if len(gaps) > 1 else 1.6
    text = "".join(
        item.glyph + item.mark + (" " if gap > blank else "")
        for item, gap in zip(chain, [*gaps, 0.0])
    )
    corners = np.concatenate([item.corners for item in chain]) / size
    left, top, right, bottom = np.clip([*corners.min(0), *corners.max(0)], 0, 1)
    return TextLine(
        " ".join(map(word, text.split())),
        confidence,
        (float(left), float(top), float(right), float(bottom)),
    )


def word(text: str) -> str:
    """Settles what segments leave open: 0 or O, 5 or S, and 6 or 9 without their tails among
    digits.

    A code's letters come first and its digits last (E05), a word has letters behind such a shape
    (OFF, StOP) and no other digit: the shape is a letter only there.
    """
    digits = re.sub(r"[.:-]", "", text)
    if re.fullmatch(r"\d[\dbq]+", digits):
        return text.replace("b", "6").replace("q", "9")
    ends_in_letter = re.search(r"[A-Za-z][.:]?$", text)
    if (
        ends_in_letter
        and len(digits) > 1
        and not re.search(r"[346789]", text)
        and re.match(r"[05A-Za-z]", text)
    ):
        return text.translate(LETTERS)
    return text


def load_segment_reader(path: Path = WEIGHTS) -> SegmentReader:
    """Raises WeightsError where the weights, which come with the code, are missing or damaged."""
    import torch
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    from mm_support.encode.segment_net import SegmentNet

    net = SegmentNet()
    try:
        net.load_state_dict(load_file(path))
    except (OSError, SafetensorError, RuntimeError) as exc:
        raise WeightsError(
            f"{path} is missing or damaged; restore it from the repository."
        ) from exc
    # torch takes a memory format alone
    net.eval().to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def run(photo: np.ndarray) -> np.ndarray:
        with torch.inference_mode(), torch_threads():
            said = net(torch.from_numpy(photo).to(memory_format=torch.channels_last))[0]
            said[0].sigmoid_()
            said[5:].sigmoid_()
            return said.numpy()

    return SegmentReader(run)
