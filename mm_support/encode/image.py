"""Image encoder: photos and words -> unit vectors of one space, and words for a photo.

Our own is put together from package weights (clip_lite.py). Every other one is an open_clip model:
an architecture and tag whose weights are on the hub, or a local folder in the hub's layout. Knows
nothing of files, entries or retrieval.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from PIL import Image

from mm_support.config import Settings
from mm_support.device import Device, torch_threads, usable_threads
from mm_support.encode.plugged import plugged
from mm_support.errors import InputError, WeightsError
from mm_support.torchvision_shim import prepare_torchvision
from mm_support.types import Label
from mm_support.weights import PREFIX

PHOTOS = 4  # encoded together by one thread; more does not fit the cache of a processor
TEXTS = 64  # encoded together
TEMPLATE = "a photo of {}"
_FILE = Path(__file__).with_name("label_words.txt")
DEFAULT_WORDS = tuple(re.findall(r"^[^#\n].*$", _FILE.read_text(encoding="utf-8"), re.MULTILINE))
MAX_LABELS = 5  # words given for a photo
WORTH_SAYING = 0.1  # probability of a word of the default list
MAX_WORDS = 2_000  # of a caller's list
MAX_WORD = 200  # characters
CLIP_NONE = 0.2  # cosine; CLIP's unrelated pairs lie below, its matching ones above (0.25-0.35)


class ImageEncoder(Protocol):
    """dim: length of a vector. encode: n photos -> (n, dim) float32 unit rows; encode_words: the
    same for words or short titles; label: words for a photo's vector, best first.
    """

    dim: int

    def encode(self, photos: Sequence[Image.Image]) -> np.ndarray: ...

    def encode_words(self, words: Sequence[str]) -> np.ndarray: ...

    def label(
        self, vector: np.ndarray, words: Sequence[str] | None = None
    ) -> tuple[Label, ...]: ...


@dataclass(frozen=True)
class Calibration:
    """A cosine of a photo and a word -> a logit: scale * (cosine - none). At `none` the word is as
    likely as "none of these words", whose logit is 0.
    """

    scale: float
    none: float

    def probabilities(self, cosines: np.ndarray) -> np.ndarray:
        """(n,) cosines -> (n,) probabilities; what they lack to 1 is that of "none of these"."""
        logits = self.scale * (cosines - self.none)
        top = max(0.0, float(logits.max(initial=0.0)))
        odds = np.exp(logits - top)
        return odds / (odds.sum() + np.exp(-top))


class Labelling:
    """Words for a photo, of any encoder that puts photos and words into one space."""

    def __init__(self, calibration: Calibration) -> None:
        self._calibration = calibration
        self._default_vectors = self.encode_words(DEFAULT_WORDS)

    def encode_words(self, words: Sequence[str]) -> np.ndarray:
        """(n, dim) float32 unit rows."""
        raise NotImplementedError

    def label(self, vector: np.ndarray, words: Sequence[str] | None = None) -> tuple[Label, ...]:
        """At most MAX_LABELS words with their probabilities, best first; what these lack to 1 is
        that of none of them.

        words: to choose from, however unlikely; without any, those of the default list that are
        worth saying. Raises InputError for a list that is too long.
        """
        words = _cleaned(words or ())
        vectors = self.encode_words(words) if words else self._default_vectors
        probabilities = self._calibration.probabilities(vectors @ vector)
        best = np.argsort(-probabilities, kind="stable")[:MAX_LABELS]
        return tuple(
            Label((words or DEFAULT_WORDS)[i], float(probabilities[i]))
            for i in best
            if words or probabilities[i] >= WORTH_SAYING
        )


class OpenClipEncoder(Labelling):
    """An open_clip model with its calibration. preprocess: RGB photo -> (3, height, width) tensor.
    tokenize: n texts -> (n, tokens) tensor.
    """

    def __init__(
        self,
        model,
        preprocess: Callable,
        tokenize: Callable,
        device: Device,
        calibration: Calibration,
    ) -> None:
        self._model = _with_ready_convolutions(model.eval().to(device.device), device)
        self._preprocess, self._tokenize = preprocess, tokenize
        self._device = device
        self._lock = threading.Lock()  # fast tokenizers may not be used by two threads at once
        super().__init__(calibration)
        self.dim: int = self._default_vectors.shape[1]

    def encode(self, photos: Sequence[Image.Image]) -> np.ndarray:
        """(n, dim) float32 unit rows; photos of any size, in RGB. A few share all threads; of more,
        each thread takes PHOTOS at a time, from resizing to vectors, which takes two thirds of the
        time.
        """
        if len(photos) <= PHOTOS:
            return self._encode_in(PHOTOS, self._encode_photos, photos)
        groups = [photos[start : start + PHOTOS] for start in range(0, len(photos), PHOTOS)]
        with ThreadPoolExecutor(usable_threads()) as pool:
            return np.concatenate(
                list(pool.map(lambda group: self._encode_photos(group, threads=1), groups))
            )

    def encode_words(self, words: Sequence[str]) -> np.ndarray:
        """(n, dim) float32 unit rows."""
        return self._encode_in(TEXTS, self._encode_words, words)

    def _encode_in(self, size: int, encode: Callable, items: Sequence) -> np.ndarray:
        """Batch by batch, as one (n, dim) array."""
        batches = [encode(items[start : start + size]) for start in range(0, len(items), size)]
        return np.concatenate(batches) if batches else np.zeros((0, self.dim), np.float32)

    def _encode_photos(
        self, photos: Sequence[Image.Image], threads: int | None = None
    ) -> np.ndarray:
        import torch

        pixels = torch.stack([self._preprocess(photo) for photo in photos])
        return self._run(
            self._model.encode_image, pixels.contiguous(memory_format=torch.channels_last), threads
        )

    def _encode_words(self, words: Sequence[str]) -> np.ndarray:
        with self._lock:
            tokens = self._tokenize([TEMPLATE.format(word) for word in words])
        return self._run(self._model.encode_text, tokens)

    def _run(self, encode: Callable, batch, threads: int | None = None) -> np.ndarray:
        import torch

        kind, dtype = self._device.device.type, self._device.dtype
        with (
            torch.inference_mode(),
            torch_threads(threads),
            torch.autocast(kind, dtype, enabled=dtype != torch.float32),
        ):
            vectors = encode(batch.to(self._device.device), normalize=True)
        return vectors.float().cpu().numpy()


def _with_ready_convolutions(model, device: Device):
    """Its convolutions' weights as they are multiplied: autocast would convert them each time."""
    import torch

    for module in model.modules():
        if isinstance(module, torch.nn.Conv2d):
            module.to(device.dtype)
    return model


def picture_dim(settings: Settings, encoder: ImageEncoder) -> int:
    """The length of the vectors of an encoder of these settings, which may still be loading."""
    from mm_support.encode import clip_lite

    packaged = settings.image_model == PREFIX + clip_lite.NAME
    return clip_lite.dim() if packaged else encoder.dim


def load_image_encoder(settings: Settings, device: Device) -> ImageEncoder:
    """The encoder that settings.image_model names: "package:clip-lite", "architecture/tag" on the
    hub, a folder, or one's own. Raises WeightsError where it cannot be had.
    """
    if own := plugged(settings.image_model, settings):
        return own
    name = settings.image_model
    if name.startswith(PREFIX):
        from mm_support.encode import clip_lite_encoder

        if name != PREFIX + clip_lite_encoder.NAME:
            raise WeightsError(
                f"There is no packaged image encoder {name!r}; use package:clip-lite."
            )
        return clip_lite_encoder.load_clip_lite(settings, device)
    prepare_torchvision()
    import open_clip

    if Path(name).is_dir():
        where, tag = f"local-dir:{Path(name).resolve()}", None
    else:
        where, tag = _on_hub(name)
    try:
        model: Any = open_clip.create_model_from_pretrained(
            where, pretrained=tag, return_transform=False
        )
        tokenize = open_clip.get_tokenizer(where)
    # open_clip raises what its libraries raise: OSError, RuntimeError, ValueError, KeyError, ...
    except Exception as exc:
        raise WeightsError(
            f"The image encoder {name!r} could not be loaded: connect to the hub, give a folder"
            " that holds open_clip_config.json and weights, or use the embedded profile"
            " (MM_SUPPORT_PROFILE=embedded)."
        ) from exc
    from open_clip.transform import PreprocessCfg, image_transform_v2

    prepare: Any = image_transform_v2(PreprocessCfg(**model.visual.preprocess_cfg), is_train=False)
    return OpenClipEncoder(model, prepare, tokenize, device, _calibration(model))


def _on_hub(name: str) -> tuple[str, str]:
    """architecture, tag of "ViT-B-32-256/datacomp_s34b_b86k". Raises WeightsError for others."""
    import open_clip

    architecture, _, tag = name.partition("/")
    if tag not in open_clip.list_pretrained_tags_by_model(architecture):
        raise WeightsError(
            f"{name!r} is neither a folder nor an open_clip model; give architecture/tag, "
            'such as "ViT-B-32-256/datacomp_s34b_b86k".'
        )
    return architecture, tag


def _calibration(model) -> Calibration:
    """Scale and threshold as the model was trained: SigLIP learns both, CLIP only the scale."""
    scale = model.logit_scale.exp().item()
    bias = getattr(model, "logit_bias", None)
    return Calibration(scale, CLIP_NONE if bias is None else -bias.item() / scale)


def _cleaned(words: Sequence[str]) -> tuple[str, ...]:
    """A caller's words, each once, without blanks around them; cut where no model reads on."""
    if len(words) > MAX_WORDS:
        raise InputError(
            f"There are {len(words):,} labels to choose from; give at most {MAX_WORDS:,}."
        )
    return tuple(dict.fromkeys(word for item in words if (word := str(item).strip()[:MAX_WORD])))
