"""A player's style: learned from MIDI files in seconds, leaned on by MusER, forgotten again."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from engine.cli import main
from engine.errors import InputError
from engine.events import NoteEvent
from engine.generators.muser.generator import MuserGenerator, load_model
from engine.generators.muser.model import shipped_model_folder
from engine.generators.muser.styles import load_style
from engine.generators.protocol import MusicalContext
from engine.generators.registry import create_generator
from engine.generators.shared.styles import list_styles, styles_folder
from engine.midi.file import write_midi_file

CONTEXT = MusicalContext(0, 100.0, 4, "C:maj", "", 0.5, 0.0)
TUNE = (60, 64, 67, 72)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    return tmp_path


def player_folder(home: Path, name: str = "Ann Other") -> Path:
    """Write pieces of a player who plays rising sixteenths of the chord, high up, and a bass."""
    folder = home / name
    folder.mkdir()
    for piece, root in enumerate((0, 5, 7)):
        notes = []
        for beat in range(64):
            rows = [(beat + i / 4, TUNE[i] + 12 + root, 0.25) for i in range(4)]
            if beat % 4 == 0:
                rows.append((float(beat), 36 + root, 4.0))
            notes += [NoteEvent(1, on, length, pitch, 80, 0, "lead") for on, pitch, length in rows]
        write_midi_file(
            folder / f"{piece}.mid", notes, [], tempo_bpm=100.0, key="C:maj", beats_per_bar=4
        )
    return folder


def played(style: str, likeness: float = 1.0, beats: int = 64) -> list[NoteEvent]:
    generator = create_generator("muser", 3, style=style)
    generator.adjust({"likeness": likeness})
    notes: list[NoteEvent] = []
    for beat in range(beats):
        notes += generator.extend(replace(CONTEXT, beat=beat))
    return notes


def on_sixteenths(notes: list[NoteEvent]) -> float:
    """Return the share of beats with a note near each of their four sixteenths."""
    beats: dict[int, set[int]] = {}
    for note in notes:
        beat, step = divmod(round(note.onset * 4), 4)
        beats.setdefault(beat, set()).add(step)
    return float(np.mean([len(steps) == 4 for steps in beats.values()]))


def test_what_was_learned_is_leaned_on(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["style", "learn", str(player_folder(home))]) == 0
    assert "3 pieces, 192 beats" in capsys.readouterr().out
    assert main(["style", "list"]) == 0
    assert capsys.readouterr().out == "Ann Other\n"
    without, unmixed, fully = played(""), played("Ann Other", 0.0), played("Ann Other")
    assert unmixed == without
    assert on_sixteenths(fully) > on_sixteenths(without) + 0.2
    assert fully == played("Ann Other"), "the same seed gives the same notes"
    output = home / "out.mid"
    arguments = "generate --engine muser --valence .5 --arousal 0 --bars 2 --style".split()
    assert main([*arguments, "Ann Other", "-o", str(output)]) == 0
    assert main(["style", "forget", "Ann Other"]) == 0
    assert list_styles() == []


def test_a_state_is_taken_and_given_back_with_its_figure(home: Path) -> None:
    main(["style", "learn", str(player_folder(home))])
    generator = MuserGenerator(style="Ann Other")
    generator.adjust({"likeness": 1.0})
    for beat in range(4):
        generator.extend(replace(CONTEXT, beat=beat))
    state = generator.snapshot()
    first = generator.extend(replace(CONTEXT, beat=4))
    generator.restore(state)
    assert generator.extend(replace(CONTEXT, beat=4)) == first


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["learn", "no folder"], "needs a folder of MIDI files"),
        (["learn", "."], "at least 64 beats"),
        (["learn", ".", "--name", "../up"], "letters, digits"),
        (["forget", "nobody"], "got 'nobody'"),
    ],
)
def test_what_cannot_be_learned_or_forgotten_is_said(
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    reason: str,
) -> None:
    empty = home / "empty"
    empty.mkdir()
    monkeypatch.chdir(empty)
    assert main(["style", *arguments]) == 2
    assert reason in capsys.readouterr().err


def test_bad_files_are_named_and_the_others_learned(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = player_folder(home)
    (folder / "broken.mid").write_bytes(b"MThd")
    assert main(["style", "learn", str(folder), "--name", "ann"]) == 1
    told = capsys.readouterr()
    assert "broken.mid" in told.err and "3 pieces" in told.out


def test_an_unknown_or_damaged_style_is_refused(home: Path) -> None:
    model = load_model(shipped_model_folder())
    with pytest.raises(InputError, match="none yet"):
        load_style("ann", model)
    styles_folder().mkdir(parents=True)
    (styles_folder() / "ann.npz").write_bytes(b"PK\x03\x04 nothing")
    with pytest.raises(InputError, match="damaged"):
        load_style("ann", model)
