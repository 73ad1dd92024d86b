"""Words of the tables: what tracker, engines and the whole line cost."""

from typing import Final

from engine.bench.table import Table

__all__ = ["COSTS", "RATIOS"]

_GRAPHS: Final = (
    "tracker",
    "muser prior",
    "muser elements",
    "muser decoder",
    "muser fields",
    "muser encoder",
    "amt",
)

RATIOS: Final = Table(
    "ratios",
    "",
    "In short, beside what else was measured in the same session",
    (
        (
            "a network shaped like MERT, twice a second, takes",
            "{tracker.mert.times_tracker|.0f} × the tracker's time",
        ),
        (
            "on a file, the tracker takes",
            "{tracker.times_numpy_log_mel|.1f} × the time of NumPy's log-mel spectrum alone",
        ),
        (
            "a note of `muser` decoded without memory takes",
            "{muser.times_fewer_ms_per_note|.0f} × as long",
        ),
        (
            "a step in eager PyTorch takes, tracker / `muser`'s decoder / `amt`",
            "{eager.tracker.times|.1f} / {eager.muser decoder.times|.1f} / "
            "{eager.amt.times|.1f} × as long as in onnxruntime",
        ),
        (
            "a plain sleep loop is late, p99, by",
            "{lateness.rtmidi.times_earlier|.1f} × as much as our sender through rtmidi",
        ),
        (
            "to the first emotion the engine takes",
            "{live.rules.times_bare_start|.1f} × the start of Python with NumPy and onnxruntime",
        ),
        ("its memory is", "{live.rules.times_bare_memory|.1f} × that of the same"),
    ),
)
"""What a report begins with: it belongs to no part."""

COSTS: Final = (
    Table(
        "tracker",
        "tracker",
        "The tracker on one core",
        (
            ("one hop of sound", "{tracker.hop_ms|.1f} ms"),
            (
                "one hop, back to back, p50 / p99",
                "{tracker.back_to_back_p50_ms|.2f} / {tracker.back_to_back_p99_ms|.2f} ms",
            ),
            (
                "one hop at live pace (caches go cold in between), p50 / p99 / max",
                "{tracker.paced_p50_ms|.1f} / {tracker.paced_p99_ms|.1f} / "
                "{tracker.paced_max_ms|.1f} ms",
            ),
            (
                "a file, decoding and resampling included",
                "{tracker.offline_times_real_time|.0f} × real time",
            ),
            (
                "the same against a plain NumPy log-mel front end in the same run",
                "{tracker.times_numpy_log_mel|.1f} × its time",
            ),
            (
                "a random network shaped like MERT, twice a second, against the tracker in the "
                "same run",
                "{tracker.mert.times_tracker|.0f} × its time, "
                "{tracker.mert.parameters|,} parameters",
            ),
        ),
    ),
    Table(
        "engines",
        "engines",
        "A beat with every engine, on one core",
        tuple(
            (
                f"`{engine}`",
                f"{{engines.{engine}.beat_p50_ms|.2f}} / {{engines.{engine}.beat_p99_ms|.2f}} / "
                f"{{engines.{engine}.beat_max_ms|.1f}}",
                f"{{engines.{engine}.times_real_time|,.0f}} ×",
                f"{{engines.{engine}.notes_per_s|,}}",
                f"{{engines.{engine}.first_beat_ms|.0f}}",
                f"{{engines.{engine}.missed_beats}} of {{engines.{engine}.beats}}",
            )
            for engine in ("rules", "muser", "amt")
        ),
        (
            "engine",
            "a beat, p50 / p99 / max [ms]",
            "real time",
            "notes a second",
            "start, to the first beat [ms]",
            "beats longer than the lead",
        ),
        "Four moods, one per quadrant, 32 bars each at 120 BPM. A beat lasts 500 ms and is asked "
        "for 150 ms ahead.",
    ),
    Table(
        "muser",
        "muser",
        "`muser` beside a decode without memory",
        (
            (
                "one event (a note, field by field), p50 / p99",
                "{muser.event_p50_ms|.2f} / {muser.event_p99_ms|.2f} ms",
            ),
            ("a note, all included", "{muser.note_ms|.2f} ms"),
            (
                "the same if every note ran all before it again (64 to 1,024 events)",
                "{muser.without_memory_note_ms|.0f} ms",
            ),
            ("what the memory saves", "{muser.times_fewer_ms_per_note|.0f} ×"),
        ),
    ),
    Table(
        "amt",
        "amt",
        "`amt`: a step, and its voices",
        (
            (
                "one step of the model, p50 / p99",
                "{amt.step_p50_ms|.2f} / {amt.step_p99_ms|.2f} ms",
            ),
            (
                "wrong notes of chords / wrongly voiced chords",
                "{amt.wrong_notes_of_chords} / {amt.wrongly_voiced_chords}",
            ),
            (
                "motion, semitones per voice and change",
                "{amt.semitones_per_voice_per_change|.2f}",
            ),
            (
                "agreement with the chord that sounds / that was heard last",
                "{amt.agreement_sounding_lag_0_s|.2f} / {amt.agreement_heard_lag_0_s|.2f}",
            ),
            (
                "the same if the performer's chord is known 0.3 s late",
                "{amt.agreement_sounding_lag_0.3_s|.2f} / {amt.agreement_heard_lag_0.3_s|.2f}",
            ),
        ),
        note="A performer repeats a progression; agreement is the share of beats.",
    ),
    Table(
        "eager",
        "eager",
        "onnxruntime against eager PyTorch, a step on one core",
        tuple(
            (
                f"`{graph}`",
                f"{{eager.{graph}.onnx_ms|.2f}} ms",
                f"{{eager.{graph}.eager_ms|.2f}} ms",
                f"{{eager.{graph}.times|.1f}} ×",
            )
            for graph in _GRAPHS
        ),
        ("graph", "onnxruntime", "eager PyTorch", "ratio"),
        "Medians of 200 steps by turns in one process, networks of the shipped sizes.",
    ),
    Table(
        "live",
        "live",
        "The live engine, on the demo piece",
        (
            (
                "Python with NumPy and onnxruntime alone",
                "{live.bare.start_s|.2f} s",
                "–",
                "{live.bare.memory_mb|.0f} MB",
                "–",
                "–",
                "–",
            ),
            *(
                (
                    f"engine `{engine}`",
                    f"{{live.{engine}.first_emotion_s|.2f}} s "
                    f"({{live.{engine}.times_bare_start|.1f}} ×)",
                    f"{{live.{engine}.first_note_s|.2f}} s",
                    f"{{live.{engine}.engine_mb|.0f}} MB "
                    f"({{live.{engine}.times_bare_memory|.1f}} ×)",
                    f"{{live.{engine}.all_mb|.0f}} MB",
                    f"{{live.{engine}.engine_cpu_share|.0%}} / {{live.{engine}.tracker_load|.0%}}",
                    f"{{live.{engine}.missed_beats}}",
                )
                for engine in ("rules", "muser", "amt")
            ),
        ),
        (
            "",
            "start, to the first emotion",
            "to the first note",
            "memory",
            "with sender",
            "share of a core / of that the tracker",
            "missed beats",
        ),
        "Fifteen seconds each; times from the start of the process, resident memory at the end.",
    ),
    Table(
        "window",
        "window",
        "The window",
        (
            (
                "on the screen / the first picture of its engine, from the start of the program",
                "{window.visible_s|.1f} / {window.engine_s|.1f} s",
            ),
            (
                "longest it was deaf / p99.9 / p99 of a heartbeat every 10 ms",
                "{window.heartbeat_max_ms|.0f} / {window.heartbeat_p999_ms|.0f} / "
                "{window.heartbeat_p99_ms|.0f} ms",
            ),
            ("deaf for more than 100 ms", "{window.deaf_over_100_ms} times"),
            (
                "its own work within one heartbeat, p99 / longest",
                "{window.own_work_p99_ms|.0f} / {window.own_work_max_ms|.0f} ms",
            ),
            ("pictures of the engine taken in a second", "{window.looks_per_s|.1f}"),
            ("processor, share of one core", "{window.window_cpu_share|.0%}"),
            ("memory, from the beginning to the end [MB]", "{window.memory_mb}"),
            ("its slope", "{window.memory_slope_mb_per_h|.1f} MB an hour"),
            ("missed beats", "{window.missed_beats}"),
            ("exit code at the end", "{window.exit_code}"),
            (
                "lateness of notes, p99 [ms]: before and after / with the window",
                "{window.headless_lateness_p99_ms} / {window.window_lateness_p99_ms}",
            ),
        ),
        note="A hand drags the target, turns the pages and goes to the stage view and back "
        "meanwhile. Deaf beyond its own work is a window that waits for a processor.",
    ),
)
