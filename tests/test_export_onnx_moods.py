"""Sets without ratings: MTG-Jamendo's words have a head, nothing fails where labels are missing."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tiny_features import FRONT, write_clip, write_features

from engine.emotion.model import TrackerModel
from engine.emotion.tracker import Tracker
from export_onnx.datasets import Item
from export_onnx.datasets.jamendo import MOODS
from export_onnx.tracker.evaluate import _dimensional, _means, _moods
from export_onnx.tracker.export import load_tracker, write_onnx
from export_onnx.tracker.listen import Heard
from export_onnx.tracker.store import load_clips
from export_onnx.tracker.train import TrainOptions, prepared, train
from export_onnx.tracker.verify import probe_sound
from export_onnx.training.metrics import macro_pr_auc, pr_auc
from export_onnx.training.stage import TrainConfig


def test_average_precision_by_hand_and_with_ties():
    score = np.array([0.9, 0.8, 0.7, 0.6])
    assert pr_auc(score, np.array([True, False, True, False])) == pytest.approx((1 + 2 / 3) / 2)
    assert pr_auc(score, np.array([True, True, False, False])) == 1.0
    level = np.zeros(8)
    positive = np.arange(8) < 2
    assert pr_auc(level, positive) == pr_auc(level, positive[::-1]) == pytest.approx(0.25)
    assert np.isnan(pr_auc(score, np.zeros(4, bool)))
    both = np.stack([positive, np.zeros(8, bool)], 1)
    assert macro_pr_auc(np.zeros((8, 2)), both) == pytest.approx(0.25)


def add_words(path, moods):
    """Make a clip one of MTG-Jamendo's: words, no ratings."""
    with np.load(path, allow_pickle=False) as stored:
        arrays = {name: stored[name] for name in stored.files}
    meta = json.loads(str(arrays["meta"])) | {"moods": moods}
    np.savez(path, **{**arrays, "meta": np.array(json.dumps(meta))})


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("moods")
    features = write_features(folder / "features")
    rng = np.random.default_rng(8)
    for number, words in enumerate((["happy", "film"], ["dark"])):
        write_clip(features, "train", "mtg_jamendo", number, 60, rng)
        add_words(features / "train" / "mtg_jamendo" / f"clip{number}.0.npz", words)
        write_clip(features, "train", "deam", number, 60, rng)
    config = replace(TrainConfig(), harmony_epochs=1, mood_epochs=1, crop_s=4.0)
    path = train(TrainOptions(features, folder / "out", train=config))
    tracker, facts = load_tracker(path)
    write_onnx(tracker, folder / "tracker.onnx", facts)
    return features, TrackerModel(folder / "tracker.onnx")


def test_words_become_targets(trained):
    features, _ = trained
    clips = load_clips(features, "train", ("mtg_jamendo", "emopia"))
    words = {clip.name: clip.moods for clip in clips if clip.dataset == "mtg_jamendo"}
    assert [MOODS[i] for i in np.flatnonzero(words["clip0"])] == ["film", "happy"]
    assert all(clip.moods is None for clip in clips if clip.dataset == "emopia")
    assert {"deam", "mtg_jamendo"} <= set(prepared(features))


def test_model_trained_on_words_names_them(trained):
    _, model = trained
    assert model.moods == MOODS and model.outputs[-1] == "moods"
    sound = probe_sound(6, FRONT.hop_length, FRONT.sample_rate)
    outputs, _ = model.step(sound, model.start())
    assert outputs["moods"].shape == (6, 56)
    assert 0.0 < outputs["moods"].min() and outputs["moods"].max() < 1.0
    assert len(Tracker(model).push(sound)) == 6


def played(model, number, moods):
    item = Item("mtg_jamendo", f"t{number}", "val", f"artist{number}", Path(), "a.mp3", moods=moods)
    sound = probe_sound(20, model.hop_length, model.sample_rate, seed=number)
    return Heard(item, sound, Tracker(model).push(sound), 0.0)


def test_evaluation_ranks_words_and_leaves_out_what_is_not_rated(trained):
    _, model = trained
    heard = [played(model, n, ("happy",) if n % 2 else ("dark", "film")) for n in range(4)]
    rows = {row.measure: row.score for row in _moods("mtg_jamendo", model, heard)}
    assert 0.0 <= rows["moods macro ROC-AUC"].value <= 1.0
    assert rows["moods macro PR-AUC"].n == 4
    assert _dimensional("mtg_jamendo", heard) == []
    assert _moods("mtg_jamendo", TrackerModel(), heard) == []


def test_the_mean_of_a_piece_counts_its_beginning_but_neither_silence_nor_settling(trained):
    _, model = trained
    one = played(model, 1, ())
    course = [
        ("silence", 0.9), ("settling", 0.8), ("tracking", 0.3), ("uncertain", 0.1), ("silence", 0.9)
    ]  # fmt: skip
    states = [
        replace(state, state=name, valence=value, arousal=-value)
        for state, (name, value) in zip(one.states, course, strict=False)
    ]
    (mean,) = _means([replace(one, states=states)])
    assert mean == pytest.approx([0.2, -0.2])
    # A piece too short for an opinion is judged by the last thing said.
    (mean,) = _means([replace(one, states=states[:2])])
    assert mean == pytest.approx([0.8, -0.8])
