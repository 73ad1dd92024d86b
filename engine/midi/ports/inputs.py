"""Choosing and opening an input port by its name.

``virtual``
    A port of our own that the DAW sees, through ALSA, CoreMIDI or JACK.
``jack``
    A port of our own on a JACK server.
anything else
    An existing port, by any part of its name, upper or lower case.

On JACK every message carries the time of its frame; elsewhere the time it arrived at.
"""

from engine.errors import MidiPortError
from engine.midi.ports.advice import explain, look_around
from engine.midi.ports.jack_input import JackInput
from engine.midi.ports.port import Arrived, Clock, InputPort
from engine.midi.ports.rtmidi import RtMidiInput, find_existing, make_virtual, open_existing

__all__ = ["open_input"]


def open_input(source: str, port_name: str, arrived: Arrived, clock: Clock) -> InputPort:
    """Open the port that ``source`` names; ``arrived`` is called with every message.

    Raises
    ------
    MidiPortError
        If it cannot be opened; the message says what cures it.
    """
    if source == "jack":
        return JackInput(port_name, "", arrived, clock)
    if source == "virtual":
        return _open_virtual(port_name, arrived, clock)
    port = find_existing(source, "in")
    system, _, name = port
    if system is None:
        return JackInput(port_name, name, arrived, clock)
    listener, look = open_existing(port, "in", port_name)
    return RtMidiInput(listener, name, arrived, clock, look)


def _open_virtual(port_name: str, arrived: Arrived, clock: Clock) -> InputPort:
    listener = make_virtual("in", port_name)
    if listener is not None:
        return RtMidiInput(listener, port_name, arrived, clock)
    try:
        return JackInput(port_name, "", arrived, clock)
    except MidiPortError:
        raise MidiPortError(explain(look_around(), "in")) from None
