"""Which part plays a note of the piano: the tune on top, the bass below, chords between."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Final

from engine.events import NoteEvent, Role

__all__ = ["CHANNELS", "Voices", "split_voices"]

CHANNELS: Final[dict[Role, int]] = {"lead": 0, "chords": 1, "bass": 2}

_REACH: Final = 9
"""A top note so far below the tune's last notes still belongs to it [semitones]."""
_FALL: Final = 3.0
"""How fast the tune's height is forgotten [semitones per beat]."""
_LOWEST_TUNE: Final = 55
_BASS_BELOW: Final = 55
_BASS_REACH: Final = 7
"""Notes so near above the bass's last note still belong to it [semitones]."""
_RISE: Final = 2.0


@dataclass(frozen=True, slots=True)
class Voices:
    """Where the outer parts were last: their pitches, and when [beats]."""

    tune: float = 72.0
    tune_at: float = 0.0
    bass: float = 43.0
    bass_at: float = 0.0


def split_voices(
    notes: Sequence[NoteEvent], voices: Voices, alone: bool = True
) -> tuple[list[NoteEvent], Voices]:
    """Return the notes, sorted by onset, with role and channel; and where the parts are now.

    Unless `alone`, somebody else has the tune: what would be ours belongs to the chords.
    """
    found: list[NoteEvent] = []
    for onset, together in groupby(notes, key=lambda note: note.onset):
        chord = sorted(together, key=lambda note: note.pitch)
        tune = voices.tune - _FALL * max(onset - voices.tune_at, 0.0)
        bass = voices.bass + _RISE * max(onset - voices.bass_at, 0.0)
        top, low = chord[-1], chord[0]
        sings = alone and top.pitch >= max(tune - _REACH, _LOWEST_TUNE)
        founds = low.pitch < _BASS_BELOW and low.pitch <= bass + _BASS_REACH
        founds = founds and (low is not top or not sings)
        for note in chord:
            role: Role = "chords"
            if note is top and sings:
                role = "lead"
                voices = replace(voices, tune=float(note.pitch), tune_at=onset)
            elif note is low and founds:
                role = "bass"
                voices = replace(voices, bass=float(note.pitch), bass_at=onset)
            found.append(replace(note, role=role, channel=CHANNELS[role]))
    return found, voices
