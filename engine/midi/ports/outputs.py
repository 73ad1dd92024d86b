"""Choosing and opening an output port by its name."""

import contextlib

from engine.errors import MidiPortError
from engine.midi.ports.port import Clock, NullPort, OutputPort

__all__ = ["list_input_ports", "list_output_ports", "load_libraries", "open_output"]


def list_output_ports() -> list[str]:
    """Return the MIDI ports one can write to; empty if there is no MIDI system."""
    from engine.midi.ports.probe import probe

    return list(probe().outputs)


def list_input_ports() -> list[str]:
    """Return the MIDI ports one can read from; empty if there is no MIDI system."""
    from engine.midi.ports.probe import probe

    return list(probe().inputs)


def open_output(output: str, port_name: str, clock: Clock) -> OutputPort:
    """Open the port that ``output`` names.

    Parameters
    ----------
    output : str
        ``virtual``, ``jack``, ``rtmidi``, ``none`` or (part of) the name of an existing port.
    port_name : str
        Name of our own port where one is made.
    clock : callable
        `time.perf_counter`.

    Raises
    ------
    MidiPortError
        If it cannot be opened; the message says what cures it.
    """
    if output == "none":
        return NullPort(clock)
    if output == "jack":
        from engine.midi.ports.jack import JackPort

        return JackPort(port_name, clock)
    from engine.midi.ports.rtmidi import open_named, open_through_rtmidi, open_virtual

    if output == "virtual":
        return open_virtual(port_name, clock)
    if output == "rtmidi":
        return open_through_rtmidi(port_name, clock)
    return open_named(output, port_name, clock)


def load_libraries(output: str) -> None:
    """Load what `open_output` will need, so that it opens at once; missing ones do not matter."""
    if output == "none":
        return
    from engine.midi.ports.jack_server import load_jack

    with contextlib.suppress(MidiPortError):
        load_jack()
    if output != "jack":
        from engine.midi.ports.rtmidi import load_rtmidi

        with contextlib.suppress(MidiPortError):
            load_rtmidi()
