"""The tuning of what is heard, and sound moved to A = 440 Hz, which the model was trained on.

Spectral peaks of one piece lie on one grid of semitones. How far this grid is from that of
A = 440 Hz is the mean direction of the peaks' deviations on a circle of 100 cents (Dressler,
Streich: Tuning frequency estimation using circular statistics, ISMIR 2007). Sound at another tuning
is played slower or faster before the model hears it, so that harmony, timbre and valence all see
the pitches they know.
"""

import cmath
import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

__all__ = ["REFERENCE_HZ", "TUNING_RANGE_HZ", "Retuner", "TuningEstimator"]

REFERENCE_HZ: Final = 440.0
TUNING_RANGE_HZ: Final = (415.0, 466.0)

_LOWEST_CENTS, _HIGHEST_CENTS = (1200.0 * math.log2(hz / REFERENCE_HZ) for hz in TUNING_RANGE_HZ)
_FRAME: Final = 8192  # samples: 0.37 s, a spectral resolution of 5 Hz
_LOW_HZ, _HIGH_HZ = 70.0, 2000.0
_LOWEST_HZ: Final = 45.0  # of hum; too low to tell a tuning
_WEAKEST: Final = 0.03  # of the strongest peak
_TAU_S: Final = 15.0
_SURE: Final = 3.4  # times what random peaks would reach
_STEP_CENTS: Final = 2.0  # a smaller deviation from the tuning in force changes nothing
_NEWS_CENTS: Final = 8.0  # a larger change: the sound so far was heard at a wrong tuning
_TURN_CENTS: Final = 46.0  # above, the next lower semitone is taken: guitars go down a quarter tone
_MAINS_HZ: Final = (50.0, 60.0)
_MAINS_SHARE: Final = 0.004  # tolerance of the mains' frequency, and of reading it [Hz]
_MAINS_READ_HZ: Final = 0.4
_HUM_TAU_S: Final = 1.5
_HUM_SHARE: Final = 0.95  # of the power of all peaks
_HUM_MEAN: Final = 0.8  # of that share, over the last seconds
_GENERATOR_HZ: Final = np.arange(47.0, 64.0, 0.5)  # of supplies that do not keep the mains'
_GENERATOR_TAU_S: Final = 2.4
_GENERATOR_MEAN: Final = 0.9
_STEADY: Final = 0.25  # deviation of the log power of a hum over that time; notes begin and fade

Evidence = NDArray[np.complex128]
"""Per hop: weighted sum of the directions of all peaks, sums of the weights, of their squares, the
share of their power that may be mains hum, its logarithm, and the shares for `_GENERATOR_HZ`."""


class TuningEstimator:
    """Estimates the tuning, hop by hop.

    Parameters
    ----------
    sample_rate, hop_length : int
        Of the sound that `listen` gets [Hz, samples].

    Attributes
    ----------
    cents : float
        The tuning in force, relative to A = 440 Hz, to 2 cents. It moves only when the evidence is
        clear; out of -54..46 cents only by following a drift, because a piece at A = 415 Hz and one
        at 440 Hz a semitone lower sound the same.
    hum : bool
        Whether nearly all that was heard in the last seconds are harmonics of 50 or 60 Hz, or
        steady harmonics of a frequency near these.
    """

    def __init__(self, sample_rate: int, hop_length: int) -> None:
        self._hop_length = hop_length
        self._first = int(_LOWEST_HZ * _FRAME / sample_rate)
        self._last = int(_HIGH_HZ * _FRAME / sample_rate)
        self._bin_hz = sample_rate / _FRAME
        self._keep = math.exp(-hop_length / sample_rate / _TAU_S)
        self._keep_hum = math.exp(-hop_length / sample_rate / _HUM_TAU_S)
        self._keep_generator = math.exp(-hop_length / sample_rate / _GENERATOR_TAU_S)
        self._window = np.hanning(_FRAME + 1)[:-1].astype(np.float32)
        self.reset()

    def reset(self) -> None:
        """Forget everything: A = 440 Hz until something else is heard."""
        self.cents = 0.0
        self._before = np.zeros(_FRAME - self._hop_length, np.float32)
        self.forget()

    def forget(self) -> None:
        """Forget the evidence, but keep the tuning: another piece by the same instruments."""
        self._direction, self._square = 0j, 0.0
        self._told = self.cents
        self._hum_share, self.hum = 0.0, False
        self._generator = np.zeros(len(_GENERATOR_HZ))
        self._power, self._spread = 0.0, 0.0

    @property
    def tuning_hz(self) -> float:
        """The tuning in force as the frequency of A4 [Hz], 415..466."""
        low, high = TUNING_RANGE_HZ
        return float(min(high, max(low, REFERENCE_HZ * 2.0 ** (self.cents / 1200.0))))

    def listen(self, hops: NDArray[np.float32]) -> Evidence:
        """Return the evidence in each of these hops, complex128, shape (n, 5 + F), for `follow`.

        ``hops`` is float32, shape (n, hop_length).
        """
        sound = np.concatenate([self._before, hops.reshape(-1)])
        self._before = sound[len(sound) - len(self._before) :]
        frames = np.lib.stride_tricks.sliding_window_view(sound, _FRAME)[:: self._hop_length]
        spectrum = np.fft.rfft(frames * self._window, axis=1)[:, self._first - 1 : self._last + 2]
        log_power = np.log(np.square(spectrum.real) + np.square(spectrum.imag) + 1e-12)
        left, middle, right = log_power[:, :-2], log_power[:, 1:-1], log_power[:, 2:]
        top = middle.max(1, keepdims=True)
        peaks = (middle > left) & (middle >= right) & (middle > top + 2.0 * math.log(_WEAKEST))
        row, column = np.nonzero(peaks)
        low, mid, high = left[peaks], middle[peaks], right[peaks]
        # A parabola through the logarithms finds the top between two bins.
        place = column + self._first + 0.5 * (low - high) / (low - 2.0 * mid + high)
        hz = place * self._bin_hz
        # Deep peaks are known less exactly. Amplitudes: weak peaks are mostly noise, whose places
        # gather around the bins of the spectrum and imitate a tuning near 440 Hz.
        weight = np.exp(0.5 * (mid - top[row, 0])) * hz / (hz + 150.0) * (hz > _LOW_HZ)
        direction = weight * np.exp(2j * np.pi * 12.0 * np.log2(hz / REFERENCE_HZ))
        evidence = np.zeros((len(hops), 5 + len(_GENERATOR_HZ)), np.complex128)
        for index, values in enumerate((direction, weight, np.square(weight))):
            np.add.at(evidence[:, index], row, values)
        power = np.exp(mid - top[row, 0])
        total = np.maximum(1e-9, np.bincount(row, power, len(hops)))
        evidence[:, 4] = np.log(total) + top[:, 0]
        sounding, first = np.unique(row, return_index=True)
        for part, bases_hz in ((slice(3, 4), _MAINS_HZ), (slice(5, None), _GENERATOR_HZ)):
            number = np.maximum(1.0, np.round(hz[:, None] / bases_hz))
            apart_hz = np.abs(hz[:, None] - number * bases_hz)
            near = apart_hz < _MAINS_SHARE * hz[:, None] + _MAINS_READ_HZ
            share, low = np.zeros((2, len(hops), len(bases_hz)))
            if len(row):
                share[sounding] = np.add.reduceat(near * power[:, None], first, axis=0)
                low[sounding] = np.maximum.reduceat(near * (number <= 2), first, axis=0)
            share *= low / total[:, None]
            evidence[:, part] = share.max(1, keepdims=True) if part.stop == 4 else share
        return evidence

    def follow(self, evidence: Evidence) -> bool:
        """Add the evidence of one hop, shape (5 + F,); return whether another tuning is in force.

        Small steps are made without a word: what was heard until then was heard well enough.
        """
        share = evidence[3].real
        self._hum_share = share + self._keep_hum * (self._hum_share - share)
        self.hum = self._hum_share > _HUM_MEAN or self._hears_generator(evidence)
        if share > _HUM_SHARE:
            return False
        self._direction = self._direction * self._keep + complex(evidence[0])
        self._square = self._square * self._keep**2 + evidence[2].real
        if abs(self._direction) < _SURE * math.sqrt(self._square) or not self._square:
            return False
        heard = cmath.phase(self._direction) / (2.0 * math.pi) * 100.0
        # The first reading of a piece is one near 440 Hz, the others are near the one before.
        near = self.cents or _TURN_CENTS - 50.0
        cents = near + (heard - near + 50.0) % 100.0 - 50.0
        if cents < _LOWEST_CENTS - 5.0:
            cents += 100.0
        elif cents > _HIGHEST_CENTS + 5.0:
            cents -= 100.0
        if abs(cents - self.cents) < _STEP_CENTS:
            return False
        self.cents = cents
        if abs(cents - self._told) < _NEWS_CENTS:
            return False
        self._told = cents
        return True

    def _hears_generator(self, evidence: Evidence) -> bool:
        """Add the evidence of one hop; return whether it is a steady hum off 50 and 60 Hz."""
        rate = 1.0 - self._keep_generator
        self._generator += rate * (evidence[5:].real - self._generator)
        power = float(evidence[4].real)
        apart = power - self._power
        if abs(apart) > 1.0:  # another sound, as a note: a hum begins once and stays
            self._power, apart = power, 1.0
            self._generator[:] = 0.0
        self._power += rate * (power - self._power)
        self._spread = self._keep_generator * (self._spread + rate * apart**2)
        return self._generator.max() > _GENERATOR_MEAN and self._spread < _STEADY**2


_TAPS: Final = 32
_PHASES: Final = 256


def _kernels() -> NDArray[np.float32]:
    """Windowed sinc for every phase, float32, shape (phases + 1, taps)."""
    phase = np.arange(_PHASES + 1)[:, None] / _PHASES
    time = np.arange(_TAPS)[None] - (_TAPS // 2 - 1) - phase
    window = np.i0(8.0 * np.sqrt(np.maximum(0.0, 1.0 - (time / (_TAPS / 2)) ** 2))) / np.i0(8.0)
    return np.asarray(np.sinc(time) * window, np.float32)


class Retuner:
    """Plays mono sound slower or faster by a ratio that may change from one call to the next.

    Attributes
    ----------
    used : bool
        Whether sound went through it since `reset`.
    """

    _table: NDArray[np.float32] | None = None

    def __init__(self) -> None:
        if Retuner._table is None:
            Retuner._table = _kernels()
        self.reset()

    def reset(self) -> None:
        """Forget all sound."""
        self.used = False
        self._sound = np.zeros(_TAPS // 2 - 1, np.float32)
        self._at = 0.0

    def push(self, samples: NDArray[np.float32], cents: float) -> NDArray[np.float32]:
        """Return what these samples complete, lowered in pitch by `cents`: float32, shape (m,)."""
        assert self._table is not None
        self.used = True
        sound = np.concatenate([self._sound, samples])
        step = 2.0 ** (-cents / 1200.0)
        count = max(0, math.ceil((len(sound) - _TAPS + 1 - self._at) / step))
        places = self._at + step * np.arange(count)
        whole = places.astype(np.intp)
        phase = (places - whole) * _PHASES
        below = phase.astype(np.intp)
        share = (phase - below).astype(np.float32)[:, None]
        kernels = self._table[below] * (1.0 - share) + self._table[below + 1] * share
        out = np.zeros(0, np.float32)
        if count:
            windows = np.lib.stride_tricks.sliding_window_view(sound, _TAPS)[whole]
            out = np.einsum("nt,nt->n", windows, kernels)
        end = self._at + step * count
        used = min(int(end), len(sound))
        self._sound, self._at = sound[used:], end - used
        return out
