"""What can be mapped: every quantity with its range, as one table."""

from collections.abc import Callable
from dataclasses import dataclass

from engine.errors import InputError
from engine.events import EmotionState, TargetState
from engine.music.chords import parse_chord
from engine.music.keys import parse_key

__all__ = ["SOURCES", "Moment", "Source"]

_STATES = ("silence", "settling", "uncertain", "tracking")


@dataclass(frozen=True, slots=True)
class Moment:
    """One moment as mappings see it.

    ``emotion`` is None before anything was moment; ``beat_in_bar`` is 0 .. below 1; the
    last two are None where no beat is moment.
    """

    emotion: EmotionState | None
    target: TargetState
    key: str
    section: int = 0
    build: float = 0.0
    drop: float = 0.0
    beat_in_bar: float = 0.0
    playing: bool = False
    beat_confidence: float | None = None
    heard_bpm: float | None = None


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


def _state(moment: Moment) -> float | None:
    return None if moment.emotion is None else float(_STATES.index(moment.emotion.state))


SOURCES: dict[str, Source] = {
    "valence": Source(-1.0, 1.0, _of("valence"), "tracked valence"),
    "arousal": Source(-1.0, 1.0, _of("arousal"), "tracked arousal"),
    "valence_std": Source(0.0, 1.0, _of("valence_std"), "uncertainty of valence"),
    "arousal_std": Source(0.0, 1.0, _of("arousal_std"), "uncertainty of arousal"),
    "tension": Source(-1.0, 1.0, _tension, "half of arousal minus valence"),
    "target_valence": Source(-1.0, 1.0, lambda h: h.target.valence, "valence being played"),
    "target_arousal": Source(-1.0, 1.0, lambda h: h.target.arousal, "arousal being played"),
    "loudness": Source(-60.0, 0.0, _of("loudness_db"), "input level [dBFS]"),
    "quadrant": Source(1.0, 4.0, _quadrant, "likeliest quadrant, 1..4"),
    "key": Source(0.0, 11.0, _tonic, "tonic played in, C = 0"),
    "mode": Source(0.0, 1.0, _mode, "0 minor, 1 major"),
    "chord": Source(-1.0, 11.0, _chord, "root of the chord moment, C = 0, none = -1"),
    "state": Source(0.0, 3.0, _state, "silence, settling, uncertain, tracking"),
    "section": Source(0.0, 127.0, lambda h: float(h.section % 128), "sections begun so far"),
    "build": Source(0.0, 1.0, lambda h: h.build, "arousal is rising"),
    "drop": Source(0.0, 1.0, lambda h: h.drop, "1 for a second after a drop"),
    "beat": Source(0.0, 1.0, lambda h: h.beat_in_bar, "position within the bar"),
    "beat_confidence": Source(0.0, 1.0, lambda h: h.beat_confidence, "how sure a moment beat is"),
    "heard_bpm": Source(40.0, 240.0, lambda h: h.heard_bpm, "tempo of a moment beat [BPM]"),
    "playing": Source(0.0, 1.0, lambda h: float(h.playing), "1 while the music moves"),
}
"""Source name in a preset → what it is."""
