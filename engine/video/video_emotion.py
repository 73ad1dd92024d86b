"""Emotion of sound and picture together, and cues of the picture for the generator."""

from dataclasses import replace
from pathlib import Path
from typing import Final

from engine.events import EmotionState
from engine.generators.protocol import NO_CUES, Cues
from engine.music.clock import Clock
from engine.snapshot import VideoHealth
from engine.video.input import Seen, VideoInput
from engine.video.mood import calibrate
from engine.video.semantic import SHARE, Meaning
from engine.video.table import read_features

__all__ = ["VideoEmotion"]

_DOUBT: Final = 0.5  # standard deviation stated for a mood that is only seen
_SILENCE_DB: Final = -120.0


class VideoEmotion:
    """Mixes the emotion of a film or camera into the one that is heard; for the player thread only.

    Parameters
    ----------
    video : str
        A file or a camera.
    clock : Clock
        Where the music is.
    neutral : Path or None
        Table of features of pictures that count as neutral.
    clip : Path or None
        Model for `engine.video.semantic`.
    """

    def __init__(
        self,
        video: str,
        clock: Clock,
        neutral: Path | None = None,
        clip: Path | None = None,
    ) -> None:
        calibration = None if neutral is None else calibrate(read_features(neutral))
        self.input = VideoInput(video, calibration, clip)
        self.weight = 0.5
        """Share of the picture in the joint emotion, 0..1; in silence it is 1."""
        self._clock = clock
        self._from: tuple[EmotionState | None, Seen | None, float] = (None, None, 0.0)
        self._joint: EmotionState | None = None
        self._section_cut_s: float | None = None
        self._section: tuple[float, int] = (0.0, 0)  # sum and number of arousals since the cut

    def health(self) -> VideoHealth:
        """Return what an observer may see."""
        seen = self.input.seen
        state = seen.state if seen is not None else None
        return VideoHealth(
            name=self.input.name,
            alive=state is not None,
            valence=state.valence if state is not None else 0.0,
            arousal=state.arousal if state is not None else 0.0,
            motion=state.motion if state is not None else 0.0,
            cut_rate=state.cut_rate if state is not None else 0.0,
            error=self.input.error,
        )

    def join(self, heard: EmotionState | None, now_s: float) -> EmotionState | None:
        """Return the emotion of both together; the same object until one of them changes."""
        seen = self.input.seen
        if seen is None:
            return heard
        if self._from != (heard, seen, self.weight):
            if seen is not self._from[1]:
                self._count(seen)
            self._from = (heard, seen, self.weight)
            self._joint = _joined(heard, seen, self.input.meaning, self.weight, now_s)
        return self._joint

    def cues(self, beat: int) -> Cues:
        """Return what a generator may know about a beat from the pictures."""
        seen, meaning, cut_s = self.input.seen, self.input.meaning, self.input.cut_at_s
        if seen is None:
            return NO_CUES
        total, count = self._section
        since = None
        if cut_s is not None:
            since = max(0.0, beat - self._clock.beat_at(cut_s))
        return Cues(
            motion=seen.state.motion,
            beats_since_boundary=since,
            section_energy=0.5 + 0.5 * total / count if count else None,
            semantic=meaning.embedding if meaning is not None else (),
        )

    def _count(self, seen: Seen) -> None:
        if self.input.cut_at_s != self._section_cut_s:
            self._section_cut_s = self.input.cut_at_s
            self._section = (0.0, 0)
        total, count = self._section
        self._section = (total + seen.state.arousal, count + 1)


def _joined(
    heard: EmotionState | None,
    seen: Seen,
    meaning: Meaning | None,
    weight: float,
    now_s: float,
) -> EmotionState:
    valence, arousal = seen.state.valence, seen.state.arousal
    if meaning is not None:
        valence += SHARE * (meaning.valence - valence)
        arousal += SHARE * (meaning.arousal - arousal)
    if heard is None or heard.state == "silence":
        return EmotionState(
            time_s=now_s,
            valence=valence,
            arousal=arousal,
            valence_std=_DOUBT,
            arousal_std=_DOUBT,
            quadrants=(0.25, 0.25, 0.25, 0.25),
            tags=(),
            key="" if heard is None else heard.key,
            chord="",
            loudness_db=_SILENCE_DB if heard is None else heard.loudness_db,
            state="uncertain",
        )
    return replace(
        heard,
        time_s=now_s,
        valence=heard.valence + weight * (valence - heard.valence),
        arousal=heard.arousal + weight * (arousal - heard.arousal),
    )
