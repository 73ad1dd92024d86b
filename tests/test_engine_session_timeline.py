"""The MIDI file of a session plays as the session did, whatever moved the tempo."""

import math
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from random import Random

import mido
import pytest
from session_samples import INFO

from engine.cli import main
from engine.events import ControlEvent, NoteEvent
from engine.midi.file import read_midi_file
from engine.music.clock import InternalClock
from engine.pipeline.pipeline import Pipeline
from engine.pipeline.step import Frame
from engine.session.content import Session, TimedNote
from engine.session.events_file import read_session
from engine.session.products import write_midi
from engine.session.recorder import SessionRecorder
from engine.session.rerun import rerun
from engine.session.timeline import lay_out
from engine.settings.performance import Performance

SESSION = Path(__file__).parent / "sessions" / "version_0_2"
NOTHING_HEARD = Performance(mode="manual", valence=0.3, arousal=0.4, key="A:min", tempo_bpm=60.0)


def played(path: Path) -> list[tuple[int, float, float]]:
    """Return pitch, start [s] and end [s] of every note of a MIDI file, as a player plays it."""
    now_s, found = 0.0, []
    sounding: dict[tuple[int, int], float] = {}
    for message in mido.MidiFile(path):
        now_s += message.time
        if message.type == "note_on" and message.velocity:
            sounding[message.channel, message.note] = now_s
        elif message.type in ("note_on", "note_off"):
            start_s = sounding.pop((message.channel, message.note))
            found.append((message.note, start_s, now_s))
    assert not sounding
    return sorted(found)


def assert_plays_like(path: Path, session: Session, within_s: float = 0.006) -> None:
    """Compare a file with the log; what sounds under a newer note of its key ends there."""
    log = sorted((n.note.pitch, n.on_s, n.off_s) for n in session.notes)
    file = played(path)
    assert len(file) == len(log) > 10
    origin_s = min(on_s for _, on_s, _ in log) - min(start_s for _, start_s, _ in file)
    for (pitch, on_s, off_s), (written, start_s, end_s) in zip(log, file, strict=True):
        assert pitch == written
        assert start_s + origin_s == pytest.approx(on_s, abs=within_s)
        assert end_s + origin_s <= off_s + within_s + 0.006


def perform(folder: Path, seconds: float, orders: dict[float, dict[str, object]]) -> Session:
    """Record a pipeline that plays for a while; at the times given settings change."""
    clock = InternalClock(60.0)
    pipeline = Pipeline(NOTHING_HEARD, clock, seed=3, draft_beats=0)
    info = replace(INFO, tempo_bpm=60.0, key="A:min")
    now_s = 0.0
    with SessionRecorder(folder, info, now=lambda: now_s, origin_s=0.0) as recorder:
        clock.start(0.0)
        waiting = sorted(orders.items())
        while now_s < seconds:
            while waiting and waiting[0][0] <= now_s:
                wanted = pipeline.performance.changed(waiting.pop(0)[1])
                if wanted.tempo_bpm != clock.tempo_bpm:
                    clock.set_tempo(wanted.tempo_bpm, now_s)
                pipeline.change(wanted)
            step = pipeline.advance(now_s)
            recorder.turn(now_s, step)
            for each in step.notes:
                recorder.note(each.note, each.on_s, each.off_s)
            for change in step.controls:
                recorder.control(change.control, change.at_s)
            now_s = round(now_s + 0.01, 6)
    return read_session(folder)


def test_a_tempo_that_moved_is_in_the_file(tmp_path: Path) -> None:
    orders = {5.0: {"tempo_bpm": 180.0}, 9.0: {"tempo_bpm": 75.5}, 12.3: {"tempo_bpm": 140.0}}
    session = perform(tmp_path / "s", 15.3, orders)
    assert [round(frame.tempo_bpm, 1) for _, frame in session.frames] == [60.0, 180.0, 75.5, 140.0]
    assert session.damaged_lines == 0
    assert_plays_like(tmp_path / "s" / "stimmung.mid", session)
    out = tmp_path / "out.mid"
    assert main(["replay", str(tmp_path / "s"), "-o", str(out)]) == 0
    assert out.read_bytes() == (tmp_path / "s" / "stimmung.mid").read_bytes()
    assert mido.MidiFile(out).length == pytest.approx(15.3, abs=1.5)
    tempos = [tempo for _, tempo in read_midi_file(out).song_map.tempos]
    for tempo in (60.0, 180.0, 75.5, 140.0):
        assert any(abs(tempo - written) < 0.5 for written in tempos)
    assert len(tempos) <= 12


def test_one_tempo_is_one_tempo(tmp_path: Path) -> None:
    session = perform(tmp_path / "s", 12.0, {})
    contents = read_midi_file(tmp_path / "s" / "stimmung.mid")
    assert contents.song_map.tempos == ((0.0, 60.0),)
    assert_plays_like(tmp_path / "s" / "stimmung.mid", session)
    onsets = sorted(timed.note.onset for timed in session.notes)
    assert [n.onset for n in contents.notes] == pytest.approx(onsets, abs=1 / 900)


def test_bars_and_keys_are_those_that_were_played(tmp_path: Path) -> None:
    orders = {
        6.5: {"beats_per_bar": 3},
        13.0: {"key": "Eb:maj"},
        20.5: {"beats_per_bar": 5, "key": "A:min"},
    }
    session = perform(tmp_path / "s", 40.0, orders)
    laid_out = lay_out(session, "C:maj")
    (first, three), (second, five) = [
        (frame.since, frame.beats_per_bar)
        for before, (_, frame) in zip(
            [4, *(f.beats_per_bar for _, f in session.frames)], session.frames, strict=False
        )
        if frame.beats_per_bar != before
    ]
    assert (three, five) == (3, 5)
    lines = {0: 4}
    for since, bar in ((first, 3), (second, 5)):
        lines[-(-since // bar) * bar] = bar
    written = dict(laid_out.song_map.meters)
    for line, bar in list(lines.items())[1:]:
        assert written.pop(float(line)) == bar
    # What is left cuts a bar, so that the next line is one of the new bars.
    assert all(start + length in lines for start, length in written.items())
    keys = read_midi_file(tmp_path / "s" / "stimmung.mid").song_map.keys
    assert [key.split(":")[0] for _, key in keys] == ["A", "Eb", "A"]
    frames = [frame for _, frame in session.frames]
    changes = [new.since for old, new in pairwise(frames) if old.key != new.key]
    assert [beat for beat, _ in keys[1:]] == changes


def test_a_wavering_clock_is_followed(tmp_path: Path) -> None:
    session = Session(INFO)
    on_s = 0.0
    for beat in range(200):
        tempo = 110.0 + 50.0 * math.sin(beat / 20.0) + math.sin(beat * 1.7)
        session.frames.append((on_s, Frame(float(beat), tempo, 4, "C:maj")))
        note = NoteEvent(beat + 1, float(beat), 0.5, 60 + beat % 12, 80, 0, "lead")
        session.notes.append(TimedNote(note, on_s, on_s + 30.0 / tempo))
        on_s += 60.0 / tempo
    write_midi(session, tmp_path / "a.mid")
    assert_plays_like(tmp_path / "a.mid", session)
    assert {n.onset % 1.0 for n in read_midi_file(tmp_path / "a.mid").notes} == {0.0}


def test_a_pause_and_jumps_take_their_time_and_keep_bar_lines(tmp_path: Path) -> None:
    session = Session(INFO)  # 120 BPM
    places = [(0.0, 0.0), (8.0, 34.0), (40.0, 38.0), (4.0, 45.5), (401.0, 51.5), (409.0, 57.0)]
    for number, (start, at_s) in enumerate(places):
        for beat in range(8):
            note = NoteEvent(8 * number + beat, start + beat, 0.5, 60 + beat, 80, 0, "lead")
            on_s = at_s + 0.5 * beat
            session.notes.append(TimedNote(note, on_s, on_s + 0.25))
    write_midi(session, tmp_path / "a.mid")
    assert_plays_like(tmp_path / "a.mid", session)
    notes = read_midi_file(tmp_path / "a.mid").notes
    assert [note.onset % 4 for note in notes] == [
        (start + beat) % 4 for start, _ in places for beat in range(8)
    ]
    assert max(note.onset for note in notes) < 130


def test_notes_under_way_when_the_tempo_leaps_stay_in_order(tmp_path: Path) -> None:
    session = Session(INFO)
    for beat in range(16):
        note = NoteEvent(beat + 1, float(beat), 1.0, 60, 80, 0, "lead")
        session.notes.append(TimedNote(note, 0.5 * beat, 0.5 * beat + 0.5))
    # Handed over at the old tempo, with the clock ahead of them.
    session.controls.append((7.51, ControlEvent(15.9, 20, 5)))
    session.controls.append((7.51, ControlEvent(16.4, 21, 5)))
    write_midi(session, tmp_path / "a.mid")
    assert_plays_like(tmp_path / "a.mid", session)


def test_a_session_of_version_0_2_still_gives_its_file(tmp_path: Path) -> None:
    session = read_session(SESSION)
    assert session.frames == [] and session.damaged_lines == 0
    write_midi(session, tmp_path / "a.mid")
    assert_plays_like(tmp_path / "a.mid", session, within_s=0.02)
    again = rerun(SESSION)
    assert again.frames
    assert lay_out(again, "C:maj").tempo_bpm == session.info.tempo_bpm


def test_any_course_of_tempo_gives_a_file_that_plays_like_it(tmp_path: Path) -> None:
    random = Random(3)
    for _ in range(60):
        session, at_s, beat, tempo, number = Session(INFO), 0.0, 0.0, 120.0, 0
        for _ in range(random.randint(2, 8)):
            tempo = random.choice([tempo, random.uniform(20.0, 300.0)])
            at_s += random.choice([0.0, 0.0, random.uniform(0.0, 40.0)])
            beat = random.choice([beat, beat, float(random.randint(0, 200))])
            session.frames.append((at_s, Frame(beat, tempo, random.choice([3, 4]), "C:maj")))
            for _ in range(random.randint(2, 20)):
                pitch, number = 40 + number % 50, number + 1
                note = NoteEvent(number, beat, 0.25, pitch, 80, 0, "lead")
                session.notes.append(TimedNote(note, at_s, at_s + 15.0 / tempo))
                width = random.choice([0.25, 0.5, 1.0, 2.0, 1 / 3])
                beat, at_s = beat + width, at_s + width * 60.0 / tempo
        write_midi(session, tmp_path / "a.mid")
        # A jump by less than a bar in no time is the one thing that bars and tempo cannot show.
        assert_plays_like(tmp_path / "a.mid", session, within_s=0.35)
