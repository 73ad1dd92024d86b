"""Sound and film files of any format, written with PyAV."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np

__all__ = ["encode", "tones"]


def tones(rate: int, seconds: float, channels: int = 2) -> np.ndarray:
    """Three tones of a chord with a little noise: float32, shape (n, channels)."""
    t = np.arange(int(rate * seconds)) / rate
    mono = sum(0.15 * np.sin(2 * np.pi * hz * t) for hz in (261.6, 329.6, 392.0))
    mono = mono + 0.01 * np.random.default_rng(2).normal(size=t.size)
    return np.tile(np.asarray(mono)[:, None], (1, channels)).astype(np.float32)


def encode(
    path: Path,
    sound: np.ndarray,
    rate: int,
    codec: str,
    *,
    start_s: float = 0.0,
    pictures_s: float = 0.0,
    **options: str,
) -> Path:
    """Write a file of one sound stream, and of black pictures where `pictures_s` is given.

    `start_s` is the time stamp of the first sample; `options` are the container's.
    """
    channels = sound.shape[1]
    layout = {1: "mono", 2: "stereo", 6: "5.1"}[channels]
    with av.open(str(path), "w", options=options) as target:
        if pictures_s:
            film = target.add_stream("mpeg4", rate=25)
            film.width, film.height, film.pix_fmt = 64, 48, "yuv420p"
        stream = target.add_stream(codec, rate=rate, layout=layout)
        for number in range(round(25 * pictures_s)):
            frame = av.VideoFrame(64, 48, "yuv420p")
            for plane in frame.planes:
                plane.update(bytes([16 if plane is frame.planes[0] else 128]) * plane.buffer_size)
            frame.pts, frame.time_base = number, Fraction(1, 25)
            target.mux(film.encode(frame))
        if pictures_s:
            target.mux(film.encode(None))
        stream.bit_rate = 192_000
        resampler = av.AudioResampler(stream.codec_context.format.name, layout, rate)
        for start in range(0, len(sound), 1024):
            block = np.ascontiguousarray(sound[start : start + 1024].T)
            frame = av.AudioFrame.from_ndarray(block, format="fltp", layout=layout)
            frame.sample_rate = rate
            frame.pts, frame.time_base = start + round(start_s * rate), Fraction(1, rate)
            for part in resampler.resample(frame):
                target.mux(stream.encode(part))
        target.mux(stream.encode(None))
    return path
