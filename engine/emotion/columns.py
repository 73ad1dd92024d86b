"""The columns of every emotion table, whichever part of Stimmung writes it."""

from typing import Final

__all__ = ["EMOTION_COLUMNS"]

EMOTION_COLUMNS: Final = (
    "time_s",
    "valence",
    "arousal",
    "valence_std",
    "arousal_std",
    "q1",
    "q2",
    "q3",
    "q4",
    "key",
    "chord",
    "state",
    "loudness_db",
    "tuning_hz",
)
"""End of the hop [s]; emotion in [-1, 1] with standard deviations; quadrant probabilities; key,
chord and state as in `engine.events.EmotionState`; level [dBFS];
tuning as the frequency of A4 [Hz]."""
