"""Short films made of numbers: shots, hard cuts, movement and mood all known, seeded.

They also hold what is mistaken for cuts: fades, dissolves, flashes, changes of light.
"""

import math
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, cast

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from av.video.stream import VideoStream

__all__ = ["Clip", "Shot", "encode", "frames_of", "make_clip"]

Image = NDArray[np.uint8]

WIDTH: Final = 160
HEIGHT: Final = 90
FPS: Final = 25
FAST: Final[Mapping[str, str]] = {"preset": "ultrafast", "crf": "20"}
_FADE_S: Final = 1.0
_SHORTEST_S: Final = 1.2


@dataclass(frozen=True, slots=True)
class Shot:
    """One shot.

    Attributes
    ----------
    start_s, length_s : float
        Place in the film [s].
    seed : int
        Fixes its shapes.
    valence, arousal : float
        The mood it is painted in, -1..1: light and hue; movement and saturation.
    disturbance : str
        What happens in its middle that is no cut: ``""``, ``"fade"`` (to black and back),
        ``"dissolve"`` (to another picture), ``"flash"`` (one to three white frames) or
        ``"light"`` (brightness swells and falls).
    """

    start_s: float
    length_s: float
    seed: int
    valence: float
    arousal: float
    disturbance: str


@dataclass(frozen=True, slots=True)
class Clip:
    """A film and its shots."""

    shots: tuple[Shot, ...]

    @property
    def cuts_s(self) -> tuple[float, ...]:
        """Times of the hard cuts [s]."""
        return tuple(shot.start_s for shot in self.shots[1:])

    @property
    def length_s(self) -> float:
        """Length of the film [s]."""
        return self.shots[-1].start_s + self.shots[-1].length_s

    def mood(self, from_s: float, to_s: float) -> tuple[float, float]:
        """Return mean valence and arousal of what is painted between two times [s]."""
        weights = [
            max(0.0, min(to_s, shot.start_s + shot.length_s) - max(from_s, shot.start_s))
            for shot in self.shots
        ]
        moods = [(shot.valence, shot.arousal) for shot in self.shots]
        valence, arousal = np.average(moods, axis=0, weights=weights)
        return float(valence), float(arousal)


def make_clip(seed: int, moods: Sequence[tuple[float, float]], scene_s: float = 16.0) -> Clip:
    """Return a clip: a scene per mood (valence, arousal); arousal moves and cuts it faster."""
    random = np.random.default_rng(seed)
    shots: list[Shot] = []
    at = 0.0
    for scene, (valence, arousal) in enumerate(moods, 1):
        usual_s = 5.0 * 2.0 ** (-1.1 * arousal)
        end_s = round(scene * scene_s * FPS) / FPS
        while at < end_s:
            length = float(np.clip(random.lognormal(np.log(usual_s), 0.45), 1.2, 15.0))
            length = round(length * FPS) / FPS
            if end_s - at - length < _SHORTEST_S:
                length = end_s - at
            kinds = (
                ("", "", "flash", "light") if length < 3.5 else ("", "fade", "dissolve", "flash")
            )
            shots.append(
                Shot(
                    start_s=at,
                    length_s=length,
                    seed=int(random.integers(2**31)),
                    valence=float(np.clip(valence + 0.1 * random.standard_normal(), -1, 1)),
                    arousal=float(np.clip(arousal + 0.1 * random.standard_normal(), -1, 1)),
                    disturbance=str(random.choice(kinds)),
                )
            )
            at = round((at + length) * FPS) / FPS
    return Clip(tuple(shots))


def frames_of(clip: Clip) -> Iterator[Image]:
    """Yield the frames, uint8, shape (90, 160, 3), 25 a second."""
    for shot in clip.shots:
        yield from _play(shot)


def encode(
    path: str | os.PathLike[str],
    frames: Iterator[Image],
    *,
    fps: int = FPS,
    codec: str = "libx264",
    options: Mapping[str, str] = FAST,
) -> None:
    """Write frames as a video file; the suffix decides the container."""
    import av

    with av.open(str(path), "w") as container:
        stream = cast("VideoStream", container.add_stream(codec, rate=fps, options={**options}))
        stream.pix_fmt = "yuv420p"
        for index, frame in enumerate(frames):
            if index == 0:
                stream.height, stream.width = frame.shape[:2]
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        container.mux(stream.encode(None))


class _Scene:
    """A background that slides and shapes that wander over it."""

    def __init__(self, random: np.random.Generator, valence: float, arousal: float) -> None:
        light = 0.42 + 0.26 * valence + 0.06 * random.standard_normal()
        warm = 0.09 if valence >= 0.0 else 0.6
        hues = warm + 0.1 * random.standard_normal(8)
        depth = 0.4 + 0.2 * arousal
        self._colours = [_rgb(hue, depth, light * random.uniform(0.55, 1.45)) for hue in hues]
        self._speed = 2.0 ** (2.6 + 2.6 * arousal)  # pixels per second
        self._places = random.uniform((0, 0), (WIDTH, HEIGHT), (6, 2))
        self._ways = random.standard_normal((6, 2))
        self._sizes = random.uniform(6.0, 24.0, 6)
        self._slope = random.uniform(0.0, 2.0 * np.pi)
        self._texture = random.standard_normal((HEIGHT, WIDTH)).cumsum(1)
        self._texture -= self._texture.mean(1, keepdims=True)
        self._texture *= 0.1 / self._texture.std()
        self._y, self._x = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float32)

    def at(self, time_s: float) -> NDArray[np.float32]:
        """Return the picture, float32 in [0, 1], shape (90, 160, 3)."""
        way = self._speed * time_s
        ramp = (np.cos(self._slope) * self._x + np.sin(self._slope) * self._y) / WIDTH
        ramp = (0.5 + 0.5 * np.tanh(ramp))[..., None]
        picture = (1.0 - ramp) * self._colours[0] + ramp * self._colours[1]
        picture = picture + np.roll(self._texture, round(way), 1)[..., None] * 0.6
        for place, direction, size, colour in zip(
            self._places, self._ways, self._sizes, self._colours[2:], strict=True
        ):
            x = (place[0] + way * direction[0]) % WIDTH
            y = (place[1] + way * direction[1]) % HEIGHT
            inside = (self._x - x) ** 2 + (self._y - y) ** 2 < size**2
            picture[inside] = colour
        return np.asarray(picture, np.float32)


def _play(shot: Shot) -> Iterator[Image]:
    random = np.random.default_rng(shot.seed)
    scene = _Scene(random, shot.valence, shot.arousal)
    other = _Scene(random, shot.valence, shot.arousal)
    middle_s = shot.length_s / 2.0
    flash_frames = int(random.integers(1, 4))
    for index in range(round(shot.length_s * FPS)):
        time_s = index / FPS
        picture: NDArray[np.float32] = scene.at(time_s)
        if shot.disturbance == "fade":
            picture = picture * min(1.0, abs(time_s - middle_s) / _FADE_S)
        elif shot.disturbance == "dissolve":
            share = float(np.clip((time_s - middle_s) / _FADE_S + 0.5, 0.0, 1.0))
            picture = (1.0 - share) * picture + share * other.at(time_s)
        elif shot.disturbance == "light":
            picture = picture * (1.0 + 0.35 * math.sin(2.0 * math.pi * 0.7 * time_s))
        elif shot.disturbance == "flash" and 0 <= index - round(middle_s * FPS) < flash_frames:
            picture = np.ones_like(picture)
        grain = 0.012 * random.standard_normal(picture.shape[:2], np.float32)[..., None]
        yield (np.clip(picture + grain, 0.0, 1.0) * 255.0).astype(np.uint8)


def _rgb(hue: float, saturation: float, value: float) -> NDArray[np.float32]:
    """Return a colour from hue (turns), saturation and value."""
    steps = (np.array([5.0, 3.0, 1.0]) + hue * 6.0) % 6.0
    chroma = np.clip(np.minimum(steps, 4.0 - steps), 0.0, 1.0)
    return np.asarray(np.clip(value, 0.05, 1.0) * (1.0 - saturation * chroma), np.float32)
