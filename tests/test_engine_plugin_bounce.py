"""Rendering in a host that does not wait for time: the same notes each time, each on its frame."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from plugin_host.built import compiled, plugin_folder
from plugin_host.host import ClapHost, Event, hanging, note_ons

from engine.live.bounce import Bounce
from engine.live.plugin_values import round_of, settings_for
from engine.pipeline.step import NO_ROUND, Round
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
    with ClapHost(compiled("clap_host.c"), plugin_folder() / "stimmung.clap") as host:
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
    sad = {"valence": -0.8, "arousal": -0.7, "mode": 4.0}
    calm = render(512, settings=sad)
    assert len(note_ons(calm)) < len(note_ons(render(512)))
    one = render(512, settings={"seed": 7.0})
    assert notes(one) == notes(render(512, settings={"seed": 7.0})) != notes(render(512))


def test_hosts_that_do_not_say_so_are_waited_for_by_the_parameter(bounce: Bounce) -> None:
    with ClapHost(compiled("clap_host.c"), plugin_folder() / "stimmung.clap") as host:
        host.do("activate 48000 8192")
        host.set("wait", 1)
        host.do("transport 1 120 0 4 4", "run 4 512 0 1", "transport 0 120 0 4 4")
        host.do("run 0.1 512 0 1")
    assert notes(host.events) == notes(render(512))


def test_without_an_engine_a_bounce_ends_without_notes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STIMMUNG_PLUGIN_FILE", str(tmp_path / "nobody.txt"))
    with ClapHost(compiled("clap_host.c"), plugin_folder() / "stimmung.clap") as host:
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
    assert round_of(9, block(4.0, 8.0, 5.0), held, 7) == Round(4, None)
    assert round_of(8, block(4.0, 8.0, 5.0), held, 7) == Round(4, 7)
    assert round_of(13, block(4.0, 8.0, 9.0, shift=4.0), held, 7) == Round(8, None)
    assert round_of(2, block(4.0, 8.0, 2.0), held, 7) == NO_ROUND
    assert round_of(12, block(4.0, 8.0, 11.0), held, 7) == NO_ROUND, "played from behind the loop"
    assert round_of(9, block(4.0, 7.5, 5.0), held, 7) == NO_ROUND
    assert round_of(9, block(4.0, 8.0, 5.0), [each.initial for each in PARAMETERS], 7) == NO_ROUND
