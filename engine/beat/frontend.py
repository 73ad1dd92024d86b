"""Sound to the bands that the beat network sees, frame by frame.

A frame is centred at its time: it is complete half a window (32 ms) later. 136 triangular filters,
24 an octave from 30 Hz on, on the magnitude spectrum; brought to a common level by a slow gain;
log10(1 + x); and beside each band its rise since the frame before.

References
----------
M. Heydari, F. Cwitkowitz, Z. Duan, "BeatNet: CRNN and Particle Filtering for Online Joint Beat
Downbeat and Meter Tracking", ISMIR 2021: the bands and the rises; the gain is ours.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "FRAME_RATE",
    "HOP_LENGTH",
    "N_BANDS",
    "N_FEATURES",
    "SAMPLE_RATE",
    "WINDOW_LENGTH",
    "FrontEnd",
    "Gain",
    "band_levels",
    "features",
    "filterbank",
]

FloatArray = NDArray[np.float32]

SAMPLE_RATE: Final = 22050
"""[Hz]"""
HOP_LENGTH: Final = 441
"""[samples]"""
FRAME_RATE: Final = SAMPLE_RATE / HOP_LENGTH
"""[Hz]"""
WINDOW_LENGTH: Final = 1411
"""[samples]"""

_BINS = WINDOW_LENGTH // 2
_BANDS_PER_OCTAVE = 24
_LOWEST_HZ, _HIGHEST_HZ, _TUNING_HZ = 30.0, 17000.0, 440.0  # the highest bin ends the last band
_SAMPLE_LIMIT = 4.0  # beyond four times full scale the source is broken


def filterbank() -> FloatArray:
    """Return the triangles, each of area 1, shape (705, 136)."""
    half = SAMPLE_RATE / 2
    steps = np.arange(
        np.floor(np.log2(_LOWEST_HZ / _TUNING_HZ) * _BANDS_PER_OCTAVE),
        np.ceil(np.log2(_HIGHEST_HZ / _TUNING_HZ) * _BANDS_PER_OCTAVE),
    )
    corners_hz = _TUNING_HZ * 2.0 ** (steps / _BANDS_PER_OCTAVE)
    corners_hz = corners_hz[(corners_hz >= _LOWEST_HZ) & (corners_hz <= _HIGHEST_HZ)]
    bins_hz = np.arange(_BINS) * half / _BINS
    nearest = np.abs(bins_hz[None, :] - corners_hz[:, None]).argmin(1)
    corners = np.array(sorted(set(nearest.tolist())))  # np.unique imports masked arrays
    bank = np.zeros((_BINS, len(corners) - 2), np.float32)
    for band, (start, centre, stop) in enumerate(
        zip(corners[:-2], corners[1:-1], corners[2:], strict=True)
    ):
        bank[start:centre, band] = (np.arange(start, centre) - start) / (centre - start)
        bank[centre:stop, band] = 1.0 - (np.arange(centre, stop) - centre) / (stop - centre)
    bank /= bank.sum(0)
    return bank


_BANK = filterbank()
_WINDOW = np.hanning(WINDOW_LENGTH).astype(np.float32)

N_BANDS: Final = _BANK.shape[1]
N_FEATURES: Final = 2 * N_BANDS


def band_levels(frames: FloatArray) -> FloatArray:
    """Return the magnitude in each band.

    Parameters
    ----------
    frames : float32 array, shape (n, WINDOW_LENGTH)

    Returns
    -------
    float32 array, shape (n, N_BANDS)
    """
    spectrum = np.abs(np.fft.rfft(frames * _WINDOW, axis=1)[:, :_BINS])
    return np.asarray(spectrum.astype(np.float32) @ _BANK, np.float32)


class Gain:
    """A slow gain that brings soft and loud sources to the level of a finished recording."""

    _LEVEL = 3.5  # mean over the bands that a finished recording has
    _RISE, _FALL = 0.08, 0.004  # a frame: .25 s up, 5 s down
    _SILENCE = 2e-3  # below this the gain waits
    _LARGEST = 60.0

    def __init__(self) -> None:
        self._level = 0.0  # nothing heard yet

    def push(self, bands: FloatArray) -> FloatArray:
        """Return the bands with the gain applied, shape as given (n, N_BANDS)."""
        means = bands.mean(1).tolist()
        gains = np.empty(len(means), np.float32)
        level = self._level
        for i, mean in enumerate(means):
            if mean > self._SILENCE:
                level = level or mean
                level += (self._RISE if mean > level else self._FALL) * (mean - level)
            gains[i] = min(self._LEVEL / level, self._LARGEST) if level else 1.0
        self._level = level
        return bands * gains[:, None]


def features(levelled: FloatArray, before: FloatArray) -> FloatArray:
    """Return logarithms and their rises.

    Parameters
    ----------
    levelled : float32 array, shape (n, N_BANDS)
        From `Gain`.
    before : float32 array, shape (N_BANDS,)
        Logarithms of the frame before; overwritten with those of the last.
    """
    logs = np.log10(1.0 + levelled)
    rises = np.diff(logs, axis=0, prepend=before[None, :])
    before[:] = logs[-1]
    return np.concatenate((logs, np.maximum(rises, 0.0)), axis=1)


class FrontEnd:
    """Streaming: any number of samples in, features of the frames they complete out."""

    def __init__(self) -> None:
        self._rest = np.zeros(WINDOW_LENGTH // 2, np.float32)
        self._gain = Gain()
        self._before = np.zeros(N_BANDS, np.float32)

    def push(self, pcm: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Take mono audio at `SAMPLE_RATE`; broken samples count as 0.

        Returns
        -------
        features : float32 array, shape (n, N_FEATURES)
        powers : float32 array, shape (n,)
            Mean square of each frame.
        """
        clean = np.nan_to_num(np.asarray(pcm, np.float32), nan=0.0, posinf=0.0, neginf=0.0)
        rest = np.concatenate((self._rest, clean.clip(-_SAMPLE_LIMIT, _SAMPLE_LIMIT)))
        count = max(0, 1 + (len(rest) - WINDOW_LENGTH) // HOP_LENGTH)
        self._rest = rest[count * HOP_LENGTH :].copy()
        if count == 0:
            return np.zeros((0, N_FEATURES), np.float32), np.zeros(0, np.float32)
        frames = np.lib.stride_tricks.sliding_window_view(rest, WINDOW_LENGTH)[::HOP_LENGTH]
        frames = frames[:count]
        levelled = self._gain.push(band_levels(frames))
        return features(levelled, self._before), np.square(frames).mean(1)
