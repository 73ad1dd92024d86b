"""Emotion correspondence of predicted chords: as published, and relative to metre and key alone."""

from collections.abc import Mapping, Sequence

import numpy as np
import torch

from engine.generators.amt.vocabulary import AMT_QUALITIES, QUALITY_OF
from export_onnx.amt.correspondence import (
    ALLOWED,
    EMOTIONS,
    emotion_weights,
    quality_shares,
    wanted_qualities,
)
from export_onnx.amt.songs import Song
from export_onnx.training.metrics import Score, bootstrap

__all__ = ["argmax_correspondence", "correspondence_rows", "soft_lift"]


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


def soft_lift(song: Song, slot: np.ndarray, plain: np.ndarray) -> float:
    """How much better the qualities fit the song's emotion when it is an input.

    ``slot`` and ``plain`` (n, SIZE) are the probabilities with all conditioning, and with metre and
    key alone: their difference is the effect of the emotion, without that of the key.
    """
    affect = torch.from_numpy(np.stack([song.column("valence"), song.column("arousal")]))
    wanted = wanted_qualities(emotion_weights(affect[0].float(), affect[1].float())).numpy()

    def suits(table: np.ndarray) -> float:
        shares = quality_shares(torch.from_numpy(table)).numpy()
        shares = shares / np.maximum(shares.sum(1, keepdims=True), 1e-9)
        return float((shares * wanted).sum(1).mean())

    return suits(slot) - suits(plain)


def correspondence_rows(
    songs: Sequence[Song], tables: Mapping[str, Sequence[np.ndarray]], full: str, plain: str
) -> dict[tuple[str, str], Score]:
    """Correspondence by measure and system.

    ``tables`` has the probabilities of every slot (n, SIZE) of each song, per system.
    """
    groups = [song.group for song in songs]
    lifts = [
        soft_lift(song, slot, other)
        for song, slot, other in zip(songs, tables[full], tables[plain], strict=True)
    ]
    found = {
        ("soft correspondence above the untold", full): bootstrap(
            lambda x: float(x.mean()), [np.array(lifts)], groups
        )
    }
    for system, slots in tables.items():
        shares = []
        for song, slot in zip(songs, slots, strict=True):
            affect = torch.from_numpy(np.stack([song.column("valence"), song.column("arousal")]))
            weights = emotion_weights(affect[0].float(), affect[1].float()).numpy()
            shares.append(argmax_correspondence(slot[:, :157].argmax(1), weights))
        values = np.array(shares)
        known = ~np.isnan(values)
        if known.any():
            found[("emotion correspondence, argmax", system)] = bootstrap(
                lambda x: float(x.mean()),
                [values[known]],
                [group for group, one in zip(groups, known, strict=True) if one],
            )
    return found
