"""MPE: channels, colours ahead of their notes, and the switch on and off."""

from engine.midi.mpe import MpeZone
from engine.pipeline.pipeline import Pipeline
from engine.pipeline.player import Player
from engine.settings.performance import Performance
from engine.settings.run import LiveConfig
from engine.sync.source import open_sync

PLAYING = Performance(mode="manual", valence=1.0, arousal=0.5, key="C:maj", slew_per_s=100.0)


class Port:
    def __init__(self):
        self.notes = []
        self.sent = []

    def note(self, note_id, on_s, off_s, channel, pitch, velocity):
        self.notes.append((on_s, off_s, channel))

    def control(self, at_s, channel, control, value, holder=0):
        self.sent.append((at_s, channel, control, value))

    def pressure(self, at_s, channel, value, holder=0):
        self.sent.append((at_s, channel, "pressure", value))

    def end_note(self, note_id, at_s):
        pass

    def cancel_after(self, at_s):
        pass


def test_the_zone_announces_itself_and_shares_out_its_channels():
    port = Port()
    zone = MpeZone(port)
    zone.open(1.0)
    assert [message[1:] for message in port.sent] == [(0, 101, 0), (0, 100, 6), (0, 6, 15)]
    given = [zone.place(2.0 + n / 100, 3.0 + n / 100, 0.0, 0.0) for n in range(15)]
    assert sorted(given) == list(range(1, 16))
    assert zone.place(2.5, 9.0, 0.0, 0.0) == given[0]  # the one that ends first
    assert zone.place(2.6, 9.0, 0.0, 0.0) == given[1]


def test_every_note_has_its_channel_and_its_colour_before_it():
    sync = open_sync(LiveConfig(performance=PLAYING))
    port = Port()
    pipeline = Pipeline(PLAYING.changed({"mpe": True}), sync.clock, draft_beats=0)
    player = Player(pipeline, sync, port)
    sync.begin(0.0)
    for tick in range(1000):
        player.turn(tick / 100)
    sounding = []
    assert len(port.notes) > 20
    for on_s, off_s, channel in sorted(port.notes):
        assert 1 <= channel <= 15
        assert all(end <= on_s or other != channel for end, other in sounding)
        sounding.append((off_s, channel))
        before = [m for m in port.sent if m[1] == channel and m[0] < on_s]
        assert [m for m in before if m[2] == 74][-1][3] == 127
        assert [m for m in before if m[2] == "pressure"][-1][3] == 95
    pressed = [channel for _, channel, control, value in port.sent if control == 64 and value]
    assert set(pressed) <= {0}
    pipeline.change(PLAYING)
    notes = len(port.notes)
    for tick in range(1000, 1200):
        player.turn(tick / 100)
    assert {channel for _, _, channel in port.notes[notes:]} <= {0, 1, 2}
    assert (0, 6, 0) in [message[1:] for message in port.sent]


def test_no_pedal_is_left_down_where_the_switch_moves_it_to_another_channel():
    calm = PLAYING.changed({"arousal": -0.5})
    sync = open_sync(LiveConfig(performance=calm))
    port = Port()
    pipeline = Pipeline(calm, sync.clock, draft_beats=0)
    player = Player(pipeline, sync, port)
    sync.begin(0.0)
    down = {}
    for tick in range(900):
        if tick % 300 == 150:
            pipeline.change(calm.changed({"mpe": tick < 300}))
        player.turn(tick / 100)
    for _, channel, _, value in sorted(m for m in port.sent if m[2] == 64):
        down[channel] = value
    assert [channel for channel, value in down.items() if value] in ([], [1])
