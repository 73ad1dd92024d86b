"""Shipped presets do what their names say, measured on the notes of some seconds."""

from collections import Counter

import pytest

from engine.bench.soak.fake import wandering
from engine.music.clock import InternalClock
from engine.pipeline.pipeline import Pipeline
from engine.settings.presets import load_preset

LEAD, CHORDS, BASS, PAD, DRUMS = 0, 1, 2, 3, 9


def played(slug, seconds=15.0):
    """Return notes and controllers of a preset while the emotion wanders."""
    performance = load_preset(slug).performance
    clock = InternalClock(performance.tempo_bpm)
    pipeline = Pipeline(performance, clock, 1, draft_beats=0)
    clock.start(0.1)
    notes, controls = [], []
    for turn in range(round(seconds / 0.05)):
        now_s = 0.05 * turn
        pipeline.emotion = wandering(now_s * 4.0)
        step = pipeline.advance(now_s)
        notes += [scheduled.note for scheduled in step.notes]
        controls += [change.control for change in step.controls]
    pipeline.close()
    return notes, controls


def together(notes):
    """Return how many notes begin at each moment."""
    return list(Counter(round(note.onset, 1) for note in notes).values())


@pytest.mark.parametrize("slug", ["lights-only", "controllers-only", "silent-monitor"])
def test_presets_without_notes_send_controllers_only(slug):
    notes, controls = played(slug, 5.0)
    assert not notes
    assert {20, 21} <= {control.control for control in controls}


def test_the_chord_pad_holds_whole_chords():
    notes, _ = played("chord-pad")
    assert {note.channel for note in notes} == {PAD}
    assert min(together(notes)) >= 3
    assert sum(note.duration for note in notes) / len(notes) > 1.5


def test_the_arpeggio_is_broken():
    notes, _ = played("arpeggio")
    chords = [note for note in notes if note.channel == CHORDS]
    assert {note.channel for note in notes} == {CHORDS, BASS}
    single = sum(count == 1 for count in together(chords)) / len(together(chords))
    assert single > 0.6 and len(chords) > 25
    pitches = [note.pitch for note in chords]
    assert sum(a == b for a, b in zip(pitches, pitches[1:], strict=False)) < len(pitches) / 3


def test_the_counter_melody_is_one_voice():
    notes, _ = played("lead-only")
    assert {note.channel for note in notes} == {LEAD} and len(notes) > 15
    assert set(together(notes)) == {1}


def test_the_club_answers_a_build_and_a_drop():
    outputs = {
        output.source: output for output in load_preset("club-build-drop").performance.outputs
    }
    assert outputs["drop"].to == "note" and outputs["build"].to == "cc"


def test_the_contrast_is_calm_where_the_follower_is_not():
    def mean_velocity(slug):
        performance = load_preset(slug).performance
        clock = InternalClock(performance.tempo_bpm)
        pipeline = Pipeline(performance, clock, 1, draft_beats=0)
        clock.start(0.1)
        velocities = []
        for turn in range(400):
            pipeline.emotion = wandering(36.0)  # at its most aroused
            velocities += [n.note.velocity for n in pipeline.advance(0.05 * turn).notes]
        pipeline.close()
        later = velocities[len(velocities) // 2 :]
        return sum(later) / len(later)

    assert mean_velocity("contrast-duet") + 15 < mean_velocity("duet-follow")
