"""Calibrate the predicted deviations to the tracker's actual errors."""

import math
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from engine.emotion.config import TrackerConfig
from export_onnx.tracker.config import FrontEndConfig
from export_onnx.tracker.network import Tracker, zeros
from export_onnx.tracker.store import Clip, load_clips

__all__ = ["calibrate", "feel", "settled_hop"]

# Sets whose labels are ratings on a scale; a quadrant is no rating.
RATED = ("vgmidi", "emotify")
_SETTLE_S = TrackerConfig().settle_s


def settled_hop(n_hops: int) -> int:
    """Return the first hop that the live tracker no longer calls settling, or the last one.

    Ratings of a piece are means of all of it: nothing else is left out of ours.
    """
    front = FrontEndConfig()
    return min(math.ceil(_SETTLE_S * front.sample_rate / front.hop_length), n_hops - 1)


def feel(tracker: Tracker, clip: Clip) -> tuple[Tensor, Tensor, Tensor]:
    """Run a prepared clip through the network.

    Returns affect (n, 4: valence, arousal and their deviations), quadrant (n, 4) and tag (n, 9)
    probabilities.
    """
    states = zeros(tracker.state_shapes())
    with torch.no_grad():
        mel = torch.from_numpy(clip.mel.astype(np.float32))[None]
        pitch = torch.from_numpy(clip.pitch.astype(np.float32))[None]
        affect, quadrants, tags = tracker.feel(mel, pitch, states)
    return affect[0], quadrants[0], tags[0]


def calibrate(tracker: Tracker, features: Path, split: str) -> tuple[float, float]:
    """Scale the deviations so that they match the errors of piece means on a split.

    Each rated set counts alike. Returns the two factors (valence, arousal).
    """
    tracker.eval()
    squares, stated = np.zeros(2), np.zeros(2)
    for dataset in RATED:
        clips = load_clips(features, split, (dataset,))
        errors, deviations = [], []
        for clip in clips:
            affect = feel(tracker, clip)[0].numpy()
            settled = affect[settled_hop(len(affect)) :].mean(0)
            errors.append(settled[:2] - np.asarray(clip.mean_affect, float))
            deviations.append(settled[2:])
        squares += np.square(errors).mean(0) / len(RATED)
        stated += np.square(deviations).mean(0) / len(RATED)
    factors = np.sqrt(squares / stated)
    tracker.std_scale *= torch.from_numpy(factors).float()
    return float(factors[0]), float(factors[1])
