"""``stimmung devices``: audio devices, MIDI ports and cameras, by the names ``live`` takes."""

import argparse

from engine.cli.options import Commands
from engine.errors import DeviceError

__all__ = ["add", "run"]

_INSTEAD = {"input": "an audio file can be the input", "output": "--audio FILE writes the sound"}


def add(commands: "Commands[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = commands.add_parser(
        "devices",
        help="list audio inputs and outputs, MIDI ports and cameras",
        description="List audio inputs and outputs, MIDI ports and cameras. Any unambiguous part "
        "of a name will do for --input, --audio-out and --midi-out; --video takes the first word "
        "of a camera's line.",
        allow_abbrev=False,
    )
    parser.set_defaults(run=run)


def run(_parsed: argparse.Namespace) -> int:
    """Print what is there, and say what cannot be looked at and why."""
    from rich.console import Console

    from engine.audio import list_devices
    from engine.midi.ports.probe import list_input_ports, list_output_ports
    from engine.video.camera import list_cameras

    console = Console(highlight=False)
    try:
        found = list_devices()
    except DeviceError as error:
        console.print(f"[bold]Audio[/bold]\n  {error}", soft_wrap=True)
    else:
        for direction, devices in found.items():
            console.print(f"[bold]Audio {direction}s[/bold]")
            for device in devices:
                star = "  (default)" if device.is_default else ""
                console.print(
                    f"  {device.name}, {device.host_api}  {device.channels} ch, "
                    f"{device.default_sample_rate:g} Hz{star}",
                    soft_wrap=True,
                    markup=False,
                )
            if not devices:
                console.print(f"  none; {_INSTEAD[direction]}")
    for title, ports in (
        ("MIDI outputs", list_output_ports()),
        ("MIDI inputs", list_input_ports()),
    ):
        console.print(f"[bold]{title}[/bold]")
        for port in ports:
            console.print(f"  {port}", soft_wrap=True, markup=False)
        if not ports:
            console.print("  none")
    console.print("[bold]Cameras[/bold]")
    try:
        cameras = list_cameras()
    except DeviceError as error:
        cameras = [str(error)]
    for camera in cameras or ["none"]:
        console.print(f"  {camera}", soft_wrap=True, markup=False)
    console.print(
        "A port named Stimmung is made by default; the built-in instrument plays through an audio "
        "output until a synthesizer or DAW is connected to it (JACK, ALSA), or with --midi-out "
        "built-in.",
        soft_wrap=True,
    )
    return 0
