"""Photos and recordings as customers make them: taken at an angle, with glare, in noise, in a room.

Every function draws from the generator it is given, so the same seed gives the same result. Knows
no model and no file.
"""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageFilter

from mm_support.bench.sounds import pink, with_noise
from mm_support.types import SAMPLE_RATE

SIDE = 640  # pixels, longest side
SLANT = 0.12  # how far a corner moves, as a share of the side
CROP = 0.12  # of each side, at most
BLUR = 1.6  # pixels, at most
GLARE = 0.7  # how white a reflection gets, at most
SPEEDS = (0.87, 1.18)  # slower and faster speakers; pitch follows, as between two voices
NOISES = (None, 20.0, 10.0, 5.0, 0.0)  # decibels below the speech; None: a quiet place
ECHO = (0.0, 0.15, 0.4)  # seconds until a room's echo has died down to a thousandth


def snapshot(photo: Image.Image, rng: np.random.Generator) -> Image.Image:
    """A photo of the picture: slanted, cropped, out of focus, with a reflection."""
    photo = photo.convert("RGB")
    photo.thumbnail((SIDE, SIDE))
    photo = slanted(photo, rng)
    width, height = photo.size
    left, top, right, bottom = rng.uniform(0, CROP, 4) * (width, height, width, height)
    photo = photo.crop((int(left), int(top), int(width - right), int(height - bottom)))
    blurred = photo.filter(ImageFilter.GaussianBlur(rng.uniform(0, BLUR)))
    return glaring(blurred, rng)


def slanted(photo: Image.Image, rng: np.random.Generator) -> Image.Image:
    """The picture in perspective: every corner moves a little."""
    import cv2

    corners = np.array([(0, 0), (1, 0), (1, 1), (0, 1)], float)
    moved = (corners + rng.uniform(-SLANT, SLANT, (4, 2))) * photo.size
    points = (corners * photo.size).astype(np.float32), moved.astype(np.float32)
    matrix = cv2.getPerspectiveTransform(*points)  # from the result to the photo
    numbers = matrix.ravel()[:8].tolist()
    return photo.transform(
        photo.size, Image.Transform.PERSPECTIVE, numbers, Image.Resampling.BILINEAR
    )


def glaring(photo: Image.Image, rng: np.random.Generator) -> Image.Image:
    """A soft white spot somewhere on it."""
    height, width, side = photo.height, photo.width, max(photo.size)
    y, x = np.mgrid[0:height, 0:width] / side
    across, down = rng.uniform(0, width / side), rng.uniform(0, height / side)
    distance = (x - across) ** 2 + (y - down) ** 2
    strength, spread = rng.uniform(0, GLARE), rng.uniform(0.05, 0.2)
    white = strength * np.exp(-distance / (2 * spread**2))[..., None]
    pixels = np.asarray(photo, np.float32)
    return Image.fromarray((pixels * (1 - white) + 255 * white).astype(np.uint8))


def recording(speech: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """(n,) float32, 16 kHz -> the same said at another speed, in a room, over noise."""
    speech = at_speed(speech, rng.uniform(*SPEEDS))
    speech = in_room(speech, ECHO[rng.integers(len(ECHO))], rng)
    level = NOISES[rng.integers(len(NOISES))]
    if level is not None:
        rosy = rng.random() < 0.5
        noise = pink(rng, len(speech)) if rosy else rng.normal(0, 1, len(speech))
        speech = with_noise(speech, level, noise)
    return (speech / max(1.0, np.abs(speech).max())).astype(np.float32)


def at_speed(speech: np.ndarray, speed: float) -> np.ndarray:
    places = np.arange(0, len(speech) - 1, speed)
    return np.interp(places, np.arange(len(speech)), speech)


def in_room(speech: np.ndarray, seconds: float, rng: np.random.Generator) -> np.ndarray:
    """With the echo of a room: dying noise as its impulse response (Moorer 1979)."""
    from scipy.signal import fftconvolve

    if seconds == 0:
        return speech
    time = np.arange(int(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    echo = 0.05 * rng.normal(size=len(time)) * np.exp(-np.log(1000) * time / seconds)
    echo[0] = 1.0
    return fftconvolve(speech, echo)[: len(speech)]
