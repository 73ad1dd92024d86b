"""With real processes over JACK: a sequencer that obeys, `stimmung live`, a receiver."""

import contextlib
import random
import socket
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from engine.bench.changes.counted import measure_changes
from engine.bench.core import attempt
from engine.bench.midi_out.load import concert
from engine.bench.midi_out.receiver import FrameReceiver
from engine.bench.midi_out.run import private_server
from engine.bench.orders import free_udp_port, send_order
from engine.bench.our_program import PORT
from engine.bench.sequencer import beat_of, sequencer
from engine.bench.sync_jack import follower
from engine.settings.presets import list_presets

__all__ = ["measure_all", "play_changes"]

_PERIOD = 256
_FARTHEST = 2000  # sixteenths
_SLOWEST, _FASTEST = 60.0, 180.0
_SHORTEST_S, _LONGEST_S = 0.3, 1.5
_SILENT_S = 0.3
_LEARN_S = 3.0
_RUNS_S = 1.0  # a beat is compared where the music has moved so long undisturbed


class _Beats:
    """Receives ``/stimmung/beat`` with arrival times."""

    def __init__(self) -> None:
        from pythonosc.osc_message import OscMessage

        self._read = OscMessage
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self._socket.settimeout(0.2)
        self.port = int(self._socket.getsockname()[1])
        self.heard: list[tuple[float, int]] = []
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="beats", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while not self._over.is_set():
            with contextlib.suppress(TimeoutError):
                data = self._socket.recv(4096)
                message = self._read(data)
                if message.address == "/stimmung/beat":
                    self.heard.append((time.perf_counter(), int(message.params[0])))

    def close(self) -> None:
        """Stop listening."""
        self._over.set()
        self._thread.join()
        self._socket.close()


def measure_all(counted: int = 1000, played: int = 40) -> dict[str, Any]:
    """Judge random orders on counted time, and fewer of them on a real stage."""
    return {"counted": measure_changes(counted), "played": attempt(play_changes, played)}


def play_changes(orders: int = 40, seed: int = 1) -> dict[str, Any]:
    """Carry out so many random orders in real time and judge what was received.

    Returns
    -------
    dict
        ``orders``; ``hanging``: notes that sounded 0.3 s after a Stop, or at the end; ``notes``;
        ``beats``: beats of the sequencer that were compared with those we told by OSC;
        ``wrong_beats``: of these, how many had another number; ``alive``: whether the program
        ran to the end.

    Raises
    ------
    DeviceError
        jackd is not installed or does not start.
    """
    rng = random.Random(seed)
    stops: list[float] = []
    log: list[float] = []
    with (
        private_server(_PERIOD) as server,
        tempfile.TemporaryDirectory() as scratch,
        sequencer(server, "bench-sequencer", 120.0) as other,
        concert(server, Path(scratch)) as heard,
        contextlib.closing(_Beats()) as beats,
    ):
        order_port = free_udp_port()
        options = ("--osc", f"127.0.0.1:{beats.port}", "--osc-in", str(order_port))
        with follower(server, heard, other.clock, *options) as live:
            receiver = FrameReceiver(server, "bench-receiver", ("marks", "ours"))
            try:
                server.connect(other.marks, receiver.port("marks"))
                server.connect(PORT, receiver.port("ours"))
                time.sleep(_LEARN_S)
                for number in range(orders):
                    order = _draw(rng) if number else "start"
                    log.append(time.perf_counter())
                    if order.startswith("/"):
                        send_order(order_port, "/stimmung/preset", order[1:])
                    else:
                        other.say(order)
                    if order == "stop":
                        stops.append(time.perf_counter() + _SILENT_S)
                        time.sleep(_SILENT_S)
                    time.sleep(rng.uniform(_SHORTEST_S, _LONGEST_S))
                other.say("stop")
                log.append(time.perf_counter())
                time.sleep(1.0)
                stops.append(time.perf_counter())
                alive = live.poll() is None
                arrivals = receiver.finish()
            except BaseException:
                receiver.kill()
                raise
    notes = arrivals.messages("ours")
    compared, wrong = _compare(arrivals.messages("marks"), beats.heard, log)
    return {
        "orders": orders,
        "notes": sum(data[0] & 0xF0 == 0x90 for _, data in notes),
        "hanging": sum(len(_sounding(notes, at_s)) for at_s in stops),
        "beats": compared,
        "wrong_beats": wrong,
        "alive": alive,
    }


def _draw(rng: random.Random) -> str:
    order = rng.choice(("start", "stop", "continue", "locate", "tempo", "preset"))
    if order == "locate":
        return f"locate {rng.randrange(_FARTHEST)}"
    if order == "tempo":
        return f"tempo {rng.uniform(_SLOWEST, _FASTEST):.3f}"
    if order == "preset":
        return "/" + rng.choice([preset.slug for preset in list_presets() if not preset.own])
    return order


def _sounding(notes: list[tuple[float, bytes]], at_s: float) -> set[tuple[int, int]]:
    sounding: set[tuple[int, int]] = set()
    for time_s, data in notes:
        if time_s > at_s:
            break
        place = (data[0] & 15, data[1])
        if data[0] & 0xF0 == 0x90 and data[2]:
            sounding.add(place)
        elif data[0] & 0xF0 in (0x80, 0x90):
            sounding.discard(place)
        elif data[0] & 0xF0 == 0xB0 and data[1] in (120, 123):
            sounding = {there for there in sounding if there[0] != place[0]}
    return sounding


def _compare(
    marks: list[tuple[float, bytes]], told: list[tuple[float, int]], orders: list[float]
) -> tuple[int, int]:
    """Compare beats told by OSC with marks near them, where no order was given lately."""
    compared = wrong = 0
    for mark_s, data in marks:
        quiet = not any(at_s - 0.1 < mark_s < at_s + _RUNS_S for at_s in orders)
        near = [beat for at_s, beat in told if abs(at_s - mark_s) < 0.1]
        if quiet and near:
            compared += 1
            wrong += beat_of(data) not in near
    return compared, wrong
