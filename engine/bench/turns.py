"""How well a duet by turns knows that the player has ended: simulated players, counted time.

A player has phrases with pauses in them (log-normal lengths) and then waits until the engine has
answered for some seconds. Counted are answers that begin within a phrase, as a share of all, and
how long after the end of a phrase the others begin.
"""

from dataclasses import dataclass
from random import Random
from typing import Any, Final

from engine.performer.turns import Turns

__all__ = ["PLAYERS", "WAYS", "measure_turns"]

PLAYERS: Final = {"short pauses": 0.2, "usual pauses": 0.45, "long pauses": 1.0}
"""Kind of player → median pause within a phrase [s]."""
WAYS: Final = ("two beats", "learned", "once known")
"""What hands over; the last is the second from the sixth phrase on."""
_SPREAD: Final = 0.45
"""Of the logarithm of a player's pauses."""
_RESAMPLES: Final = 1000
_OLD_BEATS: Final = 2.0
_TEMPI: Final = (70.0, 150.0)
_LEARNED: Final = 5
"""Phrases after which a player counts as known."""
_TURN_S: Final = 0.02


@dataclass
class _Count:
    """Answers of one player."""

    answers: int = 0
    early: int = 0
    delays_s: float = 0.0


def measure_turns(players: int = 100, phrases: int = 20, seed: int = 0) -> dict[str, Any]:
    """Return figures by kind of player, for two fixed beats and for learned pauses."""
    found: dict[str, Any] = {"players": players, "phrases": phrases, "seed": seed}
    for kind, median_s in PLAYERS.items():
        counts: dict[str, list[_Count]] = {way: [] for way in WAYS}
        for number in range(players):
            for row in counts.values():
                row.append(_Count())
            now = {way: row[-1] for way, row in counts.items()}
            for way in WAYS[:2]:
                _play(Random(f"{seed} {kind} {number}"), median_s, phrases, way, now)
        found[kind] = {way: _figures(row, seed) for way, row in counts.items()}
    return found


def _figures(players: list[_Count], seed: int) -> dict[str, str | float]:
    """Return early answers as a share, with its interval over resampled players, and the delay."""
    rng = Random(seed)

    def share(of: list[_Count]) -> float:
        return sum(count.early for count in of) / sum(count.answers for count in of)

    drawn = sorted(share(rng.choices(players, k=len(players))) for _ in range(_RESAMPLES))
    low, high = drawn[_RESAMPLES // 40], drawn[-1 - _RESAMPLES // 40]
    late = sum(count.answers - count.early for count in players)
    return {
        "early": share(players),
        "early_low": low,
        "early_high": high,
        "delay_s": sum(count.delays_s for count in players) / late,
    }


def _play(rng: Random, median_s: float, phrases: int, way: str, ways: dict[str, _Count]) -> None:
    """Let one player play; every way sees the same player."""
    own_s = rng.lognormvariate(0.0, 0.25) * median_s
    fixed_s = _OLD_BEATS * 60.0 / rng.uniform(*_TEMPI) if way == WAYS[0] else 0.0
    turns, now_s = Turns(), 0.0
    for phrase in range(phrases):
        counts = [ways[way]]
        if way == WAYS[1] and phrase >= _LEARNED:
            counts.append(ways[WAYS[2]])
        pauses = [_pause(rng, own_s) for _ in range(rng.randrange(4, 13))]
        for pause_s in (*pauses, None):
            ended_s = now_s + rng.uniform(0.3, 1.5)  # keys are held for so long
            turns.update("turns", now_s, True, now_s, (), fixed_s)
            turns.update("turns", ended_s, False, ended_s, (), fixed_s)
            answered_s = turns.pause_s(fixed_s)
            rest_s = answered_s + rng.uniform(3.0, 8.0) if pause_s is None else pause_s
            for step in range(int(rest_s / _TURN_S)):
                turns.update("turns", ended_s, False, ended_s + step * _TURN_S, (), fixed_s)
            for count in counts:
                if pause_s is None:
                    count.answers += 1
                    count.delays_s += answered_s
                elif not turns.listening:
                    count.answers += 1
                    count.early += 1
            now_s = ended_s + rest_s
            turns.update("turns", now_s, True, now_s, (rest_s,), fixed_s)


def _pause(rng: Random, median_s: float) -> float:
    return max(0.02, rng.lognormvariate(0.0, _SPREAD) * median_s)
