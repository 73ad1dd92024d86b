"""Commands take their options from the fields of dataclasses."""

import argparse
from dataclasses import dataclass, fields
from pathlib import Path

import pytest

from engine.errors import InputError
from export_onnx.__main__ import MODELS, TOOLS
from export_onnx.training.answers import Row, print_answer
from export_onnx.training.metrics import Score
from export_onnx.training.options import (
    add_options,
    data_option,
    nested,
    option,
    read_options,
    read_worker,
)

COMMANDS = [c for table in (*MODELS.values(), TOOLS) for c in table.values()]


@dataclass(frozen=True)
class Sizes:
    width: int = 4
    depth: int = 2


@dataclass(frozen=True)
class Options:
    data: Path = data_option()
    names: tuple[str, ...] = option((), flag="--name", choices=("a", "b", "c"))
    files: tuple[Path, ...] = option(())
    limit: int | None = option(None, "how many; 100 % is all")
    kind: str = option("one", choices=("one", "two"))
    quick: bool = option(False)
    worker: tuple[int, int] = option((0, 1), parse=read_worker)
    output: Path = option(Path("x"), flag="-o --output")
    hidden: int = 3
    sizes: Sizes = nested(Sizes, width="of all")


def read(*words):
    parser = argparse.ArgumentParser(exit_on_error=False)
    add_options(parser, Options)
    return read_options(Options, parser.parse_args(words))


def test_what_is_not_given_is_the_default():
    assert read("--data", "d") == Options(Path("d"))


def test_every_kind_is_read():
    words = "--data d --name a,b --name c --files p --files q,r --limit 3 --kind two --quick"
    found = read(*words.split(), "--worker", "1/4", "-o", "y", "--width", "9")
    assert found == Options(
        data=Path("d"),
        names=("a", "b", "c"),
        files=(Path("p"), Path("q,r")),
        limit=3,
        kind="two",
        quick=True,
        worker=(1, 4),
        output=Path("y"),
        sizes=Sizes(width=9),
    )


def test_what_is_wrong_is_named():
    with pytest.raises(InputError, match="--data is required"):
        read()
    with pytest.raises(InputError, match="--name d: must be of a, b, c"):
        read("--data", "d", "--name", "a,d")
    with pytest.raises(InputError, match="--worker 4/4: must look like 0/2"):
        read("--data", "d", "--worker", "4/4")
    with pytest.raises(argparse.ArgumentError, match="--kind"):
        read("--data", "d", "--kind", "three")


def test_help_has_every_option_and_its_default():
    parser = argparse.ArgumentParser()
    add_options(parser, Options)
    text = " ".join(parser.format_help().split())
    assert "of all (default 4)" in text
    assert "100 % is all" in text
    assert "--hidden" not in text


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.place)
def test_every_command_has_its_options(command):
    function, options = command.load()
    assert callable(function)
    parser = argparse.ArgumentParser()
    add_options(parser, options)
    offered = {a.dest for a in parser._actions}
    assert all(f.name in offered for f in fields(options) if "option" in f.metadata)
    parser.format_help()


def test_answers_are_printed(capsys, tmp_path):
    (tmp_path / "model.onnx").write_bytes(bytes(2_000_000))
    options = argparse.Namespace(out=Path("runs"), json=tmp_path / "rows.json")
    for answer in (None, 3, "words", tmp_path / "model.onnx", {"gap": 1e-6}):
        print_answer(answer, options)
    print_answer([Row("set", "r", "ours", Score(0.5, 0.4, 0.6, 7))], options)
    said = capsys.readouterr().out.splitlines()
    assert said[0] == "stopped; the same command goes on: runs"
    assert said[1:3] == ["runs: 3 files written", "words"]
    assert said[3].endswith("model.onnx, 2.0 MB")
    assert said[4] == "gap: 1e-06"
    assert said[5].split() == "set r ours 0.500 [ 0.400, 0.600] n 7".split()
    assert '"measure": "r"' in options.json.read_text()
