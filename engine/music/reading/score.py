"""Notes with a tempo map and a metre, as bars of beats ready for `tokens.split_beats`.

Files without a real tempo (transcriptions, free recordings) are recognised by onsets that avoid
the grid, and their beats are tracked.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from engine.events import NoteEvent
from engine.music.reading.beats import BeatTrack, track_beats
from engine.music.rhythm import TICKS
from engine.music.song_map import DEFAULT_TEMPO_BPM, SongMap

__all__ = ["Score", "score_from_beats", "score_of"]

_ON_GRID = 0.75
"""Share of onsets near a grid step (1/40 beat) above which a file's own beats are believed."""


@dataclass(frozen=True)
class Score:
    """Notes in quarter notes, with the tempo and the metre they are written in.

    Attributes
    ----------
    notes : tuple of NoteEvent
        By onset; drums are left out.
    song_map : SongMap
        Tempi and bar lengths, the first of each at 0.
    performed : bool
        The file had no usable beats; these come from `track_beats`.
    """

    notes: tuple[NoteEvent, ...]
    song_map: SongMap
    performed: bool = False

    @property
    def end(self) -> float:
        """Where the last note ends [quarter notes]."""
        return max((note.onset + note.duration for note in self.notes), default=0.0)

    def tempo_at(self, beat: float) -> float:
        """Return the tempo in force [quarter notes per minute]."""
        return self.song_map.time.tempo_at(beat)

    def seconds(self, beat: float) -> float:
        """Return the time of a position by the tempo map [s]."""
        return self.song_map.time.seconds(beat)


def score_of(notes: Iterable[NoteEvent], song_map: SongMap, *, track: bool | None = None) -> Score:
    """Return notes as a score.

    Parameters
    ----------
    notes : iterable of NoteEvent
        Pitched ones.
    song_map : SongMap
        What their file says about tempo and metre.
    track : bool, optional
        True replaces the file's beats by tracked ones, False believes the file; None decides by
        whether onsets lie on the file's grid.

    Raises
    ------
    InputError
        There is nothing to track.
    """
    plain = [
        NoteEvent(0, note.onset, note.duration, note.pitch, note.velocity, 0, "lead")
        for note in notes
    ]
    plain.sort(key=lambda note: (note.onset, note.pitch))
    meters = tuple(sorted(({0.0: 4.0} | dict(song_map.meters)).items()))
    tempos = tuple(sorted(({0.0: DEFAULT_TEMPO_BPM} | dict(song_map.tempos)).items()))
    score = Score(tuple(plain), replace(song_map, tempos=tempos, meters=meters))
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
    meters = ((0.0, float(track.beats_per_bar)),)
    return Score(tuple(placed), SongMap(tuple(tempi), meters), performed=True)
