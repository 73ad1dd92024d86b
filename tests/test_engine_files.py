"""Outputs: complete or not at all, links and pipes stay what they are, inputs are never hit."""

import os
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
import soundfile
from session_samples import INFO, fill

from engine.cli import main
from engine.errors import InputError
from engine.files import check_output, output_file, staged_output, write_output
from engine.session.recorder import SessionRecorder

posix = pytest.mark.skipif(os.name != "posix", reason="pipes, devices and links as POSIX has them")


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_file_is_replaced_whole_and_keeps_its_permissions(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"old")
    path.chmod(0o600)
    write_output(path, b"new")
    assert path.read_bytes() == b"new"
    assert names(tmp_path) == ["a.csv"]
    if os.name == "posix":
        assert path.stat().st_mode & 0o777 == 0o600


def test_a_failure_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"old")
    for opened in (output_file, staged_output):
        with pytest.raises(ZeroDivisionError), opened(path) as _:
            raise ZeroDivisionError
    with pytest.raises(InputError, match=r"cannot write .*a\.csv: No space left"):
        with output_file(path) as file:
            file.write(b"half")
            raise OSError(28, "No space left on device")
    assert path.read_bytes() == b"old"
    assert names(tmp_path) == ["a.csv"]


@posix
def test_links_stay_links(tmp_path: Path) -> None:
    (tmp_path / "far").mkdir()
    file, soft, hard = (tmp_path / name for name in ("far/file", "soft", "hard"))
    file.write_bytes(b"old")
    soft.symlink_to(file)
    write_output(soft, b"by the link")
    assert soft.is_symlink() and file.read_bytes() == b"by the link"
    os.link(file, hard)
    write_output(hard, b"by the other name")
    assert os.path.samefile(hard, file) and file.read_bytes() == b"by the other name"
    loose = tmp_path / "loose"
    loose.symlink_to(tmp_path / "far/new")
    write_output(loose, b"made")
    assert loose.is_symlink() and (tmp_path / "far/new").read_bytes() == b"made"


@posix
@pytest.mark.parametrize("staged", [False, True])
def test_a_pipe_is_written_through(tmp_path: Path, staged: bool) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    read: list[bytes] = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_bytes()))
    reader.start()
    if staged:
        with staged_output(pipe) as part:
            part.write_bytes(b"rows")
    else:
        write_output(pipe, b"rows")
    reader.join(10.0)
    assert read == [b"rows"]
    assert pipe.is_fifo() and names(tmp_path) == ["pipe"]


@posix
def test_a_device_is_written_through(tmp_path: Path) -> None:
    write_output(Path(os.devnull), b"gone")
    assert Path(os.devnull).is_char_device()
    if Path("/dev/full").exists():
        with pytest.raises(InputError, match="cannot write /dev/full: No space left"):
            write_output(Path("/dev/full"), b"rows")
        assert Path("/dev/full").is_char_device()


@posix
def test_standard_output_by_name_is_added_to(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_bytes(b"before\n")
    program = "from engine.files import write_output; from pathlib import Path;"
    program += "write_output(Path('/dev/stdout'), b'rows\\n')"
    with log.open("ab") as file:
        subprocess.run([sys.executable, "-c", program], stdout=file, check=True)
    assert log.read_bytes() == b"before\nrows\n"


@posix
def test_a_file_in_a_folder_where_nothing_can_be_created(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.mid"
    path.write_bytes(b"old")

    allowed = os.access

    def access(where: Path, mode: int) -> bool:  # by hand: root may write into any folder
        return Path(where) != tmp_path and allowed(where, mode)

    monkeypatch.setattr("engine.files.output.os.access", access)
    before = path.stat().st_ino
    check_output(path)
    write_output(path, b"new")
    assert path.read_bytes() == b"new" and path.stat().st_ino == before


def test_an_input_is_refused_by_whatever_name(tmp_path: Path) -> None:
    path, other = tmp_path / "a", tmp_path / "b"
    path.write_bytes(b"input")
    check_output(other, path)
    with pytest.raises(InputError, match="give every file its own name"):
        check_output(path, path)
    if os.name == "posix":
        other.symlink_to(path)
        with pytest.raises(InputError, match="give every file its own name"):
            check_output(other, path)
    with pytest.raises(InputError, match="give every file its own name"):
        check_output(tmp_path / "new", tmp_path / "new")


@pytest.mark.parametrize(
    "command",
    [
        ["track", "IN.wav"],
        ["generate", "--curve", "IN.csv", "--bars", "1"],
        ["generate", "--primer", "IN.mid", "--valence", "0", "--arousal", "0"],
        ["transfer", "IN.mid", "--valence", "0", "--arousal", "0"],
        ["score", "IN.mp4"],
        ["score", "film.mp4", "--curve", "IN.csv"],
        ["score", "film.mp4", "--soundfont", "IN.sf2", "--audio", "x.wav"],
        ["replay", "session"],
    ],
    ids=lambda command: " ".join(word for word in command if word.isalpha() or "--" in word),
)
def test_no_command_writes_over_what_it_reads(
    command: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    (read,) = [word for word in command if word.startswith("IN.")] or ["session/events.jsonl"]
    content = b"beat,valence,arousal\n0,0,0\n16,.5,.5\n"
    if command[0] == "replay":
        with SessionRecorder("session", INFO, now=lambda: 0.0) as recorder:
            fill(recorder, 2)
        content = Path(read).read_bytes()
    else:
        Path(read).write_bytes(content)
        Path("film.mp4").touch()
    assert main([*command, "-o", read]) == 2
    assert "give every file its own name" in capsys.readouterr().err
    assert Path(read).read_bytes() == content


def test_a_damaged_file_costs_none_of_the_others(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sound, broken, out = tmp_path / "a.wav", tmp_path / "b.wav", tmp_path / "rows.csv"
    samples = 0.1 * np.sin(np.arange(44_100) * 0.06)
    soundfile.write(sound, samples, 44_100)
    broken.write_bytes(b"RIFF nothing")
    assert main(["track", str(sound), str(broken), str(sound), "-o", str(out)]) == 1
    assert str(broken) in capsys.readouterr().err
    rows = out.read_text(encoding="utf-8").splitlines()[1:]
    assert len(rows) >= 16 and rows[: len(rows) // 2] == rows[len(rows) // 2 :]
    assert main(["track", str(broken), "-o", str(tmp_path / "none.csv")]) == 2
    assert not (tmp_path / "none.csv").exists()
