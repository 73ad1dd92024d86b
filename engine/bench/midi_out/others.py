"""What other Python programs do: ``python -m engine.bench.midi_out.others KIND STEP COUNT``.

``plain``
    What one writes first: sleep until the note is due, send through rtmidi, go on.
``isobar``
    The same rhythm as a pattern on the timeline of isobar (https://github.com/ideoforms/isobar),
    with its own clock and its own MIDI output.

Opens its port, waits for the time of the first note on standard input, plays, and prints how late
each note was at the send call [s], as JSON. isobar chooses itself when it begins: its lateness
counts from its own best note, which favours it.
"""

import json
import os
import sys
import time
from typing import Any

from engine.bench.midi_out.rhythm import Rhythm, name_of

__all__ = ["KINDS", "play"]

KINDS = ("plain", "isobar")


def play(kind: str, step_s: float, count: int) -> list[float]:
    """Play and return the latenesses [s]."""
    if "JACK_DEFAULT_SERVER" in os.environ:
        os.environ["MIDO_BACKEND"] = "mido.backends.rtmidi/UNIX_JACK"
    return {"plain": _plain, "isobar": _isobar}[kind](step_s, count)


def _plain(step_s: float, count: int) -> list[float]:
    import mido

    port = mido.open_output("plain", virtual=True)
    rhythm = Rhythm(float(sys.stdin.readline()), step_s, count)
    late = []
    for number in range(rhythm.notes):
        pitch, velocity = name_of(number)
        on = mido.Message("note_on", note=pitch, velocity=velocity)
        deadline = rhythm.on_s(number)
        time.sleep(max(0.0, deadline - time.perf_counter()))
        late.append(time.perf_counter() - deadline)
        port.send(on)
        time.sleep(max(0.0, deadline + rhythm.step_s / 2 - time.perf_counter()))
        port.send(mido.Message("note_off", note=pitch))
    time.sleep(0.1)
    port.close()
    return late


def _isobar(step_s: float, count: int) -> list[float]:
    import isobar
    from isobar.io.midi.output import MidiOutputDevice

    sent: list[float] = []

    class Stamped(MidiOutputDevice):  # type: ignore[misc]  # isobar has no types
        """isobar's own output; notes the time of each call."""

        def note_on(self, *arguments: Any, **named: Any) -> None:
            """Note the time, then send as always."""
            sent.append(time.perf_counter())
            super().note_on(*arguments, **named)

    ticks = 480  # of isobar, per beat: one a millisecond at 125 beats a minute
    timeline = isobar.Timeline(tempo=60e3 / ticks, output_device=Stamped("isobar", virtual=True))
    names = [name_of(number) for number in range(count)]
    timeline.schedule(
        {
            "note": isobar.PSequence([pitch for pitch, _ in names], 1),
            "amplitude": isobar.PSequence([velocity for _, velocity in names], 1),
            "duration": step_s * 1e3 / ticks,
            "gate": 0.5,
        }
    )
    time.sleep(max(0.0, float(sys.stdin.readline()) - time.perf_counter()))
    timeline.run(stop_when_done=True)
    off_s = [at_s - number * step_s for number, at_s in enumerate(sent)]
    return [value - min(off_s) for value in off_s]


if __name__ == "__main__":
    kind, step_s, count = sys.argv[1:]
    found = play(kind, float(step_s), int(count))
    json.dump(found, sys.stdout)
    sys.stdout.flush()
    os._exit(0)  # threads of the C libraries need not be waited for
