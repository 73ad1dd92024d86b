"""The frozen values that travel along the line: emotion, notes, controllers.

They carry no behaviour beyond checks and conversions, import nothing but the standard
library, and cross process boundaries as plain JSON (``to_json``).
"""

from dataclasses import asdict, dataclass, field
from typing import Any, Final, Literal

from engine.choices import Mode

__all__ = [
    "CONTROL_ROLE",
    "SUSTAIN",
    "ControlEvent",
    "EmotionState",
    "HeardBeat",
    "NoteEvent",
    "Role",
    "TargetState",
    "TrackingState",
    "to_controller",
]

TrackingState = Literal["silence", "settling", "tracking", "uncertain"]
Role = Literal["lead", "chords", "bass", "pad", "drums"]

CONTROL_ROLE = "control"

SUSTAIN: Final = 64
"""Controller of the sustain pedal."""


@dataclass(frozen=True, slots=True)
class EmotionState:
    """What the tracker heard, once per hop.

    Attributes
    ----------
    time_s : float
        End of the hop in the audio stream [s]; nothing later was heard.
    valence, arousal : float
        Perceived emotion in [-1, 1].
    valence_std, arousal_std : float
        Calibrated standard deviations, >= 0.
    quadrants : tuple of float
        Probabilities of Q1 (+V +A), Q2 (-V +A), Q3 (-V -A), Q4 (+V -A); sum 1.
    tags : tuple of (str, float)
        Mood tags with probabilities, most probable first.
    key : str
        ``"C:maj"``, ``"F#:min"`` …, or ``""`` while unknown.
    chord : str
        ``"A:min"``, ``"G:maj"`` …, ``"N"`` for no chord, ``""`` while unknown.
    loudness_db : float
        Short-term level of the hop [dBFS].
    state : {'silence', 'settling', 'tracking', 'uncertain'}
        How far the numbers may be trusted.
    tuning_hz : float
        Tuning that key and chord are read against, as the frequency of A4 [Hz], 415..466; 440
        until another one is heard.
    """

    time_s: float
    valence: float
    arousal: float
    valence_std: float
    arousal_std: float
    quadrants: tuple[float, float, float, float]
    tags: tuple[tuple[str, float], ...]
    key: str
    chord: str
    loudness_db: float
    state: TrackingState
    tuning_hz: float = 440.0

    def to_json(self) -> dict[str, Any]:
        """Return the state as plain JSON values."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class NoteEvent:
    """One note of a plan, in musical time.

    Attributes
    ----------
    note_id : int
        Unique within a run; a note-off names the note it ends.
    onset, duration : float
        Position and length [beats, quarter notes].
    pitch : int
        MIDI note number, 0..127.
    velocity : int
        1..127.
    channel : int
        MIDI channel, 0..15.
    role : str
        Which part plays it: ``lead``, ``chords``, ``bass``, ``pad`` or ``drums``.
    """

    note_id: int
    onset: float
    duration: float
    pitch: int
    velocity: int
    channel: int
    role: Role

    def to_json(self) -> dict[str, Any]:
        """Return the note as plain JSON values."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class ControlEvent:
    """One controller change, in musical time: ``control`` and ``value`` are 0..127.

    ``role`` is the part it belongs to (a pedal's), or `CONTROL_ROLE`.
    """

    beat: float
    control: int
    value: int
    channel: int = 0
    role: str = field(default=CONTROL_ROLE)

    @property
    def pressed(self) -> bool:
        """Whether a pedal is down at this value (MIDI 1.0: from 64 on)."""
        return self.value >= 64


def to_controller(value: float) -> int:
    """Return a value in [-1, 1] as a 7-bit controller, 0..127."""
    return round((min(1.0, max(-1.0, value)) + 1.0) * 63.5)


@dataclass(frozen=True, slots=True)
class TargetState:
    """The emotion to play now: ``valence``, ``arousal`` in [-1, 1].

    ``remaining_s`` is the time left until ``guide`` arrives [s], else 0.
    """

    valence: float
    arousal: float
    mode: Mode
    frozen: bool
    remaining_s: float


@dataclass(frozen=True, slots=True)
class HeardBeat:
    """What is heard of the beat at a moment, replaced as a whole.

    Beat ``count`` is at ``beat_s`` [s, player's clock], one more every ``period_s``; it is beat
    ``number`` of a bar of ``metre``. ``state`` is ``searching``, ``locked`` or ``holding``,
    ``confidence`` 0..1.
    """

    count: int
    beat_s: float
    period_s: float
    number: int
    metre: int
    state: str
    confidence: float

    def position(self, now_s: float) -> float:
        """Return beats heard so far, with the fraction."""
        return self.count + (now_s - self.beat_s) / self.period_s
