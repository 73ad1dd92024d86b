"""Training of what tells music from speech and noise, and the synthesisers that speak for it."""

import shutil
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from servers.needs import need_soundfont
from spoken import spoken
from tiny_features import write_clip, write_features

from engine.emotion.model import PRESENCE, TrackerModel
from engine.emotion.tracker import Tracker
from engine.errors import InputError
from export_onnx.tracker import noises, not_music, solos, speech
from export_onnx.tracker.config import FrontEndConfig, NetworkConfig
from export_onnx.tracker.listen import Heard
from export_onnx.tracker.network import Tracker as Network
from export_onnx.tracker.network import zeros
from export_onnx.tracker.not_music import doubted, speech_rows
from export_onnx.tracker.presence import Presence
from export_onnx.tracker.presence_train import PresenceOptions, PresenceSampler, train_presence
from export_onnx.tracker.speech import HELD_OUT_VOICES, Voice, find_voices, read_texts, room
from export_onnx.tracker.store import load_clips
from export_onnx.tracker.verify import probe_sound
from export_onnx.tracker.weights import replace_presence
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


def test_noises_are_sound_at_the_reference_level_and_each_seed_is_another():
    for kind in (*noises.KINDS, *noises.HELD_OUT_KINDS):
        one, other = (
            noises.make_noise_sound(kind, np.random.default_rng(seed), 3 * 22050, 22050)
            for seed in (1, 2)
        )
        assert one.shape == (3 * 22050,) and np.isfinite(one).all()
        assert np.sqrt(np.mean(np.square(one))) == pytest.approx(0.1, rel=0.01)
        assert not np.allclose(one, other)
    assert not set(noises.KINDS) & set(noises.HELD_OUT_KINDS)


def test_noises_crowds_and_tones_are_prepared_once(tmp_path, monkeypatch):
    monkeypatch.setattr(noises, "_readings", lambda *_: [spoken(22050, 3.0, seed=1)])
    monkeypatch.setattr(noises, "_CLIP_S", 2.0)
    assert noises.prepare_noises(tmp_path, 9, 1) == 20
    assert noises.prepare_noises(tmp_path, 9, 1) == 0
    clips = load_clips(tmp_path, "train", ("noise", "tones"))
    assert {clip.dataset for clip in clips} == {"noise", "tones"}
    assert all(clip.n_hops == 21 for clip in clips)


def test_solos_are_low_and_slow_too_and_prepared_once(tmp_path):
    font = [need_soundfont()]
    assert solos.prepare_solos(tmp_path, 2, font) == 2
    assert solos.prepare_solos(tmp_path, 2, font) == 0
    clips = load_clips(tmp_path, "train", ("solos",))
    assert {clip.n_hops for clip in clips} <= set(range(140, 160))


def test_noise_sounds_beneath_music_but_its_label_stays(features):
    clips = load_clips(features, "train", ("speech", "emopia", "emotify"))
    quiet = PresenceSampler(clips, FRONT, 3)
    rng = np.random.default_rng(1)
    for number in range(2):
        write_clip(features, "train", "noise", number, 60, rng)
    noisy = PresenceSampler([*clips, *load_clips(features, "train", ("noise",))], FRONT, 3)
    heard = [np.mean([s._part(0, 40)[0].mean() for _ in range(30)]) for s in (quiet, noisy)]
    assert heard[1] > heard[0] + 0.05


def test_a_model_gets_other_presence_weights_and_nothing_else_changes(tmp_path):
    torch.manual_seed(3)
    presence, shipped = Presence(FRONT).eval(), TrackerModel()
    replace_presence(shipped.path, presence, tmp_path / "other.onnx")
    sound = probe_sound(40, shipped.hop_length, shipped.sample_rate)
    before, _ = shipped.step(sound, shipped.start())
    other = TrackerModel(tmp_path / "other.onnx")
    after, _ = other.step(sound, other.start())
    for name in before:
        same = np.array_equal(before[name], after[name])
        assert same == (name != "presence"), name
    network = Network(FRONT, NetworkConfig()).eval()
    network.presence = presence
    network.set_closed_form()
    with torch.no_grad():
        said = network(torch.from_numpy(sound[None]), *zeros(network.state_shapes()).values())
    expected = said[network.outputs().index("presence")][0].numpy()
    np.testing.assert_allclose(after["presence"], expected, atol=1e-5)


def test_both_errors_are_measured(monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda name: None)
    monkeypatch.setattr(not_music, "_NOISE_CLIPS", 2)
    monkeypatch.setattr(not_music, "_NOISE_S", 8.0)
    kinds = {name: noises.KINDS[name] for name in ("hum", "wind")}
    monkeypatch.setattr(not_music, "KINDS", kinds)
    tracker = Tracker()
    rows = {name: score.value for name, _, score in not_music.noise_rows(tracker)}
    assert len(rows) == 4
    # Of four settled seconds: a hum is told from a held low note after five in all.
    assert rows["hum: time called uncertain, share"] > 0.9
    assert rows["wind: time called uncertain, share"] == 1.0
    heard = [
        Heard(SimpleNamespace(group=f"{seed}"), noises.tones(rng, 8 * 22050, 22050), [], 0.0)
        for seed, rng in enumerate(map(np.random.default_rng, (3, 4, 5, 7)))
    ]
    monkeypatch.setattr(not_music, "_BELOW_DB", (10.0,))
    rows = not_music.noisy_music_rows(tracker, heard)
    assert [name.partition(":")[0] for name, _, _ in rows[::2]] == [
        "as it is",
        "with noise 10 dB below",
    ]
    uncertain, no_music = ([score.value for _, _, score in rows[k::2]] for k in (0, 1))
    # Held synthetic chords may have no clear emotion; they are music all the same.
    assert all(more >= less for more, less in zip(uncertain, no_music, strict=True))
    assert max(no_music) < 0.05
