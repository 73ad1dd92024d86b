"""Prepared features of every set with random content, for tests."""

import json

import numpy as np

from export_onnx.tracker.config import FrontEndConfig

__all__ = ["AFFECT", "write_features"]

FRONT = FrontEndConfig()
AFFECT = {"emopia": (0.6, 0.6), "vgmidi": (-0.2, 0.3), "emotify": (0.1, -0.4)}


def write_clip(folder, split, dataset, number, hops, rng):
    """Write one clip as `prepare` does, with random content."""
    labels = np.full((hops, 4), np.nan, np.float32)
    labels[:, 2:] = (3, 7) if dataset == "pop909" else (-1, -1)
    valence, arousal = AFFECT.get(dataset, (None, None))
    if valence is not None:
        labels[:, 0], labels[:, 1] = valence, arousal
    meta = {
        "dataset": dataset,
        "name": f"clip{number}",
        "group": f"{split}{number}",
        "variant": 0,
        "quadrant": 0 if dataset == "emopia" else None,
        "tags": [0.1 * (i + number) for i in range(9)] if dataset == "emotify" else None,
        "valence": valence,
        "arousal": arousal,
    }
    path = folder / split / dataset
    path.mkdir(parents=True, exist_ok=True)
    np.savez(
        path / f"clip{number}.0.npz",
        mel=rng.normal(-9, 2, (hops, 4, FRONT.n_mels)).astype(np.float16),
        pitch=rng.normal(-9, 2, (hops, FRONT.n_pitch_bins)).astype(np.float16),
        labels=labels,
        played=np.array((0.0, 1.0)),
        meta=np.array(json.dumps(meta)),
    )


def write_features(folder):
    """Write two clips of each set for training and two for validation; returns the folder."""
    rng = np.random.default_rng(3)
    for dataset in (*AFFECT, "pop909"):
        for number in range(2):
            write_clip(folder, "train", dataset, number, 80, rng)
            write_clip(folder, "val", dataset, number, 60, rng)
    return folder
