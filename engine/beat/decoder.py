"""From what the network heard to a line of beats that runs ahead of the sound.

The filter's likeliest reading may leap from frame to frame. What is given out is a line, beat
number against time: near readings bend it gently, others must persist for some beats before it
leaps to them; a doubled or halved tempo must persist longest.
"""

import math
from collections import deque
from dataclasses import dataclass, field
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.beat.bars import BarFilter
from engine.beat.filter import STEP_RATE, FilterConfig, PulseFilter, Reading
from engine.beat.frontend import FRAME_RATE

__all__ = ["Beat", "BeatDecoder", "DecoderConfig", "Heard", "PulseState"]

_FRAME_S: Final = 1.0 / FRAME_RATE
_STEPS = round(STEP_RATE / FRAME_RATE)
_HISTORY = 512  # frames of activations kept, 10 s
_WINDOW = 2  # frames round a beat
_KEPT_BEATS = 16  # heard beats whose line is held in a break
_KEPT_ERROR_S, _LEAN, _LEAN_S, _LEAST_KEPT = 0.03, 0.6, 0.002, 6
_REACH = 4  # frames round a beat in which it was heard
_CONTRAST = 1.6  # clear from two fifths between the beats down
_EAGER = 0.07  # of a beat
_LEAST_STEP = 0.3  # of a period between two beats
_SILENT_S = 1.0  # claps have silence between them; this is a break
_CLEAR = 0.3  # a beat as probable as this was heard
_OFF_BEAT = 0.4
_BY_CHANCE, _BY_AGREEMENT = 0.38, 0.52  # share of beats within 70 ms, fitted on tuning clips
_OCTAVES = (2.0, 0.5, 3.0, 1.0 / 3.0, 1.5, 2.0 / 3.0)

PulseState = str
"""``searching``, ``locked`` or ``holding``."""


class Heard(NamedTuple):
    """What the network heard in a frame.

    Probability of a beat, of a downbeat if there is one, logarithms of the likelihood of each tempo
    class, whether there was sound at all, and whether it may be our own alone.
    """

    beat: float
    downbeat: float
    tempo: NDArray[np.float32]
    sound: bool
    own: bool = False


class Beat(NamedTuple):
    """A beat, announced before it sounds.

    `time_s` and `heard_s` are seconds of sound since the beginning; `number` is 1 on a downbeat;
    `confidence` is the chance that it is within 70 ms: 0.38 to 0.9, or 0 where nothing is heard.
    """

    time_s: float
    number: int
    metre: int
    heard_s: float
    tempo_bpm: float
    confidence: float
    state: PulseState


@dataclass(frozen=True)
class DecoderConfig:
    """How the line follows the filter.

    Attributes
    ----------
    ahead_s : float
        A beat is announced so long before it sounds.
    late_s : float
        How much later than the filter reads, beats are: fitted to the network.
    near_phase, near_tempo : float
        Readings so near to the line, in beats and as a relative change, bend it.
    bend_phase, bend_tempo : float
        Most that the line is bent in one beat, in beats and as a relative change.
    phase_beats, tempo_beats : float
        Time constants of bending, in beats.
    drawing : float
        Share by which each beat draws it to the line through the beats heard, at a steady tempo.
    patience, octave_patience : float
        Beats for which another reading must persist while locked, and if it is a multiple or the
        off-beat.
    lock, unlock : float
        Agreement (0..1) from which a beat counts as heard, and below which it is lost.
    lock_beats : int
        So many in a row lock.
    hold_bars : int
        A lost beat is kept up for so long.
    """

    filter: FilterConfig = field(default_factory=FilterConfig)
    ahead_s: float = 0.06
    late_s: float = 0.018
    near_phase: float = 0.25
    near_tempo: float = 0.25
    bend_phase: float = 0.3
    bend_tempo: float = 0.15
    phase_beats: float = 1.5
    tempo_beats: float = 3.0
    drawing: float = 0.25
    patience: float = 0.3
    octave_patience: float = 0.8
    lock: float = 0.45
    unlock: float = 0.3
    lock_beats: int = 4
    hold_bars: int = 8


class BeatDecoder:
    """Frames in, beats out; memory does not grow.

    Parameters
    ----------
    tempi_bpm : array, shape (n,)
        Centres of the network's tempo classes.
    delay_s : float
        A frame is heard so long after its time.
    """

    def __init__(
        self,
        tempi_bpm: NDArray[np.float64],
        delay_s: float = 0.032,
        config: DecoderConfig | None = None,
    ) -> None:
        self.config = DecoderConfig() if config is None else config
        self._delay_s = delay_s
        self._filter = PulseFilter(self.config.filter)
        self._bar = BarFilter()
        bpm = 60.0 * STEP_RATE / self._filter.periods
        self._to_periods = np.log2(bpm), np.log2(tempi_bpm)
        self._heard = np.zeros((_HISTORY, 3))
        self.reset()

    def reset(self) -> None:
        """Return to the state of a new decoder; hints are forgotten."""
        self._allowed_s = 0.0, math.inf
        self._filter.allow(*self._allowed_s)
        self._filter.reset()
        self._bar.fix_metre(None)
        self._bar.reset()
        self._frame = -1
        self.count = 0
        """Beats that have passed, announced or not."""
        self._before = 0.0
        self._heard[:] = 0.0
        self.state: PulseState = "searching"
        self.confidence = 0.0
        self._begin_s, self._period_s = 0.0, 0.5  # the line: time of the last beat, period
        self._announced_s = -math.inf  # the last beat, as it was foreseen
        self._astray = 0.0  # beats since the reading last agreed
        self._agreement = 0.0
        self._off = 0.0  # the last reading from the line, in beats
        self._good = 0
        self._held = 0
        self._silent_s = math.inf
        self._fresh = False  # the last beat was heard
        self._own = False  # or it was ours alone
        self._kept: deque[tuple[int, float]] = deque(maxlen=_KEPT_BEATS)

    # --- what is asked -----------------------------------------------------------------

    @property
    def tempo_bpm(self) -> float:
        """Tempo of the line."""
        return 60.0 / self._period_s

    @property
    def bar(self) -> tuple[int, int]:
        """Number of the last announced beat, and the metre."""
        number, metre, _ = self._bar.read()
        return number, metre

    @property
    def line(self) -> tuple[float, float]:
        """Time of the last announced beat [s of sound] and period [s]."""
        return self._begin_s + self.config.late_s, self._period_s

    # --- hints -------------------------------------------------------------------------

    def allow_tempo(self, slowest_bpm: float, fastest_bpm: float) -> None:
        """Keep the tempo within a range from now on."""
        self._allowed_s = 60.0 / fastest_bpm, 60.0 / slowest_bpm
        self._filter.allow(*self._allowed_s)

    def allow_metre(self, metre: int | None) -> None:
        """Fix the beats of a bar; None leaves them to be heard."""
        self._bar.fix_metre(metre)

    def place(self, beat_s: float, period_s: float, within: float = 0.2) -> None:
        """Take tempo and place of a beat from the player [s of sound]; this wins.

        The period stays ``within`` this share of what was said until the beat is lost.
        """
        beat_s -= self.config.late_s
        now_s = self._frame * _FRAME_S
        self._filter.allow((1.0 - within) * period_s, (1.0 + within) * period_s)
        self._filter.place(period_s, ((now_s - beat_s) / period_s) % 1.0)
        self._begin_s = beat_s + math.floor((now_s - beat_s) / period_s) * period_s
        self._period_s = period_s
        self._astray = 0.0
        self._kept.clear()
        self.state, self._good = "locked", self.config.lock_beats
        self._agreement = max(self._agreement, self.config.lock)

    def set_one(self, at_s: float) -> None:
        """Take it that the beat nearest to a time [s of sound] is the first of a bar."""
        self._bar.set_one(round((self._begin_s + self.config.late_s - at_s) / self._period_s))

    def scale(self, factor: float) -> None:
        """Take half (0.5) or double (2) the tempo, if it can be heard there."""
        period_s, periods = self._period_s / factor, self._filter.periods / STEP_RATE
        if periods[0] <= period_s <= periods[-1]:
            self.place(self._begin_s + self.config.late_s, period_s)

    def shift(self) -> None:
        """Move the beat by half a beat."""
        at_s = self._begin_s + self.config.late_s + 0.5 * self._period_s
        self.place(at_s, self._period_s)

    # --- listening ---------------------------------------------------------------------

    def push(self, heard: Heard) -> list[Beat]:
        """Take the next frame; return the beats that are announced with it: none or one."""
        self._frame += 1
        self._heard[self._frame % _HISTORY] = heard.beat, heard.downbeat, heard.own
        self._silent_s = 0.0 if heard.sound else self._silent_s + _FRAME_S
        if self._silent_s < _SILENT_S:
            tempo = self._tempo_likelihood(heard.tempo)
            for step in range(1, _STEPS + 1):
                share = step / _STEPS
                beat = (1.0 - share) * self._before + share * heard.beat
                self._filter.step(beat, tempo if step == _STEPS else None)
            if self._fresh or (self.state != "holding" and not self._own):
                self._follow(self._filter.read())
        else:
            for _ in range(_STEPS):
                self._filter.coast()
        self._before = heard.beat
        return self._announce()

    def _tempo_likelihood(self, logs: NDArray[np.float32]) -> NDArray[np.float64] | None:
        trust = self.config.filter.tempo_trust
        if trust == 0.0:
            return None
        wanted, given = self._to_periods
        opinion = np.interp(wanted, given, logs)
        return np.asarray(np.exp(trust * np.maximum(opinion - opinion.max(), -6.0)))

    def _follow(self, reading: Reading) -> None:
        """Bend the line towards a reading, or leap to it when it has persisted."""
        cfg = self.config
        now_s = self._frame * _FRAME_S
        off = reading.phase - (now_s - self._begin_s) / self._period_s
        off -= round(off)
        ratio = reading.period_s / self._period_s
        beats = _FRAME_S / self._period_s
        if abs(off) <= cfg.near_phase and abs(math.log(ratio)) <= cfg.near_tempo:
            self._astray = 0.0
            self._off = off
            calm = max(0.0, 1.0 - abs(off) / _EAGER)  # what is far off is followed at once
            most = cfg.bend_phase * beats
            share = beats / max(beats, calm * cfg.phase_beats)
            self._begin_s -= min(max(share * off, -most), most) * self._period_s
            most = cfg.bend_tempo * beats
            share = beats / max(beats, calm * cfg.tempo_beats)
            change = min(max(share * math.log(ratio), -most), most)
            # The pivot is now: the phase of this moment stays.
            phase_s = (now_s - self._begin_s) * (1.0 - math.exp(change))
            self._begin_s += phase_s
            self._period_s *= math.exp(change)
            return
        self._astray += beats
        multiple = abs(off) > _OFF_BEAT or any(
            abs(math.log(ratio * octave)) < 0.06 for octave in _OCTAVES
        )
        patience = cfg.octave_patience if multiple else cfg.patience
        if self.state == "searching":
            patience *= 0.25
        if self._astray >= patience:
            self._leap(reading, now_s)

    def _leap(self, reading: Reading, now_s: float) -> None:
        last_s = self._announced_s if self.count else self._begin_s
        self._kept.clear()
        self._period_s = reading.period_s
        begin_s = now_s - reading.phase * reading.period_s
        while begin_s > last_s + 0.5 * reading.period_s:  # beats that were never announced
            begin_s -= reading.period_s
        while begin_s < last_s - 0.5 * reading.period_s:
            begin_s += reading.period_s
        self._begin_s = begin_s
        self._astray = 0.0

    def _announce(self) -> list[Beat]:
        cfg = self.config
        now_s = self._frame * _FRAME_S
        next_s = self._begin_s + self._period_s
        if now_s + self._delay_s < next_s + cfg.late_s - cfg.ahead_s:
            return []
        if next_s < self._announced_s + _LEAST_STEP * self._period_s:  # the same beat once more
            self._begin_s = next_s
            return []
        behind = max(0, math.floor((now_s - next_s) / self._period_s))
        self._judge()
        next_s = self._begin_s + self._period_s
        for _ in range(1 + behind):
            self._bar.step()
        self.count += 1 + behind
        self._begin_s = self._announced_s = next_s + behind * self._period_s
        if self.state == "searching" and self._silent_s > 1.0:
            return []
        number, metre, _ = self._bar.read()
        return [
            Beat(
                self._begin_s + cfg.late_s,
                number,
                metre,
                now_s + self._delay_s,
                self.tempo_bpm,
                self.confidence,
                self.state,
            )
        ]

    def _judge(self) -> None:
        """Compare the last beat with what was heard there; settle state and confidence."""
        centre = round(self._begin_s / _FRAME_S)
        around = self._heard[np.arange(centre - _WINDOW, centre + _WINDOW + 1) % _HISTORY]
        peak, weight = float(around[:, 0].max()), float(around[:, 0].sum())
        silent = self._silent_s > max(_SILENT_S, 1.5 * self._period_s)
        self._fresh = not silent and peak >= _CLEAR
        self._own = not self._fresh and bool(around[:, 2].any())
        if not silent:
            if weight > 0.05 and not self._own:
                self._bar.hear(float(around[:, 0] @ around[:, 1]) / weight)
            agrees = self._clearness(centre, peak) if self._astray < 0.5 else 0.0
            self._agreement += 0.25 * (agrees - self._agreement)
        if self._fresh and self._astray == 0.0:
            offsets = np.arange(-_REACH, _REACH + 1)
            strength = self._heard[(centre + offsets) % _HISTORY, 0]
            heard_s = (centre + float(offsets @ strength) / float(strength.sum())) * _FRAME_S
            self._kept.append((self.count, heard_s - self.config.late_s))
            if abs(self._off) >= _EAGER:  # they go another way
                self._kept.clear()
            self._draw_line(self.config.drawing)
        nothing = silent and self.state == "searching"
        self.confidence = 0.0 if nothing else _BY_CHANCE + _BY_AGREEMENT * self._agreement
        self._settle(silent)

    def _clearness(self, centre: int, peak: float) -> float:
        """Return how clearly a beat stands out from what was heard since the one before, 0..1."""
        span = self._period_s / _FRAME_S
        between = np.arange(centre - round(0.75 * span), centre - round(0.25 * span) + 1)
        apart = float(self._heard[between % _HISTORY, 0].max())
        return min(1.0, 2.0 * peak) * min(1.0, max(0.0, _CONTRAST * (1.0 - apart / (peak + 1e-6))))

    def _fit_line(self) -> tuple[float, float] | None:
        """Return time of the last beat and period of a line through the heard beats.

        None where their tempo changes: the latest are on one side of it.
        """
        kept = [(number, at_s) for number, at_s in self._kept if self.count - number < 32]
        for length in (_KEPT_BEATS, _KEPT_BEATS // 2):
            numbers, times = np.array(kept[-length:], np.float64).reshape(-1, 2).T
            if len(numbers) < _LEAST_KEPT:
                return None
            period_s, zero_s = np.polyfit(numbers, times, 1)
            errors = times - (zero_s + numbers * period_s)
            error_s = float(np.abs(errors).mean())
            lean_s = abs(float(errors[-(len(errors) // 4) :].mean()))
            near = abs(period_s / self._period_s - 1.0) < 0.1
            if near and error_s < _KEPT_ERROR_S and lean_s < _LEAN * error_s + _LEAN_S:
                return float(zero_s + self.count * period_s), float(period_s)
        return None

    def _draw_line(self, share: float) -> None:
        """Draw the line towards that through the beats heard, where their tempo is steady."""
        fit = self._fit_line()
        if fit is not None:
            self._begin_s += share * (fit[0] - self._begin_s)
            self._period_s += share * (fit[1] - self._period_s)

    def _settle(self, silent: bool) -> None:
        cfg = self.config
        metre = self._bar.read()[1]
        if silent or self._agreement < cfg.unlock:
            self._good = 0
            if self.state == "locked":
                self.state, self._held = "holding", 0
                self._draw_line(1.0)
        elif self._agreement >= cfg.lock:
            self._good += 1
            if self.state == "holding" or self._good >= cfg.lock_beats:
                self.state = "locked"
        if self.state == "holding":
            self._held += 1
            if self._held > cfg.hold_bars * metre:
                self.state = "searching"
                self._filter.allow(*self._allowed_s)  # what a player said was about this beat
