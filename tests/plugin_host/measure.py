"""How long things take on this machine: ``PYTHONPATH=.:tests python tests/plugin_host/measure.py``.

Prints, as the table in docs/plugin.md has it: the time in process(), from there to the engine, and
from the engine's decision to the next block; and how many notes came too late for their frame.
"""

import os
import tempfile
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
                    host.do("transport 1 120 0 4 4", f"run {SECONDS} {frames} 1 1")
                    assert engine.link.leader is not None
                    block = engine.link.leader.block
                assert block is not None
            ms = sorted(1e3 * delay for delay in delays)
            calls, mean_us, longest_us = host.timed
            print(
                f"{frames} frames: process() {mean_us:.1f} us (longest {longest_us:.0f}, {calls} "
                f"calls); to the engine {ms[len(ms) // 2]:.2f} / {ms[int(0.99 * len(ms))]:.2f} / "
                f"{ms[-1]:.2f} ms (p50, p99, longest); notes {block.placed} on their frame, "
                f"{block.late} late, {block.lost} lost; load {os.getloadavg()[0]:.1f}"
            )


if __name__ == "__main__":
    main()
