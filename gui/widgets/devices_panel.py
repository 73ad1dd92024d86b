"""Where sound comes from and where MIDI goes; remembered by name."""

from collections.abc import Sequence
from pathlib import Path

from PyQt6.QtCore import pyqtSignal
from PyQt6.QtWidgets import (
    QCheckBox,
    QDoubleSpinBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from engine.snapshot import Snapshot
from gui import texts
from gui.theme import Theme
from gui.widgets.level_meter import LevelMeter
from gui.widgets.pickers import fill, make_picker
from gui.widgets.reach_panel import ReachPanel
from gui.widgets.sync_panel import SyncPanel
from presets import DEMO_AUDIO

__all__ = ["DevicesPanel"]


class DevicesPanel(QWidget):
    """Pickers for the devices of a run.

    Signals
    -------
    input_chosen, output_chosen : str
        As `engine.settings.run.LiveConfig` names them.
    file_wanted, folder_wanted, refreshed :
        Buttons.
    record_chosen : bool
        Whether sessions are recorded.
    latency_chosen : float
        Offset of MIDI [ms].
    """

    input_chosen = pyqtSignal(str)
    output_chosen = pyqtSignal(str)
    file_wanted = pyqtSignal()
    folder_wanted = pyqtSignal()
    refreshed = pyqtSignal()
    record_chosen = pyqtSignal(bool)
    latency_chosen = pyqtSignal(float)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.input, self.output = make_picker(texts.AUDIO_IN), make_picker(texts.MIDI_OUT)
        self.meter = LevelMeter(theme)
        self.sync, self.reach = SyncPanel(), ReachPanel()
        open_file = QPushButton(texts.AUDIO_OPEN)
        open_file.clicked.connect(self.file_wanted)
        refresh = QPushButton(texts.REFRESH)
        refresh.setToolTip(texts.REFRESH_TIP)
        refresh.clicked.connect(self.refreshed)
        self.record = QCheckBox(texts.RECORD)
        self.record.clicked.connect(self.record_chosen)
        self._folder = QLabel()
        self._folder.setProperty("role", "small")
        self._folder.setWordWrap(True)
        folder = QPushButton(texts.RECORD_FOLDER)
        folder.clicked.connect(self.folder_wanted)
        self.latency = QDoubleSpinBox()
        self.latency.setRange(-200.0, 200.0)
        self.latency.setDecimals(0)
        self.latency.setSuffix(" ms")
        self.latency.setKeyboardTracking(False)
        self.latency.setToolTip(texts.LATENCY_TIP)
        self.latency.valueChanged.connect(self.latency_chosen)
        hint = QLabel(texts.RESTARTS_MUSIC)
        hint.setProperty("role", "small")
        hint.setWordWrap(True)
        self._no_inputs = QLabel(texts.NO_INPUTS)
        self._no_inputs.setProperty("role", "small")
        self._no_inputs.setWordWrap(True)
        self._no_inputs.hide()
        self._problem = QLabel()
        self._problem.setProperty("role", "small")
        self._problem.setWordWrap(True)
        self._problem.hide()

        layout = QVBoxLayout(self)
        layout.setSpacing(6)
        layout.addWidget(_title(texts.AUDIO_IN))
        layout.addWidget(self.input)
        layout.addWidget(self._no_inputs)
        layout.addWidget(self._problem)
        layout.addWidget(self.meter)
        layout.addLayout(_row(open_file, refresh))
        layout.addSpacing(8)
        layout.addWidget(_title(texts.MIDI_OUT))
        layout.addWidget(self.output)
        form = QFormLayout()
        form.addRow(texts.LATENCY, self.latency)
        layout.addLayout(form)
        layout.addSpacing(8)
        layout.addWidget(self.sync)
        layout.addSpacing(8)
        layout.addWidget(self.record)
        layout.addWidget(self._folder)
        layout.addLayout(_row(folder))
        layout.addSpacing(8)
        layout.addWidget(self.reach)
        layout.addStretch()
        layout.addWidget(hint)
        self.input.activated.connect(lambda _: self.input_chosen.emit(self.input.currentData()))
        self.output.activated.connect(lambda _: self.output_chosen.emit(self.output.currentData()))

    def show_devices(
        self,
        inputs: Sequence[str],
        outputs: Sequence[str],
        chosen_input: str,
        chosen_output: str,
        *,
        listed: bool,
    ) -> None:
        """List what is present; what is chosen but absent stays chosen, and is said to be so.

        ``listed`` tells whether the engine has answered yet: before, nothing is "absent".
        """
        own = [(texts.AUDIO_DEFAULT, ""), (texts.AUDIO_DEMO, str(DEMO_AUDIO))]
        fill(self.input, own + [(name, name) for name in inputs], chosen_input, listed)
        ways = [(words, name) for name, words in texts.MIDI_OUTS.items()]
        fill(self.output, ways + [(name, name) for name in outputs], chosen_output, listed)
        self._no_inputs.setVisible(listed and not inputs and not self._problem.text())

    def show_problem(self, problem: str) -> None:
        """Say what kept devices from being listed; empty if nothing did."""
        self._problem.setText(problem)
        self._problem.setVisible(bool(problem))

    def show_settings(self, record: bool, folder: Path, latency_ms: float) -> None:
        """Show what is set once."""
        self.record.setChecked(record)
        self._folder.setText(str(folder))
        self.latency.blockSignals(True)
        self.latency.setValue(latency_ms)
        self.latency.blockSignals(False)

    def show_snapshot(self, look: Snapshot | None) -> None:
        """Show the level of the input; None while not running."""
        if look is None:
            self.meter.show_level(None)
        else:
            self.meter.show_level(look.audio.level_db, look.audio.peak_db)
        self.sync.show_snapshot(look)


def _title(text: str) -> QLabel:
    label = QLabel(text)
    label.setProperty("role", "title")
    return label


def _row(*widgets: QWidget) -> QHBoxLayout:
    row = QHBoxLayout()
    for widget in widgets:
        row.addWidget(widget)
    row.addStretch()
    return row
