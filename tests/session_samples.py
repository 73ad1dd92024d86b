"""A small session to record, for the tests of recorder and recovery."""

from engine.events import ControlEvent, EmotionState, NoteEvent, TargetState
from engine.session import SessionInfo, SessionRecorder

INFO = SessionInfo(
    started="2026-01-02T03:04:05",
    input="song.wav",
    midi_out="virtual",
    seed=7,
    tempo_bpm=120.0,
    beats_per_bar=4,
    key="auto",
    settings={"engine": "rules", "mode": "follow"},
)
TARGET = TargetState(-0.25, 0.75, "follow", False, 0.0)


def hop(time_s: float, valence: float = 0.3) -> EmotionState:
    return EmotionState(
        time_s=time_s,
        valence=valence,
        arousal=-0.4,
        valence_std=0.1,
        arousal_std=0.2,
        quadrants=(0.1, 0.2, 0.3, 0.4),
        tags=(("calm", 0.6), ("sad", 0.2)),
        key="D:min",
        chord="A:maj",
        loudness_db=-23.5,
        state="tracking",
    )


def a_note(note_id: int, onset: float) -> NoteEvent:
    return NoteEvent(note_id, onset, 0.5, 60 + note_id % 12, 90, 0, "lead")


def fill(recorder: SessionRecorder, count: int, origin_s: float = 0.0) -> None:
    for index in range(count):
        on_s = origin_s + index * 0.25
        recorder.emotion(hop(index * 0.25), TARGET)
        recorder.note(a_note(index + 1, index * 0.5), on_s, on_s + 0.2)
        recorder.control(ControlEvent(index * 0.5, 20, index % 128), on_s)
