"""How long things take on this machine: ``PYTHONPATH=.:tests python tests/plugin_host/measure.py``.

Prints, as the table in docs/plugin.md has it: the time in process(), from there to the engine, and
from the engine's decision to the next block; and how many notes came too late for their frame.
"""

import os
import tempfile
import time
from pathlib import Path

from engine.plugin.instance import Instance
from engine.plugin.link import PluginLink
from engine.plugin.protocol import Block
from plugin_host.built import compiled, keep_in, loadable
from plugin_host.host import PluginHost
from plugin_host.pattern import PatternEngine

__all__ = ["main"]

SECONDS = 20


def main() -> None:
    delays: list[float] = []
    take = PluginLink._take_block

    def timed(link: PluginLink, plugin: Instance, block: Block, arrived_s: float) -> None:
        delays.append(arrived_s - block.steady_s)
        take(link, plugin, block, arrived_s)

    PluginLink._take_block = timed
    with tempfile.TemporaryDirectory() as folder:
        os.environ["STIMMUNG_PLUGIN_FILE"] = str(Path(folder) / "plugin.txt")
        keep_in(Path(folder))
        for frames in (64, 256, 1024):
            delays.clear()
            with PatternEngine() as engine:
                with PluginHost(compiled("host.cpp"), loadable("clap")) as host:
                    host.do("activate 48000 8192")
                    while not host.value("connected"):
                        host.do(f"run 0.1 {frames} 1 1")
                    host.tell("transport 1 120 0 4 4", f"run {SECONDS} {frames} 1 1")
                    shown = sorted(map((1e3).__mul__, heard_after(engine, host)))
                    host.do(f"run 0.1 {frames} 1 1", within_s=SECONDS + 60)
                    assert engine.link.leader is not None
                    block = engine.link.leader.block
                assert block is not None
            ms = sorted(1e3 * delay for delay in delays)
            calls, mean_us, longest_us = host.timed
            print(
                f"{frames} frames: process() {mean_us:.1f} us (longest {longest_us:.0f}, {calls} "
                f"calls); to the engine {ms[len(ms) // 2]:.2f} / {ms[int(0.99 * len(ms))]:.2f} / "
                f"{ms[-1]:.2f} ms (p50, p99, longest); emotion to the shown parameter "
                f"{shown[len(shown) // 2]:.0f} / {shown[-1]:.0f} ms (p50, longest); notes "
                f"{block.placed} on their frame, {block.late} late, {block.lost} lost; "
                f"load {os.getloadavg()[0]:.1f}"
            )


def heard_after(engine: PatternEngine, host: PluginHost) -> list[float]:
    """Return how long an emotion takes until the host is told the parameter [s]."""
    taken = []
    for number in range(int(SECONDS / 0.5)):
        value, began = (number % 9 - 4) / 8 + 0.0625, time.perf_counter()
        engine.link.mood = (value, 0.0)
        until = began + 5.0
        while not any(each[2] == value for each in host.shown[-1:]):
            assert time.perf_counter() < until, "the parameter is not shown"
            time.sleep(0.001)
        taken.append(time.perf_counter() - began)
        time.sleep(max(0.0, 0.45 - taken[-1] + 0.01 * (number % 7)))
    return taken


if __name__ == "__main__":
    main()
