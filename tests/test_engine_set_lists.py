"""Set lists: files, exchange between machines, and songs that follow each other without a gap."""

import json
import threading
from pathlib import Path

import pytest
from servers.jack import until

from engine.cli import main
from engine.errors import InputError, PresetError
from engine.events import TargetState
from engine.generators import registry
from engine.live.observer import Observer
from engine.live.orders import Orders
from engine.pipeline.executors import generator_thread
from engine.pipeline.pipeline import Pipeline
from engine.pipeline.player import Player
from engine.settings import set_lists
from engine.settings.performance import Performance
from engine.settings.players import load_pauses, save_pauses
from engine.settings.presets import keep_preset, list_presets, load_preset, remove_preset
from engine.settings.run import LiveConfig
from engine.settings.set_lists import (
    SetList,
    Song,
    export_set_list,
    import_set_list,
    list_set_lists,
    load_set_list,
    save_set_list,
)
from engine.sync.source import InternalSync


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    return tmp_path / "stimmung"


SONGS = (
    Song("band", "Opening", "wait for the drummer", 96.0, "intro"),
    Song("piano-solo"),
    Song("no-such-preset"),
    Song("calm-down", entry="ending"),
)


def test_a_set_list_is_kept_beside_the_presets_and_read_again(folder):
    saved = save_set_list("Friday night", SONGS)
    assert saved.path == folder / "setlists" / "friday-night.json"
    assert load_set_list("friday NIGHT") == load_set_list("friday-night") == saved
    assert load_set_list(str(saved.path)) == saved
    assert saved.songs[0].performance().tempo_bpm == 96.0
    assert [song.words() for song in saved.songs[:2]] == ["Opening", "Piano solo"]
    with pytest.raises(PresetError, match="set list must be one of friday-night, or a file"):
        load_set_list("Sunday")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("{", "cannot be read"),
        ('{"version": 2}', "version must be 1; got 2"),
        ('{"version": 1, "entries": 3}', "entries must be a list"),
        ('{"version": 1, "entries": [{"title": "x"}]}', "entry 1 must hold preset"),
        ('{"version": 1, "entries": [{"preset": "band", "tempo_bpm": 1}]}', "tempo_bpm must be"),
        ('{"version": 1, "entries": [{"preset": "band", "entry": "bang"}]}', "entry must be one"),
        ('{"version": 1, "entries": [{"preset": ["band"]}]}', "preset must be a text"),
        ('{"version": 1, "surprise": 1}', "must hold only"),
    ],
)
def test_a_broken_file_is_named_and_costs_itself_alone(folder, content, words):
    save_set_list("Good", SONGS)
    (folder / "setlists" / "bad.json").write_text(content)
    known, broken = list_set_lists()
    assert [one.name for one in known] == ["Good"]
    assert len(broken) == 1 and "bad.json" in str(broken[0]) and words in str(broken[0])
    assert main(["setlist"]) == 1
    assert main(["live", "--set-list", "bad"]) == 2


def test_an_exported_set_list_brings_its_presets_along(tmp_path, monkeypatch):
    keep_preset("My own", Performance(engine="amt", tempo_bpm=77.0))
    exported = tmp_path / "exported.json"
    missing = export_set_list(save_set_list("Tour", (Song("my-own"), *SONGS)), exported)
    assert missing == ["no-such-preset"]
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "elsewhere"))
    with pytest.raises(PresetError):
        load_preset("my-own")
    assert import_set_list(exported).songs[0].performance().tempo_bpm == 77.0
    # A preset of that name that is there already stays.
    (own,) = [preset for preset in list_presets() if preset.own]
    remove_preset(own)
    keep_preset("My own", Performance(tempo_bpm=140.0))
    assert import_set_list(exported).songs[0].performance().tempo_bpm == 140.0
    broken = json.loads(exported.read_text())
    broken["presets"]["other"] = {"performance": {"tempo_bpm": 1}}
    exported.write_text(json.dumps(broken))
    with pytest.raises(PresetError, match="preset other.json: tempo_bpm must be"):
        import_set_list(exported)


def test_the_command_line_writes_shows_and_exchanges_set_lists(tmp_path, capsys):
    assert main(["setlist", "add", "Friday", "band", "--tempo", "90", "--notes", "loud"]) == 0
    assert main(["setlist", "add", "friday", "calm-down", "--entry", "ending"]) == 0
    assert main(["setlist", "add", "friday", "arpeggio", "--at", "1"]) == 0
    assert [song.preset for song in load_set_list("friday").songs] == [
        "arpeggio", "band", "calm-down",
    ]  # fmt: skip
    assert main(["setlist", "show", "friday"]) == 0
    shown = capsys.readouterr().out
    assert "loud" in shown and "ending" in shown and "Arpeggio" in shown
    assert main(["setlist", "export", "friday", str(tmp_path / "x.json")]) == 0
    assert main(["setlist", "remove", "friday", "2"]) == 0
    assert len(load_set_list("friday").songs) == 2
    assert main(["setlist", "import", str(tmp_path / "x.json")]) == 0
    assert len(load_set_list("friday").songs) == 3
    assert main(["setlist", "remove", "friday"]) == 0
    assert list_set_lists() == ([], [])
    assert main(["setlist", "remove", "friday"]) == 2
    assert main(["setlist", "add", "Friday", "nope"]) == 2
    assert main(["setlist", "add", "!!", "band"]) == 2


class Sender:
    """Where notes would go."""

    def __init__(self):
        self.notes = []

    def note(self, *values):
        self.notes.append(values)

    def __getattr__(self, name):
        return lambda *values, **named: None


class Stage:
    """The orders of a run and what carries them out, on counted time."""

    def __init__(self, songs, song=0, loader=None):
        save_set_list("Set", songs)
        performance = Performance(mode="manual", key="C:maj", tempo_bpm=120.0)
        config = LiveConfig.from_mapping(
            {"set_list": "set", "song": song, "performance": performance}
        )
        self.sync, self.sender = InternalSync(120.0), Sender()
        self.observer = Observer(TargetState(0.0, 0.0, "manual", False, 0.0))
        self.orders = Orders(config, self.sync, self.sender, self.observer)
        self.pipeline = Pipeline(performance, self.sync.clock, loader=loader, draft_beats=0)
        self.player = Player(self.pipeline, self.sync, self.sender)
        self.now, self.missed, self.onsets = 0.0, 0, []
        self.sync.begin(0.0)
        self.orders.serve(self.pipeline, None)

    def run(self, seconds):
        for _ in range(round(seconds / 0.005)):
            self.orders.carry_out(self.now)
            step = self.player.turn(self.now)
            if step.ended:
                self.orders.songs.ended()
            self.missed += step.missed_beats
            self.onsets += [one.on_s for one in step.notes]
            self.now += 0.005
        return self

    @property
    def look(self):
        return self.orders.songs.look

    @property
    def said(self):
        return [entry.words for entry in self.observer._messages]


def test_songs_follow_each_other_on_the_bar_and_bad_ones_are_skipped_and_named():
    stage = Stage(SONGS)
    assert (stage.look.number, stage.look.count, stage.look.next_title) == (0, 4, "Opening")
    assert stage.look.next_notes == "wait for the drummer"
    stage.run(1.0).orders.act("next_song")
    assert (stage.look.number, stage.look.title, stage.look.next_title) == (
        1, "Opening", "Piano solo",
    )  # fmt: skip
    stage.run(0.5)
    assert stage.pipeline.performance.engine == "rules"  # the bar is not over
    stage.run(1.5)
    assert stage.pipeline.performance.engine == "amt"
    assert stage.sync.clock.tempo_bpm == 96.0
    assert stage.pipeline.arrangement.at(stage.sync.clock.beat_at(stage.now)) == "intro"
    stage.orders.act("next_song")
    stage.run(3.0).orders.act("next_song")  # no-such-preset is left out
    assert stage.look.number == 4 and stage.look.waits
    assert any("song 3" in line and "no-such-preset" in line for line in stage.said)
    assert stage.pipeline.performance.engine == "muser"
    stage.run(9.0)
    assert not stage.sync.clock.running and not stage.look.waits
    assert stage.pipeline.performance == SONGS[3].performance()
    with pytest.raises(InputError, match="this is the end"):
        stage.orders.act("next_song")
    stage.orders.act("previous_song")
    assert stage.look.number == 2


def test_another_set_list_or_its_new_order_is_taken_while_the_music_plays_on():
    stage = Stage(SONGS)
    stage.run(1.0).orders.act("next_song")
    songs = stage.orders.songs
    songs.choose(SetList("Set", (Song("band"), *SONGS), Path("set.json")))
    assert (stage.look.number, stage.look.title, stage.look.count) == (2, "Opening", 5)
    songs.choose(SetList("Set", (Song("band"),), Path("set.json")))
    assert stage.look.number == 1
    songs.choose(SetList("Other", SONGS, Path("other.json")))
    assert (stage.look.number, stage.look.next_title) == (0, "Opening")
    assert stage.sync.clock.running and stage.run(1.0).missed == 0
    songs.choose(None)
    assert stage.look is None


def test_without_a_set_list_the_order_is_refused():
    orders = Orders(LiveConfig(), InternalSync(120.0), Sender(), Observer(None))
    with pytest.raises(InputError, match="there is no set list"):
        orders.act("next_song")
    assert orders.songs.look is None
    with pytest.raises(InputError, match="song must be from 0 to 0; got 2"):
        LiveConfig(song=2)


def test_the_next_song_is_loaded_beforehand_and_the_change_takes_no_gap(monkeypatch):
    """The engine of the next song is made on a thread of its own, while beats go on."""
    plain, may_begin = registry.GENERATORS["amt"], threading.Event()

    def slow(*ways):
        assert may_begin.wait(60.0)
        return plain(*ways)

    monkeypatch.setitem(registry.GENERATORS, "amt", slow)
    stage = Stage((Song("band"),), loader=generator_thread())
    stage.run(2.0)
    assert not stage.look.ready  # it is being made
    may_begin.set()
    until(lambda: stage.run(0.1).look.ready, "the engine of the next song")
    stage.orders.act("next_song")
    stage.run(3.0)
    stage.pipeline.close()
    assert stage.pipeline.generator.name == "amt" and stage.missed == 0
    gaps = [later - sooner for sooner, later in zip(stage.onsets, stage.onsets[1:], strict=False)]
    assert max(gaps) < 1.1


def test_what_was_learned_of_a_player_is_kept_under_their_name(folder):
    assert load_pauses("Ada") == () == load_pauses("")
    save_pauses("Ada", (0.5, 1.25))
    save_pauses("", (9.0,))
    assert load_pauses("ada") == (0.5, 1.25)
    (folder / "players" / "ada.json").write_text("{")
    assert load_pauses("Ada") == ()
    with pytest.raises(PresetError, match="player name must have a letter or digit"):
        load_pauses("?!")


def test_the_folder_is_beside_the_presets():
    assert set_lists.set_list_folder().name == "setlists"
