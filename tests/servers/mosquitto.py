"""An MQTT broker that is not ours, and its clients (Debian: mosquitto, mosquitto-clients)."""

import contextlib
import socket
import subprocess
from contextlib import AbstractContextManager
from pathlib import Path

from servers.jack import until
from servers.lines import printed_by
from servers.needs import need_program
from servers.ports import free_port

__all__ = ["Mosquitto", "publish", "subscriber"]


class Mosquitto:
    """A broker on a free port of this machine, started and stopped as often as wanted."""

    def __init__(self, folder: Path, more: str = "allow_anonymous true\n") -> None:
        self.port = free_port()
        self._config = folder / "mosquitto.conf"
        self._config.write_text(f"listener {self.port} 127.0.0.1\nuser root\n{more}")
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        sbin = Path("/usr/sbin/mosquitto")
        program = str(sbin) if sbin.exists() else need_program("mosquitto")
        self._process = subprocess.Popen(
            [program, "-c", str(self._config)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

        def answers() -> bool:
            with contextlib.suppress(OSError):
                socket.create_connection(("127.0.0.1", self.port), 1.0).close()
                return True
            return False

        until(answers, "the broker", 20.0)

    def stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


def publish(port: int, topic: str, payload: str, *more: str) -> None:
    """Publish with mosquitto_pub; an empty payload is none at all."""
    what = ["-m", payload] if payload else ["-n"]
    command = [need_program("mosquitto_pub"), "-h", "127.0.0.1", "-p", str(port), "-t", topic]
    subprocess.run([*command, *what, *more], check=True, capture_output=True)


def subscriber(port: int, topic: str) -> AbstractContextManager[list[str]]:
    """Run mosquitto_sub; yield the lines ``TOPIC PAYLOAD`` that it prints."""
    program = need_program("mosquitto_sub")
    return printed_by(program, "-h", "127.0.0.1", "-p", str(port), "-t", topic, "-v")
