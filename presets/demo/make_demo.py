"""Makes ``demo.mid`` and ``demo.ogg`` from the score: ``python -m presets.demo.make_demo``.

Needs FluidSynth and a General MIDI soundfont whose licence lets renderings go anywhere, such
as the MIT-licensed FluidR3 Mono. The same score, soundfont and FluidSynth give the same file.
"""

import argparse
import random
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from presets.demo.notation import read_tones
from presets.demo.score import LINES, PARTS, TEMPO_CURVE, Line

__all__ = ["main", "write_midi"]

FOLDER: Final = Path(__file__).parent
SOUNDFONT: Final = Path("/usr/share/sounds/sf3/FluidR3Mono_GM.sf3")
TICKS: Final = 480
SEED: Final = 1824
RATE: Final = 44_100
PEAK: Final = 0.89
"""Largest sample, -1 dBFS."""
COMPRESSION: Final = 0.72
"""libsndfile's scale, 0 best to 1 smallest; this is about 80 kbit/s."""
TAIL_S: Final = 2.0
LOWEST_HZ: Final = 20.0

# Players are never quite together [s], nor two bow strokes alike [velocity].
_SPREAD_S: Final = 0.007
_SPREAD_VELOCITY: Final = 3.0
_HELD: Final = {"'": 0.5, "~": 1.03, "": 0.92}
_ACCENT: Final = 8


@dataclass(frozen=True, slots=True)
class _Struck:
    start_tick: int
    end_tick: int
    channel: int
    pitch: int
    velocity: int


def main(arguments: list[str] | None = None) -> int:
    """Write both files and return the exit status."""
    parser = argparse.ArgumentParser(prog="make_demo", description=__doc__.splitlines()[0])
    parser.add_argument("--soundfont", type=Path, default=SOUNDFONT, metavar="SF2|SF3")
    parser.add_argument("--out", type=Path, default=FOLDER, metavar="DIR")
    parsed = parser.parse_args(arguments)
    if shutil.which("fluidsynth") is None or not parsed.soundfont.is_file():
        print(
            "make_demo needs FluidSynth and a soundfont: on Debian `apt install fluidsynth "
            f"fluidr3mono-gm-soundfont`; looked for {parsed.soundfont}",
            file=sys.stderr,
        )
        return 2
    midi = parsed.out / "demo.mid"
    write_midi(midi)
    _write_audio(_mastered(_rendered(midi, parsed.soundfont)), parsed.out / "demo.ogg")
    return 0


def write_midi(path: Path) -> None:
    """Write the score as people would play it: a type 1 MIDI file, one track per part."""
    import mido

    draw = random.Random(SEED)
    song = mido.MidiFile(type=1, ticks_per_beat=TICKS)
    song.tracks.append(_track("Stimmung demo", _tempo_messages()))
    for part in PARTS:
        setup = [
            mido.Message("program_change", channel=part.channel, program=part.program),
            mido.Message("control_change", channel=part.channel, control=7, value=part.volume),
            mido.Message("control_change", channel=part.channel, control=10, value=part.pan),
        ]
        timed = [(0, message) for message in setup]
        struck = [
            note
            for line in LINES
            if line.part == part.name
            for note in _played(line, part.channel, draw)
        ]
        for note in _separated(struck):
            values = {"channel": note.channel, "note": note.pitch}
            timed.append(
                (note.start_tick, mido.Message("note_on", velocity=note.velocity, **values))
            )
            timed.append((note.end_tick, mido.Message("note_off", velocity=64, **values)))
        song.tracks.append(_track(part.name, timed))
    song.save(path)


def _tempo_messages() -> list[tuple[int, Any]]:
    import mido

    messages: list[tuple[int, Any]] = []
    for (start, tempo), (end, next_tempo) in zip(TEMPO_CURVE, TEMPO_CURVE[1:], strict=False):
        for step in range((end - start) * 4):
            share = (step + 0.5) / ((end - start) * 4)
            bpm = tempo + share * (next_tempo - tempo)
            message = mido.MetaMessage("set_tempo", tempo=mido.bpm2tempo(bpm))
            messages.append((start * TICKS + step * TICKS // 4, message))
    return messages


def _track(name: str, timed: list[tuple[int, Any]]) -> Any:
    import mido

    track = mido.MidiTrack([mido.MetaMessage("track_name", name=name)])
    now = 0
    # Ends come before beginnings on the same tick.
    for tick, message in sorted(timed, key=lambda item: (item[0], item[1].type != "note_off")):
        track.append(message.copy(time=tick - now))
        now = tick
    return track


def _played(line: Line, channel: int, draw: random.Random) -> list[_Struck]:
    """Return a line as people would play it: not quite together, louder towards its goal."""
    tones = list(read_tones(line.text, line.bar))
    length = max(1.0, float(tones[-1].onset))
    struck = []
    for tone in tones:
        begin, end = line.loud
        loud = begin + (end - begin) * float(tone.onset) / length
        loud += _ACCENT if "^" in tone.marks else 0
        held = next(_HELD[mark] for mark in ("'", "~", "") if mark in tone.marks)
        onset = line.beat + float(tone.onset)
        for pitch in tone.pitches:
            shift = draw.gauss(0.0, _SPREAD_S) * _tempo_at(onset) / 60.0
            start = max(0.0, onset + shift)
            struck.append(
                _Struck(
                    round(start * TICKS),
                    round((start + max(0.05, float(tone.length) * held)) * TICKS),
                    channel,
                    pitch + 12 * line.octave,
                    min(127, max(1, round(draw.gauss(loud, _SPREAD_VELOCITY)))),
                )
            )
    return struck


def _tempo_at(beat: float) -> float:
    beats, tempi = zip(*TEMPO_CURVE, strict=True)
    return float(np.interp(beat, beats, tempi))


def _separated(struck: list[_Struck]) -> list[_Struck]:
    """End every note before the same pitch is struck again on its channel."""
    ordered = sorted(struck, key=lambda note: (note.channel, note.pitch, note.start_tick))
    separated = []
    for note, after in zip(ordered, [*ordered[1:], None], strict=True):
        end = note.end_tick
        if after and (after.channel, after.pitch) == (note.channel, note.pitch):
            end = min(end, after.start_tick)
        if end > note.start_tick:
            separated.append(_Struck(note.start_tick, end, note.channel, note.pitch, note.velocity))
    return separated


def _rendered(midi: Path, soundfont: Path) -> NDArray[np.float32]:
    """Return the music as played by FluidSynth, float32, shape (frames, 2)."""
    import soundfile

    with tempfile.TemporaryDirectory() as folder:
        wav = Path(folder) / "demo.wav"
        subprocess.run(
            ["fluidsynth", "-n", "-i", "-q", "-g", "0.5", "-r", str(RATE), "-O", "float"]
            + ["-T", "wav", "-F", str(wav), str(soundfont), str(midi)],
            check=True,
        )
        samples: NDArray[np.float32] = soundfile.read(wav, dtype="float32", always_2d=True)[0]
    return samples


def _mastered(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the music from its first sound to the end of its reverberation, at full level."""
    # Some samples of the soundfont carry a constant: what lies below hearing goes.
    spectrum = np.fft.rfft(samples, axis=0)
    spectrum[: int(LOWEST_HZ * samples.shape[0] / RATE)] = 0.0
    samples = np.fft.irfft(spectrum, samples.shape[0], axis=0).astype(np.float32)
    level = np.abs(samples).max(axis=1)
    loud = np.flatnonzero(level > level.max() / 300.0)
    cut = samples[max(0, loud[0] - RATE // 50) : loud[-1] + RATE // 4]
    fade = np.minimum(1.0, np.arange(cut.shape[0])[::-1] / (TAIL_S * RATE)).astype(np.float32)
    return cut * (fade[:, None] * np.float32(PEAK / np.abs(cut).max()))


def _write_audio(samples: NDArray[np.float32], path: Path) -> None:
    import soundfile

    with soundfile.SoundFile(
        path, "w", RATE, 2, format="OGG", subtype="VORBIS", compression_level=COMPRESSION
    ) as file:
        # libsndfile's Vorbis encoder overflows its stack on very long writes.
        for start in range(0, samples.shape[0], RATE):
            file.write(samples[start : start + RATE])


if __name__ == "__main__":
    raise SystemExit(main())
