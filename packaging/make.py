"""Writes what packages show of Stimmung from where it is told: manual page and icons.

    python packaging/make.py

Run it after an option of a command was changed; a test says when.
"""

import argparse
import os
import sys
from pathlib import Path

SHARE = Path(__file__).resolve().parent / "share"
MAN = SHARE / "man" / "man1" / "stimmung.1"
ICONS = SHARE / "icons" / "hicolor"
_PNG_SIDE = 256
_WIDTH = 100


def manual() -> str:
    """Return the manual page, made from the parsers of the command line."""
    from engine.cli import build_parser

    os.environ["COLUMNS"] = str(_WIDTH)  # argparse wraps the usage at the terminal's width
    parser = build_parser()
    lines = [
        '.TH STIMMUNG 1 "" "Stimmung" "User Commands"',
        ".SH NAME",
        "stimmung \\- hears the mood of music as it is played, and answers in MIDI",
        ".SH SYNOPSIS",
        ".B stimmung",
        ".I COMMAND",
        "[option ...]",
        ".SH DESCRIPTION",
        _escape(parser.description or ""),
        ".SH COMMANDS",
    ]
    for name, command in _commands(parser).items():
        lines += [f".SS {_escape(name)}", _escape(command.description or "")]
        lines += [".PP", ".nf", _escape(_usage(command)), ".fi"]
        for action in command._actions:  # argparse has no public list
            if action.help != argparse.SUPPRESS and "--help" not in action.option_strings:
                lines += [".TP", _title(action), _escape(_help(command, action))]
    lines += [
        ".SH EXIT STATUS",
        "0 done; 2 bad input or usage, with one line on standard error; 1 anything else.",
        ".SH FILES",
        "Presets of your own and the window's settings lie where the system keeps such things;",
        ".B stimmung doctor",
        "names the folder.",
    ]
    return "\n".join(line for line in lines if line) + "\n"


def _commands(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            return dict(action.choices)
    return {}


def _usage(command: argparse.ArgumentParser) -> str:
    return command.format_usage().removeprefix("usage: ").rstrip()


def _title(action: argparse.Action) -> str:
    metavar = action.metavar or action.dest.upper()
    value = "" if action.nargs == 0 else f" \\fI{_escape(str(metavar))}\\fR"
    if not action.option_strings:
        return value.strip()
    return ", ".join(f"\\fB{_escape(name)}\\fR{value}" for name in action.option_strings)


def _help(command: argparse.ArgumentParser, action: argparse.Action) -> str:
    formatter = command._get_formatter()
    return formatter._expand_help(action) if action.help else ""


def _escape(text: str) -> str:
    text = text.replace("\\", "\\e").replace("-", "\\-")
    return "\n".join(f"\\&{line}" if line[:1] in ".'" else line for line in text.splitlines())


def write_icons() -> None:
    """Write the icon of the window as SVG and PNG."""
    from PyQt6.QtCore import QRect, QSize, Qt
    from PyQt6.QtGui import QGuiApplication, QPainter, QPixmap
    from PyQt6.QtSvg import QSvgGenerator

    from gui.window.icon import SIDE, paint_icon

    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    application = QGuiApplication(sys.argv[:1])  # must outlive what is painted
    drawing = QSvgGenerator()
    drawing.setFileName(str(ICONS / "scalable" / "apps" / "stimmung.svg"))
    drawing.setTitle("Stimmung")
    drawing.setSize(QSize(SIDE, SIDE))
    drawing.setViewBox(QRect(0, 0, SIDE, SIDE))
    painter = QPainter(drawing)
    paint_icon(painter)
    painter.end()
    picture = QPixmap(_PNG_SIDE, _PNG_SIDE)
    picture.fill(Qt.GlobalColor.transparent)
    painter = QPainter(picture)
    painter.scale(_PNG_SIDE / SIDE, _PNG_SIDE / SIDE)
    paint_icon(painter)
    painter.end()
    picture.save(str(ICONS / f"{_PNG_SIDE}x{_PNG_SIDE}" / "apps" / "stimmung.png"))
    application.quit()


if __name__ == "__main__":
    MAN.write_text(manual(), encoding="utf-8")
    write_icons()
