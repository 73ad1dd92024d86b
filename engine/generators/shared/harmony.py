"""Which chord sounds in each half bar: mode from valence, function from the form.

A phrase starts at rest, departs, and closes with a cadence; between these, functions follow
each other by a small table and the chord is drawn among those of its function. The draws
belong to the phrase's material, so recurring material keeps its harmony as long as the
target stays.
"""

from dataclasses import dataclass, replace
from math import exp
from typing import Final, Literal

from engine.generators.shared.mood_map import Intent
from engine.music.chords import Chord, chord_tension
from engine.music.draws import Draws
from engine.music.form import BARS_PER_PHRASE, Position
from engine.music.keys import SCALES, Key
from engine.music.ladder import (
    COLOURS,
    LADDER,
    Degree,
    Function,
    Mode,
    chord_scale,
    lasting_notes,
    mode_tonic,
)

__all__ = ["Harmony", "KeyLock", "next_harmony"]

KeyLock = Literal["tonic", "scale"]

_NEXT: Final[dict[Function, tuple[tuple[Function, float], ...]]] = {
    "T": (("S", 0.6), ("T", 0.35), ("D", 0.05)),
    "S": (("T", 0.5), ("D", 0.35), ("S", 0.15)),
    "D": (("T", 0.8), ("S", 0.15), ("D", 0.05)),
}
_ROOT_MOTION: Final = (0.25, 0.7, 1.0, 1.0, 0.9, 1.5, 0.5, 1.1, 0.8, 1.1, 0.9, 0.7)
"""Preference for a root so many semitones higher; up a fourth is the strongest motion."""
_ENRICHED: Final[dict[Function, tuple[float, float]]] = {
    "T": (0.0, 0.5),
    "S": (0.0, 1.0),
    "D": (0.5, 0.7),
}
"""Chance of enrichment by function: constant, per unit of colour. Plain chords of rest make
the key clear; a dominant wants its seventh in any mood."""
_SEVENTH: Final = 6.0
"""How much a dominant's enrichment prefers the seventh."""
_PRINCIPAL: Final = 3.0
"""How much a cadence prefers the chord on the fifth degree."""
_SLOTS_PER_PHRASE: Final = 2 * BARS_PER_PHRASE
_SHORTEST_S: Final = 0.6
"""Shortest half bar [seconds] in which the harmony changes by plan."""
_STRIDE: Final = 11
"""Indices from one material to the next; with a multiple of 8 or 13 they would rhyme."""
_MODE_BARS: Final = 2
"""Bars that share one draw of the mode, so that mixture comes in stretches, not flickers."""


@dataclass(frozen=True, slots=True)
class Harmony:
    """The harmony of a half bar.

    Attributes
    ----------
    slot : int
        Half bar it was made for.
    tonic : int
        Pitch class of the mode's tonic.
    place : int
        Mode, as a place on the ladder.
    chord : Chord
        Chord that sounds.
    function : {'T', 'S', 'D'}
        Its role in the phrase.
    scale : frozenset of int
        Pitch classes a melody may use.
    lasting : frozenset of int
        Pitch classes that a step of the mode up or down the ladder would leave in place.
    until : int
        Beat up to which the chord is meant to last if the target stays.
    """

    slot: int
    tonic: int
    place: int
    chord: Chord
    function: Function
    scale: frozenset[int]
    lasting: frozenset[int]
    until: int


def _place(position: Position, intent: Intent, draws: Draws) -> int:
    """Return the mode: a place around the wanted brightness, evenly spread over time.

    So the shares of the modes are right already over a few bars.
    """
    offset = draws.even("mode", position.bar // _MODE_BARS) - 0.5
    place = round(intent.brightness + intent.mixture * offset)
    return min(max(place, 0), len(LADDER) - 1)


def _place_in_material(position: Position) -> int:
    """Return the index of an even draw: the same wherever the material comes back."""
    return position.material * _STRIDE + position.slot % _SLOTS_PER_PHRASE


def _holds_through(position: Position, beat_s: float, intent: Intent, draws: Draws) -> bool:
    """Return whether one chord is meant for the whole bar."""
    if position.half == 0 or position.last_bar:
        return True
    if position.beats_per_bar * beat_s < 2.0 * _SHORTEST_S:
        return True
    if position.bar_in_phrase == BARS_PER_PHRASE - 2:
        return False
    if position.beats_per_bar < 4:
        return True
    chance = draws.uniform("half change", position.material, position.bar_in_phrase)
    return chance >= intent.half_bar_change


def _wanted(position: Position, previous: Harmony | None, draws: Draws) -> tuple[Function, bool]:
    """Return the function due in this half bar, and whether its principal chord is due."""
    if position.bar_in_phrase == 0 and not position.second_half:
        return "T", True
    if position.last_bar:
        return ("T", True) if position.closing else ("D", True)
    closes_bar = position.second_half or not position.half
    if position.bar_in_phrase == BARS_PER_PHRASE - 2 and closes_bar:
        return ("D", True) if position.closing else ("S", False)
    options = _NEXT[previous.function if previous else "T"]
    weights = [weight for _, weight in options]
    return options[draws.pick_even(weights, "function", _place_in_material(position))][0], False


def _degree(
    mode: Mode,
    tonic: int,
    function: Function,
    principal: bool,
    lock: KeyLock,
    previous: Harmony | None,
    intent: Intent,
    draws: Draws,
    place: int,
) -> Degree:
    """Draw a degree of the wanted function, ``principal`` in favour of i or V."""
    steps = set(SCALES[mode.scale])
    options = []
    for degree in mode.degrees:
        chord = Chord((tonic + degree.offset) % 12, degree.quality)
        inside = {(note - tonic) % 12 for note in chord.pitch_classes} <= steps
        if degree.function == function and (inside or lock == "tonic"):
            options.append(degree)
    if principal and function == "T":
        return options[0]
    weights = []
    for degree in options:
        # The dominant and the minor key's sixth degree are major without sounding happy.
        side = 0.0 if degree.offset in (7, 8) else 0.5 if degree.quality == "maj" else -0.5
        weight = degree.weight * exp(side * intent.chord_tilt)
        if principal and degree.offset == 7:
            weight *= _PRINCIPAL
        if previous is not None:
            weight *= _ROOT_MOTION[(tonic + degree.offset - previous.chord.root) % 12]
        weights.append(weight)
    return options[draws.pick_even(weights, "degree", place)]


def _coloured(
    plain: Chord,
    function: Function,
    scale: frozenset[int],
    intent: Intent,
    draws: Draws,
    place: int,
) -> Chord:
    """Enrich or suspend a plain chord as the target asks, inside the scale."""

    def fitting(qualities: tuple[str, ...]) -> list[Chord]:
        chords = [Chord(plain.root, quality) for quality in qualities]
        return [chord for chord in chords if scale.issuperset(chord.pitch_classes)]

    point = draws.even("colour", place)
    if plain.quality != "dim" and point >= 1.0 - intent.suspension:
        suspended = fitting(("sus4", "sus2"))
        if suspended:
            return suspended[draws.pick_even([1.0] * len(suspended), "suspended", place)]
    constant, slope = _ENRICHED[function]
    if point < constant + slope * intent.colour:
        richer = fitting(COLOURS[plain.quality])
        if richer:
            weights = [exp(8.0 * intent.tension * chord_tension(c.quality)) for c in richer]
            if function == "D":
                weights = [
                    w * (_SEVENTH if "7" in c.quality else 1.0)
                    for w, c in zip(weights, richer, strict=True)
                ]
            return richer[draws.pick_even(weights, "richer", place)]
    return plain


def _heard(chord: Chord, key: Key, wanted: int, lock: KeyLock) -> tuple[int, int] | None:
    """Return (place, tonic) of the mode nearest to the wanted one that holds a heard chord."""
    for place in sorted(range(len(LADDER)), key=lambda index: abs(index - wanted)):
        mode = LADDER[place]
        tonic = mode_tonic(key.tonic, key.mode, mode, lock)
        steps = {(tonic + step) % 12 for step in SCALES[mode.scale]}
        if steps.issuperset(chord.pitch_classes):
            return place, tonic
    return None


def _function_of(chord: Chord, mode: Mode, tonic: int) -> Function:
    """Return the function a chord most likely has; unlisted roots count as departure."""
    for degree in mode.degrees:
        if (tonic + degree.offset) % 12 == chord.root:
            return degree.function
    return "S"


def next_harmony(
    position: Position,
    previous: Harmony | None,
    key: Key,
    heard: Chord | None,
    intent: Intent,
    lock: KeyLock,
    beat_s: float,
    draws: Draws,
    *,
    led: bool = False,
) -> Harmony:
    """Return the harmony of the half bar that starts here.

    Parameters
    ----------
    position : Position
        A beat that starts a half bar, or where a chord is commanded.
    previous : Harmony or None
        Harmony of the half bar before.
    key : Key
        Key to stay in.
    heard : Chord or None
        Chord of the performer: taken over if a mode on the ladder holds it.
    intent : Intent
        What the target asks for.
    lock : {'tonic', 'scale'}
        What the key fixes; see `mode_tonic`.
    beat_s : float
        Length of a beat [seconds].
    draws : Draws
        Source of chance.
    led : bool
        Whether the heard chord is taken over in any key.
    """
    place = _place(position, intent, draws)
    mode = LADDER[place]
    tonic = mode_tonic(key.tonic, key.mode, mode, lock)
    agreed = _heard(heard, key, place, lock) if heard is not None else None
    if led and heard is not None and agreed is None:  # outside the key: a mode on its own root
        agreed = _heard(heard, Key(heard.root, key.mode), place, "tonic") or (place, tonic)
    if heard is not None and agreed is not None:
        place, tonic = agreed
        function = _function_of(heard, LADDER[place], tonic)
        return _harmony(position.slot, tonic, place, heard, function, lock, position.slot_end)
    whole = _holds_through(position, beat_s, intent, draws)
    until = position.bar_end if whole else position.slot_end
    # In very short bars a chord lasts two of them.
    fleeting = position.beats_per_bar * beat_s < 2.0 * _SHORTEST_S
    goes_on = position.second_half or (fleeting and position.bar_in_phrase == 1)
    if whole and goes_on and previous is not None:
        if (previous.place, previous.tonic) == (place, tonic):
            return replace(previous, slot=position.slot, until=until)
        function, principal = previous.function, position.last_bar
    else:
        function, principal = _wanted(position, previous, draws)
    where = _place_in_material(position)
    degree = _degree(mode, tonic, function, principal, lock, previous, intent, draws, where)
    chord = Chord((tonic + degree.offset) % 12, degree.quality)
    if not (position.last_bar and position.closing):
        scale = chord_scale(tonic, place, chord)
        chord = _coloured(chord, function, scale, intent, draws, where)
    return _harmony(position.slot, tonic, place, chord, function, lock, until)


def _harmony(
    slot: int,
    tonic: int,
    place: int,
    chord: Chord,
    function: Function,
    lock: KeyLock,
    until: int,
) -> Harmony:
    scale = chord_scale(tonic, place, chord)
    lasting = scale if lock == "scale" else lasting_notes(tonic, place)
    return Harmony(slot, tonic, place, chord, function, scale, lasting, until)
