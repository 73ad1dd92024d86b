"""Emotion correspondence of predicted chords, as published."""

from collections.abc import Sequence

import numpy as np
import torch

from engine.generators.amt.vocabulary import AMT_QUALITIES, N_CHORDS, QUALITY_OF
from export_onnx.amt.correspondence import (
    ALLOWED,
    EMOTIONS,
    emotion_weights,
)
from export_onnx.amt.songs import Song
from export_onnx.training.metrics import Score, bootstrap

__all__ = ["argmax_correspondence", "correspondence"]


def argmax_correspondence(
    chords: np.ndarray, probabilities: np.ndarray, threshold: float = 0.8
) -> float:
    """Share of slots whose chord has a quality that its likeliest emotion allows.

    As in the paper, only slots whose emotion has at least probability `threshold` count. Neutral
    slots and "no chord" do not count. NaN if no slot is left.

    Parameters
    ----------
    chords : int array, shape (n,)
        Ids.
    probabilities : float array, shape (n, 6)
        Of `EMOTIONS`.
    """
    likeliest = probabilities.argmax(1)
    counted = probabilities.max(1) >= threshold
    counted &= likeliest != EMOTIONS.index("neutral")
    counted &= np.asarray(chords) > 0
    if not counted.any():
        return float("nan")
    allowed = np.array([[q in ALLOWED[name] for q in AMT_QUALITIES] for name in EMOTIONS])
    quality = np.asarray(QUALITY_OF)[chords[counted]] - 1
    return float(allowed[likeliest[counted], quality].mean())


def correspondence(songs: Sequence[Song], tables: Sequence[np.ndarray]) -> Score | None:
    """Correspondence of the most probable chord of every slot of each song; None: unknown."""
    shares = []
    for song, slot in zip(songs, tables, strict=True):
        affect = torch.from_numpy(np.stack([song.column("valence"), song.column("arousal")]))
        weights = emotion_weights(affect[0].float(), affect[1].float()).numpy()
        shares.append(argmax_correspondence(slot[:, :N_CHORDS].argmax(1), weights))
    values = np.array(shares)
    known = ~np.isnan(values)
    if not known.any():
        return None
    groups = [song.group for song, one in zip(songs, known, strict=True) if one]
    return bootstrap(lambda x: float(x.mean()), [values[known]], groups)
