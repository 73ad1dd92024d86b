"""A program that plays through the sender and ends in the way it is told to.

Run as ``python mortal.py OUTPUT ENDING``: it presses a pedal, starts two long notes, says
``PLAYING`` with its sender's process id, then waits to be killed, or raises, or leaves without
stopping.
"""

import signal
import sys
import time

from engine.midi.sender.client import SenderClient


def main() -> None:
    # A background shell starts programs deaf to SIGINT; this one must hear it.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    output, ending = sys.argv[1:]
    client = SenderClient(output, port_name="Player")
    client.start()
    sys.stdout.write(f"READY {client.status().port}\n")
    sys.stdout.flush()
    sys.stdin.readline()  # until the test has connected our port
    now = time.perf_counter() + 0.05
    client.control(now, 3, 64, 127)
    client.note(1, now, now + 600.0, 0, 60, 100)
    client.note(2, now, now + 600.0, 3, 64, 100)
    client.note(3, now + 500.0, now + 600.0, 3, 67, 100)
    while client.status().sounding < 2:
        time.sleep(0.01)
    sys.stdout.write(f"PLAYING {client.pid}\n")
    sys.stdout.flush()
    if ending == "raise":
        raise RuntimeError("something went wrong in the engine")
    if ending == "leave":
        return
    time.sleep(600)


if __name__ == "__main__":
    main()
