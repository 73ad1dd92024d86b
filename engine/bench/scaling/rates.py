"""How many notes a second the sender plays before they come late."""

import time
from collections.abc import Sequence
from typing import Any, Final

from engine.bench.core import attempt, quantile_ms
from engine.bench.midi_out.run import OUTPUTS
from engine.midi.sender.client import SenderClient

__all__ = ["measure_outputs", "measure_rates"]

_RATES: Final = (50, 200, 500, 1000, 2000, 5000, 10_000, 20_000, 50_000)
_SECONDS: Final = 1.5
_AHEAD_S: Final = 0.05
_LEAD_IN_S: Final = 0.3
_STEP_S: Final = 0.005
_PATIENCE_S: Final = 3.0  # with the last reports
_LATE_MS: Final = 5.0
"""From here on a note is late to the receiver, and the sender says so."""


def measure_outputs(rates: Sequence[int] = _RATES, seconds: float = _SECONDS) -> dict[str, Any]:
    """Return the rows of `measure_rates` for every output there is."""
    return {output: attempt(measure_rates, output, rates, seconds) for output in OUTPUTS}


def measure_rates(
    output: str, rates: Sequence[int] = _RATES, seconds: float = _SECONDS
) -> list[dict[str, Any]]:
    """Return a row for every rate, up to the first that does not hold.

    Notes come in chords, one every 5 ms or at the pace of the rate, on all sixteen channels, and
    last half as long as it takes to the next. A rate holds if no note is lost and 99 of 100 leave
    within 5 ms; one that does not is tried once more.

    Parameters
    ----------
    output : str
        As for `SenderClient`.
    rates : sequence of int
        Notes per second, ascending.
    seconds : float
        Of each rate.

    Returns
    -------
    list of dict
        ``rate``, ``p50_ms``, ``p99_ms``, ``max_ms``, ``lost``, ``holds``.

    Raises
    ------
    MidiPortError
        If the port cannot be opened.
    """
    rows = []
    for rate in rates:
        row = _row(output, rate, seconds)
        if not row["holds"]:  # the machine may have stalled just then
            row = _row(output, rate, seconds)
        rows.append(row)
        if not row["holds"]:
            break
    return rows


def _row(output: str, rate: int, seconds: float) -> dict[str, Any]:
    step_s = max(_STEP_S, 1.0 / rate)
    chord = max(1, round(rate * step_s))
    late: list[float] = []
    with SenderClient(output, port_name="Stimmung bench") as client:
        start_s = time.perf_counter() + _LEAD_IN_S
        number = 0
        for step in range(round(seconds / step_s)):
            on_s = start_s + step * step_s
            time.sleep(max(0.0, on_s - _AHEAD_S - time.perf_counter()))
            for _ in range(chord):
                place = number % (16 * 96)
                client.note(number, on_s, on_s + step_s / 2, place % 16, 16 + place // 16, 64)
                number += 1
            late += [sent.lateness_s for sent in client.drain_sent()]
        until_s = time.perf_counter() + _PATIENCE_S
        while len(late) + client.status().dropped < number and time.perf_counter() < until_s:
            time.sleep(_AHEAD_S)
            late += [sent.lateness_s for sent in client.drain_sent()]
    lost = number - len(late)
    figures = {
        f"{name}_ms": quantile_ms(late, share) if late else None
        for name, share in (("p50", 0.5), ("p99", 0.99), ("max", 1.0))
    }
    holds = lost == 0 and figures["p99_ms"] is not None and figures["p99_ms"] <= _LATE_MS
    return {"rate": rate, **figures, "lost": lost, "holds": holds}
