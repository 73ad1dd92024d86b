"""Valence and arousal are heard back: simple measurements regress on the commanded values.

The measurements know nothing of the generator's mappings: velocity, notes and onsets per
second, note length, mean pitch, major-minus-minor correlation with the profiles of Krumhansl
& Kessler (1982) over all keys, and the mean dissonance of simultaneous intervals.
"""

from collections.abc import Callable
from itertools import combinations

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.events import NoteEvent
from engine.generators.protocol import MusicalContext
from engine.generators.rules import RulesGenerator
from engine.music.chords import parse_chord

MAJOR = (6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88)
MINOR = (6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17)
DISSONANCE = (0.0, 1.0, 0.6, 0.25, 0.2, 0.1, 0.8)
TEMPO, BARS, BEATS = 100.0, 16, 4
BEAT_S = 60.0 / TEMPO
SECONDS = BARS * BEATS * BEAT_S
GRID = np.linspace(-1.0, 1.0, 5)


def play(seed: int, valence: float, arousal: float) -> list[NoteEvent]:
    generator = RulesGenerator()
    generator.reset(seed)
    notes = []
    for beat in range(BARS * BEATS):
        context = MusicalContext(beat, TEMPO, BEATS, "D:maj", "", valence, arousal)
        notes += [generator.shape(n, valence, arousal) for n in generator.extend(context)]
    return notes


def onsets_per_s(notes: list[NoteEvent]) -> float:
    times = np.sort([note.onset * BEAT_S for note in notes])
    return float(1 + np.sum(np.diff(times) > 0.05)) / SECONDS


def mode(notes: list[NoteEvent]) -> float:
    weights = np.zeros(12)
    for note in notes:
        weights[note.pitch % 12] += note.duration
    best = [
        max(np.corrcoef(np.roll(profile, tonic), weights)[0, 1] for tonic in range(12))
        for profile in (MAJOR, MINOR)
    ]
    return float(best[0] - best[1])


def dissonance(notes: list[NoteEvent]) -> float:
    found = []
    for time in np.arange(0.25, BARS * BEATS, 0.5):
        sounding = [n.pitch for n in notes if n.onset <= time < n.onset + n.duration]
        pairs = [DISSONANCE[min((a - b) % 12, (b - a) % 12)] for a, b in combinations(sounding, 2)]
        if pairs:
            found.append(np.mean(pairs))
    return float(np.mean(found))


MEASURES: dict[str, Callable[[list[NoteEvent]], float]] = {
    "velocity": lambda notes: float(np.mean([note.velocity for note in notes])),
    "notes": lambda notes: len(notes) / SECONDS,
    "onsets": onsets_per_s,
    "length": lambda notes: float(np.mean([note.duration for note in notes])),
    "register": lambda notes: float(np.mean([note.pitch for note in notes])),
    "mode": mode,
    "dissonance": dissonance,
}


@pytest.fixture(scope="module")
def grid() -> dict[str, NDArray[np.float64]]:
    """Commanded values and measurements, one entry per played piece."""
    rows: dict[str, list[float]] = {name: [] for name in ("valence", "arousal", *MEASURES)}
    for seed in (1, 2):
        for valence in GRID:
            for arousal in GRID:
                notes = play(seed, float(valence), float(arousal))
                rows["valence"].append(float(valence))
                rows["arousal"].append(float(arousal))
                for name, measure in MEASURES.items():
                    rows[name].append(measure(notes))
    return {name: np.array(values) for name, values in rows.items()}


def r_squared(grid: dict[str, NDArray[np.float64]], target: str, *sources: str) -> float:
    """Return the explained share of ``target`` in a linear regression on ``sources``."""
    design = np.column_stack([np.ones(len(grid[target])), *(grid[name] for name in sources)])
    solution = np.linalg.lstsq(design, grid[target], rcond=None)[0]
    return float(1.0 - np.var(grid[target] - design @ solution) / np.var(grid[target]))


@pytest.mark.parametrize(
    ("measure", "least"),
    [
        ("velocity", 0.95),
        ("notes", 0.95),
        ("onsets", 0.8),
        ("length", 0.85),
        ("register", 0.8),
        ("mode", 0.8),
    ],
)
def test_each_measurement_is_linear_in_the_commanded_values(grid, measure, least):
    assert r_squared(grid, measure, "valence", "arousal") >= least


def test_arousal_is_recovered_from_loudness_density_and_length(grid):
    assert r_squared(grid, "arousal", "velocity", "notes", "onsets", "length") >= 0.95


def test_valence_is_recovered_from_mode_register_and_dissonance(grid):
    assert r_squared(grid, "valence", "mode", "register", "dissonance") >= 0.9


def test_arousal_does_not_leak_into_mode_nor_valence_into_loudness(grid):
    assert r_squared(grid, "mode", "arousal") < 0.1
    assert r_squared(grid, "velocity", "valence") < 0.05


@pytest.mark.parametrize(
    ("measure", "axis", "sign"),
    [
        ("velocity", "arousal", 1),
        ("notes", "arousal", 1),
        ("onsets", "arousal", 1),
        ("length", "arousal", -1),
        ("register", "valence", 1),
        ("mode", "valence", 1),
        ("dissonance", "valence", -1),
    ],
)
def test_measurements_move_the_right_way_from_end_to_end(grid, measure, axis, sign):
    low = grid[measure][grid[axis] == -1.0].mean()
    high = grid[measure][grid[axis] == 1.0].mean()
    spread = grid[measure].std()
    assert sign * (high - low) > spread


def test_calm_is_sparse_and_excited_is_dense_but_playable(grid):
    calm = grid["notes"][grid["arousal"] == -1.0]
    excited = grid["notes"][grid["arousal"] == 1.0]
    assert 2.0 <= calm.min() and calm.max() <= 5.0
    assert 9.0 <= excited.min() and excited.max() <= 14.0


def test_no_bar_is_empty_and_no_second_is_crowded():
    for seed, arousal in ((3, -1.0), (4, 0.0), (5, 1.0)):
        notes = play(seed, 0.2, arousal)
        assert {int(note.onset // BEATS) for note in notes} == set(range(BARS))
        times = np.array([note.onset * BEAT_S for note in notes])
        for start in times:
            assert np.sum((times >= start) & (times < start + 1.0)) <= 20


def test_accents_vary_as_a_player_varies_them(grid):
    for arousal in (-0.7, 0.7):
        velocities = [note.velocity for note in play(6, 0.3, arousal)]
        assert 6.0 < np.std(velocities) < 16.0


def test_simultaneous_notes_are_few_enough_for_two_hands():
    for arousal in (-1.0, 0.0, 1.0):
        notes = play(7, -0.4, arousal)
        for time in np.arange(0.25, BARS * BEATS, 0.5):
            sounding = {n.pitch for n in notes if n.onset <= time < n.onset + n.duration}
            assert len(sounding) <= 11


def lead_of(seed: int, valence: float, arousal: float, bars: int = 32):
    """Return the lead's notes, each with the pitch classes of the chord under it."""
    generator = RulesGenerator()
    generator.reset(seed)
    line = []
    for beat in range(bars * BEATS):
        context = MusicalContext(beat, TEMPO, BEATS, "C:maj", "", valence, arousal)
        notes = generator.extend(context)
        chord = parse_chord(generator.chord)
        line += [(n, set(chord.pitch_classes)) for n in notes if n.role == "lead"]
    return line


def test_the_lead_leaps_only_onto_chord_notes_and_never_by_tritone_or_seventh():
    for seed in range(4):
        for valence in (-1.0, 0.0, 1.0):
            line = lead_of(seed, valence, 0.5)
            for (before, under), (after, chord) in zip(line[:-1], line[1:], strict=True):
                size = abs(after.pitch - before.pitch)
                assert size <= 12 and size not in (6, 10, 11)
                if size > 3:
                    assert after.pitch % 12 in chord
                    assert before.pitch % 12 in under


def test_the_lead_comes_back_to_its_rhythms_but_never_repeats_itself_mechanically():
    for seed in range(4):
        line = [note for note, _ in lead_of(seed, 0.4, 0.2)]
        gaps = [round(4 * (b.onset - a.onset)) for a, b in zip(line[:-1], line[1:], strict=True)]
        steps = [b.pitch - a.pitch for a, b in zip(line[:-1], line[1:], strict=True)]

        def repeated(events: list[object], length: int) -> float:
            grams = [tuple(events[i : i + length]) for i in range(len(events) - length + 1)]
            return 1.0 - len(set(grams)) / len(grams)

        assert repeated(list(gaps), 4) > 0.15
        assert repeated(list(zip(gaps, steps, strict=True)), 8) < 0.1


def test_the_lead_breathes():
    for arousal, least in ((-0.5, 2), (0.8, 1)):
        line = [note for note, _ in lead_of(3, 0.3, arousal)]
        rests = [b.onset - a.onset - a.duration for a, b in zip(line[:-1], line[1:], strict=True)]
        assert sum(rest >= 0.4 for rest in rests) >= least * 4
