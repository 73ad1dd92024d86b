"""Follows the beat that is heard: tempo, beat and bar of people who play without a clock.

The thread that hears calls `AudioSync.hear` with every block; that of the player polls. Until the
beat is sure the music waits; it enters on a downbeat. When the beat is lost it goes on for eight
bars, then waits again. What the player says wins over what is heard: taps, half, double, one.
"""

import math
from collections import deque
from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from engine.beat.decoder import DecoderConfig
from engine.beat.tracker import BeatTracker
from engine.errors import InputError
from engine.events import HeardBeat
from engine.music.clock import TEMPO_RANGE_BPM, Clock
from engine.settings.resume import Resume
from engine.snapshot import SyncHealth
from engine.sync.session_clock import SessionClock

__all__ = ["HINTS", "AudioSync"]

HINTS: Final = ("tap", "half", "double", "shift_beat", "one")
"""What the player may say about the beat."""

_LISTEN_BARS = 2
_LOCK_BEATS = DecoderConfig().lock_beats  # heard before it locks
_COUNT_IN = 4  # taps
_LONGEST_TAP_S = 2.5
_LEAST_LEAD_S = 0.15  # before the downbeat that it enters on
_SLIP_BEATS = 0.3  # a shift beyond this is a jump
_BAR_PATIENCE = 2  # bars that another downbeat must persist
_UNSURE = 0.56
_EARLIEST_S = 4  # seconds of sound that tell its clock
_TAP_RANGE = 0.15
_MOST_OWN = 128


class AudioSync:
    """A `engine.sync.source.SyncSource` that listens.

    Parameters
    ----------
    tempo_bpm : float
        Tempo until one is heard [quarter notes per minute].
    beats_per_bar : int
        Length of a bar until one is heard.
    input_latency_s : float
        Sound is heard so long after it was played [s].
    make_tracker : callable
        Makes the beat tracker when the source is opened.
    """

    follows = True

    def __init__(
        self,
        tempo_bpm: float,
        beats_per_bar: int = 4,
        input_latency_s: float = 0.0,
        make_tracker: Callable[[], BeatTracker] = BeatTracker,
    ) -> None:
        self._clock = SessionClock(tempo_bpm)
        self.clock: Clock = self._clock
        self._bar = beats_per_bar
        self._latency_s = input_latency_s
        self._make_tracker = make_tracker
        self._tracker: BeatTracker | None = None
        self._heard: HeardBeat | None = None
        self._samples = 0
        self._zero_s = math.inf  # our clock at the first sample
        self._earliest_s: deque[float] = deque((math.inf,), maxlen=_EARLIEST_S)
        self._since_s = -math.inf
        self._hints: deque[Callable[[BeatTracker], None]] = deque(maxlen=32)
        self._own_s: deque[float] = deque(maxlen=_MOST_OWN)
        self._taps: list[float] = []
        self._limits: tuple[float, float, int] | None = None
        self._wanted = False  # the music is to move as soon as it can
        self._at_once = False  # a player counted in: no need to listen first
        self._origin = 0
        self._first: int | None = None  # beat count when it began to listen
        self._other_bar = 0.0  # beats since the downbeats heard are not ours
        self._polled_s = math.inf
        self._metres: deque[int] = deque(maxlen=8)
        self._counted = -1  # beat whose metre was entered there

    def open(self) -> None:
        """Load the beat tracker."""
        self._tracker = self._make_tracker()

    def begin(self, now_s: float, resume: Resume | None = None) -> None:
        """Wait for a beat that is sure."""
        self._wanted = resume is None or resume.playing

    # --- the thread that hears -------------------------------------------------------------

    def hear(self, pcm: NDArray[np.float32], now_s: float, waiting: int = 0) -> None:
        """Take the sound that has just come, and follow it.

        Parameters
        ----------
        pcm : float32 array, shape (n,)
            Mono, at `BeatTracker.sample_rate`.
        now_s : float
            When it was taken from the input [s].
        waiting : int
            Samples behind it that are there already.
        """
        tracker = self._tracker
        if tracker is None:
            return
        while self._hints:
            self._hints.popleft()(tracker)
        rate = tracker.sample_rate
        self._samples += len(pcm)
        # A block may be taken late, never early: the earliest of the last seconds tells the clock.
        # Older ones are forgotten: clocks drift, and a sound card may lose samples.
        zero_s = now_s - (self._samples + waiting) / rate
        if now_s - self._since_s >= 1.0:
            self._earliest_s.append(zero_s)
            self._since_s = now_s
        self._earliest_s[-1] = min(self._earliest_s[-1], zero_s)
        self._zero_s = min(self._earliest_s)
        sound_s = self._zero_s - self._latency_s
        own = [at_s - self._zero_s for at_s in tuple(self._own_s)]
        tracker.push(pcm, [at_s for at_s in own if at_s > self._samples / rate - 1.0])
        decoder = tracker.decoder
        beat_s, period_s = decoder.line
        number, metre = decoder.bar
        self._heard = HeardBeat(
            decoder.count,
            sound_s + beat_s,
            period_s,
            number,
            metre,
            decoder.state,
            decoder.confidence,
        )

    def skip(self, samples: int) -> None:
        """Count sound that was left out: it passed as silence."""
        tracker = self._tracker
        if tracker is not None:
            self._samples += samples
            tracker.push(np.zeros(samples, np.float32))

    # --- the player's thread ---------------------------------------------------------------

    @property
    def heard(self) -> HeardBeat | None:
        """What is heard now; None before the first sound."""
        return self._heard

    @property
    def unsure(self) -> bool:
        """Whether the beat is kept up rather than heard."""
        heard = self._heard
        return heard is None or heard.state != "locked" or heard.confidence < _UNSURE

    @property
    def metre(self) -> int:
        """Beats of a bar as heard, once that is settled; else as it was told."""
        heard = self._heard
        settled = heard is not None and heard.state == "locked" and len(self._metres) == 8
        return self._metres[-1] if settled and len(set(self._metres)) == 1 else self._bar

    def settle(
        self, beats_per_bar: int, slowest_bpm: float, fastest_bpm: float, metre: int
    ) -> None:
        """Take what the settings say: length of a bar, and what may be heard (metre 0: any)."""
        self._bar = beats_per_bar
        limits = (slowest_bpm, fastest_bpm, metre)
        if limits != self._limits:
            self._limits = limits

            def limit(tracker: BeatTracker) -> None:
                tracker.decoder.allow_tempo(slowest_bpm, fastest_bpm)
                tracker.decoder.allow_metre(metre or None)

            self._hints.append(limit)

    def sent(self, on_s: float) -> None:
        """Know of a note of our own: what is heard then may be it."""
        self._own_s.append(on_s)

    def poll(self, now_s: float) -> None:
        """Draw the clock from what is heard; enter, go on, or wait."""
        heard = self._heard
        since_s, self._polled_s = now_s - self._polled_s, now_s
        if heard is None:
            return
        position = heard.position(now_s)
        clock, tempo = self._clock, 60.0 / heard.period_s
        if heard.state == "locked" and heard.count != self._counted:
            self._metres.append(heard.metre)
            self._counted = heard.count
        if heard.state == "searching":
            self._first = None
            self._metres.clear()
            if clock.running:
                clock.stop(now_s)
            return
        if self._first is None:
            self._first = heard.count
        if not clock.running:
            clock.update(now_s, clock.beat_at(now_s), tempo)
            self._enter(heard, now_s, tempo)
            return
        slip = position - self._origin - clock.beat_at(now_s)
        if abs(slip) > _SLIP_BEATS:
            self._jump(heard, now_s, tempo)
            return
        clock.update(now_s, position - self._origin, tempo)
        self._keep_bars(heard, now_s, tempo, since_s)

    def _enter(self, heard: HeardBeat, now_s: float, tempo: float) -> None:
        """Start at beat 0 on the next downbeat, if it may."""
        locked_for = heard.count - (heard.count if self._first is None else self._first)
        listened = locked_for >= _LISTEN_BARS * heard.metre - _LOCK_BEATS
        sure = self._at_once or (listened and heard.state == "locked")
        if not self._wanted or not sure:
            return
        position = heard.position(now_s + _LEAST_LEAD_S)
        down = heard.count - (heard.number - 1)
        down += math.ceil((position - down) / heard.metre) * heard.metre
        self._at_once = False
        self._origin = down
        self._other_bar = 0.0
        beat = heard.position(now_s) - down
        self._clock.update(now_s, beat, tempo)
        self._clock.start(now_s, beat, 0.0)

    def _jump(self, heard: HeardBeat, now_s: float, tempo: float) -> None:
        """Take over another phase near where we were, our bars on those that are heard."""
        wanted = self._clock.beat_at(now_s)
        position = heard.position(now_s)
        down = heard.count - (heard.number - 1)
        ours = round((wanted - (position - down)) / self._bar) * self._bar
        self._origin = down - ours
        beat = position - self._origin
        self._clock.update(now_s, beat, tempo)
        self._clock.start(now_s, beat, max(0.0, beat))
        self._other_bar = 0.0

    def _keep_bars(self, heard: HeardBeat, now_s: float, tempo: float, since_s: float) -> None:
        """Move our bar lines when the downbeats heard have been elsewhere for some bars."""
        down = heard.count - (heard.number - 1)
        apart = heard.metre == self._bar and (down - self._origin) % self._bar != 0
        if not apart or heard.state != "locked":
            self._other_bar = 0.0
            return
        self._other_bar += max(0.0, since_s) / heard.period_s
        if self._other_bar >= _BAR_PATIENCE * self._bar:
            self._jump(heard, now_s, tempo)

    def take_messages(self) -> list[tuple[float, bytes]]:
        """Return none."""
        return []

    def set_tempo(self, tempo_bpm: float, now_s: float) -> None:
        """Leave the tempo to those who play."""

    def check_playable(self) -> None:
        """Allow it: we may rest while they play, and enter again."""

    def set_playing(self, playing: bool, now_s: float, beat: int) -> None:
        """Enter on the next downbeat, or rest."""
        self._wanted = playing
        if not playing and self._clock.running:
            self._clock.stop(now_s)

    def hint(self, what: str, now_s: float) -> None:
        """Take what the player says; it wins over what is heard.

        Parameters
        ----------
        what : str
            One of `HINTS`.

        Raises
        ------
        InputError
            There is no such hint.
        """
        if what not in HINTS:
            raise InputError(f"hint must be one of {', '.join(HINTS)}; got {what!r}")
        if what == "tap":
            self._tap(now_s)
        elif what == "one":
            self._hints.append(lambda t: t.decoder.set_one(self._sound_s(now_s)))
            self._other_bar = _BAR_PATIENCE * 8.0
        elif what == "shift_beat":
            self._hints.append(lambda t: t.decoder.shift())
        else:
            factor = 2.0 if what == "double" else 0.5
            self._hints.append(lambda t: t.decoder.scale(factor))

    def _sound_s(self, now_s: float) -> float:
        return now_s - self._zero_s + self._latency_s

    def _tap(self, now_s: float) -> None:
        if self._taps and now_s - self._taps[-1] > _LONGEST_TAP_S:
            self._taps.clear()
        self._taps = [*self._taps, now_s][-_COUNT_IN:]
        if len(self._taps) < 3:
            return
        taps = self._taps
        period_s = (taps[-1] - taps[0]) / (len(taps) - 1)
        if not TEMPO_RANGE_BPM[0] <= 60.0 / max(period_s, 1e-3) <= TEMPO_RANGE_BPM[1]:
            return
        # The mean of the taps is surer than the last of them.
        last_s = sum(at + (len(taps) - 1 - i) * period_s for i, at in enumerate(taps)) / len(taps)
        counted = len(taps) == _COUNT_IN

        def place(tracker: BeatTracker) -> None:
            decoder = tracker.decoder
            decoder.place(self._sound_s(last_s), period_s, _TAP_RANGE)
            if counted:
                decoder.set_one(self._sound_s(last_s + period_s))

        self._hints.append(place)
        self._at_once = self._at_once or counted

    def health(self) -> SyncHealth:
        """Say what is heard."""
        heard = self._heard
        if heard is None:
            return SyncHealth("audio", False, 0, "", 0.0, "no sound yet; waiting for a beat")
        return SyncHealth(
            "audio",
            heard.state == "locked",
            0,
            "",
            0.0,
            self._trouble(heard),
            state=heard.state,
            confidence=round(heard.confidence, 3),
            tempo_bpm=round(60.0 / heard.period_s, 1),
            number=heard.number,
            metre=heard.metre,
        )

    def _trouble(self, heard: HeardBeat) -> str:
        if heard.state == "holding":
            return "the beat is not heard; going on at its tempo"
        if heard.state == "searching":
            return "listening for a beat"
        if not self._clock.running:
            return "stopped" if not self._wanted else "beat found; enters on a downbeat"
        return ""

    def close(self) -> None:
        """Nothing to close."""
