"""Training of what tells music from speech and noise, and the synthesisers that speak for it."""

import shutil

import numpy as np
import pytest
import torch
from spoken import spoken
from tiny_features import write_clip, write_features

from engine.emotion.model import PRESENCE
from engine.emotion.tracker import Tracker
from engine.errors import InputError
from export_onnx.tracker import speech
from export_onnx.tracker.config import FrontEndConfig, NetworkConfig
from export_onnx.tracker.network import Tracker as Network
from export_onnx.tracker.not_music import doubted, speech_rows
from export_onnx.tracker.presence_train import PresenceOptions, PresenceSampler, train_presence
from export_onnx.tracker.speech import HELD_OUT_VOICES, Voice, find_voices, read_texts, room
from export_onnx.tracker.store import load_clips
from export_onnx.training.stage import load_checkpoint

FRONT = FrontEndConfig()


@pytest.fixture(scope="module")
def features(tmp_path_factory):
    folder = write_features(tmp_path_factory.mktemp("features"))
    rng = np.random.default_rng(5)
    for number in range(2):
        write_clip(folder, "train", "speech", number, 60, rng)
    return folder


def test_sampler_draws_every_class_and_waits_after_a_change(features):
    clips = load_clips(features, "train", ("speech", "emopia", "emotify"))
    mel, pitch, kind, weight = PresenceSampler(clips, FRONT, 3).draw(40)
    assert set(kind.unique().tolist()) == set(range(len(PRESENCE)))
    assert mel.shape[:2] == pitch.shape[:2] == kind.shape
    changed = kind[:, 1:] != kind[:, :-1]
    assert changed.any()
    assert (weight[:, 1:][changed] == 0.0).all() and (weight[:, 0] == 0.0).all()
    assert float(weight.max()) == 1.0


def test_training_writes_a_stage_that_goes_on_and_fits_the_tracker(features, tmp_path, monkeypatch):
    from export_onnx.tracker import presence_train

    monkeypatch.setattr(presence_train, "_STEPS", 2)
    options = PresenceOptions(features, tmp_path, epochs=1, batch_size=4)
    path = train_presence(options)
    stored = load_checkpoint(path)
    assert stored["epoch"] == 1
    network = Network(FRONT, NetworkConfig())
    network.presence.load_state_dict(stored["average"])
    assert train_presence(options) == path  # nothing left to do
    with pytest.raises(InputError, match="no prepared clips"):
        train_presence(PresenceOptions(tmp_path / "nothing", tmp_path))


def test_no_voice_is_on_both_sides():
    training = {(v.program, v.name) for v in speech._TRAINING_VOICES}
    held_out = {(v.program, v.name) for v in HELD_OUT_VOICES}
    assert not training & held_out
    languages = {v.name.split("+")[0] for v in HELD_OUT_VOICES if v.program == "espeak-ng"}
    assert not languages & {name.split("+")[0] for _, name in training}


def test_texts_are_plain_and_many():
    texts = read_texts()
    assert len(texts) > 300
    assert all(
        set(text) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ ,.?")
        for text in texts
    )


def test_a_room_adds_a_tail_and_keeps_the_length():
    click = np.zeros(8000, np.float32)
    click[0] = 1.0
    wet = room(click, 8000, 0.5, 0.5, seed=1)
    assert wet.shape == click.shape and wet[0] == pytest.approx(0.5, abs=0.1)
    first, last = (np.square(wet[part]).sum() for part in (slice(1, 1000), slice(3000, 4000)))
    assert first > 100 * last > 0


def test_without_a_synthesiser_it_says_what_to_install(monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(InputError, match="espeak-ng"):
        find_voices(held_out=False)


def test_a_synthesiser_that_fails_is_named(tmp_path, monkeypatch):
    program = tmp_path / "espeak-ng"
    program.write_text("#!/bin/sh\necho no such voice >&2\nexit 3\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(InputError, match="no such voice"):
        speech.say(Voice("espeak-ng", "xx", False), "hello", np.random.default_rng(1))


def test_detection_is_measured_on_recordings(tmp_path, monkeypatch):
    import soundfile

    monkeypatch.setattr(shutil, "which", lambda name: None)
    for number in range(2):
        path = tmp_path / f"talk{number}.wav"
        soundfile.write(path, spoken(16000, 11.0, seed=number), 16000)
    rows = {name: score for name, _, score in speech_rows(Tracker(), tmp_path)}
    assert rows["recordings: clips found, share"].value == 1.0
    assert rows["recordings: time called uncertain, share"].n == 2
    with pytest.raises(InputError, match="no recording"):
        speech_rows(Tracker(), tmp_path / "nothing")


def test_doubt_counts_settled_sound_only():
    tracker = Tracker()
    assert doubted(tracker.push(np.zeros(3 * tracker.sample_rate, np.float32))) == 0.0


def test_network_outputs_moods_only_where_it_was_built_for_them():
    sizes = NetworkConfig(mood_size=16, gru_size=12, head_hidden=16, timbre_channels=(4, 6, 8))
    assert Network(FRONT, sizes).outputs()[-1] == "presence"
    from dataclasses import replace

    tagging = Network(FRONT, replace(sizes, n_moods=56), n_emotions=2).eval()
    assert tagging.outputs()[-1] == "moods"
    from export_onnx.tracker.network import zeros

    with torch.no_grad():
        said = tagging(
            torch.zeros(1, 4 * FRONT.hop_length), *zeros(tagging.state_shapes()).values()
        )
    assert said[tagging.outputs().index("moods")].shape == (1, 4, 56)
