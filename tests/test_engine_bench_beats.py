"""The bench of beats: how notes are compared with beats, and a drummer over JACK."""

import pytest
from servers.needs import need_program

from engine.bench.beats import _judge, measure_beats, measure_live_beats


def note(pitch):
    return bytes((0x90, pitch, 80))


def test_notes_meant_for_a_beat_are_compared_with_the_nearest():
    marks = [(10.0 + 0.5 * i, note(i)) for i in range(8)]
    heard = [(10.51, note(60)), (10.74, note(62)), (10.995, note(60)), (11.52, note(60))]
    planned = {(0, 60): [1.0, 2.0, 3.0], (0, 62): [1.5]}
    found = _judge(marks, heard, planned)
    assert found["notes"] == 3
    assert found["off"]["max_ms"] == pytest.approx(20.0, abs=0.1)
    assert found["late_ms"] == pytest.approx(10.0, abs=0.1)
    assert found["first_s"] == pytest.approx(0.51)


def test_nothing_heard_is_no_figure():
    assert _judge([(1.0, note(0))], [], {})["notes"] == 0


def test_every_program_has_figures_or_says_why_not(monkeypatch):
    monkeypatch.delenv("STIMMUNG_BEATS", raising=False)
    found = measure_beats(8.0)
    assert found["stimmung"]["clips"] == 5
    for figures in found.values():
        assert "beat_f" in figures or "not installed" in figures["missing"]


@pytest.mark.proof
def test_notes_fall_on_the_beats_of_a_drummer_over_jack():
    need_program("jackd")
    found = measure_live_beats(30.0)
    assert found["notes"] > 30
    assert found["off"]["p50_ms"] < 40  # far from the 140 ms of notes that fall anywhere
