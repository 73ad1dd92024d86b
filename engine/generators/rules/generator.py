"""The generator `rules`: music theory and published mappings, no model.

It stays in the product as the engine that needs no model, and as the baseline the trained
ones must beat. The design follows AffectMachine-Classical (Agres, Dash & Chua 2023):
arousal moves density, loudness and articulation, valence moves mode, chords and register.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, get_args

from engine.errors import InputError
from engine.events import ControlEvent, NoteEvent, Role
from engine.generators.protocol import MusicalContext
from engine.generators.rules.accompaniment import ChordState, play_chords
from engine.generators.rules.bass import BassState, play_bass
from engine.generators.rules.performance import ROLES, perform, shape
from engine.generators.shared.aims import aim, aimed
from engine.generators.shared.context import check_context
from engine.generators.shared.harmony import Harmony, KeyLock, next_harmony
from engine.generators.shared.melody import LeadState, play_lead
from engine.generators.shared.mood_map import PEDAL_UP, read
from engine.generators.shared.parts import BeatFrame
from engine.music.chords import parse_chord
from engine.music.draws import Draws
from engine.music.form import locate
from engine.music.keys import Key, parse_key
from engine.music.pedal import pedal_moves
from engine.music.rhythm import grid_limit
from engine.music.written import CHANNELS

__all__ = ["RulesGenerator", "RulesState"]

_DEFAULT_KEY: Final = Key(0, "maj")
"""Key until the context names one."""


@dataclass(frozen=True, slots=True)
class RulesState:
    """Everything that decides the next beat, besides seed and context.

    ``fresh`` says whether the beat filled last began a chord or a bar, ``pedal`` whether the
    chords' pedal is down.
    """

    key: Key = _DEFAULT_KEY
    harmony: Harmony | None = None
    lead: LeadState = LeadState()
    bass: BassState = BassState()
    chords: ChordState = ChordState()
    fresh: bool = True
    pedal: bool = False


class RulesGenerator:
    """Lead, chords and bass that follow valence and arousal by rule.

    Parameters
    ----------
    key_lock : {'tonic', 'scale'}
        ``'tonic'``: the key's tonic is kept and valence chooses the mode on it (C major or
        C minor). ``'scale'``: the key's seven notes are kept and valence chooses the
        rotation (C major, D dorian, A minor), for playing with someone in that key.

    Raises
    ------
    InputError
        ``key_lock`` is neither.
    """

    name = "rules"
    roles: Sequence[tuple[Role, int]] = tuple((role, CHANNELS[role]) for role in ROLES)

    def __init__(self, key_lock: KeyLock = "tonic") -> None:
        if key_lock not in get_args(KeyLock):
            raise InputError(f"key_lock must be 'tonic' or 'scale'; got {key_lock!r}")
        self.key_lock: KeyLock = key_lock
        self._draws = Draws(0)
        self._state = RulesState()

    @property
    def chord(self) -> str:
        """Chord of the beat filled last, such as ``"A:min7"``; ``""`` before the first."""
        return str(self._state.harmony.chord) if self._state.harmony else ""

    def reset(self, seed: int) -> None:
        """Forget everything played; ``seed`` fixes all later choices."""
        self._draws = Draws(seed)
        self._state = RulesState()

    def extend(self, context: MusicalContext) -> list[NoteEvent]:
        """Return the notes that start in this beat, sorted by onset, as written.

        Velocities lie around 64 and lengths are full: `shape` makes them loud or soft, long
        or short.

        Raises
        ------
        InputError
            The context's key or chord has no such name, or a number is out of range.
        """
        check_context(context)
        context = aimed(self.name, context)
        state = self._state
        position = locate(context.beat, context.beats_per_bar, self._draws)
        intent = read(context.valence, context.arousal)
        key, harmony = state.key, state.harmony
        beat_s = 60.0 / context.tempo_bpm
        # A jump of the beat makes the old harmony meaningless; so does its absence.
        stale = harmony is None or harmony.slot not in (position.slot, position.slot - 1)
        heard = parse_chord(context.chord) if context.chord else None
        led = context.led and heard is not None
        commanded = led and harmony is not None and harmony.chord != heard
        if position.starts_slot or stale or commanded or harmony is None:
            key = parse_key(context.key) if context.key else state.key
            lock = self.key_lock
            harmony = next_harmony(
                position, state.harmony, key, heard, intent, lock, beat_s, self._draws, led=led
            )
        frame = BeatFrame(
            position=position,
            harmony=harmony,
            changed=state.harmony is None or state.harmony.chord != harmony.chord,
            intent=intent,
            beat_s=beat_s,
            limit=grid_limit(context.tempo_bpm),
            draws=self._draws,
        )
        lead, lead_state = play_lead(state.lead, frame)
        bass, bass_state = play_bass(state.bass, frame)
        chords, chord_state = play_chords(
            state.chords, frame, context.arousal, [*lead, *bass], bass_state.ground
        )
        self._state = replace(
            state,
            key=key,
            harmony=harmony,
            lead=lead_state,
            bass=bass_state,
            chords=chord_state,
            fresh=frame.changed or position.beat_in_bar == 0 or stale,
        )
        played = perform(lead, "lead", frame)
        played += perform(chords, "chords", frame)
        played += perform(bass, "bass", frame)
        return sorted(played, key=lambda note: (note.onset, note.channel, note.pitch))

    def adjust(self, settings: Mapping[str, float]) -> None:
        """Take nothing over: the rules have no settings but the emotion."""

    def pedal(self, context: MusicalContext) -> list[ControlEvent]:
        """Return the moves of the chords' pedal: anew with every chord, none where it is lively."""
        state = self._state
        moves, down = pedal_moves(
            context.beat,
            60.0 / context.tempo_bpm,
            down=state.pedal,
            wanted=context.arousal < PEDAL_UP,
            fresh=state.fresh,
            channel=CHANNELS["chords"],
            role="chords",
        )
        self._state = replace(state, pedal=down)
        return moves

    def shape(self, note: NoteEvent, valence: float, arousal: float) -> NoteEvent:
        """Return the note with velocity and duration as the target is now."""
        return shape(note, aim(self.name, valence), arousal)

    def snapshot(self) -> RulesState:
        """Return the state; it is immutable, so this costs nothing."""
        return self._state

    def restore(self, state: object) -> None:
        """Go back to a state taken by `snapshot`.

        Raises
        ------
        InputError
            The state is not from this generator.
        """
        if not isinstance(state, RulesState):
            raise InputError(f"state must come from RulesGenerator.snapshot; got {type(state)}")
        self._state = state
