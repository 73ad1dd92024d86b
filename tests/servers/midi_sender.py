"""A third party's sequencer: a plain rtmidi or JACK program that sends clock, start, stop.

Run as ``python -P midi_sender.py rtmidi|jack NAME TEMPO``; makes the port NAME:NAME. Obeys
lines on standard input: ``start``, ``stop``, ``continue``, ``locate SIXTEENTHS``,
``tempo BPM``, ``silence`` (clocks stop without a word), ``resume``; ends with its input. The
JACK program answers ``tell`` with its position in clocks after Start, and the frame it is at.
"""

import queue
import sys
import threading
import time

CLOCK, START, CONTINUE, STOP = 0xF8, 0xFA, 0xFB, 0xFC


def commands() -> "queue.SimpleQueue[list[str]]":
    lines: queue.SimpleQueue[list[str]] = queue.SimpleQueue()

    def read() -> None:
        for line in sys.stdin:
            lines.put(line.split())
        lines.put([])

    threading.Thread(target=read, daemon=True).start()
    return lines


class Sequencer:
    """What is to be sent, clock by clock."""

    def __init__(self, tempo: float) -> None:
        self.period_s = 2.5 / tempo
        self.silent = False
        self.asked = False
        self.clocks = 0  # since Start
        self._lines = commands()

    def turn(self) -> list[bytes] | None:
        """Return what goes out with the next clock, None at the end."""
        out = []
        while not self._lines.empty():
            match self._lines.get():
                case []:
                    return None
                case ["start"]:
                    out.append(bytes([START]))
                    self.clocks = 0
                case ["tell"]:
                    self.asked = True
                case ["continue"]:
                    out.append(bytes([CONTINUE]))
                case ["stop"]:
                    out.append(bytes([STOP]))
                case ["locate", sixteenths]:
                    out.append(bytes([0xF2, int(sixteenths) & 127, int(sixteenths) >> 7]))
                case ["tempo", bpm]:
                    self.period_s = 2.5 / float(bpm)
                case ["silence" | "resume" as word]:
                    self.silent = word == "silence"
        if not self.silent:
            out.append(bytes([CLOCK]))
            self.clocks += 1
        return out


def play_rtmidi(name: str, sequencer: Sequencer) -> None:
    import rtmidi

    port = rtmidi.MidiOut(rtmidi.API_UNIX_JACK, name=name)
    port.open_virtual_port(name)
    due = time.perf_counter()
    while (messages := sequencer.turn()) is not None:
        for message in messages:
            port.send_message(message)
        due += sequencer.period_s
        time.sleep(max(0.0, due - time.perf_counter()))
    time.sleep(0.1)
    port.close_port()


def play_jack(name: str, sequencer: Sequencer) -> None:
    """Write every clock at its own frame, as a workstation does."""
    import jack

    client = jack.Client(name, no_start_server=True)
    port = client.midi_outports.register(name)
    over = threading.Event()
    due = 0.0  # frame of the next clock, by the server's own count: periods may be missed

    def process(frames: int) -> None:
        nonlocal due
        port.clear_buffer()
        start = client.last_frame_time
        due = due or start
        while due < start + frames:
            messages = sequencer.turn()
            if messages is None:
                over.set()
                return
            for message in messages:
                port.write_midi_event(max(0, int(due) - start), message)
            due += sequencer.period_s * client.samplerate
        if sequencer.asked:
            sequencer.asked = False
            ahead = (due - start) / (sequencer.period_s * client.samplerate)
            print(sequencer.clocks - ahead, start, flush=True)

    client.set_process_callback(process)
    with client:
        over.wait()
        time.sleep(0.1)


if __name__ == "__main__":
    kind, name, tempo = sys.argv[1:]
    {"rtmidi": play_rtmidi, "jack": play_jack}[kind](name, Sequencer(float(tempo)))
