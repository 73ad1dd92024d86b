"""Rendering in a workstation: each block is heard and answered before the next one is asked for.

Time is that of the host's frames, and each start begins anew with the same seed, so that a bounce
gives the same notes each time, however fast the machine is. The live pipeline rests meanwhile.

Instances that play a part each take the notes of one and the same rendering. Hosts process them
before or after the one that listens, or at the same time; so that the order changes nothing, sound
and parameters act a little later where there are parts (`_Render.behind_s`).
"""

import queue
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from engine.audio import MonoFeed
from engine.emotion.tracker import Tracker
from engine.live.plugin_values import freezes, round_of, seed_of, settings_for
from engine.midi.plugin_output import OfflineOutput
from engine.pipeline.pipeline import Pipeline
from engine.pipeline.player import Player
from engine.pipeline.step import NO_ROUND, Inputs, Round
from engine.plugin.count import BeatCount
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

_BEHIND_S = 0.1
"""What a part is asked for may be so far ahead of what was heard, or a block of the host."""

_PATIENCE_S = 1.0
"""A part waits so long for the instance that listens; then the rendering goes on without it."""

_SAME_BEAT = 1e-4
"""Two instances that start nearer to each other start together."""


class Bounce:
    """Answers the plug-ins while their host renders, from a thread of its own.

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
        self._waiting: dict[Instance, tuple[Block, float]] = {}  # and since when [s]
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
        while True:
            try:
                said = self._said.get(timeout=_PATIENCE_S / 10 if self._waiting else None)
                if said is None:
                    return
                self._take(*said)
            except queue.Empty:
                pass
            try:
                self._play()
            except Exception as failure:
                self.failure = failure
                self._link.on_offline = None  # the line itself answers from now on
                for plugin, (block, _) in self._waiting.items():
                    _let_go(plugin, block)
                return

    def _take(self, plugin: Instance, what: Block | ParameterChange) -> None:
        if isinstance(what, Block):
            self._waiting[plugin] = what, time.perf_counter()
            return
        if self._render is not None and self._render.leader is plugin:
            self._render.changes.append(what)
        self._values.setdefault(plugin, list(_INITIAL))[what.index] = what.value

    def _play(self) -> None:
        """Answer whom can be answered."""
        now_s = time.perf_counter()
        for plugin, (block, since_s) in list(self._waiting.items()):
            render = self._joined(plugin, block)
            if render is not None:
                if not render.take(plugin, block) and now_s - since_s < _PATIENCE_S:
                    continue
                render.play(plugin, block)
            del self._waiting[plugin]
            _let_go(plugin, block)

    def _joined(self, plugin: Instance, block: Block) -> "_Render | None":
        """Return what a block belongs to; None where it needs no answer."""
        render = self._render
        known = self._link.instances()
        if render is not None and any(each not in known for each in render.members):
            render = self._render = None
        if BlockFlag.PLAYING not in block.flags:
            if render is not None and render.leave(plugin):
                self._render = None
            return None
        if render is not None:
            generation = render.members.get(plugin)
            if generation is None and abs(block.beat - render.start) < _SAME_BEAT:
                render.join(plugin, block)
                return render
            if generation == block.generation:
                return render
            if generation is None and plugin is not render.leader:
                return None  # came in the middle
        self._render = self._begin(plugin, block, known)
        return self._render

    def _begin(self, plugin: Instance, block: Block, known: list[Instance]) -> "_Render":
        leader = self._link.leader if plugin.part else plugin
        self._values = {each: values for each, values in self._values.items() if each in known}
        values = _INITIAL if leader is None else self._values.get(leader, _INITIAL)
        if self._tracker is None:
            self._tracker = Tracker()
        self._tracker.reset()
        performance = self._performance()
        for parameter, value in zip(PARAMETERS, values, strict=True):
            if value != parameter.initial:
                performance = performance.changed(settings_for(parameter.symbol, value))
        sync = OfflineSync(self._link, performance.tempo_bpm)
        pipeline = Pipeline(
            performance,
            sync.clock,
            seed_of(values) or self._seed,
            self._tracker,
            self._curve,
            draft_beats=_DRAFT_BEATS,
            inputs=Inputs(rounds=lambda beat: self._round(leader, beat)),
        )
        pipeline.target.frozen = freezes(values)
        behind_s = 0.0
        for each in known:
            if each.part and each.hello is not None:
                behind_s = max(behind_s, _BEHIND_S, each.hello.max_block / each.hello.rate)
        render = _Render(self._link, leader, block.beat, pipeline, sync, behind_s)
        render.join(plugin, block)
        return render

    def _round(self, leader: Instance | None, beat: int) -> Round:
        render = self._render
        if render is None or render.block is None or leader is None:
            return NO_ROUND
        values = self._values.get(leader, _INITIAL)
        return round_of(beat, render.block, values, self._seed, render.count)


def _let_go(plugin: Instance, block: Block) -> None:
    plugin.send(encode_horizon(block.frame + block.frames))


class _Render:
    """One start of the transport, rendered.

    Parameters
    ----------
    link : PluginLink
        The line to the plug-ins.
    leader : Instance or None
        Whose sound and parameters are taken; None where no instance listens.
    start : float
        Where all begin [quarter notes].
    pipeline : Pipeline
        What plays.
    sync : OfflineSync
        The host's time.
    behind_s : float
        How much later sound and parameters act [s].
    """

    def __init__(
        self,
        link: PluginLink,
        leader: Instance | None,
        start: float,
        pipeline: Pipeline,
        sync: OfflineSync,
        behind_s: float,
    ) -> None:
        assert pipeline.tracker is not None
        self.leader = leader
        self.start = start
        self.behind_s = behind_s
        self.members: dict[Instance, int] = {}
        """Who takes part, and in which generation."""
        self.changes: deque[ParameterChange] = deque()
        self.block: Block | None = None
        self._first: dict[Instance, int] = {}  # frame of each where the rendering starts
        self._followed_s = 0.0
        self._listens = leader is not None
        self._sound: deque[NDArray[np.float32]] = deque()
        self._received = self._heard = 0  # frames of the leader's, from its first
        self._rate = 0.0  # of the leader [Hz]
        self._ticks = 0
        self._pipeline = pipeline
        self._sync = sync
        self._feed = MonoFeed(pipeline.tracker.sample_rate)
        self._output = OfflineOutput(link, sync.place)
        self._player = Player(pipeline, sync, self._output)

    @property
    def count(self) -> BeatCount:
        """How the host's beats are counted."""
        return self._sync.count

    def join(self, plugin: Instance, block: Block) -> None:
        """Take part from the start on."""
        assert plugin.hello is not None
        self.members[plugin] = block.generation
        self._first[plugin] = block.frame
        if plugin is self.leader:
            self._rate = plugin.hello.rate

    def leave(self, plugin: Instance) -> bool:
        """Take part no more; return whether nobody is left."""
        self.members.pop(plugin, None)
        if plugin is self.leader:
            self._listens = False
        return not self.members

    def take(self, plugin: Instance, block: Block) -> bool:
        """Take what a block brings; return whether it can be played now."""
        if plugin is not self.leader:
            ends_s = self._times(plugin, block)[1]
            return not self._listens or self._received_s() >= ends_s - self.behind_s - 1e-9
        self._listens = True
        if block.samples.size:
            self._sound.append(block.samples)
        self._received += block.frames
        return True

    def play(self, plugin: Instance, block: Block) -> None:
        """Hand over all that belongs into a block."""
        begins_s, ends_s = self._times(plugin, block)
        if plugin is not self.leader and self._received_s() < ends_s - self.behind_s - 1e-9:
            self._listens = False  # nobody who listens is rendered along
        if begins_s >= self._followed_s - 1e-9:
            self._followed_s = ends_s
            self.block = block
            self._sync.follow(replace(block, generation=1), begins_s)
        while (now_s := self._ticks / _TICKS_PER_S) <= ends_s + 1e-9:
            self._settle()
            self._hear(now_s - self.behind_s)
            self._obey(now_s - self.behind_s)
            self._player.turn(now_s)
            self._ticks += 1
        self._output.give(plugin)

    def _times(self, plugin: Instance, block: Block) -> tuple[float, float]:
        assert plugin.hello is not None
        begins = block.frame - self._first[plugin]
        return begins / plugin.hello.rate, (begins + block.frames) / plugin.hello.rate

    def _received_s(self) -> float:
        return self._received / self._rate if self._rate else 0.0

    def _settle(self) -> None:
        """Play in the host's metre."""
        bar, performance = self._sync.metre, self._pipeline.performance
        if bar and bar != performance.beats_per_bar:
            self._pipeline.change(performance.changed({"beats_per_bar": bar}))

    def _hear(self, until_s: float) -> None:
        """Hear the leader's sound up to a time."""
        until = round(until_s * self._rate)
        while self._sound and self._heard < until:
            samples = self._sound.popleft()
            due = until - self._heard
            if len(samples) > due:
                self._sound.appendleft(samples[due:])
                samples = samples[:due]
            self._heard += len(samples)
            self._pipeline.listen(self._feed.push(samples, round(self._rate)))

    def _obey(self, until_s: float) -> None:
        """Obey the leader's parameters up to a time."""
        first = self._first.get(self.leader) if self.leader is not None else None
        while self.changes and first is not None:
            if self.changes[0].frame > first + until_s * self._rate:
                return
            change = self.changes.popleft()
            symbol, pipeline = PARAMETERS[change.index].symbol, self._pipeline
            settings = settings_for(symbol, change.value)
            if settings:
                pipeline.change(pipeline.performance.changed(settings))
            elif symbol == "freeze":
                pipeline.target.frozen = change.value >= 0.5
            elif symbol == "seed" and change.value >= 1:
                pipeline.regenerate(round(change.value))
