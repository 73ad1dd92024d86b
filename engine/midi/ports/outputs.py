"""Choosing and opening an output port by its name.

``auto``
    As ``virtual``; the built-in instrument plays, too, while nobody is connected to that port,
    where the system tells (JACK, ALSA). Where no such port can be made, as ``built-in``.
``virtual``
    A port of our own that the DAW sees, through ALSA, CoreMIDI or JACK.
``jack``
    A port of our own on a JACK server, every message at its exact frame.
``rtmidi``
    As ``virtual``, but through RtMidi on JACK too, where it is exact to the period only.
``built-in``
    The built-in instrument, with its choices behind a question mark, see `with_options`.
``none``
    No port; everything is counted as if there were one.
anything else
    An existing port, by any part of its name, upper or lower case.
"""

import contextlib

from engine.choices import AUTO_OUT, BUILT_IN
from engine.errors import MidiPortError
from engine.midi.ports.advice import explain, look_around
from engine.midi.ports.alsa import lists_connections
from engine.midi.ports.built_in import BuiltInOutput
from engine.midi.ports.jack import JackOutput
from engine.midi.ports.jack_server import load_jack
from engine.midi.ports.port import Clock, NullPort, OutputPort
from engine.midi.ports.rtmidi import (
    RtMidiOutput,
    find_existing,
    load_rtmidi,
    make_virtual,
    open_existing,
)
from engine.midi.ports.with_instrument import PortWithInstrument

__all__ = ["load_libraries", "open_output"]


def open_output(output: str, port_name: str, clock: Clock) -> OutputPort:
    """Open the port that ``output`` names.

    Parameters
    ----------
    output : str
        One of the words above, or (part of) the name of an existing port.
    port_name : str
        Name of our own port where one is made.
    clock : callable
        `time.perf_counter`.

    Raises
    ------
    MidiPortError
        If it cannot be opened; the message says what cures it.
    """
    word, _, options = output.partition("?")
    if word == AUTO_OUT:
        return _open_auto(options, port_name, clock)
    if word == BUILT_IN:
        return BuiltInOutput(output, clock)
    if output == "none":
        return NullPort(clock)
    if output == "jack":
        return JackOutput(port_name, clock)
    if output in ("virtual", "rtmidi"):
        return _open_virtual(port_name, clock, through_rtmidi=output == "rtmidi")
    port = find_existing(output, "out")
    system, _, name = port
    if system is None:
        return JackOutput(port_name, clock, name)
    out, look = open_existing(port, "out", port_name)
    return RtMidiOutput(out, name, clock, look)


def _open_auto(options: str, port_name: str, clock: Clock) -> OutputPort:
    try:
        port = _open_virtual(port_name, clock, through_rtmidi=False)
    except MidiPortError:
        with contextlib.suppress(MidiPortError):
            return BuiltInOutput(f"{BUILT_IN}?{options}", clock)
        raise
    if isinstance(port, JackOutput) or lists_connections():
        return PortWithInstrument(port, options, clock)
    return port


def load_libraries(output: str) -> None:
    """Load what `open_output` will need, so that it opens at once; missing ones do not matter."""
    if output == "none" or output.startswith(BUILT_IN):
        return
    with contextlib.suppress(MidiPortError):
        load_jack()
    if output != "jack":
        with contextlib.suppress(MidiPortError):
            load_rtmidi()


def _open_virtual(port_name: str, clock: Clock, *, through_rtmidi: bool) -> OutputPort:
    """Open a port of our own.

    JACK is served by `JackOutput`, unless RtMidi is asked for: exact to the frame, and with one
    client. RtMidi would need a second one to notice a dead server, and if a process with two is
    killed, JACK may hold up every receiver for half a second.
    """
    out = make_virtual("out", port_name, jack=through_rtmidi)
    if out is not None:
        return RtMidiOutput(out, port_name, clock)
    try:
        if not through_rtmidi:
            return JackOutput(port_name, clock)
    except MidiPortError:
        pass  # what is said next helps more
    raise MidiPortError(explain(look_around(), "out"))
