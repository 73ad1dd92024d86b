"""Input mappings at work: from controllers, pads and program changes to settings and actions."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from engine.choices import is_action
from engine.errors import StimmungError
from engine.mapping.reading import Control, ControlReader
from engine.mapping.table import EXCLUDED_CONTROLLERS, InputMapping, Trigger

__all__ = ["InputMapper", "Learned", "Orders"]

_NEAR = 3
"""Controller steps within which a controller counts as standing where the value stands."""

Learned = Callable[[InputMapping], None]


class Orders(Protocol):
    """What mappings may bring about, as `engine.live.runtime.Runtime`."""

    def change(self, values: Mapping[str, Any]) -> object:
        """Change settings of the performance, or raise `InputError`."""
        ...

    def act(self, action: str) -> None:
        """Do one of `engine.choices.ACTIONS`, or take ``preset NAME``."""
        ...

    def setting(self, name: str) -> float:
        """Return where a settable value stands."""
        ...

    def controller_range(self, name: str) -> tuple[float, float]:
        """Return what a controller's 0 and 127 mean for a setting, or raise `InputError`."""
        ...

    def take_program(self, program: int) -> bool:
        """Play the preset of a MIDI program number; return whether there is one."""
        ...

    def complain(self, message: str) -> None:
        """Say what could not be done."""
        ...


class InputMapper:
    """Obeys what comes in, as the preset's table says; learns on request.

    Parameters
    ----------
    orders : Orders
        Who carries it out.
    """

    def __init__(self, orders: Orders) -> None:
        self._orders = orders
        self._mappings: tuple[InputMapping, ...] = ()
        self._caught: set[InputMapping] = set()
        self._levels: dict[InputMapping, float] = {}
        self._reader = ControlReader()
        self._fine: tuple[int, int] | None = None  # channel, number: heard while learning
        self._learn: tuple[str, Learned] | None = None

    def change(self, mappings: Sequence[InputMapping]) -> None:
        """Use another table."""
        if self._mappings != tuple(mappings):
            self._mappings = tuple(mappings)
            self._caught.clear()
            self._levels.clear()

    def learn(self, what: str, learned: Learned) -> None:
        """Map the next controller, pad or program change to ``what`` and hand the mapping over.

        ``what`` is a settable name, an action, or ``preset NAME``; stays armed until something
        that can be mapped comes.
        """
        self._learn = (what, learned)
        self._fine = None

    def stop_learning(self) -> None:
        """Disarm."""
        self._learn = None

    def release(self) -> None:
        """Let every controller catch its value anew: somebody else has moved the values."""
        self._caught.clear()

    def push(self, message: bytes) -> bool:
        """Obey one MIDI message; return whether it was meant for a mapping or a preset.

        A program change that no mapping names takes the preset of that number.
        """
        controls = self._reader.read(message)
        if self._learn is not None and controls and self._learns(controls[0]):
            return True
        for control in controls:
            meant = [
                mapping
                for mapping in self._mappings
                if mapping.on == control.on
                and mapping.number == control.number
                and mapping.channel in (None, control.channel)
            ]
            for mapping in meant:
                try:
                    self._obey(mapping, control.level)
                except StimmungError as error:
                    self._orders.complain(str(error))
            if meant:
                return True
            if control.on == "program":
                return self._takes_preset(control.number)
        return False

    def _takes_preset(self, program: int) -> bool:
        try:
            return self._orders.take_program(program)
        except StimmungError as error:
            self._orders.complain(str(error))
            return True

    def _learns(self, control: Control) -> bool:
        """Learn what was moved; return False if it is nothing to be learned."""
        assert self._learn is not None
        what, learned = self._learn
        if control.is_release or control.is_selection:
            return False
        if control.on == "cc" and control.number in EXCLUDED_CONTROLLERS:
            return False
        sets = not is_action(what)
        if sets and control.on == "program":
            return False
        place = (control.channel, control.number)
        if control.is_fine and self._fine != place:
            self._fine = place  # the coarse half may follow
            return True
        self._learn = self._fine = None
        try:
            learned(
                InputMapping(
                    on=control.on,
                    number=control.number,
                    channel=control.channel,
                    sets=what if sets else "",
                    does="" if sets else what,
                )
            )
        except StimmungError as error:
            self._orders.complain(str(error))
        return True

    def _obey(self, mapping: InputMapping, level: float) -> None:
        before = self._levels.get(mapping)
        self._levels[mapping] = level
        if mapping.does:
            if _is_press(mapping.on, level, before):
                self._orders.act(mapping.does)
            return
        if mapping.soft_takeover and mapping.on != "note" and mapping not in self._caught:
            if not self._catches(mapping, before, level):
                return
            self._caught.add(mapping)
        name = mapping.sets
        low, high = mapping.ends(*self._orders.controller_range(name))
        value = low + (high - low) * level / 127.0
        if name.startswith("settings."):
            self._orders.change({"settings": {name.removeprefix("settings."): value}})
        elif name in ("valence", "arousal"):
            self._orders.change({"mode": "manual", name: value})
        else:
            self._orders.change({name: value})

    def _catches(self, mapping: InputMapping, before: float | None, level: float) -> bool:
        """Tell whether the controller has reached or passed where the value stands."""
        low, high = mapping.ends(*self._orders.controller_range(mapping.sets))
        if low == high:
            return True
        stands = 127.0 * (self._orders.setting(mapping.sets) - low) / (high - low)
        if abs(level - stands) <= _NEAR:
            return True
        return before is not None and min(before, level) <= stands <= max(before, level)


def _is_press(on: Trigger, level: float, before: float | None) -> bool:
    """Tell whether a pad or a pedal was pressed, and not only held or let go.

    A controller counts as pressed when it rises to 64 or more, or comes again with the same value:
    some pedals never send anything but 127.
    """
    if on == "note":
        return level > 0
    return level >= 64 and (on == "program" or (before or 0) < 64 or level == before)
