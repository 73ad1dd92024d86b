"""The VST3 in hosts that are not ours: minihost and pedalboard, both on JUCE."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from plugin_host.built import plugin_folder
from plugin_host.pattern import PatternEngine, nearest
from servers.needs import missing

pytestmark = pytest.mark.note_ends


def hosts(name: str) -> Any:
    try:
        return __import__(name)
    except ImportError:
        missing(name)


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[PatternEngine]:
    monkeypatch.setenv("STIMMUNG_PLUGIN_FILE", str(tmp_path / "plugin.txt"))
    with PatternEngine() as running:
        yield running


def load(rate: int, block: int) -> Any:
    path = str(plugin_folder() / "stimmung.vst3")
    plugin = hosts("minihost").Plugin(
        path, sample_rate=rate, max_block_size=block, in_channels=2, out_channels=2
    )
    silence = np.zeros((2, block), np.float32)
    until = time.monotonic() + 20
    while plugin.get_param_by_name("Connected") < 0.5:
        assert time.monotonic() < until, "the plug-in does not find the engine"
        plugin.process(silence, silence.copy())
        time.sleep(block / rate)
    return plugin


@pytest.mark.parametrize(
    ("rate", "block", "bpm", "metre", "loop_blocks"),
    [
        pytest.param(48000, 256, 120.0, (4, 4), 0, marks=pytest.mark.proof),
        pytest.param(44100, 1024, 97.31, (3, 16), 0, marks=pytest.mark.proof),
        (96000, 480, 171.13, (7, 8), 0),
        (48000, 240, 120.0, (6, 8), 200),
    ],
    ids=["4/4", "3/16", "7/8", "loop"],
)
def test_every_note_is_on_its_frame_and_ends(
    engine: PatternEngine,
    rate: int,
    block: int,
    bpm: float,
    metre: tuple[int, int],
    loop_blocks: int,
) -> None:
    plugin = load(rate, block)
    per_beat = rate * 60.0 / bpm
    noise = np.random.default_rng(1).standard_normal((2, block)).astype(np.float32) * 0.1
    off, sounding, began, changed = [], set(), time.perf_counter(), False
    blocks = int(3 * rate / block)
    for index in range(blocks + 2):
        position = (index % loop_blocks if loop_blocks else index) * block
        out = np.zeros_like(noise)
        plugin.set_transport(
            bpm, *metre, position_samples=position, position_beats=position / per_beat,
            is_playing=index < blocks,
        )  # fmt: skip
        for frame, status, pitch, velocity in plugin.process_midi(noise, out, []):
            if status & 0xF0 == 0x90 and velocity:
                beat = (position + frame) / per_beat
                off.append(round((beat - nearest(beat)) * per_beat))
                assert pitch not in sounding
                sounding.add(pitch)
            elif status & 0xE0 == 0x80:
                sounding.remove(pitch)
        changed |= not np.array_equal(noise, out)
        time.sleep(max(0.0, (index + 1) * block / rate - (time.perf_counter() - began)))
    time.sleep(0.2)
    leader = engine.link.leader
    assert leader is not None and leader.block is not None
    print(f"{len(off)} notes, off {sorted(set(off))} frames, late {leader.block.late}")
    assert len(off) >= 10 and not sounding and not changed
    assert sum(map(bool, off)) <= leader.block.late and off.count(0) >= 3
    assert plugin.produces_midi and plugin.latency_samples == 0
    plugin.close()


def test_a_project_keeps_the_parameters(engine: PatternEngine) -> None:
    plugin = load(48000, 256)
    plugin.set_param_by_name("Valence", 0.75)  # normalised
    kept = plugin.get_state()
    plugin.close()
    again = load(48000, 256)
    assert again.get_param_by_name("Valence") == 0.5
    again.set_state(kept)
    assert again.get_param_by_name("Valence") == pytest.approx(0.75)
    again.close()


def test_pedalboard_loads_it_and_the_sound_passes(engine: PatternEngine) -> None:
    plugin = hosts("pedalboard").load_plugin(str(plugin_folder() / "stimmung.vst3"))
    assert {"valence", "arousal", "mode", "part"} <= set(plugin.parameters)
    plugin.mode = "manual"
    plugin.valence = 0.5
    noise = np.random.default_rng(0).standard_normal((2, 4800)).astype(np.float32) * 0.1
    assert np.array_equal(plugin(noise, 48000, reset=False), noise)
    assert plugin.mode == "manual" and plugin.valence == pytest.approx(0.5, abs=0.01)
