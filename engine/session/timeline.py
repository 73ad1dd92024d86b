"""The music of a session on one line of beats, with the tempo map that plays it as it was.

What was played has a position and a time. Positions are kept, so that notes stay on the grid; the
tempo map follows from both, whatever set the tempo. Where the position was set from outside, or
the music stood still, whole bars are taken out or put in.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Final, NamedTuple

from engine.events import ControlEvent, NoteEvent
from engine.music.song_map import SongMap, TempoMap
from engine.pipeline.step import Frame
from engine.session.content import Session, TimedNote

__all__ = ["Timeline", "lay_out"]

_TOLERANCE_S: Final = 0.002
"""The map is as exact as this wherever something starts [s]."""
_END_TOLERANCE_S: Final = 0.01
_SLOWEST, _FASTEST = 6.0, 960.0
"""Tempi of the map [quarter notes per minute]: a change is heard sooner than notes underway."""
_LEAST_BPM, _MOST_BPM = 20.0, 300.0
_LEEWAY: Final = 1.0
"""Beats by which music may be off what these tempi allow before it counts as a jump."""
_BACK: Final = 0.25
"""Beats that notes under way may lie behind, when the tempo leaps."""
_LONG_S: Final = 0.25
"""Time after which music that is slower than any tempo stands still [s]."""


class Timeline(NamedTuple):
    """Notes and controllers in beats, what holds at the start, and what changes later.

    Position 0 is ``start_s`` after the session's start [s].
    """

    notes: list[NoteEvent]
    controls: list[ControlEvent]
    tempo_bpm: float
    beats_per_bar: int
    key: str
    song_map: SongMap
    start_s: float


class _Point(NamedTuple):
    """Something at a time [s] and a position [quarter notes]."""

    at_s: float
    beat: float
    what: TimedNote | ControlEvent | Frame


def lay_out(session: Session, key: str) -> Timeline:
    """Return the music of a session.

    Parameters
    ----------
    session : Session
        As it was read.
    key : str
        Key of a session that did not record it.
    """
    info = session.info
    points = list(_on_one_line(session))
    tempos = _tempos([(point.beat, point.at_s) for point in points], info.tempo_bpm)
    time = TempoMap(tempos)
    start_s = points[0].at_s - time.seconds(points[0].beat) if points else 0.0
    notes, controls = [], []
    meters: list[tuple[float, float]] = []
    keys: list[tuple[float, str]] = []
    bar = info.beats_per_bar
    for point in points:
        what = point.what
        if isinstance(what, ControlEvent):
            controls.append(replace(what, beat=point.beat))
        elif isinstance(what, TimedNote):
            notes.append(_placed(what, point.beat, time, start_s))
        else:
            shift = point.beat - what.beat
            if what.beats_per_bar != bar:
                meters += _other_bars(what.since, bar, what.beats_per_bar, shift)
                bar = what.beats_per_bar
            if not keys or what.key != keys[-1][1]:
                keys.append((max(what.since + shift, 0.0) if keys else 0.0, what.key))
    song_map = SongMap(tuple(tempos[1:]), tuple(meters), tuple(keys[1:]))
    first_key = keys[0][1] if keys else key
    bar, tempo_bpm = info.beats_per_bar, tempos[0][1]
    return Timeline(notes, controls, tempo_bpm, bar, first_key, song_map, start_s)


def _placed(timed: TimedNote, beat: float, time: TempoMap, start_s: float) -> NoteEvent:
    """Return a note at its position; its length is the written one where that ends in time."""
    note = replace(timed.note, onset=beat)
    if abs(start_s + time.seconds(beat + note.duration) - timed.off_s) <= _END_TOLERANCE_S:
        return note
    return replace(note, duration=max(time.beat(timed.off_s - start_s) - beat, 0.0))


def _on_one_line(session: Session) -> Iterator[_Point]:
    """Yield everything by time, positions going on where they were set back, or time stood still.

    Whole bars are added, so that what was on a bar line stays on one.
    """
    points = [_Point(at_s, frame.beat, frame) for at_s, frame in session.frames]
    points += [_Point(timed.on_s, timed.note.onset, timed) for timed in session.notes]
    points += [_Point(at_s, control.beat, control) for at_s, control in session.controls]
    points.sort(key=lambda point: point[:2])
    tempo_bpm, bar = session.info.tempo_bpm, session.info.beats_per_bar
    shift = 0.0
    before: _Point | None = None
    for point in points:
        if before is not None:
            width_s = point.at_s - before.at_s
            beats = point.beat + shift - before.beat
            slowest = width_s * _LEAST_BPM / 60.0 - _LEEWAY
            fastest = width_s * _MOST_BPM / 60.0 + _LEEWAY
            least = width_s * _SLOWEST / 60.0
            stands = width_s > _LONG_S and beats < least
            if not max(slowest, -_BACK) <= beats <= fastest or stands:
                bars = round((width_s * tempo_bpm / 60.0 - beats) / bar)
                shift += bar * (bars + (beats + bar * bars < least))
        if isinstance(point.what, Frame):
            tempo_bpm, bar = point.what.tempo_bpm, point.what.beats_per_bar
        before = point._replace(beat=point.beat + shift)
        yield before


def _tempos(points: Sequence[tuple[float, float]], usual_bpm: float) -> list[tuple[float, float]]:
    """Return positions and tempi, the first at 0, that bring every position to its time.

    Each tempo holds as long as it can; of those that would do, the one before or the session's.
    """
    found: list[tuple[float, float]] = []
    if not points:
        return [(0.0, usual_bpm)]
    ordered = sorted(points)
    begin, begin_s = ordered[0]
    low, high, last = 60.0 / _FASTEST, 60.0 / _SLOWEST, begin
    for beat, at_s in ordered[1:]:
        for _ in range(2):  # again from where the tempo that no longer does has led
            width, width_s = beat - begin, at_s - begin_s
            if width <= 0.0:
                break
            least, most = (width_s - _TOLERANCE_S) / width, (width_s + _TOLERANCE_S) / width
            if max(low, least) <= min(high, most):
                low, high, last = max(low, least), min(high, most), beat
                break
            if last <= begin:  # no tempo does: the one that comes nearest
                last, beat_s = beat, min(max(width_s / width, low), high)
            else:
                beat_s = _chosen(low, high, [*found[-1:], (0.0, usual_bpm)])
            found.append((begin, 60.0 / beat_s))
            begin_s += (last - begin) * beat_s
            begin, low, high = last, 60.0 / _FASTEST, 60.0 / _SLOWEST
    found.append((begin, 60.0 / _chosen(low, high, [*found[-1:], (0.0, usual_bpm)])))
    joined = [(0.0, found[0][1])]
    joined += [after for before, after in pairwise(found) if before[1] != after[1]]
    return joined


def _chosen(low: float, high: float, usual: Sequence[tuple[float, float]]) -> float:
    """Return the seconds a beat takes, in the whole microseconds that a MIDI file has."""
    for _, tempo_bpm in usual:
        if low <= 60.0 / tempo_bpm <= high:
            return 60.0 / tempo_bpm
    return round((low + high) / 2.0, 6)


def _other_bars(since: int, old: int, new: int, shift: float) -> list[tuple[float, float]]:
    """Return the bar lengths by which bars counted from beat 0 change from `old` to `new`.

    The bar under way is cut or stretched, so that the next line is one of the new bars.
    """
    line, following = since // old * old, -(-since // new) * new
    meters = [(line + shift, float(following - line))] if following > line else []
    return [*meters, (following + shift, float(new))]
