"""The live engine behind the plug-in: it hears, follows, obeys and plays through it."""

from pathlib import Path

import pytest
from plugin_host.built import compiled, loadable
from plugin_host.host import PluginHost, hanging, note_ons

from engine.live.runtime import Runtime
from engine.plugin.instance import CHANNELS
from engine.settings.performance import Performance
from engine.settings.run import LiveConfig


@pytest.mark.proof
@pytest.mark.note_ends
def test_a_run_through_the_plugin_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STIMMUNG_PLUGIN_FILE", str(tmp_path / "plugin.txt"))
    config = LiveConfig(
        Performance(tempo_bpm=60.0), input="plugin", sync="plugin", midi_out="plugin"
    )
    with (
        PluginHost(compiled("host.cpp"), loadable("clap")) as host,
        Runtime(config) as runtime,
    ):
        host.do("activate 48000 8192", "transport 0 120 0 3 4", "run 1 512 1 1")
        assert host.value("connected") == 1
        for symbol, value in {"mode": 4, "valence": 0.75, "arousal": 0.5, "freeze": 0}.items():
            host.set(symbol, value)
        host.do("run 1 512 1 1", "transport 1 120 0 3 4", "run 4 512 1 1")
        first = note_ons(host.events)[0]
        assert 0.0 <= first.beat < 0.01, "the first beat is there beforehand"
        look = runtime.snapshot()
        assert look.audio.alive and look.audio.level_db > -30.0 and look.emotion is not None
        assert look.sync.locked and look.running and look.tempo_bpm == 120.0
        assert look.beats_per_bar == 3, "the host's metre"
        assert (look.mode, look.performance.valence) == ("manual", 0.75)
        assert look.target_valence == pytest.approx(0.75, abs=0.01)
        host.set("strength", 0.0)
        host.set("freeze", 1)
        host.do("run 0.3 512 1 1")
        assert runtime.snapshot().frozen
        assert host.value("heard_valence") != 0.0
        host.do("transport 0 120 0 3 4", "run 0.2 512 1 1")
        assert not runtime.snapshot().running
        assert runtime.snapshot().midi.sent == len(note_ons(host.events)) > 5
        host.do("deactivate")
        sent = runtime.snapshot().midi.sent
        assert sent == len(note_ons(host.events)), "a plug-in that left has played, too"
    assert not hanging(host.events)
    played = {event.message[0] & 15 for event in note_ons(host.events)}
    assert played <= {CHANNELS[part] for part in ("lead", "chords", "bass")}
    controllers = {e.message[1] for e in host.events if e.message[0] == 0xB0}
    assert {20, 21} <= controllers, "valence and arousal"
