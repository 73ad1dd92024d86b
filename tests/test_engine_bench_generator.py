"""The benchmark of muser counts what it says it counts; its times are for reading."""

from engine.bench import generator as bench


def test_muser_is_measured(monkeypatch):
    monkeypatch.setattr(bench, "_WARM_UP", 1)
    monkeypatch.setattr(bench, "_CORNERS", ((0.5, 0.5),))
    figures = bench.measure_muser(bars=1, longest=64)
    assert figures["beats"] == 4
    assert figures["notes"] > 0
    assert 0 <= figures["missed_beats"] <= 4
    assert figures["event_p50_ms"] <= figures["event_p99_ms"]
    assert figures["without_memory_note_ms"] > figures["note_ms"] > 0.0
