"""Text in photos: displays, labels, receipts, screenshots -> lines in reading order.

Ordinary type, English and Chinese, is found and read by RapidOCR's PP-OCR models, which come inside
its package; seven-segment displays by segments.py. Photos that lie on their side or stand on their
head are read all the same, small text is looked at again enlarged, and where both readers see the
same place only one of them is believed. Knows nothing of what the text means: it is data.
"""

from __future__ import annotations

import logging
import threading
import unicodedata
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, cast

import numpy as np
from PIL import Image

from mm_support.config import Settings
from mm_support.device import usable_threads
from mm_support.encode.segments import SegmentReader, load_segment_reader
from mm_support.encode.stopping import end_if_stopped
from mm_support.encode.text_layout import Piece, believe_one, lines_in_order, unturn
from mm_support.errors import WeightsError
from mm_support.memory import Network, lend
from mm_support.types import TextLine

if TYPE_CHECKING:
    from rapidocr import RapidOCR
    from rapidocr.ch_ppocr_det import TextDetOutput

log = logging.getLogger(__name__)

MAX_LINES = 60
MAX_CHARACTERS = 200  # a line
LARGEST = 2048  # pixels on the longer side; what is read is cut out of a photo of at most this size
FIRST_LOOK = 736  # pixels on the longer side, where text is searched for
CLOSE_LOOK = 1472  # where the first look found small text
SMALL = 15  # pixels; median line height in the first look below which text is small
LEAST_CONFIDENCE = 0.5
SURE = 0.8  # mean confidence below which the photo may be the wrong way up
SHAPE = 0.5  # share of a photo's shorter side from which one letter is no letter
TALL = 1.5  # a box this much higher than wide holds text that runs up or down


class TextReader(Protocol):
    """photo: upright RGB. Lines in reading order; none where nothing is written. Raises Stopped."""

    def read(self, photo: Image.Image) -> tuple[TextLine, ...]: ...


class PhotoTextReader:
    """Both readers behind one call, for any RGB photo: what cannot be read is left out. Several
    threads may read; the engine, which holds what it made of one picture, takes one at a time.
    networks: the engine's, which give their memory back between photos.
    """

    def __init__(
        self, engine: RapidOCR, segments: SegmentReader, networks: Sequence[Network] = ()
    ) -> None:
        self._engine, self._segments, self._networks = engine, segments, networks
        for network in networks:
            lend(network)
        self._lock = threading.Lock()

    def read(self, photo: Image.Image) -> tuple[TextLine, ...]:
        scale = min(1.0, LARGEST / max(photo.size))
        width, height = (max(1, round(side * scale)) for side in photo.size)
        large = photo
        if scale < 1:
            large = photo.resize((width, height), Image.Resampling.BILINEAR, reducing_gap=2.0)
        pixels = np.ascontiguousarray(np.asarray(large)[:, :, ::-1])
        turns, pieces = self._upright(pixels, self._find(pixels))
        pieces = [piece for piece in pieces if not _is_shape(piece, min(large.size))]
        printed = lines_in_order(pieces, large.size)
        upright = large.rotate(-90 * turns, expand=True) if turns else large
        displays = [unturn(line, turns) for line in self._segments.read(upright)]
        merged = believe_one(printed, displays)
        cleaned = [replace(line, text=clean(line.text)) for line in merged]
        return tuple(line for line in cleaned if line.text)[:MAX_LINES]

    def _find(self, pixels: np.ndarray) -> list[np.ndarray]:
        """Corners (4, 2) of text in a BGR photo, in pixels; small text is searched for twice."""
        boxes = self._detect(pixels, FIRST_LOOK)
        look = FIRST_LOOK / max(pixels.shape)
        heights = [
            min(np.linalg.norm(box[0] - box[3]), np.linalg.norm(box[0] - box[1])) * look
            for box in boxes
        ]
        if heights and np.median(heights) < SMALL and max(pixels.shape) > FIRST_LOOK:
            return self._detect(pixels, CLOSE_LOOK)
        return boxes or self._detect(pixels, FIRST_LOOK // 3)  # letters as large as the photo

    def _detect(self, pixels: np.ndarray, side: int) -> list[np.ndarray]:
        import cv2

        scale = min(side / max(pixels.shape), 2.0)
        width, height = (max(32, round(length * scale)) for length in pixels.shape[1::-1])
        small = cv2.resize(
            pixels, (width, height), interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
        )
        with self._lock:
            end_if_stopped()
            found = cast("TextDetOutput", self._engine(small))  # it is told only to detect
        if found.boxes is None:
            return []
        enlarged = (pixels.shape[1] / width, pixels.shape[0] / height)
        return list(np.asarray(found.boxes, np.float32) * enlarged)

    def _upright(self, pixels: np.ndarray, boxes: list[np.ndarray]) -> tuple[int, list[Piece]]:
        """The text, and by how many quarter turns clockwise the photo would stand upright; it is
        tried the other way up only where the reading is unsure.
        """
        turns = sideways(boxes)
        best = self._recognise(pixels, boxes, turns)
        if best and _sureness(best) < SURE:
            other = self._recognise(pixels, boxes, turns + 2)
            if _sureness(other) > _sureness(best) + 0.1:
                return (turns + 2) % 4, [p for p in other if p.confidence >= LEAST_CONFIDENCE]
        return turns, [p for p in best if p.confidence >= LEAST_CONFIDENCE]

    def _recognise(self, pixels: np.ndarray, boxes: list[np.ndarray], turns: int) -> list[Piece]:
        """The text as it reads once the photo is turned clockwise by so many quarters."""
        if not boxes:
            return []
        boxes = [np.roll(box, turns, axis=0) for box in boxes]
        cut = [cut_out(pixels, box) for box in boxes]
        with self._lock:
            end_if_stopped()
            read = self._engine.recognize_txt(cut)
        return [
            Piece(text, float(sure), box)
            for text, sure, box in zip(read.txts or (), read.scores, boxes)
            if text.strip()
        ]


def _is_shape(piece: Piece, side: int) -> bool:
    """Whether a letter by itself fills a photo, whose shorter side is given in pixels: the outline
    of a thing is read so, a ring as 0.
    """
    width, height = np.ptp(piece.corners, axis=0)
    return len(piece.text.strip()) == 1 and min(width, height) > SHAPE * side


def _sureness(pieces: Sequence[Piece]) -> float:
    """Mean confidence, by length: short ones say little."""
    if not pieces:
        return 0.0
    confidences = [piece.confidence for piece in pieces]
    return float(np.average(confidences, weights=[len(piece.text) for piece in pieces]))


def sideways(boxes: Sequence[np.ndarray]) -> int:
    """1 where most text runs up or down the photo, 0 where it runs across."""
    runs = [(np.linalg.norm(box[1] - box[0]), np.linalg.norm(box[3] - box[0])) for box in boxes]
    across = sum(wide for wide, high in runs if wide > TALL * high)
    up = sum(high for wide, high in runs if high > TALL * wide)
    return int(up > across)


def cut_out(pixels: np.ndarray, corners: np.ndarray) -> np.ndarray:
    """The text within the corners, straightened: (h, w, 3)."""
    import cv2

    first, second, third, fourth = corners
    widths = np.linalg.norm(first - second), np.linalg.norm(fourth - third)
    heights = np.linalg.norm(first - fourth), np.linalg.norm(second - third)
    width, height = max(4, round(max(widths))), max(4, round(max(heights)))
    target = np.array([(0, 0), (width, 0), (width, height), (0, height)], np.float32)
    warp = cv2.getPerspectiveTransform(corners.astype(np.float32), target)
    return cv2.warpPerspective(
        pixels, warp, (width, height), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
    )


def clean(text: str) -> str:
    """One line of visible characters, compatibility forms as the usual, at most MAX_CHARACTERS."""
    text = unicodedata.normalize("NFKC", text)
    visible = "".join(
        " " if c.isspace() else c for c in text if c.isspace() or unicodedata.category(c)[0] != "C"
    )
    return " ".join(visible.split())[:MAX_CHARACTERS]


def load_text_reader(settings: Settings) -> PhotoTextReader:
    """The models are files of the rapidocr package. Raises WeightsError where they are not."""
    try:
        import rapidocr
    except ImportError as exc:
        raise WeightsError(
            "Text in photos is read with rapidocr; run `pip install -r requirements.txt`."
        ) from exc
    models = Path(rapidocr.__file__).parent / "models"
    params = {
        "Global.log_level": "critical",
        "Global.use_cls": False,
        # only when asked: between finding and reading stands what is above
        "Global.use_rec": False,
        "Det.model_path": str(models / "PP-OCRv6_det_small.onnx"),
        "Det.limit_type": "max",
        "Det.limit_side_len": CLOSE_LOOK,
        "Rec.model_path": str(models / "PP-OCRv6_rec_small.onnx"),
        "Rec.rec_img_shape": [3, 48, 96],  # not the 320 that short lines would be padded to
    }
    for name in ("Det.model_path", "Rec.model_path"):
        if not Path(params[name]).is_file():
            raise WeightsError(
                f"{params[name]} is missing; run `pip install --force-reinstall rapidocr`."
            )
    engine, networks = _engine(params)
    return PhotoTextReader(engine, load_segment_reader(), networks)


def _engine(params: dict[str, Any]) -> tuple[RapidOCR, list[Network]]:
    """By OpenVINO, which takes a third of ONNX Runtime's time to find text and two thirds to read
    it; by ONNX Runtime where that does not work.
    """
    from rapidocr import EngineType

    from mm_support.encode.compiled import meet_arrays

    compiled = {
        "Det.engine_type": EngineType.OPENVINO,
        "Rec.engine_type": EngineType.OPENVINO,
        "EngineConfig.openvino.inference_num_threads": usable_threads(),
    }
    try:
        meet_arrays()
        engine = _opened({**params, **compiled})
        return engine, _compile(engine)
    except Exception as exc:  # rapidocr and OpenVINO have errors of their own
        log.warning("ONNX Runtime reads the text in photos, since OpenVINO does not: %s", exc)
        return _opened(params), []


def _compile(engine: RapidOCR) -> list[Network]:
    """The networks in float32, as rapidocr has no setting for it: OpenVINO's bfloat16 misreads
    points and small figures.
    """
    import openvino

    networks: list[Network] = []
    hints = {"INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": usable_threads()}
    for part in (engine.text_det, engine.text_rec):
        made: Any = part.session  # type: ignore[union-attr]
        compiled = openvino.Core().compile_model(made.model, "CPU", hints)
        networks.append(compiled)
        made.session = compiled.create_infer_request()
    return networks


def _opened(params: dict[str, Any]) -> RapidOCR:
    """With both models opened, not only at the first photo."""
    from rapidocr import RapidOCR

    engine, white = RapidOCR(params=params), np.full((64, 256, 3), 255, np.uint8)
    engine(white)
    engine.recognize_txt([white])
    return engine
