"""What a host does with the plug-in, and how its notes are looked at."""

import time

from plugin_host.host import Event, PluginHost, hanging, note_ons
from plugin_host.pattern import PatternEngine, nearest

__all__ = [
    "ROWS",
    "STOP",
    "check_offline",
    "check_places",
    "check_row",
    "connect",
    "find",
    "off_frames",
]

STOP = "transport 0 120 0 4 4"

ROWS = {
    "4/4": (48000, 256, "transport 1 133.7 0 4 4", "run 1.5 256 1 1"),
    "3/4, long blocks": (44100, 4096, "transport 1 120 0 3 4", "run 2.5 4096 1 1"),
    "6/8, high rate": (192000, 1024, "transport 1 97.31 0 6 8", "run 2.5 1024 1 1"),
    "7/8, odd blocks": (96000, -480, "transport 1 171.13 0 7 8", "run 1.5 -480 1 1"),
    "5/16": (88200, 333, "transport 1 150 0 5 16", "run 1.5 333 1 1"),
    "short blocks": (48000, 16, "transport 1 120 0 4 4", "run 0.8 16 1 1"),
    "changes of metre": (
        48000, 500, "transport 1 120 0 4 4", "run 2 500 1 1", "metre 7 8", "run 1.75 500 1 1",
        "metre 3 4", "run 1.5 500 1 1", "metre 5 8", "run 1.25 500 1 1",
    ),
    "faster": (48000, 512, "ramp 60", "transport 1 60 0 4 4", "run 2 512 1 1", "ramp 0"),
    "slower": (44100, 256, "ramp -60", "transport 1 180 0 3 4", "run 2 256 1 1", "ramp 0"),
    "loop": (48000, 256, "loop 0 2", "transport 1 120 0 4 4", "run 3 256 1 1", "loop 0 0"),
    "loop inside blocks": (
        44100, 256, "loop 0 1", "transport 1 120 0 4 4", "run 2 256 1 0", "loop 0 0",
    ),
    "loop of two bars of 7/8": (
        48000, 480, "loop 7 14", "transport 1 180 7 7 8", "run 3.5 480 1 1", "loop 0 0",
    ),
    "loop of a bar of 7/8": (
        48000, 256, "loop 0 3.5", "transport 1 150 0 7 8", "run 3.5 256 1 1", "loop 0 0",
    ),
    "jumps in a loop": (
        48000, 256, "loop 4 8", "transport 1 180 4 4 4", "run 0.9 256 1 1",
        "transport 1 180 5.3 4 4", "run 1.5 256 1 1", "loop 0 0",
    ),
}  # fmt: skip
"""What a host does with the plug-in: rate, block, orders."""


def connect(running: PluginHost, rate: int = 48000, block: int = 256) -> None:
    """Activate the plug-in and wait until it has found the engine."""
    running.do(f"activate {rate} 8192", within_s=300)  # wine starts slowly
    find(running, block)


def find(running: PluginHost, block: int = 256) -> None:
    """Wait until the plug-in has found the engine."""
    until = time.monotonic() + 20
    while running.value("connected") < 1:
        assert time.monotonic() < until, "the plug-in does not find the engine"
        running.do(f"run 0.02 {block} 1 1")


def off_frames(events: list[Event]) -> list[int]:
    """Return how far each note-on is from its frame."""
    return [round(event.frames_from(nearest(event.beat))) for event in note_ons(events)]


def check_places(engine: PatternEngine, events: list[Event]) -> None:
    """Check that every note is on its frame, but for those that came too late for it.

    The plug-in counts these: what a start or jump itself delays, and what a busy machine does.
    """
    block = engine.link.leader.block if engine.link.leader is not None else None
    off = off_frames(events)
    late = sum(map(bool, off))
    print(f"{len(off)} notes, {late} late: {sorted(set(off))} frames")
    assert len(off) >= 6 and block is not None
    assert late <= block.late and off.count(0) >= 3


def check_row(
    engine: PatternEngine, running: PluginHost, rate: int, block: int, *orders: str
) -> None:
    """Check one of the rows in time: late notes are those that the plug-in counts as late."""
    connect(running, rate, block)
    before = len(running.events)
    running.do(*orders, STOP, f"run 0.2 {block} 1 1")
    check_places(engine, running.events[before:])


def check_offline(running: PluginHost, name: str) -> None:
    """Check one of the rows as a host renders it: every note on its frame."""
    rate, block, *orders = ROWS[name]
    running.do("deactivate", "offline 1", f"activate {rate} 8192", within_s=300)
    find(running, block)
    before = len(running.events)
    for order in (*orders, STOP, f"run 0.2 {block} 1 1"):
        word, *rest = str(order).split()
        running.do(f"run {rest[0]} {rest[1]} 0 {rest[3]}" if word == "run" else str(order))
    events = running.events[before:]
    off = off_frames(events)
    assert len(off) >= 4 and not any(off), f"{name}: {sorted(set(off))} frames off"
    assert not hanging(running.events), name
