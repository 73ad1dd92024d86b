"""The generator `muser`: piano that follows an emotion, beat by beat, by a trained model.

Each beat is decided in two steps: the prior says, under the emotion of the moment, which codes its
elements have; the decoder writes its notes along the grammar. Density and register so follow at the
next beat; chord at the next half bar; mode at the next bar; loudness and length, by `shape`, at
once. The tempo is the stage's: its code is imposed, and density is steered in notes per second.

While a performer has the floor, their beats become codes and their notes the decoder's past, so
that what follows goes on from there.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from math import dist, exp
from pathlib import Path
from typing import Final, get_args

from engine.errors import InputError
from engine.events import ControlEvent, NoteEvent, Role
from engine.generators.muser.composing import (
    URGENT_BEATS,
    Place,
    choose_codes,
    kept_lean,
    leaned,
    pushed,
    step_prior,
    wanted_numbers,
)
from engine.generators.muser.cueing import cued_numbers, new_figures
from engine.generators.muser.grammar import Grammar
from engine.generators.muser.leading import Line
from engine.generators.muser.listening import beat_played, held_places
from engine.generators.muser.model import GRAPHS, MuserModel, Told, shipped_model_folder
from engine.generators.muser.performance import neutral, shape
from engine.generators.muser.phrases import (
    MEMORY_BARS,
    brightness,
    chord_stays,
    groove,
    source_of,
)
from engine.generators.muser.player import Player
from engine.generators.muser.recall import recall_of
from engine.generators.muser.settings import Knobs
from engine.generators.muser.state import MuserState
from engine.generators.muser.style import Style, style_of
from engine.generators.muser.styles import load_style
from engine.generators.muser.tokens import notes_of
from engine.generators.muser.tonality import (
    agrees,
    chord_code,
    chord_costs,
    chord_mask,
    chord_of_code,
    half_bar,
    home_key,
    mode_index,
    pitch_rules,
    wants_major,
)
from engine.generators.muser.touch import pedalled, play, spread
from engine.generators.muser.vocabulary import (
    ELEMENTS,
    PITCHES,
    key_shift,
    tempo_index,
)
from engine.generators.muser.voices import CHANNELS, split_voices
from engine.generators.muser.writing import read_notes, write_notes
from engine.generators.protocol import KeyLock, MusicalContext
from engine.generators.shared.aims import aim, aimed
from engine.generators.shared.context import after_cut, check_context
from engine.music.chords import Chord, parse_chord
from engine.music.draws import Draws
from engine.music.keys import Key, parse_key
from engine.music.listen import hear

__all__ = ["MuserGenerator", "load_model"]

_CHORD: Final = ELEMENTS.index("chord")
_MOST_BEATS_BACK: Final = 4 * MEMORY_BARS
_DEFAULT_KEY: Final = Key(0, "maj")
_JUMP: Final = 0.3
"""A target that moves further at once is another emotion."""
_DARK: Final = 0.35
"""What the darkest valence adds to adventurousness: its music leaves the scale more often."""
_TUNE_LASTS: Final = 2
"""Beats after which a tune without notes is over."""
_LONGEST_SILENCE_S: Final = 1.6
"""After so long without an onset the next beat must have one."""


@cache
def load_model(folder: Path) -> MuserModel:
    """Return the model in a folder, loaded once: it keeps no state.

    Raises
    ------
    InputError
        A file of it is missing.
    ModelError
        A file is no model of this version.
    """
    for graph in GRAPHS:
        path = folder / f"muser_{graph}.onnx"
        if not path.is_file():
            raise InputError(f"engine muser needs the model file {path}, which is missing")
    return MuserModel(folder)


@dataclass(frozen=True, slots=True, eq=False)
class _Snapshot:
    """State of the generator: of the music, and before the last beat that was listened to."""

    now: MuserState
    before: MuserState | None = None
    heard: tuple[NoteEvent, ...] = ()


class MuserGenerator:
    """Lead, chords and bass of a piano that follows valence and arousal.

    Parameters
    ----------
    key_lock : {'tonic', 'scale'}
        See `engine.generators.create_generator`.
    style : str
        A learned style to lean on (`engine.generators.muser.styles`); ``""`` for none.
    model : MuserModel, optional
        None takes the shipped one.

    Raises
    ------
    InputError
        ``key_lock`` is neither, a model file is missing, or the style cannot be read.
    """

    name = "muser"
    roles: Sequence[tuple[Role, int]] = tuple(CHANNELS.items())

    def __init__(
        self, key_lock: KeyLock = "tonic", style: str = "", model: MuserModel | None = None
    ) -> None:
        if key_lock not in get_args(KeyLock):
            raise InputError(f"key_lock must be 'tonic' or 'scale'; got {key_lock!r}")
        self.key_lock: KeyLock = key_lock
        self._model = model or load_model(shipped_model_folder())
        self._player = Player(load_style(style, self._model) if style else None, self._model.codes)
        self._knobs = Knobs()
        self.reset(0)

    @property
    def chord(self) -> str:
        """Chord of the beat filled last, such as ``"A:min7"``; ``""`` where there is none."""
        state = self._state.now
        if not state.history:
            return ""
        table = self._model.codes["chord"]
        chord = chord_of_code(table, state.history[-1][_CHORD], state.key.tonic)
        return str(chord) if chord else ""

    def reset(self, seed: int) -> None:
        """Forget everything played; ``seed`` fixes all later choices."""
        self._draws = Draws(seed)
        prior = self._model.prior_start()
        self._state = _Snapshot(MuserState(prior, prior, self._model.decoder_start()))

    def adjust(self, settings: Mapping[str, float]) -> None:
        """Take over those settings that are ours (`engine.generators.shared.settings`)."""
        self._knobs = self._knobs.changed(settings)

    def extend(self, context: MusicalContext) -> list[NoteEvent]:
        """Return the notes that start in this beat, sorted by onset, as for no emotion.

        `shape` gives them the loudness and length of the emotion of the moment.

        Raises
        ------
        InputError
            The context's key or chord has no such name, or a number is out of range.
        """
        check_context(context)
        context = aimed(self.name, context)
        key = parse_key(context.key) if context.key else _DEFAULT_KEY
        heard = parse_chord(context.chord) if context.chord else None
        self._listen(context, key)
        if context.listening:
            return []
        return self._write(context, key, heard)

    def pedal(self, context: MusicalContext) -> list[ControlEvent]:
        """Return no moves: the lengths of the notes are as long as a pedal held them."""
        return []

    def shape(self, note: NoteEvent, valence: float, arousal: float) -> NoteEvent:
        """Return the note with velocity and duration as the target is now."""
        return shape(note, aim(self.name, valence), arousal)

    def snapshot(self) -> object:
        """Return the state; it is never written to, so this costs nothing."""
        return self._state

    def restore(self, state: object) -> None:
        """Go back to a state taken by `snapshot`.

        Raises
        ------
        InputError
            The state is not from this generator.
        """
        if not isinstance(state, _Snapshot):
            raise InputError(f"state must come from MuserGenerator.snapshot; got {type(state)}")
        self._state = state

    def _listen(self, context: MusicalContext, key: Key) -> None:
        """Take in the beat before, if nobody else wrote it.

        Notes struck after the beat before was asked for arrive one beat late; that beat is then
        taken in again.
        """
        state = self._state
        due = state.now.next_beat
        if due < 0 or context.beat not in (due, due + 1):
            last = context.beat - 1 if context.performed else context.beat
            start = replace(
                state.now, next_beat=max(last, 0), history=(), written=(), ends=(), empty=0
            )
            state = _Snapshot(start)
            due = start.next_beat
        if due == context.beat:
            heard = (*state.heard, *context.performed)
            recent = tuple(note for note in heard if note.onset >= due - 1)
            self._state = replace(state, heard=recent)
            return
        notes = (*state.heard, *context.performed)
        now = state.now
        if state.before is not None and state.before.next_beat == due - 1:
            now = self._take_in(state.before, notes, context, key)
        after = self._take_in(now, notes, context, key)
        recent = tuple(note for note in notes if note.onset >= due - 1)
        self._state = _Snapshot(after, now, recent)

    def _take_in(
        self, state: MuserState, notes: Sequence[NoteEvent], context: MusicalContext, key: Key
    ) -> MuserState:
        """Return the state after a beat that the performer played."""
        model, number = self._model, state.next_beat
        place = _place(number, context, key)
        beat = beat_played(notes, number, context.beats_per_bar, context.tempo_bpm, key)
        held = held_places(notes, number)
        shift = key_shift(key.tonic)
        tokens = [
            (token, (token.onset, note.pitch) in held)
            for token, note in zip(beat.notes, notes_of(beat.notes, number, shift), strict=True)
        ]
        codes = tuple(int(code) for code in model.encode_beat(beat))
        outlook = step_prior(model, state, place, context.valence, context.arousal)
        told = Told.of(codes, number, place.phase, (context.valence, context.arousal))
        taken, decoder = read_notes(model, told, tokens, state.decoder)
        played = notes_of(taken, number, shift)
        _, voices = split_voices(played, state.voices)
        return MuserState(
            outlook.prior,
            outlook.free,
            decoder,
            next_beat=number + 1,
            history=(*state.history, codes)[-_MOST_BEATS_BACK:],
            written=(*state.written, tuple(taken))[-_MOST_BEATS_BACK:],
            key=key,
            voices=voices,
            empty=0 if played else state.empty + 1,
            lean=state.lean,
            aims=(*state.aims, (context.valence, context.arousal))[-_MOST_BEATS_BACK:],
        )

    def _write(self, context: MusicalContext, key: Key, heard: Chord | None) -> list[NoteEvent]:
        model, state, draws = self._model, self._state.now, self._draws
        home, hearing = state.key, hear(state.hearing, context.performed, context.beat)
        alone = hearing.silent
        heard = heard if context.led else hearing.chord or heard
        if half_bar(context.beat % context.beats_per_bar, context.beats_per_bar) or (
            not state.history
        ):
            major = wants_major(
                context.valence,
                home if state.history else None,
                brightness(context.beat, context.beats_per_bar, draws),
            )
            home = hearing.settled(home_key(key, major, self.key_lock), key)
        place, target = _place(context.beat, context, home), (context.valence, context.arousal)
        style = style_of(place.beat, place.beats_per_bar, *target, draws)
        imposed = {
            "mode": mode_index(home),
            "tempo": model.codes["tempo"].of_label[tempo_index(context.tempo_bpm)],
        }
        table = model.codes["chord"]
        if heard is not None:
            imposed["chord"] = chord_code(table, heard, home.tonic)
        elif state.history and home == state.key and not self._turns(place, context, style):
            before = state.history[-1][_CHORD]
            if agrees(chord_of_code(table, before, home.tonic), hearing):
                imposed["chord"] = before
        outlook = step_prior(model, state, place, context.valence, context.arousal)
        hit = after_cut(context)

        def numbers(valence: float, arousal: float) -> dict[str, float]:
            plain = wanted_numbers(valence, arousal, place, self._knobs, home.mode == "maj")
            for name, more in style.numbers.items():
                plain[name] = plain[name] * exp(more) if name == "rhythm" else plain[name] + more
            plain["rhythm"] *= groove(place.beat, place.beats_per_bar, draws)
            return cued_numbers(plain, context, hit)

        wanted = numbers(*target)
        lean = kept_lean(state.lean, dist(target, state.aims[-1]) if state.aims else 0.0)
        recent = enumerate(reversed(state.aims[-URGENT_BEATS:]))
        jump = next(((ago, aim) for ago, aim in recent if dist(target, aim) > _JUMP), None)
        # A note on the beat shows at once that something has changed.
        leapt = jump is not None and jump[0] == 0
        asked = wanted if jump is None else pushed(wanted, numbers(*jump[1]), jump[0])
        source = source_of(place.beat, place.beats_per_bar, draws)
        source = replace(source, faith=source.faith * style.repeats)
        back = source.back if source.back <= len(state.history) else 0
        if back and (new_figures(context) or dist(target, state.aims[-back]) > _JUMP):
            back = 0  # figures of another section or emotion do not come back
        own = (state.history[-back], state.written[-back]) if back else None
        player = self._player.at(place, home, state, self._knobs.likeness, draws)
        figure = -1 if back else player.figure(wanted)
        if figure >= 0:
            source = player.source(self._knobs.recurrence)
        recalled = own or player.recalled(figure)
        codes = choose_codes(
            model,
            outlook,
            place,
            context.valence,
            context.arousal,
            {name: number + lean.get(name, 0.0) for name, number in asked.items()},
            hit or jump is not None,
            state.history[-1] if state.history else None,
            recalled[0] if recalled else None,
            source,
            imposed,
            {"chord": chord_mask(table, home, self.key_lock)},
            chord_costs(table, home, 1.0 - self._knobs.adventurousness, hearing),
            player.leaning,
            self._knobs,
            draws,
        )
        chord = chord_of_code(table, codes[_CHORD], home.tonic)
        ends = tuple(end for end in state.ends if end > context.beat)
        grammar = Grammar(
            beat=context.beat,
            beat_s=place.beat_s,
            shift=place.shift,
            rules=pitch_rules(home, self.key_lock, chord, heard),
            sounding=ends,
            silence=(state.empty + 1) * place.beat_s < _LONGEST_SILENCE_S
            and (alone or max(ends, default=0.0) > context.beat + 0.5),
            struck=hit or leapt,
            rubs=tuple(hearing.rubs.tolist()),
        )
        courage = min(self._knobs.adventurousness - _DARK * min(context.valence, 0.0), 1.0)
        form = replace(source, back=back).form
        tokens, decoder = write_notes(
            model,
            Told.of(codes, place.beat, place.phase, target, form),
            place,
            grammar,
            state.decoder,
            courage,
            self._knobs.temperature,
            recall_of(recalled, table, chord, home, source.faith * self._knobs.recurrence),
            self._line(place, grammar, style),
            draws,
        )
        notes = notes_of(tokens, context.beat, place.shift)
        notes = pedalled(spread(notes, wanted["duration"], style), place, draws, alone)
        notes, voices = split_voices(notes, state.voices, alone)
        after = MuserState(
            outlook.prior,
            outlook.free,
            decoder,
            next_beat=context.beat + 1,
            history=(*state.history, codes)[-_MOST_BEATS_BACK:],
            written=(*state.written, tuple(tokens))[-_MOST_BEATS_BACK:],
            key=home,
            voices=voices,
            ends=(*ends, *(note.onset + note.duration for note in notes)),
            empty=0 if notes else state.empty + 1,
            lean=leaned(lean, tokens, wanted),
            aims=(*state.aims, target)[-_MOST_BEATS_BACK:],
            figure=figure,
            hearing=hearing,
        )
        self._state = _Snapshot(after)
        plain = [neutral(note, context.valence, context.arousal) for note in notes]
        return play(plain, place, style, self._knobs.humanise, hit or leapt, draws)

    def _line(self, place: Place, grammar: Grammar, style: Style) -> Line:
        """Return what leads the voices of a beat: the tune, or the top of the beat before."""
        state = self._state.now
        tune: float | None = state.voices.tune - place.shift
        if place.beat - state.voices.tune_at > _TUNE_LASTS:
            before = state.written[-1] if state.written else ()
            tune = PITCHES[max(note.pitch for note in before)] if before else None
        return Line(tune, grammar.beside_chord(), 1.0 - self._knobs.adventurousness, style.again)

    def _turns(self, place: Place, context: MusicalContext, style: Style) -> bool:
        """Return whether the chord may change in this beat."""
        aims = self._state.now.aims
        if not half_bar(place.position, place.beats_per_bar):
            return False
        leaps = bool(aims) and dist(aims[-1], (context.valence, context.arousal)) > _JUMP
        return leaps or not chord_stays(place.beat, place.beats_per_bar, self._draws, style.stays)


def _place(beat: int, context: MusicalContext, key: Key) -> Place:
    return Place(beat, context.beats_per_bar, 60.0 / context.tempo_bpm, key_shift(key.tonic))
