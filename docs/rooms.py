"""Draws the rooms and what they import: ``python docs/rooms.py`` writes docs/pictures/rooms.svg.

The rooms, top to bottom, are those of the ``layers`` contract in pyproject.toml; the imports are
read from the code, those inside functions and under ``TYPE_CHECKING`` too. An import that ran
upward would be drawn on the left, in red.
"""

import tomllib
from collections import Counter
from html import escape
from pathlib import Path

import grimp

ROOT = Path(__file__).resolve().parent.parent
PICTURE = ROOT / "docs" / "pictures" / "rooms.svg"
PACKAGES = ("gui", "export_onnx", "engine", "presets")
COLOURS = {"gui": "#d98b1c", "export_onnx": "#7a5ea8", "engine": "#2f86b8", "presets": "#6b7683"}
ROW, LEFT, TEXT, TOP = 24, 60, 200, 10
ARC = 300


def rooms() -> list[str]:
    """Return the rooms from top to bottom."""
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    contracts = tomllib.loads(text)["tool"]["importlinter"]["contracts"]
    layers = next(item["layers"] for item in contracts if "every room" in item["name"])
    return [room.strip() for layer in layers for room in layer.split("|")]


def graph() -> grimp.ImportGraph:
    """Return our modules and their imports of each other."""
    return grimp.build_graph(*PACKAGES, cache_dir=None)


def imports(known: grimp.ImportGraph) -> set[tuple[str, str]]:
    """Return (importing module, imported module) for every import of one of ours."""
    return {
        (name, target)
        for name in known.modules
        for target in known.find_modules_directly_imported_by(name)
    }


def room_of(module: str, listed: list[str]) -> str:
    """Return the room a module is in; empty for a package that only holds rooms."""
    inside = [room for room in listed if module == room or module.startswith(room + ".")]
    return max(inside, key=len, default="")


def drawing() -> str:
    """Return the drawing as SVG."""
    listed = rooms()
    places = {room: index for index, room in enumerate(listed)}
    counts: Counter[tuple[str, str]] = Counter()
    for importing, imported in imports(graph()):
        ends = room_of(importing, listed), room_of(imported, listed)
        if all(ends) and ends[0] != ends[1]:
            counts[ends] += 1
    height = 2 * TOP + len(listed) * ROW
    width = LEFT + TEXT + ARC + 20
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img">',
        f"<title>{len(listed)} rooms, {len(counts)} arrows</title>",
        "<style>text{font:13px sans-serif;fill:#fff}path{fill:none;stroke-opacity:.45}</style>",
    ]
    for (begin, end), count in sorted(counts.items()):
        y1, y2 = (TOP + places[room] * ROW + ROW / 2 for room in (begin, end))
        down = y2 > y1
        x = LEFT + TEXT if down else LEFT
        reach = min(ARC, 24 + abs(y2 - y1) * 0.42) * (1 if down else -0.3)
        colour = COLOURS[begin.partition(".")[0]] if down else "#c22"
        parts.append(
            f'<path d="M{x} {y1} C{x + reach:.0f} {y1},{x + reach:.0f} {y2},{x} {y2}" '
            f'stroke="{colour}" stroke-width="{min(4.0, 0.8 + count / 8):.1f}">'
            f"<title>{escape(begin)} imports {escape(end)}</title></path>"
        )
    for room, place in places.items():
        y = TOP + place * ROW
        parts.append(
            f'<rect x="{LEFT}" y="{y + 2}" width="{TEXT}" height="{ROW - 4}" rx="5" '
            f'fill="{COLOURS[room.partition(".")[0]]}"/>'
            f'<text x="{LEFT + 10}" y="{y + ROW / 2 + 4.5}">{escape(room)}</text>'
        )
    return "\n".join([*parts, "</svg>"]) + "\n"


if __name__ == "__main__":
    PICTURE.write_text(drawing(), encoding="utf-8")
