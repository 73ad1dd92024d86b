"""Sound for the score: FluidSynth plays the MIDI file, FFmpeg puts it under the film.

The film's pictures are copied as they are; its own sound is left out.
"""

import shutil
import subprocess
import tempfile
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from engine.audio.decoder import open_container
from engine.errors import InputError
from engine.files import staged_output
from engine.process.child import external_environment
from engine.video.film import picture_stream

if TYPE_CHECKING:
    from av.audio.stream import AudioStream
    from av.container import InputContainer, OutputContainer
    from av.video.stream import VideoStream

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
_NO_SYNTH: Final = (
    "FluidSynth is missing: `apt install fluidsynth`, `brew install fluid-synth`, or "
    "fluidsynth.org for Windows; the MIDI file can be played by any other instrument"
)
_ANIMATIONS: Final = ("gif", "apng", "webp")
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
        raise InputError(_NO_SYNTH)


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
        raise InputError(_NO_SYNTH)
    command = [program, "-n", "-i", "-q", "-g", "0.6", "-r", str(SAMPLE_RATE)]
    command += ["-T", "wav", "-O", "float", "-F", str(wave), str(soundfont), str(midi)]
    try:
        done = subprocess.run(
            command,
            env=external_environment(),
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
        pictures = picture_stream(source)
        if pictures is None:
            raise InputError(f"{film} has no picture stream")
        stamps = _Stamps(film)
        try:
            with av.open(str(output), "w") as target:
                _copy(source, pictures, stamps, target, sound)
        except (av.FFmpegError, ValueError) as error:
            codec = pictures.codec_context.name
            why = getattr(error, "strerror", None) or error
            advice = "try .mkv"
            if output.suffix.lower() == ".mkv" or codec in _ANIMATIONS:
                advice = f"convert the film first, with `ffmpeg -i {film.name} {film.stem}.mp4`"
            raise InputError(
                f"pictures of {film.name} ({codec}) cannot go into a {output.suffix} file: "
                f"{why}; {advice}"
            ) from error


class _Stamps:
    """When each packet of a film is to be shown and decoded, in its time base.

    Matroska stores no decoding times, AVI no others, and trimmed files hold pictures before their
    first that are only decoded. `show` and `decode` have one entry per packet that holds something;
    the first picture that is shown is at 0.
    """

    def __init__(self, film: Path) -> None:
        show: list[int] = []
        decode: list[int | None] = []
        shown: list[bool] = []
        with open_container(film) as source:
            for packet in source.demux(picture_stream(source)):
                if not packet.size:
                    continue
                stamp = packet.pts if packet.pts is not None else packet.dts
                show.append(stamp if stamp is not None else len(show))
                decode.append(packet.dts)
                shown.append(not packet.is_discard)
        start = min((at for at, seen in zip(show, shown, strict=True) if seen), default=0)
        self.show = [at - start for at in show]
        self.decode = [at - start for at in decode if at is not None]
        if len(self.decode) < len(show) or self.decode != sorted(set(self.decode)):
            ordered = sorted(self.show)
            late = max((at - own for at, own in zip(ordered, self.show, strict=True)), default=0)
            self.decode = []
            for at in ordered:  # as early as the picture that waits longest needs it
                last = self.decode[-1] + 1 if self.decode else at - late
                self.decode.append(max(at - late, last))


def _copy(
    source: "InputContainer",
    pictures: "VideoStream",
    stamps: _Stamps,
    target: "OutputContainer",
    sound: NDArray[np.float32],
) -> None:
    copied = target.add_stream_from_template(pictures)
    music = target.add_stream("aac", rate=SAMPLE_RATE, layout="stereo")
    music.bit_rate = 192_000
    written = 0
    filled = (packet for packet in source.demux(pictures) if packet.size)
    for packet, show, decode in zip(filled, stamps.show, stamps.decode, strict=True):
        base = float(packet.time_base or Fraction(1, 1000))
        until = round(decode * base * SAMPLE_RATE) + SAMPLE_RATE
        written = _encode(target, music, sound, written, until)
        packet.pts, packet.dts = show, decode
        packet.stream = copied
        target.mux(packet)
    _encode(target, music, sound, written, len(sound))
    target.mux(music.encode(None))


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
