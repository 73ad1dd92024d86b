"""A session as a DAWproject: by its published schema, with right values at right places."""

import math
import zipfile
from pathlib import Path

import pytest
from lxml import etree
from session_samples import INFO, TARGET, a_note, hop

from engine.cli import main
from engine.events import ControlEvent, NoteEvent
from engine.pipeline.step import Frame
from engine.session import SessionRecorder, read_session
from engine.session.dawproject import write_dawproject

SCHEMAS = Path(__file__).parent / "dawproject"


def read(path):
    """Return the project of a file, checked against the schema."""
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        roots = {}
        for name, schema in (("project.xml", "Project.xsd"), ("metadata.xml", "MetaData.xsd")):
            roots[name] = etree.fromstring(archive.read(name))
            etree.XMLSchema(file=str(SCHEMAS / schema)).assertValid(roots[name])
    return roots["project.xml"]


@pytest.fixture
def folder(tmp_path):
    """Record 40 s: 120 BPM, from 10 s on 60 BPM, then three beats a bar; sad, from 20 s on glad."""
    recorder = SessionRecorder(tmp_path / "s", INFO, origin_s=0.0)
    recorder.start()
    lag_s = 0.5  # sound comes in some time after the start
    beat_s = lambda beat: beat / 2.0 if beat <= 20 else 10.0 + (beat - 20)  # noqa: E731
    for count in range(400):
        at_s = count / 10.0
        glad = at_s >= 20.0
        recorder._elapsed = lambda at_s=at_s: at_s
        recorder.emotion(hop(at_s - lag_s, 0.6 if glad else -0.6), TARGET)
    for beat in range(0, 44, 2):
        on_s = beat_s(beat)
        recorder.note(a_note(beat + 1, float(beat)), on_s, beat_s(beat + 0.5))
    drum = NoteEvent(99, 8.0, 0.25, 38, 127, 9, "drums")
    recorder.note(drum, 4.0, 4.125)
    for beat, value in ((4.0, 127), (6.0, 0)):
        recorder.control(ControlEvent(beat, 64, value, 0, "lead"), beat_s(beat))
    recorder.close()
    return tmp_path / "s"


def numbers(nodes, *names):
    return [tuple(float(node.get(name)) for name in names) for node in nodes]


def lane_of(project, name):
    (track,) = project.xpath(f"Structure/Track[@name='{name}']")
    (lane,) = project.xpath(f"Arrangement/Lanes/Lanes[@track='{track.get('id')}']")
    return track, lane


def test_the_folder_holds_one_that_keeps_to_the_schema(folder):
    project = read(folder / "stimmung.dawproject")
    names = project.xpath("Structure/Track/@name")
    assert names == ["Lead", "Drums", "Emotion", "Master"]
    ids = project.xpath("//@id")
    assert len(ids) == len(set(ids))
    assert set(project.xpath("//@track | //@parameter | //@destination")) <= set(ids)


def test_notes_and_pedals_lie_at_their_beats(folder):
    project = read(folder / "stimmung.dawproject")
    _, lead = lane_of(project, "Lead")
    notes = lead.xpath("Clips/Clip/Notes/Note")
    assert numbers(notes[:3], "time", "duration", "channel", "key") == [
        (0.0, 0.5, 0, 61),
        (2.0, 0.5, 0, 63),
        (4.0, 0.5, 0, 65),
    ]
    assert len(notes) == 22 and float(notes[0].get("vel")) == pytest.approx(90 / 127, abs=1e-6)
    (pedal,) = lead.xpath("Points")
    assert dict(pedal.find("Target").attrib) == {
        "expression": "channelController",
        "channel": "0",
        "controller": "64",
    }
    assert numbers(pedal.findall("RealPoint"), "time", "value") == [(4.0, 1.0), (6.0, 0.0)]
    (drum,) = lane_of(project, "Drums")[1].xpath("Clips/Clip/Notes/Note")
    assert (drum.get("channel"), drum.get("key"), float(drum.get("vel"))) == ("9", "38", 1.0)


def test_what_sounded_at_a_time_lies_where_the_tempo_map_puts_that_time(folder):
    project = read(folder / "stimmung.dawproject")
    tempos = numbers(project.xpath("Arrangement/TempoAutomation/RealPoint"), "time", "value")
    assert tempos[0] == (0.0, pytest.approx(120.0, abs=0.1))
    assert tempos[-1][1] == pytest.approx(60.0, abs=0.1) and 18.0 <= tempos[-1][0] <= 22.0
    assert float(project.find("Transport/Tempo").get("value")) == pytest.approx(120.0, abs=0.1)
    markers = {node.get("name"): float(node.get("time")) for node in project.iter("Marker")}
    assert markers["Sad"] == 0.0
    # 20 s: 20 beats, and ten at half the tempo; a section is sure three seconds later.
    assert markers["Serene"] == pytest.approx(30.0, abs=0.5)
    assert markers["Section 2"] == pytest.approx(33.0, abs=0.5)


def test_valence_and_arousal_are_lines_within_tolerance_of_every_hop(folder):
    project = read(folder / "stimmung.dawproject")
    session = read_session(folder)
    _, lane = lane_of(project, "Emotion")
    lines = {node.get("name"): node for node in lane.findall("Points")}
    assert lines["valence"].find("Target").get("controller") == "20"
    assert lines["arousal"].find("Target").get("controller") == "21"
    for name, line in lines.items():
        points = numbers(line.findall("RealPoint"), "time", "value")
        assert len(points) < 12  # of 400 hops
        for at_s, value in zip(session.emotion.heard_s, session.emotion.columns[name], strict=True):
            beat = at_s * 2.0 if at_s <= 10.0 else 20.0 + (at_s - 10.0)
            if not 19.7 <= at_s <= 20.3:
                assert interpolated(points, beat) == pytest.approx((value + 1) / 2, abs=0.003)


def interpolated(points, at):
    for (x0, y0), (x1, y1) in zip(points, points[1:], strict=False):
        if x0 <= at <= x1:
            return y0 + (y1 - y0) * (at - x0) / (x1 - x0)
    return points[0][1] if at < points[0][0] else points[-1][1]


def test_replay_writes_the_same_file_and_never_over_the_recording(folder, tmp_path, capsys):
    out = tmp_path / "again.dawproject"
    assert main(["replay", str(folder), "-o", str(out)]) == 0
    assert out.read_bytes() == (folder / "stimmung.dawproject").read_bytes()
    assert main(["replay", str(folder), "-o", str(folder / "events.jsonl")]) == 2


def test_what_was_not_played_in_real_time_is_heard_at_its_place_in_the_sound(tmp_path):
    """As in a demo: its hops are recorded as fast as they are made."""
    recorder = SessionRecorder(tmp_path / "s", INFO, origin_s=0.0)
    recorder.start()
    for count in range(100):
        recorder.emotion(hop(count / 10.0), TARGET)
    recorder.note(a_note(1, 0.0), 0.0, 0.25)
    recorder.close()
    session = read_session(tmp_path / "s")
    assert list(session.emotion.heard_s) == [count / 10.0 for count in range(100)]
    assert session.duration_s == 9.9
    _, lane = lane_of(read(tmp_path / "s" / "stimmung.dawproject"), "Emotion")
    times = [beat for (beat,) in numbers(lane.findall("Points/RealPoint"), "time")]
    assert max(times) == pytest.approx(9.9 * 2.0, abs=0.01)


def test_bars_that_change_are_time_signatures(tmp_path):
    recorder = SessionRecorder(tmp_path / "s", INFO, origin_s=0.0)
    recorder.start()
    for beat in range(16):
        recorder.note(a_note(beat + 1, float(beat)), beat / 2.0, beat / 2.0 + 0.2)
    recorder.close()
    session = read_session(tmp_path / "s")
    session.frames.append((0.0, Frame(0.0, 120.0, 4, "C:maj", 0)))
    session.frames.append((4.0, Frame(8.0, 120.0, 3, "C:maj", 8)))
    write_dawproject(session, tmp_path / "t.dawproject")
    project = read(tmp_path / "t.dawproject")
    points = project.xpath("Arrangement/TimeSignatureAutomation/TimeSignaturePoint")
    found = numbers(points, "time", "numerator", "denominator")
    assert found[0] == (0.0, 4.0, 4.0) and found[-1] == (9.0, 3.0, 4.0)


def test_a_session_without_sound_or_notes_is_written_too(tmp_path):
    recorder = SessionRecorder(tmp_path / "s", INFO, origin_s=0.0)
    recorder.start()
    recorder.close()
    project = read(tmp_path / "s" / "stimmung.dawproject")
    assert project.xpath("Structure/Track/@name") == ["Master"]
    assert not any(math.isnan(float(v)) for v in project.xpath("//@value"))
