"""MusER's events: ordered fields, round trips, metres, beats found without a click."""

import io
from random import Random

import mido
import numpy as np
import pytest

from engine.errors import InputError
from engine.events import NoteEvent
from engine.generators.muser.features import (
    FEATURE_SIZES,
    FEATURE_TOTAL,
    beat_features,
    statistics,
)
from engine.generators.muser.pieces import join_beats, piece_of
from engine.generators.muser.tokens import Bars, Beat, Header, Token, beat_of, notes_of
from engine.generators.muser.vocabulary import (
    ELEMENTS,
    FIELDS,
    PITCHES,
    TEMPOS,
    chord_label,
    duration_index,
    key_shift,
    pitch_index,
    tempo_index,
    velocity_index,
)
from engine.midi.file import read_score
from engine.music.reading.beats import track_beats
from engine.music.reading.harmony import (
    CHORD_LABELS,
    QUALITY_NAMES,
    chord_parts,
    estimate_key,
    pitch_class_weights,
)
from engine.music.rhythm import TICKS


def note(onset, duration, pitch, velocity):
    return NoteEvent(0, onset, duration, pitch, velocity, 0, "lead")


def midi_bytes(notes, metre=(), tempi=((0, 120.0),)):
    """Return a file with notes in quarter notes; metre: (position, numerator, denominator)."""
    song = mido.MidiFile(type=1, ticks_per_beat=480)
    timed = [
        (round(place * 480), 0, mido.MetaMessage("set_tempo", tempo=mido.bpm2tempo(bpm)))
        for place, bpm in tempi
    ]
    timed += [
        (round(p * 480), 0, mido.MetaMessage("time_signature", numerator=n, denominator=d))
        for p, n, d in metre
    ]
    for n in notes:
        on, off = round(n.onset * 480), round((n.onset + n.duration) * 480)
        timed.append((on, 2, mido.Message("note_on", note=n.pitch, velocity=n.velocity)))
        timed.append((off, 1, mido.Message("note_off", note=n.pitch)))
    track, now = mido.MidiTrack(), 0
    for tick, _, message in sorted(timed, key=lambda entry: entry[:2]):
        track.append(message.copy(time=tick - now))
        now = tick
    song.tracks.append(track)
    buffer = io.BytesIO()
    song.save(file=buffer)
    return buffer.getvalue()


def test_every_field_ascends():
    for field in FIELDS:
        assert list(field.values) == sorted(set(field.values))
    assert list(TEMPOS) == sorted(TEMPOS)


def test_indices_keep_order_and_nearest_value():
    assert [velocity_index(v) for v in (1, 2, 3, 127)] == [0, 0, 1, 31]
    for values, index in (
        (range(1, 128), velocity_index),
        (np.linspace(0.2, 300, 500), duration_index),
        (np.linspace(10, 400, 500), tempo_index),
    ):
        found = [index(value) for value in values]
        assert found == sorted(found)


def test_pitches_of_the_piano_fit_in_every_key():
    for tonic in range(12):
        shift = key_shift(tonic)
        assert (tonic - shift) % 12 == 0 and -5 <= shift <= 6
        for pitch in range(21, 109):
            assert PITCHES[pitch_index(pitch, shift)] + shift == pitch
        assert (PITCHES[pitch_index(0, shift)] + shift) % 12 == 0


def test_chord_labels_are_one_to_one():
    labels = {chord_label(*chord_parts(label)) for label in range(CHORD_LABELS)}
    assert labels == set(range(CHORD_LABELS))


def test_beat_round_trip_on_the_grid():
    rng = Random(4)
    for beat in range(40):
        tokens = {
            Token(rng.randrange(TICKS), rng.randrange(6, 90), rng.randrange(22), rng.randrange(32))
            for _ in range(rng.randrange(9))
        }
        one_each = {(t.onset, t.pitch): t for t in tokens}
        notes = notes_of(one_each.values(), beat, 3)
        back = beat_of(notes, beat, 3, Header(5))
        assert set(back.notes) == set(one_each.values())
        assert list(back.notes) == sorted(back.notes)
        assert not beat_of(notes, beat + 1, 3, Header(5)).notes


def test_note_just_ahead_of_the_beat_belongs_to_it():
    early = note(3.97, 0.5, 60, 80)
    assert beat_of([early], 4, 0, Header(0)).notes[0].onset == 0
    assert not beat_of([early], 3, 0, Header(0)).notes


@pytest.mark.parametrize(
    ("metre", "starts"),
    [
        ([(0, 4)], [0, 12, 24, 36, 48]),
        ([(0, 3)], [0, 12, 24, 36, 48]),
        ([(0, 3.5)], [0, 12, 24, 36, 42, 54]),
        ([(0, 2.5), (2.5, 1.5)], [0, 12, 24, 30, 42, 48]),
    ],
)
def test_bars_of_any_length(metre, starts):
    bars = Bars.from_metre(metre, 4)
    assert list(bars.starts[: len(starts)]) == starts


def test_metre_changes_inside_a_piece():
    bars = Bars.from_metre([(0, 4), (8, 3), (14, 4)], 18)
    assert bars.positions == (0, 1, 2, 3) * 2 + (0, 1, 2) * 2 + (0, 1, 2, 3)
    assert bars.lengths == (4,) * 8 + (3,) * 6 + (4,) * 4
    with pytest.raises(InputError):
        Bars.from_metre([], 4)


@pytest.mark.parametrize(
    "metre", [((0, 4, 4),), ((0, 3, 4),), ((0, 6, 8),), ((0, 7, 8),), ((0, 4, 4), (8, 3, 4))]
)
def test_midi_round_trip_keeps_what_the_grid_holds(metre):
    rng = Random(7)
    starts = [place / TICKS for place in range(0, 20 * TICKS, 2) if rng.random() < 0.6]
    notes = [note(s, rng.choice([1, 3, 12]) / TICKS, 40 + i % 44, 5) for i, s in enumerate(starts)]
    score = read_score(midi_bytes(notes, metre), "made here", track=False)
    piece = piece_of(score)
    back = join_beats(piece)
    columns = [[(n.onset, n.duration, n.pitch, n.velocity) for n in side] for side in (back, notes)]
    np.testing.assert_allclose(*columns)
    wanted = 4 * metre[0][1] / metre[0][2]
    assert piece.beats[0].header.beats_per_bar == np.ceil(wanted)


def test_tempo_map_counts():
    notes = [note(beat, 1, 60, 80) for beat in range(8)]
    score = read_score(midi_bytes(notes, tempi=((0, 60.0), (4, 120.0))), "made here", track=False)
    assert score.seconds(8) == pytest.approx(6.0)
    beats = piece_of(score).beats
    assert TEMPOS[beats[3].header.tempo] == pytest.approx(60, rel=0.03)
    assert TEMPOS[beats[4].header.tempo] == pytest.approx(120, rel=0.03)


def play(beats_s, seed=1):
    """Play a waltz-free accompaniment on given beats: bass on bars, chords on beats, eighths."""
    rng = np.random.default_rng(seed)
    rows = []
    for beat in range(len(beats_s) - 1):
        begin, after = beats_s[beat], beats_s[beat + 1]
        root = (0, 9, 5, 7)[beat // 4 % 4]
        if beat % 4 == 0:
            rows.append((begin, begin + 2.0, 36 + root, 90))
        rows += [(begin, after, 60 + (root + step) % 12, 60) for step in (0, 4, 7)]
        rows.append(((begin + after) / 2, after, 72 + (root + 4) % 12, 55))
    table = np.array(rows)
    table[:, 0] += rng.normal(0, 0.008, len(table))
    return table


def test_beats_of_a_free_performance_are_found():
    beats = np.cumsum(0.62 + 0.04 * np.sin(np.arange(64) / 9.0))
    table = play(beats)
    track = track_beats(table[:, 0], table[:, 1:])
    near = np.abs(track.times_s[:, None] - beats[None, 2:-2]).min(0)
    assert (near < 0.05).mean() > 0.9
    assert track.tempo_bpm == pytest.approx(60 / 0.62, rel=0.08)
    assert track.beats_per_bar == 4
    first = track.times_s[track.first_downbeat]
    assert np.abs(beats[::4] - first).min() < 0.05


def test_file_without_a_tempo_is_tracked():
    table = play(np.cumsum(np.full(48, 0.57)))
    notes = [note(b * 2, (e - b) * 2, int(p), int(v)) for b, e, p, v in table]
    score = read_score(midi_bytes(notes), "made here")
    assert score.performed
    assert score.tempo_at(10.0) == pytest.approx(60 / 0.57, rel=0.05)


def test_too_few_notes_to_track():
    with pytest.raises(InputError, match="4 notes"):
        track_beats(np.array([0.0, 1.0]), np.ones((2, 3)))


@pytest.mark.parametrize(("third", "mode"), [(4, 1), (3, 0)])
def test_key_and_mode(third, mode):
    chords = [(0, third, 7), (5, 5 + third, 12), (7, 11, 14), (0, third, 7)]
    notes = [
        note(4.0 * i, 4, 50 + step, 80) for i, chord in enumerate(chords * 2) for step in chord
    ]
    weights, bass = pitch_class_weights(notes, list(range(0, 33)))
    assert estimate_key(weights, bass)[:2] == (2, mode)


def test_chords_are_named_from_the_tonic():
    chords = {0: (2, 6, 9), 4: (7, 11, 14), 8: (9, 13, 16), 12: (2, 6, 9)}
    notes = [note(s, 4, 48 + step, 80) for s, chord in chords.items() for step in chord]
    piece = piece_of(read_score(midi_bytes(notes), "made here", track=False), key=(2, 1))
    heard = [(b.header.root, QUALITY_NAMES[b.header.quality]) for b in piece.beats[::4]]
    assert heard == [(0, "maj"), (5, "maj"), (7, "maj"), (0, "maj")]


def test_features_see_their_own_field_only():
    header = Header(10, root=0, quality=7)
    beat = Beat(header, (Token(0, 40, 5, 10), Token(6, 44, 5, 10)))
    base = beat_features(beat)
    assert base.shape == (FEATURE_TOTAL,)
    edges = np.cumsum([0, *FEATURE_SIZES.values()])
    changed = {
        "velocity": Beat(header, (Token(0, 40, 5, 20), Token(6, 44, 5, 20))),
        "duration": Beat(header, (Token(0, 40, 9, 10), Token(6, 44, 9, 10))),
        "pitch": Beat(header, (Token(0, 52, 5, 10), Token(6, 56, 5, 10))),
        "tempo": Beat(Header(12, root=0, quality=7), beat.notes),
        "mode": Beat(Header(10, root=0, quality=7, mode=0), beat.notes),
        "chord": Beat(Header(10, root=5, quality=7), beat.notes),
        "rhythm": Beat(header, (Token(0, 40, 5, 10), Token(7, 44, 5, 10))),
    }
    for name, other in changed.items():
        moved = beat_features(other) != base
        index = ELEMENTS.index(name)
        assert moved[edges[index] : edges[index + 1]].any(), name
        assert not np.delete(moved, np.s_[edges[index] : edges[index + 1]]).any(), name


def test_statistics_rank_beats():
    header = Header(10, root=0, quality=7)
    quiet = statistics(Beat(header, (Token(0, 30, 3, 4),)))
    loud = statistics(Beat(header, (Token(0, 50, 8, 20), Token(0, 54, 8, 20))))
    for name in ("texture", "pitch", "duration", "velocity"):
        assert quiet[ELEMENTS.index(name)] < loud[ELEMENTS.index(name)], name
    empty = statistics(Beat(header))
    assert empty[ELEMENTS.index("rhythm")] == 0.0
    assert np.isnan(empty[ELEMENTS.index("velocity")])
