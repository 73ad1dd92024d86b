"""Rendering in a host that does not wait for time: the same notes each time, each on its frame."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from plugin_host.built import compiled, loadable
from plugin_host.host import Event, PluginHost, hanging, note_ons

from engine.live.bounce import Bounce
from engine.live.plugin_values import round_of, settings_for
from engine.pipeline.step import NO_ROUND, Round
from engine.plugin.count import BeatCount, metre_of
from engine.plugin.link import PluginLink
from engine.plugin.parameters import PARAMETERS, index_of
from engine.plugin.protocol import Block, BlockFlag
from engine.settings.performance import Performance

pytestmark = pytest.mark.note_ends
PERFORMANCE = Performance(mode="manual", valence=0.6, arousal=0.5, key="C:maj")


@pytest.fixture
def bounce(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bounce]:
    monkeypatch.setenv("STIMMUNG_PLUGIN_FILE", str(tmp_path / "plugin.txt"))
    link = PluginLink()
    running = Bounce(link, lambda: PERFORMANCE, seed=3)
    running.start()
    link.start()
    yield running
    running.stop()
    link.stop()
    assert running.failure is None


def render(
    block: int, *orders: str, seconds: float = 4.0, settings: dict[str, float] | None = None
) -> list[Event]:
    with PluginHost(compiled("host.cpp"), loadable("clap")) as host:
        host.do("activate 48000 8192", "offline 1")
        for symbol, value in (settings or {}).items():
            host.set(symbol, value)
        host.do("transport 1 120 0 4 4", *orders, f"run {seconds} {block} 0 1")
        host.do("transport 0 120 0 4 4", f"run 0.1 {block} 0 1")
        assert host.value("connected") == 1
    assert not hanging(host.events)
    return host.events


def notes(events: list[Event]) -> list[tuple[int, tuple[int, int, int]]]:
    return [(event.frame, event.message) for event in note_ons(events)]


def test_a_bounce_is_the_same_each_time_from_its_very_first_beat(bounce: Bounce) -> None:
    first, second = render(512), render(512)
    assert notes(first) == notes(second)
    assert notes(first)[0][0] < 480, "the first beat sounds on the first frame, or as played"
    assert len(notes(first)) > 10


def test_a_bounce_does_not_depend_on_the_host_s_blocks(bounce: Bounce) -> None:
    one, other, third = (
        [note for note in notes(render(block)) if note[0] < 4 * 48000]
        for block in (512, -1000, 4096)
    )
    assert one == other == third


def test_parameters_shape_a_bounce_and_a_seed_of_its_own_is_kept(bounce: Bounce) -> None:
    calm = render(512, settings={"valence": -0.8, "arousal": -0.7, "mode": 4.0})
    usual = render(512)
    assert len(note_ons(calm)) < len(note_ons(usual))
    one = render(512, settings={"seed": 7.0})
    assert notes(one) == notes(render(512, settings={"seed": 7.0})) != notes(usual)


def test_hosts_that_do_not_say_so_are_waited_for_by_the_parameter(bounce: Bounce) -> None:
    with PluginHost(compiled("host.cpp"), loadable("clap")) as host:
        host.do("activate 48000 8192")
        host.set("wait", 1)
        host.do("transport 1 120 0 4 4", "run 4 512 0 1", "transport 0 120 0 4 4")
        host.do("run 0.1 512 0 1")
    assert notes(host.events) == notes(render(512))


def test_without_an_engine_a_bounce_ends_without_notes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STIMMUNG_PLUGIN_FILE", str(tmp_path / "nobody.txt"))
    with PluginHost(compiled("host.cpp"), loadable("clap")) as host:
        host.do("activate 48000 8192", "offline 1", "transport 1 120 0 4 4")
        host.do("run 60 4096 0 1", within_s=30)
    assert not note_ons(host.events) and not host.sound_changed


def test_values_that_say_as_set_leave_the_engine_s_own() -> None:
    assert settings_for("mode", 0.0) == {} == settings_for("part", 3.0)
    assert settings_for("mode", 4.0) == {"mode": "manual"}
    assert settings_for("strength", 0.5) == {"strength": 0.5}


def test_each_round_of_a_loop_is_the_same_where_that_is_asked_for(bounce: Bounce) -> None:
    def rounds(hold: float) -> list[list[tuple[int, tuple[int, int, int]]]]:
        events = render(512, "loop 0 4", seconds=6.0, settings={"hold": hold})
        length = 4 * 24000
        found: list[list[tuple[int, tuple[int, int, int]]]] = [[], [], []]
        for frame, message in notes(events):
            if frame < 3 * length:
                found[frame // length].append((frame % length, message))
        return found

    first, second, third = rounds(1)
    assert first == second == third and len(first) > 5
    first, second, third = rounds(0)
    assert second != third, "without it the music goes on"


def test_loops_that_are_no_whole_beats_and_beats_outside_are_left_alone() -> None:
    def block(start: float, end: float, beat: float, shift: float = 0.0) -> Block:
        flags = BlockFlag.PLAYING | BlockFlag.LOOPS
        return Block(0, 0.0, beat, shift, 120.0, start, end, 0.0, beat - shift, 1, flags, 512,
                     np.zeros(0, np.float32), 4, 4, 0, 0, 0, 0)  # fmt: skip

    held = [each.initial for each in PARAMETERS]
    held[index_of("hold")] = 1.0
    free = [each.initial for each in PARAMETERS]

    def turn(beat: int, at: Block, values: list[float], count: BeatCount | None = None) -> Round:
        return round_of(beat, at, values, 7, count or BeatCount(1.0, 4))

    assert turn(9, block(4.0, 8.0, 5.0), held) == Round(4, None)
    assert turn(8, block(4.0, 8.0, 5.0), held) == Round(4, 7)
    assert turn(13, block(4.0, 8.0, 9.0, shift=4.0), held) == Round(8, None)
    assert turn(2, block(4.0, 8.0, 2.0), held) == NO_ROUND
    assert turn(12, block(4.0, 8.0, 11.0), held) == NO_ROUND, "played from behind the loop"
    assert turn(9, block(4.0, 7.5, 5.0), held) == NO_ROUND
    assert turn(9, block(4.0, 8.0, 5.0), free) == NO_ROUND
    eighths = BeatCount(0.5, 7)  # two bars of 7/8
    assert turn(21, block(0.0, 7.0, 10.5, shift=7.0), held, eighths) == Round(14, None)
    assert turn(14, block(0.0, 7.0, 6.9), held, eighths) == Round(14, 7)


@pytest.mark.parametrize(
    ("metre", "beat"),
    [((4, 4), (1.0, 4)), ((7, 8), (0.5, 7)), ((6, 8), (1.0, 3)), ((9, 8), (0.5, 3)),
     ((7, 16), (0.5, 7)), ((1, 4), (0.5, 2)), ((10, 4), (1.0, 5)), ((11, 8), (0.5, 0)),
     ((11, 4), (1.0, 0)), ((4, 0), (1.0, 0))],
)  # fmt: skip
def test_a_metre_has_its_beat(metre: tuple[int, int], beat: tuple[float, int]) -> None:
    assert metre_of(*metre) == beat


def test_bars_are_the_host_s_after_a_change_of_metre_and_through_loops() -> None:
    def block(beat: float, bar: float, metre: tuple[int, int], shift: float = 0.0) -> Block:
        return Block(0, 0.0, beat, shift, 120.0, 0.0, 0.0, bar, beat - shift, 1, BlockFlag.PLAYING,
                     512, np.zeros(0, np.float32), *metre, 0, 0, 0, 0)  # fmt: skip

    count = BeatCount().after(block(0.0, 0.0, (4, 4)), True)
    assert count.bar == 4 and count.after(block(13.0, 12.0, (4, 4)), False) is count
    seven = count.after(block(12.0, 12.0, (7, 8)), False)
    assert seven.bar == 7 and seven.beat(12.0) % 7 == 0 == seven.beat(15.5) % 7
    assert seven.after(block(15.6, 15.5, (7, 8)), False) is seven
    assert seven.after(block(19.0, 12.0, (7, 8), 7.0), False) is seven, "a loop of two bars"
    four = seven.after(block(19.0, 19.0, (4, 4)), False)
    assert four.beat(19.0) % 4 == 0 and four.quarter(four.beat(19.3)) == pytest.approx(19.3)


def parts_of(events: list[Event]) -> dict[int, list[tuple[int, tuple[int, int, int]]]]:
    """Return the notes by their channels, checked to come from the instance of that part."""
    found: dict[int, list[tuple[int, tuple[int, int, int]]]] = {}
    for event in note_ons(events):
        found.setdefault(event.message[0] & 15, []).append((event.frame, event.message))
    return found


def render_parts(block: int, listener: int) -> list[Event]:
    """Render an instance that listens and two with a part: lead and bass."""
    with PluginHost(compiled("host.cpp"), loadable("clap")) as host:
        host.do("add", "add", "offline 1", "activate 48000 4096")
        for place, part in zip([k for k in range(3) if k != listener], (1, 3), strict=True):
            host.do(f"at {place}")
            host.set("part", part)
        host.do(f"run 0.2 {block} 1 1")  # all have found the engine
        host.do("transport 1 120 0 4 4", f"run 4 {block} 0 1", "transport 0 120 0 4 4")
        host.do(f"run 0.1 {block} 0 1")
    assert not hanging(host.events)
    return host.events


def test_bars_follow_the_host_s_changes_of_metre(bounce: Bounce) -> None:
    events = render(512, "run 4 512 0 1", "metre 7 8", "run 3.5 512 0 1", "metre 3 4", seconds=3)
    bass = [event.beat for event in note_ons(events) if event.message[0] & 15 == 2]
    for bar in (0.0, 4.0, 8.0, 11.5, 15.0, 18.0):
        assert any(abs(beat - bar) < 0.05 for beat in bass), (bar, bass)


def test_parts_are_the_same_in_each_bounce_whatever_the_order(bounce: Bounce) -> None:
    """As in Live: one instance listens, others play one part each."""
    made = []
    for listener, block in ((0, 512), (1, -1000), (2, 4096)):
        events = render_parts(block, listener)
        end = 4 * 48000 + min(event.frame for event in note_ons(events)) - 480
        own = {
            k: parts_of([e for e in events if e.instance == k and e.frame < end]) for k in range(3)
        }
        everything = own.pop(listener)
        lead, bass = own.values()
        assert list(lead) == [0] and list(bass) == [2] and {0, 2} <= set(everything)
        assert lead[0] == everything[0] and bass[2] == everything[2]
        assert len(lead[0]) > 4 and len(bass[2]) > 2
        made.append(everything)
    first = [{c: [(f - n[0][0][0], m) for f, m in n[c]] for c in n} for n in made]
    assert first[0] == first[1] == first[2]


def test_a_part_that_is_rendered_alone_waits_once(bounce: Bounce) -> None:
    with PluginHost(compiled("host.cpp"), loadable("clap")) as host:
        host.set("part", 1)
        host.do("offline 1", "activate 48000 4096", "transport 1 120 0 4 4")
        host.do("run 8 512 0 1", within_s=30)
        host.do("transport 0 120 0 4 4", "run 0.1 512 0 1")
    assert list(parts_of(host.events)) == [0] and not hanging(host.events)
