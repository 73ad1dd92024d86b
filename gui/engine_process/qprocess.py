"""A child process as a `QProcess`, and what is written to it; see `engine.process.child`."""

import json
from typing import Any

from PyQt6.QtCore import QObject, QProcess, QProcessEnvironment

from engine.mapping.table import InputMapping, OutputMapping
from engine.process.child import child_command, child_environment

__all__ = ["child_process", "command_line"]


def child_process(parent: QObject, module: str, *arguments: str) -> QProcess:
    """Return a process, not yet started, that runs one of our modules as a program."""
    process = QProcess(parent)
    program, *rest = child_command(module, *arguments)
    process.setProgram(program)
    process.setArguments(rest)
    environment = QProcessEnvironment()
    for name, value in child_environment().items():
        environment.insert(name, value)
    process.setProcessEnvironment(environment)
    return process


def command_line(do: str, **values: Any) -> bytes:
    """Return a command of `engine.live.remote` as the line that is written."""
    return json.dumps({"do": do, **values}, default=_plain).encode() + b"\n"


def _plain(value: OutputMapping | InputMapping) -> dict[str, Any]:
    """Return a mapping as JSON; everything else that is sent is plain."""
    return value.to_json()
