"""Track a recording in Python, with the same code as live, as fast as the machine allows.

    python examples/track_a_file.py song.flac

Without a file it tracks the first 20 s of the bundled piece.
"""

import sys
from pathlib import Path

import presets
from engine.audio import mono_blocks
from engine.emotion.tracker import Tracker

SECONDS = 20.0


def main(path: Path) -> None:
    """Print a line whenever two seconds have passed."""
    tracker = Tracker()
    said_s = -2.0
    for block in mono_blocks(path, tracker.sample_rate):  # float32, mono, at the tracker's rate
        for state in tracker.push(block):  # an `engine.events.EmotionState` per hop of 93 ms
            if state.time_s >= said_s + 2.0:
                said_s = state.time_s
                print(
                    f"{state.time_s:6.1f} s  {state.state:9}  valence {state.valence:+.2f}"
                    f" ± {state.valence_std:.2f}  arousal {state.arousal:+.2f}"
                    f" ± {state.arousal_std:.2f}  {state.key} {state.chord}"
                )
            if state.time_s >= SECONDS:
                return


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else presets.DEMO_AUDIO)
