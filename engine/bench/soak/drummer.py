"""A third party that sends MIDI clock over JACK, as a drum machine would.

``python -P -m engine.bench.soak.drummer CLIENT_NAME TEMPO`` ticks from its start until standard
input ends. The lines ``start`` and ``stop`` there send Start and Stop.
"""

import sys
from collections import deque

__all__ = ["drum"]

_TICKS_PER_BEAT = 24
_CLOCK, _START, _STOP = 0xF8, 0xFA, 0xFC


def drum(name: str, tempo_bpm: float) -> None:
    """Send clock on the port NAME:out, every tick at its frame."""
    import jack

    client = jack.Client(name, no_start_server=True)
    port = client.midi_outports.register("out")
    step = client.samplerate * 60.0 / tempo_bpm / _TICKS_PER_BEAT
    due = 0.0  # frames until the next tick
    orders: deque[int] = deque(maxlen=16)

    def process(frames: int) -> None:
        nonlocal due
        port.clear_buffer()
        while due < frames:
            if orders:
                port.write_midi_event(int(due), bytes((orders.popleft(),)))
            port.write_midi_event(int(due), bytes((_CLOCK,)))
            due += step
        due -= frames

    client.set_process_callback(process)
    with client:
        print("drumming", flush=True)
        for line in sys.stdin:
            order = {"start": _START, "stop": _STOP}.get(line.strip())
            if order is not None:
                orders.append(order)


if __name__ == "__main__":
    drum(sys.argv[1], float(sys.argv[2]))
