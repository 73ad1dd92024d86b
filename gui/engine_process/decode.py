"""Reads the JSON that the engine writes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from engine.events import EmotionState, NoteEvent
from engine.settings.performance import Performance
from engine.snapshot import (
    AudioHealth,
    LogEntry,
    MidiHealth,
    Snapshot,
    SongLook,
    SyncHealth,
    VideoHealth,
)
from gui.texts import wording

__all__ = ["Devices", "read_snapshot"]

_OWN = "Stimmung"


@dataclass(frozen=True, slots=True)
class Devices:
    """The devices that the engine found, by name."""

    audio_inputs: tuple[str, ...] = ()
    audio_outputs: tuple[str, ...] = ()
    midi_inputs: tuple[str, ...] = ()
    midi_outputs: tuple[str, ...] = ()
    problem: str = ""
    jack: bool = False
    """Whether a JACK server can be reached."""
    midi_systems: tuple[str, ...] = ()
    """MIDI systems this machine has, such as ``ALSA``; without any, no port can be made."""

    @classmethod
    def read(cls, answer: Mapping[str, Any]) -> "Devices":
        """Return the devices of the engine's answer."""
        return cls(
            tuple(answer["inputs"]),
            tuple(answer["audio_outputs"]),
            _others(answer["midi_inputs"]),
            _others(answer["outputs"]),
            wording.window_words(answer["problem"]),
            answer["jack"],
            tuple(answer["systems"]),
        )

    def with_input(self, name: str) -> "Devices":
        """Return these with an audio input that is there although it was not listed."""
        known = name in self.audio_inputs
        return self if known else replace(self, audio_inputs=(*self.audio_inputs, name))


def _others(ports: Sequence[str]) -> tuple[str, ...]:
    """Leave out our own ports: listening to ourselves would be a loop."""
    return tuple(port for port in ports if not port.startswith(_OWN))


def read_snapshot(values: Mapping[str, Any]) -> Snapshot:
    """Return the snapshot an engine process sent.

    Parameters
    ----------
    values : mapping
        `Snapshot.to_json`, after JSON; ``"is"`` is ignored.

    Raises
    ------
    KeyError, TypeError, ValueError
        A field is missing or unknown: engine and window are of different versions.
    """
    given = {name: value for name, value in values.items() if name != "is"}
    emotion = given["emotion"]
    given["emotion"] = None if emotion is None else _read_emotion(emotion)
    for name in ("notes", "committed", "draft"):
        given[name] = tuple(NoteEvent(**note) for note in given[name])
    given["audio"] = AudioHealth(**_in_window_words(given["audio"], "error"))
    given["midi"] = MidiHealth(**given["midi"])
    given["sync"] = SyncHealth(**_in_window_words(given["sync"], "message"))
    video = given["video"]
    given["video"] = None if video is None else VideoHealth(**_in_window_words(video, "error"))
    given["song"] = None if given["song"] is None else SongLook(**given["song"])
    given["messages"] = tuple(LogEntry(**entry) for entry in given["messages"])
    given["locked"] = tuple(given["locked"])
    given["spans"] = tuple(map(tuple, given["spans"]))
    given["troubles"] = tuple(map(wording.window_words, given["troubles"]))
    given["performance"] = Performance.from_mapping(given["performance"])
    given["lights"] = {name: tuple(colour) for name, colour in given["lights"].items()}
    return Snapshot(**given)


def _in_window_words(values: Mapping[str, Any], name: str) -> dict[str, Any]:
    text = values[name]
    return {**values, name: wording.window_words(text) if text else text}


def _read_emotion(values: Mapping[str, Any]) -> EmotionState:
    given = dict(values)
    given["quadrants"] = tuple(given["quadrants"])
    given["tags"] = tuple((str(word), float(share)) for word, share in given["tags"])
    return EmotionState(**given)
