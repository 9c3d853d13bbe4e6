"""Our own open_clip model: EfficientNet-Lite2 sees, MiniLM reads, and both end in one space.

    photo (3, 288, 288) -> [ MEANING_SHARE * meaning (384,) | LOOK_SHARE * look (d,) ]
    words               -> [                 meaning (384,) |             zeros (d,) ]

Both are unit vectors. meaning lives in MiniLM's space: the tower's thousand ImageNet probabilities
times one vector a class (ConSE, Norouzi et al. 2014), plus a correction that products taught.
Untrained, the vectors are MiniLM's own of the classes' definitions and nothing is corrected, so
photos and words meet with no training at all. look keeps what has no word: the details, stretched
along what tells products apart and shrunk along what differs between two photos of one product. The
details are the tower's features, the means of its last stages, which know texture, both of the
whole photo and of its middle enlarged, the same from these stages tuned on product photos, and the
colours of both looks, which ImageNet has taught the tower to overlook. The thousand words keep to
the stages as they were. Two photos are compared by meaning and look, a photo and words by meaning
alone.

Trained values come from assets/weights/clip-lite.safetensors (assets/training/image.py makes it).
On a processor clip_lite_compiled.py takes the place of open_clip's class. Knows nothing of labels,
calibration or entries.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, cast

import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, interpolate, normalize, pad

from mm_support.errors import WeightsError
from mm_support.fast_init import without_random_weights
from mm_support.paths import WEIGHTS
from mm_support.torchvision_shim import prepare_torchvision
from mm_support.weights import package_weights

if TYPE_CHECKING:
    from open_clip import CustomTextCLIP
    from timm.models import EfficientNet

NAME = "clip-lite"
TOWER, READER = "efficientnet-lite2", "all-MiniLM-L6-v2"
TRAINED = WEIGHTS / "clip-lite.safetensors"
SIZE = 288  # pixels; photos are squeezed into a square, so that nothing is cut off
MIDDLE = slice(43, 244)  # pixels; 70 % of each side, where the product mostly is
FEATURES, CLASSES, MEANING = 1280, 1000, 384
STAGES = (88, 120, 208, 352)  # channels of the tower's last stages
# stages from here on, counted from 0, are there twice: as they were, and tuned on product photos
TUNED = 4
MAPS = (STAGES[0], 18, 18)  # what they are given
TRUNK = "trunk."  # before the names of what tuning changed, in the file of trained values
BINS = (4, 8, 8)  # of lightness, red against green, yellow against blue
RANGES = ((0.0, 1.0), (-0.5, 0.7), (-0.5, 0.9))  # that the bins cover
COLOUR_SHARE = 0.4  # weight of a histogram's root beside the unit vectors of the stages
COLOURS = BINS[0] * BINS[1] * BINS[2]
DETAILS = FEATURES + sum(STAGES) + 2 * COLOURS  # without tuned stages; with them more
MEANING_SHARE = 0.6
LOOK_SHARE = (1 - MEANING_SHARE**2) ** 0.5
MAX_TOKENS = 64
PREPROCESSING = {"size": SIZE, "mean": (0.5,) * 3, "std": (0.5,) * 3, "resize_mode": "squash"}
HEAD_VALUES = ("class_words", "mean", "stretch", "correction")  # trained values of the head
CLASSIFIER = ("classifier.weight", "classifier.bias")  # values of the head in the tower's file
UNTRAINED = {"scale": 30.0, "none": 0.3}  # calibration of labels before any training


class Parts(NamedTuple):
    """What an image encoder is made of. preprocessing: keywords of open_clip's PreprocessCfg.
    scale, none: calibration of the cosine between a photo and a word (image.Calibration).
    """

    model: CustomTextCLIP
    tokenize: Callable[[Sequence[str]], Tensor]
    preprocessing: dict
    scale: float
    none: float


class Visual(nn.Module):
    """The image side: a timm EfficientNet, stage by stage, then the head. tuned: the trunk with its
    last stages tuned on product photos.
    """

    def __init__(self, trunk: EfficientNet, head: Head, tuned: EfficientNet | None = None) -> None:
        super().__init__()
        self.trunk, self.tuned, self.head = trunk, tuned, head

    def forward(self, pixels: Tensor) -> Tensor:
        """pixels: (n, 3, SIZE, SIZE) in -1..1 -> (n, 384 + d) unit rows, float32."""
        return self.head(*self.look_at(pixels))

    def look_at(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        """(n, 1280) features, at least 0, and (n, details): means of the whole and its middle."""
        close, shades = self.lower(middle(pixels)), colours(pixels.float())
        return self.compare(self.lower(pixels), close, shades)

    def compare(self, whole: Tensor, close: Tensor, colours: Tensor) -> tuple[Tensor, Tensor]:
        """`look_at` from the lower stages' maps of both looks, (n, *MAPS) each, and colours."""
        return joined(self.seen(whole), self.seen(close), colours)

    def seen(self, maps: Tensor) -> Tensor:
        """(n, *MAPS) -> (n, 1280 + d) of one look: features, then the roots of all stages."""
        tuned = [] if self.tuned is None else upper(self.tuned, maps)[1:]
        return torch.cat([*upper(self.trunk, maps), *tuned], dim=-1)

    def lower(self, pixels: Tensor) -> Tensor:
        """The stages that are never tuned: (n, *MAPS)."""
        maps = self.trunk.bn1(self.trunk.conv_stem(pixels))
        for stage in list(self.trunk.blocks.children())[:TUNED]:
            maps = stage(maps)
        return maps


def joined(whole: Tensor, close: Tensor, colours: Tensor) -> tuple[Tensor, Tensor]:
    """Two looks, (n, 1280 + d) each, and the colours (n, 512) -> features and details."""
    mean = (whole + close) / 2
    details = torch.cat([mean[:, FEATURES:], COLOUR_SHARE * colours], dim=-1)
    return mean[:, :FEATURES], details


def upper(trunk: EfficientNet, maps: Tensor) -> list[Tensor]:
    """(n, *MAPS) -> (n, 1280) features, their roots, and those of the last stages (n, channels)."""
    found = [maps.float().mean((2, 3))]
    for stage in list(trunk.blocks.children())[TUNED:]:
        maps = stage(maps)
        found.append(maps.float().mean((2, 3)))
    features = trunk.bn2(trunk.conv_head(maps)).float().mean((2, 3))
    return [features, *map(rooted, (features, *found))]


def middle(pixels: Tensor) -> Tensor:
    """The middle of photos, enlarged to their size."""
    close = pixels[..., MIDDLE, MIDDLE].float()
    return interpolate(close, (SIZE, SIZE), mode="bicubic", antialias=True).to(pixels.dtype)


def rooted(rows: Tensor) -> Tensor:
    """Signed square roots, so that the few largest values do not outweigh all others; unit rows."""
    return normalize(rows.sign() * rows.abs().sqrt(), dim=-1)


def colours(pixels: Tensor) -> Tensor:
    """(n, 3, SIZE, SIZE) in -1..1 -> (n, 512) roots of the histograms of photo and middle."""
    small = (avg_pool2d(pixels, SIZE // 48) + 1) / 2
    quarter = small.shape[-1] // 4
    inner = small[:, :, quarter:-quarter, quarter:-quarter]
    return torch.cat([_histogram(small), _histogram(inner)], dim=-1).sqrt()


def _histogram(pixels: Tensor) -> Tensor:
    """Share of the pixels (n, 3, h, w) in each bin: (n, 256)."""
    red, green, blue = pixels.flatten(2).unbind(1)
    opponents = (red + green + blue) / 3, red - green, (red + green) / 2 - blue
    index = torch.zeros_like(red, dtype=torch.long)
    for values, (low, high), bins in zip(opponents, RANGES, BINS):
        place = ((values - low) / (high - low) * bins).long()
        index = index * bins + place.clamp(0, bins - 1)
    counts = pixels.new_zeros(len(pixels), COLOURS)
    return counts.scatter_add_(1, index, torch.ones_like(red)) / red.shape[1]


class Head(nn.Module):
    """What the tower saw -> meaning and look. Starts untrained; `class_words` must be set."""

    def __init__(self, details: int = DETAILS, look: int = DETAILS) -> None:
        super().__init__()
        self.classifier = nn.Linear(FEATURES, CLASSES)
        self.class_words = nn.Parameter(torch.zeros(CLASSES, MEANING))
        self.mean = nn.Parameter(torch.zeros(details))
        self.stretch = nn.Parameter(torch.eye(details, look))
        self.correction = nn.Parameter(torch.zeros(details, MEANING))

    def forward(self, features: Tensor, details: Tensor) -> Tensor:
        """features: (n, 1280), details: (n, details) -> (n, 384 + d) unit rows, float32."""
        details = details - self.mean
        meaning = self.consensus(features) + details @ self.correction
        look = LOOK_SHARE * normalize(details @ self.stretch, dim=-1)
        return torch.cat([MEANING_SHARE * normalize(meaning, dim=-1), look], dim=-1)

    def consensus(self, features: Tensor) -> Tensor:
        """(n, 1280) -> (n, 384) unit rows: what the thousand classes say together."""
        return normalize(self.classifier(features).softmax(-1) @ self.class_words, dim=-1)


class OnlyMeaning(nn.Module):
    """MiniLM's vector, and zeros where a photo has its look."""

    def __init__(self, look: int) -> None:
        super().__init__()
        self.look = look

    def forward(self, words: Tensor) -> Tensor:
        """(n, 384) -> (n, 384 + look) unit rows, float32."""
        return pad(normalize(words.float(), dim=-1), (0, self.look))


def build_clip_lite(cache_dir: Path, trained: bool = True) -> Parts:
    """The model in evaluation mode, float32. trained: False for the start of a training, where
    class_words are to be set.

    Raises WeightsError where weights are missing or damaged.
    """
    values = trained_values() if trained else {}
    prepare_torchvision()
    from safetensors.torch import load_file
    from transformers import AutoTokenizer

    reader = package_weights(READER, cache_dir)
    tower = load_file(package_weights(TOWER, cache_dir) / "model.safetensors")
    tokenizer = AutoTokenizer.from_pretrained(reader)

    def tokenize(words: Sequence[str]) -> Tensor:
        return tokenizer(
            list(words), padding=True, truncation=True, max_length=MAX_TOKENS, return_tensors="pt"
        ).input_ids

    model, visual = assemble(reader, tower, values)
    fold_batch_norms(visual.trunk)
    names = [name for name in values if name.startswith(TRUNK)]
    changed = {name.removeprefix(TRUNK): values[name] for name in names}
    visual.tuned = tuned_trunk(visual.trunk, changed)
    return Parts(model, tokenize, PREPROCESSING, *calibration_of(values))


def calibration_of(values: dict[str, Tensor]) -> tuple[float, float]:
    """scale, none: as of Parts."""
    scale, none = (float(values.get(name, start)) for name, start in UNTRAINED.items())
    return scale, none


def trained_values() -> dict[str, Tensor]:
    """Raises WeightsError for a file that is missing or damaged."""
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        return load_file(TRAINED)
    except (OSError, SafetensorError) as exc:
        raise WeightsError(
            f"{TRAINED} is missing or damaged; restore it from the repository."
        ) from exc


def dim() -> int:
    """The length of the trained model's vectors, by its file's header alone."""
    from safetensors import safe_open

    if not TRAINED.is_file():
        return MEANING + DETAILS
    with safe_open(TRAINED, "pt") as values:
        return MEANING + values.get_slice("stretch").get_shape()[1]


def assemble(
    reader: Path, tower: dict[str, Tensor], values: dict[str, Tensor]
) -> tuple[CustomTextCLIP, Visual]:
    """The model, and its image side. tower: timm's tf_efficientnet_lite2; values: trained ones."""
    prepare_torchvision()
    from open_clip import CLIPTextCfg, CLIPVisionCfg, CustomTextCLIP
    from safetensors.torch import load_file

    vision = CLIPVisionCfg(
        timm_model_name="tf_efficientnet_lite2", timm_pool="avg", timm_proj="none", image_size=SIZE
    )
    text = CLIPTextCfg(
        hf_model_name=str(reader),
        hf_model_pretrained=False,
        hf_proj_type=None,  # type: ignore[arg-type]  # None is what HFTextEncoder asks for
        hf_pooler_type="mean_pooler",
    )
    with without_random_weights():
        model = CustomTextCLIP(embed_dim=MEANING, vision_cfg=vision, text_cfg=text).eval()
    head = head_of(tower, values)
    visual = Visual(cast("EfficientNet", model.visual.trunk), head)
    model.add_module("visual", visual)
    model.text.add_module("proj", OnlyMeaning(head.stretch.shape[1]))
    read = load_file(reader / "model.safetensors")
    loaded = model.text.transformer.load_state_dict(read, strict=False)
    assert not loaded.missing_keys, loaded.missing_keys  # its pooler is not used here
    trunk = {name: value for name, value in tower.items() if name not in CLASSIFIER}
    visual.trunk.load_state_dict(trunk)
    return model.requires_grad_(False), visual


def head_of(tower: Mapping[str, Tensor], values: dict[str, Tensor]) -> Head:
    """The head with the tower's classifier and, where there are any, trained values."""
    head = Head(*values["stretch"].shape) if values else Head()
    known = {name: value for name, value in values.items() if name in HEAD_VALUES}
    classifier = {name: tower[name] for name in CLASSIFIER}
    head.load_state_dict({**classifier, **known}, strict=False)
    return head.requires_grad_(False)


def tuned_trunk(trunk: EfficientNet, differences: dict[str, Tensor]) -> EfficientNet | None:
    """A copy of a trunk, batch norms folded, with what tuning changed of it, if anything."""
    if not differences:
        return None
    tuned = copy.deepcopy(trunk)
    parameters = dict(tuned.named_parameters())
    for name, value in differences.items():
        parameters[name].data += value.to(parameters[name])
    return tuned


def fold_batch_norms(trunk: EfficientNet) -> None:
    """Multiplies each frozen batch norm into the convolution before it: half the time."""
    _fold(trunk, "conv_stem", "bn1")
    _fold(trunk, "conv_head", "bn2")
    for block in (block for stage in trunk.blocks.children() for block in stage.children()):
        widens = hasattr(block, "conv_pwl")  # it has one convolution more
        names = ("conv_pw", "conv_dw", "conv_pwl") if widens else ("conv_dw", "conv_pw")
        for number, name in enumerate(names, start=1):
            _fold(block, name, f"bn{number}")


def _fold(parent: nn.Module, convolution: str, norm: str) -> None:
    conv, bn = getattr(parent, convolution), getattr(parent, norm)
    conv.weight, conv.bias = nn.utils.fuse_conv_bn_weights(
        conv.weight, conv.bias, bn.running_mean, bn.running_var, bn.eps, bn.weight, bn.bias
    )
    setattr(parent, norm, bn.act)
