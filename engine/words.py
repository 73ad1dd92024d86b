"""Words for what is heard and played, the same in the window and on the phone page."""

from math import atan2, hypot, pi
from typing import Final

__all__ = [
    "AROUSAL",
    "AUDIO_IN",
    "AWAY",
    "CALM",
    "CAPTURE",
    "CHORD",
    "CHORD_UNKNOWN",
    "ENGINE",
    "ENGINES",
    "EXCITED",
    "FREEZE",
    "FROZEN",
    "HEARD",
    "HELD",
    "KEY",
    "LISTENING",
    "LOST",
    "LOST_COUNTS",
    "MAJOR",
    "MIDI_OUT",
    "MIDI_OUT_NONE",
    "MINOR",
    "MODES",
    "MOODS",
    "MOOD_NEUTRAL",
    "NEXT_PRESET",
    "NEXT_SONG",
    "NOTES_SOUNDING",
    "NO_EMOTION",
    "NO_MOOD",
    "NO_SOUND",
    "ONE_CORE",
    "PAGE_CONNECTING",
    "PAGE_LOST",
    "PAGE_STALE",
    "PANIC",
    "PLEASANT",
    "PREVIOUS_PRESET",
    "PREVIOUS_SONG",
    "QUADRANTS",
    "STATES",
    "SYNC",
    "SYNCS",
    "TARGET",
    "TUNING",
    "UNPLEASANT",
    "VALENCE",
    "chord_words",
    "key_words",
    "mood_guess",
    "mood_word",
    "port_words",
    "tuning_words",
]

PANIC: Final = "PANIC"
FREEZE: Final = "Freeze"
KEY: Final = "Key"
CHORD: Final = "Heard chord"
MAJOR: Final = "major"
MINOR: Final = "minor"
CHORD_UNKNOWN: Final = "–"
NO_MOOD: Final = "not running"
NO_EMOTION: Final = "listening …"
STATES: Final[dict[str, tuple[str, str]]] = {
    "off": ("Off", "Press Start"),
    "waiting": ("Listening", "no mood yet"),
    "silence": ("Silence", "the last mood is kept"),
    "settling": ("Settling", "a first rough guess"),
    "tracking": ("Tracking", "the mood is clear"),
    "uncertain": ("Uncertain", "somewhere in the ellipse"),
}
"""Tracking state → word, and what it means."""
HEARD: Final = "heard"
TARGET: Final = "target"
FROZEN: Final = "frozen"
VALENCE: Final = "Valence"
AROUSAL: Final = "Arousal"
UNPLEASANT: Final = "unpleasant"
PLEASANT: Final = "pleasant"
CALM: Final = "calm"
EXCITED: Final = "excited"
QUADRANTS: Final = ("Joyful", "Tense", "Sad", "Serene")
"""Words of Q1 (+V +A), Q2 (-V +A), Q3 (-V -A), Q4 (+V -A)."""
MOOD_NEUTRAL: Final = "neutral"
MOODS: Final = (
    ("pleasant", "happy"),
    ("cheerful", "joyful"),
    ("lively", "thrilling"),
    ("restless", "tense"),
    ("uneasy", "bitter"),
    ("wistful", "sad"),
    ("quiet", "still"),
    ("gentle", "serene"),
)
"""Eight directions (Russell 1980), anticlockwise from +valence: (weak, strong)."""
MODES: Final[dict[str, tuple[str, str]]] = {
    "follow": ("Follow", "Play the mood that is heard"),
    "contrast": ("Contrast", "Play the opposite of the mood that is heard"),
    "guide": ("Guide", "Start at the mood that is heard and lead it to the goal"),
    "manual": ("Manual", "Play the mood you choose: drag the target"),
    "curve": ("Curve", "Play the moods written in a file, beat by beat"),
}
"""Mode of the target → word, and what it means."""
CAPTURE: Final = "Capture"
PREVIOUS_PRESET: Final = "◀ Preset"
NEXT_PRESET: Final = "Preset ▶"
PREVIOUS_SONG: Final = "◀ Song"
NEXT_SONG: Final = "Song ▶"
ARRANGER: Final = {
    "intro": "Intro",
    "fill": "Fill",
    "break_bar": "Break",
    "ending": "Ending",
    "next_section": "Next section",
}
"""Action → words of its button."""
ENGINE: Final = "Engine"
HELD: Final = "held"
LISTENING: Final = "Listening"
ONE_CORE: Final = "{load} of one core"
LOST: Final = "Left out"
LOST_COUNTS: Final = "{beats} beats, {blocks} blocks of sound"
NO_SOUND: Final = "no sound"
NOTES_SOUNDING: Final = "{count} notes sounding, within {ms} ms"
AWAY: Final = "{port} is not connected"
TUNING: Final = "A = {hz} Hz"
PAGE_CONNECTING: Final = "connecting …"
PAGE_LOST: Final = "no connection to Stimmung"
PAGE_STALE: Final = "nothing new for two seconds"
AUDIO_IN: Final = "Audio in"
MIDI_OUT: Final = "MIDI out"
MIDI_OUT_NONE: Final = "no MIDI out"
SYNC: Final = "Beat"
ENGINES: Final = {
    "rules": "Rules",
    "muser": "MusER",
    "amt": "AMT",
}
SYNCS: Final = {
    "internal": "Own tempo",
    "midi": "MIDI clock of the DAW",
    "link": "Ableton Link",
    "jack": "JACK transport",
    "plugin": "Host of the plug-in",
    "audio": "The beat that is heard",
}

_NEUTRAL_BELOW = 0.2
_STRONG_FROM = 0.6


def mood_word(valence: float, arousal: float) -> str:
    """Return an everyday word for the region that a point of the plane lies in."""
    strength = hypot(valence, arousal)
    if strength < _NEUTRAL_BELOW:
        return MOOD_NEUTRAL
    direction = round(atan2(arousal, valence) / (pi / 4)) % 8
    return MOODS[direction][strength >= _STRONG_FROM]


def mood_guess(valence: float, arousal: float, state: str) -> str:
    """Return the mood word, with a question mark where the tracker is not sure."""
    word = mood_word(valence, arousal)
    return f"{word} ?" if state in ("settling", "uncertain") else word


def key_words(key: str) -> str:
    """Return ``"F♯ minor"`` for ``"F#:min"``, and a dash while unknown."""
    tonic, _, mode = key.partition(":")
    if not mode:
        return CHORD_UNKNOWN
    return f"{_accidentals(tonic)} {MAJOR if mode == 'maj' else MINOR}"


def chord_words(chord: str) -> str:
    """Return ``"F♯m"`` for ``"F#:min"``, and a dash for none or unknown."""
    root, _, quality = chord.partition(":")
    if not quality:
        return CHORD_UNKNOWN
    suffix = {"maj": "", "min": "m"}.get(quality, quality)
    return f"{_accidentals(root)}{suffix}"


def tuning_words(tuning_hz: float) -> str:
    """Return ``"A = 442 Hz"``: the pitch that what is heard is tuned to."""
    return TUNING.format(hz=round(tuning_hz))


def port_words(port: str) -> str:
    """Return the name of a MIDI output as it is shown while playing."""
    return MIDI_OUT_NONE if port == "none" else port


def _accidentals(name: str) -> str:
    return name[:1] + name[1:].replace("#", "♯").replace("b", "♭")
