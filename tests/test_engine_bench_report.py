"""Reports are filled from figures alone; short forms of every part run, their times unread."""

import json
import os
import subprocess
import sys

import pytest

from engine.bench import parts, report
from engine.bench.core import missing
from engine.bench.machine import describe_machine, is_busy
from engine.bench.page import as_html
from engine.bench.parts import PARTS, Part
from engine.bench.plots import PLOTS, draw
from engine.bench.table import ABSENT, TABLES, fill, find, markdown, read_tables
from engine.cli import main

MACHINE = {
    "date": "2026-01-02T03:04:05+00:00",
    "stimmung": "1.0",
    "commit": "abc1234",
    "processor": "one",
    "cores": 2,
    "memory_gb": 4.0,
    "system": "some",
    "python": "3.11",
    "packages": {"numpy": "2", "torch": ""},
    "load": 0.1,
    "busy_share": 0.02,
}


def report_of(**figures):
    taken = {name: {"seconds": 1.0, "figures": found} for name, found in figures.items()}
    return {"machine": MACHINE, "size": "standard", "parts": taken}


TEXT = """
# t: Title

| | |
| --- | --- |
| speed | {p.speed_ms:.2f} ms of {p.n:,} |
| dots | {p.lag_0.3_s:.1f} |
| text | {p.said} |
| gone | {p.gone.deep:.2f} |
| never | {q.nothing} |
| half | {p.none} {q.nothing} |
| none | {p.none:.2f} |
| little | {p.little:.2f} |
| for p.rows.*: {n} | {ms:.1f} |
| for p.gone.*: {n} | {ms:.1f} |
| for p.by.*.*: {1} of {2} | {ms:.1f} |

What was done,
in words.
"""


def test_cells_take_figures_and_say_why_there_are_none():
    (table,) = read_tables(TEXT)
    assert (table.name, table.title, table.note) == ("t", "Title", "What was done, in words.")
    assert table.parts == ("p", "q")
    figures = {
        "p": {
            "speed_ms": 1.234,
            "n": 1000,
            "lag_0.3_s": 0.5,
            "said": "0 of 4",
            "none": None,
            "little": -0.001,
            "gone": {"missing": "no JACK | here"},
            "rows": [{"n": 1, "ms": 2.0}, {"n": 2, "missing": "late"}],
            "by": {
                "a": {"x": {"ms": 1.0}, "y": {"ms": 2.0}},
                "b": {"x": {"missing": "no"}, "n": 3},
            },
        }
    }
    rows = fill(table, figures)
    assert rows == (
        ("speed", "1.23 ms of 1,000"),
        ("dots", "0.5"),
        ("text", "0 of 4"),
        ("gone", "no JACK | here"),
        ("half", "not measured"),
        ("none", "–"),
        ("little", "0.00"),
        ("1", "2.0"),
        ("2", "late"),
        ("no JACK | here", "no JACK | here"),
        ("a of x", "1.0"),
        ("a of y", "2.0"),
        ("b of x", "no"),
    )
    lines = markdown(table, rows).splitlines()
    assert lines[:3] == ["| | |", "| --- | --- |", "| speed | 1.23 ms of 1,000 |"]
    assert lines[5] == "| gone | no JACK \\| here |"
    assert find(figures, "p.rows")[0]["ms"] == 2.0
    assert find(figures, "p.speed_ms.deeper") is ABSENT


def test_every_table_names_a_part_and_stands_without_figures():
    assert len({table.name for table in TABLES}) == len(TABLES)
    for table in TABLES:
        assert set(table.parts) <= set(PARTS)
        assert all(len(row) == len(table.head) for row in table.rows), table.name
        figures = {part: {"missing": "not here"} for part in table.parts}
        for row in fill(table, figures):
            assert any("not here" in cell for cell in row), table.name


def test_page_stands_alone_and_says_what_makes_figures_doubtful():
    late = {f"{name}_ms": 0.1 for name in ("p50", "p95", "p99", "p999", "max")}
    jack = {"sender": late, "plain": late}
    found = report_of(lateness={"jack": jack, "rtmidi": {"missing": "<no> MIDI"}})
    found["size"] = "quick"
    page = as_html(found, report.warnings_of(found))
    assert "&lt;no&gt; MIDI" in page and "<no>" not in page
    assert "figures are rough" in page and "abc1234" in page
    assert page.count("<svg") == 1
    assert 'src="' not in page and "<link" not in page and "<script" not in page


@pytest.mark.parametrize("name", PLOTS)
def test_picture_without_figures_is_left_out(name):
    assert draw(name, {}) is None


def test_machine_is_named_and_a_busy_one_is_told():
    found = describe_machine()
    assert found["cores"] == os.cpu_count()
    assert found["packages"]["numpy"]
    assert is_busy({"busy_share": 0.9}) and not is_busy({"busy_share": None})
    busy = {**report_of(), "machine": {**MACHINE, "busy_share": 0.5}}
    assert "50% busy" in report.warnings_of(busy)[0]


def stand_in(monkeypatch, command, patience_s=20.0):
    """Let a part be this program."""
    monkeypatch.setattr(parts, "child_command", lambda *_: command)
    monkeypatch.setattr(parts, "_LEAST_PATIENCE_S", patience_s)
    monkeypatch.setitem(PARTS, "fake", Part("", "fake", 0.0))


def test_part_that_breaks_costs_its_own_figures_only(monkeypatch):
    stand_in(monkeypatch, [sys.executable, "-c", "raise SystemExit('broken pipe organ')"])
    figures = parts.measure("fake", "quick")
    assert figures == {"missing": "failed (broken pipe organ)"}
    found = report_of(fake=figures, midi={"missing": "no MIDI system"})
    assert report.failures(found) == ["fake"]


def test_part_that_hangs_is_ended_with_what_it_started(monkeypatch, tmp_path):
    shell = f"sleep 600 & echo $! > {tmp_path / 'pid'}; wait"
    stand_in(monkeypatch, ["sh", "-c", shell], patience_s=2.0)
    assert parts.measure("fake", "quick") == {"missing": "not done within 2 s"}
    pid = (tmp_path / "pid").read_text()
    alive = subprocess.run(["ps", "-o", "stat=", "-p", pid], capture_output=True, text=True)
    assert alive.stdout.strip()[:1] in ("", "Z")


def test_part_is_ended_when_we_are(monkeypatch):
    stand_in(monkeypatch, ["sleep", "600"])
    started = []

    class Interrupted(subprocess.Popen):
        def communicate(self, *given, **named):
            if not started:
                started.append(self)
                raise KeyboardInterrupt
            return super().communicate(*given, **named)

    monkeypatch.setattr(subprocess, "Popen", Interrupted)
    with pytest.raises(KeyboardInterrupt):
        parts.measure("fake", "quick")
    assert started[0].poll() is not None


def test_command_without_a_name_measures_all_that_belongs_to_a_report(monkeypatch, tmp_path):
    measured = []

    def measure(name, *_):
        measured.append(name)
        return missing("not today")

    monkeypatch.setattr(report, "measure", measure)
    monkeypatch.chdir(tmp_path)
    assert main(["bench", "--quick"]) == 0
    assert measured == [name for name, part in PARTS.items() if part.standard]
    assert (tmp_path / "stimmung-bench" / "report.html").is_file()
    with pytest.raises(SystemExit, match="2"):
        main(["bench", "nonsense"])


def test_command_prints_tables_and_writes_the_report(monkeypatch, tmp_path, capsys):
    figures = {"rows": [{"what": "rules", "per": "beat", "first_ms": 3.0, "last_ms": 3.0}]}
    figures["rows"][0] |= {"times": 1.0, "first_mb": 36, "last_mb": 38, "minutes_ms": [3.0]}
    monkeypatch.setattr(report, "measure", lambda *_: figures)
    out, file = tmp_path / "out", tmp_path / "figures.json"
    assert main(["bench", "hours", "--quick", "--report", str(out), "--json", str(file)]) == 0
    said = capsys.readouterr()
    assert "3.000" in said.out and "rough" in said.err
    assert json.loads(file.read_text())["parts"]["hours"]["figures"] == figures
    assert {path.name for path in out.iterdir()} == {"report.json", "report.html"}
    monkeypatch.setattr(report, "measure", lambda *_: missing("failed (x)"))
    assert main(["bench", "hours", "--quick"]) == 1
    assert main(["bench", "hours", "--report", str(file)]) == 2


@pytest.mark.parametrize("name", PARTS)
def test_every_part_names_a_function(name: str) -> None:
    assert callable(PARTS[name].function)
