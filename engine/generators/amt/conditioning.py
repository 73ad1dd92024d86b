"""What the chord model may be told about a slot: groups of numbers, each with a mask bit.

A slot is a half bar: two beats in duple metre; in triple metre, where a bar has no half on the
beat, the whole bar of three beats. Every group may be unknown: its numbers are 0 then, and so is
its bit. The vector is all numbers in the order of `GROUPS`, then all bits:

========== ===== ==============================================================================
group      width numbers
========== ===== ==============================================================================
valence    1     -1..1
arousal    1     -1..1
density    1     log2(1 + x) / 3 of the note onsets per beat x (chord notes struck together: 1)
loudness   1     0..1, mean velocity / 127
motion     1     0..1, how much the accompaniment's rhythm and register (or the picture) changes
since      2     slots since the last boundary: log2(1 + x) / 6, at most 1; 1 at the boundary
until      2     slots until the next one, likewise; 1 in the slot right before it
energy     1     0..1, energy of the section as a whole (loudness and density)
mode       1     1 major, -1 minor
tempo      1     log2(beats per minute / 96), -1.5..1.5
phase      3     one-hot: first half of the bar, second half, whole bar (triple metre)
semantic   32    principal components of the CLIP ViT-L/14@336 embedding, z-scored, -3..3
========== ===== ==============================================================================
"""

from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Final

import numpy as np

from engine.errors import InputError
from engine.music.keys import KeyMode

__all__ = [
    "GROUPS",
    "MASKS",
    "N_GROUPS",
    "SEMANTIC_LENGTHS",
    "SLICES",
    "UNKNOWN",
    "VALUES_WIDTH",
    "WIDTH",
    "Conditioning",
    "encode_group",
    "project_semantic",
    "score_components",
    "slots_per_bar",
    "to_vector",
]

GROUPS: Final[dict[str, int]] = {
    "valence": 1,
    "arousal": 1,
    "density": 1,
    "loudness": 1,
    "motion": 1,
    "since": 2,
    "until": 2,
    "energy": 1,
    "mode": 1,
    "tempo": 1,
    "phase": 3,
    "semantic": 32,
}
"""Group → how many numbers it has, in the order of the vector."""

N_GROUPS: Final = len(GROUPS)
VALUES_WIDTH: Final = sum(GROUPS.values())
WIDTH: Final = VALUES_WIDTH + N_GROUPS
"""Length of the vector: numbers, then one bit per group."""


def _slices() -> dict[str, slice]:
    places, start = {}, 0
    for name, width in GROUPS.items():
        places[name] = slice(start, start + width)
        start += width
    return places


SLICES: Final[dict[str, slice]] = _slices()
"""Group → where its numbers are in the vector."""
MASKS: Final[dict[str, int]] = {name: VALUES_WIDTH + i for i, name in enumerate(GROUPS)}
"""Group → where its mask bit is in the vector."""

SEMANTIC_LENGTHS: Final = (512, 768)
"""Lengths of the CLIP embeddings that are taken: ViT-B, which says nothing here, and ViT-L."""
_SEMANTIC_LIMIT = 3.0
_TEMPO_CENTRE_BPM = 96.0
_TEMPO_LIMIT = 1.5


_RANGES: Final = (
    ("valence", -1.0, 1.0),
    ("arousal", -1.0, 1.0),
    ("onset_density", 0.0, 64.0),
    ("loudness", 0.0, 1.0),
    ("motion", 0.0, 1.0),
    ("slots_since_boundary", 0.0, np.inf),
    ("slots_until_boundary", 0.0, np.inf),
    ("section_energy", 0.0, 1.0),
)


@dataclass(frozen=True, slots=True)
class Conditioning:
    """What is known about one slot; None where nobody knows.

    Attributes
    ----------
    valence, arousal : float or None
        In [-1, 1].
    onset_density : float or None
        Note onsets per beat, 0..64.
    loudness, motion, section_energy : float or None
        In [0, 1].
    slots_since_boundary, slots_until_boundary : float or None
        Slots since the last and until the next cut or section line, >= 0.
    mode : {'maj', 'min'} or None
        Of the key.
    tempo_bpm : float or None
        Beats per minute, > 0.
    slot_in_bar : int or None
        0 first, 1 second half of the bar.
    slots_per_bar : int
        2 in duple, 1 in triple metre, see `slots_per_bar`.
    semantic : tuple of float
        CLIP embedding, one of `SEMANTIC_LENGTHS` long; empty if there is none. The components were
        learned with ViT-L: other embeddings leave the group unknown.
    """

    valence: float | None = None
    arousal: float | None = None
    onset_density: float | None = None
    loudness: float | None = None
    motion: float | None = None
    slots_since_boundary: float | None = None
    slots_until_boundary: float | None = None
    section_energy: float | None = None
    mode: KeyMode | None = None
    tempo_bpm: float | None = None
    slot_in_bar: int | None = None
    slots_per_bar: int = 2
    semantic: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        for name, low, high in _RANGES:
            value = getattr(self, name)
            if value is not None and not low <= value <= high:
                raise InputError(f"{name} must be {low:g}..{high:g}; got {value}")
        if self.tempo_bpm is not None and not 0 < self.tempo_bpm < np.inf:
            raise InputError(f"tempo_bpm must be above 0; got {self.tempo_bpm}")
        if self.slots_per_bar not in (1, 2):
            raise InputError(f"slots_per_bar must be 1 or 2; got {self.slots_per_bar}")
        if self.slot_in_bar is not None and not 0 <= self.slot_in_bar < self.slots_per_bar:
            raise InputError(
                f"slot_in_bar must be 0..{self.slots_per_bar - 1}; got {self.slot_in_bar}"
            )


UNKNOWN: Final = Conditioning()
"""Nothing is known."""


def slots_per_bar(beats_per_bar: int) -> int:
    """Return how many slots a bar has: one where its beats come in threes, else two."""
    return 1 if beats_per_bar % 3 == 0 and beats_per_bar % 2 else 2


def encode_group(name: str, raw: np.ndarray) -> np.ndarray:
    """Turn what is measured into a group's numbers.

    Parameters
    ----------
    name : str
        A group of `GROUPS` other than ``semantic``.
    raw : array, shape (n,)
        Valence, arousal, loudness, motion, energy as they are; onsets per beat; slots since or
        until; mode as 1 or -1; beats per minute; phase as 0 first, 1 second half, 2 whole bar.

    Returns
    -------
    float32 array, shape (n, GROUPS[name])
    """
    x = np.asarray(raw, np.float64)
    if name == "density":
        columns = [np.log2(1.0 + x) / 3.0]
    elif name in ("since", "until"):
        near = x <= 0.0 if name == "since" else x <= 1.0
        columns = [np.minimum(np.log2(1.0 + x) / 6.0, 1.0), near.astype(float)]
    elif name == "tempo":
        columns = [np.clip(np.log2(x / _TEMPO_CENTRE_BPM), -_TEMPO_LIMIT, _TEMPO_LIMIT)]
    elif name == "phase":
        columns = [(x == place).astype(float) for place in range(GROUPS["phase"])]
    else:
        columns = [x]
    return np.stack(columns, -1).astype(np.float32)


@lru_cache(maxsize=1)
def _clip() -> tuple[np.ndarray, np.ndarray, np.ndarray, float]:
    """Mean (768,), components (768, 32), their deviations (32,), and the usual length."""
    path = files("presets") / "models" / "amt_clip.npz"
    with path.open("rb") as stream, np.load(stream, allow_pickle=False) as stored:
        mean, matrix, spread = (
            stored[name].astype(np.float32) for name in ("mean", "components", "spread")
        )
        return mean, matrix, spread, float(stored["length"])


def score_components(components: np.ndarray) -> np.ndarray:
    """Return principal components (..., 32 or more) as the group has them, (..., 32)."""
    spread = _clip()[2]
    scores = components[..., : len(spread)] / spread
    return np.asarray(np.clip(scores, -_SEMANTIC_LIMIT, _SEMANTIC_LIMIT), np.float32)


def project_semantic(embedding: np.ndarray) -> np.ndarray:
    """Project CLIP ViT-L/14@336 embeddings to the group's numbers; their length does not count.

    Parameters
    ----------
    embedding : array, shape (..., 768)

    Returns
    -------
    float32 array, shape (..., 32)
        Principal components over the training videos of MuVi-Sync, z-scored, in -3..3.

    Raises
    ------
    InputError
        The embedding has another length.
    """
    vectors = np.asarray(embedding, np.float32)
    mean, matrix, _, length = _clip()
    if vectors.shape[-1] != len(mean):
        raise InputError(f"semantic must have {len(mean)} numbers; got {vectors.shape[-1]}")
    norm = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return score_components((vectors * (length / np.maximum(norm, 1e-9)) - mean) @ matrix)


def to_vector(known: Conditioning) -> np.ndarray:
    """Return the vector of a slot, float32, shape (WIDTH,).

    Raises
    ------
    InputError
        The semantic embedding has a length that is not taken.
    """
    phase = None
    if known.slot_in_bar is not None:
        phase = known.slot_in_bar if known.slots_per_bar == 2 else 2
    mode = None if known.mode is None else (1.0 if known.mode == "maj" else -1.0)
    given = {
        "valence": known.valence,
        "arousal": known.arousal,
        "density": known.onset_density,
        "loudness": known.loudness,
        "motion": known.motion,
        "since": known.slots_since_boundary,
        "until": known.slots_until_boundary,
        "energy": known.section_energy,
        "mode": mode,
        "tempo": known.tempo_bpm,
        "phase": phase,
    }
    vector = np.zeros(WIDTH, np.float32)
    for name, value in given.items():
        if value is not None:
            vector[SLICES[name]] = encode_group(name, np.array([value]))[0]
            vector[MASKS[name]] = 1.0
    if known.semantic and len(known.semantic) not in SEMANTIC_LENGTHS:
        allowed = " or ".join(str(length) for length in SEMANTIC_LENGTHS)
        raise InputError(f"semantic must have {allowed} numbers; got {len(known.semantic)}")
    if len(known.semantic) == SEMANTIC_LENGTHS[-1]:
        vector[SLICES["semantic"]] = project_semantic(np.array(known.semantic))
        vector[MASKS["semantic"]] = 1.0
    return vector
