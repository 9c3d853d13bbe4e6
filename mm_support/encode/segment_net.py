"""The network behind encode/segments.py: a small fully convolutional finder of seven-segment
characters.

For every cell of a grid four times coarser than the photo it says whether a character's centre is
there, how large and how tilted the character is, and which of its segments are lit. It knows
nothing of glyphs, lines or photos larger than memory.
"""

from __future__ import annotations

import torch
from torch import nn

STRIDE = 4  # pixels of the photo per cell of the grid
UNIT = 16.0  # pixels; the unit of the size outputs
SEGMENTS = 7  # a top, b upper right, c lower right, d bottom, e lower left, f upper left, g middle
MARKS = 2  # a point, a colon behind the character
CHANNELS = 1 + 4 + SEGMENTS + MARKS  # centre; up x, up y, right x, right y; lit segments; marks


def _conv(inputs: int, outputs: int, size: int = 3, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, size, stride, size // 2, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(inplace=True),
    )


class SegmentNet(nn.Module):
    """(n, 3, height, width) RGB in 0..1, sides multiples of 16 -> (n, CHANNELS, height/4, width/4)
    logits and sizes.

    An encoder to stride 16 with two skips back to stride 4 (a U-Net, Ronneberger et al. 2015), read
    out as centre points (CenterNet, Zhou et al. 2019). 0.17 million parameters.
    """

    def __init__(self) -> None:
        super().__init__()
        self.quarter = nn.Sequential(_conv(3, 12, stride=2), _conv(12, 20, stride=2), _conv(20, 20))
        self.eighth = nn.Sequential(_conv(20, 40, stride=2), _conv(40, 40), _conv(40, 40))
        self.sixteenth = nn.Sequential(_conv(40, 64, stride=2), _conv(64, 64), _conv(64, 64))
        self.narrow = nn.ModuleList([_conv(64, 40, size=1), _conv(40, 20, size=1)])
        self.merge = nn.ModuleList([_conv(40, 40), _conv(20, 24)])
        widened, outputs = _conv(24, 40), nn.Conv2d(40, CHANNELS, 1)
        self.read = nn.Sequential(widened, outputs)
        nn.init.constant_(outputs.get_parameter("bias")[:1], -4.0)  # centres are rare

    def forward(self, photo: torch.Tensor) -> torch.Tensor:
        quarter = self.quarter((photo - 0.5) / 0.25)
        eighth = self.eighth(quarter)
        deep = self.narrow[0](self.sixteenth(eighth))
        deep = self.merge[0](eighth + nn.functional.interpolate(deep, scale_factor=2.0))
        deep = self.narrow[1](deep)
        return self.read(self.merge[1](quarter + nn.functional.interpolate(deep, scale_factor=2.0)))
