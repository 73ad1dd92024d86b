"""What the tests of the window share: Qt without a screen, and hand-made snapshots."""

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PyQt6.QtCore import QSettings  # noqa: E402

from engine.events import EmotionState, NoteEvent  # noqa: E402
from engine.settings.performance import Performance  # noqa: E402
from engine.snapshot import AudioHealth, MidiHealth, Snapshot  # noqa: E402

__all__ = ["emotion", "look", "note", "settings"]


def settings(folder: Path, **values: str) -> QSettings:
    store = QSettings(str(folder / "settings.ini"), QSettings.Format.IniFormat)
    for name, value in values.items():
        store.setValue(name, value)
    return store


def emotion(**values: Any) -> EmotionState:
    state = EmotionState(
        time_s=1.0,
        valence=0.5,
        arousal=-0.25,
        valence_std=0.2,
        arousal_std=0.1,
        quadrants=(0.4, 0.1, 0.1, 0.4),
        tags=(("calm", 0.6),),
        key="F#:min",
        chord="A:maj",
        loudness_db=-20.0,
        state="tracking",
    )
    return replace(state, **values)


def note(onset: float, pitch: int = 60, **values: Any) -> NoteEvent:
    return replace(NoteEvent(1, onset, 0.5, pitch, 80, 0, "lead"), **values)


def look(**values: Any) -> Snapshot:
    state = Snapshot(
        time_s=1.0,
        running=True,
        beat=9.5,
        tempo_bpm=100.0,
        beats_per_bar=4,
        engine="rules",
        mode="follow",
        frozen=False,
        emotion=emotion(),
        target_valence=0.4,
        target_arousal=-0.2,
        remaining_s=0.0,
        key="F#:min",
        notes=(note(9.0),),
        committed=(note(10.0, 62),),
        draft=(note(11.0, 64),),
        audio=AudioHealth("demo.ogg", True, -20.0, 0, None),
        midi=MidiHealth("Stimmung", True, 120, 3, 0, 0.4, 1.0, 0),
        tracker_load=0.05,
        missed_beats=0,
        messages=(),
        performance=Performance(),
    )
    return replace(state, **values)
