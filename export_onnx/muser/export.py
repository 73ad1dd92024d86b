"""Write MusER's networks as fixed-shape ONNX step graphs with metadata."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from engine.generators.muser.features import FEATURE_TOTAL, beat_features
from engine.generators.muser.model import LOOKBACK_BARS, MODEL_VERSION, field_table
from engine.generators.muser.tokens import Beat, Header
from engine.generators.muser.vocabulary import (
    CODEBOOKS,
    ELEMENTS,
    FIELDS,
    chord_label,
)
from engine.models.checksums import shipped_folder, write_table
from engine.music.reading.harmony import CHORD_LABELS, chord_parts
from export_onnx.muser.codes import BeatCodes
from export_onnx.muser.config import CONDITION_SIZE, LATENT_ELEMENTS
from export_onnx.muser.decoder import Decoder, DecoderStep, FieldStep
from export_onnx.muser.pool import Pool, load_pool
from export_onnx.muser.prior import ElementStep, Prior, PriorStep
from export_onnx.muser.sequences import encode_pool, tempo_codes
from export_onnx.muser.train import load_network
from export_onnx.muser.train_codes import load_codes
from export_onnx.training.graph import write_graph
from export_onnx.training.options import option
from export_onnx.training.stage import load_checkpoint

__all__ = [
    "ExportOptions",
    "Networks",
    "code_tables",
    "export",
    "load_networks",
    "step_graphs",
    "write_graphs",
]

_LICENCE = "CC BY-NC-SA 4.0"
_TRAINING_DATA = "EMOPIA 1.0, VGMIDI, POP909 (train parts)"
CHECKPOINTS = Path("runs/muser/train")
_N_CODES = len(ELEMENTS)


@dataclass(frozen=True)
class ExportOptions:
    """Checkpoints in, ONNX files out."""

    checkpoints: Path = option(CHECKPOINTS, "folder of checkpoints")
    beats: Path = option(Path("runs/muser/beats"), "prepared beats, to count what codes mean")
    out: Path = option(Path("presets/models"), "folder of the ONNX files")
    commit: str = option("", "source the networks were trained with, for the metadata")


@dataclass(frozen=True)
class Networks:
    """The trained networks, and a line that tells one training from another."""

    codes: BeatCodes
    decoder: Decoder
    prior: Prior
    training: str


class _Encoder(nn.Module):
    """Features of a beat to its codes and slices."""

    def __init__(self, codes: BeatCodes) -> None:
        super().__init__()
        self.codes = codes

    def forward(self, features: Tensor) -> tuple[Tensor, Tensor]:
        found: tuple[Tensor, Tensor] = self.codes(features)
        return found


def load_networks(folder: Path) -> Networks:
    """Read the three checkpoints of a training folder."""
    decoder = load_network(folder / "decoder.pt", "decoder")
    prior = load_network(folder / "prior.pt", "prior")
    if not isinstance(decoder, Decoder) or not isinstance(prior, Prior):
        raise TypeError("checkpoints of other networks")
    facts = []
    for name in ("codes", "decoder", "prior"):
        stored = load_checkpoint(folder / f"{name}.pt")
        facts.append(f"{name} seed {stored['config']['seed']} step {stored['step']}")
    return Networks(load_codes(folder / "codes.pt"), decoder, prior, "; ".join(facts))


def step_graphs(networks: Networks) -> dict[str, tuple[nn.Module, dict[str, Tensor]]]:
    """Graph name to its module and inputs of the right shapes."""
    whole = torch.int64
    codes = torch.zeros(1, _N_CODES, dtype=whole)
    phase = torch.zeros(1, 2, dtype=whole)
    condition = torch.zeros(1, CONDITION_SIZE)
    event = torch.zeros(1, len(FIELDS), dtype=whole)
    prior, decoder = networks.prior.config, networks.decoder.config
    return {
        "prior": (
            PriorStep(networks.prior),
            {
                "past": torch.zeros(1, 1 + len(LOOKBACK_BARS), _N_CODES, dtype=whole),
                "phase": phase,
                "condition": condition,
                "state": torch.zeros(prior.layers, 1, prior.hidden),
            },
        ),
        "elements": (
            ElementStep(networks.prior),
            {"context": torch.zeros(1, prior.hidden), "condition": condition, "codes": codes},
        ),
        "decoder": (
            DecoderStep(networks.decoder),
            {
                "event": event,
                "codes": codes,
                "phase": phase,
                "condition": condition,
                "form": torch.zeros(1, 2, dtype=whole),
                "beat": torch.zeros(1, dtype=whole),
                "state": torch.zeros(1, 1, decoder.hidden),
                "memory": torch.zeros(networks.decoder.memory),
                "unseen": torch.zeros(decoder.length),
            },
        ),
        "fields": (
            FieldStep(networks.decoder),
            {"context": torch.zeros(1, decoder.hidden), "codes": codes, "event": event},
        ),
        "encoder": (_Encoder(networks.codes), {"features": torch.zeros(1, FEATURE_TOTAL)}),
    }


_OUTPUTS = {
    "prior": ["context", "next_state"],
    "elements": ["logits"],
    "decoder": ["context", "next_state", "entry"],
    "fields": ["logits"],
    "encoder": ["codes", "latents"],
}


def _own_label(name: str, header: np.ndarray) -> np.ndarray:
    """Return the label of every beat that an element's code should give back."""
    if name == "mode":
        return header[:, 5]
    if name == "tempo":
        return header[:, 0]
    return np.array([chord_label(int(root), int(quality)) for root, quality in header[:, 3:5]])


def code_tables(networks: Networks, pool: Pool) -> dict[str, dict[str, object]]:
    """Return what every code stands for, as `engine.generators.muser.model.CodeTable` reads it."""
    codes = encode_pool(networks.codes, pool)
    headers = pool.headers
    rows = [Beat(Header(0, root=root, quality=quality)) for root, quality in _chords()]
    with torch.no_grad():
        chords = networks.codes(torch.from_numpy(np.stack([beat_features(b) for b in rows])))[0]
    to_code = {
        "mode": [0, 1],
        "tempo": tempo_codes(networks.codes).tolist(),
        "chord": chords[:, ELEMENTS.index("chord")].tolist(),
    }
    tables: dict[str, dict[str, object]] = {}
    for index, name in enumerate(ELEMENTS):
        count = CODEBOOKS[name]
        used = np.bincount(codes[:, index], minlength=count)
        number = pool.statistics[:, index]
        known = ~np.isnan(number)
        total = np.bincount(codes[known, index], number[known], count)
        seen = np.bincount(codes[known, index], minlength=count)
        overall = float(number[known].mean())
        statistic = np.where(seen > 0, total / np.maximum(seen, 1), overall)
        labels: list[list[int]] = []
        if name in to_code:
            own = _own_label(name, headers)
            for code in range(count):
                mine = own[codes[:, index] == code]
                best = int(np.bincount(mine).argmax()) if len(mine) else int(to_code[name][0])
                labels.append(list(chord_parts(best)) if name == "chord" else [best])
        tables[name] = {
            "statistic": [round(float(value), 4) for value in statistic],
            "share": [round(float(value), 6) for value in used / len(codes)],
            "labels": labels,
            "of_label": {str(i): int(code) for i, code in enumerate(to_code.get(name, []))},
        }
    return tables


def _chords() -> list[tuple[int, int]]:
    return [chord_parts(label) for label in range(CHORD_LABELS)]


def write_graphs(
    networks: Networks,
    out: Path,
    tables: dict[str, dict[str, object]],
    facts: dict[str, str] | None = None,
) -> list[Path]:
    """Write ``muser_<graph>.onnx`` for every graph; returns their paths."""
    common = {
        "version": str(MODEL_VERSION),
        "training": networks.training,
        "fields": json.dumps(field_table()),
        "elements": json.dumps({name: CODEBOOKS[name] for name in ELEMENTS}),
        "latents": json.dumps(LATENT_ELEMENTS),
        "features": json.dumps(FEATURE_TOTAL),
        "licence": _LICENCE,
        "training_data": _TRAINING_DATA,
        **(facts or {}),
    }
    paths = []
    for graph, (module, inputs) in step_graphs(networks).items():
        path = out / f"muser_{graph}.onnx"
        metadata = {"stimmung_model": f"muser_{graph}", **common}
        if graph == "prior":
            metadata["codes"] = json.dumps(tables)
        metadata["parameters"] = str(sum(p.numel() for p in module.parameters()))
        write_graph(module, inputs, _OUTPUTS[graph], path, metadata)
        paths.append(path)
    return paths


def export(options: ExportOptions) -> list[Path]:
    """Export the checkpoints of a training folder, and renew the checksums of shipped files."""
    networks = load_networks(options.checkpoints)
    tables = code_tables(networks, load_pool(options.beats, "train"))
    facts = {"commit": options.commit} if options.commit else {}
    paths = write_graphs(networks, options.out, tables, facts)
    if options.out.resolve() == shipped_folder().resolve():
        write_table()
    return paths
