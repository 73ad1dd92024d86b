"""Simple drums on the General MIDI kit: a pattern per phrase, fuller as it gets livelier."""

from dataclasses import dataclass
from typing import Final

from engine.music.arrange.metre import Unit, finest_step
from engine.music.arrange.scene import STYLES, Scene
from engine.music.written import Written

__all__ = ["KITS", "play_drums"]

_KICK, _STICK, _SNARE, _CLOSED, _OPEN, _RIDE, _CRASH = 36, 37, 38, 42, 46, 51, 49
_TOMS: Final = (50, 47, 45, 43)
_HIT: Final = 0.2
"""Written length of a stroke [beats]: drums ring by themselves."""
_FILLS_FROM: Final = -0.2
"""Arousal from which phrases end in a fill."""

Line = tuple[int, float, tuple[int, ...], tuple[int, ...]]
"""Instrument, accent, cells of a unit of four pulses, and of three."""


@dataclass(frozen=True, slots=True)
class Kit:
    """Lines by level: 0 is always played, 1 from middling, 2 from high arousal on."""

    levels: tuple[tuple[Line, ...], ...]


_EIGHTHS: Final = (0, 2, 4, 6, 8, 10, 12, 14)
_OFFS: Final = (2, 6, 10, 14)
_QUARTERS: Final = (0, 4, 8, 12)
_SIXTEENTHS: Final = (1, 3, 5, 7, 9, 11, 13, 15)

KITS: Final[dict[str, Kit]] = {
    "soft": Kit(
        (
            ((_RIDE, -8.0, _QUARTERS, (0, 4, 8)), (_STICK, -4.0, (8,), (8,))),
            ((_KICK, -2.0, (0,), (0,)), (_RIDE, -14.0, _OFFS, (6, 10))),
            ((_STICK, -4.0, (4, 12), (4,)), (_KICK, -6.0, (10,), (6,))),
        )
    ),
    "pop": Kit(
        (
            ((_CLOSED, -8.0, _QUARTERS, (0, 4, 8)), (_KICK, 0.0, (0,), (0,))),
            ((_STICK, 0.0, (4, 12), (8,)), (_CLOSED, -14.0, _OFFS, (2, 6, 10))),
            ((_SNARE, 2.0, (4, 12), (8,)), (_KICK, -2.0, (8, 10), (6,))),
        )
    ),
    "rock": Kit(
        (
            ((_CLOSED, -6.0, _EIGHTHS, (0, 2, 4, 6, 8, 10)), (_KICK, 2.0, (0, 8), (0,))),
            ((_SNARE, 3.0, (4, 12), (8,)), (_KICK, -2.0, (10,), (6,))),
            ((_CLOSED, -16.0, _SIXTEENTHS, (3, 7, 11)), (_OPEN, -4.0, (14,), (10,))),
        )
    ),
    "swing": Kit(
        (
            ((_RIDE, -4.0, _QUARTERS, (0, 4, 8)),),
            ((_RIDE, -12.0, (6, 14), (6, 10)), (_CLOSED, -4.0, (4, 12), (4, 8))),
            ((_KICK, -6.0, (0, 8), (0,)), (_SNARE, -10.0, (10,), (10,))),
        )
    ),
    "waltz": Kit(
        (
            ((_KICK, -2.0, (0,), (0,)), (_CLOSED, -8.0, (4, 12), (4, 8))),
            ((_STICK, -6.0, (4, 12), (4, 8)), (_CLOSED, -14.0, _OFFS, (6, 10))),
            ((_SNARE, -2.0, (12,), (8,)), (_KICK, -6.0, (8,), (6,))),
        )
    ),
}
"""Name → kit."""

_COMPOUND: Final[tuple[tuple[Line, ...], ...]] = (
    ((_CLOSED, -8.0, _EIGHTHS, (0, 4, 8, 2, 6, 10)), (_KICK, 0.0, (0,), (0,))),
    ((_STICK, 0.0, (8,), (6,)), (_KICK, -6.0, (6,), (10,))),
    ((_SNARE, 3.0, (8,), (6,)), (_CLOSED, -16.0, _SIXTEENTHS, (5, 11))),
)


def _level(scene: Scene) -> int:
    return 0 if scene.arousal < -0.35 else 1 if scene.arousal < 0.3 else 2


def _fill(scene: Scene, unit: Unit) -> list[Written]:
    """Return strokes down the toms through the beat."""
    position = scene.position
    left = position.bar_end - position.beat
    count = 2 if scene.arousal < 0.3 or finest_step(unit, scene.beat_s) > 1 else 4
    length = unit.pulse / count
    strokes = []
    for index in range(round(1.0 / length)):
        tom = _TOMS[min(len(_TOMS) - 1, max(0, 2 - left) + index * 2 // count)]
        strokes.append(Written(index * length, _HIT, tom if index else _SNARE, 2.0))
    return strokes


def play_drums(scene: Scene) -> list[Written]:
    """Return the strokes of a beat."""
    position = scene.position
    notes: dict[tuple[float, int], Written] = {}
    opens = position.bar_in_phrase == 0 and position.beat_in_bar == 0
    if scene.strong or (opens and position.phrase and scene.arousal > 0.0):
        notes[0.0, _CRASH] = Written(0.0, _HIT, _CRASH, 4.0)
        notes[0.0, _KICK] = Written(0.0, _HIT, _KICK, 4.0)
    fills = scene.ends_phrase and scene.arousal > _FILLS_FROM
    if fills and scene.draws.uniform("drum fill", position.phrase) < 0.7:
        return [*notes.values(), *_fill(scene, scene.unit)]
    kit = KITS[STYLES[scene.style].drums]
    for unit in scene.units_here:
        three = unit.pulses == 3
        levels = _COMPOUND if three and scene.compound else kit.levels
        for lines in levels[: _level(scene) + 1]:
            for instrument, accent, four, triple in lines:
                cells = triple if three else four
                step = finest_step(unit, scene.beat_s)
                played = tuple(c for c in cells if c < unit.cells and c % step == 0)
                for _, cell, at in scene.cells(unit, played):
                    louder = 2.0 if cell == 0 else 0.0
                    notes[at, instrument] = Written(at, _HIT, instrument, accent + louder)
    return sorted(notes.values(), key=lambda note: (note.at, note.pitch))
