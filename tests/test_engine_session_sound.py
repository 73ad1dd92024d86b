"""Sound in a session: kept in pieces, whole after a crash, and the disk holds nobody up."""

import os
import resource
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile
from session_samples import INFO, fill

from engine.errors import SessionError
from engine.session import SessionRecorder, recover
from engine.session import sound as sound_module
from engine.session.folder import AUDIO_NAME
from engine.session.recover import PRODUCTS
from engine.session.sound import SoundRecorder, join_pieces

RATE = 8000
CRASHING = """
import sys, time, numpy as np
from pathlib import Path
from engine.session.sound import SoundRecorder
recorder = SoundRecorder(Path(sys.argv[1]), 8000)
recorder.start()
for number in range(100000):
    recorder.put(np.full(80, number % 100 / 200, np.float32))
    print(number, flush=True)
    time.sleep(0.01)
"""


def tone(seconds: float) -> np.ndarray:
    return (0.3 * np.sin(np.arange(round(seconds * RATE)) / 9)).astype(np.float32)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(PRODUCTS, "picture.png")
    monkeypatch.setattr(sound_module, "_FLUSH_S", 0.02)


def test_pieces_are_joined_to_the_very_sound(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sound_module, "_PIECE_S", 0.5)
    sound = tone(3.0)
    with SessionRecorder(tmp_path / "s", INFO, origin_s=0.0, sound_rate=RATE) as recorder:
        for block in np.split(sound, 60):
            recorder.sound(block)
            time.sleep(0.004)
    assert recorder.error is None
    read, rate = soundfile.read(recorder.folder / AUDIO_NAME, dtype="float32")
    assert rate == RATE and read.size == sound.size
    assert np.abs(read - sound).max() < 1e-4
    assert not (recorder.folder / "sound").exists()


def test_a_crash_loses_less_than_a_second_and_recovering_joins_the_rest(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", CRASHING, str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    last = 0
    for line in process.stdout:
        last = int(line)
        if last >= 200:
            process.kill()
    process.stdout.close()
    process.wait()
    joined = join_pieces(tmp_path)
    assert joined is not None
    assert soundfile.info(joined).frames > (last + 1) * 80 - RATE
    assert join_pieces(tmp_path) == joined  # again does no harm


def test_a_torn_raw_piece_costs_its_last_sample_only(tmp_path: Path) -> None:
    recorder = SoundRecorder(tmp_path, RATE)
    recorder.put(tone(0.5))
    recorder._write(recorder._take())
    raw = tmp_path / "sound" / "00000.raw"
    raw.write_bytes(raw.read_bytes()[:-1])
    joined = join_pieces(tmp_path)
    assert joined is not None and soundfile.info(joined).frames == RATE // 2 - 1


def test_pieces_without_samples_are_no_sound(tmp_path: Path) -> None:
    recorder = SoundRecorder(tmp_path, RATE)
    recorder.start()
    recorder.close()
    (tmp_path / "sound" / "00000.raw").touch()  # cut off as it was begun
    assert join_pieces(tmp_path) is None and not (tmp_path / "sound").exists()


def test_a_session_may_end_where_a_piece_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sound_module, "_PIECE_S", 0.5)
    recorder = SoundRecorder(tmp_path, RATE)
    recorder.put(tone(0.5))
    recorder._write(recorder._take())
    recorder._write(recorder._take())
    recorder.close()
    assert [path.name for path in sorted((tmp_path / "sound").iterdir())] == ["00000.flac", "rate"]
    joined = join_pieces(tmp_path)
    assert joined is not None and soundfile.info(joined).frames == RATE // 2


def test_a_full_disk_is_said_kept_meanwhile_and_made_good(tmp_path: Path) -> None:
    recorder = SoundRecorder(tmp_path, RATE)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, before[1]))
        recorder.put(tone(0.5))
        waiting = recorder._write(recorder._take())
        assert "cannot write" in (recorder.error or "")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert recorder._write(waiting) == b"" and recorder.error is None
    joined = join_pieces(tmp_path)
    assert joined is not None and soundfile.info(joined).frames == RATE // 2


def test_a_disk_that_hangs_holds_nobody_up_and_memory_is_bounded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stuck = SoundRecorder(tmp_path, RATE)
    os.mkfifo(tmp_path / "sound" / "00000.raw")  # opening it for writing waits for a reader
    monkeypatch.setattr(sound_module, "_JOIN_S", 0.05)
    stuck.start()
    for _ in range(200):  # a call that waited for the disk would wait for ever
        stuck.put(tone(0.5))
    assert "70.0 s of sound lost" in (stuck.error or "")
    stuck.close()
    assert stuck._queued <= 30 * RATE
    (tmp_path / "sound" / "00000.raw").open("rb").close()  # whoever waits is told that nobody reads
    stuck._thread.join(5.0)


def test_a_folder_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    (tmp_path / "sound").write_text("in the way")
    with pytest.raises(SessionError, match="sound"):
        SoundRecorder(tmp_path, RATE)


def test_what_is_no_number_is_silence(tmp_path: Path) -> None:
    with SessionRecorder(tmp_path / "s", INFO, origin_s=0.0, sound_rate=RATE) as recorder:
        fill(recorder, 2)
        recorder.sound(np.array([np.nan, np.inf, -np.inf, 9.0], np.float32))
    read, _ = soundfile.read(recorder.folder / AUDIO_NAME)
    assert read == pytest.approx([0.0, 1.0, -1.0, 1.0], abs=1e-3)
    assert recorder.folder / AUDIO_NAME in recover(recorder.folder).files
