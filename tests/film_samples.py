"""Small films made of numbers, for the tests of `engine.video`."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import av
import numpy as np

from engine.video.analyser import Picture, VideoAnalyser

FPS = 25


def pattern(seed, light=1.0):
    """Return a picture of coloured blocks, uint8, shape (36, 64, 3)."""
    blocks = np.random.default_rng(seed).integers(0, 256, (9, 16, 3))
    return (blocks.repeat(4, 0).repeat(4, 1) * light).astype(np.uint8)


def shots(lengths, light=1.0) -> list[np.ndarray]:
    """Return frames of one pattern per length (in frames), with a little grain."""
    random = np.random.default_rng(9)
    return [
        np.clip(pattern(seed, light) + random.normal(0.0, 3.0, (36, 64, 1)), 0, 255).astype(
            np.uint8
        )
        for seed, length in enumerate(lengths)
        for _ in range(length)
    ]


class Still:
    """A picture that is there already."""

    def __init__(self, rgb: np.ndarray) -> None:
        self.rgb = rgb

    def reduce(self) -> np.ndarray:
        return self.rgb

    def square(self, size: int) -> np.ndarray:
        return np.resize(self.rgb, (size, size, 3))


def pictures(frames: Iterable[np.ndarray], fps: float = FPS) -> Iterator[Picture]:
    for index, frame in enumerate(frames):
        yield Picture(index / fps, Still(frame))


def states_of(frames, fps: float = FPS, calibration=None):
    analyser = VideoAnalyser(calibration)
    states = [state for picture in pictures(frames, fps) for state in analyser.push(picture)]
    return states + analyser.finish(len(frames) / fps)


def cuts_of(frames, fps: float = FPS) -> list[float]:
    return [state.cut_s for state in states_of(frames, fps) if state.cut_s is not None]


def encode(path: Path, frames, *, fps: int = FPS, codec: str = "libx264", options=None) -> None:
    """Write frames as a video file; the suffix decides the container."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=fps, options=options or {"preset": "ultrafast"})
        stream.pix_fmt = "yuv420p"
        for index, frame in enumerate(frames):
            if index == 0:
                stream.height, stream.width = frame.shape[:2]
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        container.mux(stream.encode(None))


def write_film(path: Path, frames, fps: int = FPS, codec: str = "mpeg4") -> Path:
    """Encode frames, enlarged to 128 × 72: some encoders refuse less."""
    large = (frame.repeat(2, 0).repeat(2, 1) for frame in frames)
    encode(path, large, fps=fps, codec=codec, options={"b": "2000000"} if codec == "mpeg4" else {})
    return path
