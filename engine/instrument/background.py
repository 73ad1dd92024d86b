"""Writes the sound of a MIDI file beside it, in a process of its own, while music plays on."""

import sys
from pathlib import Path

from engine.errors import StimmungError
from engine.instrument.programs import engine_programs
from engine.instrument.sound_file import render_file
from engine.process.background import be_nice, run_in_background

__all__ = ["render_in_background"]


def render_in_background(midi: Path, engine: str, soundfont: Path | None) -> None:
    """Start to write ``NAME.ogg`` beside ``NAME.mid``, with the sounds of an engine.

    Raises
    ------
    SessionError
        No process can be started.
    """
    font = [str(soundfont.resolve())] if soundfont is not None else []
    run_in_background("engine.instrument.background", str(midi.resolve()), engine, *font)


if __name__ == "__main__":
    be_nice()
    source, name, *fonts = sys.argv[1:]
    try:
        render_file(
            Path(source),
            Path(source).with_suffix(".ogg"),
            soundfont=Path(fonts[0]) if fonts else None,
            programs=engine_programs(name),
        )
    except StimmungError:
        sys.exit(1)
