"""The bass: roots where the chord changes, then what the style does until the next."""

from dataclasses import dataclass, replace
from typing import Final

from engine.music.arrange.groove import onsets
from engine.music.arrange.metre import Unit
from engine.music.arrange.scene import STYLES, Scene
from engine.music.chords import Chord
from engine.music.written import Written

__all__ = ["BASSES", "BassState", "play_bass"]

_LOWEST: Final = 28
_HIGHEST: Final = 50
_OCTAVES_FROM: Final = 0.45
"""Arousal from which roots may be doubled an octave below or above."""


@dataclass(frozen=True, slots=True)
class Bass:
    """A way to play the bass.

    Attributes
    ----------
    groove : str
        Rhythm, a name of `engine.music.arrange.groove.GROOVES`.
    share : float
        Its onsets per onset wanted of all parts.
    moves : str
        What follows the root: ``"root"``, ``"fifth"`` or ``"walk"``.
    """

    groove: str
    share: float
    moves: str


BASSES: Final[dict[str, Bass]] = {
    "long": Bass("ballad", 0.14, "fifth"),
    "root": Bass("straight", 0.24, "fifth"),
    "dotted": Bass("charleston", 0.36, "fifth"),
    "tresillo": Bass("tresillo", 0.4, "fifth"),
    "eighths": Bass("eighths", 0.55, "root"),
    "walking": Bass("waltz", 0.42, "walk"),
}
"""Name → bass."""


@dataclass(frozen=True, slots=True)
class BassState:
    """The last pitch, 0 before the first note, and whether it led into the next chord."""

    pitch: int = 0
    led: bool = False


def _nearest(pitch_class: int, state: BassState, centre: float) -> int:
    """Return the pitch of a class nearest to the register and the last note."""
    options = [p for p in range(_LOWEST, _HIGHEST + 1) if p % 12 == pitch_class]
    last = state.pitch or round(centre)
    return min(options, key=lambda p: (abs(p - centre) + 0.6 * abs(p - last), p))


def _ground(scene: Scene, chord: Chord, state: BassState) -> int:
    """Return the note under a chord: its root, or in mid-phrase a third that walks by step."""
    root = _nearest(chord.root, state, scene.bass_centre)
    position = scene.position
    third = chord.pitch_classes[1]
    if position.bar_in_phrase in (0, 3) or not position.second_half or not state.pitch:
        return root
    if chord.quality not in ("maj", "min", "7") or state.led:
        return root
    inverted = _nearest(third, state, scene.bass_centre)
    smooth = 0 < abs(inverted - state.pitch) <= 2 < abs(root - state.pitch)
    chance = scene.draws.uniform("inversion", position.slot)
    return inverted if smooth and chance < 0.35 else root


def _approach(scene: Scene, goal: int, state: BassState, index: int) -> int:
    """Return a neighbour of the next root: from the scale, or a semitone where it is lively."""
    scale = scene.key.pitch_classes
    steps = [-2, -1, 1, 2]
    chance = scene.draws.uniform("approach", scene.position.beat, index)
    if chance < 0.3 + 0.3 * scene.arousal:
        steps = [-1, 1]
    inside = [goal + s for s in steps if (goal + s) % 12 in scale] or [goal - 1, goal + 1]
    return min(inside, key=lambda p: (abs(p - state.pitch), p))


def _walked(scene: Scene, chord: Chord, state: BassState, index: int) -> int:
    """Return the next note of a walking bass: a chord note or a step, never the same again."""
    members = set(chord.pitch_classes)
    scale = set(scene.key.pitch_classes)
    best, best_cost = state.pitch, 99.0
    for pitch in range(max(_LOWEST, state.pitch - 7), min(_HIGHEST + 5, state.pitch + 7) + 1):
        size = abs(pitch - state.pitch)
        if not size or (pitch % 12 not in members and (pitch % 12 not in scale or size > 2)):
            continue
        cost = 0.15 * size + 0.06 * abs(pitch - scene.bass_centre)
        cost += 0.0 if pitch % 12 in members else 0.5
        cost += 1.5 * scene.draws.uniform("walk", scene.position.beat, index, pitch)
        if cost < best_cost:
            best, best_cost = pitch, cost
    return best


def _moving(scene: Scene, chord: Chord, state: BassState, index: int, moves: str) -> int:
    """Return a note between roots."""
    if moves == "walk":
        return _walked(scene, chord, state, index)
    root = _nearest(chord.root, state, scene.bass_centre)
    if moves == "root":
        octave = (
            scene.draws.uniform("octave", scene.position.bar, index) < 0.2 + 0.2 * scene.arousal
        )
        return root + 12 if octave and root + 12 <= _HIGHEST + 5 else root
    fifth = chord.pitch_classes[2]
    if scene.draws.uniform("fifth", scene.position.material, index) < 0.7:
        below = [p for p in (root - 12 + (fifth - chord.root) % 12,) if p >= _LOWEST]
        return below[0] if below else root + (fifth - chord.root) % 12
    return root


def play_bass(scene: Scene, state: BassState) -> tuple[list[Written], BassState]:
    """Return the notes of the bass in a beat, and its state after it."""
    chord = scene.chord
    if chord is None:
        return [], BassState()
    bass = BASSES[STYLES[scene.style].bass]
    strikes: list[tuple[float, float]] = []
    for unit in scene.units_here:
        strikes += _strikes(scene, unit, bass)
    if scene.changed or (scene.position.beat_in_bar == 0 and scene.beat_s > 0.3):
        if not strikes or strikes[0][0] > 0.0:
            later = strikes[0][0] if strikes else float(scene.until - scene.position.beat)
            strikes.insert(0, (0.0, later))
    notes: list[Written] = []
    last_beat = scene.position.beat == scene.until - 1
    leads = last_beat and scene.following is not None and scene.following != chord
    for index, (at, gap) in enumerate(strikes):
        grounded = index == 0 and at == 0.0 and (scene.changed or scene.begins)
        if grounded:
            pitch = _ground(scene, chord, state)
        elif leads and index == len(strikes) - 1 and (at > 0.0 or bass.moves == "walk"):
            assert scene.following is not None
            goal = _nearest(scene.following.root, state, scene.bass_centre)
            pitch = _approach(scene, goal, state, index)
        else:
            pitch = _moving(scene, chord, state, index, bass.moves)
        length = min(gap, scene.until - scene.position.beat - at)
        notes.append(Written(at, length, pitch, 3.0 if grounded else -2.0))
        if grounded and _doubled(scene):
            other = pitch - 12 if pitch - 12 >= _LOWEST - 4 else pitch + 12
            notes.append(Written(at, length, other, 1.0))
        state = replace(state, pitch=pitch, led=leads)
    return notes, state


def _doubled(scene: Scene) -> bool:
    if scene.strong:
        return True
    chance = scene.draws.uniform("doubled", scene.position.slot)
    return chance < scene.arousal - _OCTAVES_FROM


def _strikes(scene: Scene, unit: Unit, bass: Bass) -> list[tuple[float, float]]:
    """Return onset [beats from the beat] and time to the next one [beats] in a unit."""
    cells = onsets(
        bass.groove,
        unit,
        scene.beat_s,
        scene.density * bass.share,
        scene.draws,
        "bass",
        scene.place(unit),
        compound=scene.compound,
        variety=0.6,
    )
    found = []
    for index, cell, at in scene.cells(unit, cells):
        later = cells[index + 1] if index + 1 < len(cells) else unit.cells
        found.append((at, (later - cell) * unit.pulse / 4))
    return found
