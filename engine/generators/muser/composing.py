"""A beat's codes: what the prior says under the emotion, what is imposed, and how it is steered.

The prior is asked twice, with and without the emotion, so that guidance can sharpen the difference.
On top, the elements of the notes are steered: the mean of the number that a code stands for goes
part of its way to where rated piano music has it at that emotion, and what the notes then lack is
asked for in the beats that follow. This is what makes notes per second right at tempi the training
music never had.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import exp, isfinite, log, log2
from typing import Final

import numpy as np
from numpy.typing import NDArray

from engine.generators.muser.features import statistics
from engine.generators.muser.model import (
    LOOKBACK_BARS,
    NO_CODES,
    MuserModel,
    condition_row,
    phase_row,
)
from engine.generators.muser.performance import typical_levels
from engine.generators.muser.phrases import Source
from engine.generators.muser.sampling import expected, guided, pick, tilted
from engine.generators.muser.settings import Knobs
from engine.generators.muser.state import Codes, MuserState
from engine.generators.muser.tokens import Beat, Header, Token
from engine.generators.muser.vocabulary import ELEMENTS
from engine.music.draws import Draws

__all__ = [
    "URGENT_BEATS",
    "Outlook",
    "Place",
    "choose_codes",
    "kept_lean",
    "leaned",
    "past_rows",
    "pushed",
    "step_prior",
    "wanted_numbers",
]


@dataclass(frozen=True, slots=True)
class _Steering:
    """How an element's number is steered.

    Attributes
    ----------
    share : float
        Part of the way that the mean of its codes is moved.
    rate : float
        Part of what is missing in the written notes that is asked for on top ever after.
    most : float
        Most that is asked for on top.
    push : float
        Part of a jump that is asked for beyond it at first: what the decoder played last still
        rings in its state.
    """

    share: float
    rate: float
    most: float
    push: float = 0.0


_STEERED: Final = {
    "chord": _Steering(0.75, 0.0, 0.0),
    "rhythm": _Steering(0.8, 0.1, 1.0, 0.35),
    "texture": _Steering(0.7, 0.06, 0.8, 0.35),
    "pitch": _Steering(0.4, 0.05, 5.0),
    "duration": _Steering(0.8, 0.1, 1.2, 0.4),
    "velocity": _Steering(0.5, 0.05, 10.0, 0.15),
}
_AT_ONCE: Final = ("rhythm", "texture", "duration")
"""After a jump these go all the way."""
_PUSHED: Final = (1.0, 0.7, 0.3)
"""How much of its `push` each beat after a jump gets."""
URGENT_BEATS: Final = len(_PUSHED)
"""So many beats are written as after a jump."""
_DENSITY: Final = 0.7
_REGISTER: Final = 12.0
"""What a full turn of the knob does: log onsets per second, semitones."""
_CUT: Final = 0.35
"""What notes lose on average where their pitch is struck again before they end [log s]."""
_RECALL: Final = 6.0
"""What full recurrence adds to the codes of the bar that is recalled [nats]."""
_STEADY: Final = 2.0
"""What full recurrence adds to the rhythm of the beat before [nats]."""
_TOP_P: Final = (0.85, 0.99)
"""Nucleus without any adventure and with all of it."""
_BRIGHTNESS: Final = 0.7
_BRIGHTEST: Final = 0.45
"""Mean brightness of the chords per valence, -1 (diminished) .. 1 (major seventh), and at most:
beyond, the key is lost, and with it the valence."""
_BALANCE: Final = 0.8
"""At valence 0 chords are so much darker in major, brighter in minor: the mode says too much."""
_CHORDS_FREER: Final = 1.15
"""Chords are drawn so much more freely, and without guidance: valence has the mode."""
_UNKNOWN: Final = condition_row(0.0, 0.0, 0.0)


Array = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Outlook:
    """What the prior makes of a beat: contexts with the emotion and without, and states after."""

    known: Array
    blind: Array
    prior: Array
    free: Array


@dataclass(frozen=True, slots=True)
class Place:
    """Where and when the beat is.

    Attributes
    ----------
    beat, beats_per_bar : int
        Its number, and beats in its bar.
    beat_s : float
        Its length [s].
    shift : int
        Semitones that pitches of the table are moved up by.
    """

    beat: int
    beats_per_bar: int
    beat_s: float
    shift: int

    @property
    def position(self) -> int:
        """Beat in the bar, from 0."""
        return self.beat % self.beats_per_bar

    @property
    def phase(self) -> NDArray[np.int64]:
        """The place in the bar as the graphs take it."""
        return phase_row(self.position, self.beats_per_bar)


def wanted_numbers(
    valence: float, arousal: float, place: Place, knobs: Knobs, major: bool
) -> dict[str, float]:
    """Return the number each steered element should have on average (`features.statistics`)."""
    levels = typical_levels(valence, arousal)
    undecided = max(1.0 - 2.0 * abs(valence), 0.0)
    balance = _BALANCE * undecided * (-1.0 if major else 1.0)
    more = _DENSITY * knobs.density
    return {
        "chord": min(max(_BRIGHTNESS * valence, -_BRIGHTEST), _BRIGHTEST) + balance,
        "rhythm": exp(levels.log_onsets + more) * place.beat_s,
        "texture": (levels.log_notes - levels.log_onsets) / log(2.0),
        "pitch": levels.pitch + _REGISTER * knobs.register - place.shift,
        "duration": (levels.log_length + _CUT - 0.5 * more) / log(2.0) - log2(place.beat_s),
        "velocity": levels.velocity,
    }


def past_rows(history: tuple[Codes, ...], beats_per_bar: int) -> NDArray[np.int64]:
    """Return the codes of the beat before and of those some bars back: shape (1, 4, 8)."""
    rows = []
    for back in (1, *(bars * beats_per_bar for bars in LOOKBACK_BARS)):
        rows.append(history[-back] if back <= len(history) else NO_CODES)
    return np.array([rows], np.int64)


def step_prior(
    model: MuserModel, state: MuserState, place: Place, valence: float, arousal: float
) -> Outlook:
    """Move the prior to a beat, with and without the emotion."""
    past = past_rows(state.history, place.beats_per_bar)
    known, prior = model.prior_step(past, place.phase, condition_row(valence, arousal), state.prior)
    blind, free = model.prior_step(past, place.phase, _UNKNOWN, state.free)
    return Outlook(known, blind, prior, free)


def choose_codes(
    model: MuserModel,
    outlook: Outlook,
    place: Place,
    valence: float,
    arousal: float,
    wanted: Mapping[str, float],
    urgent: bool,
    before: Codes | None,
    recalled: Codes | None,
    source: Source,
    imposed: Mapping[str, int],
    masks: Mapping[str, NDArray[np.bool_]],
    chord_costs: Array,
    leaning: Callable[[str], Array | None],
    knobs: Knobs,
    draws: Draws,
) -> Codes:
    """Decide the codes of a beat, element after element.

    Parameters
    ----------
    wanted : mapping of str to float
        Element → the number it should have on average: `wanted_numbers` and what was lacking.
    urgent : bool
        The target has just jumped: go all the way at once.
    before : Codes or None
        Of the last beat: its rhythm goes on.
    recalled : Codes or None
        Of the beat whose figures may come back.
    source : Source
        How strongly they are favoured, and whether the chord is among them.
    imposed : mapping of str to int
        Element → code that is simply taken.
    masks : mapping of str to bool array
        Element → codes that may be drawn; without one, all that training used.
    chord_costs : float32 array
        Taken off the logits of the chord's codes [nats].
    leaning : callable
        Element → added to the logits of its codes [nats]; None adds nothing.
    """
    row = np.zeros((1, len(ELEMENTS)), np.int64)
    known = condition_row(valence, arousal)
    low, high = _TOP_P
    top_p = low + (high - low) * knobs.adventurousness
    for index, name in enumerate(ELEMENTS):
        if name in imposed:
            row[0, index] = imposed[name]
            continue
        table = model.codes[name]
        logits = guided(
            model.code_logits(outlook.known, known, row, index),
            model.code_logits(outlook.blind, _UNKNOWN, row, index),
            min(knobs.guidance, 1.0) if name == "chord" else knobs.guidance,
        )
        mask = masks.get(name, table.share > 0.0)
        if name == "chord":
            logits = logits - chord_costs
        if (more := leaning(name)) is not None:
            logits = logits + more
        if before is not None and name == "rhythm" and not urgent:
            logits = logits.copy()
            logits[before[index]] += _STEADY * knobs.recurrence
        if name in wanted:
            mask = mask & np.isfinite(table.statistic)
            logits = np.where(mask, logits, np.float32(-1e9))
            values = np.where(mask, table.statistic, np.float32(0.0))
            mean = expected(logits, values)
            share = 1.0 if urgent and name in _AT_ONCE else _STEERED[name].share
            mean += share * (wanted[name] - mean)
            logits = tilted(logits, values, mean)
        if recalled is not None and (source.chords or name != "chord"):
            logits = logits.copy()
            logits[recalled[index]] += _RECALL * source.faith * knobs.recurrence
        free = name == "chord"
        row[0, index] = pick(
            logits,
            draws.uniform(name, place.beat),
            temperature=knobs.temperature * (_CHORDS_FREER if free else 1.0),
            top_p=_TOP_P[1] if free or urgent else top_p,
            mask=mask,
        )
    return tuple(int(code) for code in row[0])


def leaned(
    lean: Mapping[str, float], tokens: Sequence[Token], wanted: Mapping[str, float]
) -> dict[str, float]:
    """Return what is to be asked for on top from now on, given the notes that were written."""
    written = statistics(Beat(Header(tempo=0), tuple(sorted(tokens))))
    after = dict(lean)
    for name, steering in _STEERED.items():
        number = float(written[ELEMENTS.index(name)])
        if isfinite(number):
            moved = after.get(name, 0.0) + steering.rate * (wanted[name] - number)
            after[name] = min(max(moved, -steering.most), steering.most)
    return after


def kept_lean(lean: Mapping[str, float], moved: float) -> dict[str, float]:
    """Return what is still asked for on top once the target has moved so far: it was for there."""
    share = max(1.0 - moved, 0.0)
    return {name: share * value for name, value in lean.items()}


def pushed(
    wanted: Mapping[str, float], before: Mapping[str, float], since: int
) -> dict[str, float]:
    """Return what is asked for in a beat after a jump, a little beyond what is wanted.

    Parameters
    ----------
    wanted, before : mapping of str to float
        `wanted_numbers` now and before the jump.
    since : int
        Beats since the jump, below `URGENT_BEATS`.
    """
    return {
        name: number + _PUSHED[since] * _STEERED[name].push * (number - before[name])
        for name, number in wanted.items()
    }
