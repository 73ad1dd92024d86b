"""The lead's pitches: the motif's direction, bent to harmony, register and good singing.

Each pitch is the best of all within an octave under one score, after the hard rules: a leap
lands on a chord note and is no tritone or seventh; a note foreign to the chord comes and
goes by step.
"""

from dataclasses import dataclass, replace
from math import log, sin, tau
from typing import Final

from engine.generators.shared.motif import bar_use, direction, next_onset, onset_count, rhythm
from engine.generators.shared.parts import HIGHEST, BeatFrame
from engine.music.draws import Draws
from engine.music.form import BARS_PER_PHRASE, Position
from engine.music.written import Written

__all__ = ["LeadState", "play_lead"]

_LEAP: Final = 3
"""Largest interval [semitones] that still counts as a step or a skip in the line."""
_FORBIDDEN: Final = frozenset({6, 10, 11})
"""Leaps nobody sings: tritone and sevenths."""
_MODE_NOTES: Final = {0: 1.4, 3: 1.8, 4: 1.8, 7: -0.4}
"""Preference for notes so many semitones above the tonic: they say which mode it is."""
_STEP: Final = 1.7
"""Mean size of a scale step [semitones]."""
_LONGEST_S: Final = 3.2
"""Longest note [seconds]."""
_ABOVE_CHORDS: Final = 5
"""Semitones above the chords' centre that the lead stays."""


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
    index : int
        Onsets since the bar line, the place in the motif.
    first : int
        Pitch with which the bar, or until it has one the bar before, began.
    """

    pitch: int = 0
    interval: int = 0
    repeats: int = 0
    foreign: bool = False
    index: int = 0
    first: int = 0


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
    shift = draws.uniform("arch", position.material)
    return 0.35 * sin(tau * (progress + shift))


def _wanted_step(state: LeadState, frame: BeatFrame, home: float) -> float:
    """Return the interval [semitones] that the motif would like.

    A statement starts at home, a sequence or an answer where the bar before started.
    """
    use = bar_use(frame.position, frame.draws)
    if state.index == 0 and use[0] == "statement":
        return home - (state.pitch or home)
    if state.index == 0 and state.first and use[0] in ("sequence", "answer", "fragment"):
        shift = 0.0
        if use[0] == "sequence":
            shift = _STEP if frame.draws.uniform("sequence", use[1]) < 0.5 else -_STEP
        return state.first + shift - state.pitch
    return direction(use, state.index, frame.draws) * _STEP


def _choose(state: LeadState, frame: BeatFrame, at: float, beat_weight: float) -> tuple[int, bool]:
    """Return the next pitch and whether it is foreign to the chord."""
    position, intent, harmony, draws = frame.position, frame.intent, frame.harmony, frame.draws
    members = frozenset(harmony.chord.pitch_classes)
    usable = harmony.scale | members
    goals = _goals(position, at, frame)
    home = intent.lead_centre + intent.lead_span * _arch(position, draws)
    last = state.pitch or round(home)
    wanted = _wanted_step(state, frame, home)
    _, motif = bar_use(position, draws)
    floor = round(intent.chord_centre) + _ABOVE_CHORDS
    low, high = max(min(floor, last), last - 12), min(HIGHEST, last + 12)
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
            score = -0.8 * abs(interval - wanted)
            score -= 4.0 * ((pitch - home) / intent.lead_span) ** 2
            if foreign:
                score -= 2.4 * beat_weight + 0.2
                if (note - 1) % 12 in members:
                    score -= 0.8 * beat_weight * (1.0 - intent.tension)
            score += _MODE_NOTES.get((note - harmony.tonic) % 12, 0.0)
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
            chance = draws.uniform("line", motif, state.index, interval)
            score -= 0.3 * log(-log(chance + 1e-12) + 1e-12)
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
    count = onset_count(position, frame)
    if count == 0:
        return [], state
    onsets = rhythm(position, count, frame).onsets
    later = min(next_onset(frame), onsets[-1] + _LONGEST_S / frame.beat_s)
    notes = []
    for index, at in enumerate(onsets):
        beat_weight = 1.0 if at == 0.0 and position.starts_slot else 0.6 if at == 0.0 else 0.25
        pitch, foreign = _choose(state, frame, at, beat_weight)
        interval = pitch - state.pitch if state.pitch else 0
        state = LeadState(
            pitch=pitch,
            interval=interval,
            repeats=state.repeats + 1 if state.pitch == pitch else 0,
            foreign=foreign,
            index=state.index + 1,
            first=pitch if state.index == 0 else state.first,
        )
        end = onsets[index + 1] if index + 1 < len(onsets) else later
        notes.append(Written(at, end - at, pitch, accent=2.0 if abs(interval) > 4 else 0.0))
    return notes, state
