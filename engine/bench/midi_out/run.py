"""One comparison: all outputs at once on a private JACK server."""

import contextlib
import json
import subprocess
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

from engine.bench.core import attempt, missing
from engine.bench.midi_out.figures import Lateness
from engine.bench.midi_out.load import stage_load
from engine.bench.midi_out.others import KINDS
from engine.bench.midi_out.receiver import Arrivals, FrameReceiver
from engine.bench.midi_out.rhythm import MOST_NOTES, Rhythm, name_of
from engine.bench.soak.jack_rig import JackServer, default_server, until
from engine.choices import check_range
from engine.errors import DeviceError, InputError
from engine.midi.ports.frame_clock import FRAME_WRAP
from engine.midi.sender.client import SenderClient, SentNote
from engine.process.child import child_command, child_environment

__all__ = [
    "OUTPUTS",
    "STEP_S",
    "measure_lateness",
    "measure_outputs",
    "measure_periods",
    "play_all",
    "private_server",
]

STEP_S = 0.008
"""Distance of two notes of one output [s]."""

_OURS = ("jack", "rtmidi")
OUTPUTS = ("jack", "rtmidi", "none")
"""Outputs that are measured at the send call; ``none`` is the sender without a port."""

_PERIOD = 256  # frames
_AHEAD_S = 0.05  # how long before their deadline the player hands notes over
_LEAD_IN_S = 0.5
_ALONE_LEAD_IN_S = 1.0  # while the other program starts
_TAIL_S = 0.5
_SHORTEST_STEP_S = 0.004
_LOOK_EVERY = 64  # notes
_SAID_TWICE_S = 0.01
_NEAR_S = 0.05  # the server says some milliseconds later that it lost time; on a busy machine later


def measure_periods(
    periods: Sequence[int] = (256,),
    count: int = 4000,
    loads: Sequence[str] = ("idle", "loaded"),
) -> dict[str, Any]:
    """Compare all outputs, idle and under the load of a concert.

    Parameters
    ----------
    periods : sequence of int
        Frames per period of the server.
    count : int
        Notes of each output in each comparison, 1..12192.
    loads : sequence of str
        ``idle``, and ``loaded``: beside the window with its engine at work.

    Returns
    -------
    dict
        By period and load, see `play_all`.

    Raises
    ------
    InputError
        `count` is out of range.
    DeviceError
        jackd is not installed or does not start.
    """
    check_range("count", count, 1, MOST_NOTES)
    figures: dict[str, Any] = {}
    for period in periods:
        figures[str(period)] = {"events": count}
        with private_server(period) as server:
            for load in loads:
                with stage_load(server) if load == "loaded" else contextlib.nullcontext():
                    figures[str(period)][load] = play_all(server, count, STEP_S)
    return figures


def measure_outputs(n_events: int = 500) -> dict[str, Any]:
    """Return the figures of `measure_lateness` for every output there is.

    The JACK server is the one that runs, else a private one.
    """
    figures = {"jack": attempt(measure_lateness, "jack", n_events)}
    with contextlib.ExitStack() as stack:
        if "missing" in figures["jack"]:
            with contextlib.suppress(DeviceError):
                stack.enter_context(private_server(_PERIOD))
                figures["jack"] = attempt(measure_lateness, "jack", n_events)
        others = {name: attempt(measure_lateness, name, n_events) for name in OUTPUTS[1:]}
    return figures | others


def measure_lateness(
    output: str = "virtual", n_events: int = 1000, *, step_s: float = 0.02
) -> dict[str, Any]:
    """Play on one output, and a plain sleep loop half a step later, and measure every note-on.

    Whatever disturbs one of them disturbs the other. Our sender is measured at its send call;
    ``jack`` by the frame it writes.

    Returns
    -------
    dict
        ``sender`` and ``plain`` (`Lateness` as dicts), ``dropped`` notes, and ``times_earlier``:
        the ratio of both 99 % quantiles.

    Raises
    ------
    InputError
        A value is out of range.
    MidiPortError
        The port cannot be opened.
    """
    check_range("n_events", n_events, 1, MOST_NOTES)
    check_range("step_s", step_s, _SHORTEST_STEP_S, 10.0)
    with SenderClient(output, port_name="Stimmung bench") as client:
        process = _start(child_environment(JACK_NO_START_SERVER="1"), "plain", step_s, n_events)
        try:
            start_s = time.perf_counter() + _ALONE_LEAD_IN_S
            _say(process, start_s + step_s / 2)
            sent = _play({output: client}, {output: Rhythm(start_s, step_s, n_events)})[output]
            dropped = client.status().dropped
            late = _answer(process)
        finally:
            process.kill()
    figures: dict[str, Any] = {
        "sender": _shown(note.lateness_s for note in sent),
        "plain": _shown(late) if late else missing("no MIDI system"),
        "dropped": dropped,
    }
    if late and figures["sender"]["p99_ms"] > 0:
        ratio = figures["plain"]["p99_ms"] / figures["sender"]["p99_ms"]
        figures["times_earlier"] = round(ratio, 1)
    return figures


@contextmanager
def private_server(period: int) -> Iterator[JackServer]:
    """Run a private server, and make it the default meanwhile."""
    with default_server(JackServer(period=period)) as server:
        yield server


def play_all(server: JackServer, count: int, step_s: float) -> dict[str, Any]:
    """Play the rhythm on every output at once.

    Returns
    -------
    dict
        By output: ``call`` and ``receiver`` (`Lateness` as dicts) and ``lost`` notes; of ``jack``
        also ``off_schedule``: the distance of frames received from frames meant. ``lost_time``: how
        often the server lost time.
    """
    if step_s != round(step_s, 3) or step_s < _SHORTEST_STEP_S:
        least = f"whole milliseconds from {_SHORTEST_STEP_S}"
        raise InputError(f"step_s must be {least}; got {step_s!r}")
    with FrameReceiver(server, "bench-receiver", (*_OURS, *KINDS)) as receiver:
        rhythms, ours, others = _perform(server, receiver, count, step_s)
        heard = receiver.finish()
    figures: dict[str, Any] = {"lost_time": _apart(heard.lost_time, server)}
    for name in _OURS:
        figures[name] = {
            "call": _shown(note.lateness_s for note in ours[name]),
            **_at_the_receiver(name, rhythms[name], heard),
        }
    figures["jack"]["off_schedule"] = _off_schedule(ours["jack"], heard, server)
    for name in KINDS:
        if others[name]:
            late = _at_the_receiver(name, rhythms[name], heard)
            figures[name] = {"call": _shown(others[name]), **late}
        else:
            figures[name] = {"missing": f"{name} did not play: pip install 'stimmung[bench]'"}
    return figures


def _perform(
    server: JackServer, receiver: FrameReceiver, count: int, step_s: float
) -> tuple[dict[str, Rhythm], dict[str, list[SentNote]], dict[str, list[float]]]:
    with contextlib.ExitStack() as stack:
        clients = {
            name: stack.enter_context(SenderClient(name, port_name=f"bench {name}"))
            for name in _OURS
        }
        environment = child_environment(JACK_DEFAULT_SERVER=server.name, JACK_NO_START_SERVER="1")
        running = {name: _start(environment, name, step_s, count) for name in KINDS}
        for process in running.values():
            stack.callback(process.kill)
        for name in _OURS:
            server.connect(f"bench {name}:bench {name}", receiver.port(name))
        for name in KINDS:
            _connect_other(server, receiver, name, running[name])
        start_s = time.perf_counter() + _LEAD_IN_S
        rhythms = {
            name: Rhythm(start_s + index * step_s / 4, step_s, count)
            for index, name in enumerate((*_OURS, *KINDS))
        }
        for name, process in running.items():
            _say(process, rhythms[name].start_s)
        ours = _play(clients, {name: rhythms[name] for name in _OURS})
        others = {name: _answer(process) for name, process in running.items()}
    return rhythms, ours, others


def _connect_other(
    server: JackServer, receiver: FrameReceiver, name: str, process: "subprocess.Popen[bytes]"
) -> None:
    def port() -> str:
        theirs = (port for port in server.ports() if port.endswith(f":{name}"))
        return next((port for port in theirs if port != receiver.port(name)), "")

    until(lambda: process.poll() is not None or port(), f"the port of {name}")
    if process.poll() is None:
        server.connect(port(), receiver.port(name))


def _start(
    environment: dict[str, str], kind: str, step_s: float, count: int
) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        child_command("engine.bench.midi_out.others", kind, repr(step_s), str(count)),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=environment,
    )


def _say(process: "subprocess.Popen[bytes]", start_s: float) -> None:
    """Tell a program when to begin; one that has ended says so in its answer."""
    assert process.stdin is not None
    with contextlib.suppress(BrokenPipeError):
        process.stdin.write(f"{start_s!r}\n".encode())
        process.stdin.flush()


def _answer(process: "subprocess.Popen[bytes]") -> list[float]:
    said, _ = process.communicate()
    return [float(value) for value in json.loads(said or b"[]")]


def _play(
    clients: dict[str, SenderClient], rhythms: dict[str, Rhythm]
) -> dict[str, list[SentNote]]:
    """Hand over every note as long before its time as the player does; return the reports."""
    sent: dict[str, list[SentNote]] = {name: [] for name in clients}
    first = next(iter(rhythms.values()))
    for number in range(first.notes):
        time.sleep(max(0.0, first.on_s(number) - _AHEAD_S - time.perf_counter()))
        pitch, velocity = name_of(number)
        for name, client in clients.items():
            on_s = rhythms[name].on_s(number)
            client.note(number, on_s, on_s + first.step_s / 2, 0, pitch, velocity)
        if number % _LOOK_EVERY == 0:
            for name, client in clients.items():
                sent[name] += client.drain_sent()
    time.sleep(_AHEAD_S + first.step_s + _TAIL_S)
    return {name: sent[name] + client.drain_sent() for name, client in clients.items()}


def _at_the_receiver(name: str, rhythm: Rhythm, heard: Arrivals) -> dict[str, Any]:
    """Return lateness against the deadlines (isobar: against its own best note), and losses."""
    late = [at_s - rhythm.on_s(number) for number, at_s in heard.times_s(name).items()]
    if name == "isobar" and late:
        late = [value - min(late) for value in late]
    return {"receiver": _shown(late), "lost": rhythm.notes - len(late)}


def _off_schedule(sent: list[SentNote], heard: Arrivals, server: JackServer) -> dict[str, Any]:
    """Compare, note by note, the frame received with the frame our sender meant [frames].

    ``undisturbed``: more than one frame off, although it was handed over in time and the server
    lost no time then.
    """
    arrived = heard.frames("jack")
    near = round(_NEAR_S * server.rate)
    distances: list[int] = []
    undisturbed = 0
    for note in sent:
        if note.note_id not in arrived or note.frame < 0:
            continue
        at = arrived[note.note_id]
        distances.append(abs(_between(note.frame, at)))
        if distances[-1] > 1 and note.lateness_s == 0.0:
            undisturbed += all(abs(_between(at, lost)) >= near for lost in heard.lost_time)
    return {
        "count": len(distances),
        "exact": sum(distance == 0 for distance in distances),
        "more_than_one": sum(distance > 1 for distance in distances),
        "undisturbed": undisturbed,
        "max_frames": max(distances, default=0),
    }


def _apart(frames: list[int], server: JackServer) -> int:
    """Count moments: the server says the same twice, and late."""
    near = round(_SAID_TWICE_S * server.rate)
    return sum(
        n == 0 or abs(_between(frames[n - 1], frame)) > near for n, frame in enumerate(frames)
    )


def _between(frame: int, other: int) -> int:
    """Return how many frames from one to the other, counted with 32 bits."""
    return (other - frame + FRAME_WRAP // 2) % FRAME_WRAP - FRAME_WRAP // 2


def _shown(seconds: Iterable[float]) -> dict[str, Any]:
    return asdict(Lateness.of(seconds))
