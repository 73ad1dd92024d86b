"""Values put into the words of `gui.texts`: moods, keys, chords, durations, ends."""

import re
from collections.abc import Sequence

from PyQt6.QtCore import QLocale

from engine.snapshot import Snapshot, SyncHealth
from engine.words import chord_words, key_words, mood_guess, mood_word, port_words, tuning_words
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
    "tuning_words",
    "window_words",
]

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


def tag_words(tags: Sequence[tuple[str, float]]) -> str:
    """Return the one or two mood tags that are likely, such as ``"calmness, nostalgia"``."""
    likely = [texts.TAGS.get(tag, tag) for tag, share in tags[:2] if share >= _LIKELY_FROM]
    return ", ".join(likely)


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


def sync_words(sync: SyncHealth) -> str:
    """Return whether the clock that is followed is there, and how steady it is."""
    said = [texts.SYNC_LOCKED if sync.locked else texts.SYNC_WAITS]
    if sync.source == "link":
        said.append(texts.SYNC_PEERS.format(peers=sync.peers))
    elif sync.source == "plugin":
        said.append(texts.SYNC_PLUGINS.format(number=sync.peers))
    elif sync.state:
        said.append(
            texts.SYNC_HEARD.format(
                tempo=tempo_words(sync.tempo_bpm),
                number=sync.number,
                metre=sync.metre,
                confidence=percent(sync.confidence),
            )
        )
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
    """Return how the engine process ended."""
    said = [texts.ENGINE_CRASHED if crashed else texts.ENGINE_ENDED.format(code=code)]
    if last_words.strip() and not crashed:
        said.append(texts.ENGINE_LAST_WORDS.format(words=last_words.strip()))
    return " ".join([*said, texts.ENGINE_NOTES_ENDED])


def window_words(message: str) -> str:
    """Return a message of the engine with the window's words for what it calls by options."""
    for option, words in texts.OPTION_WORDS.items():
        message = message.replace(option, words)
    return _OPTION.sub(lambda found: found[1].replace("-", " "), message)
