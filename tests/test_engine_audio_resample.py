"""Any rate, any channel count and any chunking give the same mono audio."""

import numpy as np
import pytest

from engine.audio.resample import Downmix, MonoFeed, StreamResampler
from engine.errors import InputError

RATES = [8_000, 22_050, 44_100, 48_000, 96_000, 192_000]


def tone(rate: int, seconds: float, hz: float = 440.0) -> np.ndarray:
    return np.sin(2 * np.pi * hz * np.arange(int(rate * seconds)) / rate).astype(np.float32)


def in_chunks(feed: MonoFeed, block: np.ndarray, rate: int, sizes: list[int]) -> np.ndarray:
    pieces, start, turn = [], 0, 0
    while start < len(block):
        size = sizes[turn % len(sizes)]
        pieces.append(feed.push(block[start : start + size], rate))
        start, turn = start + size, turn + 1
    return np.concatenate([*pieces, feed.flush()])


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("sizes", [[1], [64], [441, 7, 1024], [48_000]])
def test_chunking_does_not_matter(rate: int, sizes: list[int]) -> None:
    length = 0.02 if sizes == [1] else 0.7
    noise = np.random.default_rng(5).normal(0, 0.2, int(rate * length)).astype(np.float32)
    whole = in_chunks(MonoFeed(16_000), noise, rate, [len(noise)])
    chunked = in_chunks(MonoFeed(16_000), noise, rate, sizes)
    np.testing.assert_allclose(chunked, whole, atol=1e-6)


@pytest.mark.parametrize("rate", RATES)
def test_a_tone_keeps_pitch_level_and_length(rate: int) -> None:
    out = in_chunks(MonoFeed(16_000), tone(rate, 1.0), rate, [480])
    assert abs(len(out) - 16_000) <= 2
    middle = out[4_000:12_000]
    expected = tone(16_000, 1.0)[4_000:12_000]
    np.testing.assert_allclose(middle, expected, atol=2e-3)


def test_what_lies_above_the_new_nyquist_is_removed() -> None:
    out = in_chunks(MonoFeed(16_000), tone(48_000, 1.0, hz=10_000.0), 48_000, [512])
    assert np.abs(out[2_000:-2_000]).max() < 1e-4


def test_equal_rates_pass_samples_through() -> None:
    noise = np.random.default_rng(1).normal(size=999).astype(np.float32)
    np.testing.assert_array_equal(StreamResampler(16_000, 16_000).push(noise), noise)


def test_flush_starts_afresh() -> None:
    resampler = StreamResampler(44_100, 16_000)
    sound = tone(44_100, 0.3)
    first = np.concatenate([resampler.push(sound), resampler.flush()])
    second = np.concatenate([resampler.push(sound), resampler.flush()])
    np.testing.assert_array_equal(first, second)


def test_delay_is_a_few_milliseconds() -> None:
    resampler = StreamResampler(48_000, 16_000)
    produced = sum(resampler.push(np.zeros(480, np.float32)).size for _ in range(100))
    assert 16_000 - produced < 16_000 * 0.03


def test_rate_may_change_on_the_way() -> None:
    feed = MonoFeed(16_000)
    parts = [feed.push(tone(48_000, 0.5), 48_000), feed.push(tone(44_100, 0.5), 44_100)]
    assert abs(sum(map(len, parts)) + feed.flush().size - 16_000) <= 3


@pytest.mark.parametrize("channels", [1, 2, 6, 32])
def test_channels_are_averaged(channels: int) -> None:
    block = np.tile(np.arange(1, channels + 1, dtype=np.float32), (5, 1))
    mono = Downmix(channels, 48_000).push(block)
    assert mono.dtype == np.float32
    np.testing.assert_allclose(mono, np.full(5, (channels + 1) / 2), rtol=1e-6)


def rms(sound: np.ndarray) -> float:
    return float(np.sqrt(np.mean(np.square(sound, dtype=np.float64))))


def test_channels_that_cancel_are_heard() -> None:
    sound = 0.3 * tone(48_000, 2.0)
    swapped = np.stack([sound, -sound], 1)
    quieter = np.stack([-0.5 * sound, sound], 1)
    for block in (swapped, quieter, np.flip(quieter, 1)):
        mono = Downmix(2, 48_000).push(block)
        assert rms(mono[9_600:]) == pytest.approx(0.447 * rms(sound), rel=0.01)
        assert np.abs(np.diff(mono)).max() < 0.02  # no click where it changes over


@pytest.mark.parametrize("channels", [4, 6, 8, 32])
def test_the_only_channel_that_sounds_is_nearly_as_loud_as_in_stereo(channels: int) -> None:
    sound = 0.3 * tone(48_000, 2.0)
    for only in (0, 3, channels - 1):
        block = np.zeros((len(sound), channels), np.float32)
        block[:, only] = sound
        mono = Downmix(channels, 48_000).push(block)
        assert rms(mono[9_600:]) == pytest.approx(0.447 * rms(sound), rel=0.01)


def test_the_level_follows_the_correlation_of_channels_without_a_jump() -> None:
    """A reverb that grows wider: from one signal on both channels to its reverse on the second."""
    rate = 48_000
    rng = np.random.default_rng(8)
    common, side = rng.normal(0, 0.1, (2, 12 * rate)).astype(np.float32)
    angle = np.linspace(0.0, np.pi / 2.0, 12 * rate).astype(np.float32)
    block = np.stack(
        [
            common * np.cos(angle) + side * np.sin(angle),
            common * np.cos(angle) - side * np.sin(angle),
        ],
        1,
    )
    mono = Downmix(2, rate).push(block)
    levels = [20 * np.log10(rms(mono[at : at + 4_800])) for at in range(0, len(mono), 4_800)]
    assert np.abs(np.diff(levels)).max() < 1.0
    assert levels[0] - 8.0 < min(levels) <= levels[-1] < levels[0]


def test_ordinary_stereo_stays_the_mean() -> None:
    rng = np.random.default_rng(3)
    left, right = rng.normal(0, 0.1, (2, 48_000)).astype(np.float32)
    hard_left = np.stack([left, np.zeros_like(left)], 1)
    for block in (np.stack([left, right], 1), hard_left):
        np.testing.assert_allclose(Downmix(2, 48_000).push(block), block.mean(1), atol=1e-7)


def test_a_cable_that_is_swapped_for_a_while_is_heard_throughout_in_any_chunking() -> None:
    left = 0.3 * tone(44_100, 6.0)
    sign = np.where((np.arange(len(left)) // 44_100) % 6 // 2 == 1, -1.0, 1.0).astype(np.float32)
    block = np.stack([left, left * sign], 1)
    whole = in_chunks(MonoFeed(16_000), block, 44_100, [len(block)])
    chunked = in_chunks(MonoFeed(16_000), block, 44_100, [441, 7, 1024])
    np.testing.assert_allclose(chunked, whole, atol=1e-6)
    quiet = [rms(whole[at : at + 1_600]) < 0.08 for at in range(0, len(whole) - 1_600, 1_600)]
    assert sum(quiet) <= 6  # half a second after the change, at most


def test_bad_samples_become_silence_and_poison_nothing() -> None:
    sound = tone(48_000, 1.0)
    bad = sound.copy()
    bad[10_000:10_003] = [np.nan, np.inf, -np.inf]
    bad[20_000] = 1e30
    out = in_chunks(MonoFeed(16_000), bad, 48_000, [512])
    assert np.isfinite(out).all()
    clean = in_chunks(MonoFeed(16_000), sound, 48_000, [512])
    np.testing.assert_allclose(out[-4_000:], clean[-4_000:], atol=1e-6)


@pytest.mark.parametrize("rate", [0, -48_000, 999, 10_000_000])
def test_impossible_rates_are_refused(rate: int) -> None:
    with pytest.raises(InputError, match="sample rate must be"):
        StreamResampler(rate, 16_000)
