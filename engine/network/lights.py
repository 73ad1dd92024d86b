"""Lights beside the live engine: levels are made here and sent by a process of their own."""

import json
import threading
import time
from collections.abc import Callable, Sequence
from typing import IO, Any, Final

from engine.errors import DeviceError
from engine.mapping.lights import Fixture, LightTable
from engine.mapping.sources import Moment
from engine.network.orders import Controls
from engine.process.child import child_command
from engine.process.child_pipe import ChildPipe
from engine.process.restarts import search
from engine.settings.addresses import LightTarget

__all__ = ["Lights"]

_OPEN_TIMEOUT_S: Final = 20.0
_SILENT_S: Final = 3.0


class Lights:
    """Lights the fixtures from `start` to `stop`; failures never raise, the music plays.

    Parameters
    ----------
    look : callable
        Returns the present moment; None before the first.
    controls : Controls
        Knows the table of the preset.
    fixtures : sequence of Fixture
        As they hang.
    targets : sequence of LightTarget
        Where their levels go.
    hz : float
        Most frames a second.
    at_end : str
        ``"blackout"`` or ``"hold"``.

    Attributes
    ----------
    problem : str
        What is wrong now, in one line; empty if all is well.
    """

    def __init__(
        self,
        look: Callable[[], Moment | None],
        controls: Controls,
        fixtures: Sequence[Fixture],
        targets: Sequence[LightTarget],
        hz: float,
        at_end: str,
    ) -> None:
        self.problem = ""
        self._look = look
        self._controls = controls
        self._table = LightTable(fixtures)
        self._hz = hz
        self._request = {
            "to": targets,
            "universes": sorted({fixture.universe for fixture in fixtures}),
            "hz": hz,
            "exit": at_end,
        }
        self._sender: _Sender | None = None
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="lights", daemon=True)

    @property
    def colours(self) -> dict[str, tuple[int, int, int]]:
        """Fixture → what it shows, as red, green and blue, 0..255."""
        return dict(self._table.colours)

    def start(self) -> None:
        """Begin to light."""
        self._thread.start()

    def stop(self) -> None:
        """Give the lights their last look."""
        self._stopped.set()
        if self._thread.ident is not None:
            self._thread.join()

    def _run(self) -> None:
        while not self._stopped.is_set():
            sender = self._sender
            if sender is None or sender.gone:
                if sender is not None:
                    self.problem = f"lost: {sender.reason}"
                    sender.close()
                self._sender = search(lambda: _Sender(self._request), self._stopped, self._failed)
                continue
            self._table.change(self._controls.performance.lights)
            levels = self._table.levels(self._look(), time.perf_counter())
            line = {number: data.hex() for number, data in levels.items()}
            sender.send(json.dumps(line).encode() + b"\n")
            unknown = ", ".join(self._table.unknown)
            self.problem = sender.problem or (f"no fixture is named {unknown}" if unknown else "")
            self._stopped.wait(1.0 / self._hz)
        if self._sender is not None:
            self._sender.close()

    def _failed(self, reason: str) -> None:
        self.problem = reason


class _Sender(ChildPipe):
    """One run of the light process."""

    def __init__(self, request: dict[str, Any]) -> None:
        self.problem = ""
        super().__init__(
            child_command("engine.network.light_sender", json.dumps(request)),
            "lighting",
            patience_s=_OPEN_TIMEOUT_S,
            silent_s=_SILENT_S,
        )
        if self.answer.get("is") != "open":
            self.close()
            raise DeviceError(self.answer.get("message", "the light process does not answer"))

    def _follow(self, pipe: IO[bytes]) -> None:
        for line in pipe:
            self._heard()
            self.problem = str(json.loads(line).get("error", ""))
