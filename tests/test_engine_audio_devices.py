"""Choosing inputs by name, and what happens without PortAudio or devices."""

import io
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from engine.audio import capture, open_source
from engine.audio.capture_link import PACKET
from engine.audio.device_input import DeviceInput
from engine.audio.devices import AudioDevice, find_input, list_devices, match_device
from engine.audio.portaudio import query_devices
from engine.audio.ring import Ring
from engine.errors import AudioDeviceError, InputError


def device(name: str, host_api: str, index: int, *, default: bool = False) -> AudioDevice:
    return AudioDevice(name, host_api, 2, 48_000, index, default)


DEVICES = [
    device("Built-in Microphone", "MME", 0),
    device("Scarlett 2i2 USB", "MME", 1),
    device("Built-in Microphone", "Windows WASAPI", 5, default=True),
    device("Scarlett 2i2 USB", "Windows WASAPI", 6),
    device("Loopback", "Windows WASAPI", 7),
    device("Loopback 2", "Windows WASAPI", 8),
]


@pytest.mark.parametrize(
    ("name", "index"),
    [
        ("Scarlett 2i2 USB, MME", 1),
        ("scarlett wasapi", 6),
        ("MICROPHONE MME", 0),
        ("loopback 2", 8),
        ("Loopback", 7),
        (None, 5),
        ("", 5),
    ],
)
def test_inputs_are_found_by_words_in_order(name: str | None, index: int) -> None:
    assert match_device(name, DEVICES, "input").index == index


def test_ambiguous_names_list_what_fits() -> None:
    with pytest.raises(AudioDeviceError, match="ambiguous") as caught:
        match_device("scarlett", DEVICES, "input")
    assert "'Scarlett 2i2 USB, MME'; 'Scarlett 2i2 USB, Windows WASAPI'" in str(caught.value)
    assert "Microphone" not in str(caught.value)


@pytest.mark.parametrize("name", ["Babyface", "wasapi scarlett"])
def test_unknown_names_list_what_is_present(name: str) -> None:
    with pytest.raises(AudioDeviceError, match="no audio input") as caught:
        match_device(name, DEVICES, "input")
    assert all(device.label in str(caught.value) for device in DEVICES)
    assert caught.value.exit_code == 2


def test_first_input_serves_where_the_system_has_no_default() -> None:
    assert match_device(None, DEVICES[:2], "input").index == 0


def test_no_input_at_all_points_to_files() -> None:
    with pytest.raises(AudioDeviceError, match="play a file instead"):
        match_device(None, [], "input")


@pytest.fixture
def broken_sounddevice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a module found before sounddevice in every child process."""
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    return tmp_path / "sounddevice.py"


def test_missing_portaudio_names_the_cure(broken_sounddevice: Path) -> None:
    broken_sounddevice.write_text("raise OSError('PortAudio library not found')\n")
    for ask in (list_devices, find_input, lambda: DeviceInput().start(Ring(100, 16_000))):
        with pytest.raises(AudioDeviceError, match="apt install libportaudio2") as caught:
            ask()
        assert "\n" not in str(caught.value)


def test_portaudio_that_fails_to_start_is_reported(broken_sounddevice: Path) -> None:
    broken_sounddevice.write_text("raise OSError('Error initializing PortAudio: no memory')\n")
    with pytest.raises(AudioDeviceError, match="no memory"):
        list_devices()["input"]


def test_a_driver_crash_stays_in_the_capture_process(broken_sounddevice: Path) -> None:
    broken_sounddevice.write_text("import os; os.abort()\n")
    with pytest.raises(AudioDeviceError, match="failed while listing"):
        list_devices()["input"]
    with pytest.raises(AudioDeviceError, match="audio system failed"):
        DeviceInput("anything").start(Ring(100, 16_000))


def test_unknown_device_is_refused_at_start() -> None:
    source = open_source("no such microphone")
    with pytest.raises(AudioDeviceError), source:
        source.start(Ring(100, 16_000))
    assert not source.alive
    assert source.level == -120.0


@pytest.mark.parametrize(("first", "count"), [(0, None), (1, 0), (-1, 2)])
def test_channels_are_counted_from_one(first: int, count: int | None) -> None:
    with pytest.raises(InputError, match="counted from 1"):
        DeviceInput(first_channel=first, channels=count)


def test_an_output_on_windows_is_opened_by_its_quick_interface() -> None:
    names = {"MME": 0, "Windows WASAPI": 1}
    sd = SimpleNamespace(
        query_hostapis=lambda: [
            {"name": name, "default_input_device": -1, "default_output_device": number}
            for name, number in names.items()
        ],
        query_devices=lambda: [
            {
                "name": "Speakers",
                "hostapi": number,
                "max_input_channels": 0,
                "max_output_channels": 2,
                "default_samplerate": 48_000.0,
            }
            for number in names.values()
        ],
        default=SimpleNamespace(device=(-1, 0)),
    )
    found = match_device(None, query_devices(sd, "output"), "output")
    assert found.label == "Speakers, Windows WASAPI"
    assert query_devices(sd, "input") == []


def test_channels_of_a_device_that_cancel_are_heard() -> None:
    """What the capture process sends of a stereo cable with one channel of reversed polarity."""
    rate = 48_000
    left = (0.3 * np.sin(2 * np.pi * 330 * np.arange(rate) / rate)).astype(np.float32)
    rings = [Ring(2 * rate, rate) for _ in range(2)]
    callback = capture._Callback(rings, first_channel=1)
    times = SimpleNamespace(currentTime=5.0, inputBufferAdcTime=4.0)
    callback(np.stack([left, -left], 1), rate, times, None)
    turns = iter([False, True])
    stop = SimpleNamespace(wait=lambda _seconds: next(turns))
    pipe = io.BytesIO()
    capture._forward(pipe, SimpleNamespace(active=True), callback, rings, stop, None)
    data, sound = pipe.getvalue(), []
    while data:
        frames, flagged, dropped, _began_s = PACKET.unpack(data[: PACKET.size])
        assert (flagged, dropped) == (0, 0)
        sound.append(np.frombuffer(data[PACKET.size : PACKET.size + 4 * frames], "<f4"))
        data = data[PACKET.size + 4 * frames :]
    heard = np.concatenate(sound)
    assert len(heard) == rate
    # Never more than 7 dB weaker than the loudest channel, see `Downmix`.
    least = 0.3 / np.sqrt(2) * 10 ** (-7 / 20)
    assert np.sqrt(np.mean(heard[rate // 2 :] ** 2)) == pytest.approx(least, rel=0.01)
