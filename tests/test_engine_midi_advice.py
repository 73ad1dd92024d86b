"""The way out where no port of our own can be made, on machines that are made up."""

import os

import pytest

from engine.midi.ports import advice as guide
from engine.midi.ports.advice import Surroundings, explain, look_around, split_steps


def steps(direction="out", **there):
    line = explain(Surroundings(**{"platform": "linux", **there}), direction)
    assert "\n" not in line
    problem, _, cure = line.partition("; ")
    assert problem and cure.startswith("do this: 1) ")
    found = split_steps(cure)
    assert [step.partition(") ")[0] for step in found] == [
        str(number) for number in range(1, len(found) + 1)
    ]
    return [step.partition(") ")[2] for step in found]


def test_windows_without_a_loop_is_led_to_one_and_back_to_us():
    first, second, third, fourth, plugin, heard, last = steps(platform="win32", ports=("Synth",))
    assert "stimmung plugin install" in plugin
    assert "install loopMIDI (https://" in first and "press its +" in second
    assert third == 'start with --midi-out "loopMIDI Port"' and "DAW's MIDI input" in fourth
    assert "the built-in instrument" in heard and last.endswith("--midi-out none")
    said = " ".join(steps("in", platform="win32"))
    assert "--midi-in" in said and "--midi-out" not in said


def test_windows_with_a_loop_is_told_its_name():
    first, second, *_ = steps(platform="win32", ports=("Synth", "loopMIDI Port 3"))
    assert '--midi-out "loopMIDI Port 3"' in first and "DAW" in second


@pytest.mark.parametrize(("ours", "theirs"), [("(A)", "(B)"), ("(B)", "(A)")])
def test_windows_11_is_told_both_sides_of_its_own_endpoints(ours, theirs):
    names = ("loopMIDI Port", f"Default App Loopback {ours}")
    first, second, *_ = steps(platform="win32", ports=names)
    assert f'--midi-out "Default App Loopback {ours}"' in first
    assert f'"Default App Loopback {theirs}", as DAW\'s MIDI input' in second


@pytest.mark.parametrize(
    ("there", "said", "unsaid"),
    [
        ({}, ["modprobe snd-seq", "modules-load.d", "install jackd2"], ["pw-jack"]),
        ({"jackd": True}, ["modprobe snd-seq", "jackd -d dummy"], ["apt install"]),
        ({"sequencer": "forbidden"}, ["usermod -aG audio", "log out"], ["modprobe"]),
        (
            {"pipewire": True, "pw_jack": True},
            ["modprobe snd-seq", "pw-jack stimmung live --midi-out jack"],
            ["install", "jackd -d"],
        ),
        ({"pipewire": True}, ["install pipewire-jack", "pw-jack"], ["jackd -d"]),
        ({"sequencer": "open", "jackd": True}, ["jackd -d alsa"], ["modprobe", "usermod"]),
        ({"platform": "darwin"}, ["Audio MIDI Setup", "IAC"], ["modprobe"]),
    ],
)
def test_every_machine_gets_its_own_steps(there, said, unsaid):
    whole = " ".join(steps(**there))
    assert all(words in whole for words in said)
    assert not any(words in whole for words in unsaid)


def test_what_is_there_is_seen(monkeypatch, tmp_path):
    (tmp_path / "pipewire-0").touch()
    sequencer = tmp_path / "seq"
    for name, value in (("XDG_RUNTIME_DIR", str(tmp_path)), ("PATH", str(tmp_path))):
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("PIPEWIRE_RUNTIME_DIR", raising=False)
    monkeypatch.setattr(guide, "_SEQUENCER", sequencer)
    assert look_around() == Surroundings(guide.sys.platform, "missing", True, False, False)
    sequencer.touch()
    program = tmp_path / "pw-jack"
    program.touch()
    program.chmod(0o755)
    there = look_around(["Synth"])
    assert (there.sequencer, there.pw_jack, there.ports) == ("open", True, ("Synth",))
    monkeypatch.setattr(os, "access", lambda *_: False)
    assert look_around().sequencer == "forbidden"


def test_a_cure_without_steps_stays_as_it_is():
    assert split_steps("plug it in, or start JACK") == ["plug it in, or start JACK"]
    assert split_steps("") == []
