"""The beat that is heard, as a source of time; everything in simulated time."""

from collections.abc import Callable, Iterable

import numpy as np
import pytest

from engine.beat.frontend import HOP_LENGTH, N_BANDS, SAMPLE_RATE
from engine.beat.tracker import BeatTracker
from engine.errors import InputError
from engine.sync.audio import AudioSync
from engine.sync.leader import ClockLeader

BLOCK_S = HOP_LENGTH / SAMPLE_RATE
START_S = 1000.0  # of the player's clock


class ClickModel:
    """Takes every sudden sound for a beat, a bright one for a downbeat."""

    tempi_bpm = 40.0 * 2.0 ** (np.arange(52) / 20)
    late_s = 0.025

    def start(self):
        return None

    def step(self, features, states):
        rises = features[:, N_BANDS:].mean(1)
        beat = np.where(rises > 0.05, 0.95, 0.01)
        dark = features[:, 40:60].mean(1) > features[:, 110:130].mean(1)
        return beat, np.where(dark, 0.05, 0.95), np.zeros((len(features), 52), np.float32), None


class Room:
    """People who play on beats, the engine that listens, and its answer in the room."""

    def __init__(self, beats_s: Iterable[float], seconds: float, metre: int = 4) -> None:
        self.sync = AudioSync(100.0, 4, make_tracker=lambda: BeatTracker(ClickModel()))
        self.sync.open()
        self.sync.begin(START_S)
        self.pcm = np.zeros(round((seconds + 1) * SAMPLE_RATE), np.float32)
        for i, at_s in enumerate(beats_s):
            self.add(at_s, 1.0, bright=i % metre == 0)
        self.now_s = START_S

    def add(self, at_s: float, level: float, *, bright: bool = False) -> None:
        n = 1500
        t = np.arange(n) / SAMPLE_RATE
        tone = np.sin(2 * np.pi * (7000 if bright else 500) * t) * np.exp(-t * 120)
        start = round(at_s * SAMPLE_RATE)
        if start + n < len(self.pcm):
            self.pcm[start : start + n] += (0.5 * level * tone).astype(np.float32)

    def run(self, until_s: float, each: Callable[[float], None] = lambda _now_s: None) -> None:
        """Go on to a time of the sound [s]; ``each`` sees every block's end."""
        while self.now_s - START_S < until_s:
            start = round((self.now_s - START_S) * SAMPLE_RATE)
            self.now_s += BLOCK_S
            self.sync.hear(self.pcm[start : start + HOP_LENGTH], self.now_s)
            self.sync.settle(4, 50.0, 215.0, 0)
            self.sync.poll(self.now_s)
            each(self.now_s)


def beats(bpm: float, count: int, first_s: float = 0.5) -> list[float]:
    return [first_s + i * 60.0 / bpm for i in range(count)]


def test_it_enters_on_a_downbeat_after_two_bars_and_stays_on_the_beat():
    played = beats(120, 60)
    room = Room(played, 30)
    begun: list[float] = []

    def watch(now_s):
        if room.sync.clock.running and not begun:
            begun.append(room.sync.clock.time_at(0) - START_S)

    room.run(25, watch)
    assert len(begun) == 1
    nearest = int(np.abs(np.array(played) - begun[0]).argmin())
    assert nearest % 4 == 0
    assert 7 <= nearest <= 16
    beat = round(room.sync.clock.beat_at(room.now_s))
    assert abs(room.sync.clock.time_at(beat) - START_S - (begun[0] + beat * 0.5)) < 0.02
    assert room.sync.health().locked
    assert room.sync.health().tempo_bpm == pytest.approx(120, abs=1)


def test_a_waltz_is_heard_as_one():
    room = Room(beats(140, 80), 32, metre=3)
    room.run(30)
    assert room.sync.metre == 3


def test_a_break_is_played_through_and_silence_for_ever_is_not():
    room = Room(beats(120, 32), 60)
    room.run(16)
    assert room.sync.clock.running
    jumps = room.sync.clock.jumps
    room.run(24)
    assert room.sync.clock.running
    assert room.sync.clock.jumps == jumps
    assert room.sync.unsure
    assert "not heard" in room.sync.health().message
    room.run(45)
    assert not room.sync.clock.running
    assert "listening" in room.sync.health().message


def test_after_a_break_it_is_still_with_them():
    played = beats(120, 32) + beats(120, 40, first_s=0.5 + 44 * 0.5)
    room = Room(played, 45)
    room.run(40)
    clock = room.sync.clock
    beat = round(clock.beat_at(room.now_s))
    grid = (clock.time_at(beat) - START_S - 0.5) / 0.5
    assert abs(grid - round(grid)) < 0.06
    assert room.sync.health().locked


def test_an_accelerando_is_followed():
    periods = 0.6 * 0.995 ** np.arange(60)
    played = list(0.5 + np.concatenate(([0.0], np.cumsum(periods))))
    room = Room(played, played[-1])
    errors = []

    def watch(now_s):
        clock = room.sync.clock
        if clock.running and now_s - START_S > 15:
            next_s = clock.time_at(np.ceil(clock.beat_at(now_s))) - START_S
            errors.append(np.abs(np.array(played) - next_s).min())

    room.run(played[-1] - 0.5, watch)
    assert np.median(errors) < 0.02
    assert np.percentile(errors, 95) < 0.05


def test_four_taps_count_in():
    room = Room([], 20)
    for at_s in (2.0, 2.5, 3.0, 3.5):
        room.run(at_s)
        room.sync.hint("tap", START_S + at_s)
    room.run(4.5)
    assert room.sync.clock.running
    assert room.sync.clock.tempo_bpm == pytest.approx(120, rel=0.02)
    first_s = room.sync.clock.time_at(0) - START_S
    assert abs((first_s - 2.0) / 2.0 - round((first_s - 2.0) / 2.0)) < 0.03


@pytest.mark.parametrize(("hint", "tempo"), [("half", 60), ("double", 240 / 2 * 1.0)])
def test_half_and_double(hint, tempo):
    bpm = 120 if hint == "half" else 60
    room = Room(beats(bpm, 80), 40)
    room.run(20)
    room.sync.hint(hint, room.now_s)
    room.run(32)
    assert room.sync.health().tempo_bpm == pytest.approx(tempo, rel=0.03)


def test_one_moves_the_bar():
    played = beats(120, 80)
    room = Room(played, 40)
    room.run(played[30])
    room.sync.hint("one", START_S + played[30])  # the third of a bar of the sound
    room.run(played[31])
    clock = room.sync.clock
    beat = round(clock.beat_at(START_S + played[30]))
    assert beat % 4 == 0


def test_it_does_not_follow_its_own_answer_when_they_stop():
    played = beats(120, 32)
    room = Room(played, 60)
    answered: set[int] = set()

    def answer(now_s):
        """Play on every beat, 6 dB below them, heard 20 ms after it was sent."""
        clock = room.sync.clock
        beat = int(np.ceil(clock.beat_at(now_s)))
        if clock.running and beat not in answered and clock.time_at(beat) - now_s < 0.06:
            answered.add(beat)
            on_s = clock.time_at(beat)
            room.sync.sent(on_s)
            room.add(on_s - START_S + 0.02, 0.5)

    room.run(16, answer)
    assert room.sync.health().locked
    assert len(answered) > 8
    before = room.sync.clock.tempo_bpm
    room.run(26, answer)
    assert not room.sync.health().locked
    assert room.sync.clock.tempo_bpm == pytest.approx(before, rel=0.01)
    room.run(45, answer)
    assert not room.sync.clock.running


def test_it_follows_them_away_from_its_own_answer():
    periods = 0.5 * 0.997 ** np.arange(70)
    played = list(0.5 + np.concatenate(([0.0], np.cumsum(periods))))
    room = Room(played, played[-1])
    answered: set[int] = set()
    errors = []

    def answer(now_s):
        clock = room.sync.clock
        beat = int(np.ceil(clock.beat_at(now_s)))
        if clock.running and beat not in answered and clock.time_at(beat) - now_s < 0.06:
            answered.add(beat)
            on_s = clock.time_at(beat)
            room.sync.sent(on_s)
            room.add(on_s - START_S + 0.02, 0.5)
            if now_s - START_S > 12:
                errors.append(np.abs(np.array(played) - (on_s - START_S)).min())

    room.run(played[-1] - 0.5, answer)
    assert len(errors) > 20
    assert np.median(errors) < 0.025


def test_rest_and_enter_again():
    room = Room(beats(120, 80), 40)
    room.run(12)
    room.sync.set_playing(False, room.now_s, 0)
    assert not room.sync.clock.running
    room.run(14)
    assert not room.sync.clock.running
    room.sync.set_playing(True, room.now_s, 0)
    room.run(17)
    assert room.sync.clock.running


def test_a_stall_of_the_reader_costs_no_position():
    room = Room(beats(120, 80), 40)
    room.run(15)
    start = round((room.now_s - START_S) * SAMPLE_RATE)
    room.sync.skip(2 * SAMPLE_RATE)
    room.now_s += 2.0
    assert start
    room.run(25)
    clock = room.sync.clock
    grid = (clock.time_at(round(clock.beat_at(room.now_s))) - START_S - 0.5) / 0.5
    assert abs(grid - round(grid)) < 0.06


def test_an_unknown_hint_is_refused():
    with pytest.raises(InputError, match="tap, half, double"):
        Room([], 1).sync.hint("louder", START_S)


def clicking(bpm: float, seconds: float) -> np.ndarray:
    pcm = np.zeros(round(seconds * SAMPLE_RATE), np.float32)
    noise = np.random.default_rng(3).normal(0, 0.3, 1000) * np.exp(-np.arange(1000) / 200)
    for at_s in np.arange(0.3, seconds - 0.1, 60.0 / bpm):
        start = round(at_s * SAMPLE_RATE)
        pcm[start : start + 1000] += noise.astype(np.float32)
    return pcm


def syllables(seconds: float) -> np.ndarray:
    """Bursts of buzz at uneven times, as of somebody who talks."""
    rng = np.random.default_rng(5)
    t = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    buzz = np.sign(np.sin(2 * np.pi * 130 * t)) * 0.2
    lengths = (rng.uniform(0.04, 0.3, round(20 * seconds)) * SAMPLE_RATE).astype(int)
    level = np.repeat(rng.uniform(0.0, 1.0, len(lengths)) ** 2, lengths)[: len(t)]
    return (buzz * level).astype(np.float32)


def claps(seconds: float) -> np.ndarray:
    """Return an audience that claps, nobody with anybody."""
    rng = np.random.default_rng(6)
    pcm = np.zeros(round(seconds * SAMPLE_RATE), np.float32)
    for start in rng.integers(0, len(pcm) - 600, round(9 * seconds)):
        pcm[start : start + 600] += rng.normal(0, 0.2, 600) * np.exp(-np.arange(600) / 120)
    return pcm


@pytest.mark.parametrize(
    "pcm",
    [
        np.zeros(15 * SAMPLE_RATE, np.float32),
        np.random.default_rng(1).normal(0, 0.2, 15 * SAMPLE_RATE).astype(np.float32),
        np.full(15 * SAMPLE_RATE, np.nan, np.float32),
        clicking(300, 15),
        clicking(95, 15) + clicking(127, 15),
        np.concatenate((clicking(120, 8), clicking(77, 8))),
        syllables(15),
        claps(15),
    ],
    ids=["silence", "noise", "nan", "300 BPM", "two songs", "another song", "speech", "claps"],
)
def test_whatever_comes_in_the_clock_stays_whole(pcm):
    sync = AudioSync(100.0)
    sync.open()
    sync.begin(START_S)
    now_s, before, jumps = START_S, -np.inf, 0
    for start in range(0, len(pcm), HOP_LENGTH):
        now_s += BLOCK_S
        sync.hear(pcm[start : start + HOP_LENGTH], now_s)
        sync.settle(4, 50.0, 215.0, 0)
        sync.poll(now_s)
        beat = sync.clock.beat_at(now_s)
        assert np.isfinite(beat)
        assert 20 <= sync.clock.tempo_bpm <= 300
        # Without a jump the music may hesitate, but never falls back by half a beat.
        assert sync.clock.jumps != jumps or beat > before - 0.5
        before, jumps = beat, sync.clock.jumps
    assert sync.health().source == "audio"


def test_speech_and_noise_are_not_played_to():
    for pcm in (np.zeros(20 * SAMPLE_RATE, np.float32), syllables(20)):
        sync = AudioSync(100.0)
        sync.open()
        sync.begin(START_S)
        running = 0
        for i, start in enumerate(range(0, len(pcm), HOP_LENGTH)):
            sync.hear(pcm[start : start + HOP_LENGTH], START_S + (i + 1) * BLOCK_S)
            sync.poll(START_S + (i + 1) * BLOCK_S)
            running += sync.clock.running and not sync.unsure
        assert running < 0.2 * len(pcm) / HOP_LENGTH


def test_clock_out_is_led_by_what_is_heard():
    sent: list[tuple[float, int]] = []

    class Port:
        def realtime(self, at_s, data):
            sent.append((at_s, data))

    room = Room(beats(120, 60), 30)
    leader = ClockLeader(Port())
    room.run(20, lambda now_s: leader.advance(room.sync.clock, now_s))
    clocks = [at_s for at_s, data in sent if data == 0xF8 and at_s > START_S + 14]
    assert np.median(np.diff(clocks)) == pytest.approx(0.5 / 24, rel=0.02)


def test_samples_lost_by_the_sound_card_cost_no_phase():
    room = Room(beats(120, 80), 40)
    room.run(12)
    lost = round(0.05 * SAMPLE_RATE)  # 50 ms never arrive
    start = round((room.now_s - START_S) * SAMPLE_RATE)
    room.pcm = np.concatenate((room.pcm[:start], room.pcm[start + lost :]))
    room.pcm = np.concatenate((room.pcm, np.zeros(lost, np.float32)))
    shift_s = 0.05
    while room.now_s - START_S < 30:
        begin = round((room.now_s - START_S) * SAMPLE_RATE)
        room.now_s += BLOCK_S
        room.sync.hear(room.pcm[begin : begin + HOP_LENGTH], room.now_s + shift_s)
        room.sync.poll(room.now_s + shift_s)
    clock = room.sync.clock
    beat = round(clock.beat_at(room.now_s))
    grid = (clock.time_at(beat) - START_S - 0.5) / 0.5
    assert abs(grid - round(grid)) < 0.06
