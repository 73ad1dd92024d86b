"""Graded strength: which valence an engine plays for a target."""

import numpy as np
import pytest

from engine.events import NoteEvent
from engine.generators.protocol import MusicalContext
from engine.generators.registry import create_generator
from engine.generators.shared.aims import AIMS, TARGETS, aim, aimed


@pytest.mark.parametrize("engine", AIMS)
def test_tables_rise_from_end_to_end(engine):
    row = AIMS[engine]
    assert len(row) == len(TARGETS) and (row[0], row[-1]) == (-1.0, 1.0)
    assert (np.diff(row) > 0.02).all()
    assert aim(engine, 2.0) == 1.0 and aim(engine, -2.0) == -1.0
    assert aim(engine, 0.375) == pytest.approx((row[5] + row[6]) / 2)


@pytest.mark.parametrize("engine", AIMS)
def test_what_is_written_and_what_is_shaped_have_the_same_strength(engine):
    context = MusicalContext(0, 100.0, 4, "C:maj", "", 0.25, 0.5)
    assert aimed(engine, context).valence == AIMS[engine][5]
    assert aimed(engine, context).arousal == 0.5
    generator = create_generator(engine)
    note = NoteEvent(0, 0.0, 1.0, 60, 64, 0, "lead")
    assert generator.shape(note, 5.0, 0.5) == generator.shape(note, 1.0, 0.5)


def test_a_table_undoes_what_saturates():
    graded = pytest.importorskip("export_onnx.judges.aims").graded
    played = np.repeat(np.linspace(-1.0, 1.0, 9), 5)
    noise = np.random.default_rng(1).normal(0.0, 0.05, (45, 2))
    heard = np.tanh(3.0 * played)[:, None] * (1.0, 4.0) + noise
    row = graded(played, heard)
    assert (np.diff(row) > 0.0).all() and row[0] == -1.0 and row[-1] == 1.0
    assert abs(row[6]) < 0.35  # a target of a half is reached early
    assert np.tanh(3.0 * row[6]) == pytest.approx(0.5, abs=0.15)
