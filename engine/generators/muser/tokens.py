"""A beat of music as compound events, and back to notes.

A piece is a sequence of `Beat`: a header (tempo, place in the bar, chord, mode) and its notes. Each
note is four indices into `vocabulary.FIELDS`; notes are sorted by onset, then pitch, and no two
share both. A piece may be of any length, and each beat stands for itself: nothing refers to a token
count, a bar number or a song.

`beat_of` and `notes_of` are each other's inverse on the grid: live, one beat at a time.
`split_beats` cuts a whole piece, given its `Bars`.
"""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from engine.errors import InputError
from engine.events import NoteEvent, Role
from engine.generators.muser.vocabulary import (
    DURATIONS,
    PITCHES,
    VELOCITIES,
    duration_index,
    pitch_index,
    velocity_index,
)
from engine.music.reading.harmony import NO_ROOT
from engine.music.rhythm import TICKS

__all__ = ["Bars", "Beat", "Header", "Token", "beat_of", "notes_of", "split_beats", "tokens_of"]


@dataclass(frozen=True, slots=True, order=True)
class Token:
    """A note as indices: onset 0..11 in its beat, pitch, duration, velocity (`FIELDS`)."""

    onset: int
    pitch: int
    duration: int
    velocity: int


@dataclass(frozen=True, slots=True)
class Header:
    """What holds for a whole beat.

    Attributes
    ----------
    tempo : int
        Index into `TEMPOS`.
    position : int
        Beat in the bar, from 0.
    beats_per_bar : int
        Beats in the bar, a shorter last one included.
    root : int
        Semitones of the chord's root above the tonic, 0..11; `NO_ROOT` for no chord.
    quality : int
        Index into `QUALITY_NAMES`; 0 without a chord.
    mode : int
        Index into `MODES`.
    """

    tempo: int
    position: int = 0
    beats_per_bar: int = 4
    root: int = NO_ROOT
    quality: int = 0
    mode: int = 1


@dataclass(frozen=True, slots=True)
class Beat:
    """A header and its notes, sorted; ``ticks`` is below `TICKS` in a shorter last beat."""

    header: Header
    notes: tuple[Token, ...] = ()
    ticks: int = TICKS


@dataclass(frozen=True, slots=True)
class Bars:
    """Where the beats of a piece lie.

    Attributes
    ----------
    starts : tuple of int
        First tick of every beat, ascending from the first bar line; the last entry ends the piece.
    positions, lengths : tuple of int
        Of every beat: its place in the bar from 0, and the number of beats in that bar.
    """

    starts: tuple[int, ...]
    positions: tuple[int, ...] = field(repr=False)
    lengths: tuple[int, ...] = field(repr=False)

    @classmethod
    def from_metre(cls, metre: Sequence[tuple[float, float]], end: float) -> "Bars":
        """Lay out bars up to `end` [quarter notes].

        Parameters
        ----------
        metre : sequence of (float, float)
            Where a time signature starts and the length of its bars [quarter notes], ascending:
            ``[(0, 4)]`` for 4/4, ``[(0, 3)]`` for 3/4 and 6/8, ``[(0, 3.5)]`` for 7/8. A change
            inside a bar cuts that bar short.

        Raises
        ------
        InputError
            No metre, or bars shorter than a grid step.
        """
        if not metre:
            raise InputError("metre: needs at least one time signature")
        changes = [(round(start * TICKS), round(length * TICKS)) for start, length in metre]
        if min(length for _, length in changes) < 1:
            raise InputError("metre: bars must be at least a twelfth of a quarter note long")
        starts: list[int] = []
        positions: list[int] = []
        lengths: list[int] = []
        tick = changes[0][0]
        final = max(round(end * TICKS), tick + 1)
        following = 1
        length = changes[0][1]
        while tick < final:
            while following < len(changes) and changes[following][0] <= tick:
                length = changes[following][1]
                following += 1
            close = tick + length
            if following < len(changes):
                close = min(close, max(changes[following][0], tick + 1))
            beats = range(tick, close, TICKS)
            starts += beats
            positions += range(len(beats))
            lengths += [len(beats)] * len(beats)
            tick = close
        return cls((*starts, tick), tuple(positions), tuple(lengths))


def tokens_of(notes: Iterable[NoteEvent], start: int, shift: int) -> tuple[Token, ...]:
    """Return the tokens of one beat's notes.

    Parameters
    ----------
    notes : iterable of NoteEvent
        Whose nearest tick lies in the beat; struck twice on one tick and pitch counts once, as the
        longer at its loudest.
    start : int
        First tick of the beat.
    shift : int
        From `key_shift`.
    """
    found: dict[tuple[int, int], tuple[int, int]] = {}
    for note in notes:
        place = (round(note.onset * TICKS) - start, pitch_index(note.pitch, shift))
        duration, velocity = duration_index(note.duration * TICKS), velocity_index(note.velocity)
        old = found.get(place, (0, 0))
        found[place] = (max(duration, old[0]), max(velocity, old[1]))
    return tuple(Token(*place, *rest) for place, rest in sorted(found.items()))


def beat_of(notes: Iterable[NoteEvent], beat: int, shift: int, header: Header) -> Beat:
    """Return beat number `beat` [quarter notes] of some notes; those of other beats are left out.

    A note belongs to the beat in which its nearest tick lies: one played 1/24 beat early counts.
    """
    start = beat * TICKS
    inside = (note for note in notes if 0 <= round(note.onset * TICKS) - start < TICKS)
    return Beat(header, tokens_of(inside, start, shift))


def notes_of(
    tokens: Iterable[Token], beat: float, shift: int, *, channel: int = 0, role: Role = "lead"
) -> list[NoteEvent]:
    """Return the notes of a beat that starts at `beat` [quarter notes], sorted; `note_id` is 0.

    Pitches that the shift would carry beyond 0..127 do not exist in the table.
    """
    return [
        NoteEvent(
            note_id=0,
            onset=beat + token.onset / TICKS,
            duration=DURATIONS[token.duration] / TICKS,
            pitch=PITCHES[token.pitch] + shift,
            velocity=VELOCITIES[token.velocity],
            channel=channel,
            role=role,
        )
        for token in sorted(tokens)
    ]


def split_beats(
    notes: Sequence[NoteEvent], bars: Bars, shift: int, headers: Sequence[Header]
) -> list[Beat]:
    """Cut a piece into beats.

    Parameters
    ----------
    notes : sequence of NoteEvent
        In any order; those before the first bar line or past the last are left out.
    headers : sequence of Header
        One per beat of `bars`; place and length of bar are taken from `bars`.
    """
    count = len(bars.positions)
    held: list[list[NoteEvent]] = [[] for _ in range(count)]
    for note in notes:
        tick = round(note.onset * TICKS)
        index = bisect_right(bars.starts, tick) - 1
        if 0 <= index < count:
            held[index].append(note)
    beats = []
    for index, inside in enumerate(held):
        given = headers[index]
        header = Header(
            given.tempo,
            bars.positions[index],
            bars.lengths[index],
            given.root,
            given.quality,
            given.mode,
        )
        start = bars.starts[index]
        beats.append(Beat(header, tokens_of(inside, start, shift), bars.starts[index + 1] - start))
    return beats
