"""Reading sessions back, whatever has happened to the file."""

import json
import random
import shutil
from pathlib import Path

import pytest
from session_samples import INFO, TARGET, fill, hop

from engine.errors import SessionError
from engine.events import ControlEvent, NoteEvent
from engine.midi.file import read_midi_file
from engine.session import SessionInfo, SessionRecorder, read_session, recover
from engine.session.products import session_key
from engine.session.recover import PRODUCTS
from engine.snapshot import LogEntry


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("recorded") / "session"
    with SessionRecorder(folder, INFO, origin_s=0.0) as recorder:
        fill(recorder, 20)
        recorder.log(LogEntry("ignored", {"what": "Ünïcode ♭"}))
    return recorder.folder


@pytest.fixture
def session(recorded: Path, tmp_path: Path) -> Path:
    return shutil.copytree(recorded, tmp_path / "session")


def test_recovering_gives_the_same_products_again(session: Path) -> None:
    before = {path.name: path.read_bytes() for path in session.iterdir()}
    for path in session.iterdir():
        if path.name != "events.jsonl":
            path.unlink()
    recover(session)
    assert {path.name: path.read_bytes() for path in session.iterdir()} == before


def test_a_torn_last_line_costs_itself_alone(session: Path) -> None:
    events = session / "events.jsonl"
    lines = events.read_bytes().splitlines(keepends=True)
    for cut in (1, 20, len(lines[-3]) - 2):
        events.write_bytes(b"".join(lines[:-3]) + lines[-3][:cut])
        read = read_session(session)
        assert (len(read.notes), read.damaged_lines, read.complete) == (20, 1, False)
    recover(session)
    assert "1 damaged lines" in (session / "log.txt").read_text()


@pytest.mark.parametrize(
    "line",
    [
        b"{",
        b"[]",
        b"null",
        b'"note"',
        b'{"event":"dance"}',
        b'{"event":["note"]}',
        b'{"event":"note"}',
        b'{"event":"emotion","quadrants":[1]}',
        b"\xff\xfe\x00",
        b"[" * 50_000,
        b"x" * 200_000,
        b'{"event":"log","at_s":NaN,"kind":"a","message":"b","fields":{}}',
        b'{"event":"frame","at_s":1,"beat":1,"tempo_bpm":0,"beats_per_bar":4,"key":"C:maj","since":0}',
        b'{"event":"frame","at_s":1,"beat":1,"tempo_bpm":90,"beats_per_bar":4,"key":"H","since":0}',
        b'{"event":"log","at_s":1,"kind":"a","message":"b","fields":7}',
        b'{"event":"control","at_s":1,"beat":1,"control":128,"value":1,"channel":0,"role":"control"}',
        b'{"event":"note","at_s":1,"on_s":1,"off_s":2,"note_id":1,"onset":1e999,"duration":1,'
        b'"pitch":60,"velocity":9,"channel":0,"role":"lead"}',
        b'{"event":"note","at_s":1,"on_s":1,"off_s":2,"note_id":1,"onset":1,"duration":1,'
        b'"pitch":true,"velocity":9,"channel":0,"role":"lead"}',
        b'{"event":"note","at_s":1,"on_s":1,"off_s":2,"note_id":1,"onset":1,"duration":1,'
        b'"pitch":60,"velocity":9,"channel":0,"role":["lead"]}',
    ],
)
def test_foreign_lines_are_skipped_and_counted(session: Path, line: bytes) -> None:
    events = session / "events.jsonl"
    lines = events.read_bytes().splitlines(keepends=True)
    events.write_bytes(b"".join([*lines[:9], line, b"\n", *lines[9:]]))
    read = read_session(session)
    assert len(read.notes) == 20
    assert read.damaged_lines >= 1


def test_random_damage_never_raises_anything_else(
    session: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(PRODUCTS, "picture.png")
    events = session / "events.jsonl"
    whole = events.read_bytes()
    draw = random.Random(3)
    for _ in range(150):
        data = bytearray(whole)
        for _ in range(draw.randint(1, 30)):
            data[draw.randrange(len(data))] = draw.randrange(256)
        events.write_bytes(data[: draw.randint(0, len(data))])
        try:
            recover(session)
        except SessionError as error:
            assert "\n" not in str(error)


def test_folders_without_a_session_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SessionError, match="no session"):
        recover(tmp_path)
    with pytest.raises(SessionError, match="no session"):
        recover(tmp_path / "missing")
    (tmp_path / "events.jsonl").write_text("hello\n")
    with pytest.raises(SessionError, match="does not begin with the header"):
        recover(tmp_path)
    (tmp_path / "events.jsonl").write_text('{"event":"session","format":99}\n')
    with pytest.raises(SessionError, match="format 99"):
        recover(tmp_path)


def test_products_that_cannot_be_written_do_not_hide_the_others(session: Path) -> None:
    (session / "log.txt").unlink()
    (session / "log.txt").mkdir()
    (session / "emotion.csv").unlink()
    with pytest.raises(SessionError, match=r"log\.txt"):
        recover(session)
    assert (session / "emotion.csv").is_file()
    assert not list(session.glob(".*"))


def test_key_is_the_one_tracked_longest(session: Path) -> None:
    assert session_key(read_session(session)) == "D:min"


def test_a_looping_daw_is_laid_out_in_one_line(tmp_path: Path) -> None:
    import mido

    with SessionRecorder(tmp_path, INFO, origin_s=0.0) as recorder:
        for turn in range(3):
            for beat in range(8):
                on_s = turn * 4.0 + beat * 0.5
                note = NoteEvent(turn * 8 + beat + 1, beat, 0.5, 60 + beat, 80, 0, "lead")
                recorder.note(note, on_s, on_s + 0.2)
                recorder.control(ControlEvent(beat, 21, beat), on_s)
    midi = mido.MidiFile(tmp_path / "stimmung.mid")
    onsets = []
    for track in midi.tracks:
        tick = 0
        for message in track:
            tick += message.time
            if message.type == "note_on" and message.velocity:
                onsets.append(tick / midi.ticks_per_beat)
    assert onsets == pytest.approx(list(range(24)))


def test_header_keeps_the_settings(session: Path) -> None:
    info = read_session(session).info
    assert info == SessionInfo(**{name: getattr(INFO, name) for name in INFO.__slots__})
    first = json.loads((session / "events.jsonl").read_bytes().splitlines()[0])
    assert first["format"] == 2


def test_picture_is_drawn(session: Path) -> None:
    from matplotlib.image import imread

    pixels = imread(session / "picture.png")
    assert pixels.shape == (900, 1600, 4)
    assert len({tuple(pixel) for pixel in pixels[::4, ::4, :3].reshape(-1, 3)}) > 100


def test_picture_of_a_long_session(tmp_path: Path) -> None:
    with SessionRecorder(tmp_path, INFO, origin_s=0.0) as recorder:
        for index in range(9_000):
            recorder.emotion(hop(index * 0.4, valence=(index % 200) / 100 - 1), TARGET)
    assert len(read_session(tmp_path).emotion) == 9_000
    assert (tmp_path / "picture.png").stat().st_size > 10_000


def test_pedals_keep_their_part_and_are_lifted_where_the_notes_were_withdrawn(
    tmp_path: Path,
) -> None:
    with SessionRecorder(tmp_path, INFO, origin_s=0.0) as recorder:
        fill(recorder, 8)
        for beat, value, at_s in ((0.1, 127, 0.05), (2.0, 0, 1.0), (2.1, 127, 1.05), (4.0, 0, 2.0)):
            recorder.control(ControlEvent(beat, 64, value, 1, "chords"), at_s)
        recorder.cut(1.5, ends=True)
    read = read_session(tmp_path)
    moves = [move for _, move in read.controls if move.control == 64]
    assert [(move.value, move.role, move.channel) for move in moves] == [
        (127, "chords", 1),
        (0, "chords", 1),
        (127, "chords", 1),
        (0, "chords", 1),
    ]
    assert moves[-1].beat == pytest.approx(2.1 + 0.45 * 0.5 / 0.2)
    written = read_midi_file(tmp_path / "stimmung.mid").controls
    assert [(c.value, c.role) for c in written if c.control == 64] == [
        (127, "chords"),
        (0, "chords"),
        (127, "chords"),
        (0, "chords"),
    ]
