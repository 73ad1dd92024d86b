"""The chord of each slot: foreseen a beat ahead, agreed with whoever plays along.

While a slot sounds, the next one is already drawn, for the voices and the bass to lead into it;
what has changed by its last beat has it drawn anew.

A chord that is heard is taken over, and the model told of it. But what is heard when a slot is
about to begin is the chord of the slot before: where the model is sure enough that the performer
is going to change, it goes along, as accompanists do, and the next beat puts right what was wrong.
"""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from engine.generators.amt.choice import Leaning, choose
from engine.generators.amt.conditioning import Conditioning, to_vector
from engine.generators.amt.dynamics import Dynamics
from engine.generators.amt.mapping import USUAL, Knobs, Level, phrase_key, usual_level, wanted
from engine.generators.amt.model import AmtModel, AmtState
from engine.generators.amt.slots import Slot, slot_at
from engine.generators.amt.vocabulary import (
    END,
    N_CHORDS,
    from_chord,
    to_chord,
    to_song_key,
    transpose,
)
from engine.generators.protocol import Cues, KeyLock, MusicalContext
from engine.music.chords import Chord, parse_chord
from engine.music.draws import Draws
from engine.music.form import Position, locate
from engine.music.keys import Key, parse_key
from engine.music.listen import Hearing, hear

__all__ = ["Harmoniser", "HarmonyState"]

_SURE: Final = 0.5
"""Probability from which a performer's next chord is played before it is heard."""
_CADENCE: Final = (2.0, 2.0)
"""Preference for rest where a period closes, for the dominant where it opens [nats]."""
_PENULTIMATE: Final = 1.2
"""Preference for the dominant before the rest [nats]."""
_OPENING: Final = 0.5
_CUT: Final = (3.0, 2.5)
"""Preference for the dominant before a cut, and for rest after it [nats]."""
_SAME_TARGET: Final = 0.02
"""A target that moved less leaves the chord foreseen as it is."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """The chord foreseen for a slot.

    Attributes
    ----------
    slot : int
        Its index.
    chord : Chord or None
        What is to sound.
    likely : Chord or None
        The model's first choice, whatever the moment asks for.
    chance : float
        Its probability.
    key : Key
        Key of the slot.
    memory : dict
        The model's state after it.
    level : Level
        How dense and loud it is to be.
    dynamics : ndarray
        State of the network that says so, after it.
    context : MusicalContext
        Under which it was drawn.
    """

    slot: int
    chord: Chord | None
    likely: Chord | None
    chance: float
    key: Key
    memory: AmtState
    level: Level
    dynamics: np.ndarray
    context: MusicalContext


@dataclass(frozen=True, slots=True)
class HarmonyState:
    """What decides the chords to come; never changed in place.

    Attributes
    ----------
    slot : int
        Index of the slot that sounds, -1 before the first.
    chord : Chord or None
        Its chord.
    run : int
        For how many slots it has sounded.
    key : Key or None
        Key of the phrase; None before the first.
    memory : dict
        State of the model before the next slot.
    dynamics : ndarray
        State of the network for density and loudness before the next slot.
    level : Level
        How dense and loud the slot is.
    prepared : Prepared or None
        The next slot.
    hearing : Hearing
        What the performer played on a keyboard.
    heard : Chord or None
        What is heard of the performer, on the keyboard or by the tracker.
    """

    memory: AmtState
    dynamics: np.ndarray
    level: Level = USUAL
    slot: int = -1
    chord: Chord | None = None
    run: int = 0
    key: Key | None = None
    prepared: Prepared | None = None
    hearing: Hearing = Hearing()
    heard: Chord | None = None

    @property
    def following(self) -> Chord | None:
        """The chord foreseen for the next slot."""
        return self.prepared.chord if self.prepared is not None else None


class Harmoniser:
    """Draws chords from the model, one slot ahead.

    Parameters
    ----------
    model : AmtModel
        What to draw from.
    dynamics : Dynamics
        The live network for density and loudness.
    lock : {'tonic', 'scale'}
        What holds a key together: its tonic, or all its notes.
    """

    def __init__(self, model: AmtModel, dynamics: Dynamics, lock: KeyLock) -> None:
        self._model = model
        self._dynamics = dynamics
        self._lock = lock

    def start(self) -> HarmonyState:
        """Return the state before the first slot."""
        return HarmonyState(self._model.initial_state(), self._dynamics.initial_state())

    def advance(
        self, state: HarmonyState, context: MusicalContext, knobs: Knobs, draws: Draws
    ) -> HarmonyState:
        """Return the state in which a beat is played.

        Raises
        ------
        InputError
            The context's key or chord has no such name.
        """
        slot = slot_at(context.beat, context.beats_per_bar)
        state = _listened(state, context)
        if slot.index != state.slot:
            prepared = state.prepared
            if prepared is None or prepared.slot != slot.index:
                prepared = self._prepare(state, slot, context, knobs, draws)
            chord = prepared.chord
            if state.heard is not None:
                sure = prepared.chance >= _SURE and not context.led
                chord = prepared.likely if sure else state.heard
            state = replace(
                state,
                slot=slot.index,
                run=state.run + 1 if chord == state.chord else 1,
                chord=chord,
                key=prepared.key,
                memory=prepared.memory,
                dynamics=prepared.dynamics,
                level=prepared.level,
                prepared=None,
            )
        elif state.heard is not None and state.heard != state.chord:
            state = replace(state, chord=state.heard, run=1, prepared=None)
        return self._look_ahead(state, slot, context, knobs, draws)

    def _look_ahead(
        self,
        state: HarmonyState,
        slot: Slot,
        context: MusicalContext,
        knobs: Knobs,
        draws: Draws,
    ) -> HarmonyState:
        """Foresee the next slot; in the last beat before it, anew if anything has changed."""
        prepared = state.prepared
        if prepared is not None:
            same = _same(prepared.context, context) and state.hearing.silent
            if context.beat < slot.end - 1 or same:
                return state
        following = slot_at(slot.end, context.beats_per_bar)
        return replace(state, prepared=self._prepare(state, following, context, knobs, draws))

    def _prepare(
        self,
        state: HarmonyState,
        slot: Slot,
        context: MusicalContext,
        knobs: Knobs,
        draws: Draws,
    ) -> Prepared:
        position = locate(slot.start, context.beats_per_bar, draws)
        cut = _cut_at(slot, context)
        key = self._key(state, position, context, cut, draws)
        shift = to_song_key(key)
        last = END if state.slot < 0 else transpose(from_chord(state.chord), -shift)
        told = _conditioning(slot, position, context, key)
        density, loudness, dynamics = self._dynamics.step(to_vector(told), state.dynamics)
        level = usual_level(context, density, loudness)
        asked = wanted(context, knobs, level)
        told = replace(told, onset_density=asked.density, loudness=asked.loudness)
        foresight, memory = self._model.foresee(last, told, state.memory, knobs.guidance)
        tonic, dominant = _asked_for(slot, position, cut, _cut_in(slot.end, context))
        leaning = Leaning(
            told.valence or 0.0,
            told.arousal or 0.0,
            tonic,
            dominant,
            self._lock == "scale",
            None
            if state.hearing.silent
            else state.hearing.agreement(
                [to_chord(transpose(chord, shift)) for chord in range(N_CHORDS)]
            ),
        )
        point = draws.uniform("chord", slot.index)
        chosen = choose(foresight, leaning, key.mode, last, state.run, knobs.temperature, point)
        likely = int(foresight.slot[:N_CHORDS].argmax())
        return Prepared(
            slot=slot.index,
            chord=to_chord(transpose(chosen, shift)),
            likely=to_chord(transpose(likely, shift)),
            chance=float(np.exp(foresight.slot[likely])),
            key=key,
            memory=memory,
            level=level,
            dynamics=dynamics,
            context=context,
        )

    def _key(
        self,
        state: HarmonyState,
        position: Position,
        context: MusicalContext,
        cut: bool,
        draws: Draws,
    ) -> Key:
        """Return the key of a slot: only a new phrase or a cut changes it."""
        opens = position.bar_in_phrase == 0 and position.beat_in_bar == 0
        if state.key is not None and not opens and not cut:
            return state.key
        given = parse_key(context.key) if context.key else state.key or Key(0, "maj")
        return phrase_key(given, context.valence, self._lock, position.phrase, draws)


def _listened(state: HarmonyState, context: MusicalContext) -> HarmonyState:
    hearing = hear(state.hearing, context.performed, context.beat)
    tracked = parse_chord(context.chord) if context.chord else None
    heard = tracked if context.led else hearing.chord or tracked
    return replace(state, hearing=hearing, heard=heard)


def _same(drawn: MusicalContext, now: MusicalContext) -> bool:
    """Return whether a chord foreseen in one beat would be foreseen in another."""
    return (
        abs(drawn.valence - now.valence) < _SAME_TARGET
        and abs(drawn.arousal - now.arousal) < _SAME_TARGET
        and _shifted(drawn.cues, now.beat - drawn.beat) == now.cues
        and drawn.key == now.key
        and drawn.tempo_bpm == now.tempo_bpm
        and drawn.beats_per_bar == now.beats_per_bar
    )


def _shifted(cues: Cues, beats: int) -> Cues:
    """Return the cues as they would be some beats later if nothing new came."""
    since, until = cues.beats_since_boundary, cues.beats_until_boundary
    return replace(
        cues,
        beats_since_boundary=None if since is None else since + beats,
        beats_until_boundary=None if until is None else until - beats,
    )


def _cut_at(slot: Slot, context: MusicalContext) -> bool:
    """Return whether a slot starts on the first bar line after a cut that is past or foreseen."""
    cues = context.cues
    ahead = slot.start - context.beat
    if slot.start % context.beats_per_bar:
        return False
    since, until = cues.beats_since_boundary, cues.beats_until_boundary
    past = since is not None and since + ahead < context.beats_per_bar
    coming = until is not None and 0.0 <= ahead - until < context.beats_per_bar
    return past or coming


def _cut_in(beat: int, context: MusicalContext) -> bool:
    """Return whether a cut is foreseen about at a beat."""
    until = context.cues.beats_until_boundary
    return until is not None and abs(context.beat + until - beat) <= 0.5


def _asked_for(slot: Slot, position: Position, cut: bool, cut_next: bool) -> tuple[float, float]:
    """Return the preference for chords of rest and for dominants in a slot."""
    if cut:
        return _CUT[1], 0.0
    if cut_next:
        return 0.0, _CUT[0]
    if position.last_bar:
        closes, opens = _CADENCE
        if slot.end < position.bar_end:
            return 0.0, _PENULTIMATE if position.closing else 0.0
        return (closes, 0.0) if position.closing else (0.0, opens)
    if position.bar_in_phrase == 0 and position.beat_in_bar == 0:
        return _OPENING, 0.0
    return 0.0, 0.0


def _conditioning(
    slot: Slot, position: Position, context: MusicalContext, key: Key
) -> Conditioning:
    """Return what is known of a slot; phrase lines stand in for boundaries unknown."""
    cues = context.cues
    length = slot.end - slot.start
    ahead = slot.start - context.beat
    bars = 4 - position.bar_in_phrase
    until: float = bars * position.beats_per_bar - position.beat_in_bar
    since: float = position.bar_in_phrase * position.beats_per_bar + position.beat_in_bar
    if cues.beats_since_boundary is not None:
        since = cues.beats_since_boundary + ahead
    if cues.beats_until_boundary is not None:
        until = cues.beats_until_boundary - ahead
        if until < 0.0:  # the cut comes before the slot
            since, until = -until, 4.0 * position.beats_per_bar
    return Conditioning(
        valence=min(max(context.valence, -1.0), 1.0),
        arousal=min(max(context.arousal, -1.0), 1.0),
        motion=_share(cues.motion),
        slots_since_boundary=max(since / length, 0.0),
        slots_until_boundary=max(until / length, 0.0),
        section_energy=_share(cues.section_energy),
        mode=key.mode,
        tempo_bpm=context.tempo_bpm,
        slot_in_bar=slot.in_bar,
        slots_per_bar=slot.per_bar,
        semantic=cues.semantic,
    )


def _share(value: float | None) -> float | None:
    """Return a number held within 0..1."""
    return None if value is None else min(max(value, 0.0), 1.0)
