"""Sends what is heard as MIDI messages, as the output mappings of the performance say.

The built-in instrument, where it plays, is told its engine and volume, too.
"""

from engine.events import EmotionState, HeardBeat, TargetState
from engine.mapping.output import OutputMapper
from engine.mapping.sections import SectionWatch
from engine.mapping.sources import Moment
from engine.midi.plugin_output import LiveOutput
from engine.music.clock import Clock
from engine.pipeline.pipeline import Pipeline

__all__ = ["MappedOutput"]


class MappedOutput:
    """Called once a turn by the player thread.

    Parameters
    ----------
    port : LiveOutput
        Where messages go, and the volume of the built-in instrument.

    Attributes
    ----------
    moment : Moment or None
        What the last turn saw; None before the first.
    """

    def __init__(self, port: LiveOutput) -> None:
        self.sections = SectionWatch()
        self._mapper = OutputMapper(port)
        self.moment: Moment | None = None
        self._heard: EmotionState | None = None
        self._port = port
        self._sound: tuple[str, float] | None = None

    def turn(
        self,
        pipeline: Pipeline,
        target: TargetState,
        clock: Clock,
        now_s: float,
        beat: HeardBeat | None = None,
    ) -> Moment:
        """Send what has changed and return the moment; ``beat``: what is heard of the beat."""
        emotion = pipeline.emotion
        if emotion is not None and emotion is not self._heard:
            self._heard = emotion
            self.sections.hear(emotion)
        performance = pipeline.performance
        if (sound := (performance.engine, performance.volume)) != self._sound:
            self._sound = sound
            self._port.sound(*sound)
        self._mapper.change(performance.outputs, now_s)
        moment = self.moment = Moment(
            emotion=emotion,
            target=target,
            key=pipeline.key,
            section=self.sections.section,
            build=self.sections.build,
            drop=self.sections.drop,
            beats=clock.beat_at(now_s),
            beats_per_bar=performance.beats_per_bar,
            tempo_bpm=clock.tempo_bpm,
            playing=clock.running,
            heard=beat,
        )
        self._mapper.update(moment, now_s)
        return moment

    def end(self, now_s: float) -> None:
        """End every note a mapping holds."""
        self._mapper.end(now_s)
