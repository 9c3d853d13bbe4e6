"""Reads seven-segment displays: clocks, meters, error codes on appliances; light on dark or dark on
light.

A small network (segment_net.py, trained by assets/training/segments.py on drawn displays) marks
each character's centre, size and lit segments. The photo is shown to it at several sizes; of what
it finds twice the surer is kept (`distinct`), neighbours become chains, and each chain is read once
more where it stands level and at the best size (`_look_again`), its glyphs told by
segment_glyphs.py. Ordinary type is left to encode/ocr.py. Knows nothing of codes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise, permutations
from pathlib import Path

import numpy as np
from PIL import Image

from mm_support import paths
from mm_support.device import torch_threads
from mm_support.encode.segment_glyphs import read_glyph, word
from mm_support.encode.stopping import end_if_stopped
from mm_support.files import SHIPPED, readable
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


@dataclass(frozen=True)
class Character:
    """centre, up, right: (2,) pixels of the photo, from the centre to the upper and right edge;
    mark: behind the glyph; confidence: in 0..1.
    """

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
        up, right = self.up, self.right
        return self.centre + np.array([up - right, up + right, right - up, -up - right])


class SegmentReader:
    """net: (1, 3, h, w) float32 RGB in 0..1 -> (14, h/4, w/4), as of segment_net.SegmentNet."""

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
        end_if_stopped()
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
        end_if_stopped()
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
    """A part of a photo that is reduced first. affine: (2, 3) from its pixels to the photo's."""
    small = photo.reduce(finer) if finer > 1 else photo
    values = (affine / finer).ravel().tolist()
    return small.transform(size, Image.Transform.AFFINE, values, Image.Resampling.BILINEAR)


def characters(said: np.ndarray, scale: float, least: float = LEAST_CENTRE) -> list[Character]:
    """What the network said of a photo resized by scale, in its pixels; least: of a centre."""
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


def distinct(found: Sequence[Character]) -> list[Character]:
    """The surest of characters that cover one another, such as one seen at two sizes."""
    kept: list[Character] = []
    for item in sorted(found, key=lambda item: -item.confidence)[:MOST]:
        if not any(_covered(item.corners, other.corners) > 0.4 for other in kept):
            kept.append(item)
    return kept


def _covered(one: np.ndarray, other: np.ndarray) -> float:
    """Share of the smaller of two corner sets' upright boxes that the other covers."""
    sides = np.minimum(one.max(0), other.max(0)) - np.maximum(one.min(0), other.min(0))
    smaller = min(np.ptp(one, axis=0).prod(), np.ptp(other, axis=0).prod())
    return float(sides.clip(0).prod() / max(smaller, 1e-6))


def chains(found: Sequence[Character]) -> list[list[Character]]:
    """Characters that stand side by side, from left to right."""
    following: dict[int, int] = {}
    pairs = ((_gap(found[i], found[j]), i, j) for i, j in permutations(range(len(found)), 2))
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
    """Without weak characters at its ends that edges make too, or that do not keep its distance."""
    while len(chain) > 1:
        gaps = _gaps(chain)
        usual = float(np.median(gaps))
        ends = (chain[0], gaps[0]), (chain[-1], gaps[-1])
        weak = [(item, gap) for item, gap in ends if item.confidence < WEAK]
        odd = [item for item, gap in weak if item.glyph in SIMPLE or not 0.75 < gap / usual < 1.3]
        if not odd:
            break
        chain = [item for item in chain if item is not odd[0]]
    return chain


def parted(chain: list[Character]) -> list[list[Character]]:
    """The chain, cut where more than one cell is left blank."""
    gaps = _gaps(chain)
    wide = max(1.2, 2.4 * min(gaps, default=0.0))
    cuts = [place for place, gap in enumerate(gaps, start=1) if gap > wide]
    return [chain[begin:end] for begin, end in pairwise([0, *cuts, len(chain)])]


def _gaps(chain: list[Character]) -> list[float]:
    return [_gap(one, other) for one, other in pairwise(chain)]


def _gap(one: Character, other: Character) -> float:
    """From centre to centre in heights; infinite where other does not follow one in a line."""
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
    """The chain as text, None where it is too unsure. size: of the photo in pixels."""
    confidence = _confidence(chain)
    glyphs = {item.glyph for item in chain}
    least = LEAST_LINE if len(chain) > 1 and not glyphs <= SIMPLE else LEAST_ALONE
    if confidence < least or (glyphs <= SIMPLE and not 1 < len(chain) < 5):
        return None
    gaps = _gaps(chain)
    blank = max(1.5 * min(gaps), 1.0) if len(gaps) > 1 else 1.6
    text = "".join(
        item.glyph + item.mark + (" " if gap > blank else "")
        for item, gap in zip(chain, [*gaps, 0.0])
    )
    corners = np.concatenate([item.corners for item in chain]) / size
    left, top, right, bottom = np.clip([*corners.min(0), *corners.max(0)], 0, 1).tolist()
    return TextLine(" ".join(map(word, text.split())), confidence, (left, top, right, bottom))


def load_segment_reader(path: Path = WEIGHTS) -> SegmentReader:
    """Raises WeightsError where the weights, which come with the code, are missing or damaged."""
    import torch
    from safetensors.torch import load_file

    from mm_support.encode.segment_net import SegmentNet

    net = SegmentNet()
    with readable(path, SHIPPED):
        net.load_state_dict(load_file(path))
    # torch takes a memory format alone
    net.eval().to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def run(photo: np.ndarray) -> np.ndarray:
        with torch.inference_mode(), torch_threads():
            said = net(torch.from_numpy(photo).to(memory_format=torch.channels_last))[0]
            said[0].sigmoid_()
            said[5:].sigmoid_()
            return said.numpy()

    return SegmentReader(run)
