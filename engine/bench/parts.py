"""What `stimmung bench` can measure: each part in a process of its own.

``python -m engine.bench.parts NAME SIZE`` is that process: it prints its figures as JSON. A part
that hangs or dies costs its own figures only, and memory is its own. What a machine lacks is a
figure too: ``{"missing": reason}``.
"""

import importlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal, get_args

from engine.bench.core import attempt, missing
from engine.process.child import child_command, child_environment

__all__ = ["PARTS", "SIZES", "Part", "Size", "measure"]

Size = Literal["quick", "standard", "long"]
"""Few repetitions; those of a report; enough for high percentiles."""

SIZES: Final[tuple[Size, ...]] = get_args(Size)


_PATIENCE: Final = 5.0
_LEAST_PATIENCE_S: Final = 300.0
_LONG: Final = 4.0  # so many times as long, about, takes what has a long form


@dataclass(frozen=True)
class Part:
    """One part.

    Attributes
    ----------
    place : str
        The function that measures, below this package.
    title : str
        What is measured, in a few words.
    about_s : float
        How long it takes on two cores, about [s].
    quick, long : mapping
        Arguments of the quick and of the long form, where they are not the defaults.
    standard : bool
        Whether it belongs to the report.
    """

    place: str
    title: str
    about_s: float
    quick: Mapping[str, Any] = field(default_factory=dict)
    long: Mapping[str, Any] = field(default_factory=dict)
    standard: bool = True

    @property
    def function(self) -> Callable[..., dict[str, Any]]:
        """What measures, imported now."""
        module, _, name = self.place.rpartition(".")
        found: Callable[..., dict[str, Any]] = getattr(
            importlib.import_module(f"engine.bench.{module}"), name
        )
        return found

    def work(self, size: Size) -> dict[str, Any]:
        """Measure; what this machine lacks is ``{"missing": reason}``."""
        sizes: dict[Size, Mapping[str, Any]] = {"quick": self.quick, "long": self.long}
        figures: dict[str, Any] = attempt(self.function, **sizes.get(size, {}))
        return figures


def measure(name: str, size: Size) -> dict[str, Any]:
    """Measure a part in a process of its own."""
    patience_s = max(_LEAST_PATIENCE_S, _PATIENCE * PARTS[name].about_s)
    if size == "long":
        patience_s *= _LONG
    process = subprocess.Popen(
        child_command("engine.bench.parts", name, size),
        env=child_environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # A group to end it by; not a session, which the scheduler would treat as another user's.
        process_group=0 if hasattr(os, "killpg") else None,
    )
    try:
        out, said = process.communicate(timeout=patience_s)
    except subprocess.TimeoutExpired:
        return missing(f"not done within {patience_s:.0f} s")
    finally:
        _end(process)
    if process.returncode:
        last = (said.strip().splitlines() or [f"exit code {process.returncode}"])[-1]
        return missing(f"failed ({last})")
    figures: dict[str, Any] = json.loads(out)
    return figures


def _end(process: "subprocess.Popen[str]") -> None:
    """End a part that still runs, with all it started."""
    if process.poll() is None:
        if hasattr(os, "killpg"):
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
        process.communicate()


PARTS: dict[str, Part] = {
    "tracker": Part(
        "tracker.measure_tracker",
        "cost of the tracker on one core",
        50,
        quick={"paced_s": 2.0, "hops": 100},
    ),
    "engines": Part(
        "engines.measure_engines", "cost of a beat with every engine", 5, quick={"bars": 2}
    ),
    "muser": Part(
        "generator.measure_muser",
        "cost of `muser`, compared with decoding without memory",
        6,
        quick={"bars": 2, "longest": 128},
    ),
    "live": Part(
        "live.measure_live",
        "start, memory and load of the live engine",
        48,
        quick={"seconds": 3.0},
    ),
    "reaction": Part(
        "reaction.run.measure_reaction",
        "from sound to emotion to note, over JACK",
        112,
        quick={"clicks": 2, "turns": 1},
        long={"clicks": 20, "turns": 12},
    ),
    "plugin": Part(
        "reaction.plugin.measure_plugin",
        "from sound to emotion to note through the plug-in, beside JACK",
        180,
        quick={"clicks": 3, "turns": 1},
        long={"clicks": 20, "turns": 12},
        standard=False,
    ),
    "midi": Part(
        "midi_out.run.measure_periods",
        "how late notes are at a receiver, all outputs over JACK",
        90,
        quick={"count": 200, "loads": ("idle",)},
        long={"periods": (64, 256, 1024), "count": 10_000},
    ),
    "lateness": Part(
        "midi_out.run.measure_outputs",
        "lateness of the send call, compared with a plain sleep loop",
        35,
        quick={"n_events": 50},
    ),
    "sync": Part(
        "sync.measure_sync",
        "how well a MIDI clock is followed",
        55,
        quick={"seconds": 6.0, "starts": 2},
        long={"seconds": 120.0, "starts": 20},
    ),
    "beats": Part(
        "beats.measure_all",
        "accuracy of beat detection, compared with other programs",
        150,
        quick={"clip_s": 12.0, "live_s": 25.0},
        long={"clip_s": 60.0, "live_s": 300.0},
        standard=False,
    ),
    "trackers": Part(
        "scaling.trackers.measure_trackers",
        "how many trackers can run at once",
        85,
        quick={"counts": (1, 2), "seconds": 1.0},
    ),
    "hours": Part(
        "scaling.hours.measure_hours",
        "cost of the last minute of an hour",
        100,
        quick={"minutes": 2},
    ),
    "daw": Part(
        "daw.run.measure_daw",
        "music recorded by Ardour",
        180,
        quick={"minutes": 0.2},
        long={"minutes": 5.0},
        standard=False,
    ),
    "changes": Part(
        "changes.measure_changes",
        "random starts, stops, jumps and tempi",
        30,
        quick={"orders": 50},
        long={"orders": 10_000},
        standard=False,
    ),
    "window": Part(
        "window.measure_window",
        "longest response time of the window",
        530,
        quick={"seconds": 5.0, "headless_s": 3.0},
        long={"seconds": 1800.0, "headless_s": 90.0},
        standard=False,
    ),
}
"""Name on the command line → what is measured; reports are in this order."""


if __name__ == "__main__":
    _size = next(size for size in SIZES if size == sys.argv[2])
    json.dump(PARTS[sys.argv[1]].work(_size), sys.stdout)
