"""The private JACK server of tests and soak."""

import subprocess

import pytest

from engine.bench.soak import jack_rig


def test_a_tool_that_fails_has_listed_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = [(1, "", "no server"), (0, "system:capture_1\nsystem:playback_1\n", "")]

    def run(_: jack_rig.JackServer, *command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.CompletedProcess(command, *answers.pop(0))

    monkeypatch.setattr(jack_rig.JackServer, "run", run)
    monkeypatch.setattr(jack_rig.JackServer, "alive", True)
    server = jack_rig.JackServer.__new__(jack_rig.JackServer)
    assert server.ports() == ["system:capture_1", "system:playback_1"]
    assert not answers


def test_a_server_that_ended_has_no_ports(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        jack_rig.JackServer,
        "run",
        lambda _, *command: subprocess.CompletedProcess(command, 1, "", "no server"),
    )
    monkeypatch.setattr(jack_rig.JackServer, "alive", False)
    assert jack_rig.JackServer.__new__(jack_rig.JackServer).ports() == []
