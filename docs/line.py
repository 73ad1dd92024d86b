"""Draws the line from sound to MIDI: ``python docs/line.py`` writes docs/pictures/line.svg."""

from html import escape
from pathlib import Path

BOXES = (
    # (column, row, words, what it says below, kind)
    (0, 1, "sound", "microphone, line, file", "world"),
    (1, 1, "capture", "a process of its own", "process"),
    (2, 1, "tracker", "ONNX, 10.8 per second", "engine"),
    (3, 1, "target", "follow · contrast · guide", "engine"),
    (4, 1, "generator", "rules · MusER · AMT", "engine"),
    (5, 1, "plan", "one beat fixed, bars drafted", "engine"),
    (6, 1, "sender", "a process of its own", "process"),
    (7, 1, "your DAW", "MIDI port Stimmung", "world"),
    (2, 0, "film, camera", "a process of its own", "process"),
    (3, 0, "you", "window, OSC, pedal, phone", "world"),
    (4, 0, "keyboards", "what a performer plays", "world"),
    (5, 0, "the beat", "DAW clock, Link, JACK", "world"),
    (2, 2, "window, phone", "what is heard and meant", "world"),
    (3, 2, "CC, OSC", "lights, visuals, effects", "world"),
    (5, 2, "recorder", "safe against crashes", "engine"),
)
ARROWS = (
    *(((column, 1), (column + 1, 1)) for column in range(7)),
    ((2, 0), (3, 1)),
    ((3, 0), (3, 1)),
    ((4, 0), (4, 1)),
    ((5, 0), (5, 1)),
    ((2, 1), (2, 2)),
    ((3, 1), (3, 2)),
    ((5, 1), (5, 2)),
)
COLOURS = {"world": "#6b7683", "process": "#d98b1c", "engine": "#2f86b8"}
KINDS = {"engine": "within the engine", "process": "a process of its own", "world": "outside"}
WIDTH, HEIGHT, GAP_X, GAP_Y, EDGE = 150, 62, 24, 46, 16
COLUMNS, ROWS = 8, 3


def corner(column: int, row: int) -> tuple[float, float]:
    """Return the upper left corner of a box [px]."""
    return EDGE + column * (WIDTH + GAP_X), EDGE + row * (HEIGHT + GAP_Y)


def box(column: int, row: int, words: str, below: str, kind: str) -> str:
    """Return a box."""
    x, y = corner(column, row)
    middle = x + WIDTH / 2
    return (
        f'<rect x="{x}" y="{y}" width="{WIDTH}" height="{HEIGHT}" rx="8" fill="{COLOURS[kind]}"/>'
        f'<text x="{middle}" y="{y + 27}" font-size="14" font-weight="bold">{escape(words)}</text>'
        f'<text x="{middle}" y="{y + 46}" font-size="10.5">{escape(below)}</text>'
    )


def arrow(begin: tuple[int, int], end: tuple[int, int]) -> str:
    """Return an arrow, along the row or down to the next."""
    (x1, y1), (x2, y2) = corner(*begin), corner(*end)
    if begin[1] == end[1]:
        x1, y1, y2 = x1 + WIDTH, y1 + HEIGHT / 2, y2 + HEIGHT / 2
    else:
        x1, y1, x2 = x1 + WIDTH / 2, y1 + HEIGHT, x2 + WIDTH / 2
    return f'<path d="M{x1} {y1} L{x2} {y2}" marker-end="url(#head)"/>'


def legend(y: float) -> str:
    """Return what the colours mean."""
    parts = []
    for place, (kind, words) in enumerate(KINDS.items()):
        x = EDGE + place * 190
        parts.append(
            f'<rect x="{x}" y="{y}" width="14" height="14" rx="3" fill="{COLOURS[kind]}"/>'
        )
        style = "text-anchor:start;fill:#6b7683"
        words = escape(words)
        parts.append(
            f'<text x="{x + 22}" y="{y + 12}" font-size="12" style="{style}">{words}</text>'
        )
    return "".join(parts)


def drawing() -> str:
    """Return the drawing as SVG."""
    width = 2 * EDGE + COLUMNS * WIDTH + (COLUMNS - 1) * GAP_X
    bottom = EDGE + ROWS * HEIGHT + (ROWS - 1) * GAP_Y
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {bottom + 50}" role="img">',
        "<title>From sound to MIDI</title>",
        "<style>text{font-family:sans-serif;text-anchor:middle;fill:#fff}"
        "path{stroke:#6b7683;stroke-width:2;fill:none}</style>",
        '<marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" '
        'orient="auto"><polygon points="0,0 8,4 0,8" fill="#6b7683"/></marker>',
        *(arrow(*ends) for ends in ARROWS),
        *(box(*each) for each in BOXES),
        legend(bottom + 24),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


if __name__ == "__main__":
    target = Path(__file__).resolve().parent / "pictures" / "line.svg"
    target.write_text(drawing(), encoding="utf-8")
