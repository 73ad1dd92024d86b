"""Values put into the words of `gui.texts`: moods, keys, chords, durations, ends."""

import re
from collections.abc import Sequence
from math import atan2, hypot, pi

from PyQt6.QtCore import QLocale

from engine.snapshot import Snapshot, SyncHealth
from gui import texts

__all__ = [
    "chord_words",
    "duration_words",
    "engine_death",
    "health_figures",
    "key_words",
    "mood_guess",
    "mood_word",
    "number",
    "percent",
    "port_words",
    "sync_words",
    "tag_words",
    "tempo_words",
    "window_words",
]

_NEUTRAL_BELOW = 0.2
_STRONG_FROM = 0.6
_LIKELY_FROM = 0.3
_OPTION = re.compile(r"(?<![\w-])--([a-z][a-z-]*)")


def number(value: float, decimals: int = 0, *, sign: bool = False) -> str:
    """Return a number as the user's language writes it, such as ``"+0,50"`` in German."""
    locale = QLocale()
    locale.setNumberOptions(QLocale.NumberOption.OmitGroupSeparator)
    words = locale.toString(abs(value), "f", decimals)
    negative = round(value, decimals) < 0.0
    return f"−{words}" if negative else f"+{words}" if sign else words


def percent(share: float) -> str:
    """Return a share 0..1 as ``"50 %"``."""
    return texts.PERCENT.format(percent=number(100.0 * share))


def mood_word(valence: float, arousal: float) -> str:
    """Return an everyday word for a point of the plane; it names a region, no more."""
    strength = hypot(valence, arousal)
    if strength < _NEUTRAL_BELOW:
        return texts.MOOD_NEUTRAL
    direction = round(atan2(arousal, valence) / (pi / 4)) % 8
    return texts.MOODS[direction][strength >= _STRONG_FROM]


def mood_guess(valence: float, arousal: float, state: str) -> str:
    """Return the mood word, with a question mark where the tracker is not sure."""
    word = mood_word(valence, arousal)
    return f"{word} ?" if state in ("settling", "uncertain") else word


def tag_words(tags: Sequence[tuple[str, float]]) -> str:
    """Return the one or two mood tags that are likely, such as ``"calmness, nostalgia"``."""
    likely = [texts.TAGS.get(tag, tag) for tag, share in tags[:2] if share >= _LIKELY_FROM]
    return ", ".join(likely)


def key_words(key: str) -> str:
    """Return ``"F♯ minor"`` for ``"F#:min"``, and a dash while unknown."""
    tonic, _, mode = key.partition(":")
    if not mode:
        return texts.CHORD_UNKNOWN
    return f"{_accidentals(tonic)} {texts.MAJOR if mode == 'maj' else texts.MINOR}"


def chord_words(chord: str) -> str:
    """Return ``"F♯m"`` for ``"F#:min"``, and a dash for none or unknown."""
    root, _, quality = chord.partition(":")
    if not quality:
        return texts.CHORD_UNKNOWN
    suffix = {"maj": "", "min": "m"}.get(quality, quality)
    return f"{_accidentals(root)}{suffix}"


def duration_words(seconds: float) -> str:
    """Return ``"45 s"`` or ``"4:05 min"``."""
    whole = round(seconds)
    if whole < 60:
        return texts.SECONDS.format(seconds=whole)
    return texts.MINUTES.format(minutes=whole // 60, seconds=whole % 60)


def tempo_words(tempo_bpm: float) -> str:
    """Return ``"96 BPM"`` or ``"127.5 BPM"``."""
    decimals = 0 if round(tempo_bpm, 1) == round(tempo_bpm) else 1
    return f"{number(tempo_bpm, decimals)}{texts.TEMPO_SUFFIX}"


def port_words(port: str) -> str:
    """Return the name of a MIDI output as it is shown while playing."""
    return texts.MIDI_OUT_NONE if port == "none" else port


def sync_words(sync: SyncHealth) -> str:
    """Say whether a beat that is followed is there, and how well."""
    said = [texts.SYNC_LOCKED if sync.locked else texts.SYNC_WAITS]
    if sync.source == "link":
        said.append(texts.SYNC_PEERS.format(peers=sync.peers))
    elif sync.locked:
        said.append(texts.SYNC_JITTER.format(jitter=number(sync.jitter_ms, 1)))
    if sync.message:
        said.append(sync.message)
    return ", ".join(said)


def health_figures(look: Snapshot) -> str:
    """Return the figures that matter while all is well."""
    return texts.HEALTH_FIGURES.format(
        late=number(look.midi.lateness_p99_ms, 1),
        load=percent(look.tracker_load),
        sounding=look.midi.sounding,
        port=port_words(look.midi.port),
    )


def engine_death(code: int, crashed: bool, last_words: str) -> str:
    """Say how the engine process ended."""
    said = [texts.ENGINE_CRASHED if crashed else texts.ENGINE_ENDED.format(code=code)]
    if last_words.strip() and not crashed:
        said.append(texts.ENGINE_LAST_WORDS.format(words=last_words.strip()))
    return " ".join([*said, texts.ENGINE_NOTES_ENDED])


def window_words(message: str) -> str:
    """Return a message of the engine with the window's words for what it calls by options."""
    for option, words in texts.OPTION_WORDS.items():
        message = message.replace(option, words)
    return _OPTION.sub(lambda found: found[1].replace("-", " "), message)


def _accidentals(name: str) -> str:
    return name[:1] + name[1:].replace("#", "♯").replace("b", "♭")
