"""Which tempo the music follows: its own, a MIDI clock, Ableton Link, JACK, or a heard beat."""

from collections.abc import Sequence

from PyQt6.QtWidgets import QWidget

from engine.choices import SYNCS
from engine.snapshot import Snapshot
from gui import texts
from gui.state.preferences import RunChoices
from gui.texts import wording
from gui.widgets import controls as ui

__all__ = ["SyncPanel"]


class SyncPanel(ui.Panel):
    """Source of the beat, the port of the MIDI clock, clock out, and the lock light."""

    def __init__(self) -> None:
        super().__init__()
        sources = [(texts.SYNCS[name], name) for name in SYNCS]
        self.source = ui.picker(texts.SYNC, sources, self.choose_run("sync"))
        self.midi_in = ui.picker(texts.MIDI_IN, act=self.choose_run("midi_in"))
        self.clock_out = ui.check_box(texts.CLOCK_OUT, self.choose_run("clock_out"))
        self._light = ui.label(wrap=True, live=texts.SYNC)
        self._port = QWidget()
        self._port.setLayout(ui.form((texts.MIDI_IN, self.midi_in)))
        self.hints = {
            action: ui.button(words, self.ask(action), tip)
            for action, (words, tip) in texts.BEAT_HINTS.items()
        }
        self._hints = QWidget()
        self._hints.setLayout(ui.Row(*self.hints.values()))
        title = ui.label(texts.SYNC, "title")
        ui.column(
            title,
            self.source,
            self._port,
            self._light,
            self._hints,
            self.clock_out,
            parent=self,
        )

    def show_settings(self, run: RunChoices, ports: Sequence[str], *, listed: bool) -> None:
        """Show what is chosen among the MIDI inputs that are present."""
        self.source.setCurrentIndex(self.source.findData(run.sync))
        own = [(words, name) for name, words in texts.MIDI_INS.items()]
        ui.fill(self.midi_in, own + [(name, name) for name in ports], run.midi_in, listed)
        self._port.setVisible(run.sync == "midi")
        self.clock_out.setChecked(run.clock_out)

    def show_snapshot(self, look: Snapshot | None) -> None:
        """Show the lock light; None while not running."""
        followed = look is not None and look.sync.source != "internal"
        self._light.setVisible(followed)
        self._hints.setVisible(look is not None and look.sync.source == "audio")
        if look is not None and followed:
            self._light.setText(wording.sync_words(look.sync))
            ui.restyle(self._light, "level", "good" if look.sync.locked else "caution")
