"""MIDI to audio through libfluidsynth, offline and many times faster than real time.

The library is driven directly, so that a soundfont is loaded once per process and every note can
be changed on the way (program, velocity, speed) without temporary files.
"""

import ctypes
import ctypes.util
from dataclasses import dataclass
from pathlib import Path

import mido
import numpy as np

from engine.errors import InputError
from engine.midi.file import contents_of, read_midi_bytes
from engine.midi.smf import parse_midi

__all__ = ["Rendering", "Synth", "TimedMessage", "find_soundfonts", "read_midi"]

_LIBRARY_NAMES = ("libfluidsynth.so.3", "libfluidsynth.3.dylib", "libfluidsynth-3.dll")
_SOUNDFONT_FOLDERS = (
    "/usr/share/sounds/sf2",
    "/usr/share/sounds/sf3",
    "/usr/local/share/soundfonts",
)
_DRUM_CHANNEL = 9
_LOG_WARNING, _LOG_INFO = 2, 3
_BLOCK = 64
_FLUSH = 64 * _BLOCK


@dataclass(frozen=True, slots=True)
class TimedMessage:
    """A MIDI message at `time_s` [s]; `track` is the index of its track in the file."""

    time_s: float
    track: int
    message: mido.Message


@dataclass(frozen=True)
class Rendering:
    """How one piece is played.

    Attributes
    ----------
    programs : tuple of int or None
        General MIDI programs by track number, cyclic; None keeps those of the file.
    speed : float
        Factor on the tempo.
    transpose : int
        Semitones added to every pitched note.
    reverb : float
        Reverberation level, 0..1; 0 is dry.
    velocity_power : float
        Exponent applied to velocity / 127: below 1 flattens the touch, above 1 deepens it.
    """

    programs: tuple[int, ...] | None = None
    speed: float = 1.0
    transpose: int = 0
    reverb: float = 0.2
    velocity_power: float = 1.0


def find_soundfonts() -> dict[str, Path]:
    """Return the installed soundfonts by file name, links left out."""
    found: dict[str, Path] = {}
    for folder in _SOUNDFONT_FOLDERS:
        for path in sorted(Path(folder).glob("*.sf[23]")):
            if not path.name.startswith("default-"):
                found[path.name] = path
    return found


def read_midi(path: Path | str, data: bytes | None = None) -> list[TimedMessage]:
    """Read a MIDI file (or its bytes) into channel messages with absolute times.

    Raises
    ------
    InputError
        The file cannot be read as MIDI.
    """
    midi = parse_midi(read_midi_bytes(Path(path)) if data is None else data, str(path))
    time = contents_of(midi).song_map.time
    messages = [
        TimedMessage(
            time.seconds(event.tick / midi.ticks_per_beat),
            number,
            mido.Message.from_bytes(event.data),
        )
        for number, track in enumerate(midi.tracks)
        for event in track
        if event.data[0] < 0xF0
    ]
    return sorted(messages, key=lambda message: message.time_s)


def _library() -> ctypes.CDLL:
    for name in (*_LIBRARY_NAMES, ctypes.util.find_library("fluidsynth")):
        if name is None:
            continue
        try:
            library = ctypes.CDLL(name)
        except OSError:
            continue
        library.new_fluid_settings.restype = ctypes.c_void_p
        library.new_fluid_synth.restype = ctypes.c_void_p
        library.fluid_set_log_function.restype = ctypes.c_void_p
        # Warnings about programs a soundfont lacks (it falls back to its piano) are no news here.
        for level in (_LOG_WARNING, _LOG_INFO):
            library.fluid_set_log_function(level, None, None)
        return library
    raise InputError("libfluidsynth not found: install FluidSynth (Debian: apt install fluidsynth)")


class Synth:
    """One soundfont, ready to render pieces; a context manager.

    Parameters
    ----------
    soundfont : Path
        A .sf2 or .sf3 file.
    sample_rate : int
        [Hz]

    Raises
    ------
    InputError
        FluidSynth is not installed or the soundfont cannot be loaded.
    """

    def __init__(self, soundfont: Path | str, sample_rate: int = 44100) -> None:
        self.sample_rate = sample_rate
        self._lib = _library()
        lib = self._lib
        self._settings = ctypes.c_void_p(lib.new_fluid_settings())
        lib.fluid_settings_setnum(
            self._settings, b"synth.sample-rate", ctypes.c_double(sample_rate)
        )
        lib.fluid_settings_setnum(self._settings, b"synth.gain", ctypes.c_double(0.3))
        lib.fluid_settings_setint(self._settings, b"synth.polyphony", 128)
        self._synth = ctypes.c_void_p(lib.new_fluid_synth(self._settings))
        if not self._synth.value:
            raise InputError(f"FluidSynth does not start at sample rate {sample_rate} Hz")
        if lib.fluid_synth_sfload(self._synth, str(soundfont).encode(), 1) < 0:
            self.close()
            raise InputError(f"{soundfont}: not a soundfont that FluidSynth can load")

    def __enter__(self) -> "Synth":
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def close(self) -> None:
        """Free the synthesizer; a second call does nothing."""
        if self._synth.value:
            self._lib.delete_fluid_synth(self._synth)
            self._lib.delete_fluid_settings(self._settings)
            self._synth = ctypes.c_void_p()

    def render(
        self,
        messages: list[TimedMessage],
        how: Rendering,
        start_s: float = 0.0,
        duration_s: float | None = None,
    ) -> np.ndarray:
        """Play the messages and return mono float32 audio, shape (n,).

        `start_s` and `duration_s` cut an excerpt out of the piece, in seconds of the file's own
        tempo; notes that began earlier are left out, controllers are kept.
        """
        lib, synth = self._lib, self._synth
        lib.fluid_synth_system_reset(synth)
        # Discard the tail of the previous piece in the synthesizer.
        scratch = np.zeros(_FLUSH, np.float32)
        self._advance(scratch, scratch, 0, _FLUSH)
        lib.fluid_synth_set_reverb_on(synth, int(how.reverb > 0))
        lib.fluid_synth_set_chorus_on(synth, 0)
        lib.fluid_synth_set_reverb(
            synth,
            ctypes.c_double(0.2 + 0.6 * how.reverb),
            ctypes.c_double(0.3),
            ctypes.c_double(0.5),
            ctypes.c_double(how.reverb),
        )
        last = messages[-1].time_s if messages else 0.0
        end = last if duration_s is None else min(last, start_s + duration_s)
        total = int(((end - start_s) / how.speed) * self.sample_rate)
        # The synthesizer works in blocks: a broken one would lead into the next piece.
        padded = -(-max(total, 1) // _BLOCK) * _BLOCK
        left = np.zeros(padded, np.float32)
        right = np.zeros_like(left)
        position = 0
        channels: dict[tuple[int, int], int] = {}
        for event in messages:
            if event.time_s > end:
                break
            at = int((event.time_s - start_s) / how.speed * self.sample_rate)
            if at > position:
                position = self._advance(left, right, position, min(at, total))
            self._send(event, how, channels, sounding=event.time_s >= start_s)
        self._advance(left, right, position, padded)
        return (left + right)[:total] * np.float32(0.5)

    def _advance(self, left: np.ndarray, right: np.ndarray, position: int, to: int) -> int:
        if to > position:
            self._lib.fluid_synth_write_float(
                self._synth,
                to - position,
                ctypes.c_void_p(left.ctypes.data),
                position,
                1,
                ctypes.c_void_p(right.ctypes.data),
                position,
                1,
            )
        return max(position, to)

    def _send(
        self,
        event: TimedMessage,
        how: Rendering,
        channels: dict[tuple[int, int], int],
        sounding: bool,
    ) -> None:
        lib, synth, message = self._lib, self._synth, event.message
        channel = message.channel
        drums = channel == _DRUM_CHANNEL
        if how.programs is not None and not drums:
            # Files often put all tracks on one channel: give each track its own, drums excepted.
            place = (event.track, channel)
            if place not in channels:
                free = len(channels) % 15
                channels[place] = free + (free >= _DRUM_CHANNEL)
                program = how.programs[(len(channels) - 1) % len(how.programs)]
                lib.fluid_synth_program_change(synth, channels[place], program)
            channel = channels[place]
        shift = 0 if drums else how.transpose
        if message.type == "note_on" and message.velocity > 0:
            pitch = message.note + shift
            if sounding and 0 <= pitch <= 127:
                velocity = round(127 * (message.velocity / 127) ** how.velocity_power)
                lib.fluid_synth_noteon(synth, channel, pitch, max(1, velocity))
        elif message.type in ("note_off", "note_on"):
            pitch = message.note + shift
            if 0 <= pitch <= 127:
                lib.fluid_synth_noteoff(synth, channel, pitch)
        elif message.type == "control_change":
            lib.fluid_synth_cc(synth, channel, message.control, message.value)
        elif message.type == "pitchwheel":
            lib.fluid_synth_pitch_bend(synth, channel, message.pitch + 8192)
        elif message.type == "program_change" and how.programs is None:
            lib.fluid_synth_program_change(synth, channel, message.program)
