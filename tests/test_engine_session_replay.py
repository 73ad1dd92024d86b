"""A session played again: the same notes at the same times, from anywhere, and none hangs."""

import pytest
from session_samples import INFO, a_note

from engine.errors import InputError
from engine.events import SUSTAIN, ControlEvent
from engine.session import Session
from engine.session.content import TimedNote
from engine.session.replay import LEAD_S, Replayer, ReplayScore


class Port:
    """Keeps what it is handed."""

    def __init__(self) -> None:
        self.notes: dict[int, list[float | int]] = {}
        self.controls: list[tuple[float, int, int, int]] = []

    def note(
        self, note_id: int, on_s: float, off_s: float, channel: int, pitch: int, velocity: int
    ) -> None:
        assert note_id not in self.notes
        self.notes[note_id] = [on_s, off_s, pitch]

    def control(self, at_s: float, channel: int, control: int, value: int, holder: int = 0) -> None:
        self.controls.append((at_s, channel, control, value))

    def cancel_after(self, at_s: float) -> None:
        self.cancelled_s = at_s

    def end_note(self, note_id: int, at_s: float) -> None:
        self.notes[note_id][1] = at_s


@pytest.fixture
def score() -> ReplayScore:
    """Twenty notes, one every quarter of a second and 0.2 s long, a fader and a pedal."""
    session = Session(INFO)
    for n in range(20):
        session.notes.append(TimedNote(a_note(n + 1, n * 0.5), n * 0.25, n * 0.25 + 0.2))
        session.controls.append((n * 0.25, ControlEvent(n * 0.5, 20, n)))
    session.controls.append((2.0, ControlEvent(4.0, SUSTAIN, 127)))
    return ReplayScore(session)


def play(replayer: Replayer, start_s: float, end_s: float) -> float:
    """Advance every 5 ms; return the time reached."""
    ticks = round((end_s - start_s) / 0.005)
    for tick in range(ticks):
        replayer.advance(start_s + tick * 0.005)
    return start_s + ticks * 0.005


def test_the_same_notes_at_the_same_distances(score: ReplayScore) -> None:
    port = Port()
    replayer = Replayer(score, port)
    replayer.play(100.0)
    play(replayer, 100.0, 106.0)
    assert replayer.ended and not replayer.playing
    onsets = [on_s - 100.0 - LEAD_S for on_s, _, _ in port.notes.values()]
    assert onsets == pytest.approx([index * 0.25 for index in range(20)])
    assert [pitch for _, _, pitch in port.notes.values()] == [60 + n % 12 for n in range(1, 21)]
    assert all(off - on == pytest.approx(0.2) for on, off, _ in port.notes.values())


def test_from_the_middle_faders_stand_where_they_stood(score: ReplayScore) -> None:
    port = Port()
    replayer = Replayer(score, port)
    replayer.play(100.0, 2.1)
    assert {(control, value) for _, _, control, value in port.controls} == {(20, 8), (64, 127)}
    play(replayer, 100.0, 104.0)
    assert len(port.notes) == 11  # from 2.25 s on


def test_stopping_ends_what_sounds_and_going_on_repeats_nothing(score: ReplayScore) -> None:
    port = Port()
    replayer = Replayer(score, port)
    replayer.play(100.0)
    stopped_s = play(replayer, 100.0, 102.1)
    replayer.stop(stopped_s)
    assert all(off_s <= stopped_s for _, off_s, _ in port.notes.values())
    assert port.cancelled_s == stopped_s  # that lifts the pedal, see test_engine_note_safety.py
    sounded = sum(on_s < stopped_s for on_s, _, _ in port.notes.values())
    replayer.play(200.0)
    play(replayer, 200.0, 204.0)
    again = sum(on_s >= 200.0 for on_s, _, _ in port.notes.values())
    assert sounded + again == 20


def test_a_stall_does_not_end_in_a_burst(score: ReplayScore) -> None:
    port = Port()
    replayer = Replayer(score, port)
    replayer.play(100.0)
    replayer.advance(103.0)
    onsets = [on_s for on_s, _, _ in port.notes.values()]
    assert onsets == sorted(set(onsets))  # each keeps its own time; the sender drops what is past


def test_a_place_outside_is_refused(score: ReplayScore) -> None:
    with pytest.raises(InputError, match="from"):
        Replayer(score, Port()).play(100.0, 60.0)
