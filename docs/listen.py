"""Make the eight minutes of ``docs/listen.md``: two of MusER per quadrant, with their seeds.

``python docs/listen.py`` writes the music as ``stimmung generate`` does, plays it with the built-in
instrument, and writes sounds and page.
"""

import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import soundfile

__all__ = ["main"]

FOLDER = Path(__file__).parent / "listen"
_PAGE = Path(__file__).parent / "listen.md"
_QUALITY = 0.9  # of soundfile's compression: about 60 kbit/s
_AT_ONCE = 65_536


@dataclass(frozen=True)
class _Minute:
    name: str
    valence: float
    arousal: float
    tempo: int
    bars: int
    key: str
    seed: int

    @property
    def options(self) -> list[str]:
        return [
            "--engine", "muser", "--valence", f"{self.valence:g}", "--arousal", f"{self.arousal:g}",
            "--tempo", str(self.tempo), "--bars", str(self.bars), "--key", self.key,
            "--seed", str(self.seed),
        ]  # fmt: skip


MINUTES = (
    _Minute("joyful-1", 0.6, 0.6, 116, 28, "D:maj", 1),
    _Minute("joyful-2", 0.8, 0.4, 104, 26, "F:maj", 2),
    _Minute("tense-1", -0.6, 0.6, 120, 30, "C:maj", 3),
    _Minute("tense-2", -0.8, 0.8, 132, 32, "E:maj", 4),
    _Minute("sad-1", -0.6, -0.6, 66, 16, "A:maj", 5),
    _Minute("sad-2", -0.4, -0.8, 60, 15, "G:maj", 6),
    _Minute("serene-1", 0.6, -0.6, 72, 18, "Ab:maj", 7),
    _Minute("serene-2", 0.4, -0.4, 80, 20, "Bb:maj", 8),
)


def main() -> int:
    """Write the sounds and the page."""
    FOLDER.mkdir(exist_ok=True)
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        midi, sound = Path(folder) / "minute.mid", Path(folder) / "minute.wav"
        for minute in MINUTES:
            command = [sys.executable, "-m", "engine.cli", "generate", *minute.options]
            subprocess.run([*command, "-o", str(midi), "--audio", str(sound)], check=True)
            _encode(sound, FOLDER / f"{minute.name}.ogg")
            rows.append(_row(minute))
    _PAGE.write_text(_TEXT.format(rows="\n".join(rows)), encoding="utf-8")
    return 0


def _encode(sound: Path, output: Path) -> None:
    samples, rate = soundfile.read(sound, dtype="float32")
    with soundfile.SoundFile(
        output, "w", rate, 2, "VORBIS", format="OGG", compression_level=_QUALITY
    ) as file:
        for start in range(0, len(samples), _AT_ONCE):
            file.write(samples[start : start + _AT_ONCE])


def _row(minute: _Minute) -> str:
    mood, number = minute.name.split("-")
    return (
        f"| [{mood} {number}](listen/{minute.name}.ogg) | {minute.valence:+.1f} | "
        f"{minute.arousal:+.1f} | {minute.tempo} | {minute.key.split(':')[0]} | {minute.seed} |"
    )


_TEXT = """# Eight minutes to listen to

MusER alone, two minutes for each quadrant of valence and arousal, played by the built-in
instrument. Nothing was selected: these are the first eight seeds. `python docs/listen.py` makes
them again; the same seed and settings give the same notes with `stimmung generate`:

```sh
stimmung generate --engine muser --valence 0.6 --arousal 0.6 --tempo 116 --bars 28 \\
  --key D:maj --seed 1 -o joyful.mid --audio joyful.ogg
```

| listen | valence | arousal | tempo [BPM] | tonic | seed |
|---|---|---|---|---|---|
{rows}

The tonic is set, valence chooses the mode. How far judges agree with these targets, and how easily
the music is told from a person's playing, is in [generation.md](generation.md) and the
[card](../presets/models/muser.md).
"""

if __name__ == "__main__":
    sys.exit(main())
