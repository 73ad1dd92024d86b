"""Makes the eight minutes in the table of ``docs/listen.md``: ``python docs/listen.py``.

`stimmung generate` writes the music and plays it with the built-in instrument.
"""

import re
import subprocess
import sys
import tempfile
from pathlib import Path

import soundfile

__all__ = ["main"]

_PAGE = Path(__file__).parent / "listen.md"
_ROW = re.compile(r"^\| \[.*\]\((listen/.*\.ogg)\) \| (.*) \|$", re.M)
_QUALITY = 0.9  # of soundfile's compression: about 60 kbit/s
_AT_ONCE = 65_536


def main() -> int:
    """Write the sounds."""
    with tempfile.TemporaryDirectory() as folder:
        midi, sound = Path(folder) / "minute.mid", Path(folder) / "minute.wav"
        for output, cells in _ROW.findall(_PAGE.read_text(encoding="utf-8")):
            valence, arousal, tempo, bars, tonic, seed = cells.split(" | ")
            mood = (f"--valence={valence}", f"--arousal={arousal}", f"--key={tonic}:maj")
            length = (f"--tempo={tempo}", f"--bars={bars}", f"--seed={seed}")
            command = [sys.executable, "-m", "engine.cli", "generate", "--engine=muser", *mood]
            subprocess.run([*command, *length, "-o", midi, "--audio", sound], check=True)
            _encode(sound, _PAGE.with_name("listen") / Path(output).name)
    return 0


def _encode(sound: Path, output: Path) -> None:
    samples, rate = soundfile.read(sound, dtype="float32")
    with soundfile.SoundFile(
        output, "w", rate, 2, "VORBIS", format="OGG", compression_level=_QUALITY
    ) as file:
        for start in range(0, len(samples), _AT_ONCE):
            file.write(samples[start : start + _AT_ONCE])


if __name__ == "__main__":
    sys.exit(main())
