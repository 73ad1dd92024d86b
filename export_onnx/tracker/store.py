"""Prepared features in memory: what `prepare` wrote, read back for training."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from engine.errors import InputError
from export_onnx.progress import Progress

__all__ = ["TAUGHT", "Clip", "load_clips"]

# Numbers in a teachers' answer: valence, arousal and their weights, four quadrants and their
# weight, nine tags and their weight.
TAUGHT = 19


@dataclass(frozen=True)
class Clip:
    """One prepared rendering.

    Attributes
    ----------
    mel : float16 array, shape (n_hops, frames_per_hop, n_mels)
        Log powers.
    pitch : float16 array, shape (n_hops, n_pitch_bins)
        Log powers.
    labels : float32 array, shape (n_hops, 4)
        Valence, arousal (NaN unknown), chord, key (-1 unknown).
    quadrant : int
        0..3, -1 unknown.
    tags : float32 array, shape (9,), or None
        Shares per tag.
    mean_affect : tuple of float, or None
        Label of the whole piece.
    taught : float32 array, shape (TAUGHT,), or None
        What teachers say of this rendering.
    """

    dataset: str
    name: str
    group: str
    variant: int
    mel: np.ndarray
    pitch: np.ndarray
    labels: np.ndarray
    quadrant: int
    tags: np.ndarray | None
    mean_affect: tuple[float, float] | None
    taught: np.ndarray | None = None

    @property
    def n_hops(self) -> int:
        """Length [hops]."""
        return int(self.mel.shape[0])


def _read(path: Path) -> Clip:
    with np.load(path, allow_pickle=False) as stored:
        meta = json.loads(str(stored["meta"]))
        known = meta["valence"] is not None
        return Clip(
            dataset=meta["dataset"],
            name=meta["name"],
            group=meta["group"],
            variant=meta["variant"],
            mel=stored["mel"],
            pitch=stored["pitch"],
            labels=stored["labels"],
            quadrant=-1 if meta["quadrant"] is None else int(meta["quadrant"]),
            tags=None if meta["tags"] is None else np.asarray(meta["tags"], np.float32),
            mean_affect=(meta["valence"], meta["arousal"]) if known else None,
        )


def load_clips(
    folder: Path, split: str, datasets: tuple[str, ...], variant: int | None = None
) -> list[Clip]:
    """Load the prepared clips of a split, all variants or one.

    Raises
    ------
    InputError
        Nothing was prepared there.
    """
    pattern = f"*.{'*' if variant is None else variant}.npz"
    paths = [path for name in datasets for path in sorted((folder / split / name).glob(pattern))]
    if not paths:
        raise InputError(
            f"{folder / split}: no prepared clips of {', '.join(datasets)}; run "
            "`python -m export_onnx prepare tracker` first"
        )
    clips = []
    with Progress(f"load {split}", len(paths)) as progress:
        for path in paths:
            clips.append(_read(path))
            progress.advance()
    return clips
