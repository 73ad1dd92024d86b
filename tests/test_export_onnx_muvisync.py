"""MuVi-Sync in its own layout, and the published set-up on it."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from engine.errors import InputError
from engine.generators.amt.conditioning import MASKS, SLICES, score_components
from engine.generators.amt.vocabulary import END, PAD, parse_chord_id
from export_onnx.amt.config import NetworkConfig, TrainConfig
from export_onnx.amt.correspondence import EMOTIONS
from export_onnx.amt.emotion_fit import argmax_correspondence
from export_onnx.amt.paper import (
    PaperOptions,
    batch_songs,
    paper_loss,
    score_paper,
    train_paper,
)
from export_onnx.amt.paper_dynamics import (
    PaperDynamicsOptions,
    measure_paper_dynamics,
    train_paper_dynamics,
)
from export_onnx.amt.paper_network import PaperAmt, PaperConfig
from export_onnx.amt.songs import condition, save_songs
from export_onnx.amt.train import TrainOptions, train
from export_onnx.amt.videos import picture_song
from export_onnx.datasets import DATASETS, read_items
from export_onnx.datasets.muvisync import load_muvisync

ALL = ("train", "val", "test")
TINY = PaperConfig(width=16, layers=1, heads=2, hidden=16, dropout=0.0, longest=40)
CHORDS = ("C", "A:min", "F", "G:7")


def write(path, lines):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n")


def write_song(folder, number, seconds=24, mode="major", leave_out=()):
    rng = np.random.default_rng(int(number))
    chords = [f"{s} {CHORDS[(s // 2) % len(CHORDS)]}" for s in range(seconds)]
    write(
        folder / "vevo_chord/lab_v2_norm/all" / f"{number}.lab",
        [f"key {'C major' if mode == 'major' else 'A minor'}", *chords],
    )
    emotions = rng.dirichlet(np.ones(6) * 0.2, seconds + 1)
    rows = [f"{s} " + " ".join(f"{p:.4f}" for p in row) for s, row in enumerate(emotions)]
    header = "time " + " ".join(f"{name}_prob" for name in EMOTIONS)
    tables = {
        "vevo_emotion/6c_l14p/all": [header, *rows],
        "vevo_motion/all": [f"{s} {s * 1.5:.4f}" for s in range(seconds)],
        "vevo_scene_offset/all": [f"{s} {s % 5}" for s in range(seconds)],
        "vevo_loudness/all": [f"{s} 0.1234" for s in range(seconds + 3)],
        "vevo_note_density/all": [f"{s} 7.0" for s in range(seconds)],
    }
    for place, lines in tables.items():
        if place not in leave_out:
            write(folder / place / f"{number}.lab", lines)
    if "semantic" not in leave_out:
        place = folder / "vevo_semantic/all/2d/clip_l14p"
        place.mkdir(parents=True, exist_ok=True)
        np.save(place / f"{number}.npy", rng.normal(size=(seconds - 2, 768)).astype(np.float32))


@pytest.fixture
def data(tmp_path):
    folder = tmp_path / "muvisync"
    for number in ("001", "002", "004", "007", "008"):
        write_song(folder, number, mode="minor" if number == "002" else "major")
    for split, numbers in (("train", ["001", "002", "4"]), ("val", ["007"]), ("test", ["008"])):
        write(folder / "vevo_meta/split/v1" / f"{split}.txt", numbers)
    return tmp_path


def songs(data, split="train"):
    return [load_muvisync(item) for item in read_items(data, (split,), ("muvisync",))]


def test_songs_are_cut_to_their_shortest_feature(data):
    song = songs(data)[0]
    assert song.number == "001" and not song.minor
    assert len(song.chord) == 22  # as many as there are embeddings
    assert song.semantic.shape == (22, 32) and song.emotion.shape == (22, 6)
    assert song.chord[:5].tolist() == [parse_chord_id(c) for c in ("C", "C", "A:min", "A:min", "F")]
    assert song.motion[2] == 3.0 and song.scene[6] == 1.0
    assert song.emotion.sum(1) == pytest.approx(1.0, abs=1e-3)
    assert songs(data)[1].minor


def test_components_stand_in_for_embeddings(data):
    folder = data / "muvisync/vevo_semantic/all/2d"
    (folder / "clip_l14p").rename(folder / "elsewhere")
    (folder / "clip_l14p_pca48").mkdir()
    rows = np.random.default_rng(4).normal(size=(20, 48)).astype(np.float16)
    np.save(folder / "clip_l14p_pca48/001.npy", rows)
    first, second = songs(data)[:2]
    assert first.semantic == pytest.approx(score_components(rows.astype(np.float32)))
    assert second.semantic is None
    np.save(folder / "clip_l14p_pca48/002.npy", rows[:, :7])
    with pytest.raises(InputError, match=r"expected \(n, 48\)"):
        songs(data)


def test_a_video_is_told_second_by_second(data):
    song = picture_song(songs(data)[1])
    told = condition(song)
    assert len(song) == 22 and song.column("mode").tolist() == [-1.0] * 22
    assert song.column("since")[:6].tolist() == [0, 1, 2, 3, 4, 0]
    assert song.column("until")[:6].tolist() == [5, 4, 3, 2, 1, 5]
    assert song.column("motion")[4] == pytest.approx(6.0 / 16.0)
    assert np.isnan(song.column("density")).all() and np.isnan(song.column("phase")).all()
    assert told[:, MASKS["semantic"]].all() and told[:, MASKS["valence"]].all()
    assert not told[:, MASKS["tempo"]].any()
    assert np.abs(song.column("valence")).max() <= 0.7


def test_split_lists_are_followed_and_exclusions(data):
    def there(split):
        return [item.name for item in read_items(data, (split,), ("muvisync",))]

    assert there("train") == ["001", "002", "004"] and there("test") == ["008"]
    write(data / "muvisync/vevo_meta/exclude.txt", ["2 too quiet"])
    assert there("train") == ["001", "004"]


def test_absent_files_leave_their_feature_unknown(data):
    folder = data / "muvisync"
    write_song(folder, "009", leave_out=("vevo_motion/all", "vevo_emotion/6c_l14p/all", "semantic"))
    write(folder / "vevo_emotion/5c_l14p/all/009.lab", ["0 .5 .1 .1 .1 .2", "1 .5 .1 .1 .1 .2"])
    write(folder / "vevo_meta/split/v1/test.txt", ["009"])
    (song,) = songs(data, "test")
    assert song.motion is None and song.semantic is None
    assert song.emotion.tolist()[1][-1] == 0.0 and len(song.chord) == 2


def test_without_lists_every_song_has_a_side_of_its_own(data):
    for split in ALL:
        (data / f"muvisync/vevo_meta/split/v1/{split}.txt").unlink()
    assert len(read_items(data, ALL, ("muvisync",))) == 5


def test_broken_files_are_named(data):
    place = data / "muvisync/vevo_chord/lab_v2_norm/all"
    write(place / "001.lab", ["0 C", "1 C"])
    with pytest.raises(InputError, match="key C major"):
        songs(data)
    write(place / "001.lab", ["key C major", "0 C", "2 C"])
    with pytest.raises(InputError, match="line 3"):
        songs(data)
    assert DATASETS["muvisync"].lacks(data / "elsewhere")


def test_features_without_sound_are_read_by_name_alone(data):
    with pytest.raises(InputError, match="none of"):
        read_items(data, ALL)


def test_padding_and_other_songs_change_nothing(data):
    torch.manual_seed(1)
    model = PaperAmt(TINY).eval()
    first, second = songs(data)[:2]
    short = type(second)(
        **{
            name: value[:10] if isinstance(value := getattr(second, name), np.ndarray) else value
            for name in second.__dataclass_fields__
        }
    )
    together, alone = batch_songs([first, short], 40), batch_songs([short], 40)
    with torch.no_grad():
        both = model(together.before, together.minor, together.video, together.padding)
        one = model(alone.before, alone.minor, alone.video, alone.padding)
    assert together.target[1, 10] == END and (together.target[1, 11:] == PAD).all()
    assert both[1, :11].numpy() == pytest.approx(one[0].numpy(), abs=1e-5)
    longer = together.before.clone()
    longer[0, 15:] = 3
    with torch.no_grad():
        later = model(longer, together.minor, together.video, together.padding)
    assert torch.allclose(both[0, :15], later[0, :15], atol=1e-6)  # chords to come are not heard


def test_affect_target_asks_for_the_qualities_of_the_likeliest_emotion(data):
    batch = batch_songs(songs(data)[:1], 40)
    batch.emotion[:] = 0.0
    batch.emotion[..., EMOTIONS.index("sad")] = 1.0
    right, wrong = torch.full((1, 23, 159), -4.0), torch.full((1, 23, 159), -4.0)
    for root in ("C", "D", "F#"):
        right[..., parse_chord_id(f"{root}:min")] = 4.0
        wrong[..., parse_chord_id(f"{root}:aug")] = 4.0
    assert paper_loss(right, batch)[1]["affect"] < paper_loss(wrong, batch)[1]["affect"]
    batch.emotion[:] = 0.0
    batch.emotion[..., EMOTIONS.index("neutral")] = 1.0
    assert paper_loss(right, batch)[1]["affect"] == 0.0


def test_correspondence_counts_only_clear_emotions_and_chords():
    chords = np.array([parse_chord_id(c) for c in ("C:min", "C", "C:min", "N", "C:min")])
    rows = np.zeros((5, 6))
    rows[:, EMOTIONS.index("sad")] = (0.9, 0.9, 0.5, 0.9, 0.0)
    rows[4, EMOTIONS.index("neutral")] = 0.9
    assert argmax_correspondence(chords, rows) == 0.5
    assert np.isnan(argmax_correspondence(chords[2:], rows[2:]))


def test_published_set_up_trains_and_goes_on(data, tmp_path):
    options = PaperOptions(data, tmp_path / "out", epochs=1, batch=2, warm_up=10, network=TINY)
    train_paper(options)
    path = train_paper(PaperOptions(**{**vars(options), "epochs": 12}))
    stored = torch.load(path, weights_only=True)
    model = PaperAmt(TINY)
    model.load_state_dict(stored["model"])
    scores = score_paper(model, songs(data, "val"))
    assert stored["epoch"] > 1
    assert scores["hits@1"] <= scores["hits@3"] <= scores["hits@5"]
    assert scores["hits@5"] > 0.8
    with pytest.raises(InputError, match="other sizes"):
        bigger = PaperConfig(**{**vars(TINY), "width": 32})
        train_paper(PaperOptions(**{**vars(options), "network": bigger}))


def test_density_and_loudness_are_learned_from_the_video(data, tmp_path, capsys):
    path = train_paper_dynamics(PaperDynamicsOptions(data, tmp_path / "out", epochs=3))
    found = measure_paper_dynamics(path, songs(data, "val"))
    assert found["density RMSE"].value < 1.0  # every song has 7.0
    assert found["loudness RMSE of the mean"].value == pytest.approx(0.0, abs=1e-4)
    assert "density RMSE" in capsys.readouterr().out


def test_pictures_alone_can_be_trained_and_leave_all_else(data, tmp_path):
    videos = [picture_song(song) for song in songs(data)]
    for name in ("train", "videos"):
        save_songs(tmp_path / f"{name}.npz", videos)
    small = NetworkConfig(
        width=16, layers=1, heads=2, hidden=16, window=8, memory=16, pair=4, key=4
    )
    base = TrainOptions(tmp_path, tmp_path, name="base", network=small, train=TrainConfig(epochs=1))
    start = train(base)
    path = train(replace(base, name="seen", start=start, pictures_only=True))
    before, after = (torch.load(one, weights_only=True)["model"] for one in (start, path))
    told = before.pop("told.weight") - after.pop("told.weight")
    assert all(torch.equal(value, after[name]) for name, value in before.items())
    assert told[:, SLICES["semantic"]].abs().max() > 0.0
    told[:, SLICES["semantic"]] = 0.0
    told[:, MASKS["semantic"]] = 0.0
    assert not told.any()
