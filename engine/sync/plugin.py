"""The transport of the host that our plug-in runs in."""

from collections import deque

from engine.errors import InputError
from engine.music.clock import Clock
from engine.plugin.count import BeatCount
from engine.plugin.link import Heard, PluginLink
from engine.plugin.protocol import Block, BlockFlag
from engine.settings.resume import Resume
from engine.snapshot import SyncHealth
from engine.sync.session_clock import SessionClock

__all__ = ["OfflineSync", "PluginSync"]

_WINDOW_S = 2.0
"""Over which the earliest of the host's calls is looked for."""

_SILENT_S = 0.5
"""A host that has not called for so long, and for two of its blocks, has stopped."""

_MOST_BEHIND_S = 0.05
"""How far a start may be in the past: what is later than 80 ms would not be played."""

_JUST_BEFORE = 1e-6  # beats: what starts on the position itself is to be played


class PluginSync:
    """Follows start, stop, position and tempo of the plug-in that leads.

    A plug-in places notes by their beats; all that counts is that they are there when the host asks
    for the block they belong to. So the clock runs ahead of what is heard: it is where the next
    block begins, at the earliest moment the host has asked for one. Notes handed over 50 ms before
    their time on this clock are 50 ms early, however long the host's blocks are.

    Parameters
    ----------
    link : PluginLink
        The line to the plug-ins.
    tempo_bpm : float
        Tempo until the host tells its own [quarter notes per minute].
    """

    follows = True

    def __init__(self, link: PluginLink, tempo_bpm: float) -> None:
        self._link = link
        self._clock = SessionClock(tempo_bpm)
        self.clock: Clock = self._clock
        self._line = (0.0, 0.0, tempo_bpm / 60.0)
        """A moment [s], the quarter note then, their number per second; moves even when stopped."""
        self.count = BeatCount()
        """How the host's quarter notes are counted as beats."""
        self._latest: deque[tuple[float, float]] = deque()  # moment, beat less what passed since 0
        self._generation: int | None = None
        self._heard: Heard | None = None

    def open(self) -> None:
        """Listen for plug-ins."""
        self._link.start()

    def begin(self, now_s: float, resume: Resume | None = None) -> None:
        """Wait for the host."""

    def poll(self, now_s: float) -> None:
        """Draw the clock anew from what the host has asked for."""
        for heard in self._link.take_blocks():
            self._take(heard)
        newest = self._heard
        if newest is not None and self._silent(newest, now_s):
            self._heard = self._generation = None
            if self._clock.running:
                self._clock.stop(now_s)

    @property
    def metre(self) -> int:
        """Beats in the host's bar; 0 where it is none that we play in, or not known."""
        return self.count.bar

    def place(self, time_s: float) -> float:
        """Return the host's quarter note at a time, for notes."""
        at_s, beat, speed = self._line
        return beat + (time_s - at_s) * speed

    def take_messages(self) -> list[tuple[float, bytes]]:
        """Return none."""
        return []

    def set_tempo(self, tempo_bpm: float, now_s: float) -> None:
        """Leave the tempo to the host."""

    def check_playable(self) -> None:
        """Refuse: a plug-in cannot start its host."""
        raise InputError("start and stop come from the workstation that the plug-in is in")

    def set_playing(self, playing: bool, now_s: float, beat: int) -> None:
        """Leave it to the host."""

    def health(self) -> SyncHealth:
        """Say whether a plug-in is there."""
        peers = len(self._link.instances())
        if self._heard is None:
            missing = "waiting for the plug-in to be processed by its host"
            return SyncHealth("plugin", False, peers, "", 0.0, missing)
        stopped = "" if self._clock.running else "stopped; waiting for the workstation's Play"
        return SyncHealth("plugin", True, peers, "", 0.0, stopped)

    def close(self) -> None:
        """Leave the line to who owns it."""

    def _take(self, heard: Heard) -> None:
        block, at_s = heard.block, heard.at_s
        speed = block.bpm / 60.0
        length = block.frames / heard.rate * speed
        anew = block.generation != self._generation
        if anew or speed != self._line[2]:
            self._latest.clear()
        while self._latest and self._latest[0][0] < at_s - _WINDOW_S:
            self._latest.popleft()
        self._latest.append((at_s, block.beat + length - at_s * speed))
        end = max(ahead for _, ahead in self._latest) + at_s * speed
        if anew:
            end = min(end, block.beat + _MOST_BEHIND_S * speed)
        self._heard = heard
        self._draw(block, at_s, end)

    def _draw(self, block: Block, at_s: float, quarter: float) -> None:
        """Be at a quarter note at a time [s], with tempo, start, stop, jump, metre of a block."""
        playing = BlockFlag.PLAYING in block.flags
        anew = block.generation != self._generation
        before, self.count = self.count, self.count.after(block, anew)
        recounted = self.count != before and not anew
        self._line = (at_s, quarter, block.bpm / 60.0)
        self._generation = block.generation
        clock, beat = self._clock, self.count.beat(quarter)
        if clock.running and (anew or recounted or not playing):
            clock.stop(at_s)
        clock.update(at_s, beat, block.bpm / self.count.unit)
        if playing and anew:
            clock.start(at_s, beat, self.count.beat(block.beat) - _JUST_BEFORE)
        elif playing and recounted:  # the bar line itself was still counted as before
            clock.start(at_s, beat, self.count.beat(block.beat) + _JUST_BEFORE)
        elif not playing and (anew or self.count.beat(block.position) != clock.landing):
            clock.locate(self.count.beat(block.position))

    @staticmethod
    def _silent(heard: Heard, now_s: float) -> bool:
        block_s = heard.block.frames / heard.rate
        return now_s - heard.at_s > max(_SILENT_S, 2.0 * block_s)


class OfflineSync(PluginSync):
    """Follows a host that renders: time is that of its frames, and nothing needs to be ahead."""

    def poll(self, now_s: float) -> None:
        """Do nothing: `follow` says what has happened."""

    def follow(self, block: Block, at_s: float) -> None:
        """Be where a block begins, at a time of its frames [s]."""
        self._draw(block, at_s, block.beat)
