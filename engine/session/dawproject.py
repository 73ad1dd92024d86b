"""Writes a session as a DAWproject: tracks, tempo, bars, markers, emotion as automation.

One XML file in a ZIP, which Bitwig Studio, Studio One, Cubase and others open. Notes lie on a
track per part, pedals beside them. Heard valence and arousal are lines of a track of their own, as
the controllers that carried them live (0..1 for -1..1), from every hop rather than in 128 steps.

References
----------
https://github.com/bitwig/dawproject: Project.xsd and MetaData.xsd, version 1.0
"""

import io
import zipfile
from collections.abc import Iterable, Sequence
from itertools import count
from pathlib import Path
from typing import Final
from xml.etree import ElementTree as xml

from engine.choices import PARTS
from engine.events import SUSTAIN, ControlEvent, NoteEvent
from engine.files import write_output
from engine.midi.file import TRACK_NAMES, time_signature
from engine.music.song_map import TempoMap
from engine.session.content import SETTLED, EmotionTrack, Session
from engine.session.markers import markers
from engine.session.products import session_key
from engine.session.timeline import Timeline, lay_out

__all__ = ["write_dawproject"]

_NO_DATE: Final = (1980, 1, 1, 0, 0, 0)
_TOLERANCE: Final = 0.002
"""Lines of automation are as exact as this, of 0..1."""

_Point = tuple[float, float]
"""A position [quarter notes] and a value."""


def write_dawproject(session: Session, path: Path) -> None:
    """Write a session; what played at a time lies at the beat of that time."""
    project = _Project(session).build()
    about = xml.Element("MetaData")
    info = session.info
    xml.SubElement(about, "Title").text = _text(f"Stimmung, session of {info.started}")
    xml.SubElement(about, "Comment").text = _text(f"heard: {info.input}; seed {info.seed}")
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, root in (("project.xml", project), ("metadata.xml", about)):
            xml.indent(root)
            text = xml.tostring(root, encoding="UTF-8", xml_declaration=True)
            entry = zipfile.ZipInfo(name, _NO_DATE)  # the same session makes the same file
            archive.writestr(entry, text, zipfile.ZIP_DEFLATED)
    write_output(path, data.getvalue())


class _Project:
    """Builds the XML of one session."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._timeline: Timeline = lay_out(session, session_key(session))
        self._tempos = [(0.0, self._timeline.tempo_bpm), *self._timeline.song_map.tempos]
        self._time = TempoMap(self._tempos)
        self._ids = (f"id{number}" for number in count())
        notes = self._timeline.notes
        last = [note.onset + note.duration for note in notes]
        last += [control.beat for control in self._timeline.controls]
        last += [self._beat(at_s) for at_s in session.emotion.heard_s[-1:]]
        self._end = max(last, default=1.0)

    def build(self) -> xml.Element:
        """Return the project."""
        timeline = self._timeline
        from importlib.metadata import version

        project = xml.Element("Project", version="1.0")
        xml.SubElement(project, "Application", name="Stimmung", version=version("stimmung"))
        transport = xml.SubElement(project, "Transport")
        tempo = self._real(transport, "Tempo", timeline.tempo_bpm, "bpm", 6.0, 960.0)
        numerator, denominator = time_signature(timeline.beats_per_bar)
        metre = self._named(
            transport, "TimeSignature", numerator=str(numerator), denominator=str(denominator)
        ).attrib["id"]
        structure = xml.SubElement(project, "Structure")
        arrangement = self._named(project, "Arrangement")
        lanes = self._named(arrangement, "Lanes", timeUnit="beats")
        master = next(self._ids)
        for role in PARTS:
            self._part(structure, lanes, role, master)
        self._emotion(structure, lanes, master)
        self._track(structure, "Master", "audio notes", master, "master")
        self._markers(arrangement)
        self._points(
            arrangement, "TempoAutomation", self._tempos, {"parameter": tempo}, "bpm", "hold"
        )
        changes = self._named(arrangement, "TimeSignatureAutomation")
        xml.SubElement(changes, "Target", parameter=metre)
        for beat, bar in [(0.0, float(timeline.beats_per_bar)), *timeline.song_map.meters]:
            numerator, denominator = time_signature(bar)
            xml.SubElement(
                changes,
                "TimeSignaturePoint",
                time=_number(beat),
                numerator=str(numerator),
                denominator=str(denominator),
            )
        xml.SubElement(project, "Scenes")
        return project

    def _part(self, structure: xml.Element, lanes: xml.Element, role: str, master: str) -> None:
        """Add what a part played, if it did: its notes, and its pedals."""
        notes = [note for note in self._timeline.notes if note.role == role]
        if not notes:
            return
        track = self._track(structure, TRACK_NAMES[role], "notes", master)
        lane = self._named(lanes, "Lanes", track=track)
        clips = self._named(lane, "Clips")
        clip = xml.SubElement(
            clips, "Clip", time="0.0", duration=_number(self._end), playStart="0.0"
        )
        clip.append(self._notes(notes))
        pedals = [control for control in self._timeline.controls if control.role == role]
        for (channel, number), points in _by_controller(pedals).items():
            target = _controller(channel, number)
            how = "hold" if number == SUSTAIN else "linear"
            self._points(lane, "Points", points, target, "normalized", how)

    def _notes(self, notes: Iterable[NoteEvent]) -> xml.Element:
        found = xml.Element("Notes", id=next(self._ids))
        for note in sorted(notes, key=lambda note: (note.onset, note.pitch)):
            velocity = _number(note.velocity / 127.0)
            xml.SubElement(
                found,
                "Note",
                time=_number(note.onset),
                duration=_number(note.duration),
                channel=str(note.channel),
                key=str(note.pitch),
                vel=velocity,
                rel=velocity,
            )
        return found

    def _emotion(self, structure: xml.Element, lanes: xml.Element, master: str) -> None:
        """Add heard valence and arousal as lines."""
        track = self._session.emotion
        if not any(state in SETTLED for state in track.states):
            return
        settings = self._session.info.settings
        channel = int(settings.get("control_channel", 0))
        lane = self._named(
            lanes, "Lanes", track=self._track(structure, "Emotion", "automation notes", master)
        )
        for name, usual in (("valence", 20), ("arousal", 21)):
            target = _controller(channel, int(settings.get(f"{name}_cc", usual)))
            points = _thinned(self._line(track, name))
            self._points(lane, "Points", points, target, "normalized", "linear", name)

    def _line(self, track: EmotionTrack, name: str) -> list[_Point]:
        """Return a value as it was heard, 0..1, where something was heard."""
        return [
            (self._beat(at_s), (value + 1.0) / 2.0)
            for at_s, value, state in zip(
                track.heard_s, track.columns[name], track.states, strict=True
            )
            if state in SETTLED
        ]

    def _markers(self, arrangement: xml.Element) -> None:
        found = markers(self._session.emotion)
        if found:
            lane = self._named(arrangement, "Markers")
            for at_s, words in found:
                xml.SubElement(lane, "Marker", time=_number(self._beat(at_s)), name=words)

    def _beat(self, at_s: float) -> float:
        """Return the position of a time since the session's start [quarter notes]."""
        return max(0.0, self._time.beat(at_s - self._timeline.start_s))

    # ------------------------------------------------------------------ small helpers

    def _named(self, parent: xml.Element, tag: str, **values: str) -> "xml.Element":
        return xml.SubElement(parent, tag, values, id=next(self._ids))

    def _real(
        self, parent: xml.Element, tag: str, value: float, unit: str, low: float, high: float
    ) -> str:
        """Add a parameter and return its id."""
        limits = {"min": _number(low), "max": _number(high)}
        self._named(parent, tag, value=_number(value), unit=unit, **limits)
        return parent[-1].attrib["id"]

    def _track(
        self,
        structure: xml.Element,
        name: str,
        content: str,
        master: str,
        role: str = "regular",
    ) -> str:
        """Add a track with its channel strip and return the id of the track."""
        track = self._named(structure, "Track", contentType=content, loaded="true", name=name)
        channel = xml.SubElement(track, "Channel", audioChannels="2", role=role, solo="false")
        if role == "master":
            channel.set("id", master)
        else:
            channel.set("id", next(self._ids))
            channel.set("destination", master)
        self._real(channel, "Volume", 1.0, "linear", 0.0, 2.0)
        return track.attrib["id"]

    def _points(
        self,
        parent: xml.Element,
        tag: str,
        points: Sequence[_Point],
        target: dict[str, str],
        unit: str,
        interpolation: str,
        name: str = "",
    ) -> None:
        lane = self._named(parent, tag, unit=unit, **({"name": name} if name else {}))
        xml.SubElement(lane, "Target", target)
        for beat, value in points:
            xml.SubElement(
                lane,
                "RealPoint",
                time=_number(beat),
                value=_number(value),
                interpolation=interpolation,
            )


def _controller(channel: int, number: int) -> dict[str, str]:
    return {
        "expression": "channelController",
        "channel": str(channel),
        "controller": str(number),
    }


def _by_controller(controls: Iterable[ControlEvent]) -> dict[tuple[int, int], list[_Point]]:
    """Return the values of each controller of each channel, 0..1, by position."""
    found: dict[tuple[int, int], list[_Point]] = {}
    for control in sorted(controls, key=lambda control: control.beat):
        place = found.setdefault((control.channel, control.control), [])
        place.append((control.beat, control.value / 127.0))
    return found


def _thinned(points: Sequence[_Point]) -> list[_Point]:
    """Return the points that straight lines need to pass all of them within `_TOLERANCE`."""
    if not points:
        return []
    kept, before = [points[0]], points[0]
    low, high = -float("inf"), float("inf")
    for point in points[1:]:
        width = point[0] - kept[-1][0]
        if width <= 0.0:
            continue
        slope = (point[1] - kept[-1][1]) / width
        if not low <= slope <= high:
            kept.append(before)
            low, high = -float("inf"), float("inf")
            width = point[0] - before[0]
        low = max(low, (point[1] - _TOLERANCE - kept[-1][1]) / width)
        high = min(high, (point[1] + _TOLERANCE - kept[-1][1]) / width)
        before = point
    return kept if kept[-1] == before else [*kept, before]


def _text(words: str) -> str:
    """Return a text without what XML cannot hold."""
    return "".join(character for character in words if character.isprintable())


def _number(value: float) -> str:
    return f"{value:.6f}"
