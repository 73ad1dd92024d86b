"""The sustain pedal as a pianist moves it: up with the new harmony, down again once it sounds.

Lifted on the beat, it ends the old chord just as the new one starts; pressed shortly after
("syncopated pedalling"), it catches the new chord alone.
"""

from typing import Final

from engine.events import SUSTAIN, ControlEvent, Role

__all__ = ["pedal_moves"]

_CATCH_S: Final = 0.09
"""From lift to press [s]: dampers need some 50 to 100 ms to quiet the low strings."""
_LATEST: Final = 0.45
"""Latest press within a beat [beats], where beats are short."""


def pedal_moves(
    beat: int, beat_s: float, *, down: bool, wanted: bool, fresh: bool, channel: int, role: Role
) -> tuple[list[ControlEvent], bool]:
    """Return the pedal's moves within a beat, and whether it is down after them.

    Parameters
    ----------
    beat : int
        The beat.
    beat_s : float
        Its length [s].
    down : bool
        Whether the pedal is down before it.
    wanted : bool
        Whether the music wants a pedal now.
    fresh : bool
        Whether the beat starts what must not be mixed with what sounded before.
    channel : int
        MIDI channel of the part.
    role : str
        The part.
    """
    moves = []
    if down and (fresh or not wanted):
        moves.append(ControlEvent(float(beat), SUSTAIN, 0, channel, role))
        down = False
    if wanted and not down:
        at = beat + min(_CATCH_S / beat_s, _LATEST)
        moves.append(ControlEvent(at, SUSTAIN, 127, channel, role))
        down = True
    return moves, down
