"""Tunes the last stages of clip-lite's tower on product photos.

Every photo is seen in a few altered views. What the first stages, which stay as they are, make of
them is kept in files, so that an epoch costs the last stages only. These learn to tell products
apart from pairs of views mixed (Verma et al. 2019) with softened labels (Szegedy et al. 2016),
while their ImageNet probabilities are held near those of the tower as it was (Hinton et al. 2015).
What comes out is the running mean of the weights (Polyak and Juditsky 1992), as differences. Knows
nothing of heads and figures.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, cast

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, dropout, kl_div, linear, normalize

from mm_support.device import Device
from mm_support.encode import clip_lite
from mm_support.files import replacing
from mm_support.inputs.photo import load_photo
from mm_support.torchvision_shim import prepare_torchvision

if TYPE_CHECKING:
    from timm.models import EfficientNet

VIEWS, EPOCHS, BATCH = 4, 8, 32
RATE, HEAD_RATE, WARM_UP = 3e-4, 3e-3, 60  # peaks, reached after so many steps
LARGEST_GRADIENT = 5.0
SHARPNESS = 24.0  # of the cosine classifier
SMOOTHING, DROPPED = 0.1, 0.2  # of labels; of features
MIXED = 0.3  # parameter of the Beta distribution of shares
MEAN_STEP = 0.01  # share of the newest weights in their running mean
LOOKED_AT = 16  # photos at once


@dataclass(frozen=True, eq=False)
class Maps:
    """What the lower stages made of n photos: whole and close (n, *MAPS), float16; views: the same
    of altered ones, VIEWS of them; colours: (n, 512)."""

    whole: np.ndarray
    close: np.ndarray
    views: list[np.ndarray]
    colours: np.ndarray


def kept_maps(
    visual: clip_lite.Visual,
    prepare: Callable,
    paths: Sequence[Path],
    folder: Path,
    device: Device,
    seed: int,
) -> Maps:
    """From the folder where they are there already. prepare: photo -> (3, SIZE, SIZE)."""
    folder.mkdir(parents=True, exist_ok=True)
    alter = altered()

    def kept(
        name: str,
        shape: tuple[int, ...],
        see: Callable[[Path], Tensor],
        make: Callable[[Tensor], Tensor],
    ) -> np.ndarray:
        torch.manual_seed(seed + len(name) + sum(name.encode()))
        return _kept(
            folder / f"{name}.npy", shape, paths, see, lambda pixels: make(pixels.to(device.device))
        )

    def plain(path: Path) -> Tensor:
        return prepare(load_photo(path))

    return Maps(
        kept("whole", clip_lite.MAPS, plain, visual.lower),
        kept("close", clip_lite.MAPS, plain, lambda pixels: visual.lower(clip_lite.middle(pixels))),
        [
            kept(f"view-{n}", clip_lite.MAPS, lambda path: alter(load_photo(path)), visual.lower)
            for n in range(VIEWS)
        ],
        kept("colours", (512,), plain, clip_lite.colours),
    )


def _kept(
    file: Path, shape: tuple[int, ...], paths: Sequence[Path], see: Callable, make: Callable
) -> np.ndarray:
    """(n, *shape) float16, mapped from a file that is there once it is whole."""
    from tqdm import tqdm

    if not file.is_file():
        beside = file.with_suffix(".part")
        rows = np.lib.format.open_memmap(beside, "w+", np.float16, (len(paths), *shape))
        with (
            torch.inference_mode(),
            tqdm(total=len(paths), desc=f"looking, {file.stem}", unit="photo", disable=None) as bar,
        ):
            for start in range(0, len(paths), LOOKED_AT):
                pixels = torch.stack([see(path) for path in paths[start : start + LOOKED_AT]])
                made = make(pixels.contiguous(memory_format=torch.channels_last))
                rows[start : start + LOOKED_AT] = made.cpu().numpy()
                bar.update(len(pixels))
        rows.flush()
        beside.replace(file)
    return np.load(file, mmap_mode="r")


def altered() -> Callable:
    """RGB photo -> (3, SIZE, SIZE) in -1..1: another stance, crop, light and focus, with something
    in front of it.
    """
    prepare_torchvision()
    from torchvision.transforms import v2

    return v2.Compose(
        [
            v2.RandomPerspective(0.25, fill=127),
            v2.RandomRotation([-20, 20], fill=127),
            v2.RandomResizedCrop(
                clip_lite.SIZE, scale=(0.25, 1.0), ratio=(0.7, 1.4), antialias=True
            ),
            v2.RandomHorizontalFlip(),
            v2.ColorJitter(0.4, 0.4, 0.3, 0.03),
            v2.RandomApply([v2.GaussianBlur(7, (0.3, 2.0))], p=0.25),
            v2.ToImage(),
            v2.ToDtype(torch.float32, scale=True),
            v2.Normalize([0.5] * 3, [0.5] * 3),
            v2.RandomErasing(0.3, (0.02, 0.2)),
        ]
    )


def tune(
    visual: clip_lite.Visual,
    maps: Maps,
    product: np.ndarray,
    roots: np.ndarray,
    seed: int,
    checkpoint: Path,
    device: Device,
    epochs: int,
) -> dict[str, Tensor]:
    """What changes of the tower's parameters, by name, on the CPU. A run goes on from its
    checkpoint.

    product: (n,) of each photo, -1 for photos that are not learned from. roots: (n, 1280) of the
    features as they are, where the classifier starts.
    """
    from tqdm import tqdm

    run = Tuning(visual.trunk, visual.head.classifier, product, roots, device)
    if checkpoint.is_file():
        run.restore(torch.load(checkpoint, weights_only=True, map_location=device.device))
    steps = int((product >= 0).sum()) // BATCH
    with tqdm(
        range(run.epoch, epochs),
        initial=run.epoch,
        total=epochs,
        desc="tuning",
        unit="epoch",
        disable=None,
    ) as bar:
        for epoch in bar:
            rng = np.random.default_rng([seed, epoch])
            # of dropout: an epoch is the same in a run that was interrupted before it
            torch.manual_seed(1000 * seed + epoch)
            view = maps.views[epoch % len(maps.views)]
            order = rng.permutation(np.flatnonzero(product >= 0))
            for step in range(steps):
                rows = order[step * BATCH : (step + 1) * BATCH]
                run.rate((epoch * steps + step), epochs * steps)
                loss = run.step(torch.from_numpy(view[rows].astype(np.float32)), rows, rng)
                bar.set_postfix_str(f"step {step + 1}/{steps}, loss {loss:.3f}")
            run.epoch += 1
            with replacing(checkpoint) as beside:
                torch.save(run.state(), beside)
    return run.differences()


class Tuning:
    """The trunk as it was, as it becomes, and the running mean of that; a cosine classifier of
    products; their optimizer.

    classify: (n, 1280) features -> logits of ImageNet's classes.
    """

    def __init__(
        self,
        trunk: EfficientNet,
        classify: nn.Module,
        product: np.ndarray,
        roots: np.ndarray,
        device: Device,
    ) -> None:
        self.epoch = 0
        self._device = device.device
        self._was, self._classify = trunk.to(device.device), classify
        self._tower, self._mean = copy.deepcopy(self._was), copy.deepcopy(self._was)
        learned = np.unique(product[product >= 0])
        middles = np.stack([roots[product == each].mean(axis=0) for each in learned])
        self._row = torch.from_numpy(np.searchsorted(learned, product)).to(device.device)
        self._centre = torch.from_numpy(roots.mean(axis=0)).to(device.device)
        classes = torch.from_numpy(middles).to(device.device) - self._centre
        self._classes = classes.requires_grad_(True)
        stages = list(self._tower.blocks.children())[clip_lite.TUNED :]
        tuned = (*stages, cast(nn.Module, self._tower.conv_head))
        self._tuned = [value for part in tuned for value in part.requires_grad_(True).parameters()]
        groups = [
            {"params": self._tuned, "peak": RATE},
            {"params": [self._classes], "peak": HEAD_RATE},
        ]
        self._optimizer = torch.optim.AdamW(groups, weight_decay=0.0)

    def rate(self, step: int, steps: int) -> None:
        """Sets the learning rates of a step: rising, then falling along a cosine (Loshchilov and
        Hutter 2017).
        """
        for group in self._optimizer.param_groups:
            warm = group["peak"] * min(1.0, (step + 1) / WARM_UP)
            group["lr"] = warm * 0.5 * (1 + math.cos(math.pi * step / steps))

    def step(self, maps: Tensor, rows: np.ndarray, rng: np.random.Generator) -> float:
        """Learns from one batch, maps: (b, *MAPS) of the photos `rows`. Returns the loss."""
        share, other = float(rng.beta(MIXED, MIXED)), rng.permutation(len(rows))
        mixed = (share * maps + (1 - share) * maps[other]).to(self._device)
        mixed = mixed.contiguous(memory_format=torch.channels_last)
        loss = self._loss(mixed, ((share, self._row[rows]), (1 - share, self._row[rows[other]])))
        self._optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(self._tuned, LARGEST_GRADIENT)
        self._optimizer.step()
        with torch.no_grad():
            for mean, now in zip(self._mean.parameters(), self._tower.parameters()):
                mean.lerp_(now, MEAN_STEP)
        return loss.item()

    def _loss(self, maps: Tensor, goals: Sequence[tuple[float, Tensor]]) -> Tensor:
        """Of telling the products in each mix, (share, products) each, and of forgetting what
        ImageNet says of it.
        """
        features, roots, *_ = clip_lite.upper(self._tower, maps)
        with torch.no_grad():
            known = self._classify(clip_lite.upper(self._was, maps)[0]).softmax(-1)
        seen = normalize(dropout(roots - self._centre, DROPPED), dim=-1)
        logits = SHARPNESS * linear(seen, normalize(self._classes, dim=-1))
        told = sum(
            share * cross_entropy(logits, goal, label_smoothing=SMOOTHING) for share, goal in goals
        )
        return told + kl_div(self._classify(features).log_softmax(-1), known, reduction="batchmean")

    def differences(self) -> dict[str, Tensor]:
        was = dict(self._was.named_parameters())
        found = {
            name: (value - was[name]).detach().cpu()
            for name, value in self._mean.named_parameters()
        }
        return {name: value for name, value in found.items() if value.any()}

    def state(self) -> dict:
        return {
            "epoch": self.epoch,
            "tower": self._tower.state_dict(),
            "mean": self._mean.state_dict(),
            "classes": self._classes.detach(),
            "optimizer": self._optimizer.state_dict(),
        }

    def restore(self, state: dict) -> None:
        self.epoch = state["epoch"]
        self._tower.load_state_dict(state["tower"])
        self._mean.load_state_dict(state["mean"])
        self._optimizer.load_state_dict(state["optimizer"])
        with torch.no_grad():
            self._classes.copy_(state["classes"])
