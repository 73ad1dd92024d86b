"""The benchmark of muser measures its events and notes; its times are for reading."""

from engine.bench import generator as bench


def test_muser_is_measured(monkeypatch):
    monkeypatch.setattr(bench, "_WARM_UP", 1)
    monkeypatch.setattr(bench, "_CORNERS", ((0.5, 0.5),))
    figures = bench.measure_muser(bars=1, longest=64)
    assert 0.0 < figures["event_p50_ms"] <= figures["event_p99_ms"]
    assert figures["without_memory_note_ms"] > figures["note_ms"] > 0.0
