"""Words of the tables: notes and clocks on time."""

from typing import Final

from engine.bench.table import Table

__all__ = ["MIDI"]

MIDI: Final = (
    Table(
        "midi",
        "midi",
        "Notes on time",
        tuple(
            row
            for output, said in (
                ("virtual", "`virtual` (rtmidi)"),
                ("jack", "`jack`"),
                ("none", "`none` (no port behind the sender)"),
            )
            for row in (
                (
                    said,
                    *(
                        f"{{midi.{output}.sender.{name}_ms|.2f}}"
                        for name in ("p50", "p95", "p99", "p999", "max")
                    ),
                ),
                (
                    "plain loop, same run",
                    *(
                        f"{{midi.{output}.plain.{name}_ms|.2f}}"
                        for name in ("p50", "p95", "p99", "p999", "max")
                    ),
                ),
            )
        ),
        ("output", "p50", "p95", "p99", "p99.9", "max"),
        "1,500 notes, 50 a second, per output; the plain loop (sleep, then send through rtmidi) "
        "plays at the same time from a process of its own. Lateness of the send call in "
        "milliseconds, for `jack` the distance of the frame written from the frame scheduled.",
    ),
    Table(
        "sync",
        "sync",
        "Following a clock",
        (
            (
                "phase error at 120 BPM with 1 ms jitter, p50 / p95 / p99",
                "{sync.phase_120_bpm_p50_ms|.2f} / {sync.phase_120_bpm_p95_ms|.2f} / "
                "{sync.phase_120_bpm_p99_ms|.2f} ms",
            ),
            (
                "tempo change after one clock 5 ms late",
                "{sync.tempo_wobble_5_ms_late_percent|.3f} %",
            ),
            (
                "time to lock without / with 1 ms jitter",
                "{sync.lock_120_bpm_0_ms_jitter_s|.2f} / {sync.lock_120_bpm_1_ms_jitter_s|.2f} s",
            ),
            (
                "ramp 60 → 180 BPM in 8 s, p95 without / with 1 ms jitter",
                "{sync.ramp_60_180_8_s_0_ms_jitter_p95_ms|.1f} / "
                "{sync.ramp_60_180_8_s_1_ms_jitter_p95_ms|.1f} ms",
            ),
        ),
        note="Simulated clocks; position asked for 50 ms ahead.",
    ),
)
