"""Figures of several engines side by side, as Markdown for the docs and the model cards."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

__all__ = ["side_by_side"]

_TITLES: Final = {
    "quadrants": "Clips at the four quadrant targets, as judged",
    "grid": "Control on the grid of targets",
    "likeness": "Distance from real clips of the same quadrant",
    "flaws": "Flaws, beside real clips",
    "memory": "Longest run of steps shared with a training piece",
    "response": "Response to a target that jumps",
    "transfer": "Element transfer of real clips at strength 1",
}

Figures = Sequence[Mapping[str, Any]]


def _shown(figure: Mapping[str, Any] | None) -> str:
    if figure is None:
        return "–"
    text = f"{figure['value']:.2f}"
    if figure["low"] is not None and figure["low"] != figure["high"]:
        text += f" [{figure['low']:.2f}, {figure['high']:.2f}]"
    return text


def _rows(section: str, engines: Mapping[str, Figures]) -> dict[str, dict[str, str]]:
    """Row → column → cell; what is not about an engine (real clips) gets a column of its own."""
    rows: dict[str, dict[str, str]] = {}
    for engine, figures in engines.items():
        for figure in figures:
            if figure["section"] != section:
                continue
            who, measure = figure["who"], figure["measure"]
            if section == "likeness":
                if not measure.startswith("mean of quadrants"):
                    continue
                measure = measure.removeprefix("mean of quadrants, ")
            column, row = engine, f"{who}: {measure}"
            if section in ("likeness", "flaws", "memory"):
                column, row = (engine if who == engine else who), measure
                if column in engines and column != engine:
                    continue  # `rules` beside another engine: its own trial counts
            rows.setdefault(row, {}).setdefault(column, _shown(figure))
    return rows


def side_by_side(engines: Mapping[str, Figures]) -> str:
    """Return Markdown tables, one per section, of figures as `report.Figure.to_json` has them."""
    parts = []
    for section, title in _TITLES.items():
        rows = _rows(section, engines)
        columns = list(dict.fromkeys(name for cells in rows.values() for name in cells))
        if not rows:
            continue
        lines = [f"### {title}", "", "| | " + " | ".join(columns) + " |"]
        lines.append("|---" * (len(columns) + 1) + "|")
        for row, cells in rows.items():
            shown = " | ".join(cells.get(column, "–") for column in columns)
            lines.append(f"| {row} | {shown} |")
        parts.append("\n".join(lines))
    return "\n\n".join(parts) + "\n"
