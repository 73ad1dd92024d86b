"""Tracking many files: what is found, who does it, and what is kept when it is interrupted."""

import csv
import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
import soundfile

from engine.cli import main
from engine.errors import InputError
from engine.library import workers
from engine.library.listing import find_sounds
from engine.library.progress import Store
from engine.library.rows import Job, Outcome, work

RATE = 16_000


def tone(path, seconds=1.2, hertz=220.0):
    time_s = np.arange(round(RATE * seconds)) / RATE
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, 0.3 * np.sin(2 * np.pi * hertz * time_s), RATE)
    return path


@pytest.fixture
def album(tmp_path):
    for number in range(4):
        tone(tmp_path / "album" / f"{number}.wav", hertz=200.0 + 40 * number)
    return tmp_path / "album"


def test_a_folder_stands_for_its_sounds_by_name(album):
    (album / "notes.txt").write_text("no sound")
    tone(album / ".hidden" / "x.wav")
    tone(album / "b" / "deep.flac")
    found = [path.relative_to(album).as_posix() for path in find_sounds([album])]
    assert found == ["0.wav", "1.wav", "2.wav", "3.wav", "b/deep.flac"]


def test_a_folder_without_sound_is_refused(tmp_path):
    with pytest.raises(InputError, match="a folder without any sound"):
        find_sounds([tmp_path])


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("list.m3u8", "#EXTM3U\n#EXTINF:1,One\nalbum/1.wav\n\nalbum/0.wav\n"),
        ("list.m3u", "album/1.wav\r\nalbum/0.wav\r\n"),
        ("list.pls", "[playlist]\nFile2=album/0.wav\nFile1=album/1.wav\nNumberOfEntries=2\n"),
    ],
)
def test_a_play_list_stands_for_its_entries_in_order(album, name, text):
    path = album.parent / name
    path.write_text(text)
    assert [found.name for found in find_sounds([path])] == ["1.wav", "0.wav"]


@pytest.mark.parametrize("text", ["", "http://radio.example/stream\n"])
def test_a_play_list_without_files_is_refused(tmp_path, text):
    path = tmp_path / "list.m3u"
    path.write_text(text)
    with pytest.raises(InputError, match=r"list\.m3u"):
        find_sounds([path])


def test_the_same_rows_whoever_does_the_work(album, tmp_path):
    for jobs in (1, 2):
        assert (
            main(["track", str(album), "--jobs", str(jobs), "-o", str(tmp_path / f"{jobs}")]) == 0
        )
    alone = (tmp_path / "1").read_bytes()
    assert alone == (tmp_path / "2").read_bytes()
    rows = list(csv.DictReader(alone.decode().splitlines()))
    assert [row["file"] for row in rows[::12]] == [str(album / f"{n}.wav") for n in range(4)]
    single = tmp_path / "single.jsonl"
    assert main(["track", str(album / "2.wav"), "-o", str(single)]) == 0
    first = json.loads(single.read_text().splitlines()[0])
    assert float(rows[24]["valence"]) == first["valence"]


def test_an_interrupted_run_goes_on_and_tracks_nothing_twice(album, tmp_path, monkeypatch):
    out = tmp_path / "rows.jsonl"
    done = []

    def counted(job):
        if len(done) == 2:
            raise KeyboardInterrupt
        done.append(job.path)
        return work(job)

    monkeypatch.setattr(workers, "work", counted)
    assert main(["track", str(album), "-o", str(out)]) != 0
    assert not out.exists() and len(list(Store(out).folder.iterdir())) == 2
    monkeypatch.setattr(workers, "work", lambda job: done.append(job.path) or work(job))
    assert main(["track", str(album), "-o", str(out)]) == 0
    assert sorted(done) == [str(album / f"{n}.wav") for n in range(4)]
    assert len(out.read_text().splitlines()) == 4 * 12
    assert not Store(out).folder.exists()


def test_what_was_kept_does_not_count_for_a_changed_file_or_other_options(album, tmp_path):
    store = Store(tmp_path / "rows.csv")
    job = Job(str(album / "0.wav"))
    store.keep(job, Outcome("{}\n"))
    assert store.find(job) == Outcome("{}\n")
    assert store.find(Job(job.path, {"recentre": 1.0})) is None
    tone(album / "0.wav", 2.0)
    assert store.find(job) is None


def test_bad_files_are_named_and_tried_again(album, tmp_path, capsys):
    (album / "2.wav").write_bytes(b"RIFF nothing")
    out = tmp_path / "rows.csv"
    assert main(["track", str(album), "-o", str(out)]) == 1
    assert "2.wav" in capsys.readouterr().err
    assert len(out.read_text().splitlines()) == 1 + 3 * 12
    tone(album / "2.wav")
    assert main(["track", str(album), "-o", str(out)]) == 0
    assert len(out.read_text().splitlines()) == 1 + 4 * 12


def dies_once(job):
    flag = job.path + ".died"
    if not os.path.exists(flag):
        with open(flag, "w"):
            os._exit(9)
    return Outcome(job.path)


def dies_always(job):
    os._exit(9)


@pytest.mark.parametrize(("what", "error"), [(dies_once, False), (dies_always, True)])
def test_a_worker_that_dies_costs_at_most_its_file(tmp_path, monkeypatch, what, error):
    monkeypatch.setattr(workers, "work", what)
    jobs = [Job(str(tmp_path / name)) for name in ("a", "b")]
    found = dict(workers.outcomes(jobs, 2))
    assert sorted(found) == [0, 1]
    assert all(bool(outcome.error) == error for outcome in found.values())


def test_parquet_holds_the_rows(album, tmp_path):
    parquet = pytest.importorskip("pyarrow.parquet")
    out = tmp_path / "rows.parquet"
    assert main(["track", str(album), "-o", str(out)]) == 0
    table = parquet.read_table(out)
    assert table.num_rows == 4 * 12
    assert {"file", "valence", "q1", "tags"} <= set(table.column_names)
    assert 0.0 <= dict(table.column("tags")[0].as_py())["power"] <= 1.0


def test_parquet_needs_a_file_and_dask_an_address(capsys, album):
    assert main(["track", str(album), "--format", "parquet"]) == 2
    assert "needs -o" in capsys.readouterr().err
    assert main(["track", str(album), "--jobs", "-1"]) == 2
    assert "--jobs must be a number from 0" in capsys.readouterr().err


@pytest.mark.proof
def test_a_cluster_whose_worker_is_killed_half_way_gives_the_same_rows(album, tmp_path):
    distributed = pytest.importorskip("distributed")
    for number in range(4, 12):
        tone(album / f"{number:02d}.wav", 20.0)
    cluster = distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
    )
    with cluster:
        out = tmp_path / "cluster.jsonl"
        command = ["track", str(album), "--dask", cluster.scheduler_address, "-o", str(out)]
        running = subprocess.Popen([sys.executable, "-m", "engine.cli", *command])
        kept = Store(out).folder
        deadline = time.monotonic() + 120.0
        while time.monotonic() < deadline and not (kept.exists() and len(list(kept.iterdir())) > 2):
            time.sleep(0.1)
        os.kill(next(iter(cluster.workers.values())).pid, signal.SIGKILL)
        assert running.wait(300) == 0
    alone = tmp_path / "alone.jsonl"
    assert main(["track", str(album), "-o", str(alone)]) == 0
    assert out.read_bytes() == alone.read_bytes()
