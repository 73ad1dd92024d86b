"""Following the plug-in's host: when notes must be there, and where they go."""

from collections.abc import Iterable

import numpy as np
import pytest

from engine.errors import InputError
from engine.plugin.link import Heard
from engine.plugin.protocol import Block, BlockFlag
from engine.settings.run import LiveConfig
from engine.sync.plugin import PluginSync

RATE = 48000.0


class FakeLink:
    """Gives what a test puts in."""

    def __init__(self) -> None:
        self.blocks: list[Heard] = []

    def take_blocks(self) -> list[Heard]:
        taken, self.blocks = self.blocks, []
        return taken

    def instances(self) -> list[object]:
        return [object()]


def heard(
    at_s: float,
    beat: float,
    *,
    frames: int = 480,
    bpm: float = 120.0,
    generation: int = 1,
    playing: bool = True,
) -> Heard:
    flags = BlockFlag.PLAYING if playing else BlockFlag(0)
    block = Block(0, at_s, beat, 0.0, bpm, 0.0, 0.0, 0.0, beat, generation, flags, frames,
                  np.zeros(0, np.float32), 4, 4, 0, 0, 0, 0)  # fmt: skip
    return Heard(block, at_s, RATE)


@pytest.fixture
def link() -> FakeLink:
    return FakeLink()


def follow(link: FakeLink, blocks: Iterable[Heard]) -> PluginSync:
    sync = PluginSync(link, 120.0)  # type: ignore[arg-type]
    for each in blocks:
        link.blocks.append(each)
        sync.poll(each.at_s)
    return sync


def test_the_clock_is_where_the_next_block_begins(link: FakeLink) -> None:
    sync = follow(link, [heard(10.0 + 0.01 * i, 4.0 + 0.02 * i) for i in range(50)])
    assert sync.clock.running and sync.clock.tempo_bpm == 120.0
    assert sync.clock.beat_at(10.49) == pytest.approx(4.0 + 0.02 * 50)
    assert sync.health().locked and sync.health().message == ""


@pytest.mark.parametrize("late_s", [0.0, 0.004, 0.03])
def test_a_host_that_calls_late_or_in_bursts_moves_nothing(link: FakeLink, late_s: float) -> None:
    blocks = [heard(10.0 + 0.01 * i + late_s * (i % 3 != 0), 4.0 + 0.02 * i) for i in range(50)]
    sync = follow(link, blocks)
    assert sync.clock.beat_at(10.49) == pytest.approx(4.0 + 0.02 * 50)


def test_times_come_back_as_the_beats_they_were_made_of(link: FakeLink) -> None:
    sync = follow(link, [heard(10.0 + 0.01 * i, 4.0 + 0.02 * i) for i in range(50)])
    for beat in (4.9, 5.0, 5.0 + 1 / 7, 123.456):
        assert sync.place(sync.clock.time_at(beat)) == pytest.approx(beat, abs=1e-9)


def test_start_plays_from_the_very_beat(link: FakeLink) -> None:
    sync = follow(link, [heard(10.0, 8.0, playing=False), heard(10.01, 8.0, generation=2)])
    assert sync.clock.running
    assert 7.999 < sync.clock.landing < 8.0
    assert sync.clock.jumps >= 2


@pytest.mark.parametrize("frames", [16, 1024, 4096])
def test_a_start_is_never_further_back_than_what_is_still_played(
    link: FakeLink, frames: int
) -> None:
    sync = follow(link, [heard(10.0, 0.0, frames=frames, generation=2)])
    assert sync.clock.beat_at(10.0) <= 0.05 * 2.0 + 1e-9


def test_a_jump_is_a_new_start_and_a_loop_none(link: FakeLink) -> None:
    sync = follow(link, [heard(10.0 + 0.01 * i, 4.0 + 0.02 * i) for i in range(5)])
    jumps = sync.clock.jumps
    link.blocks.append(heard(10.05, 4.1))  # goes on through a loop: the beats do too
    sync.poll(10.05)
    assert sync.clock.jumps == jumps
    link.blocks.append(heard(10.06, 17.0, generation=2))
    sync.poll(10.06)
    assert sync.clock.jumps > jumps and sync.clock.running
    assert sync.clock.landing == pytest.approx(17.0, abs=1e-3)


def test_stop_holds_and_the_line_goes_on_for_what_is_played_by_hand(link: FakeLink) -> None:
    sync = follow(link, [heard(10.0, 4.0), heard(10.01, 4.02, generation=2, playing=False)])
    assert not sync.clock.running
    assert sync.clock.beat_at(12.0) == pytest.approx(4.02)
    assert sync.place(10.51) - sync.place(10.01) == pytest.approx(1.0)
    assert "Play" in sync.health().message


def test_where_the_host_stands_is_known_before_it_starts(link: FakeLink) -> None:
    sync = follow(link, [heard(10.0, 4.0, playing=False)])
    jumps = sync.clock.jumps
    follow_on = heard(10.01, 4.0, playing=False)
    link.blocks.append(follow_on)
    sync.poll(10.01)
    assert sync.clock.jumps == jumps and sync.clock.landing == 4.0
    link.blocks.append(heard(10.02, 17.5, playing=False))
    sync.poll(10.02)
    assert sync.clock.landing == sync.clock.beat_at(11.0) == 17.5


def test_a_host_that_falls_silent_stops_the_music(link: FakeLink) -> None:
    sync = follow(link, [heard(10.0, 4.0)])
    sync.poll(10.3)
    assert sync.clock.running
    sync.poll(10.6)
    assert not sync.clock.running and not sync.health().locked


def test_tempo_ramps_are_followed_without_a_jump(link: FakeLink) -> None:
    beat, blocks = 0.0, []
    for i in range(200):
        bpm = 60.0 + 0.6 * i
        blocks.append(heard(10.0 + 0.01 * i, beat, bpm=bpm))
        beat += bpm / 60.0 * 0.01
    sync = follow(link, blocks)
    assert sync.clock.jumps == 1
    assert sync.clock.beat_at(10.0 + 0.01 * 199) == pytest.approx(beat, abs=1e-6)


def test_the_host_alone_starts_and_stops(link: FakeLink) -> None:
    with pytest.raises(InputError, match="workstation"):
        follow(link, []).check_playable()


def test_notes_to_the_plugin_need_its_beat() -> None:
    with pytest.raises(InputError, match="sync plugin; got sync internal"):
        LiveConfig(midi_out="plugin")
    assert LiveConfig(midi_out="plugin", sync="plugin").input == ""
