"""How far what is heard may move anything, as options of the programs that listen."""

import argparse
import csv
import subprocess
import sys
import wave
from pathlib import Path

import numpy as np
import pytest
import soundfile

from engine.cli.__main__ import main
from engine.cli.options import add_settings, read_performance
from engine.errors import InputError
from engine.settings.performance import Performance

RATE = 22050


def parsed(*words):
    parser = argparse.ArgumentParser()
    add_settings(parser, Performance, "listening")
    return parser.parse_args(words)


def test_options_override_the_preset_and_only_where_given():
    base = Performance(recentre=0.5, smoothing_s=2.0)
    asked = read_performance(parsed("--smoothing", "4", "--hysteresis", "0.1"), base)
    assert (asked.recentre, asked.smoothing_s, asked.hysteresis) == (0.5, 4.0, 0.1)
    assert read_performance(parsed(), base) == base


@pytest.mark.parametrize(
    "words", [("--recentre", "1.5"), ("--smoothing", "-1"), ("--hysteresis", "0.6")]
)
def test_values_out_of_range_are_refused(words):
    with pytest.raises(InputError, match=words[1]):
        read_performance(parsed(*words), Performance())


@pytest.fixture(scope="module")
def changing(tmp_path_factory):
    """Low slow tones, then loud fast ones: 8 s altogether."""
    rng = np.random.default_rng(4)
    time_s = np.arange(RATE) / RATE
    parts = []
    for second in range(8):
        late = second >= 4
        sound = np.zeros(RATE)
        for onset in np.arange(0.0, 1.0, 0.125 if late else 1.0):
            age = np.clip(time_s - onset, 0.0, None)
            hz = rng.choice([880.0, 1108.0, 1318.0] if late else [110.0, 131.0])
            sound += (
                (0.3 if late else 0.05)
                * np.exp(-6.0 * age)
                * (time_s >= onset)
                * np.sin(2 * np.pi * hz * age)
            )
        parts.append(sound)
    path = tmp_path_factory.mktemp("sound") / "changing.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes((np.concatenate(parts).clip(-1, 1) * 32767).astype("<i2").tobytes())
    return path


def unrest(path, out, *words):
    assert main(["track", str(path), "-o", str(out), *words]) == 0
    with out.open(encoding="utf-8") as file:
        arousal = [float(row["arousal"]) for row in csv.DictReader(file)]
    return float(np.abs(np.diff(arousal)).sum())


def test_track_smooths_and_holds_back_as_asked(tmp_path, changing):
    plain = unrest(changing, tmp_path / "plain.csv")
    smooth = unrest(changing, tmp_path / "smooth.csv", "--smoothing", "5")
    held = unrest(changing, tmp_path / "held.csv", "--hysteresis", "0.5")
    assert plain > 0.1
    assert smooth < 0.7 * plain
    assert held < 0.7 * plain


def tone(path, seconds, rate=16_000):
    time_s = np.arange(round(rate * seconds)) / rate
    soundfile.write(path, 0.3 * np.sin(2 * np.pi * 220 * time_s), rate)
    return path


def test_a_file_shorter_than_a_hop_is_refused(capsys, tmp_path):
    assert main(["track", str(tone(tmp_path / "click.wav", 0.05))]) == 2
    assert "click.wav is shorter than 0.093 s" in capsys.readouterr().err


def test_damage_is_said_with_its_time_and_the_rows_are_kept(capsys, tmp_path):
    path = tone(tmp_path / "cut.wav", 4.0)
    path.write_bytes(path.read_bytes()[:60_000])
    assert main(["track", str(path)]) == 0
    captured = capsys.readouterr()
    assert len(captured.out.splitlines()) == 1 + 20
    assert "cut.wav: at 1.9 s: the file ends here" in captured.err


def test_a_bad_file_of_several_costs_none_of_the_others(capsys, tmp_path):
    (tmp_path / "bad.wav").write_bytes(b"RIFF" + bytes(900))
    good = tone(tmp_path / "good.wav", 1.0)
    assert main(["track", str(good), str(tmp_path / "bad.wav"), str(good)]) == 1
    captured = capsys.readouterr()
    assert len(captured.out.splitlines()) == 1 + 2 * 10
    assert "bad.wav" in captured.err and len(captured.err.splitlines()) == 1


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device of Linux")
@pytest.mark.parametrize("command", [["track", "FILE"], ["presets"]])
def test_a_full_disk_is_one_line(command, tmp_path):
    path = tone(tmp_path / "x.wav", 1.0)
    words = [str(path) if word == "FILE" else word for word in command]
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "engine.cli", *words],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert done.returncode == 1
    assert done.stderr == "stimmung: the output cannot be written: No space left on device\n"


def test_the_column_of_the_tuning_is_there(capsys, tmp_path):
    assert main(["track", str(tone(tmp_path / "x.wav", 1.0))]) == 0
    rows = list(csv.DictReader(capsys.readouterr().out.splitlines()))
    assert rows[0]["tuning_hz"] == "440.0"
