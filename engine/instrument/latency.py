"""How late an output sounds: clicks at known times, found again in what a microphone hears."""

import time
from dataclasses import dataclass
from itertools import accumulate, cycle, islice
from typing import Final

import numpy as np
from numpy.typing import NDArray

from engine.audio import DeviceInput, Ring, find_input
from engine.audio.ring import FloatArray
from engine.errors import AudioDeviceError
from engine.midi.ports.port import sounding
from engine.midi.sender.client import SenderClient

__all__ = ["CLICKS", "Latency", "click_times", "find_latency", "measure"]

CLICKS: Final = 12
_GAPS_S: Final = (0.43, 0.61, 0.37, 0.55, 0.47, 0.67, 0.41)
"""Unequal, so that a steady beat in the room cannot be taken for the clicks."""
_LEAD_S: Final = 0.5
_NOTE_S: Final = 0.06
_LONGEST_S: Final = 0.3
_BEFORE_S: Final = 0.05
_HOP_S: Final = 0.00025
_FRAME_S: Final = 0.001
_RISE: Final = 0.25  # of the way from the noise to the peak
_LEAST_RATIO: Final = 4.0  # peak over noise
_MOST_SPREAD_S: Final = 0.002
_SHIFT_S: Final = 0.01


@dataclass(frozen=True, slots=True)
class Latency:
    """What was measured.

    Attributes
    ----------
    seconds : float
        From a note's time to the onset of its sound [s].
    spread_s : float
        Standard deviation from click to click [s].
    port : str
        The output, by the name it opened as.
    """

    seconds: float
    spread_s: float
    port: str = ""


def click_times(start_s: float, count: int) -> list[float]:
    """Return when to click [s]."""
    return list(accumulate(islice(cycle(_GAPS_S), count - 1), initial=start_s))


def find_latency(
    sound: FloatArray, sample_rate: int, began_s: float, clicks_s: list[float]
) -> Latency:
    """Return how long after their times clicks are heard.

    The envelope of the sound is correlated with the row of clicks; the median over the clicks
    leaves out what is not in step with them. The latency is where that rises to a quarter of its
    peak; each click correlated with their mean tells the spread.

    Parameters
    ----------
    sound : ndarray
        float32, shape (n,).
    sample_rate : int
        [Hz]
    began_s : float
        Time of the first sample [s].
    clicks_s : list of float
        Times of the clicks, in the same clock [s].

    Raises
    ------
    AudioDeviceError
        The clicks are not heard, or each comes with another delay.
    """
    envelope = _envelope(sound, sample_rate)
    before, after = round(_BEFORE_S / _HOP_S), round(_LONGEST_S / _HOP_S)
    starts = [round((click_s - began_s) / _HOP_S) - before for click_s in clicks_s]
    rows = np.array(
        [
            envelope[start : start + before + after]
            for start in starts
            if start >= 0 and start + before + after <= len(envelope)
        ]
    )
    if len(rows) < len(clicks_s) // 2 + 1:
        raise AudioDeviceError("too little was recorded to find the clicks in it")
    course = np.median(rows, axis=0)
    noise = float(np.median(course[:before]))
    peak = float(course[before:].max())
    if peak < _LEAST_RATIO * noise or peak < 1e-5:
        raise AudioDeviceError(
            "the clicks are not heard: turn the output up, or hold the microphone closer"
        )
    at = int((course > noise + _RISE * (peak - noise)).argmax())
    spread_s = _spread(rows, at) * _HOP_S
    if spread_s > _MOST_SPREAD_S:
        raise AudioDeviceError(
            f"each click comes with another delay (± {1000 * spread_s:.1f} ms): it is too loud "
            "here, or the output is not steady"
        )
    return Latency((at - before) * _HOP_S, spread_s)


def _envelope(sound: FloatArray, sample_rate: int) -> NDArray[np.float64]:
    """Return the level of what is above some 200 Hz, one value every quarter millisecond.

    Each looks back only: an onset is never early, and late by less than a millisecond.
    """
    wide, frame = max(1, round(sample_rate / 400)), max(1, round(_FRAME_S * sample_rate))
    high = sound.astype(np.float64)
    for _ in range(2):  # hum goes with the second
        high = high - _mean_before(high, wide)
    power = _mean_before(high**2, frame)
    places = np.arange(0.0, len(power) - 1, _HOP_S * sample_rate).round().astype(np.int64)
    return np.sqrt(np.maximum(power[places], 0.0))


def _mean_before(values: NDArray[np.float64], count: int) -> NDArray[np.float64]:
    """Return the mean of each value and those before it, so many in all."""
    sums = np.cumsum(np.concatenate([np.zeros(count), values]))
    means: NDArray[np.float64] = (sums[count:] - sums[:-count]) / count
    return means


def _spread(rows: NDArray[np.float64], at: int) -> float:
    """Return how much the clicks are shifted against their mean [hops]."""
    reach = round(_SHIFT_S / _HOP_S)
    first, last = max(reach, at - reach), at + 3 * reach
    mean = np.median(rows, axis=0)[first:last]
    mean = mean - mean.mean()
    shifts = [
        int(np.argmax(np.correlate(row[first - reach : last + reach], mean, "valid"))) - reach
        for row in rows
    ]
    away = np.abs(np.array(shifts) - float(np.median(shifts)))
    return float(1.4826 * np.median(away))


def measure(
    sender: SenderClient, device: str | None, *, count: int, channel: int, pitch: int
) -> Latency:
    """Play clicks through a started sender, listen to an input, and compare.

    Parameters
    ----------
    sender : SenderClient
        Without a latency offset of its own.
    device : str or None
        Audio input; None: the default one.
    count : int
        How many clicks.
    channel, pitch : int
        The note that clicks; channel from 0.

    Raises
    ------
    AudioDeviceError
        Nothing can be heard, or not well enough.
    """
    found = find_input(device)
    rate = found.default_sample_rate
    seconds = count * max(_GAPS_S) + 2 * _LEAD_S + _LONGEST_S
    ring = Ring(round((seconds + 5.0) * rate), rate)
    with DeviceInput(found.label, reopen=False) as source:
        source.start(ring)
        time.sleep(_LEAD_S)
        clicks_s = click_times(time.perf_counter() + _LEAD_S, count)
        for number, click_s in enumerate(clicks_s):
            sender.note(number, click_s, click_s + _NOTE_S, channel, pitch, 120)
        time.sleep(max(0.0, clicks_s[-1] + _LONGEST_S + _LEAD_S - time.perf_counter()))
        if source.error:
            raise AudioDeviceError(source.error)
        sound, began_s = ring.read(ring.available), source.began_s
    late = [sent.lateness_s for sent in sender.drain_sent()]
    if len(late) < count:
        raise AudioDeviceError(f"only {len(late)} of {count} clicks were sent")
    heard = find_latency(sound, rate, began_s, clicks_s)
    return Latency(heard.seconds, heard.spread_s, sounding(sender.status().port))
