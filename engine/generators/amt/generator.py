"""The generator `amt`: chords from the Affective Multimodal Transformer, played by an arranger."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, get_args

from engine.errors import InputError
from engine.events import ControlEvent, NoteEvent, Role
from engine.generators.amt.dynamics import Dynamics
from engine.generators.amt.harmony import Harmoniser, HarmonyState
from engine.generators.amt.lead import lead_frame, lead_onsets
from engine.generators.amt.mapping import ARTICULATION, Knobs, section_arousal, wanted
from engine.generators.amt.model import AmtModel
from engine.generators.amt.slots import slot_at
from engine.generators.protocol import KeyLock, MusicalContext
from engine.generators.shared.aims import aim, aimed
from engine.generators.shared.context import after_cut, check_context
from engine.generators.shared.melody import LeadState, play_lead
from engine.generators.shared.mood_map import CONTRAST, LOUDNESS, PEDAL_UP
from engine.music.arrange.arranger import ArrangerState, arrange
from engine.music.arrange.performance import Touch, perform
from engine.music.arrange.scene import Scene, choose_style
from engine.music.draws import Draws
from engine.music.form import locate
from engine.music.keys import Key
from engine.music.pedal import pedal_moves
from engine.music.written import CHANNELS, shaped

__all__ = ["AmtGenerator", "AmtGeneratorState"]

_PEDALLED: Final[tuple[Role, ...]] = ("chords", "pad")


@dataclass(frozen=True, slots=True)
class AmtGeneratorState:
    """Everything that decides the next beat, besides seed, settings and context.

    Attributes
    ----------
    harmony : HarmonyState
        Chords and the model's memory.
    arranger : ArrangerState
        What the parts remember.
    lead : LeadState
        What the melody remembers.
    style : str
        How the phrase is accompanied; empty before the first.
    cuts : int
        Cuts so far: each begins a section of its own.
    beat : int
        The beat filled last, -1 before the first.
    fresh : bool
        Whether it began a chord or a bar.
    pedals : tuple of str
        Parts whose pedal is down.
    """

    harmony: HarmonyState
    arranger: ArrangerState = ArrangerState()
    lead: LeadState = LeadState()
    style: str = ""
    cuts: int = 0
    beat: int = -1
    fresh: bool = True
    pedals: tuple[str, ...] = ()


class AmtGenerator:
    """Chords that follow emotion, sound and picture, with bass, melody, pad and drums.

    Parameters
    ----------
    key_lock : {'tonic', 'scale'}
        What holds a key together: see `engine.generators.create_generator`.
    model : AmtModel or None
        The chord model; None loads the one that comes with Stimmung.
    dynamics : Dynamics or None
        The live network for density and loudness, likewise.

    Raises
    ------
    InputError
        ``key_lock`` is neither.
    ModelError
        The model's file is missing or cannot be used.
    """

    name = "amt"
    roles: Sequence[tuple[Role, int]] = tuple(CHANNELS.items())

    def __init__(
        self,
        key_lock: KeyLock = "tonic",
        model: AmtModel | None = None,
        dynamics: Dynamics | None = None,
    ) -> None:
        if key_lock not in get_args(KeyLock):
            raise InputError(f"key_lock must be 'tonic' or 'scale'; got {key_lock!r}")
        self._harmoniser = Harmoniser(model or AmtModel(), dynamics or Dynamics("live"), key_lock)
        self._draws = Draws(0)
        self._knobs = Knobs()
        self._state = AmtGeneratorState(self._harmoniser.start())

    @property
    def chord(self) -> str:
        """Chord of the beat filled last, such as ``"A:min7"``; ``""`` before the first."""
        chord = self._state.harmony.chord
        return str(chord) if chord is not None else ""

    def reset(self, seed: int) -> None:
        """Forget everything played; ``seed`` fixes all later choices."""
        self._draws = Draws(seed)
        self._state = AmtGeneratorState(self._harmoniser.start())

    def adjust(self, settings: Mapping[str, float]) -> None:
        """Take over the settings that `engine.generators.shared.settings` has for ``amt``."""
        self._knobs = self._knobs.changed(settings)

    def extend(self, context: MusicalContext) -> list[NoteEvent]:
        """Return the notes that start in this beat, sorted by onset, as written.

        Velocities lie around 64 and lengths are full: `shape` makes them loud or soft, long
        or short. A chord the performer plays is joined; ``context.listening`` changes nothing:
        an accompanist plays on.

        Real-time: a few milliseconds, most of them in the model.

        Raises
        ------
        InputError
            The context's key or chord has no such name, or a number is out of range.
        """
        check_context(context)
        context = aimed(self.name, context)
        state, draws = self._state, self._draws
        harmony = self._harmoniser.advance(state.harmony, context, self._knobs, draws)
        scene, state = self._scene(context, replace(state, harmony=harmony))
        asked = wanted(context, self._knobs, state.harmony.level)
        lead, lead_state = play_lead(state.lead, lead_frame(scene, context))
        notes, arranger = arrange(state.arranger, scene, lead_onsets(context))
        notes["lead"] = lead
        touch = Touch(self._knobs.swing, self._knobs.humanise, asked.offset)
        played = [note for role in notes for note in perform(notes[role], role, scene, touch)]
        self._state = replace(
            state,
            arranger=arranger,
            lead=lead_state,
            beat=context.beat,
            fresh=scene.changed or scene.position.beat_in_bar == 0,
        )
        return sorted(played, key=lambda note: (note.onset, note.channel, note.pitch))

    def pedal(self, context: MusicalContext) -> list[ControlEvent]:
        """Return the moves of the pedals of chords and pad.

        The pad's holds a chord over the half bars it lasts; the chords' is for calm music.
        """
        state = self._state
        sounds = state.harmony.chord is not None
        moves: list[ControlEvent] = []
        down: list[str] = []
        for role in _PEDALLED:
            wants = sounds and (role == "pad" or context.arousal < PEDAL_UP)
            moved, is_down = pedal_moves(
                context.beat,
                60.0 / context.tempo_bpm,
                down=role in state.pedals,
                wanted=wants,
                fresh=state.fresh,
                channel=CHANNELS[role],
                role=role,
            )
            moves += moved
            down += [role] * is_down
        self._state = replace(state, pedals=tuple(down))
        return moves

    def shape(self, note: NoteEvent, valence: float, arousal: float) -> NoteEvent:
        """Return the note with velocity and duration as the target is now."""
        valence = aim(self.name, valence)
        arousal = min(max(arousal, -1.0), 1.0)
        articulation = ARTICULATION.get(note.role)
        return shaped(
            note,
            loudness=LOUDNESS(valence, arousal),
            contrast=CONTRAST(valence, arousal),
            articulation=None if articulation is None else articulation(valence, arousal),
        )

    def snapshot(self) -> AmtGeneratorState:
        """Return the state; it is never changed in place, so this costs nothing."""
        return self._state

    def restore(self, state: object) -> None:
        """Go back to a state taken by `snapshot`.

        Raises
        ------
        InputError
            The state is not from this generator.
        """
        if not isinstance(state, AmtGeneratorState):
            raise InputError(f"state must come from AmtGenerator.snapshot; got {type(state)}")
        self._state = state

    def _scene(
        self, context: MusicalContext, state: AmtGeneratorState
    ) -> tuple[Scene, AmtGeneratorState]:
        """Return the beat as the arranger sees it, and the state with the phrase's style."""
        draws, harmony = self._draws, state.harmony
        position = locate(context.beat, context.beats_per_bar, draws)
        slot = slot_at(context.beat, context.beats_per_bar)
        before = self._state
        cut = after_cut(context)
        opens = position.bar_in_phrase == 0 and position.beat_in_bar == 0
        if opens or cut or not state.style:
            lively = section_arousal(context)
            style = choose_style(position, context.valence, lively, draws, state.cuts + cut)
            state = replace(state, style=style, cuts=state.cuts + cut)
        asked = wanted(context, self._knobs, state.harmony.level)
        until = context.cues.beats_until_boundary
        jumped = context.beat != before.beat + 1
        return Scene(
            position=position,
            beat_s=60.0 / context.tempo_bpm,
            chord=harmony.chord,
            changed=harmony.chord != before.harmony.chord or jumped,
            begins=context.beat == slot.start,
            until=slot.end,
            sure=slot.end if harmony.heard is None else context.beat + 1,
            joined=not harmony.hearing.silent,
            following=harmony.following,
            key=harmony.key or Key(0, "maj"),
            style=state.style,
            density=asked.density,
            arousal=min(max(context.arousal, -1.0), 1.0),
            chord_centre=asked.chord_centre,
            bass_centre=asked.bass_centre,
            compound=self._knobs.compound >= 0.5,
            strong=cut,
            closes=until is not None and 0.0 < until <= slot.end - slot.start,
            draws=draws,
        ), state
