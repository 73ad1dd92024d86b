"""Which MIDI systems and ports this machine has.

Looking is done by a process of its own: the C libraries print what they please, and one that
hangs or crashes on a half-dead server takes nothing with it.
"""

import json
import os
import subprocess
import sys
from dataclasses import dataclass

from engine.errors import MidiPortError
from engine.midi.ports.jack_server import jack_ports
from engine.midi.ports.rtmidi import available_apis, input_names
from engine.process.child import child_command, child_environment

__all__ = ["MidiSystems", "list_input_ports", "list_output_ports", "probe"]

_PATIENCE_S = 10.0


@dataclass(frozen=True, slots=True)
class MidiSystems:
    """What was found.

    Attributes
    ----------
    systems : tuple of str
        MIDI systems rtmidi can use here, such as ``ALSA`` or ``Jack``, the preferred first.
    outputs, inputs : tuple of str
        Ports that can be written to and read from.
    jack_client : bool
        Whether JACK-Client reaches a server (the ``jack`` output).
    problem : str
        Why nothing could be looked at, else empty.
    """

    systems: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    inputs: tuple[str, ...] = ()
    jack_client: bool = False
    problem: str = ""


def probe() -> MidiSystems:
    """Look at this machine; never raises, trouble is in ``problem``."""
    try:
        done = subprocess.run(
            child_command("engine.midi.ports.probe"),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_PATIENCE_S,
            check=False,
            env=child_environment(JACK_NO_START_SERVER="1"),
        )
        found = json.loads(done.stdout.splitlines()[-1])
    except subprocess.TimeoutExpired:
        problem = f"the MIDI system did not answer within {_PATIENCE_S:g} s"
        return MidiSystems(problem=problem)
    except (OSError, ValueError, IndexError) as error:
        return MidiSystems(problem=f"looking at MIDI ports failed: {error}")
    return MidiSystems(
        tuple(found["systems"]),
        tuple(found["outputs"]),
        tuple(found["inputs"]),
        found["jack_client"],
        found["problem"],
    )


def list_output_ports() -> list[str]:
    """Return the MIDI ports one can write to; empty if there is no MIDI system."""
    return list(probe().outputs)


def list_input_ports() -> list[str]:
    """Return the MIDI ports one can read from; empty if there is no MIDI system."""
    return list(probe().inputs)


def _look() -> dict[str, object]:
    found: dict[str, object] = {
        "systems": [],
        "outputs": [],
        "inputs": [],
        "jack_client": False,
        "problem": "",
    }
    try:
        apis = available_apis()
        found["systems"] = [name for _, name, _ in apis]
        found["outputs"] = [port for _, _, out in apis for port in out.get_ports()]
        found["inputs"] = [port for api, _, _ in apis for port in input_names(api)]
        for _, _, out in apis:
            out.delete()
    except MidiPortError as error:
        found["problem"] = str(error)
    found["jack_client"] = jack_ports("out") is not None
    return found


if __name__ == "__main__":
    sys.stdout.write(json.dumps(_look()) + "\n")
    sys.stdout.flush()
    os._exit(0)  # threads of the C libraries need not be waited for
