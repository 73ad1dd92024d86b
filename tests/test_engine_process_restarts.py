"""When something lost is started again."""

import math

import pytest

from engine.process.restarts import Losses, Restarts


def test_pauses_grow_and_the_last_repeats():
    losses = Losses(Restarts((0.0, 0.5, 2.0)))
    assert [losses.pause_s(at_s) for at_s in (0.0, 1.0, 2.0, 3.0)] == [0.0, 0.5, 2.0, 2.0]


def test_losses_of_long_ago_are_forgotten():
    losses = Losses(Restarts((0.0, 0.5, 2.0)))
    assert [losses.pause_s(at_s) for at_s in (0.0, 1.0, 70.0)] == [0.0, 0.5, 0.0]
    losses.forget()
    assert losses.pause_s(71.0) == 0.0


def test_it_gives_up_only_on_losses_in_a_row():
    losses = Losses(Restarts((0.0, 1.0), give_up_after=2))
    assert [losses.pause_s(at_s) for at_s in (0.0, 1.0, 2.0)] == [0.0, 1.0, None]
    assert losses.pause_s(100.0) == 0.0
    assert Losses(Restarts((0.0,), give_up_after=0)).pause_s(0.0) is None


def test_no_more_than_so_many_within_the_time():
    losses = Losses(Restarts((0.0,), most=2))
    assert [losses.pause_s(at_s) for at_s in (0.0, 10.0)] == [0.0, 0.0]
    assert losses.pause_s(20.0) == pytest.approx(40.0)


def test_a_search_never_starts_anew_by_itself():
    losses = Losses(Restarts((0.1, 1.0), within_s=math.inf))
    assert [losses.pause_s(at_s) for at_s in (0.0, 1e6, 2e6)] == [0.1, 1.0, 1.0]
