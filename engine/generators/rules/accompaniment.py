"""The chord part: broken, held, pulsed, rocking or off the beat, as thick as the target asks.

Lead and bass play first; the chords fill what is left of the note budget, so the density of
the whole follows the target exactly whatever the figure is.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from math import exp
from typing import Final

from engine.generators.shared.parts import BeatFrame
from engine.music.rhythm import cells
from engine.music.voicing import VoicingRules, best_voicing
from engine.music.written import Written

__all__ = ["FIGURES", "ChordState", "play_chords"]

_LOW: Final = 43
"""Lowest pitch of a voicing or broken chord."""
_BELOW: Final = 15
_ABOVE: Final = 9
"""Semitones below and at least above the register's centre that voicings reach."""
_BELOW_LEAD: Final = 5
"""Semitones below the lead's centre that voicings end."""
_REPAY: Final = 0.5
"""Share of a difference from the note budget that is made up in the next beat."""
_LONG: Final = 16.0
"""Ring of a note that nothing but the harmony ends [beats]."""
_REGISTER_STEP: Final = 2.5
"""Change of the register [semitones] that makes the chord be voiced anew within it."""


@lru_cache(maxsize=16)
def _orders(size: int) -> tuple[tuple[int, ...], ...]:
    """Return the orders in which a broken chord may run through its voices."""
    up = tuple(range(size))
    inner = up[1:-1][::-1]
    skips = tuple(min(size - 1, index // 2 + 2 * (index % 2)) for index in range(2 * size - 4))
    return (
        up,
        up[::-1],
        up + inner,
        (0, size - 1, size // 2, size - 1),
        (0, size // 2, size - 1, size // 2),
        (0, *inner[::-1], size - 1, *inner),
        skips or up,
    )


@dataclass(frozen=True, slots=True)
class ChordState:
    """What the chord part remembers.

    Attributes
    ----------
    voicing : tuple of int
        Pitches of the present chord, ascending.
    bass : int
        Bass note under it.
    centre : float
        Register it was voiced for.
    carry : float
        Notes owed (> 0) or played in advance (< 0).
    step : int
        Place in the broken chord.
    """

    voicing: tuple[int, ...] = ()
    bass: int = 0
    centre: float = 0.0
    carry: float = 0.0
    step: int = 0


@dataclass(frozen=True, slots=True)
class Strike:
    """Pitches struck together in a beat; ``ring`` is the longest they may sound on [beats]."""

    at: float
    pitches: tuple[int, ...]
    ring: float = 0.0


Figure = Callable[[ChordState, BeatFrame, frozenset[float]], tuple[list[Strike], int]]
"""State, frame and onsets of the other parts → strikes, and the new place in the chord."""


def _evenly(count: int, frame: BeatFrame) -> tuple[float, ...]:
    """Return the plainest cell of so many onsets."""
    options = cells(count, frame.limit, triplets=False)
    return max(options, key=lambda cell: cell.weight).onsets


def _between(count: int, frame: BeatFrame, taken: frozenset[float]) -> tuple[float, ...]:
    """Return the cell of so many onsets that fills the gaps the other parts leave."""
    options = cells(count, frame.limit, triplets=False)
    return max(options, key=lambda cell: (len(set(cell.onsets) - taken), cell.weight)).onsets


def _group(frame: BeatFrame, size: int) -> int:
    """Return how many voices to strike together: the wanted size, dithered, at most ``size``."""
    wobble = frame.draws.uniform("group", frame.position.beat)
    return min(max(int(frame.intent.chord_size + wobble), 1), size)


def _window(state: ChordState, count: int, frame: BeatFrame) -> tuple[int, ...]:
    """Return so many neighbouring voices: near the register's centre, with third and root."""
    voicing, root = state.voicing, frame.harmony.chord.root

    def cost(voices: tuple[int, ...]) -> float:
        steps = {(pitch - root) % 12 for pitch in voices}
        missing = (0.0 if steps & {3, 4} else 9.0) + (0.0 if 0 in steps else 2.0)
        return abs(sum(voices) / count - frame.intent.chord_centre) + missing

    return min((voicing[i : i + count] for i in range(len(voicing) - count + 1)), key=cost)


def _reach(voicing: tuple[int, ...], frame: BeatFrame) -> tuple[int, ...]:
    """Return the voicing carried on by octaves, up and down, as far as the target asks."""
    count = round(frame.intent.reach)
    roof = frame.intent.lead_centre - _BELOW_LEAD + 3
    above = [pitch + 12 for pitch in voicing if voicing[-1] < pitch + 12 <= roof]
    below = [pitch - 12 for pitch in voicing if _LOW <= pitch - 12 < voicing[0]]
    down = below[len(below) - count // 2 :] if count > 1 else []
    return (*down, *voicing, *above[: count - len(down)])


def _owed(state: ChordState, frame: BeatFrame) -> float:
    """Return the notes to play now: a steady share, leaning towards what the budget owes.

    Where in the bar a little more or less is played belongs to the phrase's material, so
    figures keep their shape from bar to bar.
    """
    intent, position = frame.intent, frame.position
    steady = (intent.note_rate - intent.lead_rate - intent.bass_rate) * frame.beat_s
    wobble = frame.draws.uniform("owed", position.material, position.beat_in_bar) - 0.5
    return max(0.0, steady + _REPAY * (state.carry - steady) + 0.5 * wobble)


def _broken(
    state: ChordState, frame: BeatFrame, taken: frozenset[float]
) -> tuple[list[Strike], int]:
    """One voice after the other, over more octaves the more notes there are."""
    pitches = _reach(state.voicing, frame)
    orders = _orders(len(pitches))
    order = orders[int(frame.draws.uniform("order", frame.position.bar // 2) * len(orders))]
    count = round(_owed(state, frame))
    struck = min(count, frame.limit, max(2, round(count * 0.75)))
    step = 0 if frame.changed else state.step
    strikes = []
    onsets = _between(struck, frame, taken) if struck < 2 else _evenly(struck, frame)
    for index, at in enumerate(onsets):
        voice = order[step % len(order)]
        # Notes beyond one per onset thicken the beat's first onsets.
        pair = (voice + len(pitches) // 2) % len(pitches)
        struck_together = {pitches[voice], pitches[pair if index < count - struck else voice]}
        again = order[(step + 1) % len(order) :] + order
        ring = (again.index(voice) + 1) / struck
        strikes.append(Strike(at, tuple(sorted(struck_together)), ring))
        step += 1
    return strikes, step


def _held(state: ChordState, frame: BeatFrame, taken: frozenset[float]) -> tuple[list[Strike], int]:
    """Struck with the chord and held; what is still owed fills in one voice at a time."""
    voicing = state.voicing
    size = len(voicing)
    owed = _owed(state, frame)
    position = frame.position
    strikes: list[Strike] = []
    step = state.step
    if frame.changed or position.beat_in_bar == 0:
        left = frame.harmony.until - position.beat
        count = min(max(round(owed * min(left, 2)), 2), size)
        strikes.append(Strike(0.0, _window(state, count, frame), _LONG))
        owed -= count
        step = voicing.index(strikes[0].pitches[-1]) + 1
    fill = min(int(owed + 0.5), frame.limit - 1)
    if fill >= 1:
        for at in _between(fill, frame, taken | {0.0}):
            strikes.append(Strike(at, (voicing[step % size],), _LONG))
            step += 1
    return strikes, step


def _pulsed(
    state: ChordState, frame: BeatFrame, taken: frozenset[float]
) -> tuple[list[Strike], int]:
    """Repeated chords on the beat and between."""
    group = min(1 + _group(frame, len(state.voicing)), len(state.voicing))
    count = min(round(_owed(state, frame) / group), frame.limit)
    voices = _window(state, group, frame)
    return [Strike(at, voices) for at in _evenly(count, frame)], state.step


def _rocking(
    state: ChordState, frame: BeatFrame, taken: frozenset[float]
) -> tuple[list[Strike], int]:
    """Low and high voices in alternation."""
    size = len(state.voicing)
    group = min(_group(frame, size), size - 1)
    low, high = state.voicing[: 1 if group < 3 else 2], state.voicing[-group:]
    count = min(round(2.0 * _owed(state, frame) / (len(low) + len(high))), frame.limit)
    step = 0 if frame.position.starts_slot else state.step
    strikes = []
    for at in _evenly(count, frame):
        strikes.append(Strike(at, low if step % 2 == 0 else high, 2.0 / count))
        step += 1
    return strikes, step


def _offbeat(
    state: ChordState, frame: BeatFrame, taken: frozenset[float]
) -> tuple[list[Strike], int]:
    """Chords between the beats, answering the bass."""
    group = max(2, _group(frame, len(state.voicing)))
    count = min(round(_owed(state, frame) / group), frame.limit)
    options = cells(count, frame.limit, triplets=False)
    off = [cell for cell in options if cell.offbeat] or list(options)
    place = (frame.position.material, frame.position.beat_in_bar, count)
    chosen = off[frame.draws.pick([cell.weight for cell in off], "offbeat", *place)]
    voices = _window(state, group, frame)
    return [Strike(at, voices) for at in chosen.onsets], state.step


FIGURES: Final[dict[str, tuple[Figure, float, float]]] = {
    "held": (_held, 0.0, -2.2),
    "broken": (_broken, 1.2, 0.0),
    "rocking": (_rocking, 0.4, 0.2),
    "pulsed": (_pulsed, -0.8, 1.0),
    "offbeat": (_offbeat, -0.8, 1.0),
}
"""Figure → how it is played, and the logarithm of its weight: constant, per arousal."""


def _figure(frame: BeatFrame, arousal: float) -> Figure:
    """Return the figure of the half phrase; calm prefers held, excited prefers struck."""
    position = frame.position
    half = position.phrase * 2 + position.bar_in_phrase // 2
    weights = [exp(base + slope * arousal) for _, base, slope in FIGURES.values()]
    rows = list(FIGURES.values())
    # Two half phrases of three share a figure, so that it changes without being restless.
    return rows[frame.draws.pick(weights, "figure", half - half % 3 // 2)][0]


def _revoiced(state: ChordState, frame: BeatFrame, bass: int) -> ChordState:
    """Lead the voices to a new chord, or to a register that has moved."""
    centre = frame.intent.chord_centre
    moved = abs(centre - state.centre) >= _REGISTER_STEP
    if not frame.changed and not moved and state.voicing:
        return state
    rules = VoicingRules(
        low=max(_LOW, round(centre) - _BELOW),
        high=round(max(frame.intent.lead_centre - _BELOW_LEAD, centre + _ABOVE)),
        voices=4,
        centre=centre,
        register=5.0 if moved else 2.2,
    )
    chord = frame.harmony.chord
    grounds = (state.bass, bass) if state.bass and bass else None
    voicing = best_voicing(chord, rules, state.voicing, grounds)
    return replace(state, voicing=voicing, bass=bass or state.bass, centre=centre)


def play_chords(
    state: ChordState, frame: BeatFrame, arousal: float, others: Sequence[Written], bass: int
) -> tuple[list[Written], ChordState]:
    """Return the chord notes of a beat and the state after it.

    Parameters
    ----------
    state : ChordState
        State after the beat before.
    frame : BeatFrame
        The beat to fill.
    arousal : float
        Target, for the choice of the figure.
    others : sequence of Written
        What lead and bass play in this beat.
    bass : int
        Bass pitch now sounding, 0 for none.
    """
    state = _revoiced(state, frame, bass)
    owed = state.carry + frame.intent.note_rate * frame.beat_s - len(others)
    state = replace(state, carry=min(max(owed, -4.0), 10.0))
    strikes, step = _figure(frame, arousal)(state, frame, frozenset(note.at for note in others))
    if frame.changed and not any(strike.at < 0.6 for strike in strikes) and state.carry > -2.0:
        strikes = [Strike(0.0, (state.voicing[0], state.voicing[-1]), _LONG), *strikes]
    notes = [note for index in range(len(strikes)) for note in _write(strikes, index, state, frame)]
    return notes, replace(state, carry=state.carry - len(notes), step=step)


def _write(strikes: list[Strike], index: int, state: ChordState, frame: BeatFrame) -> list[Written]:
    """Return a strike's notes: each as long as its figure, pedal and harmony allow.

    Into the next half bar rings only what a moving target will not turn into a clash.
    """
    strike = strikes[index]
    gap = (strikes[index + 1].at if index + 1 < len(strikes) else 1.0) - strike.at
    position, harmony = frame.position, frame.harmony
    notes = []
    for order, pitch in enumerate(strike.pitches):
        end = harmony.until if pitch % 12 in harmony.lasting else position.slot_end
        full = min(strike.ring, end - position.beat - strike.at)
        length = max(gap, gap + (full - gap) * frame.intent.pedal)
        again = [later.at for later in strikes[index + 1 :] if pitch in later.pitches]
        if again:
            length = min(length, again[0] - strike.at)
        notes.append(Written(strike.at, length, pitch, order=order))
    return notes
