"""Sound files of MIDI: the instrument's own code, faster than real time."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import numpy as np

from engine.audio.ring import FloatArray
from engine.errors import InputError
from engine.files import staged_output
from engine.instrument.synth import Synth
from engine.midi.file import read_midi_bytes
from engine.midi.smf import META, TEMPO, parse_midi
from engine.music.song_map import TempoMap

__all__ = [
    "SAMPLE_RATE",
    "SUFFIXES",
    "TimedMessage",
    "check_sound_file",
    "file_messages",
    "render",
    "render_file",
    "write_sound",
]

SAMPLE_RATE: Final = 48_000
SUFFIXES: Final = {
    ".ogg": ("OGG", "VORBIS"),
    ".flac": ("FLAC", "PCM_16"),
    ".wav": ("WAV", "PCM_16"),
}
"""Ending of a sound file → container and encoding."""

TimedMessage = tuple[float, bytes]
"""Time [s] and one channel message."""

_BLOCK: Final = 512
_LONGEST_TAIL_S: Final = 6.0
_LOUDEST: Final = 0.89  # -1 dBFS
_SILENT: Final = 1e-4
_WRITTEN_AT_ONCE: Final = 65_536  # more in one call is too much for the Vorbis encoder's stack


def check_sound_file(path: Path) -> None:
    """Raise `InputError` now, before long work, if no sound can be written there later."""
    if path.suffix.lower() not in SUFFIXES:
        raise InputError(f"--audio must end in {', '.join(SUFFIXES)}; got {path.name!r}")


def file_messages(path: Path) -> list[TimedMessage]:
    """Return the channel messages of a MIDI file by time.

    Raises
    ------
    InputError
        It cannot be read.
    """
    midi = parse_midi(read_midi_bytes(path), str(path))
    events = [(tick, data) for track in midi.tracks for tick, data in track]
    tempo = TempoMap(
        [(0.0, 60.0)]  # its beats are seconds
        if midi.in_seconds
        else [
            (tick / midi.ticks_per_beat, 60e6 / int.from_bytes(data[2:]))
            for tick, data in events
            if data[0] == META and data[1] == TEMPO
        ]
    )
    timed = [
        (tempo.seconds(tick / midi.ticks_per_beat), data) for tick, data in events if data[0] < 0xF0
    ]
    return sorted(timed, key=lambda item: item[0])


def render(
    messages: Sequence[TimedMessage],
    *,
    soundfont: Path | None = None,
    programs: Mapping[int, int] | None = None,
    length_s: float | None = None,
) -> FloatArray:
    """Play messages, float32, shape (n, 2), peak at -1 dBFS at most.

    Parameters
    ----------
    messages : sequence of (float, bytes)
        By time.
    soundfont : Path or None
        None: the shipped one.
    programs : mapping of int to int or None
        Program of each channel, from 0, until the messages say otherwise.
    length_s : float or None
        Length of the sound [s], faded where notes go on; None: until all is silent.
    """
    synth = Synth(soundfont, SAMPLE_RATE)
    for channel, program in (programs or {}).items():
        synth.send(bytes((0xC0 | channel, program)))
    waiting = [(round(at_s * SAMPLE_RATE), data) for at_s, data in messages]
    last = waiting[-1][0] if waiting else 0
    limit = last + round(_LONGEST_TAIL_S * SAMPLE_RATE)
    length = None if length_s is None else round(length_s * SAMPLE_RATE)
    blocks: list[FloatArray] = []
    place = sent = 0
    while place < (limit if length is None else length):
        while sent < len(waiting) and waiting[sent][0] < place + _BLOCK:
            synth.send(waiting[sent][1], max(0, waiting[sent][0] - place))
            sent += 1
        blocks.append(synth.render(_BLOCK))
        place += _BLOCK
        if length is None and place > last and np.abs(blocks[-1]).max() < _SILENT:
            break
    sound = np.concatenate(blocks) if blocks else np.zeros((0, 2), np.float32)
    if length is not None:
        sound = sound[:length]
    fade = min(len(sound), SAMPLE_RATE // 20)
    if fade:
        sound[-fade:] *= np.linspace(1.0, 0.0, fade, dtype=np.float32)[:, None]
    loudest = float(np.abs(sound).max(initial=0.0))
    if loudest > _LOUDEST:
        sound *= np.float32(_LOUDEST / loudest)
    return sound


def render_file(
    midi: Path,
    output: Path,
    *,
    soundfont: Path | None = None,
    programs: Mapping[int, int] | None = None,
) -> None:
    """Write a MIDI file as sound.

    Raises
    ------
    InputError
        The one cannot be read, the other not be written.
    """
    check_sound_file(output)
    write_sound(output, render(file_messages(midi), soundfont=soundfont, programs=programs))


def write_sound(output: Path, sound: FloatArray) -> None:
    """Write a sound file in the format of its name, whole or not at all.

    Raises
    ------
    InputError
        No such format, or it cannot be written.
    """
    import soundfile

    check_sound_file(output)
    container, encoding = SUFFIXES[output.suffix.lower()]
    with (
        staged_output(output) as part,
        soundfile.SoundFile(part, "w", SAMPLE_RATE, 2, encoding, format=container) as file,
    ):
        for start in range(0, len(sound), _WRITTEN_AT_ONCE):
            file.write(sound[start : start + _WRITTEN_AT_ONCE])
