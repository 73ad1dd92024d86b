"""Recorded sessions of the live engine: an arranger at work, a set list, bars in the hand.

Orders come by OSC as from any controller; what was recorded is what is judged.
"""

import time
from pathlib import Path

import pytest
from pythonosc.udp_client import SimpleUDPClient
from servers.ports import free_port

import presets
from engine.errors import InputError
from engine.live.runtime import Runtime
from engine.session import Session, read_session
from engine.session.recover import PRODUCTS
from engine.session.rerun import rerun
from engine.settings.performance import Performance
from engine.settings.run import LiveConfig
from engine.settings.set_lists import Song, save_set_list

pytestmark = pytest.mark.proof  # sessions recorded in real time


@pytest.fixture(autouse=True)
def own_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.delitem(PRODUCTS, "picture.png")


class Stage:
    """A live engine at 240 BPM that hears the demo piece, records, and obeys OSC."""

    def __init__(self, folder: Path, **values):
        self.folder, self.port = folder, free_port()
        performance = values.pop("performance", {})
        self.config = LiveConfig.from_mapping(
            {
                "input": str(presets.DEMO_AUDIO),
                "midi_out": "none",
                "record": str(folder),
                "osc_in": self.port,
                "performance": {"tempo_bpm": 240.0, "key": "C:maj", "mode": "manual"} | performance,
                **values,
            }
        )

    def __enter__(self):
        self.runtime = Runtime(self.config)
        self.runtime.start()
        self.osc = SimpleUDPClient("127.0.0.1", self.port)
        return self

    def __exit__(self, *_exc):
        self.osc._sock.close()
        self.runtime.stop()
        assert self.runtime.failure is None

    def look(self):
        return self.runtime.snapshot()

    def act(self, action: str):
        self.osc.send_message("/stimmung/act", action)

    def until(self, condition, seconds=20.0):
        end = time.monotonic() + seconds
        while not condition(self.look()):
            assert time.monotonic() < end, self.look()
            time.sleep(0.005)

    def bar(self, number: int, share: float = 0.4):
        """Wait for a place in a bar, counted from 0; return it."""
        self.until(lambda look: look.beat >= 4 * (number + share))
        return number

    def read(self) -> Session:
        return read_session(self.folder)


def by_bar(session: Session) -> dict[int, list]:
    found: dict[int, list] = {}
    for timed in session.notes:
        found.setdefault(int(timed.note.onset // 4), []).append(timed)
    return found


def all_end(session: Session) -> bool:
    return all(timed.off_s > timed.on_s for timed in session.notes)


@pytest.mark.parametrize("engine", ["rules", "amt"])
def test_a_recorded_session_of_the_arranger(tmp_path, engine):
    parts = ("lead", "chords", "bass", "drums")
    with Stage(tmp_path / "s", performance={"engine": engine, "parts": parts}) as stage:
        stage.bar(0)
        stage.act("intro")
        stage.until(lambda look: look.arranging == "intro")
        first = int(stage.look().beat // 4)
        stage.bar(first + 5)
        stage.act("break_bar")
        stage.until(lambda look: look.arranging == "break")
        silent = int(stage.look().beat // 4)
        stage.bar(silent + 1)
        stage.act("next_section")
        stage.until(lambda look: look.arranging == "section")
        stage.act("ending")
        stage.until(lambda look: look.arranging == "final")
        last = int(stage.look().beat // 4)
        stage.until(lambda look: not look.running)
    session = stage.read()
    bars = by_bar(session)
    assert {timed.note.role for timed in bars[first]} == {"chords"}
    assert silent not in bars and bars[silent + 1]
    begin_s = min(timed.on_s for timed in bars[silent + 1])
    assert not [t for t in session.notes if t.on_s < begin_s - 0.1 and t.off_s > begin_s]
    pitched = [timed.note for timed in bars[last] if timed.note.role != "drums"]
    assert {note.onset for note in pitched} == {4.0 * last} and max(bars) == last
    assert {note.pitch % 12 for note in pitched} in ({0, 4, 7}, {0, 3, 7})
    assert all_end(session)
    made = rerun(tmp_path / "s")
    assert made.notes == session.notes and made.controls == session.controls


def test_a_recorded_session_of_a_set_list(tmp_path):
    songs = (
        Song("band", "Opening", "wait for the drummer", 240.0),
        Song("arpeggio", tempo_bpm=200.0),
        Song("film-tension", tempo_bpm=240.0, entry="ending"),
    )
    save_set_list("Friday", songs)
    with Stage(tmp_path / "s", set_list="friday", performance={"engine": "rules"}) as stage:
        assert stage.look().song.next_title == "Opening"
        stage.until(lambda look: look.song.ready)
        stage.bar(2)
        stage.act("next_song")
        stage.until(lambda look: look.engine == "amt")
        changed = int(stage.look().beat // 4)
        stage.bar(changed + 1)
        stage.act("next_song")
        stage.until(lambda look: abs(look.tempo_bpm - 200.0) < 0.1)
        stage.act("next_song")
        stage.until(lambda look: not look.running)
        stage.until(lambda look: look.performance.tempo_bpm == 240.0)
        assert stage.look().song.number == 3
    session = stage.read()
    bars = by_bar(session)
    assert set(bars) == set(range(max(bars) + 1))  # no bar without notes
    assert all_end(session)
    words = [entry.words for entry in session.log]
    assert [f"Set list: {title}." in words for title in ("Opening", "Arpeggio", "Film tension")]


def test_bars_are_locked_and_cleared_by_osc_and_played_as_shown(tmp_path):
    with Stage(tmp_path / "s", performance={"tempo_bpm": 120.0}) as stage:
        stage.bar(1)
        stage.act("lock_bar 4")
        stage.act("clear_bar 5")
        stage.until(lambda look: look.locked == (3, 4))
        stage.until(lambda look: {n.onset // 4 for n in look.draft} & {3, 4} == {3})
        shown = sorted(
            (n.onset, n.pitch, n.duration, n.velocity)
            for n in stage.look().draft
            if n.onset // 4 == 3
        )
        stage.osc.send_message("/stimmung/target", [-0.9, -0.9])
        stage.bar(6)
    session = stage.read()
    bars = by_bar(session)
    played = sorted(
        (t.note.onset, t.note.pitch, t.note.duration, t.note.velocity) for t in bars.get(3, [])
    )
    rounded = [tuple(round(value, 3) for value in note) for note in (*shown, *played)]
    assert rounded[: len(shown)] == rounded[len(shown) :]
    assert shown and 4 not in bars and bars[5]
    with pytest.raises(InputError, match="bars were changed by hand"):
        rerun(tmp_path / "s")


def test_an_intro_starts_music_that_stands(tmp_path):
    with Stage(tmp_path / "s", performance={"parts": Performance().parts}) as stage:
        stage.osc.send_message("/stimmung/act", "play")
        stage.until(lambda look: not look.running)
        stage.act("fill")  # nothing to fill
        stage.act("intro")
        stage.until(lambda look: look.running and look.arranging == "intro")
        start = stage.look().beat // 4
        stage.bar(int(start) + 1)
    roles = {t.note.role for bar, notes in by_bar(stage.read()).items() if bar == start
             for t in notes}  # fmt: skip
    assert roles == {"chords"}
