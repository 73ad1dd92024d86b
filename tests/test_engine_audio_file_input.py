"""Audio files: every format, damaged ones, offline and in real time."""

import os
import threading
from pathlib import Path

import numpy as np
import pytest
import soundfile

from engine.audio import open_source
from engine.audio.device_input import DeviceInput
from engine.audio.file_input import AudioFile, FileInput, mono_blocks
from engine.audio.ring import Ring
from engine.errors import AudioFileError

FORMATS = [
    ("wav", "PCM_16"),
    ("wav", "PCM_24"),
    ("wav", "FLOAT"),
    ("flac", "PCM_16"),
    ("ogg", "VORBIS"),
    ("ogg", "OPUS"),
    ("mp3", "MPEG_LAYER_III"),
    ("aiff", "PCM_16"),
]


def sound(rate: int, seconds: float, channels: int = 1) -> np.ndarray:
    t = np.arange(int(rate * seconds)) / rate
    mono = 0.4 * np.sin(2 * np.pi * 330 * t) + 0.05 * np.random.default_rng(2).normal(size=t.size)
    return np.tile(mono[:, None], (1, channels)).astype(np.float32)


def written(path: Path, seconds: float = 2.0, rate: int = 48_000, **options: str) -> Path:
    soundfile.write(path, sound(rate, seconds, 2), rate, **options)
    return path


class FakeTime:
    """A clock that moves only when somebody waits."""

    def __init__(self) -> None:
        self.now_s = 100.0
        self.waits = 0

    def now(self) -> float:
        return self.now_s

    def wait(self, seconds: float) -> None:
        self.now_s += seconds
        self.waits += 1


def played(source: FileInput, ring: Ring) -> np.ndarray:
    finished = threading.Event()
    with source:
        source.start(ring)
        while not source.ended:
            finished.wait(0.002)
    return ring.read(ring.capacity)


@pytest.mark.parametrize(("suffix", "subtype"), FORMATS)
def test_formats_decode_to_the_same_sound(tmp_path: Path, suffix: str, subtype: str) -> None:
    path = written(tmp_path / f"sound.{suffix}", subtype=subtype)
    out = np.concatenate(list(mono_blocks(path, 16_000)))
    assert abs(len(out) - 32_000) < 1_700  # mp3 and opus pad
    assert np.sqrt(np.mean(out[8_000:24_000] ** 2)) == pytest.approx(0.285, abs=0.02)


def test_files_are_streamed_in_blocks(tmp_path: Path) -> None:
    path = written(tmp_path / "sound.wav", subtype="FLOAT")
    with AudioFile(path) as file:
        blocks = [file.read(1_000) for _ in range(96)]
        assert len(file.read(1_000)) == 0
    assert [len(block) for block in blocks] == [1_000] * 96
    np.testing.assert_array_equal(np.concatenate(blocks), sound(48_000, 2.0, 2))


def test_block_size_does_not_change_what_is_heard(tmp_path: Path) -> None:
    path = written(tmp_path / "sound.flac", rate=44_100)
    small = np.concatenate(list(mono_blocks(path, 16_000, 317)))
    large = np.concatenate(list(mono_blocks(path, 16_000)))
    np.testing.assert_allclose(small, large, atol=1e-6)


def test_played_live_is_the_same_as_offline(tmp_path: Path) -> None:
    path = written(tmp_path / "sound.wav", rate=44_100)
    time = FakeTime()
    live = played(FileInput(path, now=time.now, wait=time.wait), Ring(64_000, 16_000))
    offline = np.concatenate(list(mono_blocks(path, 16_000)))
    np.testing.assert_allclose(live, offline, atol=1e-6)


def test_playing_takes_as_long_as_the_music(tmp_path: Path) -> None:
    path = written(tmp_path / "sound.wav")
    time = FakeTime()
    played(FileInput(path, now=time.now, wait=time.wait), Ring(64_000, 16_000))
    assert time.now_s - 100.0 == pytest.approx(2.0, abs=1e-6)
    assert time.waits == 100


def test_small_delays_are_caught_up_and_long_ones_are_not(tmp_path: Path) -> None:
    path = written(tmp_path / "sound.wav")
    time = FakeTime()

    def wait(seconds: float) -> None:
        time.wait(seconds)
        time.now_s += {20: 0.1, 50: 60.0}.get(time.waits, 0.0)

    played(FileInput(path, now=time.now, wait=wait), Ring(64_000, 16_000))
    assert time.now_s - 100.0 == pytest.approx(62.0, abs=0.03)


def test_a_loop_goes_on_without_a_gap(tmp_path: Path) -> None:
    path = written(tmp_path / "sound.wav", seconds=0.5)
    time, ring = FakeTime(), Ring(40_000, 16_000)
    reached = threading.Event()

    def wait(seconds: float) -> None:
        time.wait(seconds)
        if ring.frames_written > 20_000:
            reached.set()
            threading.Event().wait(0.001)

    with FileInput(path, loop=True, now=time.now, wait=wait) as source:
        source.start(ring)
        assert reached.wait(10)
        assert source.alive
    heard = ring.read(20_000)
    np.testing.assert_allclose(heard[1_000:7_000], heard[9_000:15_000], atol=1e-4)


def test_real_clock_and_stop(tmp_path: Path) -> None:
    ring = Ring(16_000, 16_000)
    with FileInput(written(tmp_path / "long.wav", seconds=30.0)) as source:
        assert not source.alive
        source.start(ring)
        pause = threading.Event()
        while ring.available < 1_600:
            pause.wait(0.005)
        assert source.alive
        assert source.level > -20.0
        source.stop()
    assert source.ended
    assert not source.alive
    assert ring.frames_written < 16_000
    with pytest.raises(AudioFileError, match="already being played"):
        source.start(ring)


def test_a_full_ring_is_counted_not_waited_for(tmp_path: Path) -> None:
    time = FakeTime()
    source = FileInput(written(tmp_path / "sound.wav"), now=time.now, wait=time.wait)
    assert played(source, Ring(1_000, 16_000)).size == 1_000
    assert source.overruns > 50


@pytest.mark.parametrize("suffix", ["wav", "flac", "ogg", "mp3"])
def test_truncated_files_play_up_to_the_damage(tmp_path: Path, suffix: str) -> None:
    whole = written(tmp_path / f"whole.{suffix}", seconds=6.0).read_bytes()
    path = tmp_path / f"torn.{suffix}"
    path.write_bytes(whole[: len(whole) // 2])
    out = np.concatenate(list(mono_blocks(path, 16_000)))
    assert 16_000 < out.size < 72_000
    assert np.isfinite(out).all()


@pytest.mark.parametrize("suffix", ["wav", "flac", "ogg", "mp3"])
def test_damage_in_the_middle_is_survived(tmp_path: Path, suffix: str) -> None:
    path = written(tmp_path / f"sound.{suffix}", seconds=6.0)
    data = bytearray(path.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 4_000] = os.urandom(4_000)
    path.write_bytes(data)
    time = FakeTime()
    out = played(FileInput(path, now=time.now, wait=time.wait), Ring(200_000, 16_000))
    assert out.size > 16_000
    assert np.isfinite(out).all()


def rubbish(path: Path) -> Path:
    path.write_bytes(np.random.default_rng(0).bytes(5_000))
    return path


def test_unusable_files_are_named_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "empty.wav").touch()
    soundfile.write(tmp_path / "silent.wav", np.zeros((0, 1), np.float32), 48_000)
    whole = written(tmp_path / "whole.wav").read_bytes()
    (tmp_path / "header.wav").write_bytes(whole[:44])
    (tmp_path / "half.wav").write_bytes(whole[:20])
    (tmp_path / "text.mp3").write_text("this is not music\n" * 50)
    os.mkfifo(tmp_path / "pipe.wav")
    cases = {
        tmp_path / "missing.wav": "not found",
        tmp_path: "folder",
        tmp_path / "empty.wav": "is empty",
        tmp_path / "silent.wav": "holds no audio",
        tmp_path / "header.wav": "no audio",
        tmp_path / "half.wav": "cannot decode",
        tmp_path / "text.mp3": "cannot decode",
        rubbish(tmp_path / "noise.ogg"): "cannot decode",
        rubbish(tmp_path / "noise.flac"): "cannot decode",
        tmp_path / "pipe.wav": "not an audio file",
        tmp_path / "nul\0.wav": "cannot read",
        tmp_path / ("x" * 300 + ".wav"): "cannot read",
    }
    for path, words in cases.items():
        with pytest.raises(AudioFileError, match=words) as caught:
            list(mono_blocks(path, 48_000))
        assert "\n" not in str(caught.value)


def test_absurd_rates_and_channel_counts_are_refused(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "slow.wav", sound(48_000, 0.1), 10)
    with pytest.raises(AudioFileError, match="claims 10 Hz"):
        AudioFile(tmp_path / "slow.wav")
    soundfile.write(tmp_path / "wide.wav", np.zeros((100, 300), np.float32), 48_000)
    with pytest.raises(AudioFileError, match="300 channels"):
        AudioFile(tmp_path / "wide.wav")


def test_input_names_files_or_devices(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = written(tmp_path / "song.wav")
    with open_source(str(path)) as source:
        assert isinstance(source, FileInput)
        assert source.name == "song.wav"
    with pytest.raises(AudioFileError, match="not found"):
        open_source(str(tmp_path / "song.mp3"))
    assert isinstance(open_source("Scarlett 2i2"), DeviceInput)
    assert isinstance(open_source(None), DeviceInput)
    (tmp_path / "system").mkdir()
    monkeypatch.chdir(tmp_path)
    assert isinstance(open_source("system"), DeviceInput)
    with pytest.raises(AudioFileError, match="folder"):
        open_source("./system")
    assert isinstance(open_source("x" * 300), DeviceInput)
