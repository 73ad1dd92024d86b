"""The plug-in's part of a run: its line, what of the run goes through it, and its parameters."""

from collections.abc import Callable
from dataclasses import replace

from engine.audio.plugin_input import PluginInput
from engine.choices import PLUGIN
from engine.events import TargetState
from engine.live.bounce import Bounce
from engine.live.orders import Orders
from engine.live.plugin_values import round_of, settings_for
from engine.midi.plugin_output import PluginOutput
from engine.pipeline.pipeline import Pipeline
from engine.pipeline.step import NO_ROUND, Round
from engine.pipeline.writing import FilledBeat
from engine.plugin.instance import Instance
from engine.plugin.link import PluginLink
from engine.settings.performance import Performance
from engine.settings.run import LiveConfig
from engine.sync.plugin import PluginSync

__all__ = ["PluginFront"]


class PluginFront:
    """One line to the plug-ins, shared by sound, beat and notes; unused where none needs it.

    Parameters
    ----------
    config : LiveConfig
        Says which of the three go through it.
    """

    def __init__(self, config: LiveConfig) -> None:
        self._used = PLUGIN in (config.input, config.sync, config.midi_out)
        self._link = PluginLink()
        self.source = PluginInput(self._link) if config.input == PLUGIN else None
        self._sync = sync = PluginSync(self._link, config.performance.tempo_bpm)
        self.sync = sync if config.sync == PLUGIN else None
        self.output = PluginOutput(self._link, sync.place) if config.midi_out == PLUGIN else None
        self._seed, self._curve = config.seed, config.curve
        self._bounce: Bounce | None = None
        self._cued: tuple[FilledBeat | None, dict[Instance, int]] = (None, {})
        self._bar = config.performance.beats_per_bar

    def start(self, performance: Callable[[], Performance]) -> None:
        """Listen for plug-ins; ``performance`` says how a bounce begins.

        Raises
        ------
        MidiPortError
            There is no port, or nowhere to say which.
        """
        if self.output is not None:
            self._bounce = Bounce(self._link, performance, self._seed, self._curve)
            self._bounce.start()
        if self._used:
            self._link.start()

    def rounds(self, beat: int) -> Round:
        """Return which round of the host's loop a beat belongs to, see `Inputs`."""
        leader = self._link.leader
        if leader is None or leader.block is None:
            return NO_ROUND
        return round_of(beat, leader.block, leader.values, self._seed, self._sync.count)

    def turn(self, orders: Orders, pipeline: Pipeline, target: TargetState, now_s: float) -> None:
        """Carry out what the host has set; show what is heard."""
        if self._bounce is not None and self._bounce.failure is not None:
            raise self._bounce.failure
        for symbol, value in self._link.take_changes():
            if settings := settings_for(symbol, value):
                orders.change(settings)
            elif symbol == "freeze":
                orders.set_frozen(value >= 0.5)
            elif symbol == "seed" and value >= 1:
                orders.regenerate(round(value))
        if self.sync is not None:
            self.sync.poll(now_s)
            if self.sync.metre not in (0, self._bar):
                self._bar = self.sync.metre
                orders.change({"beats_per_bar": self._bar})
        if pipeline.emotion is not None:
            self._link.mood = (pipeline.emotion.valence, pipeline.emotion.arousal)
        if self.output is not None:
            self._cue(pipeline, target)

    def _cue(self, pipeline: Pipeline, target: TargetState) -> None:
        """Give the plug-ins the first beat beforehand, so that a start is not late."""
        written = pipeline.prepared
        plugins = {plugin for plugin, _ in self._link.played()}
        generations = {plugin: plugin.block.generation for plugin in plugins if plugin.block}
        if written is None or (written is self._cued[0] and generations == self._cued[1]):
            return
        self._cued = (written, generations)
        count = self._sync.count
        notes = [
            replace(note, onset=count.quarter(note.onset), duration=note.duration * count.unit)
            for note in pipeline.shaped(written, target)
        ]
        for plugin in plugins:
            plugin.cue(notes)

    def stop(self) -> None:
        """End every note and close the line."""
        if self._bounce is not None:
            self._bounce.stop()
        self._link.stop()
