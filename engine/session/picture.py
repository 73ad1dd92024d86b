"""One picture of a session: emotion over time above the piano roll of what was played."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from engine.events import EmotionState
from engine.session.content import SETTLED, Session, TimedNote

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["draw_picture"]

Curve = NDArray[np.float64]

# Okabe and Ito (2008): told apart with any kind of colour vision, and in grey by position.
_INK: Final = "#222222"
_FAINT: Final = "#8a8a8a"
_VALENCE: Final = "#0072B2"
_AROUSAL: Final = "#D55E00"
_ANSWER: Final = "#7A3E9D"
_ROLE_COLOURS: Final = {
    "lead": "#CC3D8F",
    "chords": "#E69F00",
    "bass": "#009E73",
    "pad": "#56B4E9",
    "drums": "#6b6b6b",
}
_QUADRANTS: Final = (
    ("Q1", "joyful", "#F0C419", (0.5, 0.5)),
    ("Q2", "tense", "#D55E00", (-0.5, 0.5)),
    ("Q3", "sad", "#0072B2", (-0.5, -0.5)),
    ("Q4", "calm", "#009E73", (0.5, -0.5)),
)
_SIZE_IN: Final = (16.0, 9.0)
_DPI: Final = 100
_MAX_POINTS: Final = 3000
"""Curves are thinned to this many points; a screen shows no more."""
_TICKS_S: Final = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600)
_KEY_LABEL_SHARE: Final = 0.085
"""Least distance between two key names, as a share of the width."""


def draw_picture(session: Session, path: Path, answer: Sequence[EmotionState] = ()) -> None:
    """Draw the session as a PNG of 1600 × 900 pixels.

    ``answer``: the emotion of what was played, as the tracker hears it, to be drawn too.

    Raises
    ------
    OSError
        The file cannot be written.
    """
    # Agg alone, without pyplot: no screen, no global state.
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=_SIZE_IN, dpi=_DPI, facecolor="white")
    FigureCanvasAgg(figure)
    grid = figure.add_gridspec(
        4,
        2,
        width_ratios=(3.55, 1.0),
        height_ratios=(1.0, 1.0, 0.14, 2.3),
        left=0.062,
        right=0.985,
        top=0.925,
        bottom=0.07,
        hspace=0.16,
        wspace=0.09,
    )
    valence = figure.add_subplot(grid[0, 0])
    arousal = figure.add_subplot(grid[1, 0], sharex=valence)
    ribbon = figure.add_subplot(grid[2, 0], sharex=valence)
    roll = figure.add_subplot(grid[3, 0], sharex=valence)
    plane = figure.add_subplot(grid[0:2, 1])
    notes = figure.add_subplot(grid[3, 1])

    curves = _curves(session)
    valence.set_xlim(0.0, max(session.duration_s, 1.0))
    _draw_curve(valence, curves, "valence", _VALENCE, ("dark", "bright"))
    _draw_curve(arousal, curves, "arousal", _AROUSAL, ("still", "stirred"))
    settled = [state for state in answer if state.state in SETTLED]
    for axes, name in ((valence, "valence"), (arousal, "arousal")):
        values = [getattr(state, name) for state in settled]
        axes.plot([state.time_s for state in settled], values, color=_ANSWER, linewidth=1.6)
    _draw_ribbon(ribbon, curves)
    _draw_roll(roll, session)
    _draw_plane(plane, curves)
    _draw_summary(notes, session, answered=bool(settled))
    for axes in (valence, arousal, ribbon):
        axes.tick_params(labelbottom=False, bottom=False)
    _title(figure, session)
    figure.savefig(path, format="png")


def _curves(session: Session) -> dict[str, Curve]:
    """Return the emotion columns and ``settled`` (0 or 1), averaged when there are very many."""
    columns = {name: np.asarray(values) for name, values in session.emotion.columns.items()}
    columns["time_s"] = np.asarray(session.emotion.heard_s)  # notes beside it have such times
    columns["settled"] = np.array(
        [state in SETTLED for state in session.emotion.states], dtype=float
    )
    step = -(-len(session.emotion) // _MAX_POINTS) or 1
    whole = len(session.emotion) // step * step
    return {
        name: values[:whole].reshape(-1, step).mean(axis=1) if step > 1 else values
        for name, values in columns.items()
    }


def _plain(axes: "Axes") -> None:
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        axes.spines[side].set_color(_FAINT)
    axes.tick_params(colors=_INK, labelsize=10, length=3)


def _name(axes: "Axes", name: str, colour: str) -> None:
    axes.set_ylabel(name, color=colour, fontsize=13, fontweight="bold")
    axes.yaxis.set_label_coords(-0.048, 0.5)


def _draw_curve(
    axes: "Axes", curves: dict[str, Curve], name: str, colour: str, ends: tuple[str, str]
) -> None:
    _plain(axes)
    time_s, value, std = curves["time_s"], curves[name], curves[f"{name}_std"]
    axes.axhline(0.0, color=_FAINT, linewidth=0.8)
    low, high = np.clip(value - std, -1, 1), np.clip(value + std, -1, 1)
    axes.fill_between(time_s, low, high, color=colour, alpha=0.18, linewidth=0)
    axes.plot(time_s, value, color=colour, linewidth=2.0, solid_capstyle="round")
    target = curves[f"target_{name}"]
    axes.plot(time_s, target, color=_INK, linewidth=1.3, dashes=(4, 2.5))
    axes.set_ylim(-1.05, 1.05)
    axes.set_yticks((-1, -0.5, 0, 0.5, 1), (ends[0], "", "0", "", ends[1]))
    axes.grid(axis="x", color="#e4e4e4", linewidth=0.8)
    axes.set_axisbelow(True)
    _name(axes, name, colour)


def _draw_ribbon(axes: "Axes", curves: dict[str, Curve]) -> None:
    """Draw which quadrant was most probable, paler the less certain."""
    from matplotlib.colors import to_rgb

    axes.set_yticks(())
    for spine in axes.spines.values():
        spine.set_visible(False)
    if curves["time_s"].size == 0:
        return
    odds = np.stack([curves[name] for name in ("q1", "q2", "q3", "q4")], axis=1)
    best = odds.argmax(axis=1)
    # From 0 where all four are alike to 1 where one is certain.
    certainty = np.clip((odds.max(axis=1) - 0.25) / 0.75, 0.0, 1.0)[:, None]
    colours = np.array([to_rgb(quadrant[2]) for quadrant in _QUADRANTS])[best]
    edges = np.concatenate(([0.0], curves["time_s"]))
    image = 1.0 - (1.0 - colours) * (0.25 + 0.75 * certainty)
    axes.pcolormesh(edges, (0.0, 1.0), image[None, :, :], rasterized=True)
    axes.set_ylim(0.0, 1.0)
    width_s = axes.get_xlim()[1]
    starts = np.flatnonzero(np.concatenate(([True], best[1:] != best[:-1], [True])))
    for first, last in zip(starts[:-1], starts[1:], strict=True):
        begin, end = edges[first], edges[last]
        if end - begin > 0.05 * width_s:
            axes.text(
                (begin + end) / 2,
                0.46,
                _QUADRANTS[best[first]][1],
                ha="center",
                va="center",
                fontsize=10,
                color=_INK,
            )


def _draw_roll(axes: "Axes", session: Session) -> None:
    from matplotlib.ticker import MultipleLocator

    _plain(axes)
    axes.grid(axis="x", color="#e4e4e4", linewidth=0.8)
    axes.set_axisbelow(True)
    _name(axes, "answer", _INK)
    pitches = [timed.note.pitch for timed in session.notes]
    low, high = min(pitches, default=48) - 2, max(pitches, default=72) + 3
    # Few notes must not look like thick bars: show two octaves at least.
    low -= max(0, 24 - (high - low)) // 2
    high = max(high, low + 24)
    axes.set_ylim(low, high)
    octaves = [pitch for pitch in range(0, 128, 12) if low < pitch < high]
    axes.set_yticks(octaves, [f"C{pitch // 12 - 1}" for pitch in octaves])
    for pitch in octaves:
        axes.axhline(pitch - 0.5, color="#e4e4e4", linewidth=0.8, zorder=0)
    for role, colour in _ROLE_COLOURS.items():
        _draw_notes(axes, [timed for timed in session.notes if timed.note.role == role], colour)
    _draw_keys(axes, session, high)
    axes.xaxis.set_major_locator(MultipleLocator(_tick_s(axes.get_xlim()[1])))
    axes.xaxis.set_major_formatter(_minutes)
    axes.set_xlabel("time [min:s]", color=_INK, fontsize=10)


def _draw_notes(axes: "Axes", played: list[TimedNote], colour: str) -> None:
    """Draw one box per note, stronger the louder it is."""
    from matplotlib.collections import PolyCollection
    from matplotlib.colors import to_rgba

    if not played:
        return
    # One array for all corners: an hour holds tens of thousands of notes.
    left = np.array([timed.on_s for timed in played])
    pitch = np.array([float(timed.note.pitch) for timed in played])
    length = np.array([timed.off_s - timed.on_s for timed in played])
    right = left + np.maximum(length, axes.get_xlim()[1] / 800.0)
    low, high = pitch - 0.42, pitch + 0.42
    corners = np.stack([left, low, left, high, right, high, right, low], axis=1)
    colours = np.tile(to_rgba(colour), (len(played), 1))
    colours[:, 3] = [0.35 + 0.65 * timed.note.velocity / 127.0 for timed in played]
    boxes = corners.reshape(-1, 4, 2)
    axes.add_collection(PolyCollection(list(boxes), facecolors=colours, linewidths=0))


def _draw_keys(axes: "Axes", session: Session, top: float) -> None:
    """Name the tracked key where it changes and stays."""
    track = session.emotion
    width_s = axes.get_xlim()[1]
    shown, last_s = "", -width_s
    for time_s, key, state in zip(track.heard_s, track.keys, track.states, strict=True):
        if not key or key == shown or state not in SETTLED:
            continue
        if time_s - last_s < _KEY_LABEL_SHARE * width_s:
            continue
        tonic, _, mode = key.partition(":")
        name = (
            f"{tonic.replace('#', '♯').replace('b', '♭')} {'major' if mode == 'maj' else 'minor'}"
        )
        axes.text(time_s, top, f"▸ {name}", fontsize=9, color=_INK, va="bottom", clip_on=False)
        shown, last_s = key, time_s


def _tick_s(width_s: float) -> float:
    """Return a round number of seconds or minutes between ticks, at most 12 of them."""
    return next((tick for tick in _TICKS_S if width_s / tick <= 12), width_s / 12)


def _minutes(seconds: float, _position: Any = None) -> str:
    return f"{int(seconds // 60)}:{int(seconds % 60):02d}"


def _draw_plane(axes: "Axes", curves: dict[str, Curve]) -> None:
    """Draw the path through the valence-arousal plane, from pale to dark."""
    from matplotlib.collections import LineCollection
    from matplotlib.patches import Rectangle

    _plain(axes)
    for _, name, colour, (x, y) in _QUADRANTS:
        corner = (min(0.0, 2 * x), min(0.0, 2 * y))
        axes.add_patch(Rectangle(corner, 1.0, 1.0, facecolor=colour, alpha=0.12, linewidth=0))
        axes.text(
            1.9 * x,
            1.88 * y,
            name,
            ha="center" if not x else "right" if x > 0 else "left",
            va="center",
            fontsize=10,
            color=_INK,
            alpha=0.75,
        )
    axes.axhline(0, color=_FAINT, linewidth=0.8)
    axes.axvline(0, color=_FAINT, linewidth=0.8)
    # While the tracker settles, or in silence, its numbers are no place the music was at.
    points = np.stack([curves["valence"], curves["arousal"]], axis=1)[curves["settled"] > 0.5]
    if points.shape[0] > 1:
        pieces = np.stack([points[:-1], points[1:]], axis=1)
        shade = np.linspace(0.15, 1.0, pieces.shape[0])
        path = LineCollection(list(pieces), colors=_INK, alpha=shade, linewidths=1.8)
        axes.add_collection(path)
        axes.plot(*points[0], "o", markersize=8, markerfacecolor="white", color=_INK)
        axes.plot(*points[-1], "o", markersize=8, color=_INK)
    axes.set_xlim(-1, 1)
    axes.set_ylim(-1, 1)
    axes.set_aspect("equal", adjustable="box", anchor="N")
    axes.set_xticks((-1, 0, 1))
    axes.set_yticks((-1, 0, 1))
    axes.set_xlabel("valence", color=_VALENCE, fontsize=11, labelpad=1)
    axes.set_ylabel("arousal", color=_AROUSAL, fontsize=11, labelpad=-4)


def _draw_summary(axes: "Axes", session: Session, *, answered: bool) -> None:
    """Draw the legend, and in a few words what was played with."""
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    axes.axis("off")
    roles = {timed.note.role for timed in session.notes}
    answer = [Line2D([], [], color=_ANSWER, linewidth=1.6, label="mood of the answer, as heard")]
    handles: list[Any] = [
        Line2D([], [], color=_VALENCE, linewidth=2.0, label="mood of the input, as heard"),
        *(answer if answered else ()),
        Line2D([], [], color=_INK, linewidth=1.3, dashes=(4, 2.5), label="target"),
        Patch(color=_FAINT, alpha=0.3, label="± one standard deviation"),
        Line2D(
            [], [], marker="o", linestyle="", markerfacecolor="white", color=_INK, label="start"
        ),
        Line2D([], [], marker="o", linestyle="", color=_INK, label="end"),
    ]
    handles += [
        Patch(color=colour, label=f"{role}: {_count(session, role)} notes")
        for role, colour in _ROLE_COLOURS.items()
        if role in roles
    ]
    axes.legend(
        handles=handles,
        loc="upper left",
        frameon=False,
        fontsize=10,
        labelcolor=_INK,
        borderaxespad=0.0,
    )
    info = session.info
    settings = info.settings
    facts = (
        ("heard", info.input),
        ("sent to", info.midi_out),
        ("engine", settings.get("engine", "")),
        ("mode", settings.get("mode", "")),
        ("tempo", f"{info.tempo_bpm:g} bpm, {info.beats_per_bar} beats a bar"),
        ("seed", str(info.seed)),
    )
    lines = [f"{name:<8} {_shortened(str(value))}" for name, value in facts if value]
    axes.text(
        0.0,
        0.0,
        "\n".join(lines),
        va="bottom",
        fontsize=10,
        color=_INK,
        linespacing=1.5,
        family="monospace",
        transform=axes.transAxes,
    )


def _count(session: Session, role: str) -> int:
    return sum(timed.note.role == role for timed in session.notes)


def _shortened(text: str, longest: int = 28) -> str:
    # Dollar signs would start mathematics.
    text = text.replace("$", r"\$")
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def _title(figure: "Figure", session: Session) -> None:
    figure.text(0.062, 0.955, "Stimmung", fontsize=17, fontweight="bold", color=_INK)
    figure.text(
        0.985,
        0.957,
        f"{session.info.started.replace('T', '  ')[:20]}   {_minutes(session.duration_s)} min",
        fontsize=11,
        color=_FAINT,
        ha="right",
    )
