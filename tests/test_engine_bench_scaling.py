"""Short forms of what grows: rows hold what they say; times are for reading."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from engine.bench.engines import measure_engines
from engine.bench.report import STANDARD
from engine.bench.scaling.hours import measure_hours

ROOT = Path(__file__).resolve().parent.parent
PLAYED_LONG = ("reaction", "sync")
"""Their short forms take half a minute each; they have tests of their own."""


def test_every_beat_and_note_of_an_engine_is_counted():
    found = measure_engines(1, ("rules",))["rules"]
    assert found["beats"] == 16 and found["notes_per_s"] > 0
    assert found["beat_p50_ms"] <= found["beat_p99_ms"] <= found["beat_max_ms"]


def test_minutes_are_counted_one_by_one():
    (row,) = measure_hours(2, ("rules",))["rows"]
    assert row["per"] == "beat" and len(row["minutes_ms"]) == 2
    assert row["first_ms"] == row["minutes_ms"][1] > 0.0
    assert row["first_mb"] > 10.0


@pytest.mark.proof
@pytest.mark.timeout(600)
def test_report_in_its_short_form_has_every_part(tmp_path):
    names = [name for name in STANDARD if name not in PLAYED_LONG]
    done = subprocess.run(
        [sys.executable, "-P", "-m", "engine.cli", "bench", *names, "--quick", "--report", "out"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    found = {name: part["figures"] for name, part in report["parts"].items()}
    assert not {name: figures["missing"] for name, figures in found.items() if "missing" in figures}
    assert (tmp_path / "out" / "report.html").read_text().count("<svg") == 4

    live = found["live"]
    assert live["rules"]["first_emotion_s"] > live["bare"]["start_s"] > 0.0
    assert live["rules"]["engine_mb"] > live["bare"]["memory_mb"] > 10.0
    together, apart = (found["trackers"][how][0] for how in ("together", "apart"))
    assert together["count"] == apart["count"] == 1
    assert together["p99_ms"] >= together["p50_ms"] > 0.0
