"""What a new sender is told after the old one died."""

from engine.midi.holders import first_id
from engine.midi.sender.outstanding import Outstanding
from engine.midi.wire import Frame, Kind

NOTE = Frame(Kind.NOTE, 2, 60, 90, 7, 10.0, 11.0)


def kinds(outstanding, now_s, latency_s=0.0):
    return [(frame.kind, frame.note_id) for frame in outstanding.recovery(now_s, latency_s)]


def test_note_that_may_sound_is_ended_and_forgotten():
    outstanding = Outstanding()
    outstanding.enter(NOTE)
    assert outstanding.recovery(10.5, 0.0) == [Frame(Kind.RELEASE, channel=2, data1=60)]
    assert 7 not in outstanding


def test_the_built_in_instrument_is_set_as_it_was_last():
    outstanding = Outstanding()
    for volume in (b"0.8", b"0.5"):
        outstanding.enter(Frame(Kind.SOUND, payload=volume))
    assert outstanding.recovery(0.0, 0.0) == [Frame(Kind.SOUND, payload=b"0.5")]


def test_note_still_to_come_is_handed_over_again():
    outstanding = Outstanding()
    outstanding.enter(NOTE)
    assert outstanding.recovery(9.0, 0.0) == [NOTE]
    assert 7 in outstanding


def test_latency_counts_when_deciding_what_may_have_started():
    outstanding = Outstanding()
    outstanding.enter(NOTE)
    assert kinds(outstanding, 10.05, latency_s=0.1) == [(Kind.NOTE, 7)]


def test_moved_end_is_remembered():
    outstanding = Outstanding()
    outstanding.enter(NOTE)
    outstanding.enter(Frame(Kind.END_NOTE, note_id=7, at_s=10.5))
    (frame,) = outstanding.recovery(9.0, 0.0)
    assert frame.until_s == 10.5


def test_cancelled_note_is_released_not_played_because_it_may_have_been_sent():
    outstanding = Outstanding()
    outstanding.enter(NOTE)
    outstanding.enter(Frame(Kind.CANCEL_AFTER, at_s=9.0))
    assert kinds(outstanding, 9.5) == [(Kind.RELEASE, 0)]


def test_note_before_the_cancelled_time_is_kept():
    outstanding = Outstanding()
    outstanding.enter(NOTE)
    outstanding.enter(Frame(Kind.CANCEL_AFTER, at_s=10.5))
    assert kinds(outstanding, 9.5) == [(Kind.NOTE, 7)]


def test_ended_and_dropped_notes_are_forgotten():
    outstanding = Outstanding()
    for note_id, report in ((7, Kind.ENDED), (8, Kind.DROPPED)):
        outstanding.enter(NOTE._replace(note_id=note_id))
        outstanding.report(Frame(report, note_id=note_id))
    assert len(outstanding) == 0
    outstanding.enter(NOTE._replace(note_id=9, channel=3, at_s=18.0, until_s=19.0))
    outstanding.report(Frame(Kind.ENDED, note_id=9))
    assert outstanding.recovery(20.0, 0.0) == [Frame(Kind.RELEASE, channel=3, data1=60)]


def test_sent_note_is_released_even_if_its_time_seems_to_come():
    outstanding = Outstanding()
    outstanding.enter(NOTE)
    outstanding.report(Frame(Kind.SENT, note_id=7))
    assert kinds(outstanding, 9.9) == [(Kind.RELEASE, 0)]


def test_programs_are_told_again():
    outstanding = Outstanding()
    outstanding.enter(Frame(Kind.PROGRAM, 1, 40, at_s=1.0))
    outstanding.enter(Frame(Kind.PROGRAM, 1, 41, at_s=2.0))
    assert outstanding.recovery(5.0, 0.0) == [Frame(Kind.PROGRAM, 1, 41, at_s=5.0)]


def pedal(channel, value, at_s, holder=0):
    return Frame(Kind.CONTROL, channel, 64, value, first_id(holder), at_s)


def test_pedals_are_lifted_that_are_down_or_whose_lift_may_not_have_been_sent():
    outstanding = Outstanding()
    for channel, value in ((1, 127), (2, 0), (1, 0), (3, 100)):
        outstanding.enter(pedal(channel, value, 1.0))
    lifts = [Frame(Kind.CONTROL, channel, 64, 0, at_s=5.0) for channel in (1, 3)]
    assert outstanding.recovery(5.0, 0.0) == lifts


def test_a_pedal_lifted_long_ago_is_left_alone_somebody_else_may_hold_it_now():
    outstanding = Outstanding()
    for value in (127, 0):
        outstanding.enter(pedal(1, value, 1.0))
    outstanding.enter(pedal(2, 127, 1.0))
    outstanding.enter(Frame(Kind.CANCEL_AFTER, at_s=2.0))  # lifts the engine's pedals
    assert outstanding.recovery(60.0, 0.0) == []


def test_what_the_engine_withdraws_leaves_the_performers_notes_and_pedals_alone():
    outstanding = Outstanding()
    theirs = NOTE._replace(note_id=first_id(2), at_s=10.0)
    outstanding.enter(theirs)
    outstanding.enter(pedal(1, 127, 1.0, holder=2))
    outstanding.enter(Frame(Kind.CANCEL_AFTER, at_s=9.0))
    assert outstanding.recovery(9.5, 0.0) == [Frame(Kind.CONTROL, 1, 64, 0, at_s=9.5), theirs]


def test_end_is_told_again_until_a_sender_lives_to_carry_it_out():
    outstanding = Outstanding()
    outstanding.enter(NOTE)
    end = Frame(Kind.RELEASE, channel=2, data1=60)
    assert outstanding.recovery(10.5, 0.0) == [end]
    assert outstanding.recovery(10.6, 0.0) == [end]
    outstanding.settle()
    assert outstanding.recovery(10.7, 0.0) == []


def test_what_ended_lately_is_ended_once_more_and_then_forgotten():
    outstanding = Outstanding()
    outstanding.enter(NOTE)
    outstanding.report(Frame(Kind.ENDED, note_id=7))
    assert kinds(outstanding, 11.3) == [(Kind.RELEASE, 0)]
    outstanding.settle()
    assert kinds(outstanding, 13.0) == []


def test_what_ended_before_a_sender_stood_still_is_ended_once_more_however_late_it_dies():
    """A note-off is reported when the port has it, before it is written."""
    outstanding = Outstanding()
    outstanding.enter(NOTE)
    outstanding.report(Frame(Kind.ENDED, note_id=7))
    assert kinds(outstanding, 15.0) == [(Kind.RELEASE, 0)]
