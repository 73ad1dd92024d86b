"""Rendering in a workstation: each block is heard and answered before the next one is asked for.

Time is that of the host's frames, and each start begins anew with the same seed, so that a bounce
gives the same notes each time, however fast the machine is. The live pipeline rests meanwhile.
"""

import queue
import threading
from collections import deque
from collections.abc import Callable

from engine.audio import MonoFeed
from engine.emotion.tracker import Tracker
from engine.live.plugin_values import bar_of, freezes, round_of, seed_of, settings_for
from engine.midi.plugin_output import PluginOutput
from engine.pipeline.pipeline import Pipeline
from engine.pipeline.player import Player
from engine.pipeline.step import NO_ROUND, Inputs, Round
from engine.plugin.instance import Instance
from engine.plugin.link import PluginLink
from engine.plugin.parameters import PARAMETERS
from engine.plugin.protocol import Block, BlockFlag, ParameterChange, encode_horizon
from engine.settings.performance import Performance
from engine.sync.plugin import OfflineSync

__all__ = ["Bounce"]

_TICKS_PER_S = 100
_DRAFT_BEATS = 0
_INITIAL = [each.initial for each in PARAMETERS]


class Bounce:
    """Answers the leading plug-in while its host renders, from a thread of its own.

    Parameters
    ----------
    link : PluginLink
        The line to the plug-ins.
    performance : callable
        How to play, asked at each start; the plug-in's parameters are put on top.
    seed : int
        Fixes every choice, unless the plug-in has one.
    curve : tuple of (float, float, float)
        Points (beat, valence, arousal) of mode ``curve``.
    """

    def __init__(
        self,
        link: PluginLink,
        performance: Callable[[], Performance],
        seed: int,
        curve: tuple[tuple[float, float, float], ...] = (),
    ) -> None:
        self._link = link
        self._performance = performance
        self._seed = seed
        self._curve = curve
        self._said: queue.SimpleQueue[tuple[Instance, Block | ParameterChange] | None]
        self._said = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._answer, name="plugin-bounce", daemon=True)
        self._render: _Render | None = None
        self._generation: int | None = None
        self._tracker: Tracker | None = None
        self._values: dict[Instance, list[float]] = {}
        self.failure: Exception | None = None
        """What ended it, or None."""

    def start(self) -> None:
        """Answer from now on."""
        self._link.on_offline = lambda plugin, said: self._said.put((plugin, said))
        self._thread.start()

    def stop(self) -> None:
        """Answer no more."""
        self._link.on_offline = None
        if self._thread.is_alive():
            self._said.put(None)
            self._thread.join()

    def _answer(self) -> None:
        while (said := self._said.get()) is not None:
            plugin, what = said
            if isinstance(what, ParameterChange):
                self._change(plugin, what)
                continue
            try:
                self._play(plugin, what)
            except Exception as failure:
                self.failure = failure
                self._link.on_offline = None  # the line itself answers from now on
                return
            finally:  # whatever happens, the host must not wait
                plugin.send(encode_horizon(what.frame + what.frames))

    def _change(self, plugin: Instance, change: ParameterChange) -> None:
        if self._render is not None and self._render.plugin is plugin:
            self._render.changes.append(change)
        values = self._values.setdefault(plugin, list(_INITIAL))
        values[change.index] = change.value

    def _play(self, plugin: Instance, block: Block) -> None:
        if BlockFlag.PLAYING not in block.flags:
            self._render = None
            return
        render = self._render
        if render is None or render.plugin is not plugin or render.generation != block.generation:
            render = self._render = self._begin(plugin, block)
        render.play(block)

    def _begin(self, plugin: Instance, block: Block) -> "_Render":
        self._values = {known: values for known, values in self._values.items() if known is plugin}
        values = self._values.get(plugin, _INITIAL)
        if self._tracker is None:
            self._tracker = Tracker()
        self._tracker.reset()
        performance = self._performance()
        for parameter, value in zip(PARAMETERS, values, strict=True):
            if value != parameter.initial:
                performance = performance.changed(settings_for(parameter.symbol, value))
        if (bar := bar_of(block)) is not None:
            performance = performance.changed({"beats_per_bar": bar})
        sync = OfflineSync(self._link, performance.tempo_bpm)
        pipeline = Pipeline(
            performance,
            sync.clock,
            seed_of(values) or self._seed,
            self._tracker,
            self._curve,
            draft_beats=_DRAFT_BEATS,
            inputs=Inputs(rounds=lambda beat: self._round(plugin, beat)),
        )
        pipeline.target.frozen = freezes(values)
        return _Render(self._link, plugin, block, pipeline, sync, self._tracker.sample_rate)

    def _round(self, plugin: Instance, beat: int) -> Round:
        render = self._render
        if render is None or render.block is None:
            return NO_ROUND
        return round_of(beat, render.block, self._values.get(plugin, _INITIAL), self._seed)


class _Render:
    """One start of the transport, rendered."""

    def __init__(
        self,
        link: PluginLink,
        plugin: Instance,
        block: Block,
        pipeline: Pipeline,
        sync: OfflineSync,
        sample_rate: int,
    ) -> None:
        assert plugin.hello is not None
        self.plugin = plugin
        self.generation = block.generation
        self.changes: deque[ParameterChange] = deque()
        self.block: Block | None = None
        self._rate = plugin.hello.rate
        self._first = block.frame
        self._ticks = 0
        self._pipeline = pipeline
        self._sync = sync
        self._feed = MonoFeed(sample_rate)
        self._player = Player(pipeline, sync, PluginOutput(link, sync.place))

    def play(self, block: Block) -> None:
        """Hear a block and hand over all that belongs into it."""
        self.block = block
        began_s = (block.frame - self._first) / self._rate
        end_s = began_s + block.frames / self._rate
        self._sync.follow(block, began_s)
        if block.samples.size:
            self._pipeline.listen(self._feed.push(block.samples, round(self._rate)))
        while (now_s := self._ticks / _TICKS_PER_S) <= end_s:
            self._obey(self._first + now_s * self._rate)
            self._player.turn(now_s)
            self._ticks += 1

    def _obey(self, until_frame: float) -> None:
        while self.changes and self.changes[0].frame <= until_frame:
            change = self.changes.popleft()
            symbol, pipeline = PARAMETERS[change.index].symbol, self._pipeline
            settings = settings_for(symbol, change.value)
            if settings:
                pipeline.change(pipeline.performance.changed(settings))
            elif symbol == "freeze":
                pipeline.target.frozen = change.value >= 0.5
            elif symbol == "seed" and change.value >= 1:
                pipeline.regenerate(round(change.value))
