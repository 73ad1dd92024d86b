"""The plug-in's part of a run: its line, what of the run goes through it, and its parameters."""

from collections.abc import Callable
from typing import Any

from engine.audio.plugin_input import PluginInput
from engine.choices import PLUGIN
from engine.events import EmotionState
from engine.live.orders import Orders
from engine.midi.plugin_output import PluginOutput
from engine.plugin.link import PluginLink
from engine.plugin.parameters import PARAMETERS, as_set, index_of
from engine.settings.run import LiveConfig
from engine.sync.plugin import PluginSync

__all__ = ["PluginFront", "open_plugin"]


def open_plugin(config: LiveConfig) -> "PluginFront | None":
    """Return what a run needs of the plug-in, not yet started; None where it needs nothing."""
    if PLUGIN in (config.input, config.sync, config.midi_out):
        return PluginFront(config)
    return None


class PluginFront:
    """One line to the plug-ins, shared by sound, beat and notes.

    Parameters
    ----------
    config : LiveConfig
        Says which of the three go through it.
    """

    def __init__(self, config: LiveConfig) -> None:
        self._link = PluginLink()
        self.source = PluginInput(self._link) if config.input == PLUGIN else None
        sync = PluginSync(self._link, config.performance.tempo_bpm)
        self.sync = sync if config.sync == PLUGIN else None
        self.output = PluginOutput(self._link, sync.place) if config.midi_out == PLUGIN else None

    def start(self) -> None:
        """Listen for plug-ins.

        Raises
        ------
        MidiPortError
            There is no port, or nowhere to say which.
        """
        self._link.start()

    def turn(self, orders: Orders, heard: EmotionState | None) -> None:
        """Carry out what the host has set; show what is heard."""
        for symbol, value in self._link.take_changes():
            order = _ORDERS.get(symbol)
            if order is not None:
                order(orders, value)
        if heard is not None:
            self._link.mood = (heard.valence, heard.arousal)

    def stop(self) -> None:
        """End every note and close the line."""
        self._link.stop()


def _set(name: str) -> Callable[[Orders, float], None]:
    def order(orders: Orders, value: float) -> None:
        orders.change({name: value})

    return order


def _choose(name: str) -> Callable[[Orders, float], None]:
    parameter = PARAMETERS[index_of(name)]

    def order(orders: Orders, value: float) -> None:
        chosen: Any = as_set(parameter, value)
        if chosen is not None:
            orders.change({name: chosen})

    return order


def _seed(orders: Orders, value: float) -> None:
    if value >= 1:
        orders.regenerate(round(value))


_ORDERS: dict[str, Callable[[Orders, float], None]] = {
    "mode": _choose("mode"),
    "engine": _choose("engine"),
    "valence": _set("valence"),
    "arousal": _set("arousal"),
    "strength": _set("strength"),
    "freeze": lambda orders, value: orders.set_frozen(value >= 0.5),
    "seed": _seed,
}
"""What each parameter asks for; the others are the plug-in's own business, or the bounce's."""
