"""The ready pages of docs/control: the layout is that of the tables, and what pages name exists."""

import bisect
import csv
import importlib
import json
import re
import sys
from itertools import pairwise
from pathlib import Path

import pytest

from engine.choices import ACTIONS
from engine.network.oscquery import NODES
from engine.session import read_session
from engine.settings.presets import load_preset

ROOT = Path(__file__).parent.parent
PAGES = sorted((ROOT / "docs" / "control").glob("*.md"))


@pytest.fixture
def script():
    sys.path.insert(0, str(ROOT / "docs"))
    try:
        yield importlib.import_module("open_stage_control")
    finally:
        sys.path.pop(0)


def widgets(widget):
    yield widget
    for below in (*widget.get("widgets", ()), *widget.get("tabs", ())):
        yield from widgets(below)


def test_the_layout_is_current(script):
    """Else: python docs/open_stage_control.py."""
    kept = json.loads(script.LAYOUT.read_text(encoding="utf-8"))
    assert kept == json.loads(json.dumps(script.layout()))


def test_every_address_has_its_widget_with_its_range(script):
    found = [w for w in widgets(script.layout()["content"]) if "address" in w]
    by_address = {w["address"]: w for w in found if not w["address"].startswith("/name/")}
    assert set(by_address) == set(NODES)
    assert len({w["id"] for w in found}) == len(found)
    for address, widget in by_address.items():
        node = NODES[address]
        if widget["type"] == "fader":
            low, high = node.ranges[0]
            assert widget["range"] == {"min": low, "max": high}
        elif widget["type"] == "dropdown" and address != "/stimmung/preset":
            assert tuple(widget["values"]) == node.ranges[0]
        if node.access == 1:
            assert widget["bypass"] and not widget["interaction"], address
    for slug in by_address["/stimmung/preset"]["values"]:
        load_preset(slug)


def test_the_recorded_session_of_the_lights_shows_what_was_heard():
    folder = ROOT / "docs" / "sessions" / "lights"
    session = read_session(folder)
    assert session.complete and len(session.notes) > 100
    with (folder / "lights.csv").open(encoding="utf-8", newline="") as stream:
        rows = [{k: float(value) for k, value in row.items()} for row in csv.DictReader(stream)]
    track = session.emotion
    brightest = max(range(50, len(rows)), key=lambda row: rows[row]["front left red"])
    darkest = min(range(50, len(rows)), key=lambda row: rows[row]["front left red"])

    def arousal(row):
        place = bisect.bisect_left(track.heard_s, rows[row]["time_s"])
        return track.columns["arousal"][place]

    assert arousal(brightest) > arousal(darkest) + 0.4
    assert all(row["front left red"] == row["front right red"] for row in rows)


def test_the_recorded_sessions_show_what_the_docs_say():
    """The arranger's orders, a set list and the assistant of the first start."""
    arranger, songs, assistant = (
        read_session(ROOT / "docs" / "sessions" / name)
        for name in ("arranger", "set_list", "assistant")
    )
    assert arranger.complete and songs.complete and assistant.complete
    said = {each.entry.fields["what"]: each.at_s for each in arranger.log}
    onsets = [note.on_s for note in arranger.notes]
    bar_s = 2.0
    gap = max((after - before, before) for before, after in pairwise(onsets))
    assert gap[0] > bar_s and said["break_bar"] < gap[1] + gap[0] < said["break_bar"] + 2 * bar_s
    assert said["ending"] < onsets[-1] < said["ending"] + 2 * bar_s < arranger.duration_s
    taken = [each.entry.fields["engine"] for each in songs.log if each.entry.kind == "set"]
    assert taken == ["amt", "muser", "rules"]
    tests = [each.at_s for each in assistant.log if each.entry.kind == "test"]
    heard_s = assistant.emotion.heard_s
    assert len(tests) == 3 and heard_s[0] < tests[0] < tests[-1] < assistant.notes[0].on_s


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_addresses_that_a_page_names_exist(page):
    text = page.read_text(encoding="utf-8")
    named = set(re.findall(r"/stimmung/[a-z_/]+[a-z_]", text))
    folders = {path.rpartition("/")[0] for path in NODES}  # as in /stimmung/act/NAME
    assert named <= set(NODES) | folders
    for name in re.findall(r"`act/([a-z_]+)`", text):
        assert name in ACTIONS
    assert PAGES
