"""What leaves the sender, when and in which order, on a fake clock."""

from hypothesis import given
from hypothesis import strategies as st
from servers.jack import Heard, hanging

from engine.midi.holders import first_id
from engine.midi.sender.schedule import Schedule
from engine.midi.wire import DropReason, Frame, Kind


def note(note_id, on_s, off_s, pitch=60, channel=0, velocity=90):
    return Frame(Kind.NOTE, channel, pitch, velocity, note_id, on_s, off_s)


def control(at_s, value, number=20, channel=0):
    return Frame(Kind.CONTROL, channel, number, value, at_s=at_s)


def filled(*frames, now=0.0, **options):
    schedule = Schedule(**options)
    for frame in frames:
        assert schedule.handle(frame, now) == []
    return schedule


def sent(schedule, now, lookahead_s=0.0):
    return [out.data.hex(" ") for out in schedule.due(now, lookahead_s)]


def drops(schedule):
    return {f.note_id: f.data1 for f in schedule.take_reports() if f.kind == Kind.DROPPED}


def test_note_starts_and_ends_at_its_times():
    schedule = filled(note(1, 1.0, 2.0))
    assert sent(schedule, 0.999) == []
    assert sent(schedule, 1.0) == ["90 3c 5a"]
    assert sent(schedule, 1.999) == []
    assert sent(schedule, 2.0) == ["80 3c 40"]
    assert schedule.next_deadline() is None


def test_off_comes_before_on_at_the_same_time_and_pitch():
    schedule = filled(note(1, 1.0, 2.0), note(2, 2.0, 3.0))
    sent(schedule, 1.0)
    assert sent(schedule, 2.0) == ["80 3c 40", "90 3c 5a"]


def test_a_key_that_two_hold_is_struck_anew_and_ends_when_the_last_lets_go():
    schedule = filled(note(1, 1.0, 2.5), note(2, 1.5, 2.0))
    assert sent(schedule, 1.0) == ["90 3c 5a"]
    assert sent(schedule, 1.5) == ["80 3c 40", "90 3c 5a"]
    assert sent(schedule, 2.0) == []
    assert sent(schedule, 2.5) == ["80 3c 40"]
    ended = [frame.note_id for frame in schedule.take_reports() if frame.kind == Kind.ENDED]
    assert ended == [2, 1]


def test_clock_precedes_notes_and_notes_precede_controllers():
    schedule = filled(
        control(1.0, 5),
        note(1, 1.0, 2.0),
        Frame(Kind.PROGRAM, 0, 7, at_s=1.0),
        Frame(Kind.REALTIME, data1=0xF8, at_s=1.0),
    )
    assert sent(schedule, 1.0) == ["f8", "c0 07", "90 3c 5a", "b0 14 05"]


def test_unchanged_controller_is_not_repeated():
    schedule = filled(control(1.0, 5), control(2.0, 5), control(3.0, 6), control(4.0, 5))
    assert [sent(schedule, now) for now in (1.0, 2.0, 3.0, 4.0)] == [
        ["b0 14 05"],
        [],
        ["b0 14 06"],
        ["b0 14 05"],
    ]


def test_backlog_of_a_controller_is_merged_to_its_newest_value():
    schedule = filled(*(control(1.0 + step / 100, step) for step in range(50)))
    assert sent(schedule, 2.0) == ["b0 14 31"]


def test_pedal_and_bank_messages_are_never_merged():
    schedule = filled(control(1.0, 127, 64), control(1.1, 0, 64), control(1.2, 127, 64))
    assert sent(schedule, 1.3) == ["b0 40 7f", "b0 40 00", "b0 40 7f"]
    schedule = filled(control(1.0, 0, 0), control(1.1, 0, 0))
    assert sent(schedule, 1.3) == ["b0 00 00", "b0 00 00"]


def pedal(at_s, down, channel=0):
    return control(at_s, 127 if down else 0, 64, channel)


def test_a_pedal_takes_its_turn_among_the_notes_also_in_a_backlog():
    schedule = filled(pedal(1.1, True), note(1, 1.0, 2.0), note(2, 2.0, 3.0, 62), max_late_s=9.0)
    for frame in (pedal(2.0, False), pedal(2.1, True)):
        schedule.handle(frame, 0.0)
    assert sent(schedule, 1.9) == ["90 3c 5a", "b0 40 7f"]
    assert sent(schedule, 2.5) == ["80 3c 40", "b0 40 00", "90 3e 5a", "b0 40 7f"]


def test_cancel_withdraws_pedals_and_lifts_what_is_down_or_about_to_be():
    schedule = filled(pedal(1.0, True), pedal(1.5, True, 1), pedal(3.0, True, 2), pedal(2.5, False))
    sent(schedule, 1.0)
    schedule.handle(Frame(Kind.CANCEL_AFTER, at_s=2.0), 1.1)
    assert sent(schedule, 1.9) == ["b1 40 7f"]
    assert sorted(sent(schedule, 9.0)) == ["b0 40 00", "b1 40 00"]
    assert schedule.queued == 0 and schedule.next_deadline() is None


def test_a_pedal_handed_over_ahead_of_time_is_lifted_after_it():
    schedule = filled(pedal(1.0, True))
    assert sent(schedule, 0.98, lookahead_s=0.03) == ["b0 40 7f"]
    lifts = [out for out in schedule.end_all(0.985) if out.data == bytes((0xB0, 64, 0))]
    assert [out.at_s for out in lifts] == [1.0]


def test_a_lost_port_is_told_to_lift_its_pedal_and_never_to_press_it():
    schedule = filled(pedal(1.0, True), pedal(3.0, True, 1))
    sent(schedule, 1.0)
    schedule.suspend()
    assert sent(schedule, 3.0) == []
    schedule.panic(3.5)
    assert [o.data.hex(" ") for o in schedule.resume(4.0)] == ["b0 40 00"]
    schedule.handle(pedal(5.0, True), 4.0)
    assert sent(schedule, 5.0) == ["b0 40 7f"]


def test_late_note_is_dropped_and_counted_never_sent():
    schedule = filled(note(1, 1.0, 5.0), note(2, 1.02, 5.0, pitch=61))
    assert sent(schedule, 1.11) == ["90 3d 5a"]
    assert drops(schedule) == {1: DropReason.LATE}
    assert schedule.dropped == 1


def test_note_whose_own_end_has_passed_is_dropped():
    schedule = filled(note(1, 1.0, 1.03))
    assert sent(schedule, 1.05) == []
    assert drops(schedule) == {1: DropReason.LATE}


def test_stall_does_not_end_in_a_burst_of_notes():
    schedule = filled(*(note(n, 1.0 + n / 100, 9.0, pitch=n) for n in range(100)))
    assert len(sent(schedule, 2.0)) <= 11  # the last 100 ms


def test_late_note_off_is_always_sent():
    schedule = filled(note(1, 1.0, 2.0))
    sent(schedule, 1.0)
    assert sent(schedule, 50.0) == ["80 3c 40"]


def test_end_can_be_moved_while_the_note_sounds_and_before():
    schedule = filled(note(1, 1.0, 9.0))
    schedule.handle(Frame(Kind.END_NOTE, note_id=1, at_s=8.0), 0.0)
    sent(schedule, 1.0)
    schedule.handle(Frame(Kind.END_NOTE, note_id=1, at_s=2.0), 1.0)
    assert sent(schedule, 2.0) == ["80 3c 40"]
    assert sent(schedule, 10.0) == []


def test_end_moved_later_keeps_the_note_sounding():
    schedule = filled(note(1, 1.0, 2.0))
    sent(schedule, 1.0)
    schedule.handle(Frame(Kind.END_NOTE, note_id=1, at_s=4.0), 1.5)
    assert sent(schedule, 3.0) == []
    assert sent(schedule, 4.0) == ["80 3c 40"]


def test_end_moved_before_the_start_withdraws_the_note():
    schedule = filled(note(1, 1.0, 2.0))
    schedule.handle(Frame(Kind.END_NOTE, note_id=1, at_s=0.5), 0.0)
    assert sent(schedule, 1.0) == []
    assert drops(schedule) == {1: DropReason.CANCELLED}
    assert schedule.dropped == 0


def test_cancel_withdraws_what_is_to_start_and_lets_sound_what_sounds():
    schedule = filled(note(1, 1.0, 4.0), note(2, 2.0, 4.0, 61), note(3, 3.0, 4.0, 62))
    sent(schedule, 1.0)
    schedule.handle(Frame(Kind.CANCEL_AFTER, at_s=2.5), 1.0)
    assert sent(schedule, 2.0) == ["90 3d 5a"]
    assert sent(schedule, 3.0) == []
    assert sorted(sent(schedule, 4.0)) == ["80 3c 40", "80 3d 40"]


def test_cancel_and_all_notes_off_concern_their_own_holder_only():
    theirs, others = first_id(2), first_id(3)
    schedule = filled(note(1, 2.0, 4.0), note(theirs, 2.0, 4.0, 61), note(others, 2.0, 4.0, 62))
    schedule.handle(Frame(Kind.CANCEL_AFTER, at_s=1.0), 1.0)
    assert sent(schedule, 2.0) == ["90 3d 5a", "90 3e 5a"]
    off = Frame(Kind.CONTROL, 0, 123, 0, theirs, 3.0)
    schedule.handle(off, 2.5)
    assert sent(schedule, 3.0) == ["80 3d 40"]  # by name: the message would end the other's
    assert sent(schedule, 4.0) == ["80 3e 40"]
    schedule.handle(off._replace(at_s=5.0), 4.5)
    assert sent(schedule, 5.0) == ["b0 7b 00"]  # nothing else sounds there


def test_id_can_be_used_again_after_it_was_withdrawn():
    schedule = filled(note(1, 1.0, 2.0))
    schedule.handle(Frame(Kind.CANCEL_AFTER, at_s=0.0), 0.0)
    schedule.handle(note(1, 5.0, 6.0), 0.0)
    assert sent(schedule, 1.0) == []
    assert sent(schedule, 5.0) == ["90 3c 5a"]


def test_id_in_use_is_refused():
    schedule = filled(note(1, 1.0, 3.0))
    schedule.handle(note(1, 2.0, 3.0, 61), 0.0)
    assert drops(schedule) == {1: DropReason.DUPLICATE_ID}


def test_queue_is_bounded():
    schedule = filled(*(note(n, 1.0, 2.0, n) for n in range(5)), max_queued=4)
    assert schedule.queued == 4
    assert drops(schedule) == {4: DropReason.QUEUE_FULL}


def test_a_full_queue_takes_what_ends_something():
    schedule = filled(pedal(0.5, True), note(1, 0.5, 9.0), note(2, 3.0, 4.0, 61), max_queued=3)
    sent(schedule, 0.5)
    for number in (10, 11):
        schedule.handle(note(number, 3.0, 4.0, number), 0.5)
    schedule.handle(control(1.0, 5), 0.5)  # no room
    schedule.handle(pedal(1.0, False), 0.5)
    schedule.handle(control(1.0, 0, number=123), 0.5)
    assert sent(schedule, 1.0) == ["80 3c 40", "b0 40 00", "b0 7b 00"]


def test_heap_does_not_grow_when_the_same_end_is_moved_again_and_again():
    schedule = filled(note(1, 1.0, 9.0))
    sent(schedule, 1.0)
    for step in range(5000):
        schedule.handle(Frame(Kind.END_NOTE, note_id=1, at_s=9.0 + step), 1.0)
    assert len(schedule._heap) < 200
    assert sent(schedule, 9.0 + 4999) == ["80 3c 40"]


def test_panic_forgets_the_queue_ends_notes_and_resets_every_channel():
    schedule = filled(note(1, 1.0, 9.0, channel=2), note(2, 5.0, 9.0), control(5.0, 1))
    sent(schedule, 1.0)
    out = [o.data.hex(" ") for o in schedule.handle(Frame(Kind.PANIC), 1.5)]
    assert out[0] == "82 3c 40"
    for channel in range(16):
        for number in ("78", "7b", "40", "79"):
            assert f"b{channel:x} {number} 00" in out
    assert schedule.queued == 0
    assert sent(schedule, 20.0) == []
    assert drops(schedule) == {2: DropReason.PANIC}


def test_end_all_ends_our_notes_and_lifts_our_pedals_and_no_others():
    schedule = filled(note(1, 1.0, 9.0, 60, 0), note(2, 1.0, 9.0, 61, 3), pedal(1.0, True, 3))
    sent(schedule, 1.0)
    out = [o.data.hex(" ") for o in schedule.end_all(2.0)]
    assert out == ["80 3c 40", "83 3d 40", "b3 40 00"]


def test_end_all_never_overtakes_a_note_on_handed_over_ahead_of_time():
    schedule = filled(note(1, 1.0, 9.0))
    assert sent(schedule, 0.98, lookahead_s=0.03) == ["90 3c 5a"]
    assert all(out.at_s >= 1.0 for out in schedule.end_all(0.985))


def test_latency_moves_every_deadline():
    schedule = filled(note(1, 1.0, 2.0), latency_s=-0.05)
    assert schedule.next_deadline() == 0.95
    (on,) = schedule.due(0.95)
    assert on.at_s == 0.95
    schedule.handle(Frame(Kind.LATENCY, at_s=0.1), 0.95)
    assert sent(schedule, 2.0) == []
    assert sent(schedule, 2.1) == ["80 3c 40"]


def test_release_ends_what_an_earlier_sender_left_but_not_a_note_of_our_own():
    schedule = filled(note(1, 1.0, 2.0, 60))
    sent(schedule, 1.0)
    release = Frame(Kind.RELEASE, 0, 61)
    assert [o.data.hex(" ") for o in schedule.handle(release, 1.0)] == ["80 3d 40"]
    assert schedule.handle(Frame(Kind.RELEASE, 0, 60), 1.0) == []
    left = Frame(Kind.RELEASE, 1, 61, 1)
    assert [o.data.hex(" ") for o in schedule.handle(left, 1.0)] == ["81 3d 40", "b1 40 00"]
    schedule.handle(pedal(1.0, True, channel=1), 1.0)
    sent(schedule, 1.0)
    assert [o.data.hex(" ") for o in schedule.handle(left, 1.0)] == ["81 3d 40"]


def test_a_receiver_that_is_back_is_told_what_ended_and_was_lifted_meanwhile():
    schedule = filled(note(1, 1.0, 2.0), note(2, 1.0, 9.0, 61), pedal(1.0, True), pedal(2.0, False))
    for now in (1.0, 2.0):
        sent(schedule, now)
    assert [o.data.hex(" ") for o in schedule.remind(1.5, 3.0)] == ["80 3c 40", "b0 40 00"]
    assert schedule.remind(2.5, 3.0) == []


def test_lost_port_is_owed_its_note_offs_and_controllers():
    schedule = filled(note(1, 1.0, 2.0), note(2, 3.0, 4.0, 61), control(3.0, 9))
    sent(schedule, 1.0)
    schedule.suspend()
    assert sent(schedule, 3.0) == []
    assert drops(schedule) == {2: DropReason.PORT_AWAY}
    assert [o.data.hex(" ") for o in schedule.resume(5.0)] == ["80 3c 40", "b0 14 09"]
    assert schedule.resume(6.0) == []


COMMANDS = st.lists(
    st.one_of(
        st.tuples(st.just("note"), st.integers(0, 200), st.integers(1, 60), st.integers(0, 2)),
        st.tuples(st.just("end"), st.integers(0, 40), st.integers(0, 200), st.just(0)),
        st.tuples(st.just("cancel"), st.integers(0, 200), st.just(0), st.just(0)),
        st.tuples(st.just("panic"), st.just(0), st.just(0), st.just(0)),
        st.tuples(st.just("pedal"), st.integers(0, 200), st.booleans(), st.integers(0, 2)),
        st.tuples(st.just("tick"), st.integers(1, 30), st.just(0), st.just(0)),
        st.tuples(st.just("away"), st.just(0), st.just(0), st.just(0)),
        st.tuples(st.just("back"), st.just(0), st.just(0), st.just(0)),
    ),
    max_size=80,
)


@given(COMMANDS, st.sampled_from([0.0, 0.026]))
def test_whatever_is_asked_a_receiver_never_keeps_a_note_or_a_pedal(commands, lookahead_s):
    """Time in hundredths of a second; offs without an on are legal only after the port left."""
    schedule = Schedule()
    now, next_id, away = 0.0, 0, False
    wire = []
    for name, a, b, c in commands:
        if name == "note":
            frame = note(next_id, now + a / 100, now + (a + b) / 100, pitch=60 + c)
            wire += schedule.handle(frame, now)
            next_id += 1
        elif name == "end":
            frame = Frame(Kind.END_NOTE, note_id=a, at_s=now + b / 100)
            wire += schedule.handle(frame, now)
        elif name == "pedal":
            wire += schedule.handle(pedal(now + a / 100, b, channel=c), now)
        elif name == "cancel":
            wire += schedule.handle(Frame(Kind.CANCEL_AFTER, at_s=now + a / 100), now)
        elif name == "panic":
            wire += schedule.handle(Frame(Kind.PANIC), now)
        elif name == "tick":
            now += a / 100
        elif name == "away" and not away:
            schedule.suspend()
            away = True
        elif name == "back" and away:
            wire += schedule.resume(now)
            away = False
        wire += schedule.due(now, lookahead_s)
    if away:
        wire += schedule.resume(now)
    wire += schedule.end_all(now)
    # A port that takes messages ahead sorts them by time, first come first.
    ordered = sorted(wire, key=lambda out: out.at_s) if lookahead_s else wire
    assert hanging([Heard(0, out.data) for out in ordered]) == set()
    pedals = {o.data[0]: o.data[2] for o in ordered if o.data[0] >> 4 == 0xB and o.data[1] == 64}
    assert set(pedals.values()) <= {0}
    assert schedule.controllers.pedals.down() == []


def test_the_pressure_of_each_key_is_its_own():
    schedule = Schedule()
    for at_s, pitch, value in ((1.0, 60, 9), (1.0, 61, 9), (1.0, 60, 10), (2.0, 61, 9)):
        schedule.handle(Frame(Kind.KEY_PRESSURE, 2, pitch, value, at_s=at_s), 0.0)
    assert sent(schedule, 1.0) == ["a2 3d 09", "a2 3c 0a"]
    assert sent(schedule, 2.0) == []


def test_bends_and_pressures_are_sent_when_they_change_and_held_for_a_port_that_is_away():
    schedule = Schedule()
    for at_s, fine, coarse in ((1.0, 0, 64), (2.0, 0, 64), (3.0, 127, 127)):
        schedule.handle(Frame(Kind.BEND, 2, fine, coarse, at_s=at_s), 0.0)
        schedule.handle(Frame(Kind.PRESSURE, 2, coarse, at_s=at_s), 0.0)
    assert [out.data for out in schedule.due(1.0)] == [b"\xe2\x00\x40", b"\xd2\x40"]
    assert schedule.due(2.0) == []
    schedule.suspend()
    assert schedule.due(3.0) == []
    assert {out.data for out in schedule.resume(4.0)} == {b"\xe2\x7f\x7f", b"\xd2\x7f"}
