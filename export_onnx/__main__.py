"""``python -m export_onnx COMMAND MODEL``: prepare, train, evaluate, export, verify.

To add a model, add one entry to `MODELS`: its commands. A command is a function of this package
that takes one dataclass, whose fields are its options (`export_onnx.training.options`), and returns
what is printed (`export_onnx.training.answers`). `TOOLS` are commands without a model.
"""

import argparse
import importlib
import inspect
import os
import sys
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from engine.errors import StimmungError
from export_onnx.training.answers import print_answer
from export_onnx.training.contract import TOLERANCE
from export_onnx.training.options import add_options, read_options

__all__ = ["MODELS", "TOOLS", "Command", "main", "make_parser"]


class Command(NamedTuple):
    """A command: where its function is, below this package, and a line of help."""

    place: str
    summary: str

    def load(self) -> tuple[Callable[[Any], Any], type[Any]]:
        """Return the function and the dataclass that it takes."""
        module, _, name = self.place.rpartition(".")
        function = getattr(importlib.import_module(f"export_onnx.{module}"), name)
        (parameter,) = inspect.signature(function).parameters.values()
        return function, parameter.annotation


MODELS: Mapping[str, Mapping[str, Command]] = {
    "tracker": {
        "prepare": Command("tracker.prepare.prepare", "render and analyse the data sets"),
        "train": Command("tracker.train.train", "train on the prepared features"),
        "evaluate": Command("tracker.evaluate.evaluate", "measure an ONNX file from audio"),
        "export": Command("tracker.export.export", "write a checkpoint as ONNX"),
        "verify": Command(
            "tracker.verify.verify_files", "compare ONNX with PyTorch and chunked with whole"
        ),
        "digest": Command("tracker.digest_fit.fit_digest", "fit the regression on statistics"),
        "blend": Command(
            "tracker.blend.blend_files", "average the weights of networks of one descent"
        ),
        "courses": Command(
            "tracker.score_teacher.write_courses",
            "let the notes say what every passage expresses",
        ),
        "speech": Command(
            "tracker.noises.prepare_sounds",
            "prepare speech of free synthesisers, noises and tones",
        ),
        "presence": Command(
            "tracker.presence_train.train_presence",
            "train the detector of music, speech and noise",
        ),
    },
    "slow": {
        "prepare": Command(
            "tracker.slow.features.prepare_features", "run both graphs over the data sets"
        ),
        "train": Command("tracker.slow.commands.train", "train the head that fuses both lanes"),
        "evaluate": Command(
            "tracker.slow.commands.study",
            "leave songs or whole sets out of training, and score",
        ),
        "export": Command("tracker.slow.export.export", "write trunk and head as ONNX"),
        "verify": Command("tracker.slow.export.verify", "compare ONNX with PyTorch"),
    },
    "games": {
        "prepare": Command("tracker.games.fetch", "fetch game music from Debian"),
        "evaluate": Command("tracker.games.judge", "rank game music by its titles"),
    },
    "judges": {
        "train": Command("judges.train.train", "train the judges on real clips"),
        "evaluate": Command("judges.train.evaluate", "measure the judges on real clips"),
        "aims": Command("judges.aims.learn_aims", "learn how strong an engine plays each valence"),
    },
    "muser": {
        "prepare": Command("muser.prepare.prepare", "read the data sets into beats"),
        "performers": Command(
            "muser.performers.write_performers", "learn how differently players play"
        ),
        "train": Command("muser.train.train", "train codes, decoder and prior on the beats"),
        "likelihood": Command("muser.likelihood.likelihood", "score held-out music, per element"),
        "export": Command("muser.export.export", "write the checkpoints as ONNX step graphs"),
        "verify": Command("muser.verify.verify", "compare ONNX with PyTorch and steps with whole"),
        "evaluate": Command("muser.evaluate.evaluate", "judge the engine, look at its codes"),
    },
    "amt": {
        "prepare": Command(
            "amt.prepare.prepare", "read the data sets into songs on half-bar slots"
        ),
        "train": Command("amt.commands.train", "train on the prepared songs"),
        "evaluate": Command("amt.evaluate.evaluate", "measure an ONNX file on a split"),
        "export": Command("amt.export.export", "write checkpoints as ONNX"),
        "verify": Command("amt.verify.verify", "compare ONNX with PyTorch and steps with wholes"),
    },
    "beat": {
        "teach": Command("beat.teacher.teach", "label recordings with madmom's offline beats"),
        "prepare": Command("beat.prepare.prepare", "render and analyse clips with beats"),
        "train": Command("beat.train.train", "train on the prepared clips"),
        "evaluate": Command("beat.evaluate.evaluate", "measure an ONNX file on prepared clips"),
        "export": Command("beat.export.export", "write a checkpoint as ONNX"),
        "verify": Command("beat.verify.verify_files", "compare ONNX with PyTorch"),
    },
    "transfer": {
        "train": Command("levels.train", "fit the levels that belong to an emotion"),
    },
    "clip": {
        "export": Command("clip.export", "write CLIP's image tower and sentences as ONNX"),
    },
}

TOOLS: Mapping[str, Command] = {
    "golden": Command("training.golden.write_all", "write the golden pairs of shipped models"),
    "datasets": Command("datasets.listing.list_sets", "list the data sets, and which are there"),
}


class _CommandParser(argparse.ArgumentParser):
    """Gets the options of its command when it is used: importing them imports PyTorch."""

    command: Command | None = None

    def complete(self) -> None:
        """Add the options, once."""
        if self.command is not None:
            add_options(self, self.command.load()[1])
            self.command = None

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """Add the options, and parse."""
        self.complete()
        return super().parse_known_args(args, namespace)


def make_parser() -> argparse.ArgumentParser:
    """Return the parser of every command."""
    parser = argparse.ArgumentParser(
        prog="python -m export_onnx", description="Train Stimmung's models and export them to ONNX."
    )
    commands = parser.add_subparsers(
        dest="command", required=True, metavar="COMMAND", parser_class=_CommandParser
    )
    names = dict.fromkeys(name for table in MODELS.values() for name in table)
    for name in names:
        offering = [model for model, table in MODELS.items() if name in table]
        summary = MODELS[offering[0]][name].summary
        subjects = commands.add_parser(name, help=summary, description=summary)
        models = subjects.add_subparsers(dest="subject", required=True, metavar="MODEL")
        for model in offering:
            entry = models.add_parser(model, help=MODELS[model][name].summary)
            entry.command = MODELS[model][name]
    for name, tool in TOOLS.items():
        entry = commands.add_parser(name, help=tool.summary, description=tool.summary)
        entry.command = tool
    return parser


def main(arguments: list[str] | None = None) -> int:
    """Run one command; returns the exit code (0 done, 2 bad input or usage, 1 anything else)."""
    parsed = make_parser().parse_args(arguments)
    command = TOOLS.get(parsed.command) or MODELS[parsed.subject][parsed.command]
    function, offered = command.load()
    try:
        options = read_options(offered, parsed)
        answer = function(options)
    except StimmungError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    if os.environ.get("RANK", "0") == "0":  # of the processes of torchrun the first one reports
        print_answer(answer, options)
    return 1 if parsed.command == "verify" and max(answer.values()) >= TOLERANCE else 0


if __name__ == "__main__":
    sys.exit(main())
