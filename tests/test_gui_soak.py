"""What measures and watches the window: response, devices that come and go, addresses."""

import time

import pytest
from gui_samples import emotion, look
from PyQt6.QtCore import QObject

from engine.mapping.sections import TurnWatch
from engine.snapshot import AudioHealth, LogEntry, MidiHealth
from gui.controllers.device_watch import DeviceWatch
from gui.engine_process.decode import Devices
from gui.soak import Heartbeat
from gui.state.history import History
from gui.window.addresses import local_addresses, reachable


class Bridge(QObject):
    def __init__(self):
        super().__init__()
        self.asked = 0

    def list_devices(self):
        self.asked += 1


class Controller(QObject):
    def __init__(self):
        super().__init__()
        self.bridge, self.look, self.wants_music = Bridge(), None, False


def test_a_window_that_does_not_respond_shows_in_the_heartbeat(qapp, qtbot):
    heart = Heartbeat()
    heart.start()
    qtbot.waitUntil(lambda: len(heart.gaps_s) > 3)
    time.sleep(0.12)  # as a window that works would
    qtbot.waitUntil(lambda: max(heart.gaps_s) > 0.1)
    heart.stop()
    assert len(heart.work_s) == len(heart.gaps_s)
    assert max(heart.work_s) < 0.12  # it slept, and did not work


@pytest.mark.parametrize(
    ("shown", "music", "lost", "asks"),
    [
        (True, True, False, 5),
        (False, False, False, 1),
        (False, True, False, 0),
        (False, True, True, 5),
    ],
)
def test_devices_are_looked_for_as_rarely_as_will_do(qapp, shown, music, lost, asks):
    controller = Controller()
    controller.wants_music = music
    error = "mic unplugged" if lost else None
    controller.look = look(audio=AudioHealth("mic", not lost, -20.0, 0, error)) if music else None
    watch = DeviceWatch(controller, lambda: shown, controller)
    for _ in range(5):
        watch._look()
    assert controller.bridge.asked == asks
    watch.stop()


def test_a_lost_output_is_looked_for_too(qapp):
    controller = Controller()
    controller.wants_music = True
    controller.look = look(midi=MidiHealth("synth", False, 0, 0, 0, 0.0, 0.0, 0))
    watch = DeviceWatch(controller, lambda: False, controller)
    watch._look()
    assert controller.bridge.asked == 1
    watch.stop()


def test_our_own_ports_are_not_offered_to_ourselves():
    found = Devices.read(
        {
            "inputs": ["mic"],
            "audio_outputs": ["speakers"],
            "midi_inputs": ["Stimmung:Stimmung", "Keystation:1"],
            "outputs": ["Stimmung keys:0", "FLUID Synth:2"],
            "problem": "",
            "jack": True,
            "systems": ["Jack"],
        }
    )
    assert found.midi_inputs == ("Keystation:1",) and found.midi_outputs == ("FLUID Synth:2",)


def test_a_page_for_the_network_gets_an_address_others_can_type():
    token = "http://0.0.0.0:8765/?token=abc"
    assert reachable(token, ["192.168.1.5", "10.0.0.2"]) == "http://192.168.1.5:8765/?token=abc"
    assert reachable("http://127.0.0.1:8765/", ["192.168.1.5"]) == "http://127.0.0.1:8765/"
    assert reachable(token, []) == "http://127.0.0.1:8765/?token=abc"
    assert "127.0.0.1" not in local_addresses()


def test_every_turn_is_told_once():
    watch = TurnWatch()
    told = [
        list(watch.update(section, build, drop, silent))
        for section, build, drop, silent in (
            (0, 0.0, 0.0, False),
            (0, 0.6, 0.0, False),
            (0, 0.3, 0.0, False),
            (0, 0.6, 0.0, False),
            (1, 0.0, 1.0, False),
            (1, 0.7, 1.0, True),
            (1, 0.0, 0.0, True),
        )
    ]
    assert told == [[], ["build"], [], [], ["section", "drop"], ["build", "silence"], []]


def test_history_keeps_the_turns_with_their_times():
    history = History()
    history.add(look(time_s=1.0))
    history.add(look(time_s=2.0, section=1))
    history.add(look(time_s=3.0, section=1, emotion=emotion(state="silence")))
    assert list(history.events) == [(2.0, "section"), (3.0, "silence")]
    history.add(look(time_s=0.1))
    assert not history.events


@pytest.mark.parametrize(
    ("kind", "fields", "words"),
    [
        ("late", {"note_id": 12, "ms": 25.7}, "A note left 25.7 ms late."),
        ("skipped", {"seconds": 0.06}, "0.06 s of input sound were skipped after a stall."),
        ("captured", {"file": "Night, part 2.mid"}, "Saved: Night, part 2.mid."),
        ("audio", {"what": "mic unplugged."}, "Audio in: mic unplugged."),
        ("set", {"tempo_bpm": 90, "mode": "guide"}, "Set: tempo bpm 90, mode guide."),
        ("panic", {}, "Panic: every note was ended."),
    ],
)
def test_the_log_is_in_plain_words(kind, fields, words):
    assert LogEntry(kind, fields).words == words
