"""Read a recorded session: the states of the tracker, and how many notes each part played.

python examples/read_a_session.py stimmung-demo
"""

import sys
from collections import Counter
from pathlib import Path

from engine.session import read_session


def main(folder: Path) -> None:
    """Print what the events file of a session holds, complete or cut off by a crash."""
    session = read_session(folder)
    info = session.info
    print(f"{info.started}: {info.input} at {info.tempo_bpm:g} BPM, seed {info.seed}")
    states = Counter(session.emotion.states)
    print("heard:", ", ".join(f"{count} hops {state}" for state, count in states.most_common()))
    parts = Counter(timed.note.role for timed in session.notes)
    print("played:", ", ".join(f"{count} notes {part}" for part, count in parts.most_common()))
    print("closed properly" if session.complete else "cut off before its end")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "stimmung-demo"))
