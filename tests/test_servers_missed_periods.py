"""When a test over JACK is run again, and when it is not."""

import os
import signal

from servers.jack import JackServer, MidiDump, until
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

    @property
    def again(self):
        """Return the condition of running it again."""
        (mark,) = self.marks
        return mark.kwargs["condition"]


class Log:
    """A server that has said this."""

    def __init__(self):
        self.text = ""

    def said(self):
        return self.text

    def left_out(self, client):
        self.text += f"JackEngine::XRun: client = {client} was not finished, state = Running\n"


def test_only_a_program_of_the_rig_left_out_in_this_test_is_a_reason() -> None:
    periods, item, log = MissedPeriods(), Item("jack", "tmp_path"), Log()
    periods.mark(item)
    assert not item.again()  # no server
    log.left_out("dump-1")
    periods.watch(log)
    periods.begin()
    assert not item.again()  # it was before
    log.left_out("Stimmung")
    log.left_out("Stimmung audio")
    assert not item.again()
    log.left_out("listener")
    assert item.again()


def test_the_server_names_a_receiver_that_stands_still(jack: JackServer, dump: MidiDump) -> None:
    periods, item = MissedPeriods(), Item("jack")
    periods.mark(item)
    periods.watch(jack)
    periods.begin()
    os.kill(dump.pid, signal.SIGSTOP)
    try:
        until(item.again, "its name in the log")
    finally:
        os.kill(dump.pid, signal.SIGCONT)


def test_tests_without_a_server_are_never_run_again() -> None:
    item = Item("tmp_path", "dump_of_something")
    MissedPeriods().mark(item)
    assert item.marks == []


def test_that_a_note_hangs_is_never_excused() -> None:
    item = Item("jack", "note_ends")
    MissedPeriods().mark(item)
    assert item.marks == []
