"""Whose beat is followed: our own tempo, a MIDI clock, or Ableton Link."""

from collections.abc import Sequence

from PyQt6.QtCore import pyqtSignal
from PyQt6.QtWidgets import QCheckBox, QComboBox, QFormLayout, QLabel, QVBoxLayout, QWidget

from engine.choices import SYNCS
from engine.snapshot import Snapshot
from gui import texts
from gui.texts import wording
from gui.widgets.health_panel import set_level
from gui.widgets.pickers import fill, make_picker

__all__ = ["SyncPanel"]


class SyncPanel(QWidget):
    """Source of the beat, the port of the MIDI clock, clock out, and the lock light.

    Signals
    -------
    sync_chosen, midi_in_chosen : str
        As `engine.settings.run.LiveConfig` names them.
    clock_out_chosen : bool
        Whether MIDI clock is sent along with the notes.
    """

    sync_chosen = pyqtSignal(str)
    midi_in_chosen = pyqtSignal(str)
    clock_out_chosen = pyqtSignal(bool)

    def __init__(self) -> None:
        super().__init__()
        title = QLabel(texts.SYNC)
        title.setProperty("role", "title")
        self.source: QComboBox = make_picker(texts.SYNC)
        for name in SYNCS:
            self.source.addItem(texts.SYNCS[name], name)
        self.midi_in = make_picker(texts.MIDI_IN)
        self.clock_out = QCheckBox(texts.CLOCK_OUT)
        self._light = QLabel()
        self._light.setWordWrap(True)
        self._port_form = QWidget()
        form = QFormLayout(self._port_form)
        form.setContentsMargins(0, 0, 0, 0)
        form.addRow(texts.MIDI_IN, self.midi_in)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(title)
        layout.addWidget(self.source)
        layout.addWidget(self._port_form)
        layout.addWidget(self._light)
        layout.addWidget(self.clock_out)
        self.source.activated.connect(lambda _: self.sync_chosen.emit(self.source.currentData()))
        self.midi_in.activated.connect(
            lambda _: self.midi_in_chosen.emit(self.midi_in.currentData())
        )
        self.clock_out.clicked.connect(self.clock_out_chosen)

    def show_settings(
        self, sync: str, midi_in: str, clock_out: bool, ports: Sequence[str], *, listed: bool
    ) -> None:
        """Show what is chosen among what is present."""
        self.source.setCurrentIndex(self.source.findData(sync))
        own = [(words, name) for name, words in texts.MIDI_INS.items()]
        fill(self.midi_in, own + [(name, name) for name in ports], midi_in, listed)
        self._port_form.setVisible(sync == "midi")
        self.clock_out.setChecked(clock_out)

    def show_snapshot(self, look: Snapshot | None) -> None:
        """Show the lock light; None while not running."""
        followed = look is not None and look.sync.source != "internal"
        self._light.setVisible(followed)
        if look is not None and followed:
            self._light.setText(wording.sync_words(look.sync))
            set_level(self._light, "good" if look.sync.locked else "caution")
