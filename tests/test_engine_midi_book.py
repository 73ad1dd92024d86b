"""What a new sender is told after the old one died."""

from engine.midi.sender.outstanding import Book
from engine.midi.wire import Frame, Kind

NOTE = Frame(Kind.NOTE, 2, 60, 90, 7, 10.0, 11.0)


def kinds(book, now_s, latency_s=0.0):
    return [(frame.kind, frame.note_id) for frame in book.recovery(now_s, latency_s)]


def test_note_that_may_sound_is_ended_and_forgotten():
    book = Book()
    book.enter(NOTE)
    assert book.recovery(10.5, 0.0) == [Frame(Kind.RELEASE, channel=2, data1=60)]
    assert 7 not in book


def test_note_still_to_come_is_handed_over_again():
    book = Book()
    book.enter(NOTE)
    assert book.recovery(9.0, 0.0) == [NOTE]
    assert 7 in book


def test_latency_counts_when_deciding_what_may_have_started():
    book = Book()
    book.enter(NOTE)
    assert kinds(book, 10.05, latency_s=0.1) == [(Kind.NOTE, 7)]


def test_moved_end_is_remembered():
    book = Book()
    book.enter(NOTE)
    book.enter(Frame(Kind.END_NOTE, note_id=7, at_s=10.5))
    (frame,) = book.recovery(9.0, 0.0)
    assert frame.until_s == 10.5


def test_cancelled_note_is_released_not_played_because_it_may_have_been_sent():
    book = Book()
    book.enter(NOTE)
    book.enter(Frame(Kind.CANCEL_AFTER, at_s=9.0))
    assert kinds(book, 9.5) == [(Kind.RELEASE, 0)]


def test_note_before_the_cancelled_time_is_kept():
    book = Book()
    book.enter(NOTE)
    book.enter(Frame(Kind.CANCEL_AFTER, at_s=10.5))
    assert kinds(book, 9.5) == [(Kind.NOTE, 7)]


def test_ended_and_dropped_notes_are_forgotten():
    book = Book()
    for note_id, report in ((7, Kind.ENDED), (8, Kind.DROPPED)):
        book.enter(NOTE._replace(note_id=note_id))
        book.hear(Frame(report, note_id=note_id))
    assert len(book) == 0
    book.enter(NOTE._replace(note_id=9, channel=3, at_s=18.0, until_s=19.0))
    book.hear(Frame(Kind.ENDED, note_id=9))
    assert book.recovery(20.0, 0.0) == [Frame(Kind.RELEASE, channel=3, data1=60)]


def test_sent_note_is_released_even_if_its_time_seems_to_come():
    book = Book()
    book.enter(NOTE)
    book.hear(Frame(Kind.SENT, note_id=7))
    assert kinds(book, 9.9) == [(Kind.RELEASE, 0)]


def test_programs_are_told_again():
    book = Book()
    book.enter(Frame(Kind.PROGRAM, 1, 40, at_s=1.0))
    book.enter(Frame(Kind.PROGRAM, 1, 41, at_s=2.0))
    assert book.recovery(5.0, 0.0) == [Frame(Kind.PROGRAM, 1, 41, at_s=5.0)]


def test_pedals_ever_pressed_are_lifted_for_the_lift_may_not_have_been_sent():
    book = Book()
    for channel, value in ((1, 127), (2, 0), (1, 0)):
        book.enter(Frame(Kind.CONTROL, channel, 64, value, at_s=1.0))
    assert book.recovery(5.0, 0.0) == [Frame(Kind.CONTROL, 1, 64, 0, at_s=5.0)]


def test_end_is_told_again_until_a_sender_lives_to_carry_it_out():
    book = Book()
    book.enter(NOTE)
    end = Frame(Kind.RELEASE, channel=2, data1=60)
    assert book.recovery(10.5, 0.0) == [end]
    assert book.recovery(10.6, 0.0) == [end]
    book.settle()
    assert book.recovery(10.7, 0.0) == []


def test_what_ended_lately_is_ended_once_more_and_then_forgotten():
    book = Book()
    book.enter(NOTE)
    book.hear(Frame(Kind.ENDED, note_id=7))
    assert kinds(book, 11.3) == [(Kind.RELEASE, 0)]
    book.settle()
    assert kinds(book, 13.0) == []


def test_what_ended_before_a_sender_stood_still_is_ended_once_more_however_late_it_dies():
    """A note-off is reported when the port has it, before it is written."""
    book = Book()
    book.enter(NOTE)
    book.hear(Frame(Kind.ENDED, note_id=7))
    assert kinds(book, 15.0) == [(Kind.RELEASE, 0)]
