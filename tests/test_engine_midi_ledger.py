"""The ledger: every note-on gets exactly one note-off, and an old off never ends a new note."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.midi.sounding import NoteLedger, SoundingNote


def test_note_sounds_until_it_is_ended():
    ledger = NoteLedger()
    assert ledger.start(1, 0, 60) is None
    assert ledger.sounding == (SoundingNote(1, 0, 60),)
    assert ledger.end(1) == SoundingNote(1, 0, 60)
    assert ledger.sounding == ()


def test_retrigger_gives_back_the_older_note_first():
    ledger = NoteLedger()
    ledger.start(1, 0, 60)
    assert ledger.start(2, 0, 60) == SoundingNote(1, 0, 60)
    assert ledger.sounding == (SoundingNote(2, 0, 60),)


def test_old_end_leaves_the_newer_note_alone():
    ledger = NoteLedger()
    ledger.start(1, 0, 60)
    ledger.start(2, 0, 60)
    assert ledger.end(1) is None
    assert 2 in ledger


def test_same_pitch_on_other_channel_is_another_note():
    ledger = NoteLedger()
    ledger.start(1, 0, 60)
    assert ledger.start(2, 1, 60) is None
    assert len(ledger) == 2


def test_id_that_sounds_is_refused():
    ledger = NoteLedger()
    ledger.start(1, 0, 60)
    with pytest.raises(ValueError, match="1 sounds already"):
        ledger.start(1, 0, 61)


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("start"), st.integers(0, 1), st.integers(60, 62)),
        st.tuples(st.just("end"), st.integers(0, 30), st.just(0)),
        st.tuples(st.just("end_all"), st.just(0), st.just(0)),
    ),
    max_size=60,
)


@given(STEPS)
def test_any_interleaving_ends_each_note_once_and_never_a_newer_one(steps):
    ledger = NoteLedger()
    wire: list[tuple[str, SoundingNote]] = []
    next_id = 0
    for step, a, b in steps:
        if step == "start":
            older = ledger.start(next_id, a, b)
            if older is not None:
                wire.append(("off", older))
            wire.append(("on", SoundingNote(next_id, a, b)))
            next_id += 1
        elif step == "end":
            ended = ledger.end(a)
            if ended is not None:
                wire.append(("off", ended))
        else:
            wire += [("off", note) for note in ledger.end_all()]
    wire += [("off", note) for note in ledger.end_all()]

    # What a receiver, which knows places but no ids, makes of it:
    sounding: dict[tuple[int, int], int] = {}
    ended_ids = []
    for kind, note in wire:
        place = (note.channel, note.pitch)
        if kind == "on":
            assert place not in sounding
            sounding[place] = note.note_id
        else:
            assert sounding.pop(place) == note.note_id
            ended_ids.append(note.note_id)
    assert not sounding
    assert sorted(ended_ids) == list(range(next_id))


def test_pedals_are_down_from_the_middle_of_their_range():
    ledger = NoteLedger()
    for channel, value in ((3, 64), (1, 127), (2, 63), (3, 127), (1, 0)):
        ledger.move_pedal(channel, value)
    assert ledger.pedals == (3,)
