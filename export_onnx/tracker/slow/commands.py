"""Command line of the slow lane: features, head, study, export, verify."""

import argparse
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from engine.errors import InputError
from export_onnx.training.arguments import data_folder, print_differences, read_worker

__all__ = ["COMMANDS"]

_RUNS = Path("runs/slow")
_MODEL = Path("presets/models/tracker_slow.onnx")


def _musicnn_option(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--musicnn", type=Path, required=True, help="unpacked wheel of the package musicnn"
    )


def _prepare_options(parser: argparse.ArgumentParser) -> None:
    _musicnn_option(parser)
    parser.add_argument("--out", type=Path, default=_RUNS / "features")
    parser.add_argument("--split", default="train,val", help="splits, separated by commas")
    parser.add_argument("--set", action="append", default=[], help="only this data set")
    parser.add_argument("--soundfont", type=Path, action="append", default=[])
    parser.add_argument("--variants", type=int, default=2, help="renderings per training piece")
    parser.add_argument("--worker", default="0/1", help="I/N: do every N-th item, from the I-th")


def _prepare(arguments: argparse.Namespace) -> int:
    from export_onnx.tracker.slow.features import SETS, FeatureOptions, prepare_features

    data = data_folder(arguments)
    worker, count = read_worker(arguments.worker)
    written = prepare_features(
        FeatureOptions(
            data=data,
            out=arguments.out,
            musicnn=arguments.musicnn,
            splits=tuple(arguments.split.split(",")),
            sets=tuple(arguments.set) or SETS,
            soundfonts=tuple(arguments.soundfont),
            variants=arguments.variants,
            worker=worker,
            n_workers=count,
        )
    )
    print(f"{written} clips prepared in {arguments.out}")
    return 0


def _head_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--features", type=Path, default=_RUNS / "features")
    parser.add_argument("--without", action="append", default=[], help="leave this set out")
    parser.add_argument("--deaf", action="append", default=[], choices=("trunk", "digest", "fast"))
    parser.add_argument("--members", type=int, default=None)
    parser.add_argument("--steps", type=int, default=None)
    parser.add_argument("--seed", type=int, default=None)


def _chosen(arguments: argparse.Namespace) -> tuple[Any, Any, tuple[str, ...]]:
    """Return sizes of the head, the training run, and the sets to learn from."""
    import torch

    from export_onnx.tracker.slow.features import SETS
    from export_onnx.tracker.slow.head import HeadConfig
    from export_onnx.tracker.slow.train import SlowTraining

    torch.set_num_threads(1)
    for name in arguments.without:
        if name not in SETS:
            raise InputError(f"--without {name}: not one of {', '.join(SETS)}")
    config = replace(
        HeadConfig(),
        use_trunk="trunk" not in arguments.deaf,
        use_digest="digest" not in arguments.deaf,
        use_fast="fast" not in arguments.deaf,
    )
    if arguments.members is not None:
        config = replace(config, members=arguments.members)
    given = {name: getattr(arguments, name) for name in ("steps", "seed")}
    training = replace(SlowTraining(), **{k: v for k, v in given.items() if v is not None})
    return config, training, tuple(name for name in SETS if name not in arguments.without)


def _train_options(parser: argparse.ArgumentParser) -> None:
    _head_options(parser)
    parser.add_argument("--out", type=Path, default=_RUNS / "head.pt")


def _train(arguments: argparse.Namespace) -> int:
    import torch

    from export_onnx.tracker.slow.features import load_features
    from export_onnx.tracker.slow.head import FAST_SHARE
    from export_onnx.tracker.slow.study import calibrate_head, cross_validate
    from export_onnx.tracker.slow.train import make_bank, train_head

    config, training, sets = _chosen(arguments)
    bank = make_bank(load_features(arguments.features, "train", sets), config, training)
    head = train_head(bank, config, training)
    shorter = replace(training, steps=training.steps // 2)  # does for the scale
    calibrate_head(head, cross_validate(bank, config, shorter))
    if config.use_fast:
        # Only now: the fast graph knows the songs of its own training, and would flatter.
        head.fast_share.fill_(FAST_SHARE)
    stored = {
        "head": head.state_dict(),
        "head_config": config.to_json(),
        "training": training.to_json(),
        "seed": training.seed,
        "sets": list(sets),
    }
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    torch.save(stored, arguments.out)
    print(f"trained on {len(bank.clips)} clips of {', '.join(sets)}: {arguments.out}")
    return 0


def _study_options(parser: argparse.ArgumentParser) -> None:
    _head_options(parser)
    parser.add_argument(
        "--kind", choices=("songs", "sets"), default="sets", help="what is left out of training"
    )
    parser.add_argument("--json", type=Path, default=None, help="also write the table here")


def _study(arguments: argparse.Namespace) -> int:
    from export_onnx.tracker.slow.features import load_features
    from export_onnx.tracker.slow.study import (
        cross_validate,
        leave_out,
        score_said,
    )
    from export_onnx.tracker.slow.train import make_bank

    config, training, sets = _chosen(arguments)
    bank = make_bank(load_features(arguments.features, "train", sets), config, training)
    said = []
    if arguments.kind == "songs":
        said = cross_validate(bank, config, training)
    else:
        for name in sets:
            kept = load_features(arguments.features, "val", (name,))
            said += leave_out(name, bank, kept, config, training)
    rows = score_said(said)
    for name, measure, score in rows:
        print(f"{name:8} {measure:22} {score.value:6.3f}  {score.low:6.3f} .. {score.high:6.3f}")
    if arguments.json is not None:
        table = [
            {"set": n, "measure": m, "value": s.value, "low": s.low, "high": s.high}
            for n, m, s in rows
        ]
        arguments.json.write_text(json.dumps(table, indent=1), encoding="utf-8")
    return 0


def _export_options(parser: argparse.ArgumentParser) -> None:
    _musicnn_option(parser)
    parser.add_argument("--checkpoint", type=Path, default=_RUNS / "head.pt")
    parser.add_argument("--out", type=Path, default=_MODEL)


def _export(arguments: argparse.Namespace) -> int:
    from export_onnx.tracker.slow.export import load_slow, write_slow

    network, facts = load_slow(arguments.checkpoint, arguments.musicnn)
    write_slow(network, arguments.out, facts)
    print(f"exported: {arguments.out}, {arguments.out.stat().st_size / 1e6:.1f} MB")
    return 0


def _verify_options(parser: argparse.ArgumentParser) -> None:
    _musicnn_option(parser)
    parser.add_argument("--checkpoint", type=Path, default=_RUNS / "head.pt")
    parser.add_argument("--model", type=Path, default=None, help="default: the shipped one")


def _verify(arguments: argparse.Namespace) -> int:
    from export_onnx.tracker.slow.export import load_slow, verify_slow

    network, _ = load_slow(arguments.checkpoint, arguments.musicnn)
    differences = verify_slow(arguments.model, network)
    return print_differences(differences)


COMMANDS = {
    "prepare": (_prepare_options, _prepare, "run both graphs over the data sets"),
    "train": (_train_options, _train, "train the head that fuses both lanes"),
    "evaluate": (_study_options, _study, "leave songs or whole sets out of training, and score"),
    "export": (_export_options, _export, "write trunk and head as ONNX"),
    "verify": (_verify_options, _verify, "compare ONNX with PyTorch"),
}
