"""The chord part: broken, held, pulsed, rocking or off the beat, as thick as the target asks.

Lead and bass play first; the chords fill what is left of the note budget, so the density of
the whole follows the target exactly whatever the figure is.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from math import exp
from typing import Final

from engine.generators.rules.parts import BeatFrame, Written
from engine.music.rhythm import cells
from engine.music.voicing import VoicingRules, best_voicing

__all__ = ["FIGURES", "ChordState", "play_chords"]

_RANGE_LOW: Final = 46
_RANGE_ABOVE: Final = 12
"""Semitones above the chord register's centre that voicings may reach."""
_REGISTER_STEP: Final = 2.5
"""Change of the register [semitones] that makes the chord be voiced anew within it."""

_ORDERS: Final = (
    (0, 1, 2, 3),
    (0, 2, 1, 3, 1, 2),
    (0, 2, 1, 2),
    (0, 1, 2, 3, 2, 1),
    (3, 2, 1, 0),
    (0, 3, 1, 2),
    (0, 2, 3, 2, 1, 2),
)
"""Orders of a broken chord's voices from the bottom; Alberti bass is the third."""


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
    """Voices struck together: position in the beat, indices into the voicing, ring or not."""

    at: float
    voices: tuple[int, ...]
    ring: bool


Figure = Callable[[ChordState, BeatFrame], tuple[list[Strike], int]]
"""State and frame → strikes, and the new place in the broken chord."""


def _evenly(count: int, frame: BeatFrame) -> tuple[float, ...]:
    """Return the plainest cell of so many onsets; three lean towards the beat's end."""
    options = cells(count, frame.limit, triplets=False)
    return max(options, key=lambda cell: cell.weight).onsets if count else ()


def _group(frame: BeatFrame, size: int, place: int) -> int:
    """Return how many voices to strike together: the wanted size, dithered."""
    beat = frame.position.beat
    wobble = frame.draws.uniform("group", beat, place)
    return min(max(int(frame.intent.chord_size + wobble), 1), size)


def _owed(state: ChordState, frame: BeatFrame) -> float:
    """Return the notes owed, rounded up or down by chance so that figures differ in place."""
    return max(0.0, state.carry + 0.6 * (frame.draws.uniform("owed", frame.position.beat) - 0.5))


def _broken(state: ChordState, frame: BeatFrame) -> tuple[list[Strike], int]:
    """One voice after the other; in thick textures two together."""
    size = len(state.voicing)
    order = _ORDERS[int(frame.draws.uniform("order", frame.position.bar // 2) * len(_ORDERS))]
    count = round(_owed(state, frame))
    thick = count > frame.limit or count >= 3 and frame.intent.chord_size > 2.2
    onsets = _evenly(min(-(-count // 2) if thick else count, frame.limit), frame)
    step = 0 if frame.changed else state.step
    strikes = []
    for index, at in enumerate(onsets):
        voice = order[step % len(order)] % size
        pair = (voice, (voice + 2) % size) if thick and size > 2 else (voice,)
        strikes.append(Strike(at, tuple(sorted(set(pair))), ring=True))
        step += 1
        if thick and 2 * (index + 1) >= count:
            break
    return strikes, step


def _held(state: ChordState, frame: BeatFrame) -> tuple[list[Strike], int]:
    """Struck with the half bar and held; what is still owed fills in one voice at a time."""
    size = len(state.voicing)
    owed = _owed(state, frame)
    strikes: list[Strike] = []
    if frame.position.starts_slot and owed >= 1.0:
        count = min(max(round(owed), 2), size)
        inner = frame.draws.uniform("inner", frame.position.slot) < 0.5
        voices = tuple(range(size - count, size) if inner else range(count))
        strikes.append(Strike(0.0, voices, ring=True))
        owed -= count
    step = state.step
    fill = min(int(owed * 0.8), frame.limit - 1)
    if fill >= 1:
        for at in _evenly(fill + 1, frame)[1:]:
            strikes.append(Strike(at, ((step + 1) % size,), ring=True))
            step += 1
    return strikes, step


def _pulsed(state: ChordState, frame: BeatFrame) -> tuple[list[Strike], int]:
    """Repeated chords on the beat and between."""
    size = len(state.voicing)
    group = max(2, _group(frame, size, 0))
    count = min(round(_owed(state, frame) / group), frame.limit)
    top = tuple(range(size - group, size))
    low = tuple(range(group))
    strikes = [
        Strike(at, top if at or not frame.changed else low, ring=False)
        for at in _evenly(count, frame)
    ]
    return strikes, state.step


def _rocking(state: ChordState, frame: BeatFrame) -> tuple[list[Strike], int]:
    """Low and high voices in alternation."""
    size = len(state.voicing)
    group = max(1, min(_group(frame, size, 0), size - 1))
    low = (0,) if group < 3 else (0, 1)
    high = tuple(range(max(1, size - group), size))
    average = 0.5 * (len(low) + len(high))
    count = min(round(_owed(state, frame) / average), frame.limit)
    step = 0 if frame.position.starts_slot else state.step
    strikes = []
    for at in _evenly(count, frame):
        strikes.append(Strike(at, low if step % 2 == 0 else high, ring=step % 2 == 0))
        step += 1
    return strikes, step


def _offbeat(state: ChordState, frame: BeatFrame) -> tuple[list[Strike], int]:
    """Chords between the beats, answering the bass."""
    size = len(state.voicing)
    group = max(2, _group(frame, size, 0))
    count = min(round(_owed(state, frame) / group), frame.limit)
    options = cells(count, frame.limit, triplets=False)
    off = [cell for cell in options if cell.offbeat] or list(options)
    place = (frame.position.material, frame.position.beat_in_bar, count)
    chosen = off[frame.draws.pick([cell.weight for cell in off], "offbeat", *place)]
    top = tuple(range(size - group, size))
    return [Strike(at, top, ring=False) for at in chosen.onsets], state.step


FIGURES: Final[dict[str, tuple[Figure, float, float]]] = {
    "held": (_held, 0.0, -2.2),
    "broken": (_broken, 1.0, -0.7),
    "rocking": (_rocking, 0.3, 0.2),
    "pulsed": (_pulsed, -0.2, 1.4),
    "offbeat": (_offbeat, -0.4, 1.2),
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
        low=_RANGE_LOW,
        high=round(centre) + _RANGE_ABOVE,
        voices=4,
        centre=centre,
        register=4.0 if moved else 1.2,
    )
    chord = frame.harmony.chord
    grounds = (state.bass, bass) if state.bass and bass else None
    voicing = best_voicing(chord, rules, state.voicing, grounds)
    return replace(state, voicing=voicing, bass=bass or state.bass, centre=centre)


def play_chords(
    state: ChordState, frame: BeatFrame, arousal: float, others: int, bass: int
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
    others : int
        Notes that lead and bass play in this beat.
    bass : int
        Bass pitch now sounding, 0 for none.
    """
    state = _revoiced(state, frame, bass)
    owed = state.carry + frame.intent.note_rate * frame.beat_s - others
    state = replace(state, carry=min(max(owed, -4.0), 10.0))
    strikes, step = _figure(frame, arousal)(state, frame)
    if frame.changed and not any(strike.at < 0.6 for strike in strikes) and state.carry > -2.0:
        strikes = [Strike(0.0, (0, len(state.voicing) - 1), ring=True), *strikes]
    notes = [note for index in range(len(strikes)) for note in _write(strikes, index, state, frame)]
    return notes, replace(state, carry=state.carry - len(notes), step=step)


def _write(
    strikes: list[Strike], index: int, state: ChordState, frame: BeatFrame
) -> list[Written]:
    """Return a strike's notes: each as long as its figure, pedal and harmony allow.

    Only the root and the fifth ring on into the next half bar: whatever the mode becomes
    there, they belong to it.
    """
    strike = strikes[index]
    gap = (strikes[index + 1].at if index + 1 < len(strikes) else 1.0) - strike.at
    position, chord = frame.position, frame.harmony.chord
    notes = []
    for order, voice in enumerate(strike.voices):
        pitch = state.voicing[voice]
        step = (pitch - chord.root) % 12
        end = frame.harmony.until if step in (0, 7) else position.slot_end
        rest = max(gap, end - position.beat - strike.at)
        ring = max(0.6, frame.intent.pedal) if strike.ring else 0.35 * frame.intent.pedal
        length = gap + (rest - gap) * ring
        struck_again = [
            later.at - strike.at for later in strikes[index + 1 :] if voice in later.voices
        ]
        if struck_again:
            length = min(length, struck_again[0])
        notes.append(Written(strike.at, length, pitch, order=order))
    return notes
