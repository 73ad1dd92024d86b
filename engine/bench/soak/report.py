"""A soak's tally as text for people."""

from engine.bench.soak.run import SoakReport

__all__ = ["as_text"]


def as_text(report: SoakReport) -> str:
    """Return the table of faults, what processes held, and the verdict."""
    lines = [
        "",
        f"{'fault':42} {'count':>5} {'back p50':>9} {'back max':>9} {'ended max':>9} "
        f"{'lost max':>9} {'at once':>8}",
    ]
    for name, row in report.by_fault().items():
        lines.append(
            f"{name:42} {row['count']:5.0f} {row['back_p50_s']:8.2f}s {row['back_max_s']:8.2f}s "
            f"{row['ended_max_s']:8.2f}s {row['lost_max_s']:8.2f}s {row['at_once_max']:8.0f}"
        )
    lines.append("")
    for role, held in report.resources.items():
        first, last, slope = held["first"], held["last"], held["memory_slope_mb_per_h"]
        lines.append(
            f"{role}: longest life {held['lived_s']} s, memory {first['memory_mb']:.1f} to "
            f"{last['memory_mb']:.1f} MB"
            + (f" ({slope:+.2f} MB/h after start-up)" if slope is not None else "")
            + f", threads {first['threads']} to {last['threads']}"
            f", files {first['files']} to {last['files']}"
        )
    lines += [
        *(f"HANGING: {note}" for note in report.hanging),
        *(f"DAMAGED: {problem}" for problem in report.damaged_sessions),
        *(f"NOT RECOVERED: {i.fault} at {i.at_s:.0f} s: {i.trouble}" for i in report.unrecovered),
        "",
        f"{report.seconds / 3600.0:.2f} h, {len(report.incidents)} faults (seed {report.seed}), "
        f"{report.notes} notes: hanging {len(report.hanging)}, unrecovered "
        f"{len(report.unrecovered)}, most lost of a recording {report.lost_s:.2f} s, "
        f"{report.sessions} sessions of which {len(report.damaged_sessions)} damaged: "
        + ("passed" if report.passed else "FAILED"),
    ]
    return "\n".join(lines)
