"""The chord part: a groove says when, a figure says which voices."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from engine.music.arrange.groove import emphasis, onsets
from engine.music.arrange.metre import Unit
from engine.music.arrange.scene import STYLES, Scene
from engine.music.written import Written

__all__ = ["FIGURES", "play_chords"]

_LOWEST: Final = 45
_HIGHEST: Final = 86
_STRONG: Final = 5.0
"""Accent of the chord after a cut."""
_GROOVE: Final = 3.5
"""Accent of what belongs most to the groove."""
_SOON: Final = 0.6
"""A new chord is struck at the latest so long after it began [beats]; the bass has it at once."""
_FILL_DENSITY: Final = 1.7
"""How much denser a fill is than the phrase it ends."""


@dataclass(frozen=True, slots=True)
class Strike:
    """One onset of the figure.

    Attributes
    ----------
    index : int
        Which onset of the unit.
    cell : int
        Where in the unit.
    accent : float
        How much it belongs to the groove, -1..1.
    first : bool
        Whether it is the first since the chord changed.
    size : int
        How many voices are to be struck together.
    """

    index: int
    cell: int
    accent: float
    first: bool
    size: int


Figure = Callable[[tuple[int, ...], Strike], tuple[int, ...]]
"""Pitches at hand, ascending, and the onset → pitches struck."""


def _window(voicing: tuple[int, ...], size: int) -> tuple[int, ...]:
    """Return so many voices from the top: the inner ones are left out last to first."""
    return voicing[max(0, len(voicing) - size) :]


def _block(voicing: tuple[int, ...], strike: Strike) -> tuple[int, ...]:
    return voicing if strike.first else _window(voicing, strike.size)


def _held(voicing: tuple[int, ...], strike: Strike) -> tuple[int, ...]:
    if strike.first:
        return voicing
    return (voicing[1 + strike.index % (len(voicing) - 1)],)


def _broken(voicing: tuple[int, ...], strike: Strike) -> tuple[int, ...]:
    size = len(voicing)
    place = strike.index % size
    if strike.size < 3:
        return (voicing[place],)
    return (voicing[place], voicing[(place + size // 2) % size])


def _alberti(voicing: tuple[int, ...], strike: Strike) -> tuple[int, ...]:
    order = (0, len(voicing) - 1, len(voicing) // 2, len(voicing) - 1)
    return (voicing[order[strike.index % 4]],)


def _rocking(voicing: tuple[int, ...], strike: Strike) -> tuple[int, ...]:
    low = voicing[: 1 if strike.size < 3 else 2]
    return low if strike.index % 2 == 0 else voicing[len(low) :][-max(1, strike.size - 1) :]


def _pairs(voicing: tuple[int, ...], strike: Strike) -> tuple[int, ...]:
    half = len(voicing) // 2
    pairs = [(voicing[i], voicing[i + half]) for i in range(len(voicing) - half)]
    return pairs[strike.index % len(pairs)]


def _oompah(voicing: tuple[int, ...], strike: Strike) -> tuple[int, ...]:
    return voicing[:1] if strike.cell == 0 else voicing[1:]


FIGURES: Final[dict[str, tuple[Figure, float]]] = {
    "held": (_held, 1.0),
    "broken": (_broken, 0.9),
    "alberti": (_alberti, 0.6),
    "pairs": (_pairs, 0.8),
    "rocking": (_rocking, 0.5),
    "oompah": (_oompah, 0.1),
    "block": (_block, 0.2),
}
"""Figure → how it is played, and how far its notes ring on: 0 to the next onset, 1 to the end of
the chord."""


@lru_cache(maxsize=4096)
def _reach(voicing: tuple[int, ...], extra: int, turn: int) -> tuple[int, ...]:
    """Return the pitches a broken chord runs through: ``extra`` octave copies, in one of orders."""
    above = [pitch + 12 for pitch in voicing if voicing[-1] < pitch + 12 <= _HIGHEST]
    below = [pitch - 12 for pitch in voicing if _LOWEST <= pitch - 12 < voicing[0]]
    down = below[len(below) - extra // 2 :] if extra > 1 else []
    up = (*down, *voicing, *above[: extra - len(down)])
    inner = up[1:-1]
    return (up, up + inner[::-1], up[:1] + up[:0:-1] + inner[:1], up[::2] + up[1::2][::-1])[turn]


def _size(scene: Scene) -> int:
    """Return how many voices are struck together: more where it is lively, dithered."""
    wobble = scene.draws.uniform("size", scene.position.beat)
    return min(4, max(1, int(2.4 + 1.2 * scene.arousal + wobble)))


def _fill(scene: Scene) -> str:
    """Return what ends the phrase: nothing, a run, a rest on the chord, or pushes."""
    if not scene.ends_phrase:
        return ""
    calm = 0.5 - 0.4 * scene.arousal
    weights = (0.4, 0.6 + 0.5 * scene.arousal, calm, max(0.0, 0.4 * scene.arousal))
    choice = scene.draws.pick([max(0.02, w) for w in weights], "fill", scene.position.phrase)
    return ("", "run", "rest", "pushes")[choice]


def _chosen(scene: Scene, unit: Unit, density: float, fill: str) -> tuple[int, ...]:
    """Return the cells of a unit that are played; a chord change is always struck."""
    groove = STYLES[scene.style].groove
    if fill == "rest":
        density, groove = min(density, 0.3), "ballad"
    elif fill:
        density *= _FILL_DENSITY
        groove = "eighths" if fill == "run" else "push"
    return onsets(
        groove,
        unit,
        scene.beat_s,
        density,
        scene.draws,
        "chords",
        scene.place(unit),
        compound=scene.compound,
    )


def play_chords(scene: Scene, voicing: tuple[int, ...], density: float) -> list[Written]:
    """Return the notes of the chords in a beat.

    Parameters
    ----------
    scene : Scene
        The beat.
    voicing : tuple of int
        Its chord, ascending pitches.
    density : float
        Onsets per beat of this part.
    """
    fill = _fill(scene)
    name = "broken" if fill == "run" else "held" if fill == "rest" else STYLES[scene.style].figure
    figure, ring = FIGURES[name]
    place = scene.position.material * 2 + scene.position.bar_in_phrase // 2
    pitches = voicing
    if name == "broken":
        extra = max(0, round(1.5 + 1.5 * scene.arousal))
        pitches = _reach(voicing, extra, int(scene.draws.uniform("order", place) * 4))
    strikes: list[tuple[float, float, Strike]] = []  # position, shortest length, strike
    for unit in scene.units_here:
        cells = _chosen(scene, unit, density, fill)
        here = scene.cells(unit, cells)
        if scene.changed and unit is scene.unit and not any(at < _SOON for _, _, at in here):
            start = round((scene.position.beat_in_bar - unit.start) / unit.pulse) * 4
            cells = tuple(sorted({*cells, max(0, start)}))
            here = scene.cells(unit, cells)
        for index, cell, at in here:
            later = cells[index + 1] if index + 1 < len(cells) else unit.cells
            gap = (later - cell) * unit.pulse / 4
            first = scene.changed and not strikes
            accent = emphasis(STYLES[scene.style].groove, unit, cell, compound=scene.compound)
            strikes.append((at, gap, Strike(index, cell, accent, first, _size(scene))))
    return _written(scene, strikes, figure, pitches, ring)


def _written(
    scene: Scene,
    strikes: list[tuple[float, float, Strike]],
    figure: Figure,
    pitches: tuple[int, ...],
    ring: float,
) -> list[Written]:
    """Return the notes: each ends where it is struck again, and with its chord at the latest."""
    left = scene.sure - scene.position.beat
    legato = ring * min(1.0, max(0.0, 0.75 - 0.4 * scene.arousal))
    notes: list[Written] = []
    ends: dict[int, float] = {}  # pitch -> when it is struck next
    for at, gap, strike in reversed(strikes):
        struck = sorted(set(figure(pitches, strike)))
        for order, pitch in enumerate(struck):
            full = max(left - at, 0.05)
            length = min(gap + max(0.0, full - gap) * legato, full, ends.get(pitch, 99.0) - at)
            accent = _GROOVE * strike.accent + 2.0 * strike.first
            accent += _STRONG * (scene.strong and strike.first)
            notes.append(Written(at, length, pitch, accent, order))
        ends.update(dict.fromkeys(struck, at))
    return notes[::-1]
