"""The bass: roots and inversions where the harmony moves, walking when it gets lively."""

from dataclasses import dataclass, replace
from typing import Final

from engine.generators.rules.form import BARS_PER_PHRASE
from engine.generators.rules.parts import LOWEST, BeatFrame, Written
from engine.music.rhythm import cells

__all__ = ["BassState", "play_bass"]

_HIGHEST: Final = 57
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
        cost += 1.0 if note not in members else 0.0
        cost += 1.0 if size in (6, 10, 11) else 0.0
        cost += 2.2 * frame.draws.uniform("moving", frame.position.beat, index, pitch)
        if cost < best_cost:
            best, best_cost = pitch, cost
    return best


def play_bass(state: BassState, frame: BeatFrame) -> tuple[list[Written], BassState]:
    """Return the bass notes of a beat and its state after it."""
    position, intent, draws = frame.position, frame.intent, frame.draws
    rate = intent.bass_rate * frame.beat_s
    owed = state.carry + rate
    grounded = frame.changed or position.beat_in_bar == 0
    wobble = 0.4 * (draws.uniform("bass round", position.material, position.beat_in_bar) - 0.5)
    count = min(max(int(owed + 0.5 + wobble), int(grounded)), min(frame.limit, 4))
    state = replace(state, carry=min(max(owed - count, -2.0), 1.0))
    if count == 0:
        return [], state
    options = cells(count, frame.limit, triplets=False)
    weights = [
        cell.weight * ((0.0 if grounded else 0.6 * intent.syncopation) if cell.offbeat else 1.0)
        for cell in options
    ]
    place = (position.material, position.bar_in_phrase, position.beat_in_bar, count)
    onsets = options[draws.pick(weights, "bass cell", *place)].onsets
    notes: list[Written] = []
    for index, at in enumerate(onsets):
        ground = index == 0 and (grounded or not state.ground)
        pitch = _ground(state, frame) if ground else _moving(state, frame, index)
        state = replace(state, pitch=pitch, ground=pitch if ground else state.ground)
        if index + 1 < len(onsets):
            length = onsets[index + 1] - at
        else:
            length = max(1.0 - at, min(1.0 / rate, frame.harmony.until - position.beat - at))
        notes.append(Written(at, length, pitch, accent=3.0 if ground else -2.0))
        doubled = pitch - 12 if pitch - 12 >= LOWEST + 4 else pitch + 12
        if ground and draws.uniform("octave", position.slot) < intent.octaves:
            notes.append(Written(at, length, doubled, accent=0.0))
    return notes, state
