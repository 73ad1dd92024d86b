"""The lateness benchmark counts every note; its figures are for reading, not for asserting."""

import pytest

from engine.bench.midi_out.figures import Lateness
from engine.bench.midi_out.run import measure_lateness
from engine.errors import InputError


def test_quantiles_are_in_milliseconds_and_ascend():
    figures = Lateness.of(n / 1000 for n in range(1000))
    assert (figures.count, figures.p50_ms, figures.p95_ms) == (1000, 500.0, 950.0)
    assert (figures.p99_ms, figures.p999_ms, figures.max_ms) == (990.0, 999.0, 999.0)


@pytest.mark.parametrize("output", ["virtual", "jack"])
def test_every_note_of_both_players_is_measured(jack, output):
    result = measure_lateness(output, 50, step_s=0.02)
    sent = result["sender"]["count"] + result["dropped"]
    assert sent == 50  # a stall of the machine may drop some
    assert result["plain"]["count"] == 50
    print(result)


def test_senseless_values_are_refused():
    with pytest.raises(InputError, match="n_events must be a number from 1 to 12192; got 0"):
        measure_lateness("none", 0)
    with pytest.raises(InputError, match="step_s must be a number from"):
        measure_lateness("none", 10, step_s=0.0)
