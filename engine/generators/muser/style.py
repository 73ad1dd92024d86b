"""A section's own way of playing, where the emotion leaves it open.

Players differ: few full chords or many single notes, loud and sparse or soft and busy, dry or with
much pedal, the tune well above the rest or not. How much, and what goes together, is learned from
EMOPIA (``performers.json``, written by ``python -m export_onnx performers muser``): each section
draws a player, one who would not be heard as another emotion. Other traits have sizes set by hand.
"""

import json
from dataclasses import dataclass
from functools import cache
from importlib import resources
from math import exp, log, sqrt
from typing import Final

import numpy as np
from numpy.typing import NDArray

from engine.generators.muser.performance import REACH, typical_levels
from engine.music.draws import Draws
from engine.music.form import BARS_PER_PHRASE, PHRASES_PER_SECTION

__all__ = ["Style", "style_of"]

_KEPT: Final = 0.6
"""Part of their variance that stays from section to section."""
_MOST: Final = 2.0
_STAYS: Final = (0.2, 1.0)
_REPEATS: Final = 0.35
_AGAIN: Final = 1.0
_ROLLED: Final = 0.5
_TIDE: Final = 0.3
"""Deviation of the log onsets of two bars from those of their section."""
_TIDE_BARS: Final = 2


@dataclass(frozen=True, slots=True)
class Style:
    """Traits of a section.

    Attributes
    ----------
    numbers : dict of str to float
        Element → what is added to its wanted number; of ``rhythm`` the logarithm.
    spread : float
        Factor on how far lengths lie from their mean [log].
    stays : float
        Chance that the chord of a bar's first half stays for the second.
    repeats : float
        Factor on how faithfully figures come back.
    again : float
        What the tune's note again costs more, or less, than usual [nats].
    lead_s : float
        How much earlier the top note of a chord comes [s].
    rolled : float
        Share of chords that are rolled.
    apart, accent, drift : float
        Factors on how far the notes of a chord part, on the loudness of onsets beside each other,
        and from bar to bar.
    high, long : float
        What an octave above the middle, and an e-fold of length, add to the velocity.
    """

    numbers: dict[str, float]
    spread: float
    stays: float
    repeats: float
    again: float
    lead_s: float
    rolled: float
    apart: float
    accent: float
    drift: float
    high: float
    long: float


@cache
def _players() -> tuple[tuple[str, ...], NDArray[np.float64], NDArray[np.float64]]:
    """Return traits, their planes (traits, 4) and factors (traits, dimensions)."""
    text = (resources.files("engine.generators.muser") / "performers.json").read_text("utf-8")
    rows = json.loads(text)["traits"]
    planes, factors = (np.array([row[part] for row in rows.values()]) for part in (0, 1))
    return tuple(rows), planes, factors


def style_of(beat: int, beats_per_bar: int, valence: float, arousal: float, draws: Draws) -> Style:
    """Return the style of the section that a beat lies in, at a target in [-1, 1]²."""
    section = beat // (beats_per_bar * BARS_PER_PHRASE * PHRASES_PER_SECTION)

    def trait(*where: int) -> float:
        return min(max(draws.normal("style", *where), -_MOST), _MOST)

    names, planes, factors = _players()
    drawn = [
        sqrt(_KEPT) * trait(number) + sqrt(1.0 - _KEPT) * trait(number, section)
        for number in range(factors.shape[1])
    ]
    own = dict(zip(names, (factors @ drawn).tolist(), strict=True))
    levels = typical_levels(valence, arousal)
    valence, arousal = REACH * valence, REACH * arousal
    usual = dict(
        zip(names, (planes @ (1.0, valence, arousal, valence * arousal)).tolist(), strict=True)
    )
    onsets = own["log_onsets"] + usual["log_onsets"] - levels.log_onsets
    notes = own["log_notes"] + usual["log_notes"] - levels.log_notes
    bar = beat // beats_per_bar
    nodes = BARS_PER_PHRASE * PHRASES_PER_SECTION // _TIDE_BARS
    tides = [draws.normal("tide", section * nodes + one) for one in range(nodes)]
    tide = _TIDE * (tides[bar // _TIDE_BARS % nodes] - sum(tides) / nodes)
    low, high = _STAYS
    return Style(
        numbers={
            "rhythm": onsets + tide,
            "texture": (notes - onsets) / log(2.0),
            "duration": own["log_length"] / log(2.0),
            "pitch": own["pitch"],
            "velocity": own["velocity"],
        },
        spread=exp(own["length_spread"] / usual["length_spread"]),
        stays=low + (high - low) * draws.uniform("stays", section),
        repeats=exp(_REPEATS * trait(-1, section)),
        again=_AGAIN * trait(-2, section),
        lead_s=usual["lead_s"] + own["lead_s"],
        rolled=_ROLLED * draws.uniform("rolled", section),
        apart=exp(own["log_apart"] + usual["log_apart"] - planes[names.index("log_apart"), 0]),
        accent=exp(own["accent"] / usual["accent"]),
        drift=exp(own["drift"] / usual["drift"]),
        high=own["high"],
        long=own["long"],
    )
