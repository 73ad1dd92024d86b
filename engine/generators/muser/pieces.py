"""A piece as beats: what the networks read and write."""

from dataclasses import dataclass

from engine.events import NoteEvent
from engine.generators.muser.tokens import Bars, Beat, Header, notes_of, split_beats
from engine.generators.muser.vocabulary import key_shift, tempo_index
from engine.music.reading.harmony import (
    chord_fit,
    chord_parts,
    chord_path,
    estimate_key,
    pitch_class_weights,
)
from engine.music.reading.score import Score
from engine.music.rhythm import TICKS

__all__ = ["Piece", "join_beats", "piece_of"]


@dataclass(frozen=True)
class Piece:
    """A piece as beats: what the networks read and write.

    Attributes
    ----------
    beats : tuple of Beat
        In order.
    starts : tuple of int
        First tick of each beat from the first bar line, and the end.
    tonic : int
        Pitch class of the tonic, 0..11.
    brightness : float
        How much better major than minor explains all notes (`harmony.estimate_key`).
    """

    beats: tuple[Beat, ...]
    starts: tuple[int, ...]
    tonic: int
    brightness: float

    @property
    def shift(self) -> int:
        """Semitones the pitches were moved down by."""
        return key_shift(self.tonic)


def piece_of(score: Score, key: tuple[int, int] | None = None) -> Piece:
    """Analyse a score's key and chords and cut it into beats.

    Parameters
    ----------
    key : (int, int), optional
        Tonic (0..11) and index into `MODES`; estimated from the notes if None.
    """
    bars = Bars.from_metre(score.song_map.meters, score.end)
    starts = [start / TICKS for start in bars.starts]
    weights, bass = pitch_class_weights(score.notes, starts)
    tonic, mode, brightness = estimate_key(weights, bass)
    if key is not None:
        tonic, mode = key
    labels = chord_path(chord_fit(weights, bass), bars.positions)
    headers = []
    for index, label in enumerate(labels):
        root, quality = chord_parts(int(label))
        if root < 12:
            root = (root - tonic) % 12
        headers.append(
            Header(
                tempo=tempo_index(score.tempo_at(starts[index])),
                root=root,
                quality=quality,
                mode=mode,
            )
        )
    beats = split_beats(score.notes, bars, key_shift(tonic), headers)
    return Piece(tuple(beats), bars.starts, tonic, brightness)


def join_beats(piece: Piece) -> list[NoteEvent]:
    """Return the notes of a piece, sorted by onset: the inverse of `piece_of` on the grid."""
    notes: list[NoteEvent] = []
    for beat, start in zip(piece.beats, piece.starts, strict=False):
        notes += notes_of(beat.notes, start / TICKS, piece.shift)
    return notes
