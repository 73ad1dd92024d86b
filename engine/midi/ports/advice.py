"""What to do where no MIDI port of our own can be made, step by step.

Windows has no virtual ports; its MIDI Services (Windows 11) bring a pair of endpoints, each of
which hears what is sent to the other. Linux has virtual ports only with the ALSA sequencer or JACK,
and PipeWire shows its JACK side only to programs started through ``pw-jack``.
"""

import os
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

__all__ = ["Direction", "Surroundings", "explain", "look_around", "split_steps"]

Direction = Literal["out", "in"]

_SEQUENCER = Path("/dev/snd/seq")
_PLUGIN = "or use the plug-in, which needs no port: stimmung plugin install, stimmung live --plugin"
_LOOP_MIDI = "https://www.tobias-erichsen.de/software/loopmidi.html"
_PAIR = "default app loopback"
"""Windows MIDI Services' pair, whose sides are named (A) and (B)."""

_WORDS_OF_LOOPS = ("loopmidi", "loopbe", "midi loopback", "iac", "virtual")


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What of MIDI there is on a machine.

    Attributes
    ----------
    platform : str
        As `sys.platform`.
    sequencer : str
        Linux: ``open``, ``forbidden`` or ``missing``: the ALSA sequencer.
    pipewire, pw_jack, jackd : bool
        Whether PipeWire runs; whether its JACK side and a JACK server are installed.
    ports : tuple of str
        Existing ports of the direction asked for, where they are known.
    """

    platform: str
    sequencer: str = "missing"
    pipewire: bool = False
    pw_jack: bool = False
    jackd: bool = False
    ports: tuple[str, ...] = ()


def look_around(ports: Sequence[str] = ()) -> Surroundings:
    """Return what this machine has; opens nothing."""
    sequencer = "missing"
    if _SEQUENCER.exists():
        sequencer = "open" if os.access(_SEQUENCER, os.R_OK | os.W_OK) else "forbidden"
    runtime = os.environ.get("PIPEWIRE_RUNTIME_DIR") or os.environ.get("XDG_RUNTIME_DIR", "")
    return Surroundings(
        sys.platform,
        sequencer,
        bool(runtime) and (Path(runtime) / "pipewire-0").exists(),
        shutil.which("pw-jack") is not None,
        shutil.which("jackd") is not None,
        tuple(ports),
    )


def explain(there: Surroundings, direction: Direction) -> str:
    """Return one line: the problem, a semicolon, ``do this:`` and numbered steps."""
    if there.platform == "win32":
        problem, steps = "this system has no virtual MIDI ports", _on_windows(there, direction)
    elif there.platform == "darwin":
        problem, steps = "CoreMIDI could not be opened", _on_mac(direction)
    else:
        problem, steps = "no MIDI system found", _on_linux(there, direction)
    if direction == "out":
        steps.append("or plug in an audio output: the built-in instrument plays there")
        steps.append("or play live without notes: --midi-out none")
    return f"{problem}; do this: " + ", ".join(f"{n}) {step}" for n, step in enumerate(steps, 1))


def split_steps(cure: str) -> list[str]:
    """Return the numbered steps of a line by `explain`, or the line itself if it has none."""
    steps: list[str] = []
    rest, number = cure.removeprefix("do this: "), 1
    while rest.startswith(f"{number}) "):
        step, found, after = rest.partition(f", {number + 1}) ")
        steps.append(step)
        rest = f"{number + 1}) {after}" if found else ""
        number += 1
    return [*steps, rest] if rest else steps


def _on_windows(there: Surroundings, direction: Direction) -> list[str]:
    theirs = "DAW's MIDI input" if direction == "out" else "DAW's MIDI clock output"
    pair = next((port for port in there.ports if _PAIR in port.lower()), "")
    if pair:
        other = pair.replace("(A)", "(B)") if "(A)" in pair else pair.replace("(B)", "(A)")
        there_is = f'use the endpoint that Windows has: {_option(direction)} "{pair}"'
        return [there_is, f'choose its other side, "{other}", as {theirs}', _PLUGIN]
    loop = next((port for port in there.ports if _is_loop(port)), "")
    if loop:
        there_is = f'use the port that is there: {_option(direction)} "{loop}"'
        return [there_is, f"choose it as {theirs}", _PLUGIN]
    return [
        f"install loopMIDI ({_LOOP_MIDI}) and start it",
        'press its + once: a port "loopMIDI Port" appears'
        + ("" if direction == "out" else " (a second one beside that for our notes)"),
        f'start with {_option(direction)} "loopMIDI Port"',
        f"choose it as {theirs}",
        _PLUGIN,
    ]


def _on_mac(direction: Direction) -> list[str]:
    return [
        "open Audio MIDI Setup, Window > Show MIDI Studio, and see whether it opens",
        "log out and in again: that restarts the MIDI server",
        f'or switch on the IAC Driver there and use {_option(direction)} "IAC"',
    ]


def _on_linux(there: Surroundings, direction: Direction) -> list[str]:
    steps = []
    if there.sequencer == "forbidden":
        steps += ["let yourself use MIDI: sudo usermod -aG audio $USER", "log out and in again"]
    elif there.sequencer == "missing":
        steps += [
            "load the ALSA sequencer: sudo modprobe snd-seq",
            "keep it: echo snd-seq | sudo tee /etc/modules-load.d/snd-seq.conf",
        ]
    if there.pipewire and there.pw_jack:
        steps.append(f"or through PipeWire's JACK: pw-jack stimmung live {_option(direction)} jack")
    elif there.pipewire:
        steps.append(
            "or through PipeWire's JACK: install pipewire-jack, then "
            f"pw-jack stimmung live {_option(direction)} jack"
        )
    elif there.jackd:
        steps.append("or start a JACK server (`jackd -d alsa`; `jackd -d dummy` needs no card)")
    else:
        steps.append("or install a JACK server (Debian: apt install jackd2) and start it")
    return steps


def _is_loop(port: str) -> bool:
    return any(word in port.lower() for word in _WORDS_OF_LOOPS)


def _option(direction: Direction) -> str:
    return "--midi-out" if direction == "out" else "--midi-in"
