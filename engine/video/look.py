"""How one small picture looks: light, colour, and a signature by which cuts are found.

Signatures are soft-binned, so that a fade moves them a little at every frame where hard bins
would jump.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

__all__ = ["HEIGHT", "WIDTH", "Look", "Small", "distance", "look_at"]

WIDTH: Final = 64
HEIGHT: Final = 36

Small = NDArray[np.uint8]
"""A picture reduced to RGB, shape (36, 64, 3)."""

_LUMA: Final = np.array([0.2126, 0.7152, 0.0722], np.float32)  # ITU-R BT.709
_WARMEST: Final = np.pi / 6.0  # orange, the warmest hue
_HUES: Final = 12
_LEVELS: Final = np.arange(1, 16, dtype=np.float32) / 16.0
_BLOCK: Final = 4  # pixels; layout is compared on 16 × 9 blocks, blind to small movements


@dataclass(frozen=True, slots=True)
class Look:
    """Light and colour of a picture, and its signature.

    Attributes
    ----------
    brightness, saturation, warmth : float
        As in `engine.video.state.VideoState`.
    light : ndarray
        Share of pixels darker than each of 15 levels, float32, shape (15,).
    hues : ndarray
        Chroma in each of 12 hue bins, and what is grey, float32, shape (13,), sum 1.
    layout : ndarray
        Mean colour of each block in [0, 1], float32, shape (9, 16, 3).
    """

    brightness: float
    saturation: float
    warmth: float
    light: NDArray[np.float32]
    hues: NDArray[np.float32]
    layout: NDArray[np.float32]


def look_at(small: Small) -> Look:
    """Describe a small picture."""
    rgb = small.reshape(-1, 3).astype(np.float32) / 255.0
    luma = rgb @ _LUMA
    high, low = rgb.max(1), rgb.min(1)
    chroma = high - low
    saturation = chroma / np.maximum(high, 1e-6)
    hue = _hue(rgb, high, chroma)
    place = hue * (_HUES / (2.0 * np.pi))
    lower = np.floor(place).astype(np.intp)
    share = place - lower
    below = np.bincount(lower % _HUES, chroma * (1.0 - share), _HUES + 1)
    above = np.bincount((lower + 1) % _HUES, chroma * share, _HUES + 1)
    hues = (below + above) / rgb.shape[0]
    hues[_HUES] = 1.0 - hues.sum()
    # Each level is a ramp of one bin's width around it.
    light = np.clip((_LEVELS - luma[:, None]) * 16.0 + 0.5, 0.0, 1.0).mean(0)
    blocks = rgb.reshape(HEIGHT // _BLOCK, _BLOCK, WIDTH // _BLOCK, _BLOCK, 3).mean((1, 3))
    return Look(
        brightness=float(luma.mean()),
        saturation=float(saturation.mean()),
        warmth=float(np.mean(chroma * np.cos(hue - _WARMEST))),
        light=light.astype(np.float32),
        hues=hues.astype(np.float32),
        layout=blocks,
    )


def _hue(
    rgb: NDArray[np.float32], high: NDArray[np.float32], chroma: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Return HSV hue [radians, 0..2π); 0 where there is none."""
    red, green, blue = rgb[:, 0], rgb[:, 1], rgb[:, 2]
    safe = np.maximum(chroma, 1e-6)
    sextant = np.where(
        high == red,
        (green - blue) / safe,
        np.where(high == green, (blue - red) / safe + 2.0, (red - green) / safe + 4.0),
    )
    return np.asarray((sextant * (np.pi / 3.0)) % (2.0 * np.pi), np.float32)


def distance(one: Look, other: Look) -> float:
    """Return how different two pictures look, 0..about 2.

    The sum of three: light (Wasserstein distance of the luma distributions), colour (half the
    sum of absolute differences of the hue shares) and layout (mean absolute difference of the
    blocks). Pictures of one shot lie below about 0.1, those of two shots above 0.2.
    """
    light = float(np.abs(one.light - other.light).mean())
    hues = 0.5 * float(np.abs(one.hues - other.hues).sum())
    layout = float(np.abs(one.layout - other.layout).mean())
    return light + hues + layout
