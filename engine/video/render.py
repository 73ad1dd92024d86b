"""Sound for the score: FluidSynth plays the MIDI file, FFmpeg puts it under the film.

The film's pictures are copied as they are; its own sound is left out.
"""

import shutil
import subprocess
import tempfile
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from engine.errors import InputError
from engine.files import staged_output
from engine.process.child import stranger_environment
from engine.video.film import open_container

if TYPE_CHECKING:
    from av.audio.stream import AudioStream
    from av.container import InputContainer, OutputContainer
    from av.packet import Packet

__all__ = ["SAMPLE_RATE", "check_render", "find_soundfont", "render"]

SAMPLE_RATE: Final = 48_000

_SOUNDFONTS: Final = (
    "/usr/share/sounds/sf2/default-GM.sf2",
    "/usr/share/sounds/sf2/FluidR3_GM.sf2",
    "/usr/share/sounds/sf2/TimGM6mb.sf2",
    "/usr/share/soundfonts/default.sf2",
    "/usr/share/soundfonts/FluidR3_GM.sf2",
    "/opt/homebrew/share/soundfonts/default.sf2",
    "/usr/local/share/soundfonts/default.sf2",
)
_SUFFIXES: Final = (".wav", ".mp4", ".m4v", ".mov", ".mkv")
_CURE: Final = (
    "FluidSynth is missing: `apt install fluidsynth`, `brew install fluid-synth`, or "
    "fluidsynth.org for Windows; the MIDI file can be played by any other instrument"
)
_BLOCK: Final = 1024
_LOUDEST: Final = 0.89  # -1 dBFS
_LONGEST_S: Final = 3600.0


def find_soundfont(chosen: Path | None) -> Path:
    """Return the chosen sound font, or the system's General MIDI one.

    Raises
    ------
    InputError
        It does not exist, or the system has none.
    """
    if chosen is not None:
        if not chosen.is_file():
            raise InputError(f"sound font {chosen} does not exist")
        return chosen
    for place in _SOUNDFONTS:
        if Path(place).is_file():
            return Path(place)
    raise InputError("no General MIDI sound font found; give one with --soundfont FILE.sf2")


def check_render(output: Path) -> None:
    """Raise `InputError` now, before long work, if the output cannot be rendered later."""
    if output.suffix.lower() not in _SUFFIXES:
        raise InputError(f"--render must end in {', '.join(_SUFFIXES)}; got {output.name!r}")
    if shutil.which("fluidsynth") is None:
        raise InputError(_CURE)


def render(midi: Path, soundfont: Path, film: Path, end_s: float, output: Path) -> None:
    """Write the music as sound (``.wav``) or the film with it (``.mp4``, ``.mov``, ``.mkv``).

    Parameters
    ----------
    midi : Path
        The score.
    soundfont : Path
        Instruments.
    film : Path
        Where pictures come from.
    end_s : float
        Length of the film [s]; the sound is as long.
    output : Path
        File to write; an existing one is replaced when all is done.

    Raises
    ------
    InputError
        FluidSynth is missing or fails, or the pictures cannot go into such a file.
    """
    check_render(output)
    with tempfile.TemporaryDirectory(prefix="stimmung-") as folder:
        wave = Path(folder) / "music.wav"
        _synthesise(midi, soundfont, wave)
        sound = _as_long_as(wave, end_s)
        with staged_output(output) as part:
            if output.suffix.lower() == ".wav":
                import soundfile

                soundfile.write(part, sound, SAMPLE_RATE, "PCM_16")
            else:
                _mux(film, sound, part)


def _synthesise(midi: Path, soundfont: Path, wave: Path) -> None:
    """Play the file into a wave file, faster than real time."""
    program = shutil.which("fluidsynth")
    if program is None:
        raise InputError(_CURE)
    command = [program, "-n", "-i", "-q", "-g", "0.6", "-r", str(SAMPLE_RATE)]
    command += ["-T", "wav", "-O", "float", "-F", str(wave), str(soundfont), str(midi)]
    try:
        done = subprocess.run(
            command,
            env=stranger_environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            timeout=_LONGEST_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise InputError(f"FluidSynth did not finish {midi} within an hour") from None
    if done.returncode or not wave.is_file():
        words = (done.stderr or "").strip().splitlines()
        raise InputError(f"FluidSynth failed: {words[-1] if words else done.returncode}")


def _as_long_as(wave: Path, length_s: float) -> NDArray[np.float32]:
    """Return the sound at a safe level and of a given length, float32, shape (n, 2)."""
    import soundfile

    sound: NDArray[np.float32] = soundfile.read(wave, dtype="float32", always_2d=True)[0]
    length = round(length_s * SAMPLE_RATE)
    sound = sound[:length]
    fade = min(len(sound), SAMPLE_RATE // 20) if len(sound) == length else 0
    if fade:  # the film's end may cut notes off
        sound[-fade:] *= np.linspace(1.0, 0.0, fade, dtype=np.float32)[:, None]
    loudest = float(np.abs(sound).max(initial=0.0))
    if loudest > _LOUDEST:
        sound *= _LOUDEST / loudest
    return np.pad(sound, ((0, length - len(sound)), (0, 0)))


def _mux(film: Path, sound: NDArray[np.float32], output: Path) -> None:
    """Copy the film's pictures and put the sound beside them."""
    import av

    with open_container(film) as source:
        try:
            with av.open(str(output), "w") as target:
                _copy(source, target, sound)
        except (av.FFmpegError, ValueError) as error:
            codec = source.streams.video[0].codec_context.name
            raise InputError(
                f"pictures of {film.name} ({codec}) cannot go into a {output.suffix} file: "
                f"{getattr(error, 'strerror', None) or error}; try .mkv"
            ) from error


def _copy(source: "InputContainer", target: "OutputContainer", sound: NDArray[np.float32]) -> None:
    pictures = source.streams.video[0]
    copied = target.add_stream_from_template(pictures)
    music = target.add_stream("aac", rate=SAMPLE_RATE, layout="stereo")
    music.bit_rate = 192_000
    written = 0
    origin: int | None = None
    first: int | None = None
    for packet in source.demux(pictures):
        if packet.dts is None:
            continue
        if origin is None:
            origin = packet.dts
        if first is None and packet.pts is not None:
            first = packet.pts
        base = float(packet.time_base or Fraction(1, 1000))
        until = round((packet.dts - origin) * base * SAMPLE_RATE) + SAMPLE_RATE
        written = _encode(target, music, sound, written, until)
        _shift(packet, first if first is not None else origin)
        packet.stream = copied
        target.mux(packet)
    _encode(target, music, sound, written, len(sound))
    target.mux(music.encode(None))


def _shift(packet: "Packet[Any]", by: int) -> None:
    """Move a packet so that the first picture is at 0."""
    if packet.pts is not None:
        packet.pts -= by
    if packet.dts is not None:
        packet.dts -= by


def _encode(
    target: "OutputContainer",
    music: "AudioStream",
    sound: NDArray[np.float32],
    start: int,
    until: int,
) -> int:
    """Encode blocks of sound up to a sample; return the next sample to encode."""
    import av

    while start < min(until, len(sound)):
        block = np.ascontiguousarray(sound[start : start + _BLOCK].T)
        frame = av.AudioFrame.from_ndarray(block, format="fltp", layout="stereo")
        frame.sample_rate = SAMPLE_RATE
        frame.pts = start
        frame.time_base = Fraction(1, SAMPLE_RATE)
        target.mux(music.encode(frame))
        start += block.shape[1]
    return start
