"""What the window remembers from one day to the next."""

import json
from pathlib import Path
from typing import Any

from PyQt6.QtCore import QByteArray, QSettings, QStandardPaths

from engine.config import SYNCS, Performance, Sync
from engine.errors import InputError
from gui.theme import DEFAULT_THEME, THEMES

__all__ = ["Memory"]

SMALLEST_PT, LARGEST_PT, NORMAL_PT = 8.0, 20.0, 10.5


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
        return self._text("record", "no") == "yes"

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
        return self._text("clock_out", "no") == "yes"

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
        return self._text("thru", "no") == "yes"

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

    def _text(self, name: str, default: str) -> str:
        value = self._store.value(name, default)
        return value if isinstance(value, str) else default
