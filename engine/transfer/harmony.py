"""The element chord: chords change places with their relatives, the melody stays.

A major chord and the minor chord a third below share two notes and the scale, so one can stand
for the other under the same melody: only the fifth and the bass move.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from engine.events import NoteEvent
from engine.music.chords import chord_templates
from engine.music.draws import Draws
from engine.music.reading.harmony import chord_fit, chord_path, pitch_class_weights
from engine.transfer.notes import Sounded, chroma, onset_groups

__all__ = ["Relative", "chord_strikes", "find_triad", "harmony_changes", "substitute"]

_SHORTEST_S: Final = 0.9
_LONGEST_S: Final = 2.4
"""A span of harmony starts with a bass note, not before the first and at the latest after the
second of these [s]."""
_CHORD_S: Final = 0.25
"""No chord is shorter [s]."""
_STEADY: Final = 0.5
"""Weight of the fit against the cost of a change: spans are shorter than the beats of the path."""
_LONGEST_NOTE_S: Final = 8.0
"""A note says nothing about the harmony after so long [s]."""
_CHORD_NOTES: Final = 3
_BASS_BELOW: Final = 7
"""Notes so near above the lowest of a span count as its bass [semitones]."""
_QUALITIES: Final = ("maj", "min", "dim", "aug", "sus4")


@dataclass(frozen=True, slots=True)
class Relative:
    """The exchange of one triad for its relative.

    Attributes
    ----------
    root : int
        Pitch class of the triad that is replaced.
    major : bool
        Whether it is major (then its relative is minor).
    bass_ceiling : int
        Notes up to this pitch are bass and carry the new root.
    """

    root: int
    major: bool
    bass_ceiling: int

    def pitch_of(self, pitch: int) -> int:
        """Return the new pitch of an accompanying note."""
        step = (pitch - self.root) % 12
        if step == 0 and (pitch <= self.bass_ceiling or not self.major):
            if pitch <= self.bass_ceiling:
                moved = pitch + (-3 if self.major else 3)
            else:
                moved = pitch - 2  # the minor chord's root becomes the relative's fifth
        elif step == 7 and self.major:
            moved = pitch + 2  # the major chord's fifth becomes the relative's root
        else:
            return pitch
        return moved if 0 <= moved <= 127 else pitch


_TEMPLATES: Final = chord_templates(_QUALITIES)


def find_triad(histogram: NDArray[np.float64]) -> tuple[int, bool] | None:
    """Return (root, is major) of the triad a chroma is nearest to; None for other qualities."""
    if not histogram.any():
        return None
    quality, root = divmod(int((_TEMPLATES @ histogram).T.argmax()), 12)
    return (root, quality == 0) if quality < 2 else None


def substitute(
    notes: Sequence[Sounded], melody: frozenset[int], harmony: float, draws: Draws
) -> list[Sounded]:
    """Return the notes with the share ``|harmony|`` of unwanted triads replaced; melody stays.

    Minor triads are unwanted for ``harmony > 0``, major ones for ``harmony < 0``.
    """
    replaced: dict[int, Sounded] = {}
    pitched = [note for note in notes if not note.drums]
    for index, span in enumerate(_spans(pitched)):
        begin = span[0].onset_s
        triad = find_triad(chroma(span, begin, max(note.onset_s for note in span) + 0.4))
        if triad is None or triad[1] == (harmony > 0.0):
            continue
        if draws.even("chord", index) >= abs(harmony):
            continue
        lowest = min(note.pitch for note in span)
        relative = Relative(*triad, bass_ceiling=lowest + _BASS_BELOW)
        for note in span:
            if note.number not in melody:
                replaced[note.number] = replace(note, pitch=relative.pitch_of(note.pitch))
    return [replaced.get(note.number, note) for note in notes]


def harmony_changes(notes: Sequence[Sounded]) -> list[float]:
    """Return the times at which another chord begins, ascending [s]."""
    pitched = [note for note in notes if not note.drums]
    starts: list[float] = []
    for group in onset_groups(pitched):
        if not starts or group[0].onset_s - starts[-1] >= _CHORD_S:
            starts.append(group[0].onset_s)
    if len(starts) < 2:
        return []
    # In beats of half a second, which is what the reading of chords is tuned to.
    beats = []
    for note in pitched:
        length = 2.0 * min(note.length_s, _LONGEST_NOTE_S)
        place = (note.pitch, note.velocity, note.channel)
        beats.append(NoteEvent(0, 2.0 * note.onset_s, length, *place, "lead"))
    edges = [2.0 * at for at in starts] + [2.0 * max(note.end_s for note in pitched) + 1.0]
    fit = _STEADY * chord_fit(*pitch_class_weights(beats, edges))
    labels = chord_path(fit, [1] * len(starts))
    changed = np.flatnonzero(np.diff(labels)) + 1
    return [starts[index] for index in changed]


def chord_strikes(notes: Sequence[Sounded]) -> dict[tuple[int, int], list[float]]:
    """Return when chords of three notes or more are struck, by track and channel [s]."""
    parts: dict[tuple[int, int], list[Sounded]] = {}
    for note in notes:
        parts.setdefault((note.track, note.channel), []).append(note)
    return {
        part: [group[0].onset_s for group in onset_groups(row) if len(group) >= _CHORD_NOTES]
        for part, row in parts.items()
    }


def _spans(notes: Sequence[Sounded]) -> list[list[Sounded]]:
    """Cut the notes where the bass moves."""
    if not notes:
        return []
    low = float(np.percentile([note.pitch for note in notes], 30))
    spans: list[list[Sounded]] = []
    begin = float("-inf")
    for group in onset_groups(notes):
        at = group[0].onset_s
        if at - begin >= (_SHORTEST_S if group[0].pitch <= low else _LONGEST_S):
            spans.append([])
            begin = at
        spans[-1].extend(group)
    return spans
