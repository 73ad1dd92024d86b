"""The built-in instrument: MIDI messages in, stereo sound out, in blocks.

Everything happens for all voices at once, in arrays. Levels, pitch and envelopes move once in a
block and are joined by straight lines; a note begins at its very sample. The same code plays live
and writes files.
"""

import threading
from pathlib import Path
from typing import Final

import numpy as np

from engine.audio.ring import FloatArray
from engine.instrument.channel import Channel
from engine.instrument.programs import DRUMS
from engine.instrument.reverb import Reverb
from engine.instrument.soundfont import GUARD, Region, SoundFont
from engine.instrument.voices import Voices
from engine.midi.messages import ALL_NOTES_OFF, ALL_SOUND_OFF, PEDALS, RESET_CONTROLLERS
from presets import SOUNDFONT

__all__ = ["BLOCK", "Synth"]

BLOCK: Final = 128
"""Samples rendered at once."""

_MOST_KEPT: Final = 24_000_000  # samples of all programs in memory; 96 MB
_GAIN: Final = 1.6  # room for chords; what is louder is bent softly
_KNEE: Final = 0.7
_SUSTAIN, _SOSTENUTO = PEDALS[0], PEDALS[2]


class Synth:
    """Sixteen channels of a SoundFont. One thread sends and renders; another may `load`.

    Parameters
    ----------
    soundfont : Path or None
        Instruments; None: the shipped ones.
    sample_rate : int
        [Hz]
    """

    def __init__(self, soundfont: Path | None = None, sample_rate: int = 48_000) -> None:
        self.sample_rate = sample_rate
        self.volume = 1.0
        """Factor on all."""
        self._font = SoundFont(soundfont or SOUNDFONT)
        self._channels = [Channel(drums=number == DRUMS) for number in range(16)]
        self._sounds: dict[tuple[int, int], list[tuple[Region, tuple[int, int]]]] = {}
        self._pool: FloatArray = np.zeros(1, np.float32)
        self._loading = threading.Lock()
        self._voices = Voices(sample_rate)
        self._reverb = Reverb(sample_rate)

    @property
    def sounding(self) -> int:
        """How many voices sound, releases included."""
        return self._voices.count

    def load(self, channel: int, program: int) -> None:
        """Read what a program of a channel plays, so that `send` need not wait for it.

        Raises
        ------
        InputError
            The file is damaged.
        """
        with self._loading:
            place = self._font.nearest(program, drums=channel == DRUMS)
            if place not in self._sounds:
                self._load(place)

    def _load(self, place: tuple[int, int]) -> None:
        regions = self._font.regions(*place)
        places: dict[tuple[int, float, int], tuple[int, int]] = {}
        parts, at = [self._pool], len(self._pool)
        sounds = []
        for region in regions:
            key = (region.sample, region.cutoff_hz, region.end)
            if key not in places and at < _MOST_KEPT:
                parts.append(self._font.sample(region))
                places[key] = at, len(parts[-1]) - GUARD
                at += len(parts[-1])
            if key in places:
                sounds.append((region, places[key]))
        self._pool = np.concatenate(parts)
        self._sounds[place] = sounds

    def loaded(self, channel: int, program: int) -> bool:
        """Return whether `load` has read it."""
        return self._font.nearest(program, drums=channel == DRUMS) in self._sounds

    def send(self, data: bytes, offset: int = 0) -> None:
        """Take one channel message; it counts from a sample of the next block on."""
        kind, number = data[0] & 0xF0, data[0] & 0x0F
        channel = self._channels[number]
        if kind == 0x90 and data[2]:
            self._start(number, data[1], data[2], offset)
        elif kind in (0x80, 0x90):
            if not channel.hold(data[1]):
                self._voices.release(number, data[1])
        elif kind == 0xB0:
            self._control(number, data[1], data[2])
        elif kind == 0xC0:
            channel.program = data[1]
        elif kind == 0xE0:
            channel.bend = (data[1] | data[2] << 7) / 8192.0 - 1.0

    def silence(self) -> None:
        """End everything within some milliseconds."""
        self._voices.cut(None)
        self._reverb.clear()

    def render(self, n: int = BLOCK) -> FloatArray:
        """Return the next block, float32, shape (n, 2), within ±1."""
        dry = self._voices.render(n, self._pool, self._channels)
        room = self._reverb.process(dry[2])
        sound = dry[:2] if room is None else dry[:2] + room
        sound *= np.float32(_GAIN * self.volume)
        loud = np.abs(sound)
        if loud.max(initial=0.0) > _KNEE:
            bent = _KNEE + (1.0 - _KNEE) * np.tanh((loud - _KNEE) / (1.0 - _KNEE))
            sound = np.where(loud > _KNEE, np.sign(sound) * bent, sound).astype(np.float32)
        return np.ascontiguousarray(sound.T)

    def _start(self, number: int, key: int, velocity: int, offset: int) -> None:
        channel = self._channels[number]
        channel.press(key)
        if not self.loaded(number, channel.program):
            if channel.sound is None:
                self.load(number, channel.program)
            else:  # is being read: what was there plays on
                self._begin(number, channel.sound, key, velocity, offset)
                return
        channel.sound = self._font.nearest(channel.program, drums=number == DRUMS)
        self._begin(number, channel.sound, key, velocity, offset)

    def _begin(
        self, number: int, sound: tuple[int, int], key: int, velocity: int, offset: int
    ) -> None:
        self._voices.release(number, key)
        for region, where in self._sounds[sound]:
            if (
                region.keys[0] <= key <= region.keys[1]
                and region.velocities[0] <= velocity <= region.velocities[1]
            ):
                self._voices.start(number, key, velocity, region, where, offset)

    def _control(self, number: int, control: int, value: int) -> None:
        channel = self._channels[number]
        if control == ALL_SOUND_OFF:
            self._voices.cut(number)
            self._reverb.clear()
        elif control >= ALL_NOTES_OFF:
            self._release(number, channel.let_go())
        elif control == RESET_CONTROLLERS:
            self._release(number, channel.reset())
        elif control in (_SUSTAIN, _SOSTENUTO):
            self._release(number, channel.pedal(control == _SUSTAIN, value >= 64))
        else:
            channel.control(control, value)

    def _release(self, number: int, keys: frozenset[int]) -> None:
        for key in keys:
            self._voices.release(number, key)
