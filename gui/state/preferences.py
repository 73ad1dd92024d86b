"""What the window remembers from one day to the next."""

import json
import secrets
from pathlib import Path
from typing import Any, Final

from PyQt6.QtCore import QByteArray, QSettings, QStandardPaths

from engine.choices import SYNCS, Sync
from engine.errors import InputError
from engine.settings.addresses import MONITOR_PORT
from engine.settings.performance import Performance
from gui.theme import DEFAULT_THEME, THEMES

__all__ = ["MONITORS", "NORMAL_PT", "Memory"]

SMALLEST_PT, LARGEST_PT, NORMAL_PT = 8.0, 20.0, 10.5

MONITORS: Final = {
    "": "",
    "here": f"127.0.0.1:{MONITOR_PORT}",
    "network": f"0.0.0.0:{MONITOR_PORT}",
}
"""Who may see the stage-side page → where it is served: nobody, this computer, the network."""

_TOKEN_BYTES = 12


class Memory:
    """Typed access to the settings store; anything unreadable reads as the default.

    Devices are remembered by name, never by number.

    Parameters
    ----------
    store : QSettings
        Where it is kept.
    """

    def __init__(self, store: QSettings) -> None:
        self._store = store

    @property
    def theme(self) -> str:
        """Name of the colours."""
        name = self._text("theme", DEFAULT_THEME)
        return name if name in THEMES else DEFAULT_THEME

    @theme.setter
    def theme(self, name: str) -> None:
        self._store.setValue("theme", name)

    @property
    def points(self) -> float:
        """Size of body text [pt]."""
        try:
            points = float(self._text("points", str(NORMAL_PT)))
        except ValueError:
            return NORMAL_PT
        return min(LARGEST_PT, max(SMALLEST_PT, points))

    @points.setter
    def points(self, points: float) -> None:
        self._store.setValue("points", f"{min(LARGEST_PT, max(SMALLEST_PT, points)):g}")

    @property
    def audio_input(self) -> str:
        """Audio input by name, a file, or ``""`` for the system's default."""
        return self._text("audio_input", "")

    @audio_input.setter
    def audio_input(self, name: str) -> None:
        self._store.setValue("audio_input", name)

    @property
    def midi_out(self) -> str:
        """``virtual``, ``jack``, ``none`` or the name of a port."""
        return self._text("midi_out", "virtual")

    @midi_out.setter
    def midi_out(self, name: str) -> None:
        self._store.setValue("midi_out", name)

    @property
    def record(self) -> bool:
        """Whether sessions are recorded."""
        return self._flag("record")

    @record.setter
    def record(self, wanted: bool) -> None:
        self._store.setValue("record", "yes" if wanted else "no")

    @property
    def record_folder(self) -> Path:
        """Folder that holds one folder per recorded session."""
        music = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.MusicLocation)
        return Path(self._text("record_folder", str(Path(music or Path.home()) / "Stimmung")))

    @record_folder.setter
    def record_folder(self, folder: Path) -> None:
        self._store.setValue("record_folder", str(folder))

    @property
    def osc(self) -> str:
        """Destination of OSC as ``host:port``, or ``""``."""
        return self._text("osc", "")

    @osc.setter
    def osc(self, destination: str) -> None:
        self._store.setValue("osc", destination)

    @property
    def osc_in(self) -> int | None:
        """UDP port on this machine that takes orders by OSC, or None."""
        port = self._text("osc_in", "")
        return int(port) if port.isdecimal() and 1 <= int(port) <= 65535 else None

    @osc_in.setter
    def osc_in(self, port: int | None) -> None:
        self._store.setValue("osc_in", "" if port is None else str(port))

    @property
    def monitor(self) -> str:
        """Who may see the stage-side page, one of `MONITORS`."""
        name = self._text("monitor", "")
        return name if name in MONITORS else ""

    @monitor.setter
    def monitor(self, name: str) -> None:
        self._store.setValue("monitor", name)

    @property
    def monitor_orders(self) -> bool:
        """Whether that page may also give orders."""
        return self._flag("monitor_orders")

    @monitor_orders.setter
    def monitor_orders(self, wanted: bool) -> None:
        self._store.setValue("monitor_orders", "yes" if wanted else "no")

    @property
    def monitor_token(self) -> str:
        """What lets it; made once, so that a bookmarked page goes on working."""
        token = self._text("monitor_token", "")
        if len(token) < _TOKEN_BYTES:
            token = secrets.token_urlsafe(_TOKEN_BYTES)
            self._store.setValue("monitor_token", token)
        return token

    @property
    def welcomed(self) -> bool:
        """Whether the assistant for the first start has been seen."""
        return self._flag("welcomed")

    @welcomed.setter
    def welcomed(self, seen: bool) -> None:
        self._store.setValue("welcomed", "yes" if seen else "no")

    @property
    def sync(self) -> Sync:
        """Whose beat is followed."""
        name = self._text("sync", "internal")
        return next((known for known in SYNCS if known == name), "internal")

    @sync.setter
    def sync(self, name: str) -> None:
        self._store.setValue("sync", name)

    @property
    def midi_in(self) -> str:
        """Where MIDI clock comes in, by name; ``""`` is our own port."""
        return self._text("midi_in", "")

    @midi_in.setter
    def midi_in(self, name: str) -> None:
        self._store.setValue("midi_in", name)

    @property
    def clock_out(self) -> bool:
        """Whether MIDI clock is sent."""
        return self._flag("clock_out")

    @clock_out.setter
    def clock_out(self, wanted: bool) -> None:
        self._store.setValue("clock_out", "yes" if wanted else "no")

    @property
    def keys_in(self) -> tuple[str, ...]:
        """MIDI inputs of the performer, by name."""
        try:
            names: Any = json.loads(self._text("keys_in", "[]"))
        except ValueError:
            return ()
        return tuple(map(str, names)) if isinstance(names, list) else ()

    @keys_in.setter
    def keys_in(self, names: tuple[str, ...]) -> None:
        self._store.setValue("keys_in", json.dumps(names))

    @property
    def video(self) -> str:
        """Film or camera that is watched live, or empty."""
        return self._text("video", "")

    @video.setter
    def video(self, name: str) -> None:
        self._store.setValue("video", name)

    @property
    def thru(self) -> bool:
        """Whether they are passed through."""
        return self._flag("thru")

    @thru.setter
    def thru(self, wanted: bool) -> None:
        self._store.setValue("thru", "yes" if wanted else "no")

    @property
    def latency_ms(self) -> float:
        """Offset of every MIDI deadline [ms], -200..200."""
        try:
            return min(200.0, max(-200.0, float(self._text("latency_ms", "0"))))
        except ValueError:
            return 0.0

    @latency_ms.setter
    def latency_ms(self, latency: float) -> None:
        self._store.setValue("latency_ms", f"{latency:g}")

    @property
    def seed(self) -> int:
        """Seed of the generator."""
        try:
            return min(2**31 - 1, max(0, int(self._text("seed", "0"))))
        except ValueError:
            return 0

    @seed.setter
    def seed(self, seed: int) -> None:
        self._store.setValue("seed", str(seed))

    @property
    def performance(self) -> Performance:
        """The settings last played with."""
        try:
            values: Any = json.loads(self._text("performance", "{}"))
            return Performance.from_mapping(values)
        except (ValueError, TypeError, AttributeError, InputError):
            return Performance()

    @performance.setter
    def performance(self, performance: Performance) -> None:
        values = performance.to_json()
        if performance.mode == "curve":
            del values["mode"]  # its file is opened anew each time; without it, it means nothing
        self._store.setValue("performance", json.dumps(values))

    def bytes(self, name: str) -> QByteArray:
        """Return an opaque state such as the window's geometry; empty if never kept."""
        value = self._store.value(f"state/{name}")
        return value if isinstance(value, QByteArray) else QByteArray()

    def keep_bytes(self, name: str, value: QByteArray) -> None:
        """Keep an opaque state."""
        self._store.setValue(f"state/{name}", value)

    def _flag(self, name: str) -> bool:
        return self._text(name, "no") == "yes"

    def _text(self, name: str, default: str) -> str:
        value = self._store.value(name, default)
        return value if isinstance(value, str) else default
