"""Emotions and their chord qualities, after the paper, with soft emotion weights.

The paper takes the most likely of six emotions and allows its qualities on every root. Here a point
in the valence-arousal plane is near several emotions at once, and a quality is weighted by those
that allow it. The share of each quality, summed over the roots, is compared with its usual share in
that mode.
"""

import torch

from engine.generators.amt.vocabulary import AMT_QUALITIES, N_CHORDS

__all__ = [
    "ALLOWED",
    "EMOTIONS",
    "PLACES",
    "affective_loss",
    "emotion_weights",
    "quality_shares",
    "wanted_qualities",
]

ALLOWED: dict[str, tuple[str, ...]] = {
    "exciting": ("maj", "sus4", "7"),
    "fearful": ("dim", "min7", "dim7", "hdim7"),
    "tense": ("dim", "sus4", "min7", "7"),
    "sad": ("min", "min7", "sus2"),
    "relaxing": ("maj", "maj6", "maj7"),
    "neutral": (),
}
"""Emotion → qualities that suit it, as published."""
EMOTIONS = tuple(ALLOWED)
PLACES: dict[str, tuple[float, float]] = {
    "exciting": (0.6, 0.7),
    "fearful": (-0.6, 0.6),
    "tense": (-0.4, 0.6),
    "sad": (-0.7, -0.4),
    "relaxing": (0.6, -0.6),
    "neutral": (0.0, 0.0),
}
"""Emotion → valence, arousal."""
_REACH = 0.4
_TILT = 2.0


def emotion_weights(valence: torch.Tensor, arousal: torch.Tensor) -> torch.Tensor:
    """How near each emotion is, shape (..., 6), sum 1."""
    places = torch.tensor([PLACES[name] for name in EMOTIONS])
    point = torch.stack([valence, arousal], -1)[..., None, :]
    return (-(point - places).square().sum(-1) / (2 * _REACH**2)).softmax(-1)


def wanted_qualities(weights: torch.Tensor) -> torch.Tensor:
    """How much each quality suits, shape (..., 13), in [0, 1]."""
    table = torch.tensor(
        [[float(quality in ALLOWED[name]) for quality in AMT_QUALITIES] for name in EMOTIONS]
    )
    return torch.matmul(weights, table)


def quality_shares(chords: torch.Tensor) -> torch.Tensor:
    """Sum probabilities (..., 157 or more) over the roots: (..., 13)."""
    return chords[..., 1:N_CHORDS].reshape(*chords.shape[:-1], 12, len(AMT_QUALITIES)).sum(-2)


def affective_loss(
    chords: torch.Tensor,
    counted: torch.Tensor,
    affect: torch.Tensor,
    trust: torch.Tensor,
    prior: torch.Tensor,
) -> torch.Tensor:
    """Divergence of a song's qualities from those its emotion calls for.

    Parameters
    ----------
    chords : float tensor, shape (batch, slots, SIZE)
        Predicted probabilities.
    counted : float tensor, shape (batch, slots)
        1 for slots of the song.
    affect : float tensor, shape (batch, 2)
        Valence and arousal told for the song.
    trust : float tensor, shape (batch,)
        Weight of each song, 0 where the emotion is not told.
    prior : float tensor, shape (batch, 13)
        Shares of the qualities in this mode; the target is this, tilted by what suits.
    """
    wanted = wanted_qualities(emotion_weights(affect[:, 0], affect[:, 1]))
    target = prior * (_TILT * wanted).exp()
    target = target / target.sum(-1, keepdim=True)
    shares = (quality_shares(chords) * counted[..., None]).sum(1)
    shares = shares / shares.sum(-1, keepdim=True).clamp(min=1e-6)
    divergence = (target * (target.clamp(min=1e-6).log() - shares.clamp(min=1e-6).log())).sum(-1)
    return (divergence * trust).sum() / trust.sum().clamp(min=1.0)
