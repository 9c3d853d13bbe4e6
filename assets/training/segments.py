"""Trains the reader of seven-segment displays on patches that are drawn while it learns.

    python -m assets.training.segments --photos FOLDER

Photos only serve as what must not be read; any folder of them does. It knows nothing of whole
photos: encode/segments.py slides the same network over them.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch.nn import functional as F

from assets.training.command import main
from assets.training.segment_patches import Patches
from mm_support import arguments
from mm_support.config import Settings
from mm_support.encode.segment_net import SegmentNet
from mm_support.encode.segments import WEIGHTS
from mm_support.files import replacing


def loss(said: torch.Tensor, target: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    """Focal loss for centres (Lin et al. 2017, as in CenterNet), absolute error for sizes relative
    to the true height, cross-entropy for segments; the latter two where a character's centre is
    near.
    """
    centre, heat = said[:, 0], target[:, 0]
    sure = torch.sigmoid(centre)
    there = (heat == 1).float()
    missed = there * (1 - sure) ** 2 * F.softplus(-centre)
    false = (1 - there) * (1 - heat) ** 4 * sure**2 * F.softplus(centre)
    count = there.sum().clamp(min=1)
    focal = ((missed + false) * weight).sum() / count
    near = heat * (heat > 0.5) * weight
    share = near / near.sum().clamp(min=1)
    height = target[:, 1:3].norm(dim=1, keepdim=True).clamp(min=0.1)
    size = ((said[:, 1:5] - target[:, 1:5]).abs() / height).sum(1)
    bits = F.binary_cross_entropy_with_logits(said[:, 5:], target[:, 5:], reduction="none").sum(1)
    return focal + (share * size).sum() + (share * bits).sum()


def train(
    photos: list[Path],
    minutes: float,
    seed: int,
    out: Path,
    start: Path | None = None,
    batch: int = 24,
) -> None:
    """Trains from nothing, or from the weights in start, for that long, the learning rate falling
    to zero by then, and writes the weights (half precision) with a card beside them."""
    from tqdm import tqdm

    torch.manual_seed(seed)
    net = SegmentNet().train()
    net.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # torch takes it
    if start:
        net.load_state_dict(load_file(start))
    peak = 2.5e-3 if start else 4e-3  # learning rate
    optimizer = torch.optim.AdamW(net.parameters(), lr=peak, weight_decay=1e-4)
    loader = torch.utils.data.DataLoader(
        Patches(photos, seed), batch_size=batch, num_workers=1, prefetch_factor=4
    )
    before = json.loads(start.with_suffix(".json").read_text())["training"] if start else None

    def save(steps: int, minutes: float, loss: float) -> None:
        figures = {"minutes": minutes, "loss": round(loss, 4), "before": before}
        _save(net, out, {"steps": steps, "batch": batch, "seed": seed, **figures})

    begin, average = time.monotonic(), 8.0
    bar = tqdm(loader, mininterval=10, disable=None)
    for step, (photo, target, weight) in enumerate(bar, 1):
        done = (time.monotonic() - begin) / (60 * minutes)
        if done >= 1:
            break
        for group in optimizer.param_groups:
            group["lr"] = peak * min(1.0, step / 100) * 0.5 * (1 + math.cos(math.pi * done))
        average = 0.98 * average + 0.02 * _learn(net, optimizer, photo, target, weight)
        bar.set_postfix_str(f"loss {average:.3f}")
        if step % 100 == 0:
            save(step, round(minutes * done, 1), average)
    save(step, minutes, average)


def _learn(
    net: SegmentNet,
    optimizer: torch.optim.Optimizer,
    photo: torch.Tensor,
    target: torch.Tensor,
    weight: torch.Tensor,
) -> float:
    """One step on a batch as `Patches` gives it: the loss before it."""
    pixels = photo.float().div(255).to(memory_format=torch.channels_last)
    value = loss(net(pixels), target, weight)
    optimizer.zero_grad()
    value.backward()
    torch.nn.utils.clip_grad_norm_(net.parameters(), 5.0)
    optimizer.step()
    return value.item()


def _save(net: SegmentNet, out: Path, training: dict[str, float]) -> None:
    state = {
        name: value.half().contiguous() if value.is_floating_point() else value
        for name, value in net.state_dict().items()
    }
    with replacing(out) as beside:
        save_file(state, beside)
    card = {
        "what": (
            "finds and reads characters of seven-segment displays (mm_support/encode/segments.py)"
        ),
        "trained_by": "python -m assets.training.segments --photos FOLDER",
        "data": (
            "drawn by assets/training/segment_patches.py; photos of GroceryStoreDataset (MIT) as"
            " backgrounds that hold no display"
        ),
        "licence": "as the project",
        "training": training,
    }
    out.with_suffix(".json").write_text(json.dumps(card, indent=2) + "\n")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    existing = arguments.existing
    parser.add_argument("--photos", type=existing, help="folder of photos without displays")
    parser.add_argument("--minutes", type=float, default=50)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--start", type=existing, help="weights to go on from")
    parser.add_argument("--out", type=Path, default=WEIGHTS)


def run(args: argparse.Namespace, settings: Settings) -> int:
    photos = sorted(args.photos.rglob("*.jpg"))[::7][:300] if args.photos else []
    train(photos, args.minutes, args.seed, args.out, args.start)
    return 0


if __name__ == "__main__":
    main(__doc__, add_arguments, run)
