"""The processes of a soak test: a server, a player, the engine, a receiver."""

import contextlib
import json
import subprocess
import time
from collections import deque
from pathlib import Path
from typing import Any

from engine.bench.orders import free_udp_port
from engine.bench.player import write_demo
from engine.bench.soak.jack_rig import JackServer, default_server, until
from engine.bench.soak.processes import find_processes
from engine.bench.soak.receiver import Place, Receiver
from engine.bench.soak.supervised_engine import SupervisedEngine
from engine.process.child import child_command, child_environment

__all__ = ["Stage", "last_event_s"]

_TEMPO_BPM = 120.0
_RECEIVER = "soak-receiver"
_CONCERT = "soak-concert"
_DRUMMER = "soak-drummer"
_CLOCK_IN = "Stimmung in"
_READY_S = 60.0
_SLACK_BEATS = 1.0


class Stage:
    """Real processes around one engine; `start` builds it, `stop` clears it away.

    Parameters
    ----------
    folder : Path
        For session folders and the audio that is played.
    seed : int
        Seed of the generator.

    Attributes
    ----------
    said : deque of str
        What the engine reported lately.
    sync : str
        ``internal`` or ``midi``: how the engine is started next.
    suspects : dict
        Notes that may hang → since when they are suspected [s].
    notes, doubled : int
        Of the receivers so far, see `Receiver`; the present one is counted in `stop`.
    """

    def __init__(self, folder: Path, seed: int) -> None:
        self.folder = folder
        self.said: deque[str] = deque(maxlen=200)
        self.sync = "internal"
        self.suspects: dict[tuple[Place, float], float] = {}
        self.notes = 0
        self.doubled = 0
        self._seed = seed
        self._server: JackServer | None = None
        self._concert: subprocess.Popen[bytes] | None = None
        self._drummer: subprocess.Popen[bytes] | None = None
        self._receiver: Receiver | None = None
        self._engine: SupervisedEngine | None = None
        self._ended = contextlib.ExitStack()  # the server
        self._osc_port = free_udp_port()

    # ------------------------------------------------------------------ building

    def start(self) -> None:
        """Build everything and wait until notes arrive.

        Raises
        ------
        DeviceError
            A program is missing, or something does not come up.
        """
        self._server = self._ended.enter_context(default_server(JackServer()))
        self.begin_concert()
        if self.sync == "midi":
            self.begin_drummer()
        self.start_receiver()
        self.said.clear()
        self._engine = SupervisedEngine(self.config(), self.said.append)
        self._engine.start()
        until(self._patched_and_well, "music", _READY_S, lambda: list(self.said)[-3:])

    def stop(self) -> None:
        """Clear everything away; the engine ends its notes first."""
        if self._engine is not None:
            self._engine.stop()
        self._add_counts()
        if self._receiver is not None and self.server.alive:
            self._receiver.stop()
        self._receiver = None
        for process in (self._concert, self._drummer):
            _end(process)
        self._ended.close()

    def config(self) -> dict[str, Any]:
        """Return what the engine is started with."""
        return {
            "performance": {"engine": "rules", "mode": "follow", "tempo_bpm": _TEMPO_BPM},
            "input": f"{_CONCERT}",
            "midi_out": "jack",
            "record": str(self.folder / "sessions"),
            "seed": self._seed,
            "sync": self.sync,
            "midi_in": "jack" if self.sync == "midi" else "",
            "osc_in": self._osc_port,
        }

    def begin_concert(self) -> None:
        """Play the demo piece in a loop."""
        _end(self._concert)
        path = self.folder / f"concert-{self.server.rate}.wav"
        write_demo(path, self.server.rate)
        self._concert = _run("engine.bench.player", _CONCERT, str(path))
        until(lambda: f"{_CONCERT}:out" in self.server.ports(), "the concert", _READY_S)

    def begin_drummer(self) -> None:
        """Send MIDI clock."""
        _end(self._drummer)
        self._drummer = _run("engine.bench.sequencer", _DRUMMER, str(_TEMPO_BPM), "0.0", "1")
        until(lambda: f"{_DRUMMER}:clock" in self.server.ports(), "the drummer", _READY_S)

    def end_drummer(self) -> None:
        """End the program that sends the clock."""
        _end(self._drummer)
        self._drummer = None

    def start_receiver(self) -> None:
        """Start a receiver in place of an earlier one, whose counts are kept."""
        self._add_counts()
        if self._receiver is not None:
            self._receiver.kill()  # one whose server died does not end by itself
        self._receiver = Receiver(self.server, _RECEIVER)

    def _add_counts(self) -> None:
        if self._receiver is not None:
            self.notes += self._receiver.notes
            self.doubled += self._receiver.doubled

    # ------------------------------------------------------------------ who is there

    @property
    def server(self) -> JackServer:
        """The JACK server."""
        assert self._server is not None
        return self._server

    @property
    def engine(self) -> SupervisedEngine:
        """The supervised engine."""
        assert self._engine is not None
        return self._engine

    @property
    def receiver(self) -> Receiver:
        """The receiver."""
        assert self._receiver is not None
        return self._receiver

    @property
    def concert(self) -> "subprocess.Popen[bytes]":
        """The process that plays."""
        assert self._concert is not None
        return self._concert

    @property
    def drummer(self) -> "subprocess.Popen[bytes] | None":
        """The process that sends MIDI clock, or None."""
        return self._drummer

    def processes(self) -> dict[str, int]:
        """Return role → process id, see `find_processes`."""
        pid = self.engine.pid
        return {} if pid is None else find_processes(pid)

    def our_port(self) -> str:
        """Return the engine's MIDI output, or an empty string while there is none."""
        for port in self.server.ports():
            client, _, name = port.partition(":")
            if client.startswith("Stimmung") and name == "Stimmung":
                return port
        return ""

    # ------------------------------------------------------------------ what a user would do

    def patch(self) -> None:
        """Make the connections a patchbay makes, where both ends are there; start the clock."""
        port = self.our_port()
        if port and self.receiver.port not in self.server.connections(port):
            self.server.run("jack_connect", port, self.receiver.port)
        clock = self._clock_port()
        if self._drummer is None or not clock:
            return
        out = f"{_DRUMMER}:clock"
        if clock not in self.server.connections(out):
            self.server.run("jack_connect", out, clock)
        look = self.engine.snapshot()
        if look is not None and not look["running"]:
            self.tell_drummer("start")

    def tell_drummer(self, order: str) -> None:
        """Have the drummer send Start or Stop."""
        _say(self._drummer, order)

    def tell_concert(self, order: str) -> None:
        """Have other things played for a while, see `engine.bench.player`."""
        _say(self._concert, order)

    def _clock_port(self) -> str:
        ports = self.server.ports()
        return next((port for port in ports if port.startswith(f"{_CLOCK_IN}:")), "")

    # ------------------------------------------------------------------ how it is

    def _patched_and_well(self) -> bool:
        self.patch()
        return not self.trouble(time.perf_counter() - 1.0)

    def trouble(self, since_s: float) -> str:
        """Say what is not as it should be; notes count if they came after a time [s]."""
        look = self.engine.snapshot()
        if look is None:
            return "the engine says nothing"
        if look["at_s"] < since_s:
            return "the engine says nothing new"
        if self.sync == "midi" and look["sync"]["message"]:
            return f"sync: {look['sync']['message']}"
        if look["audio"]["error"] or not look["audio"]["alive"]:
            return f"audio: {look['audio']['error']}"
        if not look["midi"]["alive"]:
            return "the MIDI output is away"
        if look["emotion"] is None:
            return "nothing is heard"
        if self.receiver.last_on_s < since_s:
            return f"no note since {time.perf_counter() - self.receiver.last_on_s:.1f} s"
        return ""

    def hanging(self) -> set[Place]:
        """Return what sounds at the receiver although the engine means it to be over."""
        sounding = self.receiver.sounding
        look = self.engine.snapshot()
        if look is None or not sounding:
            return set()
        beat = look["beat"]
        meant = {
            (note["channel"], note["pitch"])
            for note in look["notes"]
            if note["onset"] + note["duration"] > beat - _SLACK_BEATS
        }
        return set(sounding) - meant

    def newest_session(self) -> Path | None:
        """Return the events file that is written now."""
        files = (self.folder / "sessions").glob("**/events.jsonl")
        return max(files, key=lambda path: path.stat().st_mtime, default=None)


def _run(module: str, *arguments: str) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        child_command(module, *arguments),
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=child_environment(),
    )


def _say(process: "subprocess.Popen[bytes] | None", order: str) -> None:
    if process is not None and process.stdin is not None and process.poll() is None:
        process.stdin.write(order.encode() + b"\n")
        process.stdin.flush()


def _end(process: "subprocess.Popen[bytes] | None") -> None:
    if process is None:
        return
    process.kill()
    process.wait()
    assert process.stdin is not None
    try:
        process.stdin.close()
    except OSError:
        return  # what was never read


def last_event_s(path: Path) -> float:
    """Return ``at_s`` of the last whole line of an events file; 0 if there is none."""
    with path.open("rb") as stream:
        stream.seek(max(0, path.stat().st_size - 65536))
        lines = stream.read().split(b"\n")
    for line in reversed(lines):
        try:
            return float(json.loads(line)["at_s"])
        except (ValueError, KeyError, TypeError):
            continue
    return 0.0
