"""Cost of the tracker on one core: one hop, whole files, and a yardstick beside them."""

import time
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.bench.core import one_core, quantile_ms
from engine.bench.mert import measure_mert

__all__ = ["measure_tracker"]


def measure_tracker(paced_s: float = 20.0, hops: int = 1000) -> dict[str, Any]:
    """Return milliseconds per hop (paced as live, and back to back) and offline speed.

    Runs on one core where the system allows pinning. The yardstick is a plain NumPy log-mel
    front end (one 2048-point FFT and 64 bands per 512 samples) over the same audio in the same
    run, so that figures of different machines can be compared as ratios. A network of MERT-95M's
    shape stands beside it (see `measure_mert`).
    """
    import presets
    from engine.audio import mono_blocks
    from engine.emotion.tracker import Tracker

    with one_core():
        tracker = Tracker(beside=True)  # as live
        rate, hop = tracker.sample_rate, tracker.hop_length
        pcm = np.concatenate(list(mono_blocks(presets.DEMO_AUDIO, rate)))
        chunks = pcm[: pcm.size // hop * hop].reshape(-1, hop)
        for chunk in chunks[:50]:
            tracker.push(chunk)
        back_to_back = [_timed(tracker.push, chunks[k % len(chunks)]) for k in range(hops)]
        paced = _paced(tracker.push, chunks, hop / rate, paced_s)
        tracker.close()
        tracker = Tracker()  # as for files
        began = time.perf_counter()
        for block in mono_blocks(presets.DEMO_AUDIO, rate):
            tracker.push(block)
        offline_s = time.perf_counter() - began
        began = time.perf_counter()
        _log_mel(pcm, rate)
        yardstick_s = time.perf_counter() - began
    seconds = pcm.size / rate
    hop_ms = 1000.0 * hop / rate
    return {
        "hop_ms": round(hop_ms, 1),
        "back_to_back_p50_ms": quantile_ms(back_to_back, 0.5),
        "back_to_back_p99_ms": quantile_ms(back_to_back, 0.99),
        "paced_p50_ms": quantile_ms(paced, 0.5),
        "paced_p99_ms": quantile_ms(paced, 0.99),
        "paced_max_ms": quantile_ms(paced, 1.0),
        "offline_times_real_time": round(seconds / offline_s, 1),
        "times_numpy_log_mel": round(offline_s / yardstick_s, 2),
        "mert": measure_mert(quantile_ms(back_to_back, 0.5), hop_ms),
    }


def _timed(push: Callable[[NDArray[np.float32]], object], chunk: NDArray[np.float32]) -> float:
    began = time.perf_counter()
    push(chunk)
    return time.perf_counter() - began


def _paced(
    push: Callable[[NDArray[np.float32]], object],
    hops: NDArray[np.float32],
    period_s: float,
    seconds: float,
) -> list[float]:
    """Time pushes at live pace: between them caches go cold, as they do on stage."""
    times = []
    due = time.perf_counter()
    for k in range(round(seconds / period_s)):
        due += period_s
        time.sleep(max(0.0, due - time.perf_counter()))
        times.append(_timed(push, hops[k % len(hops)]))
    return times


def _log_mel(pcm: NDArray[np.float32], rate: int) -> NDArray[np.float32]:
    window = np.hanning(2048).astype(np.float32)
    frames = np.lib.stride_tricks.sliding_window_view(pcm, 2048)[::512]
    edges = 700.0 * (10.0 ** (np.linspace(0.0, 2595.0 * np.log10(1 + rate / 1400), 66) / 2595) - 1)
    bins = np.linspace(0.0, rate / 2, 1025)[:, None]
    rising = (bins - edges[:-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[2:] - bins) / (edges[2:] - edges[1:-1])
    bands = np.maximum(0.0, np.minimum(rising, falling)).astype(np.float32)
    power = np.abs(np.fft.rfft(frames * window)) ** 2
    mel: NDArray[np.float32] = np.log(power.astype(np.float32) @ bands + 1e-5)
    return mel
