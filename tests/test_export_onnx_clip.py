"""CLIP's loading, export and reading, on a small random network in the published layout."""

import json
import sys

import numpy as np
import onnx
import pytest
import torch
from film_samples import shots, write_film

from engine.cli import main as engine_main
from engine.errors import InputError, ModelMetadataError
from engine.video.film import Film
from engine.video.semantic import EMOTIONS, Meaning, MeaningWorker, Reader
from export_onnx.__main__ import main
from export_onnx.clip import export_clip, load_clip

SIZE = 32
LETTERS = "abcdefghijklmnopqrstuvwxyz,"
TOWER = {"hidden_size": 24, "num_hidden_layers": 2, "num_attention_heads": 2}


def vocabulary():
    tokens = [*LETTERS, *(f"{letter}</w>" for letter in LETTERS)]
    return {
        token: index for index, token in enumerate([*tokens, "<|startoftext|>", "<|endoftext|>"])
    }


def publish(folder, **changes):
    """Write a checkpoint folder as it lies on the hub; return the network."""
    # Here and not above: each test process collects this file, and one runs it.
    reason = "CLIP is optional: pip install 'stimmung[clip]'"
    transformers = pytest.importorskip("transformers", reason=reason)
    safetensors = pytest.importorskip("safetensors.torch")
    words = vocabulary()
    config = transformers.CLIPConfig(
        text_config={
            **TOWER,
            "intermediate_size": 48,
            "vocab_size": len(words),
            "max_position_embeddings": 77,
            "bos_token_id": words["<|startoftext|>"],
            "eos_token_id": words["<|endoftext|>"],
            "pad_token_id": words["<|endoftext|>"],
        },
        vision_config={**TOWER, "intermediate_size": 48, "image_size": SIZE, "patch_size": 8},
        projection_dim=16,
    )
    torch.manual_seed(5)
    network = transformers.CLIPModel(config).eval()
    with torch.no_grad():
        for parameter in network.parameters():
            if parameter.ndim:
                parameter.add_(0.2 * torch.randn_like(parameter))
    folder.mkdir(exist_ok=True)
    stored = {**config.to_dict(), "model_type": "clip", **changes}
    (folder / "config.json").write_text(json.dumps(stored))
    weights = {name: value.contiguous() for name, value in network.state_dict().items()}
    weights["text_model.embeddings.position_ids"] = torch.arange(77)[None]  # as in older files
    safetensors.save_file(weights, folder / "model.safetensors")
    (folder / "preprocessor_config.json").write_text(
        json.dumps({"image_mean": [0.48, 0.46, 0.41], "image_std": [0.27, 0.26, 0.28]})
    )
    (folder / "vocab.json").write_text(json.dumps(words))
    (folder / "merges.txt").write_text("#version: 0.2\n")
    (folder / "tokenizer_config.json").write_text(
        json.dumps({"tokenizer_class": "CLIPTokenizer", "model_max_length": 77})
    )
    return network


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    folder = tmp_path_factory.mktemp("clip") / "checkpoint"
    return folder, publish(folder)


@pytest.fixture(scope="module")
def model(checkpoint, tmp_path_factory):
    path = tmp_path_factory.mktemp("clip-onnx") / "clip.onnx"
    assert main(["export", "clip", "--checkpoint", str(checkpoint[0]), "-o", str(path)]) == 0
    return path


def picture(seed):
    return np.random.default_rng(seed).integers(0, 256, (SIZE, SIZE, 3), np.uint8)


def test_embeddings_are_those_of_the_published_code(checkpoint, model):
    _, network = checkpoint
    shown = picture(1)
    pixels = (shown / 255.0 - np.array([0.48, 0.46, 0.41])) / np.array([0.27, 0.26, 0.28])
    with torch.inference_mode():
        pooled = network.vision_model(
            torch.tensor(pixels.transpose(2, 0, 1)[None], dtype=torch.float32)
        ).pooler_output
        wanted = torch.nn.functional.normalize(network.visual_projection(pooled), dim=-1)[0]
    meaning = Reader(model).read(shown, 2.5)
    assert meaning.embedding == pytest.approx(wanted.tolist(), abs=1e-4)
    assert meaning.time_s == 2.5


def test_onnx_says_what_pytorch_says_for_every_picture(checkpoint, model):
    network, reader = load_clip(checkpoint[0]), Reader(model)
    for seed in range(4):
        shown = picture(seed)
        with torch.inference_mode():
            embedding, chances = network(torch.from_numpy(shown)[None])
        meaning = reader.read(shown, 0.0)
        assert meaning.embedding == pytest.approx(embedding[0].tolist(), abs=1e-4)
        assert meaning.probabilities == pytest.approx(chances[0].tolist(), abs=1e-4)


def test_mood_is_the_expectation_over_the_emotions(model):
    meaning = Reader(model).read(picture(3), 0.0)
    assert sum(meaning.probabilities) == pytest.approx(1.0, abs=1e-5)
    moods = np.array(list(EMOTIONS.values()))
    assert (meaning.valence, meaning.arousal) == pytest.approx(
        tuple(np.array(meaning.probabilities) @ moods), abs=1e-5
    )


def test_a_worker_reads_at_most_one_picture_a_second(model, tmp_path):
    said = []
    worker = MeaningWorker(model, lambda kind, **values: said.append((kind, Meaning(**values))))
    path = write_film(tmp_path / "film.mp4", shots([80]))
    with Film(path) as film:
        for shown in film.pictures():
            worker.show(shown)
    worker.finish()
    times = [meaning.time_s for _, meaning in said]
    assert times
    assert all(later - earlier >= 1.0 for earlier, later in zip(times, times[1:], strict=False))
    assert {kind for kind, _ in said} == {"meaning"}


def test_score_reads_a_film_and_hands_on_what_it_is_about(model, tmp_path, monkeypatch):
    from engine.generators.rules import RulesGenerator

    heard = []
    extend = RulesGenerator.extend
    monkeypatch.setattr(
        RulesGenerator, "extend", lambda self, c: heard.append(c.cues.semantic) or extend(self, c)
    )
    path = write_film(tmp_path / "film.mp4", shots([80]))
    arguments = ["--clip", str(model), "--engine", "rules", "-o", str(tmp_path / "out.mid")]
    assert engine_main(["score", str(path), *arguments]) == 0
    assert len(set(heard)) > 1
    assert {len(embedding) for embedding in heard} == {16}


def test_what_is_no_clip_is_refused(model, tmp_path):
    with pytest.raises(InputError, match="does not exist"):
        Reader(tmp_path / "missing.onnx")
    garbage = tmp_path / "garbage.onnx"
    garbage.write_bytes(b"nothing")
    with pytest.raises(InputError, match=r"garbage\.onnx"):
        Reader(garbage)
    other = onnx.load(str(model))
    for entry in other.metadata_props:
        if entry.key == "kind":
            entry.value = "stimmung-tracker"
    onnx.save(other, str(tmp_path / "other.onnx"))
    with pytest.raises(ModelMetadataError, match="stimmung-tracker"):
        Reader(tmp_path / "other.onnx")


def test_checkpoints_that_do_not_fit_are_said_in_one_line(checkpoint, tmp_path):
    publish(tmp_path / "other", model_type="siglip")
    with pytest.raises(InputError, match="siglip"):
        load_clip(tmp_path / "other")
    publish(tmp_path / "small", projection_dim=8)
    with pytest.raises(InputError, match="cannot be loaded"):
        load_clip(tmp_path / "small")
    publish(tmp_path / "bare")
    (tmp_path / "bare" / "preprocessor_config.json").write_text("{}")
    with pytest.raises(InputError, match="image_mean"):
        load_clip(tmp_path / "bare")
    with pytest.raises(InputError, match="missing: cannot be loaded"):
        load_clip(tmp_path / "missing")


def test_without_transformers_the_extra_is_named(monkeypatch, checkpoint):
    monkeypatch.setitem(sys.modules, "transformers", None)
    with pytest.raises(InputError, match=r"stimmung\[clip\]"):
        load_clip(checkpoint[0])


def test_export_again_is_the_same(checkpoint, model, tmp_path):
    export_clip(load_clip(checkpoint[0]), tmp_path / "again.onnx", "again")
    shown = picture(9)
    one, two = (Reader(path).read(shown, 0.0) for path in (model, tmp_path / "again.onnx"))
    assert one.embedding == pytest.approx(two.embedding, abs=1e-6)
