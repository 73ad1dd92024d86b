"""What others on the network may order: one table for OSC, OSCQuery and MQTT.

A line of `ORDERS` is an OSC address (``/stimmung/NAME``), a node of the OSCQuery tree and an MQTT
topic (``stimmung/NAME``). Many controllers send numbers only. For them the word may stand in the
address: ``act/NAME``, ``mode/NAME`` and ``preset/NAME`` obey a number other than 0 (a button
pressed, not let go) or nothing at all, ``set/NAME`` sets.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

from engine.choices import MODES, read_truth
from engine.errors import InputError, StimmungError
from engine.network.guard import Bucket
from engine.network.values import Argument, Range
from engine.settings.fields import settings_of
from engine.settings.performance import Performance

__all__ = ["ENGINE_SETTING", "ORDERS", "Controls", "Order", "OrderGate", "obey"]

ENGINE_SETTING: Final = "settings."
"""Begins the name of a setting that belongs to an engine."""


class Controls(Protocol):
    """What may be ordered, as `engine.live.orders.Orders`."""

    @property
    def performance(self) -> Performance:
        """Every setting in force."""
        ...

    @property
    def frozen(self) -> bool:
        """Whether the target is held."""
        ...

    @property
    def preset(self) -> str:
        """The preset taken last; empty if none was."""
        ...

    def change(self, values: Mapping[str, Any]) -> object:
        """Change settings."""
        ...

    def act(self, action: str) -> None:
        """Do one action."""
        ...

    def set_frozen(self, frozen: bool) -> None:
        """Hold the target, or release it."""
        ...

    def panic(self) -> None:
        """End every note."""
        ...

    def complain(self, message: str) -> None:
        """Report what could not be understood."""
        ...


@dataclass(frozen=True, slots=True)
class Order:
    """Something that can be ordered.

    Attributes
    ----------
    types : str
        OSC type tags of its arguments; ``"N"``: none.
    text : str
        What it does.
    do : callable
        Carries it out; gets the controls and the arguments.
    ranges : tuple of Range
        One for each argument.
    read : callable or None
        Returns the arguments that would order what holds now; None: it holds nothing.
    pressed : bool or None
        Whether the first argument may stand in the address, and then: True, the rest is a button
        that is pressed or let go; False, the rest are the other arguments.
    """

    types: str
    text: str
    do: Callable[..., None]
    ranges: tuple[Range, ...] = ()
    read: Callable[[Controls], tuple[Argument, ...]] | None = None
    pressed: bool | None = None


def _target(controls: Controls, valence: float, arousal: float) -> None:
    controls.change({"mode": "manual", "valence": valence, "arousal": arousal})


def _set(controls: Controls, name: object, value: Any) -> None:
    name = str(name)
    if name.startswith(ENGINE_SETTING):
        controls.change({"settings": {name.removeprefix(ENGINE_SETTING): value}})
        return
    declared = settings_of(Performance).get(name)
    if declared is not None and declared.kind is bool:
        value = read_truth(name, value)
    elif declared is not None and declared.kind is int and isinstance(value, float):
        value = int(value) if value.is_integer() else value  # many senders know floats only
    controls.change({name: value})


ORDERS: Final[dict[str, Order]] = {
    "target": Order(
        "ff", "emotion to play; the mode becomes manual", _target, ((-1.0, 1.0), (-1.0, 1.0)),
        lambda controls: (controls.performance.valence, controls.performance.arousal),
    ),
    "mode": Order(
        "s", "how the target follows what is heard",
        lambda controls, mode: controls.change({"mode": mode}), (MODES,),
        lambda controls: (controls.performance.mode,), pressed=True,
    ),
    "preset": Order(
        "s", "a preset by name, from the next bar on",
        lambda controls, name: controls.act(f"preset {name}"), (None,),
        lambda controls: (controls.preset,), pressed=True,
    ),
    "act": Order(
        "s", "an action, such as tap",
        lambda controls, action: controls.act(str(action)), (None,), pressed=True,
    ),
    "set": Order("sf", "a setting by name", _set, (None, None), pressed=False),
    "freeze": Order(
        "T", "hold the target, or release it",
        lambda controls, frozen: controls.set_frozen(read_truth("freeze", frozen)), (None,),
        lambda controls: (controls.frozen,),
    ),
    "panic": Order("N", "end every note", lambda controls, *_: controls.panic()),
}  # fmt: skip
"""Name → what can be ordered under it."""


def obey(controls: Controls, name: str, arguments: Sequence[Any]) -> str:
    """Carry out an order; return what was wrong with it, or nothing. Never raises."""
    word, _, named = name.partition("/")
    order = ORDERS.get(word)
    try:
        if order is None or (named and order.pressed is None):
            raise InputError(f"order must be one of {', '.join(ORDERS)}; got {name!r:.60}")
        if named and order.pressed:
            value = next((item for item in arguments if item is not None), 1.0)
            if not read_truth(named, value):
                return ""
            arguments = [named]
        elif named:
            arguments = [named, *arguments]
        order.do(controls, *arguments)
    except (StimmungError, TypeError, ValueError, OverflowError) as error:
        return str(error)
    return ""


MOST_PER_SECOND: Final = 500.0
"""Orders a second that are carried out in the long run; faders send some fifty."""

_BURST: Final = 200.0
_SAY_EVERY_S: Final = 5.0
_NEVER_CUT: Final = "panic"


class OrderGate:
    """Carries out the orders of one service and reports what it cannot; never raises.

    More than `MOST_PER_SECOND` a second are left out, except panic.

    Parameters
    ----------
    controls : Controls
        Who carries them out.
    service : str
        Where they come from, for messages.
    """

    def __init__(self, controls: Controls, service: str) -> None:
        self._controls = controls
        self._service = service
        self._bucket = Bucket(MOST_PER_SECOND, _BURST)
        self._cut = 0
        self._said_s = -_SAY_EVERY_S

    def obey(self, name: str, arguments: Sequence[Any], shown: str) -> None:
        """Carry out one order; ``shown`` is how its sender writes it."""
        if not self._bucket.allow(time.monotonic()) and name != _NEVER_CUT:
            self._cut_off()
            return
        problem = obey(self._controls, name, arguments)
        if problem:
            self._controls.complain(f"{shown} {tuple(arguments)!r:.200}: {problem}")

    def refuse(self, problem: str) -> None:
        """Report something that is no order at all."""
        if self._bucket.allow(time.monotonic()):
            self._controls.complain(problem)

    def _cut_off(self) -> None:
        """Count orders that are left out, and report the count every few seconds."""
        self._cut += 1
        now_s = time.monotonic()
        if now_s - self._said_s >= _SAY_EVERY_S:
            self._said_s = now_s
            self._controls.complain(
                f"{self._service} sends too many commands; {self._cut} dropped so far"
            )
