"""The ledgers: a place ends with the last note that holds it, a pedal with its last holder."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.midi.sounding import NoteLedger, PedalLedger


def test_note_sounds_until_it_is_ended():
    ledger = NoteLedger()
    assert not ledger.start(1, (0, 60))
    assert ledger.sounding == ((0, 60),)
    assert ledger.end(1)
    assert ledger.sounding == ()


def test_a_place_that_sounds_is_struck_anew_and_ends_with_its_last_note():
    ledger = NoteLedger()
    ledger.start(1, (0, 60))
    assert ledger.start(2, (0, 60))
    assert ledger.holders((0, 60)) == 2
    assert not ledger.end(1)
    assert 2 in ledger
    assert ledger.end(2)
    assert not ledger.end(2)


def test_same_pitch_on_other_channel_is_another_note():
    ledger = NoteLedger()
    ledger.start(1, (0, 60))
    assert not ledger.start(2, (1, 60))
    assert len(ledger) == 2


def test_id_that_sounds_is_refused():
    ledger = NoteLedger()
    ledger.start(1, (0, 60))
    with pytest.raises(ValueError, match="1 sounds already"):
        ledger.start(1, (0, 61))


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("start"), st.integers(0, 1), st.integers(60, 62)),
        st.tuples(st.just("end"), st.integers(0, 30), st.just(0)),
        st.tuples(st.just("end_all"), st.just(0), st.just(0)),
    ),
    max_size=60,
)


@given(STEPS)
def test_any_interleaving_sounds_for_as_long_as_anybody_holds_it(steps):
    ledger = NoteLedger()
    holders: dict[tuple[int, int], set[int]] = {}
    places: dict[int, tuple[int, int]] = {}
    sounding: set[tuple[int, int]] = set()  # what a receiver makes of it
    for step, a, b in [*steps, ("end_all", 0, 0)]:
        if step == "start":
            if ledger.start(len(places), (a, b)):
                sounding.remove((a, b))
            assert (a, b) not in sounding
            sounding.add((a, b))
            holders.setdefault((a, b), set()).add(len(places))
            places[len(places)] = (a, b)
        elif step == "end":
            held = holders.get(places.get(a, (9, 9)), set())
            ends = held == {a}
            held.discard(a)
            assert ledger.end(a) == ends
            if ends:
                sounding.remove(places[a])
        else:
            assert set(ledger.end_all()) == sounding
            sounding.clear()
            holders.clear()
        assert sounding == {place for place, held in holders.items() if held}
        assert len(ledger) == sum(map(len, holders.values()))


def test_a_pedal_stands_at_the_highest_of_its_holders_and_is_lifted_by_the_last():
    pedals = PedalLedger()
    assert pedals.move(0, 3, 64, 127) == 127
    assert pedals.move(2, 3, 64, 40) == 127
    assert pedals.move(0, 3, 64, 0) == 40
    assert pedals.down() == [(3, 64)] == pedals.down(2) and pedals.down(0) == []
    assert pedals.held_by_others(3, 0) and not pedals.held_by_others(3, 2)
    assert pedals.move(2, 3, 64, 0) == 0
    assert pedals.move(2, 3, 64, 0) == 0
    assert pedals.down() == []
