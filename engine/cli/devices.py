"""``stimmung devices``: audio inputs, MIDI ports and cameras, by the names ``live`` understands."""

import argparse

from engine.cli.options import Commands
from engine.errors import DeviceError

__all__ = ["add", "run"]


def add(commands: "Commands[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = commands.add_parser(
        "devices",
        help="list audio inputs, MIDI ports and cameras",
        description="List audio inputs, MIDI ports and cameras. Any unambiguous part of a name "
        "will do for --input and --midi-out; --video takes the first word of a camera's line.",
        allow_abbrev=False,
    )
    parser.set_defaults(run=run)


def run(_parsed: argparse.Namespace) -> int:
    """Print what is there, and say what cannot be looked at and why."""
    from rich.console import Console

    from engine.audio import list_inputs
    from engine.midi.ports.probe import list_input_ports, list_output_ports
    from engine.video.camera import list_cameras

    console = Console(highlight=False)
    console.print("[bold]Audio inputs[/bold]")
    try:
        inputs = list_inputs()
    except DeviceError as error:
        console.print(f"  {error}", soft_wrap=True)
    else:
        for device in inputs:
            star = "  (default)" if device.is_default else ""
            console.print(
                f"  {device.name}, {device.host_api}  {device.channels} ch, "
                f"{device.default_sample_rate:g} Hz{star}",
                soft_wrap=True,
                markup=False,
            )
        if not inputs:
            console.print("  none; an audio file can be the input")
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
    console.print("A virtual port named Stimmung is made by --midi-out virtual (the default).")
    return 0
