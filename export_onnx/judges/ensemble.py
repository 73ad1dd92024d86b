"""Ensemble sense: the engine beside somebody who plays a tune on a keyboard.

The measures are StreamMUSE's (Real-time symbolic accompaniment, 2025; its repository's evaluation):
of the time that notes of the tune sound, how much is consonant with some note of the engine
(intervals of 0, 3, 4, 7, 8 and 9 semitones, octaves apart or not), and how much nothing of the
engine supports. One consonant note among many dissonant ones is enough for that, so two stricter
measures stand beside it: how many of all notes beside the tune are consonant with it, and how much
of the tune has a note a semitone away beside it, octaves apart or not. Yardsticks are the same tune
a tritone away from the music that was made for it, and the piano of the song's own arrangement.
Besides, how many beats were ready before they were due.
"""

import io
import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import mido
import numpy as np

from engine.events import NoteEvent
from engine.music.clock import InternalClock
from engine.performer.listener import Listener
from engine.pipeline.offline import TICK_S
from engine.pipeline.pipeline import COMMIT_LEAD_S, Pipeline
from engine.pipeline.step import Inputs
from engine.settings.performance import Performance
from export_onnx.datasets.item import Item, read_member
from export_onnx.training.metrics import Score, bootstrap
from export_onnx.training.progress import Progress

__all__ = ["Tune", "measure_ensemble", "read_tune", "strict", "support"]

_CONSONANT: Final = (0, 3, 4, 7, 8, 9)
_BEATS: Final = 64
"""So many beats of each tune are played."""
_PARTS: Final = ("chords", "bass", "pad")
_TEMPI: Final = (60.0, 100.0, 140.0, 200.0)
_STEPS: Final = 12
"""Moments per beat at which notes beside each other are counted."""
_TRITONE: Final = 6

Notes = Sequence[tuple[float, float, int, int]]
"""Onset, end [quarter notes], pitch, velocity."""


@dataclass(frozen=True)
class Tune:
    """A tune in beats from 0, and what the arrangement's piano plays beside it."""

    song: str
    notes: Notes
    beside: Notes


def read_tune(item: Item) -> Tune | None:
    """Return the beginning of the tune of a song of POP909; None where it is too short."""
    midi = mido.MidiFile(file=io.BytesIO(read_member(item.folder, item.archive, item.path)))
    parts = {track.name: _notes_of(track, midi.ticks_per_beat) for track in midi.tracks}
    tune = parts.get("MELODY")
    if not tune:
        return None
    first = 4.0 * math.floor(min(note[0] for note in tune) / 4.0)
    inside, beside = (_between(first, parts.get(part, [])) for part in ("MELODY", "PIANO"))
    return Tune(item.group, inside, beside) if len(inside) >= 30 else None


def _notes_of(track: mido.MidiTrack, ticks_per_beat: int) -> list[tuple[float, float, int, int]]:
    notes, tick = [], 0
    sounding: dict[int, tuple[float, int]] = {}
    for message in track:
        tick += message.time
        if message.type not in ("note_on", "note_off"):
            continue
        if message.note in sounding:
            on, velocity = sounding.pop(message.note)
            notes.append((on, tick / ticks_per_beat, message.note, velocity))
        if message.type == "note_on" and message.velocity:
            sounding[message.note] = tick / ticks_per_beat, message.velocity
    return notes


def _between(first: float, notes: Notes) -> Notes:
    """Return the notes of the beats that are played, from 0."""
    return sorted(
        (on - first, off - first, pitch, velocity)
        for on, off, pitch, velocity in notes
        if first <= on < first + _BEATS and off > on
    )


def support(tune: Notes, notes: Notes) -> tuple[float, float, float]:
    """Return how long notes of a tune are consonant, unsupported, and sound at all [beats]."""
    on, off, pitch, _ = _columns(notes)
    consonant = unsupported = total = 0.0
    for start, end, own, _ in tune:
        beside = (on < end) & (off > start)
        total += end - start
        if not beside.any():
            unsupported += end - start
        elif np.isin((own - pitch[beside]) % 12, _CONSONANT).any():
            consonant += end - start
    return consonant, unsupported, total


def strict(tune: Notes, notes: Notes) -> tuple[float, float, float, float]:
    """Return how much of what sounds beside a tune is consonant, and how long it rubs.

    Returns
    -------
    consonant, beside : float
        Time of notes that sound beside the tune, each counted: those consonant with it, and all.
    rubbing, total : float
        Time of the tune with a note a semitone away, octaves apart or not, and of the tune [beats].
    """
    on, off, pitch, _ = _columns(notes)
    consonant = beside = rubbing = total = 0
    for start, end, own, _ in tune:
        moments = np.arange(math.ceil(start * _STEPS), math.ceil(end * _STEPS)) / _STEPS
        sounding = (on <= moments[:, None]) & (off > moments[:, None])
        apart = (own - pitch) % 12
        consonant += int(sounding[:, np.isin(apart, _CONSONANT)].sum())
        beside += int(sounding.sum())
        rubbing += int(sounding[:, np.isin(apart, (1, 11))].any(axis=1).sum())
        total += moments.size
    return consonant / _STEPS, beside / _STEPS, rubbing / _STEPS, total / _STEPS


def _columns(notes: Notes) -> np.ndarray:
    return np.array(notes, np.float64).reshape(-1, 4).T


def measure_ensemble(
    engine: str, items: Sequence[Item], seed: int = 0
) -> list[tuple[str, str, Score]]:
    """Return rows of tempo, measure, score over songs."""
    tunes = [tune for item in items if (tune := read_tune(item)) is not None]
    songs = [tune.song for tune in tunes]
    rows = []
    with Progress(f"{engine}: ensemble", len(_TEMPI) * len(tunes)) as progress:
        for tempo_bpm in _TEMPI:
            found = []
            for tune in tunes:
                notes, spent_s = _accompany(engine, tune, tempo_bpm, seed)
                fresh = np.array(spent_s) < COMMIT_LEAD_S
                found.append((*_beside(tune, notes), float(fresh.sum()), float(fresh.size)))
                progress.advance()
            who = f"{tempo_bpm:g} BPM"
            rows += _scores(who, songs, np.array(found))
            columns = tuple(np.array(found)[:, -2:].T)
            rows.append((who, "beats ready in time", bootstrap(_share, columns, songs)))
    human = np.array([_beside(tune, tune.beside) for tune in tunes])
    return rows + _scores("the song's own piano", songs, human)


_MEASURES: Final = (
    ("time consonant with the tune", 0, 2),
    ("time of the tune unsupported", 1, 2),
    ("notes beside the tune consonant", 3, 4),
    ("time of the tune with a semitone beside it", 5, 6),
)
_AWAY: Final = 7
"""Measures, and the columns they are a share of; the tune a tritone away has its own behind."""


def _beside(tune: Tune, notes: Notes) -> tuple[float, ...]:
    moved = [(on, off, pitch + _TRITONE, velocity) for on, off, pitch, velocity in tune.notes]
    return tuple(
        value
        for line in (tune.notes, moved)
        for value in (*support(line, notes), *strict(line, notes))
    )


def _scores(who: str, songs: Sequence[str], table: np.ndarray) -> list[tuple[str, str, Score]]:
    rows = []
    for away, ending in ((0, ""), (_AWAY, ", a tritone away")):
        for measure, part, whole in _MEASURES:
            columns = (table[:, away + part], table[:, away + whole])
            rows.append((who, measure + ending, bootstrap(_share, columns, songs)))
    return rows


def _share(part: np.ndarray, whole: np.ndarray) -> float:
    return float(part.sum() / whole.sum())


def _accompany(engine: str, tune: Tune, tempo_bpm: float, seed: int) -> tuple[Notes, list[float]]:
    """Return what the engine plays beside a tune, and how long each beat took to write [s]."""
    performance = Performance(engine=engine, mode="manual", tempo_bpm=tempo_bpm, parts=_PARTS)
    clock = InternalClock(tempo_bpm)
    listener = Listener(clock)
    spent_s: list[float] = []
    inputs = Inputs(performed=listener.collect)
    pipeline = Pipeline(performance, clock, seed, draft_beats=0, inputs=inputs)
    clock.start(0.0)
    pressed = [(clock.time_at(on), bytes((0x90, pitch, v))) for on, _, pitch, v in tune.notes]
    let_go = [(clock.time_at(off), bytes((0x80, pitch, 0))) for _, off, pitch, _ in tune.notes]
    messages = sorted(pressed + let_go, key=lambda message: (message[0], message[1][0]))
    notes: list[NoteEvent] = []
    told, beat = 0, -1
    for tick in range(math.ceil(clock.time_at(_BEATS) / TICK_S)):
        now_s = tick * TICK_S
        while told < len(messages) and messages[told][0] <= now_s:
            listener.push(*messages[told])
            told += 1
        began_s = time.perf_counter()
        step = pipeline.advance(now_s)
        asked = math.floor(clock.beat_at(now_s + COMMIT_LEAD_S))
        if asked != beat:  # a beat was written in this step
            beat = asked
            spent_s.append(time.perf_counter() - began_s)
        notes += [scheduled.note for scheduled in step.notes]
    return [(n.onset, n.onset + n.duration, n.pitch, n.velocity) for n in notes], spent_s
