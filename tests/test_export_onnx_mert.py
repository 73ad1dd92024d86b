"""MERT's loading and embedding, on small random networks in the published layout."""

import copy
import json
import sys

import numpy as np
import pytest
import torch

from engine.errors import InputError
from export_onnx.studies.mert import PUBLISHED, SAMPLE_RATE, Mert, chunk_edges, load_mert

transformers = pytest.importorskip(
    "transformers", reason="MERT is optional: pip install 'stimmung[mert]'"
)

SIZES = {
    "hidden_size": 24,
    "num_hidden_layers": 12,
    "num_attention_heads": 2,
    "intermediate_size": 32,
    "conv_dim": [8] * 7,
    "conv_stride": [5, 2, 2, 2, 2, 2, 2],
    "conv_kernel": [10, 3, 3, 3, 3, 2, 2],
    "num_conv_pos_embeddings": 16,
    "num_conv_pos_embedding_groups": 2,
}
PREPROCESSOR = {
    "feature_extractor_type": "Wav2Vec2FeatureExtractor",
    "feature_size": 1,
    "sampling_rate": SAMPLE_RATE,
    "padding_side": "right",
    "padding_value": 0,
    "do_normalize": True,
    "return_attention_mask": True,
}


@pytest.fixture(scope="module")
def reference():
    torch.manual_seed(3)
    network = transformers.HubertModel(transformers.HubertConfig(**SIZES)).eval()
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(0.05 * torch.randn_like(parameter))
    return network


def old_names(network):
    """Name the weights as the published file does."""
    return {
        name.replace("parametrizations.weight.original0", "weight_g").replace(
            "parametrizations.weight.original1", "weight_v"
        ): value.clone()
        for name, value in network.state_dict().items()
    }


def publish(folder, network, **changes):
    """Write a checkpoint folder as it lies on the hub, its own Python files included."""
    config = {
        "architectures": ["MERTModel"],
        "auto_map": {
            "AutoConfig": "configuration_MERT.MERTConfig",
            "AutoModel": "modeling_MERT.MERTModel",
        },
        "model_type": "mert_model",
        "sample_rate": SAMPLE_RATE,
        "feature_extractor_cqt": False,
        "feature_extractor_cqt_bins": 336,
        "deepnorm": False,
        "attention_relax": -1.0,
        "transformers_version": "4.24.0",
        **SIZES,
        **changes,
    }
    folder.mkdir(exist_ok=True)
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "preprocessor_config.json").write_text(json.dumps(PREPROCESSOR))
    for name in ("configuration_MERT.py", "modeling_MERT.py"):
        (folder / name).write_text("raise SystemExit('code of a checkpoint was executed')\n")
    weights = old_names(network)
    torch.save(weights, folder / "pytorch_model.bin")
    return folder


@pytest.fixture(scope="module")
def folder(reference, tmp_path_factory):
    return publish(tmp_path_factory.mktemp("hub") / "mert", reference)


@pytest.fixture(scope="module")
def mert(folder):
    return load_mert(folder)


def music(seconds, rate=SAMPLE_RATE, seed=1):
    time_s = np.arange(int(seconds * rate)) / rate
    noise = np.random.default_rng(seed).normal(0, 0.02, len(time_s))
    return (0.3 * np.sin(2 * np.pi * (200 + 40 * time_s) * time_s) + noise).astype(np.float32)


def expected(network, sound):
    """Hidden states of blocks 6 and 7 by the whole network, (n, 48)."""
    values = (sound - sound.mean()) / np.sqrt(sound.var() + 1e-7)
    with torch.no_grad():
        states = network(torch.from_numpy(values)[None], output_hidden_states=True).hidden_states
    assert len(states) == 13
    return torch.cat([states[6][0], states[7][0]], 1).numpy()


def test_clip_is_the_mean_of_blocks_6_and_7(mert, reference):
    sound = music(6.0)
    embedding = mert.embed_clip(sound, SAMPLE_RATE)
    assert embedding.shape == (mert.size,) == (48,)
    assert embedding.dtype == np.float32
    assert np.allclose(embedding, expected(reference, sound).mean(0), atol=1e-5)
    assert not np.allclose(embedding, mert.embed_clip(music(6.0, seed=2) * 0.5, SAMPLE_RATE))


def test_blocks_that_are_not_asked_for_are_cut_off(mert, folder):
    assert len(mert.network.encoder.layers) == 7
    assert not any(parameter.requires_grad for parameter in mert.network.parameters())
    assert load_mert(folder, layers=(3,)).size == 24
    with pytest.raises(InputError, match=r"layers \(13,\)"):
        load_mert(folder, layers=(13,))


def test_long_clips_are_the_mean_of_their_equal_pieces(mert, reference):
    sound = music(11.0)
    pieces = [expected(reference, part).mean(0) for part in np.split(sound, 2)]
    assert np.allclose(
        mert.embed_clip(sound, SAMPLE_RATE, chunk_s=6.0), np.mean(pieces, 0), atol=1e-5
    )


@pytest.mark.parametrize(
    ("seconds", "chunk_s", "lengths"),
    [(44.0, 30.0, [22.0, 22.0]), (61.0, 30.0, [61 / 3] * 3), (6.0, 5.0, [6.0]), (2.0, 5.0, [2.0]),
     (30.0, 30.0, [30.0]), (30.1, 30.0, [15.05, 15.05])],
)  # fmt: skip
def test_pieces_are_equal_and_none_is_a_short_remainder(seconds, chunk_s, lengths):
    edges = chunk_edges(round(seconds * SAMPLE_RATE), chunk_s)
    assert edges[0] == 0 and edges[-1] == round(seconds * SAMPLE_RATE)
    assert np.diff(edges) / SAMPLE_RATE == pytest.approx(lengths, abs=1e-4)


def test_course_gives_one_embedding_per_second(mert, reference):
    sound = music(7.4)
    time_s, course = mert.embed_course(sound, SAMPLE_RATE)
    assert time_s == pytest.approx([1, 2, 3, 4, 5, 6, 7, 7.4])
    assert course.shape == (8, 48)
    frames = expected(reference, sound)
    middle_s = (np.arange(len(frames)) * 320 + 200) / SAMPLE_RATE
    third = frames[(middle_s >= 2) & (middle_s < 3)]
    assert len(third) == 75
    assert np.allclose(course[2], third.mean(0), atol=1e-5)


def test_other_sample_rates_are_converted(mert):
    high = mert.embed_clip(music(5.0, 48000), 48000)
    assert np.abs(high - mert.embed_clip(music(5.0), SAMPLE_RATE)).max() < 0.5
    assert np.isfinite(high).all()


def test_safetensors_give_the_same_network(mert, reference, tmp_path):
    from safetensors.torch import save_file

    place = publish(tmp_path / "safe", reference)
    (place / "pytorch_model.bin").unlink()
    save_file({name: value.contiguous() for name, value in reference.state_dict().items()},
              place / "model.safetensors")  # fmt: skip
    sound = music(5.0)
    again = load_mert(place).embed_clip(sound, SAMPLE_RATE)
    assert np.array_equal(again, mert.embed_clip(sound, SAMPLE_RATE))
    (place / "model.safetensors").write_bytes(b"nothing")
    with pytest.raises(InputError, match=r"model\.safetensors"):
        load_mert(place)


def test_published_sizes_give_1536_numbers():
    with torch.device("meta"):
        network = transformers.HubertModel(transformers.HubertConfig())
    assert sum(parameter.numel() for parameter in network.parameters()) == pytest.approx(
        94.4e6, rel=0.002
    )
    preprocessor = transformers.Wav2Vec2FeatureExtractor(sampling_rate=SAMPLE_RATE)
    assert Mert(network, preprocessor).size == 1536


class Planted:
    def __reduce__(self):
        return (sys.exit, ("a pickled object was built",))


@pytest.mark.parametrize("spoil", ["object", "rubbish", "missing"])
def test_only_plain_weights_are_read(reference, tmp_path, spoil):
    place = publish(tmp_path / "mert", reference)
    weights = place / "pytorch_model.bin"
    if spoil == "object":
        torch.save({"masked_spec_embed": Planted()}, weights)
    elif spoil == "rubbish":
        weights.write_bytes(b"nothing")
    else:
        weights.unlink()
    with pytest.raises(InputError, match=r"pytorch_model\.bin"):
        load_mert(place)


@pytest.mark.parametrize(
    ("change", "message"),
    [({"feature_extractor_cqt": True}, "feature_extractor_cqt is True"),
     ({"deepnorm": True}, "deepnorm"), ({"attention_relax": 32.0}, "attention_relax"),
     ({"sample_rate": 16000}, "16000"), ({"intermediate_size": 40}, "do not fit")],
    ids=lambda value: value if isinstance(value, str) else next(iter(value)),
)  # fmt: skip
def test_other_architectures_are_refused(reference, tmp_path, change, message):
    with pytest.raises(InputError, match=message):
        load_mert(publish(tmp_path / "mert", reference, **change))


def test_every_weight_must_find_its_place(reference, tmp_path):
    shorter = copy.deepcopy(reference)
    del shorter.encoder.layers[11:]
    with pytest.raises(InputError, match=r"encoder\.layers\.11"):
        load_mert(publish(tmp_path / "mert", shorter))


def test_preprocessor_of_another_rate_is_refused(reference, tmp_path):
    place = publish(tmp_path / "mert", reference)
    (place / "preprocessor_config.json").write_text(
        json.dumps({**PREPROCESSOR, "sampling_rate": 16000})
    )
    with pytest.raises(InputError, match="16000 Hz"):
        load_mert(place)
    (place / "preprocessor_config.json").unlink()
    with pytest.raises(InputError, match="preprocessor_config"):
        load_mert(place)


def test_unusable_input_is_named(mert):
    with pytest.raises(InputError, match="17 ms"):
        mert.embed_clip(music(0.01), SAMPLE_RATE)
    with pytest.raises(InputError, match="mono"):
        mert.embed_clip(np.zeros((2, 48000), np.float32), SAMPLE_RATE)
    with pytest.raises(InputError, match=r"chunk_s 40"):
        mert.embed_clip(music(5.0), SAMPLE_RATE, chunk_s=40.0)
    with pytest.raises(InputError, match="step_s 0"):
        mert.embed_course(music(5.0), SAMPLE_RATE, step_s=0.0)


def test_hub_name_is_fetched_without_code(folder, monkeypatch):
    import huggingface_hub

    asked = {}

    def fetch(name, revision, allow_patterns):
        asked.update(name=name, revision=revision, patterns=allow_patterns)
        return str(folder)

    monkeypatch.setattr(huggingface_hub, "snapshot_download", fetch)
    assert load_mert(revision="abc").size == 48
    assert asked["name"] == PUBLISHED and asked["revision"] == "abc"
    assert not any(pattern.endswith(".py") or "*" in pattern for pattern in asked["patterns"])

    def fail(name, revision, allow_patterns):
        raise OSError("no network")

    monkeypatch.setattr(huggingface_hub, "snapshot_download", fail)
    with pytest.raises(InputError, match="no network"):
        load_mert()


@pytest.mark.parametrize("source", ["/nowhere/mert", "mert", "./a/b"])
def test_neither_folder_nor_hub_name(source):
    with pytest.raises(InputError, match="neither a folder nor a hub name"):
        load_mert(source)


def test_missing_extra_is_named(folder, monkeypatch):
    monkeypatch.setitem(sys.modules, "transformers", None)
    with pytest.raises(InputError, match=r"stimmung\[mert\]"):
        load_mert(folder)
