"""Starting the sender process."""

from engine.midi.child import MidiChild

__all__ = ["SenderProcess"]


class SenderProcess(MidiChild):
    """One run of ``engine.midi.sender.main``; starts it at once.

    Parameters
    ----------
    output, port_name, latency_s
        As in `SenderClient`.
    spare : bool
        Whether it waits, ready to start, for `Kind.OPEN`; it then runs even while its port is
        away.

    Raises
    ------
    MidiPortError
        If the process cannot be started.
    """

    def __init__(
        self, output: str, port_name: str, latency_s: float, *, spare: bool = False
    ) -> None:
        options = [f"--output={output}", f"--name={port_name}", f"--latency={latency_s!r}"]
        super().__init__("engine.midi.sender.main", options + ["--spare"] * spare, "MIDI sender")
