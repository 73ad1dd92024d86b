"""Make the pictures and sounds of the README and the docs from real runs.

``python docs/pictures.py`` runs the demo and keeps its picture and sound; then it starts the real
engine on the bundled demo piece, without MIDI output, in a window on Qt's offscreen platform, and
saves what the window shows after a while, as pictures and as one that moves. Only moments without
a warning are kept: run it on a quiet machine (with ``nice -n -15`` on a busy one).
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import soundfile
from PIL import Image
from PyQt6.QtCore import QSettings, Qt
from PyQt6.QtGui import QImage
from PyQt6.QtWidgets import QApplication, QScrollArea, QWidget

from engine.mapping.lights import read_fixtures
from engine.settings.set_lists import Song, save_set_list
from engine.snapshot import Snapshot
from gui.app import make_application, make_window
from gui.state.health import Counts, judge, worst
from gui.window.main_window import MainWindow
from presets import DEMO_AUDIO

__all__ = ["main"]

FOLDER = Path(__file__).parent / "pictures"
SOUNDS = Path(__file__).parent / "sound"
_AT_ONCE = 65_536
MOVING_S, MOVING_PER_S, MOVING_PX = 14.0, 3, 800
_QUALITY = 45
_STEPS = ("listen", "sound", "play")
_DEMO_S = 20.0
_PATIENCE_S = 60.0


def main() -> int:
    """Make the pictures; return the exit code, 1 if the engine did not play."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=FOLDER, help="folder (default docs/pictures)")
    parser.add_argument("--size", default="1280x800", help="size of the window (1280x800)")
    parser.add_argument("--seconds", type=float, default=20.0, help="how long to play first (20)")
    parser.add_argument("--points", type=float, default=10.5, help="size of the text (10.5)")
    parsed = parser.parse_args()
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    parsed.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        os.environ["XDG_CONFIG_HOME"] = str(Path(folder) / "config")  # set lists are written
        session = _demo(parsed.out, Path(folder) / "demo")
        return _Run(parsed, Path(folder), session).make()


def _demo(out: Path, folder: Path) -> Path:
    command = [sys.executable, "-P", "-m", "engine.cli", "demo", "--out", str(folder)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    shutil.copyfile(folder / "picture.png", out / "demo.png")
    print(out / "demo.png")
    for name, place in (("stimmung", "demo"), ("answer", "answer")):
        sound, rate = soundfile.read(folder / f"{name}.ogg", dtype="float32")
        path = SOUNDS / f"{place}.ogg"
        with soundfile.SoundFile(
            path, "w", rate, 2, "OPUS", format="OGG", compression_level=0.9
        ) as file:
            for block in range(0, len(sound), _AT_ONCE):
                file.write(sound[block : block + _AT_ONCE])
        print(path, path.stat().st_size)
    return folder


class _Run:
    """One window, and everything that is photographed in it."""

    def __init__(self, parsed: argparse.Namespace, folder: Path, session: Path) -> None:
        self._parsed, self._session = parsed, session
        self._width, self._height = (int(part) for part in parsed.size.split("x"))
        self._app: QApplication = make_application()
        store = QSettings(str(folder / "settings.ini"), QSettings.Format.IniFormat)
        store.setValue("audio_input", str(DEMO_AUDIO))
        store.setValue("midi_out", "none")
        store.setValue("points", f"{parsed.points:g}")
        store.setValue("record_folder", str(session.parent))
        self._window: MainWindow = make_window(store)
        self._window.resize(self._width, self._height)
        self._window.show()

    def make(self) -> int:
        """Make every picture; return the exit code."""
        window, controller = self._window, self._window.controller
        controller.start()
        self._play(30.0, lambda: controller.look is not None)
        self._play(self._parsed.seconds)
        if controller.look is None:
            print(window.notice.label.text() or controller.bridge.log, file=sys.stderr)
            window.close()
            return 1
        self._grab("window")
        self._film()
        self._arranger("arranger")
        controller.performance.set(mode="guide", valence=0.6, arousal=-0.5)
        self._play(min(4.0, self._parsed.seconds))
        self._rig("rig")
        self._stage("stage")
        self._sessions("session")
        self._set_list("setlist")
        self._assistant(("sound",), "assistant-")
        window.close()
        return 0

    def _healthy(self) -> bool:
        """Return whether the window shows no warning now."""
        look = self._window.controller.look
        return look is None or worst(judge(look, Counts.of(look))) is None

    def _assistant(self, names: Sequence[str], prefix: str) -> None:
        """Show steps of the assistant of the first start."""
        self._window.show_assistant()
        steps = self._window.assistant
        assert steps is not None
        self._play(3.0)
        for name in names:
            steps._go(_STEPS.index(name))
            self._grab(f"{prefix}{name}", steps)
        steps.accept()
        self._play(1.0)

    def _rig(self, name: str) -> None:
        """Switch OSCQuery and lights on, for a node on this machine, and show their settings."""
        page, controller = self._window.page, self._window.controller
        controller.choose(
            oscquery="here",
            osc_in=9001,
            lights_to="artnet:127.0.0.1",
            fixtures=read_fixtures(FOLDER.parents[1] / "examples" / "fixtures.json"),
        )
        self._play(30.0, lambda: bool(controller.look and controller.look.lights))
        page.show_tab(page.devices)
        self._window.resize(self._width, round(1.5 * self._height))  # OSCQuery and lights in one
        self._play(min(8.0, self._parsed.seconds))
        area = page.tabs.currentWidget()
        assert isinstance(area, QScrollArea)
        area.ensureWidgetVisible(page.devices.lights.colours)
        self._grab(name)
        controller.choose(oscquery="", osc_in=None, lights_to="", fixtures=())
        page.show_tab(page.music)
        self._window.resize(self._width, self._height)
        self._play(30.0, lambda: controller.look is not None)

    def _arranger(self, name: str) -> None:
        """Lock the bar after the next, throw another away, and order a break."""
        window = self._window
        look = window.controller.look
        assert look is not None
        bar = int(look.beat // look.beats_per_bar) + 3
        for action in (f"lock_bar {bar}", "break_bar"):
            window.controller.bridge.command("act", action=action)
        self._await(lambda look: look.locked == (bar - 1,))
        self._play(0.5)
        self._grab(name)
        window.controller.bridge.command("act", action=f"lock_bar {bar}")

    def _set_list(self, name: str) -> None:
        """Write a set list, play its first song, and show it under Presets and on the stage."""
        window, controller = self._window, self._window.controller
        songs = (
            Song("band", "Opening", "Wait for the drummer", 96.0),
            Song("piano-solo", "Second song", "Two bars alone, then everybody", 72.0, "fill"),
            Song("calm-down", "Goodnight", "Look at the singer", None, "ending"),
        )
        save_set_list("Friday night", songs)
        controller.performance.set(mode="follow")
        controller.choose(set_list="friday-night")
        controller.start()
        self._await(lambda look: look.song is not None)
        window.commands["next_song"]()
        self._await(lambda look: look.engine == "amt")
        window.page.show_tab(window.page.presets)
        window.page.songs.choose_song(0)
        self._play(3.0)
        area = window.page._areas[window.page.presets]
        area.ensureWidgetVisible(window.page.songs.notes)
        self._grab(name)
        self._stage(f"{name}-stage")

    def _await(self, condition: Callable[[Snapshot], bool]) -> None:
        def there() -> bool:
            look = self._window.controller.look
            return look is not None and condition(look)

        self._play(_PATIENCE_S, there)

    def _stage(self, name: str) -> None:
        window = self._window
        window.toggle_stage()
        window.showNormal()  # the offscreen platform has a small screen; a picture needs none
        window.resize(self._width, self._height)
        self._play(0.5)
        self._grab(name)
        window.toggle_stage()
        window.resize(self._width, self._height)

    def _sessions(self, name: str) -> None:
        window = self._window
        window.open_session(self._session)
        self._play(20.0, lambda: window.sessions.session is not None)
        window.sessions.replay(_DEMO_S)
        self._play(10.0, lambda: window.sessions.look is not None)
        self._play(2.0)
        self._grab(name)
        window.leave_sessions()
        window.controller.start()
        self._play(15.0, lambda: window.controller.look is not None)
        self._play(min(6.0, self._parsed.seconds))

    def _film(self) -> None:
        """Let the target be dragged, and keep what is seen as one moving picture."""
        frames: list[Image.Image] = []
        began_s = time.perf_counter()
        while (at_s := time.perf_counter() - began_s) < MOVING_S:
            if 0.3 < at_s / MOVING_S < 0.6:  # a slow drag from the middle to upper left
                share = (at_s / MOVING_S - 0.3) / 0.3
                self._window.controller.drag_target(0.3 - 0.9 * share, 0.1 + 0.6 * share)
            elif at_s / MOVING_S >= 0.6:
                self._window.controller.performance.set(mode="follow")
            if self._healthy():
                frames.append(self._frame())
            self._play(1.0 / MOVING_PER_S - (time.perf_counter() - began_s - at_s))
        path = self._parsed.out / "window.webp"
        frames[0].save(
            path,
            save_all=True,
            append_images=frames[1:],
            duration=round(1000 * MOVING_S / len(frames)),
            loop=0,
            quality=_QUALITY,
            method=4,
        )
        print(path, path.stat().st_size)

    def _frame(self) -> Image.Image:
        shown = self._window.grab().toImage()
        small = shown.scaledToWidth(MOVING_PX, Qt.TransformationMode.SmoothTransformation)
        plain = small.convertToFormat(QImage.Format.Format_RGB888)
        bits = plain.constBits()
        assert bits is not None
        size = (plain.width(), plain.height())
        data = bits.asstring(plain.sizeInBytes())
        return Image.frombuffer("RGB", size, data, "raw", "RGB", plain.bytesPerLine(), 1)

    def _grab(self, name: str, widget: QWidget | None = None) -> None:
        self._window.commands["reset_counts"]()
        self._play(_PATIENCE_S, self._healthy)
        if not self._healthy():
            raise SystemExit(f"{name}: the machine is overloaded; take the pictures later")
        self._play(0.3)
        self._app.sendPostedEvents()  # layouts follow what was shown last
        path = self._parsed.out / f"{name}.png"
        (widget or self._window).grab().save(str(path))
        print(path)

    def _play(self, seconds: float, until: Callable[[], bool] = lambda: False) -> None:
        end = time.perf_counter() + seconds
        while time.perf_counter() < end and not until():
            self._app.processEvents()
            time.sleep(0.005)


if __name__ == "__main__":
    sys.exit(main())
