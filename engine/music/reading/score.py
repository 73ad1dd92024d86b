"""MIDI files with their tempo map and metre, as bars of beats ready for `tokens.split_beats`.

`engine.midi.file` reads what the performer's line needs: notes, the first tempo, the first metre.
Here every tempo and time signature counts. Files without a real tempo (transcriptions, free
recordings) are recognised by onsets that avoid the grid, and their beats are tracked.
"""

import io
from bisect import bisect_right
from dataclasses import dataclass

import numpy as np

from engine.errors import InputError
from engine.events import NoteEvent
from engine.music.reading.beats import BeatTrack, track_beats
from engine.music.rhythm import TICKS

__all__ = ["Score", "read_score", "score_from_beats"]

_DRUM_CHANNEL = 9
_ON_GRID = 0.75
"""Share of onsets near a grid step (1/40 beat) above which a file's own beats are believed."""
_MOST_BEATS = 100_000


@dataclass(frozen=True)
class Score:
    """Notes in quarter notes, with the tempo and the metre they are written in.

    Attributes
    ----------
    notes : tuple of NoteEvent
        By onset; drums are left out.
    tempi : tuple of (float, float)
        Position [quarter notes] and tempo [quarter notes per minute], ascending, first at 0.
    metre : tuple of (float, float)
        Position and length of the bars from there [quarter notes], as `Bars.from_metre` takes it.
    performed : bool
        The file had no usable beats; these come from `track_beats`.
    """

    notes: tuple[NoteEvent, ...]
    tempi: tuple[tuple[float, float], ...]
    metre: tuple[tuple[float, float], ...]
    performed: bool = False

    @property
    def end(self) -> float:
        """Where the last note ends [quarter notes]."""
        return max((note.onset + note.duration for note in self.notes), default=0.0)

    def tempo_at(self, beat: float) -> float:
        """Return the tempo in force [quarter notes per minute]."""
        index = bisect_right([place for place, _ in self.tempi], beat + 1e-9) - 1
        return self.tempi[max(index, 0)][1]

    def seconds(self, beat: float) -> float:
        """Return the time of a position by the tempo map [s]."""
        time_s = 0.0
        for index, (place, tempo_bpm) in enumerate(self.tempi):
            following = self.tempi[index + 1][0] if index + 1 < len(self.tempi) else np.inf
            if beat <= following:
                return float(time_s + (beat - place) * 60.0 / tempo_bpm)
            time_s += (following - place) * 60.0 / tempo_bpm
        return time_s


def read_score(data: bytes, name: str, *, track: bool | None = None) -> Score:
    """Read a MIDI file's notes, tempo map and time signatures.

    Parameters
    ----------
    name : str
        For error messages.
    track : bool, optional
        True replaces the file's beats by tracked ones, False believes the file; None decides by
        whether onsets lie on the file's grid.

    Raises
    ------
    InputError
        Not a MIDI file, or nothing to track in it.
    """
    import mido

    try:
        song = mido.MidiFile(file=io.BytesIO(data))
    except (EOFError, OSError, ValueError, LookupError, TypeError, mido.KeySignatureError) as error:
        raise InputError(f"{name} is not a MIDI file: {error or type(error).__name__}") from error
    if song.type not in (0, 1) or song.ticks_per_beat <= 0:
        raise InputError(f"{name}: only MIDI files of type 0 or 1 in ticks per beat can be read")
    notes: list[NoteEvent] = []
    tempi: dict[float, float] = {0.0: 120.0}
    metre: dict[float, float] = {0.0: 4.0}
    for messages in song.tracks:
        tick = 0
        open_notes: dict[tuple[int, int], tuple[float, int]] = {}
        for message in messages:
            tick += message.time
            beat = tick / song.ticks_per_beat
            if message.type == "set_tempo" and message.tempo > 0:
                tempi[beat] = float(mido.tempo2bpm(message.tempo))
            elif message.type == "time_signature":
                metre[beat] = 4.0 * message.numerator / message.denominator
            elif message.type in ("note_on", "note_off") and message.channel != _DRUM_CHANNEL:
                place = (message.channel, message.note)
                old = open_notes.pop(place, None)
                if old is not None and beat > old[0]:
                    notes.append(
                        NoteEvent(0, old[0], beat - old[0], message.note, old[1], 0, "lead")
                    )
                if message.type == "note_on" and message.velocity > 0:
                    open_notes[place] = (beat, message.velocity)
        if tick / song.ticks_per_beat > _MOST_BEATS:
            raise InputError(f"{name}: more than {_MOST_BEATS} beats long, not a piece of music")
    notes.sort(key=lambda note: (note.onset, note.pitch))
    score = Score(tuple(notes), tuple(sorted(tempi.items())), tuple(sorted(metre.items())))
    if track or (track is None and not _lies_on_grid(score)):
        return _tracked(score)
    return score


def _lies_on_grid(score: Score) -> bool:
    if len(score.notes) < 8:
        return True
    onsets = np.array([note.onset for note in score.notes])
    errors = [np.abs(onsets * steps - np.round(onsets * steps)) / steps for steps in (4, 6)]
    near = np.minimum(*errors) < 1.0 / 40.0
    return float(near.mean()) >= _ON_GRID


def _tracked(score: Score) -> Score:
    begin = np.array([score.seconds(note.onset) for note in score.notes])
    end = np.array([score.seconds(note.onset + note.duration) for note in score.notes])
    heard = np.array([(note.pitch, note.velocity) for note in score.notes], np.float64)
    track = track_beats(begin, np.column_stack([end, heard.reshape(-1, 2)]))
    return score_from_beats(score.notes, begin, end, track)


def score_from_beats(
    notes: tuple[NoteEvent, ...], begin_s: np.ndarray, end_s: np.ndarray, track: BeatTrack
) -> Score:
    """Return notes with known times placed on known beats.

    Parameters
    ----------
    begin_s, end_s : float64 arrays, shape (n_notes,)
        Of `notes` [s].
    track : BeatTrack
        Its first downbeat becomes a bar line; beats before it make up a bar of their own, filled
        from the left with silence.
    """
    lead = (-track.first_downbeat) % track.beats_per_bar
    first = float(track.beat_at(begin_s).min()) if len(begin_s) else 0.0
    while first + lead < -0.5 / TICKS:
        lead += track.beats_per_bar
    begin = track.beat_at(begin_s) + lead
    end = track.beat_at(end_s) + lead
    placed = sorted(
        (
            NoteEvent(0, float(b), float(max(e - b, 1.0 / TICKS)), n.pitch, n.velocity, 0, "lead")
            for n, b, e in zip(notes, begin, end, strict=True)
        ),
        key=lambda note: (note.onset, note.pitch),
    )
    gaps = np.diff(track.times_s)
    # A tempo per beat, evened over a bar: single distances carry the tracker's jitter.
    width = min(track.beats_per_bar, len(gaps))
    even = np.convolve(np.pad(gaps, width // 2, mode="edge"), np.full(width, 1 / width), "valid")
    tempi = [(0.0, 60.0 / float(even[0]))]
    tempi += [(float(lead + i), 60.0 / float(gap)) for i, gap in enumerate(even[1 : len(gaps)], 1)]
    return Score(tuple(placed), tuple(tempi), ((0.0, float(track.beats_per_bar)),), True)
