"""Somebody's keyboard: a JACK program that sends what it is told.

Run as ``python -P keyboard.py NAME``; makes the port NAME:NAME. Every line on standard input is a
message in hexadecimal digits (``90 3c 50``) or ``close``; ends with its input.
"""

import queue
import sys

import jack


def main(name: str) -> None:
    client = jack.Client(name, no_start_server=True)
    port = client.midi_outports.register(name)
    waiting: queue.SimpleQueue[bytes] = queue.SimpleQueue()

    def process(frames: int) -> None:
        port.clear_buffer()
        while not waiting.empty():
            port.write_midi_event(0, waiting.get())

    client.set_process_callback(process)
    with client:
        for line in sys.stdin:
            if line.strip() == "close":
                port.unregister()
            else:
                waiting.put(bytes.fromhex(line))


if __name__ == "__main__":
    main(sys.argv[1])
