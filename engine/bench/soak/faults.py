"""What may go wrong on stage, each as one function, and the table that names them.

A fault does its damage and undoes what a user or the system would undo (a server started
again, a process continued, a cable put back); what is left is for the engine to recover from.
"""

import contextlib
import json
import os
import random
import resource
import signal
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass

from engine.bench.soak.stage import Stage

__all__ = ["FAULTS", "FROM_CLOCK", "TO_CLOCK", "Fault"]


@dataclass(frozen=True, slots=True)
class Fault:
    """One way of going wrong.

    Attributes
    ----------
    name : str
        In words, for the report.
    strike : callable
        Does it; returns when the cause is gone.
    weight : float
        How often, relative to others.
    patch : bool
        Whether one of two ends is new afterwards, so that a patchbay has to connect them.
    kills_engine : bool
        Whether the recording must end there, at most a second short.
    sync : str
        ``midi`` if it makes sense under somebody else's clock only, else empty.
    """

    name: str
    strike: Callable[[Stage, random.Random], None]
    weight: float = 1.0
    patch: bool = False
    kills_engine: bool = False
    sync: str = ""


def _signal(role: str, number: signal.Signals) -> Callable[[Stage, random.Random], None]:
    def strike(stage: Stage, _rng: random.Random) -> None:
        pid = stage.processes().get(role)
        if pid is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)

    return strike


def _freeze(role: str, longest_s: float) -> Callable[[Stage, random.Random], None]:
    def strike(stage: Stage, rng: random.Random) -> None:
        pid = stage.processes().get(role)
        if pid is not None:
            _pause(pid, rng.uniform(0.05, longest_s))

    return strike


def _pause(pid: int, seconds: float) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGSTOP)
        time.sleep(seconds)
        os.kill(pid, signal.SIGCONT)


def _kill_server(stage: Stage, rng: random.Random) -> None:
    stage.server.kill()
    time.sleep(rng.uniform(0.1, 2.0))
    stage.server.restart()
    stage.begin_concert()
    if stage.drummer is not None:
        stage.begin_drummer()
    stage.start_receiver()


def _change_server_period(stage: Stage, rng: random.Random) -> None:
    """Restart the server with another period, the way a user changes its settings."""
    stage.server.period = rng.choice((128, 256, 512, 1024))
    _kill_server(stage, rng)


def _change_server_rate(stage: Stage, rng: random.Random) -> None:
    """Restart the server at another sample rate."""
    stage.server.rate = 44_100 if stage.server.rate != 44_100 else 48_000
    _kill_server(stage, rng)


def _sleep_and_wake(stage: Stage, rng: random.Random) -> None:
    """Stop everything for a while, as a laptop's lid does; clocks go on."""
    pids = [*stage.processes().values(), stage.server.pid, stage.concert.pid]
    if stage.drummer is not None:
        pids.append(stage.drummer.pid)
    for number in (signal.SIGSTOP, signal.SIGCONT):
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)
        if number is signal.SIGSTOP:
            time.sleep(rng.uniform(1.0, 3.0))


def _kill_receiver(stage: Stage, _rng: random.Random) -> None:
    stage.receiver.kill()
    stage.start_receiver()


def _pull_cable(stage: Stage, rng: random.Random) -> None:
    port = stage.our_port()
    stage.server.run("jack_disconnect", port, stage.receiver.port)
    time.sleep(rng.uniform(0.1, 1.5))
    stage.patch()


def _end_concert(stage: Stage, rng: random.Random) -> None:
    stage.concert.kill()
    time.sleep(rng.uniform(0.0, 1.0))
    stage.begin_concert()


def _stop_clock(stage: Stage, rng: random.Random) -> None:
    if stage.drummer is not None:
        _pause(stage.drummer.pid, rng.uniform(0.2, 3.0))


def _lose_clock(stage: Stage, _rng: random.Random) -> None:
    stage.begin_drummer()
    stage.patch()  # now: the music coasts for half a second, and nobody would miss the clock


def _stop_and_start_clock(stage: Stage, rng: random.Random) -> None:
    stage.tell_drummer("stop")
    time.sleep(rng.uniform(0.1, 1.0))
    stage.tell_drummer("start")


def _odd_sound(kind: str) -> Callable[[Stage, random.Random], None]:
    def strike(stage: Stage, rng: random.Random) -> None:
        seconds = rng.uniform(0.1, 2.0)
        stage.tell_concert(f"{kind} {seconds:.2f}")
        time.sleep(seconds)

    return strike


def _change_preset(stage: Stage, rng: random.Random) -> None:
    from dataclasses import asdict

    from engine.generators.registry import create_generator
    from engine.settings.presets import list_presets

    # Presets for lights and controllers play nothing, some have only parts that the stage's engine
    # has not, and others wait for a performer.
    own = {role for role, _ in create_generator(stage.config()["performance"]["engine"]).roles}
    playing = [
        p
        for p in list_presets()
        if own & set(p.performance.parts) and p.performance.duet == "together"
    ]
    values = asdict(rng.choice(playing).performance)
    for name in ("engine", "tempo_bpm"):  # stay comparable from fault to fault
        values.pop(name)
    values["mode"] = "follow" if values["mode"] == "curve" else values["mode"]
    stage.engine.order("change", values=values)


def _change_settings(stage: Stage, rng: random.Random) -> None:
    for _ in range(rng.randint(1, 30)):
        values = {
            "mode": rng.choice(("follow", "contrast", "manual")),
            "valence": rng.uniform(-1, 1),
            "arousal": rng.uniform(-0.2, 1),
            "key": rng.choice(("auto", "C:maj", "F#:min")),
        }
        stage.engine.order("change", values=values)
        time.sleep(rng.uniform(0.0, 0.05))


def _change_tempo(stage: Stage, rng: random.Random) -> None:
    stage.engine.order("change", values={"tempo_bpm": rng.uniform(80, 180)})


def _flood(stage: Stage, rng: random.Random) -> None:
    line = {"do": "change", "values": {"valence": 0.0}}
    for _ in range(2000):
        line["values"] = {"valence": rng.uniform(-1, 1)}
        stage.engine.write(json.dumps(line).encode() + b"\n")


def _nonsense(stage: Stage, rng: random.Random) -> None:
    for _ in range(200):
        stage.engine.write(rng.randbytes(rng.randint(0, 300)).replace(b"\n", b"") + b"\n")
    for line in (b"[]", b"{}", b'{"do": 7}', b'{"do": "change"}', b'{"do": "regenerate"}'):
        stage.engine.write(line + b"\n")


def _panic(stage: Stage, _rng: random.Random) -> None:
    stage.engine.order("panic")


def _hold(stage: Stage, rng: random.Random) -> None:
    if stage.sync == "internal":
        stage.engine.order("play", playing=False)
        time.sleep(rng.uniform(0.2, 2.0))
        stage.engine.order("play", playing=True)


def _start_again(stage: Stage, _rng: random.Random) -> None:
    stage.engine.order("start", config=stage.config())


def _fill_disk(stage: Stage, rng: random.Random) -> None:
    """Let no file of the engine grow any more: to a program this is a full disk."""
    pid, path = stage.engine.pid, stage.newest_session()
    if pid is None or path is None:
        return
    _, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    try:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (path.stat().st_size + 100, hard))
        time.sleep(rng.uniform(0.5, 3.0))
    finally:
        with contextlib.suppress(OSError):
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (hard, hard))


def _take_folder(stage: Stage, rng: random.Random) -> None:
    """Take the session folder away, as a memory stick is pulled out, and bring it back."""
    path = stage.newest_session()
    if path is None:
        return
    away = path.parent.with_name(path.parent.name + ".away")
    path.parent.rename(away)
    time.sleep(rng.uniform(0.3, 2.0))
    away.rename(path.parent)


def _flood_osc(stage: Stage, rng: random.Random) -> None:
    port = stage.config()["osc_in"]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as outlet:
        for _ in range(3000):
            packet = rng.choice((_OSC_TARGET, rng.randbytes(rng.randint(0, 200))))
            outlet.sendto(packet, ("127.0.0.1", port))


_OSC_TARGET = b"/stimmung/target\0\0\0\0,ff\0" + b"\x3e\x80\0\0" * 2


def _take_clock(stage: Stage, _rng: random.Random) -> None:
    stage.sync = "midi"
    stage.begin_drummer()
    stage.engine.order("start", config=stage.config())


def _leave_clock(stage: Stage, _rng: random.Random) -> None:
    stage.sync = "internal"
    stage.end_drummer()
    stage.engine.order("start", config=stage.config())


TO_CLOCK = Fault("started again under a clock from outside", _take_clock, patch=True)
FROM_CLOCK = Fault("started again under our own beat", _leave_clock, patch=True)

FAULTS = (
    Fault("sender killed", _signal("sender", signal.SIGKILL), 3.0),
    Fault("sender told to end", _signal("sender", signal.SIGTERM)),
    Fault("sender stopped a while", _freeze("sender", 4.0), 2.0),
    Fault("spare sender killed", _signal("spare", signal.SIGKILL)),
    Fault("engine killed", _signal("engine", signal.SIGKILL), 3.0, kills_engine=True, patch=True),
    Fault("engine told to end", _signal("engine", signal.SIGTERM), kills_engine=True, patch=True),
    Fault("engine stopped a while", _freeze("engine", 2.5), 2.0),
    Fault("capture killed", _signal("capture", signal.SIGKILL), 2.0),
    Fault("capture told to end", _signal("capture", signal.SIGTERM)),
    Fault("capture stopped a while", _freeze("capture", 3.0)),
    Fault("who plays is killed", _end_concert),
    Fault("JACK server killed and restarted", _kill_server, 2.0, patch=True),
    Fault("JACK server restarted with another period", _change_server_period, patch=True),
    Fault("JACK server restarted at another rate", _change_server_rate, patch=True),
    Fault("everything asleep a while", _sleep_and_wake, patch=True),
    Fault("receiver killed and restarted", _kill_receiver, patch=True),
    Fault("cable pulled and put back", _pull_cable, 2.0, patch=True),
    Fault("NaN instead of sound", _odd_sound("nan")),
    Fault("infinity instead of sound", _odd_sound("inf")),
    Fault("full-scale noise", _odd_sound("loud")),
    Fault("silence", _odd_sound("silence")),
    Fault("preset changed", _change_preset, 2.0),
    Fault("settings changed in haste", _change_settings),
    Fault("tempo changed", _change_tempo),
    Fault("flood of commands", _flood),
    Fault("nonsense instead of commands", _nonsense),
    Fault("flood of OSC", _flood_osc),
    Fault("panic pressed", _panic),
    Fault("music held and released", _hold),
    Fault("started again", _start_again, patch=True),
    Fault("disk full a while", _fill_disk),
    Fault("session folder gone a while", _take_folder),
    Fault("clock stopped a while", _stop_clock, 2.0, sync="midi", patch=True),
    Fault("clock sender killed", _lose_clock, sync="midi", patch=True),
    Fault("clock told to stop and start", _stop_and_start_clock, sync="midi", patch=True),
    Fault("clock receiver killed", _signal("receiver", signal.SIGKILL), sync="midi", patch=True),
)
"""Every fault there is."""
