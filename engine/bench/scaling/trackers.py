"""How many trackers keep up at once, in one process and in several.

``python -m engine.bench.scaling.trackers COUNT SECONDS`` is one of those processes: it loads its
trackers, says ``ready``, waits for a line with the time of the start [s] and its
place within a hop (0..1), and prints what it measured.
"""

import json
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from engine.bench.core import quantile_ms, resident_mb
from engine.process.child import child_command, child_environment

__all__ = ["measure_trackers"]

_COUNTS: Final = (1, 2, 4, 8, 16, 32, 64)
_SECONDS: Final = 3.0
_LEAD_S: Final = 0.5
_PCM_S: Final = 20.0
_HOPELESS_S: Final = 2.0
_ENOUGH: Final = 0.99


def measure_trackers(
    counts: Sequence[int] = _COUNTS, seconds: float = _SECONDS
) -> dict[str, list[dict[str, Any]]]:
    """Return rows for trackers in one process (threads that share a model) and in several.

    Every tracker hears its own place of the demo piece at live pace. A delay runs from the moment
    its hop has been heard to its state. Trackers keep up if 99 % of the states come before the next
    hop has been heard. The count grows until they no longer do.

    Returns
    -------
    dict of list of dict
        ``together`` and ``apart``: ``count``, ``p50_ms``, ``p99_ms``, ``keeps_up``, ``verdict``,
        ``cores`` (in use on average), ``memory_mb`` of all processes.
    """
    found: dict[str, list[dict[str, Any]]] = {"together": [], "apart": []}
    for how, rows in found.items():
        for count in counts:
            shares = [count] if how == "together" else [1] * count
            rows.append({"count": count, **_play(shares, seconds)})
            if not rows[-1]["keeps_up"]:
                break
    return found


def _play(shares: Sequence[int], seconds: float) -> dict[str, Any]:
    """Run a process for each share of the trackers and join what they measured."""
    players = [
        subprocess.Popen(
            child_command("engine.bench.scaling.trackers", str(share), str(seconds)),
            env=child_environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for share in shares
    ]
    try:
        for player in players:
            assert player.stdout is not None
            if player.stdout.readline().strip() != "ready":
                raise RuntimeError("a tracker's process ended before it was ready")
        start_s = time.perf_counter() + _LEAD_S
        for number, player in enumerate(players):
            assert player.stdin is not None
            player.stdin.write(f"{start_s!r} {number / len(players)!r}\n")
            player.stdin.flush()
        measured = [json.loads(player.communicate()[0]) for player in players]
    finally:
        for player in players:
            player.kill()
            player.wait()
    delays = [delay for found in measured for delay in found["delays_s"]]
    hop_s = measured[0]["hop_s"]
    keeps_up = bool(np.mean([delay <= hop_s for delay in delays]) >= _ENOUGH)
    return {
        "p50_ms": quantile_ms(delays, 0.5),
        "p99_ms": quantile_ms(delays, 0.99),
        "keeps_up": keeps_up,
        "verdict": "keep up" if keeps_up else "fall behind",
        "cores": round(sum(found["processor_s"] for found in measured) / seconds, 3),
        "memory_mb": round(sum(found["memory_mb"] for found in measured), 1),
    }


def _serve(count: int, seconds: float) -> None:
    """Be one of the processes."""
    import presets
    from engine.audio import mono_blocks
    from engine.emotion.tracker import Tracker

    first = Tracker()
    trackers = [first, *(Tracker(first.model) for _ in range(count - 1))]
    rate, hop = first.sample_rate, first.hop_length
    pcm = np.concatenate(list(mono_blocks(presets.DEMO_AUDIO, rate)))[: round(_PCM_S * rate)]
    hops = pcm[: pcm.size // hop * hop].reshape(-1, hop)
    hop_s = hop / rate
    for tracker in trackers:
        tracker.push(hops[0])
    print("ready", flush=True)
    start_s, apart = map(float, sys.stdin.readline().split())
    delays: list[list[float]] = [[] for _ in trackers]

    def follow(number: int) -> None:
        due = start_s + hop_s * (apart + number / count)  # hops do not all end at once
        for turn in range(round(seconds / hop_s)):
            due += hop_s
            time.sleep(max(0.0, due - time.perf_counter()))
            trackers[number].push(hops[(turn + 7 * number) % len(hops)])
            delays[number].append(time.perf_counter() - due)
            if delays[number][-1] > _HOPELESS_S:
                return

    time.sleep(max(0.0, start_s - time.perf_counter()))
    before_s = time.process_time()
    threads = [threading.Thread(target=follow, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    json.dump(
        {
            "hop_s": hop_s,
            "delays_s": [round(delay, 5) for row in delays for delay in row],
            "processor_s": time.process_time() - before_s,
            "memory_mb": resident_mb(),
        },
        sys.stdout,
    )


if __name__ == "__main__":
    _serve(int(sys.argv[1]), float(sys.argv[2]))
