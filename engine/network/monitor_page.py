"""What the monitor page gets: one small object, ten times a second."""

from typing import Any

from engine.snapshot import Snapshot

__all__ = ["view"]

_MESSAGES = 5


def view(snapshot: Snapshot) -> dict[str, Any]:
    """Return the part of a snapshot that the page shows, rounded for the wire."""
    emotion = snapshot.emotion
    bar, beat = divmod(max(0.0, snapshot.beat), snapshot.beats_per_bar)
    return {
        "heard": None
        if emotion is None
        else {
            "valence": round(emotion.valence, 3),
            "arousal": round(emotion.arousal, 3),
            "valence_std": round(emotion.valence_std, 3),
            "arousal_std": round(emotion.arousal_std, 3),
            "state": emotion.state,
            "key": emotion.key,
            "chord": emotion.chord,
            "tuning_hz": round(emotion.tuning_hz, 1),
        },
        "target": [round(snapshot.target_valence, 3), round(snapshot.target_arousal, 3)],
        "engine": snapshot.engine,
        "mode": snapshot.mode,
        "frozen": snapshot.frozen,
        "key": snapshot.key,
        "running": snapshot.running,
        "bar": int(bar) + 1,
        "beat": int(beat) + 1,
        "tempo_bpm": round(snapshot.tempo_bpm, 1),
        "level_db": round(snapshot.audio.level_db, 1),
        "audio": snapshot.audio.error or "",
        "midi": {
            "alive": snapshot.midi.alive,
            "port": snapshot.midi.port,
            "sounding": snapshot.midi.sounding,
            "late_ms": round(snapshot.midi.lateness_p99_ms, 2),
            "dropped": snapshot.midi.dropped,
        },
        "sync": {
            "source": snapshot.sync.source,
            "locked": snapshot.sync.locked,
            "message": snapshot.sync.message,
        },
        "load": round(snapshot.tracker_load, 2),
        "missed": snapshot.missed_beats,
        "overruns": snapshot.audio.overruns,
        "messages": [entry.words for entry in snapshot.messages[-_MESSAGES:]],
    }
