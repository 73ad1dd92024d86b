"""Commands that write music write its sound too, by the built-in instrument."""

from pathlib import Path

import numpy as np
import pytest
import soundfile
from session_samples import INFO, fill

from engine.cli import main
from engine.instrument.background import render_in_background
from engine.instrument.sound_file import SAMPLE_RATE, file_messages
from engine.session.recorder import SessionRecorder


def sound_of(path):
    sound, rate = soundfile.read(path, always_2d=True)
    assert rate == SAMPLE_RATE and sound.shape[1] == 2
    return sound


def seconds_of(midi):
    return max(at_s for at_s, data in file_messages(midi) if data[0] & 0xF0 == 0x80)


def test_generated_music_can_be_heard(tmp_path: Path):
    midi, sound = tmp_path / "x.mid", tmp_path / "x.ogg"
    wanted = ["--valence", "0.5", "--arousal", "0.5", "--bars", "2"]
    assert main(["generate", *wanted, "-o", str(midi), "--audio", str(sound)]) == 0
    heard = sound_of(sound)
    assert seconds_of(midi) < len(heard) / SAMPLE_RATE < seconds_of(midi) + 6.5
    assert np.sqrt(np.mean(heard[:SAMPLE_RATE] ** 2)) > 0.005


def test_transferred_music_can_be_heard_with_its_own_programs(tmp_path: Path):
    source = tmp_path / "in.mid"
    main(["generate", "--valence", "0", "--arousal", "0", "--bars", "2", "-o", str(source)])
    out, sound = tmp_path / "x.mid", tmp_path / "x.flac"
    arguments = ["--valence", "-0.5", "--arousal", "-0.5", "-o", str(out), "--audio", str(sound)]
    assert main(["transfer", str(source), *arguments]) == 0
    assert len(sound_of(sound)) > SAMPLE_RATE


def test_a_session_can_be_heard(tmp_path: Path, capsys):
    folder, sound = tmp_path / "session", tmp_path / "x.wav"
    with SessionRecorder(folder, INFO, now=lambda: 0.0) as recorder:
        fill(recorder, 4)
    assert main(["replay", str(folder), "--audio", str(sound)]) == 0  # and plays nowhere
    assert str(sound) in capsys.readouterr().err
    assert np.abs(sound_of(sound)).max() > 0.01


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("x.mp3", "--audio must end in .ogg, .flac, .wav; got 'x.mp3'"),
        ("x.mid", "--audio must end in"),
        ("missing/x.ogg", "output folder missing does not exist"),
    ],
)
def test_what_cannot_be_written_is_refused_before_the_work(
    tmp_path: Path, monkeypatch, capsys, name, words
):
    monkeypatch.chdir(tmp_path)
    wanted = ["--valence", "0", "--arousal", "0", "--bars", "1", "-o", "x.mid"]
    assert main(["generate", *wanted, "--audio", name]) == 2
    said = capsys.readouterr().err
    assert words in said and said.count("\n") == 1
    assert not Path("x.mid").exists()


def test_a_soundfont_that_is_none_is_refused(tmp_path: Path, capsys):
    font = tmp_path / "x.sf2"
    font.write_bytes(b"nothing")
    wanted = ["--valence", "0", "--arousal", "0", "--bars", "1", "-o", str(tmp_path / "x.mid")]
    sound = ["--audio", str(tmp_path / "x.ogg")]
    assert main(["generate", *wanted, *sound, "--soundfont", str(font)]) == 2
    assert "is not a SoundFont" in capsys.readouterr().err


def test_the_sound_of_a_capture_is_made_by_another_process(tmp_path: Path, monkeypatch):
    midi = tmp_path / "x.mid"
    main(["generate", "--valence", "0", "--arousal", "0", "--bars", "1", "-o", str(midi)])
    started = []
    monkeypatch.setattr(
        "engine.instrument.background.run_in_background", lambda *words: started.append(words)
    )
    render_in_background(midi, "rules", None)
    assert started == [("engine.instrument.background", str(midi), "rules")]
