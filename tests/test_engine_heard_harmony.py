"""What a performer plays, heard as sound or on keys, reaches the notes of the generator."""

import math

import numpy as np
import pytest

from engine.emotion.tracker import Tracker
from engine.events import NoteEvent
from engine.generators.protocol import MusicalContext
from engine.generators.registry import create_generator
from engine.music.chords import parse_chord
from engine.music.clock import InternalClock
from engine.music.keys import parse_key
from engine.music.listen import Hearing, hear
from engine.pipeline.pipeline import Pipeline
from engine.settings.performance import Performance

F_MAJOR, A_MINOR = (53, 57, 60, 65), (57, 60, 64, 69)


def held_chord(pitches, rate, seconds=7.0):
    """Strike a chord once a second, with eight partials each."""
    time_s = np.arange(int(seconds * rate)) / rate
    sound = np.zeros_like(time_s)
    age = time_s % 1.0
    for pitch in pitches:
        hz = 440.0 * 2.0 ** ((pitch - 69) / 12)
        for partial in range(1, 9):
            sound += np.exp(-2.0 * age) / partial**1.5 * np.sin(2 * math.pi * partial * hz * time_s)
    return (0.05 * sound / sound.std()).astype(np.float32)


def played_to(chord, expected, seconds=40.0):
    """Let the tracker hear a chord, then the pipeline play on; pitch classes of the bass."""
    tracker = Tracker()
    state = tracker.push(held_chord(chord, tracker.sample_rate))[-1]
    assert state.chord == expected
    clock = InternalClock(120.0)
    clock.start(0.0)
    pipeline = Pipeline(Performance(mode="follow", engine="rules", tempo_bpm=120.0), clock, 3)
    pipeline.emotion = state
    notes = []
    for tick in range(round(seconds / 0.02)):
        notes += [scheduled.note for scheduled in pipeline.advance(tick * 0.02).notes]
    return state, [note.pitch % 12 for note in notes if note.role == "bass"]


def share(classes, root):
    return sum(pitch == root for pitch in classes) / len(classes)


def test_chord_heard_from_a_performer_is_what_the_generator_plays_on():
    f_state, on_f = played_to(F_MAJOR, "F:maj")
    a_state, on_a = played_to(A_MINOR, "A:min")
    assert len(on_f) > 10 and len(on_a) > 10
    assert share(on_f, 5) > share(on_a, 5) + 0.2
    assert share(on_a, 9) > share(on_f, 9) + 0.2
    assert f_state.key != a_state.key


def test_what_is_played_says_which_chords_keys_and_notes_agree() -> None:
    tune = [NoteEvent(0, beat, 1.0, pitch, 80, 0, "lead") for beat, pitch in enumerate((60, 64))]
    heard = hear(Hearing(), tune, 2)
    chords = [parse_chord(name) for name in ("C:maj", "B:maj", "F#:maj", "N")]
    agreement = heard.agreement(chords)
    assert agreement.argmax() == 0 and agreement[0] > 0.99
    assert agreement[1] < 0 and agreement[3] == 0
    assert heard.rubs[[11, 1, 3, 5]] == pytest.approx([0.5] * 4, abs=0.3) and heard.rubs[0] == 0
    major, minor = parse_key("C:maj"), parse_key("C:min")
    assert heard.settled(minor, major) == major  # the E is not in C minor
    assert Hearing().settled(minor, major) == minor and Hearing().silent


@pytest.mark.parametrize("engine", ["muser", "amt"])
def test_an_engine_hears_the_tune_beside_it(engine: str) -> None:
    """Who plays the chord on the fourth degree hears few notes a semitone beside it."""
    rubbing = []
    for plays in (True, False):
        generator = create_generator(engine, 5)
        apart = []
        for beat in range(16):
            performed = tuple(
                NoteEvent(0, beat - 0.7 + at, 0.5, 61 + step, 80, 0, "lead")
                for at, step in ((0.0, 5), (0.5, (9, 12)[beat % 2]))
            )
            context = MusicalContext(
                beat, 100.0, 4, "C#:maj", "", 0.0, 0.0, performed=performed if plays else ()
            )
            notes = generator.extend(context)
            apart += [(note.pitch - 61) % 12 in (4, 6, 8, 10, 11, 1) for note in notes if beat > 3]
        rubbing.append(sum(apart) / len(apart))
    assert rubbing[0] < 0.5 * rubbing[1]
