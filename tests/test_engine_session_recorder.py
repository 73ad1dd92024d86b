"""The recorder: nothing lost but the last second, nothing overwritten, nothing held up."""

import errno
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from servers.jack import until
from session_samples import INFO, fill

from engine.errors import InputError, SessionError
from engine.session import SessionInfo, SessionRecorder, read_session, recover
from engine.session import appender as appender_module
from engine.snapshot import LogEntry

PRODUCTS = {
    "stimmung.mid",
    "stimmung.dawproject",
    "emotion.csv",
    "log.txt",
    "picture.png",
    "events.jsonl",
}


def test_a_session_becomes_four_products(tmp_path: Path) -> None:
    with SessionRecorder(tmp_path / "new" / "session", INFO, origin_s=0.0) as recorder:
        fill(recorder, 40)
        recorder.log(LogEntry("set", {"arousal": 0.5}))
        recorder.log(LogEntry("late", {"note_id": 3, "ms": 12}))
        assert recorder.folder == tmp_path / "new" / "session"
    assert {path.name for path in recorder.folder.iterdir()} == PRODUCTS
    assert recorder.error is None
    assert recorder.dropped == 0

    rows = (recorder.folder / "emotion.csv").read_text().splitlines()
    assert rows[0] == (
        "time_s,valence,arousal,valence_std,arousal_std,q1,q2,q3,q4,key,chord,state,"
        "loudness_db,tuning_hz,target_valence,target_arousal,mode"
    )
    assert rows[5] == (
        "1.0000,0.3000,-0.4000,0.1000,0.2000,0.1000,0.2000,0.3000,0.4000,D:min,A:maj,tracking,"
        "-23.5000,440.0000,-0.2500,0.7500,follow"
    )
    assert len(rows) == 41

    log = (recorder.folder / "log.txt").read_text()
    for words in ("song.wav", "engine: rules", "Set: arousal 0.5.", "12 ms late"):
        assert words in log
    assert "40 notes played, 1 reported late" in log
    assert "not closed" not in log


def test_midi_file_holds_every_note(tmp_path: Path) -> None:
    import mido

    with SessionRecorder(tmp_path, INFO, origin_s=0.0) as recorder:
        fill(recorder, 30)
    midi = mido.MidiFile(recorder.folder / "stimmung.mid")
    messages = [message for track in midi.tracks for message in track]
    ons = [m for m in messages if m.type == "note_on" and m.velocity]
    offs = [m for m in messages if m.type == "note_off" or (m.type == "note_on" and not m.velocity)]
    assert len(ons) == len(offs) == 30
    assert {m.control for m in messages if m.type == "control_change"} >= {20}
    assert 500_000 in [m.tempo for m in messages if m.type == "set_tempo"]
    assert "Dm" in [m.key for m in messages if m.type == "key_signature"]


def test_times_count_from_the_session_start(tmp_path: Path) -> None:
    with SessionRecorder(tmp_path, INFO, now=lambda: 1005.0, origin_s=1000.0) as recorder:
        fill(recorder, 3, origin_s=1000.0)
        recorder.log(LogEntry("set", {"seed": 3}))
    session = read_session(tmp_path)
    assert [round(timed.on_s, 3) for timed in session.notes] == [0.0, 0.25, 0.5]
    assert [at_s for at_s, _ in session.controls] == [0.0, 0.25, 0.5]
    assert session.log[0].at_s == 5.0
    assert session.complete


def test_an_empty_session_still_has_valid_products(tmp_path: Path) -> None:
    import mido

    with SessionRecorder(tmp_path, INFO) as recorder:
        pass
    assert recorder.error is None
    assert {path.name for path in tmp_path.iterdir()} == PRODUCTS
    mido.MidiFile(tmp_path / "stimmung.mid")


def test_a_used_folder_gets_a_session_of_its_own(tmp_path: Path) -> None:
    folders = set()
    for _ in range(3):
        with SessionRecorder(tmp_path, INFO) as recorder:
            fill(recorder, 2)
        folders.add(recorder.folder)
    assert len(folders) == 3
    assert tmp_path in folders
    assert {folder.parent for folder in folders} == {tmp_path, tmp_path.parent}
    assert all(len(read_session(folder).notes) == 2 for folder in folders)


def test_foreign_files_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "stimmung.mid").write_text("mine")
    with SessionRecorder(tmp_path, INFO) as recorder:
        pass
    assert (tmp_path / "stimmung.mid").read_text() == "mine"
    assert recorder.folder.parent == tmp_path


def test_folders_that_cannot_be_written_are_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for folder in (tmp_path / "file", tmp_path / "file" / "below", Path("/proc/session")):
        with pytest.raises(SessionError, match="cannot record into") as caught:
            SessionRecorder(folder, INFO)
        assert str(folder) in str(caught.value)
        assert "\n" not in str(caught.value)


def test_impossible_settings_are_refused() -> None:
    with pytest.raises(InputError, match="tempo_bpm"):
        SessionInfo("", "", "", 0, 0.0, 4, "C:maj")


CRASH = """
import sys, time
from engine.session import SessionRecorder
from session_samples import INFO, TARGET, a_note, hop
recorder = SessionRecorder(sys.argv[1], INFO)
recorder.start()
start = time.perf_counter()
number = 0
while True:
    number += 1
    now = time.perf_counter()
    recorder.emotion(hop(now - start), TARGET)
    recorder.note(a_note(number, (now - start) * 2), now, now + 0.1)
    print(number, flush=True)
    time.sleep(0.02)
"""


def test_kill_loses_at_most_one_second(tmp_path: Path) -> None:
    child = subprocess.Popen(
        [sys.executable, "-c", CRASH, str(tmp_path)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert child.stdout is not None
    last = 0
    for line in child.stdout:
        last = int(line)
        if last > 100:
            break
    child.send_signal(signal.SIGKILL)
    last = max([last, *map(int, child.stdout.read().splitlines())])
    child.stdout.close()
    child.wait()
    assert {path.name for path in tmp_path.iterdir()} == {"events.jsonl"}

    recovered = recover(tmp_path)
    a_second = 50  # turns, if nothing else holds the child up
    assert last - len(recovered.session.notes) < a_second
    assert last - len(recovered.session.emotion.columns["time_s"]) < a_second
    assert {path.name for path in recovered.files} == PRODUCTS - {"events.jsonl"}
    assert "not closed" in (tmp_path / "log.txt").read_text()


class Disk:
    """Stands between the recorder and the real disk: takes so many bytes, then fails."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.room: int | None = None
        self._write = os.write
        monkeypatch.setattr(appender_module.os, "write", self.write)

    def write(self, handle: int, data: bytes | bytearray) -> int:
        if self.room is None:
            return self._write(handle, data)
        if self.room == 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        written = self._write(handle, bytes(data[: self.room]))
        self.room -= written
        return written


def test_full_disk_is_reported_and_nothing_lost_once_there_is_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = Disk(monkeypatch)
    recorder = SessionRecorder(tmp_path, INFO, origin_s=0.0)
    disk.room = 1_000
    recorder.start()
    fill(recorder, 50)
    until(lambda: recorder.error, "the report")
    assert recorder.error is not None
    assert "No space left" in recorder.error
    disk.room = None
    until(lambda: recorder.error is None, "the recovery")
    fill(recorder, 10)
    recorder.close()
    session = read_session(tmp_path)
    assert len(session.notes) == 60
    assert session.damaged_lines == 0


def test_disk_full_to_the_end_is_an_error_not_an_exception(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = Disk(monkeypatch)
    with SessionRecorder(tmp_path, INFO) as recorder:
        disk.room = 0
        fill(recorder, 10)
    assert recorder.error is not None
    assert "No space left" in recorder.error
    assert recorder.close() == []


def test_lost_folder_is_reported_and_resumed_when_back(tmp_path: Path) -> None:
    folder, away = tmp_path / "stick", tmp_path / "pulled"
    recorder = SessionRecorder(folder, INFO, origin_s=0.0)
    recorder.start()
    fill(recorder, 5)
    events = folder / "events.jsonl"
    until(lambda: events.read_bytes().count(b"note_id") == 5, "five notes")
    folder.rename(away)
    fill(recorder, 5)
    until(lambda: recorder.error, "the report")
    away.rename(folder)
    until(lambda: recorder.error is None, "the recovery")
    recorder.close()
    assert len(read_session(folder).notes) == 10


def test_a_disk_that_hangs_never_holds_up_playing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(appender_module, "QUEUE_LINES", 100)
    monkeypatch.setattr(appender_module, "UNWRITTEN_BYTES", 2_000)
    disk = Disk(monkeypatch)
    recorder = SessionRecorder(tmp_path, INFO)
    disk.room = 0
    fill(recorder, 500)  # no writer runs at all: the queue is full at once
    assert recorder.dropped == 1_400
    recorder.start()
    until(lambda: recorder.dropped > 1_400, "a loss")
    assert recorder.error is not None
    assert "events lost" in recorder.error
    disk.room = None
    recorder.close()
    assert 0 < len(read_session(tmp_path).notes) < 40


def test_a_slow_disk_delays_neither_writing_nor_the_products(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = threading.Event()
    monkeypatch.setattr(appender_module, "SYNC_S", 0.01)
    monkeypatch.setattr(appender_module, "_JOIN_S", 0.2)

    def fsync(handle: int) -> None:
        if threading.current_thread().name == "session-sync":
            slow.wait(60)

    monkeypatch.setattr(appender_module.os, "fsync", fsync)
    recorder = SessionRecorder(tmp_path, INFO, origin_s=0.0)
    recorder.start()
    until(lambda: any(t.name == "session-sync" for t in threading.enumerate()), "the thread")
    fill(recorder, 5)
    until(lambda: len(read_session(tmp_path).notes) == 5, "five notes")
    recorder.close()
    error = recorder.error
    slow.set()
    assert error is not None
    assert "very slow" in error
    assert {path.name for path in tmp_path.iterdir()} == PRODUCTS
