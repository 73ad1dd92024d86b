"""Where an engine that died stood, so that the one after it goes on from there.

It is read from the last snapshot; `time.perf_counter` is shared by all processes of a machine,
so the music is where it would be if nothing had happened.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from engine.choices import check_range
from engine.errors import InputError
from engine.music.keys import parse_key

__all__ = ["Resume"]

_MOST_BEATS = 1e9
_LONGEST_S = 7200.0
_LATELY_BEATS = 2.0


@dataclass(frozen=True, slots=True)
class Resume:
    """A moment of a performance.

    Attributes
    ----------
    at_s : float
        When that was, on `time.perf_counter` [s].
    beat, tempo_bpm : float
        Position [quarter notes] and tempo then.
    playing : bool
        Whether the music moved.
    key : str
        The key played in, such as ``"D:min"``.
    valence, arousal : float
        What was played for, in [-1, 1].
    remaining_s : float
        Time left until ``guide`` arrives [s].
    frozen : bool
        Whether the target was held.
    sounding : tuple of (int, int)
        Channel and pitch of what may have been left sounding.
    spans : tuple of (str, int, int)
        What was ordered of intro, fill, break, ending and sections: kind, first beat, end.
    """

    at_s: float
    beat: float
    tempo_bpm: float
    playing: bool
    key: str
    valence: float
    arousal: float
    remaining_s: float = 0.0
    frozen: bool = False
    sounding: tuple[tuple[int, int], ...] = ()
    spans: tuple[tuple[str, int, int], ...] = ()

    def __post_init__(self) -> None:
        check_range("at_s", self.at_s, 0.0, 1e12)
        check_range("beat", self.beat, -_MOST_BEATS, _MOST_BEATS)
        check_range("tempo_bpm", self.tempo_bpm, 1.0, 1000.0)
        check_range("valence", self.valence, -1.0, 1.0)
        check_range("arousal", self.arousal, -1.0, 1.0)
        check_range("remaining_s", self.remaining_s, 0.0, _LONGEST_S)
        parse_key(self.key)
        for channel, pitch in self.sounding:
            check_range("channel", channel, 0, 15)
            check_range("pitch", pitch, 0, 127)

    @classmethod
    def from_mapping(cls, values: object) -> "Resume | None":
        """Return it from JSON values, None from None.

        Raises
        ------
        InputError
            A field is missing or unknown, or out of range.
        """
        if values is None:
            return None
        names = {item.name for item in fields(cls)}
        if not isinstance(values, Mapping) or not set(values) <= names:
            raise InputError(f"resume must hold only {', '.join(sorted(names))}; got {values!r}")
        try:
            sounding = tuple(
                (int(channel), int(pitch)) for channel, pitch in values.get("sounding", ())
            )
            spans = tuple(
                (str(kind), int(start), int(end)) for kind, start, end in values.get("spans", ())
            )
            return cls(**{**values, "sounding": sounding, "spans": spans})
        except (TypeError, ValueError) as error:
            raise InputError(f"resume: {error}") from error

    @staticmethod
    def from_snapshot(look: Mapping[str, Any]) -> dict[str, Any]:
        """Return, as JSON values, where the engine of this snapshot (as JSON) stood."""
        return {
            "at_s": look["at_s"],
            "beat": look["beat"],
            "tempo_bpm": look["tempo_bpm"],
            "playing": look["running"],
            "key": look["key"],
            "valence": look["target_valence"],
            "arousal": look["target_arousal"],
            "remaining_s": look["remaining_s"],
            "frozen": look["frozen"],
            "spans": look["spans"],
            "sounding": sorted(
                {
                    (note["channel"], note["pitch"])
                    for note in look["notes"]
                    if note["onset"] + note["duration"] > look["beat"] - _LATELY_BEATS
                }
            ),
        }

    def to_json(self) -> dict[str, Any]:
        """Return it as plain JSON values."""
        return asdict(self)

    def beat_at(self, time_s: float) -> float:
        """Return where the music would be at a later moment [quarter notes]."""
        moved = (time_s - self.at_s) * self.tempo_bpm / 60.0 if self.playing else 0.0
        return self.beat + moved
