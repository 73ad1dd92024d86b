"""Ensemble sense: the engine beside somebody who plays a tune on a keyboard.

The measures are StreamMUSE's (Real-time symbolic accompaniment, 2025; its repository's evaluation):
of the time that notes of the tune sound, how much is consonant with some note of the engine
(intervals of 0, 3, 4, 7, 8 and 9 semitones, octaves apart or not), and how much nothing of the
engine supports. The same tune a tritone away from the music that was made for it is the yardstick.
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

__all__ = ["Tune", "measure_ensemble", "read_tune", "support"]

_CONSONANT: Final = (0, 3, 4, 7, 8, 9)
_BEATS: Final = 64
"""So many beats of each tune are played."""
_PARTS: Final = ("chords", "bass", "pad")
_TEMPI: Final = (60.0, 100.0, 140.0, 200.0)


@dataclass(frozen=True)
class Tune:
    """A tune in beats from 0."""

    song: str
    notes: tuple[tuple[float, float, int, int], ...]
    """Onset, end [quarter notes], pitch, velocity."""


def read_tune(item: Item) -> Tune | None:
    """Return the beginning of the tune of a song of POP909; None where it is too short."""
    midi = mido.MidiFile(file=io.BytesIO(read_member(item.folder, item.archive, item.path)))
    track = next((track for track in midi.tracks if track.name == "MELODY"), None)
    if track is None:
        return None
    notes, tick = [], 0
    sounding: dict[int, tuple[float, int]] = {}
    for message in track:
        tick += message.time
        if message.type not in ("note_on", "note_off"):
            continue
        if message.note in sounding:
            on, velocity = sounding.pop(message.note)
            notes.append((on, tick / midi.ticks_per_beat, message.note, velocity))
        if message.type == "note_on" and message.velocity:
            sounding[message.note] = tick / midi.ticks_per_beat, message.velocity
    if not notes:
        return None
    first = 4.0 * math.floor(min(note[0] for note in notes) / 4.0)
    inside = sorted(
        (on - first, off - first, pitch, velocity)
        for on, off, pitch, velocity in notes
        if on < first + _BEATS and off > on
    )
    return Tune(item.group, tuple(inside)) if len(inside) >= 30 else None


def support(
    tune: Sequence[tuple[float, float, int, int]], notes: Sequence[NoteEvent]
) -> tuple[float, float, float]:
    """Return how long notes of a tune are consonant, unsupported, and sound at all [beats]."""
    on = np.array([note.onset for note in notes])
    off = on + np.array([note.duration for note in notes])
    pitch = np.array([note.pitch for note in notes])
    consonant = unsupported = total = 0.0
    for start, end, own, _ in tune:
        beside = (on < end) & (off > start)
        total += end - start
        if not beside.any():
            unsupported += end - start
        elif np.isin((own - pitch[beside]) % 12, _CONSONANT).any():
            consonant += end - start
    return consonant, unsupported, total


def measure_ensemble(
    engine: str, items: Sequence[Item], seed: int = 0
) -> list[tuple[str, str, Score]]:
    """Return rows of tempo, measure, score over songs."""
    tunes = [tune for item in items if (tune := read_tune(item)) is not None]
    rows = []
    with Progress(f"{engine}: ensemble", len(_TEMPI) * len(tunes)) as progress:
        for tempo_bpm in _TEMPI:
            found = []
            for tune in tunes:
                notes, spent_s = _accompany(engine, tune, tempo_bpm, seed)
                fresh = np.array(spent_s) < COMMIT_LEAD_S
                moved = [(on, off, pitch + 6, velocity) for on, off, pitch, velocity in tune.notes]
                beside, chance = support(tune.notes, notes), support(moved, notes)
                found.append((*beside, float(fresh.sum()), float(fresh.size), chance[0]))
                progress.advance()
            table = np.array(found)
            songs = [tune.song for tune in tunes]
            for measure, part, whole in (
                ("time consonant with the tune", 0, 2),
                ("time of the tune unsupported", 1, 2),
                ("beats ready in time", 3, 4),
                ("time consonant with the tune a tritone away", 5, 2),
            ):
                columns = (table[:, part], table[:, whole])
                rows.append((f"{tempo_bpm:g} BPM", measure, bootstrap(_share, columns, songs)))
    return rows


def _share(part: np.ndarray, whole: np.ndarray) -> float:
    return float(part.sum() / whole.sum())


def _accompany(
    engine: str, tune: Tune, tempo_bpm: float, seed: int
) -> tuple[list[NoteEvent], list[float]]:
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
    notes, told, beat = [], 0, -1
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
    return notes, spent_s
