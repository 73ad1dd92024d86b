"""What gives way under overload, on counted time: in steps, with hysteresis, said in words."""

import numpy as np

from engine.live.overload import MAX_LEVEL, Overload
from engine.midi.input.port import MidiInput
from engine.midi.input.receiver import Receiver
from engine.midi.messages import SYSTEM_RESET
from engine.midi.wire import Frame, Kind
from engine.music.clock import InternalClock
from engine.pipeline.pipeline import Pipeline
from engine.pipeline.step import Inputs
from engine.settings.performance import Performance

PERIOD_S = 0.005


def run(strain: Overload, now_s: float, seconds: float, late_s: float = 0.0) -> float:
    """Make turns that come so much too late; return the time."""
    end_s = now_s + seconds
    while now_s < end_s:
        strain.turn(now_s)
        now_s += PERIOD_S + late_s
    return now_s


def test_one_step_a_second_and_no_further_than_the_last() -> None:
    strain = Overload(PERIOD_S)
    now_s, levels = 100.0, []
    for _ in range(6):
        now_s = run(strain, now_s, 1.05, late_s=0.02)
        levels.append(strain.level)
    assert levels == [1, 2, 3, 3, 3, 3] and max(levels) == MAX_LEVEL


def test_steps_are_taken_back_slowly() -> None:
    strain = Overload(PERIOD_S)
    now_s = run(strain, 100.0, 4.0, late_s=0.02)
    now_s = run(strain, now_s, 4.0)
    assert strain.level == 3  # not yet
    now_s = run(strain, now_s, 13.0)
    assert strain.level == 0


def test_between_the_two_thresholds_nothing_changes() -> None:
    strain = Overload(PERIOD_S)
    now_s = run(strain, 100.0, 1.5, late_s=0.02)
    now_s = run(strain, now_s, 1.2)
    held = strain.level
    for _ in range(100):  # a tenth of the time is late
        strain.turn(now_s + 0.105)
        now_s = run(strain, now_s + 0.105, 0.9)
    assert strain.level == held > 0


def test_what_systems_always_do_does_not_count() -> None:
    strain = Overload(PERIOD_S)
    rng = np.random.default_rng(3)
    now_s = 100.0
    for late_s in rng.uniform(0.0, 0.009, 20_000):
        now_s += PERIOD_S + late_s
        assert strain.turn(now_s) == 0
    assert strain.words == ""


def test_a_stall_is_one_step() -> None:
    strain = Overload(PERIOD_S)
    now_s = run(strain, 100.0, 1.5)
    run(strain, now_s + 30.0, 1.5)
    assert strain.level == 1 and "draft" in strain.words


def test_a_pipeline_without_drafts_plays_the_same_notes() -> None:
    heard = []
    for drafts in (True, False):
        clock = InternalClock(120.0)
        clock.start(0.0)
        inputs = Inputs(drafts=lambda drafts=drafts: drafts)
        pipeline = Pipeline(Performance(), clock, seed=4, inputs=inputs)
        steps = [pipeline.advance(tick / 100) for tick in range(1200)]
        heard.append([note for step in steps for note in step.notes])
        assert bool(pipeline.plan.draft) is drafts
    assert heard[0] == heard[1]


def test_a_receiver_nobody_reads_from_keeps_so_much_and_no_more() -> None:
    receiver = Receiver("none", "x", -1)
    for number in range(10_000):
        receiver.arrived(float(number), b"\xf8")
    assert receiver._inbox.qsize() == 8192 and receiver._lost == 10_000 - 8192


def test_messages_nobody_asks_for_are_forgotten_and_what_is_held_is_let_go() -> None:
    midi_input = MidiInput("none")
    for number in range(9000):
        midi_input._take_report(Frame(Kind.RECEIVED, at_s=float(number), payload=b"\x90\x3c\x50"))
    messages = midi_input.poll()
    assert messages[:2] == [(0.0, b""), (8192.0, SYSTEM_RESET)] and len(messages) == 2 + 808
