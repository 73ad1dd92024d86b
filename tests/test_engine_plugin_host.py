"""The plug-in in a small host: every note on its frame, none hanging, whatever happens."""

import contextlib
import math
import os
import random
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from plugin_host.built import compiled, loadable
from plugin_host.host import Event, PluginHost, hanging, note_ons
from plugin_host.pattern import PatternEngine
from plugin_host.rows import (
    ROWS,
    STOP,
    check_offline,
    check_places,
    check_row,
    connect,
    find,
    off_frames,
)

from engine.midi.holders import ENGINE, PERFORMER, first_id
from engine.plugin.parameters import PARAMETERS, index_of
from engine.plugin.protocol import (
    VERSION,
    encode_cancel,
    encode_cue,
    encode_horizon,
    encode_message,
    encode_move_end,
    encode_note,
    encode_panic,
    encode_status,
    encode_welcome,
)

pytestmark = pytest.mark.note_ends


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "plugin.txt"
    monkeypatch.setenv("STIMMUNG_PLUGIN_FILE", str(path))
    return path


@pytest.fixture
def engine(place: Path) -> Iterator[PatternEngine]:
    with PatternEngine() as running:
        yield running


def host(kind: str = "clap", preload: Path | None = None, plugin: str = "") -> PluginHost:
    return PluginHost(compiled("host.cpp"), plugin or loadable(kind), preload)


@pytest.mark.parametrize(
    ("kind", "row"),
    [("clap", "4/4"), ("vst3", "7/8, odd blocks"), ("lv2", "loop inside blocks")],
)
def test_every_note_is_on_its_frame(engine: PatternEngine, kind: str, row: str) -> None:
    with host(kind) as running:
        check_row(engine, running, *ROWS[row])
    assert not hanging(running.events)
    assert not running.sound_changed


@pytest.mark.proof
@pytest.mark.parametrize("kind", ["clap", "vst3", "lv2"])
def test_one_host_renders_it_all_and_changes_its_rate(place: Path, kind: str) -> None:
    with PatternEngine(offline=True), host(kind) as running:
        for name in ROWS:
            check_offline(running, name)
    assert not running.sound_changed


@pytest.mark.parametrize(("as_ardour", "block"), [(1, 64), (1, 1024), (0, 256)])
def test_eighths_are_understood_however_lv2_hosts_tell_parts_of_them(
    place: Path, as_ardour: int, block: int
) -> None:
    with PatternEngine(offline=True) as engine, host("lv2") as running:
        running.do("offline 1", f"of_quarters {as_ardour}", "activate 48000 8192")
        running.do("transport 1 150 0 7 8", f"run 3 {block} 0 1")
        leader = engine.link.leader
        assert leader is not None and leader.block is not None
        assert leader.block.generation <= 3, "it started, and did not jump since"
        running.do(STOP, f"run 0.1 {block} 0 1")
    assert not [off for off in off_frames(running.events)[4:] if off]


@pytest.mark.parametrize("kind", ["clap", "vst3"])
def test_a_host_without_a_transport_runs_freely(engine: PatternEngine, kind: str) -> None:
    with host(kind) as running:
        running.do("silent 1")
        connect(running)
        running.do("run 1.5 256 1 1")
        assert len(note_ons(running.events)) >= 4
        running.do("silent 0", "run 0.1 256 1 1")
    assert not hanging(running.events), "it has one now, and stands"


def test_jumps_end_what_sounds_and_go_on_in_place(engine: PatternEngine) -> None:
    with host() as running:
        connect(running)
        running.do("transport 1 120 0 4 4", "run 1 256 1 1")
        before = len(running.events)
        running.do("transport 1 120 64.3 4 4", "run 1 256 1 1")
        jumped = running.events[before:]
        running.do("transport 1 90 7 7 8", "run 1 256 1 1", STOP, "run 0.2 256 1 1")
        check_places(engine, running.events)
    ends = [event for event in jumped if event.message[0] & 0xF0 == 0x80]
    assert min(event.frame for event in ends) <= min(event.frame for event in note_ons(jumped))
    assert all(event.beat > 64 for event in note_ons(jumped))
    assert not hanging(running.events)


@pytest.mark.parametrize("kind", ["clap", "vst3", "lv2"])
def test_nothing_in_process_allocates_locks_or_calls_the_system(
    engine: PatternEngine, kind: str
) -> None:
    with host(kind, compiled("rt_check.c")) as running:
        connect(running)
        running.do("transport 1 120 0 4 4", "run 0.5 256 1 1")
        running.set("valence", 0.5, 100)
        running.do("run 0.5 256 1 1", STOP, "run 0.1 256 1 1")
    calls, *wrong = running.counted
    assert calls > 150 and note_ons(running.events)
    assert wrong == [0, 0, 0], "allocations, locks, system calls"


@pytest.mark.parametrize(
    ("fault", "counter"), [("allocation", 1), ("lock", 2), ("system call", 3), ("file", 3)]
)
def test_the_watch_on_process_sees_planted_faults(
    fault: str, counter: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PLANTED_FAULT", fault)
    with host("clap", compiled("rt_check.c"), str(compiled("faulty.cpp"))) as running:
        running.do("activate 48000 256", "run 0.1 256 0 1")
    assert running.counted[counter] >= running.counted[0] > 0


@pytest.mark.proof
def test_a_killed_engine_leaves_nothing_hanging_and_another_takes_over(place: Path) -> None:
    program = "from plugin_host.pattern import PatternEngine; import time\n"
    program += "with PatternEngine(): time.sleep(60)"
    tests = str(Path(__file__).parent)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([*sys.path, tests])}

    def start() -> subprocess.Popen[bytes]:
        return subprocess.Popen([sys.executable, "-c", program], env=environment)

    first = start()
    second = None
    try:
        with host() as running:
            connect(running)
            running.do("transport 1 240 0 4 4", "run 1 256 1 1")
            first.send_signal(signal.SIGKILL)
            running.do("run 2.5 256 1 1")  # a bar later, and half a bar
            assert running.value("connected") == 0
            assert note_ons(running.events) and not hanging(running.events)
            heard = len(running.events)
            second = start()
            find(running)
            running.do("run 1 256 1 1")
            off = off_frames(running.events[heard:])
            assert off.count(0) >= 0.5 * len(off) > 1
            second.send_signal(signal.SIGSTOP)  # hangs: after a second it counts as gone
            running.do("run 1.5 256 1 1")
            assert running.value("connected") == 0
            running.do("run 1.5 256 1 1")
            assert not hanging(running.events)
    finally:
        for process in filter(None, (first, second)):
            process.kill()
            process.wait()


def wild_frames(chance: random.Random) -> bytes:
    """Return frames of known kinds with any content, and sometimes none of ours."""

    def number() -> float:
        return chance.choice([0.0, 1e308, -1e308, math.nan, math.inf, -math.inf, 2.5, 1e-300])

    def byte() -> int:
        return chance.randrange(256)

    made = b""
    for _ in range(20):
        generation, note_id = chance.randrange(4), chance.randrange(3)
        pitch = chance.randrange(58, 62)
        made += chance.choice([
            encode_note(note_id, generation, number(), number(), byte(), byte(), byte()),
            encode_note(note_id, generation, chance.uniform(0, 2), number(), 0, pitch, 100),
            encode_cue(note_id, generation, number(), number(), byte(), byte(), byte()),
            encode_move_end(note_id, generation, number()),
            encode_cancel(generation, byte(), number()),
            encode_message(generation, byte(), number(), bytes((byte(), byte(), byte()))),
            encode_horizon(chance.randrange(-(2**62), 2**62)),
            encode_panic(),
        ])  # fmt: skip
    return made + chance.choice([b"", b"", b"", chance.randbytes(40)])


def test_an_engine_that_says_anything_does_no_harm(place: Path) -> None:
    chance = random.Random(1)
    lines = []
    with socket.create_server(("127.0.0.1", 0)) as server, host() as running:
        server.settimeout(0.01)
        place.write_text(f"stimmung-plugin {VERSION} {server.getsockname()[1]} {'0' * 32}\n")
        running.do("activate 48000 8192", "transport 1 120 0 4 4")
        for turn in range(40):
            with contextlib.suppress(TimeoutError):
                lines.append(server.accept()[0])
                lines[-1].sendall(encode_welcome())
            for line in lines[-1:]:
                with contextlib.suppress(OSError):
                    line.sendall(wild_frames(chance))
            running.do(f"run 0.05 {chance.choice([64, 480, -700])} 1 1")
            if turn % 10 == 9:
                running.do(f"transport {turn // 10 % 2} 120 0 4 4")
        for line in lines:
            line.close()
        place.unlink()
        running.do(STOP, "run 0.2 256 1 1")
    assert len(lines) > 1, "what is none of ours ends the line"
    assert not hanging(running.events)
    for event in running.events:
        status, *data = event.message
        assert status >= 0x80 and max(data) < 0x80


@pytest.mark.parametrize(
    ("kind", "way"),
    [
        ("clap", "full"),
        ("vst3", "bypass"),
        ("vst3", "full"),
        ("lv2", "bypass"),
        ("lv2", "deactivate"),
    ],
)  # fmt: skip
def test_every_note_ends(engine: PatternEngine, kind: str, way: str) -> None:
    with host(kind) as running:
        connect(running)
        running.do("transport 1 120 0 4 4", "run 0.6 256 1 1")
        assert hanging(running.events), "a long note sounds"
        if way == "bypass":
            running.set("bypass", 1)
            running.do("run 0.02 256 1 1")
            assert not hanging(running.events)
            assert not note_ons(running.events[-1:])
        elif (
            way == "deactivate"
        ):  # the host alone can end notes then; ours go first when it is back
            running.do("deactivate", STOP, "activate 48000 8192", "run 0.02 256 1 1")
        else:  # the host takes no event for a while
            running.do("full 1", "run 0.2 256 1 1", STOP, "run 0.1 256 1 1", "full 0")
            running.do("run 0.02 256 1 1")
        assert not hanging(running.events)


def test_parameters_arrive_with_their_frames_and_are_kept_with_the_project(
    engine: PatternEngine, tmp_path: Path
) -> None:
    kept = tmp_path / "state"
    with host() as running:
        connect(running)
        engine.link.take_changes()
        running.set("valence", 0.25, 17)
        running.set("mode", 4)
        running.do("run 0.1 256 1 1", f"save {kept}")
        changes = engine.link.take_changes()
        assert ("valence", 0.25) in changes and ("mode", 4.0) in changes
        engine.link.mood = (-0.5, 0.75)
        running.do("run 0.4 256 1 1")
        assert running.value("heard_valence") == -0.5
        assert (index_of("heard_arousal"), 0.75) in {(i, v) for _, i, v in running.shown}
    assert "valence 0.25" in kept.read_text()
    with host() as again:
        again.do(f"load {kept}")
        assert again.value("valence") == 0.25 and again.value("mode") == 4
        broken = tmp_path / "broken"
        broken.write_text("valence 0.5\nunknown 3\nno newline")
        again.do(f"load {broken}")
        assert again.value("valence") == 0.5
        for parameter in PARAMETERS:
            assert again.value(parameter.symbol) <= parameter.high


def test_of_several_plugins_one_listens_and_each_other_plays_its_part(
    engine: PatternEngine,
) -> None:
    with host() as leading, host() as lead, host() as bass:
        connect(leading)
        for other, part in ((lead, 1), (bass, 3)):
            other.set("part", part)
            connect(other)
        assert len(engine.link.instances()) == 3
        orders = ["transport 1 120 0 4 4", "run 1.5 256 1 1", STOP, "run 0.1 256 1 1"]
        for each in (leading, lead):
            each.tell(*orders)
        bass.do(*orders)
        assert engine.link.leader is not None and not engine.link.leader.part
    assert note_ons(leading.events)
    assert off_frames(lead.events).count(0) >= 3, "the pattern is on the lead's channel"
    assert not note_ons(bass.events)
    assert not hanging(leading.events) and not hanging(lead.events)


@pytest.mark.proof
@pytest.mark.parametrize(("seed", "kind"), [(0, "clap"), (1, "vst3"), (2, "lv2")])
def test_fifty_random_faults_leave_nothing_hanging(place: Path, seed: int, kind: str) -> None:
    chance = random.Random(seed)
    faults = (
        lambda: f"transport 1 {chance.choice([60, 120, 240])} {chance.uniform(0, 64):.3f} 4 4",
        lambda: STOP,
        lambda: f"loop 0 {chance.choice([0, 1, 2, 3.5])}",
        lambda: f"full {chance.randint(0, 1)}",
        lambda: f"set {index_of('bypass')} {chance.randint(0, 1)} 0",
        lambda: f"set {index_of('part')} {chance.randint(0, 2)} 0",
        lambda: f"ramp {chance.choice([0, 30, -30])}",
        lambda: "engine",
        lambda: "deactivate",
    )
    done = []
    with host(kind) as running, contextlib.ExitStack() as engines:
        engines.enter_context(PatternEngine())
        connect(running)
        for _ in range(50):
            fault = chance.choice(faults)()
            done.append(fault)
            if fault == "engine":
                engines.close()
                running.do("run 0.2 256 1 1")
                engines.enter_context(PatternEngine())
            elif fault == "deactivate":
                running.do("deactivate", "activate 48000 8192")
            else:
                running.do("transport 1 120 0 4 4", fault)
            running.do(f"run 0.2 {chance.choice([16, 256, -700, 4096])} 1 {chance.randint(0, 1)}")
        running.do("full 0", "ramp 0", STOP, "run 0.2 256 1 1")
    assert not hanging(running.events), done
    assert note_ons(running.events)


@contextlib.contextmanager
def spoken_to(place: Path, running: PluginHost) -> Iterator[socket.socket]:
    """Play an engine's part by hand: the host plays from beat 0 on, in its second generation."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(20)
        place.write_text(f"stimmung-plugin {VERSION} {server.getsockname()[1]} {'0' * 32}\n")
        running.do("activate 48000 8192")
        line = server.accept()[0]
        with line:
            line.sendall(encode_welcome() + encode_status(0.0, 0.0))
            running.do("transport 1 120 0 4 4", "run 0.1 256 1 1")
            assert running.value("connected") == 1
            yield line


def messages(events: list[Event]) -> list[tuple[int, int, int]]:
    return [event.message for event in events]


def test_what_one_holder_does_leaves_the_others_alone(place: Path) -> None:
    hand, engine_note = first_id(PERFORMER), first_id(ENGINE)
    with host() as running, spoken_to(place, running) as line:

        def after(*frames: bytes, orders: tuple[str, ...] = ()) -> list[tuple[int, int, int]]:
            before = len(running.events)
            line.sendall(b"".join(frames) + encode_status(0.0, 0.0))
            running.do("run 0.1 256 1 1", *orders)
            return messages(running.events[before:])

        pedal, up = bytes((0xB0, 64, 100)), bytes((0xB0, 64, 0))
        both = after(
            encode_note(hand, 2, 0.3, 1e6, 0, 60, 90),
            encode_note(engine_note, 2, 0.3, 1e6, 0, 60, 80),
            encode_note(engine_note + 1, 2, 0.3, 1e6, 0, 64, 80),
            encode_message(2, PERFORMER, 0.0, pedal),
            encode_message(2, ENGINE, 0.0, pedal),
        )
        assert both.count((0x90, 60, 90)) == 1 and (0x90, 64, 80) in both
        # A key, like a pedal, goes up when the last who holds it lets go.
        assert not any(m[:2] == (0x80, 60) for m in after(encode_move_end(engine_note, 2, 0.0)))
        assert after(encode_cancel(2, ENGINE, 0.0)) == []
        assert after(encode_message(2, ENGINE, 0.0, bytes((0xB0, 123, 0)))) == [(0x80, 64, 64)]
        # A jump ends what the engine plays; what is held by hand sounds on, and ends in time.
        after(encode_note(engine_note + 2, 2, 1.1, 1e6, 0, 67, 80))
        jumped = after(orders=("transport 1 120 64.3 4 4", "run 0.05 256 1 1"))
        assert jumped == [(0x80, 67, 64)]
        # Pressed in the moment of the jump: no note is lost. Pedals of the engine are withdrawn.
        late = after(
            encode_note(hand + 1, 2, 1.0, 1e6, 0, 72, 90), encode_message(2, ENGINE, 0.0, pedal)
        )
        assert late == [(0x90, 72, 90)]
        ends = after(encode_move_end(hand, 3, 0.0), encode_move_end(hand + 1, 2, 1e5))
        assert sorted(ends) == [(0x80, 60, 64), (0x80, 72, 64)]
        assert after(encode_message(3, PERFORMER, 0.0, up)) == [(0xB0, 64, 0)]
        press = after(
            encode_message(3, PERFORMER, 0.0, pedal), encode_message(3, PERFORMER, 0.0, up)
        )
        assert press == [(0xB0, 64, 100), (0xB0, 64, 0)]
        # A tap that is over before the block begins is short, not lost.
        tap = after(encode_note(hand + 2, 3, 65.2, 65.21, 0, 74, 90))
        assert tap == [(0x90, 74, 90), (0x80, 74, 64)]
    assert not hanging(running.events)
