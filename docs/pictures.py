"""Make the pictures of the README and the docs from real runs.

``python docs/pictures.py`` runs the demo and keeps its picture; then it starts the real engine on
the bundled demo piece, without MIDI output, in a window on Qt's offscreen platform, and saves what
the window shows after a while.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

__all__ = ["main"]

FOLDER = Path(__file__).parent / "pictures"
_TABS = ("music", "presets", "devices", "health")


def main() -> int:
    """Make the pictures; return the exit code, 1 if the engine did not play."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=FOLDER, help="folder (default docs/pictures)")
    parser.add_argument("--size", default="1280x800", help="size of the window (1280x800)")
    parser.add_argument("--scale", type=int, default=1, help="device pixels per pixel (1)")
    parser.add_argument("--seconds", type=float, default=20.0, help="how long to play first (20)")
    parser.add_argument("--all", action="store_true", help="every page and every theme")
    parsed = parser.parse_args()
    width, height = (int(part) for part in parsed.size.split("x"))
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    os.environ["QT_SCALE_FACTOR"] = str(parsed.scale)
    parsed.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        _demo(parsed.out, Path(folder) / "demo")
        return _run(parsed, width, height, Path(folder))


def _demo(out: Path, folder: Path) -> None:
    command = [sys.executable, "-P", "-m", "engine.cli", "demo", "--out", str(folder)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    shutil.copyfile(folder / "picture.png", out / "demo.png")
    print(out / "demo.png")


def _run(parsed: argparse.Namespace, width: int, height: int, folder: Path) -> int:
    from PyQt6.QtCore import QSettings

    from gui.app import make_application, make_window
    from presets import DEMO_AUDIO

    app = make_application()
    store = QSettings(str(folder / "settings.ini"), QSettings.Format.IniFormat)
    store.setValue("audio_input", str(DEMO_AUDIO))
    store.setValue("midi_out", "none")
    window = make_window(store)
    window.resize(width, height)
    window.show()
    desk = window.desk
    shown: list[object] = []
    desk.bridge.snapshot.connect(shown.append)

    def play(seconds: float, until: Callable[[], bool] = lambda: False) -> None:
        end = time.perf_counter() + seconds
        while time.perf_counter() < end and not until():
            app.processEvents()
            time.sleep(0.005)

    def grab(name: str) -> None:
        play(0.3)
        path = parsed.out / f"{name}.png"
        window.grab().save(str(path))
        print(path)

    desk.start()
    play(30.0, lambda: desk.running)
    play(parsed.seconds)
    if not shown or not desk.running:
        print(window.notice.label.text() or desk.bridge.log, file=sys.stderr)
        window.close()
        return 1
    grab("window")
    desk.performance.set(mode="guide", valence=0.6, arousal=-0.5)
    play(min(4.0, parsed.seconds))
    if parsed.all:
        for index, tab in enumerate(_TABS):
            window.page.tabs.setCurrentIndex(index)
            grab(f"window-{tab}")
        for theme in ("light", "contrast"):
            window.choose_theme(theme)
            grab(f"window-{theme}")
        window.choose_theme("dark")
    window.toggle_stage()
    window.showNormal()  # the offscreen platform has a small screen; a picture needs none
    window.resize(width, height)
    play(0.5)
    grab("stage")
    window.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
