"""No figure of the docs is typed by hand: pages hold what the kept measurements fill in."""

import importlib.util
import json
from pathlib import Path

import pytest

from engine.bench.parts import PARTS
from engine.bench.table import TABLES, fill

DOCS = Path(__file__).resolve().parent.parent / "docs"
MOST_BYTES = 60_000


@pytest.fixture(scope="module")
def figures():
    spec = importlib.util.spec_from_file_location("docs_figures", DOCS / "figures.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_pages_hold_what_was_measured(figures):
    pages = figures.pages()
    assert DOCS / "benchmarks.md" in pages
    for page in pages:
        text = page.read_text(encoding="utf-8")
        assert text == figures.filled(text), f"{page.name}: run python docs/figures.py"


def test_every_kept_measurement_is_of_a_part_and_small(figures):
    kept = figures.load()
    assert set(kept) <= set(PARTS)
    for name, part in kept.items():
        assert part["size"] in ("standard", "long") and part["machine"]["commit"], name
        assert (figures.FIGURES / f"{name}.json").stat().st_size < MOST_BYTES, name


def test_every_table_with_figures_is_on_a_page(figures):
    text = "".join(page.read_text(encoding="utf-8") for page in figures.pages())
    known = {name: part["figures"] for name, part in figures.load().items()}
    for table in TABLES:
        if set(table.parts) <= set(known) and fill(table, known):
            assert f"<!-- figures: {table.name} -->" in text, table.name


@pytest.fixture
def kept(figures, monkeypatch, tmp_path):
    monkeypatch.setattr(figures, "FIGURES", tmp_path / "figures")
    return tmp_path / "figures"


def report_of(size="standard", **found):
    machine = {"commit": "abc1234", "date": "2026-11-05T10:00:00+00:00", "stimmung": "1"}
    parts = {name: {"seconds": 1.0, "figures": figures} for name, figures in found.items()}
    return {"machine": machine, "size": size, "parts": parts}


def test_table_is_filled_between_its_markers_and_again_the_same(figures, kept):
    rows = [{"count": 2, "p50_ms": 3.0, "p99_ms": 4.5, "cores": 0.07, "memory_mb": 99}]
    rows[0]["verdict"] = "keep up"
    assert figures.take(report_of(trackers={"apart": rows})) == ["trackers"]
    page = "# A\n\n<!-- figures: trackers -->\nold\n<!-- end of figures -->\n\nafter\n"
    filled = figures.filled(page)
    assert "| apart | 2 | 3.0 / 4.5 | 0.07 | 99 | keep up |" in filled
    assert "*`stimmung bench trackers`, commit `abc1234`, 5 November 2026*" in filled
    assert "old" not in filled and filled.endswith("after\n")
    assert figures.filled(filled) == filled


def test_longer_measurement_is_not_given_up_for_a_shorter_one(figures, kept):
    figures.take(report_of("long", midi={"n": 2}))
    assert figures.take(report_of(midi={"n": 1}, sync={"x": 1})) == ["sync"]
    assert json.loads((kept / "midi.json").read_text())["figures"] == {"n": 2}
    assert figures.take(report_of("long", midi={"n": 3})) == ["midi"]
    with pytest.raises(SystemExit, match="quick"):
        figures.take(report_of("quick", sync={}))


def test_table_nobody_knows_is_refused(figures, kept):
    kept.mkdir()
    with pytest.raises(SystemExit, match="'nonsense'"):
        figures.filled("<!-- figures: nonsense -->\n<!-- end of figures -->")
    empty = figures.filled("<!-- figures: sync -->\n| 1 |\n<!-- end of figures -->")
    assert "Not measured yet: `stimmung bench sync`" in empty and "| 1 |" not in empty
