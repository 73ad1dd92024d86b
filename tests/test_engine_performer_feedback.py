"""Our own output that comes back through an input: noticed and cut; somebody who plays is not."""

import pytest

from engine.performer.feedback import FeedbackGuard

NOTE = bytes((0x90, 60, 80))


def loop(guard, delay_s, seconds, start_s=100.0):
    """Pass on what comes in and have it come back; return how often it was passed on."""
    at_s, passed = start_s, 0
    coming = [(start_s, NOTE)]
    while coming and at_s < start_s + seconds:
        at_s, message = coming.pop(0)
        if not guard.is_echo(0, at_s, message):
            passed += 1
            guard.sent(at_s, message)
            coming.append((at_s + delay_s, message))
    for tick in range(200):
        guard.check(at_s + tick * 0.005)
    return passed


@pytest.mark.parametrize("delay_s", [0.003, 0.01, 0.05, 0.075])
def test_a_loop_is_cut_after_a_few_rounds_and_stays_cut(delay_s):
    guard = FeedbackGuard()
    assert loop(guard, delay_s, 5.0) <= 12
    assert guard.cut == [0]
    assert loop(guard, delay_s, 5.0, start_s=103.0) == 1  # a new note passes, its echo does not


def test_what_the_engine_plays_and_hears_again_is_cut_without_thru():
    guard = FeedbackGuard()
    dropped = 0
    for number in range(40):
        message = bytes((0x90, 60 + number % 7, 70 + number % 5))
        at_s = 100.0 + 0.25 * number
        guard.sent(at_s, message)
        dropped += guard.is_echo(1, at_s + 0.02, message)
        guard.check(at_s + 0.2)
    assert guard.cut == [1] and dropped >= 28


@pytest.mark.parametrize(("period_s", "lost"), [(0.03, 5), (0.06, 5), (0.085, 0), (0.2, 0)])
def test_a_fast_roll_on_one_pad_is_no_feedback(period_s, lost):
    guard = FeedbackGuard()
    passed = 0
    for number in range(200):
        at_s = 100.0 + period_s * number
        if not guard.is_echo(0, at_s, NOTE):
            passed += 1
            guard.sent(at_s, NOTE)
        guard.check(at_s)
    assert guard.cut == [] and passed >= 200 - lost


def test_note_offs_always_pass_and_the_input_is_heard_again_after_a_while():
    guard = FeedbackGuard()
    loop(guard, 0.01, 5.0)
    assert not guard.is_echo(0, 106.0, bytes((0x80, 60, 64)))
    assert not guard.is_echo(0, 106.0, b"\xfe")
    guard.check(130.0)
    assert guard.cut == []
