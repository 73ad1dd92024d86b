"""Command line of the judges, called by ``export_onnx.__main__``."""

import argparse
import json
from dataclasses import asdict
from pathlib import Path

from export_onnx.judges import page
from export_onnx.training.arguments import data_folder

__all__ = ["COMMANDS"]

_FOLDER = Path("runs/judges")


def _train_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--out", type=Path, default=_FOLDER, help="folder of the judges")
    parser.add_argument("--seed", type=int, default=None)


def _train(arguments: argparse.Namespace) -> int:
    import torch

    from export_onnx.judges.sequence import SequenceConfig
    from export_onnx.judges.train import train_judges

    torch.set_num_threads(1)  # more threads would change the last digits, and so the judges
    config = SequenceConfig() if arguments.seed is None else SequenceConfig(seed=arguments.seed)
    train_judges(data_folder(arguments), arguments.out, config)
    print(f"judges trained: {arguments.out}")
    return 0


def _evaluate_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--split", default="val")
    parser.add_argument("--judges", type=Path, default=_FOLDER, help="folder of the judges")
    parser.add_argument("--json", type=Path, default=None, help="also write the table here")


def _evaluate(arguments: argparse.Namespace) -> int:
    from export_onnx.judges.train import check_judges, load_bench

    bench = load_bench(arguments.judges)
    rows = check_judges(bench, data_folder(arguments), arguments.split, arguments.judges)
    print(f"{'judge':18} {'measure':28} {'value':>7}  95 % interval      n")
    for judge, measure, score in rows:
        print(
            f"{judge:18} {measure:28} {score.value:7.3f}  "
            f"{score.low:6.3f} .. {score.high:6.3f}  {score.n:4d}"
        )
    if arguments.json is not None:
        table = [{"judge": j, "measure": m, **asdict(score)} for j, m, score in rows]
        arguments.json.write_text(json.dumps(table, indent=1), encoding="utf-8")
    return 0


COMMANDS = {
    "train": (_train_options, _train, "train the judges on real clips"),
    "evaluate": (_evaluate_options, _evaluate, "measure the judges on real clips"),
    "compare": (page.add_options, page.run, "figures of engines side by side, as Markdown"),
}
