"""``stimmung doctor``: checks this machine; every problem comes with what to do about it."""

import argparse
import sys
from collections.abc import Callable
from typing import Literal

from engine.cli.options import Commands
from engine.errors import StimmungError
from engine.midi.ports.advice import split_steps
from engine.process.child import child_command, child_environment

__all__ = ["add", "run"]


def add(commands: "Commands[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = commands.add_parser(
        "doctor",
        help="check this machine and say what to repair",
        description="Check models, audio, MIDI and window on this machine; each problem comes "
        "with what to do about it. Exit code 1 only if something needed everywhere is broken.",
        allow_abbrev=False,
    )
    parser.set_defaults(run=run)


class _Finding(Exception):
    """A problem, and what to do about it."""

    def __init__(self, problem: str, advice: str) -> None:
        super().__init__(problem)
        self.advice = advice


def _python() -> str:
    return f"{sys.version.split()[0]} at {sys.executable}"


def _models() -> str:
    from engine.models.golden import check_golden, shipped_models

    gaps = [check_golden(model) for model in shipped_models()]
    return f"{len(gaps)} models give their golden outputs, to {max(gaps):.0e}"


def _presets() -> str:
    from engine.settings.presets import broken_presets, list_presets, user_folder

    for error in broken_presets():
        raise _Finding(str(error), "repair the file, or delete it; the other presets work")
    return f"{len(list_presets())} presets; your own: {user_folder()}"


def _audio_input() -> str:
    return _devices("input", "`--input FILE` works without any")


def _audio_output() -> str:
    return _devices("output", "`--audio FILE.ogg` writes what would sound")


def _devices(direction: Literal["input", "output"], otherwise: str) -> str:
    from engine.audio import list_devices

    found = list_devices()[direction]
    if not found:
        raise _Finding(f"no audio {direction}", f"plug one in, or start JACK/PipeWire; {otherwise}")
    return ", ".join(device.name for device in found[:4])


def _midi() -> str:
    from engine.midi.sender.client import SenderClient

    with SenderClient("virtual", port_name="Stimmung doctor") as sender:
        return f"virtual port opened: {sender.status().port}"


def _plugin() -> str:
    from engine.plugin.install import status

    formats = status()
    installed = [entry.format for entry in formats if entry.there]
    if not installed:
        raise _Finding("not installed", "stimmung plugin install (only for use in a workstation)")
    old = [entry.format for entry in formats if entry.there and not entry.current]
    if old:
        raise _Finding(f"{', '.join(old)} of another version", "stimmung plugin install")
    return f"{', '.join(installed)} installed; serve it with: stimmung live --plugin"


def _realtime() -> str:
    import os
    import subprocess

    if not hasattr(os, "sched_setscheduler"):
        return "priorities are the system's business here"
    answer = subprocess.run(
        child_command("engine.midi.sender.priority"),
        env=child_environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    if answer.stdout.strip() != "fifo":
        raise _Finding(
            "the MIDI sender may not raise its priority (timing is good, but not the best)",
            "sudo usermod -aG audio $USER, with @audio rtprio 95 in /etc/security/limits.conf",
        )
    return "the MIDI sender may run with real-time priority"


def _window() -> str:
    import subprocess

    # In a process of its own: the engine never imports Qt, and a broken Qt may abort.
    answer = subprocess.run(
        child_command("gui", "--check"),
        env=child_environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    problem = (answer.stdout + answer.stderr).strip()
    if problem:
        raise _Finding(
            problem.splitlines()[-1].removeprefix("stimmung: "),
            "`stimmung live` in the terminal needs no window",
        )
    return "Qt can open a window"


_CHECKS: tuple[tuple[str, bool, Callable[[], str]], ...] = (
    ("Python", True, _python),
    ("models", True, _models),
    ("presets", True, _presets),
    ("audio input", False, _audio_input),
    ("audio output", False, _audio_output),
    ("MIDI output", False, _midi),
    ("plug-in", False, _plugin),
    ("priority", False, _realtime),
    ("window", False, _window),
)
"""What is checked, whether everything depends on it, and how."""


def run(_parsed: argparse.Namespace) -> int:
    """Run all checks and print them."""
    from rich.console import Console

    console = Console(highlight=False, soft_wrap=True)
    broken = False
    for name, needed, check in _CHECKS:
        try:
            answer = check()
            console.print(f"[green]ok[/green]    {name}: ", end="")
            console.print(answer, markup=False)
        except _Finding as finding:
            _report(console, needed, name, str(finding), finding.advice)
            broken |= needed
        except StimmungError as error:
            problem, _, advice = str(error).partition("; ")
            _report(console, needed, name, problem, advice)
            broken |= needed
    return 1 if broken else 0


def _report(console: object, needed: bool, name: str, problem: str, advice: str) -> None:
    from rich.console import Console

    assert isinstance(console, Console)
    colour, word = ("red", "BAD") if needed else ("yellow", "note")
    console.print(f"[{colour}]{word:<4}[/{colour}]  {name}: ", end="")
    console.print(problem, markup=False)
    steps = split_steps(advice)
    for step in steps:
        console.print(f"      {'do: ' * (len(steps) == 1)}{step}", markup=False)
