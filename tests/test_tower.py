"""Tuning of clip-lite's tower, on a tower of two small layers: what changes, what stays, and that a
run goes on.
"""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from assets.training import tower
from mm_support.device import Device
from mm_support.encode import clip_lite

CPU = Device(torch.device("cpu"), torch.float32, "test")
CHANNELS, PHOTOS = 6, 96


class Head(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.classifier = nn.Linear(8, 5)


def visual() -> clip_lite.Visual:
    torch.manual_seed(0)
    trunk = nn.Module()
    trunk.conv_stem, trunk.bn1, trunk.bn2 = nn.Conv2d(3, CHANNELS, 1), nn.Identity(), nn.ReLU()
    trunk.blocks = nn.ModuleList(
        [
            *(nn.Identity() for _ in range(clip_lite.TUNED)),
            nn.Sequential(nn.Conv2d(CHANNELS, CHANNELS, 1), nn.ReLU()),
        ]
    )
    trunk.conv_head = nn.Conv2d(CHANNELS, 8, 1)
    return clip_lite.Visual(trunk, Head()).requires_grad_(False)


def photos() -> tuple[tower.Maps, np.ndarray]:
    """Two products that differ a little in two channels and vary a lot in the others; the last ones
    are not learned from.
    """
    rng = np.random.default_rng(0)
    product = np.arange(PHOTOS) % 2
    rows = rng.normal(size=(tower.VIEWS, PHOTOS, CHANNELS, 2, 2)) * 2
    rows[:, :, :2] = rows[:, :, :2] / 6 + np.where(product, 1.0, -1.0)[None, :, None, None, None]
    views = list(rows.astype(np.float16))
    return tower.Maps(views[0], views[0], views, np.zeros((PHOTOS, 512))), product


def roots_of(seen: clip_lite.Visual, rows: np.ndarray) -> np.ndarray:
    with torch.no_grad():
        return clip_lite.upper(seen.trunk, torch.from_numpy(rows.astype(np.float32)))[1].numpy()


def apart(roots: np.ndarray, product: np.ndarray) -> float:
    """Distance of the products' means, measured by how much photos vary along it (Fisher's
    criterion).
    """
    along = roots @ (roots[product == 1].mean(0) - roots[product == 0].mean(0))
    return abs(along[product == 1].mean() - along[product == 0].mean()) / (
        along[product == 1].std() + along[product == 0].std()
    )


def tuned(tmp_path: Path, epochs: int = 6) -> dict[str, torch.Tensor]:
    start, (maps, product) = visual(), photos()
    goal = np.where(np.arange(PHOTOS) < 64, product, -1)
    return tower.tune(
        start, maps, goal, roots_of(start, maps.whole), 0, tmp_path / "run.checkpoint", CPU, epochs
    )


def test_products_get_further_apart_also_on_photos_that_were_not_learned_from(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(tower, "MEAN_STEP", 0.5)
    monkeypatch.setattr(tower, "RATE", 0.02)
    differences = tuned(tmp_path, 30)
    start, (maps, product) = visual(), photos()
    before = roots_of(start, maps.whole[64:])
    after = roots_of(
        clip_lite.Visual(clip_lite.tuned_trunk(start.trunk, differences), start.head),
        maps.whole[64:],
    )
    assert apart(after, product[64:]) > 1.5 * apart(before, product[64:])
    assert np.array_equal(
        roots_of(start, maps.whole[64:]), before
    )  # what ImageNet taught is still there


def test_only_the_last_stages_change(tmp_path):
    names = set(tuned(tmp_path))
    assert names == {
        f"{part}.{kind}"
        for part in (f"blocks.{clip_lite.TUNED}.0", "conv_head")
        for kind in ("weight", "bias")
    }


def test_an_interrupted_run_ends_where_an_uninterrupted_one_does(tmp_path, monkeypatch):
    (tmp_path / "whole").mkdir()
    whole = tuned(tmp_path / "whole")
    rate = tower.Tuning.rate

    def breaking(run: tower.Tuning, step: int, steps: int) -> None:
        if run.epoch == 2:
            raise KeyboardInterrupt
        rate(run, step, steps)

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(tower.Tuning, "rate", breaking)
        tuned(tmp_path)
    again = tuned(tmp_path)
    assert all(torch.equal(again[name], whole[name]) for name in whole)


def test_what_the_lower_stages_made_is_kept_and_goes_on_where_it_was(tmp_path):
    seen, looks = (
        [],
        SimpleNamespace(
            lower=lambda pixels: pixels[:, :1].expand(-1, clip_lite.MAPS[0], -1, -1)[..., :18, :18]
        ),
    )
    paths = [tmp_path / f"{n}.png" for n in range(3)]
    for n, path in enumerate(paths):
        Image.new("RGB", (400, 300), (80 * n, 0, 0)).save(path)

    def prepare(photo: Image.Image) -> torch.Tensor:
        seen.append(photo)
        return torch.full((3, clip_lite.SIZE, clip_lite.SIZE), photo.getpixel((0, 0))[0] / 255)

    first = tower.kept_maps(looks, prepare, paths, tmp_path / "maps", CPU, 0)
    np.testing.assert_allclose(first.whole[:, 0, 0, 0], [0, 80 / 255, 160 / 255], atol=1e-3)
    assert len(first.views) == tower.VIEWS and first.colours.shape == (3, 512)
    assert not np.array_equal(first.views[0], first.views[1])
    seen.clear()
    (tmp_path / "maps" / "view-1.npy").unlink()
    again = tower.kept_maps(looks, prepare, paths, tmp_path / "maps", CPU, 0)
    assert not seen and np.array_equal(again.views[1], first.views[1])
