"""The networks of our own image encoder: EfficientNet-Lite2 sees, MiniLM reads, and both end in one
space.

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
clip_lite_encoder.py makes an encoder of it. Knows nothing of words, labels or entries.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, cast

import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, interpolate, normalize

from mm_support.fast_init import without_random_weights
from mm_support.files import SHIPPED, readable
from mm_support.paths import WEIGHTS
from mm_support.torchvision_shim import prepare_torchvision
from mm_support.weights import package_weights

if TYPE_CHECKING:
    from timm.models import EfficientNet

NAME = "clip-lite"
TOWER = "efficientnet-lite2"
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
HEAD_VALUES = ("class_words", "mean", "stretch", "correction")  # trained values of the head
CLASSIFIER = ("classifier.weight", "classifier.bias")  # values of the head in the tower's file
UNTRAINED = {"scale": 30.0, "none": 0.3}  # calibration of labels before any training


class Visual(nn.Module):
    """The image side: a timm EfficientNet, stage by stage, then the head. tuned: the trunk with its
    last stages tuned on product photos.
    """

    def __init__(self, trunk: EfficientNet, head: Head, tuned: EfficientNet | None = None) -> None:
        super().__init__()
        self.trunk, self.tuned, self.head = trunk, tuned, head

    def forward(self, pixels: Tensor) -> Tensor:
        """pixels: (n, 3, SIZE, SIZE) in -1..1 -> (n, 1280 + d), see `seen`."""
        return self.seen(self.lower(pixels))

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


def build_visual(cache_dir: Path, trained: bool = True) -> Visual:
    """In evaluation mode, float32. trained: False for the start of a training, where class_words
    are to be set.

    Raises WeightsError where weights are missing or damaged.
    """
    values = trained_values() if trained else {}
    prepare_torchvision()
    import timm
    from safetensors.torch import load_file

    tower = load_file(package_weights(TOWER, cache_dir) / "model.safetensors")
    with without_random_weights():
        made = timm.create_model("tf_efficientnet_lite2", num_classes=0)
    trunk = cast("EfficientNet", made.requires_grad_(False))
    trunk.load_state_dict({n: value for n, value in tower.items() if n not in CLASSIFIER})
    fold_batch_norms(trunk)
    changed = {n.removeprefix(TRUNK): values[n] for n in values if n.startswith(TRUNK)}
    return Visual(trunk, head_of(tower, values), tuned_trunk(trunk, changed)).eval()


def calibration_of(values: dict[str, Tensor]) -> tuple[float, float]:
    """scale, none: as of image.Calibration."""
    scale, none = (float(values.get(name, start)) for name, start in UNTRAINED.items())
    return scale, none


def trained_values() -> dict[str, Tensor]:
    """Raises WeightsError for a file that is missing or damaged."""
    from safetensors.torch import load_file

    with readable(TRAINED, SHIPPED):
        return load_file(TRAINED)


def dim() -> int:
    """The length of the trained model's vectors, by its file's header alone."""
    from safetensors import safe_open

    if not TRAINED.is_file():
        return MEANING + DETAILS
    with safe_open(TRAINED, "pt") as values:
        return MEANING + values.get_slice("stretch").get_shape()[1]


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
