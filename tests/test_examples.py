"""Every example runs, and what one adds by one table line is there for everybody."""

import csv
import runpy
from pathlib import Path

import mido
import numpy as np
import pytest
import soundfile

import presets
from engine.cli import main as stimmung
from engine.events import EmotionState, TargetState
from engine.generators.registry import GENERATORS, create_generator
from engine.mapping.sources import SOURCES, Moment
from engine.mapping.table import OutputMapping
from engine.pipeline.offline import compose
from engine.settings.performance import Performance
from export_onnx.__main__ import main as train
from export_onnx.datasets import DATASETS, read_items

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"


@pytest.fixture(autouse=True)
def tables_as_before():
    tables = [(table, dict(table)) for table in (GENERATORS, SOURCES, DATASETS)]
    yield
    for table, before in tables:
        table.clear()
        table.update(before)


def load(name):
    return runpy.run_path(str(EXAMPLES / f"{name}.py"))


def test_readme_lists_every_example():
    readme = (EXAMPLES / "README.md").read_text(encoding="utf-8")
    assert all(f"`{path.name}`" in readme for path in EXAMPLES.glob("*.py"))


def test_composed_piece_gets_louder(tmp_path):
    load("compose_a_piece")["main"](tmp_path / "rise.mid")
    messages = [m for m in mido.MidiFile(tmp_path / "rise.mid") if m.type == "note_on"]
    loud = [message.velocity for message in messages if message.velocity]
    assert np.mean(loud[-40:]) > np.mean(loud[:40]) + 10


def test_tracked_file_is_told_in_lines(capsys):
    load("track_a_file")["main"](presets.DEMO_AUDIO)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) >= 9 and all("valence" in line for line in lines)
    assert any("tracking" in line for line in lines)


def test_session_is_told(tmp_path, capsys):
    assert stimmung(["demo", "--seconds", "4", "--out", str(tmp_path / "demo")]) == 0
    capsys.readouterr()
    load("read_a_session")["main"](tmp_path / "demo")
    said = capsys.readouterr().out
    assert "notes chords" in said and "closed properly" in said


@pytest.mark.proof
@pytest.mark.parametrize("name", ["drive_by_pipe", "drive_by_osc"])
def test_engine_is_driven_from_outside(name, capsys):
    load(name)["main"]()
    assert "heard " in capsys.readouterr().out


def test_an_engine_is_one_class_and_one_line(tmp_path):
    load("my_engine")
    path = tmp_path / "bells.mid"
    command = ["generate", "--engine", "bells", "--valence", "0.5", "--arousal", "0.2"]
    assert stimmung([*command, "--bars", "4", "-o", str(path)]) == 0
    assert any(message.type == "note_on" for message in mido.MidiFile(path))


def test_the_engine_follows_the_emotion_and_repeats_itself():
    load("my_engine")

    def notes(valence, arousal):
        performance = Performance(
            engine="bells", mode="manual", key="C:maj", valence=valence, arousal=arousal
        )
        return [scheduled.note for scheduled in compose(performance, bars=8, seed=3).notes]

    calm, wild = notes(-0.8, -0.9), notes(0.8, 0.9)
    assert len(wild) > 2 * len(calm)
    assert {note.pitch % 12 for note in wild} <= {0, 2, 4, 7, 9}
    assert {note.pitch % 12 for note in calm[8:]} <= {0, 3, 5, 7, 10}
    assert notes(0.8, 0.9) == wild
    assert create_generator("bells").name == "bells"


def test_a_source_is_one_function_and_one_line():
    load("my_source")
    OutputMapping(source="sureness", to="cc", number=22)  # accepted as any other
    target = TargetState(0.0, 0.0, "follow", False, 0.0)
    emotion = EmotionState(
        1.0, 0.0, 0.0, 0.2, 0.4, (0.25,) * 4, (), "C:maj", "C:maj", -20.0, "tracking"
    )
    read = SOURCES["sureness"].read
    assert read(Moment(None, target, "")) is None
    assert read(Moment(emotion, target, "")) == pytest.approx(0.7)


def test_a_data_set_is_two_functions_and_one_entry(tmp_path, capsys):
    load("my_data_set")
    folder = tmp_path / "living_room"
    (folder / "sound").mkdir(parents=True)
    with (folder / "ratings.csv").open("w", newline="", encoding="utf-8") as stream:
        table = csv.writer(stream)
        table.writerow(["file", "performer", "valence", "arousal"])
        for number in range(12):
            table.writerow([f"{number}.wav", f"player {number // 2}", 1 + number % 5, 3])
            soundfile.write(folder / "sound" / f"{number}.wav", np.zeros(800), 8000)
    assert train(["datasets", "--data", str(tmp_path)]) == 0
    assert "living_room" in capsys.readouterr().out
    items = read_items(tmp_path, ("train", "val", "test"), ("living_room",))
    assert [item.valence for item in items[:5]] == [-1.0, -0.5, 0.0, 0.5, 1.0]
    sides = {}
    for item in items:
        sides.setdefault(item.group, set()).add(item.split)
    assert all(len(side) == 1 for side in sides.values())
