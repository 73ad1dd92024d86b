"""The command line as a user meets it: exit codes, one clear line, nothing half-written."""

import csv
import io
import json
import subprocess
import sys

import mido
import numpy as np
import pytest
import soundfile

from engine.cli import COMMANDS, main

GENERATE = ["generate", "--engine", "rules", "--valence", "0.5", "--arousal", "0.5"]


def refused(capsys, arguments):
    """Run a command that must be refused; return its one line."""
    try:
        code = main(arguments)
    except SystemExit as usage:  # argparse
        code = usage.code
    said = capsys.readouterr()
    assert code == 2
    assert said.out == ""
    assert "Traceback" not in said.err
    return said.err.strip().splitlines()[-1]


@pytest.fixture
def tone(tmp_path):
    """Three seconds of a chord, stereo, at an awkward rate."""
    rate = 44100
    time_s = np.arange(3 * rate) / rate
    chord = sum(np.sin(2 * np.pi * pitch * time_s) for pitch in (261.6, 329.6, 392.0)) * 0.1
    path = tmp_path / "tone.wav"
    soundfile.write(path, np.column_stack([chord, chord]), rate)
    return path


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--valence", "3", "--arousal", "0"], "valence must be a number from -1 to 1; got 3"),
        (["--valence", "nan", "--arousal", "0"], "from -1 to 1"),
        (["--valence", "0"], "--valence and --arousal"),
        (["--valence", "0", "--arousal", "0", "--engine", "organ"], "engine must be one of"),
        (["--valence", "0", "--arousal", "0", "--key", "H"], "H"),
        (["--valence", "0", "--arousal", "0", "--tempo", "5"], "from 20 to 300"),
        (["--valence", "0", "--arousal", "0", "--bars", "0"], "bars"),
        (["--valence", "0", "--arousal", "0", "--seed", "-1"], "seed"),
        (["--valence", "0", "--arousal", "0", "--mode", "follow"], "mode must be manual or curve"),
        (["--curve", "none.csv"], "none.csv"),
        (["--valence", "loud", "--arousal", "0"], "loud"),
    ],
)
def test_bad_values_are_named(capsys, tmp_path, options, words):
    out = tmp_path / "out.mid"
    assert words in refused(capsys, ["generate", *options, "-o", str(out)])
    assert list(tmp_path.iterdir()) == []


def test_output_that_cannot_be_written_is_refused_before_the_work(capsys, tmp_path):
    assert "is a folder" in refused(capsys, [*GENERATE, "-o", str(tmp_path)])
    assert "does not exist" in refused(capsys, [*GENERATE, "-o", str(tmp_path / "no" / "x.mid")])
    assert "/proc" in refused(capsys, [*GENERATE, "-o", "/proc/x.mid"])


def test_generate_writes_tracks_tempo_key_and_emotion(tmp_path):
    out = tmp_path / "out.mid"
    assert main([*GENERATE, "--bars", "4", "--tempo", "90", "--key", "Eb:maj", "-o", str(out)]) == 0
    song = mido.MidiFile(out)
    messages = [message for track in song.tracks for message in track]
    named = {track.name.lower() for track in song.tracks}
    assert {"lead", "chords", "bass"} <= {word for name in named for word in name.split()}
    assert [m.key for m in messages if m.type == "key_signature"] == ["Eb"]
    tempo = next(m.tempo for m in messages if m.type == "set_tempo")
    assert mido.tempo2bpm(tempo) == pytest.approx(90, abs=0.01)
    controls = {m.control: m.value for m in messages if m.type == "control_change"}
    assert (controls[20], controls[21]) == (95, 95)
    ons = sum(m.type == "note_on" and m.velocity > 0 for m in messages)
    offs = sum(m.type == "note_off" or (m.type == "note_on" and not m.velocity) for m in messages)
    assert ons == offs > 10


def test_generate_plays_the_parts_that_are_asked_for(tmp_path):
    import mido

    out = tmp_path / "a.mid"
    assert main([*GENERATE, "--bars", "2", "--parts", "bass, lead", "-o", str(out)]) == 0
    assert [track.name for track in mido.MidiFile(out).tracks[1:]] == ["Lead", "Bass", "Emotion"]


def test_generate_repeats_with_its_seed(tmp_path):
    contents = []
    for name, seed in (("a", "7"), ("b", "7"), ("c", "8")):
        out = tmp_path / f"{name}.mid"
        main([*GENERATE, "--bars", "4", "--seed", seed, "-o", str(out)])
        contents.append(out.read_bytes())
    assert contents[0] == contents[1] != contents[2]


def test_generate_follows_a_curve(tmp_path):
    curve = tmp_path / "curve.csv"
    curve.write_text("beat,valence,arousal\n0,0,-1\n63,0,1\n", encoding="utf-8")
    out = tmp_path / "out.mid"
    assert main(["generate", "--curve", str(curve), "--bars", "16", "-o", str(out)]) == 0
    notes = [m for m in mido.MidiFile(out) if m.type == "note_on" and m.velocity]
    third = len(notes) // 3
    soft, loud = (sum(m.velocity for m in part) for part in (notes[:third], notes[-third:]))
    assert loud > 1.3 * soft


def test_track_prints_one_row_per_hop(capsys, tone):
    assert main(["track", str(tone)]) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert 3 * 10 <= len(rows) + 2 and len(rows) <= 3 * 25
    for row in rows:
        assert -1 <= float(row["valence"]) <= 1 and -1 <= float(row["arousal"]) <= 1
        quadrants = sum(float(row[name]) for name in ("q1", "q2", "q3", "q4"))
        assert quadrants == pytest.approx(1.0, abs=0.01)
    assert rows[-1]["state"] in ("settling", "tracking", "uncertain")


def test_track_of_several_files_names_them_and_forgets_the_one_before(tmp_path, tone):
    out = tmp_path / "rows.jsonl"
    assert main(["track", str(tone), str(tone), "--format", "jsonl", "-o", str(out)]) == 0
    rows = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    half = len(rows) // 2
    assert rows[:half] == rows[half:]
    assert {row["file"] for row in rows} == {str(tone)}


@pytest.mark.parametrize("content", [b"", b"RIFF", b"not audio at all" * 100])
def test_track_refuses_what_is_not_audio(capsys, tmp_path, content):
    bad = tmp_path / "bad.wav"
    bad.write_bytes(content)
    out = tmp_path / "rows.csv"
    assert "bad.wav" in refused(capsys, ["track", str(bad), "-o", str(out)])
    assert not out.exists()


def test_missing_file_and_folder_are_refused(capsys, tmp_path):
    assert "none.wav" in refused(capsys, ["track", str(tmp_path / "none.wav")])
    assert str(tmp_path) in refused(capsys, ["track", str(tmp_path)])


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--preset", "nonsense"], "preset must be one of"),
        (["--input", "none.wav"], "none.wav"),
        (["--mode", "swing"], "mode must be one of"),
        (["--osc", "nowhere"], "HOST:PORT"),
        (["--osc-in", "70000"], "65535"),
        (["--seconds", "0"], "seconds"),
        (["--latency-ms", "900"], "from -200 to 200"),
        (["--mode", "curve"], "--curve"),
        (["--midi-out", "no such port"], "MIDI"),
        (["--record", "/proc/session"], "/proc/session"),
    ],
)
def test_live_refuses_bad_settings(capsys, tone, options, words):
    base = [] if "--input" in options else ["--input", str(tone)]
    base += [] if "--midi-out" in options else ["--midi-out", "none"]
    assert words in refused(capsys, ["live", *base, *options])


def test_live_plays_a_file_to_its_end_and_records(capsys, tmp_path, tone):
    folder = tmp_path / "session"
    live = ["live", "--input", str(tone), "--midi-out", "none", "--record", str(folder)]
    assert main(live) == 0
    assert "played" in capsys.readouterr().err
    written = {path.name for path in folder.iterdir()}
    assert {"stimmung.mid", "emotion.csv", "log.txt", "picture.png"} <= written


def test_plain_lines_of_live_say_what_is_wrong(capsys, tone):
    """Where no terminal shows a table, as under a service manager."""
    live = ["live", "--input", str(tone), "--midi-out", "none", "--seconds", "1"]
    assert main([*live, "--engine", "rules", "--preset", "Chord pad"]) == 0
    assert "none of the parts chosen: pad" in capsys.readouterr().err
    assert main([*live, "--engine", "rules"]) == 0
    assert "none of the parts" not in capsys.readouterr().err


def test_demo_leaves_a_session_and_prints_what_it_heard(capsys, tmp_path):
    assert main(["demo", "--seconds", "12", "--out", str(tmp_path / "demo")]) == 0
    said = capsys.readouterr().out
    assert "valence" in said and "notes/s" in said
    last = " ".join(said.split()).rpartition(": stimmung.ogg")[2]
    assert "Listen to" in last and last.endswith("then play live: stimmung gui")
    folder = tmp_path / "demo"
    sounds = [soundfile.read(folder / f"{name}.ogg")[0] for name in ("stimmung", "answer")]
    assert all(len(sound) == 12 * 48_000 for sound in sounds)
    # The mix is the piece and the answer: what is not the answer is the piece.
    answer = sounds[1].mean(axis=1)
    share = float(sounds[0].mean(axis=1) @ answer / (answer @ answer))
    rest = sounds[0].mean(axis=1) - share * answer
    assert share > 0.1 and rest.std() > 0.3 * sounds[0].std()
    notes = [m for m in mido.MidiFile(tmp_path / "demo" / "stimmung.mid") if m.type == "note_on"]
    assert len(notes) > 12


def test_presets_and_devices_are_listed(capsys):
    assert main(["presets"]) == 0 and "calm-down" in capsys.readouterr().out
    assert main(["devices"]) == 0 and "MIDI outputs" in capsys.readouterr().out


def test_doctor_finds_everything_needed_here(capsys):
    assert main(["doctor"]) == 0
    assert "BAD" not in capsys.readouterr().out


def test_every_command_explains_itself(capsys):
    for command in ("", *(module.__name__.rpartition(".")[2] for module in COMMANDS)):
        with pytest.raises(SystemExit) as ended:
            main([*command.split(), "--help"])
        assert ended.value.code == 0 and f"usage: stimmung {command}" in capsys.readouterr().out


def test_the_command_runs_as_a_module():
    done = subprocess.run(
        [sys.executable, "-m", "engine.cli", "--help"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0 and "usage" in done.stdout, done.stderr


def test_unknown_command_is_refused(capsys):
    assert "sing" in refused(capsys, ["sing"])


@pytest.mark.parametrize("engine", ["rules", "muser", "amt"])
def test_generate_ends_at_its_last_bar_line(engine, tmp_path):
    out = tmp_path / "out.mid"
    command = ["generate", "--engine", engine, "--key", "Eb:maj", "--valence", "-.8"]
    assert main([*command, "--arousal", ".2", "--bars", "4", "-o", str(out)]) == 0
    ends = [sum(message.time for message in track) for track in mido.MidiFile(out).tracks]
    assert 15 * 480 <= max(ends) <= 16 * 480


@pytest.mark.parametrize(("valence", "expected"), [(".8", "A"), ("-.8", "Am")])
def test_generate_signs_the_key_that_is_played(valence, expected, tmp_path):
    out = tmp_path / "out.mid"
    command = ["generate", "--key", "A:min", "--valence", valence, "--arousal", "0"]
    assert main([*command, "--bars", "8", "-o", str(out)]) == 0
    signed = [m.key for t in mido.MidiFile(out).tracks for m in t if m.type == "key_signature"]
    assert signed == [expected]
