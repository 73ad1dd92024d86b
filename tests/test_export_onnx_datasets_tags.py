"""MTG-Jamendo in its own layout, and the listing of the registry."""

import pytest

from engine.errors import InputError
from export_onnx.__main__ import main
from export_onnx.datasets import DATASETS, read_items
from export_onnx.datasets.jamendo import MOODS

HEADER = "TRACK_ID\tARTIST_ID\tALBUM_ID\tPATH\tDURATION\tTAGS\n"
LINES = {
    "train": "track_0000948\tartist_000087\talbum_000149\t48/948.mp3\t212.7\t"
    "mood/theme---background\n"
    "track_0000950\tartist_000087\talbum_000149\t50/950.mp3\t248.0\tmood/theme---background\n",
    "validation": "track_0001000\tartist_000090\talbum_000150\t00/1000.mp3\t99.0\t"
    "mood/theme---emotional\tmood/theme---sad\n",
    "test": "track_0786434\tartist_368880\talbum_092222\t34/786434.mp3\t460.8\tmood/theme---deep\n",
}


def make_jamendo(folder, audio="audio"):
    splits = folder / "data" / "splits" / "split-0"
    splits.mkdir(parents=True)
    for part, lines in LINES.items():
        (splits / f"autotagging_moodtheme-{part}.tsv").write_text(HEADER + lines)
    for path in ("48/948.mp3", "00/1000.low.mp3", "34/786434.mp3"):
        file = folder / audio / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"")


@pytest.mark.parametrize("audio", ["audio", ".", "autotagging_moodtheme/audio"])
def test_jamendo_is_read_as_distributed(tmp_path, audio):
    make_jamendo(tmp_path / "mtg_jamendo", audio)
    items = {item.name: item for item in read_items(tmp_path, ("train", "val", "test"))}
    assert {name: item.split for name, item in items.items()} == {
        "track_0000948": "train", "track_0001000": "val", "track_0786434": "test",
    }  # fmt: skip
    sad = items["track_0001000"]
    assert sad.moods == ("emotional", "sad")
    assert sad.path == "00/1000.low.mp3" and sad.group == "artist_000090"
    assert sad.valence is None and sad.tags is None and sad.quadrant is None
    assert all((item.folder / item.path).is_file() for item in items.values())


def test_vocabulary_has_the_56_words_of_the_splits():
    assert len(MOODS) == len(set(MOODS)) == 56
    assert list(MOODS) == sorted(MOODS)


@pytest.mark.parametrize(
    ("text", "message"),
    [(HEADER + LINES["test"].replace("deep", "deepest"), "deepest"),
     ("id\tpath\n", "must begin with")],
    ids=["word", "header"],
)  # fmt: skip
def test_other_tables_are_refused(tmp_path, text, message):
    folder = tmp_path / "mtg_jamendo"
    make_jamendo(folder)
    (folder / "data/splits/split-0/autotagging_moodtheme-test.tsv").write_text(text)
    with pytest.raises(InputError, match=message):
        read_items(tmp_path, ("test",))


def test_tables_alone_lack_the_audio(tmp_path):
    folder = tmp_path / "mtg_jamendo"
    make_jamendo(folder)
    (folder / "audio").rename(folder / "elsewhere")
    assert DATASETS["mtg_jamendo"].lacks(folder) == "audio/NN/ID.mp3"


def test_unknown_set_is_named(tmp_path):
    with pytest.raises(InputError, match="jamendo: not one of"):
        read_items(tmp_path, ("train",), ("jamendo",))


def test_listing_shows_what_is_there(tmp_path, capsys):
    make_jamendo(tmp_path / "mtg_jamendo")
    assert main(["datasets", "--data", str(tmp_path)]) == 0
    shown = dict(line.split(": ", 1) for line in capsys.readouterr().out.splitlines())
    assert set(shown) == set(DATASETS)
    assert shown["mtg_jamendo"] == "found"
    assert shown["pmemo"].startswith("not found: metadata.csv")
    assert main(["datasets", "--data", str(tmp_path / "nowhere")]) == 2
    assert "nowhere" in capsys.readouterr().err
