"""Command line of the chord model: one function per command, called by ``export_onnx.__main__``."""

import argparse
import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from export_onnx.training.arguments import data_folder, print_differences

if TYPE_CHECKING:
    from export_onnx.amt.evaluate import Row

__all__ = ["COMMANDS", "show"]

_RUNS = Path("runs/amt")
_MODEL = Path("presets/models/amt.onnx")


def _prepare_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--split", default="train,val", help="splits, separated by commas")
    parser.add_argument("--out", type=Path, default=_RUNS / "prepared", help="folder of songs")
    parser.add_argument("--seed", type=int, default=20251121)


def _prepare(arguments: argparse.Namespace) -> int:
    from export_onnx.amt.prepare import PrepareOptions, prepare

    counts = prepare(
        PrepareOptions(
            data=data_folder(arguments),
            out=arguments.out,
            splits=tuple(arguments.split.split(",")),
            seed=arguments.seed,
        )
    )
    shown = ", ".join(f"{count} {split}" for split, count in counts.items())
    print(f"songs prepared in {arguments.out}: {shown}")
    return 0


def _train_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--setup",
        default="live",
        choices=tuple(_SETUPS),
        help="live: the chord model; dynamics: density and loudness; lstm: to compare with; "
        "paper, paper-dynamics: as published, on MuVi-Sync (need --data)",
    )
    parser.add_argument("--prepared", type=Path, default=_RUNS / "prepared")
    parser.add_argument("--out", type=Path, default=_RUNS / "train", help="folder of checkpoints")
    parser.add_argument("--name", default="amt", help="of the chord model's checkpoint")
    parser.add_argument("--epochs", type=int, default=None)
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--weights", type=Path, default=None, help="live: to begin with")
    parser.add_argument("--batch", type=int, default=None, help="live: songs per step and process")
    parser.add_argument("--learning-rate", type=float, default=None, help="live: highest")
    parser.add_argument(
        "--choose", type=float, default=0.0, help="live: share of songs left out to choose by"
    )
    parser.add_argument(
        "--pictures-only", action="store_true", help="live: the weights of CLIP components alone"
    )
    parser.add_argument(
        "--stop-after", type=int, default=0, help="live: epoch to stop after; 0 trains to the end"
    )


def _given(arguments: argparse.Namespace, *names: str) -> dict[str, Any]:
    """Options that were given, for `dataclasses.replace`."""
    return {name: v for name in names if (v := getattr(arguments, name)) is not None}


def _train_live(arguments: argparse.Namespace) -> Path | None:
    from export_onnx.amt.config import TrainConfig
    from export_onnx.amt.train import TrainOptions, train

    names = ("epochs", "seed", "batch", "learning_rate")
    return train(
        TrainOptions(
            prepared=arguments.prepared,
            out=arguments.out,
            name=arguments.name,
            choose=arguments.choose,
            start=arguments.weights,
            threads=arguments.threads,
            stop_after_epochs=arguments.stop_after,
            pictures_only=arguments.pictures_only,
            train=replace(TrainConfig(), **_given(arguments, *names)),
        )
    )


def _train_dynamics(arguments: argparse.Namespace) -> Path:
    from export_onnx.amt.regressor import RegressorOptions, train_regressor

    for both_ways in (True, False):
        options = RegressorOptions(
            arguments.prepared, arguments.out, both_ways, threads=arguments.threads
        )
        config = replace(options.train, **_given(arguments, "seed"))
        options = replace(options, train=config, **_given(arguments, "epochs"))
        path = train_regressor(options)
    return path


def _train_lstm(arguments: argparse.Namespace) -> Path:
    from export_onnx.amt.lstm import LstmOptions, train_lstm

    options = LstmOptions(arguments.prepared, arguments.out, threads=arguments.threads)
    return train_lstm(replace(options, **_given(arguments, "epochs", "seed")))


def _train_paper(arguments: argparse.Namespace) -> Path:
    from export_onnx.amt.paper import PaperOptions, train_paper

    options = PaperOptions(data_folder(arguments), arguments.out, threads=arguments.threads)
    return train_paper(replace(options, **_given(arguments, "epochs", "seed")))


def _train_paper_dynamics(arguments: argparse.Namespace) -> Path:
    from export_onnx.amt.paper_dynamics import PaperDynamicsOptions, train_paper_dynamics

    options = PaperDynamicsOptions(data_folder(arguments), arguments.out, threads=arguments.threads)
    return train_paper_dynamics(replace(options, **_given(arguments, "epochs", "seed")))


_SETUPS: dict[str, Callable[[argparse.Namespace], Path | None]] = {
    "live": _train_live,
    "dynamics": _train_dynamics,
    "lstm": _train_lstm,
    "paper": _train_paper,
    "paper-dynamics": _train_paper_dynamics,
}


def _train(arguments: argparse.Namespace) -> int:
    path = _SETUPS[arguments.setup](arguments)
    shown = f"stopped; the same command goes on: {arguments.out}"
    print(shown if path is None else f"trained: {path}")
    return 0


def show(rows: Sequence["Row"], file: Path | None) -> None:
    """Print measured rows as a table, and write them to ``file`` as JSON if given."""
    print(f"{'set':8} {'measure':48} {'system':30} {'value':>7}  95 % interval      n")
    for row in rows:
        score = row.score
        print(
            f"{row.dataset:8} {row.measure:48} {row.system:30} {score.value:7.3f}  "
            f"{score.low:6.3f} .. {score.high:6.3f}  {score.n:4d}"
        )
    if file is not None:
        file.write_text(json.dumps([row.to_json() for row in rows], indent=1), encoding="utf-8")


def _evaluate_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--split", default="val")
    parser.add_argument("--model", type=Path, default=None, help="default: the shipped one")
    parser.add_argument(
        "--prepared", type=Path, default=None, help="prepared training songs, for the baselines"
    )
    parser.add_argument("--lstm", type=Path, default=None, help="its checkpoint, to compare with")
    parser.add_argument("--limit", type=int, default=0, help="songs per data set; 0 takes all")
    parser.add_argument("--sets", default="", help="data sets, by commas; default all there are")
    parser.add_argument("--json", type=Path, default=None, help="also write the table here")


def _evaluate(arguments: argparse.Namespace) -> int:
    from export_onnx.amt.evaluate import EvaluateOptions, evaluate

    rows = evaluate(
        EvaluateOptions(
            data=data_folder(arguments),
            split=arguments.split,
            model=arguments.model,
            prepared=arguments.prepared,
            lstm=arguments.lstm,
            limit=arguments.limit,
            **({"sets": tuple(arguments.sets.split(","))} if arguments.sets else {}),
        )
    )
    show(rows, arguments.json)
    return 0


def _export_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--checkpoint",
        type=Path,
        action="append",
        default=[],
        help=f"network to average in, may be given again; default {_RUNS / 'train' / 'amt.pt'}",
    )
    parser.add_argument("--readers", type=Path, default=_RUNS / "prepared" / "readers.json")
    parser.add_argument("--out", type=Path, default=_MODEL)
    parser.add_argument(
        "--dynamics", type=Path, default=_RUNS / "train", help="folder with dynamics_*.pt"
    )
    parser.add_argument("--commit", default="", help="source the model was trained with")


def _checkpoints(arguments: argparse.Namespace) -> tuple[Path, ...]:
    return tuple(arguments.checkpoint) or (_RUNS / "train" / "amt.pt",)


def _export(arguments: argparse.Namespace) -> int:
    from export_onnx.amt.export import ExportOptions, export
    from export_onnx.amt.regressor import export_regressor

    export(
        ExportOptions(
            checkpoints=_checkpoints(arguments),
            out=arguments.out,
            readers=arguments.readers,
            commit=arguments.commit,
        )
    )
    written = [arguments.out]
    for kind in ("whole", "live"):
        checkpoint = arguments.dynamics / f"dynamics_{kind}.pt"
        if checkpoint.is_file():
            written.append(arguments.out.with_name(f"{arguments.out.stem}_dynamics_{kind}.onnx"))
            export_regressor(checkpoint, written[-1])
    for path in written:
        print(f"exported: {path}, {path.stat().st_size / 1e6:.1f} MB")
    return 0


def _verify_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--model", type=Path, default=None, help="default: the shipped one")
    parser.add_argument(
        "--checkpoint", type=Path, action="append", default=[], help="as given to export"
    )


def _verify(arguments: argparse.Namespace) -> int:
    from engine.generators.amt.model import AmtModel
    from export_onnx.amt.export import load_networks
    from export_onnx.amt.verify import verify

    networks, _ = load_networks(_checkpoints(arguments))
    report = verify(AmtModel(arguments.model), networks)
    return print_differences(report)


def _ablate_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--prepared", type=Path, default=_RUNS / "prepared")
    parser.add_argument("--out", type=Path, default=_RUNS / "ablate", help="folder of checkpoints")
    parser.add_argument("--songs", type=int, default=240, help="songs to train on")
    parser.add_argument("--epochs", type=int, default=6)
    parser.add_argument("--seed", type=int, default=20251121)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--json", type=Path, default=None, help="also write the table here")


def _ablate(arguments: argparse.Namespace) -> int:
    from export_onnx.amt.ablate import AblateOptions, ablate

    names = ("prepared", "out", "songs", "epochs", "seed", "threads")
    show(
        ablate(AblateOptions(**{name: getattr(arguments, name) for name in names})), arguments.json
    )
    return 0


COMMANDS = {
    "ablate": (_ablate_options, _ablate, "short trainings without parts, compared"),
    "prepare": (_prepare_options, _prepare, "read the data sets into songs on half-bar slots"),
    "train": (_train_options, _train, "train on the prepared songs"),
    "evaluate": (_evaluate_options, _evaluate, "measure an ONNX file on a split"),
    "export": (_export_options, _export, "write checkpoints as ONNX"),
    "verify": (_verify_options, _verify, "compare ONNX with PyTorch and steps with wholes"),
}
