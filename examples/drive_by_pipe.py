"""Control the live engine as the window does: a child process, one JSON object per line.

    python examples/drive_by_pipe.py

`engine/live/remote.py` lists every command and answer. Closing the pipe ends every note and the
engine.
"""

import json
import subprocess
from collections.abc import Iterator
from typing import Any

import presets
from engine.process.child import child_command, child_environment

SECONDS = 4.0


def main() -> None:
    """Let it hear the bundled piece, ask for the opposite, and print what it plays."""
    config = {
        "input": str(presets.DEMO_AUDIO),
        "midi_out": "none",  # "virtual" makes a port named Stimmung
        "performance": {"mode": "contrast", "engine": "rules"},
    }
    with subprocess.Popen(
        child_command("engine.live.remote"),
        env=child_environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        bufsize=1,
    ) as engine:
        assert engine.stdin is not None and engine.stdout is not None
        print(json.dumps({"do": "start", "config": config}), file=engine.stdin)
        for snapshot in snapshots(engine.stdout):
            emotion = snapshot["emotion"]
            if emotion is not None and snapshot["time_s"] >= SECONDS:
                heard = f"heard {emotion['valence']:+.2f} {emotion['arousal']:+.2f}"
                played = f"{snapshot['target_valence']:+.2f} {snapshot['target_arousal']:+.2f}"
                print(f"{heard}, played for {played}, {len(snapshot['notes'])} notes in sight")
                break
        engine.stdin.close()  # ends every note, then the process
        engine.stdout.read()


def snapshots(lines: Iterator[str]) -> Iterator[dict[str, Any]]:
    """Yield what the engine shows of itself, thirty times a second."""
    for line in lines:
        answer = json.loads(line)
        if answer["is"] == "error":
            raise SystemExit(answer["message"])
        if answer["is"] == "snapshot":
            yield answer


if __name__ == "__main__":
    main()
