"""Latency of an output, found in what a microphone hears of clicks."""

import json

import numpy as np
import pytest
from servers.jack import until
from servers.steady_loop import join

from engine.cli import main
from engine.errors import AudioDeviceError
from engine.instrument.latency import CLICKS, click_times, find_latency
from engine.live.runtime import Runtime
from engine.settings import latencies
from engine.settings.latencies import keep_latency, measured_latency_s, shift_s
from engine.settings.run import LiveConfig

RATE = 48_000


def heard(delay_s, *, noise=0.001, attack_s=0.0, rate=RATE, jitter_s=0.0, hum=0.0):
    """Return a recording that begins at 100 s, and the times of its clicks."""
    random = np.random.default_rng(7)
    clicks = click_times(101.0, CLICKS)
    time_s = np.arange(int((clicks[-1] + 1.5 - 100.0) * rate)) / rate
    sound = noise * random.standard_normal(len(time_s)) + hum * np.sin(2 * np.pi * 50 * time_s)
    length = np.arange(int(0.2 * rate)) / rate
    room = np.exp(-length / 0.03) * random.standard_normal(len(length)) * 0.3
    tone = np.sin(2 * np.pi * 1500 * length) * np.exp(-length / 0.02)
    if attack_s:
        tone *= np.minimum(length / attack_s, 1.0)
    for click_s in clicks:
        late_s = delay_s + jitter_s * random.standard_normal()
        start = round((click_s + late_s - 100.0) * rate)
        sound[start : start + len(length)] += 0.3 * tone
        sound[start + 200 : start + 200 + len(length)] += 0.1 * room
    return sound.astype(np.float32), clicks


@pytest.mark.parametrize("rate", [44_100, 48_000])
@pytest.mark.parametrize("delay_s", [0.0, 0.003, 0.0123, 0.047, 0.18])
def test_the_delay_is_found_within_two_milliseconds(delay_s, rate):
    sound, clicks = heard(delay_s, rate=rate)
    found = find_latency(sound, rate, 100.0, clicks)
    assert found.seconds == pytest.approx(delay_s, abs=0.002)
    assert found.spread_s < 0.0005


@pytest.mark.parametrize("disturbed", [{"noise": 0.03}, {"hum": 0.2}, {"attack_s": 0.004}])
def test_noise_hum_and_a_soft_attack_do_not_move_it(disturbed):
    sound, clicks = heard(0.025, **disturbed)
    assert find_latency(sound, RATE, 100.0, clicks).seconds == pytest.approx(0.025, abs=0.002)


def test_what_is_not_heard_well_enough_is_no_measure():
    silence, clicks = heard(0.02)
    with pytest.raises(AudioDeviceError, match="not heard"):
        find_latency(np.zeros_like(silence), RATE, 100.0, clicks)
    loud, _ = heard(0.02, noise=1.0)
    with pytest.raises(AudioDeviceError, match="not heard|another delay"):
        find_latency(loud, RATE, 100.0, clicks)
    unsteady, _ = heard(0.05, jitter_s=0.008)
    with pytest.raises(AudioDeviceError, match="another delay"):
        find_latency(unsteady, RATE, 100.0, clicks)
    with pytest.raises(AudioDeviceError, match="too little"):
        find_latency(silence[:RATE], RATE, 100.0, clicks)


@pytest.fixture
def kept(tmp_path, monkeypatch):
    path = tmp_path / "stimmung" / "latencies.json"
    monkeypatch.setattr(latencies, "latencies_file", lambda: path)
    return path


def test_a_latency_is_kept_by_port_and_makes_the_notes_earlier(kept):
    assert measured_latency_s("A") is None and shift_s("A", None) == 0.0
    keep_latency("A", 0.0234)
    keep_latency("B", 0.1)
    assert shift_s("A", None) == pytest.approx(-0.0234)
    assert shift_s("A", 15.0) == pytest.approx(0.015)  # what is asked for comes first
    kept.write_text("{broken")
    assert shift_s("A", None) == 0.0


@pytest.mark.parametrize("latency_s", [0.004, 0.037, 0.15])
def test_the_command_measures_a_known_latency_and_keeps_it(latency_s, kept, capsys, monkeypatch):
    join(latency_s, monkeypatch.setattr)
    assert main(["calibrate", "--latency", "--midi-out", "built-in"]) == 0
    assert measured_latency_s("built-in (a loop)") == pytest.approx(latency_s, abs=0.001)
    assert (
        f"{1000 * measured_latency_s('built-in (a loop)'):.1f} ms ± 0." in capsys.readouterr().out
    )


@pytest.mark.proof
def test_it_is_measured_through_a_loop_and_used_from_then_on(jack, kept, capsys):
    """The instrument's output goes straight into the capture: what is left is its own latency."""
    from threading import Thread

    words = ["calibrate", "--latency", "--midi-out", "built-in", "--input", "system jack"]
    for _ in range(4):
        codes = []
        thread = Thread(target=lambda: codes.append(main([*words, "--clicks", "5"])))  # noqa: B023
        thread.start()
        ports = ("Stimmung instrument:out_0", "Stimmung audio:in_0")
        until(
            lambda: jack.run("jack_connect", *ports).returncode == 0,  # noqa: B023
            "both ends of the loop",
        )  # a client that is still starting refuses
        thread.join(60)
        said = capsys.readouterr()
        if codes == [0]:
            break
        # A machine too busy to play in time is told so, and nothing is kept.
        assert "each click comes with another delay" in said.err and not kept.exists()
    assert codes == [0], said.err
    ((port, seconds),) = json.loads(kept.read_text()).items()
    assert port.startswith("built-in (system") and 0.0 < seconds < 0.15
    assert f"{1000 * seconds:.1f} ms" in said.out
    assert shift_s(port, None) == pytest.approx(-seconds)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--latency", "--clicks", "2"], "--clicks"),
        (["--latency", "--midi-out", "none"], "none"),
        (["--latency", "--calm", "x.wav"], "--latency"),
        ([], "TITLE"),
    ],
)
def test_bad_requests_are_refused(arguments, words, capsys):
    assert main(["calibrate", *arguments]) == 2
    assert words in capsys.readouterr().err


@pytest.mark.parametrize(("asked_ms", "shift"), [(None, -0.02), (5.0, 0.005), (0.0, 0.0)])
def test_live_plays_so_much_earlier_unless_it_is_told(kept, asked_ms, shift):
    keep_latency("none", 0.02)
    config = LiveConfig(input="none", midi_out="none", latency_ms=asked_ms)
    with Runtime(config) as runtime:
        assert runtime.orders._sender.latency_s == pytest.approx(shift)
