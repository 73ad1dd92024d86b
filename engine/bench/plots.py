"""Pictures of a report, drawn from its figures alone; a picture without figures is left out."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

from engine.bench.table import ABSENT, find

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["PLOTS", "draw"]

Figures = Mapping[str, Any]

_SIZE_INCHES: Final = (7.2, 3.4)
_COLOURS: Final = {"rules": "#5b8c5a", "muser": "#7a5195", "amt": "#d1762f", "tracker": "#2f6f9f"}
_OURS: Final = "#2f6f9f"
_PLAIN: Final = "#9a9a9a"
_QUANTILES: Final = (
    ("p50", "p50"),
    ("p95", "p95"),
    ("p99", "p99"),
    ("p999", "p99.9"),
    ("max", "max"),
)
_LEAST_MS: Final = 0.01
_BEAT_MS: Final = 500.0
_HOP_MS: Final = 92.9
_SMOOTH: Final = 5


def draw(name: str, figures: Figures) -> "Figure | None":
    """Return a picture of `PLOTS`; None if nothing was measured for it."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=_SIZE_INCHES, layout="constrained")
    axes = figure.add_subplot()
    _, plot = PLOTS[name]
    if not plot(axes, figures):
        return None
    axes.grid(True, alpha=0.25)
    axes.spines[["top", "right"]].set_visible(False)
    if axes.get_legend_handles_labels()[0]:
        axes.legend(frameon=False, fontsize="small", loc="upper left", bbox_to_anchor=(1.0, 1.0))
    return figure


def _rows(figures: Figures, path: str) -> list[Any]:
    rows = find(figures, path)
    return rows if isinstance(rows, list) else []


def _costs(axes: "Axes", figures: Figures) -> bool:
    """Draw p50 to max of a beat, and of the tracker, as shares of real time."""
    bars: list[tuple[str, tuple[float, ...]]] = []
    hop_ms = find(figures, "tracker.hop_ms")
    if hop_ms is not ABSENT:
        names = ("paced_p50_ms", "paced_p99_ms", "paced_max_ms")
        bars.append(("tracker", tuple(figures["tracker"][name] / hop_ms for name in names)))
    for engine in ("rules", "muser", "amt"):
        if find(figures, f"engines.{engine}.beat_p50_ms") is not ABSENT:
            names = ("beat_p50_ms", "beat_p99_ms", "beat_max_ms")
            found = figures["engines"][engine]
            bars.append((engine, tuple(found[name] / _BEAT_MS for name in names)))
    for place, (name, shares) in enumerate(bars):
        for share, alpha in zip(reversed(shares), (0.3, 0.6, 1.0), strict=True):
            axes.barh(place, share, color=_COLOURS[name], alpha=alpha)
    axes.set_yticks(range(len(bars)), [name for name, _ in bars])
    axes.invert_yaxis()
    axes.set_xscale("log")
    axes.axvline(1.0, color="#b03030", linewidth=1)
    axes.set_xlabel("share of real time on one core: p50, p99, max; the line is the limit")
    return bool(bars)


def _lateness(axes: "Axes", figures: Figures) -> bool:
    """Draw quantiles of lateness, ours and the plain loop's."""
    drawn = False
    for output, style in (("jack", "-"), ("rtmidi", "--"), ("none", ":")):
        for who, colour, said in (("sender", _OURS, output), ("plain", _PLAIN, "plain loop")):
            found = find(figures, f"lateness.{output}.{who}")
            if not isinstance(found, Mapping) or "p50_ms" not in found:
                continue
            late = [max(_LEAST_MS, found[f"{name}_ms"]) for name, _ in _QUANTILES]
            label = said if who == "sender" else f"{said} beside {output}"
            axes.plot([said for _, said in _QUANTILES], late, style, marker="o", ms=3, c=colour,
                      label=label)  # fmt: skip
            drawn = True
    axes.set_yscale("log")
    axes.set_ylabel("late by [ms]")
    return drawn


def _trackers(axes: "Axes", figures: Figures) -> bool:
    """Draw the delay of the slowest states over the number of trackers."""
    drawn: set[int] = set()
    for how, said, colour in (
        ("together", "one process", _OURS),
        ("apart", "a process each", "#d1762f"),
    ):
        rows = _rows(figures, f"trackers.{how}")
        if rows:
            counts = [row["count"] for row in rows]
            axes.plot(
                counts, [row["p99_ms"] for row in rows], marker="o", c=colour, label=f"{said}, p99"
            )
            axes.plot(counts, [row["p50_ms"] for row in rows], ":", c=colour, label=f"{said}, p50")
            drawn.update(counts)
    axes.axhline(_HOP_MS, color="#b03030", linewidth=1)
    axes.set_xscale("log", base=2)
    axes.set_yscale("log")
    axes.minorticks_off()
    axes.set_xticks(sorted(drawn), [str(count) for count in sorted(drawn)])
    axes.set_xlabel("trackers at live pace")
    axes.set_ylabel("sound to state [ms]; line: one hop")
    return bool(drawn)


def _hours(axes: "Axes", figures: Figures) -> bool:
    """Draw the cost of each minute against the second, running means of five minutes."""
    rows = [row for row in _rows(figures, "hours.rows") if "minutes_ms" in row]
    for row in rows:
        costs = [cost / row["first_ms"] for cost in row["minutes_ms"][1:]]
        smooth = [
            sum(costs[max(0, i - _SMOOTH + 1) : i + 1]) / min(i + 1, _SMOOTH)
            for i in range(len(costs))
        ]
        axes.plot(range(2, len(smooth) + 2), smooth, c=_COLOURS[row["what"]], label=row["what"])
    axes.set_ylim(0.0, 2.0)
    axes.set_xlabel("minute")
    axes.set_ylabel("cost against minutes 2 to 6")
    return bool(rows)


PLOTS: Final[dict[str, tuple[str, Callable[["Axes", Figures], bool]]]] = {
    "costs": ("What it costs, against real time", _costs),
    "lateness": ("How late notes leave, beside a plain sleep loop", _lateness),
    "trackers": ("Trackers at once", _trackers),
    "hours": ("An hour of counted time", _hours),
}
"""Name → title, and what draws it and says whether there was anything."""
