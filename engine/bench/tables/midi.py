"""Words of the tables: notes and clocks on time."""

from typing import Final

from engine.bench.table import Table

__all__ = ["MIDI"]

_QUANTILES: Final = ("p50", "p95", "p99", "p999", "max")
_PERIODS: Final = ("64", "256", "1024")
_OUTPUTS: Final = (
    ("jack", "`jack`"),
    ("rtmidi", "rtmidi"),
    ("plain", "plain loop (sleep, then send through mido)"),
    ("isobar", "isobar"),
)
_ANSWERS: Final = (
    ("click_loudness", "a sound to the controller that tells loudness"),
    ("step_arousal", "calm to tense, to the first clear move of the arousal controller"),
    ("step_half", "the same to half of its way"),
    ("step_note", "the same to the first note that can differ"),
    ("step_velocity", "the same to the first note louder than any of the eight seconds before"),
)


def _at_receiver(period: str) -> Table:
    return Table(
        f"midi {period}",
        "midi",
        f"Notes at a receiver, {period} frames a period",
        tuple(
            (
                said,
                {"idle": "no", "loaded": "yes"}[load],
                *(f"{{midi.{period}.{load}.{output}.receiver.{q}_ms|.2f}}" for q in _QUANTILES),
                f"{{midi.{period}.{load}.{output}.lost}}",
            )
            for output, said in _OUTPUTS
            for load in ("idle", "loaded")
        ),
        ("output", "loaded", "p50", "p95", "p99", "p99.9", "max", "lost"),
        "Milliseconds from the time meant to the frame at which a JACK client received the note; "
        "all outputs at once, 125 notes a second each. Loaded: beside the window with `muser` and "
        "the tracker at work.",
    )


MIDI: Final = (
    Table(
        "reaction",
        "reaction",
        "From sound to emotion to note",
        tuple(
            (
                said,
                *(
                    f"{{reaction.{engine}.{name}.p50_s|.2f}} "
                    f"[{{reaction.{engine}.{name}.p25_s|.2f}}, "
                    f"{{reaction.{engine}.{name}.p75_s|.2f}}] "
                    f"/ {{reaction.{engine}.{name}.max_s|.2f}}"
                    for engine in ("rules", "muser", "amt")
                ),
                f"{{reaction.rules.{name}.answered}} of {{reaction.rules.{name}.n}}",
            )
            for name, said in _ANSWERS
        ),
        ("from … to …", "`rules`", "`muser`", "`amt`", "answered (`rules`)"),
        "Seconds, median [quartiles] / longest, at a receiver over JACK with 256 frames a period; "
        "all engines at once, each a `stimmung live` of its own.",
    ),
    *(_at_receiver(period) for period in _PERIODS),
    Table(
        "lateness",
        "lateness",
        "When notes leave",
        tuple(
            row
            for output, said in (
                ("jack", "`jack`"),
                ("rtmidi", "`rtmidi`"),
                ("none", "`none` (no port behind the sender)"),
            )
            for row in (
                (said, *(f"{{lateness.{output}.sender.{q}_ms|.2f}}" for q in _QUANTILES)),
                (
                    "plain loop, same run",
                    *(f"{{lateness.{output}.plain.{q}_ms|.2f}}" for q in _QUANTILES),
                ),
            )
        ),
        ("output", "p50", "p95", "p99", "p99.9", "max"),
        "500 notes, 50 a second, per output; the plain loop (sleep, then send through rtmidi) "
        "plays at the same time from a process of its own. Lateness of the send call in "
        "milliseconds, for `jack` the distance of the frame written from the frame scheduled.",
    ),
    Table(
        "changes",
        "changes",
        "Random starts, stops, continues, jumps, tempi and presets",
        (
            ("orders", "{changes.counted.orders|,}", "{changes.played.orders|,}"),
            ("notes", "{changes.counted.notes|,}", "{changes.played.notes|,}"),
            ("notes that hung", "{changes.counted.hanging}", "{changes.played.hanging}"),
            ("notes begun where one sounded", "{changes.counted.doubled}", "–"),
            (
                "off the right position, p95 / max",
                "{changes.counted.position_p95_ms|.2f} / {changes.counted.position_max_ms|.2f} ms",
                "–",
            ),
            (
                "position wrong",
                "{changes.counted.wrong_position} of {changes.counted.orders|,} orders",
                "{changes.played.wrong_beats} of {changes.played.beats|,} beats",
            ),
        ),
        ("", "counted time", "real time, over JACK"),
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
