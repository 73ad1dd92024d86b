"""When a test over JACK is run again, and when it is not."""

import os
import signal
import time

from servers.jack import JackServer, MidiDump, midi_dump
from servers.missed_periods import MissedPeriods


class Item:
    """What pytest hands over, as far as it is looked at."""

    def __init__(self, *fixtures):
        self.fixturenames = fixtures
        self.marks = []

    def add_marker(self, mark):
        self.marks.append(mark)

    def get_closest_marker(self, name):
        return name if name in self.fixturenames else None


def stands_still(receiver: MidiDump, seconds: float) -> None:
    os.kill(receiver.pid, signal.SIGSTOP)
    time.sleep(seconds)
    os.kill(receiver.pid, signal.SIGCONT)
    time.sleep(0.1)


def test_only_a_receiver_left_out_in_this_test_is_a_reason(jack: JackServer) -> None:
    left_out, item = MissedPeriods(), Item("jack", "tmp_path")
    left_out.mark(item)
    (again,) = (mark.kwargs["condition"] for mark in item.marks)
    assert not again()  # no server
    left_out.watch(jack)
    with midi_dump(jack, "dump-still") as receiver, midi_dump(jack, "other") as other:
        left_out.begin()
        stands_still(other, 0.1)
        others = again()
        stands_still(receiver, 0.1)
        assert again()
        left_out.begin()
        stands_still(other, 0.0)
    assert not others


def test_tests_without_a_server_are_never_run_again() -> None:
    item = Item("tmp_path", "dump_of_something")
    MissedPeriods().mark(item)
    assert item.marks == []


def test_that_a_note_hangs_is_never_excused() -> None:
    item = Item("jack", "note_ends")
    MissedPeriods().mark(item)
    assert item.marks == []
