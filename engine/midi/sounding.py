"""Which notes sound and which pedals are down, and who holds them.

MIDI has no note identities: a note-off ends whatever sounds at that channel and pitch. The
ledger gives notes identities back. Several notes may hold one place (channel and pitch); it is
struck anew for each of them and ends when the last one ends. A pedal that several hold stands
at the highest of their values and is lifted when the last of them lifts it.
"""

__all__ = ["NoteLedger", "PedalLedger", "Place"]

Place = tuple[int, int]
"""Channel and pitch, or channel and controller."""


class NoteLedger:
    """The notes that sound on one port, each at its place."""

    def __init__(self) -> None:
        self._places: dict[int, Place] = {}
        self._holders: dict[Place, int] = {}  # how many notes hold a place

    def __len__(self) -> int:
        return len(self._places)

    def __contains__(self, note_id: int) -> bool:
        return note_id in self._places

    @property
    def sounding(self) -> tuple[Place, ...]:
        """The places that sound now, in the order they began to."""
        return tuple(self._holders)

    def holders(self, place: Place) -> int:
        """Return how many notes hold a place; 0 where nothing sounds."""
        return self._holders.get(place, 0)

    def start(self, note_id: int, place: Place) -> bool:
        """Enter a note about to be sent; return whether its place sounds already.

        Then the place's note-off must be sent before the new note-on.

        Raises
        ------
        ValueError
            If a note with this id sounds already.
        """
        if note_id in self._places:
            raise ValueError(f"note id {note_id} sounds already")
        self._places[note_id] = place
        held = self._holders.get(place, 0)
        self._holders[place] = held + 1
        return held > 0

    def end(self, note_id: int) -> bool:
        """Take a note out; return whether its place ends with it and a note-off is to be sent."""
        place = self._places.pop(note_id, None)
        if place is None:
            return False
        if self._holders[place] > 1:
            self._holders[place] -= 1
            return False
        del self._holders[place]
        return True

    def end_all(self) -> tuple[Place, ...]:
        """Take every note out; return the places, each of which needs its note-off now."""
        places = self.sounding
        self._places.clear()
        self._holders.clear()
        return places


class PedalLedger:
    """The pedals that are down on one port, with the values their holders gave them."""

    def __init__(self) -> None:
        self._values: dict[Place, dict[int, int]] = {}

    def move(self, holder: int, channel: int, number: int, value: int) -> int:
        """Enter a holder's move of a pedal, 0..127; return where the pedal stands then."""
        values = self._values.setdefault((channel, number), {})
        values.pop(holder, None)
        if value:
            values[holder] = value
        stands = max(values.values(), default=0)
        if not values:
            del self._values[channel, number]
        return stands

    def stands(self, channel: int, number: int) -> int:
        """Return the value of a pedal; 0 is up."""
        return max(self._values.get((channel, number), {}).values(), default=0)

    def down(self, holder: int | None = None) -> list[Place]:
        """Return the pedals that are down, or those that one holder holds, as pressed."""
        return [
            place for place, values in self._values.items() if holder is None or holder in values
        ]

    def held_by_others(self, channel: int, holder: int) -> bool:
        """Return whether anybody else holds a pedal of a channel."""
        return any(
            place[0] == channel and values.keys() - {holder}
            for place, values in self._values.items()
        )

    def clear(self) -> None:
        """Forget all of them."""
        self._values.clear()
