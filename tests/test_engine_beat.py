"""Beats from sound: front end, filter, bars, decoder, the command."""

import numpy as np
import pytest

from engine.beat.bars import BarFilter
from engine.beat.decoder import BeatDecoder, DecoderConfig, Heard
from engine.beat.filter import STEP_RATE, PulseFilter
from engine.beat.frontend import FRAME_RATE, HOP_LENGTH, N_FEATURES, SAMPLE_RATE, FrontEnd
from engine.beat.tracker import BeatTracker
from engine.bench.beats import beat_f
from engine.bench.drummer import make_drummer
from engine.cli import main

TEMPI = 40.0 * 2.0 ** (np.arange(52) / 20)
NO_OPINION = np.zeros(52, np.float32)


def clicks(bpm: float, seconds: float, first_s: float = 0.5) -> np.ndarray:
    """Return decaying noise bursts on every beat, the first of four louder."""
    rng = np.random.default_rng(4)
    pcm = np.zeros(round(seconds * SAMPLE_RATE), np.float32)
    burst = (rng.normal(0, 0.3, 2000) * np.exp(-np.arange(2000) / 300)).astype(np.float32)
    for i, at in enumerate(np.arange(first_s, seconds - 0.2, 60 / bpm)):
        start = round(at * SAMPLE_RATE)
        pcm[start : start + 2000] += burst * (1.0 if i % 4 == 0 else 0.6)
    return pcm


def hear(decoder: BeatDecoder, beats_s: np.ndarray, begin: int, end: int, sound: bool = True):
    """Feed frames in which beats sound, every fourth a downbeat; return what is announced."""
    found = []
    for frame in range(begin, end):
        near = np.abs(beats_s * FRAME_RATE - frame)
        beat = float(np.exp(-0.5 * near.min() ** 2)) if sound else 0.0
        down = 0.9 if near.argmin() % 4 == 0 else 0.1
        found += decoder.push(Heard(0.95 * beat + 0.01, down, NO_OPINION, sound))
    return found


def test_blocks_of_any_size_give_the_same_features():
    pcm = clicks(120, 3.0)
    whole, powers = FrontEnd().push(pcm)
    front, parts = FrontEnd(), []
    rng = np.random.default_rng(0)
    start = 0
    while start < len(pcm):
        size = int(rng.integers(1, 3000))
        parts.append(front.push(pcm[start : start + size])[0])
        start += size
    streamed = np.concatenate(parts)
    assert whole.shape == (len(powers), N_FEATURES)
    assert abs(len(whole) - len(pcm) / HOP_LENGTH) < 2
    np.testing.assert_allclose(streamed, whole, atol=1e-5)


def test_level_hardly_matters_and_broken_samples_are_silence():
    pcm = clicks(120, 12.0)
    loud, _ = FrontEnd().push(pcm)
    soft, _ = FrontEnd().push(0.1 * pcm)
    assert np.abs(loud[400:] - soft[400:]).mean() < 0.02
    broken = pcm.copy()
    broken[1000:1010] = np.nan
    broken[2000] = np.inf
    assert np.isfinite(FrontEnd().push(broken)[0]).all()


@pytest.mark.parametrize("bpm", [60, 97, 140, 200])
def test_the_filter_finds_tempo_and_phase(bpm):
    pulse = PulseFilter()
    period = 60.0 * STEP_RATE / bpm
    for step in range(1000):
        off = (step + period / 2) % period - period / 2
        pulse.step(0.95 if abs(off) < 1.0 else 0.01)
    found = pulse.read()
    assert found.period_s == pytest.approx(60 / bpm, rel=0.02)
    # The state space says "beat" over the first sixteenth of a beat.
    off = (found.phase - (999 % period) / period + 0.5) % 1 - 0.5
    assert abs(off) < 0.12


def test_the_filter_stays_within_the_allowed_tempi():
    pulse = PulseFilter()
    pulse.allow(60 / 90, 60 / 60)
    for step in range(1200):
        pulse.step(0.95 if step % 40 == 0 else 0.01)  # 150 BPM
    assert 0.65 <= pulse.read().period_s <= 1.01


@pytest.mark.parametrize("metre", [3, 4, 5, 7])
def test_bars_are_counted(metre):
    bar = BarFilter()
    for beat in range(16 * metre):
        bar.step()
        bar.hear(0.9 if beat % metre == 2 else 0.1)
    numbers = []
    for _ in range(metre):
        bar.step()
        numbers.append(bar.read()[0])
    assert bar.read()[1] == metre
    assert numbers == [(i - 2) % metre + 1 for i in range(metre)]


def test_a_fixed_metre_and_a_one_of_the_player_win():
    bar = BarFilter()
    bar.fix_metre(3)
    bar.set_one()
    assert bar.read()[:2] == (1, 3)
    for _ in range(3):
        bar.step()
    assert bar.read()[:2] == (1, 3)


def test_beats_are_announced_before_they_sound_and_in_time():
    decoder = BeatDecoder(TEMPI, 0.032, DecoderConfig(late_s=0.0))
    truth = np.arange(0.4, 40, 0.5)
    found = hear(decoder, truth, 0, 2000)
    late = [beat for beat in found if beat.time_s > 5]
    errors = [np.abs(truth - beat.time_s).min() for beat in late]
    assert len(late) == pytest.approx(70, abs=2)
    assert max(errors) < 0.04
    assert all(beat.heard_s < beat.time_s for beat in late)
    assert {beat.state for beat in late} == {"locked"}
    last = late[-4:]
    assert [b.number for b in last] in [[1, 2, 3, 4], [2, 3, 4, 1], [3, 4, 1, 2], [4, 1, 2, 3]]
    one = next(beat for beat in last if beat.number == 1)
    assert np.abs(truth - one.time_s).argmin() % 4 == 0


def test_a_break_is_held_for_eight_bars_and_then_given_up():
    decoder = BeatDecoder(TEMPI, 0.032, DecoderConfig(late_s=0.0))
    truth = np.arange(0.4, 100, 0.5)
    hear(decoder, truth, 0, 1000)
    held = hear(decoder, truth, 1000, 1750, sound=False)  # 15 s, 30 beats
    assert {beat.state for beat in held[2:]} == {"holding"}
    assert max(np.abs(truth - beat.time_s).min() for beat in held) < 0.08
    hear(decoder, truth, 1750, 2000, sound=False)
    assert decoder.state == "searching"


def test_a_new_tempo_is_found():
    decoder = BeatDecoder(TEMPI, 0.032, DecoderConfig(late_s=0.0))
    hear(decoder, np.arange(0.4, 20, 0.5), 0, 1000)
    truth = np.arange(20.3, 60, 0.4)
    found = hear(decoder, truth, 1000, 2000)
    settled = [beat for beat in found if beat.time_s > 24.3]
    assert max(np.abs(truth - beat.time_s).min() for beat in settled) < 0.05


def test_hints_win():
    decoder = BeatDecoder(TEMPI, 0.032, DecoderConfig(late_s=0.0))
    truth = np.arange(0.4, 60, 0.5)
    hear(decoder, truth, 0, 1000)
    decoder.scale(0.5)
    slow = hear(decoder, truth, 1000, 2000)
    assert np.median(np.diff([beat.time_s for beat in slow])) == pytest.approx(1.0, abs=0.03)
    assert decoder.tempo_bpm == pytest.approx(60, abs=2)
    decoder.set_one(decoder.line[0])
    assert decoder.bar[0] == 1


@pytest.mark.parametrize("bpm", [90.0, 126.0])
def test_clicks_are_followed(bpm):
    tracker = BeatTracker()
    found = tracker.push(clicks(bpm, 20.0))
    late = np.array([beat.time_s for beat in found if 8 < beat.time_s < 19])
    step = float(np.median(np.diff(late)))
    assert min(abs(step * bpm / 60 - level) for level in (0.5, 1, 2)) < 0.05
    grid = np.arange(0.5, 20, 30 / bpm)
    assert np.median(np.abs(grid[None, :] - late[:, None]).min(1)) < 0.04


@pytest.mark.parametrize(
    "pcm",
    [
        np.zeros(10 * SAMPLE_RATE, np.float32),
        np.random.default_rng(1).normal(0, 0.3, 10 * SAMPLE_RATE).astype(np.float32),
        np.full(10 * SAMPLE_RATE, np.nan, np.float32),
        clicks(300, 10.0),
        clicks(97, 10.0) + clicks(131, 10.0),
    ],
    ids=["silence", "noise", "nan", "300 BPM", "two songs"],
)
def test_nothing_breaks_the_order_of_beats(pcm):
    beats = BeatTracker().push(pcm)
    times = [beat.time_s for beat in beats]
    assert all(b > a for a, b in zip(times, times[1:], strict=False))
    assert all(np.isfinite(beat.time_s) and 1 <= beat.number <= beat.metre for beat in beats)
    if not np.nan_to_num(pcm).any():
        assert beats == []


def test_the_command_writes_a_file_beside_each(tmp_path):
    import soundfile

    soundfile.write(tmp_path / "song.wav", clicks(120, 8.0), SAMPLE_RATE)
    assert main(["beats", str(tmp_path / "song.wav"), "-o", str(tmp_path)]) == 0
    rows = [line.split("\t") for line in (tmp_path / "song.beats").read_text().splitlines()]
    assert len(rows) > 5
    assert all(len(row) == 3 and int(row[1]) >= 1 for row in rows)
    expected = [
        f"{beat.time_s:.3f}"
        for beat in BeatTracker().push(soundfile.read(tmp_path / "song.wav", dtype="float32")[0])
    ]
    assert [row[0] for row in rows] == expected


@pytest.mark.parametrize("output", ["missing", "song.wav"])
def test_the_command_refuses_a_bad_folder(tmp_path, capsys, output):
    import soundfile

    soundfile.write(tmp_path / "song.wav", clicks(120, 1.0), SAMPLE_RATE)
    assert main(["beats", str(tmp_path / "song.wav"), "-o", str(tmp_path / output)]) == 2
    assert str(tmp_path / output) in capsys.readouterr().err


def test_a_made_drummer_is_heard():
    pcm, beats = make_drummer(25.0, SAMPLE_RATE, seed=3, tempo_bpm=112.0)
    found = np.array([beat.time_s for beat in BeatTracker().push(pcm)])
    assert beat_f(beats[:, 0], found) > 0.8


def test_the_f_measure_counts_each_beat_once():
    truth = np.arange(5.0, 15.0, 0.5)
    assert beat_f(truth, truth + 0.05) == 1.0
    assert beat_f(truth, np.sort(np.concatenate((truth, truth + 0.02)))) == pytest.approx(2 / 3)
    assert beat_f(truth, truth + 0.2) == 0.0


def test_what_a_player_said_holds_until_the_beat_is_lost():
    decoder = BeatDecoder(TEMPI, 0.032, DecoderConfig(late_s=0.0))
    truth = np.arange(0.4, 200, 0.5)
    hear(decoder, truth, 0, 500)
    decoder.place(truth[20], 1.0)
    hear(decoder, truth, 500, 1000)
    assert decoder.tempo_bpm == pytest.approx(60, rel=0.05)
    hear(decoder, truth, 1000, 1000 + 50 * 40, sound=False)
    assert decoder.state == "searching"
    quick = np.arange(61.0, 100, 0.4)
    hear(decoder, quick, 3000, 4000)
    assert decoder.tempo_bpm == pytest.approx(150, rel=0.05)
