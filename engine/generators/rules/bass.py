"""The bass: roots and inversions where the harmony moves, walking when it gets lively."""

from dataclasses import dataclass, replace
from typing import Final

from engine.generators.shared.parts import LOWEST, BeatFrame
from engine.music.form import BARS_PER_PHRASE, Position, locate
from engine.music.rhythm import cells
from engine.music.written import Written

__all__ = ["BassState", "play_bass"]

_HIGHEST: Final = 57
_SHORT_BAR_S: Final = 1.2
"""Bars shorter than this [seconds] need no bass note of their own."""
_MOST: Final = 4
"""Most onsets in a beat."""
_INVERSION: Final = (0.0, 1.6, 3.2, 4.0, 4.0)
"""Reluctance to put the chord's first, second … note into the bass."""


@dataclass(frozen=True, slots=True)
class BassState:
    """What the bass remembers: last ground note (0 before the first), last pitch, carry."""

    ground: int = 0
    pitch: int = 0
    carry: float = 0.0


def _ground(state: BassState, frame: BeatFrame) -> int:
    """Return the chord note that carries the half bar: near, smooth, mostly the root."""
    position, chord = frame.position, frame.harmony.chord
    rooted = position.bar_in_phrase in (0, BARS_PER_PHRASE - 1) or not position.second_half
    best, best_cost = LOWEST, float("inf")
    for pitch in range(LOWEST + 4, _HIGHEST + 1):
        if pitch % 12 not in chord.pitch_classes:
            continue
        place = chord.pitch_classes.index(pitch % 12)
        cost = _INVERSION[place] * (3.0 if rooted else 1.0)
        cost += 0.035 * (pitch - frame.intent.bass_centre) ** 2
        if state.ground:
            cost += 0.12 * abs(pitch - state.ground)
        cost += 0.8 * frame.draws.uniform("ground", position.slot, pitch)
        if cost < best_cost:
            best, best_cost = pitch, cost
    return best


def _moving(state: BassState, frame: BeatFrame, index: int) -> int:
    """Return the next note between grounds: another chord note, or a step."""
    members = frame.harmony.chord.pitch_classes
    best, best_cost = state.ground, float("inf")
    for pitch in range(max(LOWEST, state.ground - 9), min(_HIGHEST, state.ground + 12) + 1):
        note, size = pitch % 12, abs(pitch - state.pitch)
        if note not in members and (note not in frame.harmony.scale or not 0 < size <= 2):
            continue
        cost = 0.10 * size + 0.02 * abs(pitch - frame.intent.bass_centre) ** 2
        cost += 1.6 if size == 0 else 0.0
        cost += 0.3 * members.index(note) if note in members else 1.0
        cost += 1.0 if size in (6, 10, 11) else 0.0
        cost += 2.2 * frame.draws.uniform("moving", frame.position.beat, index, pitch)
        if cost < best_cost:
            best, best_cost = pitch, cost
    return best


def _count(position: Position, carry: float, grounded: bool, frame: BeatFrame) -> tuple[int, float]:
    """Return the number of onsets in a beat, and the carry after it."""
    place = (position.material, position.beat_in_bar)
    wobble = 0.4 * (frame.draws.uniform("bass round", *place) - 0.5)
    owed = carry + frame.intent.bass_rate * frame.beat_s
    count = min(max(int(owed + 0.5 + wobble), int(grounded)), frame.limit, _MOST)
    return count, min(max(owed - count, -2.0), 1.0)


def _onsets(position: Position, count: int, grounded: bool, frame: BeatFrame) -> tuple[float, ...]:
    """Return where the onsets of a beat lie; a new chord has its ground on the beat."""
    options = cells(count, frame.limit, triplets=False)
    loose = 0.0 if grounded else 0.6 * frame.intent.syncopation
    weights = [cell.weight * (loose if cell.offbeat else 1.0) for cell in options]
    place = (position.material, position.bar_in_phrase, position.beat_in_bar, count)
    return options[frame.draws.pick(weights, "bass cell", *place)].onsets


def _held(frame: BeatFrame, carry: float) -> float:
    """Return beats from this beat's start to the next onset, if the target stays."""
    here = frame.position
    for beat in range(here.beat + 1, frame.harmony.until):
        position = locate(beat, here.beats_per_bar, frame.draws)
        count, carry = _count(position, carry, False, frame)
        if count:
            return beat - here.beat + _onsets(position, count, False, frame)[0]
    return float(max(1, frame.harmony.until - here.beat))


def play_bass(state: BassState, frame: BeatFrame) -> tuple[list[Written], BassState]:
    """Return the bass notes of a beat and its state after it."""
    position = frame.position
    bar_s = position.beats_per_bar * frame.beat_s
    grounded = frame.changed or (position.beat_in_bar == 0 and bar_s > _SHORT_BAR_S)
    count, carry = _count(position, state.carry, grounded, frame)
    state = replace(state, carry=carry)
    if count == 0:
        return [], state
    onsets = _onsets(position, count, grounded, frame)
    notes: list[Written] = []
    for index, at in enumerate(onsets):
        ground = index == 0 and (grounded or not state.ground)
        pitch = _ground(state, frame) if ground else _moving(state, frame, index)
        state = replace(state, pitch=pitch, ground=pitch if ground else state.ground)
        end = onsets[index + 1] if index + 1 < len(onsets) else _held(frame, carry)
        notes.append(Written(at, end - at, pitch, accent=3.0 if ground else -2.0))
        doubled = pitch - 12 if pitch - 12 >= LOWEST + 4 else pitch + 12
        if ground and frame.draws.uniform("octave", position.slot) < frame.intent.octaves:
            notes.append(Written(at, end - at, doubled))
    return notes, state
