"""Settings that the window keeps from one start to the next.

The choices of a run are declared once, in `RunChoices`: reading, writing, undo and the controls of
the side panels go by its fields.
"""

import json
import secrets
from collections.abc import Callable, Collection
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Final

from PyQt6.QtCore import QByteArray, QSettings, QStandardPaths

from engine.choices import AUTO_OUT, check_choice, check_range
from engine.errors import InputError
from engine.mapping.lights import Fixture, read_fixtures
from engine.settings.addresses import MONITOR_PORT, OSCQUERY_PORT, parse_destination
from engine.settings.fields import settings_of
from engine.settings.performance import Performance
from engine.settings.run import LiveConfig
from gui.theme import DEFAULT_THEME, THEMES

__all__ = ["MONITORS", "NORMAL_PT", "OSCQUERIES", "Preferences", "RunChoices"]

SMALLEST_PT, LARGEST_PT, NORMAL_PT = 8.0, 20.0, 10.5

MONITORS: Final = {
    "": "",
    "here": f"127.0.0.1:{MONITOR_PORT}",
    "network": f"0.0.0.0:{MONITOR_PORT}",
}
"""Who can open the phone page → its address: nobody, this computer, the local network."""
OSCQUERIES: Final = {
    "": None,
    "here": f"127.0.0.1:{OSCQUERY_PORT}",
    "network": f"0.0.0.0:{OSCQUERY_PORT}",
}
"""The same for the list of OSC addresses."""

_TOKEN_BYTES = 12


def _music_folder() -> Path:
    music = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.MusicLocation)
    return Path(music or Path.home()) / "Stimmung"


@dataclass(frozen=True, slots=True)
class RunChoices:
    """What the user chooses for a run beside the performance; devices by name.

    Attributes
    ----------
    audio_input, midi_out, audio_out, soundfont, sync, midi_in, clock_out, keys_in, thru, video,
    set_list, player
        As in `engine.settings.run.LiveConfig`.
    latency_ms, capture_audio, osc_in, seed
        As there.
    record, record_folder : bool, Path
        Whether sessions are recorded, and the folder that holds one folder per session.
    osc : str
        OSC destinations HOST:PORT, separated by spaces.
    monitor : str
        Who can open the phone page, one of `MONITORS`.
    monitor_orders : bool
        Whether that page may also control the music.
    oscquery : str
        Who may list the OSC addresses, one of `OSCQUERIES`.
    mqtt, lights_to : str
        MQTT broker; nodes of the lights, separated by spaces.
    lights_exit, fixtures : str, tuple of Fixture
        As in `engine.settings.run.LiveConfig`.
    """

    audio_input: str = ""
    midi_out: str = AUTO_OUT
    audio_out: str = ""
    soundfont: str = ""
    record: bool = False
    capture_audio: bool = False
    record_folder: Path = field(default_factory=_music_folder)
    latency_ms: float | None = None
    osc: str = ""
    osc_in: int | None = None
    monitor: str = ""
    monitor_orders: bool = False
    sync: str = "internal"
    midi_in: str = ""
    clock_out: bool = False
    keys_in: tuple[str, ...] = ()
    thru: bool = False
    video: str = ""
    set_list: str = ""
    player: str = ""
    seed: int = 0
    oscquery: str = ""
    mqtt: str = ""
    lights_to: str = ""
    lights_exit: str = "blackout"
    fixtures: tuple[Fixture, ...] = ()


def _flag(text: str) -> bool:
    return text == "yes"


def _names(text: str) -> tuple[str, ...]:
    names = json.loads(text)
    return tuple(map(str, names)) if isinstance(names, list) else ()


_READERS: Final[dict[str, Callable[[str], Any]]] = {
    "record": _flag,
    "capture_audio": _flag,
    "record_folder": Path,
    "latency_ms": lambda text: float(text) if text else None,
    "osc_in": lambda text: parse_destination(f":{text}")[1] if text else None,
    "monitor_orders": _flag,
    "clock_out": _flag,
    "keys_in": _names,
    "thru": _flag,
    "seed": int,
    "fixtures": lambda text: read_fixtures(json.loads(text)),
}
"""Field of `RunChoices` → how its stored text is read; all others are texts."""
_REACH: Final[dict[str, Collection[str]]] = {"monitor": MONITORS, "oscquery": OSCQUERIES}
"""Field whose values are those of a table here."""


def _read(name: str, text: str) -> Any:
    """Return a stored choice.

    Raises
    ------
    ValueError
        It is none (`InputError` is one of these).
    """
    value = _READERS.get(name, str)(text)
    declared = settings_of(LiveConfig).get(name)
    if declared is not None and declared.limits is not None and value is not None:
        check_range(name, value, *declared.limits)
    choices = tuple(_REACH.get(name, declared.choices if declared else ()))
    if choices:
        check_choice(name, value, choices)
    return value


def _to_text(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple):
        return json.dumps(value, default=lambda item: item.to_json())
    return "" if value is None else str(value)


class Preferences:
    """Typed access to the settings store; a value that cannot be read is the default.

    Parameters
    ----------
    store : QSettings
        Where it is kept.
    """

    def __init__(self, store: QSettings) -> None:
        self._store = store

    @property
    def run(self) -> RunChoices:
        """The choices of the last run."""
        found: dict[str, Any] = {}
        for item in fields(RunChoices):
            text = self._text(item.name)
            if text is not None:
                try:
                    found[item.name] = _read(item.name, text)
                except ValueError:
                    continue
        return RunChoices(**found)

    @run.setter
    def run(self, choices: RunChoices) -> None:
        for item in fields(RunChoices):
            text = _to_text(getattr(choices, item.name))
            if text != self._text(item.name):
                self._store.setValue(item.name, text)

    @property
    def theme(self) -> str:
        """Name of the colours."""
        name = self._text("theme")
        return name if name is not None and name in THEMES else DEFAULT_THEME

    @theme.setter
    def theme(self, name: str) -> None:
        self._store.setValue("theme", name)

    @property
    def points(self) -> float:
        """Size of body text [pt]."""
        try:
            points = float(self._text("points") or NORMAL_PT)
        except ValueError:
            return NORMAL_PT
        return min(LARGEST_PT, max(SMALLEST_PT, points))

    @points.setter
    def points(self, points: float) -> None:
        self._store.setValue("points", f"{min(LARGEST_PT, max(SMALLEST_PT, points)):g}")

    @property
    def monitor_token(self) -> str:
        """Password of the phone page; made once, so that a bookmark stays valid."""
        token = self._text("monitor_token") or ""
        if len(token) < _TOKEN_BYTES:
            token = secrets.token_urlsafe(_TOKEN_BYTES)
            self._store.setValue("monitor_token", token)
        return token

    @property
    def welcomed(self) -> bool:
        """Whether the assistant for the first start has been seen."""
        return _flag(self._text("welcomed") or "")

    @welcomed.setter
    def welcomed(self, seen: bool) -> None:
        self._store.setValue("welcomed", _to_text(seen))

    @property
    def performance(self) -> Performance:
        """The settings last played with."""
        try:
            values: Any = json.loads(self._text("performance") or "{}")
            return Performance.from_mapping(values)
        except (ValueError, TypeError, AttributeError, InputError):
            return Performance()

    @performance.setter
    def performance(self, performance: Performance) -> None:
        values = performance.to_json()
        if performance.mode == "curve":
            del values["mode"]  # it needs a file, which has to be opened again
        self._store.setValue("performance", json.dumps(values))

    def bytes(self, name: str) -> QByteArray:
        """Return an opaque state such as the window's geometry; empty if never kept."""
        value = self._store.value(f"state/{name}")
        return value if isinstance(value, QByteArray) else QByteArray()

    def keep_bytes(self, name: str, value: QByteArray) -> None:
        """Keep an opaque state."""
        self._store.setValue(f"state/{name}", value)

    def _text(self, name: str) -> str | None:
        value = self._store.value(name)
        return value if isinstance(value, str) else None
