"""The state of the machine in words: every problem with its value, its cause and what to do."""

from dataclasses import dataclass
from typing import Literal

from engine.snapshot import Snapshot
from gui import texts
from gui.texts import wording

__all__ = ["Counts", "HealthItem", "HealthLevel", "device_news", "judge", "worst"]

HealthLevel = Literal["good", "caution", "bad"]
_ORDER: tuple[HealthLevel, ...] = ("good", "caution", "bad")
_DEVICES = ("audio", "midi")

# Caution from the first, bad from the second.
_LOAD_LIMITS = (0.5, 0.8)
# A displaced tone is heard from 6 ms (Friberg and Sundberg 1995); jitter of 10 ms is disturbing.
_LATE_LIMITS_MS = (6.0, 10.0)


@dataclass(frozen=True, slots=True)
class Counts:
    """Counters at the moment the user last reset them."""

    overruns: int = 0
    dropped: int = 0
    missed_beats: int = 0
    restarts: int = 0

    @classmethod
    def of(cls, look: Snapshot) -> "Counts":
        """Return the counters of a snapshot."""
        midi = look.midi
        return cls(look.audio.overruns, midi.dropped, look.missed_beats, midi.restarts)


@dataclass(frozen=True, slots=True)
class HealthItem:
    """One aspect of the state of the machine.

    Attributes
    ----------
    name : str
        Stable key, such as ``"lateness"``.
    title, value : str
        What it is and how it stands.
    level : {'good', 'caution', 'bad'}
        Whether to look or to act.
    advice : str
        Cause and cure; empty while all is well.
    """

    name: str
    title: str
    value: str
    level: HealthLevel
    advice: str = ""


def judge(look: Snapshot, since: Counts) -> tuple[HealthItem, ...]:
    """Return all items, always in the same order."""
    midi = look.midi
    return (
        _audio(look),
        _midi(look),
        _graded("load", look.tracker_load, _LOAD_LIMITS, load=wording.percent(look.tracker_load)),
        _counted("overruns", look.audio.overruns - since.overruns, "blocks"),
        _graded(
            "lateness",
            midi.lateness_p99_ms,
            _LATE_LIMITS_MS,
            ms=wording.number(midi.lateness_p99_ms, 1),
        ),
        _counted("dropped", midi.dropped - since.dropped),
        _counted("missed", look.missed_beats - since.missed_beats),
        _sync(look),
        _counted("restarts", midi.restarts - since.restarts, "restarted", "steady"),
    )


def worst(items: tuple[HealthItem, ...]) -> HealthItem | None:
    """Return the item with the worst level, or None if all are good."""
    troubled = [item for item in items if item.level != "good"]
    return max(troubled, key=lambda item: _ORDER.index(item.level), default=None)


def device_news(before: tuple[HealthItem, ...], now: tuple[HealthItem, ...]) -> tuple[str, ...]:
    """Return messages about devices that were lost or came back between two snapshots."""
    were_lost = {item.name: item.level == "bad" for item in before if item.name in _DEVICES}
    news = []
    for item in now:
        lost = item.level == "bad"
        if were_lost.get(item.name, lost) == lost:
            continue
        value = item.value if lost else texts.HEALTH_VALUES["back"]
        news.append(f"{item.title}: {value}. {item.advice}".rstrip())
    return tuple(news)


def _item(name: str, value: str, level: HealthLevel, advice: str = "") -> HealthItem:
    return HealthItem(name, texts.HEALTH_TITLES[name], value, level, advice)


def _audio(look: Snapshot) -> HealthItem:
    audio = look.audio
    if audio.error:
        advice = texts.HEALTH_ADVICE["audio_lost"].format(error=audio.error.rstrip("."))
        return _item("audio", texts.HEALTH_VALUES["lost"], "bad", advice)
    if not audio.alive:
        value = texts.HEALTH_VALUES["no_sound"]
        return _item("audio", value, "caution", texts.HEALTH_ADVICE["audio_ended"])
    return _item("audio", audio.name, "good")


def _midi(look: Snapshot) -> HealthItem:
    midi = look.midi
    if not midi.alive:
        return _item("midi", texts.HEALTH_VALUES["lost"], "bad", texts.HEALTH_ADVICE["midi"])
    port = wording.port_words(midi.port)
    return _item("midi", texts.HEALTH_VALUES["midi"].format(port=port, sent=midi.sent), "good")


def _sync(look: Snapshot) -> HealthItem:
    sync = look.sync
    if sync.source == "internal":
        return _item("sync", texts.HEALTH_VALUES["own"], "good")
    if sync.locked:
        return _item("sync", texts.HEALTH_VALUES["locked"], "good")
    message = (sync.message or texts.HEALTH_VALUES["waiting"]).rstrip(".")
    advice = texts.HEALTH_ADVICE["sync"].format(message=message[:1].upper() + message[1:])
    return _item("sync", texts.HEALTH_VALUES["waiting"], "caution", advice)


def _graded(name: str, amount: float, limits: tuple[float, float], **values: str) -> HealthItem:
    caution, bad = limits
    level: HealthLevel = "bad" if amount >= bad else "caution" if amount >= caution else "good"
    advice = "" if level == "good" else texts.HEALTH_ADVICE[name]
    return _item(name, texts.HEALTH_VALUES[name].format(**values), level, advice)


def _counted(name: str, count: int, words: str = "", none: str = "none") -> HealthItem:
    if count <= 0:
        return _item(name, texts.HEALTH_VALUES[none], "good")
    value = texts.HEALTH_VALUES[words].format(count=count) if words else f"{count}"
    return _item(name, value, "caution", texts.HEALTH_ADVICE[name])
