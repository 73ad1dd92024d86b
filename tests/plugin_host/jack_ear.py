"""Timebase master and MIDI receiver on a JACK server: ``jack_ear.py CLIENT BPM METRE SECONDS``.

Rolls the transport for some seconds and prints each message with the transport frame it sounded on.
"""

import math
import re
import struct
import sys
import time
from typing import Any

import jack

TICKS = 1920.0


def main(client_name: str, bpm: float, metre: tuple[int, int], seconds: float) -> None:
    client = jack.Client("plugin-ear", no_start_server=True)
    port = client.midi_inports.register("in")
    heard = jack.RingBuffer(1 << 20)

    def tell(_state: int, _frames: int, position: Any, _new: bool) -> None:
        beats = position.frame / position.frame_rate * bpm / 60.0
        position.valid = jack._lib.JackPositionBBT
        position.beats_per_bar, position.beat_type = map(float, metre)
        position.ticks_per_beat, position.beats_per_minute = TICKS, bpm
        whole = math.floor(beats)
        position.bar, position.beat = whole // metre[0] + 1, whole % metre[0] + 1
        position.tick = int((beats - whole) * TICKS)
        position.bar_start_tick = whole // metre[0] * metre[0] * TICKS

    @client.set_process_callback
    def process(_frames: int) -> None:
        state, position = client.transport_query_struct()
        rolling = int(state == jack.ROLLING)
        for offset, data in port.incoming_midi_events():
            heard.write(struct.pack("<IB3s", position.frame + offset, rolling, bytes(data)))

    client.set_timebase_callback(tell)
    with client:
        until = time.monotonic() + 20
        pattern = f"^{re.escape(client_name)}:"
        while not (outs := client.get_ports(pattern, is_midi=True, is_output=True)):
            assert time.monotonic() < until, f"no port of {client_name}"
            time.sleep(0.05)
        client.connect(outs[0], port)
        client.transport_locate(0)
        client.transport_start()
        time.sleep(seconds)
        client.transport_stop()
        time.sleep(0.5)
        data = bytes(heard.read(heard.read_space))
    for frame, rolling, message in struct.iter_unpack("<IB3s", data):
        print(frame, rolling, *message)


if __name__ == "__main__":
    name, tempo, numerator, denominator, length = sys.argv[1:]
    main(name, float(tempo), (int(numerator), int(denominator)), float(length))
