"""The phone page, and what it is told ten times a second: values to draw and words to show.

All words are made here, so that page and window say the same (`engine.words`).
"""

import json
from importlib import resources
from typing import Any, Final

from engine import words
from engine.snapshot import Snapshot

__all__ = ["page", "view"]

_HIGH_LOAD = 0.8
_SILENT_DB, _CLIP_DB = -60.0, -1.0
_BUTTONS: Final = (
    *words.ARRANGER.items(),
    ("previous_song", words.PREVIOUS_SONG),
    ("next_song", words.NEXT_SONG),
    ("freeze", words.FREEZE),
    ("previous_preset", words.PREVIOUS_PRESET),
    ("next_preset", words.NEXT_PRESET),
    ("capture", words.CAPTURE),
    ("panic", words.PANIC),
)
"""Actions of the page (`engine.choices.ACTIONS`) and what their buttons say."""

_FIXED: Final = {
    "quadrants": words.QUADRANTS,
    "valence": [words.UNPLEASANT, words.VALENCE, words.PLEASANT],
    "arousal": [words.CALM, words.AROUSAL, words.EXCITED],
    "buttons": _BUTTONS,
    "connecting": words.PAGE_CONNECTING,
    "lost": words.PAGE_LOST,
    "stale": words.PAGE_STALE,
}


def page() -> bytes:
    """Return the page as it is served, with its fixed words put in."""
    html = resources.files("engine.network").joinpath("page.html").read_text(encoding="utf-8")
    return html.replace('"@WORDS@"', json.dumps(_FIXED, ensure_ascii=False)).encode()


def view(snapshot: Snapshot) -> dict[str, Any]:
    """Return what the page shows of a snapshot: numbers rounded for the wire, and words."""
    emotion = snapshot.emotion
    state = "waiting" if emotion is None else emotion.state
    sounds = emotion is not None and state != "silence"
    bar, beat = divmod(int(max(0.0, snapshot.beat)), snapshot.beats_per_bar)
    return {
        "heard": None
        if emotion is None or not sounds
        else {
            "valence": round(emotion.valence, 3),
            "arousal": round(emotion.arousal, 3),
            "valence_std": round(emotion.valence_std, 3),
            "arousal_std": round(emotion.arousal_std, 3),
            "sure": state == "tracking",
        },
        "target": [round(snapshot.target_valence, 3), round(snapshot.target_arousal, 3)],
        "state": words.STATES[state][0],
        "mood": words.mood_guess(emotion.valence, emotion.arousal, state)
        if emotion is not None and sounds
        else "",
        "key": words.key_words(snapshot.key),
        "tuning": words.tuning_words(emotion.tuning_hz) if emotion is not None and sounds else "",
        "chord": words.chord_words(emotion.chord) if emotion is not None and sounds else "",
        "position": f"{bar + 1} . {beat + 1}" if snapshot.running else words.HELD,
        "frozen": snapshot.frozen,
        "items": [
            {"name": name, "words": value, "bad": bad} for name, value, bad in _items(snapshot)
        ],
        "message": snapshot.messages[-1].words if snapshot.messages else "",
    }


def _items(snapshot: Snapshot) -> list[tuple[str, str, bool]]:
    """Return how everything stands: name, words, and whether it needs attention."""
    audio, midi, sync = snapshot.audio, snapshot.midi, snapshot.sync
    level = words.NO_SOUND if audio.level_db <= _SILENT_DB else f"{audio.level_db:.0f} dB"
    notes = words.NOTES_SOUNDING.format(count=midi.sounding, ms=f"{midi.lateness_p99_ms:.1f}")
    tempo = f"{words.SYNCS[sync.source]}, {snapshot.tempo_bpm:.0f} BPM"
    if sync.state:
        tempo += f", {sync.number}/{sync.metre}, {sync.confidence:.0%}"
    mode = words.MODES[snapshot.mode][0]
    engine = words.ENGINES.get(snapshot.engine, snapshot.engine)
    load = words.ONE_CORE.format(load=f"{100.0 * snapshot.tracker_load:.0f} %")
    lost = words.LOST_COUNTS.format(beats=snapshot.missed_beats, blocks=audio.overruns)
    away = words.AWAY.format(port=midi.port or words.MIDI_OUT)
    return [
        (words.AUDIO_IN, audio.error or level.replace("-", "−"), _too_loud(snapshot)),
        (words.MIDI_OUT, notes if midi.alive else away, not midi.alive),
        (words.SYNC, sync.message or tempo, not sync.locked),
        (words.ENGINE, f"{engine}, {mode}" + f", {words.FROZEN}" * snapshot.frozen, False),
        (words.LISTENING, load, snapshot.tracker_load > _HIGH_LOAD),
        (words.LOST, lost, snapshot.missed_beats + audio.overruns > 0),
    ]


def _too_loud(snapshot: Snapshot) -> bool:
    return bool(snapshot.audio.error) or snapshot.audio.level_db > _CLIP_DB
