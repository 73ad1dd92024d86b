"""MuVi-Sync as prepared songs: a slot is a second there, without metre or tempo.

Conditioning: valence and arousal as the expectation over the six emotions, motion, seconds since
and until the cuts, the mode, and the CLIP components. The sound's loudness and density are not
included: the regressor of `export_onnx.amt.paper_dynamics` predicts them.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from export_onnx.amt.correspondence import EMOTIONS, PLACES
from export_onnx.amt.songs import RAW_GROUPS, Song, no_pictures
from export_onnx.datasets import read_items
from export_onnx.datasets.muvisync import MuviSong, load_muvisync

__all__ = ["MOTION_SCALE", "picture_song", "read_videos"]

MOTION_SCALE = 10.0
"""Mean difference of neighbouring frames, 0..255, that counts as half of all motion."""


def _until(since: np.ndarray) -> np.ndarray:
    """Seconds until the next cut, from those since the last; the end counts as one."""
    until = np.zeros(len(since))
    ahead = 0.0
    for second in range(len(since) - 1, -1, -1):
        ahead += 1.0
        until[second] = ahead
        if since[second] < 1.0:
            ahead = 0.0
    return until


def picture_song(song: MuviSong, longest_s: int | None = None) -> Song:
    """Return a song of MuVi-Sync, or its beginning, as the chord model learns it."""
    whole = _whole_song(song)
    rows = ("chord", "shift", "raw", "texture", "semantic")
    return replace(whole, **{name: getattr(whole, name)[:longest_s] for name in rows})


def _whole_song(song: MuviSong) -> Song:
    n = len(song.chord)
    columns = {"mode": np.full(n, -1.0 if song.minor else 1.0)}
    trust = 0.0
    if song.emotion is not None:
        places = song.emotion @ np.array([PLACES[name] for name in EMOTIONS])
        columns["valence"], columns["arousal"] = places.T
        trust = 1.0
    if song.motion is not None:
        columns["motion"] = song.motion / (song.motion + MOTION_SCALE)
    if song.scene is not None:
        columns["since"], columns["until"] = song.scene, _until(song.scene)
    unknown = np.full(n, np.nan)
    raw = np.column_stack([columns.get(name, unknown) for name in RAW_GROUPS])
    return Song(
        dataset="muvisync",
        name=song.number,
        group=song.number,
        chord=song.chord.astype(np.int16),
        shift=np.zeros(n, np.int8),
        raw=raw.astype(np.float32),
        trust=np.full(2, trust, np.float32),
        texture=np.zeros((n, 3), np.float32),
        semantic=no_pictures(n) if song.semantic is None else song.semantic.astype(np.float16),
        complete=True,
    )


def read_videos(data: Path, split: str) -> Sequence[Song]:
    """Read a split of ``DATA/muvisync``.

    Raises
    ------
    InputError
        It is missing or unreadable.
    """
    return [picture_song(load_muvisync(i)) for i in read_items(data, (split,), ("muvisync",))]
