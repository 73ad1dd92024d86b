"""Voice leading: where each chord note goes, by search instead of by rule of thumb.

All voicings of a chord inside a range are listed once and cached; the best next one, or the
best chain through a progression (dynamic programming), minimises one cost: total motion,
distance from the wanted register, uneven spacing, doubled tendency notes, and parallel
fifths and octaves. Every voicing holds exactly the chord's pitch classes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Final

from engine.errors import InputError
from engine.music.chords import QUALITIES, Chord

__all__ = [
    "VoicingRules",
    "best_voicing",
    "motion",
    "parallels",
    "voice_progression",
    "voicings",
]

Voicing = tuple[int, ...]

_DOUBLING_COST: Final = {0: 0.0, 3: 2.0, 7: 3.0, 5: 3.0, 4: 2.5, 2: 4.0, 8: 4.0, 9: 4.0}
"""Cost of doubling the note so many semitones above the root; sevenths and tritones cost
``_TENDENCY_COST``, for a doubled tendency note must resolve twice."""
_TENDENCY_COST: Final = 9.0
_LEADING_COST: Final = 60.0
"""Cost of doubling the key's leading note: more than any leap that avoids it."""


@dataclass(frozen=True, slots=True)
class VoicingRules:
    """What a good voicing is.

    Attributes
    ----------
    low, high : int
        Allowed MIDI pitches, inclusive.
    voices : int
        Number of voices; raised to the chord's size where that is larger.
    max_gap : int
        Widest interval between neighbouring voices [semitones].
    centre : float
        Wanted mean pitch.
    motion, top, register, spacing, parallel : float
        Weights: per semitone moved by any voice, extra per semitone of the top voice, per
        semitone between mean pitch and ``centre``, per semitone of uneven gaps, per
        parallel fifth or octave.
    leading : int or None
        Pitch class of the key's leading note, which is not doubled; None if there is none.
    """

    low: int = 48
    high: int = 72
    voices: int = 4
    max_gap: int = 12
    centre: float = 60.0
    motion: float = 1.0
    top: float = 0.3
    register: float = 1.2
    spacing: float = 0.15
    parallel: float = 12.0
    leading: int | None = None


def _lowest_gap(pitch: int) -> int:
    """Return the narrowest interval allowed above a pitch; low close intervals turn to mud."""
    if pitch < 48:
        return 7
    if pitch < 55:
        return 3
    return 1


@dataclass(frozen=True, slots=True)
class _Option:
    """A voicing with what does not depend on where it is led from.

    ``doubling`` is its cost of doubled notes, ``mean`` its mean pitch, ``unevenness`` the
    sum of deviations of its gaps from their mean [semitones].
    """

    voicing: Voicing
    doubling: float
    mean: float
    unevenness: float


def voicings(
    chord: Chord, voices: int, low: int, high: int, max_gap: int = 12
) -> tuple[Voicing, ...]:
    """List every voicing of a chord in so many voices, ascending pitches.

    Raises
    ------
    InputError
        The range is too narrow for the chord, or there are fewer voices than chord notes.
    """
    return tuple(option.voicing for option in _options(chord, voices, low, high, max_gap))


@lru_cache(maxsize=4096)
def _options(chord: Chord, voices: int, low: int, high: int, max_gap: int) -> tuple[_Option, ...]:
    steps = QUALITIES[chord.quality]
    if voices < len(steps):
        raise InputError(f"{chord} needs at least {len(steps)} voices; got {voices}")
    members = {(chord.root + step) % 12: step for step in steps}
    pitches = [pitch for pitch in range(low, high + 1) if pitch % 12 in members]
    found: list[_Option] = []

    def grow(taken: Voicing, start: int, missing: frozenset[int]) -> None:
        if len(taken) == voices:
            found.append(_option(taken, members))
            return
        for index in range(start, len(pitches)):
            pitch = pitches[index]
            if taken:
                gap = pitch - taken[-1]
                if gap > max_gap:
                    break
                if gap < _lowest_gap(taken[-1]):
                    continue
            left = missing - {pitch % 12}
            if len(left) < voices - len(taken):
                grow((*taken, pitch), index + 1, left)

    grow((), 0, frozenset(members))
    if not found:
        raise InputError(f"{chord} does not fit {voices} voices between {low} and {high}")
    return tuple(found)


def _option(voicing: Voicing, members: dict[int, int]) -> _Option:
    gaps = [high - low for low, high in pairwise(voicing)]
    mean_gap = sum(gaps) / max(1, len(gaps))
    return _Option(
        voicing=voicing,
        doubling=_doubling(voicing, members),
        mean=sum(voicing) / len(voicing),
        unevenness=sum(abs(gap - mean_gap) for gap in gaps),
    )


def _doubling(voicing: Voicing, members: dict[int, int]) -> float:
    cost = 0.0
    seen: set[int] = set()
    for pitch in voicing:
        step = members[pitch % 12]
        if step in seen:
            cost += _DOUBLING_COST.get(step, _TENDENCY_COST)
        seen.add(step)
    return cost


def motion(before: Sequence[int], after: Sequence[int]) -> int:
    """Return the least total motion [semitones] between two ascending voicings.

    With unequal numbers of voices the surplus voices split from, or merge into, a
    neighbour; the pairing that moves least is taken.
    """
    if len(before) == len(after):
        return sum(abs(new - old) for old, new in zip(before, after, strict=True))
    few, many = (before, after) if len(before) <= len(after) else (after, before)
    if not few:
        return 0
    surplus = len(many) - len(few)
    # row[s] = least motion after pairing many[:i + s] with few[:i] (few voices may be shared)
    infinity = 1 << 30
    row = [0] + [infinity] * surplus
    for index, pitch in enumerate(few):
        following = [infinity] * (surplus + 1)
        for skipped in range(surplus + 1):
            best = row[skipped]
            if best < infinity:
                total = best
                for extra in range(skipped, surplus + 1):
                    total += abs(many[index + extra] - pitch)
                    following[extra] = min(following[extra], total)
        row = following
    return row[surplus]


def parallels(before: Sequence[int], after: Sequence[int]) -> int:
    """Count parallel fifths and octaves between equally many voices, bass first."""
    count = 0
    size = min(len(before), len(after))
    for low in range(size):
        step = after[low] - before[low]
        if step == 0:
            continue
        for high in range(low + 1, size):
            interval = (before[high] - before[low]) % 12
            if interval in (0, 7) and after[high] - before[high] == step:
                count += 1
    return count


def _static_cost(option: _Option, rules: VoicingRules) -> float:
    cost = (
        option.doubling
        + rules.register * abs(option.mean - rules.centre)
        + rules.spacing * option.unevenness
    )
    if rules.leading is not None:
        leading = sum(pitch % 12 == rules.leading for pitch in option.voicing)
        cost += _LEADING_COST * max(0, leading - 1)
    return cost


def _step_cost(
    before: Voicing, after: Voicing, bass: tuple[int, int] | None, rules: VoicingRules
) -> float:
    cost = rules.motion * motion(before, after) + rules.top * abs(after[-1] - before[-1])
    if len(before) == len(after):
        if bass is None:
            cost += rules.parallel * parallels(before, after)
        else:
            cost += rules.parallel * parallels((bass[0], *before), (bass[1], *after))
    return cost


def best_voicing(
    chord: Chord,
    rules: VoicingRules,
    previous: Voicing = (),
    bass: tuple[int, int] | None = None,
) -> Voicing:
    """Return the voicing that follows best, exhaustively searched.

    Parameters
    ----------
    chord : Chord
        What to voice.
    rules : VoicingRules
        Range, number of voices and weights.
    previous : tuple of int
        Voicing to lead from, ascending; empty at the start.
    bass : tuple of int, optional
        Previous and next bass pitch, so that parallels with the bass are seen.

    Raises
    ------
    InputError
        The chord does not fit the range.
    """
    voices = max(rules.voices, len(QUALITIES[chord.quality]))
    best: Voicing = ()
    best_cost = float("inf")
    for option in _options(chord, voices, rules.low, rules.high, rules.max_gap):
        cost = _static_cost(option, rules)
        if previous and cost < best_cost:
            cost += _step_cost(previous, option.voicing, bass, rules)
        if cost < best_cost:
            best, best_cost = option.voicing, cost
    return best


def voice_progression(
    chords: Sequence[Chord],
    rules: VoicingRules,
    previous: Voicing = (),
    beam: int | None = None,
) -> list[Voicing]:
    """Return the voicings of a whole progression with the least total cost (Viterbi).

    With ``beam``, each chord is reached only from that many best voicings of the one before.

    Raises
    ------
    InputError
        A chord does not fit the range.
    """
    layers: list[list[Voicing]] = []
    links: list[list[int]] = []
    costs: list[float] = []
    for chord in chords:
        voices = max(rules.voices, len(QUALITIES[chord.quality]))
        options = _options(chord, voices, rules.low, rules.high, rules.max_gap)
        layer = [option.voicing for option in options]
        own = [_static_cost(option, rules) for option in options]
        if layers:
            came: list[int] = []
            totals: list[float] = []
            starts = sorted(range(len(costs)), key=costs.__getitem__)[:beam]
            for voicing, cost in zip(layer, own, strict=True):
                steps = [
                    costs[index] + _step_cost(layers[-1][index], voicing, None, rules)
                    for index in starts
                ]
                best = min(range(len(steps)), key=steps.__getitem__)
                came.append(starts[best])
                totals.append(steps[best] + cost)
            links.append(came)
            costs = totals
        else:
            links.append([])
            start = [_step_cost(previous, v, None, rules) if previous else 0.0 for v in layer]
            costs = [cost + extra for cost, extra in zip(own, start, strict=True)]
        layers.append(layer)
    if not layers:
        return []
    index = min(range(len(costs)), key=costs.__getitem__)
    path = [layers[-1][index]]
    for position in range(len(layers) - 1, 0, -1):
        index = links[position][index]
        path.append(layers[position - 1][index])
    return path[::-1]
