"""CLIP: published weights to one ONNX file that the engine can read pictures with.

The file holds the image tower (with its preprocessing after cropping), its projection, and the
embeddings of the sentences in `engine.video.semantic`, worked out once by the text tower: the
engine needs neither PyTorch nor a tokenizer. Video2Music uses ViT-L/14 at 336 pixels (about
1.2 GB as float32, seconds per picture on one core); ViT-B/32 (350 MB) is fast enough to be live.

**Not evaluated.** The published weights were not available when this was written: loading,
exporting and reading are tested with a small random network of the same architecture. It is not
known how well the sentences' moods fit films. Licence of the weights: MIT.

References
----------
Radford et al., "Learning transferable visual models from natural language supervision",
arXiv 2103.00020. https://huggingface.co/openai/clip-vit-large-patch14-336
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from engine.errors import InputError, ModelError
from engine.video.semantic import EMOTIONS, KIND, PROMPTS
from export_onnx.training.graph import write_graph
from export_onnx.training.options import option

__all__ = [
    "PUBLISHED",
    "ExportOptions",
    "PictureReader",
    "export",
    "export_clip",
    "load_clip",
]

PUBLISHED = "openai/clip-vit-base-patch32"

_TOLERANCE = 1e-3


class PictureReader(nn.Module):
    """CLIP's image tower and the embeddings of each emotion's sentences.

    Parameters
    ----------
    network : torch.nn.Module
        `transformers.CLIPModel`.
    texts : Tensor
        Embedding of each emotion, length 1, shape (n_emotions, size).
    mean, std : sequence of float
        Of the red, green and blue values, 0..1, that the network was trained with.
    """

    texts: Tensor
    mean: Tensor
    std: Tensor

    def __init__(
        self, network: nn.Module, texts: Tensor, mean: list[float], std: list[float]
    ) -> None:
        super().__init__()
        clip: Any = network
        self.tower = clip.vision_model
        self.projection = clip.visual_projection
        self.size = int(clip.config.vision_config.image_size)
        self.register_buffer("texts", texts * clip.logit_scale.detach().exp())
        self.register_buffer("mean", torch.tensor(mean).view(1, 3, 1, 1))
        self.register_buffer("std", torch.tensor(std).view(1, 3, 1, 1))

    def forward(self, picture: Tensor) -> tuple[Tensor, Tensor]:
        """Describe a picture, uint8, shape (1, size, size, 3).

        Returns
        -------
        embedding : Tensor
            Length 1, shape (1, n).
        chances : Tensor
            Probability of each emotion, shape (1, n_emotions).
        """
        pixels = picture.permute(0, 3, 1, 2).float() / 255.0
        pixels = (pixels - self.mean) / self.std
        pooled = self.tower(pixel_values=pixels).pooler_output
        embedding = nn.functional.normalize(self.projection(pooled), dim=-1)
        return embedding, (embedding @ self.texts.T).softmax(-1)


def load_clip(source: str | Path = PUBLISHED, revision: str | None = None) -> PictureReader:
    """Load CLIP from a folder or the Hugging Face hub, and read the sentences.

    Raises
    ------
    InputError
        `transformers` is not installed; the checkpoint is missing, incomplete, or of another
        architecture.
    """
    try:
        import transformers
    except ImportError as error:
        raise InputError("CLIP needs transformers: pip install 'stimmung[clip]'") from error

    def fetch(kind: Any, **options: Any) -> Any:
        return kind.from_pretrained(str(source), revision=revision, **options)

    try:
        config, _ = transformers.PretrainedConfig.get_config_dict(str(source), revision=revision)
        if config.get("model_type") != "clip":
            raise InputError(f"{source}: model_type is {config.get('model_type')!r}, not 'clip'")
        network, told = fetch(transformers.CLIPModel, output_loading_info=True)
        pixels, _ = transformers.CLIPImageProcessor.get_image_processor_dict(
            str(source), revision=revision
        )
        tokenizer = fetch(transformers.CLIPTokenizer)
    except (OSError, ValueError, RuntimeError, TypeError) as error:
        reason = " ".join(str(error).split())[:300]
        raise InputError(f"CLIP {source}: cannot be loaded ({reason})") from error
    if wrong := [*told["missing_keys"], *told["mismatched_keys"]]:
        raise InputError(f"CLIP {source}: weights do not fit the network ({wrong[0]})")
    try:
        mean, std = ([float(value) for value in pixels[n]] for n in ("image_mean", "image_std"))
    except (KeyError, TypeError, ValueError):
        raise InputError(
            f"{source}: preprocessor_config.json lacks image_mean, image_std"
        ) from None
    network.eval().requires_grad_(False)
    texts = torch.stack([_read(network, tokenizer, sentences) for sentences in PROMPTS.values()])
    return PictureReader(network, texts, mean, std).eval()


def _read(network: nn.Module, tokenizer: Any, sentences: tuple[str, ...]) -> Tensor:
    """Return the mean embedding of sentences, length 1."""
    clip: Any = network
    tokens = tokenizer(list(sentences), padding=True, return_tensors="pt")
    with torch.inference_mode():
        pooled = clip.text_model(
            input_ids=tokens["input_ids"], attention_mask=tokens["attention_mask"]
        ).pooler_output
        embeddings = nn.functional.normalize(clip.text_projection(pooled), dim=-1)
    return nn.functional.normalize(embeddings.mean(0), dim=0).clone()


def export_clip(reader: PictureReader, path: Path, source: str) -> None:
    """Write the ONNX file and check that it says what PyTorch says.

    Raises
    ------
    ModelError
        The two differ by more than 0.001.
    """
    picture = torch.randint(0, 256, (1, reader.size, reader.size, 3), dtype=torch.uint8)

    def check(written: Path) -> None:
        difference = _difference(reader, written, picture)
        if difference > _TOLERANCE:
            raise ModelError(f"CLIP in ONNX differs from PyTorch by {difference:.4f}")

    metadata = {"kind": KIND, "emotions": json.dumps(list(EMOTIONS)), "source": source}
    outputs = ["embedding", "chances"]
    write_graph(reader, {"picture": picture}, outputs, path, metadata, edit=check)


def _difference(reader: PictureReader, path: Path, picture: Tensor) -> float:
    """Return the largest difference of any output for one picture."""
    import onnxruntime as ort

    session = ort.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    given = session.run(None, {"picture": picture.numpy()})
    with torch.inference_mode():
        wanted = reader(picture)
    return max(
        float(np.abs(one - other.numpy()).max()) for one, other in zip(given, wanted, strict=True)
    )


@dataclass(frozen=True)
class ExportOptions:
    """A published network in, one ONNX file out."""

    checkpoint: str = option(PUBLISHED, "folder or hub name")
    revision: str | None = option(None, "commit on the hub")
    output: Path = option(Path("clip.onnx"), flag="-o --output")


def export(options: ExportOptions) -> Path:
    """Write CLIP's image tower and sentences as ONNX, for ``--clip``."""
    reader = load_clip(options.checkpoint, options.revision)
    export_clip(reader, options.output, options.checkpoint)
    return options.output
