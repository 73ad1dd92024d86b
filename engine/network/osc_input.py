"""Control by OSC: orders under the same addresses as the output of `engine.network.osc`.

==================  =====  ==============================================
address             types  effect
==================  =====  ==============================================
/stimmung/target    ,ff    valence, arousal in [-1, 1]; mode becomes manual
/stimmung/mode      ,s     follow, contrast, guide or manual
/stimmung/preset    ,s     a preset by name, from the next bar on
/stimmung/act       ,s     panic, freeze, play, regenerate, next_preset, previous_preset,
                           listen, capture or tap
/stimmung/set       ,sf    a setting by name, such as tempo_bpm
/stimmung/freeze    ,i     1 holds the target, 0 releases it (also ,f ,T ,F, or ,s on, off)
/stimmung/panic            ends every note
==================  =====  ==============================================

Many controllers send numbers only. For them the word may stand in the address:
``/stimmung/act/NAME``, ``/stimmung/mode/NAME`` and ``/stimmung/preset/NAME`` obey a number other
than 0 (a button pressed, not let go), ``/stimmung/set/NAME ,f`` sets.

Listens on this machine only. What cannot be understood is reported, never raised. More than
`MOST_PER_SECOND` orders a second are left out, except panic. Time tags are ignored: a packet from
the future would delay all that follow.
"""

import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from engine.choices import read_truth
from engine.errors import InputError, StimmungError
from engine.network.guard import Bucket

__all__ = ["MOST_PER_SECOND", "Controls", "OscInput"]

HOST = "127.0.0.1"
MOST_PER_SECOND = 500.0
"""Orders a second that are carried out in the long run; faders send some fifty."""

_BURST = 200.0
_SAY_EVERY_S = 5.0


class Controls(Protocol):
    """What may be controlled from outside."""

    def change(self, values: Mapping[str, Any]) -> object:
        """Change settings of the performance, or raise `InputError`."""
        ...

    def act(self, action: str) -> None:
        """Do one of `engine.choices.ACTIONS`, or load a preset: ``preset NAME``."""
        ...

    def set_frozen(self, frozen: bool) -> None:
        """Hold the target, or release it."""
        ...

    def panic(self) -> None:
        """End every note."""
        ...

    def complain(self, message: str) -> None:
        """Report what could not be understood."""
        ...


class OscInput:
    """Listens on a UDP port from `start` to `stop`.

    Raises
    ------
    InputError
        The port is already taken.
    """

    def __init__(self, port: int, controls: Controls) -> None:
        from pythonosc.dispatcher import Dispatcher
        from pythonosc.osc_server import BlockingOSCUDPServer

        self._controls = controls
        self._bucket = Bucket(MOST_PER_SECOND, _BURST)
        self._cut = 0
        self._said_s = 0.0
        unreadable = self._unreadable

        class TolerantDispatcher(Dispatcher):
            """Reports what python-osc cannot read instead of raising."""

            def call_handlers_for_packet(self, data: bytes, client_address: Any) -> list[Any]:
                """Carry out one packet."""
                try:
                    return super().call_handlers_for_packet(data, client_address)
                except Exception as error:  # bytes that are no text, numbers cut short, …
                    unreadable(error)
                    return []

        dispatcher = TolerantDispatcher(strict_timing=False)
        for address, act in (
            ("/stimmung/target", self._target),
            ("/stimmung/mode", self._mode),
            ("/stimmung/preset", self._preset),
            ("/stimmung/act", self._act),
            ("/stimmung/set", self._set),
            ("/stimmung/freeze", self._freeze),
            ("/stimmung/panic", self._panic),
        ):
            dispatcher.map(address, self._guarded(act))
        for word, press in (("act", self._act), ("mode", self._mode), ("preset", self._preset)):
            dispatcher.map(f"/stimmung/{word}/*", self._guarded(_pressed(press), named=True))
        dispatcher.map("/stimmung/set/*", self._guarded(self._set, named=True))
        try:
            self._server = BlockingOSCUDPServer((HOST, port), dispatcher)
        except OSError as error:
            raise InputError(f"OSC input port {port} cannot be used: {error.strerror}") from error
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.1,), name="osc-input", daemon=True
        )

    def start(self) -> None:
        """Begin to listen."""
        self._thread.start()

    def stop(self) -> None:
        """Stop listening and free the port."""
        if self._thread.is_alive():
            self._server.shutdown()
            self._thread.join()
        self._server.server_close()

    def _guarded(self, act: Callable[..., None], *, named: bool = False) -> Callable[..., None]:
        """Return a handler that never raises; `named` gives it the last word of the address."""

        def guarded(address: str, *values: Any) -> None:
            if not self._bucket.allow(time.monotonic()) and address != "/stimmung/panic":
                self._cut_off()
                return
            if named:
                values = (address.rpartition("/")[2], *values)
            try:
                act(*values)
            except (StimmungError, TypeError, ValueError, OverflowError) as error:
                self._controls.complain(f"{address} {values!r:.200}: {error}")

        return guarded

    def _unreadable(self, error: Exception) -> None:
        if self._bucket.allow(time.monotonic()):
            self._controls.complain(f"OSC packet not understood: {error!s:.100}")

    def _cut_off(self) -> None:
        """Count orders that are left out, and report the count every few seconds."""
        self._cut += 1
        now_s = time.monotonic()
        if now_s - self._said_s >= _SAY_EVERY_S:
            self._said_s = now_s
            self._controls.complain(f"OSC comes too fast; {self._cut} orders left out so far")

    def _target(self, valence: float, arousal: float) -> None:
        self._controls.change({"mode": "manual", "valence": valence, "arousal": arousal})

    def _mode(self, mode: str) -> None:
        self._controls.change({"mode": mode})

    def _preset(self, name: str) -> None:
        self._controls.act(f"preset {name}")

    def _act(self, action: str) -> None:
        self._controls.act(str(action))

    def _set(self, name: str, value: float) -> None:
        if str(name).startswith("settings."):
            self._controls.change({"settings": {str(name).removeprefix("settings."): value}})
        else:
            self._controls.change({str(name): value})

    def _freeze(self, frozen: object) -> None:
        self._controls.set_frozen(read_truth("freeze", frozen))

    def _panic(self, *_values: object) -> None:
        self._controls.panic()


def _pressed(act: Callable[[str], None]) -> Callable[..., None]:
    """Return a handler for a button: it acts when pressed, not when released."""

    def press(name: str, value: object = 1.0, *_rest: object) -> None:
        if read_truth(name, value):
            act(name)

    return press
