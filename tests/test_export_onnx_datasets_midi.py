"""EMOPIA, VGMIDI, POP909 and Emotify as their authors distribute them."""

import json

import mido
import numpy as np
import pytest

from engine.emotion.model import CHORDS, KEYS
from engine.errors import InputError
from export_onnx.datasets import DATASETS, read_items
from export_onnx.datasets.emotify import PROXIES
from export_onnx.datasets.labels import TAGS
from export_onnx.datasets.render import read_midi
from export_onnx.datasets.split import listed_split

ALL = ("train", "val", "test")


def write_midi(path, seconds=8.0, tempi=(500000,)):
    """Write one held note; all tempi stand at the start, the last one holds."""
    midi = mido.MidiFile(ticks_per_beat=480)
    track = mido.MidiTrack([mido.MetaMessage("set_tempo", tempo=tempo) for tempo in tempi])
    ticks = round(mido.second2tick(seconds, 480, tempi[-1]))
    track.append(mido.Message("note_on", note=60, velocity=80))
    track.append(mido.Message("note_off", note=60, time=ticks))
    midi.tracks.append(track)
    path.parent.mkdir(parents=True, exist_ok=True)
    midi.save(path)


def test_of_two_tempi_at_once_the_last_holds(tmp_path):
    write_midi(tmp_path / "m.mid", seconds=6.0, tempi=(500000, 375000))
    assert read_midi(tmp_path / "m.mid")[-1].time_s == pytest.approx(6.0)


CLIPS = ("Q1_0vLPYiPN7qY_0", "Q3_a_b-c_d_12", "Q4_0vLPYiPN7qY_3")


@pytest.mark.parametrize("root", ["emopia", "emopia/EMOPIA_1.0"])
def test_emopia_is_read_as_distributed(tmp_path, root):
    for clip in CLIPS:
        write_midi(tmp_path / root / "midis" / f"{clip}.mid")
    items = {item.name: item for item in read_items(tmp_path, ALL)}
    assert set(items) == set(CLIPS)
    assert [items[clip].quadrant for clip in CLIPS] == [0, 2, 3]
    assert items["Q4_0vLPYiPN7qY_3"].valence == 0.6 and items["Q4_0vLPYiPN7qY_3"].arousal == -0.6
    assert items["Q3_a_b-c_d_12"].group == "a_b-c_d"
    assert [items[clip].split for clip in CLIPS] == ["val", "train", "val"]
    assert items[CLIPS[0]].messages()[-1].time_s == pytest.approx(8.0)


def test_emopia_clip_with_another_name_is_refused(tmp_path):
    write_midi(tmp_path / "emopia" / "midis" / "song.mid")
    with pytest.raises(InputError, match=r"song\.mid"):
        read_items(tmp_path, ALL)


def test_listed_songs_are_where_our_models_have_them():
    assert listed_split("emopia", "0vLPYiPN7qY") == "val"
    assert listed_split("emopia", "e838BE_MH6s") == "test"
    assert listed_split("emopia", "Ie5koh4qvJc") == "train"
    assert listed_split("vgmidi", "Super Mario") == "test"
    assert listed_split("vgmidi", "Mana") == "train"
    songs = [listed_split("pop909", f"{number:03d}") for number in range(1, 910)]
    assert [songs.count(side) for side in ALL] == [736, 82, 91]


def vgmidi(folder, changes=None):
    """Write two pieces in the second file of the distribution, none in the first."""
    name = "Mana_SNES_Secret of Mana_Boss.mid"
    write_midi(folder / "labelled" / "midi" / name)
    ratings = {}
    for rater in range(6):  # levels -0.3 .. 0.2 and a step upwards; the median is -0.05 + step
        level = -0.3 + 0.1 * rater
        ratings[f"piece0_{rater}"] = {
            "valence": [level, level + 0.2, level + 0.2, level + 0.2],
            "arousal": [level + 0.5] * 4,
            "age": "21-25",
        }
    ratings["piece0_6"] = {"valence": [0.9] * 4, "arousal": [0.9] * 4}  # never moved
    ratings["piece0_7"] = {"valence": [0.9, 0.8], "arousal": [0.9, 0.9]}  # wrong length
    ratings["piece0_8"] = {"valence": [0.9, 0, 0, 0], "arousal": [0.9, 0, 0, 0]}  # hardly written
    for rater in range(2):  # two raters stopped before the end: four are too few
        ratings[f"piece0_{rater}"]["valence"][3] = ratings[f"piece0_{rater}"]["arousal"][3] = 0
    ratings["piece1_0"] = {"valence": [0.1, 0.2], "arousal": [0.1, 0.2]}
    pieces = {
        "piece0": {"midi": name, "duration": 8.0, "measures": 4, "name": "Boss"},
        "piece1": {"midi": name, "duration": 8.0, "measures": 2, "name": "One rater"},
    }
    pieces["piece0"].update(changes or {})
    place = folder / "labelled" / "annotations"
    place.mkdir(parents=True)
    (place / "vgmidi_raw_1.json").write_text(json.dumps({"pieces": {}, "annotations": {}}))
    (place / "vgmidi_raw_2.json").write_text(json.dumps({"pieces": pieces, "annotations": ratings}))


def test_vgmidi_is_cleaned_and_averaged(tmp_path):
    vgmidi(tmp_path / "vgmidi")
    (item,) = read_items(tmp_path, ALL)
    assert item.group == "Mana" and item.name.endswith("_Boss")
    assert item.curve[:, 0].tolist() == [2.0, 4.0, 6.0, 8.0]
    assert item.curve[:, 1] == pytest.approx([-0.05, 0.15, 0.15, 0.15])
    assert item.curve[:, 2] == pytest.approx([0.45] * 4)
    assert item.valence == pytest.approx(0.1) and item.arousal == pytest.approx(0.45)
    assert item.spread[1] == pytest.approx(np.std(np.arange(6) * 0.1), abs=1e-9)


@pytest.mark.parametrize(("stated_s", "last_s"), [(7.25, 7.25), (12.5, None), (6.5, None)])
def test_vgmidi_slots_are_placed_only_where_midi_and_sound_agree(tmp_path, stated_s, last_s):
    vgmidi(tmp_path / "vgmidi", {"duration": stated_s})
    (item,) = read_items(tmp_path, ALL)
    assert item.valence == pytest.approx(0.1)
    assert (item.curve is None) if last_s is None else item.curve[-1, 0] == pytest.approx(last_s)


def test_vgmidi_duration_cut_to_whole_seconds_is_restored(tmp_path):
    folder = tmp_path / "vgmidi"
    vgmidi(folder, {"duration": 8})
    write_midi(next((folder / "labelled" / "midi").iterdir()), seconds=8.75)
    (item,) = read_items(tmp_path, ALL)
    assert item.curve[-1, 0] == pytest.approx(8.75)


@pytest.mark.parametrize("root", ["pop909", "pop909/POP909"])
def test_pop909_is_read_as_distributed(tmp_path, root):
    for song in ("001", "002"):
        folder = tmp_path / root / song
        write_midi(folder / f"{song}.mid")
        write_midi(folder / "versions" / f"{song}-v1.mid")
        (folder / "chord_midi.txt").write_text("0.0\t1.0\tN\n1.0\t3.0\tBb:min7\n")
        (folder / "key_audio.txt").write_text("0.0 9.0 Gb:maj\n")
    items = read_items(tmp_path, ALL)
    assert [item.name for item in items] == ["001", "002"]
    assert [CHORDS[span.label] for span in items[0].chords] == ["N", "A#:min"]
    assert KEYS[items[1].keys[0].label] == "F#:maj"
    assert items[1].messages()


def emotify(folder):
    import soundfile

    header = ["track id", "genre", *TAGS, "mood", "liked", "disliked", "age", "gender",
              "mother tongue"]  # fmt: skip
    lines = [",".join(f" {name}" for name in header)]
    ticked = {1: ["calmness", "nostalgia"], 102: ["power"], 103: ["power", "tension"]}
    for track, tags in ticked.items():
        for listener in range(4):
            row = [int(tag in tags and listener < 3) for tag in TAGS]
            lines.append(",".join(map(str, [track, "x", *row, 3, 0, 0, 30, 1, "English"])))
    folder.mkdir(parents=True)
    (folder / "data.csv").write_text("\n".join(lines) + "\n")
    for place, artist in (("classical/1", ""), ("rock/2", "Jag"), ("rock/3", "Jag feat. B")):
        path = folder / "emotifymusic" / f"{place}.mp3"
        path.parent.mkdir(parents=True, exist_ok=True)
        with soundfile.SoundFile(path, "w", 22050, 1, format="MP3") as sound:
            if artist:
                sound.artist = artist
            sound.write(np.zeros(22050, np.float32))


def test_emotify_is_read_as_distributed(tmp_path):
    emotify(tmp_path / "emotify")
    items = {item.name: item for item in read_items(tmp_path, ALL)}
    assert set(items) == {"classical_1", "rock_2", "rock_3"}
    shares = dict(zip(TAGS, items["classical_1"].tags, strict=True))
    assert shares["calmness"] == shares["nostalgia"] == 0.75 and sum(shares.values()) == 1.5
    assert items["classical_1"].arousal < 0 < items["rock_2"].arousal
    assert items["rock_3"].valence < items["rock_2"].valence
    assert items["rock_2"].group == items["rock_3"].group == "jag"
    assert items["classical_1"].group == "classical_1"
    sound, rate = items["rock_2"].audio()
    assert rate == 22050 and len(sound) >= 22050


def test_emotify_proxies_are_the_stated_sums():
    nothing = dict.fromkeys(TAGS, 0.0)
    power = {**nothing, "power": 0.5}
    assert PROXIES["arousal"].of(power) == pytest.approx((0.5 + 0.0994) / (2.5 * 0.8020))
    assert PROXIES["valence"].of(power) == pytest.approx((0.25 - 0.2774) / (2.5 * 0.4304))
    assert PROXIES["valence"].of({**nothing, "tension": 1.0, "sadness": 1.0}) == -1.0


@pytest.mark.parametrize("name", ["emopia", "vgmidi", "pop909", "emotify"])
def test_empty_folder_lacks_both_layouts(tmp_path, name):
    (tmp_path / name).mkdir()
    assert "manifest.csv" in DATASETS[name].lacks(tmp_path / name)
