"""Make the recorded session of the lights, and its picture, from a real run.

``python docs/lights.py`` plays the demo piece to the live engine with the fixtures of
``examples/fixtures.json`` lit by Art-Net, records the session into ``docs/sessions/lights``, keeps
what a receiver on this machine saw of each lamp as ``lights.csv`` there, and draws both above each
other as ``docs/pictures/lights.png``.
"""

import csv
import shutil
import socket
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Final

import matplotlib

import presets
from engine.live.runtime import Runtime
from engine.mapping.lights import Fixture, read_fixtures
from engine.session import Session, read_session
from engine.session.recover import PRODUCTS
from engine.settings.addresses import LightTarget
from engine.settings.performance import Performance
from engine.settings.run import LiveConfig

__all__ = ["main"]

FOLDER: Final = Path(__file__).parent
SESSION: Final = FOLDER / "sessions" / "lights"
PICTURE: Final = FOLDER / "pictures" / "lights.png"
FIXTURES: Final = FOLDER.parent / "examples" / "fixtures.json"
_HEADER = 18
_STEP_S = 0.1

Row = tuple[float, list[tuple[int, int, int]]]
"""A time since the start [s], and red, green and blue of each fixture."""


def main() -> int:
    """Play, record, draw; return the exit code."""
    fixtures = read_fixtures(FIXTURES)
    with tempfile.TemporaryDirectory() as folder:
        recorded = Path(folder) / "lights"
        rows = _play(fixtures, recorded)
        shutil.rmtree(SESSION, ignore_errors=True)
        SESSION.mkdir(parents=True)
        for name in ("events.jsonl", *PRODUCTS):
            shutil.copy(recorded / name, SESSION / name)
    with (SESSION / "lights.csv").open("w", encoding="utf-8", newline="") as stream:
        table = csv.writer(stream, lineterminator="\n")
        colours = ("red", "green", "blue")
        names = [f"{fixture.name} {colour}" for fixture in fixtures for colour in colours]
        table.writerow(["time_s", *names])
        table.writerows([f"{at_s:.2f}", *sum(seen, ())] for at_s, seen in rows)
    _draw(read_session(SESSION), fixtures, rows)
    print(SESSION, PICTURE)
    return 0


def _play(fixtures: tuple[Fixture, ...], folder: Path) -> list[Row]:
    """Play the demo piece to the engine and return what a receiver saw."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ear:
        ear.bind(("127.0.0.1", 0))
        ear.settimeout(0.2)
        config = LiveConfig(
            performance=Performance(engine="rules", recentre=0.5),
            input=str(presets.DEMO_AUDIO),
            midi_out="none",
            record=folder,
            fixtures=fixtures,
            lights_to=(LightTarget("artnet", *ear.getsockname()),),
        )
        frames: list[tuple[float, bytes]] = []
        ended = threading.Event()

        def listen() -> None:
            while not ended.is_set():
                try:
                    frames.append((time.perf_counter(), ear.recv(1024)[_HEADER:]))
                except TimeoutError:
                    continue

        listener = threading.Thread(target=listen)
        with Runtime(config) as runtime:
            began_s = time.perf_counter() - runtime.snapshot().time_s  # the session's start
            listener.start()
            while not runtime.input_ended and runtime.failure is None:
                time.sleep(_STEP_S)
        ended.set()
        listener.join()
    return _sampled([(at_s - began_s, data) for at_s, data in frames if data], fixtures)


def _sampled(frames: list[tuple[float, bytes]], fixtures: tuple[Fixture, ...]) -> list[Row]:
    """Return ten rows a second, each what was seen last."""
    rows: list[Row] = []
    place = 0
    for step in range(int(frames[-1][0] / _STEP_S)):
        while place + 1 < len(frames) and frames[place + 1][0] <= step * _STEP_S:
            place += 1
        rows.append((step * _STEP_S, [_colour(frames[place][1], item) for item in fixtures]))
    return rows


def _colour(levels: bytes, fixture: Fixture) -> tuple[int, int, int]:
    """Return what an eye sees of a lamp: colour times dimmer, white added."""
    at = dict(zip(fixture.channels, levels[fixture.address - 1 :], strict=False))
    share = at.get("dimmer", 255) / 255.0
    red, green, blue = (
        round(min(255, at[name] + at.get("white", 0)) * share) for name in ("red", "green", "blue")
    )
    return red, green, blue


def _draw(session: Session, fixtures: tuple[Fixture, ...], rows: list[Row]) -> None:
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    track = session.emotion
    figure, (above, below) = plt.subplots(
        2, 1, figsize=(12, 5), sharex=True, height_ratios=(3, 2), layout="constrained"
    )
    heard_s = track.heard_s
    for name, colour in (("valence", "#2f86b8"), ("arousal", "#c8541f")):
        above.plot(heard_s, track.columns[name], color=colour, label=f"heard {name}")
    above.set_ylim(-1, 1)
    above.legend(loc="upper right", frameon=False)
    above.grid(alpha=0.3)
    image = [[seen[number] for _, seen in rows] for number in range(len(fixtures))]
    below.imshow(
        image, aspect="auto", interpolation="nearest", extent=(0, rows[-1][0], len(fixtures), 0)
    )
    below.set_yticks([number + 0.5 for number in range(len(fixtures))])
    below.set_yticklabels([fixture.name for fixture in fixtures])
    below.set_xlabel("time [s]")
    figure.savefig(PICTURE, dpi=80)
    plt.close(figure)


if __name__ == "__main__":
    sys.exit(main())
