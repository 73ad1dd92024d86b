"""Words of the tables: how cost grows."""

from typing import Final

from engine.bench.table import Each, Table

__all__ = ["SCALING"]

SCALING: Final = (
    *(
        Table(
            f"trackers {how}",
            "trackers",
            title,
            (
                Each(
                    f"trackers.{how}",
                    (
                        "{count}",
                        "{p50_ms|.1f} / {p99_ms|.1f}",
                        "{cores|.2f}",
                        "{memory_mb|,.0f}",
                        "{verdict}",
                    ),
                ),
            ),
            ("trackers", "delay, p50 / p99 [ms]", "cores used", "memory [MB]", ""),
            note,
        )
        for how, title, note in (
            (
                "together",
                "Trackers at live pace in one process",
                "From the end of a hop to its state. They keep up if 99 % of the states come "
                "before the next hop (92.9 ms) has been heard.",
            ),
            ("apart", "Trackers at live pace, a process each", ""),
        )
    ),
    Table(
        "drafts",
        "drafts",
        "Drafting ahead",
        (
            Each(
                "drafts.rows",
                (
                    "`{engine}`",
                    "{bars}",
                    "{resting_ms|.2f}",
                    "{moving_ms|.1f}",
                    "{moving_share|.1%}",
                ),
            ),
        ),
        (
            "engine",
            "bars drafted",
            "target rests [ms per beat]",
            "target moves [ms per beat]",
            "of a beat",
        ),
        "Medians on one core at 120 BPM. A target that moves has the whole draft drawn anew at "
        "each beat; a beat that is to sound interrupts a draft: this costs processor, not notes.",
    ),
    Table(
        "hours",
        "hours",
        "An hour of counted time",
        (
            Each(
                "hours.rows",
                (
                    "`{what}`, per {per}",
                    "{first_ms|.3f}",
                    "{last_ms|.3f}",
                    "{times|.2f}",
                    "{first_mb|.0f} / {last_mb|.0f}",
                ),
            ),
        ),
        (
            "",
            "minutes 2 to 6 [ms]",
            "minutes 56 to 60 [ms]",
            "ratio",
            "memory, minute 2 / 60 [MB]",
        ),
        "Processor time, medians of five minutes; engines through the whole pipeline at 120 BPM, "
        "every minute the same course of emotions through all quadrants.",
    ),
    *(
        Table(
            f"rates {output}",
            "rates",
            f"Notes a second: {said}",
            (
                Each(
                    f"rates.{output}.rows",
                    ("{rate|,}", "{p50_ms|.2f}", "{p99_ms|.2f}", "{max_ms|.2f}", "{lost}"),
                ),
            ),
            ("notes a second", "p50 [ms]", "p99 [ms]", "max [ms]", "lost"),
            "Up to the first rate at which, twice, a note was lost or 1 % came over 5 ms late.",
        )
        for output, said in (
            ("jack", "`jack`"),
            ("rtmidi", "`rtmidi`"),
            ("none", "no port behind the sender"),
        )
    ),
    Table(
        "training",
        "training",
        "Training shared among processes",
        (
            Each(
                "training.rows",
                ("{processes}", "{songs_per_s|.1f}", "{step_ms|.0f}", "{times|.2f} ×"),
            ),
        ),
        ("processes", "songs a second", "step [ms]", "speed-up"),
        "The chord model of `amt` by its own training code as `torchrun` shares it, one thread per "
        "process, 16 songs of 256 slots per process and step.",
    ),
)
