"""Compose sixteen bars that begin calm and end excited, and write them as a MIDI file.

python examples/compose_a_piece.py rise.mid
"""

import sys
from pathlib import Path

from engine.midi.file import write_midi_file
from engine.pipeline.offline import compose
from engine.settings.performance import Performance

BARS = 16


def main(path: Path) -> None:
    """Write the piece to a path."""
    performance = Performance(engine="rules", mode="curve", tempo_bpm=96.0, key="D:maj")
    end = float(BARS * performance.beats_per_bar)
    curve = ((0.0, 0.3, -0.7), (end, 0.8, 0.8))  # beat, valence, arousal; linear in between
    music = compose(performance, bars=BARS, seed=1, curve=curve)
    write_midi_file(
        path,
        [scheduled.note for scheduled in music.notes],
        [scheduled.control for scheduled in music.controls],
        tempo_bpm=performance.tempo_bpm,
        key=performance.key,
        beats_per_bar=performance.beats_per_bar,
    )
    print(f"{path}: {len(music.notes)} notes, {music.seconds:.0f} s")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "rise.mid"))
