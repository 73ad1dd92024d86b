"""Closed lists of words that settings may take, and the checks of ranges and choices."""

import math
import re
from typing import Final, Literal, get_args

from engine.errors import InputError

__all__ = [
    "ACTIONS",
    "AUTO_KEY",
    "AUTO_OUT",
    "BUILT_IN",
    "DUETS",
    "ENTRIES",
    "LIGHT_EXITS",
    "MODES",
    "PARTS",
    "PLUGIN",
    "SYNCS",
    "USUAL_PARTS",
    "Duet",
    "Entry",
    "Mode",
    "Sync",
    "check_choice",
    "check_range",
    "is_action",
    "read_truth",
]

Mode = Literal["follow", "contrast", "guide", "manual", "curve"]
MODES: tuple[Mode, ...] = get_args(Mode)
Sync = Literal["internal", "midi", "link", "jack", "plugin", "audio"]
SYNCS: tuple[Sync, ...] = get_args(Sync)
Duet = Literal["together", "turns"]
DUETS: tuple[Duet, ...] = get_args(Duet)
PARTS = ("lead", "chords", "bass", "pad", "drums")
USUAL_PARTS = PARTS[:3]
AUTO_KEY = "auto"
AUTO_OUT = "auto"
"""A MIDI port of our own; the built-in instrument while nobody is connected to it."""
BUILT_IN = "built-in"
"""MIDI output: the built-in instrument."""
LIGHT_EXITS = ("blackout", "hold")
PLUGIN = "plugin"
"""Audio input, beat and MIDI output through the plug-in."""

Entry = Literal["bar", "fill", "intro", "ending"]
ENTRIES: tuple[Entry, ...] = get_args(Entry)
"""How an entry of a set list begins: on the next bar, after a fill, with an intro, or after an
ending, when it waits for a start."""

ACTIONS: Final = {
    "panic": "End every note",
    "freeze": "Hold the target, or release it",
    "play": "Start or stop the music",
    "regenerate": "New notes for the same emotion",
    "next_preset": "Next preset, from the next bar on",
    "previous_preset": "Previous preset, from the next bar on",
    "listen": "Duet: switch between listening and playing",
    "intro": "Intro from the next bar; starts stopped music",
    "fill": "Fill until the bar line",
    "break_bar": "Silence for the next bar",
    "ending": "Cadence and last chord from the next bar, then silence",
    "next_section": "A fill, then other material",
    "lock_bar": "Lock the next bar: play it as the draft shows it; again: unlock it",
    "clear_bar": "Play nothing in the next bar",
    "redraw_bar": "Other notes in the next bar",
    "next_song": "Next entry of the set list",
    "previous_song": "Previous entry of the set list",
    "capture": "Save the last bars as a MIDI file",
    "tap": "Tap the tempo; with --sync audio the beat too",
    "half": "Detected beat: half the tempo",
    "double": "Detected beat: double the tempo",
    "shift_beat": "Detected beat: half a beat later",
    "one": "Detected beat: this is the first of a bar",
    "mark_calm": "Venue: what was just played is calm",
    "mark_intense": "Venue: what was just played is intense",
    "mark_dark": "Venue: what was just played is dark",
    "mark_bright": "Venue: what was just played is bright",
    "forget_venue": "Venue: back to the default scale",
}
"""Action of a pedal, a pad, OSC, the page or the pipe, and what it does. Each is a method of the
same name of `engine.live.triggers.Actions`. ``preset NAME`` is an action too, and those of bars
take a bar: ``lock_bar 12`` (its number from 1) or ``lock_bar +2`` (the bar after the next)."""

_WITH_ARGUMENT: Final = re.compile(r"preset .+|(lock|clear|redraw)_bar \+?[1-9][0-9]{0,8}")


_TRUTHS: Final = {
    **dict.fromkeys(("1", "on", "true", "yes"), True),
    **dict.fromkeys(("0", "off", "false", "no"), False),
}


def is_action(what: str) -> bool:
    """Return whether this names an action, with its argument if it takes one."""
    return what in ACTIONS or _WITH_ARGUMENT.fullmatch(what) is not None


def read_truth(name: str, value: object) -> bool:
    """Return a switch given as truth value, number (0 is off) or word such as ``"off"``.

    Raises
    ------
    InputError
        It is none of these.
    """
    if isinstance(value, str):
        found = _TRUTHS.get(value.strip().lower())
    else:
        number = isinstance(value, (int, float)) and math.isfinite(value)
        found = bool(value) if number else None
    if found is None:
        raise InputError(f"{name} must be a number, 0 for off, or on or off; got {value!r}")
    return found


def check_range(name: str, value: float, low: float, high: float) -> None:
    """Raise `InputError` naming value and range unless ``low <= value <= high``."""
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not number or not low <= value <= high:  # NaN fails too
        raise InputError(f"{name} must be a number from {low:g} to {high:g}; got {value!r}")


def check_choice(name: str, value: object, choices: tuple[str, ...]) -> None:
    """Raise `InputError` naming value and choices unless it is one of them."""
    if value not in choices:
        raise InputError(f"{name} must be one of {', '.join(choices)}; got {value!r}")
