"""Make the layout for Open Stage Control from the tables of what can be read and ordered.

``python docs/open_stage_control.py`` writes ``docs/control/open-stage-control.json``; a test says
when it is to be run again.
"""

import json
from pathlib import Path
from typing import Any, Final

from engine.choices import ACTIONS
from engine.network.osc import ROOT
from engine.network.oscquery import NODES, Node
from engine.network.values import VALUES
from engine.settings.presets import list_presets

__all__ = ["LAYOUT", "layout", "main"]

LAYOUT: Final = Path(__file__).parent / "control" / "open-stage-control.json"
_VERSION = "1.27.0"
_ROW_PX, _NAME_PX = 44, 220

Widget = dict[str, Any]


def layout() -> Widget:
    """Return the session: pages to play, to look, to set, and to press."""
    tabs = [
        _tab("Play", [_target(), *_rows("mode", "freeze"), _presets(), _button("panic", "Panic")]),
        _tab("Values", [_row(ROOT + name) for name in VALUES]),
        _tab("Settings", [_row(path) for path in sorted(NODES) if path.startswith(f"{ROOT}set/")]),
        _tab("Actions", [_button(f"act/{name}", text) for name, text in ACTIONS.items()]),
    ]
    root = {"type": "root", "id": "root", "tabs": tabs, "widgets": []}
    head = {"createdWith": "Open Stage Control", "version": _VERSION, "type": "session"}
    return {**head, "content": root}


def _tab(name: str, widgets: list[Widget]) -> Widget:
    return {
        "type": "tab",
        "id": f"tab_{name}",
        "label": name,
        "layout": "vertical",
        "scroll": True,
        "widgets": widgets,
        "tabs": [],
    }


def _rows(*names: str) -> list[Widget]:
    return [_row(ROOT + name) for name in names]


def _row(path: str) -> Widget:
    """Return the name of an address beside what shows or sets it."""
    node, short = NODES[path], path.removeprefix(ROOT)
    name = {
        "type": "text",
        "id": f"name of {short}",
        "width": _NAME_PX,
        "default": short.removeprefix("set/").replace("_", " "),
        "address": f"/name/{short}",  # nobody sends there
        "bypass": True,
    }
    return {
        "type": "panel",
        "id": f"row of {short}",
        "layout": "horizontal",
        "height": _ROW_PX,
        "innerPadding": False,
        "widgets": [name, _control(path, node)],
        "tabs": [],
    }


def _control(path: str, node: Node) -> Widget:
    """Return what fits the type and range of an address."""
    limits = node.ranges[0] if node.ranges else None
    place = {
        "id": path.removeprefix(ROOT),
        "address": path,
        "expand": True,
        "typeTags": node.types.replace("T", "i"),
    }
    looks = {"interaction": False, "bypass": True} if not node.access & 2 else {}
    if node.types == "T":
        return {"type": "button", **place, "mode": "toggle", "on": 1, "off": 0, "label": ""}
    if len(node.types) > 1 or limits is None or not node.access & 2 and node.types == "s":
        kind = "input" if node.access & 2 else "text"
        return {"type": kind, **place, **looks}
    if isinstance(limits[0], str):
        return {"type": "dropdown", **place, "values": list(limits)}
    return {
        "type": "fader",
        **place,
        "horizontal": True,
        "design": "compact",
        "range": {"min": limits[0], "max": limits[1]},
        "decimals": 0 if node.types == "i" else 3,
        **looks,
    }


def _button(name: str, words: str) -> Widget:
    return {
        "type": "button",
        "id": name,
        "address": ROOT + name,
        "mode": "tap",
        "on": 1,
        "off": 0,
        "typeTags": "i",
        "label": words,
        "height": _ROW_PX,
    }


def _target() -> Widget:
    node = NODES[f"{ROOT}target"]
    (low, high), (lowest, highest) = node.ranges  # type: ignore[misc]
    return {
        "type": "xy",
        "id": "target",
        "address": f"{ROOT}target",
        "height": 320,
        "rangeX": {"min": low, "max": high},
        "rangeY": {"min": lowest, "max": highest},
        "decimals": 3,
        "typeTags": node.types,
    }


def _presets() -> Widget:
    node = NODES[f"{ROOT}preset"]
    slugs = [preset.slug for preset in list_presets() if not preset.own]
    control = {**_control(f"{ROOT}preset", node), "type": "dropdown", "values": slugs}
    row = _row(f"{ROOT}preset")
    return {**row, "widgets": [row["widgets"][0], control]}


def main() -> None:
    """Write the layout."""
    LAYOUT.write_text(json.dumps(layout(), indent=1) + "\n", encoding="utf-8")
    print(LAYOUT)


if __name__ == "__main__":
    main()
