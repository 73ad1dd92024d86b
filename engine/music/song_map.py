"""What changes in the course of a piece: tempo, length of the bars, key; and its markers."""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import accumulate

__all__ = ["DEFAULT_TEMPO_BPM", "SongMap", "TempoMap"]

DEFAULT_TEMPO_BPM = 120.0
_DEFAULT_BAR = 4.0


class TempoMap:
    """Position in beats ↔ time in seconds.

    Parameters
    ----------
    tempos : iterable of (float, float)
        Position [quarter notes] and tempo from there on [quarter notes per minute], > 0; of
        several at one position the last counts. Before the first, 120.
    """

    def __init__(self, tempos: Iterable[tuple[float, float]]) -> None:
        changes = {0.0: DEFAULT_TEMPO_BPM} | dict(sorted(tempos, key=lambda change: change[0]))
        self._beats = sorted(changes)
        self._tempos = [changes[beat] for beat in self._beats]
        self._times = [0.0]
        for index in range(1, len(self._beats)):
            width = self._beats[index] - self._beats[index - 1]
            self._times.append(self._times[-1] + width * 60.0 / self._tempos[index - 1])

    def tempo_at(self, beat: float) -> float:
        """Return the tempo in force [quarter notes per minute]."""
        return self._tempos[self._index(self._beats, beat + 1e-9)]

    def seconds(self, beat: float) -> float:
        """Return the time of a position [s]."""
        index = self._index(self._beats, beat)
        return self._times[index] + (beat - self._beats[index]) * 60.0 / self._tempos[index]

    def beat(self, seconds: float) -> float:
        """Return the position at a time [quarter notes]."""
        index = self._index(self._times, seconds)
        return self._beats[index] + (seconds - self._times[index]) * self._tempos[index] / 60.0

    @staticmethod
    def _index(places: Sequence[float], place: float) -> int:
        return max(bisect_right(places, place) - 1, 0)


@dataclass(frozen=True, slots=True)
class SongMap:
    """What changes in the course of a piece, each with its position [quarter notes].

    Attributes
    ----------
    tempos : tuple of (float, float)
        Tempo from there on [quarter notes per minute].
    meters : tuple of (float, float)
        Length of the bars from there on [quarter notes].
    keys : tuple of (float, str)
        Key from there on, such as ``"A:min"``.
    markers : tuple of (float, str)
        Text to be shown there, in Latin-1.
    """

    tempos: tuple[tuple[float, float], ...] = ()
    meters: tuple[tuple[float, float], ...] = ()
    keys: tuple[tuple[float, str], ...] = ()
    markers: tuple[tuple[float, str], ...] = ()
    time: TempoMap = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "time", TempoMap(self.tempos))

    def prevailing_tempo(self, start: float, end: float) -> float:
        """Return the tempo in the middle of all between two positions, each beat counted once.

        A ritardando at the end, or a slow first bar, does not move it.
        """
        widths = _widths(self.tempos, start, end, DEFAULT_TEMPO_BPM)
        ordered = sorted(widths)
        reached = accumulate(widths[tempo] for tempo in ordered)
        half = sum(widths.values()) / 2.0
        return next(tempo for tempo, beats in zip(ordered, reached, strict=True) if beats >= half)

    def prevailing_bar(self, start: float, end: float) -> tuple[float, float]:
        """Return the length of the bars that fill most of a stretch, and one of their bar lines.

        The line is the one where the last bars of that length begin.
        """
        widths = _widths(self.meters, start, end, _DEFAULT_BAR)
        length = max(widths, key=lambda found: widths[found])
        places = [beat for beat, bar in self.meters if bar == length and beat < max(end, start + 1)]
        return length, max(places, default=0.0)


def _widths(
    changes: tuple[tuple[float, float], ...], start: float, end: float, usual: float
) -> dict[float, float]:
    """Return how many beats of a stretch each value fills."""
    course = sorted(({0.0: usual} | dict(changes)).items())
    widths: dict[float, float] = {}
    for (beat, value), (following, _) in zip(course, [*course[1:], (end, 0.0)], strict=True):
        width = min(following, end) - max(beat, start)
        if width > 0.0 or not widths:
            widths[value] = widths.get(value, 0.0) + max(width, 0.0)
    return widths
