"""``python -m export_onnx evaluate muser``: evaluate the engine's music and probe its codes."""

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING

from export_onnx.judges import trial

if TYPE_CHECKING:  # measuring needs torch, offering the command must not
    from collections.abc import Sequence

    from export_onnx.datasets import Item
    from export_onnx.judges.notes import Notes
    from export_onnx.muser.latent_probes import LatentProbes

__all__ = ["add_options", "run"]

_BEATS = Path("runs/muser/beats")
_INSIGHT = "insight"


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    trial.add_options(parser, engine="muser", more=(_INSIGHT,))
    parser.add_argument(
        "--beats", type=Path, default=_BEATS, help="prepared beats; missing ones are prepared"
    )
    parser.add_argument(
        "--model", type=Path, default=None, help="graphs whose codes are looked into; default ours"
    )


def run(arguments: argparse.Namespace) -> int:
    """Measure, print, write."""
    asked = arguments.sections.split(",")
    arguments.sections = ",".join(name for name in asked if name != _INSIGHT)
    if arguments.sections:
        trial.run(arguments, _through_codes if arguments.engine == "muser" else None)
    if _INSIGHT in asked:
        _look_inside(arguments)
    return 0


def _through_codes(items: "Sequence[Item]") -> "list[Notes]":
    from engine.generators.muser.model import MuserModel
    from export_onnx.muser.reconstruct import reconstruct_all

    return reconstruct_all(MuserModel(), items)


def _look_inside(arguments: argparse.Namespace) -> None:
    """Probe and draw the codes of the shipped model."""
    from engine.generators.muser.model import MuserModel
    from export_onnx.muser.latent_probes import draw, probe_latents, slices_of
    from export_onnx.muser.prepare import PrepareOptions, prepare
    from export_onnx.muser.store import load_corpus
    from export_onnx.training.arguments import data_folder

    model = MuserModel(arguments.model)
    places = {"train": arguments.train_data or data_folder(arguments)}
    places[arguments.split] = data_folder(arguments)
    for split, data in places.items():
        if not (arguments.beats / f"emopia_{split}.npz").is_file():
            prepare(PrepareOptions(Path(data), arguments.beats, (split,), ("emopia",)))
    train, held = (
        slices_of(load_corpus(arguments.beats, "emopia", split), model.encode_features)
        for split in ("train", arguments.split)
    )
    insight = probe_latents(train, held)
    lines = _tables(insight)
    print("\n".join(lines))
    if arguments.out is not None:
        arguments.out.mkdir(parents=True, exist_ok=True)
        (arguments.out / "insight.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
        (arguments.out / "insight.json").write_text(
            json.dumps(insight.to_json(), indent=1), encoding="utf-8"
        )
        draw(train, held, insight, arguments.out / "latents.png")
        print(f"drawn: {arguments.out / 'latents.png'}")


def _tables(insight: "LatentProbes") -> list[str]:
    """Return what was found as aligned lines."""
    from engine.generators.muser.vocabulary import ELEMENTS

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
    lines.append(
        f"{'element':10}{'gap':>8}  {'silhouette: quadrants':>22}{'arousal':>9}{'valence':>9}  "
        f"{'AUC arousal':>22}  {'AUC valence':>22}"
    )
    gaps = insight.gaps()
    for name in ELEMENTS:
        four, arousal, valence = insight.silhouettes[name]
        areas = "".join(
            f"  {score.value:6.2f} ({score.low:.2f} .. {score.high:.2f})"
            for score in insight.separation[name]
        )
        lines.append(
            f"{name:10}{gaps[name]:8.2f}  {four:22.2f}{arousal:9.2f}{valence:9.2f}  {areas}"
        )
    return lines
