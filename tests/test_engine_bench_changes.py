"""Random orders in simulated time; recordings by a real workstation."""

from pathlib import Path

import pytest
from servers.needs import need_program

from engine.bench.changes import measure_changes
from engine.bench.daw.run import TOLERANCE_BEATS, record
from engine.bench.midi_out.run import measure_periods, private_server
from engine.bench.reaction.run import _judge
from engine.bench.reaction.scene import CLICK, STEP
from engine.bench.sequencer import _Course, beat_of
from engine.bench.sync_jack import _judge as judge_phase
from engine.errors import InputError


def judge(found):
    assert found["hanging"] == found["doubled"] == found["exceptions"] == 0
    assert found["wrong_position"] == 0
    assert found["notes"] > found["orders"]


@pytest.mark.proof
def test_random_orders_leave_no_note_and_the_right_position():
    judge(measure_changes(60, seed=11))


@pytest.mark.proof
def test_a_thousand_random_orders():
    judge(measure_changes(1000, seed=4))


@pytest.mark.proof
@pytest.mark.parametrize("role", ["follows", "leads"])
def test_a_workstation_records_every_note_in_its_place(role, tmp_path: Path):
    need_program("jackd")
    need_program("ardour*-lua")
    with private_server(256) as server:
        found = record(server, tmp_path, role, 15.0)
    print(found)
    assert found["notes"] > 20 and found["unexpected"] == 0
    # A sixty-fourth note; a machine that stalls may put single notes elsewhere.
    assert found["off"]["p95_ms"] < TOLERANCE_BEATS * 500.0


@pytest.mark.parametrize(
    "loads",
    [("idle",), pytest.param(("loaded",), marks=pytest.mark.proof)],
    ids=["idle", "loaded"],
)
def test_every_output_is_measured_at_both_ends(loads):
    need_program("jackd")
    found = measure_periods((256,), 40, loads)["256"][loads[0]]
    for output in ("jack", "rtmidi", "plain", "isobar"):
        figures = found[output]
        heard = figures["receiver"]["count"] + figures["lost"]
        assert heard == 40 and figures["call"]["count"] <= 40, output
        assert figures["receiver"]["p50_ms"] <= figures["receiver"]["max_ms"]
    assert found["jack"]["off_schedule"]["count"] == found["jack"]["receiver"]["count"]


def test_senseless_numbers_of_notes_are_refused():
    with pytest.raises(InputError, match="count must be"):
        measure_periods((256,), 0)


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


def test_answers_are_measured_from_their_causes():
    """One click answered after 80 ms; a step whose arousal moves after 0.5 s, louder after 2 s."""

    def control(number, value):
        return bytes((0xB0, number, value))

    def note(velocity):
        return bytes((0x90, 60, velocity))

    marks = [(10.0, bytes((0x90, CLICK, 1))), (20.0, bytes((0x90, STEP, 1)))]
    heard = [(9.0, control(7, 10)), (9.5, control(21, 60)), (10.05, control(7, 11))]
    heard += [(10.08, control(7, 90)), (15.0, note(60)), (20.3, control(21, 61)), (20.4, note(60))]
    heard += [(20.5, control(21, 70)), (20.52, note(60)), (20.9, note(60)), (21.0, control(21, 80))]
    heard += [(22.0, note(61))]
    found = _judge(marks, heard)
    expected = {
        "sound to loudness controller": 0.08,
        "turn to first move of arousal": 0.5,
        "turn to half of its way": 0.5,
        "turn to first note that can differ": 0.9,
    }
    for name, seconds in {**expected, "turn to first louder note": 2.0}.items():
        assert found[name]["p50_s"] == pytest.approx(seconds), name
        assert (found[name]["n"], found[name]["answered"]) == (1, 1)
    assert _judge(marks, heard[:2])["sound to loudness controller"]["answered"] == 0


def test_notes_are_compared_with_the_beats_around_them():
    marks = [(100.0 + 0.5 * beat, bytes((0x9F, beat, 1))) for beat in range(8)]
    planned = {(0, 60): [0.0, 2.0, 3.5], (1, 40): [5.0]}
    heard = [(100.012, bytes((0x90, 60, 80))), (101.001, bytes((0x90, 60, 80)))]
    heard += [(101.748, bytes((0x90, 60, 80))), (102.5, bytes((0x91, 40, 80)))]
    heard += [(104.2, bytes((0x90, 60, 80)))]  # Stop was sent before its beat
    found = judge_phase(marks, heard, planned)
    assert found["notes"] == 3 and found["after_stop"] == 1
    assert found["first_beat"]["max_ms"] == pytest.approx(12.0, abs=0.1)
    assert found["phase"]["max_ms"] == pytest.approx(2.0, abs=0.1)
