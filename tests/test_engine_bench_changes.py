"""Random orders on counted time and with real processes; recordings by a real workstation."""

from pathlib import Path

import pytest
from servers.needs import need_program

from engine.bench.changes.counted import measure_changes
from engine.bench.changes.played import play_changes
from engine.bench.daw.run import TOLERANCE_BEATS, record
from engine.bench.midi_out.run import measure_midi, private_server
from engine.bench.sequencer import _Course, beat_of
from engine.errors import InputError


def judge(found):
    assert found["hanging"] == found["doubled"] == found["exceptions"] == 0
    assert found["wrong_position"] == 0
    assert found["notes"] > found["orders"]


def test_random_orders_leave_no_note_and_the_right_position():
    judge(measure_changes(60, seed=11))


@pytest.mark.proof
def test_a_thousand_random_orders():
    judge(measure_changes(1000, seed=4))


@pytest.mark.proof
def test_random_orders_to_real_processes():
    need_program("jackd")
    found = play_changes(24, seed=3)
    assert found["alive"] and not found["hanging"]
    assert found["wrong_beats"] == 0 and found["notes"] > 10


@pytest.mark.proof
@pytest.mark.parametrize("role", ["follows", "leads"])
def test_a_workstation_records_every_note_in_its_place(role, tmp_path: Path):
    need_program("jackd")
    need_program("ardour*-lua")
    with private_server(256) as server:
        found = record(server, tmp_path, role, 15.0)
    print(found)
    assert found["notes"] > 20 and found["strangers"] == 0
    # A sixty-fourth note; a machine that stalls may put single notes elsewhere.
    assert found["off"]["p95_ms"] < TOLERANCE_BEATS * 500.0


@pytest.mark.parametrize(
    "loads",
    [("idle",), pytest.param(("loaded",), marks=pytest.mark.proof)],
    ids=["idle", "loaded"],
)
def test_every_output_is_measured_at_both_ends(loads):
    need_program("jackd")
    found = measure_midi(256, 40, loads=loads)[loads[0]]
    for output in ("jack", "rtmidi", "plain", "isobar"):
        figures = found[output]
        heard = figures["receiver"]["count"] + figures["lost"]
        assert heard == 40 and figures["call"]["count"] <= 40, output
        assert figures["receiver"]["p50_ms"] <= figures["receiver"]["max_ms"]
    assert found["jack"]["off_schedule"]["count"] == found["jack"]["receiver"]["count"]


def test_senseless_numbers_of_notes_are_refused():
    with pytest.raises(InputError, match="events must be"):
        measure_midi(256, 0)


def test_the_strange_sequencer_keeps_order_and_marks_its_beats():
    course = _Course(48000, 120.0, 1e-3, seed=1)
    course.orders.append(["start"])
    sent = [event for end in range(0, 96001, 256) for event in course.until(end)]
    assert [frame for frame, _, _ in sent] == sorted(frame for frame, _, _ in sent)
    clocks = [frame for frame, is_mark, data in sent if data == b"\xf8"]
    marks = [(frame, beat_of(data)) for frame, is_mark, data in sent if is_mark]
    assert next(data for _, is_mark, data in sent if not is_mark) == b"\xfa" and len(clocks) > 90
    assert [beat for _, beat in marks] == [0, 1, 2, 3]
    assert {later - frame for (frame, _), (later, _) in zip(marks, marks[1:], strict=False)} == {
        24000
    }
    assert len({b - a for a, b in zip(clocks, clocks[1:], strict=False)}) > 20  # it does stray
