"""Transfer of what a performer plays: at once, every note ended, nothing touched at strength 0."""

import random

import numpy as np
import pytest

from engine.errors import InputError
from engine.transfer import ELEMENTS
from engine.transfer.live import LiveTransfer

TEMPO, BEAT_S = 120.0, 0.5


def performance(seed: int = 1, seconds: float = 20.0, control: bool = True):
    """Return (time, message) of chords below a tune in C major, and some other messages."""
    rng = random.Random(seed)
    events = []
    for step in range(int(seconds / 0.25)):
        at = 0.25 * step
        tune = rng.choice((72, 74, 76, 79, 81))
        events.append((at, bytes((0x90, tune, rng.randint(50, 90)))))
        events.append((at + 0.22, bytes((0x80, tune, 13))))
        if step % 4 == 0:
            for number, pitch in enumerate(rng.choice(((48, 55, 64), (53, 57, 60), (55, 59, 62)))):
                late = 0.004 * number
                events.append((at + late, bytes((0x91, pitch, rng.randint(40, 80)))))
                events.append((at + 0.9 + late, bytes((0x91, pitch, 0))))
        if control and step % 8 == 3:
            events.append((at + 0.1, bytes((0xB0, 64, 127 * (step % 16 == 3)))))
            events.append((at + 0.11, bytes((0xE0, 3, 70))))
            events.append((at + 0.12, b"\xf8"))
    return sorted(events, key=lambda event: event[0])


def play(transfer: LiveTransfer, events, seconds: float = 24.0):
    """Feed messages and poll every 5 ms; return all that came out."""
    out, waiting = [], list(events)
    for tick in range(int(seconds / 0.005)):
        now = 0.005 * tick
        while waiting and waiting[0][0] <= now:
            out += transfer.push(*waiting.pop(0))
        out += transfer.advance(now, now / BEAT_S, TEMPO, 4)
    return out


def test_strength_zero_lets_everything_through_as_it_came():
    transfer = LiveTransfer(strength=0.0)
    transfer.aim(-1.0, 1.0)
    events = performance()
    assert [timed[:2] for timed in play(transfer, events)] == events


@pytest.mark.parametrize("valence,arousal", [(1, 1), (-1, 1), (-1, -1), (1, -1), (0, 0)])
@pytest.mark.parametrize("seed", [1, 2])
def test_every_note_is_ended_once_and_in_order(valence, arousal, seed):
    transfer = LiveTransfer(seed=seed)
    transfer.aim(valence, arousal)
    sounding = set()
    last = 0.0
    for at_s, message, _ in play(transfer, performance(seed)):
        assert at_s >= last - 0.0051
        last = max(last, at_s)
        kind, place = message[0] & 0xF0, (message[0] & 15, message[1] if len(message) > 1 else 0)
        if kind == 0x90 and message[2]:
            assert place not in sounding
            sounding.add(place)
        elif kind in (0x80, 0x90):
            assert place in sounding
            sounding.remove(place)
    assert not sounding


def test_changes_while_keys_are_down_leave_nothing_hanging():
    transfer = LiveTransfer()
    rng = random.Random(3)
    sounding = set()
    events = performance(5)
    for tick in range(5000):
        now = 0.005 * tick
        out = []
        while events and events[0][0] <= now:
            out += transfer.push(*events.pop(0))
        if tick % 70 == 0:
            transfer.aim(rng.uniform(-1, 1), rng.uniform(-1, 1))
        if tick % 110 == 0:
            chosen = tuple(rng.sample(ELEMENTS, 3))
            transfer.adjust(chosen, rng.choice((0.0, 0.5, 1.0)))
        out += transfer.advance(now, now / BEAT_S, TEMPO, 4)
        for _, message, _ in out:
            if len(message) == 3 and message[0] & 0xF0 in (0x80, 0x90):
                place = (message[0] & 15, message[1])
                on = message[0] & 0xF0 == 0x90 and message[2] > 0
                (sounding.add if on else sounding.discard)(place)
    assert not sounding


def velocities(out):
    return [message[2] for _, message, _ in out if message[0] & 0xF0 == 0x90 and message[2]]


def test_loudness_follows_from_one_note_to_the_next():
    transfer = LiveTransfer(("velocity",))
    transfer.aim(0.0, 1.0)
    events = performance(control=False)
    out = []
    for at_s, message in events:
        if at_s >= 10.0:
            transfer.aim(0.0, -1.0)
        sent = transfer.push(at_s, message)
        assert len(sent) == 1 and sent[0].at_s == at_s
        assert sent[0][1][:2] == message[:2]
        out += sent
    loud = velocities([event for event in out if event[0] < 10.0])
    soft = velocities([event for event in out if event[0] >= 10.0])
    assert np.mean(loud) > np.mean(soft) + 20
    assert max(soft) < np.mean(loud)


def test_notes_are_thinned_below_the_tune_and_filled_from_what_sounds():
    events = performance(control=False)
    played = [m for _, m in events if m[0] & 0xF0 == 0x90 and m[2]]
    counts = {}
    for arousal in (-1.0, 1.0):
        transfer = LiveTransfer(("density",))
        transfer.aim(0.0, arousal)
        out = play(transfer, events)
        sent = [m for _, m, _ in out if m[0] & 0xF0 == 0x90 and m[2]]
        counts[arousal] = len(sent)
        assert {m[1] % 12 for m in sent} <= {m[1] % 12 for m in played}
        tune = sum(m[1] >= 72 for m in played)
        assert sum(m[1] >= 72 for m in sent) >= tune
    assert counts[-1.0] < len(played) < counts[1.0]


def test_mode_changes_at_a_bar_once_the_key_is_known():
    transfer = LiveTransfer(("pitch",))
    transfer.aim(-1.0, 0.0)
    out = play(transfer, performance(control=False))
    late = [m[1] % 12 for at, m, _ in out if at > 8.0 and m[0] & 0xF0 == 0x90 and m[2]]
    assert 4 not in late
    assert 3 in late


def test_bad_settings_are_named():
    with pytest.raises(InputError, match="strength"):
        LiveTransfer(strength=2.0)
    with pytest.raises(InputError, match="elements"):
        LiveTransfer(("colour",))


def test_the_keyboard_goes_and_nothing_hangs():
    transfer = LiveTransfer()
    transfer.aim(-1.0, -1.0)
    out = []
    for at_s, message in performance(control=False)[:41]:
        out += transfer.push(at_s, message)
    ends = transfer.end_all(9.0)
    on = {m[1] for _, m, _ in out if m[0] & 0xF0 == 0x90 and m[2]}
    assert {m[1] for _, m, _ in ends} <= on
    assert transfer.advance(99.0, 200.0, TEMPO, 4) == []
