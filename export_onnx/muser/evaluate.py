"""``python -m export_onnx evaluate muser``: evaluate the engine's music and probe its codes."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from engine.generators.muser.model import MuserModel
from engine.generators.muser.vocabulary import ELEMENTS
from export_onnx.datasets import Item
from export_onnx.judges.notes import Notes
from export_onnx.judges.report import SECTIONS
from export_onnx.judges.trial import TrialOptions, try_engine
from export_onnx.muser.latent_probes import LatentProbes, probe_latents, slices_of
from export_onnx.muser.prepare import PrepareOptions, prepare
from export_onnx.muser.reconstruct import reconstruct_all
from export_onnx.muser.store import load_corpus
from export_onnx.training.options import option

__all__ = ["EvaluateOptions", "evaluate"]

_INSIGHT = "insight"
_SECTIONS = (*SECTIONS, _INSIGHT)


@dataclass(frozen=True)
class EvaluateOptions(TrialOptions):
    """Those of a trial; with ``insight`` the codes of the model are looked into."""

    engine: str = option("muser", "engine on trial")
    sections: tuple[str, ...] = option(_SECTIONS, "what to measure", choices=_SECTIONS)
    beats: Path = option(Path("runs/muser/beats"), "prepared beats; missing ones are prepared")
    model: Path | None = option(None, "graphs whose codes are looked into; default: the shipped")


def evaluate(options: EvaluateOptions) -> list[str]:
    """Measure and write; returns the tables as aligned lines."""
    lines = []
    sections = tuple(name for name in options.sections if name != _INSIGHT)
    if sections:
        codes = _through_codes if options.engine == "muser" else None
        lines += try_engine(replace(options, sections=sections), codes)
    if _INSIGHT in options.sections:
        lines += _look_inside(options)
    return lines


def _through_codes(items: Sequence[Item]) -> list[Notes]:
    return reconstruct_all(MuserModel(), items)


def _look_inside(options: EvaluateOptions) -> list[str]:
    """Probe the codes of a model."""
    model = MuserModel(options.model)
    places = {"train": options.train_data or options.data, options.split: options.data}
    for split, data in places.items():
        if not (options.beats / f"emopia_{split}.npz").is_file():
            prepare(PrepareOptions(data, options.beats, (split,), ("emopia",)))
    train, held = (
        slices_of(load_corpus(options.beats, "emopia", split), model.encode_features)
        for split in ("train", options.split)
    )
    insight = probe_latents(train, held)
    lines = _tables(insight)
    if options.out is not None:
        options.out.mkdir(parents=True, exist_ok=True)
        (options.out / "insight.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
        (options.out / "insight.json").write_text(
            json.dumps(insight.to_json(), indent=1), encoding="utf-8"
        )
    return lines


def _tables(insight: LatentProbes) -> list[str]:
    """Return what was found as aligned lines."""
    head = f"{'':10}" + "".join(f"{name:>10}" for name in ELEMENTS)
    lines = []
    for title, matrix in (
        ("R2 on held-out songs: slice of the row tells number of the column", insight.probes),
        ("the same from the row's number: what the music itself has in common", insight.numbers),
    ):
        lines += [title, head]
        lines += [
            f"{name:10}" + "".join(f"{value:10.2f}" for value in row)
            for name, row in zip(ELEMENTS, matrix, strict=True)
        ]
    gaps = insight.gaps()
    lines.append(f"{'element':10}{'gap':>8}")
    lines += [f"{name:10}{gaps[name]:8.2f}" for name in ELEMENTS]
    return lines
