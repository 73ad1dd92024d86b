"""Consonance and support as StreamMUSE counts them, and stricter."""

import pytest

from export_onnx.judges.ensemble import strict, support

TUNE = ((0.0, 1.0, 72, 80), (1.0, 2.0, 71, 80), (2.0, 4.0, 74, 80))
BESIDE = ((0.0, 2.0, 48, 80), (0.5, 0.75, 66, 80))  # C, and an F sharp beside it


def test_time_is_consonant_dissonant_or_unsupported() -> None:
    assert support(TUNE, BESIDE) == (1.0, 2.0, 4.0)  # the B over C is neither


def test_each_note_beside_the_tune_counts() -> None:
    # C under C is consonant, F sharp under C and C under B are not, and the last is a semitone
    assert strict(TUNE, BESIDE) == pytest.approx((1.0, 2.25, 1.0, 4.0))


def test_nothing_beside_the_tune_supports_nothing() -> None:
    assert support(TUNE, []) == pytest.approx((0.0, 4.0, 4.0))
    assert strict(TUNE, []) == pytest.approx((0.0, 0.0, 0.0, 4.0))
