"""Chords: every quality has exactly its pitch classes, by name and back."""

import pytest

from engine.errors import InputError
from engine.music.chords import QUALITIES, Chord, chord_tension, parse_chord

TRUE_NOTES_ON_C = {
    "maj": "C E G",
    "min": "C Eb G",
    "dim": "C Eb Gb",
    "aug": "C E Ab",
    "sus2": "C D G",
    "sus4": "C F G",
    "7": "C E G Bb",
    "maj7": "C E G B",
    "min7": "C Eb G Bb",
    "minmaj7": "C Eb G B",
    "maj6": "C E G A",
    "min6": "C Eb G A",
    "dim7": "C Eb Gb A",
    "hdim7": "C Eb Gb Bb",
    "aug7": "C E Ab Bb",
    "7sus4": "C F G Bb",
    "add9": "C D E G",
    "minadd9": "C D Eb G",
    "9": "C D E G Bb",
    "maj9": "C D E G B",
    "min9": "C D Eb G Bb",
    "7b9": "C Db E G Bb",
}
NOTES = {"C": 0, "Db": 1, "D": 2, "Eb": 3, "E": 4, "F": 5, "Gb": 6, "G": 7, "Ab": 8, "A": 9}
NOTES |= {"Bb": 10, "B": 11}


def test_every_quality_has_its_true_notes_on_every_root() -> None:
    assert set(TRUE_NOTES_ON_C) == set(QUALITIES)
    for quality, names in TRUE_NOTES_ON_C.items():
        for root in range(12):
            wanted = {(NOTES[name] + root) % 12 for name in names.split()}
            chord = Chord(root, quality)
            assert set(chord.pitch_classes) == wanted
            assert chord.pitch_classes[0] == root


def test_chords_survive_writing_and_reading() -> None:
    for quality in QUALITIES:
        for root in range(12):
            chord = Chord(root, quality)
            assert parse_chord(str(chord)) == chord


def test_a_bare_root_is_major_and_n_is_no_chord() -> None:
    assert parse_chord("Bb") == Chord(10, "maj")
    assert parse_chord("N") is None


@pytest.mark.parametrize("name", ["", "X:maj", "C:", "C:foo", "maj"])
def test_other_chord_names_are_refused(name: str) -> None:
    with pytest.raises(InputError):
        parse_chord(name)


def test_tension_ranks_sweet_below_harsh() -> None:
    assert chord_tension("maj") < chord_tension("7") < chord_tension("dim7")
    assert chord_tension("min7") < chord_tension("minmaj7")
