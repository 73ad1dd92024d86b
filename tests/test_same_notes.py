"""The same seed gives the same notes as version 0.2, for every engine and for a recorded session.

The checksums were taken before the code was moved into its present folders. Whoever changes the
music on purpose writes the new checksum here and says so in the commit.

Newer are those of muser, whose last notes end at the last bar line; of rules in 3 and 7 beats and
amt in 3, as bars are split 2 + 1 and 4 + 3 everywhere; and of the session, whose notes under a
change of tempo end when they did. muser plays in phrases, amt has learned from MuVi-Sync. Newest
are rules and amt, which grade valence, and muser, whose decoder remembers 64 bars.
"""

import hashlib
import json
from pathlib import Path

import mido
import pytest

from engine.cli import main

SESSION = Path(__file__).parent / "sessions" / "version_0_2"
CURVE = "beat,valence,arousal\n0,-0.8,-0.6\n16,0.8,0.7\n32,0.2,-0.9\n"

GENERATED = {
    "rules --valence 0.7 --arousal 0.6": "1e17979e6f42a093",
    "rules --valence -0.6 --arousal -0.7 --tempo 72 --key D:min": "fbee271c19d7bd12",
    "rules --curve CURVE --beats-per-bar 3": "448829299e387973",
    "rules --valence -0.3 --arousal 0.8 --beats-per-bar 7 --set swing=0.6": "f59c5e4894c14b70",
    "muser --valence 0.7 --arousal 0.6": "7c2ed3e343ccdc80",
    "muser --valence -0.6 --arousal -0.7 --tempo 72": "a5d76d76ecab524b",
    "muser --curve CURVE --beats-per-bar 3": "07fb8e0c411203ee",
    "muser --valence 0.5 --arousal -0.5 --key Eb:maj --set temperature=1.2": "86baefbf14e3b291",
    "amt --valence 0.7 --arousal 0.6": "509ed7e4e7ca0f5c",
    "amt --valence -0.6 --arousal -0.7 --tempo 72 --key D:min": "216c48ebfc0286da",
    "amt --curve CURVE --beats-per-bar 3": "f6d7f66350a0db1d",
    "amt --valence -0.3 --arousal 0.8 --set swing=0.4 --parts lead,bass": "475a16aadcfd6701",
}
REPLAYED = "d48b831dbe5726c3"


def notes_of(path: Path) -> list[tuple[str, int, str, int, int, int]]:
    """Return (track, tick, kind, channel, pitch, velocity) of every note message."""
    found = []
    for track in mido.MidiFile(path).tracks:
        tick = 0
        for message in track:
            tick += message.time
            if message.type in ("note_on", "note_off"):
                found.append(
                    (
                        track.name,
                        tick,
                        message.type,
                        message.channel,
                        message.note,
                        message.velocity,
                    )
                )
    return sorted(found)


def checksum(path: Path) -> str:
    notes = notes_of(path)
    assert len(notes) > 20
    return hashlib.sha256(json.dumps(notes).encode()).hexdigest()[:16]


@pytest.mark.parametrize("arguments", GENERATED)
def test_generated_notes_are_those_of_version_0_2(arguments: str, tmp_path: Path) -> None:
    curve = tmp_path / "curve.csv"
    curve.write_text(CURVE, encoding="utf-8")
    words = [str(curve) if word == "CURVE" else word for word in arguments.split()]
    out = tmp_path / "out.mid"
    assert main(["generate", "--engine", *words, "--bars", "8", "--seed", "5", "-o", str(out)]) == 0
    assert checksum(out) == GENERATED[arguments]


def test_a_session_of_version_0_2_gives_its_notes_again(tmp_path: Path) -> None:
    out = tmp_path / "out.mid"
    assert main(["replay", str(SESSION), "--again", "-o", str(out)]) == 0
    assert checksum(out) == REPLAYED
