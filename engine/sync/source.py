"""Sources of the beat: what the runtime starts, polls and asks about.

========  ==================================================================
internal  our own tempo
midi      the clock of a DAW or drum machine: tempo, start, stop, position
link      an Ableton Link session: tempo both ways, phase, start and stop
jack      the transport of a JACK server: start, stop, position, tempo if told
audio     people who play without a clock: tempo, beat and bar as heard
========  ==================================================================

One thread calls `poll` every few milliseconds; everything a source hears takes effect there.
"""

from typing import Protocol

from engine.errors import InputError
from engine.midi.messages import SYSTEM_RESET
from engine.music.clock import Clock, InternalClock
from engine.settings.resume import Resume
from engine.settings.run import LiveConfig
from engine.snapshot import SyncHealth
from engine.sync.follower import ClockFollower

__all__ = ["InternalSync", "MessageSource", "MidiSync", "SyncSource", "open_sync"]

START_DELAY_S = 0.2
"""Our own beat begins so long after the order, so that it is not late."""


class SyncSource(Protocol):
    """Whose beat is followed."""

    clock: Clock
    follows: bool
    """Whether somebody else decides when the music moves."""

    def open(self) -> None:
        """Open devices; raise `StimmungError` and leave nothing open if that fails."""
        ...

    def begin(self, now_s: float, resume: Resume | None = None) -> None:
        """Let the music begin, or wait for the one who decides; or go on where it was."""
        ...

    def poll(self, now_s: float) -> None:
        """Take in what has happened."""
        ...

    def take_messages(self) -> list[tuple[float, bytes]]:
        """Return the messages that came with the beat and are no clock, with their times [s]."""
        ...

    def set_tempo(self, tempo_bpm: float, now_s: float) -> None:
        """Change the tempo where that is ours to change."""
        ...

    def check_playable(self) -> None:
        """Raise `InputError` if starting and stopping is not ours."""
        ...

    def set_playing(self, playing: bool, now_s: float, beat: int) -> None:
        """Start, at ``beat`` where that is ours to choose, or stop."""
        ...

    def health(self) -> SyncHealth:
        """Say how it goes; may be called from any thread."""
        ...

    def close(self) -> None:
        """Close devices; may be called twice."""
        ...


class MessageSource(Protocol):
    """Where MIDI messages come from, as `engine.midi.input.port.MidiInput`."""

    port: str
    alive: bool
    message: str
    reports_gaps: bool

    def start(self) -> None:
        """Open the port, or raise `MidiPortError`."""
        ...

    def poll(self) -> list[tuple[float, bytes]]:
        """Return the messages that came since the last call, with their times [s].

        An empty one with 0 is a gap: some may have been missed there. With anything else it tells
        by how much what came before was later than its time says [s].
        """
        ...

    def stop(self) -> None:
        """Close the port."""
        ...


def open_sync(config: LiveConfig) -> SyncSource:
    """Return the source a configuration asks for, not yet opened."""
    performance = config.performance
    if config.sync == "midi":
        from engine.midi.input.port import MidiInput

        return MidiSync(MidiInput(config.midi_in or "virtual"), performance.tempo_bpm)
    if config.sync == "link":
        from engine.sync.link import LinkSync

        return LinkSync(performance.tempo_bpm, performance.beats_per_bar)
    if config.sync == "jack":
        from engine.sync.jack_transport import JackTransportSync

        return JackTransportSync(performance.tempo_bpm)
    if config.sync == "audio":
        from engine.sync.audio import AudioSync

        return AudioSync(
            performance.tempo_bpm, performance.beats_per_bar, config.input_latency_ms / 1000.0
        )
    return InternalSync(performance.tempo_bpm)


class InternalSync:
    """Our own tempo."""

    follows = False

    def __init__(self, tempo_bpm: float) -> None:
        self._clock = InternalClock(tempo_bpm)
        self.clock: Clock = self._clock

    def open(self) -> None:
        """Nothing to open."""

    def begin(self, now_s: float, resume: Resume | None = None) -> None:
        """Start at beat 0, or where the music would be by now."""
        begin_s = now_s + START_DELAY_S
        self._clock.start(begin_s, 0.0 if resume is None else resume.beat_at(begin_s))
        if resume is not None and not resume.playing:
            self._clock.stop(begin_s)

    def poll(self, now_s: float) -> None:
        """Nothing happens by itself."""

    def take_messages(self) -> list[tuple[float, bytes]]:
        """Return none."""
        return []

    def set_tempo(self, tempo_bpm: float, now_s: float) -> None:
        """Change the tempo without a jump in position."""
        self._clock.set_tempo(tempo_bpm, now_s)

    def check_playable(self) -> None:
        """Allow it."""

    def set_playing(self, playing: bool, now_s: float, beat: int) -> None:
        """Start at a beat, or hold the position."""
        if playing:
            self._clock.start(now_s + START_DELAY_S, beat)
        else:
            self._clock.stop(now_s)

    def health(self) -> SyncHealth:
        """Say that all is well."""
        return SyncHealth("internal", True, 0, "", 0.0, "")

    def close(self) -> None:
        """Nothing to close."""


class MidiSync:
    """A MIDI clock that comes in through a port.

    Parameters
    ----------
    midi_input : MessageSource
        The port.
    tempo_bpm : float
        Tempo until the clock tells another [quarter notes per minute].
    """

    follows = True

    def __init__(self, midi_input: MessageSource, tempo_bpm: float) -> None:
        self._input = midi_input
        self._follower = ClockFollower(tempo_bpm)
        self.clock: Clock = self._follower
        self._others: list[tuple[float, bytes]] = []
        self._gap = True  # before the next clock

    def open(self) -> None:
        """Open the MIDI input."""
        self._input.start()

    def begin(self, now_s: float, resume: Resume | None = None) -> None:
        """Wait for the sender's Start; if the music moved before, its clock is enough."""
        if resume is not None and resume.playing:
            self._follower.resume(resume)

    def poll(self, now_s: float) -> None:
        """Feed the follower with what has come."""
        follower = self._follower
        for at_s, message in self._input.poll():
            if not message:
                if at_s:
                    follower.shift(at_s)
                else:
                    self._gap = True
                continue
            status = message[0]
            if status == 0xF8:
                follower.tick(at_s, sure=self._input.reports_gaps and not self._gap)
                self._gap = False
            elif status == 0xFA:
                follower.start(at_s)
            elif status == 0xFB:
                follower.continue_(at_s)
            elif status == 0xFC:
                follower.stop(at_s)
            elif status == 0xF2 and len(message) == 3:
                follower.song_position(message[1] | message[2] << 7, at_s)
            elif status < 0xF0 or message == SYSTEM_RESET:
                self._others.append((at_s, message))
        follower.check(now_s)

    def take_messages(self) -> list[tuple[float, bytes]]:
        """Return the keys and controllers that came through the clock's port."""
        taken, self._others = self._others, []
        return taken

    def set_tempo(self, tempo_bpm: float, now_s: float) -> None:
        """Leave the tempo to the sender of the clock."""

    def check_playable(self) -> None:
        """Refuse: a follower that started by itself would be out of step."""
        raise InputError("start and stop come with the MIDI clock; use those of its sender")

    def set_playing(self, playing: bool, now_s: float, beat: int) -> None:
        """Leave it to the sender of the clock."""

    def health(self) -> SyncHealth:
        """Say whether the clock is there and good."""
        follower, port = self._follower, self._input
        return SyncHealth(
            "midi",
            follower.locked and port.alive,
            0,
            port.port,
            round(follower.jitter_s * 1e3, 2) if follower.locked else 0.0,
            self._trouble(),
        )

    def close(self) -> None:
        """Close the MIDI input."""
        self._input.stop()

    def _trouble(self) -> str:
        follower = self._follower
        if not self._input.alive:
            return self._input.message or f"MIDI input {self._input.port!r} is away"
        if follower.lost:
            return "the MIDI clock has stopped coming; the music waits for it"
        if follower.running:
            return "" if follower.locked else "MIDI clock: settling"
        if follower.waiting:
            return "MIDI clock: Start came, its first clock did not"
        return "stopped; waiting for Start" if follower.locked else "waiting for a MIDI clock"
