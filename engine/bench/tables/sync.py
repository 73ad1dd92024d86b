"""Words of the tables: in step with others, over real JACK."""

from typing import Final

from engine.bench.table import Table

__all__ = ["SYNC"]

_QUANTILES: Final = ("p50", "p95", "p99", "p999", "max")
_PERIODS: Final = ("64", "256", "1024")
_CALLS: Final = (
    ("rtmidi", "rtmidi"),
    ("plain", "plain loop (sleep, then send through mido)"),
    ("isobar", "isobar"),
)


def _roles(cell: str) -> tuple[str, str]:
    return cell.format(role="follows"), cell.format(role="leads")


SYNC: Final = (
    Table(
        "midi call",
        "midi",
        "Notes at the send call",
        tuple(
            (
                said,
                period,
                {"idle": "no", "loaded": "yes"}[load],
                *(f"{{midi.{period}.{load}.{output}.call.{q}_ms|.2f}}" for q in _QUANTILES),
            )
            for period in _PERIODS
            for output, said in _CALLS
            for load in ("idle", "loaded")
        ),
        ("output", "frames", "loaded", "p50", "p95", "p99", "p99.9", "max"),
        "Milliseconds from the time meant to the call that sends; the same run as at the receiver. "
        "isobar counts from its own best note.",
    ),
    Table(
        "midi exact",
        "midi",
        "Frames of `jack` at the receiver",
        tuple(
            (
                period,
                {"idle": "no", "loaded": "yes"}[load],
                f"{{midi.{period}.{load}.jack.off_schedule.exact}} of "
                f"{{midi.{period}.{load}.jack.off_schedule.count}}",
                f"{{midi.{period}.{load}.jack.off_schedule.more_than_one}}",
                f"{{midi.{period}.{load}.jack.off_schedule.undisturbed}}",
                f"{{midi.{period}.{load}.jack.off_schedule.max_frames}}",
                f"{{midi.{period}.{load}.lost_time}}",
            )
            for period in _PERIODS
            for load in ("idle", "loaded")
        ),
        (
            "frames",
            "loaded",
            "on their frame",
            "off by more than one",
            "of them while the server ran well",
            "farthest",
            "server lost time",
        ),
        "The frame at which the note was received beside the frame it was meant for. Where JACK "
        "itself loses time (an xrun), its count of frames jumps, and notes on their way with it.",
    ),
    Table(
        "sync jack",
        "sync",
        "Following a clock over JACK",
        (
            (
                "notes off the true beat, 1 ms jitter, p50 / p95 / p99",
                "{sync.jack.phase.p50_ms|.2f} / {sync.jack.phase.p95_ms|.2f} / "
                "{sync.jack.phase.p99_ms|.2f} ms",
            ),
            (
                "notes on the beat of Start late, p50 / max",
                "{sync.jack.first_beat.p50_ms|.1f} / {sync.jack.first_beat.max_ms|.1f} ms",
            ),
        ),
        note="A sequencer that is not ours sends the clock, each tick strayed by 1 ms root mean "
        "square; a receiver compares the notes of `stimmung live` with the beats unstrayed.",
    ),
    Table(
        "beats",
        "beats",
        "Beats from sound",
        tuple(
            (
                name,
                f"{{beats.{name}.beat_f|.3f}}",
                f"{{beats.{name}.downbeat_f|.3f}}",
                f"{{beats.{name}.load|.3f}}",
            )
            for name in ("stimmung", "madmom", "aubio")
        ),
        ("program", "beats, F", "downbeats, F", "seconds of work per second"),
        "As each would hear them live, within 70 ms. A made drummer, or the recordings in the "
        "folder that STIMMUNG_BEATS names.",
    ),
    Table(
        "beats live",
        "beats",
        "Playing with a drummer over JACK",
        (
            (
                "notes meant for a beat, off it, p50 / p95 / max",
                "{beats.live.off.p50_ms|.1f} / {beats.live.off.p95_ms|.1f} / "
                "{beats.live.off.max_ms|.1f} ms",
            ),
            ("of that, always the same way", "{beats.live.late_ms|+.1f} ms"),
            ("first note after the first beat", "{beats.live.first_s|.1f} s"),
        ),
        note="`stimmung live --sync audio` hears a drummer who drifts and rests; a receiver "
        "compares the frames of its notes with those of the beats.",
    ),
    Table(
        "daw",
        "daw",
        "Recorded by Ardour",
        (
            ("notes", *_roles("{{daw.{role}.notes}}")),
            (
                "off their place, p50 / p95 / p99 / max",
                *_roles(
                    "{{daw.{role}.off.p50_ms|.2f}} / {{daw.{role}.off.p95_ms|.2f}} / "
                    "{{daw.{role}.off.p99_ms|.2f}} / {{daw.{role}.off.max_ms|.2f}} ms"
                ),
            ),
            ("within a 64th note of their place", *_roles("{{daw.{role}.within|.2%}}")),
            (
                "drift [95 %]",
                *_roles(
                    "{{daw.{role}.drift_ppm|.1f}} [{{daw.{role}.drift_low_ppm|.1f}}, "
                    "{{daw.{role}.drift_high_ppm|.1f}}] ppm"
                ),
            ),
            ("first beat off", *_roles("{{daw.{role}.first_beat_ms|.1f}} ms")),
            (
                "notes off the MIDI clock sent along, p50 / p95 / max",
                "–",
                "{daw.leads.clock_off.p50_ms|.2f} / {daw.leads.clock_off.p95_ms|.2f} / "
                "{daw.leads.clock_off.max_ms|.2f} ms",
            ),
        ),
        ("", "follows Ardour's MIDI clock", "leads Ardour by the JACK transport"),
        "Ardour 7, 120 BPM, JACK with 256 frames a period; the demo piece is heard meanwhile.",
    ),
)
