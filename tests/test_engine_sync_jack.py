"""Following a sequencer that is not ours over a real JACK server, and leading one."""

import os
import signal
import statistics
import subprocess
import sys
import time
from bisect import bisect_right
from collections.abc import Iterator
from contextlib import closing, contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from servers.ardour import ardour
from servers.jack import RATE, Heard, JackServer, MidiDump, hanging, until

import presets
from engine.midi.input.port import MidiInput
from engine.midi.ports.jack_server import open_client
from engine.session.events_file import read_session
from engine.sync.follower import ClockFollower
from engine.sync.source import MidiSync

SENDER = Path(__file__).parent / "servers" / "midi_sender.py"
CLOCK, START, CONTINUE, STOP, LOCATE = 0xF8, 0xFA, 0xFB, 0xFC, 0xF2
TEMPO = 124.0
CLOCK_S = 60 / TEMPO / 24
HALF_A_CLOCK_S = CLOCK_S / 2
"""So near, a note belongs to its own clock and no other; `stimmung bench daw` measures how near."""


class Sequencer:
    """The other program."""

    def __init__(self, process: "subprocess.Popen[str]", name: str) -> None:
        self.process = process
        self.port = f"{name}:{name}"

    def say(self, line: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()


@contextmanager
def sequencer(jack: JackServer, kind: str, name: str) -> Iterator[Sequencer]:
    with subprocess.Popen(
        [sys.executable, "-P", str(SENDER), kind, name, str(TEMPO)],
        env=jack.environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        made = Sequencer(process, name)
        until(lambda: made.port in jack.ports(), made.port)
        try:
            yield made
        finally:
            assert process.stdin is not None
            process.stdin.close()


@contextmanager
def live(jack: JackServer, *options: str) -> Iterator[str]:
    """Run `stimmung live`; yield its MIDI output."""
    command = [sys.executable, "-P", "-m", "engine.cli", "live", "--input", str(presets.DEMO_AUDIO)]
    command += ["--engine", "rules", "--valence", "0.5", "--arousal", "0.7", "--key", "C:maj"]
    with subprocess.Popen(
        [*command, *options], env=jack.environment(), stderr=subprocess.PIPE, text=True
    ) as process:

        def ours() -> list[str]:
            return [port for port in jack.ports() if port.startswith("Stimmung:")]

        try:
            until(ours, "our MIDI port", 30.0)
            yield ours()[0]
        finally:
            process.terminate()
            said = process.communicate(timeout=20)[1]
        assert process.returncode == 0, said


def clocks(heard: list[Heard]) -> int:
    return sum(message.data[0] == CLOCK for message in heard)


def notes(heard: list[Heard]) -> list[Heard]:
    return [message for message in heard if message.data[0] < 0xF0]


def rows(heard: list[Heard]) -> list[tuple[list[int], list[int]]]:
    """Return frames and positions of the clocks of each stretch in which the music ran.

    A receiver that the server left out of a period missed the clock in it: a gap tells how many.
    """
    found: list[tuple[list[int], list[int]]] = []
    coming: int | None = None
    running = False
    for message in heard:
        status = message.data[0]
        if status == START:
            coming = 0
        elif status == LOCATE:
            coming = 6 * (message.data[1] | message.data[2] << 7)
        elif status == STOP:
            running = False
        elif status == CLOCK and (running or coming is not None):
            if coming is not None:
                found.append(([], [coming]))
            found[-1][0].append(message.frame)
            running, coming = True, None
    for frames, positions in found:
        gaps = [after - before for before, after in pairwise(frames)]
        for gap in gaps:
            positions.append(positions[-1] + max(round(gap / statistics.median(gaps)), 1))
    return found


def frame_of(position: float, frames: list[int], positions: list[int]) -> float:
    """Return where between clocks received a position is; the receiver's counter may skip."""
    before = min(max(bisect_right(positions, position) - 1, 0), len(frames) - 2)
    slope = (frames[before + 1] - frames[before]) / (positions[before + 1] - positions[before])
    return frames[before] + (position - positions[before]) * slope


# The second pair is what a plain program does, quantised to the server's period both ways.
@pytest.mark.proof
@pytest.mark.parametrize(
    ("kind", "output", "tolerance_s"),
    [("jack", "jack", HALF_A_CLOCK_S), ("rtmidi", "virtual", 30e-3)],
)
def test_notes_land_on_the_beats_of_the_other(
    jack: JackServer,
    dump: MidiDump,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    kind: str,
    output: str,
    tolerance_s: float,
) -> None:
    options = ("--sync", "midi", "--midi-out", output, "--record", str(tmp_path / "session"))
    with sequencer(jack, kind, f"seq-{kind}") as other:
        with live(jack, *options, "--midi-in", other.port) as port:
            jack.connect(port, dump.port)
            jack.connect(other.port, dump.port)
            until(lambda: clocks(dump.heard) > 48, "clocks")
            assert not dump.ons  # clocks before Start tell the tempo and play nothing
            other.say("start")
            until(lambda: len(dump.ons) > 40, "notes", 30.0)
            other.say("stop")
            until(lambda: any(m.data[0] == STOP for m in dump.heard), "Stop")
            until(lambda: not hanging(notes(dump.heard)), "every note to end")
            count, seen = len(dump.ons), clocks(dump.heard)
            until(lambda: clocks(dump.heard) > seen + 48, "clocks while stopped")
            assert len(dump.ons) == count
            other.say("locate 32")
            other.say("continue")
            until(lambda: len(dump.ons) > count + 20, "notes after Continue", 30.0)
            other.say("silence")
            until(lambda: not hanging(notes(dump.heard)), "silence without a clock")
        assert hanging(notes(dump.heard)) == set()
    first, second = rows(dump.heard)
    assert second[1][0] == 8 * 24
    assert all(on.frame > first[0][0] for on in dump.ons)
    late = off_beat_s(dump, tmp_path / "session")
    with capsys.disabled():
        shown = ", ".join(f"p{p} {late[int(p / 100 * len(late))] * 1e3:.2f}" for p in (50, 95))
        print(f"\n{kind} -> {output}: |note - beat| {shown}, max {late[-1] * 1e3:.2f} ms")
    assert len(late) > 40
    assert statistics.median(late) < tolerance_s


def off_beat_s(dump: MidiDump, session: Path) -> list[float]:
    """Return how far each note was from where the clocks beside it put it [s], ascending."""
    planned = read_session(session).notes
    errors_s = []
    for frames, positions in rows(dump.heard):
        for on in dump.ons:
            # The beat of Start itself cannot be foreseen, and sounds as soon as it is heard of.
            if not frames[24] <= on.frame <= frames[-1]:
                continue
            beats = [n.note.onset for n in planned if n.note.pitch == on.data[1]]
            at = [frame_of(beat * 24, frames, positions) for beat in beats]
            errors_s.append(min((on.frame - frame for frame in at), key=abs) / RATE)
    return sorted(map(abs, errors_s))


@pytest.mark.proof
def test_ardour_is_followed(
    jack: JackServer, dump: MidiDump, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    session = tmp_path / "session"
    with ardour(jack, tmp_path) as daw:
        options = ("--sync", "midi", "--midi-out", "jack", "--record", str(session))
        with live(jack, *options, "--midi-in", daw.clock_out) as port:
            jack.connect(port, dump.port)
            jack.connect(daw.clock_out, dump.port)
            # Our output is there before our input is, and who misses Start waits for another.
            until(lambda: set(jack.connections(daw.clock_out)) - {dump.port}, "our input", 30.0)
            assert not dump.ons
            daw.say("roll")
            until(lambda: len(dump.ons) > 40, "notes", 30.0)
            daw.say("stop")
            until(lambda: any(m.data[0] == STOP for m in dump.heard), "Stop")
            until(lambda: not hanging(notes(dump.heard)), "every note to end")
            count = len(dump.ons)
            daw.say("roll")
            until(lambda: len(dump.ons) > count + 10, "notes after Continue", 30.0)
    assert hanging(notes(dump.heard)) == set()
    late = off_beat_s(dump, session)
    with capsys.disabled():
        shown = ", ".join(f"p{p} {late[int(p / 100 * len(late))] * 1e3:.2f}" for p in (50, 95))
        print(f"\nArdour: |note - beat| {shown}, max {late[-1] * 1e3:.2f} ms")
    assert len(late) > 30
    assert statistics.median(late) < HALF_A_CLOCK_S


@pytest.mark.proof
def test_a_server_that_is_held_up_costs_no_position(jack: JackServer) -> None:
    """As when the machine below it stands still: JACK's count falls behind, and lags for seconds.

    Clocks get lost with it, too; the frames of those that are heard tell where the music is.
    """
    _, client = open_client("watch")
    with closing(client) as watch, sequencer(jack, "jack", "seq-held") as other:
        sync = MidiSync(MidiInput(other.port), 100.0)
        sync.open()
        try:
            other.say("start")
            follow(sync, 4.0)
            for held_s in (0.125, 0.146, 0.063):
                os.kill(jack.pid, signal.SIGSTOP)
                time.sleep(held_s)
                os.kill(jack.pid, signal.SIGCONT)
                follow(sync, 4.0)
                ahead = statistics.median(clocks_ahead(sync, other, watch) for _ in range(9))
                assert ahead == pytest.approx(0.0, abs=0.3), f"after {held_s} s"
                assert sync.clock.tempo_bpm == pytest.approx(TEMPO, rel=5e-3)
        finally:
            sync.close()


def follow(sync: MidiSync, seconds: float) -> None:
    """Let a clock be followed for a while."""
    end = time.perf_counter() + seconds
    while (now := time.perf_counter()) < end:
        sync.poll(now)
        time.sleep(0.005)


def clocks_ahead(sync: MidiSync, other: Sequencer, watch: Any) -> float:
    """Return how many clocks we count more than the sender itself."""
    other.say("tell")
    assert other.process.stdout is not None
    clocks, frame = map(float, other.process.stdout.readline().split())
    now = time.perf_counter()
    clocks += (watch.frame_time - frame) / (RATE * CLOCK_S)
    sync.poll(now)
    ahead = 24 * sync.clock.beat_at(now) - clocks
    follow(sync, 0.05)
    return ahead


def clock_came(midi_input: MidiInput) -> bool:
    """Tell whether anything but gaps has come."""
    return any(data for _, data in midi_input.poll())


def test_input_comes_back_by_its_name(jack: JackServer) -> None:
    midi_input = MidiInput("seq-again")
    follower = ClockFollower(100.0)
    with sequencer(jack, "jack", "seq-again"):
        midi_input.start()
        try:
            until(lambda: clock_came(midi_input), "clocks")
        except BaseException:
            midi_input.stop()
            raise
    try:
        until(lambda: not midi_input.alive, "the loss to be noticed")
        assert "seq-again" in midi_input.message
        with sequencer(jack, "jack", "seq-again"):
            until(lambda: midi_input.alive, "the port to come back")
            midi_input.poll()
            messages: list[tuple[float, bytes]] = []

            def enough() -> bool:
                messages.extend(midi_input.poll())
                return len(messages) > 60

            until(enough, "clocks")
            for at_s in [at_s for at_s, data in messages if data]:
                follower.tick(at_s)
            assert follower.tempo_bpm == pytest.approx(TEMPO, rel=1e-3)
            assert midi_input._process is not None
            midi_input._process.kill()
            until(lambda: not midi_input.alive, "the death of the receiver to be noticed")
            until(lambda: midi_input.alive, "another receiver")
            midi_input.poll()
            until(lambda: clock_came(midi_input), "clocks through it")
    finally:
        midi_input.stop()


def test_a_port_of_our_own_is_there_to_be_connected(jack: JackServer) -> None:
    midi_input = MidiInput("jack", port_name="Listener")
    midi_input.start()
    try:
        with sequencer(jack, "rtmidi", "seq-own") as other:
            jack.connect(other.port, midi_input.port)
            other.say("start")
            heard: list[bytes] = []

            def started() -> bool:
                heard.extend(data for _, data in midi_input.poll())
                return bytes([START]) in heard

            until(started, "Start")
            assert midi_input.reports_gaps
            assert b"" in heard  # nobody knows what was said before the cable was in
            jack.run("jack_disconnect", other.port, midi_input.port)
            midi_input.poll()
            jack.connect(other.port, midi_input.port)
            until(lambda: b"" in [data for _, data in midi_input.poll()], "a gap")
            # A receiver that dies is replaced, and who was connected is connected again.
            assert midi_input._process is not None
            until(lambda: midi_input._peers == (other.port,), "the connection to be known")
            midi_input._process.kill()
            until(lambda: not midi_input.alive, "the death of the receiver to be noticed")
            until(lambda: midi_input.alive, "another receiver")
            midi_input.poll()
            until(lambda: clock_came(midi_input), "clocks without a hand at the patchbay")
    finally:
        midi_input.stop()


def test_an_unknown_input_is_one_line_and_exit_2(jack: JackServer) -> None:
    command = [sys.executable, "-P", "-m", "engine.cli", "live", "--input", str(presets.DEMO_AUDIO)]
    command += ["--sync", "midi", "--midi-out", "none", "--midi-in", "no such port"]
    done = subprocess.run(
        command, env=jack.environment(), capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "no MIDI input port is named 'no such port'" in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.proof
def test_clock_out_leads_others(jack: JackServer, dump: MidiDump) -> None:
    with live(jack, "--midi-out", "jack", "--clock-out", "--tempo", "96") as port:
        jack.connect(port, dump.port)
        until(lambda: clocks(dump.heard) > 240, "clocks", 30.0)
    frames = [message.frame for message in dump.heard if message.data[0] == CLOCK]
    gaps = [b - a for a, b in zip(frames, frames[1:], strict=False)]
    # A server that loses time counts fewer frames; `stimmung bench midi` tells how exact it is.
    assert statistics.median(gaps) == pytest.approx(RATE * 2.5 / 96, rel=0.02)
    assert STOP in [message.data[0] for message in dump.heard]
