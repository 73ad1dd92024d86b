"""Sends what is heard as MIDI messages, as the output mappings of the performance say."""

from engine.events import EmotionState, TargetState
from engine.mapping.output import OutputMapper
from engine.mapping.sections import SectionWatch
from engine.mapping.sources import Moment
from engine.midi.output import NoteOutput
from engine.music.clock import Clock
from engine.pipeline.pipeline import Pipeline
from engine.sync.audio import HeardBeat

__all__ = ["MappedOutput"]


class MappedOutput:
    """Called once a turn by the player thread.

    Parameters
    ----------
    port : NoteOutput
        Where messages go.
    """

    def __init__(self, port: NoteOutput) -> None:
        self.sections = SectionWatch()
        self._mapper = OutputMapper(port)
        self._heard: EmotionState | None = None

    def turn(
        self,
        pipeline: Pipeline,
        target: TargetState,
        clock: Clock,
        now_s: float,
        beat: HeardBeat | None = None,
    ) -> None:
        """Send what has changed; ``beat``: what is heard of the beat, if it is."""
        emotion = pipeline.emotion
        if emotion is not None and emotion is not self._heard:
            self._heard = emotion
            self.sections.hear(emotion)
        performance = pipeline.performance
        self._mapper.change(performance.outputs, now_s)
        if not performance.outputs:
            return
        bars = clock.beat_at(now_s) / performance.beats_per_bar
        self._mapper.update(
            Moment(
                emotion=emotion,
                target=target,
                key=pipeline.key,
                section=self.sections.section,
                build=self.sections.build,
                drop=self.sections.drop,
                beat_in_bar=bars % 1.0,
                playing=clock.running,
                beat_confidence=None if beat is None else beat.confidence,
                heard_bpm=None if beat is None else 60.0 / beat.period_s,
            ),
            now_s,
        )

    def end(self, now_s: float) -> None:
        """End every note a mapping holds."""
        self._mapper.end(now_s)
