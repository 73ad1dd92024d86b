"""The lead: a motif per phrase, restated, sequenced, inverted, and brought to a cadence.

The motif fixes where a bar is busy, which rhythm cells fill it and which way the line goes;
the target fixes how many notes there are and where the register lies. Each pitch is the
best of all within an octave under one score, after the hard rules: a leap lands on a chord
note and is no tritone or seventh; a note foreign to the chord comes and goes by step.
"""

from dataclasses import dataclass, replace
from math import exp, log, sin, tau
from typing import Final

from engine.generators.rules.form import BARS_PER_PHRASE, Position, locate
from engine.generators.rules.parts import HIGHEST, BeatFrame, Written
from engine.music.draws import Draws
from engine.music.rhythm import Cell, cells

__all__ = ["LeadState", "play_lead"]

_LEAP: Final = 3
"""Largest interval [semitones] that still counts as a step or a skip in the line."""
_FORBIDDEN: Final = frozenset({6, 10, 11})
"""Leaps nobody sings: tritone and sevenths."""
_CONTRAST: Final = 4
"""Added to a material's number for its second motif; letters take 0..2 of every eight."""
_LOOKAHEAD: Final = 4
"""Beats looked ahead for the next onset, the longest a note is held."""
_LONGEST_S: Final = 3.2
_LOWEST: Final = 55


@dataclass(frozen=True, slots=True)
class LeadState:
    """What the lead remembers.

    Attributes
    ----------
    pitch : int
        Last pitch, 0 before the first note.
    interval : int
        Last interval [semitones].
    repeats : int
        How often the last pitch was repeated.
    foreign : bool
        Whether the last pitch was foreign to its chord and must move by step.
    carry : float
        Onsets owed (> 0) or played in advance (< 0).
    index : int
        Onsets since the bar line, the place in the motif.
    """

    pitch: int = 0
    interval: int = 0
    repeats: int = 0
    foreign: bool = False
    carry: float = 0.0
    index: int = 0


def _variant(position: Position, draws: Draws) -> tuple[str, int]:
    """Return how this bar uses the phrase's motif, and which motif it is."""
    bar, material = position.bar_in_phrase, position.material
    if bar == 0:
        return "statement", material
    point = draws.uniform("variant", material, bar)
    if bar == 1:
        return ("sequence" if point < 0.6 else "answer"), material
    if bar == 2:
        if point < 0.3:
            return "inversion", material
        return ("fragment", material) if point < 0.65 else ("contrast", material + _CONTRAST)
    return "cadence", material


def _direction(position: Position, index: int, draws: Draws) -> float:
    """Return the motif's wish for the onset: scale steps from the previous note."""
    variant, motif = _variant(position, draws)
    if variant == "fragment":
        index %= 3
    step = 1.15 * draws.normal("contour", motif, index)
    if draws.uniform("leap", motif, index) < 0.14:
        step += 3.0 if step > 0 else -3.0
    if variant == "inversion":
        return -step
    if variant == "sequence" and index == 0:
        return step + (1.0 if draws.uniform("sequence", motif) < 0.5 else -1.0)
    if variant == "answer" and index >= 3:
        return -step
    if variant == "cadence":
        return 0.5 * step - 0.7
    return step


def _breathes(position: Position, rest: float, draws: Draws) -> bool:
    """Return whether the lead is silent in this beat, to breathe between its phrases."""
    bar, left = position.bar_in_phrase, position.bar_end - position.beat
    if bar == BARS_PER_PHRASE - 1 and position.beat_in_bar >= max(1, position.half):
        return draws.uniform("breath", position.phrase, left) < rest + 0.25
    if bar == 1 and left == 1 and position.beats_per_bar > 1:
        return draws.uniform("comma", position.phrase) < rest
    return False


def _count(position: Position, carry: float, frame: BeatFrame) -> tuple[int, float]:
    """Return the number of onsets in a beat, and the carry after it.

    Rounding errors go into the carry, so the density over a few bars is exact.
    """
    draws = frame.draws
    if _breathes(position, frame.intent.rest, draws):
        return 0, min(carry, 0.6)
    _, motif = _variant(position, draws)
    busy = exp(0.45 * draws.normal("busy", motif, position.beat_in_bar))
    if position.bar_in_phrase == BARS_PER_PHRASE - 1:
        busy *= 0.8
    owed = carry + frame.intent.lead_rate * frame.beat_s * busy
    wobble = 0.5 * (draws.uniform("round", motif, position.beat_in_bar) - 0.5)
    count = min(max(int(owed + 0.5 + wobble), 0), frame.limit)
    if position.bar_in_phrase == 0 and position.beat_in_bar == 0:
        count = max(count, 1)
    return count, min(max(owed - count, -1.0), 1.2)


def _cell(position: Position, count: int, frame: BeatFrame) -> Cell:
    """Return the motif's rhythm cell for so many onsets."""
    _, motif = _variant(position, frame.draws)
    options = cells(count, frame.limit, triplets=frame.beat_s > 0.4)
    plain = position.beat_in_bar == 0 and position.bar_in_phrase in (0, BARS_PER_PHRASE - 1)
    weights = [
        cell.weight * ((0.0 if plain else frame.intent.syncopation) if cell.offbeat else 1.0)
        for cell in options
    ]
    return options[frame.draws.pick(weights, "cell", motif, position.beat_in_bar, count)]


def _next_onset(frame: BeatFrame, carry: float) -> float:
    """Return beats from this beat's start to the next beat's onset or rest, if the target stays."""
    here = frame.position
    for ahead in range(1, _LOOKAHEAD + 1):
        position = locate(here.beat + ahead, here.beats_per_bar, frame.draws)
        if _breathes(position, frame.intent.rest, frame.draws):
            return ahead + 0.25
        count, carry = _count(position, carry, frame)
        if count:
            return ahead + _cell(position, count, frame).onsets[0]
    return float(_LOOKAHEAD)


def _goals(position: Position, at: float, frame: BeatFrame) -> frozenset[int]:
    """Return the pitch classes a cadence asks for at its goal, else nothing."""
    if position.bar_in_phrase != BARS_PER_PHRASE - 1 or position.beat_in_bar or at > 0.5:
        return frozenset()
    chord = frame.harmony.chord.pitch_classes
    if position.closing:
        first = frame.draws.uniform("goal", position.phrase) < 0.65
        return frozenset(chord[:1] if first else chord[1:2])
    return frozenset(chord[1:3])


def _arch(position: Position, draws: Draws) -> float:
    """Return where the line should be within its span, -1..1: each phrase has its curve."""
    beats = BARS_PER_PHRASE * position.beats_per_bar
    progress = (position.bar_in_phrase * position.beats_per_bar + position.beat_in_bar) / beats
    shift = draws.uniform("arch", position.phrase)
    return 0.45 * sin(tau * (0.8 * progress + shift))


def _choose(
    state: LeadState, frame: BeatFrame, at: float, index: int, beat_weight: float
) -> tuple[int, bool]:
    """Return the next pitch and whether it is foreign to the chord."""
    position, intent, harmony, draws = frame.position, frame.intent, frame.harmony, frame.draws
    members = frozenset(harmony.chord.pitch_classes)
    usable = harmony.scale | members
    goals = _goals(position, at, frame)
    home = intent.lead_centre + intent.lead_span * _arch(position, draws)
    last = state.pitch or round(home)
    wish = _direction(position, state.index, draws) * 1.7
    low, high = max(_LOWEST, last - 12), min(HIGHEST, last + 12)
    best, best_score = -1, float("-inf")
    strict = bool(state.pitch)
    while best < 0:
        for pitch in range(low, high + 1):
            note = pitch % 12
            if note not in usable:
                continue
            interval = pitch - last
            size = abs(interval)
            foreign = note not in members
            if strict:
                if size in _FORBIDDEN or (size > _LEAP and foreign):
                    continue
                if state.foreign and size > _LEAP:
                    continue
            score = -0.55 * abs(interval - wish)
            score -= 3.0 * ((pitch - home) / intent.lead_span) ** 2
            if foreign:
                score -= 2.4 * beat_weight + 0.2
                if (note - 1) % 12 in members:
                    score -= 0.8 * beat_weight * (1.0 - intent.tension)
            if (note - harmony.tonic) % 12 in (0, 3, 4, 7):
                score += 0.35
            if note in goals:
                score += 6.0
            if size == 0:
                score -= 1.0 + 2.0 * state.repeats
            elif size == 3 and foreign:
                score -= 1.0
            elif size > 7:
                score -= 1.0
            if abs(state.interval) > 4 and size:
                back = interval * state.interval < 0
                score += 0.8 if back and size <= _LEAP else (-1.5 if not back else 0.0)
            chance = draws.uniform("line", position.beat, index, pitch)
            score -= 0.45 * log(-log(chance + 1e-12) + 1e-12)
            if score > best_score:
                best, best_score = pitch, score
        if best < 0:
            if not strict:
                raise AssertionError("no scale note within two octaves")
            strict = False
    return best, best % 12 not in members


def play_lead(state: LeadState, frame: BeatFrame) -> tuple[list[Written], LeadState]:
    """Return the lead's notes of a beat and its state after it."""
    position = frame.position
    if position.beat_in_bar == 0:
        state = replace(state, index=0)
    count, carry = _count(position, state.carry, frame)
    if count == 0:
        return [], replace(state, carry=carry)
    onsets = _cell(position, count, frame).onsets
    later = min(_next_onset(frame, carry), onsets[-1] + _LONGEST_S / frame.beat_s)
    notes = []
    for index, at in enumerate(onsets):
        beat_weight = 1.0 if at == 0.0 and position.starts_slot else 0.6 if at == 0.0 else 0.25
        pitch, foreign = _choose(state, frame, at, index, beat_weight)
        interval = pitch - state.pitch if state.pitch else 0
        state = LeadState(
            pitch=pitch,
            interval=interval,
            repeats=state.repeats + 1 if state.pitch == pitch else 0,
            foreign=foreign,
            index=state.index + 1,
        )
        end = onsets[index + 1] if index + 1 < len(onsets) else later
        notes.append(Written(at, end - at, pitch, accent=2.0 if abs(interval) > 4 else 0.0))
    return notes, replace(state, carry=carry)
