"""Orders by OSC to a program under test."""

import socket

__all__ = ["free_udp_port", "send_order"]


def free_udp_port() -> int:
    """Return a UDP port of this machine that is free."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as trial:
        trial.bind(("127.0.0.1", 0))
        return int(trial.getsockname()[1])


def send_order(port: int, address: str, word: str) -> None:
    """Send one message with a word."""
    from pythonosc.osc_message_builder import OscMessageBuilder

    message = OscMessageBuilder(address)
    message.add_arg(word)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        udp.sendto(message.build().dgram, ("127.0.0.1", port))
