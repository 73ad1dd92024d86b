"""What can be mapped: every quantity with its range, as one table."""

from collections.abc import Callable
from dataclasses import dataclass

from engine.errors import InputError
from engine.events import EmotionState, HeardBeat, TargetState
from engine.music.chords import parse_chord
from engine.music.keys import parse_key

__all__ = ["SOURCES", "STATES", "Moment", "Source"]

STATES = ("silence", "settling", "uncertain", "tracking")


@dataclass(frozen=True, slots=True)
class Moment:
    """One moment as mappings, lights and the network see it.

    ``emotion`` is None before anything was heard, ``heard`` where no beat is; ``beats`` is the
    musical position [quarter notes], ``tempo_bpm`` [quarter notes per minute].
    """

    emotion: EmotionState | None
    target: TargetState
    key: str
    section: int = 0
    build: float = 0.0
    drop: float = 0.0
    beats: float = 0.0
    beats_per_bar: int = 4
    tempo_bpm: float = 120.0
    playing: bool = False
    heard: HeardBeat | None = None


@dataclass(frozen=True, slots=True)
class Source:
    """A quantity from ``low`` to ``high``; ``read`` returns None while it is unknown."""

    low: float
    high: float
    read: Callable[[Moment], float | None]
    text: str


def _of(name: str) -> Callable[[Moment], float | None]:
    def read(moment: Moment) -> float | None:
        return None if moment.emotion is None else float(getattr(moment.emotion, name))

    return read


def _tension(moment: Moment) -> float | None:
    emotion = moment.emotion
    return None if emotion is None else (emotion.arousal - emotion.valence) / 2.0


def _quadrant(moment: Moment) -> float | None:
    emotion = moment.emotion
    return None if emotion is None else 1.0 + emotion.quadrants.index(max(emotion.quadrants))


def _tonic(moment: Moment) -> float | None:
    return float(parse_key(moment.key).tonic) if moment.key else None


def _mode(moment: Moment) -> float | None:
    return float(moment.key.endswith("maj")) if moment.key else None


def _chord(moment: Moment) -> float | None:
    name = moment.emotion.chord if moment.emotion is not None else ""
    if not name:
        return None
    try:
        chord = parse_chord(name)
    except InputError:
        return None
    return -1.0 if chord is None else float(chord.root)


def _pulse(moment: Moment) -> float:
    return 1.0 - moment.beats % 1.0 if moment.playing else 0.0


def _confidence(moment: Moment) -> float | None:
    return None if moment.heard is None else moment.heard.confidence


def _heard_bpm(moment: Moment) -> float | None:
    return None if moment.heard is None else 60.0 / moment.heard.period_s


def _state(moment: Moment) -> float | None:
    return None if moment.emotion is None else float(STATES.index(moment.emotion.state))


SOURCES: dict[str, Source] = {
    "valence": Source(-1.0, 1.0, _of("valence"), "tracked valence"),
    "arousal": Source(-1.0, 1.0, _of("arousal"), "tracked arousal"),
    "valence_std": Source(0.0, 1.0, _of("valence_std"), "uncertainty of valence"),
    "arousal_std": Source(0.0, 1.0, _of("arousal_std"), "uncertainty of arousal"),
    "tension": Source(-1.0, 1.0, _tension, "half of arousal minus valence"),
    "target_valence": Source(-1.0, 1.0, lambda m: m.target.valence, "valence being played"),
    "target_arousal": Source(-1.0, 1.0, lambda m: m.target.arousal, "arousal being played"),
    "loudness": Source(-60.0, 0.0, _of("loudness_db"), "input level [dBFS]"),
    "quadrant": Source(1.0, 4.0, _quadrant, "likeliest quadrant, 1..4"),
    "key": Source(0.0, 11.0, _tonic, "tonic played in, C = 0"),
    "mode": Source(0.0, 1.0, _mode, "0 minor, 1 major"),
    "chord": Source(-1.0, 11.0, _chord, "root of the chord heard, C = 0, none = -1"),
    "state": Source(0.0, 3.0, _state, "silence, settling, uncertain, tracking"),
    "section": Source(0.0, 127.0, lambda m: float(m.section % 128), "sections begun so far"),
    "section_round": Source(0.0, 1.0, lambda m: m.section % 4 / 4, "place of it in a round of 4"),
    "build": Source(0.0, 1.0, lambda m: m.build, "arousal is rising"),
    "drop": Source(0.0, 1.0, lambda m: m.drop, "1 for a second after a drop"),
    "beat": Source(0.0, 1.0, lambda m: m.beats / m.beats_per_bar % 1.0, "position within the bar"),
    "pulse": Source(0.0, 1.0, _pulse, "1 on each beat, falling to 0 until the next"),
    "tempo": Source(20.0, 300.0, lambda m: m.tempo_bpm, "tempo played [BPM]"),
    "beat_confidence": Source(0.0, 1.0, _confidence, "how sure a heard beat is"),
    "heard_bpm": Source(40.0, 240.0, _heard_bpm, "tempo of a heard beat [BPM]"),
    "playing": Source(0.0, 1.0, lambda m: float(m.playing), "1 while the music moves"),
}
"""Source name in a preset → what it is."""
