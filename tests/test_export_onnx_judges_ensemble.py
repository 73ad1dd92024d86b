"""Consonance and support as StreamMUSE counts them."""

import pytest

from engine.events import NoteEvent
from export_onnx.judges.ensemble import support

TUNE = ((0.0, 1.0, 72, 80), (1.0, 2.0, 71, 80), (2.0, 4.0, 74, 80))


def note(onset: float, duration: float, pitch: int) -> NoteEvent:
    return NoteEvent(0, onset, duration, pitch, 80, 0, "chords")


def test_time_is_consonant_dissonant_or_unsupported() -> None:
    accompaniment = [note(0.0, 2.0, 48), note(0.5, 0.2, 66)]  # C, and an F sharp beside it
    consonant, unsupported, total = support(TUNE, accompaniment)
    assert (consonant, unsupported, total) == (1.0, 2.0, 4.0)  # the B over C is neither


def test_nothing_beside_the_tune_supports_nothing() -> None:
    assert support(TUNE, []) == pytest.approx((0.0, 4.0, 4.0))
