"""Where the controllers and pedals of one port stand, and whose message set them.

A message that changes nothing is left out. Reset All Controllers (121) is for its own holder:
what others had set on the channel is said again after it.
"""

from engine.midi.holders import ENGINE
from engine.midi.messages import PEDALS, Outgoing, control, place_of
from engine.midi.sounding import PedalLedger

__all__ = ["SEQUENCED", "Controllers"]

SEQUENCED = frozenset({0, 6, 32, 38, *range(96, 102), *range(120, 128)})
"""Controllers whose every message counts, in order: bank select, data entry, (N)RPN, modes."""


class Controllers:
    """The last message of each controller, bend and pressure, and the pedals with their holders."""

    def __init__(self) -> None:
        self.pedals = PedalLedger()
        self._last: dict[tuple[int, int], tuple[bytes, int]] = {}  # message, holder
        self._moved_s: dict[tuple[int, int], float] = {}  # when a pedal moves, as given away [s]

    def is_new(self, data: bytes, holder: int) -> bool:
        """Enter a message; return whether it is to be sent."""
        place = place_of(data)
        if place[1] in SEQUENCED:
            return True
        changed = self._last.get(place, (b"", 0))[0] != data
        self._last[place] = data, holder
        return changed

    def move_pedal(
        self, holder: int, channel: int, number: int, value: int, at_s: float
    ) -> Outgoing | None:
        """Enter a holder's move of a pedal; return what is to be sent, if anything."""
        stands = self.pedals.move(holder, channel, number, value)
        # A port that takes messages ahead may hold the last move: come behind it.
        at_s = max(at_s, self._moved_s.get((channel, number), at_s))
        moved = control(channel, number, stands, at_s)
        if not self.is_new(moved.data, holder):
            return None
        self._moved_s[channel, number] = at_s
        return moved

    def reset(self, channel: int, holder: int, at_s: float) -> list[Outgoing]:
        """Enter Reset All Controllers; return what others have set there and is to be restored."""
        restored = []
        for place, (data, owner) in list(self._last.items()):
            if place[0] != channel:
                continue
            if place[1] in PEDALS:
                stands = self.pedals.move(holder, *place, 0)
                data = control(*place, stands, at_s).data
                keep = stands > 0
            else:
                keep = owner != holder
            if keep:
                self._last[place] = data, owner
                restored.append(Outgoing(data, at_s))
            else:
                del self._last[place]
        return restored

    def lifted(self, since_s: float, at_s: float) -> list[Outgoing]:
        """Return again the lifts of pedals since a time."""
        return [
            control(*place, 0, max(at_s, moved_s))
            for place, moved_s in self._moved_s.items()
            if moved_s >= since_s and not self.pedals.stands(*place)
        ]

    def lift_all(self, at_s: float) -> list[Outgoing]:
        """Lift every pedal that is down; return what is to be sent."""
        lifts = [control(*place, 0, at_s) for place in self.pedals.down()]
        self._last.update((place_of(lift.data), (lift.data, ENGINE)) for lift in lifts)
        self.pedals.clear()
        return lifts

    def forget(self) -> None:
        """Take it that the receiver knows nothing: every next message is to be sent."""
        self._last.clear()
