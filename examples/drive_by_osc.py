"""Control the live engine over OSC, as lights, Max or TouchDesigner do: receive, then set targets.

python examples/drive_by_osc.py
"""

import socket
import subprocess

from pythonosc.osc_message import OscMessage
from pythonosc.udp_client import SimpleUDPClient

import presets
from engine.process.child import child_command, child_environment

HOST = "127.0.0.1"
PATIENCE_S = 30.0


def main() -> None:
    """Start the engine on the bundled piece, wait for an emotion, send a target, stop."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ear:
        ear.bind((HOST, 0))
        ear.settimeout(PATIENCE_S)
        orders = free_port()
        command = child_command(
            "engine.cli", "live", "--input", str(presets.DEMO_AUDIO), "--midi-out", "none",
            "--osc", f"{HOST}:{ear.getsockname()[1]}", "--osc-in", str(orders),
        )  # fmt: skip
        engine = subprocess.Popen(
            command, env=child_environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            valence, arousal, *_ = wait_for(ear, "/stimmung/emotion")
            print(f"heard {valence:+.2f} {arousal:+.2f}")
            with SimpleUDPClient(HOST, orders) as stage:
                stage.send_message("/stimmung/target", [0.6, -0.6])  # calm, from the next beat on
                print(f"beat {wait_for(ear, '/stimmung/beat')[0]}")
                stage.send_message("/stimmung/panic", [])
        finally:
            engine.terminate()  # ends every note, then leaves
            engine.wait(PATIENCE_S)


def wait_for(ear: socket.socket, address: str) -> list[float]:
    """Return the arguments of the next message to an address."""
    while True:
        message = OscMessage(ear.recv(65536))
        if message.address == address:
            return list(message.params)


def free_port() -> int:
    """Return a UDP port nobody uses."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as trial:
        trial.bind((HOST, 0))
        return int(trial.getsockname()[1])


if __name__ == "__main__":
    main()
